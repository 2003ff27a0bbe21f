//! Dates written day first, and those that begin with the month as a number.

use super::calendar::{DAY, days, is_weekday, month, of_day, of_half};
use super::fraction::fraction;
use super::iso::century;
use super::syslog::latest;
use super::zone::Allowed;
use super::{Clock, Read, fail, four, in_zone, local, two};
use crate::event::Timestamp;

/// `Sun, 22 Nov 2026 17:28:30 +0100`: weekday, seconds and zone may be missing, the day may have one digit, and a
/// fraction is allowed (Redis writes `22 Nov 2026 17:28:30.123`).
pub(super) fn rfc2822<'a>(input: &'a [u8], clock: &mut Clock) -> Read<'a, Timestamp> {
    let body = match input {
        &[w1, w2, w3, b',', b' ', ref body @ ..] if is_weekday([w1, w2, w3]) => body,
        _ => input,
    };
    let (day, rest) = match body {
        [d1, d2, b' ', rest @ ..] => (two(*d1, *d2), rest),
        [d, b' ', rest @ ..] => (two(b'0', *d), rest),
        _ => return fail(),
    };
    let [n1, n2, n3, b' ', y1, y2, y3, y4, b' ' | b';', rest @ ..] = rest else {
        return fail();
    };
    let date = || days(four([*y1, *y2, *y3, *y4])?, month([*n1, *n2, *n3])?, day?);
    let Some(days) = date() else {
        return fail();
    };
    time_and_zone(rest, days, clock)
}

/// `22 Nov 2026 17:28:30`, `22 Nov 17:28:30`, `22-Nov-2026 17:28:30`, `22/11/2026 17:28:30`, `22.11.26 17:28:30`,
/// `22-11 17:28:30`: the day, whatever is behind it.
pub(super) fn day_first<'a>(input: &'a [u8], clock: &mut Clock) -> Read<'a, Timestamp> {
    match input {
        [_, _, b'-', letter, ..] if letter.is_ascii_alphabetic() => dotted(input, clock),
        [_, b'/' | b'.' | b'-', ..] | [_, _, b'/' | b'.' | b'-', ..] => {
            numeric(input, clock, |[day, month]| (month, day))
        }
        _ => rfc2822(input, clock).or_else(|_| without_year(input, clock)),
    }
}

/// `11/22/2026 17:28:30`, `1/2/2026 5:28:30 PM`, `11/22 17:28:30`, `Nov 22 2026 17:28:30.123`, `Nov 22, 2026 5:28:30 PM`.
pub(super) fn month_first<'a>(input: &'a [u8], clock: &mut Clock) -> Read<'a, Timestamp> {
    match input.first() {
        Some(letter) if letter.is_ascii_alphabetic() => month_word(input, clock),
        _ => numeric(input, clock, |[month, day]| (month, day)),
    }
}

/// The month by its name, then day and year. Java's own logging has a comma behind the day, since JDK 9 one behind the
/// year as well, and hours of half a day.
fn month_word<'a>(input: &'a [u8], clock: &mut Clock) -> Read<'a, Timestamp> {
    let [n1, n2, n3, b' ', rest @ ..] = input else {
        return fail();
    };
    let (day, rest) = match rest {
        [b' ', d, rest @ ..] => (two(b'0', *d), rest),
        [d1, d2, rest @ ..] if d2.is_ascii_digit() => (two(*d1, *d2), rest),
        [d, rest @ ..] => (two(b'0', *d), rest),
        _ => return fail(),
    };
    let rest = rest.strip_prefix(b",").unwrap_or(rest);
    let [b' ', y1, y2, y3, y4, rest @ ..] = rest else {
        return fail();
    };
    let rest = rest.strip_prefix(b",").unwrap_or(rest);
    let Some(rest) = rest.strip_prefix(b" ") else {
        return fail();
    };
    let date = || days(four([*y1, *y2, *y3, *y4])?, month([*n1, *n2, *n3])?, day?);
    let Some(days) = date() else {
        return fail();
    };
    half_day(rest, days, clock).unwrap_or_else(|| time_and_zone(rest, days, clock))
}

/// `5:28:30 PM` on a day since 1970-01-01; none where neither half of the day is named.
fn half_day<'a>(input: &'a [u8], days: i64, clock: &mut Clock) -> Option<Read<'a, Timestamp>> {
    let (h1, h2, rest) = match input {
        [h1, h2, b':', rest @ ..] => (*h1, *h2, rest),
        [h, b':', rest @ ..] => (b'0', *h, rest),
        _ => return None,
    };
    // JDK 20 and later write a narrow no-break space before the half.
    let (&[m1, m2, b':', s1, s2], rest) = rest.split_first_chunk()? else {
        return None;
    };
    let half = rest
        .strip_prefix(b" ")
        .or_else(|| rest.strip_prefix("\u{202f}".as_bytes()))?;
    let (half, rest) = match half {
        [half @ (b'A' | b'a' | b'P' | b'p'), b'M' | b'm', rest @ ..] => (*half, rest),
        _ => return None,
    };
    let civil = of_day([h1, h2, b':', m1, m2, b':', s1, s2]).map(|time| of_half(days * DAY + time, half));
    Some(local(rest, civil, (0, 0), clock))
}

/// Two numbers, of which `order` makes month and day, the year in four digits, in two or none, and the time.
fn numeric<'a>(
    input: &'a [u8],
    clock: &mut Clock,
    order: impl Fn([u32; 2]) -> (u32, u32),
) -> Read<'a, Timestamp> {
    let Some((first, [mark @ (b'/' | b'.' | b'-'), rest @ ..])) = one_or_two(input) else {
        return fail();
    };
    let Some((second, rest)) = one_or_two(rest) else {
        return fail();
    };
    let (month, day) = order([first, second]);
    let (year, rest) = match rest {
        [b' ', rest @ ..] => return of_this_year(rest, month, day, clock),
        [again, y1, y2, y3, y4, b' ' | b'T', rest @ ..] if again == mark => {
            (four([*y1, *y2, *y3, *y4]), rest)
        }
        [again, y1, y2, b' ', rest @ ..] if again == mark => (century(*y1, *y2), rest),
        // .NET in English: a comma behind the date.
        [again, y1, y2, y3, y4, b',', b' ', rest @ ..] if again == mark => (four([*y1, *y2, *y3, *y4]), rest),
        _ => return fail(),
    };
    match year.and_then(|year| days(year, month, day)) {
        Some(days) => half_day(rest, days, clock).unwrap_or_else(|| time_and_zone(rest, days, clock)),
        None => fail(),
    }
}

/// The value of one digit or two, and what follows.
fn one_or_two(input: &[u8]) -> Option<(u32, &[u8])> {
    match input {
        [d1, d2, rest @ ..] if d2.is_ascii_digit() => Some((two(*d1, *d2)?, rest)),
        [d, rest @ ..] => Some((two(b'0', *d)?, rest)),
        [] => None,
    }
}

/// The latest such day that is not ahead of the clock, at `17:28:30.123`.
fn of_this_year<'a>(input: &'a [u8], month: u32, day: u32, clock: &mut Clock) -> Read<'a, Timestamp> {
    let Some((time, rest)) = input.split_first_chunk() else {
        return fail();
    };
    let civil = of_day(*time).and_then(|time| latest(month, day, time, clock.civil_now()));
    let (rest, fraction) = fraction(rest, b".,");
    local(rest, civil, fraction, clock)
}

/// `22 Nov 17:28:30.123`, as Redis wrote it before version 5.
fn without_year<'a>(input: &'a [u8], clock: &mut Clock) -> Read<'a, Timestamp> {
    let Some((&[d1, d2, b' ', n1, n2, n3, b' '], rest)) = input.split_first_chunk() else {
        return fail();
    };
    match (month([n1, n2, n3]), two(d1, d2)) {
        (Some(month), Some(day)) => of_this_year(rest, month, day, clock),
        _ => fail(),
    }
}

/// `22.11.2026 17:28:30`, `22-Nov-2026 17:28:30.123` or `22/Nov/2026 17:28:30`; RabbitMQ's old `22-Nov-2026::17:28:30` too.
pub(super) fn dotted<'a>(input: &'a [u8], clock: &mut Clock) -> Read<'a, Timestamp> {
    // Erlang writes a day of one digit as it is.
    let (padded, rest) = match input {
        [d, rest @ ..] if rest.first() == Some(&b'-') => ([b'0', *d], rest),
        [d1, d2, rest @ ..] => ([*d1, *d2], rest),
        _ => return fail(),
    };
    let [d1, d2] = padded;
    let (days, rest) = match rest {
        [b'.', m1, m2, b'.', y1, y2, y3, y4, b' ', rest @ ..] => {
            let date = || days(four([*y1, *y2, *y3, *y4])?, two(*m1, *m2)?, two(d1, d2)?);
            (date(), rest)
        }
        // Python's servers have slashes between.
        [b'-', n1, n2, n3, b'-', y1, y2, y3, y4, rest @ ..]
        | [b'/', n1, n2, n3, b'/', y1, y2, y3, y4, rest @ ..] => {
            let date = || days(four([*y1, *y2, *y3, *y4])?, month([*n1, *n2, *n3])?, two(d1, d2)?);
            let rest = match rest {
                [b' ', rest @ ..] | [b':', b':', rest @ ..] => rest,
                _ => return fail(),
            };
            (date(), rest)
        }
        _ => return fail(),
    };
    match days {
        Some(days) => time_and_zone(rest, days, clock),
        None => fail(),
    }
}

/// `17:28:30.123 +0100` or `17:28 GMT` on a day since 1970-01-01.
fn time_and_zone<'a>(input: &'a [u8], days: i64, clock: &mut Clock) -> Read<'a, Timestamp> {
    let (time, rest) = match input {
        [h1, h2, c1, m1, m2, b':', s1, s2, rest @ ..] => ([*h1, *h2, *c1, *m1, *m2, b':', *s1, *s2], rest),
        [h1, h2, c1, m1, m2, rest @ ..] => ([*h1, *h2, *c1, *m1, *m2, b':', b'0', b'0'], rest),
        _ => return fail(),
    };
    let (rest, fraction) = fraction(rest, b".,");
    let civil = of_day(time).map(|time| days * DAY + time);
    in_zone(rest, civil, fraction, Allowed::Names, clock)
}
