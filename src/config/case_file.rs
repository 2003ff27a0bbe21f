use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::document::Table;
use super::zone::read_zone;
use super::{Diagnostic, Diagnostics, SourceFile, Spanned, Wrapper, Wrapping};

/// `CASE.toml` beside a log of the golden files: what an input would say of that log.
#[derive(Clone, Debug, Default)]
pub struct CaseFile {
    pub format: Option<Spanned<String>>,
    pub timezone: Option<TimeZone>,
    /// The moment of reading.
    pub now: Option<Timestamp>,
    pub wrapper: Wrapping,
}

impl CaseFile {
    /// What can be read; mistakes are in `diagnostics`.
    pub fn parse(file: &Arc<SourceFile>, diagnostics: &mut Diagnostics) -> CaseFile {
        let d = diagnostics;
        let mut table = Table::parse(file, d);
        let case = CaseFile {
            format: table.take_name("format", d),
            timezone: table
                .take_string("timezone", d)
                .and_then(|name| read_zone(&name, d)),
            now: table.take_string("now", d).and_then(|text| moment(&text, d)),
            wrapper: table
                .take_choice("wrapper", &Wrapper::WORDS, d)
                .map(|wrapper| wrapper.value.into())
                .unwrap_or_default(),
        };
        table.finish(d);
        case
    }
}

fn moment(text: &Spanned<String>, diagnostics: &mut Diagnostics) -> Option<Timestamp> {
    let moment = text.parse().ok();
    if moment.is_none() {
        diagnostics.push(
            Diagnostic::error("`now` is not a moment")
                .at_value(text, "")
                .help("write date, time and zone, such as \"2026-11-22T17:50:00Z\""),
        );
    }
    moment
}
