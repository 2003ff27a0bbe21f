//! What the screen shows, as numbers: made from two scrapes, drawn elsewhere.

use std::collections::BTreeMap;
use std::time::Duration;

use super::names;
use super::quantile::Buckets;
use super::scrape::{Scrape, Series};

/// Rates are per second over the window between the two scrapes; latencies are in seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// Since the start.
    pub running: Duration,
    /// Those with requests first, by name.
    pub services: Vec<ServiceRow>,
    /// The slowest first.
    pub routes: Vec<RouteRow>,
    /// By name; rotated ones only while something is left to read of them.
    pub files: Vec<FileRow>,
    pub books: Books,
    pub orders: Option<Orders>,
    /// Word and text of the lines at the end.
    pub notes: Vec<(String, String)>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServiceRow {
    pub name: String,
    /// None for a service without an access log.
    pub requests: Option<Requests>,
    pub log_errors_per_sec: f64,
    /// Requests per second, of each of the last seconds; the latest last.
    pub history: Vec<f64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Requests {
    pub per_sec: f64,
    /// Share answered with 5xx, 0 to 1.
    pub errors: f64,
    pub sent_bytes_per_sec: f64,
    pub p50: Option<f64>,
    pub p95: Option<f64>,
    pub p99: Option<f64>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct RouteRow {
    pub service: String,
    pub method: String,
    pub route: String,
    pub per_sec: f64,
    pub p95: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct FileRow {
    pub path: String,
    pub bytes_per_sec: f64,
    pub lag_bytes: f64,
}

/// `read = accepted + already there + filtered + rejected + pending`, in events since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Books {
    pub read_per_sec: f64,
    pub read: f64,
    pub accepted: f64,
    pub already_there: f64,
    pub filtered: f64,
    pub rejected: f64,
    /// As the agent tells; what is left of the read ones where it tells nothing.
    pub pending: f64,
}

impl Books {
    /// How many events more were read than the books account for; 0 when they balance.
    pub fn off_by(&self) -> f64 {
        let settled = self.accepted + self.already_there + self.filtered + self.rejected;
        self.read - settled - self.pending
    }
}

/// What the company itself knows of its orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Orders {
    pub placed: u64,
    pub made: u64,
    pub under_way: u64,
    pub lost: u64,
    /// The number of the latest lost one.
    pub last_lost: Option<u64>,
}

/// Routes that are shown where there is room.
const ROUTES_MAX: usize = 5;

/// Fewer requests than this in the window say nothing about a route's latency.
const ROUTE_REQUESTS_MIN: f64 = 3.0;

impl View {
    /// `secs` lie between the two scrapes.
    pub fn between(earlier: &Scrape, later: &Scrape, secs: f64) -> Self {
        let secs = secs.max(0.001);
        let grown = later.since(earlier);
        View {
            services: services(&grown, secs),
            routes: routes(&grown, secs),
            files: files(&grown, later, secs),
            books: books(&grown, later, secs),
            ..View::default()
        }
    }

    /// Leaves out quiet files and quick routes until the screen is no higher than `rows` lines. What tells how the
    /// whole is doing stays, even where that is too much.
    pub fn fit(&mut self, rows: usize) {
        while self.height() > rows {
            if self.files.len() > 2 {
                let rate = |(_, file): &(usize, &FileRow)| file.bytes_per_sec + file.lag_bytes;
                let by_rate = |a: &_, b: &_| rate(a).total_cmp(&rate(b));
                if let Some((quietest, _)) = self.files.iter().enumerate().min_by(by_rate) {
                    self.files.remove(quietest);
                }
            } else if self.routes.len() > 2 {
                self.routes.pop();
            } else if !self.files.is_empty() {
                self.files.clear();
            } else if !self.routes.is_empty() {
                self.routes.clear();
            } else {
                break;
            }
        }
    }

    /// Lines of the whole screen: the title, the tables with their heads, the books, a blank between two parts.
    pub fn height(&self) -> usize {
        let table = |rows: usize| if rows > 0 { 2 + rows } else { 0 };
        let services = 2 + self.services.len();
        let end = 2 + usize::from(self.orders.is_some()) + self.notes.len();
        1 + services + table(self.routes.len()) + table(self.files.len()) + end
    }
}

fn services(grown: &Scrape, secs: f64) -> Vec<ServiceRow> {
    let mut rows = BTreeMap::<&str, ServiceRow>::new();
    let latencies = latencies(grown, |series| series.label(names::SERVICE));
    let sent = grown.sum_by(names::RESPONSE_BYTES, names::SERVICE);
    let mut answered = BTreeMap::<&str, (f64, f64)>::new();
    for (series, count) in grown.of(names::REQUESTS) {
        let (all, errors) = answered.entry(series.label(names::SERVICE)).or_default();
        *all += count;
        if series.label(names::STATUS).starts_with('5') {
            *errors += count;
        }
    }
    for (service, (all, errors)) in answered {
        let quantile = |q| latencies.get(service).and_then(|buckets| buckets.quantile(q));
        rows.entry(service).or_default().requests = Some(Requests {
            per_sec: all / secs,
            errors: if all > 0.0 { errors / all } else { 0.0 },
            sent_bytes_per_sec: sent.get(service).unwrap_or(&0.0) / secs,
            p50: quantile(0.5),
            p95: quantile(0.95),
            p99: quantile(0.99),
        });
    }
    for (series, count) in grown.of(names::LOG_EVENTS) {
        let row = rows.entry(series.label(names::SERVICE)).or_default();
        if names::is_error(series.label(names::LEVEL)) {
            row.log_errors_per_sec += count / secs;
        }
    }
    let mut rows: Vec<ServiceRow> = rows
        .into_iter()
        .map(|(name, row)| ServiceRow {
            name: name.to_owned(),
            ..row
        })
        .collect();
    rows.sort_by_key(|row| row.requests.is_none());
    rows
}

fn routes(grown: &Scrape, secs: f64) -> Vec<RouteRow> {
    let key = |series: &Series| {
        [names::SERVICE, names::METHOD, names::ROUTE].map(|label| series.label(label).to_owned())
    };
    let mut rows: Vec<RouteRow> = latencies(grown, key)
        .into_iter()
        .filter(|(_, buckets)| buckets.total() >= ROUTE_REQUESTS_MIN)
        .filter_map(|([service, method, route], buckets)| {
            Some(RouteRow {
                service,
                method,
                route,
                per_sec: buckets.total() / secs,
                p95: buckets.quantile(0.95)?,
            })
        })
        .collect();
    rows.sort_by(|a, b| b.p95.total_cmp(&a.p95));
    rows.truncate(ROUTES_MAX);
    rows
}

/// The duration histograms, those with the same `key` added up.
fn latencies<'a, K: Ord>(grown: &'a Scrape, key: impl Fn(&'a Series) -> K) -> BTreeMap<K, Buckets> {
    let mut latencies = BTreeMap::<K, Buckets>::new();
    for (series, count) in grown.of(names::DURATION_BUCKETS) {
        let upper = series.label(names::BUCKET).parse().unwrap_or(f64::NAN);
        latencies.entry(key(series)).or_default().add(upper, count);
    }
    latencies
}

fn files(grown: &Scrape, now: &Scrape, secs: f64) -> Vec<FileRow> {
    let read = grown.sum_by(names::FILE_READ_BYTES, names::FILE);
    let mut rows: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for (file, lag_bytes) in now.sum_by(names::FILE_LAG_BYTES, names::FILE) {
        rows.entry(file).or_default().1 = lag_bytes;
    }
    for (file, bytes) in read {
        rows.entry(file).or_default().0 = bytes / secs;
    }
    rows.into_iter()
        .filter(|(path, (read, lag))| !is_rotated(path) || *read > 0.0 || *lag > 0.0)
        .map(|(path, (bytes_per_sec, lag_bytes))| FileRow {
            path: path.to_owned(),
            bytes_per_sec,
            lag_bytes,
        })
        .collect()
}

/// `access.log.1`.
fn is_rotated(path: &str) -> bool {
    path.rsplit_once('.')
        .is_some_and(|(_, end)| end.parse::<u32>().is_ok())
}

fn books(grown: &Scrape, now: &Scrape, secs: f64) -> Books {
    let verdicts = now.sum_by(names::EVENTS, names::VERDICT);
    let verdict = |name| verdicts.get(name).copied().unwrap_or(0.0);
    let mut books = Books {
        read_per_sec: grown.sum(names::READ_EVENTS).unwrap_or(0.0) / secs,
        read: now.sum(names::READ_EVENTS).unwrap_or(0.0),
        accepted: verdict(names::ACCEPTED),
        already_there: verdict(names::ALREADY_THERE),
        filtered: verdict(names::FILTERED),
        rejected: verdict(names::REJECTED),
        pending: 0.0,
    };
    books.pending = now
        .sum(names::PENDING_EVENTS)
        .unwrap_or_else(|| books.off_by().max(0.0));
    books
}
