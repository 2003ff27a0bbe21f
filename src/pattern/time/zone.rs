//! Offsets from UTC, and names of zones.

use super::abbreviation::Abbreviation;
use super::{Clock, two};

/// Zones that a time may name although they are not the clock's, in minutes east of UTC: those of RFC 2822, and
/// those that mean one thing only.
const NAMED: [(&[u8], i64); 30] = [
    (b"WET", 0),
    (b"WEST", 60),
    (b"BST", 60),
    (b"CET", 60),
    (b"CEST", 120),
    (b"EET", 120),
    (b"EEST", 180),
    (b"MSK", 180),
    (b"SAST", 120),
    (b"EAT", 180),
    (b"WIB", 420),
    (b"HKT", 480),
    (b"SGT", 480),
    (b"AWST", 480),
    (b"JST", 540),
    (b"KST", 540),
    (b"ACST", 570),
    (b"AEST", 600),
    (b"AEDT", 660),
    (b"NZST", 720),
    (b"NZDT", 780),
    (b"EST", -300),
    (b"EDT", -240),
    (b"CST", -360),
    (b"CDT", -300),
    (b"MST", -420),
    (b"MDT", -360),
    (b"PST", -480),
    (b"PDT", -420),
    (b"HST", -600),
];

/// What a time may say about its zone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Allowed {
    /// `Z` and offsets.
    Offsets,
    /// Names as well.
    Names,
}

/// The instant at which a wall clock showed `civil`, whose zone `input` begins with, and what follows; in the
/// clock's zone where `input` does not begin with one.
///
/// One blank may stand before the zone. What merely looks like one at first (` - `, ` ERROR`) is left alone.
#[inline]
pub(super) fn zoned<'a>(
    input: &'a [u8],
    civil: i64,
    allowed: Allowed,
    clock: &mut Clock,
) -> Option<(&'a [u8], i64)> {
    let (blank, body) = match input {
        [b' ', body @ ..] => (true, body),
        _ => (false, input),
    };
    match body.first() {
        Some(b'Z' | b'z') if !body.get(1).is_some_and(u8::is_ascii_alphanumeric) => {
            return Some((&body[1..], civil));
        }
        Some(b'+' | b'-') => {
            if let Some((seconds, length)) = offset(body, blank) {
                return Some((&body[length..], civil - seconds));
            }
        }
        Some(byte) if allowed == Allowed::Names && byte.is_ascii_uppercase() => {
            if let Some((rest, at)) = named(body, civil, clock) {
                return Some((rest, at));
            }
        }
        _ => {}
    }
    Some((input, clock.local(civil)?))
}

/// `+0100`, `+01:00`, `+01`: seconds east of UTC, and the length. Behind a blank a colon is not required to make
/// it an offset, but no digit may follow.
fn offset(body: &[u8], blank: bool) -> Option<(i64, usize)> {
    let [sign, h1, h2, rest @ ..] = body else {
        return None;
    };
    let hours = two(*h1, *h2)?;
    let (minutes, length) = match rest {
        [b':', m1, m2, ..] if m1.is_ascii_digit() && m2.is_ascii_digit() => (two(*m1, *m2)?, 6),
        [m1, m2, ..] if m1.is_ascii_digit() && m2.is_ascii_digit() => (two(*m1, *m2)?, 5),
        _ => (0, 3),
    };
    let follows = body.get(length);
    if hours > 23 || minutes > 59 || follows.is_some_and(u8::is_ascii_digit) {
        return None;
    }
    // ` -10 items`, ` -03]`: two digits alone are an offset where PostgreSQL writes them, before another blank,
    // a bracket or the end; ` -10ms` is something else.
    if blank && length == 3 && follows.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'.') {
        return None;
    }
    let seconds = i64::from(hours * 3600 + minutes * 60);
    Some((if *sign == b'-' { -seconds } else { seconds }, length))
}

/// A zone by its name: UTC, the clock's own, or one of [`NAMED`].
fn named<'a>(body: &'a [u8], civil: i64, clock: &mut Clock) -> Option<(&'a [u8], i64)> {
    let length = body
        .iter()
        .take(6)
        .take_while(|byte| byte.is_ascii_uppercase())
        .count();
    let (name, rest) = body.split_at(length);
    if length < 2
        || rest
            .first()
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    {
        return None;
    }
    if matches!(name, b"UTC" | b"GMT" | b"UT") {
        return Some((rest, civil));
    }
    let at = match clock.local_named(civil, Abbreviation::new(name)?) {
        Some(at) => at,
        None => {
            let (_, minutes) = NAMED.iter().find(|(known, _)| *known == name)?;
            civil - minutes * 60
        }
    };
    Some((rest, at))
}
