//! Times as logs write them, read to instants.
//!
//! Every form is read in two steps. The part that changes once a second becomes a *civil* time, in seconds since
//! 1970-01-01T00:00:00 on the wall clock that wrote it, and is remembered in the [`Clock`]: lines come in order,
//! so the next line mostly has the same second. Then the fraction, and the offset from UTC that the text states
//! or else that of the clock's zone.
//!
//! A date that does not exist (February 30, month 13, year 0) is no time. Second 60, a leap second, is the first
//! second of the next minute, as on every Unix clock.

mod abbreviation;
mod calendar;
mod clf;
mod clock;
mod day_first;
mod epoch;
mod fraction;
mod iso;
mod of_day;
mod syslog;
mod when;
mod zone;

pub use clock::Clock;
use zone::{Allowed, zoned};

use super::byteset::ByteSet;
use super::{Read, fail};
use crate::event::Timestamp;

/// How a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// `2026-11-22T17:28:30.123+01:00`; a space for the `T`, a comma, no zone are allowed.
    Rfc3339,
    /// `2026/11/22 17:28:30,123 CET`: as above, with `-` or `/`, a fraction after `.`, `,` or `:`, zones by name.
    Datetime,
    /// `22/Nov/2026:17:28:30 +0100`, the Common Log Format; HAProxy leaves the zone out and adds a fraction.
    Clf,
    /// `Nov 22 17:28:30`: no year.
    Syslog,
    /// `Sun Nov 22 17:28:30.123456 2026`, C's `ctime`, which Apache's error log adds a fraction to.
    Ctime,
    /// `Sun, 22 Nov 2026 17:28:30 +0100`, the e-mail and HTTP form; weekday, seconds and zone may be missing.
    Rfc2822,
    /// Seconds since 1970 in UTC, with a fraction or without.
    Epoch,
    EpochMs,
    EpochUs,
    EpochNs,
    /// `{"epochSecond":1795368510,"nanoOfSecond":123456789}`, as Log4j writes an instant in JSON.
    Instant,
    /// `1122 17:28:30.123456`: month and day, no year; Kubernetes' klog, which puts a letter before.
    Klog,
    /// `17:28:30.123`: no date.
    Clock,
    /// `20261122T172830Z`.
    Compact,
    /// `261122 17:28:30`, `20261122 17:28:30`.
    DigitsOnly,
    /// `22 Nov 2026 17:28:30`, `22/11/2026 17:28:30`: day, month, and the year or none.
    DayFirst,
    /// `11/22/2026 17:28:30`.
    MonthFirst,
    /// Any of them, told apart by shape, and also `22.11.2026 17:28:30`, `22-Nov-2026 17:28:30`.
    When,
}

impl Form {
    /// Reads a time at the beginning of `input`.
    #[inline(always)]
    pub(super) fn read<'a>(self, input: &'a [u8], clock: &mut Clock) -> Read<'a, Timestamp> {
        match self {
            Form::Clf => clf::clf(input, clock),
            _ => self.read_other(input, clock),
        }
    }

    #[inline(never)]
    fn read_other<'a>(self, input: &'a [u8], clock: &mut Clock) -> Read<'a, Timestamp> {
        match self {
            Form::Rfc3339 => iso::rfc3339(input, clock),
            Form::Datetime => iso::datetime(input, clock),
            Form::Clf => clf::clf(input, clock),
            Form::Syslog => syslog::syslog(input, clock),
            Form::Ctime => syslog::ctime(input, clock),
            Form::Rfc2822 => day_first::rfc2822(input, clock),
            Form::Epoch => epoch::epoch(input, 0),
            Form::EpochMs => epoch::epoch(input, 3),
            Form::EpochUs => epoch::epoch(input, 6),
            Form::EpochNs => epoch::epoch(input, 9),
            Form::Instant => epoch::pair(input),
            Form::Klog => syslog::klog(input, clock),
            Form::Clock => of_day::clock_time(input, clock),
            Form::Compact => iso::compact(input, clock),
            Form::DigitsOnly => iso::digits_only(input, clock),
            Form::DayFirst => day_first::day_first(input, clock),
            Form::MonthFirst => day_first::month_first(input, clock),
            Form::When => when::when(input, clock),
        }
    }

    /// The bytes that a time of this form can begin with.
    pub(super) const fn starts(self) -> ByteSet {
        match self {
            Form::Syslog | Form::Ctime => ByteSet::LETTERS,
            Form::Rfc2822 | Form::DayFirst | Form::MonthFirst | Form::When => {
                ByteSet::LETTERS.or(ByteSet::DIGITS)
            }
            Form::Instant => ByteSet::EMPTY.and(b'{'),
            _ => ByteSet::DIGITS,
        }
    }

    /// An example, for messages.
    pub(super) const fn example(self) -> &'static str {
        match self {
            Form::Rfc3339 => "2026-11-22T17:28:30.123+01:00",
            Form::Datetime => "2026-11-22 17:28:30,123",
            Form::Clf => "22/Nov/2026:17:28:30 +0100",
            Form::Syslog => "Nov 22 17:28:30",
            Form::Ctime => "Sun Nov 22 17:28:30 2026",
            Form::Rfc2822 => "Sun, 22 Nov 2026 17:28:30 +0100",
            Form::Epoch => "1795368510.123",
            Form::EpochMs => "1795368510123",
            Form::EpochUs => "1795368510123456",
            Form::EpochNs => "1795368510123456789",
            Form::Instant => r#"{"epochSecond":1795368510,"nanoOfSecond":123456789}"#,
            Form::Klog => "1122 17:28:30.123456",
            Form::Clock => "17:28:30.123",
            Form::Compact => "20261122T172830Z",
            Form::DigitsOnly => "261122 17:28:30",
            Form::DayFirst => "22 Nov 2026 17:28:30",
            Form::MonthFirst => "11/22/2026 17:28:30",
            Form::When => "2026-11-22T17:28:30Z in any usual form",
        }
    }
}

/// The first and last second that a document can name: 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z.
const SECS_MIN: i64 = -62_135_596_800;
const SECS_MAX: i64 = 253_402_300_799;

/// An instant, if it is one that a document can name.
#[inline]
fn instant(secs: i64, (nanos, digits): (u32, u8)) -> Option<Timestamp> {
    (SECS_MIN..=SECS_MAX)
        .contains(&secs)
        .then_some(Timestamp { secs, nanos, digits })
}

/// The value of two digits.
#[inline]
fn two(tens: u8, ones: u8) -> Option<u32> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens <= 9 && ones <= 9).then_some(u32::from(tens) * 10 + u32::from(ones))
}

/// The value of four digits.
#[inline]
fn four(digits: [u8; 4]) -> Option<u32> {
    Some(two(digits[0], digits[1])? * 100 + two(digits[2], digits[3])?)
}

/// The reader's answer: the instant with what follows it.
#[inline]
fn done(rest: &[u8], at: Option<Timestamp>) -> Read<'_, Timestamp> {
    match at {
        Some(at) => Ok((rest, at)),
        None => fail(),
    }
}

/// The answer for a civil time that names no zone.
#[inline]
fn local<'a>(
    rest: &'a [u8],
    civil: Option<i64>,
    fraction: (u32, u8),
    clock: &mut Clock,
) -> Read<'a, Timestamp> {
    let secs = civil.and_then(|civil| clock.local(civil));
    done(rest, secs.and_then(|secs| instant(secs, fraction)))
}

/// The answer for a civil time whose zone `rest` may begin with.
#[inline]
fn in_zone<'a>(
    rest: &'a [u8],
    civil: Option<i64>,
    fraction: (u32, u8),
    allowed: Allowed,
    clock: &mut Clock,
) -> Read<'a, Timestamp> {
    match civil.and_then(|civil| zoned(rest, civil, allowed, clock)) {
        Some((rest, secs)) => done(rest, instant(secs, fraction)),
        None => fail(),
    }
}

#[cfg(test)]
mod tests;
