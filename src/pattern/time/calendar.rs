//! The Gregorian calendar, and times on a wall clock as seconds since 1970-01-01T00:00:00 on that clock.

use super::two;

/// Seconds of a day.
pub(super) const DAY: i64 = 86_400;

/// Days from 1970-01-01 to a date of the years 1 to 9999; `None` for one that does not exist.
///
/// Howard Hinnant's `days_from_civil` (<https://howardhinnant.github.io/date_algorithms.html>).
pub(super) fn days(year: u32, month: u32, day: u32) -> Option<i64> {
    let real =
        (1..=9999).contains(&year) && (1..=12).contains(&month) && day >= 1 && day <= month_days(year, month);
    if !real {
        return None;
    }
    // Years begin in March here, so that the leap day is the last of its year.
    let shifted = i64::from(if month <= 2 { year - 1 } else { year });
    let of_month = i64::from((month + 9) % 12);
    let era = shifted / 400;
    let year_of_era = shifted % 400;
    let of_year = (153 * of_month + 2) / 5 + i64::from(day) - 1;
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    Some(era * 146_097 + of_era - 719_468)
}

fn month_days(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Seconds of the day at `HH:MM:SS`. Second 60 is allowed, hour 24 is not.
#[inline]
pub(super) fn of_day(text: [u8; 8]) -> Option<i64> {
    let [h1, h2, b':', m1, m2, b':', s1, s2] = text else {
        return None;
    };
    seconds(two(h1, h2)?, two(m1, m2)?, two(s1, s2)?)
}

#[inline]
pub(super) fn seconds(hour: u32, minute: u32, second: u32) -> Option<i64> {
    (hour <= 23 && minute <= 59 && second <= 60).then_some(i64::from(hour * 3600 + minute * 60 + second))
}

/// The civil second whose hour is of that half of the day (`A` or `P`, in any case). Hours are counted from 12 or, as
/// Java's `K` does, from 0; an hour above 12 is one of the whole day, and the half is only said once more.
#[cold]
pub(super) fn of_half(civil: i64, half: u8) -> i64 {
    match (half | 0x20, civil.rem_euclid(DAY) / 3600) {
        (b'p', ..12) => civil + DAY / 2,
        (b'a', 12) => civil - DAY / 2,
        _ => civil,
    }
}

/// The month of an English three-letter name, in any case.
#[inline]
pub(super) fn month(name: [u8; 3]) -> Option<u32> {
    Some(match &name.map(|letter| letter | 0x20) {
        b"jan" => 1,
        b"feb" => 2,
        b"mar" => 3,
        b"apr" => 4,
        b"may" => 5,
        b"jun" => 6,
        b"jul" => 7,
        b"aug" => 8,
        b"sep" => 9,
        b"oct" => 10,
        b"nov" => 11,
        b"dec" => 12,
        _ => return None,
    })
}

/// Whether this is the English three-letter name of a day of the week. It is not compared with the date.
pub(super) fn is_weekday(name: [u8; 3]) -> bool {
    matches!(
        &name.map(|letter| letter | 0x20),
        b"mon" | b"tue" | b"wed" | b"thu" | b"fri" | b"sat" | b"sun"
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_that_do_not_exist() {
        for (year, month, day) in [
            (2026, 2, 29),
            (2026, 2, 30),
            (1900, 2, 29),
            (2026, 4, 31),
            (2026, 13, 1),
            (2026, 0, 1),
            (2026, 1, 0),
            (2026, 1, 32),
            (0, 1, 1),
            (10_000, 1, 1),
        ] {
            assert_eq!(days(year, month, day), None, "{year}-{month}-{day}");
        }
        assert_eq!(days(1970, 1, 1), Some(0));
        assert_eq!(days(2000, 2, 29), Some(11_016));
        assert_eq!(days(1, 1, 1).map(|days| days * DAY), Some(super::super::SECS_MIN));
    }

    proptest! {
        #[test]
        fn days_are_those_of_jiff(year in 1u32..=9999, month in 1u32..=12, day in 1u32..=31) {
            let expected = jiff::civil::Date::new(year as i16, month as i8, day as i8)
                .ok()
                .map(|date| (date - jiff::civil::date(1970, 1, 1)).get_days());
            prop_assert_eq!(days(year, month, day), expected.map(i64::from));
        }
    }
}
