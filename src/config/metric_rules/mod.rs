mod elapsed;
mod gather;
mod gauge;
mod hash;
mod series;

use std::ops::RangeInclusive;
use std::sync::Arc;

use serde_json::Value;

pub use elapsed::ElapsedRule;
pub use gather::{SessionsRule, TopRule};
pub use gauge::GaugeRule;
pub use hash::HashRule;
pub(super) use hash::{take_hash, take_hash_key};
pub use series::SeriesRule;

use super::document::{NodeValue, Table};
use super::nested::Pair;
use super::{Diagnostic, Diagnostics, SourceFile, Spanned};
use crate::limits::BUCKETS_MAX;

/// `[[counter]]`: takes the events that have every field it names.
#[derive(Clone, Debug, PartialEq)]
pub struct CounterRule {
    /// A Prometheus metric name that ends in `_total`.
    pub name: Spanned<String>,
    pub help: Option<Spanned<String>>,
    pub series: SeriesRule,
    /// Fields and the values of which the event must have one, in the order of the file.
    pub values: Vec<(Spanned<String>, Vec<Value>)>,
    /// The fields of which the first that an event has is added; one per event where there is none.
    pub add: Vec<Spanned<String>>,
    /// The unit of `add`.
    pub unit: Option<Spanned<FieldUnit>>,
    /// Labels, and what they show for events that lack their field.
    pub defaults: Vec<(Spanned<String>, Spanned<String>)>,
    /// Events that have this field get no defaults.
    pub defaults_unless: Option<Spanned<String>>,
}

/// `[[histogram]]`: takes the events that have every field it names.
#[derive(Clone, Debug, PartialEq)]
pub struct HistogramRule {
    /// A Prometheus metric name.
    pub name: Spanned<String>,
    pub help: Option<Spanned<String>>,
    /// The field whose number is observed.
    pub field: Spanned<String>,
    /// The unit of `field`; the metric is in seconds or bytes whatever this says.
    pub unit: Option<Spanned<FieldUnit>>,
    /// Upper bounds in the metric's unit (seconds or bytes): finite, ascending, `+Inf` not among them. None: the
    /// default for the unit.
    pub buckets: Option<Spanned<Vec<f64>>>,
    /// Native buckets too, which protobuf carries.
    pub native: bool,
    pub series: SeriesRule,
    /// Fields and the values of which the event must have one, in the order of the file.
    pub values: Vec<(Spanned<String>, Vec<Value>)>,
}

/// The unit that a field is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldUnit {
    Nanoseconds,
    Milliseconds,
    Seconds,
    Bytes,
}

/// A set of metrics over ECS fields, written once and used by name.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricSetFile {
    pub name: String,
    pub rules: MetricRules,
}

/// The metrics of one file, each kind in the order of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetricRules {
    pub counters: Vec<CounterRule>,
    pub gauges: Vec<GaugeRule>,
    pub histograms: Vec<HistogramRule>,
    pub sessions: Vec<SessionsRule>,
    pub tops: Vec<TopRule>,
    pub elapsed: Vec<ElapsedRule>,
}

impl MetricSetFile {
    /// Reads a file with the tables of metrics and nothing else. `None` when it is no TOML;
    /// with other mistakes it is what is left, and the diagnostics have errors.
    pub fn read(name: &str, file: Arc<SourceFile>, diagnostics: &mut Diagnostics) -> Option<MetricSetFile> {
        let mut root = Table::parse(&file, diagnostics);
        if root.incomplete {
            return None;
        }
        let rules = MetricRules::read(&mut root, diagnostics);
        root.finish(diagnostics);
        Some(MetricSetFile {
            name: name.to_owned(),
            rules,
        })
    }
}

/// What a metric's series may be limited to. The upper end is what one Prometheus scrape can bear.
const SERIES: RangeInclusive<usize> = 1..=100_000;

impl MetricRules {
    /// Takes the tables of metrics of a file.
    pub(super) fn read(root: &mut Table, d: &mut Diagnostics) -> MetricRules {
        let rules = MetricRules {
            counters: each(root, "counter", d, read_counter),
            gauges: each(root, "gauge", d, gauge::read_gauge),
            histograms: each(root, "histogram", d, read_histogram),
            sessions: each(root, "sessions", d, gather::read_sessions),
            tops: each(root, "top", d, gather::read_top),
            elapsed: each(root, "elapsed", d, elapsed::read_elapsed),
        };
        let names: Vec<&Spanned<String>> = rules.names().collect();
        for (at, name) in names.iter().enumerate() {
            if let Some(first) = names[..at].iter().find(|first| first.value == name.value) {
                let (line, _) = first.file.line_column(first.span.start);
                d.push(
                    Diagnostic::error(format!("metric `{}` is there twice", name.value))
                        .at_value(name, "")
                        .help(format!("rename it, or remove it: the first is in line {line}")),
                );
            }
        }
        rules
    }

    /// The names that are written, in the order of the kinds.
    fn names(&self) -> impl Iterator<Item = &Spanned<String>> {
        let counters = self.counters.iter().map(|rule| &rule.name);
        let gauges = self.gauges.iter().map(|rule| &rule.name);
        let histograms = self.histograms.iter().map(|rule| &rule.name);
        let sessions = self.sessions.iter().map(|rule| &rule.name);
        let tops = self
            .tops
            .iter()
            .flat_map(|rule| std::iter::once(&rule.name).chain(rule.sums.iter().map(|(name, _)| name)));
        let elapsed = self.elapsed.iter().map(|rule| &rule.name);
        counters
            .chain(gauges)
            .chain(histograms)
            .chain(sessions)
            .chain(tops)
            .chain(elapsed)
    }
}

/// What `read` makes of each table `[[key]]`.
fn each<T>(
    root: &mut Table,
    key: &'static str,
    d: &mut Diagnostics,
    read: impl Fn(Table, &mut Diagnostics) -> Option<T>,
) -> Vec<T> {
    let tables = root.take_tables(key, d);
    tables.into_iter().filter_map(|table| read(table, d)).collect()
}

fn read_counter(mut table: Table, d: &mut Diagnostics) -> Option<CounterRule> {
    table.require("name", "name = \"orders_total\"");
    let name = read_name(&mut table, d);
    // One that is no name at all has been told.
    if let Some(name) = &name
        && is_identifier(name)
        && !name.ends_with("_total")
    {
        d.push(
            Diagnostic::error(format!("counter `{}` does not end in `_total`", name.value))
                .at_value(name, "")
                .help(format!("call it `{}_total`, as Prometheus does", name.value)),
        );
    }
    let has_add = table.has("add");
    let help = table.take_name("help", d);
    let series = SeriesRule::read(&mut table, &[], d);
    let defaults = read_defaults(&series.labels, &mut table, d);
    let defaults_unless = table.take_name("defaults_unless", d);
    let values = read_values("values", &mut table, d);
    let add = take_fields("add", &mut table, d);
    let unit = table.take_choice("unit", &UNITS, d);
    table.finish(d);
    if let (Some(unit), false) = (&unit, has_add) {
        d.push(
            Diagnostic::error("`unit` is there without `add`")
                .at_value(unit, "the unit of what")
                .help("name the field to add up with `add`, or remove `unit`"),
        );
    }
    Some(CounterRule {
        name: name?,
        help,
        series,
        values,
        add,
        unit,
        defaults,
        defaults_unless,
    })
}

fn read_histogram(mut table: Table, d: &mut Diagnostics) -> Option<HistogramRule> {
    table.require("name", "name = \"order_duration_seconds\"");
    table.require("field", "field = \"event.duration\"");
    let name = read_name(&mut table, d);
    let help = table.take_name("help", d);
    let field = table.take_name("field", d);
    let unit = table.take_choice("unit", &UNITS, d);
    let buckets = read_buckets(&mut table, d);
    let native = table.take_bool("native", d);
    let series = SeriesRule::read(&mut table, &["le"], d);
    let values = read_values("values", &mut table, d);
    table.finish(d);
    Some(HistogramRule {
        name: name?,
        help,
        field: field?,
        unit,
        buckets,
        native: native.is_some_and(|native| native.value),
        series,
        values,
    })
}

const UNITS: [(&str, FieldUnit); 4] = [
    ("ns", FieldUnit::Nanoseconds),
    ("ms", FieldUnit::Milliseconds),
    ("s", FieldUnit::Seconds),
    ("bytes", FieldUnit::Bytes),
];

/// A metric name of Prometheus (data model: `[a-zA-Z_:][a-zA-Z0-9_:]*`; colons are for recording rules) that is
/// not one of the agent's own.
fn read_name(table: &mut Table, d: &mut Diagnostics) -> Option<Spanned<String>> {
    let name = table.take_name("name", d)?;
    if !is_identifier(&name) {
        d.push(
            Diagnostic::error(format!("`{}` is not the name of a metric", name.value))
                .at_value(&name, "")
                .help("use letters, digits and `_`, no digit first, such as \"orders_total\""),
        );
    } else if name.starts_with("logmill_") {
        d.push(
            Diagnostic::error(format!("`{}` begins like the agent's own metrics", name.value))
                .at_value(&name, "")
                .help("`logmill_` is reserved; begin with the name of what you count"),
        );
    }
    Some(name)
}

/// A field or several, of which the first that an event has counts.
fn take_fields(key: &'static str, table: &mut Table, d: &mut Diagnostics) -> Vec<Spanned<String>> {
    let mut fields = table.take_list(key, d);
    retain_fields(key, &mut fields, d);
    fields
}

/// Reports empty names, and leaves them out.
fn retain_fields(key: &str, fields: &mut Vec<Spanned<String>>, d: &mut Diagnostics) {
    fields.retain(|field| {
        let named = !field.trim().is_empty();
        if !named {
            d.push(
                Diagnostic::error(format!("`{key}` is empty"))
                    .at_value(field, "")
                    .help("name a field whose number is summed up, such as \"http.response.body.bytes\""),
            );
        }
        named
    });
}

/// `labels = { label = "field" }`; label names are Prometheus's (`[a-zA-Z_][a-zA-Z0-9_]*`, `__` is reserved).
fn read_labels(table: &mut Table, reserved: &[&str], d: &mut Diagnostics) -> Vec<Pair<String>> {
    let mut labels = table.take_map("labels", d);
    retain_label_names(&mut labels, reserved, d);
    for (name, field) in &labels {
        if field.trim().is_empty() {
            d.push(
                Diagnostic::error(format!("label `{}` has no field", name.value))
                    .at_value(field, "")
                    .help("name the field whose value the label takes, such as \"log.level\""),
            );
        }
    }
    labels
}

/// `defaults = { label = "value" }`, of some of the labels that take fields.
fn read_defaults(labels: &[Pair<String>], table: &mut Table, d: &mut Diagnostics) -> Vec<Pair<String>> {
    let defaults = table.take_map("defaults", d);
    for (name, text) in &defaults {
        if !labels.iter().any(|(label, _)| label.value == name.value) {
            d.push(
                Diagnostic::error(format!("`{}` has a default and is no label", name.value))
                    .at_value(name, "")
                    .help("write the name of one of this metric's `labels`, or remove it"),
            );
        } else if text.is_empty() {
            d.push(
                Diagnostic::error(format!("the default of `{}` is empty", name.value))
                    .at_value(text, "")
                    .help("write what the label is to show, such as \"other\""),
            );
        }
    }
    defaults
}

/// `const_labels = { label = "value" }`.
fn read_const_labels(table: &mut Table, reserved: &[&str], d: &mut Diagnostics) -> Vec<Pair<String>> {
    let mut labels = table.take_map("const_labels", d);
    retain_label_names(&mut labels, reserved, d);
    labels
}

/// Reports names that no label may have, and leaves those labels out.
pub(super) fn retain_label_names(labels: &mut Vec<Pair<String>>, reserved: &[&str], d: &mut Diagnostics) {
    labels.retain(|(name, _)| {
        let help = match name.as_str() {
            "service" if reserved.contains(&"service") => {
                "every metric has this label already, from the input's `service`; choose another"
            }
            "metric" if reserved.contains(&"metric") => {
                "logmill uses it where it says something about a metric; choose another"
            }
            name if reserved.contains(&name) => "Prometheus uses it itself; choose another",
            name if !is_identifier(name) || name.starts_with("__") => {
                "use letters, digits and `_`, no digit and no `__` first"
            }
            _ => return true,
        };
        d.push(
            Diagnostic::error(format!("`{}` cannot be the name of a label", name.value))
                .at_value(name, "")
                .help(help),
        );
        false
    });
}

/// `values = { field = ["a", "b"] }`: strings and whole numbers, one or several.
fn read_values(
    key: &'static str,
    table: &mut Table,
    d: &mut Diagnostics,
) -> Vec<(Spanned<String>, Vec<Value>)> {
    let mut values = Vec::new();
    for (name, node) in table.take_nodes(key, d) {
        if matches!(&node.value, NodeValue::Array(items) if items.is_empty()) {
            d.push(
                Diagnostic::error(format!("no value for `{}`", name.value))
                    .at_value(&name, "")
                    .help("name at least one value that the field may have"),
            );
        }
        let one_of = table.scalars(&name, node, d);
        values.push((name, one_of));
    }
    values
}

fn read_buckets(table: &mut Table, d: &mut Diagnostics) -> Option<Spanned<Vec<f64>>> {
    let buckets = table.take_floats("buckets", d)?;
    let message = if buckets.is_empty() {
        "no bucket"
    } else if buckets.len() > BUCKETS_MAX {
        "too many buckets"
    } else if buckets.iter().any(|bound| !bound.is_finite()) {
        "a bucket is not finite"
    } else if buckets.windows(2).any(|pair| pair[0] >= pair[1]) {
        "buckets do not ascend"
    } else {
        return Some(buckets);
    };
    d.push(
        Diagnostic::error(message)
            .at_value(&buckets, "upper bounds in seconds or bytes")
            .help(format!(
                "write 1 to {BUCKETS_MAX} numbers, each larger than the one before; the last bucket, +Inf, is always there"
            )),
    );
    None
}

fn is_identifier(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
