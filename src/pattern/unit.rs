//! Numbers with a unit: lengths of time in nanoseconds, sizes in bytes.

use super::number::{Decimal, decimal};
use super::{Read, fail};

/// The unit of a number that does not say its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    Seconds,
    Millis,
    Micros,
    Nanos,
}

impl Unit {
    /// 10^this nanoseconds are one.
    const fn power(self) -> u32 {
        match self {
            Unit::Seconds => 9,
            Unit::Millis => 6,
            Unit::Micros => 3,
            Unit::Nanos => 0,
        }
    }
}

/// What a `duration` may be written in, in nanoseconds; a unit before those that it begins with. The micro sign
/// is U+00B5 or the Greek letter U+03BC, which Go writes and reads alike.
const DURATIONS: [(&[u8], u64); 11] = [
    (b"ns", 1),
    (b"us", 1_000),
    (b"\xc2\xb5s", 1_000),
    (b"\xce\xbcs", 1_000),
    (b"ms", 1_000_000),
    (b"sec", 1_000_000_000),
    (b"s", 1_000_000_000),
    (b"min", 60_000_000_000),
    (b"m", 60_000_000_000),
    (b"h", 3_600_000_000_000),
    (b"d", 86_400_000_000_000),
];

/// What a `size` may be written in, in bytes: SI with a `k` of either case, IEC with an `i`.
const SIZES: [(&[u8], u64); 17] = [
    (b"B", 1),
    (b"KiB", 1 << 10),
    (b"kiB", 1 << 10),
    (b"MiB", 1 << 20),
    (b"GiB", 1 << 30),
    (b"TiB", 1 << 40),
    (b"Ki", 1 << 10),
    (b"Mi", 1 << 20),
    (b"Gi", 1 << 30),
    (b"Ti", 1 << 40),
    (b"kB", 1_000),
    (b"KB", 1_000),
    (b"MB", 1_000_000),
    (b"GB", 1_000_000_000),
    (b"TB", 1_000_000_000_000),
    (b"k", 1_000),
    (b"K", 1_000),
];

/// Single letters for the larger sizes (`5M`), apart from [`SIZES`] only because of their order.
const SIZE_LETTERS: [(&[u8], u64); 3] = [
    (b"M", 1_000_000),
    (b"G", 1_000_000_000),
    (b"T", 1_000_000_000_000),
];

/// A number in `unit`, as nanoseconds; what is below one is dropped.
#[inline(always)]
pub(super) fn elapsed(input: &[u8], unit: Unit) -> Read<'_, i64> {
    let (rest, number) = decimal(input)?;
    match number.times_power(unit.power()) {
        Some(nanos) => Ok((rest, nanos)),
        None => fail(),
    }
}

/// `12ms`, `1.5 s`, `1h2m3.5s`: numbers with their units, added up, as nanoseconds. A leading `-` is for all of
/// them. Blanks may stand before a unit, and nothing else.
pub(super) fn duration(input: &[u8]) -> Read<'_, i64> {
    let (mut rest, first) = decimal(input)?;
    let negative = first.negative;
    let mut number = Decimal {
        negative: false,
        ..first
    };
    let mut total = 0i64;
    loop {
        let Some((after, nanos)) = unit(rest, &DURATIONS) else {
            return fail();
        };
        match number.times(nanos).and_then(|part| total.checked_add(part)) {
            Some(sum) => total = sum,
            None => return fail(),
        }
        rest = after;
        match decimal(rest) {
            Ok((after, next)) if !next.negative && unit(after, &DURATIONS).is_some() => {
                (rest, number) = (after, next);
            }
            _ => break,
        }
    }
    Ok((rest, if negative { -total } else { total }))
}

/// `12kB`, `1.5 MiB`, `512`: bytes; what is below one is dropped. A word after a blank that is no unit is left
/// alone.
pub(super) fn size(input: &[u8]) -> Read<'_, i64> {
    let (rest, number) = decimal(input)?;
    let (rest, bytes) = unit(rest, &SIZES)
        .or_else(|| unit(rest, &SIZE_LETTERS))
        .unwrap_or((rest, 1));
    match number.times(bytes) {
        Some(bytes) => Ok((rest, bytes)),
        None => fail(),
    }
}

/// The unit at the beginning, blanks before it allowed: what follows it, and its factor. A letter right after it
/// means that it is the beginning of some other word.
fn unit<'a>(input: &'a [u8], units: &[(&[u8], u64)]) -> Option<(&'a [u8], u64)> {
    let blanks = input
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    let word = &input[blanks..];
    units.iter().find_map(|&(name, factor)| {
        let rest = word.strip_prefix(name)?;
        (!rest.first().is_some_and(u8::is_ascii_alphabetic)).then_some((rest, factor))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(reader: impl Fn(&[u8]) -> Read<'_, i64>, text: &str) -> Option<(i64, &str)> {
        let (rest, value) = reader(text.as_bytes()).ok()?;
        Some((value, &text[text.len() - rest.len()..]))
    }

    #[test]
    fn plain_numbers_in_a_unit() {
        for (text, unit, expected) in [
            ("0.252", Unit::Seconds, Some(252_000_000)),
            ("2.280", Unit::Millis, Some(2_280_000)),
            ("509829", Unit::Micros, Some(509_829_000)),
            ("1674508", Unit::Nanos, Some(1_674_508)),
            ("1.9", Unit::Nanos, Some(1)),
            ("-1", Unit::Millis, Some(-1_000_000)),
            ("4.35", Unit::Seconds, Some(4_350_000_000)),
            ("9999999999", Unit::Seconds, None),
            ("x", Unit::Seconds, None),
        ] {
            let found = elapsed(text.as_bytes(), unit).ok().map(|(_, nanos)| nanos);
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn numbers_that_say_their_unit() {
        for (text, expected) in [
            ("12ms", Some((12_000_000, ""))),
            ("12 ms", Some((12_000_000, ""))),
            ("1.5s)", Some((1_500_000_000, ")"))),
            ("123ns", Some((123, ""))),
            ("7us", Some((7_000, ""))),
            ("1.5µs", Some((1_500, ""))),
            ("1.5μs", Some((1_500, ""))),
            ("1h2m3.5s", Some((3_723_500_000_000, ""))),
            ("2d", Some((172_800_000_000_000, ""))),
            ("-1m30s", Some((-90_000_000_000, ""))),
            ("1m 30 s", Some((60_000_000_000, " 30 s"))),
            ("5ms3", Some((5_000_000, "3"))),
            ("12", None),
            ("12 mb", None),
            ("300000d", None),
            ("ms", None),
        ] {
            assert_eq!(read(duration, text), expected, "{text}");
        }
    }

    #[test]
    fn sizes() {
        for (text, expected) in [
            ("512", Some((512, ""))),
            ("12kB", Some((12_000, ""))),
            ("12KB,", Some((12_000, ","))),
            ("1.5 MiB", Some((1_572_864, ""))),
            ("3GB", Some((3_000_000_000, ""))),
            ("2Gi", Some((2 << 30, ""))),
            ("5M", Some((5_000_000, ""))),
            ("7 B", Some((7, ""))),
            ("7 bytes", Some((7, " bytes"))),
            ("7 Books", Some((7, " Books"))),
            ("1.9", Some((1, ""))),
            ("99999999999 TB", None),
            ("kB", None),
        ] {
            assert_eq!(read(size, text), expected, "{text}");
        }
    }
}
