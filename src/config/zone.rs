use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::TimeZone;

use super::{Diagnostic, Diagnostics, Spanned};

/// No place on earth is further from UTC.
const OFFSET_HOURS_MAX: i32 = 14;

/// A time zone by its IANA name, an offset such as `+02:00`, or `local` for the machine's own. POSIX has `UTC+2` for what
/// is two hours *behind*: whoever writes that mostly means the other, so it is none.
pub fn zone(name: &str) -> Option<TimeZone> {
    if name == "local" {
        return Some(TimeZone::system());
    }
    if !name.starts_with(['+', '-']) {
        return TimeZone::get(name).ok();
    }
    let zone = DateTimeParser::new().parse_time_zone(name).ok()?;
    let offset = zone.to_fixed_offset().ok()?;
    (offset.seconds().abs() <= OFFSET_HOURS_MAX * 3600).then_some(zone)
}

/// Likewise; a name that is none is reported.
pub(super) fn read_zone(name: &Spanned<String>, diagnostics: &mut Diagnostics) -> Option<TimeZone> {
    let zone = zone(name);
    if zone.is_none() {
        diagnostics.push(
            Diagnostic::error(format!("unknown time zone `{}`", name.value))
                .at_value(name, "")
                .help("write a name such as \"Europe/Berlin\", an offset such as \"+02:00\", \"UTC\" or \"local\""),
        );
    }
    zone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_a_name_an_offset_or_the_machines_own() {
        for name in [
            "UTC",
            "Europe/Berlin",
            "EST5EDT",
            "local",
            "+02:00",
            "-0330",
            "+14:00",
            "+02",
        ] {
            assert!(zone(name).is_some(), "{name}");
        }
        for name in ["", "Berlin", "UTC+2", "CET-1", "+25:00", "-14:01", "+1:99", "2"] {
            assert!(zone(name).is_none(), "{name}");
        }
    }
}
