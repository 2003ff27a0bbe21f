//! What an event adds to a metric, and whether it adds at all.

use std::sync::{Arc, Mutex};

use super::bounds::Bounds;
use super::cells::Details;
use super::condition::Condition;
use super::exemplar::Trace;
use super::family::Waiting;
use super::fixed::Fixed;
use super::hash::Seed;
use super::key;
use super::lock::lock;
use super::only::Only;
use super::pairs::{End, Pairs};
use super::sample::{NoSample, Sample};
use super::spec::{Kind, MetricSpec, nanos};
use crate::event::{FieldId, Fields, Value};

/// What a metric does with an event.
#[derive(Debug)]
pub(super) enum Measure {
    Count,
    Add {
        field: FieldId,
        /// Of the field, in billionths of the base unit.
        unit: u64,
    },
    /// Adds the first of several that the event has. Apart from [`Measure::Add`], so that one field costs no more.
    AddFirst {
        fields: Box<[FieldId]>,
        unit: u64,
    },
    Observe {
        field: FieldId,
        unit: u64,
        bounds: BucketBounds,
    },
    /// Observes, and keeps more than buckets. Apart from [`Measure::Observe`], so that the others do not pay for it.
    ObserveClosely {
        field: FieldId,
        unit: u64,
        bounds: BucketBounds,
        detail: Detail,
    },
    /// Sets a gauge to what the event says that happened last.
    Set {
        field: FieldId,
        unit: u64,
        at: FieldId,
    },
    /// Observes the nanoseconds between two events.
    Between {
        pair: Pair,
        bounds: BucketBounds,
        detail: Option<Detail>,
    },
}

/// What a histogram keeps besides its buckets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Detail {
    native: bool,
    trace: Option<Trace>,
}

impl Detail {
    /// `None` for a histogram that has its buckets only.
    fn of(spec: &MetricSpec) -> Option<Self> {
        let detail = Detail {
            native: spec.native,
            trace: spec.trace,
        };
        (detail.native || detail.trace.is_some()).then_some(detail)
    }

    /// An event of `amount`, read at `read_at`, in milliseconds, fell into `bucket`.
    pub fn note(
        self,
        details: &mut Details,
        fields: &Fields<'_>,
        bucket: usize,
        amount: Fixed,
        read_at: Option<i64>,
    ) {
        if self.native {
            let native = details.native.get_or_insert_default();
            native.add(amount.to_f64());
        }
        if let (Some(trace), Some(now)) = (self.trace, read_at) {
            details.exemplars.note(trace, fields, bucket, amount, now);
        }
    }
}

/// The two events of one metric, and those that wait for their other half.
#[derive(Debug)]
pub(super) struct Pair {
    start: Vec<Condition>,
    finish: Vec<Condition>,
    key: FieldId,
    at: FieldId,
    waiting: Waiting,
}

impl Pair {
    /// Of an event that was read at `read_at`, in milliseconds: the time since its other half, if that was there.
    #[inline(never)]
    fn sample(&self, fields: &Fields<'_>, read_at: Option<i64>) -> Result<Sample, NoSample> {
        let all = |conditions: &[Condition]| conditions.iter().all(|condition| condition.holds(fields));
        let end = if all(&self.start) {
            End::Start
        } else if all(&self.finish) {
            End::Finish
        } else {
            return Err(NoSample::Absent);
        };
        let Waiting { seed, pairs, of } = &self.waiting;
        let key = key::hash(fields.get(self.key), seed).ok_or(NoSample::Absent)?;
        let (at, read_at) = happened(fields, self.at, read_at).ok_or(NoSample::Absent)?;
        let between = lock(pairs).see(*of, end, key, at, read_at);
        between.map(Sample::Whole).ok_or(NoSample::Absent)
    }
}

/// When an event happened and when it was read, in nanoseconds, where `read_at` is in milliseconds: nothing happens after
/// it was read. `None` where nobody knows either.
pub(super) fn happened(fields: &Fields<'_>, at: FieldId, read_at: Option<i64>) -> Option<(i64, i64)> {
    let happened = match fields.get(at) {
        Value::Time(at) => Some(at.unix_nanos()),
        _ => None,
    };
    let read_at = read_at.map(|at| at.saturating_mul(1_000_000).saturating_add(999_999));
    let read_at = read_at.or(happened)?;
    Some((happened.map_or(read_at, |at| at.min(read_at)), read_at))
}

/// The upper bounds of a histogram's buckets.
#[derive(Debug)]
pub(super) struct BucketBounds {
    /// For whole numbers: the largest of each bucket, in the field's own unit.
    whole: Box<[u64]>,
    /// For all others, in the base unit.
    exact: Box<[Fixed]>,
}

impl BucketBounds {
    fn new(buckets: &[f64], unit: u64) -> Self {
        let exact = Bounds::new(buckets).exact.into_boxed_slice();
        BucketBounds {
            whole: exact.iter().map(|bound| bound.div_floor(unit)).collect(),
            exact,
        }
    }

    /// The first bucket whose bound is not below a number of the field's own unit.
    #[inline]
    pub fn of_whole(&self, n: u64) -> usize {
        self.whole.partition_point(|&bound| bound < n)
    }

    /// The first bucket whose bound is not below the sample, whose amount in the base unit is `amount`.
    pub fn bucket(&self, sample: Sample, amount: Fixed) -> usize {
        match sample {
            Sample::Whole(n) => self.of_whole(n),
            Sample::Float(_) => self.exact.partition_point(|&bound| bound < amount),
        }
    }
}

impl Measure {
    /// `waiting` is where the events of this service wait for each other.
    pub fn new(spec: &MetricSpec, waiting: Option<Waiting>) -> Self {
        match &spec.kind {
            Kind::Counter { add, unit } => {
                let unit = unit.billionths();
                match **add {
                    [] => Measure::Count,
                    [field] => Measure::Add { field, unit },
                    [..] => Measure::AddFirst {
                        fields: add.as_slice().into(),
                        unit,
                    },
                }
            }
            Kind::Gauge { field, unit, at } => Measure::Set {
                field: *field,
                unit: unit.billionths(),
                at: *at,
            },
            Kind::Histogram { field, unit, buckets } => {
                let (field, unit) = (*field, unit.billionths());
                let bounds = BucketBounds::new(buckets, unit);
                match Detail::of(spec) {
                    None => Measure::Observe { field, unit, bounds },
                    Some(detail) => Measure::ObserveClosely {
                        field,
                        unit,
                        bounds,
                        detail,
                    },
                }
            }
            Kind::Elapsed {
                start,
                finish,
                key,
                at,
                buckets,
                timeout,
            } => {
                let conditions = |only: &[Only]| only.iter().map(Condition::new).collect();
                Measure::Between {
                    pair: Pair {
                        start: conditions(start),
                        finish: conditions(finish),
                        key: *key,
                        at: *at,
                        waiting: waiting.unwrap_or_else(|| Waiting {
                            seed: Seed::default(),
                            pairs: Arc::new(Mutex::new(Pairs::new(nanos(*timeout), &Arc::default()))),
                            of: 0,
                        }),
                    },
                    bounds: BucketBounds::new(buckets, 1),
                    detail: Detail::of(spec),
                }
            }
        }
    }

    /// Whether an event counts that lacks labels: the first of two may.
    pub fn is_between(&self) -> bool {
        matches!(self, Measure::Between { .. })
    }

    /// Whether the newest event stands for all.
    pub fn is_gauge(&self) -> bool {
        matches!(self, Measure::Set { .. })
    }

    /// What the event gives this metric; it was read at `read_at`, in milliseconds.
    #[inline]
    pub fn sample(&self, fields: &Fields<'_>, read_at: Option<i64>) -> Result<Sample, NoSample> {
        match *self {
            Measure::Between { ref pair, .. } => pair.sample(fields, read_at),
            Measure::Count => Ok(Sample::Whole(1)),
            Measure::Set { field, .. } => Sample::signed(fields.get(field)),
            Measure::AddFirst { fields: ref of, .. } => Sample::of(first(of, fields)),
            Measure::Add { field, .. }
            | Measure::Observe { field, .. }
            | Measure::ObserveClosely { field, .. } => match fields.get(field) {
                Value::Int(n @ 0..) => Ok(Sample::Whole(n as u64)),
                Value::Absent => Err(NoSample::Absent),
                _ => Sample::of(fields.get(field)),
            },
        }
    }
}

/// The value of the first of some fields that the event has.
#[inline]
pub(super) fn first<'a>(of: &[FieldId], fields: &Fields<'a>) -> Value<'a> {
    of.iter()
        .map(|&field| fields.get(field))
        .find(|value| !matches!(value, Value::Absent))
        .unwrap_or(Value::Absent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derive::unit::Unit;
    use crate::event::Schema;
    use proptest::prelude::*;

    #[test]
    fn of_several_fields_the_first_that_is_there_is_added() {
        let mut schema = Schema::default();
        let [body, all] = ["http.request.body.bytes", "http.request.bytes"].map(|name| schema.intern(name));
        let added = |add: Vec<FieldId>, values: &[(FieldId, Value<'static>)]| {
            let mut fields = Fields::new(2);
            for &(field, value) in values {
                fields.set(field, value);
            }
            let spec = MetricSpec {
                kind: Kind::Counter {
                    add,
                    unit: Unit::Bytes,
                },
                ..MetricSpec::counter("a_total", "")
            };
            Measure::new(&spec, None).sample(&fields, None)
        };
        let both = [(body, Value::Int(7)), (all, Value::Int(9))];
        assert_eq!(added(vec![body, all], &both), Ok(Sample::Whole(7)));
        assert_eq!(added(vec![all, body], &both), Ok(Sample::Whole(9)));
        assert_eq!(added(vec![body, all], &both[1..]), Ok(Sample::Whole(9)));
        assert_eq!(added(vec![body, all], &[]), Err(NoSample::Absent));
        // What is there and no number is not made up for.
        let wrong = [(body, Value::Text(b"x")), both[1]];
        assert_eq!(added(vec![body, all], &wrong), Err(NoSample::Refused));
        assert_eq!(added(vec![all], &both), Ok(Sample::Whole(9)));
        assert_eq!(added(vec![], &both), Ok(Sample::Whole(1)));
    }

    proptest! {
        /// Buckets of whole numbers, of floats and of a naive comparison are the same.
        #[test]
        fn a_number_has_one_bucket(
            n in prop_oneof![0u64..100_000_000, any::<u64>(), Just(5_000_000), Just(5_000_001)],
            unit in prop::sample::select(vec![Unit::Nanoseconds, Unit::Milliseconds, Unit::Seconds]),
        ) {
            let buckets = vec![0.0, 0.005, 0.01, 0.1, 1.0, 10.0, 1e6];
            let billionths = unit.billionths();
            let bounds = BucketBounds::new(&buckets, billionths);
            let bucket = |sample: Sample| bounds.bucket(sample, sample.amount(billionths));
            let exact = u128::from(n) * u128::from(billionths);
            let naive = buckets.iter().filter(|&&b| ((b * 1e9).round() as u128) < exact).count();
            prop_assert_eq!(bucket(Sample::Whole(n)), naive);
            // Floats hold whole numbers up to 2^53.
            if n < 1 << 53 && exact < 1 << 53 {
                prop_assert_eq!(bucket(Sample::Float(n as f64)), naive);
            }
        }
    }
}
