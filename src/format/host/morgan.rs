//! morgan's formats (<https://github.com/expressjs/morgan#tokens>): text with tokens such as `:method`, `:req[header]`,
//! `:response-time[digits]`.

use std::collections::HashSet;

use super::{FormatError, HostFormat, push_capture, push_literal};
use crate::pattern::{Capture, Kind};

/// The formats that morgan knows by a name.
const NAMED: [(&str, &str); 5] = [
    (
        "combined",
        r#":remote-addr - :remote-user [:date[clf]] ":method :url HTTP/:http-version" :status :res[content-length] ":referrer" ":user-agent""#,
    ),
    (
        "common",
        r#":remote-addr - :remote-user [:date[clf]] ":method :url HTTP/:http-version" :status :res[content-length]"#,
    ),
    (
        "short",
        ":remote-addr :remote-user :method :url HTTP/:http-version :status :res[content-length] - :response-time ms",
    ),
    (
        "tiny",
        ":method :url :status :res[content-length] - :response-time ms",
    ),
    // Its colours are taken out before a line is parsed.
    (
        "dev",
        ":method :url :status :response-time ms - :res[content-length]",
    ),
];

/// The shortest name of a token; a colon before less is a colon.
const NAME_BYTES_MIN: usize = 2;

/// Reads a format's text, or the name of one.
pub fn read(format: &str) -> Result<HostFormat, FormatError> {
    let format = format.trim_end();
    if let Some((_, text)) = NAMED.iter().find(|(name, _)| *name == format) {
        return read(text);
    }
    let mut pattern = String::new();
    let mut taken = HashSet::new();
    let mut rest = format;
    let mut tokens = 0;
    while let Some(c) = rest.chars().next() {
        if let Some((name, argument, behind)) = token(rest) {
            tokens += 1;
            push_token(&mut pattern, name, argument, &mut taken);
            rest = behind;
        } else {
            push_literal(&mut pattern, &rest[..c.len_utf8()]);
            rest = &rest[c.len_utf8()..];
        }
    }
    if tokens == 0 {
        return Err(FormatError::new(
            0..format.len(),
            format!("the log format {format:?} has no token"),
            "give the text that morgan is called with, such as ':method :url :status', or \"combined\"",
        ));
    }
    Ok(HostFormat::Patterns(vec![pattern]))
}

/// The token at the beginning: name, argument, and what is behind it.
fn token(text: &str) -> Option<(&str, Option<&str>, &str)> {
    let body = text.strip_prefix(':')?;
    let length = body
        .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_'))
        .unwrap_or(body.len());
    if length < NAME_BYTES_MIN {
        return None;
    }
    let (name, behind) = body.split_at(length);
    let argument = behind
        .strip_prefix('[')
        .and_then(|inner| inner.split_once(']'))
        .filter(|(argument, _)| !argument.is_empty());
    Some(match argument {
        Some((argument, behind)) => (name, Some(argument), behind),
        None => (name, None, behind),
    })
}

fn push_token(pattern: &mut String, name: &str, argument: Option<&str>, taken: &mut HashSet<String>) {
    let argument = argument.map(str::to_lowercase);
    let (field, kind) = match (name, argument.as_deref()) {
        ("method", _) => ("http.request.method", None),
        ("url", _) => ("url.original", Some("request_target")),
        ("status", _) => ("http.response.status_code", Some("int")),
        ("response-time", _) => ("event.duration", Some("millis")),
        ("total-time", _) => ("event.duration", Some("millis")),
        ("date", Some("clf")) => ("@timestamp", Some("clf")),
        ("date", Some("iso")) => ("@timestamp", Some("rfc3339")),
        ("date", _) => ("@timestamp", Some("rfc2822")),
        ("referrer", _) | ("req", Some("referer" | "referrer")) => ("http.request.referrer", None),
        ("remote-addr", _) => ("source.ip", Some("ip")),
        ("remote-user", _) => ("user.name", None),
        ("http-version", _) => ("http.version", None),
        ("user-agent", _) | ("req", Some("user-agent")) => ("user_agent.original", None),
        ("req", Some("host")) => ("url.domain", None),
        ("req", Some("x-request-id")) | ("id", _) => ("http.request.id", None),
        ("req", Some("content-length")) => ("http.request.body.bytes", Some("int")),
        ("res", Some("content-length")) => ("http.response.body.bytes", Some("int")),
        ("res", Some("content-type")) => ("http.response.mime_type", None),
        ("pid", _) => ("process.pid", Some("int")),
        _ => ("", None),
    };
    let kind_is = kind.and_then(Kind::by_name).unwrap_or(Kind::Text);
    let fields = match field {
        "" => Vec::new(),
        field => Capture::names(kind_is, field),
    };
    if !fields.is_empty() && !fields.iter().any(|field| taken.contains(field)) {
        taken.extend(fields);
        push_capture(pattern, field, kind, true);
        return;
    }
    let own = match argument {
        Some(argument) => format!("morgan.{name}.{argument}"),
        None => format!("morgan.{name}"),
    };
    let own: String = own
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '.' {
                c
            } else {
                '_'
            }
        })
        .collect();
    let own = own.replace("..", "._").trim_end_matches('.').to_owned();
    if taken.insert(own.clone()) {
        push_capture(pattern, &own, None, true);
    } else {
        pattern.push_str("{_}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(format: &str) -> String {
        read(format).unwrap().patterns().remove(0)
    }

    #[test]
    fn tokens_become_captures() {
        for (format, expected) in [
            (
                "tiny",
                "{http.request.method?} {url.original:request_target?} {http.response.status_code:int?} {http.response.body.bytes:int?} - {event.duration:millis?} ms",
            ),
            (
                "[:date[web]] :id :req[X-Tenant] a: b {:status}",
                "[{@timestamp:rfc2822?}] {http.request.id?} {morgan.req.x_tenant?} a: b {{{http.response.status_code:int?}}}",
            ),
            (
                ":response-time[0] :total-time",
                "{event.duration:millis?} {morgan.total_time?}",
            ),
            (":user :user", "{morgan.user?} {_}"),
        ] {
            assert_eq!(pattern(format), expected, "{format}");
        }
    }

    #[test]
    fn a_text_without_tokens_is_none() {
        assert_eq!(read("a : b :c").unwrap_err().at, 0..8);
    }
}
