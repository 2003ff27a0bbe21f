//! Who uses the three systems: sessions that come and go, staff, machines, and uninvited guests.

use super::random::Random;
use super::routes::Kind;
use super::system::System;

/// Sessions open at the same time.
const SHOP_SESSIONS: usize = 320;
const CRM_SESSIONS: usize = 60;
const MES_SESSIONS: usize = 30;

/// The printers of the MES, numbered from 1.
pub const PRINTERS: u64 = 24;

/// How often a request is the last of its session.
const LAST_REQUEST: f64 = 0.02;

const BROWSERS: [&str; 6] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0",
];

const CRM_STAFF: [&str; 8] = [
    "a.keller",
    "b.novak",
    "c.rossi",
    "d.schulz",
    "e.martin",
    "f.kowalska",
    "g.larsen",
    "h.silva",
];

const MES_STAFF: [&str; 5] = ["m.weber", "n.petrov", "o.jensen", "p.garcia", "q.dubois"];

/// The printers report to the MES themselves.
const PRINTER_AGENT: &str = "printer-link/4.2 (esp32)";

/// One visitor of one system.
#[derive(Clone, Debug)]
pub struct Session {
    pub client: String,
    /// nginx's `$remote_user`; the Shop's customers sign in by form and have none.
    pub user: &'static str,
    pub agent: &'static str,
    /// The session cookie; machines have none.
    pub cookie: String,
    /// The customer's, or the printer's.
    pub number: u64,
    /// The model that this visitor looks at.
    pub model: String,
    /// The page that the next request comes from.
    pub referer: String,
}

/// Everybody who is there now.
#[derive(Clone, Debug)]
pub struct People {
    shop: Vec<Session>,
    crm: Vec<Session>,
    mes: Vec<Session>,
    printers: Vec<Session>,
}

impl People {
    pub fn new(random: &mut Random) -> Self {
        let mut crowd = |system, count| (0..count).map(|_| arrive(system, random)).collect();
        People {
            shop: crowd(System::Shop, SHOP_SESSIONS),
            crm: crowd(System::Crm, CRM_SESSIONS),
            mes: crowd(System::Mes, MES_SESSIONS),
            printers: (1..=PRINTERS).map(|number| printer(number, random)).collect(),
        }
    }

    /// The session that the next request belongs to. Now and then it is a new one that takes an old one's place.
    pub fn someone(&mut self, system: System, kind: Kind, random: &mut Random) -> &mut Session {
        let (crowd, leaves) = match (system, kind) {
            (_, Kind::Telemetry) => (&mut self.printers, false),
            (System::Shop, _) => (&mut self.shop, random.chance(LAST_REQUEST)),
            (System::Crm, _) => (&mut self.crm, random.chance(LAST_REQUEST)),
            (System::Mes, _) => (&mut self.mes, random.chance(LAST_REQUEST)),
        };
        // Squared, so that some visitors are much busier than others.
        let place = (random.unit().powi(2) * crowd.len() as f64) as usize;
        let session = &mut crowd[place];
        if leaves {
            *session = arrive(system, random);
        }
        session
    }
}

fn arrive(system: System, random: &mut Random) -> Session {
    let user = match system {
        System::Shop => "-",
        System::Crm => random.pick(&CRM_STAFF),
        System::Mes => random.pick(&MES_STAFF),
    };
    Session {
        client: address(system, random),
        user,
        agent: random.pick(&BROWSERS),
        cookie: random.hex32(),
        number: 2_000 + random.below(900),
        model: random.uuid(),
        referer: "-".to_owned(),
    }
}

fn printer(number: u64, random: &mut Random) -> Session {
    Session {
        client: format!("10.20.7.{number}"),
        user: "-",
        agent: PRINTER_AGENT,
        cookie: "-".to_owned(),
        number,
        model: random.uuid(),
        referer: "-".to_owned(),
    }
}

/// Customers have addresses from the ranges that RFC 5737 and RFC 3849 keep for examples; staff and machines sit
/// in the house.
fn address(system: System, random: &mut Random) -> String {
    let host = 1 + random.below(254);
    if system != System::Shop {
        return format!("10.20.{}.{host}", random.below(4));
    }
    match random.below(8) {
        0 => format!("2001:db8:{:x}::{host:x}", random.below(4096)),
        1 | 2 => format!("192.0.2.{host}"),
        3 | 4 => format!("198.51.100.{host}"),
        _ => format!("203.0.113.{host}"),
    }
}

/// A request that nobody asked for: request line, status, agent.
pub fn uninvited(random: &mut Random) -> (&'static str, u16, &'static str) {
    const SCANNER: &str = "Mozilla/5.0 zgrab/0.x";
    const CRAWLER: &str = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
    random.pick(&[
        ("GET /wp-login.php HTTP/1.1", 404, SCANNER),
        ("GET /.env HTTP/1.1", 404, "curl/7.88.1"),
        ("GET /.git/config HTTP/1.1", 404, SCANNER),
        ("POST /boaform/admin/formLogin HTTP/1.1", 404, "-"),
        ("GET /phpmyadmin/index.php?lang=en HTTP/1.1", 404, SCANNER),
        (
            "GET /cgi-bin/luci/;stok=/locale?form=country HTTP/1.1",
            404,
            "Go-http-client/1.1",
        ),
        ("GET /solr/admin/info/system?wt=json HTTP/1.1", 404, SCANNER),
        (r"\x16\x03\x01\x00\xEE\x01\x00\x00\xEA\x03\x03", 400, "-"),
        (r"MGLNDD_203.0.113.9_443\x0A", 400, "-"),
        ("", 400, "-"),
        ("GET /robots.txt HTTP/1.1", 200, CRAWLER),
        ("GET /sitemap.xml HTTP/1.1", 200, CRAWLER),
        ("GET /catalog?page=7 HTTP/1.1", 200, CRAWLER),
    ])
}
