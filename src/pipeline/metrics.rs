//! The metrics of a pipeline: those of the sets that it names, and its own.

use crate::config::{CounterRule, Diagnostic, Diagnostics, FieldUnit, HistogramRule, PipelineFile, Spanned};
use crate::derive::{Kind, Label, LabelSource, MetricSpec, Only, OnlyValue, SECONDS_BUCKETS, Unit, check};
use crate::event::{FieldId, Schema};
use crate::limits;

use super::Library;

/// The names of the fields that a rule needs and the schema lacks.
type Missing<'r> = Vec<&'r Spanned<String>>;

pub fn compile(
    file: &PipelineFile,
    library: &Library,
    schema: &Schema,
    diagnostics: &mut Diagnostics,
) -> Vec<MetricSpec> {
    let mut specs = Vec::new();
    for name in &file.metrics {
        match library.metric_set(name, diagnostics) {
            // A set is written for all kinds of logs: what this one cannot fill is left out.
            Some(set) => {
                specs.extend(set.counters.iter().filter_map(|rule| counter(rule, schema).ok()));
                specs.extend(
                    set.histograms
                        .iter()
                        .filter_map(|rule| histogram(rule, schema).ok()),
                );
            }
            None if library.set_names().contains(&name.as_str()) => {}
            None => diagnostics.push(unknown_set(name, library)),
        }
    }
    let mut own = |name: &Spanned<String>, result: Result<MetricSpec, Missing<'_>>| match result {
        Ok(spec) => {
            for error in check(&spec) {
                diagnostics.push(Diagnostic::error(error.text.clone()).at_value(name, "this metric"));
            }
            specs.push(spec);
        }
        Err(missing) => missing.into_iter().for_each(|field| {
            diagnostics.push(
                Diagnostic::error(format!(
                    "nothing in this pipeline sets the field `{}`",
                    field.value
                ))
                .at_value(field, "unknown field")
                .help("name a field that a pattern, [parse.keys] or [set] sets"),
            );
        }),
    };
    for rule in &file.counters {
        own(&rule.name, counter(rule, schema));
    }
    for rule in &file.histograms {
        own(&rule.name, histogram(rule, schema));
    }
    specs
}

fn unknown_set(name: &Spanned<String>, library: &Library) -> Diagnostic {
    let known = library.set_names();
    Diagnostic::error(format!("unknown metric set `{}`", name.value))
        .at_value(name, "")
        .help(format!("there are: {}", known.join(", ")))
}

fn counter<'r>(rule: &'r CounterRule, schema: &Schema) -> Result<MetricSpec, Missing<'r>> {
    let mut missing = Vec::new();
    let labels = labels(&rule.labels, schema, &mut missing);
    let add = rule
        .add
        .as_ref()
        .and_then(|name| slot(name, schema, &mut missing));
    let only = only(&rule.values, schema, &mut missing);
    let spec = MetricSpec {
        labels,
        only,
        series_max: series_max(&rule.series_max),
        kind: Kind::Counter {
            add,
            unit: rule.unit.as_ref().map_or(Unit::One, |unit| unit_of(unit.value)),
        },
        ..MetricSpec::counter(&rule.name, help(&rule.help))
    };
    if missing.is_empty() {
        Ok(spec)
    } else {
        Err(missing)
    }
}

fn histogram<'r>(rule: &'r HistogramRule, schema: &Schema) -> Result<MetricSpec, Missing<'r>> {
    let mut missing = Vec::new();
    let labels = labels(&rule.labels, schema, &mut missing);
    let field = slot(&rule.field, schema, &mut missing);
    let only = only(&rule.values, schema, &mut missing);
    let (Some(field), true) = (field, missing.is_empty()) else {
        return Err(missing);
    };
    let buckets = match &rule.buckets {
        Some(bounds) => bounds.value.clone(),
        None if rule
            .unit
            .as_ref()
            .is_some_and(|unit| unit.value == FieldUnit::Bytes) =>
        {
            BYTES_BUCKETS.to_vec()
        }
        None => SECONDS_BUCKETS.to_vec(),
    };
    Ok(MetricSpec {
        labels,
        only,
        series_max: series_max(&rule.series_max),
        kind: Kind::Histogram {
            field,
            unit: rule.unit.as_ref().map_or(Unit::One, |unit| unit_of(unit.value)),
            buckets,
        },
        ..MetricSpec::counter(&rule.name, help(&rule.help))
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

fn unit_of(unit: FieldUnit) -> Unit {
    match unit {
        FieldUnit::Nanoseconds => Unit::Nanoseconds,
        FieldUnit::Milliseconds => Unit::Milliseconds,
        FieldUnit::Seconds => Unit::Seconds,
        FieldUnit::Bytes => Unit::Bytes,
    }
}

fn slot<'r>(name: &'r Spanned<String>, schema: &Schema, missing: &mut Missing<'r>) -> Option<FieldId> {
    let field = schema.get(name);
    if field.is_none() {
        missing.push(name);
    }
    field
}

fn labels<'r>(
    written: &'r [(Spanned<String>, Spanned<String>)],
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
    labels
}

fn only<'r>(
    written: &'r [(Spanned<String>, Vec<serde_json::Value>)],
    schema: &Schema,
    missing: &mut Missing<'r>,
) -> Vec<Only> {
    let mut conditions = Vec::new();
    for (name, values) in written {
        if let Some(field) = slot(name, schema, missing) {
            let values = values
                .iter()
                .map(|value| match value.as_i64() {
                    Some(number) => OnlyValue::Int(number),
                    None => OnlyValue::Text(value.as_str().unwrap_or_default().to_owned()),
                })
                .collect();
            conditions.push(Only { field, values });
        }
    }
    conditions
}
