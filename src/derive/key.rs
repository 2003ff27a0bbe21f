//! The label values of one event as bytes: what the table of rows is asked for.
//!
//! Each value is a tag and its bytes, so that different values never give the same key. Values are raw here;
//! they are repaired and escaped once, when a row is new.

use std::borrow::Cow;

use super::hash::Seed;
use super::keyed_hash::KeyedHash;
use super::label;
use super::label_source::{LABELS_MAX, LabelSource};
use super::route;
use crate::event::{FieldId, Fields, Value};
use crate::limits::LABEL_BYTES_MAX;

// A tag up to `LABEL_BYTES_MAX` is the length of the text that follows.
const _: () = assert!(LABEL_BYTES_MAX < INT as usize && route::BYTES_MAX <= LABEL_BYTES_MAX);
const INT: u8 = 0xf0;
const FLOAT: u8 = 0xf1;
const FALSE: u8 = 0xf2;
const TRUE: u8 = 0xf3;
const ABSENT: u8 = 0xff;

// Which values are there is told in the bits of a number.
const _: () = assert!(LABELS_MAX < u32::BITS as usize);

/// The most that one value takes.
const VALUE_BYTES_MAX: usize = 1 + LABEL_BYTES_MAX;

/// The most that the values of one event take.
const BYTES_MAX: usize = size_of::<u32>() + LABELS_MAX * VALUE_BYTES_MAX;

/// The key of the event at hand. Of fixed size, with room for the longest value behind each, so that a value is
/// written without asking for room.
#[derive(Debug)]
pub(super) struct Key {
    bytes: Box<[u8; BYTES_MAX]>,
    /// How many of them are the key.
    len: usize,
    route: LastRoute,
}

/// The last route, since more than one key of an event may have it.
#[derive(Debug, Default)]
struct LastRoute {
    text: Vec<u8>,
    /// The field that it was made of; `None`: of an event before.
    of: Option<FieldId>,
}

impl Key {
    pub fn new() -> Self {
        Key {
            bytes: Box::new([0; BYTES_MAX]),
            len: 0,
            route: LastRoute::default(),
        }
    }

    /// Another event: nothing is known of it.
    #[inline]
    pub fn forget(&mut self) {
        self.route.of = None;
    }

    /// Makes the key of one group of metrics; gives a bit for each of the values that are there. Values beyond
    /// [`LABELS_MAX`] are left out.
    #[inline]
    pub fn make(&mut self, group: [u8; 4], values: &[Taken], fields: &Fields<'_>) -> u32 {
        let Key { bytes, len, route } = self;
        let (head, mut rest) = bytes.split_at_mut(group.len());
        head.copy_from_slice(&group);
        let mut there = 0;
        let mut made = group.len();
        for (at, &value) in values.iter().enumerate() {
            let Some(room) = rest.first_chunk_mut() else {
                break;
            };
            let (is_there, taken) = push(value, fields, route, room);
            there |= u32::from(is_there) << at;
            made += taken;
            rest = &mut rest[taken..];
        }
        *len = made;
        there
    }

    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// Where one value is written.
type Room = [u8; VALUE_BYTES_MAX];

/// The bits of so many values that are all there.
pub(super) fn all_there(values: usize) -> u32 {
    (1 << values) - 1
}

/// Writes what `taken` says, if the event has it; gives whether, and how many bytes that took.
#[inline(always)]
fn push(taken: Taken, fields: &Fields<'_>, route: &mut LastRoute, room: &mut Room) -> (bool, usize) {
    match taken {
        // Texts and whole numbers, which nearly all label values are, are written in place. The value is
        // taken a second time for all else: it then stays in registers for these.
        Taken::AsIs(id) => match fields.get(id) {
            Value::Text(text) => push_text(text, room),
            Value::Int(n) => push_eight(INT, n.to_le_bytes(), room),
            _ => push_rare(fields.get(id), room),
        },
        Taken::Lower(id) => push_lower(fields.get(id), room),
        Taken::Route(id) if route.of == Some(id) || route.make(id, fields) => push_text(&route.text, room),
        Taken::Route(_) => push_absent(room),
    }
}

impl LastRoute {
    /// Makes the route of a field; false where that has none.
    #[inline]
    fn make(&mut self, id: FieldId, fields: &Fields<'_>) -> bool {
        self.text.clear();
        self.of = None;
        match fields.get(id) {
            Value::Text(path) => route::write(path, &mut self.text),
            value => match text(value) {
                Some(path) => route::write(&path, &mut self.text),
                None => return false,
            },
        }
        self.of = Some(id);
        true
    }
}

#[inline(always)]
fn push_text(text: &[u8], room: &mut Room) -> (bool, usize) {
    let text = text.get(..LABEL_BYTES_MAX).unwrap_or(text);
    let [tag, to @ ..] = room;
    *tag = text.len() as u8;
    copy(text, to);
    (true, 1 + text.len())
}

/// Copies a text, which is short more often than not: in pieces of a length that the compiler knows, the last of them
/// over the end of the one before, which takes less than a call does.
#[inline(always)]
fn copy(text: &[u8], to: &mut [u8; LABEL_BYTES_MAX]) {
    let len = text.len().min(LABEL_BYTES_MAX);
    let to = &mut to[..len];
    if let (Some(last), Some(_)) = (text.last_chunk::<16>(), to.first_chunk::<16>()) {
        for (to, from) in to.as_chunks_mut().0.iter_mut().zip(text.as_chunks::<16>().0) {
            *to = *from;
        }
        if let Some(to) = to.last_chunk_mut() {
            *to = *last;
        }
    } else if let (Some(first), Some(last)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        if let Some(to) = to.first_chunk_mut() {
            *to = *first;
        }
        if let Some(to) = to.last_chunk_mut() {
            *to = *last;
        }
    } else {
        for (to, from) in to.iter_mut().zip(text) {
            *to = *from;
        }
    }
}

#[inline(always)]
fn push_eight(tag: u8, value: [u8; 8], room: &mut Room) -> (bool, usize) {
    let [first, to @ ..] = room;
    *first = tag;
    if let Some(to) = to.first_chunk_mut() {
        *to = value;
    }
    (true, 1 + value.len())
}

fn push_absent(room: &mut Room) -> (bool, usize) {
    room[0] = ABSENT;
    (false, 1)
}

#[inline(never)]
fn push_rare(value: Value<'_>, room: &mut Room) -> (bool, usize) {
    match value {
        Value::Int(n) => push_eight(INT, n.to_le_bytes(), room),
        Value::Float(x) => push_eight(FLOAT, x.to_bits().to_le_bytes(), room),
        Value::Bool(b) => {
            room[0] = if b { TRUE } else { FALSE };
            (true, 1)
        }
        // An instant is never a label: each would be a series.
        value => match text(value) {
            Some(text) => push_text(&text, room),
            None => push_absent(room),
        },
    }
}

#[inline(never)]
fn push_lower(value: Value<'_>, room: &mut Room) -> (bool, usize) {
    let pushed = push_rare(value, room);
    if let [tag, text @ ..] = &mut room[..pushed.1]
        && usize::from(*tag) <= LABEL_BYTES_MAX
    {
        text.make_ascii_lowercase();
    }
    pushed
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

/// Appends the value that begins at `start`, cleaned and escaped, or in its place the hash of its text. The text of a
/// long value ends after [`LABEL_BYTES_MAX`] bytes.
pub(super) fn write_label(key: &[u8], start: usize, hash: Option<&KeyedHash>, out: &mut Vec<u8>) {
    let from = out.len();
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
        ABSENT => return,
        len => {
            let text = &rest[..usize::from(len).min(rest.len())];
            match hash {
                None => label::write_value(text, out),
                Some(_) => out.extend_from_slice(text),
            }
        }
    }
    if let Some(hash) = hash {
        let digits = hash.of(&out[from..]);
        out.truncate(from);
        out.extend_from_slice(&digits);
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
        let there = key.make([9; 4], &[take(id)], &fields) == all_there(1);
        assert_eq!(starts(key.as_bytes()).collect::<Vec<_>>(), [4]);
        let mut out = Vec::new();
        write_label(key.as_bytes(), 4, None, &mut out);
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
            let mut expected = 0;
            for (at, (id, value)) in ids.into_iter().zip(values).enumerate() {
                fields.set(id, value);
                expected |= u32::from(!value.is_absent()) << at;
            }
            let mut key = Key::new();
            assert_eq!(key.make([9; 4], &ids.map(Taken::AsIs), &fields), expected);
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
    fn a_key_may_have_every_label() {
        let id = Schema::default().intern("a");
        let mut fields = Fields::new(1);
        fields.set(id, Value::Text(&[b'x'; 4096]));
        let mut key = Key::new();
        let there = key.make([9; 4], &[Taken::AsIs(id); LABELS_MAX], &fields);
        assert_eq!(there, all_there(LABELS_MAX));
        assert_eq!(key.as_bytes().len(), BYTES_MAX);
        assert_eq!(starts(key.as_bytes()).count(), LABELS_MAX);
    }

    #[test]
    fn a_route_is_of_its_event_and_field() {
        let mut schema = Schema::default();
        let ids = [schema.intern("a"), schema.intern("b")];
        let routes = ids.map(Taken::Route);
        let mut fields = Fields::new(2);
        let mut key = Key::new();
        let mut keys = |a, b| {
            fields.set(ids[0], a);
            fields.set(ids[1], b);
            key.forget();
            // The second key finds the route of the first.
            [0, 1].map(|_| (key.make([9; 4], &routes, &fields), key.as_bytes()[4..].to_vec()))
        };
        let [first, second] = keys(Value::Text(b"/a/42"), Value::Text(b"/b"));
        assert_eq!(first, (0b11, b"\x07/a/{id}\x02/b".to_vec()));
        assert_eq!(second, first);
        let [first, second] = keys(Value::Text(b"/c"), Value::Absent);
        assert_eq!(first, (0b01, b"\x02/c\xff".to_vec()));
        assert_eq!(second, first);
    }
}
