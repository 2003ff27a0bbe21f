//! What can happen to a request.

use std::time::Duration;

use super::items::Items;
use super::wire::Answer;

/// What the proxy does with one request. "Store" means that the server gets the request and acts on it.
#[derive(Debug, Clone, Default)]
pub enum Fault {
    /// Nothing: forward it, and give the server's answer back.
    #[default]
    Pass,
    /// Forward it after a pause.
    Delay(Duration),
    /// Reset the connection; the server never sees the request.
    Reset,
    /// Say nothing for as long as the client waits; the server never sees the request.
    Hang,
    /// Answer instead of the server, which never sees the request.
    Answer(Canned),
    /// Forward it, then reset the connection instead of answering.
    StoreThenReset,
    /// Forward it, then say nothing for as long as the client waits.
    StoreThenHang,
    /// Forward it, then send the head of the answer and half of its body, and close.
    StoreThenCut,
    /// Refuse some of the items of a bulk request.
    Items(Items),
}

impl Fault {
    /// An answer with this status and an error body in Elasticsearch's form.
    pub fn status(status: u16) -> Fault {
        let (kind, reason) = match status {
            401 => ("security_exception", "missing authentication credentials"),
            403 => ("security_exception", "action is unauthorized"),
            413 => ("content_too_long_exception", "entity content is too long"),
            429 => (
                "es_rejected_execution_exception",
                "rejected execution of coordinating operation",
            ),
            503 => (
                "cluster_block_exception",
                "blocked by: [SERVICE_UNAVAILABLE/2/no master]",
            ),
            _ => ("exception", "made up by the proxy"),
        };
        let body = format!(r#"{{"error":{{"type":"{kind}","reason":"{reason}"}},"status":{status}}}"#);
        Fault::Answer(Canned::new(status, &body).header("content-type", "application/json"))
    }

    /// 429 with a pause to keep.
    pub fn retry_after(seconds: u32) -> Fault {
        match Fault::status(429) {
            Fault::Answer(canned) => Fault::Answer(canned.header("retry-after", &seconds.to_string())),
            other => other,
        }
    }

    /// What a load balancer or a login page answers.
    pub fn html(status: u16) -> Fault {
        let body =
            "<!DOCTYPE html>\n<html><head><title>Sorry</title></head><body><h1>Sorry</h1></body></html>\n";
        Fault::Answer(Canned::new(status, body).header("content-type", "text/html; charset=utf-8"))
    }

    pub(super) fn forwards_nothing(&self) -> bool {
        matches!(self, Fault::Reset | Fault::Hang | Fault::Answer(_))
    }
}

/// An answer made up by a test.
#[derive(Debug, Clone)]
pub struct Canned {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Canned {
    pub fn new(status: u16, body: &str) -> Canned {
        Canned {
            status,
            headers: vec![],
            body: body.to_owned(),
        }
    }

    pub fn header(mut self, name: &str, value: &str) -> Canned {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn answer(&self) -> Answer {
        Answer::new(self.status, self.headers.clone(), self.body.clone().into_bytes())
    }
}
