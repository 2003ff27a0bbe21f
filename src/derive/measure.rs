//! What an event adds to a metric, and whether it adds at all.

use std::sync::{Arc, Mutex};

use super::bounds::Bounds;
use super::cells::Details;
use super::exemplar::Trace;
use super::family::Waiting;
use super::fixed::Fixed;
use super::hash::Seed;
use super::key;
use super::latest::in_base_unit;
use super::like::Likes;
use super::lock::lock;
use super::only::{Only, OnlyValue};
use super::pairs::{End, Pairs};
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

/// A number that a metric can take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Sample {
    Whole(u64),
    /// Finite; of a gauge any number, otherwise 0 or more.
    Float(f64),
}

/// Why a field gives no sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum NoSample {
    Absent,
    /// No number, or one below 0 that is not for a gauge: a counter that goes down looks like a restart to Prometheus.
    Refused,
}

impl Sample {
    #[inline(never)]
    pub fn of(value: Value<'_>) -> Result<Sample, NoSample> {
        match value {
            Value::Int(n @ 0..) => Ok(Sample::Whole(n as u64)),
            Value::Absent => Err(NoSample::Absent),
            Value::Float(x) => Sample::float(x),
            Value::Text(_) | Value::Json(_) => Sample::parse(value),
            _ => Err(NoSample::Refused),
        }
    }

    /// Of a gauge, which may be below 0.
    #[inline(never)]
    pub fn signed(value: Value<'_>) -> Result<Sample, NoSample> {
        let number = match value {
            Value::Int(n @ ..0) => n as f64,
            Value::Float(x) => x,
            Value::Text(_) | Value::Json(_) => {
                let text = key::text(value).ok_or(NoSample::Refused)?;
                let text = std::str::from_utf8(&text).map_err(|_| NoSample::Refused)?;
                text.parse().map_err(|_| NoSample::Refused)?
            }
            value => return Sample::of(value),
        };
        let usable = number.is_finite();
        usable.then_some(Sample::Float(number)).ok_or(NoSample::Refused)
    }

    fn float(x: f64) -> Result<Sample, NoSample> {
        let usable = x.is_finite() && x >= 0.0;
        usable.then_some(Sample::Float(x)).ok_or(NoSample::Refused)
    }

    /// JSON and logfmt lines have numbers as text.
    fn parse(value: Value<'_>) -> Result<Sample, NoSample> {
        let text = key::text(value).ok_or(NoSample::Refused)?;
        let text = std::str::from_utf8(&text).map_err(|_| NoSample::Refused)?;
        match text.parse::<u64>() {
            Ok(n) => Ok(Sample::Whole(n)),
            Err(_) => Sample::float(text.parse::<f64>().map_err(|_| NoSample::Refused)?),
        }
    }

    /// In the base unit, of which `unit` is so many billionths.
    pub fn in_base_unit(self, unit: u64) -> f64 {
        match self {
            Sample::Whole(n) => in_base_unit(n as f64, unit),
            Sample::Float(x) => in_base_unit(x, unit),
        }
    }

    pub fn amount(self, unit: u64) -> Fixed {
        match self {
            Sample::Whole(n) => Fixed::whole(n, unit),
            Sample::Float(x) => Fixed::float(x, unit),
        }
    }
}

/// A compiled [`Only`]: whether a field, or one of several, has one of some values.
#[derive(Debug)]
pub struct Condition {
    field: FieldId,
    /// The others of which one may have it; nearly always none.
    others: Box<[FieldId]>,
    any_case: bool,
    ints: Box<[i64]>,
    texts: Box<[Box<[u8]>]>,
    likes: Likes,
}

impl Condition {
    pub fn new(only: &Only) -> Self {
        let int = |value: &OnlyValue| match value {
            OnlyValue::Int(n) => Some(*n),
            OnlyValue::Text(text) => text.parse().ok(),
        };
        let text = |value: &OnlyValue| match value {
            OnlyValue::Int(n) => n.to_string().into_bytes().into(),
            OnlyValue::Text(text) => text.as_bytes().into(),
        };
        let written = only.values.iter().filter_map(|value| match value {
            OnlyValue::Int(_) => None,
            OnlyValue::Text(text) => Some(text.as_str()),
        });
        Condition {
            field: only.field,
            others: only.or.as_slice().into(),
            any_case: only.any_case,
            likes: Likes::new(written, only.any_case),
            ints: only.values.iter().filter_map(int).collect(),
            texts: only.values.iter().map(text).collect(),
        }
    }

    #[inline]
    pub fn holds(&self, fields: &Fields<'_>) -> bool {
        match fields.get(self.field) {
            Value::Int(n) => self.ints.contains(&n) || self.holds_elsewhere(fields),
            Value::Absent => self.holds_elsewhere(fields),
            _ => self.is_one(fields.get(self.field)) || self.holds_elsewhere(fields),
        }
    }

    #[inline(always)]
    fn holds_elsewhere(&self, fields: &Fields<'_>) -> bool {
        !self.others.is_empty() && self.is_one_of_others(fields)
    }

    #[inline(never)]
    fn is_one_of_others(&self, fields: &Fields<'_>) -> bool {
        self.others.iter().any(|&field| self.is_one(fields.get(field)))
    }

    #[inline(never)]
    fn is_one(&self, value: Value<'_>) -> bool {
        let is = |text: &[u8]| {
            let same = |value: &[u8]| match self.any_case {
                false => *value == *text,
                true => value.eq_ignore_ascii_case(text),
            };
            self.texts.iter().any(|value| same(value)) || self.likes.fit(text)
        };
        match value {
            Value::Int(n) => self.ints.contains(&n),
            Value::Text(text) => is(text),
            Value::Bool(true) => is(b"true"),
            Value::Bool(false) => is(b"false"),
            value @ Value::Json(_) => key::text(value).is_some_and(|text| is(&text)),
            Value::Float(_) | Value::Time(_) | Value::Absent => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derive::unit::Unit;
    use crate::event::{Schema, Timestamp};
    use proptest::prelude::*;

    #[test]
    fn numbers_are_samples_however_they_are_written() {
        assert_eq!(Sample::of(Value::Int(3)), Ok(Sample::Whole(3)));
        assert_eq!(Sample::of(Value::Float(0.5)), Ok(Sample::Float(0.5)));
        assert_eq!(Sample::of(Value::Text(b"3")), Ok(Sample::Whole(3)));
        assert_eq!(Sample::of(Value::Text(b"0.5")), Ok(Sample::Float(0.5)));
        assert_eq!(Sample::of(Value::Json(b"\"7\"")), Ok(Sample::Whole(7)));
        assert_eq!(Sample::of(Value::Json(b"1e3")), Ok(Sample::Float(1000.0)));
        assert_eq!(Sample::of(Value::Absent), Err(NoSample::Absent));
        for value in [
            Value::Int(-1),
            Value::Float(-0.5),
            Value::Text(b"x"),
            Value::Text(b"\xff"),
            Value::Text(b"NaN"),
            Value::Text(b"inf"),
            Value::Json(b"[1]"),
            Value::Bool(true),
            Value::Time(Timestamp::from_millis(1)),
        ] {
            assert_eq!(Sample::of(value), Err(NoSample::Refused), "{value:?}");
        }
    }

    #[test]
    fn a_condition_does_not_mind_how_a_value_is_written() {
        let id = Schema::default().intern("status");
        let holds = |values: Vec<OnlyValue>, value| {
            let mut fields = Fields::new(1);
            fields.set(id, value);
            Condition::new(&Only::new(id, values)).holds(&fields)
        };
        let numbers = || vec![OnlyValue::Int(408), OnlyValue::Text("499".to_owned())];
        for value in [
            Value::Int(408),
            Value::Int(499),
            Value::Text(b"408"),
            Value::Json(b"499"),
            Value::Json(b"\"408\""),
        ] {
            assert!(holds(numbers(), value), "{value:?}");
        }
        for value in [
            Value::Int(200),
            Value::Text(b"4080"),
            Value::Absent,
            Value::Float(408.0),
        ] {
            assert!(!holds(numbers(), value), "{value:?}");
        }
        assert!(holds(vec![OnlyValue::Text("true".to_owned())], Value::Bool(true)));
        assert!(!holds(
            vec![OnlyValue::Text("true".to_owned())],
            Value::Bool(false)
        ));
    }

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

    #[test]
    fn a_condition_takes_one_of_several_fields_in_any_case() {
        let mut schema = Schema::default();
        let [message, kind, status] = ["message", "error.type", "status"].map(|name| schema.intern(name));
        let (any_case, fields) = Only::parse("lower( message, error.type )");
        assert!(any_case && fields.eq(["message", "error.type"]));
        let (any_case, fields) = Only::parse(" log.level ");
        assert!(!any_case && fields.eq(["log.level"]));
        let condition = Condition::new(&Only {
            field: message,
            or: vec![kind],
            any_case: true,
            values: vec![
                OnlyValue::Text("*timeout*".to_owned()),
                OnlyValue::Text("Gone".to_owned()),
                OnlyValue::Int(504),
            ],
        });
        let holds = |values: &[(FieldId, Value<'static>)]| {
            let mut fields = Fields::new(3);
            for &(field, value) in values {
                fields.set(field, value);
            }
            condition.holds(&fields)
        };
        assert!(holds(&[(message, Value::Text(b"Read TIMEOUT"))]));
        assert!(holds(&[(message, Value::Text(b"gONE"))]));
        assert!(holds(&[(kind, Value::Json(b"\"SocketTimeoutException\""))]));
        assert!(holds(&[
            (message, Value::Text(b"no")),
            (kind, Value::Text(b"TimeoutException"))
        ]));
        assert!(holds(&[(message, Value::Int(7)), (kind, Value::Int(504))]));
        assert!(!holds(&[
            (message, Value::Text(b"no")),
            (status, Value::Text(b"timeout"))
        ]));
        assert!(!holds(&[(message, Value::Int(7)), (kind, Value::Bool(true))]));
        assert!(!holds(&[]));
    }

    proptest! {
        /// Buckets of whole numbers, of floats and of a naive comparison are the same.
        #[test]
        fn a_number_has_one_bucket(
            n in prop_oneof![0u64..100_000_000, any::<u64>(), Just(5_000_000), Just(5_000_001)],
            unit in prop::sample::select(vec![Unit::Nanoseconds, Unit::Milliseconds, Unit::Seconds, Unit::Kibibytes]),
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
