//! From a rule of a file to the spec of a metric: names become slots of the schema, what is not said the usual.

use crate::config::{
    CounterRule, ElapsedRule, FieldUnit, GaugeRule, HashRule, HistogramRule, SeriesRule, SessionsRule,
    Spanned, TopRule,
};
use crate::derive::{
    Allow, Defaults, GatherKind, GatherSpec, Hashed, KeyedHash, Kind, Label, LabelSource, MetricSpec, Only,
    OnlyValue, SECONDS_BUCKETS, TopSum, Trace, Unit,
};
use crate::encode::TIMESTAMP;
use crate::event::{FieldId, Schema};
use crate::limits;

/// The names of the fields that a rule needs and the schema lacks.
pub type Missing<'r> = Vec<&'r Spanned<String>>;

pub fn counter<'r>(rule: &'r CounterRule, schema: &Schema) -> Result<MetricSpec, Missing<'r>> {
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

pub fn gauge<'r>(rule: &'r GaugeRule, schema: &Schema) -> Result<MetricSpec, Missing<'r>> {
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

pub fn histogram<'r>(rule: &'r HistogramRule, schema: &Schema) -> Result<MetricSpec, Missing<'r>> {
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

pub fn elapsed<'r>(rule: &'r ElapsedRule, schema: &Schema) -> Result<MetricSpec, Missing<'r>> {
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

pub fn sessions<'r>(rule: &'r SessionsRule, schema: &Schema) -> Result<GatherSpec, Missing<'r>> {
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

pub fn top<'r>(rule: &'r TopRule, schema: &Schema) -> Result<GatherSpec, Missing<'r>> {
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

pub fn only<'r>(
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
