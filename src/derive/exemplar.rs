//! Exemplars: for a histogram's bucket, one of the events in it, by its trace.
//!
//! A bucket has a slot of fixed size, made when the first event with a trace comes and overwritten once a second at
//! most: which events are shown does not matter, that they are recent does.

use super::fixed::Fixed;
use super::key;
use crate::encode::TIMESTAMP;
use crate::event::{FieldId, Fields, Schema, Value};

/// Bytes of a trace's id: W3C's have 32, UUIDs 36. With `span_id` and both names 111, where OpenMetrics allows 128.
const TRACE_BYTES_MAX: usize = 64;
/// Bytes of a span's id: W3C's have 16.
const SPAN_BYTES_MAX: usize = 32;

/// How long an exemplar stays at least, in milliseconds.
const STAYS: i64 = 1000;

/// The fields that say which trace an event belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    pub id: FieldId,
    pub span: Option<FieldId>,
    /// When the event happened.
    pub at: Option<FieldId>,
}

impl Trace {
    /// The usual fields; `None` when events of `schema` have no trace.
    pub fn of(schema: &Schema) -> Option<Self> {
        Some(Trace {
            id: schema.get("trace.id")?,
            span: schema.get("span.id"),
            at: schema.get(TIMESTAMP),
        })
    }
}

/// What one of them takes, with its box and the pointer to it.
pub(super) const BYTES: usize = size_of::<Exemplar>() + 32;

/// One event of a bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Exemplar {
    trace: Id<TRACE_BYTES_MAX>,
    span: Option<Id<SPAN_BYTES_MAX>>,
    /// In the base unit.
    pub amount: Fixed,
    /// When it happened, in milliseconds since the epoch; not before 1970.
    pub happened: Option<i64>,
    /// When it was read.
    noted: i64,
}

impl Exemplar {
    /// Names and values; the values need no escapes.
    pub fn labels(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        let span = self.span.as_ref().map(|span| ("span_id", span.bytes()));
        std::iter::once(("trace_id", self.trace.bytes())).chain(span)
    }

    fn of(trace: Trace, fields: &Fields<'_>, amount: Fixed, noted: i64) -> Option<Self> {
        let happened = trace.at.and_then(|at| fields.time(at));
        let happened = happened.map(|at| at.unix_millis().min(noted));
        Some(Exemplar {
            trace: Id::of(fields.get(trace.id))?,
            span: trace.span.and_then(|span| Id::of(fields.get(span))),
            amount,
            happened: happened.filter(|&at| at >= 0),
            noted,
        })
    }
}

/// Those of one series, by bucket; empty while there is none.
#[derive(Clone, Debug, Default)]
pub(super) struct Exemplars(Vec<Option<Box<Exemplar>>>);

impl Exemplars {
    /// An event of `amount` fell into `bucket`; it was read at `now`, in milliseconds.
    pub fn note(&mut self, trace: Trace, fields: &Fields<'_>, bucket: usize, amount: Fixed, now: i64) {
        if matches!(fields.get(trace.id), Value::Absent) {
            return;
        }
        if let Some(Some(there)) = self.0.get(bucket)
            && now.abs_diff(there.noted) < STAYS as u64
        {
            return;
        }
        if let Some(exemplar) = Exemplar::of(trace, fields, amount, now) {
            self.put(bucket, exemplar);
        }
    }

    #[cold]
    fn put(&mut self, bucket: usize, exemplar: Exemplar) {
        if self.0.len() <= bucket {
            self.0.resize(bucket + 1, None);
        }
        match &mut self.0[bucket] {
            Some(slot) => **slot = exemplar,
            slot => *slot = Some(Box::new(exemplar)),
        }
    }

    /// Takes those that were read later than the own ones.
    pub fn merge(&mut self, other: &Exemplars) {
        for (bucket, exemplar) in other.0.iter().enumerate() {
            if let Some(exemplar) = exemplar
                && self.get(bucket).is_none_or(|own| own.noted < exemplar.noted)
            {
                self.put(bucket, **exemplar);
            }
        }
    }

    pub fn get(&self, bucket: usize) -> Option<&Exemplar> {
        self.0.get(bucket)?.as_deref()
    }
}

/// A short text in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Id<const MAX: usize> {
    len: u8,
    bytes: [u8; MAX],
}

impl<const MAX: usize> Id<MAX> {
    /// `None` for what is no id: empty, too long, or with characters that ids do not have.
    fn of(value: Value<'_>) -> Option<Self> {
        const { assert!(MAX <= u8::MAX as usize) };
        let text = key::text(value)?;
        let usual = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(byte);
        let mut bytes = [0; MAX];
        bytes.get_mut(..text.len())?.copy_from_slice(&text);
        (!text.is_empty() && text.iter().all(usual)).then_some(Id {
            len: text.len() as u8,
            bytes,
        })
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Timestamp;

    const HEX: &[u8] = b"4bf92f3577b34da6a3ce929d0e0e4736";

    /// Notes an event with this trace, read at `now`.
    fn note(exemplars: &mut Exemplars, id: Value<'_>, now: i64) {
        let mut schema = Schema::default();
        for name in ["trace.id", "span.id", TIMESTAMP] {
            schema.intern(name);
        }
        let trace = Trace::of(&schema).unwrap();
        let mut fields = Fields::new(3);
        fields.set(trace.id, id);
        fields.set(trace.span.unwrap(), Value::Text(b"00f067aa0ba902b7"));
        fields.set(trace.at.unwrap(), Value::Time(Timestamp::from_millis(1_500)));
        exemplars.note(trace, &fields, 2, Fixed::ONE, now);
    }

    fn labels(exemplar: &Exemplar) -> Vec<(&str, &str)> {
        exemplar
            .labels()
            .map(|(name, value)| (name, std::str::from_utf8(value).unwrap()))
            .collect()
    }

    #[test]
    fn an_event_with_a_trace_is_shown_for_a_second() {
        let mut exemplars = Exemplars::default();
        note(&mut exemplars, Value::Text(HEX), 10_000);
        let shown = *exemplars.get(2).unwrap();
        assert_eq!(
            labels(&shown),
            [
                ("trace_id", "4bf92f3577b34da6a3ce929d0e0e4736"),
                ("span_id", "00f067aa0ba902b7")
            ]
        );
        assert_eq!((shown.amount, shown.happened), (Fixed::ONE, Some(1_500)));
        assert_eq!(exemplars.get(1), None);
        assert_eq!(exemplars.get(3), None);
        note(&mut exemplars, Value::Text(b"b"), 10_999);
        assert_eq!(exemplars.get(2), Some(&shown));
        note(&mut exemplars, Value::Absent, 11_000);
        assert_eq!(exemplars.get(2), Some(&shown));
        note(&mut exemplars, Value::Json(b"\"c-1\""), 11_000);
        assert_eq!(labels(exemplars.get(2).unwrap())[0], ("trace_id", "c-1"));
        // The clock was set back.
        note(&mut exemplars, Value::Text(b"d"), 5_000);
        assert_eq!(labels(exemplars.get(2).unwrap())[0], ("trace_id", "d"));
    }

    #[test]
    fn what_is_no_id_is_not_shown() {
        let mut exemplars = Exemplars::default();
        for id in [
            Value::Text(b""),
            Value::Text(b"a b"),
            Value::Text(b"a\"b"),
            Value::Text("ä".as_bytes()),
            Value::Text(&[b'a'; 65]),
            Value::Int(7),
        ] {
            note(&mut exemplars, id, 0);
        }
        assert_eq!(exemplars.get(2), None);
        note(&mut exemplars, Value::Text(&[b'a'; 64]), 0);
        let exemplar = exemplars.get(2).unwrap();
        // What OpenMetrics allows.
        let characters: usize = labels(exemplar)
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        assert!(characters <= 128);
        assert_eq!(exemplar.happened, Some(0));
    }

    #[test]
    fn of_two_the_later_is_shown() {
        let (mut one, mut two) = (Exemplars::default(), Exemplars::default());
        note(&mut one, Value::Text(b"one"), 5_000);
        note(&mut two, Value::Text(b"two"), 6_000);
        let mut merged = two.clone();
        merged.merge(&one);
        assert_eq!(merged.get(2), two.get(2));
        one.merge(&two);
        assert_eq!(one.get(2), two.get(2));
    }
}
