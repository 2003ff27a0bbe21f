//! The label values of one event as bytes: what the table of rows is asked for.
//!
//! Each value is a tag and its bytes, so that different values never give the same key. Values are raw here;
//! they are repaired and escaped once, when a row is new.

use std::borrow::Cow;

use super::label;
use super::route;
use super::spec::LabelSource;
use crate::event::{FieldId, Fields, Value};
use crate::limits::LABEL_BYTES_MAX;

// A tag up to `LABEL_BYTES_MAX` is the length of the text that follows.
const _: () = assert!(LABEL_BYTES_MAX < INT as usize && route::BYTES_MAX <= LABEL_BYTES_MAX);
const INT: u8 = 0xf0;
const FLOAT: u8 = 0xf1;
const FALSE: u8 = 0xf2;
const TRUE: u8 = 0xf3;
const ABSENT: u8 = 0xff;

/// How one label's value is taken from an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    AsIs(FieldId),
    Lower(FieldId),
    Route(FieldId),
}

impl Taken {
    /// `None` for a label that no event changes.
    pub fn new(source: &LabelSource) -> Option<Self> {
        Some(match *source {
            LabelSource::Field(id) => Taken::AsIs(id),
            LabelSource::Lower(id) => Taken::Lower(id),
            LabelSource::Route(id) => Taken::Route(id),
            LabelSource::Const(_) | LabelSource::Service => return None,
        })
    }

    /// Appends the value; false where the event has none.
    pub fn write(self, fields: &Fields<'_>, key: &mut Vec<u8>) -> bool {
        match self {
            Taken::AsIs(id) => write_value(fields.get(id), key),
            Taken::Lower(id) => {
                let start = key.len();
                let there = write_value(fields.get(id), key);
                if matches!(key.get(start), Some(&tag) if usize::from(tag) <= LABEL_BYTES_MAX) {
                    key[start + 1..].make_ascii_lowercase();
                }
                there
            }
            Taken::Route(id) => match text(fields.get(id)) {
                Some(path) => {
                    let start = key.len();
                    key.push(0);
                    route::write(&path, key);
                    // At most route::BYTES_MAX, which fits.
                    key[start] = (key.len() - start - 1) as u8;
                    true
                }
                None => write_absent(key),
            },
        }
    }
}

fn write_absent(key: &mut Vec<u8>) -> bool {
    key.push(ABSENT);
    false
}

fn write_text(text: &[u8], key: &mut Vec<u8>) -> bool {
    let text = &text[..text.len().min(LABEL_BYTES_MAX)];
    key.push(text.len() as u8);
    key.extend_from_slice(text);
    true
}

fn write_value(value: Value<'_>, key: &mut Vec<u8>) -> bool {
    match value {
        Value::Text(text) => write_text(text, key),
        Value::Int(n) => {
            key.push(INT);
            key.extend_from_slice(&n.to_le_bytes());
            true
        }
        Value::Float(x) => {
            key.push(FLOAT);
            key.extend_from_slice(&x.to_bits().to_le_bytes());
            true
        }
        Value::Bool(b) => {
            key.push(if b { TRUE } else { FALSE });
            true
        }
        Value::Json(_) => match text(value) {
            Some(text) => write_text(&text, key),
            None => write_absent(key),
        },
        // An instant is never a label: each would be a series.
        Value::Time(_) | Value::Absent => write_absent(key),
    }
}

/// The text of a value that has one: a text, or a JSON scalar without its quotes and escapes. JSON objects and
/// arrays have none.
pub(super) fn text<'a>(value: Value<'a>) -> Option<Cow<'a, [u8]>> {
    match value {
        Value::Text(text) => Some(Cow::Borrowed(text)),
        Value::Json(json) => match json.first()? {
            b'{' | b'[' => None,
            b'"' => {
                let inner = json.get(1..json.len() - 1)?;
                if memchr::memchr(b'\\', inner).is_none() {
                    return Some(Cow::Borrowed(inner));
                }
                let unescaped: String = serde_json::from_slice(json).ok()?;
                Some(Cow::Owned(unescaped.into_bytes()))
            }
            _ if json == b"null" => None,
            _ => Some(Cow::Borrowed(json)),
        },
        _ => None,
    }
}

/// Where each value begins in a key whose first value begins at `from`.
pub(super) fn starts(key: &[u8], from: usize) -> impl Iterator<Item = usize> {
    let mut at = from;
    std::iter::from_fn(move || {
        let start = at;
        let tag = *key.get(start)?;
        at += 1 + match tag {
            INT | FLOAT => 8,
            FALSE | TRUE | ABSENT => 0,
            len => usize::from(len),
        };
        Some(start)
    })
}

/// Appends the value that begins at `start`, cleaned and escaped.
pub(super) fn write_label(key: &[u8], start: usize, out: &mut Vec<u8>) {
    let Some((&tag, rest)) = key.get(start..).and_then(<[u8]>::split_first) else {
        return;
    };
    let eight = |rest: &[u8]| rest.first_chunk::<8>().copied().unwrap_or_default();
    match tag {
        INT => out.extend_from_slice(
            itoa::Buffer::new()
                .format(i64::from_le_bytes(eight(rest)))
                .as_bytes(),
        ),
        FLOAT => {
            let x = f64::from_bits(u64::from_le_bytes(eight(rest)));
            out.extend_from_slice(zmij::Buffer::new().format(x).as_bytes());
        }
        FALSE => out.extend_from_slice(b"false"),
        TRUE => out.extend_from_slice(b"true"),
        ABSENT => {}
        len => label::write_value(&rest[..usize::from(len).min(rest.len())], out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Schema, Timestamp};

    fn label_of(take: fn(FieldId) -> Taken, value: Value<'_>) -> Option<String> {
        let id = Schema::default().intern("field");
        let mut fields = Fields::new(1);
        fields.set(id, value);
        let mut key = vec![9, 9];
        let there = take(id).write(&fields, &mut key);
        assert_eq!(starts(&key, 2).collect::<Vec<_>>(), [2]);
        let mut out = Vec::new();
        write_label(&key, 2, &mut out);
        there.then(|| String::from_utf8(out).unwrap())
    }

    #[test]
    fn every_value_has_its_label() {
        let label = |value| label_of(Taken::AsIs, value);
        assert_eq!(label(Value::Text(b"GET")).as_deref(), Some("GET"));
        assert_eq!(label(Value::Text(b"")).as_deref(), Some(""));
        assert_eq!(label(Value::Int(-200)).as_deref(), Some("-200"));
        assert_eq!(label(Value::Float(0.5)).as_deref(), Some("0.5"));
        assert_eq!(label(Value::Bool(true)).as_deref(), Some("true"));
        assert_eq!(label(Value::Bool(false)).as_deref(), Some("false"));
        assert_eq!(label(Value::Json(b"\"GET\"")).as_deref(), Some("GET"));
        assert_eq!(label(Value::Json(br#""a\u0041\"""#)).as_deref(), Some(r#"aA\""#));
        assert_eq!(label(Value::Json(b"12")).as_deref(), Some("12"));
        assert_eq!(label(Value::Json(b"{\"a\":1}")), None);
        assert_eq!(label(Value::Json(b"null")), None);
        assert_eq!(label(Value::Json(b"\"")), None);
        assert_eq!(label(Value::Json(b"")), None);
        assert_eq!(label(Value::Time(Timestamp::from_millis(0))), None);
        assert_eq!(label(Value::Absent), None);
    }

    #[test]
    fn lower_case_is_for_texts() {
        assert_eq!(
            label_of(Taken::Lower, Value::Text(b"ERROR")).as_deref(),
            Some("error")
        );
        // 0x41 is an `A` in the bytes of the number, which must stay.
        assert_eq!(label_of(Taken::Lower, Value::Int(0x41)).as_deref(), Some("65"));
        assert_eq!(label_of(Taken::Lower, Value::Absent), None);
    }

    #[test]
    fn a_route_is_made_of_a_path() {
        assert_eq!(
            label_of(Taken::Route, Value::Text(b"/orders/42")).as_deref(),
            Some("/orders/{id}")
        );
        assert_eq!(
            label_of(Taken::Route, Value::Json(b"\"/orders/42\"")).as_deref(),
            Some("/orders/{id}")
        );
        assert_eq!(label_of(Taken::Route, Value::Int(42)), None);
    }

    #[test]
    fn values_side_by_side_keep_their_borders() {
        let mut schema = Schema::default();
        let ids = [schema.intern("a"), schema.intern("b"), schema.intern("c")];
        let key = |values: [Value<'static>; 3]| {
            let mut fields = Fields::new(3);
            let mut key = Vec::new();
            for (id, value) in ids.into_iter().zip(values) {
                fields.set(id, value);
                Taken::AsIs(id).write(&fields, &mut key);
            }
            key
        };
        let one = key([Value::Text(b"ab"), Value::Text(b"c"), Value::Int(1)]);
        assert_eq!(starts(&one, 0).collect::<Vec<_>>(), [0, 3, 5]);
        assert_ne!(one, key([Value::Text(b"a"), Value::Text(b"bc"), Value::Int(1)]));
        assert_ne!(
            key([Value::Absent, Value::Text(b""), Value::Int(1)]),
            key([Value::Text(b""), Value::Absent, Value::Int(1)])
        );
        let long = key([Value::Text(&[b'x'; 4096]), Value::Absent, Value::Absent]);
        assert_eq!(long.len(), 1 + LABEL_BYTES_MAX + 2);
    }
}
