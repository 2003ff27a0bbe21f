//! The state directory as crashes, full disks and other versions leave it: what the agent says, and what becomes of the
//! events.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::Duration;

use super::{Agent, Host, access_line};

/// Each document's text and how often it was written. `[file]` has the ids; nobody there says *already there*.
fn shipped(host: &Host) -> BTreeMap<String, u32> {
    let text = fs::read_to_string(host.path("out.ndjson")).unwrap_or_default();
    let mut ids = BTreeMap::new();
    for line in text.lines().filter(|line| line.contains("\"_id\"")) {
        *ids.entry(line.to_owned()).or_default() += 1;
    }
    ids
}

fn host() -> Host {
    let dir = Host::new("");
    let output = format!("[file]\npath = {:?}\n", dir.path("out.ndjson"));
    Host { output, ..dir }.input("app.log", "plain", "")
}

fn state(host: &Host, name: &str) -> PathBuf {
    host.path("state").join(name)
}

/// Until so many different documents are there, and the checkpoint has them.
async fn wait_for(host: &Host, agent: &mut Agent, documents: usize) {
    for _ in 0..600 {
        let (_, page) = agent.get("/status").await;
        if shipped(host).len() >= documents && page.contains("\"pending\": 0") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{} of {documents}:\n{}", shipped(host).len(), agent.log());
}

/// What a checkpoint may come to, and the words that say so. With the previous one damaged as well nothing is known,
/// and with the ids nothing is there under another one.
#[tokio::test]
async fn a_damaged_checkpoint_is_said_and_nothing_gets_another_id() {
    type Damage = fn(Vec<u8>) -> Vec<u8>;
    let damages: [(Damage, &str); 4] = [
        (|_| Vec::new(), "it is empty"),
        (|text| text[..text.len() / 2].to_vec(), "the end is missing"),
        (|text| vec![0; text.len()], "the end is missing"),
        (
            |mut text| {
                text[20] ^= 1;
                text
            },
            "the checksum differs",
        ),
    ];
    for (damage, reason) in damages {
        for both in [false, true] {
            let host = host();
            host.append("app.log", (0..300).map(|n| format!("line {n}")));
            let mut agent = host.start();
            wait_for(&host, &mut agent, 300).await;
            agent.stop();
            let before = shipped(&host);
            let names: &[&str] = if both {
                &["checkpoint", "checkpoint.1"]
            } else {
                &["checkpoint"]
            };
            for name in names {
                let path = state(&host, name);
                fs::write(&path, damage(fs::read(&path).unwrap())).unwrap();
            }
            host.append("app.log", (300..400).map(|n| format!("line {n}")));
            let mut agent = host.start();
            wait_for(&host, &mut agent, 400).await;
            let log = agent.log();
            assert!(log.contains(reason), "{reason}: {log}");
            assert!(
                log.contains("the checkpoint cannot be used, trying the previous one"),
                "{log}"
            );
            let said = match both {
                true => "no checkpoint can be used: reading every file from its beginning",
                false => "starting from the previous checkpoint",
            };
            assert!(log.contains(said), "{said}: {log}");
            agent.stop();
            let after = shipped(&host);
            assert_eq!(after.len(), 400, "{reason}: every line under one id");
            assert!(before.keys().all(|id| after.contains_key(id)));
            assert!(state(&host, "checkpoint.damaged-1").exists());
        }
    }
}

#[tokio::test]
async fn a_checkpoint_of_another_version_is_refused_or_read() {
    let host = host();
    host.append("app.log", (0..10).map(|n| format!("line {n}")));
    fs::create_dir(host.path("state")).unwrap();
    let mut newer = b"{\"logmill_checkpoint\":999,\"written\":1}\n".to_vec();
    let sum = xxhash_rust::xxh3::xxh3_64(&newer);
    newer.extend(format!("{{\"end\":1,\"xxh3\":\"{sum:016x}\"}}\n").bytes());
    fs::write(state(&host, "checkpoint"), &newer).unwrap();
    let mut agent = host.start();
    assert_eq!(agent.wait(Duration::from_secs(60)).code(), Some(1));
    let log = agent.log();
    assert!(
        log.contains("was written by a newer logmill (it has version 999")
            && log.contains("install that version"),
        "{log}"
    );
    assert_eq!(
        fs::read(state(&host, "checkpoint")).unwrap(),
        newer,
        "it is left alone"
    );
    // The oldest version that there ever was.
    let first = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/state/v1/checkpoint");
    fs::copy(first, state(&host, "checkpoint")).unwrap();
    let mut agent = host.start();
    wait_for(&host, &mut agent, 10).await;
    agent.stop();
}

#[tokio::test]
async fn a_state_directory_that_cannot_be_made_ends_the_agent_with_a_remedy() {
    let host = host();
    fs::write(host.path("state"), b"a file").unwrap();
    let mut agent = host.start();
    assert_eq!(agent.wait(Duration::from_secs(60)).code(), Some(1));
    let log = agent.log();
    assert!(
        log.contains("cannot create the state directory") && log.contains("state_dir"),
        "{log}"
    );
}

/// `/dev/full` in the place of the next checkpoint stands for a full disk, a directory there for one that may not be
/// written to: whoever runs this may write everywhere.
#[tokio::test]
async fn a_state_directory_that_takes_nothing_stops_no_event() {
    let host = host();
    host.append("app.log", (0..100).map(|n| format!("line {n}")));
    fs::create_dir(host.path("state")).unwrap();
    symlink("/dev/full", state(&host, "checkpoint.tmp")).unwrap();
    let mut agent = host.start();
    agent
        .wait_for_log("cannot write the checkpoint; going on, trying again: make room on the disk")
        .await;
    assert!(agent.log().contains("No space left on device"), "{}", agent.log());
    wait_for(&host, &mut agent, 100).await;
    agent.wait_for_log("the checkpoint can be written again").await;
    agent.stop();
    let _ = fs::remove_file(state(&host, "checkpoint.tmp"));
    fs::create_dir(state(&host, "checkpoint.tmp")).unwrap();
    host.append("app.log", (100..200).map(|n| format!("line {n}")));
    let mut agent = host.start();
    wait_for(&host, &mut agent, 200).await;
    let (_, page) = agent.get("/status").await;
    assert!(page.contains("\"failing\": \"Is a directory"), "{page}");
    agent.kill();
    // What was not in the checkpoint comes again, under the same ids.
    fs::remove_dir(state(&host, "checkpoint.tmp")).unwrap();
    let mut agent = host.start();
    wait_for(&host, &mut agent, 200).await;
    agent.stop();
    assert_eq!(shipped(&host).len(), 200);
}

/// Killed again and again amid the counting: each line counts once, in counters and in histograms.
#[tokio::test]
async fn totals_that_persist_agree_with_the_lines_after_many_kills() {
    let host = Host::new("[metrics]\npersist = true\n[stdout]\n").input(
        "access.log",
        "nginx-access",
        "service = \"shop\"\nbacklog = \"count\"",
    );
    let total = |page: &str, name: &str| -> f64 {
        let lines = page.lines().filter(|line| line.starts_with(name));
        lines
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    };
    let mut lines = 0;
    for round in 0..12u64 {
        let mut agent = host.start();
        agent.get("/healthz").await;
        for _ in 0..4 {
            host.append("access.log", (lines..lines + 500).map(access_line));
            lines += 500;
            tokio::time::sleep(Duration::from_millis(40 + round * 29)).await;
        }
        agent.kill();
    }
    for _ in 0..2 {
        let mut agent = host.start();
        let mut found = (0.0, 0.0);
        for _ in 0..600 {
            let (_, page) = agent.get("/metrics").await;
            found = (
                total(&page, "http_requests_total{"),
                total(&page, "http_request_duration_seconds_count{"),
            );
            if found.0 >= lines as f64 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(found, (lines as f64, lines as f64));
        agent.stop();
    }
}
