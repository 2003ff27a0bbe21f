//! How old events are when they are read: a histogram for each input, and what tells a backlog from the rest.
//!
//! An instant is compared with the second of the one before it: as long as the second lies whole within one bucket
//! and on one side of the limit, nothing is calculated. So `now` is taken once per chunk, and a bucket is looked for
//! when the next is reached.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::exposition::MetricKind;
use super::fixed::Fixed;
use super::label::{Content, LabelText};
use super::lock::lock;
use super::reading::{Figure, Reading};
use super::tally::Tally;
use crate::event::Timestamp;

/// From what a writer's buffer holds back to what waited over night, in seconds.
const LAG_BOUNDS: [f64; 13] = [
    0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 1800.0, 3600.0, 86_400.0,
];

/// The same, in nanoseconds.
const LAG_NANOS: [i128; LAG_BOUNDS.len()] = {
    let mut nanos = [0; LAG_BOUNDS.len()];
    let mut at = 0;
    while at < nanos.len() {
        nanos[at] = (LAG_BOUNDS[at] * 1e9) as i128;
        at += 1;
    }
    nanos
};

/// How old the events of one input were when they were read, since the start. Events that say no time are no part
/// of it; those of the future count as 0 seconds old.
#[derive(Debug)]
pub struct Lag {
    tally: Mutex<Tally>,
}

impl Default for Lag {
    fn default() -> Self {
        Lag {
            tally: Mutex::new(Tally::new(&LAG_BOUNDS)),
        }
    }
}

/// The metric that shows them, by the inputs' names.
pub(super) fn reading(lags: &BTreeMap<String, Arc<Lag>>) -> Reading {
    let help = "How old events were when they were read, by their own time and by input";
    let mut reading = Reading::new("logmill_event_lag_seconds", MetricKind::Histogram, help);
    for (input, lag) in lags {
        let tally = lock(&lag.tally);
        if tally.buckets().iter().any(|&events| events > 0) {
            let labels = LabelText::new([("input", Content::Text(input))]).other();
            reading.rows.push((labels, Figure::Histogram(tally.clone())));
        }
    }
    reading
}

/// The ages of the events of one chunk.
#[derive(Debug)]
pub struct Ages {
    /// Nanoseconds since the epoch.
    now: i128,
    /// An event that is older, in nanoseconds, is one of a backlog.
    limit: i128,
    run: Run,
    buckets: [u64; LAG_BOUNDS.len() + 1],
    /// In nanoseconds.
    sum: i128,
}

/// Events whose seconds lie within one bucket.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    /// The first of these seconds, since the epoch.
    from: i64,
    /// How many seconds there are; 0: there is no run.
    length: u64,
    bucket: usize,
    old: bool,
    future: bool,
    events: u64,
    /// The sum of the events' seconds behind `from`.
    secs: u64,
    /// The sum of their fractions.
    nanos: u64,
}

impl Ages {
    /// For a chunk that is read `now`. Events older than `limit` are old; none is where there is no limit.
    pub fn new(now: Timestamp, limit: Option<Duration>) -> Self {
        Ages {
            now: nanos(now),
            limit: limit.map_or(i128::MAX, |limit| {
                i128::try_from(limit.as_nanos()).unwrap_or(i128::MAX)
            }),
            run: Run::default(),
            buckets: [0; LAG_BOUNDS.len() + 1],
            sum: 0,
        }
    }

    /// An event happened `at`; whether it is old.
    #[inline]
    pub fn see(&mut self, at: Timestamp) -> bool {
        let secs = at.secs.wrapping_sub(self.run.from) as u64;
        if secs >= self.run.length {
            return self.turn(at);
        }
        self.run.events += 1;
        self.run.secs += secs;
        self.run.nanos += u64::from(at.nanos);
        self.run.old
    }

    /// An event outside of the run: the beginning of the next, or one within a second that has two buckets.
    #[inline(never)]
    fn turn(&mut self, at: Timestamp) -> bool {
        self.end_run();
        let age = self.now - nanos(at);
        let bucket = LAG_NANOS.partition_point(|&bound| bound < age);
        let old = age > self.limit;
        self.buckets[bucket] += 1;
        self.sum += age.max(0);
        // What is of the same bucket is not older than `oldest`, and older than `youngest`.
        let mut oldest = LAG_NANOS.get(bucket).copied().unwrap_or(i128::MAX);
        let mut youngest = match bucket {
            0 if age < 0 => i128::MIN,
            0 => -1,
            _ => LAG_NANOS[bucket - 1],
        };
        if age < 0 {
            oldest = -1;
        }
        if old {
            youngest = youngest.max(self.limit);
        } else {
            oldest = oldest.min(self.limit);
        }
        let second = i128::from(at.secs);
        let first = ceil_secs(self.now.saturating_sub(oldest)).max(second - HALF_RUN);
        // The first second that has an instant which is too young.
        let end =
            ceil_secs(self.now.saturating_sub(youngest).saturating_sub(999_999_999)).min(second + HALF_RUN);
        if (first..end).contains(&second) {
            self.run = Run {
                from: first as i64,
                length: (end - first) as u64,
                bucket,
                old,
                future: age < 0,
                ..Run::default()
            };
        }
        old
    }

    fn end_run(&mut self) {
        let run = std::mem::take(&mut self.run);
        self.buckets[run.bucket] += run.events;
        if !run.future {
            let to_from = self.now - i128::from(run.from) * 1_000_000_000;
            let behind = i128::from(run.secs) * 1_000_000_000 + i128::from(run.nanos);
            self.sum += to_from * i128::from(run.events) - behind;
        }
    }

    /// Adds what was seen to the input's.
    pub fn end(mut self, lag: &Lag) {
        self.end_run();
        let mut tally = lock(&lag.tally);
        for (bucket, events) in self
            .buckets
            .into_iter()
            .enumerate()
            .filter(|&(_, events)| events > 0)
        {
            tally.add_to_bucket(bucket, events);
        }
        tally.add_sum(Fixed::billionths(self.sum.max(0).unsigned_abs()));
    }
}

/// Half of the longest run, in seconds: fifty years. So the sums of a chunk stay far within their bits.
const HALF_RUN: i128 = 50 * 365 * 86_400;

fn nanos(at: Timestamp) -> i128 {
    i128::from(at.secs) * 1_000_000_000 + i128::from(at.nanos)
}

fn ceil_secs(nanos: i128) -> i128 {
    nanos.div_euclid(1_000_000_000) + i128::from(nanos.rem_euclid(1_000_000_000) > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: i64 = 1_800_000_000;

    fn at(secs: i64, nanos: u32) -> Timestamp {
        Timestamp {
            secs,
            nanos,
            digits: 9,
        }
    }

    fn figures(lag: &Lag) -> (Vec<u64>, Fixed) {
        let tally = lock(&lag.tally);
        (tally.buckets().to_vec(), tally.sum())
    }

    #[test]
    fn the_limit_divides_events_to_the_nanosecond() {
        let mut ages = Ages::new(at(NOW, 5), Some(Duration::from_secs(600)));
        assert!(!ages.see(at(NOW - 600, 5)));
        assert!(ages.see(at(NOW - 600, 4)));
        assert!(ages.see(at(NOW - 601, 999_999_999)));
        assert!(!ages.see(at(NOW - 600, 6)));
        assert!(!ages.see(at(NOW, 5)));
    }

    #[test]
    fn the_future_is_not_old_and_has_no_lag() {
        let mut ages = Ages::new(at(NOW, 0), Some(Duration::from_secs(1)));
        for secs in [NOW + 1, NOW + 2, NOW + 1_000_000_000, i64::MAX / 2_000_000_000] {
            assert!(!ages.see(at(secs, 1)), "{secs}");
        }
        let lag = Lag::default();
        ages.end(&lag);
        let (buckets, sum) = figures(&lag);
        assert_eq!((buckets[0], sum), (4, Fixed::ZERO));
    }

    #[test]
    fn without_a_limit_nothing_is_old() {
        let mut ages = Ages::new(at(NOW, 0), None);
        // The year 1, which .NET writes for a time that was never set.
        assert!(!ages.see(at(-62_135_596_800, 0)));
        assert!(!ages.see(at(NOW - 1_000_000_000, 0)));
    }

    proptest! {
        /// Whatever order the instants have, each is counted and told as if it were the only one.
        #[test]
        fn a_run_changes_nothing(
            offsets in prop::collection::vec((prop_oneof![
                -3i64..3, -700i64..700, -100_000i64..100_000, Just(-62_135_596_800i64)
            ], 0u32..1_000_000_000), 1..60),
            fraction in 0u32..1_000_000_000,
            limit in prop_oneof![Just(None), (0u64..4_000).prop_map(Some)],
        ) {
            let now = at(NOW, fraction);
            let limit = limit.map(Duration::from_secs);
            let mut ages = Ages::new(now, limit);
            let (mut buckets, mut sum) = (vec![0u64; LAG_BOUNDS.len() + 1], 0i128);
            for (offset, fraction) in offsets {
                let event = at(NOW + offset, fraction);
                let age = nanos(now) - nanos(event);
                let old = limit.is_some_and(|limit| age > limit.as_nanos() as i128);
                prop_assert_eq!(ages.see(event), old);
                buckets[LAG_NANOS.iter().filter(|&&bound| bound < age).count()] += 1;
                sum += age.max(0);
            }
            let lag = Lag::default();
            ages.end(&lag);
            prop_assert_eq!(figures(&lag), (buckets, Fixed::billionths(sum as u128)));
        }
    }
}
