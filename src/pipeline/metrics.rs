//! The metrics of a pipeline: those of the sets that it names, and its own.

mod spec;

use crate::config::suggestion::closest;
use crate::config::{Diagnostic, Diagnostics, MetricRules, PipelineFile, Spanned};
use crate::derive::{GatherSpec, MetricSpec, Only, Part, SpecError, check, check_gather};
use crate::event::Schema;

pub(super) use self::spec::only;
use self::spec::{Missing, counter, elapsed, gauge, histogram, sessions, top};
use super::Library;

/// What a pipeline counts.
#[derive(Debug, Default)]
pub struct Metrics {
    pub counted: Vec<MetricSpec>,
    pub gathered: Vec<GatherSpec>,
}

/// `said` is what was wrong with the file when it was read.
pub fn compile(
    file: &PipelineFile,
    library: &Library,
    schema: &Schema,
    said: &Diagnostics,
    diagnostics: &mut Diagnostics,
) -> Metrics {
    let mut metrics = Metrics::default();
    for name in &file.metrics {
        match library.metric_set(name, diagnostics) {
            // A set is written for all kinds of logs: what this one cannot fill is left out.
            Some(set) => metrics.add(&set.rules, schema, |_, _| {}),
            None if library.set_names().contains(&name.as_str()) => {}
            None => diagnostics.push(unknown_set(name, library)),
        }
    }
    metrics.add(&file.rules, schema, |name, wrong| match wrong {
        Wrong::Spec(error) => {
            if error.part != Part::Name || !said.has_error_at(name) {
                diagnostics.push(Diagnostic::error(error.text).at_value(name, "this metric"));
            }
        }
        Wrong::Missing(field) => diagnostics.push(unknown_field(field, &field.value, schema)),
    });
    for (written, field) in strays(&file.rules, schema) {
        diagnostics.push(unknown_field(written, field, schema));
    }
    metrics
}

/// `written` is the field's name, alone or among others.
fn unknown_field(written: &Spanned<String>, field: &str, schema: &Schema) -> Diagnostic {
    let names = schema.shown();
    // `route(url.path)` is looked for by its field.
    let inner = field
        .split_once('(')
        .map_or(field, |(_, inner)| inner.trim_end_matches(')'));
    let help = match closest(inner.trim(), names.map(|(_, name)| name)) {
        Some(name) => format!("did you mean `{name}`?"),
        None => "name a field that a pattern, [parse.keys] or [set] sets".to_owned(),
    };
    Diagnostic::error(format!("nothing in this pipeline sets the field `{field}`"))
        .at_value(written, "unknown field")
        .help(help)
}

/// Fields that the schema lacks and without which the metric is there nevertheless: beside others of which one would do,
/// and of sums, which a top list may lack.
fn strays<'r>(rules: &'r MetricRules, schema: &Schema) -> Vec<(&'r Spanned<String>, &'r str)> {
    let counters = rules.counters.iter();
    let added = counters
        .clone()
        .map(|rule| rule.add.iter().map(|field| (field, field.as_str())).collect());
    let conditions = (counters.clone().flat_map(|rule| &rule.values))
        .chain(rules.gauges.iter().flat_map(|rule| &rule.values))
        .chain(rules.histograms.iter().flat_map(|rule| &rule.values))
        .chain(rules.sessions.iter().flat_map(|rule| &rule.values))
        .chain(rules.tops.iter().flat_map(|rule| &rule.values))
        .chain(
            rules
                .elapsed
                .iter()
                .flat_map(|rule| rule.start.iter().chain(&rule.end)),
        );
    let conditions = conditions.map(|(name, _)| Only::parse(name).1.map(|field| (name, field)).collect());
    let unless = counters.filter_map(|rule| rule.defaults_unless.as_ref());
    let sums = rules
        .tops
        .iter()
        .flat_map(|rule| &rule.sums)
        .flat_map(|(_, fields)| fields);
    let alone = unless.chain(sums).map(|field| (field, field.as_str()));
    let unknown = |(_, field): &(&Spanned<String>, &str)| schema.get(field).is_none();
    let mut strays: Vec<(&Spanned<String>, &str)> = alone.filter(unknown).collect();
    for fields in added.chain(conditions) {
        let fields: Vec<(&Spanned<String>, &str)> = fields;
        // Where none is known, the metric itself is told.
        if !fields.iter().all(unknown) {
            strays.extend(fields.into_iter().filter(unknown));
        }
    }
    strays
}

/// Why a metric cannot be.
enum Wrong<'r> {
    Spec(SpecError),
    /// The schema has no such field.
    Missing(&'r Spanned<String>),
}

impl Metrics {
    /// Adds what can be; `tell` hears of the rest.
    fn add<'r>(
        &mut self,
        rules: &'r MetricRules,
        schema: &Schema,
        mut tell: impl FnMut(&'r Spanned<String>, Wrong<'r>),
    ) {
        let mut missing = |name, fields: Missing<'r>| {
            fields
                .into_iter()
                .for_each(|field| tell(name, Wrong::Missing(field)));
        };
        let counters = rules
            .counters
            .iter()
            .map(|rule| (&rule.name, counter(rule, schema)));
        let gauges = rules.gauges.iter().map(|rule| (&rule.name, gauge(rule, schema)));
        let histograms = rules
            .histograms
            .iter()
            .map(|rule| (&rule.name, histogram(rule, schema)));
        let mut wrong = Vec::new();
        let elapsed = rules
            .elapsed
            .iter()
            .map(|rule| (&rule.name, elapsed(rule, schema)));
        for (name, result) in counters.chain(gauges).chain(histograms).chain(elapsed) {
            match result {
                Ok(spec) => {
                    wrong.extend(check(&spec).into_iter().map(|error| (name, error)));
                    self.counted.push(spec);
                }
                Err(fields) => missing(name, fields),
            }
        }
        let sessions = rules
            .sessions
            .iter()
            .map(|rule| (&rule.name, sessions(rule, schema)));
        let tops = rules.tops.iter().map(|rule| (&rule.name, top(rule, schema)));
        for (name, result) in sessions.chain(tops) {
            match result {
                Ok(spec) => {
                    wrong.extend(check_gather(&spec).into_iter().map(|error| (name, error)));
                    self.gathered.push(spec);
                }
                Err(fields) => missing(name, fields),
            }
        }
        for (name, error) in wrong {
            tell(name, Wrong::Spec(error));
        }
    }
}

fn unknown_set(name: &Spanned<String>, library: &Library) -> Diagnostic {
    let known = library.set_names();
    Diagnostic::error(format!("unknown metric set `{}`", name.value))
        .at_value(name, "")
        .help(format!("there are: {}", known.join(", ")))
}
