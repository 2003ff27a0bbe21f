//! Native histograms: buckets whose bounds grow by a constant factor, so that nobody has to choose them.
//!
//! A schema of n divides each power of two into 2ⁿ buckets; bucket i holds what is above 2^((i-1)/2ⁿ) and not above
//! 2^(i/2ⁿ). Series begin with [`SCHEMA_MAX`]; where their buckets would become too many, pairs become one, which is
//! the next lower schema (<https://prometheus.io/docs/specs/native_histograms/>).

use crate::limits::NATIVE_BUCKETS_MAX;

/// A bucket's bounds are a factor of 1.09 apart: a quantile is at most 4.3 % from the truth.
const SCHEMA_MAX: i8 = 3;

/// What is not above this counts as zero; the value of Prometheus's own client library, 2⁻¹²⁸.
pub(super) const ZERO_THRESHOLD: f64 = 2.938_735_877_055_719e-39;

/// 2^(i/8): where the buckets from 1 to 2 end, but for the last, which ends at 2.
const EIGHTHS: [f64; 8] = [
    1.0,
    1.090_507_732_665_257_7,
    1.189_207_115_002_721,
    1.296_839_554_651_009_6,
    std::f64::consts::SQRT_2,
    1.542_210_825_407_940_7,
    1.681_792_830_507_429,
    1.834_008_086_409_342_4,
];

/// One series. Its buckets lie side by side, [`NATIVE_BUCKETS_MAX`] of them at most: at the finest schema, values
/// from a millisecond to seventeen minutes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Native {
    /// -4 to 3.
    schema: i8,
    zeros: u64,
    /// The index of the first bucket in `counts`.
    first: i32,
    counts: Vec<u64>,
}

impl Default for Native {
    fn default() -> Self {
        Native {
            schema: SCHEMA_MAX,
            zeros: 0,
            first: 0,
            counts: Vec::new(),
        }
    }
}

impl Native {
    /// Counts a value, which is 0 or more and finite.
    pub fn add(&mut self, value: f64) {
        if value <= ZERO_THRESHOLD {
            self.zeros += 1;
            return;
        }
        let place = self.place(finest(value));
        self.counts[place] += 1;
    }

    /// Adds what another one counted.
    pub fn merge(&mut self, other: &Native) {
        while self.schema > other.schema {
            self.halve();
        }
        self.zeros += other.zeros;
        for (index, &count) in (other.first..).zip(&other.counts) {
            if count > 0 {
                // Of the finest buckets in it, the uppermost.
                let place = self.place(index << (SCHEMA_MAX - other.schema));
                self.counts[place] += count;
            }
        }
    }

    pub fn schema(&self) -> i8 {
        self.schema
    }

    pub fn zeros(&self) -> u64 {
        self.zeros
    }

    /// The index of the first of [`Native::counts`].
    pub fn first(&self) -> i32 {
        self.first
    }

    /// The events in each bucket alone.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Where the bucket is that holds this one of the finest schema.
    fn place(&mut self, finest: i32) -> usize {
        let index = coarser(finest, SCHEMA_MAX - self.schema);
        match usize::try_from(index - self.first) {
            Ok(place) if place < self.counts.len() => place,
            _ => self.widen(finest),
        }
    }

    /// Makes room for that bucket. Ends, because the lowest schema, -4, has 73 buckets for all floats above the
    /// threshold.
    #[cold]
    fn widen(&mut self, finest: i32) -> usize {
        loop {
            let index = coarser(finest, SCHEMA_MAX - self.schema);
            if self.counts.is_empty() {
                self.first = index;
            }
            let end = self.first + self.counts.len() as i32;
            let (first, end) = (self.first.min(index), end.max(index + 1));
            let len = (end - first) as usize;
            if len <= NATIVE_BUCKETS_MAX {
                let before = (self.first - first) as usize;
                self.counts.splice(0..0, std::iter::repeat_n(0, before));
                self.counts.resize(len, 0);
                self.first = first;
                return (index - first) as usize;
            }
            self.halve();
        }
    }

    /// Makes pairs of buckets one.
    fn halve(&mut self) {
        let first = coarser(self.first, 1);
        let mut counts = Vec::with_capacity(self.counts.len());
        for (index, count) in (self.first..).zip(&self.counts) {
            let place = (coarser(index, 1) - first) as usize;
            counts.resize(place + 1, 0);
            counts[place] += count;
        }
        self.first = first;
        self.counts = counts;
        self.schema -= 1;
    }
}

/// The index of the bucket that holds bucket `index` in a schema that is lower by `by`.
fn coarser(index: i32, by: i8) -> i32 {
    (index + (1 << by) - 1) >> by
}

/// The bucket of a value above the threshold, at the finest schema.
fn finest(value: f64) -> i32 {
    const FRACTION: u64 = (1 << 52) - 1;
    const ONE: u64 = 1023 << 52;
    let bits = value.to_bits();
    // Normal floats only are above the threshold, so this is the value divided by a power of two.
    let exponent = (bits >> 52) as i32 - 1023;
    let from_1_to_2 = f64::from_bits(bits & FRACTION | ONE);
    let eighth = EIGHTHS.partition_point(|&bound| bound < from_1_to_2);
    exponent * 8 + eighth as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[f64]) -> Native {
        let mut native = Native::default();
        values.iter().for_each(|&value| native.add(value));
        native
    }

    /// Bounds of the bucket with this index.
    fn bounds(index: i32, schema: i8) -> (f64, f64) {
        let bound = |index: i32| (f64::from(index) / f64::from(schema).exp2()).exp2();
        (bound(index - 1), bound(index))
    }

    #[test]
    fn powers_of_two_are_upper_bounds() {
        assert_eq!([0.25, 0.5, 1.0, 2.0, 1024.0].map(finest), [-16, -8, 0, 8, 80]);
        assert_eq!(finest(1.0 + f64::EPSILON), 1);
        assert_eq!(finest(1.0 - f64::EPSILON), 0);
        for (at, eighth) in EIGHTHS.into_iter().enumerate() {
            assert!(
                (eighth - (at as f64 / 8.0).exp2()).abs() <= f64::EPSILON,
                "{eighth}"
            );
            assert_eq!(finest(eighth), at as i32);
        }
    }

    #[test]
    fn what_is_next_to_nothing_is_zero() {
        let native = of(&[0.0, ZERO_THRESHOLD, 1e-300, 3e-39]);
        assert_eq!(native.zeros(), 3);
        assert_eq!(native.counts(), [1]);
        assert_eq!(ZERO_THRESHOLD, (-128f64).exp2());
    }

    #[test]
    fn too_many_buckets_become_half_as_many() {
        // 2^20 apart: 160 buckets and one.
        let native = of(&[1.0, 1_048_576.0]);
        assert_eq!((native.schema(), native.counts().len()), (2, 81));
        let native = of(&[1.0, 1_048_575.0 / 2.0]);
        assert_eq!(native.schema(), 3);
        let all = of(&[f64::MAX, 3e-39, 1.0]);
        assert!(all.counts().len() <= NATIVE_BUCKETS_MAX);
        assert_eq!(all.counts().iter().sum::<u64>(), 3);
    }

    proptest! {
        #[test]
        fn each_value_is_between_the_bounds_of_its_bucket(value in prop_oneof![1e-6..1e6f64, 1e-38..1e300f64]) {
            let native = of(&[value]);
            let (lower, upper) = bounds(native.first(), native.schema());
            prop_assert!(lower * (1.0 - 1e-12) < value && value <= upper * (1.0 + 1e-12), "{lower} {upper}");
        }

        /// In one histogram or in two that are put together, whatever the schemas are: the same.
        #[test]
        fn parts_are_the_whole(
            values in prop::collection::vec(prop_oneof![1e-3..10f64, Just(0.0), 1e-9..1e9f64, 1e-38..1e38f64], 0..40),
            at in 0usize..40,
        ) {
            let whole = of(&values);
            let (one, two) = values.split_at(at.min(values.len()));
            let mut both = of(one);
            both.merge(&of(two));
            prop_assert_eq!(both, whole);
        }
    }
}
