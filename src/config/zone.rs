use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::TimeZone;

use super::{Diagnostic, Diagnostics, Spanned};

/// A time zone by its IANA name, an offset such as `+02:00`, or `local` for the machine's own.
pub(super) fn read_zone(name: &Spanned<String>, diagnostics: &mut Diagnostics) -> Option<TimeZone> {
    if name.value == "local" {
        return Some(TimeZone::system());
    }
    let zone = DateTimeParser::new().parse_time_zone(name.as_bytes());
    if zone.is_err() {
        diagnostics.push(
            Diagnostic::error(format!("unknown time zone `{}`", name.value))
                .at_value(name, "")
                .help("write a name such as \"Europe/Berlin\", an offset such as \"+02:00\", \"UTC\" or \"local\""),
        );
    }
    zone.ok()
}
