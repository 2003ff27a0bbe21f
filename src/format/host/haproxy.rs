//! HAProxy's `log-format` (<https://docs.haproxy.org/2.8/configuration.html#8.2.4>): text with aliases such as `%ci`, each
//! with flags before its name (`%{+Q}r`), and sample expressions in brackets.

use std::collections::HashSet;
use std::ops::Range;

use super::{FormatError, HostFormat, push_capture, push_literal};
use crate::pattern::{Capture, Kind};

/// The formats that options set; `%tsc` and `%ts` are the termination state, with and without cookies.
const NAMED: [(&str, &str); 2] = [
    (
        "httplog",
        r#"%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r"#,
    ),
    (
        "tcplog",
        "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq",
    ),
];

/// An alias, and the field and kind of its value; `None` is text.
type Alias = (&'static str, &'static str, Option<&'static str>);

/// Where one name begins like another, both are here and the longest one counts. Times of day are the accept date; timers
/// are milliseconds, -1 where that step was not reached.
const ALIASES: [Alias; 51] = [
    ("ci", "source.ip", Some("ip")),
    ("cp", "source.port", Some("int")),
    ("fi", "haproxy.frontend_ip", Some("ip")),
    ("fp", "haproxy.frontend_port", Some("int")),
    ("bi", "haproxy.backend_source_ip", Some("ip")),
    ("bp", "haproxy.backend_source_port", Some("int")),
    ("si", "server.ip", Some("ip")),
    ("sp", "server.port", Some("int")),
    ("t", "haproxy.accept_date", Some("clf")),
    ("tr", "haproxy.accept_date", Some("clf")),
    ("T", "haproxy.accept_date", Some("clf")),
    ("Tl", "haproxy.accept_date", Some("clf")),
    ("trg", "haproxy.accept_date", Some("clf")),
    ("trl", "haproxy.accept_date", Some("clf")),
    ("Ts", "haproxy.accept_date", Some("epoch")),
    ("ft", "haproxy.frontend_name", None),
    ("f", "haproxy.frontend_name", None),
    ("b", "haproxy.backend_name", None),
    ("s", "haproxy.server_name", None),
    ("Ta", "event.duration", Some("millis")),
    ("Tt", "event.duration", Some("millis")),
    ("Tu", "haproxy.time.user", Some("int")),
    ("TR", "haproxy.time.request", Some("int")),
    ("Tw", "haproxy.time.queue", Some("int")),
    ("Tc", "haproxy.time.connect", Some("int")),
    ("Tr", "haproxy.time.response", Some("int")),
    ("Tq", "haproxy.time.request_whole", Some("int")),
    ("Td", "haproxy.time.data", Some("int")),
    ("Th", "haproxy.time.handshake", Some("int")),
    ("Ti", "haproxy.time.idle", Some("int")),
    ("ST", "http.response.status_code", Some("int")),
    ("B", "haproxy.bytes_read", Some("int")),
    ("U", "http.request.bytes", Some("int")),
    ("ts", "haproxy.termination_state", None),
    ("tsc", "haproxy.termination_state", None),
    ("ac", "haproxy.connections.active", Some("int")),
    ("fc", "haproxy.connections.frontend", Some("int")),
    ("bc", "haproxy.connections.backend", Some("int")),
    ("sc", "haproxy.connections.server", Some("int")),
    ("rc", "haproxy.connections.retries", None),
    ("sq", "haproxy.server_queue", Some("int")),
    ("bq", "haproxy.backend_queue", Some("int")),
    ("r", "http.request.line", Some("http_request")),
    ("HM", "http.request.method", None),
    ("HP", "url.path", None),
    ("HPO", "url.path", None),
    ("HU", "url.original", Some("request_target")),
    ("HQ", "haproxy.query", None),
    ("HV", "http.version", Some("http_version")),
    ("ID", "http.request.id", None),
    ("pid", "process.pid", Some("int")),
];

/// An address, the port behind it, and the field that has both: an IPv6 address has colons of its own, so that only the
/// two together say where the port begins.
const ENDPOINTS: [(&str, &str, &str); 2] = [("ci", ":%cp", "source"), ("si", ":%sp", "server")];

/// Aliases without a field of their own in ECS, or with one that not every line has.
const OWN: [&str; 13] = [
    "CC", "CS", "hr", "hs", "hrl", "hsl", "H", "lc", "rt", "ms", "sslc", "sslv", "E",
];

/// The captured headers of requests and responses as they stand in `httplog`: between a number and a quote, where nothing
/// else can be taken for them.
const CAPTURED: &str = ":int?} {haproxy.hr?} {haproxy.hs?} \"";

/// The same place where none are captured.
const NOT_CAPTURED: &str = ":int?} \"";

/// Reads a format: its text, with or without quotes and the directive's name, or `httplog` or `tcplog`.
pub fn read(format: &str) -> Result<HostFormat, FormatError> {
    if let Some((_, text)) = NAMED.iter().find(|(name, _)| *name == format.trim()) {
        return read(text);
    }
    let mut writer = Writer::default();
    let Range { start, end } = text(format);
    let mut rest = &format[start..end];
    while let Some(c) = rest.chars().next() {
        rest = match c {
            '\\' => {
                let mut after = rest[1..].chars();
                writer.text(after.next().map_or("\\", |next| &rest[1..1 + next.len_utf8()]));
                after.as_str()
            }
            '%' if rest.starts_with("%%") => {
                writer.text("%");
                &rest[2..]
            }
            '%' => writer.item(rest, end - rest.len())?,
            _ => {
                writer.text(&rest[..c.len_utf8()]);
                &rest[c.len_utf8()..]
            }
        };
    }
    if writer.items == 0 {
        return Err(FormatError::new(
            0..format.len(),
            format!("the log format {:?} has no variable", format.trim()),
            "give the text of log-format, such as '%ci:%cp [%tr] %ft %b/%s %ST %B %{+Q}r', or \"httplog\"",
        ));
    }
    // Where no headers are captured, nothing stands for them, and one blank for those around them.
    let mut patterns = vec![writer.pattern.replace(CAPTURED, NOT_CAPTURED), writer.pattern];
    patterns.dedup();
    Ok(HostFormat::Patterns(patterns))
}

/// Where the text is that stands behind `log-format`, without the quotes around it.
fn text(format: &str) -> Range<usize> {
    let end = format.trim_end().len();
    let body = format[..end].trim_start();
    let body = body.strip_prefix("log-format").map_or(body, str::trim_start);
    let start = end - body.len();
    let quoted = ['"', '\'']
        .iter()
        .any(|&quote| body.len() > 1 && body.starts_with(quote) && body.ends_with(quote));
    start + usize::from(quoted)..end - usize::from(quoted)
}

#[derive(Default)]
struct Writer {
    pattern: String,
    taken: HashSet<String>,
    items: usize,
    /// `%{+Q}o`: every value from here on is in quotes.
    quoted: bool,
}

impl Writer {
    fn text(&mut self, text: &str) {
        push_literal(&mut self.pattern, text);
    }

    /// Reads the item at the start of `rest`, which is at `from` in the format; gives what is behind it.
    fn item<'t>(&mut self, rest: &'t str, from: usize) -> Result<&'t str, FormatError> {
        let error = |length: usize, message: &str, remedy: &str| {
            let at: Range<usize> = from..from + length;
            Err(FormatError::new(at, message, remedy))
        };
        let mut behind = &rest[1..];
        let mut quoted = self.quoted;
        if let Some(flags) = behind.strip_prefix('{') {
            let Some((flags, after)) = flags.split_once('}') else {
                return error(rest.len(), "a { that is not closed", "close it with }");
            };
            for flag in flags.split(',') {
                match flag.trim() {
                    "+Q" => quoted = true,
                    "-Q" => quoted = false,
                    _ => {}
                }
            }
            behind = after;
        }
        if behind.starts_with('[') {
            let Some(end) = closing(behind) else {
                return error(rest.len(), "a [ that is not closed", "close it with ]");
            };
            self.expression(&behind[1..end], quoted);
            return Ok(&behind[end + 1..]);
        }
        let length = behind
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(behind.len());
        // The longest name that is one: what follows may be letters of the text.
        for length in (1..=length).rev() {
            let (name, after) = behind.split_at(length);
            // A path right before its query is what was asked for; the query has its question mark.
            if let ("HP" | "HPO", Some(after)) = (name, after.strip_prefix("%HQ")) {
                self.capture("url.original", Some("request_target"), quoted);
                return Ok(after);
            }
            let endpoint = ENDPOINTS.iter().find(|(address, ..)| *address == name && !quoted);
            if let Some((_, port, field)) = endpoint
                && let Some(after) = after.strip_prefix(port)
            {
                self.capture(field, Some("endpoint"), false);
                return Ok(after);
            }
            if let Some((_, field, kind)) = ALIASES.iter().find(|(alias, ..)| *alias == name) {
                self.capture(field, *kind, quoted);
                return Ok(after);
            }
            if name == "o" {
                // Not a value: its flags hold for those behind it.
                self.quoted = quoted;
                return Ok(after.strip_prefix(' ').unwrap_or(after));
            }
            if OWN.contains(&name) {
                self.capture(&format!("haproxy.{name}"), None, quoted);
                return Ok(after);
            }
        }
        error(
            rest.len() - behind.len() + length,
            "an unknown variable",
            "see the manual's table of custom log formats; %% is a percent sign",
        )
    }

    /// A sample expression: the fields of the usual ones, others by their first word.
    fn expression(&mut self, text: &str, quoted: bool) {
        let lower = text.to_lowercase();
        let header =
            |name: &str| lower.contains(&format!("hdr({name})")) || lower.contains(&format!("hdr({name},"));
        if header("user-agent") {
            return self.capture("user_agent.original", None, quoted);
        }
        if header("referer") {
            return self.capture("http.request.referrer", None, quoted);
        }
        if header("host") {
            return self.capture("url.domain", None, quoted);
        }
        let name: String = lower
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        let name = name.trim_matches('_');
        let field = format!("haproxy.sample.{}", if name.is_empty() { "_" } else { name });
        self.capture(&field, None, quoted);
    }

    fn capture(&mut self, field: &str, kind: Option<&'static str>, quoted: bool) {
        self.items += 1;
        let quote = if quoted { "\"" } else { "" };
        let own = Capture::names(kind.and_then(Kind::by_name).unwrap_or(Kind::Text), field);
        let free = !own.iter().any(|name| self.taken.contains(name));
        self.pattern.push_str(quote);
        push_capture(&mut self.pattern, if free { field } else { "_" }, kind, true);
        self.pattern.push_str(quote);
        if free {
            self.taken.extend(own);
        }
    }
}

/// Where the bracket at the start is closed; expressions nest.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    text.char_indices()
        .find(|&(_, c)| {
            depth += i32::from(c == '[') - i32::from(c == ']');
            depth == 0
        })
        .map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(format: &str) -> String {
        read(format).unwrap().patterns().remove(0)
    }

    #[test]
    fn variables_become_captures() {
        for (format, expected) in [
            (
                r#"log-format "%ci:%cp [%tr] %ST %{+Q}r %Ta""#,
                r#"{source:endpoint?} [{haproxy.accept_date:clf?}] {http.response.status_code:int?} "{http.request.line:http_request?}" {event.duration:millis?}"#,
            ),
            (
                r"%{+Q}o %{-Q}ci %HM %[capture.req.hdr(0)] %[req.hdr(User-Agent)]",
                r#"{source.ip:ip?} "{http.request.method?}" "{haproxy.sample.capture_req_hdr_0?}" "{user_agent.original?}""#,
            ),
            (r"100%%\ %Tt/%Ta", "100% {event.duration:millis?}/{_:millis?}"),
            (
                "%HM %HPO%HQ x",
                "{http.request.method?} {url.original:request_target?} x",
            ),
            ("%HPO x", "{url.path?} x"),
            (
                "%ci %cp %si:%sp",
                "{source.ip:ip?} {source.port:int?} {server:endpoint?}",
            ),
            ("%hr %CC", "{haproxy.hr?} {haproxy.CC?}"),
        ] {
            assert_eq!(pattern(format), expected, "{format}");
        }
    }

    #[test]
    fn headers_may_not_be_captured() {
        assert_eq!(
            read("%bq %hr %hs %{+Q}r %CC").unwrap().patterns(),
            [
                r#"{haproxy.backend_queue:int?} "{http.request.line:http_request?}" {haproxy.CC?}"#,
                r#"{haproxy.backend_queue:int?} {haproxy.hr?} {haproxy.hs?} "{http.request.line:http_request?}" {haproxy.CC?}"#,
            ]
        );
        // A name would take in those that are captured.
        assert_eq!(read("%b %hr %hs %{+Q}r").unwrap().patterns().len(), 1);
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let at = |format| read(format).unwrap_err().at;
        assert_eq!(at("%ci %zz"), 4..7);
        assert_eq!(at("%ci %[src"), 4..9);
        assert_eq!(at("plain"), 0..5);
        assert_eq!(at("\"%ci %{+Q\""), 5..9);
        assert_eq!(at("log-format %g"), 11..13);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(pieces in proptest::collection::vec(proptest::sample::select(
            vec!["%", "{", "}", "[", "]", "ci", "+Q", "\"", "\\", "é", " ", "o", "tr"]), 0..12)) {
            let format = pieces.concat();
            if let Err(error) = read(&format) {
                proptest::prop_assert!(format.get(error.at.clone()).is_some(), "{:?}", error);
            }
        }
    }
}
