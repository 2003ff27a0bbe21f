//! HTTP request lines and URLs.

use super::needle::{first_of, next};
use super::net::split_port;
use super::scene::Keep;
use super::{Read, fail};
use crate::event::{FieldId, Schema, Value};

/// The longest method that is taken for one, in bytes; the longest registered is UPDATEREDIRECTREF with 17.
const METHOD_BYTES_MAX: usize = 20;

/// The fields of a capture `name:http_request`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RequestFields {
    /// The capture's own name: what is no request line, as it is.
    own: FieldId,
    method: FieldId,
    original: FieldId,
    path: FieldId,
    query: FieldId,
    version: FieldId,
}

impl RequestFields {
    pub fn names(name: &str) -> [&str; 6] {
        [
            name,
            "http.request.method",
            "url.original",
            "url.path",
            "url.query",
            "http.version",
        ]
    }

    pub fn new(name: &str, schema: &mut Schema) -> Self {
        let [own, method, original, path, query, version] = Self::names(name).map(|name| schema.intern(name));
        RequestFields {
            own,
            method,
            original,
            path,
            query,
            version,
        }
    }

    pub fn all(self) -> [FieldId; 6] {
        [
            self.own,
            self.method,
            self.original,
            self.path,
            self.query,
            self.version,
        ]
    }
}

/// `GET /a?b=c HTTP/1.1`. What is not of the form METHOD SP target SP HTTP/x (HTTP/0.9, a TLS hello, nothing at
/// all) is kept as it is under the capture's own name: a server logs whatever was sent to it.
pub(super) fn request<'a>(text: &'a [u8], fields: Option<RequestFields>, keep: &mut impl Keep<'a>) {
    let Some(fields) = fields else {
        return;
    };
    let Some((method, target, version)) = split_request(text) else {
        keep.put(fields.own, Value::Text(text));
        return;
    };
    keep.put(fields.method, Value::Text(method));
    keep.put(fields.original, Value::Text(target));
    keep.put(fields.version, Value::Text(version));
    let Some(local) = local_part(target) else {
        return;
    };
    let (path, query) = split_query(local);
    put_some(keep, fields.path, path);
    put_some(keep, fields.query, query);
}

/// The fields of a capture `name:request_target`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TargetFields {
    /// The capture's own name: the whole.
    own: FieldId,
    path: FieldId,
    query: FieldId,
}

impl TargetFields {
    pub fn names(name: &str) -> [&str; 3] {
        [name, "url.path", "url.query"]
    }

    pub fn new(name: &str, schema: &mut Schema) -> Self {
        let [own, path, query] = Self::names(name).map(|name| schema.intern(name));
        TargetFields { own, path, query }
    }

    pub fn all(self) -> [FieldId; 3] {
        [self.own, self.path, self.query]
    }
}

/// `/a?b=c`, and what else a request line may ask for: see [`local_part`].
pub(super) fn request_target<'a>(text: &'a [u8], fields: TargetFields, keep: &mut impl Keep<'a>) {
    keep.put(fields.own, Value::Text(text));
    if let Some(local) = local_part(text) {
        let (path, query) = split_query(local);
        put_some(keep, fields.path, path);
        put_some(keep, fields.query, query);
    }
}

/// Method, target and version (the digits after `HTTP/`). The target is all between: a raw space in it, which
/// some servers let through, stays in it.
fn split_request(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let length = first_of(text, b' ', b'?')?;
    let (method, rest) = text.split_at(length);
    let is_letter = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_');
    let is_usual = matches!(method, b"GET" | b"POST");
    // Envoy writes `- - HTTP/1.1` where it could not read a request.
    let is_none = |method: &[u8]| method.is_empty() || method == b"-" || method.len() > METHOD_BYTES_MAX;
    if !is_usual && (is_none(method) || !method.iter().all(is_letter)) {
        return None;
    }
    let rest = rest.strip_prefix(b" ")?;
    // The version is at the end: ` HTTP/1.1`, ` HTTP/2`.
    let (target, version) = if let Some((target, tail)) = rest.split_last_chunk::<9>()
        && tail[..6] == *b" HTTP/"
        && tail[6].is_ascii_digit()
        && tail[7] == b'.'
        && tail[8].is_ascii_digit()
    {
        (target, &tail[6..])
    } else if let Some((target, tail)) = rest.split_last_chunk::<7>()
        && tail[..6] == *b" HTTP/"
        && tail[6].is_ascii_digit()
    {
        (target, &tail[6..])
    } else {
        return None;
    };
    (!target.is_empty()).then_some((method, target, version))
}

/// `HTTP/1.1`, `HTTP/2`: the digits.
pub(super) fn http_version(input: &[u8]) -> Read<'_, &[u8]> {
    let length = match input.strip_prefix(b"HTTP/") {
        Some([major, b'.', minor, ..]) if major.is_ascii_digit() && minor.is_ascii_digit() => 3,
        Some([major, ..]) if major.is_ascii_digit() => 1,
        _ => return fail(),
    };
    let (text, rest) = input[b"HTTP/".len()..].split_at(length);
    Ok((rest, text))
}

/// Path and query of a request's target: all of `/a?b`, what follows the authority in `http://host/a?b`, nothing
/// of `*` and of CONNECT's `host:443`.
fn local_part(target: &[u8]) -> Option<&[u8]> {
    if target.first() == Some(&b'/') {
        return Some(target);
    }
    let (_, rest) = split_scheme(target)?;
    Some(&rest[authority_end(rest)..])
}

/// Before and after the first `?`.
fn split_query(local: &[u8]) -> (&[u8], &[u8]) {
    match next(local, 0, b'?') {
        Some(at) => (&local[..at], &local[at + 1..]),
        None => (local, &[]),
    }
}

/// The scheme and what follows its `://`.
fn split_scheme(url: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = url
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
        .count();
    let rest = url[length..].strip_prefix(b"://")?;
    (length > 0).then_some((&url[..length], rest))
}

/// Where the authority (`user@host:port`) ends.
fn authority_end(rest: &[u8]) -> usize {
    memchr::memchr3(b'/', b'?', b'#', rest).unwrap_or(rest.len())
}

fn put_some<'a>(keep: &mut impl Keep<'a>, field: FieldId, text: &'a [u8]) {
    if !text.is_empty() {
        keep.put(field, Value::Text(text));
    }
}

/// The fields of a capture `name:url`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UrlFields {
    /// The capture's own name: the whole.
    own: FieldId,
    path: FieldId,
    query: FieldId,
    scheme: FieldId,
    domain: FieldId,
    port: FieldId,
}

impl UrlFields {
    pub fn names(name: &str) -> [&str; 6] {
        [
            name,
            "url.path",
            "url.query",
            "url.scheme",
            "url.domain",
            "url.port",
        ]
    }

    pub fn new(name: &str, schema: &mut Schema) -> Self {
        let [own, path, query, scheme, domain, port] = Self::names(name).map(|name| schema.intern(name));
        UrlFields {
            own,
            path,
            query,
            scheme,
            domain,
            port,
        }
    }

    pub fn all(self) -> [FieldId; 6] {
        [
            self.own,
            self.path,
            self.query,
            self.scheme,
            self.domain,
            self.port,
        ]
    }
}

/// `/a?b=c` or `https://user@host:8443/a?b=c#d`: the whole, and its parts. The user and the fragment are in no
/// part. An IPv6 host keeps its brackets, as ECS has it.
pub(super) fn url<'a>(text: &'a [u8], fields: Option<UrlFields>, keep: &mut impl Keep<'a>) -> bool {
    if text.is_empty() {
        return false;
    }
    let Some(fields) = fields else {
        return true;
    };
    keep.put(fields.own, Value::Text(text));
    let local = match split_scheme(text) {
        Some((scheme, rest)) => {
            keep.put(fields.scheme, Value::Text(scheme));
            let (authority, local) = rest.split_at(authority_end(rest));
            let host = match memchr::memrchr(b'@', authority) {
                Some(at) => &authority[at + 1..],
                None => authority,
            };
            let (domain, port) = split_port(host);
            put_some(keep, fields.domain, domain);
            if let Some(port) = port {
                keep.put(fields.port, Value::Int(port));
            }
            local
        }
        None => text,
    };
    let local = match memchr::memchr(b'#', local) {
        Some(at) => &local[..at],
        None => local,
    };
    let (path, query) = split_query(local);
    put_some(keep, fields.path, path);
    put_some(keep, fields.query, query);
    true
}

#[cfg(test)]
mod tests {
    use crate::pattern::capture::tests::converted;

    #[test]
    fn request_lines() {
        for (text, expected) in [
            (
                "GET /a?b=c HTTP/1.1",
                "http.request.method=GET url.original=/a?b=c url.path=/a url.query=b=c http.version=1.1",
            ),
            (
                "get /x HTTP/2",
                "http.request.method=get url.original=/x url.path=/x http.version=2",
            ),
            (
                "M-SEARCH * HTTP/1.1",
                "http.request.method=M-SEARCH url.original=* http.version=1.1",
            ),
            (
                "CONNECT evil.example:443 HTTP/1.1",
                "http.request.method=CONNECT url.original=evil.example:443 http.version=1.1",
            ),
            (
                "GET http://proxy.example/abs?x=1 HTTP/1.1",
                "http.request.method=GET url.original=http://proxy.example/abs?x=1 url.path=/abs url.query=x=1 \
                 http.version=1.1",
            ),
            (
                "GET /\\x22?a=\\x22b HTTP/1.0",
                "http.request.method=GET url.original=/\\x22?a=\\x22b url.path=/\\x22 url.query=a=\\x22b \
                 http.version=1.0",
            ),
            (
                "GET /a? HTTP/1.1",
                "http.request.method=GET url.original=/a? url.path=/a http.version=1.1",
            ),
            (
                "GET /sp ace HTTP/1.1",
                "http.request.method=GET url.original=/sp ace url.path=/sp ace http.version=1.1",
            ),
            ("GET /", "raw=GET /"),
            ("", "raw="),
            ("-", "raw=-"),
            ("GET  HTTP/1.1", "raw=GET  HTTP/1.1"),
            ("GET / HTTP/11", "raw=GET / HTTP/11"),
            ("SSH-2.0-OpenSSH_9.2p1 Debian", "raw=SSH-2.0-OpenSSH_9.2p1 Debian"),
            ("\\x16\\x03\\x01", "raw=\\x16\\x03\\x01"),
            (
                "ABCDEFGHIJKLMNOPQRSTU / HTTP/1.1",
                "raw=ABCDEFGHIJKLMNOPQRSTU / HTTP/1.1",
            ),
        ] {
            assert_eq!(
                converted("http_request", "raw", text).as_deref(),
                Some(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn urls() {
        for (text, expected) in [
            ("/a/b", "u=/a/b url.path=/a/b"),
            ("/a?b=1#c", "u=/a?b=1#c url.path=/a url.query=b=1"),
            (
                "https://me:pw@shop.example.com:8443/cart?item=0#top",
                "u=https://me:pw@shop.example.com:8443/cart?item=0#top url.path=/cart url.query=item=0 \
                 url.scheme=https url.domain=shop.example.com url.port=8443",
            ),
            (
                "http://[::1]:9200",
                "u=http://[::1]:9200 url.scheme=http url.domain=[::1] url.port=9200",
            ),
            (
                "http://h?q",
                "u=http://h?q url.query=q url.scheme=http url.domain=h",
            ),
            ("null", "u=null url.path=null"),
            ("://x", "u=://x url.path=://x"),
        ] {
            assert_eq!(converted("url", "u", text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(converted("url", "u", ""), None);
    }
}
