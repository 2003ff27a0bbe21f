//! What nginx's variables are in ECS (<https://nginx.org/en/docs/varindex.html>).

use crate::pattern::{self, Kind};

/// A field and the kind of its value; `None` is text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Capture {
    pub field: String,
    pub kind: Option<&'static str>,
}

impl Capture {
    fn fields(&self) -> Vec<String> {
        let kind = self.kind.and_then(Kind::by_name).unwrap_or(Kind::Text);
        pattern::Capture::names(kind, &self.field)
    }
}

/// Where a variable's value goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub strict: Capture,
    /// For values that are not always of the strict kind: what takes all of them, and is tried second.
    pub loose: Option<Capture>,
}

impl Target {
    fn new(field: impl Into<String>, kind: Option<&'static str>) -> Self {
        Target {
            strict: Capture {
                field: field.into(),
                kind,
            },
            loose: None,
        }
    }

    fn or(self, field: &str, kind: Option<&'static str>) -> Self {
        Target {
            loose: Some(Capture {
                field: field.to_owned(),
                kind,
            }),
            ..self
        }
    }

    /// Under the variable's own name, as it is.
    pub fn own(name: &str) -> Self {
        Target::new(format!("nginx.access.{name}"), None)
    }

    /// Every field that a line can set.
    pub fn fields(&self) -> impl Iterator<Item = String> {
        [Some(&self.strict), self.loose.as_ref()]
            .into_iter()
            .flatten()
            .flat_map(Capture::fields)
    }
}

/// Our name for `$scheme://$host$request_uri`, which nginx has no variable for.
pub(super) const FULL_URL: &str = "full_url";

/// Whether the variables, joined by `_`, are a host and a request's target.
pub(super) fn is_host_and_uri(joined: &str) -> bool {
    ["host_", "http_host_", "server_name_"]
        .iter()
        .find_map(|host| joined.strip_prefix(host))
        .is_some_and(|uri| matches!(uri, "request_uri" | "uri" | "document_uri") || is_path_and_query(uri))
}

/// Whether the variables, joined by `_`, are `$uri$is_args$args`: the path, and the query behind a question mark if there
/// is one.
fn is_path_and_query(joined: &str) -> bool {
    ["uri_", "document_uri_"]
        .iter()
        .find_map(|path| joined.strip_prefix(path))
        .is_some_and(|query| matches!(query, "is_args_args" | "is_args_query_string"))
}

/// Which of the variables that mean the same field has it: the lowest.
pub(super) fn rank(name: &str) -> u8 {
    match name {
        // Milliseconds, and no zone to read.
        "msec" => 1,
        "time_iso8601" => 2,
        "time_local" => 3,
        "request" => 4,
        "request_uri" => 5,
        FULL_URL => 6,
        joined if is_path_and_query(joined) => 7,
        _ => 8,
    }
}

/// Whether nginx has a value for every request, even for one that it could not read.
pub(super) fn is_always_there(name: &str) -> bool {
    matches!(
        name,
        "remote_addr"
            | "time_local"
            | "time_iso8601"
            | "msec"
            | "status"
            | "body_bytes_sent"
            | "bytes_sent"
            | "request_length"
            | "request_time"
            | "pid"
    )
}

pub(super) fn target(name: &str) -> Target {
    let int = Some("int");
    match name {
        "remote_addr" | "the_real_ip" => Target::new("source.ip", Some("ip"))
            // A client on a Unix socket is "unix:".
            .or("source.address", None),
        "remote_port" => Target::new("source.port", int),
        "remote_user" => Target::new("user.name", None),
        "time_local" => Target::new("@timestamp", Some("clf")),
        "time_iso8601" => Target::new("@timestamp", Some("rfc3339")),
        "msec" => Target::new("@timestamp", Some("epoch")),
        "request" => Target::new("http.request.line", Some("http_request")),
        "request_method" => Target::new("http.request.method", None),
        "server_protocol" => {
            Target::new("http.version", Some("http_version")).or("nginx.access.server_protocol", None)
        }
        "request_uri" => Target::new("url.original", Some("url")),
        "uri" | "document_uri" => Target::new("url.path", None),
        "args" | "query_string" => Target::new("url.query", None),
        "scheme" => Target::new("url.scheme", None),
        joined if is_path_and_query(joined) => Target::new("url.original", Some("request_target")),
        FULL_URL => Target::new("url.full", Some("url")),
        "host" | "http_host" | "server_name" => Target::new("url.domain", None),
        "server_port" => Target::new("server.port", int),
        "server_addr" => Target::new("server.ip", Some("ip")).or("server.address", None),
        "status" => Target::new("http.response.status_code", int),
        "body_bytes_sent" => Target::new("http.response.body.bytes", int),
        "bytes_sent" => Target::new("http.response.bytes", int),
        "request_length" => Target::new("http.request.bytes", int),
        "request_time" => Target::new("event.duration", Some("seconds")),
        "request_id" | "req_id" => Target::new("http.request.id", None),
        "http_referer" => Target::new("http.request.referrer", None),
        "http_user_agent" => Target::new("user_agent.original", None),
        // One address from one proxy; more are a list, and a client may send anything.
        "http_x_forwarded_for" => {
            Target::new("network.forwarded_ip", Some("ip")).or("nginx.access.http_x_forwarded_for", None)
        }
        "content_type" => Target::new("http.request.mime_type", None),
        "sent_http_content_type" => Target::new("http.response.mime_type", None),
        "hostname" => Target::new("host.hostname", None),
        "pid" => Target::new("process.pid", int),
        "ssl_cipher" => Target::new("tls.cipher", None),
        "otel_trace_id" | "opentelemetry_trace_id" => Target::new("trace.id", None),
        "otel_span_id" | "opentelemetry_span_id" => Target::new("span.id", None),
        // Lists, where a request went to several upstreams.
        "upstream_addr" => Target::new("nginx.upstream.address", None),
        "upstream_status" => Target::new("nginx.upstream.status_code", None),
        "proxy_upstream_name" => Target::new("nginx.ingress_controller.upstream.name", None),
        "proxy_alternative_upstream_name" => {
            Target::new("nginx.ingress_controller.upstream.alternative_name", None)
        }
        _ => match (name.strip_prefix("cookie_"), name.strip_prefix("upstream_")) {
            (Some(cookie), _) if is_session(cookie) => Target::new("session.id", None),
            (_, Some(upstream)) => Target::new(format!("nginx.upstream.{upstream}"), None),
            _ => Target::own(name),
        },
    }
}

/// Whether the value is a list with blanks in it where there were several upstreams or proxies.
pub(super) fn is_list(name: &str) -> bool {
    match name.strip_prefix("upstream_") {
        // What a server wrote into its answer is any text.
        Some(what) => !what.starts_with("http_") && !what.starts_with("cookie_"),
        None => name == "http_x_forwarded_for",
    }
}

/// What the ingress controller's own field names are, where they differ: lists, one element for each server that was tried.
pub(super) fn ingress(name: &str) -> Option<Target> {
    let field = match name {
        "upstream_addr" => "upstream_address_list",
        "upstream_status" => "upstream.response.status_code_list",
        "upstream_response_time" => "upstream.response.time_list",
        "upstream_response_length" => "upstream.response.length_list",
        _ => return None,
    };
    Some(Target::new(
        format!("nginx.ingress_controller.{field}"),
        Some("list"),
    ))
}

/// JSESSIONID, PHPSESSID, session_id, connect_sid …
fn is_session(cookie: &str) -> bool {
    let cookie = cookie.to_ascii_lowercase();
    cookie.contains("sess") || cookie.contains("sid")
}
