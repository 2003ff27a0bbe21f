use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::{Clock, Form};
use crate::event::Timestamp;

/// 2026-11-22T17:28:30Z.
const NOW: i64 = 1_795_368_510;

fn clock(zone: &str, now: i64) -> Clock {
    let now = Timestamp {
        secs: now,
        nanos: 0,
        digits: 0,
    };
    Clock::new(TimeZone::get(zone).unwrap(), now)
}

/// The instant that `text` begins with, and what follows it.
fn read<'t>(form: Form, text: &'t str, clock: &mut Clock) -> Option<(String, &'t str)> {
    let (rest, at) = form.read(text.as_bytes(), clock).ok()?;
    let mut out = Vec::new();
    at.write_rfc3339(&mut out);
    Some((String::from_utf8(out).unwrap(), &text[text.len() - rest.len()..]))
}

/// Each text twice with one clock, so that what it remembers is used, and alone with a fresh one.
fn check(form: Form, zone: &str, cases: &[(&str, Option<(&str, &str)>)]) {
    let mut old = clock(zone, NOW);
    for (text, expected) in cases {
        let expected = expected.map(|(at, rest)| (at.to_owned(), rest));
        assert_eq!(read(form, text, &mut clock(zone, NOW)), expected, "{text}");
        assert_eq!(read(form, text, &mut old), expected, "{text}, remembered");
        assert_eq!(read(form, text, &mut old), expected, "{text}, again");
    }
}

#[test]
fn rfc3339() {
    check(
        Form::Rfc3339,
        "UTC",
        &[
            ("2026-11-22T17:28:30Z", Some(("2026-11-22T17:28:30Z", ""))),
            ("2026-11-22t17:28:30z]", Some(("2026-11-22T17:28:30Z", "]"))),
            (
                "2026-11-22T17:28:30.120+01:00 x",
                Some(("2026-11-22T16:28:30.120Z", " x")),
            ),
            (
                "2026-11-22 17:28:30,123 +0530",
                Some(("2026-11-22T11:58:30.123Z", "")),
            ),
            (
                "2026-11-22T17:28:30.123-0330",
                Some(("2026-11-22T20:58:30.123Z", "")),
            ),
            (
                "2026-11-22T17:28:30.123456789+05:45",
                Some(("2026-11-22T11:43:30.123456789Z", "")),
            ),
            ("2026-11-22 17:28:30 x", Some(("2026-11-22T17:28:30Z", " x"))),
            (
                "2026-11-22 17:28:30 Zebra",
                Some(("2026-11-22T17:28:30Z", " Zebra")),
            ),
            ("2026-11-22 17:28:30 - x", Some(("2026-11-22T17:28:30Z", " - x"))),
            (
                "2026-11-22 17:28:30 -10ms",
                Some(("2026-11-22T17:28:30Z", " -10ms")),
            ),
            (
                "2026-11-22 17:28:30 -12345",
                Some(("2026-11-22T17:28:30Z", " -12345")),
            ),
            (
                "2026-11-22T17:28:30.1234567891Z",
                Some(("2026-11-22T17:28:30.123456789Z", "")),
            ),
            ("2026-11-22T17:28:30.Z", Some(("2026-11-22T17:28:30Z", ".Z"))),
            ("2016-12-31T23:59:60Z", Some(("2017-01-01T00:00:00Z", ""))),
            ("2024-02-29T00:00:00Z", Some(("2024-02-29T00:00:00Z", ""))),
            ("9999-12-31T23:59:59Z", Some(("9999-12-31T23:59:59Z", ""))),
            ("0001-01-01T00:00:00Z", Some(("0001-01-01T00:00:00Z", ""))),
            ("9999-12-31T23:59:59-01:00", None),
            ("0001-01-01T00:00:00+01:00", None),
            ("2026-02-30T00:00:00Z", None),
            ("2026-13-01T00:00:00Z", None),
            ("0000-01-01T00:00:00Z", None),
            ("2026-11-22T24:00:00Z", None),
            ("2026-11-22T17:60:00Z", None),
            ("2026-11-22T17:28:61Z", None),
            ("2026-11-22_17:28:30Z", None),
            ("2026/11/22 17:28:30Z", None),
            ("2026-11-22T17:28", None),
            ("2026-11-22T1a:28:30Z", None),
            ("", None),
        ],
    );
}

#[test]
fn datetime() {
    check(
        Form::Datetime,
        "Europe/Warsaw",
        &[
            (
                "2026/11/22 17:28:30 [notice]",
                Some(("2026-11-22T16:28:30Z", " [notice]")),
            ),
            (
                "2026-11-22 17:28:30:123 x",
                Some(("2026-11-22T16:28:30.123Z", " x")),
            ),
            ("2026-11-22 17:28:30: x", Some(("2026-11-22T16:28:30Z", ": x"))),
            ("2026-07-01 12:00:00.5 x", Some(("2026-07-01T10:00:00.5Z", " x"))),
            (
                "2026-11-22 17:28:30.123 UTC [1]",
                Some(("2026-11-22T17:28:30.123Z", " [1]")),
            ),
            ("2026-11-22 17:28:30GMT", Some(("2026-11-22T17:28:30Z", ""))),
            (
                "2026-11-22 17:28:30 CET [1]",
                Some(("2026-11-22T16:28:30Z", " [1]")),
            ),
            ("2026-11-22 17:28:30 CEST", Some(("2026-11-22T15:28:30Z", ""))),
            ("2026-07-01 12:00:00 CEST", Some(("2026-07-01T10:00:00Z", ""))),
            ("2026-10-25 02:30:00 CEST", Some(("2026-10-25T00:30:00Z", ""))),
            ("2026-10-25 02:30:00 CET", Some(("2026-10-25T01:30:00Z", ""))),
            ("2026-11-22 17:28:30 EST", Some(("2026-11-22T22:28:30Z", ""))),
            (
                "2026-11-22 17:28:30 -03 [1]",
                Some(("2026-11-22T20:28:30Z", " [1]")),
            ),
            ("2026-11-22 17:28:30+00", Some(("2026-11-22T17:28:30Z", ""))),
            (
                "2026-11-22 17:28:30 ERROR x",
                Some(("2026-11-22T16:28:30Z", " ERROR x")),
            ),
            (
                "2026-11-22 17:28:30 INFO",
                Some(("2026-11-22T16:28:30Z", " INFO")),
            ),
            (
                "2026-11-22 17:28:30 UTC_x",
                Some(("2026-11-22T16:28:30Z", " UTC_x")),
            ),
            ("2026-11-22 17:28:30 Est", Some(("2026-11-22T16:28:30Z", " Est"))),
            ("2026-11/22 17:28:30", None),
        ],
    );
    // A name means what it means where the clock is: China, not the middle of America.
    check(
        Form::Datetime,
        "Asia/Shanghai",
        &[("2026-11-22 17:28:30 CST", Some(("2026-11-22T09:28:30Z", "")))],
    );
}

#[test]
fn clf() {
    check(
        Form::Clf,
        "Europe/Warsaw",
        &[
            ("22/Nov/2026:17:28:30 +0100]", Some(("2026-11-22T16:28:30Z", "]"))),
            ("22/Nov/2026:17:28:30 -0500]", Some(("2026-11-22T22:28:30Z", "]"))),
            (
                "22/nov/2026:17:40:19.410]",
                Some(("2026-11-22T16:40:19.410Z", "]")),
            ),
            ("31/Dec/2026:23:59:60 +0000", Some(("2027-01-01T00:00:00Z", ""))),
            ("31/Nov/2026:17:28:30 +0100", None),
            ("22/Nop/2026:17:28:30 +0100", None),
            ("22/11/2026:17:28:30 +0100", None),
            ("22/Nov/2026 17:28:30 +0100", None),
        ],
    );
}

#[test]
fn forms_without_a_year() {
    check(
        Form::Syslog,
        "UTC",
        &[
            ("Nov 22 17:28:30 host", Some(("2026-11-22T17:28:30Z", " host"))),
            ("Nov  2 17:28:30.5", Some(("2026-11-02T17:28:30.5Z", ""))),
            ("Nov 02 17:28:30", Some(("2026-11-02T17:28:30Z", ""))),
            // A day ahead may be the zone; two days ahead is last year.
            ("Nov 23 17:28:30", Some(("2026-11-23T17:28:30Z", ""))),
            ("Nov 24 17:28:30", Some(("2025-11-24T17:28:30Z", ""))),
            ("Dec 31 23:59:59", Some(("2025-12-31T23:59:59Z", ""))),
            ("Feb 29 00:00:00", Some(("2024-02-29T00:00:00Z", ""))),
            ("Feb 30 00:00:00", None),
            ("Nov 2 17:28:30", Some(("2026-11-02T17:28:30Z", ""))),
            ("Nov 2 17:28:30.5 x", Some(("2026-11-02T17:28:30.5Z", " x"))),
            ("Nov 2 7:28:30", None),
            ("Nov 0 17:28:30", None),
            ("nov 22 17:28", None),
        ],
    );
    check(
        Form::Klog,
        "Europe/Warsaw",
        &[
            (
                "1122 18:02:10.264007  1",
                Some(("2026-11-22T17:02:10.264007Z", "  1")),
            ),
            ("1224 00:00:00", Some(("2025-12-23T23:00:00Z", ""))),
            ("1322 18:02:10", None),
            ("1122T18:02:10", None),
        ],
    );
}

#[test]
fn the_year_turns() {
    let mut clock = clock("UTC", 1_767_225_900); // 2026-01-01T00:05:00Z
    for (text, expected) in [
        ("Dec 31 23:59:57", "2025-12-31T23:59:57Z"),
        ("Jan  1 00:00:00", "2026-01-01T00:00:00Z"),
        ("Jan  1 00:06:30", "2026-01-01T00:06:30Z"),
        ("Feb 28 10:00:00", "2025-02-28T10:00:00Z"),
        ("Nov 11 11:11:11", "2025-11-11T11:11:11Z"),
    ] {
        assert_eq!(
            read(Form::Syslog, text, &mut clock),
            Some((expected.to_owned(), "")),
            "{text}"
        );
    }
    let now = |secs| Timestamp {
        secs,
        nanos: 0,
        digits: 0,
    };
    // The remembered second is of another year once the present has moved on.
    assert_eq!(clock.now(), now(1_767_225_900));
    clock.set_now(now(1_767_225_900 + 365 * 86_400));
    let text = "Nov 11 11:11:11";
    assert_eq!(
        read(Form::Syslog, text, &mut clock),
        Some(("2026-11-11T11:11:11Z".to_owned(), ""))
    );
}

#[test]
fn a_time_of_day_is_the_last_one() {
    check(
        Form::Clock,
        "UTC",
        &[
            ("17:28:30.123] x", Some(("2026-11-22T17:28:30.123Z", "] x"))),
            ("17:28:30:123 x", Some(("2026-11-22T17:28:30.123Z", " x"))),
            ("00:00:00", Some(("2026-11-22T00:00:00Z", ""))),
            ("17:30:00", Some(("2026-11-22T17:30:00Z", ""))),
            ("18:00:00", Some(("2026-11-21T18:00:00Z", ""))),
            ("7:28:30", None),
            ("25:00:00", None),
        ],
    );
    check(
        Form::Clock,
        "Asia/Tokyo",
        &[("02:00:00", Some(("2026-11-22T17:00:00Z", "")))],
    );
}

#[test]
fn numbers_for_months() {
    check(
        Form::DayFirst,
        "Europe/Warsaw",
        &[
            ("22/11/2026 17:28:30,5 x", Some(("2026-11-22T16:28:30.5Z", " x"))),
            ("22.11.2026T17:28", Some(("2026-11-22T16:28:00Z", ""))),
            ("22-Nov-2026 17:28:30", Some(("2026-11-22T16:28:30Z", ""))),
            (
                "22 Nov 2026 17:28:30.123 *",
                Some(("2026-11-22T16:28:30.123Z", " *")),
            ),
            ("22.11.26 17:28:30", Some(("2026-11-22T16:28:30Z", ""))),
            ("2/1/2026 17:28:30", Some(("2026-01-02T16:28:30Z", ""))),
            ("22-11 17:28:30,5 x", Some(("2026-11-22T16:28:30.5Z", " x"))),
            ("22 Nov 2026;17:28:30", Some(("2026-11-22T16:28:30Z", ""))),
            ("11/22/2026 17:28:30", None),
            ("22/11.2026 17:28:30", None),
        ],
    );
    check(
        Form::MonthFirst,
        "UTC",
        &[
            ("11/22/2026 17:28:30", Some(("2026-11-22T17:28:30Z", ""))),
            ("1/2/2026 5:28:30 PM x", Some(("2026-01-02T17:28:30Z", " x"))),
            ("11/22/2026, 5:28:30 PM", Some(("2026-11-22T17:28:30Z", ""))),
            ("11/22/26 17:28", Some(("2026-11-22T17:28:00Z", ""))),
            // The half of the day is said once more.
            ("11-22-2026 17:28:30 PM", Some(("2026-11-22T17:28:30Z", ""))),
            ("11-22-2026 24:28:30 PM", None),
            // Of Java's `K`, which counts from 0.
            ("11-22-2026 00:28:30 PM", Some(("2026-11-22T12:28:30Z", ""))),
            ("11-22-2026 12:28:30 am", Some(("2026-11-22T00:28:30Z", ""))),
            ("11/22 17:28:30.5", Some(("2026-11-22T17:28:30.5Z", ""))),
            // Not yet: of last year.
            ("12/31 17:28:30", Some(("2025-12-31T17:28:30Z", ""))),
            ("22/11/2026 17:28:30", None),
        ],
    );
    check(
        Form::DigitsOnly,
        "UTC",
        &[
            ("261122  7:28:30 [", Some(("2026-11-22T07:28:30Z", " ["))),
            ("20261122 17:28:30.1", Some(("2026-11-22T17:28:30.1Z", ""))),
            ("26/11/22 17:28:30 I", Some(("2026-11-22T17:28:30Z", " I"))),
            ("26-11-22 17:28:30 I", Some(("2026-11-22T17:28:30Z", " I"))),
            ("26-11/22 17:28:30", None),
            ("20261122-17:28:30.5", Some(("2026-11-22T17:28:30.5Z", ""))),
            ("991122 17:28:30", Some(("1999-11-22T17:28:30Z", ""))),
            ("261322 17:28:30", None),
            ("2611221 7:28:30", None),
        ],
    );
    check(
        Form::Datetime,
        "UTC",
        &[
            ("2026.11.22 17:28:30", Some(("2026-11-22T17:28:30Z", ""))),
            (
                "2026-11-22 05:28:30.5 PM] x",
                Some(("2026-11-22T17:28:30.5Z", "] x")),
            ),
            ("2026-11-22 12:28:30 AM", Some(("2026-11-22T00:28:30Z", ""))),
            ("2026-11-22 12:28:30 PM", Some(("2026-11-22T12:28:30Z", ""))),
            ("2026-11-22 00:28:30 PM", Some(("2026-11-22T12:28:30Z", ""))),
            ("2026-11-22 05:28:30 PMx", Some(("2026-11-22T05:28:30Z", " PMx"))),
            ("2026-11-22  7:28:30 0", Some(("2026-11-22T07:28:30Z", " 0"))),
            ("2026-11-22T 7:28:30", None),
        ],
    );
}

#[test]
fn forms_for_people() {
    check(
        Form::Ctime,
        "Europe/Warsaw",
        &[
            (
                "Sun Nov 22 17:28:30.123456 2026] x",
                Some(("2026-11-22T16:28:30.123456Z", "] x")),
            ),
            ("Sun Nov  1 17:28:30 2026", Some(("2026-11-01T16:28:30Z", ""))),
            ("Sun Nov 22 17:28:30 UTC 2026", Some(("2026-11-22T17:28:30Z", ""))),
            ("Sun Nov 22 17:28:30 XYZ 2026", None),
            ("Xyz Nov 22 17:28:30 2026", None),
            ("Sun Nov 31 17:28:30 2026", None),
            ("Sun Nov 22 17:28:30", None),
        ],
    );
    check(
        Form::Rfc2822,
        "Europe/Warsaw",
        &[
            (
                "Sun, 22 Nov 2026 17:28:30 +0100",
                Some(("2026-11-22T16:28:30Z", "")),
            ),
            (
                "Sun, 22 Nov 2026 17:28:30 GMT;",
                Some(("2026-11-22T17:28:30Z", ";")),
            ),
            ("1 Nov 2026 17:28 EST", Some(("2026-11-01T22:28:00Z", ""))),
            (
                "22 Nov 2026 17:43:57.648 #",
                Some(("2026-11-22T16:43:57.648Z", " #")),
            ),
            ("Sun 22 Nov 2026 17:28:30", None),
            ("0 Nov 2026 17:28:30", None),
            ("22 Nov 26 17:28:30", None),
        ],
    );
    check(
        Form::Compact,
        "UTC",
        &[
            ("20261122T172830Z", Some(("2026-11-22T17:28:30Z", ""))),
            (
                "20261122T172830.123+0100 x",
                Some(("2026-11-22T16:28:30.123Z", " x")),
            ),
            ("20261122 172830Z", None),
            ("20260230T172830Z", None),
        ],
    );
}

#[test]
fn epochs() {
    for (form, text, expected) in [
        (Form::Epoch, "1795368510", Some(("2026-11-22T17:28:30Z", ""))),
        (
            Form::Epoch,
            "1795368510.123 x",
            Some(("2026-11-22T17:28:30.123Z", " x")),
        ),
        (
            Form::Epoch,
            "1795368510.1234567891",
            Some(("2026-11-22T17:28:30.123456789Z", "")),
        ),
        (Form::Epoch, "0", Some(("1970-01-01T00:00:00Z", ""))),
        (Form::Epoch, "253402300799", Some(("9999-12-31T23:59:59Z", ""))),
        (Form::Epoch, "253402300800", None),
        (Form::Epoch, "99999999999999999999", None),
        (Form::Epoch, "-1", None),
        (
            Form::EpochMs,
            "1795368510123",
            Some(("2026-11-22T17:28:30.123Z", "")),
        ),
        (
            Form::EpochMs,
            "1795368510123.456",
            Some(("2026-11-22T17:28:30.123456Z", "")),
        ),
        (
            Form::EpochUs,
            "1795368510123456",
            Some(("2026-11-22T17:28:30.123456Z", "")),
        ),
        (
            Form::EpochNs,
            "1795368510123456789",
            Some(("2026-11-22T17:28:30.123456789Z", "")),
        ),
        (
            Form::EpochNs,
            "1795368510123456789.5",
            Some(("2026-11-22T17:28:30.123456789Z", "")),
        ),
        (
            Form::Instant,
            r#"{"epochSecond":1795368510,"nanoOfSecond":123456789}!"#,
            Some(("2026-11-22T17:28:30.123456789Z", "!")),
        ),
        (
            Form::Instant,
            r#"{ "nanoOfSecond" : 1000 , "epochSecond" : 1795368510 }"#,
            Some(("2026-11-22T17:28:30.000001000Z", "")),
        ),
        (
            Form::Instant,
            r#"{"epochSecond":1795368510}"#,
            Some(("2026-11-22T17:28:30Z", "")),
        ),
        (Form::Instant, r#"{"nanoOfSecond":1}"#, None),
        (
            Form::Instant,
            r#"{"epochSecond":1,"nanoOfSecond":1000000000}"#,
            None,
        ),
        (Form::Instant, r#"{"epochSecond":1,"#, None),
        (Form::Instant, r#"{"epochSecond":"1"}"#, None),
        (Form::EpochMs, "9999999999999999999", None),
    ] {
        check(form, "UTC", &[(text, expected)]);
    }
}

#[test]
fn any_form_by_its_shape() {
    let whole = [
        ("2026-11-22T17:28:30Z", "2026-11-22T17:28:30Z"),
        ("2026-11-22T17:28:30.123456789Z", "2026-11-22T17:28:30.123456789Z"),
        ("2026-11-22 17:28:30.123 +0530", "2026-11-22T11:58:30.123Z"),
        ("2026-11-22 17:28:30,123", "2026-11-22T17:28:30.123Z"),
        ("2026/11/22 17:28:30", "2026-11-22T17:28:30Z"),
        ("22/Nov/2026:17:28:30 +0100", "2026-11-22T16:28:30Z"),
        ("Sun Nov 22 17:28:30 2026", "2026-11-22T17:28:30Z"),
        ("Sun, 22 Nov 2026 17:28:30 GMT", "2026-11-22T17:28:30Z"),
        ("22 Nov 2026 17:28:30", "2026-11-22T17:28:30Z"),
        ("Nov 22 17:28:30", "2026-11-22T17:28:30Z"),
        ("20261122T172830Z", "2026-11-22T17:28:30Z"),
        ("1795368510", "2026-11-22T17:28:30Z"),
        ("1795368510.5", "2026-11-22T17:28:30.5Z"),
        ("1795368510123", "2026-11-22T17:28:30.123Z"),
        ("1795368510123456", "2026-11-22T17:28:30.123456Z"),
        ("1795368510123456789", "2026-11-22T17:28:30.123456789Z"),
        ("2026-11-22 17:28:30.123 UTC", "2026-11-22T17:28:30.123Z"),
        ("22.11.2026 17:28:30", "2026-11-22T17:28:30Z"),
        ("22-Nov-2026 17:28:30.123", "2026-11-22T17:28:30.123Z"),
        ("22-Nov-2026::17:28:30", "2026-11-22T17:28:30Z"),
        ("22/Nov/2026 17:28:30", "2026-11-22T17:28:30Z"),
        ("2026-11-22T17:28Z", "2026-11-22T17:28:00Z"),
        ("2026-11-22T17:28:30 Z", "2026-11-22T17:28:30Z"),
        ("17:28:30.5", "2026-11-22T17:28:30.5Z"),
        ("1122 17:28:30.5", "2026-11-22T17:28:30.5Z"),
    ];
    let whole: Vec<_> = whole.iter().map(|(text, at)| (*text, Some((*at, "")))).collect();
    check(Form::When, "UTC", &whole);
    let none = [
        "@400000006b032a3e075bca00",
        "0000-00-00 00:00:00",
        "2026-02-30T00:00:00Z",
        "11/12/2026 17:28:30",
        "31.02.2026 17:28:30",
        "12345678",
        "12345678901234567890",
        "yesterday",
        "",
        "-",
    ];
    check(Form::When, "UTC", &none.map(|text| (text, None)));
}

proptest! {
    /// Every form that says everything, from an instant and back.
    #[test]
    fn an_instant_comes_back(
        secs in -62_135_596_800i64..253_402_300_800,
        nanos in 0u32..1_000_000_000,
        minutes in -23i64 * 60..=23 * 60,
    ) {
        let at = jiff::Timestamp::new(secs, 0).unwrap_or_default();
        let Ok(offset) = jiff::tz::Offset::from_seconds(minutes as i32 * 60) else {
            return Ok(());
        };
        let shown = offset.to_datetime(at);
        prop_assume!((1..=9999).contains(&shown.year()));
        let mut clock = clock("America/New_York", NOW);
        let zone = format!("{}{:02}{:02}", if minutes < 0 { '-' } else { '+' }, minutes.abs() / 60, minutes.abs() % 60);
        for (form, pattern, fraction) in [
            (Form::Rfc3339, "%Y-%m-%dT%H:%M:%S", true),
            (Form::Datetime, "%Y/%m/%d %H:%M:%S", true),
            (Form::Clf, "%d/%b/%Y:%H:%M:%S", false),
            (Form::Rfc2822, "%a, %d %b %Y %H:%M:%S", false),
            (Form::Compact, "%Y%m%dT%H%M%S", true),
        ] {
            let mut text = shown.strftime(pattern).to_string();
            let (nanos, digits) = if fraction { (nanos, 9) } else { (0, 0) };
            if fraction {
                text += &format!(".{nanos:09}");
            }
            text += if fraction { "" } else { " " };
            text += &zone;
            let expected = Timestamp { secs: at.as_second(), nanos, digits };
            prop_assert_eq!(form.read(text.as_bytes(), &mut clock), Ok((&[][..], expected)), "{}", text);
            prop_assert_eq!(Form::When.read(text.as_bytes(), &mut clock), Ok((&[][..], expected)), "{}", text);
        }
    }

    /// The year that is left out is the one of a line that is read within eleven months.
    #[test]
    fn a_missing_year_is_found(now in 0i64..4_000_000_000, age in -86_400i64..330 * 86_400) {
        let mut clock = clock("UTC", now);
        let at = jiff::Timestamp::new(now - age, 0).unwrap();
        let text = at.strftime("%b %e %H:%M:%S").to_string();
        let (_, found) = Form::Syslog.read(text.as_bytes(), &mut clock).unwrap();
        prop_assert_eq!(found.secs, now - age);
        let text = at.strftime("%m%d %H:%M:%S").to_string();
        let (_, found) = Form::Klog.read(text.as_bytes(), &mut clock).unwrap();
        prop_assert_eq!(found.secs, now - age);
    }
}

#[test]
fn the_month_by_its_name_and_the_year() {
    let cases = [
        ("Nov 22, 2026 5:28:30 PM x", Some(("2026-11-22T16:28:30Z", " x"))),
        (
            "Nov 2, 2026, 12:28:30\u{202f}AM",
            Some(("2026-11-01T23:28:30Z", "")),
        ),
        ("Nov 22 2026 17:28:30.250", Some(("2026-11-22T16:28:30.250Z", ""))),
        ("Nov  2 2026 17:28:30", Some(("2026-11-02T16:28:30Z", ""))),
        ("Nov 22, 2026 24:28:30 PM", None),
        ("Nov 32, 2026 5:28:30 PM", None),
        ("Nov 22", None),
    ];
    check(Form::MonthFirst, "Europe/Berlin", &cases);
    check(Form::When, "Europe/Berlin", &cases);
}

#[test]
fn days_of_one_digit_and_times_of_six() {
    let cases = [
        (
            "081109 203518 143 INFO",
            Some(("2008-11-09T20:35:18Z", " 143 INFO")),
        ),
        ("20081109 203518", Some(("2008-11-09T20:35:18Z", ""))),
        ("081109 243518", None),
        ("081109 20351", None),
    ];
    check(Form::DigitsOnly, "UTC", &cases);
}
