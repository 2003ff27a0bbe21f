use super::{Read, SECS_MAX, done, fail, instant};
use crate::event::Timestamp;
use crate::pattern::number::{POWERS, digits, int};

/// The most digits that are read: a `u64` holds them, and no unit needs more before the year 10000 but
/// nanoseconds, which end in 2286.
const DIGITS_MAX: usize = 19;

/// A number since 1970 in units of 10^-`scale` seconds (`scale` 0, 3, 6 or 9), with a fraction or without. The
/// digits are counted from the seconds on: `1795368510123` milliseconds have three.
pub(super) fn epoch(input: &[u8], scale: usize) -> Read<'_, Timestamp> {
    let whole = digits(input);
    if whole == 0 || whole > DIGITS_MAX {
        return fail();
    }
    let (number, rest) = input.split_at(whole);
    let value = number
        .iter()
        .fold(0u64, |value, byte| value * 10 + u64::from(byte - b'0'));
    let unit = POWERS[scale];
    let (secs, part) = (value / unit, value % unit);
    let (rest, part, known) = match rest {
        [b'.', more @ ..] if more.first().is_some_and(u8::is_ascii_digit) => {
            let length = digits(more);
            let (more, rest) = more.split_at(length);
            let taken = length.min(9 - scale);
            let value = more[..taken]
                .iter()
                .fold(part, |value, byte| value * 10 + u64::from(byte - b'0'));
            (rest, value, scale + taken)
        }
        _ => (rest, part, scale),
    };
    // A part of `known` digits, at most nine, is below a second.
    let nanos = (part * POWERS[9 - known]) as u32;
    let at = i64::try_from(secs)
        .ok()
        .filter(|secs| *secs <= SECS_MAX)
        .map(|secs| Timestamp {
            secs,
            nanos,
            digits: known as u8,
        });
    done(rest, at)
}

/// An object of seconds since 1970 and, where it has them, nanoseconds.
pub(super) fn pair(input: &[u8]) -> Read<'_, Timestamp> {
    let Some(mut rest) = input.strip_prefix(b"{") else {
        return fail();
    };
    let (mut secs, mut nanos) = (None, None);
    loop {
        let Some((slot, behind)) = [
            (&mut secs, &b"\"epochSecond\""[..]),
            (&mut nanos, b"\"nanoOfSecond\""),
        ]
        .into_iter()
        .find_map(|(slot, key)| Some((slot, rest.trim_ascii_start().strip_prefix(key)?)))
        .and_then(|(slot, rest)| {
            Some((
                slot,
                rest.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start(),
            ))
        }) else {
            return fail();
        };
        let (behind, number) = int(behind)?;
        *slot = Some(number);
        rest = behind.trim_ascii_start();
        match rest {
            [b',', more @ ..] => rest = more,
            [b'}', more @ ..] => {
                let nanos = match nanos {
                    Some(nanos) => u32::try_from(nanos).ok().filter(|nanos| *nanos < 1_000_000_000),
                    None => Some(0),
                };
                let digits = if nanos == Some(0) { 0 } else { 9 };
                return done(
                    more,
                    secs.zip(nanos)
                        .and_then(|(secs, nanos)| instant(secs, (nanos, digits))),
                );
            }
            _ => return fail(),
        }
    }
}
