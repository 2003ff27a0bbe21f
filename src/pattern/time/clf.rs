use super::calendar::{DAY, days, month, of_day, seconds};
use super::fraction::fraction;
use super::zone::{Allowed, zoned};
use super::{Clock, Read, done, fail, four, instant, two};
use crate::event::Timestamp;

/// `22/Nov/2026:17:28:30 +0100`; a fraction (HAProxy) and no zone are allowed.
#[inline]
pub(super) fn clf<'a>(input: &'a [u8], clock: &mut Clock) -> Read<'a, Timestamp> {
    if let Some((text, rest)) = input.split_first_chunk()
        && let Some(secs) = clock.clf.get(text, whole)
    {
        return done(rest, instant(secs, (0, 0)));
    }
    other(input, clock)
}

/// Any but the whole form.
#[inline(never)]
fn other<'a>(input: &'a [u8], clock: &mut Clock) -> Read<'a, Timestamp> {
    let Some((head, rest)) = input.split_first_chunk() else {
        return fail();
    };
    let Some(civil) = civil(head) else {
        return fail();
    };
    let (rest, fraction) = fraction(rest, b".,");
    match zoned(rest, civil, Allowed::Offsets, clock) {
        Some((rest, secs)) => done(rest, instant(secs, fraction)),
        None => fail(),
    }
}

/// All of `22/Nov/2026:17:28:30 +0100` as an instant.
#[inline(never)]
fn whole(text: &[u8; 26]) -> Option<i64> {
    let (head, zone) = text.split_first_chunk()?;
    let [b' ', sign @ (b'+' | b'-'), h1, h2, m1, m2] = *zone else {
        return None;
    };
    let seconds = seconds(two(h1, h2)?, two(m1, m2)?, 0)?;
    let civil = civil(head)?;
    Some(if sign == b'-' {
        civil + seconds
    } else {
        civil - seconds
    })
}

/// `22/Nov/2026:17:28:30` in civil seconds.
fn civil(text: &[u8; 20]) -> Option<i64> {
    let [d1, d2, b'/', n1, n2, n3, b'/', y1, y2, y3, y4, b':', time @ ..] = *text else {
        return None;
    };
    let days = days(four([y1, y2, y3, y4])?, month([n1, n2, n3])?, two(d1, d2)?)?;
    Some(days * DAY + of_day(time)?)
}
