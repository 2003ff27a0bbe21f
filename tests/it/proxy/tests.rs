//! The proxy in front of a real Elasticsearch: each fault does what its name says, to the client and to the server.

use std::io::Write;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{Canned, Fault, Items, Proxy};
use crate::servers::Elasticsearch;
use crate::servers::client::Client;

/// Long beyond any answer of a local server, and paid by the hanging test alone.
const PATIENCE: Duration = Duration::from_secs(3);

/// A proxy, a client that goes through it, and one that does not.
struct Setup {
    proxy: Proxy,
    through: Client,
    direct: Client,
    index: &'static str,
}

impl Setup {
    async fn new(index: &'static str) -> Setup {
        let server = Elasticsearch::shared().await;
        let direct = server.client();
        let mappings = json!({"properties": {"n": {"type": "long"}}});
        direct
            .create_index(
                index,
                json!({"settings": {"number_of_replicas": 0}, "mappings": mappings}),
            )
            .await;
        let proxy = Proxy::start(server.url()).await;
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .build()
            .unwrap();
        let through = Client::with(http, &proxy.url(), None);
        Setup {
            proxy,
            through,
            direct,
            index,
        }
    }

    fn path(&self) -> String {
        format!("/{}/_bulk", self.index)
    }

    /// Sends documents 0 to `count` through the proxy.
    async fn send(&self, count: usize) -> reqwest::Result<crate::servers::client::Answer> {
        self.through
            .send(Method::POST, &self.path(), documents(count))
            .await
    }
}

fn documents(count: usize) -> String {
    (0..count)
        .map(|n| format!("{{\"create\":{{\"_id\":\"{n}\"}}}}\n{{\"n\":{n}}}\n"))
        .collect()
}

fn statuses(body: &Value) -> Vec<u64> {
    body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["create"]["status"].as_u64().unwrap())
        .collect()
}

#[tokio::test]
async fn passes_and_counts() {
    let setup = Setup::new("proxy-pass").await;
    let answer = setup.send(3).await.unwrap();
    assert_eq!(
        (answer.status, statuses(&answer.body)),
        (200, vec![201, 201, 201])
    );
    assert_eq!(setup.through.count(setup.index).await, 3);
    let seen = setup.proxy.seen();
    assert_eq!(seen.iter().filter(|seen| seen.is_bulk()).count(), 1);
    assert_eq!(seen[0].body_bytes, documents(3).len());
    assert_eq!(
        (seen[0].method.as_str(), seen[0].path.as_str()),
        ("POST", "/proxy-pass/_bulk")
    );
}

#[tokio::test]
async fn answers_in_place_of_the_server() {
    let setup = Setup::new("proxy-answer").await;
    let teapot = Canned::new(418, "short and stout").header("x-kind", "teapot");
    setup.proxy.script([401, 413, 429, 503].map(Fault::status));
    setup.proxy.script([Fault::html(200), Fault::Answer(teapot)]);
    for expected in [401, 413, 429, 503] {
        let answer = setup.send(1).await.unwrap();
        assert_eq!(answer.status, expected);
        assert_eq!(answer.body["status"], expected);
    }
    assert!(
        setup
            .send(1)
            .await
            .unwrap()
            .body
            .as_str()
            .unwrap()
            .starts_with("<!DOCTYPE html>")
    );
    assert_eq!(setup.send(1).await.unwrap().status, 418);
    assert_eq!(setup.direct.count(setup.index).await, 0);
    assert_eq!(setup.proxy.script_left(), 0);
    assert_eq!(setup.send(1).await.unwrap().status, 200);
}

#[tokio::test]
async fn tells_when_to_come_back() {
    let setup = Setup::new("proxy-retry-after").await;
    setup.proxy.script([Fault::retry_after(2)]);
    let url = format!("{}{}", setup.proxy.url(), setup.path());
    let answer = reqwest::Client::builder()
        .no_proxy()
        .build()
        .unwrap()
        .post(url)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["retry-after"]),
        (429, &"2".parse().unwrap())
    );
}

#[tokio::test]
async fn resets_before_the_server_sees_it() {
    let setup = Setup::new("proxy-reset").await;
    setup.proxy.script([Fault::Reset]);
    setup.send(2).await.unwrap_err();
    assert_eq!(setup.direct.count(setup.index).await, 0);
}

#[tokio::test]
async fn loses_answers_to_what_the_server_stored() {
    let setup = Setup::new("proxy-lose").await;
    setup.proxy.script([Fault::StoreThenReset]);
    setup.send(2).await.unwrap_err();
    assert_eq!(setup.direct.count(setup.index).await, 2);
    assert_eq!(statuses(&setup.send(2).await.unwrap().body), [409, 409]);
}

#[tokio::test]
async fn cuts_answers_in_half() {
    let setup = Setup::new("proxy-cut").await;
    setup.proxy.script([Fault::StoreThenCut]);
    let error = setup.send(100).await.unwrap_err();
    assert!(
        error.is_body() || error.is_decode(),
        "the head is whole, the body is not: {error:?}"
    );
    assert_eq!(setup.direct.count(setup.index).await, 100);
}

#[tokio::test]
async fn hangs() {
    let setup = Setup::new("proxy-hang").await;
    setup.proxy.script([Fault::Hang, Fault::StoreThenHang]);
    assert!(setup.send(1).await.unwrap_err().is_timeout());
    assert_eq!(setup.direct.count(setup.index).await, 0);
    assert!(setup.send(1).await.unwrap_err().is_timeout());
    assert_eq!(setup.direct.count(setup.index).await, 1);
}

#[tokio::test]
async fn delays() {
    let setup = Setup::new("proxy-delay").await;
    let pause = Duration::from_millis(300);
    setup.proxy.bulks(Fault::Delay(pause));
    setup.send(1).await.unwrap();
    setup.send(1).await.unwrap();
    assert!(
        setup.proxy.bulk_pauses()[0] >= pause,
        "the second request comes after the first answer"
    );
}

#[tokio::test]
async fn refuses_connections_and_comes_back() {
    let setup = Setup::new("proxy-down").await;
    setup.send(1).await.unwrap();
    setup.proxy.down().await;
    assert!(setup.send(2).await.unwrap_err().is_connect());
    setup.proxy.up();
    assert_eq!(statuses(&setup.send(2).await.unwrap().body), [409, 201]);
}

#[tokio::test]
async fn refuses_items_that_the_server_never_sees() {
    let setup = Setup::new("proxy-items").await;
    setup.proxy.script([
        Fault::Items(Items {
            refused: |place, _| place % 2 == 1,
            status: 429,
            stored: false,
        }),
        Fault::Items(Items {
            refused: |_, id| id == "3",
            status: 400,
            stored: false,
        }),
        Fault::Items(Items {
            refused: |_, _| true,
            status: 503,
            stored: false,
        }),
    ]);
    let body = setup.send(4).await.unwrap().body;
    assert_eq!(statuses(&body), [201, 429, 201, 429]);
    assert_eq!(body["errors"], true);
    assert_eq!(body["items"][1]["create"]["_id"], "1");
    assert_eq!(setup.direct.count(setup.index).await, 2);
    assert_eq!(statuses(&setup.send(4).await.unwrap().body), [409, 201, 409, 400]);
    assert_eq!(statuses(&setup.send(2).await.unwrap().body), [503, 503]);
    setup.direct.tally(setup.index, "n", 0..3).await.assert_exact();
}

#[tokio::test]
async fn refuses_items_that_the_server_stored_and_reads_gzip() {
    let setup = Setup::new("proxy-items-stored").await;
    setup.proxy.script([Fault::Items(Items {
        refused: |place, _| place == 0,
        status: 429,
        stored: true,
    })]);
    let mut gzip = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    gzip.write_all(documents(2).as_bytes()).unwrap();
    let answer = reqwest::Client::builder()
        .no_proxy()
        .build()
        .unwrap()
        .post(format!("{}{}", setup.proxy.url(), setup.path()))
        .header("content-type", "application/x-ndjson")
        .header("content-encoding", "gzip")
        .body(gzip.finish().unwrap())
        .send()
        .await
        .unwrap();
    let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    assert_eq!(statuses(&body), [429, 201]);
    assert_eq!(setup.direct.count(setup.index).await, 2);
}

#[tokio::test]
async fn reads_bodies_in_chunks() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let setup = Setup::new("proxy-chunks").await;
    let body = documents(3);
    let mut request = format!(
        "POST {} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
        setup.path()
    );
    for piece in body.as_bytes().chunks(7) {
        request.push_str(&format!(
            "{:x}\r\n{}\r\n",
            piece.len(),
            std::str::from_utf8(piece).unwrap()
        ));
    }
    request.push_str("0\r\n\r\n");
    let mut stream = tokio::net::TcpStream::connect(setup.proxy.url().strip_prefix("http://").unwrap())
        .await
        .unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(setup.proxy.body_bytes(), body.len());
    assert_eq!(setup.direct.count(setup.index).await, 3);
}
