//! JSON text from bytes and numbers, written into one buffer. This is where bytes become text: what is not
//! UTF-8 is replaced by U+FFFD here and nowhere before.

/// Appends `text` as a JSON string, quotes included; gives whether bytes had to be replaced because they were
/// not UTF-8.
pub fn write_string(text: &[u8], out: &mut Vec<u8>) -> bool {
    out.push(b'"');
    let copied = copy_plain::<ASCII>(text, out);
    let replaced = copied < text.len() && write_rest(&text[copied..], out);
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
    let mut rest = text;
    loop {
        let copied = copy_plain::<UTF8>(rest, out);
        let Some((&byte, behind)) = rest[copied..].split_first() else {
            return;
        };
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\r' => out.extend_from_slice(b"\\r"),
            control => {
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(control >> 4)]);
                out.push(HEX[usize::from(control & 15)]);
            }
        }
        rest = behind;
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// What can stand in a JSON string as it is, as the last byte that can: of text that may be anything,
const ASCII: u8 = 0x7f;
/// and of text that is known to be UTF-8.
const UTF8: u8 = 0xff;

/// Bytes that are looked at and copied at once. Blocks of a length that the compiler knows become a few vector
/// instructions, where the usual short value would cost a call to copy it and a loop to look at it.
const BLOCK: usize = 32;

/// Appends the beginning of `text` up to the first byte that needs something, and gives its length.
#[inline]
fn copy_plain<const LAST: u8>(text: &[u8], out: &mut Vec<u8>) -> usize {
    let (blocks, _) = text.as_chunks::<BLOCK>();
    let mut at = 0;
    for block in blocks {
        if !is_plain::<LAST>(block) {
            return at + copy_until::<LAST>(block, out);
        }
        out.extend_from_slice(block);
        at += BLOCK;
    }
    let (words, _) = text[at..].as_chunks::<8>();
    for word in words {
        if !is_plain_word::<LAST>(*word) {
            return at + copy_until::<LAST>(word, out);
        }
        out.extend_from_slice(word);
        at += 8;
    }
    let rest = &text[at..];
    let word = last_word(text, rest.len());
    if !is_plain_word::<LAST>(word) {
        return at + copy_until::<LAST>(rest, out);
    }
    let len = out.len() + rest.len();
    out.extend_from_slice(&word);
    out.truncate(len);
    text.len()
}

#[cold]
fn copy_until<const LAST: u8>(text: &[u8], out: &mut Vec<u8>) -> usize {
    let length = text
        .iter()
        .position(|byte| is_special::<LAST>(*byte))
        .unwrap_or(text.len());
    out.extend_from_slice(&text[..length]);
    length
}

fn is_special<const LAST: u8>(byte: u8) -> bool {
    (byte < 0x20) | (byte > LAST) | (byte == b'"') | (byte == b'\\')
}

/// Whether all of a block can stand in a JSON string as they are.
#[inline]
fn is_plain<const LAST: u8>(block: &[u8; BLOCK]) -> bool {
    // Without a branch for each byte.
    !block
        .iter()
        .fold(false, |any, byte| any | is_special::<LAST>(*byte))
}

/// The same of eight bytes, which the compiler would take one by one.
#[inline]
fn is_plain_word<const LAST: u8>(bytes: [u8; 8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let word = u64::from_le_bytes(bytes);
    // The high bit of a byte: it is below `limit`, or a byte before it is.
    let below = |word: u64, limit: u8| word.wrapping_sub(ONES * u64::from(limit)) & !word & HIGHS;
    let is = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    let beyond = if LAST == ASCII { word & HIGHS } else { 0 };
    below(word, 0x20) | is(b'"') | is(b'\\') | beyond == 0
}

/// The last `length` bytes of `text`, below 8, and spaces behind them: read as one or two overlapping numbers, not
/// byte by byte.
#[inline]
fn last_word(text: &[u8], length: usize) -> [u8; 8] {
    const SPACES: u64 = u64::from_le_bytes([b' '; 8]);
    let bits = 8 * length as u32;
    let rest = &text[text.len() - length..];
    let word = if let Some(last) = text.last_chunk::<8>() {
        // What stands before the rest is shifted out; of nothing, all is.
        u64::from_le_bytes(*last).checked_shr(64 - bits).unwrap_or(0)
    } else if let (Some(first), Some(last)) = (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << (bits - 32)
    } else if let [first, .., last] = rest {
        u64::from(*first) | u64::from(rest[length / 2]) << (8 * (length / 2)) | u64::from(*last) << (bits - 8)
    } else {
        rest.first().copied().map_or(0, u64::from)
    };
    (word | SPACES.checked_shl(bits).unwrap_or(0)).to_le_bytes()
}

pub fn write_int(number: i64, out: &mut Vec<u8>) {
    let mut buffer = itoa::Buffer::new();
    // Digits are plain: this copies them without a call.
    copy_plain::<ASCII>(buffer.format(number).as_bytes(), out);
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
