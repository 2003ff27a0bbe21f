use std::io::Read;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Mutex;

use flate2::read::GzDecoder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;
use crate::config::{EndpointSettings, Secret, TlsIdentity};
use crate::derive::{Format, MetricSpec, Registry};
use crate::event::Fields;
use crate::http::{Guard, Telemetry, listen};

/// A running endpoint; stops when told.
struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Server {
    async fn start(endpoint: Endpoint) -> Self {
        let listener = listen("127.0.0.1:0".parse().unwrap(), "`--listen`")
            .await
            .unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(serve(listener, endpoint, async {
            let _ = stopped.await;
        }));
        Server {
            address,
            stop: Some(stop),
            task,
        }
    }

    async fn send(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    async fn ask(&self, request: &str) -> Answer {
        Answer::of(self.send(request).await).await
    }

    async fn get(&self, path: &str, headers: &str) -> Answer {
        self.ask(&format!(
            "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n"
        ))
        .await
    }

    fn stop(&mut self) {
        drop(self.stop.take());
    }
}

struct Answer {
    status: u16,
    /// In lower case.
    head: String,
    body: Vec<u8>,
}

impl Answer {
    /// The last answer of a connection.
    async fn of(mut stream: TcpStream) -> Self {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_lowercase();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head,
            body: bytes[end + 4..].to_vec(),
        }
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

fn endpoint() -> Endpoint {
    Endpoint {
        metrics: Box::new(|format, out| {
            let page = match format {
                Format::Text => "text ".repeat(1_000),
                Format::OpenMetrics => "open".to_owned(),
                Format::Protobuf => "proto".to_owned(),
            };
            out.extend_from_slice(page.as_bytes());
        }),
        ready: Box::new(|| Err("no Elasticsearch host has answered so far".to_owned())),
        status: Box::new(|| serde_json::json!({ "files": 3 })),
        guard: Guard::default(),
    }
}

#[tokio::test]
async fn each_page_has_its_answer() {
    let server = Server::start(endpoint()).await;
    let health = server.get("/healthz", "").await;
    assert_eq!((health.status, health.text()), (200, "ok\n"));
    let ready = server.get("/readyz", "").await;
    assert_eq!(
        (ready.status, ready.text()),
        (503, "no Elasticsearch host has answered so far\n")
    );
    let status = server.get("/status", "").await;
    assert_eq!((status.status, status.text()), (200, "{\n  \"files\": 3\n}\n"));
    assert!(status.head.contains("content-type: application/json"));
    let missing = server.get("/", "").await;
    assert_eq!(missing.status, 404);
    assert!(missing.text().contains("/metrics"));
    let posted = server
        .ask("POST /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 3\r\n\r\nabc")
        .await;
    assert_eq!(posted.status, 405);
    assert!(posted.head.contains("allow: get, head"));
    let head = server
        .ask("HEAD /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert!(head.head.contains("content-length: 5000"));
}

#[tokio::test]
async fn pages_are_for_those_with_credentials_where_there_are_some() {
    for (secret, right, wrong) in [
        (
            "Basic dTpw",
            ["Basic dTpw", "basic dTpw"],
            ["Basic dTpx", "Basic dTp"],
        ),
        (
            "Bearer abc",
            ["Bearer abc", "BEARER abc"],
            ["Bearer ABC", "Basic abc"],
        ),
    ] {
        let mut closed = endpoint();
        closed.guard = asking_for(secret);
        let server = Server::start(closed).await;
        let status = async |path: &str, header: &str| server.get(path, header).await.status;
        for page in ["/metrics", "/status"] {
            let refused = server.get(page, "").await;
            assert_eq!(refused.status, 401);
            assert!(refused.head.contains("www-authenticate: b"), "{}", refused.head);
            for given in right {
                assert_eq!(
                    status(page, &format!("authorization: {given}\r\n")).await,
                    200,
                    "{given}"
                );
            }
            for given in wrong {
                assert_eq!(
                    status(page, &format!("authorization: {given}\r\n")).await,
                    401,
                    "{given}"
                );
            }
        }
        assert_eq!(status("/healthz", "").await, 200);
        assert_eq!(status("/readyz", "").await, 503);
    }
}

fn asking_for(secret: &str) -> Guard {
    Guard::new(&terms(Some(secret), None)).unwrap()
}

fn terms(secret: Option<&str>, identity: Option<TlsIdentity>) -> EndpointSettings {
    EndpointSettings {
        authorization: secret.map(Secret::new),
        identity,
    }
}

#[tokio::test]
async fn credentials_and_tls_change_while_it_serves() {
    let guard = asking_for("Bearer old");
    let mut closed = endpoint();
    closed.guard = guard.clone();
    let server = Server::start(closed).await;
    // A connection that stays open.
    let mut open = TcpStream::connect(server.address).await.unwrap();
    let mut asked = async |token: &str| {
        let request = format!("GET /status HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n");
        open.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // Both bodies end in a line end that no head has before its own end.
        while !(answer.windows(4).any(|four| four == b"\r\n\r\n")
            && answer.ends_with(b"\n")
            && !answer.ends_with(b"\r\n"))
        {
            open.read_buf(&mut answer).await.unwrap();
        }
        String::from_utf8(answer).unwrap()[9..12].to_owned()
    };
    assert_eq!(asked("old").await, "200");
    guard.change(&Guard::new(&terms(Some("Bearer new"), None)).unwrap());
    assert_eq!(asked("old").await, "401");
    assert_eq!(asked("new").await, "200");
    guard.change(&Guard::new(&terms(None, None)).unwrap());
    assert_eq!(asked("whatever").await, "200");

    // From the next connection on it is TLS, and the open one goes on.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config/identity/testdata");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let identity = TlsIdentity {
        certificate_pem: read("one.crt"),
        key_pem: Secret::new(read("one.key")),
    };
    guard.change(&Guard::new(&terms(None, Some(identity))).unwrap());
    assert_eq!(asked("whatever").await, "200");
    let mut plain = server.send("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    guard.change(&Guard::new(&terms(None, None)).unwrap());
    assert_eq!(server.get("/healthz", "").await.status, 200);
}

#[tokio::test]
async fn metrics_come_as_the_client_likes_them() {
    let server = Server::start(endpoint()).await;
    let text = server.get("/metrics?x=1", "").await;
    assert!(text.head.contains("content-type: text/plain; version=0.0.4"));
    assert_eq!(text.body.len(), 5_000);
    let open = server
        .get("/metrics", "accept: application/openmetrics-text\r\n")
        .await;
    assert!(
        open.head
            .contains("content-type: application/openmetrics-text; version=1.0.0")
    );
    assert_eq!(open.text(), "open");
    let zipped = server.get("/metrics", "accept-encoding: gzip\r\n").await;
    assert!(zipped.head.contains("content-encoding: gzip"));
    let mut body = String::new();
    GzDecoder::new(&zipped.body[..])
        .read_to_string(&mut body)
        .unwrap();
    assert_eq!(body.as_bytes(), text.body);
    // Too small to be worth it.
    let small = server
        .get(
            "/metrics",
            "accept-encoding: gzip\r\naccept: application/openmetrics-text\r\n",
        )
        .await;
    assert!(!small.head.contains("content-encoding"));
}

#[tokio::test]
async fn a_page_has_what_logs_say_and_what_the_agent_says() {
    let registry = Arc::new(Registry::default());
    let rules = registry
        .rules(&[MetricSpec::counter("lines_total", "Lines")], &[], "shop")
        .unwrap();
    rules.count(&Fields::new(0), &mut registry.shard().lock());
    let telemetry = Telemetry::install().unwrap();
    metrics::counter!("logmill_page_test_total").increment(1);
    let mut both = endpoint();
    both.metrics = Endpoint::metrics_page(registry, telemetry);
    let server = Server::start(both).await;
    let text = server.get("/metrics", "").await;
    assert!(
        text.text().contains("\nlines_total{service=\"shop\"} 1\n"),
        "{}",
        text.text()
    );
    assert!(text.text().contains("\nlogmill_page_test_total 1\n"));
    assert!(!text.text().contains("# EOF"));
    let open = server
        .get("/metrics", "accept: application/openmetrics-text\r\n")
        .await;
    assert!(open.text().ends_with("\n# EOF\n"));
    assert_eq!(open.text().matches("# EOF").count(), 1);
    // The first scrape is itself measured.
    assert!(
        open.text()
            .contains("# TYPE logmill_scrape_duration_seconds histogram\n")
    );
}

#[tokio::test]
async fn nonsense_and_large_headers_are_refused() {
    let server = Server::start(endpoint()).await;
    assert_eq!(server.ask("\u{16}\u{3}\u{1}\r\n\r\n").await.status, 400);
    let large = format!("x: {}\r\n", "y".repeat(HEADER_BYTES_MAX));
    assert_eq!(server.get("/healthz", &large).await.status, 431);
    // And it goes on.
    assert_eq!(server.get("/healthz", "").await.status, 200);
}

#[tokio::test]
async fn a_page_that_panics_is_a_500() {
    let mut broken = endpoint();
    broken.status = Box::new(|| panic!("a test of panics"));
    let server = Server::start(broken).await;
    assert_eq!(server.get("/status", "").await.status, 500);
    assert_eq!(server.get("/healthz", "").await.status, 200);
}

#[tokio::test]
async fn closing_ends_idle_connections_and_frees_the_address() {
    let mut server = Server::start(endpoint()).await;
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let mut answer = [0; 12];
    idle.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    server.stop();
    (&mut server.task).await.unwrap();
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
    listen(server.address, "`--listen`").await.unwrap();
}

#[tokio::test]
async fn those_who_find_no_place_wait_for_one() {
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut noting = endpoint();
    let (ready, status) = (Arc::clone(&order), Arc::clone(&order));
    noting.ready = Box::new(move || {
        ready.lock().unwrap().push("ready");
        Ok(())
    });
    noting.status = Box::new(move || {
        status.lock().unwrap().push("status");
        serde_json::Value::Null
    });
    let server = Server::start(noting).await;
    let mut held = Vec::new();
    for _ in 0..CONNECTIONS_MAX {
        held.push(server.send("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await);
    }
    let last = "HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let waiting = server.send(&format!("GET /status {last}")).await;
    // Every place is taken and answers, but for the connection that has none.
    for stream in &mut held {
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
    }
    let mut first = held.remove(0);
    first
        .write_all(format!("GET /readyz {last}").as_bytes())
        .await
        .unwrap();
    let mut rest = Vec::new();
    first.read_to_end(&mut rest).await.unwrap();
    assert_eq!(Answer::of(waiting).await.status, 200);
    assert_eq!(*order.lock().unwrap(), ["ready", "status"]);
}
