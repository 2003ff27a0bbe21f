use std::io::Write;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::Full;
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, ALLOW, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, VARY,
    WWW_AUTHENTICATE,
};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};

use super::accept;
use super::guard::Guard;
use super::telemetry::Telemetry;
use crate::derive::{Format, Registry};
use crate::event::Timestamp;

/// Pages below this many bytes are not worth compressing.
const GZIP_BYTES_MIN: usize = 1 << 10;

/// Appends a whole page of metrics in the format that the client asked for.
pub type MetricsPage = Box<dyn Fn(Format, &mut Vec<u8>) + Send + Sync>;

/// What the pages say. The functions are called for each request, one thread each.
pub struct Endpoint {
    pub metrics: MetricsPage,
    /// Whether the files of every input have been looked for; if not, why not, in a sentence.
    pub ready: Box<dyn Fn() -> Result<(), String> + Send + Sync>,
    pub status: Box<dyn Fn() -> serde_json::Value + Send + Sync>,
    pub guard: Guard,
}

impl Endpoint {
    /// The page of metrics: those from logs, then the agent's own.
    pub fn metrics_page(registry: Arc<Registry>, telemetry: Telemetry) -> MetricsPage {
        Box::new(move |format, out| {
            registry.write(now(), format, out);
            telemetry.write(format, out);
            format.finish(out);
        })
    }

    /// Answers one request. Pages are made on a thread of their own, since they wait for the workers.
    pub(super) async fn answer<B>(self: Arc<Self>, request: Request<B>) -> Response<Full<Bytes>> {
        let page = match Page::of(request.method(), request.uri().path()) {
            // Not on another thread: this one says that the process works.
            Ok(Page::Health) => return self.make(Page::Health, request.headers()),
            Ok(page) => page,
            Err(refusal) => return refusal.response(),
        };
        let (head, _) = request.into_parts();
        if matches!(page, Page::Metrics | Page::Status)
            && let Some(challenge) = self.guard.challenge(&head.headers)
        {
            return ask_for_credentials(challenge);
        }
        let made = tokio::task::spawn_blocking(move || self.make(page, &head.headers)).await;
        made.unwrap_or_else(|_| text(StatusCode::INTERNAL_SERVER_ERROR, "the page could not be made"))
    }

    fn make(&self, page: Page, headers: &HeaderMap) -> Response<Full<Bytes>> {
        match page {
            Page::Health => text(StatusCode::OK, "ok"),
            Page::Ready => match (self.ready)() {
                Ok(()) => text(StatusCode::OK, "ready"),
                Err(reason) => text(StatusCode::SERVICE_UNAVAILABLE, &reason),
            },
            Page::Status => {
                let mut json = format!("{:#}", (self.status)());
                json.push('\n');
                response(StatusCode::OK, "application/json", json.into())
            }
            Page::Metrics => self.make_metrics(headers),
        }
    }

    fn make_metrics(&self, headers: &HeaderMap) -> Response<Full<Bytes>> {
        let started = Instant::now();
        let header = |name: HeaderName| {
            headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or("")
        };
        let format = accept::format(header(ACCEPT));
        let mut page = Vec::new();
        (self.metrics)(format, &mut page);
        let zipped = (page.len() >= GZIP_BYTES_MIN && accept::gzip(header(ACCEPT_ENCODING)))
            .then(|| gzip(&page))
            .flatten();
        let encoded = zipped.is_some();
        let mut answer = response(
            StatusCode::OK,
            format.content_type(),
            zipped.unwrap_or(page).into(),
        );
        let headers = answer.headers_mut();
        headers.insert(
            VARY,
            const { HeaderValue::from_static("accept, accept-encoding") },
        );
        if encoded {
            headers.insert(CONTENT_ENCODING, const { HeaderValue::from_static("gzip") });
        }
        metrics::histogram!("logmill_scrape_duration_seconds").record(started.elapsed());
        answer
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    Metrics,
    Health,
    Ready,
    Status,
}

impl Page {
    fn of(method: &Method, path: &str) -> Result<Page, Refusal> {
        let page = match path {
            "/metrics" => Page::Metrics,
            "/healthz" => Page::Health,
            "/readyz" => Page::Ready,
            "/status" => Page::Status,
            _ => return Err(Refusal::NoSuchPage),
        };
        if method == Method::GET || method == Method::HEAD {
            Ok(page)
        } else {
            Err(Refusal::OtherMethod)
        }
    }
}

enum Refusal {
    NoSuchPage,
    OtherMethod,
}

impl Refusal {
    fn response(self) -> Response<Full<Bytes>> {
        match self {
            Refusal::NoSuchPage => {
                let there = "there is no such page; there are /metrics, /healthz, /readyz and /status";
                text(StatusCode::NOT_FOUND, there)
            }
            Refusal::OtherMethod => {
                let mut answer = text(
                    StatusCode::METHOD_NOT_ALLOWED,
                    "only GET and HEAD are answered here",
                );
                let allowed = const { HeaderValue::from_static("GET, HEAD") };
                answer.headers_mut().insert(ALLOW, allowed);
                answer
            }
        }
    }
}

/// What the wall's clock shows.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

fn ask_for_credentials(challenge: HeaderValue) -> Response<Full<Bytes>> {
    let asking = "this page asks for the credentials of [endpoint]";
    let mut answer = text(StatusCode::UNAUTHORIZED, asking);
    answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    answer
}

fn text(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    response(status, "text/plain; charset=utf-8", format!("{text}\n").into())
}

fn response(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static(content_type);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// `None` where it fails, which memory does not; the page then goes as it is.
fn gzip(page: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(page.len() / 8), Compression::fast());
    encoder.write_all(page).ok()?;
    encoder.finish().ok()
}
