use memchr::memchr2;

/// U+FFFD in UTF-8: stands for an escape that says nothing.
const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

/// Hands the text of a JSON string to `put`, piece by piece and unescaped: `text[from..]` up to the closing
/// quote. Returns the quote's position, or `None` where the text ends without one (all of it was put then).
///
/// A backslash that begins no escape becomes U+FFFD and what follows it stays; so does half a surrogate pair.
/// No piece is longer than what it stands for, except that U+FFFD of a stray backslash (3 bytes for 1).
pub(crate) fn unescape(text: &[u8], from: usize, mut put: impl FnMut(&[u8])) -> Option<usize> {
    let mut at = from;
    while let Some(found) = memchr2(b'"', b'\\', text.get(at..)?) {
        put(&text[at..at + found]);
        at += found;
        if text[at] == b'"' {
            return Some(at);
        }
        at += escape(&text[at..], &mut put);
    }
    put(&text[at..]);
    None
}

/// Puts what the escape at the start of `text` (its backslash) stands for, and returns its length in bytes.
fn escape(text: &[u8], put: &mut impl FnMut(&[u8])) -> usize {
    let plain: &[u8] = match text.get(1) {
        Some(b'"') => b"\"",
        Some(b'\\') => b"\\",
        Some(b'/') => b"/",
        Some(b'n') => b"\n",
        Some(b't') => b"\t",
        Some(b'r') => b"\r",
        Some(b'b') => b"\x08",
        Some(b'f') => b"\x0c",
        Some(b'u') => return unicode_escape(text, put),
        _ => {
            put(REPLACEMENT);
            return 1;
        }
    };
    put(plain);
    2
}

fn unicode_escape(text: &[u8], put: &mut impl FnMut(&[u8])) -> usize {
    let Some(unit) = unit(text) else {
        put(REPLACEMENT);
        return 1;
    };
    let pair = match unit {
        0xd800..=0xdbff => text
            .get(6..)
            .and_then(self::unit)
            .filter(|low| (0xdc00..=0xdfff).contains(low)),
        _ => None,
    };
    let (code, len) = match pair {
        Some(low) => (0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00), 12),
        None => (unit, 6),
    };
    match char::from_u32(code) {
        Some(c) => put(c.encode_utf8(&mut [0; 4]).as_bytes()),
        None => put(REPLACEMENT),
    }
    len
}

/// The UTF-16 unit of the `\uXXXX` at the start of `text`.
pub(crate) fn unit(text: &[u8]) -> Option<u32> {
    let [b'\\', b'u', digits @ ..] = text else {
        return None;
    };
    let digits = digits.get(..4)?;
    digits.iter().try_fold(0, |unit, &digit| {
        Some(unit << 4 | char::from(digit).to_digit(16)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unescaped(text: &str) -> (String, Option<usize>) {
        let mut out = Vec::new();
        let end = unescape(text.as_bytes(), 0, |piece| out.extend_from_slice(piece));
        (String::from_utf8(out).unwrap(), end)
    }

    #[test]
    fn every_escape_is_read() {
        assert_eq!(
            unescaped(r#"a\"b\\c\/d\n\t\r\b\f"x"#),
            ("a\"b\\c/d\n\t\r\u{8}\u{c}".into(), Some(20))
        );
        assert_eq!(
            unescaped(r#"\u00e9\uD83D\uDDA8\u2028"#),
            ("é🖨\u{2028}".into(), None)
        );
    }

    #[test]
    fn what_says_nothing_is_replaced_and_not_lost() {
        assert_eq!(unescaped(r"\ud800x").0, "\u{fffd}x");
        assert_eq!(unescaped(r"\udc00\ud800\ud83d\udda8").0, "\u{fffd}\u{fffd}🖨");
        assert_eq!(
            unescaped(r"\x41\u12g4\u+123").0,
            "\u{fffd}x41\u{fffd}u12g4\u{fffd}u+123"
        );
        assert_eq!(unescaped("\\").0, "\u{fffd}");
    }

    proptest! {
        #[test]
        fn what_serde_wrote_is_read_back(text: String) {
            let written = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(unescaped(&written[1..]), (text, Some(written.len() - 2)));
        }

        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..64), from in 0usize..70) {
            let mut put = 0;
            let end = unescape(&bytes, from, |piece| put += piece.len());
            prop_assert!(put <= 3 * bytes.len());
            prop_assert!(end.is_none_or(|end| bytes[end] == b'"'));
        }
    }
}
