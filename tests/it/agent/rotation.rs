//! Events of which the rotated file has the beginning and the next file the end, with a real server behind the agent.

use std::fs;
use std::process::Command;
use std::time::Duration;

use serde_json::json;

use super::Host;
use crate::servers::Elasticsearch;

/// It waits longer than an agent is away that is killed and started again: no event is ended by time in between.
const PIPELINE: &str = "[frame]\nstart = ['{_:rfc3339} {_}']\nflush = \"5s\"\n\
    [parse]\npatterns = ['{@timestamp:rfc3339} {message:lines}']\n";

const INDEX: &str = "spanning";

/// So many events lie across a rotation each.
const ROTATIONS: usize = 12;

/// Events between two rotations that lie in one file.
const WHOLE: usize = 50;

fn first_line(name: &str) -> String {
    format!("2026-11-22T10:00:00.123Z {name}")
}

fn frames(from: usize, to: usize) -> Vec<String> {
    (from..to)
        .map(|n| format!("\tat shop.Order.place(Order.java:{n})"))
        .collect()
}

/// `app.log` to `app.log.1`, that to `app.log.2` and so on; from the third on they may be compressed.
fn rotate(host: &Host, rotation: usize, compress: bool) {
    for n in (1..=rotation).rev() {
        for end in ["", ".gz"] {
            let from = host.path(&format!("app.log.{n}{end}"));
            if from.exists() {
                fs::rename(from, host.path(&format!("app.log.{}{end}", n + 1))).expect("a rotation");
            }
        }
    }
    fs::rename(host.path("app.log"), host.path("app.log.1")).expect("a rotation");
    let third = host.path("app.log.3");
    if compress && third.exists() {
        let done = Command::new("gzip").arg("-f").arg(third).status();
        assert!(done.expect("gzip is installed").success());
    }
}

/// While it runs, read to there or not yet; killed between the two halves; stopped over the rotation: one document each.
/// Each file begins with the same lines, which are those of the event before.
#[tokio::test]
async fn an_event_that_spans_a_rotation_is_one_document() {
    let server = Elasticsearch::shared().await;
    let client = server.client();
    let body = json!({
        "mappings": {"dynamic": false, "properties": {"message": {"type": "keyword"}}},
    });
    client.create_index(INDEX, body).await;
    let output = format!(
        "pipelines = \"pipelines\"\n[elasticsearch]\nhosts = [{:?}]\nindex = {INDEX:?}\nretry_max = \"200ms\"\n",
        server.url()
    );
    let host = Host::new(output).input("app.log", "traces", "");
    fs::create_dir(host.path("pipelines")).expect("a folder");
    fs::write(host.path("pipelines/traces.toml"), PIPELINE).expect("a pipeline");

    let mut expected = Vec::new();
    let mut agent = Some(host.start());
    for rotation in 0..ROTATIONS {
        let whole = (0..WHOLE).map(|n| format!("order {rotation}.{n}"));
        host.append("app.log", whole.clone().map(|name| first_line(&name)));
        expected.extend(whole);
        host.append("app.log", [first_line(&format!("lost {rotation}"))]);
        host.append("app.log", frames(0, 3));
        let stopped = match rotation % 4 {
            // Read, but for the event that is open.
            0 => {
                tokio::time::sleep(Duration::from_millis(700)).await;
                false
            }
            1 => false,
            2 => {
                agent.take().expect("it runs").kill();
                true
            }
            _ => {
                let mut agent = agent.take().expect("it runs");
                agent.get("/healthz").await;
                agent.stop();
                true
            }
        };
        rotate(&host, rotation, stopped);
        host.append("app.log", frames(3, 6));
        expected.push(
            [vec![format!("lost {rotation}")], frames(0, 6)]
                .concat()
                .join("\n"),
        );
        if stopped {
            agent = Some(host.start());
        }
        // Until this rotation is in the checkpoint.
        tokio::time::sleep(Duration::from_millis(1200)).await;
    }
    host.append("app.log", [first_line("last"), first_line("open")]);
    expected.push("last".to_owned());
    // Time ends the one that is open.
    client.wait_for_count(INDEX, expected.len() as u64 + 1).await;
    expected.push("open".to_owned());
    agent.expect("it runs").stop();
    client.tally(INDEX, "message", expected).await.assert_exact();
    client.delete_index(INDEX).await;
}
