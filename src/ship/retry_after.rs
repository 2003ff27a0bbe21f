//! The `Retry-After` header: seconds, or a date (RFC 9110, section 10.2.3).

use std::time::Duration;

/// How long the header asks to wait; nothing where it cannot be read. A date counts from `sent`, the answer's `Date`
/// header, because the two clocks may differ; from `now` where that is missing.
pub fn parse(header: &str, sent: Option<&str>, now: jiff::Timestamp) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let from = sent.and_then(|sent| date(sent.trim())).unwrap_or(now);
    Some(Duration::try_from(date(header)?.duration_since(from)).unwrap_or(Duration::ZERO))
}

fn date(text: &str) -> Option<jiff::Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(text)
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates() {
        let now: jiff::Timestamp = "2026-11-22T17:28:30Z".parse().unwrap();
        let asked = |header| parse(header, None, now);
        assert_eq!(asked("120"), Some(Duration::from_secs(120)));
        assert_eq!(asked(" 0 "), Some(Duration::ZERO));
        assert_eq!(
            asked("Sun, 22 Nov 2026 17:29:00 GMT"),
            Some(Duration::from_secs(30))
        );
        assert_eq!(
            asked("Sun, 22 Nov 2026 17:00:00 GMT"),
            Some(Duration::ZERO),
            "a date that is past"
        );
        for unreadable in ["", "soon", "-1", "1.5", "99999999999999999999999"] {
            assert_eq!(asked(unreadable), None, "{unreadable}");
        }
    }

    #[test]
    fn a_date_counts_from_the_servers_clock() {
        let later: jiff::Timestamp = "2031-01-01T00:00:00Z".parse().unwrap();
        let earlier: jiff::Timestamp = "1970-01-01T00:00:03Z".parse().unwrap();
        for now in [later, earlier] {
            let asked = |sent| parse("Sun, 22 Nov 2026 17:29:00 GMT", Some(sent), now);
            assert_eq!(
                asked("Sun, 22 Nov 2026 17:28:50 GMT"),
                Some(Duration::from_secs(10))
            );
        }
        let asked = parse("Thu, 01 Jan 1970 00:00:10 GMT", Some("yesterday"), earlier);
        assert_eq!(asked, Some(Duration::from_secs(7)));
    }
}
