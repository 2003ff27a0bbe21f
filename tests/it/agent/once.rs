//! What was counted is not counted again: not by a reload, not by the next run, and not where it is sent again.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustix::process::Signal;

use super::{Agent, Host};

fn lines(from: u64, to: u64) -> impl Iterator<Item = String> {
    let now = Timestamp::now().strftime("%d/%b/%Y:%H:%M:%S +0000").to_string();
    (from..to).map(move |n| {
        format!("203.0.113.7 - - [{now}] \"GET /orders/{n} HTTP/1.1\" 200 5 \"-\" \"curl/8.5\" rt=0.007 rl=310 sid=\"s{n}\"")
    })
}

/// The sum of a counter's series on a page.
fn sum(page: &str, metric: &str) -> u64 {
    let samples = page
        .lines()
        .filter_map(|line| line.strip_prefix(metric)?.strip_prefix('{'));
    samples
        .filter_map(|rest| rest.rsplit(' ').next()?.parse::<u64>().ok())
        .sum()
}

/// Waits until so many requests are counted, and a checkpoint says so. Each is a session of its own, and so many of these
/// are known to have started.
async fn wait_until_counted(agent: &mut Agent, requests: u64, started: u64) {
    let began = Instant::now();
    let mut page = String::new();
    while sum(&page, "http_requests_total") < requests {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "too few are counted:\n{page}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
        (_, page) = agent.get("/metrics").await;
    }
    // Far more than the half second that a checkpoint may be behind.
    tokio::time::sleep(Duration::from_secs(3)).await;
    (_, page) = agent.get("/metrics").await;
    for metric in ["http_requests_total", "http_request_duration_seconds_count"] {
        assert_eq!(sum(&page, metric), requests, "{metric}");
    }
    assert_eq!(sum(&page, "http_sessions_started_total"), started);
    assert_eq!(sum(&page, "logmill_event_lag_seconds_count"), requests);
}

#[tokio::test]
async fn neither_reload_nor_restart_counts_anything_twice() {
    let host = Host::new("[stdout]\n").input("access.log", "nginx-access", "service = \"shop\"");
    host.append("access.log", lines(0, 1000));
    let mut agent = host.start();
    wait_until_counted(&mut agent, 1000, 1000).await;
    agent.signal(Signal::HUP);
    host.append("access.log", lines(1000, 1500));
    wait_until_counted(&mut agent, 1500, 1500).await;
    agent.stop();
    host.append("access.log", lines(1500, 1700));
    let mut agent = host.start();
    // For the time of a window after a start, a session may have begun before.
    wait_until_counted(&mut agent, 200, 0).await;
    agent.kill();
    host.append("access.log", lines(1700, 1800));
    let mut agent = host.start();
    wait_until_counted(&mut agent, 100, 0).await;
    agent.stop();
}

/// The server is away, so that nothing is settled and everything is read and sent again by the next run.
#[tokio::test]
async fn what_is_sent_again_is_not_counted_again() {
    let nobody = "[elasticsearch]\nhosts = [\"http://127.0.0.1:9\"]\n";
    let mut host = Host::new(nobody).input("access.log", "nginx-access", "service = \"shop\"");
    host.append("access.log", lines(0, 1000));
    let mut agent = host.start();
    wait_until_counted(&mut agent, 1000, 1000).await;
    agent.kill();
    host.output = "[stdout]\n".to_owned();
    host.append("access.log", lines(1000, 1100));
    let mut agent = host.start();
    wait_until_counted(&mut agent, 100, 0).await;
    let (_, page) = agent.get("/metrics").await;
    assert!(page.contains("verdict=\"accepted\"} 1100\n"), "{page}");
    agent.stop();
}
