//! Refuses single items of a bulk request, as a server does whose write queue is full (429) or whose mapping does
//! not fit a document (400).

use std::io::Read;

use serde_json::{Value, json};

use super::wire::{Answer, Request};

/// Which items of a bulk request are refused, and how.
#[derive(Debug, Clone)]
pub struct Items {
    /// Given the place of the item in the request, from 0, and its `_id` (empty if it has none).
    pub refused: fn(place: usize, id: &str) -> bool,
    /// The status that a refused item gets.
    pub status: u16,
    /// Whether the server gets the refused items all the same: its answer is then lost for these alone. Otherwise
    /// it gets a request without them.
    pub stored: bool,
}

impl Items {
    /// Decides the fate of each item of a bulk request.
    pub(super) fn split(&self, request: &Request) -> Split {
        let pairs = pairs(&plain_body(request));
        let refused = pairs
            .iter()
            .enumerate()
            .map(|(place, pair)| (self.refused)(place, pair.id()))
            .collect();
        Split {
            status: self.status,
            stored: self.stored,
            pairs,
            refused,
        }
    }
}

/// The items of one bulk request, each with its fate.
pub(super) struct Split {
    status: u16,
    stored: bool,
    pairs: Vec<Pair>,
    refused: Vec<bool>,
}

impl Split {
    /// The request that the server gets; none where nothing is left for it.
    pub fn forwarded(&self, request: &Request) -> Option<Request> {
        let kept: Vec<&Pair> = self
            .fates()
            .filter(|(_, refused)| self.stored || !refused)
            .map(|(pair, _)| pair)
            .collect();
        if kept.is_empty() {
            return None;
        }
        let headers = request
            .headers
            .iter()
            .filter(|(name, _)| name != "content-encoding")
            .cloned()
            .collect();
        let body = kept.iter().flat_map(|pair| pair.lines.iter().copied()).collect();
        Some(Request {
            method: request.method.clone(),
            path: request.path.clone(),
            headers,
            body,
        })
    }

    /// The server's answer with the refusals written into it. An answer that is not one to a bulk request stays
    /// as it is.
    pub fn answer(&self, from_server: Option<Answer>) -> Answer {
        let mut answer = from_server.unwrap_or_else(|| {
            let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
            Answer::new(200, headers, br#"{"took":0,"errors":false,"items":[]}"#.to_vec())
        });
        let Ok(mut body) = serde_json::from_slice::<Value>(&answer.body) else {
            return answer;
        };
        let Some(items) = body.get_mut("items").and_then(Value::as_array_mut) else {
            return answer;
        };
        let mut answered = std::mem::take(items).into_iter();
        for (pair, refused) in self.fates() {
            let from_server = if refused && !self.stored {
                None
            } else {
                answered.next()
            };
            items.extend(if refused {
                Some(self.refusal(pair))
            } else {
                from_server
            });
        }
        if self.refused.contains(&true) {
            body["errors"] = json!(true);
        }
        answer.body = body.to_string().into_bytes();
        answer
    }

    fn fates(&self) -> impl Iterator<Item = (&Pair, bool)> {
        self.pairs.iter().zip(self.refused.iter().copied())
    }

    fn refusal(&self, pair: &Pair) -> Value {
        let (kind, reason) = match self.status {
            429 => (
                "es_rejected_execution_exception",
                "rejected execution of primary operation",
            ),
            400 => (
                "document_parsing_exception",
                "failed to parse field [made.up] of type [long]",
            ),
            _ => ("exception", "made up by the proxy"),
        };
        let mut item = json!({ "status": self.status, "error": {"type": kind, "reason": reason} });
        for name in ["_index", "_id"] {
            if let Some(value) = pair.meta().get(name) {
                item[name] = value.clone();
            }
        }
        json!({ pair.operation(): item })
    }
}

/// One item: the line that says what to do, and the document.
struct Pair {
    action: Value,
    lines: Vec<u8>,
}

impl Pair {
    fn operation(&self) -> &str {
        self.action
            .as_object()
            .and_then(|action| action.keys().next())
            .map_or("create", String::as_str)
    }

    fn meta(&self) -> &Value {
        &self.action[self.operation()]
    }

    fn id(&self) -> &str {
        self.meta()["_id"].as_str().unwrap_or_default()
    }
}

/// Takes a body of `create` and `index` items apart, each of which has two lines.
fn pairs(body: &[u8]) -> Vec<Pair> {
    let lines: Vec<&[u8]> = body
        .split_inclusive(|byte| *byte == b'\n')
        .filter(|line| *line != b"\n")
        .collect();
    lines
        .chunks(2)
        .map(|pair| Pair {
            action: serde_json::from_slice(pair[0]).unwrap_or_default(),
            lines: pair.concat(),
        })
        .collect()
}

fn plain_body(request: &Request) -> Vec<u8> {
    if request.header("content-encoding") != Some("gzip") {
        return request.body.clone();
    }
    let mut plain = Vec::new();
    // A body that is not gzip is for the server to refuse; it then gets what could be read of it.
    let _ = flate2::read::MultiGzDecoder::new(&request.body[..]).read_to_end(&mut plain);
    plain
}
