//! Sizes and durations as people write them.

use std::time::Duration;

const KIB: u64 = 1 << 10;

/// Bytes per unit, largest first; SI units are powers of 1000, IEC units (KiB) of 1024.
const BYTE_UNITS: [(&str, u64); 9] = [
    ("TiB", KIB * KIB * KIB * KIB),
    ("TB", 1_000_000_000_000),
    ("GiB", KIB * KIB * KIB),
    ("GB", 1_000_000_000),
    ("MiB", KIB * KIB),
    ("MB", 1_000_000),
    ("KiB", KIB),
    ("kB", 1_000),
    ("B", 1),
];

/// Milliseconds per unit, largest first.
const TIME_UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// `64MiB`, `5MB` or a plain number of bytes. Units in any case.
pub(super) fn parse_bytes(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let scale = match unit {
        "" => 1,
        _ => {
            BYTE_UNITS
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(unit))?
                .1
        }
    };
    number.checked_mul(scale)
}

/// `30s`, `200ms`, `5m`, `1h` or `7d`.
pub(super) fn parse_duration(text: &str) -> Option<Duration> {
    let (number, unit) = split(text)?;
    let (_, scale) = TIME_UNITS.iter().find(|(name, _)| *name == unit)?;
    number.checked_mul(*scale).map(Duration::from_millis)
}

/// The shortest way to write a number of bytes that loses nothing: `64MiB`, `5MB`, `1500B`.
pub(super) fn write_bytes(bytes: u64) -> String {
    let (name, scale) = largest(&BYTE_UNITS, bytes).unwrap_or(("B", 1));
    format!("{}{name}", bytes / scale)
}

/// The shortest way to write whole milliseconds: `30s`, `1500ms`.
pub(super) fn write_duration(duration: Duration) -> String {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let (name, scale) = largest(&TIME_UNITS, millis).unwrap_or(("s", 1_000));
    format!("{}{name}", millis / scale)
}

/// The largest unit that divides a number; none for zero.
fn largest(units: &[(&'static str, u64)], number: u64) -> Option<(&'static str, u64)> {
    units
        .iter()
        .copied()
        .find(|(_, scale)| number > 0 && number.is_multiple_of(*scale))
}

/// Number and unit, blanks between them allowed.
fn split(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number = text[..end].parse().ok()?;
    Some((number, text[end..].trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes() {
        let cases = [
            ("64MiB", Some(64 << 20)),
            ("5MB", Some(5_000_000)),
            ("5 mb", Some(5_000_000)),
            ("1KiB", Some(1024)),
            ("1500", Some(1500)),
            ("0B", Some(0)),
            ("5M", None),
            ("-5MB", None),
            ("1.5MB", None),
            ("", None),
            ("MB", None),
            ("99999999999TB", None),
        ];
        for (text, bytes) in cases {
            assert_eq!(parse_bytes(text), bytes, "{text}");
        }
    }

    #[test]
    fn durations() {
        let cases = [
            ("30s", Some(30_000)),
            ("200ms", Some(200)),
            ("5m", Some(300_000)),
            ("7d", Some(604_800_000)),
            ("30", None),
            ("30S", None),
            ("99999999999999999d", None),
        ];
        for (text, millis) in cases {
            assert_eq!(parse_duration(text), millis.map(Duration::from_millis), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_the_same(number: u64, shift in 0u32..64) {
            let number = number >> shift;
            prop_assert_eq!(parse_bytes(&write_bytes(number)), Some(number));
            let duration = Duration::from_millis(number);
            prop_assert_eq!(parse_duration(&write_duration(duration)), Some(duration));
        }
    }
}
