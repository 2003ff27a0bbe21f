//! One request to one host, and what its answer means. Which host, when, and how often is the gate's and the
//! delivery's business.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, DATE, LOCATION, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::Semaphore;

use super::client_error::ClientError;
use super::connect::{self, CONNECT_TIMEOUT};
use super::gzip::Gzip;
use super::retry_after;
use super::server::{Answer, Server};
use super::trouble::{Failure, Trouble, chain};
use super::verdict::{Refusal, ServerError, cut};
use crate::config::ElasticsearchSettings;
use crate::limits;

/// Speaks HTTP to the hosts of one `[elasticsearch]`.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    hosts: Vec<Host>,
    gzip: Option<Arc<Gzip>>,
    request_timeout: Duration,
    /// The right to read a large answer: one at a time.
    large: Semaphore,
    /// What to look at when the credentials are refused.
    setting: &'static str,
}

#[derive(Debug)]
struct Host {
    base: Url,
    bulk: Url,
    /// It has spoken HTTP to this client before, so the scheme is right.
    has_answered: AtomicBool,
}

/// An answer to one of the small requests of `setup` and `check`.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub text: Vec<u8>,
}

/// Without a filter an answer is ten times as long.
const BULK_PATH: &str = "/_bulk?filter_path=errors,items.*.status,items.*.error";

/// Text of an error answer that is read, in bytes: enough for its reason.
const ERROR_BYTES_MAX: usize = 64 << 10;

/// A longer answer is read while no other one is: answers without an error are 25 bytes a document. In bytes.
const SMALL_ANSWER_BYTES: usize = 256 << 10;

/// What all answers may take together, in bytes: a large one, which grows by doubling, and some small ones.
pub const ANSWERS_BYTES_MAX: usize = limits::ANSWER_BYTES_MAX + 4 * SMALL_ANSWER_BYTES;

/// A smaller body is compressed at once: handing it to another thread would take longer.
const INLINE_BYTES_MAX: usize = 32 << 10;

/// How much of an answer in an unknown form a message shows, in bytes.
const SHOWN_BYTES_MAX: usize = 160;

impl Client {
    /// No connection is made.
    pub fn new(settings: &ElasticsearchSettings) -> Result<Self, ClientError> {
        let mut hosts = Vec::with_capacity(settings.hosts.len());
        for base in &settings.hosts {
            let mut bulk = connect::join(base, BULK_PATH);
            if let Some(pipeline) = &settings.ingest_pipeline {
                bulk.query_pairs_mut().append_pair("pipeline", pipeline);
            }
            hosts.push(Host {
                base: base.clone(),
                bulk,
                has_answered: AtomicBool::new(false),
            });
        }
        if hosts.is_empty() {
            return Err(ClientError::NoHost);
        }
        Ok(Client {
            http: connect::http(settings)?,
            hosts,
            gzip: (settings.gzip_level > 0).then(|| Arc::new(Gzip::new(settings.gzip_level))),
            request_timeout: settings.request_timeout,
            large: Semaphore::new(1),
            setting: connect::setting_of(&settings.credentials),
        })
    }

    /// The hosts' addresses, without credentials, for messages; in the order of their indexes.
    pub fn names(&self) -> Vec<String> {
        let name = |host: &Host| host.base.as_str().trim_end_matches('/').to_owned();
        self.hosts.iter().map(name).collect()
    }

    /// A small request with JSON, or nothing, as its body; `path` begins with `/`.
    pub async fn request(
        &self,
        host: usize,
        method: Method,
        path: &str,
        json: Option<String>,
    ) -> Result<Reply, Trouble> {
        let mut request = self
            .http
            .request(method, connect::join(&self.hosts[host].base, path))
            .timeout(self.request_timeout);
        if let Some(json) = json {
            request = request.header(CONTENT_TYPE, "application/json").body(json);
        }
        let response = self.send(host, request).await?;
        let status = response.status().as_u16();
        let text = self.text(response, limits::ANSWER_BYTES_MAX).await?;
        Ok(Reply { status, text })
    }

    /// What an answer other than the expected one means.
    pub(super) fn failure(&self, status: u16, text: &[u8]) -> Trouble {
        let reason = reason(text, status);
        match status {
            401 | 403 => Trouble::Denied {
                status,
                reason,
                setting: self.setting,
            },
            404 | 405 => Trouble::WrongAddress(status),
            429 => Trouble::Busy(status),
            500.. => Trouble::Server { status, reason },
            _ => Trouble::Refused { status, reason },
        }
    }

    /// Sends a request and waits for the head of its answer.
    async fn send(&self, host: usize, request: RequestBuilder) -> Result<Response, Trouble> {
        let host = &self.hosts[host];
        let response = request.send().await;
        let has_answered = host.has_answered.fetch_or(response.is_ok(), Ordering::Relaxed);
        response.map_err(|error| match self.trouble(error) {
            Trouble::Reset(text) if !has_answered && host.base.scheme() == "http" => {
                Trouble::Reset(format!("{text}; if it speaks TLS, write `https://` in `hosts`"))
            }
            trouble => trouble,
        })
    }

    async fn answer(&self, response: Response) -> Answer {
        let status = response.status();
        let header = |name| response.headers().get(name)?.to_str().ok();
        match status {
            StatusCode::OK => match self.text(response, limits::ANSWER_BYTES_MAX).await {
                Ok(text) => Answer::Text(text),
                Err(trouble) => Answer::Failed(trouble.into()),
            },
            StatusCode::PAYLOAD_TOO_LARGE => Answer::TooLarge,
            status if status.is_redirection() => Answer::Failed(Failure::from(Trouble::Redirect {
                status: status.as_u16(),
                location: header(LOCATION).unwrap_or_default().to_owned(),
            })),
            status if status.is_success() => {
                Answer::Failed(Trouble::Broken(format!("status {}", status.as_u16())).into())
            }
            status => {
                let status = status.as_u16();
                let retry_after = header(RETRY_AFTER)
                    .and_then(|text| retry_after::parse(text, header(DATE), jiff::Timestamp::now()));
                // The status says enough where the text does not come through.
                let text = self.text(response, ERROR_BYTES_MAX).await.unwrap_or_default();
                if status == 400
                    && let Some(error) = error_in(&text)
                    && error.is_elasticsearchs()
                    && !error.wants_types()
                {
                    let reason = error.text();
                    return Answer::Refused(Refusal { status, reason });
                }
                let trouble = match self.failure(status, &text) {
                    Trouble::Server { status: 503, .. } if retry_after.is_some() => Trouble::Busy(503),
                    trouble => trouble,
                };
                Answer::Failed(Failure { trouble, retry_after })
            }
        }
    }

    /// The text of an answer, at most `bytes_max` long.
    async fn text(&self, mut response: Response, bytes_max: usize) -> Result<Vec<u8>, Trouble> {
        let length = response
            .content_length()
            .unwrap_or(0)
            .min(SMALL_ANSWER_BYTES as u64);
        let mut permit = None;
        let mut text = Vec::with_capacity(length as usize);
        while let Some(chunk) = response.chunk().await.map_err(|error| self.trouble(error))? {
            if text.len() + chunk.len() > bytes_max {
                return Err(Trouble::Broken(format!("it is longer than {bytes_max} bytes")));
            }
            if text.len() + chunk.len() > SMALL_ANSWER_BYTES && permit.is_none() {
                // It is never closed.
                permit = self.large.acquire().await.ok();
            }
            text.extend_from_slice(&chunk);
        }
        Ok(text)
    }

    /// What an error on the way means.
    fn trouble(&self, error: reqwest::Error) -> Trouble {
        let (is_connect, is_timeout) = (error.is_connect(), error.is_timeout());
        let text = chain(&error.without_url());
        match (is_connect, is_timeout) {
            (true, true) => Trouble::Unreachable(format!("no connection within {CONNECT_TIMEOUT:?}")),
            // In TLS 1.3 the server says so after the client thinks that it is connected.
            (_, false) if blames_our_certificate(&text) => Trouble::Uncertified(text),
            (true, false) if text.contains("certificate") => Trouble::Untrusted(text),
            // What rustls says when the first bytes are no TLS record.
            (true, false) if text.contains("corrupt message") => {
                Trouble::Unreachable("it does not speak TLS, and `hosts` says `https://`".to_owned())
            }
            (true, false) => Trouble::Unreachable(text),
            (false, true) => Trouble::TimedOut(self.request_timeout),
            (false, false) => Trouble::Reset(text),
        }
    }

    async fn packed(&self, body: &Bytes) -> Option<Vec<u8>> {
        let gzip = self.gzip.as_ref()?;
        if body.len() <= INLINE_BYTES_MAX {
            return gzip.pack(body);
        }
        let (gzip, body) = (Arc::clone(gzip), body.clone());
        // It does not panic; if the runtime is about to end, the body goes as it is.
        tokio::task::spawn_blocking(move || gzip.pack(&body)).await.ok()?
    }
}

impl Server for Client {
    async fn bulk(&self, host: usize, body: Bytes) -> Answer {
        let mut request = self
            .http
            .post(self.hosts[host].bulk.clone())
            .header(CONTENT_TYPE, "application/x-ndjson")
            .timeout(self.request_timeout);
        let packed = self.packed(&body).await.map(Bytes::from);
        request = match &packed {
            Some(packed) => request.header(CONTENT_ENCODING, "gzip").body(packed.clone()),
            None => request.body(body),
        };
        let answer = match self.send(host, request).await {
            Ok(response) => self.answer(response).await,
            Err(trouble) => Answer::Failed(trouble.into()),
        };
        if let (Some(gzip), Some(packed)) = (&self.gzip, packed)
            && packed.is_unique()
        {
            gzip.give_back(Vec::from(packed));
        }
        answer
    }
}

/// What Elasticsearch and OpenSearch say when a request as a whole fails.
#[derive(Deserialize)]
struct WholeError<'a> {
    #[serde(borrow)]
    error: &'a RawValue,
}

/// The error in an answer in JSON.
fn error_in(text: &[u8]) -> Option<ServerError<'_>> {
    let whole: WholeError = serde_json::from_slice(text).ok()?;
    Some(ServerError::read(whole.error.get()))
}

/// A reason for a message, whatever the answer looks like.
fn reason(text: &[u8], status: u16) -> String {
    if let Some(error) = error_in(text) {
        return error.text().into();
    }
    let mut shown = String::from_utf8_lossy(&text[..text.len().min(2 * SHOWN_BYTES_MAX)])
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    cut(&mut shown, SHOWN_BYTES_MAX);
    if shown.is_empty() {
        let code = StatusCode::from_u16(status).ok();
        code.and_then(|code| code.canonical_reason())
            .unwrap_or("no reason given")
            .to_owned()
    } else {
        shown
    }
}

/// Whether this says, in the words of rustls, that the server ended TLS for lack of a certificate that it trusts.
fn blames_our_certificate(text: &str) -> bool {
    text.split_once("received fatal alert: ")
        .is_some_and(|(_, alert)| {
            [
                "Certificate",
                "BadCertificate",
                "UnsupportedCertificate",
                "UnknownCA",
            ]
            .iter()
            .any(|name| alert.starts_with(name))
        })
}

#[cfg(test)]
mod tests;
