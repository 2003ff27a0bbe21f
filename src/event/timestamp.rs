/// An instant with the precision that its source wrote.
///
/// `digits` is how many digits of the fraction were there (0 to 9): `12:00:00.120` has three, and is written
/// back with three.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timestamp {
    /// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted; years -9999 to 9999.
    pub secs: i64,
    /// 0 to 999,999,999.
    pub nanos: u32,
    /// 0 to 9.
    pub digits: u8,
}

/// Length of `2026-11-22T17:28:30`, the part of an instant that changes once a second.
const TO_SECONDS: usize = 19;

impl Timestamp {
    /// An instant of whole milliseconds since the epoch.
    pub fn from_millis(millis: i64) -> Self {
        Timestamp {
            secs: millis.div_euclid(1000),
            nanos: millis.rem_euclid(1000) as u32 * 1_000_000,
            digits: 3,
        }
    }

    /// Nanoseconds since the epoch, saturating (an `i64` ends in the year 2262).
    pub fn unix_nanos(&self) -> i64 {
        self.secs
            .saturating_mul(1_000_000_000)
            .saturating_add(i64::from(self.nanos))
    }

    /// Milliseconds since the epoch.
    pub fn unix_millis(&self) -> i64 {
        self.secs
            .saturating_mul(1_000)
            .saturating_add(i64::from(self.nanos / 1_000_000))
    }

    /// Appends RFC 3339 in UTC, with the fraction's own number of digits; what [`TimestampWriter`] is held against.
    #[cfg(test)]
    pub fn write_rfc3339(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&civil(self.secs));
        let digits = usize::from(self.digits.min(9));
        if digits > 0 {
            let mut text = [b'0'; 9];
            let mut rest = self.nanos;
            for slot in text.iter_mut().rev() {
                *slot = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
            out.push(b'.');
            out.extend_from_slice(&text[..digits]);
        }
        out.push(b'Z');
    }
}

/// Instants as text, of which it keeps the last second: log lines come in order, so the date is rendered once a
/// second and not once a line.
#[derive(Debug, Clone)]
pub struct TimestampWriter {
    secs: i64,
    text: [u8; BLOCK],
}

/// Room for [`TO_SECONDS`], a `Z` and what makes it a length that is copied at once.
const BLOCK: usize = 32;

impl Default for TimestampWriter {
    fn default() -> Self {
        TimestampWriter {
            secs: 0,
            text: block(0),
        }
    }
}

impl TimestampWriter {
    /// Length of the whole seconds in the block of [`TimestampWriter::seconds`], with the `Z` and without it.
    pub const WITH_Z: usize = TO_SECONDS + 1;
    pub const WITHOUT_Z: usize = TO_SECONDS;

    /// A block that begins with the whole seconds in RFC 3339, in UTC.
    #[inline]
    pub fn seconds(&mut self, at: Timestamp) -> &[u8; BLOCK] {
        if at.secs != self.secs {
            self.secs = at.secs;
            self.text = block(at.secs);
        }
        &self.text
    }
}

fn block(secs: i64) -> [u8; BLOCK] {
    let mut block = [b'Z'; BLOCK];
    block[..TO_SECONDS].copy_from_slice(&civil(secs));
    block
}

/// `YYYY-MM-DDTHH:MM:SS` of an instant, years held to 0 to 9999.
///
/// The date from the day number is Howard Hinnant's `civil_from_days`
/// (<https://howardhinnant.github.io/date_algorithms.html>).
fn civil(secs: i64) -> [u8; TO_SECONDS] {
    let days = secs.div_euclid(86_400);
    let of_day = secs.rem_euclid(86_400) as u32;
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_shifted = (5 * of_year + 2) / 153;
    let day = (of_year - (153 * month_shifted + 2) / 5 + 1) as u32;
    let month = if month_shifted < 10 {
        month_shifted + 3
    } else {
        month_shifted - 9
    } as u32;
    let year = (year_of_era + era * 400 + i64::from(month <= 2)).clamp(0, 9999) as u32;

    let mut text = *b"0000-00-00T00:00:00";
    let mut put = |at: usize, number: u32, width: usize| {
        let mut rest = number;
        for slot in text[at..at + width].iter_mut().rev() {
            *slot = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
    };
    put(0, year, 4);
    put(5, month, 2);
    put(8, day, 2);
    put(11, of_day / 3600, 2);
    put(14, of_day / 60 % 60, 2);
    put(17, of_day % 60, 2);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(at: Timestamp) -> String {
        let mut out = Vec::new();
        at.write_rfc3339(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_fraction_keeps_its_digits() {
        let at = |nanos, digits| Timestamp {
            secs: 1_795_368_510,
            nanos,
            digits,
        };
        assert_eq!(text(at(0, 0)), "2026-11-22T17:28:30Z");
        assert_eq!(text(at(120_000_000, 3)), "2026-11-22T17:28:30.120Z");
        assert_eq!(text(at(1, 9)), "2026-11-22T17:28:30.000000001Z");
        assert_eq!(text(Timestamp::from_millis(-1)), "1969-12-31T23:59:59.999Z");
    }

    proptest! {
        #[test]
        fn the_text_is_what_jiff_reads(secs in -62_135_596_800i64..253_402_300_799, nanos in 0u32..1_000_000_000) {
            let at = Timestamp { secs, nanos, digits: 9 };
            let read: jiff::Timestamp = text(at).parse().unwrap();
            prop_assert_eq!((read.as_second(), read.subsec_nanosecond()), {
                // jiff's seconds and nanoseconds share their sign.
                let whole = jiff::Timestamp::from_nanosecond(i128::from(secs) * 1_000_000_000 + i128::from(nanos)).unwrap();
                (whole.as_second(), whole.subsec_nanosecond())
            });
            let mut writer = TimestampWriter::default();
            let block = *writer.seconds(at);
            prop_assert!(text(at).as_bytes().starts_with(&block[..TimestampWriter::WITHOUT_Z]));
            prop_assert_eq!(block[TO_SECONDS], b'Z');
        }
    }
}
