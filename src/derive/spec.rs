//! What a pipeline says about its metrics, before it is compiled for one input.

use std::time::Duration;

use super::exemplar::Trace;
use super::hashed::Hashed;
use super::label_source::{Allow, Defaults, Label};
use super::only::Only;
use super::unit::Unit;
use crate::config::Spanned;
use crate::event::FieldId;
use crate::limits::SERIES_MAX;

/// Bounds for durations, in seconds: those of the Prometheus client libraries
/// (<https://pkg.go.dev/github.com/prometheus/client_golang/prometheus#pkg-variables>), two more below for what
/// a cache answers and two above for what a person still waits for.
pub const SECONDS_BUCKETS: [f64; 15] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];

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

/// Whole milliseconds, as many as a time holds.
pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Whole nanoseconds, as many as a time holds.
pub(super) fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}
