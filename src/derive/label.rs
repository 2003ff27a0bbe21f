//! Label values as Prometheus may see them: UTF-8, no control characters, not long, escaped.

use super::keyed_hash::KeyedHash;
use crate::limits::LABEL_BYTES_MAX;

/// What stands for the values that have no series of their own.
pub(super) const OTHER: &[u8] = b"other";

/// What stands for bytes that are no text and for control characters.
const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;

/// Appends `value` repaired, cut at [`LABEL_BYTES_MAX`] bytes at a character's border, and escaped for the
/// space between two quotes. Looks at no more than the first `LABEL_BYTES_MAX` bytes of `value`.
pub(super) fn write_value(value: &[u8], out: &mut Vec<u8>) {
    let (value, cut) = match value.get(..LABEL_BYTES_MAX) {
        Some(head) => (head, true),
        None => (value, false),
    };
    // Without an early end, so that it is done sixteen bytes at a time.
    if value.iter().fold(true, |all, &byte| all & plain(byte)) {
        out.extend_from_slice(value);
        return;
    }
    let mut room = LABEL_BYTES_MAX;
    let mut chunks = value.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        for c in chunk.valid().chars() {
            if !write_char(if c.is_control() { REPLACEMENT } else { c }, &mut room, out) {
                return;
            }
        }
        // A character that the cut went through is left out, not repaired.
        let torn = cut && chunks.peek().is_none();
        if !chunk.invalid().is_empty() && !torn && !write_char(REPLACEMENT, &mut room, out) {
            return;
        }
    }
}

/// Printable ASCII that needs no escape.
fn plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'
}

/// Appends `c` if it fits into the `room` that is left, in bytes before escaping.
fn write_char(c: char, room: &mut usize, out: &mut Vec<u8>) -> bool {
    let Some(left) = room.checked_sub(c.len_utf8()) else {
        return false;
    };
    *room = left;
    if c == '"' || c == '\\' {
        out.push(b'\\');
    }
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    true
}

/// The text of a series' labels, with gaps for what the event says: `service="shop",method="…",status="…"`.
#[derive(Debug)]
pub(super) struct LabelText {
    pieces: Vec<Piece>,
}

#[derive(Debug)]
enum Piece {
    Text(Vec<u8>),
    /// The value at this index of the event's key, or its hash.
    Value(usize, Option<KeyedHash>),
}

/// What one label holds: a text known beforehand, or the value at an index of the event's key, or its hash.
pub(super) enum Content<'a> {
    Text(&'a str),
    Value(usize),
    Hash(usize, &'a KeyedHash),
}

impl<'a> Content<'a> {
    pub fn value(index: usize, hash: Option<&'a KeyedHash>) -> Self {
        match hash {
            None => Content::Value(index),
            Some(hash) => Content::Hash(index, hash),
        }
    }
}

impl LabelText {
    pub fn new<'a>(labels: impl IntoIterator<Item = (&'a str, Content<'a>)>) -> Self {
        let mut pieces = Vec::new();
        let mut text = Vec::new();
        for (name, content) in labels {
            if !(text.is_empty() && pieces.is_empty()) {
                text.push(b',');
            }
            text.extend_from_slice(name.as_bytes());
            text.extend_from_slice(b"=\"");
            let mut gap = |index, hash: Option<&KeyedHash>, text: &mut Vec<u8>| {
                pieces.push(Piece::Text(std::mem::take(text)));
                pieces.push(Piece::Value(index, hash.cloned()));
            };
            match content {
                Content::Text(value) => write_value(value.as_bytes(), &mut text),
                Content::Value(index) => gap(index, None, &mut text),
                Content::Hash(index, hash) => gap(index, Some(hash), &mut text),
            }
            text.push(b'"');
        }
        pieces.push(Piece::Text(text));
        LabelText { pieces }
    }

    /// Appends the text; `value` appends the escaped value at an index, or its hash.
    pub fn write(&self, out: &mut Vec<u8>, mut value: impl FnMut(usize, Option<&KeyedHash>, &mut Vec<u8>)) {
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text),
                Piece::Value(index, hash) => value(*index, hash.as_ref(), out),
            }
        }
    }

    /// The series that takes what exceeds the budget: every value that an event gives is `other`.
    pub fn other(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out, |_, _, out| out.extend_from_slice(OTHER));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn clean(value: &[u8]) -> String {
        let mut out = Vec::new();
        write_value(value, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_stays_and_what_would_break_the_line_does_not() {
        assert_eq!(clean("/käse".as_bytes()), "/käse");
        assert_eq!(clean(br#"a"b\c"#), r#"a\"b\\c"#);
        assert_eq!(clean(b"a\nb\0c\x7f"), "a\u{fffd}b\u{fffd}c\u{fffd}");
        assert_eq!(clean(b"a\xffb\xd0"), "a\u{fffd}b\u{fffd}");
    }

    #[test]
    fn the_cut_is_at_a_border() {
        let long = format!("{}ä", "a".repeat(LABEL_BYTES_MAX - 1));
        assert_eq!(clean(long.as_bytes()), "a".repeat(LABEL_BYTES_MAX - 1));
        assert_eq!(clean(&[b'x'; 1000]).len(), LABEL_BYTES_MAX);
        // Quotes count as one byte each: what is cut must not depend on the escaping.
        assert_eq!(clean(&[b'"'; 1000]).len(), 2 * LABEL_BYTES_MAX);
        assert_eq!(clean(&[0xff; 1000]), "\u{fffd}".repeat(LABEL_BYTES_MAX / 3));
    }

    #[test]
    fn known_labels_are_part_of_the_text() {
        let labels = LabelText::new([
            ("service", Content::Text("shop")),
            ("method", Content::Value(1)),
            ("zone", Content::Text("a\"b")),
        ]);
        assert_eq!(labels.other(), br#"service="shop",method="other",zone="a\"b""#);
        let first = LabelText::new([("method", Content::Value(0)), ("status", Content::Value(1))]);
        assert_eq!(first.other(), br#"method="other",status="other""#);
        assert_eq!(LabelText::new([]).other(), b"");
    }

    proptest! {
        #[test]
        fn any_bytes_become_a_short_text(value in prop::collection::vec(any::<u8>(), 0..300)) {
            let text = clean(&value).replace("\\\"", "\"").replace("\\\\", "\\");
            prop_assert!(text.len() <= LABEL_BYTES_MAX + 1);
            prop_assert!(!text.chars().any(char::is_control));
        }
    }
}
