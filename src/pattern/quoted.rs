//! Text in double quotes, with backslash escapes.

use bumpalo::Bump;
use bumpalo::collections::Vec;

use super::{Read, fail};
use crate::block::{self, Block};

/// A quoted text without its quotes. It holds escapes if the second part says so; [`unescape`] resolves them.
/// It ends on its own line.
#[inline]
pub(super) fn quoted(input: &[u8]) -> Read<'_, (&[u8], bool)> {
    let [b'"', body @ ..] = input else {
        return fail();
    };
    let mut escaped = false;
    let mut at = 0;
    let marks = |block: Block| block.is(b'"') | block.is(b'\\') | block.is(b'\n');
    while let Some(place) = block::find(body, at, marks) {
        at = place;
        match body[at] {
            b'"' => return Ok((&body[at + 1..], (&body[..at], escaped))),
            // The byte behind the backslash is no end of the text, but it may be the end of the line.
            b'\\' if body.get(at + 1) != Some(&b'\n') => {
                escaped = true;
                at += 2;
            }
            _ => break,
        }
    }
    fail()
}

/// The text with its escapes resolved: `\"` `\\` `\/` `\n` `\t` `\r` `\b` `\f` `\xHH` `\uXXXX` (surrogate pairs
/// too). A lone surrogate becomes U+FFFD; an escape that is none of these stays as it is.
pub(super) fn unescape<'a>(text: &[u8], arena: &'a Bump) -> &'a [u8] {
    // No escape is shorter than what it stands for.
    let mut out = Vec::with_capacity_in(text.len(), arena);
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        let escape = &rest[at..];
        let length = match escape.get(1) {
            Some(b'u') => unicode(escape, &mut out),
            Some(b'x') => byte(escape, &mut out),
            Some(&letter) => plain(letter, &mut out),
            None => 0,
        };
        if length == 0 {
            out.push(b'\\');
        }
        rest = &escape[length.max(1)..];
    }
    out.extend_from_slice(rest);
    out.into_bump_slice()
}

/// Resolves a backslash and one letter; how many bytes that took, 0 if it is no such escape.
fn plain(letter: u8, out: &mut Vec<'_, u8>) -> usize {
    let byte = match letter {
        b'"' | b'\\' | b'/' => letter,
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'b' => 0x08,
        b'f' => 0x0c,
        _ => return 0,
    };
    out.push(byte);
    2
}

/// Resolves `\xHH`.
fn byte(escape: &[u8], out: &mut Vec<'_, u8>) -> usize {
    let Some(value) = escape.get(2..4).and_then(hex) else {
        return 0;
    };
    // Two hexadecimal digits are one byte.
    out.push(value as u8);
    4
}

/// Resolves `\uXXXX`, and the second half of a surrogate pair with it.
fn unicode(escape: &[u8], out: &mut Vec<'_, u8>) -> usize {
    let unit = |from: usize| escape.get(from..from + 4).and_then(hex);
    let Some(first) = unit(2) else {
        return 0;
    };
    let (code, length) = match (first, escape.get(6..8), unit(8)) {
        (0xd800..=0xdbff, Some(b"\\u"), Some(second @ 0xdc00..=0xdfff)) => {
            (0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00), 12)
        }
        _ => (first, 6),
    };
    let letter = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
    length
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, &byte| {
        let digit = char::from(byte).to_digit(16)?;
        Some(value << 4 | digit)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_quoted_text_ends_at_its_quote() {
        for (text, expected) in [
            (r#""a b" c"#, Some(("a b", false, " c"))),
            (r#""""#, Some(("", false, ""))),
            (r#""a\"b"c"#, Some((r#"a\"b"#, true, "c"))),
            (r#""a\\"b"#, Some((r"a\\", true, "b"))),
            (r#""a"#, None),
            (r#""a\"#, None),
            (r#""a\""#, None),
            ("\"a\nb\"", None),
            ("\"a\\\nb\"", None),
            ("a", None),
            ("", None),
        ] {
            let found = quoted(text.as_bytes()).ok();
            let expected =
                expected.map(|(body, escaped, rest)| (rest.as_bytes(), (body.as_bytes(), escaped)));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn escapes_are_resolved() {
        let arena = Bump::new();
        for (text, expected) in [
            (r#"a \"b\" \\ c"#, &b"a \"b\" \\ c"[..]),
            (r"\n\t\r\/", b"\n\t\r/"),
            (r"\x41\xff", b"A\xff"),
            (r"\xZZ\x4", br"\xZZ\x4"),
            (r"\u0041\u00e9", "Aé".as_bytes()),
            (r"\ud83d\ude00!", "😀!".as_bytes()),
            (r"\ud83d!", "\u{fffd}!".as_bytes()),
            (r"\ud83d\u0041", "\u{fffd}A".as_bytes()),
            (r"\u12", br"\u12"),
            (r"C:\q\", br"C:\q\"),
        ] {
            assert_eq!(unescape(text.as_bytes(), &arena), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_was_escaped_comes_back(text in "(?s).{0,40}") {
            let json = serde_json::to_string(&text).unwrap();
            let (rest, (body, escaped)) = quoted(json.as_bytes()).unwrap();
            prop_assert!(rest.is_empty());
            prop_assert_eq!(escaped, body.contains(&b'\\'));
            let arena = Bump::new();
            prop_assert_eq!(unescape(body, &arena), text.as_bytes());
        }

        #[test]
        fn unescaping_never_grows(text: std::vec::Vec<u8>) {
            let arena = Bump::new();
            prop_assert!(unescape(&text, &arena).len() <= text.len());
        }
    }
}
