use std::sync::Arc;

use super::condition::Condition;
use super::gather::{GatherKind, GatherSpec};
use super::key::{self, Taken};
use super::measure::first;
use super::pane::Amounts;
use super::place::{Notes, Place};
use super::sample::Sample;
use super::shard::State;
use crate::event::{FieldId, Fields, Value};

/// Tells a [`Place`] about the events of one input.
#[derive(Debug)]
pub(super) struct Follower {
    place: Arc<Place>,
    /// The event is told of only where it has all of them.
    needs: Vec<FieldId>,
    only: Vec<Condition>,
    what: What,
}

#[derive(Debug)]
enum What {
    Session(FieldId),
    Top {
        values: Vec<Taken>,
        sums: Vec<Vec<FieldId>>,
    },
}

impl Follower {
    /// `labels` are the metric's, in the order that all pipelines share.
    pub fn new(spec: &GatherSpec, labels: &[String], place: Arc<Place>) -> Self {
        let what = match &spec.kind {
            GatherKind::Sessions { session, .. } => What::Session(*session),
            GatherKind::Top { sums, .. } => What::Top {
                values: labels
                    .iter()
                    .filter_map(|name| spec.labels.iter().find(|label| label.name == *name))
                    .filter_map(|label| Taken::new(&label.source))
                    .collect(),
                sums: sums.iter().map(|sum| sum.fields.clone()).collect(),
            },
        };
        let mut needs: Vec<FieldId> = spec
            .labels
            .iter()
            .filter_map(|label| label.source.field())
            .collect();
        if let What::Session(session) = what {
            needs.push(session);
        }
        Follower {
            place,
            needs,
            only: spec.only.iter().map(Condition::new).collect(),
            what,
        }
    }

    /// An event that happened `at` and was read at `read_at`, in milliseconds.
    #[inline]
    pub fn note(&self, fields: &Fields<'_>, state: &mut State, at: i64, read_at: i64) {
        let absent = |&id: &FieldId| matches!(fields.get(id), Value::Absent);
        if self.needs.iter().any(absent) || !self.only.iter().all(|only| only.holds(fields)) {
            return;
        }
        let State { key, notes, .. } = state;
        if notes.len() <= self.place.index {
            notes.resize_with(self.place.index + 1, Notes::default);
        }
        let notes = &mut notes[self.place.index];
        let seed = &self.place.seed;
        match &self.what {
            What::Session(id) => {
                // The whole of it: long ids may begin alike.
                let Some(hash) = key::hash(fields.get(*id), seed) else {
                    return;
                };
                notes.push(&self.place, hash, &[], Amounts::default(), at, read_at);
            }
            What::Top { values, sums } => {
                if key.make([0; 4], values, fields) != key::all_there(values.len()) {
                    return;
                }
                let mut amounts = Amounts::default();
                amounts[0] = 1;
                for (amount, of) in amounts[1..].iter_mut().zip(sums) {
                    *amount = whole(first(of, fields));
                }
                let key = key.as_bytes();
                notes.push(&self.place, seed.hash(key), key, amounts, at, read_at);
            }
        }
    }
}

/// Rounded to a whole number, as a list of the largest needs no more; 0 where it is no number of 0 or more.
#[inline]
fn whole(value: Value<'_>) -> u64 {
    match value {
        Value::Int(n @ 0..) => n as u64,
        Value::Absent | Value::Int(_) => 0,
        value => match Sample::of(value) {
            Ok(Sample::Whole(n)) => n,
            // Saturates.
            Ok(Sample::Float(n)) => n.round() as u64,
            Err(_) => 0,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_of_whole_numbers() {
        for (value, expected) in [
            (Value::Int(7), 7),
            (Value::Int(-7), 0),
            (Value::Float(12.5), 13),
            (Value::Float(12.4), 12),
            (Value::Float(-1.0), 0),
            (Value::Float(f64::NAN), 0),
            (Value::Float(1e300), u64::MAX),
            (Value::Text(b"12.5"), 13),
            (Value::Text(b"many"), 0),
            (Value::Absent, 0),
        ] {
            assert_eq!(whole(value), expected, "{value:?}");
        }
    }
}
