//! The `Retry-After` header: seconds, or a date (RFC 9110, section 10.2.3).

use std::time::Duration;

/// How long the header asks to wait at `now`; nothing where it cannot be read.
pub fn parse(header: &str, now: jiff::Timestamp) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(header)
        .ok()?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates() {
        let now: jiff::Timestamp = "2026-11-22T17:28:30Z".parse().unwrap();
        let asked = |header| parse(header, now);
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
}
