//! An instant, and how each program writes it.

use std::fmt::{self, Display};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub i64);

impl Moment {
    pub fn after(self, secs: f64) -> Moment {
        Moment(self.0.saturating_add((secs * 1e6) as i64))
    }

    /// Seconds from `earlier` to here; negative where it is later.
    pub fn since(self, earlier: Moment) -> f64 {
        self.0.saturating_sub(earlier.0) as f64 / 1e6
    }

    /// nginx's `$time_local`.
    pub fn nginx(self) -> impl Display {
        self.as_text("%d/%b/%Y:%H:%M:%S +0000")
    }

    /// Logback's `%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX}`.
    pub fn spring(self) -> impl Display {
        self.as_text("%Y-%m-%dT%H:%M:%S%.3fZ")
    }

    /// .NET's `yyyy-MM-dd HH:mm:ss.fff `, without the blank.
    pub fn aspnet(self) -> impl Display {
        self.as_text("%Y-%m-%d %H:%M:%S%.3f")
    }

    /// PostgreSQL's `%m`.
    pub fn postgres(self) -> impl Display {
        self.as_text("%Y-%m-%d %H:%M:%S%.3f UTC")
    }

    /// RabbitMQ's `rfc3339_space`.
    pub fn rabbit(self) -> impl Display {
        self.as_text("%Y-%m-%d %H:%M:%S%.6f+00:00")
    }

    fn as_text(self, format: &'static str) -> Text {
        // Out of jiff's years (-9999 to 9999) there is no date to show; the epoch says so plainly.
        let at = jiff::Timestamp::from_microsecond(self.0).unwrap_or_default();
        Text {
            at: TimeZone::UTC.to_datetime(at),
            format,
        }
    }
}

struct Text {
    at: DateTime,
    format: &'static str,
}

impl Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.at.strftime(self.format).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_program_writes_its_own_way_and_cuts_the_fraction() {
        let at = Moment(1_795_368_510_099_999);
        assert_eq!(at.nginx().to_string(), "22/Nov/2026:17:28:30 +0000");
        assert_eq!(at.spring().to_string(), "2026-11-22T17:28:30.099Z");
        assert_eq!(at.aspnet().to_string(), "2026-11-22 17:28:30.099");
        assert_eq!(at.postgres().to_string(), "2026-11-22 17:28:30.099 UTC");
        assert_eq!(at.rabbit().to_string(), "2026-11-22 17:28:30.099999+00:00");
        assert_eq!(Moment(i64::MAX).nginx().to_string(), "01/Jan/1970:00:00:00 +0000");
        assert_eq!(at.after(1.5).since(at), 1.5);
    }
}
