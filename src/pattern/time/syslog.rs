//! Dates written month first, most of them without a year.

use super::calendar::{DAY, days, is_weekday, month, of_day};
use super::fraction::fraction;
use super::zone::{Allowed, zoned};
use super::{Clock, Read, done, fail, four, instant, local, two};
use crate::event::Timestamp;

/// How far a line may be ahead of the clock before it is taken to be of the year before, in seconds: the two may
/// stand in zones up to 26 hours apart.
const AHEAD_MAX: i64 = 26 * 3600;

/// The longest distance between two leap days, in years (1896 to 1904, and 2096 to 2104).
const LEAP_YEARS: u32 = 8;

/// `Nov 22 17:28:30`, `Nov  2 …` or `Nov 2 …`; a fraction is allowed.
#[inline]
pub(super) fn syslog<'a>(input: &'a [u8], clock: &mut Clock) -> Read<'a, Timestamp> {
    let Some((head, rest)) = padded(input) else {
        return fail();
    };
    let mut memo = std::mem::take(&mut clock.syslog);
    let civil = memo.get(&head, |text| {
        let (month, day, time) = month_day_time(text)?;
        latest(month, day, time, clock.civil_now())
    });
    clock.syslog = memo;
    let (rest, fraction) = fraction(rest, b".,");
    local(rest, civil, fraction, clock)
}

/// The text up to the second, with a blank before a day of one digit, and what follows it.
#[inline]
fn padded(input: &[u8]) -> Option<([u8; 15], &[u8])> {
    if let [n1, n2, n3, b' ', day @ b'1'..=b'9', b' ', rest @ ..] = input {
        let (time, rest) = rest.split_first_chunk::<8>()?;
        let mut head = [*n1, *n2, *n3, b' ', b' ', *day, b' ', 0, 0, 0, 0, 0, 0, 0, 0];
        head[7..].copy_from_slice(time);
        return Some((head, rest));
    }
    input.split_first_chunk().map(|(head, rest)| (*head, rest))
}

/// Month, day, and second of the day of `Nov 22 17:28:30`.
fn month_day_time(text: &[u8; 15]) -> Option<(u32, u32, i64)> {
    let [n1, n2, n3, b' ', d1, d2, b' ', time @ ..] = *text else {
        return None;
    };
    let tens = if d1 == b' ' { b'0' } else { d1 };
    Some((month([n1, n2, n3])?, two(tens, d2)?, of_day(time)?))
}

/// The latest such time that is not ahead of `now`; both in civil seconds.
pub(super) fn latest(month: u32, day: u32, time: i64, now: i64) -> Option<i64> {
    let limit = now.saturating_add(AHEAD_MAX);
    // The year of `limit`, or the one after it where the division is off by the leap days.
    let year = u32::try_from(limit.div_euclid(31_556_952).saturating_add(1971)).ok()?;
    (year.saturating_sub(LEAP_YEARS + 2)..=year)
        .rev()
        .find_map(|year| {
            let civil = days(year, month, day)? * DAY + time;
            (civil <= limit).then_some(civil)
        })
}

/// `1122 17:28:30.123456`.
pub(super) fn klog<'a>(input: &'a [u8], clock: &mut Clock) -> Read<'a, Timestamp> {
    let Some((&[m1, m2, d1, d2, b' ', ref time @ ..], rest)) = input.split_first_chunk::<13>() else {
        return fail();
    };
    let civil = || latest(two(m1, m2)?, two(d1, d2)?, of_day(*time)?, clock.civil_now());
    let civil = civil();
    let (rest, fraction) = fraction(rest, b".,");
    local(rest, civil, fraction, clock)
}

/// `Sun Nov 22 17:28:30.123456 2026`, and with a zone before the year, as `date` writes it.
pub(super) fn ctime<'a>(input: &'a [u8], clock: &mut Clock) -> Read<'a, Timestamp> {
    let Some((&[w1, w2, w3, b' ', ref head @ ..], rest)) = input.split_first_chunk::<19>() else {
        return fail();
    };
    let Some((month, day, time)) = month_day_time(head).filter(|_| is_weekday([w1, w2, w3])) else {
        return fail();
    };
    let (rest, fraction) = fraction(rest, b".,");
    // The year stands behind the zone, and what the zone means depends on it.
    let zone = rest;
    let named = match rest {
        [b' ', letter, ..] if letter.is_ascii_uppercase() => {
            1 + rest[1..]
                .iter()
                .take_while(|byte| byte.is_ascii_uppercase())
                .count()
        }
        _ => 0,
    };
    let [b' ', y1, y2, y3, y4, rest @ ..] = &rest[named..] else {
        return fail();
    };
    let civil = || Some(days(four([*y1, *y2, *y3, *y4])?, month, day)? * DAY + time);
    let secs = civil().and_then(
        |civil| match zoned(&zone[..named], civil, Allowed::Names, clock)? {
            ([], secs) => Some(secs),
            // A word that is no zone.
            _ => None,
        },
    );
    done(rest, secs.and_then(|secs| instant(secs, fraction)))
}
