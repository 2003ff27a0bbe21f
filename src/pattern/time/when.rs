use super::{Clock, Form, Read, day_first, epoch, fail, iso};
use crate::event::Timestamp;
use crate::pattern::number::digits;

/// The fewest digits of a number that is taken for a time: seconds since March 1973. Smaller ones are counters,
/// durations, and the like.
const EPOCH_DIGITS_MIN: usize = 9;

/// A time of any form that [`Form`] knows, told by its shape. What fits none, and what fits two (`11/12/2026`),
/// is no time.
pub(super) fn when<'a>(input: &'a [u8], clock: &mut Clock) -> Read<'a, Timestamp> {
    let count = digits(input);
    match (count, input.get(count)) {
        (0, _) => by_word(input, clock),
        (4, Some(b'-' | b'/' | b'.')) => Form::Datetime
            .read(input, clock)
            .or_else(|_| iso::minutes(input, clock)),
        (4, Some(b' ')) => Form::Klog.read(input, clock),
        (8, Some(b'T' | b't')) => Form::Compact.read(input, clock),
        (8, Some(b' ' | b'-')) => Form::DigitsOnly.read(input, clock),
        (2, Some(b'/')) => Form::Clf
            .read(input, clock)
            .or_else(|_| day_first::dotted(input, clock)),
        (2, Some(b':')) => Form::Clock.read(input, clock),
        (2, Some(b'.' | b'-')) | (1, Some(b'-')) => day_first::dotted(input, clock),
        (1 | 2, Some(b' ')) => Form::DayFirst.read(input, clock),
        (6, Some(b' ')) => Form::DigitsOnly.read(input, clock),
        (EPOCH_DIGITS_MIN..=11, _) => epoch::epoch(input, 0),
        (12..=14, _) => epoch::epoch(input, 3),
        (15..=17, _) => epoch::epoch(input, 6),
        (18..=19, _) => epoch::epoch(input, 9),
        _ => fail(),
    }
}

/// `Nov 22 …`, `Nov 22, 2026 …`, `Sun Nov 22 …`, `Sun, 22 Nov …`.
fn by_word<'a>(input: &'a [u8], clock: &mut Clock) -> Read<'a, Timestamp> {
    let form = match input {
        [_, _, _, b',', ..] => Form::Rfc2822,
        [_, _, _, b' ', letter, ..] if letter.is_ascii_alphabetic() => Form::Ctime,
        // Behind the day is the hour, or else the year.
        _ if input.get(9) == Some(&b':') => Form::Syslog,
        _ => Form::MonthFirst,
    };
    form.read(input, clock)
}
