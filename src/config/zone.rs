use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::TimeZone;

use super::{Diagnostic, Diagnostics, Spanned};

/// A time zone by its IANA name, an offset such as `+02:00`, or `local` for the machine's own.
pub fn zone(name: &str) -> Option<TimeZone> {
    match name {
        "local" => Some(TimeZone::system()),
        _ => DateTimeParser::new().parse_time_zone(name).ok(),
    }
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
