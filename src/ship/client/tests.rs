use std::io::{Read, Write};
use std::net::TcpListener;

use super::*;
use crate::config::{Credentials, Secret};
use crate::ship::testing::{Http, http, settings};

fn client(host: &str, gzip_level: u32) -> Client {
    Client::new(&ElasticsearchSettings {
        credentials: Credentials::ApiKey(Secret::new("aWQ6a2V5")),
        gzip_level,
        ingest_pipeline: Some("geo & more".to_owned()),
        ..settings(host)
    })
    .unwrap()
}

async fn ask(answer: impl Into<Vec<u8>>) -> Answer {
    let server = Http::raw(vec![answer.into()]);
    client(&server.address, 0)
        .bulk(0, Bytes::from_static(b"{}\n{}\n"))
        .await
}

/// The trouble that an answer is taken for.
async fn trouble(answer: impl Into<Vec<u8>>) -> Trouble {
    match ask(answer).await {
        Answer::Failed(failure) => failure.trouble,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_request_has_all_that_elasticsearch_wants() {
    let server = Http::answering(&[("200 OK", "{}")]);
    let answer = client(&format!("{}/prefix/", server.address), 0)
        .bulk(0, Bytes::from_static(b"{}\n{}\n"))
        .await;
    assert!(matches!(answer, Answer::Text(text) if text == b"{}"));
    let sent = server.sent().remove(0);
    let path = sent.head.lines().next().unwrap();
    assert!(
        path.starts_with("post /prefix/_bulk?filter_path=errors"),
        "{path}"
    );
    assert!(path.contains("&pipeline=geo+%26+more "), "{path}");
    assert!(sent.head.contains("content-type: application/x-ndjson"));
    assert!(
        sent.head.contains("authorization: apikey awq6a2v5"),
        "{}",
        sent.head
    );
    assert!(!sent.head.contains("content-encoding"));
    assert_eq!(sent.body, b"{}\n{}\n");
}

#[tokio::test]
async fn a_body_is_compressed_and_its_buffer_comes_back() {
    for size in [10, INLINE_BYTES_MAX * 4] {
        let server = Http::answering(&[("200 OK", "{}")]);
        let client = client(&server.address, 1);
        let body = Bytes::from(b"{}\n".repeat(size));
        client.bulk(0, body.clone()).await;
        let sent = server.sent().remove(0);
        assert!(sent.head.contains("content-encoding: gzip"));
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(&sent.body[..])
            .read_to_end(&mut text)
            .unwrap();
        assert_eq!(text, body);
    }
}

#[tokio::test]
async fn answers_by_status() {
    let elastic = r#"{"error":{"root_cause":[],"type":"security_exception","reason":"missing authentication"},"status":401}"#;
    assert_eq!(
        trouble(http("401 Unauthorized", "", elastic)).await,
        Trouble::Denied {
            status: 401,
            reason: "security_exception: missing authentication".to_owned(),
            setting: "`api_key` and its privileges",
        }
    );
    assert!(matches!(
        trouble(http("403 Forbidden", "", "")).await,
        Trouble::Denied { status: 403, .. }
    ));
    assert_eq!(
        trouble(http("404 Not Found", "", "<html>")).await,
        Trouble::WrongAddress(404)
    );
    assert_eq!(trouble(http("405 No", "", "")).await, Trouble::WrongAddress(405));
    assert_eq!(
        trouble(http("302 Found", "location: https://other/\r\n", "")).await,
        Trouble::Redirect {
            status: 302,
            location: "https://other/".to_owned()
        }
    );
    assert_eq!(
        trouble(http("502 Bad Gateway", "", "<html>\n  nginx </html>")).await,
        Trouble::Server {
            status: 502,
            reason: "<html> nginx </html>".to_owned()
        }
    );
    assert!(matches!(
        trouble(http("500 Oops", "", "")).await,
        Trouble::Server { status: 500, .. }
    ));
    assert!(matches!(
        trouble(http("406 No", "", "")).await,
        Trouble::Refused { status: 406, .. }
    ));
    assert!(matches!(
        trouble(http("204 Nothing", "", "")).await,
        Trouble::Broken(_)
    ));
    assert!(matches!(
        ask(http("413 Too Large", "", "")).await,
        Answer::TooLarge
    ));
}

#[tokio::test]
async fn a_server_that_is_too_old_blames_no_document() {
    // The words of Elasticsearch 6.8.
    let old = r#"{"error":{"root_cause":[],"type":"action_request_validation_exception","reason":"Validation Failed: 1: type is missing;2: type is missing;"},"status":400}"#;
    let text = trouble(http("400 Bad Request", "", old)).await.to_string();
    assert!(
        text.contains("type is missing") && text.contains("7.17 or later"),
        "{text}"
    );
}

#[tokio::test]
async fn only_elasticsearchs_own_400_blames_the_documents() {
    let own = r#"{"error":{"type":"illegal_argument_exception","reason":"Malformed action/metadata line [3]"},"status":400}"#;
    let Answer::Refused(refusal) = ask(http("400 Bad Request", "", own)).await else {
        panic!("not refused");
    };
    assert_eq!(
        &*refusal.reason,
        "illegal_argument_exception: Malformed action/metadata line [3]"
    );
    for others in [
        "<html>The plain HTTP request was sent to HTTPS port</html>",
        r#"{"error":"bad request"}"#,
        r#"{"message":"no API key found"}"#,
        "",
    ] {
        let trouble = trouble(http("400 Bad Request", "", others)).await;
        assert!(
            matches!(trouble, Trouble::Refused { status: 400, .. }),
            "{others}"
        );
    }
}

#[tokio::test]
async fn retry_after_is_read() {
    let busy = |status| http(status, "retry-after: 7\r\n", "");
    for (status, code) in [("429 Too Many Requests", 429), ("503 Unavailable", 503)] {
        let Answer::Failed(failure) = ask(busy(status)).await else {
            panic!("no failure");
        };
        assert_eq!(failure.trouble, Trouble::Busy(code));
        assert_eq!(failure.retry_after, Some(Duration::from_secs(7)));
    }
}

#[tokio::test]
async fn answers_that_break_off() {
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"errors\"";
    assert!(matches!(trouble(half).await, Trouble::Reset(_)));
    assert!(matches!(trouble("").await, Trouble::Reset(_)));
    assert!(matches!(
        trouble("SSH-2.0-OpenSSH_9.2\r\n").await,
        Trouble::Reset(_)
    ));
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let mut endless = b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n".to_vec();
    endless.resize(limits::ANSWER_BYTES_MAX + (1 << 20), b' ');
    assert!(matches!(trouble(endless).await, Trouble::Broken(_)));
}

#[tokio::test]
async fn a_server_that_is_not_there_and_one_that_does_not_answer() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let answer = client(&format!("http://{free}"), 0)
        .bulk(0, Bytes::from_static(b"x"))
        .await;
    assert!(
        matches!(
            &answer,
            Answer::Failed(Failure {
                trouble: Trouble::Unreachable(_),
                ..
            })
        ),
        "{answer:?}"
    );

    // The kernel takes the connection; nobody ever answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let patience = Duration::from_millis(20);
    let client = Client::new(&ElasticsearchSettings {
        request_timeout: patience,
        ..settings(&format!("http://{}", silent.local_addr().unwrap()))
    })
    .unwrap();
    let answer = client.bulk(0, Bytes::from_static(b"x")).await;
    assert!(
        matches!(&answer, Answer::Failed(Failure { trouble: Trouble::TimedOut(after), .. }) if *after == patience),
        "{answer:?}"
    );
}

#[tokio::test]
async fn the_wrong_scheme_is_named() {
    let Trouble::Reset(text) = trouble("").await else {
        panic!("no reset");
    };
    assert!(text.contains("write `https://`"), "{text}");

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // The beginning of the hello; then what a server without TLS says to it.
        stream.read_exact(&mut [0; 5]).unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    });
    let answer = client(&address, 0).bulk(0, Bytes::from_static(b"x")).await;
    let Answer::Failed(Failure { trouble, .. }) = answer else {
        panic!("{answer:?}");
    };
    assert!(trouble.to_string().contains("does not speak TLS"), "{trouble}");
}

#[test]
fn hosts_are_named_as_they_were_written() {
    let several = ElasticsearchSettings {
        hosts: vec![
            "https://es-1:9200/".parse().unwrap(),
            "http://es-2/".parse().unwrap(),
        ],
        ..settings("http://es")
    };
    let client = Client::new(&several).unwrap();
    assert_eq!(client.names(), ["https://es-1:9200", "http://es-2"]);
    let nowhere = ElasticsearchSettings {
        hosts: Vec::new(),
        ..settings("http://es")
    };
    assert!(matches!(Client::new(&nowhere), Err(ClientError::NoHost)));
}
