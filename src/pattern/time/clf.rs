use super::calendar::{DAY, days, month, of_day};
use super::fraction::fraction;
use super::zone::{Allowed, zoned};
use super::{Clock, Read, done, fail, four, instant, two};
use crate::event::Timestamp;

/// `22/Nov/2026:17:28:30 +0100`; a fraction (HAProxy) and no zone are allowed.
#[inline]
pub(super) fn clf<'a>(input: &'a [u8], clock: &mut Clock) -> Read<'a, Timestamp> {
    let Some((head, rest)) = input.split_first_chunk() else {
        return fail();
    };
    let Some(civil) = clock.clf.get(head, civil) else {
        return fail();
    };
    let (rest, fraction) = fraction(rest, b".,");
    match zoned(rest, civil, Allowed::Offsets, clock) {
        Some((rest, secs)) => done(rest, instant(secs, fraction)),
        None => fail(),
    }
}

/// `22/Nov/2026:17:28:30` in civil seconds.
fn civil(text: &[u8; 20]) -> Option<i64> {
    let [d1, d2, b'/', n1, n2, n3, b'/', y1, y2, y3, y4, b':', time @ ..] = *text else {
        return None;
    };
    let days = days(four([y1, y2, y3, y4])?, month([n1, n2, n3])?, two(d1, d2)?)?;
    Some(days * DAY + of_day(time)?)
}
