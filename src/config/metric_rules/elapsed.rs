use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::Value;

use super::{SeriesRule, Table, read_buckets, read_name, read_values};
use crate::config::{Diagnostic, Diagnostics, Spanned};

/// `[[elapsed]]`: the time between two events with the same key.
#[derive(Clone, Debug, PartialEq)]
pub struct ElapsedRule {
    /// A Prometheus metric name; a histogram's.
    pub name: Spanned<String>,
    pub help: Option<Spanned<String>>,
    /// Fields and the values of which the first event must have one, in the order of the file; at least one.
    pub start: Vec<(Spanned<String>, Vec<Value>)>,
    /// Likewise of the second.
    pub end: Vec<(Spanned<String>, Vec<Value>)>,
    /// The field that both have in common.
    pub key: Spanned<String>,
    /// How long an event waits for the other; the default is `limits::ELAPSED_TIMEOUT`.
    pub timeout: Option<Spanned<Duration>>,
    pub buckets: Option<Spanned<Vec<f64>>>,
    /// Native buckets too, which protobuf carries.
    pub native: bool,
    pub series: SeriesRule,
}

/// From the fastest answer to the slowest parcel.
const TIMEOUT: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(30 * 24 * 3600);

pub(super) fn read_elapsed(mut table: Table, d: &mut Diagnostics) -> Option<ElapsedRule> {
    table.require("name", "name = \"order_processing_seconds\"");
    table.require("start", "start = { message = \"order received*\" }");
    table.require("end", "end = { message = \"order done*\" }");
    table.require("key", "key = \"labels.order\"");
    let name = read_name(&mut table, d);
    let help = table.take_name("help", d);
    let start = read_values("start", &mut table, d);
    let end = read_values("end", &mut table, d);
    if let Some(name) = &name
        && !start.is_empty()
        && start == end
    {
        d.push(
            Diagnostic::error(format!("start and end of `{}` are the same", name.value))
                .at_value(name, "")
                .help("name values that only one of the two events has"),
        );
    }
    let key = table.take_name("key", d);
    let timeout = table.take_duration("timeout", TIMEOUT, d);
    let buckets = read_buckets(&mut table, d);
    let native = table.take_bool("native", d);
    let series = SeriesRule::read(&mut table, &["le"], d);
    table.finish(d);
    Some(ElapsedRule {
        name: name?,
        help,
        start,
        end,
        key: key?,
        timeout,
        buckets,
        native: native.is_some_and(|native| native.value),
        series,
    })
}
