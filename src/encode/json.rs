//! JSON text from bytes and numbers. This is where bytes become text: what is not UTF-8 is replaced by U+FFFD here
//! and nowhere before.

use super::page::Pen;
use super::plain::first_escape;

pub use super::decimal::write_int;

/// Appends `text` as a JSON string, quotes included; gives whether bytes had to be replaced because they were
/// not UTF-8.
#[inline(always)]
pub fn write_string(text: &[u8], pen: &mut Pen<'_>) -> bool {
    pen.byte(b'"');
    write_to_quote(text, pen)
}

/// [`write_string`] from behind the first quote.
#[inline(always)]
pub(super) fn write_to_quote(text: &[u8], pen: &mut Pen<'_>) -> bool {
    !pen.plain_to_quote(text) && pen.aside(|pen| write_any(text, pen))
}

/// A text that is not plain ASCII, and a quote.
#[cold]
fn write_any(text: &[u8], pen: &mut Pen<'_>) -> bool {
    let replaced = write_text(text, pen);
    pen.byte(b'"');
    replaced
}

fn write_text(text: &[u8], pen: &mut Pen<'_>) -> bool {
    if let Ok(valid) = simdutf8::basic::from_utf8(text) {
        write_escaped(valid.as_bytes(), pen);
        return false;
    }
    for chunk in text.utf8_chunks() {
        write_escaped(chunk.valid().as_bytes(), pen);
        if !chunk.invalid().is_empty() {
            pen.slice("\u{FFFD}".as_bytes());
        }
    }
    true
}

/// Valid UTF-8 with quotes, backslashes and control characters escaped (RFC 8259, section 7).
fn write_escaped(text: &[u8], pen: &mut Pen<'_>) {
    let mut rest = text;
    while let Some(at) = first_escape(rest) {
        pen.copy(&rest[..at]);
        match rest[at] {
            b'"' => pen.slice(b"\\\""),
            b'\\' => pen.slice(b"\\\\"),
            b'\n' => pen.slice(b"\\n"),
            b'\t' => pen.slice(b"\\t"),
            b'\r' => pen.slice(b"\\r"),
            control => {
                let digit = |nibble: u8| HEX[usize::from(nibble)];
                pen.slice(&[b'\\', b'u', b'0', b'0', digit(control >> 4), digit(control & 15)]);
            }
        }
        rest = &rest[at + 1..];
    }
    pen.copy(rest);
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends a number; what JSON cannot say (NaN, infinities) becomes `null`.
pub fn write_float(number: f64, pen: &mut Pen<'_>) {
    if number.is_finite() {
        pen.copy(zmij::Buffer::new().format_finite(number).as_bytes());
    } else {
        pen.slice(b"null");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::encode::Page;

    fn string(text: &[u8]) -> (String, bool) {
        let mut page = Page::default();
        let replaced = page.write(|pen| write_string(text, pen));
        (String::from_utf8(page.text().to_vec()).unwrap(), replaced)
    }

    #[test]
    fn what_json_reserves_is_escaped() {
        assert_eq!(string(br#"GET "/a\b""#).0, r#""GET \"/a\\b\"""#);
        assert_eq!(string(b"a\tb\x00\x1b[0m\r\n").0, r#""a\tb\u0000\u001b[0m\r\n""#);
        assert_eq!(string(b"").0, r#""""#);
    }

    #[test]
    fn a_special_byte_is_found_wherever_it_stands() {
        for length in 1..80 {
            for place in 0..length {
                let mut text = vec![b'a'; length];
                text[place] = b'"';
                let plain = |length| "a".repeat(length);
                let expected = format!("\"{}\\\"{}\"", plain(place), plain(length - place - 1));
                assert_eq!(string(&text), (expected, false));
            }
        }
    }

    #[test]
    fn bad_utf8_is_replaced_and_said() {
        assert_eq!(string("Łódź".as_bytes()), ("\"Łódź\"".into(), false));
        assert_eq!(
            string(b"12345678\xff\xfe9"),
            ("\"12345678\u{FFFD}\u{FFFD}9\"".into(), true)
        );
    }

    proptest! {
        #[test]
        fn serde_json_reads_it_back(text in proptest::collection::vec(
            prop_oneof![8 => b' '..=b'~', 1 => any::<u8>()], 0..80,
        )) {
            let read: String = serde_json::from_str(&string(&text).0).unwrap();
            prop_assert_eq!(read, String::from_utf8_lossy(&text));
        }

        #[test]
        fn any_text_is_what_serde_json_writes(text in "[ -Z\\x00-\\x1fłß日]{0,60}") {
            // It has short forms of two escapes more.
            let expected = serde_json::to_string(&text).unwrap().replace("\\b", "\\u0008").replace("\\f", "\\u000c");
            prop_assert_eq!(string(text.as_bytes()), (expected, false));
        }

        #[test]
        fn plain_text_is_copied(text in "[ -~]{0,40}") {
            prop_assert_eq!(string(text.as_bytes()).0, serde_json::to_string(&text).unwrap());
        }

        #[test]
        fn numbers_keep_their_value(number in any::<f64>()) {
            let mut page = Page::default();
            page.write(|pen| write_float(number, pen));
            let text = std::str::from_utf8(page.text()).unwrap();
            prop_assert!(serde_json::from_str::<serde_json::Value>(text).is_ok());
            prop_assert_eq!(text.parse().ok(), number.is_finite().then_some(number));
        }
    }
}
