//! What to call a value: ECS where the log's own word for it is known.

/// Words that logs use, and ECS's.
const KNOWN: [(&[&str], &str); 27] = [
    (&["level", "lvl", "severity", "loglevel"], "log.level"),
    (&["msg", "message"], "message"),
    (&["ts", "time", "timestamp"], "@timestamp"),
    (&["logger", "class", "category"], "log.logger"),
    (&["thread", "tid"], "process.thread.name"),
    (&["pid"], "process.pid"),
    (&["user", "username", "user_name", "login"], "user.name"),
    (&["user_id", "userid", "uid"], "user.id"),
    (&["session", "session_id", "sessionid", "sid"], "session.id"),
    (&["trace", "trace_id", "traceid"], "trace.id"),
    (&["span", "span_id", "spanid"], "span.id"),
    (&["method", "verb"], "http.request.method"),
    (&["status", "status_code", "code"], "http.response.status_code"),
    (&["path", "uri"], "url.path"),
    (&["url"], "url.original"),
    (&["query"], "url.query"),
    (&["bytes", "size", "length"], "http.response.body.bytes"),
    (
        &["took", "duration", "elapsed", "latency", "dur", "rt"],
        "event.duration",
    ),
    (
        &[
            "ip",
            "client",
            "client_ip",
            "remote",
            "remote_addr",
            "src",
            "addr",
            "peer",
        ],
        "source.ip",
    ),
    (&["dst", "upstream", "server"], "destination.ip"),
    (&["port", "src_port"], "source.port"),
    (&["host", "hostname", "node"], "host.hostname"),
    (&["service", "app", "application"], "service.name"),
    (&["ua", "agent", "user_agent"], "user_agent.original"),
    (&["referer", "referrer"], "http.request.referrer"),
    (&["error", "err"], "error.message"),
    (&["request", "req"], "http.request.line"),
];

/// The field for a value behind `key=`, of a kind of the pattern language or none.
pub(super) fn of_key(key: &str, kind: Option<&str>) -> String {
    let lower = key.to_ascii_lowercase().replace('-', "_");
    let known = KNOWN.iter().find(|(words, _)| words.contains(&lower.as_str()));
    match known {
        // Not of the type that the field has in the index.
        Some((_, "event.duration")) if !matches!(kind, Some("duration")) => format!("labels.{lower}"),
        Some((
            _,
            "http.response.status_code" | "http.response.body.bytes" | "source.port" | "process.pid",
        )) if kind != Some("int") => {
            format!("labels.{lower}")
        }
        Some((_, "source.ip" | "destination.ip")) if kind != Some("ip") => format!("labels.{lower}"),
        Some((_, "@timestamp")) if !kind.is_some_and(is_time) => format!("labels.{lower}"),
        Some((_, name)) => (*name).to_owned(),
        None => format!("labels.{lower}"),
    }
}

/// The field for a value without a key: by its kind, what stands around it, and some values.
pub(super) fn of_value(kind: Option<&str>, bracket: bool, samples: &[&str]) -> Option<&'static str> {
    let all = |test: fn(&str) -> bool| !samples.is_empty() && samples.iter().all(|sample| test(sample));
    match kind {
        Some(kind) if is_time(kind) => Some("@timestamp"),
        Some("level") => Some("log.level"),
        Some("ip") => Some("source.ip"),
        Some("duration") => Some("event.duration"),
        Some("http_request") => Some("http.request.line"),
        Some("int") if bracket => Some("process.pid"),
        None if bracket && all(|text| text == "main" || text.ends_with(|c: char| c.is_ascii_digit())) => {
            Some("process.thread.name")
        }
        None if all(|text| {
            matches!(
                text,
                "GET" | "POST" | "PUT" | "DELETE" | "PATCH" | "HEAD" | "OPTIONS"
            )
        }) =>
        {
            Some("http.request.method")
        }
        // `I`, `W`, `E`: the first letters of levels.
        None if all(|text| matches!(text, "T" | "D" | "I" | "W" | "E" | "F")) => Some("log.level"),
        None if all(|text| text.starts_with('/')) => Some("url.path"),
        None if all(|text| text.matches('.').count() >= 2 && !text.contains('/')) => Some("log.logger"),
        _ => None,
    }
}

pub(super) fn is_time(kind: &str) -> bool {
    matches!(
        kind,
        "datetime"
            | "clf"
            | "rfc2822"
            | "ctime"
            | "syslog"
            | "day_first"
            | "month_first"
            | "epoch"
            | "epoch_ms"
            | "klog"
    )
}
