//! What the tests of several modules share.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, mpsc};

use super::batch::{Batch, Doc, Origin, Part};
use super::settle::Settle;
use crate::config::ElasticsearchSettings;
use crate::event::{FileKey, Span};
use crate::state::Tally;

/// Settings for one server, all defaults.
pub fn settings(host: &str) -> ElasticsearchSettings {
    ElasticsearchSettings::at(host.parse().unwrap())
}

/// Collects what was settled, and fails when a span is settled twice.
#[derive(Debug, Default)]
pub struct Settled {
    pub spans: Mutex<Vec<(Span, Tally)>>,
    /// What was given back, and how many events of it.
    pub given_back: Mutex<Vec<(Span, u64)>>,
    /// Nothing may be given back.
    pub is_gone: bool,
}

impl Settle for Settled {
    fn settle(&self, span: Span, tally: Tally) {
        let mut spans = self.spans.lock().unwrap();
        assert!(
            spans.iter().all(|(settled, _)| *settled != span),
            "{span:?} settled twice"
        );
        spans.push((span, tally));
    }

    fn give_back(&self, span: Span, _: Tally, events: u64) {
        assert!(!self.is_gone);
        self.given_back.lock().unwrap().push((span, events));
    }

    fn can_read_again(&self, _: Span) -> bool {
        !self.is_gone
    }
}

impl Settled {
    /// Sum over all spans.
    pub fn total(&self) -> Tally {
        let mut total = Tally::default();
        for (_, tally) in &*self.spans.lock().unwrap() {
            total.accepted += tally.accepted;
            total.already_there += tally.already_there;
            total.filtered += tally.filtered;
            total.rejected += tally.rejected;
        }
        total
    }

    pub fn spans(&self) -> usize {
        self.spans.lock().unwrap().len()
    }
}

/// Documents in a part of three; the part also has one filtered event. `_id` is the index.
pub fn batch_of(sources: &[&str]) -> Batch {
    let mut batch = Batch::default();
    for (index, source) in sources.iter().enumerate() {
        let action = format!("{{\"create\":{{\"_index\":\"logs\",\"_id\":\"{index}\"}}}}\n{source}\n");
        batch.body.extend_from_slice(action.as_bytes());
        batch.docs.push(Doc {
            end: batch.body.len() as u32,
            at: index as u64 * 100,
            part: index as u32 / 3,
        });
    }
    let origin = Arc::new(Origin {
        path: "/var/log/shop.log".into(),
        input: "shop".to_owned(),
    });
    batch.parts = (0..sources.len().div_ceil(3) as u64)
        .map(|part| Part {
            span: Span {
                file: FileKey(1),
                from: part * 300,
                to: part * 300 + 300,
            },
            origin: Arc::clone(&origin),
            filtered: 1,
        })
        .collect();
    batch
}

/// A server on this machine that gives one answer to each connection, in turn, and then none.
pub struct Http {
    /// `http://127.0.0.1:PORT`.
    pub address: String,
    sent: mpsc::Receiver<Sent>,
}

/// A request as it came.
pub struct Sent {
    /// Request line and headers, in lower case.
    pub head: String,
    pub body: Vec<u8>,
}

impl Http {
    /// Answers with these statuses and texts.
    pub fn answering(answers: &[(&str, &str)]) -> Self {
        let answer = |(status, text): &(&str, &str)| http(status, "", text).into_bytes();
        Http::raw(answers.iter().map(answer).collect())
    }

    /// Answers with these bytes, whatever they are, and closes the connection.
    pub fn raw(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (sender, sent) = mpsc::channel();
        std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                // A test that is over has dropped the receiver, and a client may leave before its answer.
                let _ = sender.send(read_request(&mut stream));
                let _ = stream.write_all(&answer);
            }
        });
        Http { address, sent }
    }

    /// The requests that have come so far.
    pub fn sent(&self) -> Vec<Sent> {
        self.sent.try_iter().collect()
    }
}

/// An answer after which the connection closes. `headers`: each with its line end.
pub fn http(status: &str, headers: &str, text: &str) -> String {
    let length = text.len();
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{text}")
}

fn read_request(stream: &mut TcpStream) -> Sent {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(end) = memchr::memmem::find(&bytes, b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap());
            if bytes.len() >= end + 4 + length {
                let body = bytes[end + 4..].to_vec();
                return Sent { head, body };
            }
        }
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "half a request");
        bytes.extend_from_slice(&buffer[..read]);
    }
}
