//! Dates written year first.

use nom::bytes::complete::take;

use super::calendar::{DAY, days, of_day, of_half, seconds};
use super::fraction::fraction;
use super::zone::{Allowed, zoned};
use super::{Clock, Read, done, fail, four, in_zone, instant, two};
use crate::event::Timestamp;

/// `2026-11-22T17:28:30.123+01:00`.
#[inline]
pub(super) fn rfc3339<'a>(input: &'a [u8], clock: &mut Clock) -> Read<'a, Timestamp> {
    if input.get(4) != Some(&b'-') {
        return fail();
    }
    read(input, b".,", Allowed::Offsets, clock)
}

/// `2026/11/22 17:28:30:123 CET`, `2026-11-22 05:28:30 PM`, and all of [`rfc3339`].
#[inline]
pub(super) fn datetime<'a>(input: &'a [u8], clock: &mut Clock) -> Read<'a, Timestamp> {
    read(input, b".,:", Allowed::Names, clock)
}

#[inline]
fn read<'a>(input: &'a [u8], marks: &[u8], allowed: Allowed, clock: &mut Clock) -> Read<'a, Timestamp> {
    let Some((head, rest)) = input.split_first_chunk() else {
        return fail();
    };
    let Some(civil) = clock.iso.get(head, civil) else {
        return fail();
    };
    let (rest, fraction) = fraction(rest, marks);
    let (rest, civil) = match rest {
        [b' ', half @ (b'A' | b'P'), b'M', after @ ..]
            if allowed == Allowed::Names && !after.first().is_some_and(u8::is_ascii_alphanumeric) =>
        {
            (after, of_half(civil, *half))
        }
        _ => (rest, civil),
    };
    match zoned(rest, civil, allowed, clock) {
        Some((rest, secs)) => done(rest, instant(secs, fraction)),
        None => fail(),
    }
}

/// `2026-11-22T17:28:30` in civil seconds.
fn civil(text: &[u8; 19]) -> Option<i64> {
    let [
        date @ ..,
        mark @ (b'T' | b't' | b' '),
        h1,
        h2,
        c1,
        m1,
        m2,
        c2,
        s1,
        s2,
    ] = *text
    else {
        return None;
    };
    // MariaDB pads the hour with a blank.
    let h1 = if h1 == b' ' && mark == b' ' { b'0' } else { h1 };
    Some(day(date)? + of_day([h1, h2, c1, m1, m2, c2, s1, s2])?)
}

/// `2026-11-22`, `2026/11/22` or `2026.11.22` in civil seconds.
fn day(text: [u8; 10]) -> Option<i64> {
    let [y1, y2, y3, y4, mark @ (b'-' | b'/' | b'.'), m1, m2, again, d1, d2] = text else {
        return None;
    };
    if mark != again {
        return None;
    }
    Some(days(four([y1, y2, y3, y4])?, two(m1, m2)?, two(d1, d2)?)? * DAY)
}

/// `2026-11-22T17:28Z`: no seconds.
pub(super) fn minutes<'a>(input: &'a [u8], clock: &mut Clock) -> Read<'a, Timestamp> {
    let Some((head, rest)) = input.split_first_chunk::<16>() else {
        return fail();
    };
    let [date @ .., b'T' | b't' | b' ', h1, h2, b':', m1, m2] = *head else {
        return fail();
    };
    let civil = || Some(day(date)? + of_day([h1, h2, b':', m1, m2, b':', b'0', b'0'])?);
    in_zone(rest, civil(), (0, 0), Allowed::Names, clock)
}

/// `261122  7:28:30`, `20261122 17:28:30.123` or `20261122-17:28:30`: the date in digits only, the time as usual, a blank or a zero before a
/// small hour; or `081109 203518`, the time in digits only as well. Of two digits, those from 70 on are of the last century.
pub(super) fn digits_only<'a>(input: &'a [u8], clock: &mut Clock) -> Read<'a, Timestamp> {
    if let [
        y1,
        y2,
        mark @ (b'/' | b'-'),
        m1,
        m2,
        again,
        d1,
        d2,
        b' ',
        time @ ..,
    ] = input
        && mark == again
    {
        return short_year([*y1, *y2, *m1, *m2, *d1, *d2], time, clock);
    }
    let (year, rest) = match input {
        [y1, y2, _, _, _, _, b' ', ..] => (century(*y1, *y2), &input[2..]),
        [y1, y2, y3, y4, ..] => (four([*y1, *y2, *y3, *y4]), &input[4..]),
        _ => return fail(),
    };
    // HDFS of Hadoop 0.x: `081109 203518`.
    if let [m1, m2, d1, d2, b' ', time @ ..] = rest
        && let Some((&[h1, h2, n1, n2, s1, s2], rest)) = time.split_first_chunk::<6>()
        && [h2, n1, n2, s1, s2].iter().all(u8::is_ascii_digit)
    {
        let mut civil = || {
            let time = of_day([h1, h2, b':', n1, n2, b':', s1, s2])?;
            clock.local(days(year?, two(*m1, *m2)?, two(*d1, *d2)?)? * DAY + time)
        };
        return done(rest, civil().and_then(|secs| instant(secs, (0, 0))));
    }
    let Some((&[m1, m2, d1, d2, b' ' | b'-', h1, ref time @ ..], rest)) = rest.split_first_chunk::<13>()
    else {
        return fail();
    };
    let civil = || {
        let [h2, c1, n1, n2, c2, s1, s2] = *time;
        let h1 = if h1 == b' ' { b'0' } else { h1 };
        Some(days(year?, two(m1, m2)?, two(d1, d2)?)? * DAY + of_day([h1, h2, c1, n1, n2, c2, s1, s2])?)
    };
    let (rest, fraction) = fraction(rest, b".,");
    in_zone(rest, civil(), fraction, Allowed::Offsets, clock)
}

/// `26/11/22 17:28:30`, as Spark has it, or `26-11-22`; the digits of the date, and what is behind it.
fn short_year<'a>(
    [y1, y2, m1, m2, d1, d2]: [u8; 6],
    time: &'a [u8],
    clock: &mut Clock,
) -> Read<'a, Timestamp> {
    let Some((time, rest)) = time.split_first_chunk::<8>() else {
        return fail();
    };
    let civil = || Some(days(century(y1, y2)?, two(m1, m2)?, two(d1, d2)?)? * DAY + of_day(*time)?);
    let (rest, fraction) = fraction(rest, b".,");
    in_zone(rest, civil(), fraction, Allowed::Offsets, clock)
}

/// A year of two digits: from 70 on, of the last century.
pub(super) fn century(tens: u8, ones: u8) -> Option<u32> {
    two(tens, ones).map(|year| if year < 70 { 2000 + year } else { 1900 + year })
}

/// `20261122T172830Z`, ISO 8601's basic format; a fraction, an offset or no zone are allowed.
pub(super) fn compact<'a>(input: &'a [u8], clock: &mut Clock) -> Read<'a, Timestamp> {
    let (rest, head) = take(15usize)(input)?;
    let &[
        y1,
        y2,
        y3,
        y4,
        m1,
        m2,
        d1,
        d2,
        b'T' | b't',
        h1,
        h2,
        n1,
        n2,
        s1,
        s2,
    ] = head
    else {
        return fail();
    };
    let civil = || {
        let days = days(four([y1, y2, y3, y4])?, two(m1, m2)?, two(d1, d2)?)?;
        Some(days * DAY + seconds(two(h1, h2)?, two(n1, n2)?, two(s1, s2)?)?)
    };
    let (rest, fraction) = fraction(rest, b".,");
    in_zone(rest, civil(), fraction, Allowed::Offsets, clock)
}
