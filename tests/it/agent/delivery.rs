//! Every line arrives once.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Host, access_line};
use crate::servers::Elasticsearch;
use crate::servers::client::Client;

const MILLION: u64 = 1_000_000;

/// An index that finds a line by its path, made for many documents.
async fn index(client: &Client, index: &str) {
    let body = json!({
        "settings": {"number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": "-1"},
        "mappings": {"dynamic": false, "properties": {"url.path": {"type": "keyword"}}},
    });
    client.create_index(index, body).await;
}

fn paths(lines: std::ops::Range<u64>) -> impl Iterator<Item = String> {
    lines.map(|n| format!("/orders/{n}"))
}

#[tokio::test]
async fn a_million_lines_arrive_across_a_restart() {
    let server = Elasticsearch::shared().await;
    let client = server.client();
    index(&client, "million").await;
    let host = Host::shipping_to(server.url(), "million").input("access.log", "nginx-access", "");
    host.append("access.log", (0..MILLION / 2).map(access_line));
    let agent = host.start();
    client.wait_for_count("million", MILLION / 10).await;
    agent.stop();
    let before = client.count("million").await;
    assert!(
        before < MILLION,
        "the restart is to be in the middle, not after {before}"
    );

    host.append("access.log", (MILLION / 2..MILLION).map(access_line));
    let agent = host.start();
    client.wait_for_count("million", MILLION).await;
    agent.stop();
    client
        .tally("million", "url.path", paths(0..MILLION))
        .await
        .assert_exact();
    client.delete_index("million").await;
}

#[tokio::test]
async fn killed_again_and_again_every_line_arrives_once() {
    const LINES: u64 = 100_000;
    let server = Elasticsearch::shared().await;
    let client = server.client();
    index(&client, "killed").await;
    let host = Host::shipping_to(server.url(), "killed").input("access.log", "nginx-access", "");
    let rounds = 10;
    for round in 0..rounds {
        host.append(
            "access.log",
            (LINES * round / rounds..LINES * (round + 1) / rounds).map(access_line),
        );
        let agent = host.start();
        // A different moment each time: while it starts, reads, sends, waits for the answer.
        let target = LINES * round / rounds + 1 + round * 700;
        if round > 0 {
            client
                .wait_for_count("killed", target.min(LINES * round / rounds + 1))
                .await;
        }
        agent.kill();
    }
    let agent = host.start();
    client.wait_for_count("killed", LINES).await;
    agent.stop();
    client
        .tally("killed", "url.path", paths(0..LINES))
        .await
        .assert_exact();
    client.delete_index("killed").await;
}

#[tokio::test]
async fn a_refused_document_is_kept_and_holds_nobody_up() {
    let server = Elasticsearch::shared().await;
    let client = server.client();
    // A status is a number of one byte here: 200 and 500 are refused, 1 is not.
    let body = json!({"mappings": {"properties": {"n": {"type": "byte"}}}});
    client.create_index("refused", body).await;
    let host = Host::shipping_to(server.url(), "refused").input("app.log", "json-lines", "");
    host.append(
        "app.log",
        (0..1000).map(|n| format!("{{\"msg\":\"m\",\"n\":{n}}}")),
    );
    let agent = host.start();
    client.wait_for_count("refused", 128).await;
    agent.stop();
    assert_eq!(client.count("refused").await, 128);

    let run = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_logmill"))
            .args(["rejects", "--config"])
            .arg(host.config())
            .args(arguments)
            .output()
            .expect("the program starts");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("text")
    };
    let list = run(&["list"]);
    assert_eq!(list.lines().count(), 1000 - 128, "{list}");
    assert!(
        list.contains("app.log") && list.contains("out of range"),
        "{list}"
    );
    let key = list.split_whitespace().next().expect("a key");
    assert!(run(&["show", key]).contains("\"document\""));

    // The mapping is mended: the rest can go in.
    client.delete_index("refused").await;
    client.create_index("refused", Value::Null).await;
    assert!(run(&["replay"]).starts_with("872 stored"));
    assert_eq!(client.count("refused").await, 872);
    assert_eq!(run(&["list"]), "");
    client.delete_index("refused").await;
}

#[tokio::test]
async fn ships_over_tls_with_a_password() {
    let server = Elasticsearch::shared_secured().await;
    let client = server.client();
    let security = server.security().expect("the server asks who you are");
    let output = format!(
        "[elasticsearch]\nhosts = [{:?}]\nindex = \"secured\"\nusername = {:?}\npassword = {:?}\nca_file = {:?}\n",
        server.url(),
        "elastic",
        crate::servers::elasticsearch::PASSWORD,
        security.ca
    );
    let host = Host::new(output).input("access.log", "nginx-access", "");
    index(&client, "secured").await;
    host.append("access.log", (0..1000).map(access_line));
    let agent = host.start();
    client.wait_for_count("secured", 1000).await;
    agent.stop();
    client
        .tally("secured", "url.path", paths(0..1000))
        .await
        .assert_exact();
    client.delete_index("secured").await;
}

#[tokio::test]
async fn the_template_makes_ecs_fields_searchable() {
    let server = Elasticsearch::shared().await;
    let client = server.client();
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_logmill"))
        .args([
            "setup",
            "--plain-indexes",
            "--indexes",
            "template-*",
            "--elasticsearch",
            server.url(),
        ])
        .output()
        .expect("the program starts");
    assert!(run.status.success(), "{run:?}");
    let host = Host::shipping_to(server.url(), "template-a").input("access.log", "nginx-access", "");
    host.append("access.log", (0..100).map(access_line));
    let agent = host.start();
    client.wait_for_count("template-a", 100).await;
    agent.stop();
    let found = client
        .ask(
            Method::POST,
            "/template-a/_search?size=0",
            json!({"query": {"range": {"http.response.status_code": {"gte": 500}}},
                   "aggs": {"ip": {"terms": {"field": "source.ip"}}}}),
        )
        .await;
    assert_eq!(found["hits"]["total"]["value"], 2, "{found}");
    assert!(found["aggregations"]["ip"]["buckets"].is_array(), "{found}");
    client.delete_index("template-a").await;
}
