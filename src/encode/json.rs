//! JSON text from bytes and numbers, written into one buffer. This is where bytes become text: what is not
//! UTF-8 is replaced by U+FFFD here and nowhere before.

/// Appends `text` as a JSON string, quotes included; gives whether bytes had to be replaced because they were
/// not UTF-8.
///
/// Runs of bytes that need nothing are found eight at a time and copied whole.
pub fn write_string(text: &[u8], out: &mut Vec<u8>) -> bool {
    out.push(b'"');
    let clean = clean_ascii(text);
    out.extend_from_slice(&text[..clean]);
    let replaced = if clean < text.len() {
        write_rest(&text[clean..], out)
    } else {
        false
    };
    out.push(b'"');
    replaced
}

/// The part of a string from its first byte that is not plain ASCII text.
#[cold]
fn write_rest(text: &[u8], out: &mut Vec<u8>) -> bool {
    if let Ok(valid) = simdutf8::basic::from_utf8(text) {
        write_escaped(valid.as_bytes(), out);
        return false;
    }
    for chunk in text.utf8_chunks() {
        write_escaped(chunk.valid().as_bytes(), out);
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{FFFD}".as_bytes());
        }
    }
    true
}

/// Valid UTF-8 with quotes, backslashes and control characters escaped (RFC 8259, section 7).
fn write_escaped(text: &[u8], out: &mut Vec<u8>) {
    let mut from = 0;
    for (at, &byte) in text.iter().enumerate() {
        let escape: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\t' => b"\\t",
            b'\r' => b"\\r",
            0..0x20 => {
                out.extend_from_slice(&text[from..at]);
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
                from = at + 1;
                continue;
            }
            _ => continue,
        };
        out.extend_from_slice(&text[from..at]);
        out.extend_from_slice(escape);
        from = at + 1;
    }
    out.extend_from_slice(&text[from..]);
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// How many leading bytes of `text` can stand in a JSON string as they are.
fn clean_ascii(text: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    /// The high bit of each byte of `word` that is zero (and perhaps of bytes above such a one).
    fn zeros(word: u64) -> u64 {
        word.wrapping_sub(ONES) & !word & HIGHS
    }

    let mut at = 0;
    let (words, _) = text.as_chunks::<8>();
    for bytes in words {
        let word = u64::from_le_bytes(*bytes);
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        let special = control
            | zeros(word ^ (ONES * u64::from(b'"')))
            | zeros(word ^ (ONES * u64::from(b'\\')))
            | (word & HIGHS);
        if special != 0 {
            // A borrow can only mark bytes above the first true one, so the lowest mark is right.
            return at + special.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    at + text[at..]
        .iter()
        .position(|&byte| !(0x20..0x80).contains(&byte) || byte == b'"' || byte == b'\\')
        .unwrap_or(text.len() - at)
}

pub fn write_int(number: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Appends a number; what JSON cannot say (NaN, infinities) becomes `null`.
pub fn write_float(number: f64, out: &mut Vec<u8>) {
    if number.is_finite() {
        out.extend_from_slice(zmij::Buffer::new().format_finite(number).as_bytes());
    } else {
        out.extend_from_slice(b"null");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn string(text: &[u8]) -> (String, bool) {
        let mut out = Vec::new();
        let replaced = write_string(text, &mut out);
        (String::from_utf8(out).unwrap(), replaced)
    }

    #[test]
    fn what_json_reserves_is_escaped() {
        assert_eq!(string(br#"GET "/a\b""#).0, r#""GET \"/a\\b\"""#);
        assert_eq!(string(b"a\tb\x00\x1b[0m\r\n").0, r#""a\tb\u0000\u001b[0m\r\n""#);
        assert_eq!(string(b"").0, r#""""#);
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
        fn serde_json_reads_it_back(text in proptest::collection::vec(any::<u8>(), 0..80)) {
            let read: String = serde_json::from_str(&string(&text).0).unwrap();
            prop_assert_eq!(read, String::from_utf8_lossy(&text));
        }

        #[test]
        fn plain_text_is_copied(text in "[ -~]{0,40}") {
            prop_assert_eq!(string(text.as_bytes()).0, serde_json::to_string(&text).unwrap());
        }

        #[test]
        fn numbers_keep_their_value(number in any::<f64>()) {
            let mut out = Vec::new();
            write_float(number, &mut out);
            let text = String::from_utf8(out).unwrap();
            prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
            prop_assert_eq!(text.parse().ok(), number.is_finite().then_some(number));
        }
    }
}
