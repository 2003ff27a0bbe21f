//! What is wrong with inputs is said once, and the rest goes on.

use std::fs;
use std::time::Duration;

use super::{Host, access_line};

const TO_STDOUT: &str = "[stdout]\n";

/// The events that the agent wrote to standard output, once there are `count`.
async fn events(host: &Host, count: usize) -> Vec<serde_json::Value> {
    let path = host.path("agent.out");
    for _ in 0..1000 {
        let text = fs::read_to_string(&path).unwrap_or_default();
        if text.lines().count() >= count && text.ends_with('\n') {
            return text
                .lines()
                .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
                .collect();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let log = fs::read_to_string(host.path("agent.log")).unwrap_or_default();
    let found = fs::read_to_string(&path).unwrap_or_default();
    panic!("{} of {count} events:\n{found}\n{log}", found.lines().count());
}

#[tokio::test]
async fn a_file_is_followed_through_rotation_and_truncation() {
    let host = Host::new(TO_STDOUT).input("access.log", "nginx-access", "service = \"shop\"");
    host.append("access.log", (0..10).map(access_line));
    let agent = host.start();
    events(&host, 10).await;
    fs::rename(host.path("access.log"), host.path("access.log.1")).unwrap();
    host.append("access.log.1", (10..20).map(access_line));
    host.append("access.log", (20..30).map(access_line));
    events(&host, 30).await;
    fs::copy(host.path("access.log"), host.path("access.log.2")).unwrap();
    fs::write(host.path("access.log"), "").unwrap();
    host.append("access.log", (30..35).map(access_line));
    let mut found: Vec<_> = events(&host, 35)
        .await
        .into_iter()
        .map(|event| event["url.path"].as_str().unwrap_or_default().to_owned())
        .collect();
    agent.stop();
    found.sort_by_key(|path| path.trim_start_matches("/orders/").parse::<u64>().ok());
    let expected: Vec<_> = (0..35).map(|n| format!("/orders/{n}")).collect();
    assert_eq!(found, expected);
}

/// Lines that say by what header they were written, of two sites, one of which is rotated while the agent is away and whose
/// new file has another header.
#[tokio::test]
async fn columns_are_those_of_the_file_that_a_line_is_from() {
    let host = Host::new(TO_STDOUT)
        .input("a.log*", "iis-w3c", "")
        .input("b.log", "iis-w3c", "");
    let lines = |from: u32, to: u32, status_first: bool| {
        (from..to).map(move |n| match status_first {
            true => format!("200 2026-11-22 17:28:30 /{n}"),
            false => format!("2026-11-22 17:28:30 /{n} 404"),
        })
    };
    let header = |status_first: bool| {
        let names = match status_first {
            true => "#Fields: sc-status date time cs-uri-stem",
            false => "#Fields: date time cs-uri-stem sc-status",
        };
        [names.to_owned()]
    };
    host.append("a.log", header(true).into_iter().chain(lines(0, 5, true)));
    host.append("b.log", header(false).into_iter().chain(lines(0, 5, false)));
    let agent = host.start();
    events(&host, 10).await;
    agent.stop();

    host.append("a.log", lines(5, 10, true));
    host.append("b.log", lines(5, 10, false));
    fs::rename(host.path("a.log"), host.path("a.log.1")).expect("a rotation");
    host.append("a.log", header(false).into_iter().chain(lines(0, 5, false)));
    let agent = host.start();
    events(&host, 25).await;
    for n in 10..30 {
        host.append("a.log", lines(n, n + 1, false));
        host.append("b.log", lines(n, n + 1, false));
    }
    let events = events(&host, 65).await;
    agent.stop();
    let count = |status: u32| {
        let of = |event: &&serde_json::Value| event["http.response.status_code"] == status;
        events.iter().filter(of).count()
    };
    assert_eq!((count(200), count(404)), (10, 55), "{events:?}");
}

#[tokio::test]
async fn strange_things_that_a_glob_matches_stop_nothing() {
    let host = Host::new(TO_STDOUT).input("logs/*.log", "plain", "");
    fs::create_dir_all(host.path("logs/directory.log")).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(host.path("logs/fifo.log"))
        .status()
        .unwrap();
    assert!(made.success());
    fs::write(host.path("logs/empty.log"), "").unwrap();
    let long = "x".repeat(5_000_000);
    fs::write(
        host.path("logs/strange.log"),
        [b"\xff\xfe bad\n\0\0\0nul\n", long.as_bytes(), b"\nafter\n"].concat(),
    )
    .unwrap();
    let agent = host.start();
    let events = events(&host, 4).await;
    let log = agent.log();
    agent.stop();
    let message = |n: usize| events[n]["message"].as_str().unwrap();
    assert_eq!(message(0), "\u{FFFD}\u{FFFD} bad");
    assert_eq!(message(1), "nul");
    assert_eq!(message(2).len(), 1 << 20);
    assert_eq!(events[2]["log.flags"], serde_json::json!(["truncated"]));
    assert_eq!(message(3), "after");
    assert_eq!(log.matches("fifo.log").count(), 1, "{log}");
    assert_eq!(log.matches("directory.log").count(), 1, "{log}");
}

#[tokio::test]
async fn a_reload_that_does_not_compile_changes_nothing() {
    let host = Host::new(TO_STDOUT).input("a.log", "plain", "");
    host.append("a.log", ["one".to_owned()]);
    let mut agent = host.start();
    events(&host, 1).await;
    let good = fs::read_to_string(host.path("logmill.toml")).unwrap();

    fs::write(host.path("logmill.toml"), good.replace("\"plain\"", "\"plian\"")).unwrap();
    agent.signal(rustix::process::Signal::HUP);
    agent.wait_for_log("did you mean `plain`?").await;
    host.append("a.log", ["two".to_owned()]);
    events(&host, 2).await;

    fs::write(host.path("logmill.toml"), good.replace("a.log", "b.log")).unwrap();
    host.append("b.log", ["three".to_owned()]);
    agent.signal(rustix::process::Signal::HUP);
    let events = events(&host, 3).await;
    assert_eq!(events[2]["message"], "three");
    agent.stop();
}
