//! What all that count into one metric must have in common, whichever pipelines they are of.

use super::family::{Family, Shape};
use super::spec::{Kind, MetricSpec};
use super::spec_error::{Difference, Part};
use super::unit::Unit;

impl Family {
    /// Why `spec`, whose label names are `labels`, may not count into this metric too. The unit of its field need not be
    /// the same, but the metric's: milliseconds and seconds are both shown in seconds.
    pub fn difference(&self, spec: &MetricSpec, labels: &[String]) -> Option<Difference> {
        let (part, text) = self
            .differs_in_kind(&spec.kind)
            .or_else(|| self.differs_in_unit(&spec.kind))
            .or_else(|| self.differs_in_help(&spec.help))
            .or_else(|| self.differs_in_native(spec.native))
            .or_else(|| self.differs_in_labels(labels))
            .or_else(|| Some((Part::Labels, spec.hashed.differs(&self.hashed)?)))?;
        Some(Difference { part, text })
    }

    fn differs_in_kind(&self, kind: &Kind) -> Option<(Part, String)> {
        let here = match kind {
            Kind::Counter { .. } => COUNTER,
            Kind::Gauge { .. } => GAUGE,
            Kind::Histogram { .. } => HISTOGRAM,
            Kind::Elapsed { .. } => ELAPSED,
        };
        let there = match &self.shape {
            Shape::Counter => COUNTER,
            Shape::Gauge => GAUGE,
            Shape::Histogram(_) if self.timeout().is_some() => ELAPSED,
            Shape::Histogram(_) => HISTOGRAM,
        };
        if here != there {
            return Some((Part::Kind, format!("it is {here} here and {there} elsewhere")));
        }
        let (Kind::Histogram { buckets, .. } | Kind::Elapsed { buckets, .. }) = kind else {
            return None;
        };
        if let (Kind::Elapsed { timeout, .. }, Some(other)) = (kind, self.timeout())
            && *timeout != other
        {
            let text = format!("its time-out is {timeout:?} here and {other:?} elsewhere");
            return Some((Part::Kind, text));
        }
        match &self.shape {
            Shape::Histogram(bounds) if bounds.floats != *buckets => {
                let there = &bounds.floats;
                let text = format!("its buckets are {buckets:?} here and {there:?} elsewhere");
                Some((Part::Buckets, text))
            }
            _ => None,
        }
    }

    fn differs_in_unit(&self, kind: &Kind) -> Option<(Part, String)> {
        let (here, there) = (kind.base(), self.base);
        let text = || format!("it is {} here and {} elsewhere", in_base(here), in_base(there));
        (here != there).then(|| (Part::Kind, text()))
    }

    fn differs_in_help(&self, here: &str) -> Option<(Part, String)> {
        let text = || format!("its help is {here:?} here and {:?} elsewhere", self.help);
        (here != self.help).then(|| (Part::Help, text()))
    }

    fn differs_in_native(&self, native: bool) -> Option<(Part, String)> {
        let (here, there) = match native {
            true => ("native buckets", "none"),
            false => ("no native buckets", "some"),
        };
        let text = || format!("it has {here} here and {there} elsewhere");
        (native != self.native).then(|| (Part::Kind, text()))
    }

    fn differs_in_labels(&self, labels: &[String]) -> Option<(Part, String)> {
        let sorted = |labels: &[String]| {
            let mut labels = labels.to_vec();
            labels.sort();
            labels
        };
        let text = || {
            let (here, there) = (labels.join(", "), self.labels.join(", "));
            format!("its labels are {here} here and {there} elsewhere")
        };
        (sorted(labels) != sorted(&self.labels)).then(|| (Part::Labels, text()))
    }
}

const COUNTER: &str = "a counter";
const GAUGE: &str = "a gauge";
const HISTOGRAM: &str = "a histogram of a field";
const ELAPSED: &str = "a histogram of the time between two lines";

fn in_base(base: Unit) -> &'static str {
    match base {
        Unit::Seconds => "in seconds",
        Unit::Bytes => "in bytes",
        _ => "a number without a unit",
    }
}
