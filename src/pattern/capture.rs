use super::kind::{Kind, is_white};
use super::level::{capitals, level, level_tens};
use super::list;
use super::net::{EndpointFields, endpoint, ip};
use super::number::{float, hex, int};
use super::octets::{hex_text, octets};
use super::quoted::{quoted, unescape};
use super::scene::{Keep, Nothing, Scene};
use super::scopes::scopes;
use super::unit::{duration, elapsed, size};
use super::web::{RequestFields, TargetFields, UrlFields, http_version, request, request_target, url};
use super::{Clock, Read, fail};
use crate::event::{FieldId, Schema, Value};

/// One changing part of a line: its kind, and the fields that it sets.
///
/// A pattern has captures between its literals; one alone converts a value that was found in some other way, as
/// in a JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capture {
    kind: Kind,
    targets: Targets,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Targets {
    /// `{_}`: the value is checked, not kept.
    Nothing,
    Field(FieldId),
    Request(RequestFields),
    Target(TargetFields),
    Url(UrlFields),
    Endpoint(EndpointFields),
}

impl Kind {
    /// How many bytes a value of this kind takes from the beginning of `text`; `None` where there is none, and for
    /// kinds whose end the text behind them says.
    pub fn taken(self, text: &[u8], clock: &mut Clock) -> Option<usize> {
        if self.is_open() {
            return None;
        }
        let read = Capture::nameless(self).read(text, &mut Nothing { clock });
        read.ok().map(|(rest, _)| text.len() - rest.len())
    }
}

impl Capture {
    /// A capture of `kind` called `name`, with slots for all that it can set.
    pub fn new(kind: Kind, name: &str, schema: &mut Schema) -> Capture {
        let targets = match kind {
            Kind::HttpRequest => Targets::Request(RequestFields::new(name, schema)),
            Kind::RequestTarget => Targets::Target(TargetFields::new(name, schema)),
            Kind::Url => Targets::Url(UrlFields::new(name, schema)),
            Kind::Endpoint => Targets::Endpoint(EndpointFields::new(name, schema)),
            _ => Targets::Field(schema.intern(name)),
        };
        Capture { kind, targets }
    }

    /// A capture that keeps nothing.
    pub(super) fn nameless(kind: Kind) -> Capture {
        Capture {
            kind,
            targets: Targets::Nothing,
        }
    }

    /// The names of all fields that a capture of `kind` called `name` can set, each once.
    pub fn names(kind: Kind, name: &str) -> Vec<String> {
        let mut names: Vec<String> = match kind {
            Kind::HttpRequest => RequestFields::names(name).map(str::to_owned).into(),
            Kind::RequestTarget => TargetFields::names(name).map(str::to_owned).into(),
            Kind::Url => UrlFields::names(name).map(str::to_owned).into(),
            Kind::Endpoint => EndpointFields::names(name).into(),
            _ => vec![name.to_owned()],
        };
        // The capture's own name may be that of one of its parts: `{url.path:url}`.
        let mut at = 1;
        while at < names.len() {
            if names[..at].contains(&names[at]) {
                names.remove(at);
            } else {
                at += 1;
            }
        }
        names
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The fields that this capture can set.
    pub fn fields(&self) -> Vec<FieldId> {
        let mut fields = match self.targets {
            Targets::Nothing => Vec::new(),
            Targets::Field(field) => vec![field],
            Targets::Request(fields) => fields.all().into(),
            Targets::Target(fields) => fields.all().into(),
            Targets::Url(fields) => fields.all().into(),
            Targets::Endpoint(fields) => fields.all().into(),
        };
        fields.sort_unstable();
        fields.dedup();
        fields
    }

    /// Takes the whole of `text` as a value of this kind and sets the capture's fields. Where `text` is no such
    /// value the answer is false and nothing is set.
    pub fn convert<'a>(&self, text: &'a [u8], scene: &mut Scene<'a, '_>) -> bool {
        if self.kind.is_open() {
            return self.take(text, scene);
        }
        match self.read(text, scene) {
            Ok(([], value)) => {
                self.put(value, scene);
                true
            }
            _ => false,
        }
    }

    /// Takes a text whose end is known: what an open kind does. False where it is no value of the kind.
    #[inline]
    pub(super) fn take<'a>(&self, text: &'a [u8], keep: &mut impl Keep<'a>) -> bool {
        match self.kind {
            Kind::Trimmed => self.put(Value::Text(trim(text)), keep),
            Kind::Word => {
                if text.is_empty() || text.iter().copied().any(is_white) {
                    return false;
                }
                self.put(Value::Text(text), keep);
            }
            Kind::Octets => {
                let bytes = keep.arena().and_then(|arena| octets(text, arena));
                self.put(Value::Text(bytes.unwrap_or(text)), keep);
            }
            Kind::HexText => {
                let bytes = keep.arena().and_then(|arena| hex_text(text, arena));
                self.put(Value::Text(bytes.unwrap_or(text)), keep);
            }
            Kind::HttpRequest => {
                let fields = match self.targets {
                    Targets::Request(fields) => Some(fields),
                    _ => None,
                };
                request(text, fields, keep);
            }
            Kind::RequestTarget => {
                if let Targets::Target(fields) = self.targets {
                    request_target(text, fields, keep);
                }
            }
            Kind::Url => {
                let fields = match self.targets {
                    Targets::Url(fields) => Some(fields),
                    _ => None,
                };
                return url(text, fields, keep);
            }
            Kind::Endpoint => {
                let fields = match self.targets {
                    Targets::Endpoint(fields) => Some(fields),
                    _ => None,
                };
                return endpoint(text, fields, keep);
            }
            _ => self.put(Value::Text(text), keep),
        }
        true
    }

    /// The value of a closed kind at the beginning of `input`; sets nothing yet.
    #[inline(never)]
    pub(super) fn read<'a>(&self, input: &'a [u8], keep: &mut impl Keep<'a>) -> Read<'a, Value<'a>> {
        match self.kind {
            Kind::Int => int(input).map(|(rest, number)| (rest, Value::Int(number))),
            Kind::Float => float(input).map(|(rest, number)| (rest, Value::Float(number))),
            Kind::Hex => hex(input).map(|(rest, text)| (rest, Value::Text(text))),
            Kind::Ip => ip(input).map(|(rest, text)| (rest, Value::Text(text))),
            Kind::Level => level(input).map(|(rest, text)| (rest, Value::Text(text))),
            Kind::Capitals => capitals(input).map(|(rest, text)| (rest, Value::Text(text))),
            Kind::Quoted => {
                let (rest, (text, escaped)) = quoted(input)?;
                let text = match keep.arena() {
                    Some(arena) if escaped => unescape(text, arena),
                    _ => text,
                };
                Ok((rest, Value::Text(text)))
            }
            Kind::QuotedRaw => quoted(input).map(|(rest, (text, _))| (rest, Value::Text(text))),
            Kind::LevelTens => level_tens(input).map(|(rest, text)| (rest, Value::Text(text))),
            Kind::HttpVersion => http_version(input).map(|(rest, text)| (rest, Value::Text(text))),
            Kind::ListText => list::list_text(input).map(|(rest, text)| (rest, Value::Text(text))),
            Kind::List => {
                let (rest, text) = list::list(input)?;
                let value = match keep.arena() {
                    Some(arena) => Value::Json(list::as_json(text, arena)),
                    None => Value::Text(text),
                };
                Ok((rest, value))
            }
            Kind::Time(form) => form
                .read(input, keep.clock())
                .map(|(rest, at)| (rest, Value::Time(at))),
            Kind::Elapsed(unit) => elapsed(input, unit).map(|(rest, nanos)| (rest, Value::Int(nanos))),
            Kind::Duration => duration(input).map(|(rest, nanos)| (rest, Value::Int(nanos))),
            Kind::Size => size(input).map(|(rest, bytes)| (rest, Value::Int(bytes))),
            Kind::Scopes => scopes(input).map(|(rest, text)| (rest, Value::Text(text))),
            // The open kinds do not know where they end.
            Kind::Text
            | Kind::Trimmed
            | Kind::Word
            | Kind::Lines
            | Kind::Longest
            | Kind::Dotted
            | Kind::Octets
            | Kind::HexText
            | Kind::HttpRequest
            | Kind::RequestTarget
            | Kind::Url
            | Kind::Endpoint => fail(),
        }
    }

    #[inline]
    pub(super) fn put<'a>(&self, value: Value<'a>, keep: &mut impl Keep<'a>) {
        if let Targets::Field(field) = self.targets {
            keep.put(field, value);
        }
    }

    /// Whether a value that an optional capture found stands for "not there": nothing, or `-`.
    #[inline]
    pub(super) fn is_none(&self, text: &[u8]) -> bool {
        let text = match (self.kind, text) {
            (Kind::Trimmed, _) => trim(text),
            (Kind::Quoted | Kind::QuotedRaw, [b'"', inner @ .., b'"']) => inner,
            _ => text,
        };
        matches!(text, [] | [b'-'])
    }
}

/// Without spaces and tabs at both ends.
fn trim(text: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let from = text.iter().position(|byte| !blank(byte)).unwrap_or(text.len());
    let to = text
        .iter()
        .rposition(|byte| !blank(byte))
        .map_or(from, |last| last + 1);
    &text[from..to]
}

#[cfg(test)]
pub(super) mod tests {
    use bumpalo::Bump;

    use super::*;
    use crate::event::{Fields, Timestamp};
    use crate::pattern::Clock;

    /// `text` as the whole of a value of the kind called `kind`: `field=value` of all that it sets, in the order
    /// of the slots.
    pub fn converted(kind: &str, name: &str, text: &str) -> Option<String> {
        let mut schema = Schema::default();
        let capture = Capture::new(Kind::by_name(kind).unwrap(), name, &mut schema);
        let (arena, mut fields) = (Bump::new(), Fields::new(schema.len()));
        let mut clock = Clock::new(jiff::tz::TimeZone::UTC, Timestamp::from_millis(1_795_368_510_000));
        let matched = capture.convert(
            text.as_bytes(),
            &mut Scene {
                fields: &mut fields,
                clock: &mut clock,
                arena: &arena,
            },
        );
        let shown = crate::pattern::tests::show(&schema, &fields);
        if !matched {
            assert_eq!(shown, "");
        }
        matched.then_some(shown)
    }

    #[test]
    fn a_value_is_converted_as_a_whole() {
        for (kind, text, expected) in [
            ("int", "200", Some("x=200")),
            ("int", "200 ", None),
            ("float", "1.5", Some("x=1.5")),
            ("word", "a-b", Some("x=a-b")),
            ("word", "a b", None),
            ("word", "", None),
            ("text", "", Some("x=")),
            ("trimmed", " \ta b ", Some("x=a b")),
            ("trimmed", "  ", Some("x=")),
            ("lines", "a\nb", Some("x=a\nb")),
            ("level", "WARN", Some("x=WARN")),
            ("level", "WARN1", None),
            ("capitals", "WARN", Some("x=WARN")),
            ("capitals", "Warn", None),
            ("capitals", "", None),
            ("hex", "00ff", Some("x=00ff")),
            ("ip", "::1", Some("x=::1")),
            ("ip", "::1 ", None),
            ("quoted", r#""a\tb""#, Some("x=a\tb")),
            ("quoted", r#""a"b"#, None),
            ("when", "1795368510", Some("x=2026-11-22T17:28:30Z")),
            ("epoch_ms", "1795368510123", Some("x=2026-11-22T17:28:30.123Z")),
            ("seconds", "5.1e-05", Some("x=51000")),
            ("duration", "1.5 ms", Some("x=1500000")),
            ("size", "2kB", Some("x=2000")),
        ] {
            assert_eq!(converted(kind, "x", text).as_deref(), expected, "{kind} {text}");
        }
    }

    #[test]
    fn the_fields_are_those_that_the_names_say() {
        for kind in Kind::names() {
            let mut schema = Schema::default();
            let kind = Kind::by_name(kind).unwrap();
            let capture = Capture::new(kind, "url.path", &mut schema);
            let mut names: Vec<&str> = capture
                .fields()
                .into_iter()
                .map(|field| schema.name(field))
                .collect();
            let mut expected = Capture::names(kind, "url.path");
            names.sort_unstable();
            expected.sort_unstable();
            assert_eq!(names, expected);
        }
        assert!(Capture::nameless(Kind::Url).fields().is_empty());
    }
}
