//! What is wrong with a metric by itself.

use super::gather::{ACTIVE_SESSIONS, Gather, GatherKind, GatherSpec};
use super::hashed::Hashed;
use super::label_source::{Allow, LABELS_MAX, Label, SERVICE};
use super::pane::TOP_SUMS_MAX;
use super::spec::{Kind, MetricSpec};
use super::spec_error::{Part, SpecError};
use crate::limits::BUCKETS_MAX;

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
    for text in Gather::names(spec).iter().filter_map(|name| wrong_name(name)) {
        add(Part::Name, text.to_owned());
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
    if let Some(text) = wrong_name(name) {
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

/// What is wrong with the name of any metric.
fn wrong_name(name: &str) -> Option<&'static str> {
    if !is_name(name, ":_") {
        Some("a metric's name is made of letters, digits and `_`, and begins with a letter")
    } else if name.starts_with("logmill_") {
        Some("names that begin with `logmill_` are the agent's own; leave the prefix out")
    } else {
        None
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
    use crate::derive::label_source::LabelSource;
    use crate::derive::spec::SECONDS_BUCKETS;
    use crate::derive::unit::Unit;
    use crate::event::Schema;

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
}
