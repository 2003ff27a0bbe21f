//! The metrics of a pipeline: those of the sets that it names, and its own.

use crate::config::suggestion::closest;
use crate::config::{
    CounterRule, Diagnostic, Diagnostics, ElapsedRule, FieldUnit, GaugeRule, HashRule, HistogramRule,
    MetricRules, PipelineFile, SeriesRule, SessionsRule, Spanned, TopRule,
};
use crate::derive::{
    Allow, Defaults, GatherKind, GatherSpec, Hashed, KeyedHash, Kind, Label, LabelSource, MetricSpec, Only,
    OnlyValue, SECONDS_BUCKETS, SpecError, TopSum, Trace, Unit, check, check_gather,
};
use crate::encode::TIMESTAMP;
use crate::event::{FieldId, Schema};
use crate::limits;

use super::Library;

/// The names of the fields that a rule needs and the schema lacks.
pub(super) type Missing<'r> = Vec<&'r Spanned<String>>;

/// What a pipeline counts.
#[derive(Debug, Default)]
pub struct Metrics {
    pub counted: Vec<MetricSpec>,
    pub gathered: Vec<GatherSpec>,
}

pub fn compile(
    file: &PipelineFile,
    library: &Library,
    schema: &Schema,
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
            diagnostics.push(Diagnostic::error(error.text).at_value(name, "this metric"));
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
    let names = schema.iter().filter(|(field, _)| !schema.is_hidden(*field));
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

fn counter<'r>(rule: &'r CounterRule, schema: &Schema) -> Result<MetricSpec, Missing<'r>> {
    let mut missing = Vec::new();
    let spec = spec(&rule.name, &rule.help, &rule.series, schema, &mut missing);
    let add = known(&rule.add, schema);
    if add.is_empty() {
        missing.extend(&rule.add);
    }
    let only = only(&rule.values, schema, &mut missing);
    if !missing.is_empty() {
        return Err(missing);
    }
    Ok(MetricSpec {
        only,
        defaults: defaults(rule, schema),
        kind: Kind::Counter {
            add,
            unit: unit_of(&rule.unit),
        },
        ..spec
    })
}

fn gauge<'r>(rule: &'r GaugeRule, schema: &Schema) -> Result<MetricSpec, Missing<'r>> {
    let mut missing = Vec::new();
    let spec = spec(&rule.name, &rule.help, &rule.series, schema, &mut missing);
    let field = slot(&rule.field, schema, &mut missing);
    let only = only(&rule.values, schema, &mut missing);
    let (Some(field), Some(at), true) = (field, schema.get(TIMESTAMP), missing.is_empty()) else {
        return Err(missing);
    };
    Ok(MetricSpec {
        only,
        kind: Kind::Gauge {
            field,
            unit: unit_of(&rule.unit),
            at,
        },
        ..spec
    })
}

fn histogram<'r>(rule: &'r HistogramRule, schema: &Schema) -> Result<MetricSpec, Missing<'r>> {
    let mut missing = Vec::new();
    let spec = spec(&rule.name, &rule.help, &rule.series, schema, &mut missing);
    let field = slot(&rule.field, schema, &mut missing);
    let only = only(&rule.values, schema, &mut missing);
    let (Some(field), true) = (field, missing.is_empty()) else {
        return Err(missing);
    };
    let unit = unit_of(&rule.unit);
    let usual: &[f64] = match unit {
        Unit::Bytes => &BYTES_BUCKETS,
        _ => &SECONDS_BUCKETS,
    };
    Ok(MetricSpec {
        only,
        native: rule.native,
        trace: Trace::of(schema),
        kind: Kind::Histogram {
            field,
            unit,
            buckets: buckets(&rule.buckets, usual),
        },
        ..spec
    })
}

fn elapsed<'r>(rule: &'r ElapsedRule, schema: &Schema) -> Result<MetricSpec, Missing<'r>> {
    let mut missing = Vec::new();
    let spec = spec(&rule.name, &rule.help, &rule.series, schema, &mut missing);
    let key = slot(&rule.key, schema, &mut missing);
    let start = only(&rule.start, schema, &mut missing);
    let finish = only(&rule.end, schema, &mut missing);
    let (Some(key), Some(at), true) = (key, schema.get(TIMESTAMP), missing.is_empty()) else {
        return Err(missing);
    };
    Ok(MetricSpec {
        native: rule.native,
        trace: Trace::of(schema),
        kind: Kind::Elapsed {
            start,
            finish,
            key,
            at,
            timeout: rule
                .timeout
                .as_ref()
                .map_or(limits::ELAPSED_TIMEOUT, |timeout| timeout.value),
            buckets: buckets(&rule.buckets, &SECONDS_BUCKETS),
        },
        ..spec
    })
}

/// What all metrics have that are counted; as long as nothing else is said, a counter of events.
fn spec<'r>(
    name: &Spanned<String>,
    help_text: &Option<Spanned<String>>,
    series: &'r SeriesRule,
    schema: &Schema,
    missing: &mut Missing<'r>,
) -> MetricSpec {
    MetricSpec {
        labels: labels(&series.labels, &series.const_labels, schema, missing),
        allow: allow(&series.allow),
        hashed: hashed(&series.hash),
        series_max: series_max(&series.series_max),
        written: Some(name.clone()),
        ..MetricSpec::counter(name, help(help_text))
    }
}

fn sessions<'r>(rule: &'r SessionsRule, schema: &Schema) -> Result<GatherSpec, Missing<'r>> {
    let mut missing = Vec::new();
    let session = slot(&rule.session, schema, &mut missing);
    let only = only(&rule.values, schema, &mut missing);
    let (Some(session), Some(at), true) = (session, schema.get(TIMESTAMP), missing.is_empty()) else {
        return Err(missing);
    };
    Ok(GatherSpec {
        name: rule.name.value.clone(),
        help: help(&rule.help).to_owned(),
        kind: GatherKind::Sessions {
            session,
            window: rule.window.as_ref().map_or(limits::WINDOW, |window| window.value),
            exact_max: rule
                .exact_max
                .as_ref()
                .map_or(limits::SESSIONS_EXACT_MAX, |max| max.value),
        },
        labels: labels(&[], &rule.const_labels, schema, &mut missing),
        hashed: Hashed::default(),
        only,
        at,
        written: Some(rule.name.clone()),
    })
}

fn top<'r>(rule: &'r TopRule, schema: &Schema) -> Result<GatherSpec, Missing<'r>> {
    let mut missing = Vec::new();
    let labels = labels(&rule.labels, &rule.const_labels, schema, &mut missing);
    let only = only(&rule.values, schema, &mut missing);
    // A log that has no such number has a sum that is never shown; so pipelines agree on the metric.
    let sums = rule.sums.iter().map(|(name, fields)| TopSum {
        name: name.value.clone(),
        help: format!(
            "Sum of {} within the window, where most",
            fields.first().map_or("nothing", |field| field.as_str())
        ),
        fields: known(fields, schema),
    });
    let sums = sums.collect();
    let (Some(at), true) = (schema.get(TIMESTAMP), missing.is_empty()) else {
        return Err(missing);
    };
    Ok(GatherSpec {
        name: rule.name.value.clone(),
        help: help(&rule.help).to_owned(),
        kind: GatherKind::Top {
            sums,
            window: rule.window.as_ref().map_or(limits::WINDOW, |window| window.value),
            keep: rule.keep.as_ref().map_or(limits::TOP_KEEP, |keep| keep.value),
            series_max: series_max(&rule.series_max),
        },
        labels,
        hashed: hashed(&rule.hash),
        only,
        at,
        written: Some(rule.name.clone()),
    })
}

/// Bounds for sizes: powers of four from 256 bytes to 64 MiB.
const BYTES_BUCKETS: [f64; 10] = [
    256.0,
    1024.0,
    4096.0,
    16384.0,
    65536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

fn help(text: &Option<Spanned<String>>) -> &str {
    text.as_ref().map_or("", |text| text.as_str())
}

fn series_max(written: &Option<Spanned<usize>>) -> usize {
    written.as_ref().map_or(limits::SERIES_MAX, |max| max.value)
}

fn buckets(written: &Option<Spanned<Vec<f64>>>, usual: &[f64]) -> Vec<f64> {
    written
        .as_ref()
        .map_or_else(|| usual.to_vec(), |bounds| bounds.value.clone())
}

fn unit_of(written: &Option<Spanned<FieldUnit>>) -> Unit {
    match written.as_ref().map(|unit| unit.value) {
        None => Unit::One,
        Some(FieldUnit::Nanoseconds) => Unit::Nanoseconds,
        Some(FieldUnit::Milliseconds) => Unit::Milliseconds,
        Some(FieldUnit::Seconds) => Unit::Seconds,
        Some(FieldUnit::Bytes) => Unit::Bytes,
    }
}

fn slot<'r>(name: &'r Spanned<String>, schema: &Schema, missing: &mut Missing<'r>) -> Option<FieldId> {
    let field = schema.get(name);
    if field.is_none() {
        missing.push(name);
    }
    field
}

/// Those of the fields that the schema has.
fn known(names: &[Spanned<String>], schema: &Schema) -> Vec<FieldId> {
    names.iter().filter_map(|name| schema.get(name)).collect()
}

fn labels<'r>(
    written: &'r [(Spanned<String>, Spanned<String>)],
    constants: &[(Spanned<String>, Spanned<String>)],
    schema: &Schema,
    missing: &mut Missing<'r>,
) -> Vec<Label> {
    let mut labels = Vec::new();
    for (name, source) in written {
        match LabelSource::parse(source, |field| schema.get(field).ok_or(())) {
            Ok(source) => labels.push(Label {
                name: name.value.clone(),
                source,
            }),
            Err(()) => missing.push(source),
        }
    }
    labels.extend(constants.iter().map(|(name, text)| Label {
        name: name.value.clone(),
        source: LabelSource::Const(text.value.clone()),
    }));
    labels
}

fn hashed(rule: &Option<HashRule>) -> Hashed {
    rule.as_ref().map_or_else(Hashed::default, |rule| {
        let key = KeyedHash::new(rule.key.expose().as_bytes());
        Hashed::new(rule.labels.iter().map(|label| label.as_str()), &key)
    })
}

fn allow(written: &[(Spanned<String>, Vec<serde_json::Value>)]) -> Vec<Allow> {
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let allow = written.iter().map(|(label, values)| Allow {
        label: label.value.clone(),
        values: values.iter().map(text).collect(),
    });
    allow.collect()
}

fn defaults(rule: &CounterRule, schema: &Schema) -> Defaults {
    let texts = rule.defaults.iter();
    Defaults {
        texts: texts
            .map(|(label, text)| (label.value.clone(), text.value.clone()))
            .collect(),
        // No event has what the schema has not.
        unless: rule.defaults_unless.as_ref().and_then(|field| schema.get(field)),
    }
}

pub(super) fn only<'r>(
    written: &'r [(Spanned<String>, Vec<serde_json::Value>)],
    schema: &Schema,
    missing: &mut Missing<'r>,
) -> Vec<Only> {
    let mut conditions = Vec::new();
    for (name, values) in written {
        let (any_case, fields) = Only::parse(name);
        let mut fields = fields.filter_map(|field| schema.get(field));
        if let Some(field) = fields.next() {
            let values = values
                .iter()
                .map(|value| match value.as_i64() {
                    Some(number) => OnlyValue::Int(number),
                    None => OnlyValue::Text(value.as_str().unwrap_or_default().to_owned()),
                })
                .collect();
            conditions.push(Only {
                field,
                or: fields.collect(),
                any_case,
                values,
            });
        } else {
            missing.push(name);
        }
    }
    conditions
}
