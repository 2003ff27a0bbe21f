//! Proves that the servers of these tests work before anything of ours is in the way.

use reqwest::Method;
use serde_json::{Value, json};

use crate::proxy::{Fault, Proxy};
use crate::servers::client::Client;
use crate::servers::elasticsearch::{BEARER_TOKEN, PASSWORD, basic};
use crate::servers::{Elasticsearch, Opensearch, Prometheus, Version, prometheus};

#[tokio::test]
async fn elasticsearch_keeps_each_document_once() {
    let server = Elasticsearch::shared().await;
    let client = server.client();
    let index = "smoke-once";
    client
        .create_index(
            index,
            json!({"mappings": {"properties": {"line": {"type": "long"}}}}),
        )
        .await;
    let body: String = (0..1000)
        .map(|n| format!("{{\"create\":{{\"_id\":\"{n}\"}}}}\n{{\"line\":{n}}}\n"))
        .collect();

    let first = client.bulk(&format!("/{index}/_bulk"), body.as_bytes()).await;
    assert_eq!(first["errors"], json!(false));
    let second = client.bulk(&format!("/{index}/_bulk"), body.as_bytes()).await;
    let statuses: Vec<&Value> = second["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["create"]["status"])
        .collect();
    assert!(statuses.iter().all(|status| **status == 409), "{statuses:?}");

    assert_eq!(client.count(index).await, 1000);
    client.tally(index, "line", 0..1000).await.assert_exact();
    assert_eq!(client.tally(index, "line", 0..1001).await.missing, ["1000"]);
    let found = client
        .search(index, 1, json!({"query": {"term": {"line": 7}}}))
        .await;
    assert_eq!(found[0]["_id"], "7");
    client.delete_index(index).await;
    assert_eq!(
        client
            .send(Method::GET, &format!("/{index}"), "")
            .await
            .unwrap()
            .status,
        404
    );
}

#[tokio::test]
async fn elasticsearch_asks_who_you_are() {
    let server = Elasticsearch::shared_secured().await;
    assert!(server.url().starts_with("https://"));
    let client = server.client();
    client.create_index("smoke-secured", Value::Null).await;
    assert_eq!(client.count("smoke-secured").await, 0);

    let http = reqwest::Client::builder()
        .no_proxy()
        .danger_accept_invalid_certs(true)
        .build()
        .unwrap();
    let stranger = Client::with(http, server.url(), None);
    assert_eq!(
        stranger
            .send(Method::GET, "/smoke-secured/_count", "")
            .await
            .unwrap()
            .status,
        401
    );
    let untrusting = Client::new(server.url());
    assert!(untrusting.send(Method::GET, "/", "").await.is_err());

    let document = "{\"create\":{\"_id\":\"1\"}}\n{\"n\":1}\n";
    let reader = server.client_as(basic("reader", PASSWORD));
    assert_eq!(reader.count("smoke-secured").await, 0);
    let refused = reader
        .send(Method::POST, "/smoke-secured/_bulk", document)
        .await
        .unwrap();
    assert_eq!(refused.status, 200, "{}", refused.body);
    assert_eq!(refused.body["items"][0]["create"]["status"], 403);

    let bearer = server.client_as(format!("Bearer {BEARER_TOKEN}").parse().unwrap());
    let stored = bearer.bulk("/logs-smoke-default/_bulk", document).await;
    assert_eq!(stored["items"][0]["create"]["status"], 201);

    let security = server.security().unwrap();
    let mut identity = std::fs::read(&security.client_certificate).unwrap();
    identity.extend(std::fs::read(&security.client_key).unwrap());
    reqwest::Identity::from_pem(&identity).expect("certificate and key in the form that rustls reads");
}

#[tokio::test]
async fn elasticsearch_7_17_answers_alike() {
    let server = Elasticsearch::start(Version::V7_17).await.unwrap();
    let client = server.client();
    let nodes = client.get("/_nodes/_local?filter_path=nodes.*.version").await;
    assert!(nodes.to_string().contains("7.17.29"), "{nodes}");
    let body = "{\"create\":{\"_id\":\"1\"}}\n{\"n\":1}\n";
    client.bulk("/smoke/_bulk", body).await;
    assert_eq!(
        client.bulk("/smoke/_bulk", body).await["items"][0]["create"]["status"],
        409
    );
    client.tally("smoke", "n", 1..=1).await.assert_exact();
    let home = server.home().to_owned();
    drop(server);
    assert!(!home.exists(), "{} is left behind", home.display());
}

#[tokio::test]
async fn opensearch_has_data_streams() {
    let Some(server) = Opensearch::start_or_skip("opensearch_has_data_streams").await else {
        return;
    };
    let client = server.client();
    assert_eq!(client.get("/").await["version"]["distribution"], "opensearch");
    client
        .put_index_template(
            "smoke",
            json!({"index_patterns": ["logs-smoke-*"], "data_stream": {}, "priority": 500}),
        )
        .await;
    let body = "{\"create\":{\"_id\":\"1\"}}\n{\"@timestamp\":\"2026-01-01T00:00:00Z\",\"n\":1}\n";
    client.bulk("/logs-smoke-default/_bulk", body).await;
    assert_eq!(client.count("logs-smoke-default").await, 1);
    let streams = client.get("/_data_stream/logs-smoke-default").await;
    assert_eq!(streams["data_streams"][0]["name"], "logs-smoke-default");
}

#[tokio::test]
async fn prometheus_scrapes() {
    // A server cannot know its own port beforehand, so the second one scrapes the first.
    let scraped = Prometheus::start(&[]).await.unwrap();
    let address = scraped.url().strip_prefix("http://").unwrap();
    let server = Prometheus::start(&[("first", address)]).await.unwrap();
    assert_eq!(server.wait_for("up{job=\"first\"} == 1").await, 1.0);
    let samples = server.query("prometheus_build_info{job=\"first\"}").await;
    assert!(samples[0].labels.contains_key("version"), "{samples:?}");
    assert_eq!(server.query("1 + 1").await[0].value, 2.0);
}

#[tokio::test]
async fn promtool_lints() {
    let good = "# HELP lines_total Lines read.\n# TYPE lines_total counter\nlines_total 1\n";
    prometheus::check_metrics(good).unwrap();
    let bad = "# HELP lines Lines read.\n# TYPE lines counter\nlines 1\n";
    assert!(prometheus::check_metrics(bad).unwrap_err().contains("_total"));
}

#[tokio::test]
async fn proxy_stands_in_front_of_a_secured_server() {
    let server = Elasticsearch::shared_secured().await;
    let direct = server.client();
    let proxy = Proxy::start_with(direct.http().clone(), server.url()).await;
    proxy.script([Fault::status(401)]);
    let through = direct.via(&proxy.url());
    let body = "{\"create\":{\"_id\":\"1\"}}\n{\"n\":1}\n";
    assert_eq!(
        through
            .send(Method::POST, "/smoke/_bulk", body)
            .await
            .unwrap()
            .status,
        401
    );
    assert_eq!(
        through
            .send(Method::POST, "/smoke/_bulk", body)
            .await
            .unwrap()
            .status,
        200
    );
    assert_eq!(direct.count("smoke").await, 1);
}
