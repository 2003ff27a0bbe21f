//! SIGKILL at random moments, while the server and the way to it misbehave: afterwards each line is there once.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::{Host, access_line};
use crate::proxy::{Fault, Items, Proxy};
use crate::servers::client::Client;
use crate::servers::elasticsearch::{PASSWORD, Version};
use crate::servers::{Elasticsearch, Opensearch};

/// Marsaglia's xorshift64. The seed is printed, and `LOGMILL_SEED` sets it.
struct Chance(u64);

impl Chance {
    fn new(test: &str) -> Chance {
        let clock = || {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            now.map_or(1, |now| now.as_nanos() as u64 | 1)
        };
        let given = std::env::var("LOGMILL_SEED").ok();
        let seed = given.and_then(|seed| seed.parse().ok()).unwrap_or_else(clock);
        println!("{test}: LOGMILL_SEED={seed}");
        Chance(seed)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }

    fn fault(&mut self) -> Fault {
        let refused = |status, stored| {
            Fault::Items(Items {
                refused: |place, _| place % 4 == 1,
                status,
                stored,
            })
        };
        match self.below(12) {
            0 => Fault::Reset,
            1 => Fault::StoreThenReset,
            2 => Fault::StoreThenCut,
            3 => Fault::status(503),
            4 => Fault::status(413),
            5 => Fault::status(401),
            6 => Fault::html(200),
            7 => refused(429, false),
            8 => refused(503, true),
            9 => Fault::Delay(Duration::from_millis(self.below(200))),
            10 => Fault::StoreThenHang,
            _ => Fault::Pass,
        }
    }
}

async fn create(client: &Client, index: &str) {
    let body = json!({
        "settings": {"number_of_shards": 1, "number_of_replicas": 0},
        "mappings": {"dynamic": false, "properties": {"url.path": {"type": "keyword"}}},
    });
    client.create_index(index, body).await;
}

/// Kills the agent `kills` times while it has `lines` new lines each time, and lets it finish then.
async fn kill_again_and_again(
    host: &Host,
    kills: u64,
    lines: u64,
    chance: &mut Chance,
    faults: Option<&Proxy>,
) -> u64 {
    for round in 0..kills {
        let first = round * lines;
        host.append("access.log", (first..first + lines / 2).map(access_line));
        if let Some(proxy) = faults {
            proxy.script((0..chance.below(8)).map(|_| chance.fault()));
        }
        let agent = host.start();
        tokio::time::sleep(Duration::from_millis(chance.below(150))).await;
        host.append("access.log", (first + lines / 2..first + lines).map(access_line));
        tokio::time::sleep(Duration::from_millis(chance.below(150))).await;
        agent.kill();
    }
    kills * lines
}

async fn assert_exact(host: &Host, client: &Client, index: &str, lines: u64) {
    let agent = host.start();
    client.wait_for_count(index, lines).await;
    agent.stop();
    let expected = (0..lines).map(|n| format!("/orders/{n}"));
    client.tally(index, "url.path", expected).await.assert_exact();
    client.delete_index(index).await;
}

/// The table of an output with small bodies, so that there are many of them, and short pauses.
fn output(url: &str, index: &str, more: &str) -> String {
    format!(
        "[elasticsearch]\nhosts = [{url:?}]\nindex = {index:?}\nretry_max = \"200ms\"\nrequest_timeout = \"1s\"\n\
         bulk_bytes_max = \"64KiB\"\n{more}"
    )
}

#[tokio::test]
async fn killed_a_hundred_times_amid_faults_every_line_arrives_once() {
    let mut chance = Chance::new("killed_a_hundred_times_amid_faults");
    let server = Elasticsearch::shared().await;
    let client = server.client();
    create(&client, "killed-100").await;
    let proxy = Proxy::start(server.url()).await;
    let host = Host::new(output(&proxy.url(), "killed-100", "")).input("access.log", "nginx-access", "");
    let lines = kill_again_and_again(&host, 100, 500, &mut chance, Some(&proxy)).await;
    assert_exact(&host, &client, "killed-100", lines).await;
}

#[tokio::test]
async fn killed_over_tls_with_a_password_every_line_arrives_once() {
    let mut chance = Chance::new("killed_over_tls_with_a_password");
    let server = Elasticsearch::shared_secured().await;
    let client = server.client();
    create(&client, "killed-tls").await;
    let ca = &server.security().expect("the server asks who you are").ca;
    let login = format!("username = \"elastic\"\npassword = {PASSWORD:?}\nca_file = {ca:?}\n");
    let host = Host::new(output(server.url(), "killed-tls", &login)).input("access.log", "nginx-access", "");
    let lines = kill_again_and_again(&host, 20, 1_000, &mut chance, None).await;
    assert_exact(&host, &client, "killed-tls", lines).await;
}

#[tokio::test]
async fn elasticsearch_7_has_every_line_once() {
    let mut chance = Chance::new("elasticsearch_7_has_every_line_once");
    let server = Elasticsearch::start(Version::V7_17).await.unwrap();
    let client = server.client();
    create(&client, "seven").await;
    let host = Host::new(output(server.url(), "seven", "")).input("access.log", "nginx-access", "");
    let lines = kill_again_and_again(&host, 3, 2_000, &mut chance, None).await;
    assert_exact(&host, &client, "seven", lines).await;
}

#[tokio::test]
async fn opensearch_has_every_line_once() {
    let mut chance = Chance::new("opensearch_has_every_line_once");
    let Some(server) = Opensearch::start_or_skip("opensearch_has_every_line_once").await else {
        return;
    };
    let client = server.client();
    create(&client, "open").await;
    let host = Host::new(output(server.url(), "open", "")).input("access.log", "nginx-access", "");
    let lines = kill_again_and_again(&host, 3, 2_000, &mut chance, None).await;
    assert_exact(&host, &client, "open", lines).await;
}
