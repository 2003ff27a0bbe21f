//! logfmt lines: `time=2026-11-22T17:28:30Z level=info msg="order \"placed\"" retry key=`
//! (<https://brandur.org/logfmt>; the quoting is Go's, as logrus, slog and go-kit write it).

use bumpalo::Bump;
use bumpalo::collections::Vec;
use memchr::{memchr, memchr2};

use super::Mismatch;
use super::rule::{Extras, FEW, Found, NodeId, Places, Rule, TooMany};
use crate::event;
use crate::pattern::Scene;

const PAIR: &str = "`key=value`";

/// Reads a line of pairs, which must begin with one, or any text would be such a line. A word without `=` is a flag, and
/// true, where the pipeline names it; any other may be of a sentence that nobody has quoted, and makes the whole line the
/// message, unless the line has one. A quote that is not closed, or more than [`crate::limits::EXTRAS_MAX`] unknown keys, are a mismatch.
pub fn parse<'a>(rule: &Rule, text: &'a [u8], scene: &mut Scene<'a, '_>) -> Result<(), Mismatch> {
    let mut few = [0; FEW];
    let mut places = Places::new(rule.paths(), &mut few, scene.arena);
    let mut extras = Extras::new(scene);
    let mut pairs = Pairs { text, at: 0 };
    let mut first = true;
    let mut has_words = false;
    loop {
        let at = pairs.at;
        let result = match pairs.next(scene.arena) {
            Ok(Some((_, Value::Flag))) if first => Err(Mismatch { at, expected: PAIR }),
            Ok(Some((key, Value::Flag))) if rule.member(NodeId::ROOT, key).path.is_none() => {
                has_words = true;
                Ok(())
            }
            Ok(Some((key, value))) => {
                let found = match value {
                    Value::Flag => Found::Text(b"true"),
                    Value::Text(text) => Found::Text(text),
                };
                let member = rule.member(NodeId::ROOT, key);
                match member.path {
                    Some(path) => {
                        places.put(path, found);
                        Ok(())
                    }
                    None => {
                        let key = (NodeId::ROOT, key);
                        rule.leave(key, member.otherwise, (found, false), &mut extras, scene)
                            .map_err(|TooMany| Mismatch::too_many_keys(at))
                    }
                }
            }
            Ok(None) if first => Err(Mismatch { at, expected: PAIR }),
            Ok(None) => {
                let result = rule.finish(&mut places, false, &mut extras, scene);
                if result.is_ok()
                    && has_words
                    && let Some(message) = rule.message()
                    && scene.fields.get(message).is_absent()
                {
                    scene.fields.set(message, event::Value::Text(text));
                }
                return result.map_err(|TooMany| Mismatch::too_many_keys(at));
            }
            Err(OpenQuote) => Err(Mismatch {
                at,
                expected: "a value whose quote is closed",
            }),
        };
        if result.is_err() {
            extras.undo(scene);
            return result;
        }
        first = false;
    }
}

/// A quoted value has no end.
#[derive(Debug, PartialEq, Eq)]
struct OpenQuote;

#[derive(Debug, PartialEq, Eq)]
enum Value<'a> {
    /// No `=`.
    Flag,
    /// Without quotes and escapes.
    Text(&'a [u8]),
}

struct Pairs<'a> {
    text: &'a [u8],
    /// The next byte to read.
    at: usize,
}

impl<'a> Pairs<'a> {
    fn next(&mut self, arena: &'a Bump) -> Result<Option<(&'a [u8], Value<'a>)>, OpenQuote> {
        let rest = &self.text[self.at..];
        let rest = rest.trim_ascii_start();
        if rest.is_empty() {
            return Ok(None);
        }
        let key_end = rest
            .iter()
            .position(|byte| *byte == b'=' || byte.is_ascii_whitespace())
            .unwrap_or(rest.len());
        let (key, rest) = rest.split_at(key_end);
        let (value, rest) = match rest {
            [b'=', b'"', quoted @ ..] => {
                let (text, rest) = unquote(quoted, arena).ok_or(OpenQuote)?;
                (Value::Text(text), rest)
            }
            [b'=', rest @ ..] => {
                let end = rest
                    .iter()
                    .position(u8::is_ascii_whitespace)
                    .unwrap_or(rest.len());
                (Value::Text(&rest[..end]), &rest[end..])
            }
            _ => (Value::Flag, rest),
        };
        self.at = self.text.len() - rest.len();
        Ok(Some((key, value)))
    }
}

/// The text up to the closing quote, unescaped, and what follows the quote.
fn unquote<'a>(quoted: &'a [u8], arena: &'a Bump) -> Option<(&'a [u8], &'a [u8])> {
    let mut end = memchr2(b'"', b'\\', quoted)?;
    if quoted[end] == b'"' {
        return Some((&quoted[..end], &quoted[end + 1..]));
    }
    while quoted[end] == b'\\' {
        // Whatever is behind a backslash ends nothing.
        let from = end + 2;
        end = from + memchr2(b'"', b'\\', quoted.get(from..)?)?;
    }
    Some((unescape(&quoted[..end], arena), &quoted[end + 1..]))
}

/// Go's escapes (<https://go.dev/ref/spec#String_literals>). What is none stays as it is.
fn unescape<'a>(text: &[u8], arena: &'a Bump) -> &'a [u8] {
    // No escape is shorter than what it stands for.
    let mut out = Vec::with_capacity_in(text.len(), arena);
    let mut rest = text;
    while let Some(at) = memchr(b'\\', rest) {
        out.extend_from_slice_copy(&rest[..at]);
        rest = &rest[at..];
        let plain = match rest.get(1) {
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(b'a') => 0x07,
            Some(b'b') => 0x08,
            Some(b'v') => 0x0b,
            Some(b'f') => 0x0c,
            Some(&mark @ (b'"' | b'\'' | b'\\')) => mark,
            Some(&mark @ (b'x' | b'u' | b'U')) => {
                let len = match mark {
                    b'x' => 2,
                    b'u' => 4,
                    _ => 8,
                };
                match rest.get(2..2 + len).and_then(hex) {
                    Some(code) if mark == b'x' => out.push(code as u8),
                    Some(code) => {
                        let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                        out.extend_from_slice_copy(c.encode_utf8(&mut [0; 4]).as_bytes());
                    }
                    None => {
                        out.push(b'\\');
                        rest = &rest[1..];
                        continue;
                    }
                }
                rest = &rest[2 + len..];
                continue;
            }
            _ => {
                out.push(b'\\');
                rest = &rest[1..];
                continue;
            }
        };
        out.push(plain);
        rest = &rest[2..];
    }
    out.extend_from_slice_copy(rest);
    out.into_bump_slice()
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0u32, |code, &digit| {
        Some(code << 4 | char::from(digit).to_digit(16)?)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::event::Schema;
    use crate::format::rule::{Key, Rest, Take};
    use crate::format::tests::parsed;
    use crate::pattern::Kind;

    fn run(text: &[u8]) -> Option<Json> {
        let mut schema = Schema::default();
        let key = |source: &str, field: &str, take| Key {
            optional: false,
            source: source.into(),
            field: field.into(),
            take,
        };
        let keys = [
            key("ts", "@timestamp", Take::Kind(Kind::by_name("when").unwrap())),
            key("level", "log.level", Take::Plain),
            key("msg", "message", Take::Plain),
            key("http.status", "http.response.status_code", Take::Kind(Kind::Int)),
        ];
        let prefix = "labels.".to_owned();
        let rule = Rule::new(&keys, Rest::Keep { prefix }, &mut schema);
        parsed(&schema, |text, scene| parse(&rule, text, scene), text)
    }

    #[test]
    fn pairs_flags_and_quotes() {
        assert_eq!(
            run(br#"ts=2026-11-22T18:02:10.395Z level=WARN msg="say \"a=b\"\n\x1b\u00e9\U0001f5a8" http.status=200 retry k= a.b=c=d q="" "#),
            Some(json!({
                "@timestamp": "2026-11-22T18:02:10.395Z", "log.level": "WARN", "message": "say \"a=b\"\n\u{1b}é🖨",
                "http.response.status_code": 200, "labels.k": "", "labels.a.b": "c=d", "labels.q": "",
            }))
        );
    }

    #[test]
    fn words_of_a_sentence_are_no_fields() {
        assert_eq!(
            run(b"level=info user logged in from 10.0.0.1 id=5"),
            Some(json!({
                "log.level": "info", "labels.id": "5", "message": "level=info user logged in from 10.0.0.1 id=5",
            }))
        );
        assert_eq!(
            run(b"msg=a level"),
            Some(json!({"message": "a", "log.level": "true"}))
        );
    }

    #[test]
    fn the_last_of_equal_keys_counts() {
        assert_eq!(
            run(b"a=1 a=2 msg=x msg=y level="),
            Some(json!({"labels.a": "2", "message": "y"}))
        );
    }

    #[test]
    fn what_is_no_escape_stays() {
        assert_eq!(
            run(br#"msg="C:\dir \xfg \u12 \ud800 \8""#),
            Some(json!({"message": "C:\\dir \\xfg \\u12 \u{fffd} \\8"}))
        );
        assert_eq!(
            run(br#"msg="bad \xff\xfe""#),
            Some(json!({"message": "bad \u{fffd}\u{fffd}"}))
        );
    }

    #[test]
    fn other_lines_are_mismatches() {
        for line in [
            "",
            "  ",
            "text",
            "some text a=b",
            r#"msg="open"#,
            r#"msg="open \""#,
            r#"a=1 msg="open \"#,
        ] {
            assert_eq!(run(line.as_bytes()), None, "{line}");
        }
        // An empty key is odd, but loses nothing.
        assert_eq!(run(b"=x"), Some(json!({"labels._": "x"})));
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(parts in prop::collection::vec(prop_oneof![
            prop::sample::select(vec!["=", "\"", "\\", " ", "a", "msg=", "\\x", "\\u00e9", "\t", "ts="])
                .prop_map(|part| part.as_bytes().to_vec()),
            prop::collection::vec(any::<u8>(), 0..4),
        ], 0..16)) {
            let mut line = b"a=1 ".to_vec();
            line.extend(parts.concat());
            // Only a quote can be wrong behind the first pair.
            prop_assert!(run(&line).is_some() || line.contains(&b'"'));
        }

        #[test]
        fn what_go_quotes_is_read_back(text: String) {
            let quoted: String = text.chars().map(|c| match c {
                '"' | '\\' => format!("\\{c}"),
                '\n' => "\\n".to_owned(),
                c if (c as u32) < 0x20 => format!("\\x{:02x}", c as u32),
                c => c.to_string(),
            }).collect();
            let expected = if text.is_empty() { json!({"labels.k": ""}) } else { json!({"labels.k": "", "message": text}) };
            prop_assert_eq!(run(format!("k= msg=\"{quoted}\"").as_bytes()), Some(expected));
        }
    }
}
