//! The label values of one event as bytes: what the table of rows is asked for.
//!
//! Each value is a tag and its bytes, so that different values never give the same key. Values are raw here;
//! they are repaired and escaped once, when a row is new.

use std::borrow::Cow;

use super::hash::Seed;
use super::label;
use super::route;
use super::spec::{LABELS_MAX, LabelSource};
use crate::event::{FieldId, Fields, Value};
use crate::limits::LABEL_BYTES_MAX;

// A tag up to `LABEL_BYTES_MAX` is the length of the text that follows.
const _: () = assert!(LABEL_BYTES_MAX < INT as usize && route::BYTES_MAX <= LABEL_BYTES_MAX);
const INT: u8 = 0xf0;
const FLOAT: u8 = 0xf1;
const FALSE: u8 = 0xf2;
const TRUE: u8 = 0xf3;
const ABSENT: u8 = 0xff;

/// The most that the values of one event take.
const BYTES_MAX: usize = size_of::<u32>() + LABELS_MAX * (1 + LABEL_BYTES_MAX);

/// The key of the event at hand. Of fixed size, so that writing a value checks nothing but its own end.
#[derive(Debug)]
pub(super) struct Key {
    bytes: Box<[u8; BYTES_MAX]>,
    /// How many of them are the key.
    len: usize,
    /// The last route, of the field that is named beside it.
    route: Vec<u8>,
    route_of: Option<FieldId>,
}

impl Key {
    pub fn new() -> Self {
        Key {
            bytes: Box::new([0; BYTES_MAX]),
            len: 0,
            route: Vec::new(),
            route_of: None,
        }
    }

    /// Another event: nothing is known of it.
    #[inline]
    pub fn forget(&mut self) {
        self.route_of = None;
    }

    /// An empty key of one group of metrics.
    #[inline]
    pub fn begin(&mut self, group: [u8; 4]) {
        self.bytes[..4].copy_from_slice(&group);
        self.len = 4;
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Appends what `taken` says; false where the event has none.
    #[inline]
    pub fn push(&mut self, taken: Taken, fields: &Fields<'_>) -> bool {
        match taken {
            // Texts and whole numbers, which nearly all label values are, are written in place. The value is
            // taken a second time for all else: it then stays in registers for these.
            Taken::AsIs(id) => match fields.get(id) {
                Value::Text(text) => self.push_text(text),
                Value::Int(n) => self.push_tagged(INT, &n.to_le_bytes()),
                _ => self.push_rare(fields.get(id)),
            },
            Taken::Lower(id) => self.push_lower(fields.get(id)),
            Taken::Route(id) if self.route_of == Some(id) => self.push_last_route(),
            Taken::Route(id) => {
                let there = self.push_route(fields.get(id));
                self.route_of = there.then_some(id);
                there
            }
        }
    }

    #[inline]
    fn push_text(&mut self, text: &[u8]) -> bool {
        let text = text.get(..LABEL_BYTES_MAX).unwrap_or(text);
        self.push_tagged(text.len() as u8, text)
    }

    #[inline]
    fn push_tagged(&mut self, tag: u8, value: &[u8]) -> bool {
        let end = self.len + 1 + value.len();
        // There is always room: a key has no more than LABELS_MAX values.
        if let Some([first, rest @ ..]) = self.bytes.get_mut(self.len..end) {
            *first = tag;
            rest.copy_from_slice(value);
            self.len = end;
        }
        true
    }

    fn push_absent(&mut self) -> bool {
        self.push_tagged(ABSENT, &[]);
        false
    }

    #[inline(never)]
    fn push_rare(&mut self, value: Value<'_>) -> bool {
        match value {
            Value::Int(n) => self.push_tagged(INT, &n.to_le_bytes()),
            Value::Float(x) => self.push_tagged(FLOAT, &x.to_bits().to_le_bytes()),
            Value::Bool(b) => self.push_tagged(if b { TRUE } else { FALSE }, &[]),
            // An instant is never a label: each would be a series.
            value => match text(value) {
                Some(text) => self.push_text(&text),
                None => self.push_absent(),
            },
        }
    }

    fn push_lower(&mut self, value: Value<'_>) -> bool {
        let start = self.len;
        let there = self.push_rare(value);
        if let [tag, text @ ..] = &mut self.bytes[start..self.len]
            && usize::from(*tag) <= LABEL_BYTES_MAX
        {
            text.make_ascii_lowercase();
        }
        there
    }

    /// A route that was made for another key of the same event.
    fn push_last_route(&mut self) -> bool {
        let route = std::mem::take(&mut self.route);
        self.push_text(&route);
        self.route = route;
        true
    }

    fn push_route(&mut self, value: Value<'_>) -> bool {
        let Some(path) = text(value) else {
            return self.push_absent();
        };
        let mut route = std::mem::take(&mut self.route);
        route.clear();
        route::write(&path, &mut route);
        self.push_text(&route);
        self.route = route;
        true
    }
}

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

/// The hash of a value's text; `None` where it has none. A number hashes as it is written.
pub(super) fn hash(value: Value<'_>, seed: &Seed) -> Option<u64> {
    match value {
        Value::Text(text) => Some(seed.hash(text)),
        Value::Int(n) => Some(seed.hash(itoa::Buffer::new().format(n).as_bytes())),
        value => text(value).map(|text| seed.hash(&text)),
    }
}

/// Where each value begins in a key.
pub(super) fn starts(key: &[u8]) -> impl Iterator<Item = usize> {
    let mut at = size_of::<u32>();
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
        let mut key = Key::new();
        key.begin([9; 4]);
        let there = key.push(take(id), &fields);
        assert_eq!(starts(key.as_bytes()).collect::<Vec<_>>(), [4]);
        let mut out = Vec::new();
        write_label(key.as_bytes(), 4, &mut out);
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
            let mut key = Key::new();
            key.begin([9; 4]);
            for (id, value) in ids.into_iter().zip(values) {
                fields.set(id, value);
                key.push(Taken::AsIs(id), &fields);
            }
            key.as_bytes().to_vec()
        };
        let one = key([Value::Text(b"ab"), Value::Text(b"c"), Value::Int(1)]);
        assert_eq!(starts(&one).collect::<Vec<_>>(), [4, 7, 9]);
        assert_ne!(one, key([Value::Text(b"a"), Value::Text(b"bc"), Value::Int(1)]));
        assert_ne!(
            key([Value::Absent, Value::Text(b""), Value::Int(1)]),
            key([Value::Text(b""), Value::Absent, Value::Int(1)])
        );
        let long = key([Value::Text(&[b'x'; 4096]), Value::Absent, Value::Absent]);
        assert_eq!(long.len(), 4 + 1 + LABEL_BYTES_MAX + 2);
    }

    #[test]
    fn a_full_key_has_room_for_all_values() {
        let id = Schema::default().intern("a");
        let mut fields = Fields::new(1);
        fields.set(id, Value::Text(&[b'x'; 4096]));
        let mut key = Key::new();
        key.begin([9; 4]);
        for _ in 0..LABELS_MAX {
            key.push(Taken::AsIs(id), &fields);
        }
        assert_eq!(key.as_bytes().len(), BYTES_MAX);
        assert_eq!(starts(key.as_bytes()).count(), LABELS_MAX);
    }
}
