use super::calendar::{DAY, of_day};
use super::fraction::fraction;
use super::{Clock, Read, fail, local};
use crate::event::Timestamp;

/// How far a time may be ahead of the clock before it is taken to be of the day before, in seconds: a line is
/// written before it is read, give or take what two clocks differ.
const AHEAD_MAX: i64 = 600;

/// `17:28:30.123` or `17:28:30:123`, a time of day: the latest such time that is not ahead of the clock.
pub(super) fn clock_time<'a>(input: &'a [u8], clock: &mut Clock) -> Read<'a, Timestamp> {
    let Some((&head, rest)) = input.split_first_chunk() else {
        return fail();
    };
    let Some(time) = of_day(head) else {
        return fail();
    };
    let (rest, fraction) = fraction(rest, b".,:");
    let limit = clock.civil_now().saturating_add(AHEAD_MAX);
    // The last moment up to `limit` at which a day is `time` seconds old.
    let civil = limit
        .saturating_sub(time)
        .div_euclid(DAY)
        .saturating_mul(DAY)
        .saturating_add(time);
    local(rest, Some(civil), fraction, clock)
}
