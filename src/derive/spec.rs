//! What a pipeline says about its metrics, before it is compiled for one input.

use std::time::Duration;

use thiserror::Error;

use super::exemplar::Trace;
use super::gather::{ACTIVE_SESSIONS, Gather, GatherKind, GatherSpec};
use super::hashed::Hashed;
use crate::config::{Place, Spanned};
use crate::event::FieldId;
use crate::limits::SERIES_MAX;

/// Bounds for durations, in seconds: those of the Prometheus client libraries
/// (<https://pkg.go.dev/github.com/prometheus/client_golang/prometheus#pkg-variables>), two more below for what
/// a cache answers and two above for what a person still waits for.
pub const SECONDS_BUCKETS: [f64; 15] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];

/// The most bounds that one histogram may have: each is a series of its own in Prometheus.
pub const BUCKETS_MAX: usize = 64;

/// The most labels that one metric may have, `service` included.
pub const LABELS_MAX: usize = 16;

/// Sums that one top list may have besides the number of events.
pub const TOP_SUMS_MAX: usize = 2;

/// The label that every metric has: which service the log belongs to.
pub const SERVICE: &str = "service";

/// One metric of a pipeline. It takes the events that have every field it names.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricSpec {
    /// As Prometheus sees it: `http_requests_total`. A counter ends in `_total`.
    pub name: String,
    pub help: String,
    pub kind: Kind,
    /// Without `service`, which every metric gets by itself; where it is given nevertheless, it stays as given.
    pub labels: Vec<Label>,
    /// The event counts only where each of these fields has one of its values.
    pub only: Vec<Only>,
    /// Labels that have only some values; others become `other`.
    pub allow: Vec<Allow>,
    /// What labels show for events that lack their field, and then count nevertheless.
    pub defaults: Defaults,
    /// Labels that show hashes of their values.
    pub hashed: Hashed,
    /// Series that the metric may have, over all inputs and workers; 1 or more.
    pub series_max: usize,
    /// Of a histogram: it has native buckets too.
    pub native: bool,
    /// Of a histogram: an event stands for each bucket, by its trace in these fields; of the time between two, the one
    /// that is read last.
    pub trace: Option<Trace>,
    /// Its name, where somebody wrote it.
    pub written: Option<Spanned<String>>,
}

impl MetricSpec {
    /// A counter of events with the default series budget and no labels.
    pub fn counter(name: &str, help: &str) -> Self {
        MetricSpec {
            name: name.to_owned(),
            help: help.to_owned(),
            kind: Kind::Counter {
                add: Vec::new(),
                unit: Unit::One,
            },
            labels: Vec::new(),
            only: Vec::new(),
            allow: Vec::new(),
            defaults: Defaults::default(),
            hashed: Hashed::default(),
            series_max: SERIES_MAX,
            native: false,
            trace: None,
            written: None,
        }
    }

    /// Gives a histogram native buckets; others have none.
    pub fn make_native(&mut self) {
        self.native = self.kind.is_histogram();
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Counts events, or sums up the first field of `add` that an event has; its numbers are in `unit`.
    Counter { add: Vec<FieldId>, unit: Unit },
    /// Shows the number of `field`, which is in `unit`, of the event that happened last.
    Gauge {
        field: FieldId,
        unit: Unit,
        /// When an event happened.
        at: FieldId,
    },
    /// Sorts the numbers of `field`, which are in `unit`, into `buckets`: upper bounds (inclusive) in the base
    /// unit, ascending, without infinity.
    Histogram {
        field: FieldId,
        unit: Unit,
        buckets: Vec<f64>,
    },
    /// Sorts the seconds between two events with the same `key` into `buckets`: one for which all of `start` hold,
    /// and one for which all of `finish` hold. The labels are those of the one that is read last.
    Elapsed {
        start: Vec<Only>,
        finish: Vec<Only>,
        key: FieldId,
        /// When an event happened.
        at: FieldId,
        /// How long an event waits for the other one.
        timeout: Duration,
        buckets: Vec<f64>,
    },
}

impl Kind {
    /// What the metric is in: one, seconds or bytes.
    pub(super) fn base(&self) -> Unit {
        match self {
            Kind::Counter { unit, .. } | Kind::Gauge { unit, .. } | Kind::Histogram { unit, .. } => {
                unit.base()
            }
            Kind::Elapsed { .. } => Unit::Seconds,
        }
    }

    /// Whether it has buckets.
    pub(super) fn is_histogram(&self) -> bool {
        matches!(self, Kind::Histogram { .. } | Kind::Elapsed { .. })
    }
}

/// Whole nanoseconds, as many as a time holds.
pub(super) fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub name: String,
    pub source: LabelSource,
}

/// The values that a label may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allow {
    /// The label's name.
    pub label: String,
    pub values: Vec<String>,
}

/// What stands for the values that an event lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Defaults {
    /// Names of labels and what they show.
    pub texts: Vec<(String, String)>,
    /// Events that have this field get no default.
    pub unless: Option<FieldId>,
}

/// Where a label's value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LabelSource {
    /// The field's value as it is.
    Field(FieldId),
    /// The field's value in lower case (ASCII): `ERROR` and `error` are one level.
    Lower(FieldId),
    /// The field is a url path; its changing parts are replaced ([`super::route`]).
    Route(FieldId),
    /// The same for every event.
    Const(String),
    /// The service of the input.
    Service,
}

impl LabelSource {
    /// Reads `url.path`, `lower(log.level)` or `route(url.path)`; `field` gives the slot of a field's name.
    pub fn parse<E>(text: &str, field: impl FnOnce(&str) -> Result<FieldId, E>) -> Result<Self, E> {
        let argument = |name: &str| {
            let inner = text.trim().strip_prefix(name)?.trim_start().strip_prefix('(')?;
            inner.strip_suffix(')').map(str::trim)
        };
        if let Some(name) = argument("route") {
            field(name).map(LabelSource::Route)
        } else if let Some(name) = argument("lower") {
            field(name).map(LabelSource::Lower)
        } else {
            field(text.trim()).map(LabelSource::Field)
        }
    }

    /// The field that an event must have for this label.
    pub fn field(&self) -> Option<FieldId> {
        match *self {
            LabelSource::Field(id) | LabelSource::Lower(id) | LabelSource::Route(id) => Some(id),
            LabelSource::Const(_) | LabelSource::Service => None,
        }
    }
}

/// A condition: one of the fields has one of these values. In a text, a star at either end stands for anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Only {
    pub field: FieldId,
    /// Further fields, of which one may have it instead.
    pub or: Vec<FieldId>,
    /// Letters of ASCII are the same in both cases.
    pub any_case: bool,
    pub values: Vec<OnlyValue>,
}

impl Only {
    /// One field, whose letters count as they are.
    pub fn new(field: FieldId, values: Vec<OnlyValue>) -> Self {
        Only {
            field,
            or: Vec::new(),
            any_case: false,
            values,
        }
    }

    /// Reads the left side of a condition: `message`, or `lower(log.level)` for any case, or several fields, such as
    /// `lower(message, error.type)`. Gives whether the case does not count, and the fields' names.
    pub fn parse(text: &str) -> (bool, impl Iterator<Item = &str>) {
        let text = text.trim();
        let inner = text
            .strip_prefix("lower")
            .and_then(|rest| rest.trim_start().strip_prefix('(')?.strip_suffix(')'));
        (inner.is_some(), inner.unwrap_or(text).split(',').map(str::trim))
    }
}

/// `408` and `"408"` are the same value: logs write a number both ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnlyValue {
    Int(i64),
    Text(String),
}

/// The unit of a field's numbers. Metrics are in the base unit: seconds, bytes, or one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    #[default]
    One,
    Nanoseconds,
    Microseconds,
    Milliseconds,
    Seconds,
    Bytes,
    Kibibytes,
    Mebibytes,
}

impl Unit {
    /// The names that [`Unit::parse`] knows, for "did you mean".
    pub const NAMES: [&str; 7] = ["ns", "us", "ms", "s", "bytes", "KiB", "MiB"];

    pub fn parse(name: &str) -> Option<Unit> {
        Some(match name {
            "ns" => Unit::Nanoseconds,
            "us" => Unit::Microseconds,
            "ms" => Unit::Milliseconds,
            "s" => Unit::Seconds,
            "bytes" => Unit::Bytes,
            "KiB" => Unit::Kibibytes,
            "MiB" => Unit::Mebibytes,
            _ => return None,
        })
    }

    /// The unit of metrics of such numbers: one, seconds or bytes.
    pub(super) fn base(self) -> Unit {
        match self {
            Unit::One => Unit::One,
            Unit::Nanoseconds | Unit::Microseconds | Unit::Milliseconds | Unit::Seconds => Unit::Seconds,
            Unit::Bytes | Unit::Kibibytes | Unit::Mebibytes => Unit::Bytes,
        }
    }

    /// How many billionths of the base unit one of this unit is.
    pub(super) fn billionths(self) -> u64 {
        const ONE: u64 = 1_000_000_000;
        match self {
            Unit::Nanoseconds => 1,
            Unit::Microseconds => 1_000,
            Unit::Milliseconds => 1_000_000,
            Unit::One | Unit::Seconds | Unit::Bytes => ONE,
            Unit::Kibibytes => ONE << 10,
            Unit::Mebibytes => ONE << 20,
        }
    }
}

/// Which part of a metric an error is about, so that the caret can point there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Name,
    /// The label of this name.
    Label(String),
    Labels,
    Help,
    Buckets,
    Kind,
    SeriesMax,
}

/// A metric that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("metric {metric:?}: {text}")]
pub struct SpecError {
    pub metric: String,
    pub part: Part,
    /// What is wrong and what to do.
    pub text: String,
    /// Where the metric is written.
    pub here: Option<Box<Place>>,
    /// Where the other one of this name is written, with which it does not agree.
    pub there: Option<Box<Place>>,
}

/// What to do about two metrics of one name that do not agree.
pub(super) const REMEDY: &str = "make them agree or choose another name";

/// What to do about a metric that is not what it was before.
const RUNNING_REMEDY: &str =
    "its series go on from reload to reload, so its form stays: restart the agent, or choose another name";

impl SpecError {
    pub(super) fn new(metric: &str, part: Part, text: impl Into<String>) -> Self {
        SpecError {
            metric: metric.to_owned(),
            part,
            text: text.into(),
            here: None,
            there: None,
        }
    }

    /// The other metric is that of the running agent, which may be written at the same place as this one, and may not be
    /// written anywhere any more.
    pub(super) fn of_running_agent(mut self) -> Self {
        let difference = self.text.strip_suffix(REMEDY).unwrap_or(&self.text);
        self.text = format!(
            "{}, which is the running agent; {RUNNING_REMEDY}",
            difference.trim_end_matches("; ")
        );
        self
    }

    /// The metric is written `here`, and the one that it does not agree with `there`.
    pub(super) fn at(mut self, here: Option<&Spanned<String>>, there: Option<&Spanned<String>>) -> Self {
        let place = |name: &Spanned<String>| Box::new(name.place("this metric"));
        self.here = here.map(place);
        self.there = there.map(place);
        self
    }
}

/// Everything that is wrong with one metric by itself.
///
/// Names follow <https://prometheus.io/docs/concepts/data_model/>.
pub fn check(spec: &MetricSpec) -> Vec<SpecError> {
    let mut errors = Vec::new();
    let mut add = |part, text: String| errors.push(SpecError::new(&spec.name, part, text));
    check_name(spec, &mut add);
    check_labels(spec, &mut add);
    if let Kind::Histogram { buckets, .. } | Kind::Elapsed { buckets, .. } = &spec.kind
        && let Some(text) = wrong_buckets(buckets)
    {
        add(Part::Buckets, text);
    }
    if spec.series_max == 0 {
        add(
            Part::SeriesMax,
            "a budget of 0 series leaves nothing to show; give 1 or more".to_owned(),
        );
    }
    errors
}

/// Labels of sessions and top lists that logmill gives: the input's service, and of what it says about such a metric, the
/// metric's name.
const OWN_LABELS: [&str; 2] = [SERVICE, "metric"];

/// Everything that is wrong with one metric of sessions or of a top list by itself.
pub fn check_gather(spec: &GatherSpec) -> Vec<SpecError> {
    let mut errors = Vec::new();
    let mut add = |part, text: String| errors.push(SpecError::new(&spec.name, part, text));
    check_label_names(&spec.labels, &mut add);
    check_hashed(&spec.labels, &spec.hashed, &mut add);
    let own = |label: &&Label| OWN_LABELS.contains(&label.name.as_str());
    for Label { name, .. } in spec.labels.iter().filter(own) {
        let text = format!("the label `{name}` is given by logmill to what is gathered; choose another name");
        add(Part::Label(name.clone()), text);
    }
    for name in Gather::names(spec) {
        if !is_name(&name, ":_") {
            let text = "a metric's name is made of letters, digits and `_`, and begins with a letter";
            add(Part::Name, text.to_owned());
        } else if name.starts_with("logmill_") {
            let text = "names that begin with `logmill_` are the agent's own; leave the prefix out";
            add(Part::Name, text.to_owned());
        }
    }
    match &spec.kind {
        GatherKind::Sessions { .. } => {
            if !spec.name.ends_with(ACTIVE_SESSIONS) {
                let text = format!("the name of a sessions metric ends in `{ACTIVE_SESSIONS}`");
                add(Part::Name, text);
            }
            if spec.labels.iter().any(|label| label.source.field().is_some()) {
                let text = "sessions are counted by service; remove the labels";
                add(Part::Labels, text.to_owned());
            }
        }
        GatherKind::Top { sums, .. } => {
            for name in std::iter::once(&spec.name).chain(sums.iter().map(|sum| &sum.name)) {
                if name.ends_with("_total") {
                    let text = format!(
                        "`{name}` goes down when the window moves on: it is no counter; leave out `_total`"
                    );
                    add(Part::Name, text);
                }
            }
            if sums.len() > TOP_SUMS_MAX {
                add(
                    Part::Kind,
                    format!("{} sums are more than {TOP_SUMS_MAX}", sums.len()),
                );
            }
            if spec.labels.iter().all(|label| label.source.field().is_none()) {
                let text = "a top list needs a label: what is listed";
                add(Part::Labels, text.to_owned());
            }
        }
    }
    errors
}

fn check_name(spec: &MetricSpec, add: &mut impl FnMut(Part, String)) {
    let name = spec.name.as_str();
    let counter = matches!(spec.kind, Kind::Counter { .. });
    if !is_name(name, ":_") {
        let text = "a metric's name is made of letters, digits and `_`, and begins with a letter";
        add(Part::Name, text.to_owned());
    } else if name.starts_with("logmill_") {
        let text = "names that begin with `logmill_` are the agent's own; leave the prefix out";
        add(Part::Name, text.to_owned());
    } else if counter && !name.ends_with("_total") {
        add(
            Part::Name,
            format!("a counter's name ends in `_total`; call it `{name}_total`"),
        );
    } else if !counter
        && let Some(suffix) = ["_total", "_bucket", "_sum", "_count", "_created"]
            .iter()
            .find(|suffix| name.ends_with(**suffix))
    {
        let noun = if spec.kind.is_histogram() {
            "histogram"
        } else {
            "gauge"
        };
        let text =
            format!("a {noun}'s name may not end in `{suffix}`; name it by its unit: `_seconds`, `_bytes`");
        add(Part::Name, text);
    }
}

fn check_labels(spec: &MetricSpec, add: &mut impl FnMut(Part, String)) {
    check_label_names(&spec.labels, add);
    check_hashed(&spec.labels, &spec.hashed, add);
    for Allow { label, .. } in &spec.allow {
        if !spec.labels.iter().any(|own| own.name == *label) {
            let text = format!("`allow` names `{label}`, which is none of its labels; name one of them");
            add(Part::Label(label.clone()), text);
        }
    }
}

fn check_hashed(labels: &[Label], hashed: &Hashed, add: &mut impl FnMut(Part, String)) {
    for name in hashed.names() {
        let given = |label: &Label| label.name == name && label.source.field().is_some();
        if !labels.iter().any(given) {
            let text = format!(
                "`hash_labels` names `{name}`, which is none of its labels that events give; name one of them"
            );
            add(Part::Label(name.to_owned()), text);
        }
    }
}

fn check_label_names(labels: &[Label], add: &mut impl FnMut(Part, String)) {
    let mut seen: Vec<&str> = Vec::new();
    for Label { name, .. } in labels {
        let part = Part::Label(name.clone());
        if !is_name(name, "_") || name.starts_with("__") {
            let text = format!(
                "the label name {name:?} is not made of letters, digits and `_`, or begins with `__`"
            );
            add(part, text);
        } else if name == "le" || name == "quantile" {
            add(
                part,
                format!("the label name `{name}` belongs to Prometheus; choose another"),
            );
        } else if seen.contains(&name.as_str()) {
            add(part, format!("the label `{name}` is there twice; remove one"));
        }
        seen.push(name);
    }
    let own = usize::from(!seen.contains(&SERVICE));
    if labels.len() + own > LABELS_MAX {
        let text = format!(
            "{} labels are more than {LABELS_MAX} (`{SERVICE}` is one of them); remove some",
            labels.len() + own
        );
        add(Part::Labels, text);
    }
}

fn wrong_buckets(buckets: &[f64]) -> Option<String> {
    if buckets.is_empty() {
        return Some("a histogram needs at least one bucket".to_owned());
    }
    if buckets.len() > BUCKETS_MAX {
        return Some(format!(
            "{} buckets are more than {BUCKETS_MAX}; leave some out",
            buckets.len()
        ));
    }
    if let Some(bound) = buckets.iter().find(|b| !b.is_finite() || **b < 0.0) {
        return Some(format!(
            "the bucket {bound} is not a number of 0 or more; `+Inf` is there by itself"
        ));
    }
    let wrong = buckets.windows(2).find(|pair| pair[1] - pair[0] < 1e-9)?;
    Some(format!(
        "the bucket {} comes after {}; give them in ascending order, at least 1e-9 apart",
        wrong[1], wrong[0]
    ))
}

fn is_name(name: &str, besides: &str) -> bool {
    let mut letters = name.chars();
    letters
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || besides.contains(c))
        && letters.all(|c| c.is_ascii_alphanumeric() || besides.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Schema;
    use std::convert::Infallible;

    fn texts(spec: &MetricSpec) -> Vec<String> {
        check(spec).iter().map(ToString::to_string).collect()
    }

    fn histogram(name: &str, buckets: &[f64]) -> MetricSpec {
        let kind = Kind::Histogram {
            field: Schema::default().intern("event.duration"),
            unit: Unit::Nanoseconds,
            buckets: buckets.to_vec(),
        };
        MetricSpec {
            kind,
            ..MetricSpec::counter(name, "")
        }
    }

    #[test]
    fn the_usual_metric_is_right() {
        assert!(texts(&MetricSpec::counter("http_requests_total", "Requests")).is_empty());
        assert!(texts(&histogram("http_request_duration_seconds", &SECONDS_BUCKETS)).is_empty());
    }

    #[test]
    fn each_mistake_has_its_sentence() {
        let name = |name: &str| texts(&MetricSpec::counter(name, "")).join("; ");
        assert_eq!(
            name("http_requests"),
            "metric \"http_requests\": a counter's name ends in `_total`; call it `http_requests_total`"
        );
        assert!(name("4xx_total").contains("begins with a letter"));
        assert!(name("").contains("begins with a letter"));
        assert!(name("logmill_lines_total").contains("leave the prefix out"));
        let buckets = |buckets: &[f64]| texts(&histogram("x_seconds", buckets)).join("; ");
        assert!(buckets(&[]).contains("at least one bucket"));
        assert!(buckets(&[0.1, 0.1]).contains("0.1 comes after 0.1"));
        assert!(buckets(&[1.0, f64::INFINITY]).contains("inf is not a number"));
        assert!(buckets(&[-1.0]).contains("-1 is not a number of 0 or more"));
        assert!(buckets(&[1.0; 65]).contains("65 buckets"));
        assert!(texts(&histogram("x_sum", &[1.0]))[0].contains("`_sum`"));
    }

    #[test]
    fn labels_are_checked_all_at_once() {
        let label = |name: &str| Label {
            name: name.to_owned(),
            source: LabelSource::Service,
        };
        let mut spec = MetricSpec::counter("x_total", "");
        spec.labels = vec![label("le"), label("__x"), label("a"), label("a"), label("b-c")];
        spec.series_max = 0;
        let parts: Vec<Part> = check(&spec).into_iter().map(|e| e.part).collect();
        let part = |name: &str| Part::Label(name.to_owned());
        assert_eq!(
            parts,
            [part("le"), part("__x"), part("a"), part("b-c"), Part::SeriesMax]
        );
        spec.labels = (0..16).map(|n| label(&format!("l{n}"))).collect();
        assert!(check(&spec).iter().any(|e| e.part == Part::Labels));
    }

    #[test]
    fn a_label_source_is_a_field_or_a_function_of_one() {
        let mut schema = Schema::default();
        let mut parse =
            |text: &str| LabelSource::parse(text, |name| Ok::<_, Infallible>(schema.intern(name))).unwrap();
        let path = parse("url.path").field().unwrap();
        assert_eq!(parse("route(url.path)"), LabelSource::Route(path));
        assert_eq!(parse(" lower( url.path ) "), LabelSource::Lower(path));
        assert_eq!(
            parse("route_name"),
            LabelSource::Field(FieldId::clone(&parse("route_name").field().unwrap()))
        );
    }

    #[test]
    fn every_unit_has_its_name() {
        for name in Unit::NAMES {
            assert!(Unit::parse(name).is_some(), "{name}");
        }
        assert_eq!(Unit::parse("minutes"), None);
    }
}
