use bumpalo::Bump;
use bumpalo::collections::Vec;

use super::text::unit;
use crate::event::Value;

/// A JSON value as a document may have it: bytes that are no UTF-8 become U+FFFD, and so does half a surrogate pair. What
/// needs no repair is not copied.
///
/// `raw` must be valid JSON but for its encoding: such bytes then stand in strings only.
pub(crate) fn repaired<'a>(raw: &'a [u8], arena: &'a Bump) -> &'a [u8] {
    let raw = match simdutf8::basic::from_utf8(raw) {
        Ok(_) => raw,
        Err(_) => lossy(raw, arena),
    };
    let Some(first) = lone_surrogate(raw, 0) else {
        return raw;
    };
    // As long as before: \ufffd for \ud800.
    let out = arena.alloc_slice_copy(raw);
    let mut next = Some(first);
    while let Some(at) = next {
        out[at..at + 6].copy_from_slice(b"\\ufffd");
        next = lone_surrogate(raw, at + 6);
    }
    out
}

/// The text with U+FFFD for what is no UTF-8.
pub(crate) fn lossy<'a>(raw: &[u8], arena: &'a Bump) -> &'a [u8] {
    // A byte becomes three at most.
    let mut out = Vec::with_capacity_in(raw.len() * 3, arena);
    for chunk in raw.utf8_chunks() {
        out.extend_from_slice_copy(chunk.valid().as_bytes());
        if !chunk.invalid().is_empty() {
            out.extend_from_slice_copy("\u{fffd}".as_bytes());
        }
    }
    out.into_bump_slice()
}

/// The first escape from `at` on that is half a surrogate pair. `at` must not be in the middle of an escape.
fn lone_surrogate(raw: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr::memchr(b'\\', raw.get(at..)?)?;
        at += match unit(&raw[at..]) {
            Some(0xd800..=0xdbff) => match raw.get(at + 6..).and_then(unit) {
                Some(0xdc00..=0xdfff) => 12,
                _ => return Some(at),
            },
            Some(0xdc00..=0xdfff) => return Some(at),
            Some(_) => 6,
            None => 2,
        };
    }
}

/// The text of a JSON string from behind its first quote on.
pub(crate) fn unescaped<'a>(text: &[u8], arena: &'a Bump) -> &'a [u8] {
    // Valid escapes are no shorter than what they stand for.
    let mut out = Vec::with_capacity_in(text.len(), arena);
    super::unescape(text, 0, |piece| out.extend_from_slice_copy(piece));
    out.into_bump_slice()
}

/// The number, if 64 bits hold it.
pub(crate) fn number<'a>(raw: &[u8], integer: bool) -> Option<Value<'a>> {
    let text = std::str::from_utf8(raw).ok()?;
    if integer {
        text.parse().ok().map(Value::Int)
    } else {
        text.parse()
            .ok()
            .filter(|x: &f64| x.is_finite())
            .map(Value::Float)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn halves_of_pairs_and_bytes_that_are_no_text_are_replaced() {
        let arena = Bump::new();
        for (raw, expected) in [
            (&br#"{"a":"\ud83d\udda8"}"#[..], r#"{"a":"\ud83d\udda8"}"#),
            (br#"["\ud800 \udc00\\ud800"]"#, r#"["\ufffd \ufffd\\ud800"]"#),
            (br#""\ud83d\ud83d\udda8""#, r#""\ufffd\ud83d\udda8""#),
            (b"\"a\xff\xc3(\"", "\"a\u{fffd}\u{fffd}(\""),
        ] {
            assert_eq!(std::str::from_utf8(repaired(raw, &arena)).unwrap(), expected);
        }
    }

    #[test]
    fn numbers_that_64_bits_do_not_hold_are_left() {
        assert_eq!(number(b"-9223372036854775808", true), Some(Value::Int(i64::MIN)));
        assert_eq!(number(b"9223372036854775808", true), None);
        assert_eq!(number(b"1.5e3", false), Some(Value::Float(1500.0)));
        assert_eq!(number(b"1e999", false), None);
    }

    proptest! {
        #[test]
        fn repaired_strings_are_read_by_everyone(parts in prop::collection::vec(prop_oneof![
            prop::sample::select(vec![&b"\\ud83d"[..], b"\\udda8", b"\\uD800", b"\\\\", b"\\n", b"\\\"", b"a", b"\\u0041"])
                .prop_map(<[u8]>::to_vec),
            prop::collection::vec(0x20u8..=0xff, 1..3)
                .prop_filter("quotes and backslashes", |bytes| !bytes.contains(&b'"') && !bytes.contains(&b'\\')),
        ], 0..12)) {
            let raw = [b"\"".to_vec(), parts.concat(), b"\"".to_vec()].concat();
            let arena = Bump::new();
            let read: Result<String, _> = serde_json::from_slice(repaired(&raw, &arena));
            prop_assert!(read.is_ok(), "{:?}", read);
            // And they say what unescaping says.
            let text = unescaped(&raw[1..], &arena);
            prop_assert_eq!(read.unwrap(), String::from_utf8_lossy(text));
        }
    }
}
