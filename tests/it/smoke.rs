//! Proves that the servers of these tests work before anything of ours is in the way.

use reqwest::Method;
use serde_json::{Value, json};

use crate::servers::{Elasticsearch, Version};

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
    let server = Elasticsearch::start_secured(Version::V8_19).await.unwrap();
    assert!(server.url().starts_with("https://"));
    let client = server.client();
    client.create_index("smoke-secured", Value::Null).await;
    assert_eq!(client.count("smoke-secured").await, 0);

    let http = reqwest::Client::builder()
        .no_proxy()
        .danger_accept_invalid_certs(true)
        .build()
        .unwrap();
    let stranger = crate::servers::client::Client::with(http, server.url(), None);
    assert_eq!(
        stranger
            .send(Method::GET, "/smoke-secured/_count", "")
            .await
            .unwrap()
            .status,
        401
    );
    let untrusting = crate::servers::client::Client::new(server.url());
    assert!(untrusting.send(Method::GET, "/", "").await.is_err());
}
