//! Metrics that remember events: `[[sessions]]` and `[[top]]`.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::Value;

use super::{
    HashRule, SERIES, Table, read_const_labels, read_labels, read_name, read_values, retain_fields, take_hash,
};
use crate::config::{Diagnostics, Spanned};

/// `[[sessions]]`: how many sessions there are at a time, how long they are, and how many requests they have.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionsRule {
    /// A Prometheus metric name that ends in `_active_sessions`.
    pub name: Spanned<String>,
    pub help: Option<Spanned<String>>,
    /// The field with the id of the session.
    pub session: Spanned<String>,
    /// Fields and the values of which the event must have one, in the order of the file.
    pub values: Vec<(Spanned<String>, Vec<Value>)>,
    /// Labels that are the same for all events, and their values.
    pub const_labels: Vec<(Spanned<String>, Spanned<String>)>,
    /// How long a session may be silent; the default is `limits::WINDOW`.
    pub window: Option<Spanned<Duration>>,
    /// Sessions of a service that are counted exactly; the default is `limits::SESSIONS_EXACT_MAX`.
    pub exact_max: Option<Spanned<usize>>,
}

/// `[[top]]`: the label sets with the most events within a sliding window.
#[derive(Clone, Debug, PartialEq)]
pub struct TopRule {
    /// A Prometheus metric name; a gauge, so not one in `_total`.
    pub name: Spanned<String>,
    pub help: Option<Spanned<String>>,
    /// Label name and the field whose value it takes, in the order of the file; at least one.
    pub labels: Vec<(Spanned<String>, Spanned<String>)>,
    pub values: Vec<(Spanned<String>, Vec<Value>)>,
    pub const_labels: Vec<(Spanned<String>, Spanned<String>)>,
    /// Labels that show hashes of their values.
    pub hash: Option<HashRule>,
    /// Metric name and the fields of which the first that an event has is summed up in it.
    pub sums: Vec<(Spanned<String>, Vec<Spanned<String>>)>,
    pub window: Option<Spanned<Duration>>,
    /// Series of each service; the default is `limits::TOP_KEEP`.
    pub keep: Option<Spanned<usize>>,
    /// Series of the metric; the default is `limits::SERIES_MAX`.
    pub series_max: Option<Spanned<usize>>,
}

/// From what a person takes for one visit to what one host's memory bears.
const WINDOW: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(24 * 3600);

/// Below the lower end an estimate is off by more than 5 %; at the upper one the table takes 64 MiB.
const EXACT: RangeInclusive<usize> = 1_024..=1_048_576;

/// What a page of figures can show a person.
const KEEP: RangeInclusive<usize> = 1..=500;

pub(super) fn read_sessions(mut table: Table, d: &mut Diagnostics) -> Option<SessionsRule> {
    table.require("name", "name = \"http_active_sessions\"");
    table.require("session", "session = \"session.id\"");
    let name = read_name(&mut table, d);
    let help = table.take_name("help", d);
    let session = table.take_name("session", d);
    let values = read_values("values", &mut table, d);
    let const_labels = read_const_labels(&mut table, &["le"], d);
    let window = table.take_duration("window", WINDOW, d);
    let exact_max = table.take_integer("exact_max", EXACT, d);
    table.finish(d);
    Some(SessionsRule {
        name: name?,
        help,
        session: session?,
        values,
        const_labels,
        window,
        exact_max,
    })
}

pub(super) fn read_top(mut table: Table, d: &mut Diagnostics) -> Option<TopRule> {
    table.require("name", "name = \"http_session_requests\"");
    table.require("labels", "labels = { session = \"session.id\" }");
    let has_labels = table.has("labels");
    let name = read_name(&mut table, d);
    let help = table.take_name("help", d);
    let labels = read_labels(&mut table, &["le"], d);
    let values = read_values("values", &mut table, d);
    let const_labels = read_const_labels(&mut table, &["le"], d);
    let hash = take_hash(&mut table, d);
    let mut sums = Vec::new();
    for (name, node) in table.take_nodes("sums", d) {
        let mut fields = table.strings(&name, node, d);
        retain_fields(&name, &mut fields, d);
        sums.push((name, fields));
    }
    let window = table.take_duration("window", WINDOW, d);
    let keep = table.take_integer("keep", KEEP, d);
    let series_max = table.take_integer("series_max", SERIES, d);
    table.finish(d);
    // Without labels it would be said twice that it has none.
    has_labels.then_some(TopRule {
        name: name?,
        help,
        labels,
        values,
        const_labels,
        hash,
        sums,
        window,
        keep,
        series_max,
    })
}
