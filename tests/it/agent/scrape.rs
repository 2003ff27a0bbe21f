//! A real Prometheus reads what the agent says.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::{Host, access_line, given_program};
use crate::servers::{Prometheus, prometheus};

#[tokio::test]
async fn prometheus_counts_what_was_logged() {
    let host = Host::new("[stdout]\n").input(
        "access.log",
        "nginx-access",
        "service = \"shop-frontend\"\nbacklog = \"count\"",
    );
    host.append("access.log", (0..1000).map(access_line));
    let mut agent = host.start();
    let (status, _) = agent.get("/healthz").await;
    assert_eq!(status, 200);
    let server = Prometheus::start(&[("logmill", agent.address())]).await.unwrap();
    let total = "sum(http_requests_total{service=\"shop-frontend\",method=\"GET\",route=\"/orders/{id}\"})";
    let expect = async |query: &str, value: f64| {
        let found = server.wait_for(&format!("({query}) == {value}")).await;
        assert_eq!(found, value, "{query}");
    };
    expect(total, 1000.0).await;
    expect("sum(http_requests_total{status=\"500\"})", 20.0).await;
    expect(
        "http_request_duration_seconds_count{route=\"/orders/{id}\"}",
        1000.0,
    )
    .await;
    let bytes: f64 = (0..1000).map(|n| f64::from(n % 5000)).sum();
    expect("http_response_bytes_total", bytes).await;
    expect("logmill_events_total{verdict=\"accepted\"}", 1000.0).await;
    expect("logmill_events_pending", 0.0).await;

    let (_, text) = agent.get("/metrics").await;
    prometheus::check_metrics(&text).unwrap();
    assert_each_metric_once(&text);
    let request = reqwest::Client::new()
        .get(agent.url("/metrics"))
        .header("accept", "application/openmetrics-text;version=1.0.0");
    let text = request.send().await.unwrap().text().await.unwrap();
    assert_each_metric_once(&text);
    assert!(text.ends_with("\n# EOF\n"));
    agent.stop();
}

/// The agent's own metrics and those from logs are one page.
fn assert_each_metric_once(page: &str) {
    let heads = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let mut names: Vec<&str> = heads.filter_map(|head| head.split(' ').next()).collect();
    assert!(names.len() > 20, "{page}");
    names.sort_unstable();
    let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
    assert_eq!(twice, None);
}

/// How many lines of [`visit`] there are; fewer where the agent is not optimised.
fn lines() -> u64 {
    match given_program() {
        Some(_) => 1_000_000,
        None if cfg!(debug_assertions) => 100_000,
        None => 1_000_000,
    }
}

/// Ids of sessions, the five that are heavy not among them.
const SESSIONS: u64 = 500;

/// What line `n` of the generator says.
struct Visit {
    session: String,
    method: &'static str,
    path: String,
    route: &'static str,
    status: u64,
    millis: u64,
    received: u64,
    sent: u64,
    second: u64,
}

/// Five sessions make a tenth of all requests, 500 the others, all within four minutes.
fn visit(n: u64, lines: u64) -> Visit {
    // Knuth's multiplicative hash: numbers that look random and are the same in each run.
    let random = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let (path, route) = match random % 3 {
        0 => (format!("/orders/{}", 1000 + n % 9000), "/orders/{id}"),
        1 => ("/cart".to_owned(), "/cart"),
        _ => ("/login".to_owned(), "/login"),
    };
    Visit {
        session: match n % 10 {
            0 => format!("heavy-{}", n / 10 % 5),
            _ => format!("light-{}", random / 7 % SESSIONS),
        },
        method: if random.is_multiple_of(4) { "POST" } else { "GET" },
        path,
        route,
        status: [200, 200, 200, 304, 404, 500, 504][(random / 11 % 7) as usize],
        millis: random / 13 % 3000,
        received: 300 + n % 100,
        sent: random / 17 % 5000,
        second: n * 239 / lines,
    }
}

fn visit_line(visit: &Visit) -> String {
    format!(
        "203.0.113.7 - - [22/Nov/2026:17:{:02}:{:02} +0000] \"{} {} HTTP/1.1\" {} {} \"-\" \"curl/8.5\" \
         rt={}.{:03} rl={} sid=\"{}\"",
        visit.second / 60,
        visit.second % 60,
        visit.method,
        visit.path,
        visit.status,
        visit.sent,
        visit.millis / 1000,
        visit.millis % 1000,
        visit.received,
        visit.session
    )
}

/// The buckets of the durations, as Prometheus calls them in either format, and in milliseconds.
const BOUNDS: [(&str, f64); 15] = [
    ("0.001", 1.0),
    ("0.0025", 2.5),
    ("0.005", 5.0),
    ("0.01", 10.0),
    ("0.025", 25.0),
    ("0.05", 50.0),
    ("0.1", 100.0),
    ("0.25", 250.0),
    ("0.5", 500.0),
    ("1|1.0", 1_000.0),
    ("2.5", 2_500.0),
    ("5|5.0", 5_000.0),
    ("10|10.0", 10_000.0),
    ("30|30.0", 30_000.0),
    ("60|60.0", 60_000.0),
];

/// Whatever a generator wrote is what Prometheus says when it is asked as docs/metrics.md shows.
#[tokio::test]
async fn every_figure_is_the_truth() {
    let lines = lines();
    let host = Host::new("[stdout]\n").input(
        "access.log",
        "nginx-access",
        "service = \"shop\"\nbacklog = \"count\"",
    );
    let mut requests = BTreeMap::<(&str, &str, u64), u64>::new();
    let mut within = BTreeMap::<&str, [u64; BOUNDS.len()]>::new();
    let mut bytes = BTreeMap::<&str, (u64, u64)>::new();
    let mut of_session = BTreeMap::<(&str, String), u64>::new();
    let (mut millis, mut timeouts) = (0, 0);
    for n in 0..lines {
        let visit = visit(n, lines);
        *requests
            .entry((visit.method, visit.route, visit.status))
            .or_default() += 1;
        for (count, (_, millis)) in within.entry(visit.route).or_default().iter_mut().zip(BOUNDS) {
            *count += u64::from(visit.millis as f64 <= millis);
        }
        let sums = bytes.entry(visit.route).or_default();
        *sums = (sums.0 + visit.received, sums.1 + visit.sent);
        millis += visit.millis;
        timeouts += u64::from(visit.status == 504);
        *of_session.entry((visit.route, visit.session)).or_default() += 1;
    }
    host.append("access.log", (0..lines).map(|n| visit_line(&visit(n, lines))));
    let mut agent = host.start();
    let server = Prometheus::start(&[("logmill", agent.address())]).await.unwrap();
    let began = Instant::now();
    while !agent
        .get("/metrics")
        .await
        .1
        .contains(&format!("verdict=\"accepted\"}} {lines}\n"))
    {
        assert!(began.elapsed() < Duration::from_secs(240), "not all is accepted");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let expect = async |query: String, value: f64| {
        let found = server.wait_for(&format!("({query}) == {value}")).await;
        assert_eq!(found, value, "{query}");
    };
    expect("sum(http_requests_total)".to_owned(), lines as f64).await;
    expect("http_active_sessions".to_owned(), (SESSIONS + 5) as f64).await;
    expect("http_sessions_started_total".to_owned(), (SESSIONS + 5) as f64).await;
    expect("logmill_sessions_error_ratio".to_owned(), 0.0).await;
    expect("sum(http_timeouts_total)".to_owned(), timeouts as f64).await;
    let seconds = millis as f64 / 1000.0;
    expect(
        "round(sum(http_request_duration_seconds_sum), 0.001)".to_owned(),
        seconds,
    )
    .await;
    for ((method, route, status), count) in requests {
        let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
        expect(format!("http_requests_total{{{labels}}}"), count as f64).await;
    }
    for (route, counts) in within {
        for (count, (bound, _)) in counts.into_iter().zip(BOUNDS) {
            let labels = format!("route=\"{route}\",le=~\"{bound}\"");
            let bucket = format!("http_request_duration_seconds_bucket{{{labels}}}");
            expect(format!("sum({bucket})"), count as f64).await;
        }
    }
    for (route, (received, sent)) in bytes {
        expect(
            format!("http_request_bytes_total{{route=\"{route}\"}}"),
            received as f64,
        )
        .await;
        expect(
            format!("http_response_bytes_total{{route=\"{route}\"}}"),
            sent as f64,
        )
        .await;
    }
    // The heavy ones are listed, each with what it did: there are fewer pairs than are counted exactly.
    expect(
        "logmill_top_missing_max{metric=\"http_session_requests\"}".to_owned(),
        0.0,
    )
    .await;
    expect("count(http_session_requests)".to_owned(), 50.0).await;
    for ((route, session), count) in of_session {
        if session.starts_with("heavy") {
            let labels = format!("route=\"{route}\",session=\"{session}\"");
            expect(format!("http_session_requests{{{labels}}}"), count as f64).await;
        }
    }
    agent.stop();
}
