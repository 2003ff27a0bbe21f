//! What the directives are in ECS.

use super::Product;
use crate::pattern::{self, Kind};

/// A field and the kind of its value; `None` is text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Capture {
    pub field: String,
    pub kind: Option<&'static str>,
}

/// Where a directive's value goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub strict: Capture,
    /// For values that are not always of the strict kind: what takes all of them, and is tried second.
    pub loose: Option<Capture>,
    /// What the directive itself writes around its value.
    pub before: &'static str,
    pub behind: &'static str,
}

impl Target {
    fn new(field: impl Into<String>, kind: Option<&'static str>) -> Target {
        Target {
            strict: Capture {
                field: field.into(),
                kind,
            },
            loose: None,
            before: "",
            behind: "",
        }
    }

    fn or(self, field: impl Into<String>) -> Target {
        let field = field.into();
        Target {
            loose: Some(Capture { field, kind: None }),
            ..self
        }
    }

    /// Every field that a line can set.
    pub fn fields(&self) -> impl Iterator<Item = String> {
        let captures = [Some(&self.strict), self.loose.as_ref()];
        captures.into_iter().flatten().flat_map(|capture| {
            let kind = capture.kind.and_then(Kind::by_name).unwrap_or(Kind::Text);
            pattern::Capture::names(kind, &capture.field)
        })
    }
}

/// Under the directive's own name, as it is.
pub(super) fn own(product: Product, name: &str, argument: Option<&str>) -> Target {
    let argument = argument.map(|argument| format!(".{}", tame(argument)));
    let name = tame(name);
    Target::new(
        format!("{}.{name}{}", product.namespace(), argument.unwrap_or_default()),
        None,
    )
}

/// A text as a part of a field's name.
fn tame(text: &str) -> String {
    let tamed: String = text
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    if tamed.is_empty() { "_".to_owned() } else { tamed }
}

pub(super) fn target(product: Product, name: &str, argument: Option<&str>) -> Target {
    let int = Some("int");
    let namespace = product.namespace();
    let within = |what: &str, kind| Target::new(format!("{namespace}.{what}"), kind);
    match (product, name, argument) {
        (_, "h" | "a", None) => Target::new("source.ip", Some("ip")).or("source.domain"),
        (_, "A", _) => Target::new("server.ip", Some("ip")),
        (_, "b" | "B", _) => Target::new("http.response.body.bytes", int),
        (_, "C" | "c", Some(cookie)) if is_session(cookie) => Target::new("session.id", None),
        (_, "C" | "c", Some(cookie)) => within(&format!("cookie.{}", tame(cookie)), None),
        (_, "D", _) => Target::new("event.duration", Some("micros")),
        (Product::Tomcat, "F", _) => within("commit_time", Some("millis")),
        (Product::Apache, "f", _) => Target::new("file.path", None),
        (_, "H", _) => Target::new("http.version", Some("http_version")),
        (_, "i", Some(header)) => request_header(product, header),
        (_, "o", Some(header)) if header.eq_ignore_ascii_case("Content-Type") => {
            Target::new("http.response.mime_type", None)
        }
        (_, "l", _) => within("identity", None),
        (Product::Apache, "I", _) => Target::new("http.request.bytes", int),
        (Product::Tomcat, "I", _) => Target::new("process.thread.name", None),
        (Product::Apache, "L", None) => Target::new("http.request.id", None),
        (_, "m", _) => Target::new("http.request.method", None),
        (_, "O", _) => Target::new("http.response.bytes", int),
        (_, "p", Some("remote")) => Target::new("source.port", int),
        (_, "p", _) => Target::new("server.port", int),
        (_, "P", None | Some("pid")) => Target::new("process.pid", int),
        (_, "P", Some("tid")) => Target::new("process.thread.id", int),
        (_, "r", _) => Target::new("http.request.line", Some("http_request")),
        (_, "s", _) => Target::new("http.response.status_code", int),
        (Product::Tomcat, "S", _) => Target::new("session.id", None),
        (_, "t", _) => time(argument),
        (_, "T", _) => duration(argument),
        (_, "u", _) => Target::new("user.name", None),
        (_, "U", _) => Target::new("url.path", None),
        (_, "Uq", _) => Target::new("url.original", Some("request_target")),
        (_, "v" | "V", _) => Target::new("url.domain", None),
        (_, "X", _) => within("connection_status", None),
        (Product::Apache, "x", Some("SSL_CIPHER")) => Target::new("tls.cipher", None),
        (Product::Apache, "x", Some("SSL_PROTOCOL")) => within("ssl_protocol", None),
        _ => own(product, name, argument),
    }
}

fn request_header(product: Product, header: &str) -> Target {
    match header.to_lowercase().as_str() {
        "referer" => Target::new("http.request.referrer", None),
        "user-agent" => Target::new("user_agent.original", None),
        "host" => Target::new("url.domain", None),
        "x-request-id" => Target::new("http.request.id", None),
        "content-type" => Target::new("http.request.mime_type", None),
        // One address from one proxy; more are a list, and a client may send anything.
        "x-forwarded-for" => Target::new("network.forwarded_ip", Some("ip"))
            .or(format!("{}.x_forwarded_for", product.namespace())),
        other => Target::new(format!("{}.header.{}", product.namespace(), tame(other)), None),
    }
}

/// `%t` writes its own brackets.
fn time(argument: Option<&str>) -> Target {
    let form = argument.map(|form| {
        let form = form
            .strip_prefix("begin")
            .or(form.strip_prefix("end"))
            .unwrap_or(form);
        form.strip_prefix(':').unwrap_or(form)
    });
    let kind = match form {
        None | Some("") => {
            return Target {
                before: "[",
                behind: "]",
                ..Target::new("@timestamp", Some("clf"))
            };
        }
        Some("sec") => "epoch",
        Some("msec") => "epoch_ms",
        Some("usec") => "epoch_us",
        Some("%d/%b/%Y:%H:%M:%S %z" | "%d/%b/%Y:%T %z" | "dd/MMM/yyyy:HH:mm:ss Z") => "clf",
        Some(_) => "when",
    };
    Target::new("@timestamp", Some(kind))
}

fn duration(argument: Option<&str>) -> Target {
    let kind = match argument {
        Some("ms") => "millis",
        Some("us") => "micros",
        Some("ns") => "nanos",
        _ => "seconds",
    };
    Target::new("event.duration", Some(kind))
}

/// JSESSIONID, PHPSESSID, session_id, connect.sid …
fn is_session(cookie: &str) -> bool {
    let cookie = cookie.to_ascii_lowercase();
    cookie.contains("sess") || cookie.contains("sid")
}
