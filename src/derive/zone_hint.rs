//! Whether the times of an input are read in a wrong zone: then its newest events are always the same number of
//! quarter hours old, or ahead.

use std::sync::Mutex;

use super::lock::lock;
use crate::event::Timestamp;

/// Zones are apart by multiples of this, in seconds.
const QUARTER: i64 = 900;

/// Zones are at most this far from UTC, in quarters: UTC+14.
const QUARTERS_MAX: i64 = 14 * 4;

/// How far off such a multiple an event may be when it is read, in seconds: what a writer's buffer holds back.
const SLACK: i64 = 60;

/// So many chunks in a row have to say the same,
const CHUNKS_MIN: u32 = 10;

/// over so many seconds: a file that was left behind is read in less.
const SECONDS_MIN: i64 = 120;

/// What the chunks of one input have said so far.
#[derive(Debug, Default)]
pub struct ZoneHint {
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// How old the newest events are, in quarter hours; below zero: of the future. 0: nothing to say.
    quarters: i64,
    chunks: u32,
    /// When the first of these chunks was read, in seconds since the epoch.
    since: i64,
    said: bool,
}

impl ZoneHint {
    /// The last event of a chunk that was read `now` happened `at`. Returns, once, by how many minutes the input is old
    /// (or below zero: ahead), if that is a matter of zones.
    pub fn hear(&self, at: Timestamp, now: Timestamp) -> Option<i64> {
        let age = now.secs.saturating_sub(at.secs);
        let quarters = age.saturating_add(QUARTER / 2).div_euclid(QUARTER);
        let off = age.saturating_sub(quarters.saturating_mul(QUARTER));
        let mut seen = lock(&self.seen);
        if quarters == 0 || quarters.saturating_abs() > QUARTERS_MAX || off.abs() > SLACK {
            seen.quarters = 0;
            return None;
        }
        if seen.quarters != quarters {
            *seen = Seen {
                quarters,
                chunks: 0,
                since: now.secs,
                said: seen.said,
            };
        }
        seen.chunks = seen.chunks.saturating_add(1);
        let sure = seen.chunks >= CHUNKS_MIN && now.secs.saturating_sub(seen.since) >= SECONDS_MIN;
        (sure && !std::mem::replace(&mut seen.said, true)).then_some(quarters * (QUARTER / 60))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_368_510;

    /// What is heard of a chunk each `step` seconds, each event `age(n)` seconds old.
    fn heard(chunks: i64, step: i64, age: impl Fn(i64) -> i64) -> Vec<i64> {
        let hint = ZoneHint::default();
        let moment = |secs| Timestamp {
            secs,
            nanos: 0,
            digits: 0,
        };
        (0..chunks)
            .filter_map(|n| {
                let now = NOW + n * step;
                hint.hear(moment(now - age(n)), moment(now))
            })
            .collect()
    }

    #[test]
    fn a_wrong_zone_is_told_once() {
        assert_eq!(heard(100, 15, |n| 3600 + n % 30), [60]);
        assert_eq!(heard(100, 15, |n| -7200 + n % 3), [-120]);
        assert_eq!(heard(100, 15, |_| 5 * 3600 + 1800), [330]);
    }

    #[test]
    fn what_has_another_reason_is_not_told() {
        // In time, long ago, a backlog that is caught up with, one old file read at once, too few chunks.
        assert!(heard(100, 15, |n| n % 50).is_empty());
        assert!(heard(100, 15, |_| 30 * 3600).is_empty());
        assert!(heard(500, 1, |n| 4 * 3600 - n * 30).is_empty());
        assert!(heard(100, 1, |_| 3600).is_empty());
        assert!(heard(9, 600, |_| 3600).is_empty());
        assert!(heard(100, 15, |n| if n % 5 == 0 { 0 } else { 3600 }).is_empty());
        // Nothing overflows.
        let hint = ZoneHint::default();
        let (first, last) = (
            Timestamp {
                secs: i64::MIN,
                nanos: 0,
                digits: 0,
            },
            Timestamp {
                secs: i64::MAX,
                nanos: 0,
                digits: 0,
            },
        );
        assert_eq!(hint.hear(first, last), None);
        assert_eq!(hint.hear(last, first), None);
    }
}
