//! Metrics that more is remembered for than a number per series: sessions, and the top of a list.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::exposition::MetricKind;
use super::family::bare;
use super::fixed::Fixed;
use super::hash::Seed;
use super::hashed::Hashed;
use super::key;
use super::label::{Content, LabelText};
use super::label_source::{LABELS_MAX, Label, LabelSource, SERVICE};
use super::lock::lock;
use super::only::Only;
use super::pane::Amounts;
use super::place::{Place, Table};
use super::reading::{Figure, Reading};
use super::room::Room;
use super::session::{self, Sessions};
use super::spec::millis;
use super::spec_error::{Difference, Part};
use super::top::{Entry, Top, heaviest};
use crate::config::Spanned;
use crate::event::FieldId;

/// What a pipeline says about such a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct GatherSpec {
    pub name: String,
    pub help: String,
    pub kind: GatherKind,
    /// Each is a field's or the same for all events; `service` is there by itself.
    pub labels: Vec<Label>,
    /// Labels that show hashes of their values.
    pub hashed: Hashed,
    pub only: Vec<Only>,
    /// When the event happened; where it has no such field, when it was read.
    pub at: FieldId,
    /// Its name, where somebody wrote it.
    pub written: Option<Spanned<String>>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum GatherKind {
    /// Sessions of a service. The name ends in [`ACTIVE_SESSIONS`]; what stands before that begins the names of
    /// the other metrics.
    Sessions {
        session: FieldId,
        /// How long a session may be silent.
        window: Duration,
        /// Sessions that are counted exactly; more are estimated.
        exact_max: usize,
    },
    /// The label sets with the most events within the window, and those with the largest sums.
    Top {
        sums: Vec<TopSum>,
        window: Duration,
        /// Series of each metric and service.
        keep: usize,
        /// Series of each metric.
        series_max: usize,
    },
}

/// A field that is summed up for the same labels, as a metric of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopSum {
    pub name: String,
    pub help: String,
    /// The first that an event has is summed up; none: the log has no such field.
    pub fields: Vec<FieldId>,
}

/// How the name of a sessions metric ends.
pub const ACTIVE_SESSIONS: &str = "_active_sessions";

/// One such metric, with a place for each service.
#[derive(Debug)]
pub(super) struct Gather {
    spec: GatherSpec,
    /// Those that events give, in the order in which they are written.
    pub labels: Vec<String>,
    places: Mutex<Vec<Arc<Place>>>,
    seed: Seed,
    room: Arc<Room>,
}

impl Gather {
    pub fn new(spec: &GatherSpec, room: &Arc<Room>) -> Self {
        Gather {
            spec: spec.clone(),
            labels: spec
                .labels
                .iter()
                .filter(|label| label.source.field().is_some())
                .map(|label| label.name.clone())
                .collect(),
            places: Mutex::default(),
            seed: Seed::default(),
            room: Arc::clone(room),
        }
    }

    pub fn written(&self) -> Option<&Spanned<String>> {
        self.spec.written.as_ref()
    }

    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// Whether a metric of this name comes of it, or one that OpenMetrics cannot tell from it.
    pub fn yields(&self, name: &str) -> bool {
        Gather::names(&self.spec)
            .iter()
            .any(|own| bare(own) == bare(name))
    }

    /// The names of all metrics that come of it.
    pub fn names(spec: &GatherSpec) -> Vec<String> {
        let mut names = vec![spec.name.clone()];
        match &spec.kind {
            GatherKind::Sessions { .. } => {
                let prefix = spec.name.strip_suffix(ACTIVE_SESSIONS).unwrap_or(&spec.name);
                names.extend(SESSION_METRICS.map(|(suffix, _, _)| format!("{prefix}{suffix}")));
            }
            GatherKind::Top { sums, .. } => names.extend(sums.iter().map(|sum| sum.name.clone())),
        }
        names
    }

    /// Why `spec` may not count into this metric too: everything but the fields must be the same.
    pub fn difference(&self, spec: &GatherSpec) -> Option<Difference> {
        let there = &self.spec;
        let names = |spec: &GatherSpec| {
            let mut names: Vec<&str> = spec.labels.iter().map(|label| label.name.as_str()).collect();
            names.sort_unstable();
            names.join(", ")
        };
        let text = differs_in_kind(&spec.kind, &there.kind)
            .or_else(|| differs("help", &format!("{:?}", spec.help), &format!("{:?}", there.help)))
            .or_else(|| differs("labels", &names(spec), &names(there)))
            .or_else(|| spec.hashed.differs(&there.hashed))?;
        Some(Difference {
            part: Part::Kind,
            text,
        })
    }

    /// The place of one service and of the labels of `spec` that are the same for all events. `index` gives a new one
    /// its number.
    pub fn place(&self, spec: &GatherSpec, service: &str, index: impl FnOnce() -> usize) -> Arc<Place> {
        let constants = || {
            let constants = spec.labels.iter().filter_map(|label| match &label.source {
                LabelSource::Const(text) => Some((label.name.as_str(), Content::Text(text))),
                _ => None,
            });
            std::iter::once((SERVICE, Content::Text(service))).chain(constants)
        };
        let owner = LabelText::new(constants()).other();
        let mut places = lock(&self.places);
        if let Some(place) = places.iter().find(|place| place.owner == owner) {
            return Arc::clone(place);
        }
        let values = self.labels.iter().enumerate();
        let values = values.map(|(at, name)| (name.as_str(), Content::value(at, self.spec.hashed.of(name))));
        let labels = constants().chain(values);
        let place = Arc::new(Place {
            index: index(),
            owner,
            labels: LabelText::new(labels),
            seed: self.seed.clone(),
            table: Mutex::new(match self.spec.kind {
                GatherKind::Sessions {
                    window, exact_max, ..
                } => Table::Sessions(Box::new(Sessions::new(millis(window), exact_max, &self.room))),
                GatherKind::Top { window, .. } => Table::Top(Top::new(millis(window), &self.room)),
            }),
        });
        places.push(Arc::clone(&place));
        places.sort_by(|a, b| a.owner.cmp(&b.owner));
        place
    }

    /// All metrics that come of it, when the wall's clock shows `wall`.
    pub fn read(&self, wall: i64) -> Vec<Reading> {
        let places = lock(&self.places).clone();
        match &self.spec.kind {
            GatherKind::Sessions { .. } => self.read_sessions(&places, wall),
            GatherKind::Top {
                sums,
                keep,
                series_max,
                ..
            } => {
                let keep = (*keep).min(series_max / places.len().max(1));
                self.read_top(&places, sums, keep, wall)
            }
        }
    }

    /// What is gathered goes on from an earlier run, of which nothing is known.
    pub fn resume(&self) {
        for place in lock(&self.places).iter() {
            if let Table::Sessions(sessions) = &mut *lock(&place.table) {
                sessions.resume();
            }
        }
    }

    fn read_sessions(&self, places: &[Arc<Place>], wall: i64) -> Vec<Reading> {
        let mut readings: Vec<Reading> = Gather::names(&self.spec)
            .into_iter()
            .zip(std::iter::once(("", MetricKind::Gauge, "")).chain(SESSION_METRICS))
            .map(|(name, (_, kind, help))| Reading::new(name, kind, help))
            .collect();
        readings[0].help.clone_from(&self.spec.help);
        let mut error = Reading::new(
            "logmill_sessions_error_ratio",
            MetricKind::Gauge,
            "Standard deviation of an estimated number of active sessions, as a part of it; 0: it is exact",
        );
        for place in places {
            let Table::Sessions(sessions) = &mut *lock(&place.table) else {
                continue;
            };
            if !sessions.any() {
                continue;
            }
            let read = sessions.read(wall);
            let labels = place.labels.other();
            let count = |n: u64| Figure::Number(Fixed::count(n));
            let figures = [
                count(read.active),
                count(read.figures.started),
                Figure::Histogram(read.figures.durations),
                Figure::Histogram(read.figures.requests),
                count(read.figures.late),
            ];
            for (reading, figure) in readings.iter_mut().zip(figures) {
                reading.rows.push((labels.clone(), figure));
            }
            let metric = format!("metric=\"{}\",", self.spec.name).into_bytes();
            error
                .rows
                .push(([metric, labels].concat(), Figure::Float(read.error_ratio)));
        }
        readings.push(error);
        readings
    }

    fn read_top(&self, places: &[Arc<Place>], sums: &[TopSum], keep: usize, wall: i64) -> Vec<Reading> {
        let mut readings = vec![Reading::new(&self.spec.name, MetricKind::Gauge, &self.spec.help)];
        for sum in sums {
            readings.push(Reading::new(&sum.name, MetricKind::Gauge, &sum.help));
        }
        let mut missing_max = Reading::new(
            "logmill_top_missing_max",
            MetricKind::Gauge,
            "Events that may be missing from a figure of a top list at most; 0: it is exact",
        );
        let mut windows = Reading::new(
            "logmill_top_window_seconds",
            MetricKind::Gauge,
            "Of how long a time the figures of a top list are",
        );
        for place in places {
            let listed = match &*lock(&place.table) {
                Table::Top(top) => top.read(wall),
                Table::Sessions(_) => continue,
            };
            if listed.entries.is_empty() {
                continue;
            }
            let entries = by_label(&place.labels, &listed.entries);
            for (index, reading) in readings.iter_mut().enumerate() {
                let mut rows: Vec<_> = heaviest(&entries, index, keep)
                    .into_iter()
                    .map(|entry| {
                        let amount = Fixed::count(entry.amounts[index]);
                        (entry.key.clone(), Figure::Number(amount))
                    })
                    .collect();
                rows.sort_by(|(a, _), (b, _)| a.cmp(b));
                reading.rows.append(&mut rows);
            }
            let mut labels = format!("metric=\"{}\",", self.spec.name).into_bytes();
            labels.extend_from_slice(&place.owner);
            windows.rows.push((labels.clone(), Figure::Float(listed.seconds)));
            missing_max.rows.push((labels, Figure::Float(listed.missing)));
        }
        readings.push(missing_max);
        readings.push(windows);
        readings
    }
}

/// What comes beside the active sessions: how the name ends in place of [`ACTIVE_SESSIONS`], kind and help. In the order
/// in which sessions are read.
pub const SESSION_METRICS: [(&str, MetricKind, &str); 4] = [
    (
        "_sessions_started_total",
        MetricKind::Counter,
        "Sessions that began",
    ),
    (
        "_session_duration_seconds",
        MetricKind::Histogram,
        "From the first to the last request of sessions that ended",
    ),
    (
        "_requests_per_session",
        MetricKind::Histogram,
        "Requests of sessions that ended",
    ),
    (
        "_session_events_late_total",
        MetricKind::Counter,
        "Requests more than a window older than what was known of their session",
    ),
];

const _: () = assert!(session::DURATION_BOUNDS.len() < crate::limits::BUCKETS_MAX);

/// The entries with their labels as keys. Values that differ may look alike as labels, such as the number 5 and the text
/// `5`, and a page may have a series but once.
fn by_label(labels: &LabelText, entries: &[Entry]) -> Vec<Entry> {
    let mut merged: HashMap<Vec<u8>, Amounts> = HashMap::with_capacity(entries.len());
    for entry in entries {
        let sums = merged.entry(label_text(labels, entry)).or_default();
        for (sum, amount) in sums.iter_mut().zip(entry.amounts) {
            *sum = sum.saturating_add(amount);
        }
    }
    let merged = merged.into_iter();
    merged.map(|(key, amounts)| Entry { key, amounts }).collect()
}

fn label_text(labels: &LabelText, entry: &Entry) -> Vec<u8> {
    let mut starts = [0; LABELS_MAX];
    for (slot, start) in starts.iter_mut().zip(key::starts(&entry.key)) {
        *slot = start;
    }
    let mut text = Vec::new();
    labels.write(&mut text, |at, hash, out| {
        key::write_label(&entry.key, starts[at], hash, out);
    });
    text
}

/// In what two such metrics differ, whose fields need not be the same.
fn differs_in_kind(here: &GatherKind, there: &GatherKind) -> Option<String> {
    let length = |length: &Duration| format!("{length:?}");
    match (here, there) {
        (
            GatherKind::Sessions {
                window, exact_max, ..
            },
            GatherKind::Sessions {
                window: other_window,
                exact_max: other_max,
                ..
            },
        ) => differs("window", &length(window), &length(other_window))
            .or_else(|| differs("exact_max", &exact_max.to_string(), &other_max.to_string())),
        (
            GatherKind::Top {
                sums,
                window,
                keep,
                series_max,
            },
            GatherKind::Top {
                sums: other_sums,
                window: other_window,
                keep: other_keep,
                series_max: other_max,
            },
        ) => differs("window", &length(window), &length(other_window))
            .or_else(|| differs("keep", &keep.to_string(), &other_keep.to_string()))
            .or_else(|| differs("series_max", &series_max.to_string(), &other_max.to_string()))
            .or_else(|| differs("sums", &names_of(sums), &names_of(other_sums))),
        (GatherKind::Sessions { .. }, GatherKind::Top { .. }) => {
            Some("it counts sessions here and is a top list elsewhere".to_owned())
        }
        (GatherKind::Top { .. }, GatherKind::Sessions { .. }) => {
            Some("it is a top list here and counts sessions elsewhere".to_owned())
        }
    }
}

fn names_of(sums: &[TopSum]) -> String {
    let names: Vec<&str> = sums.iter().map(|sum| sum.name.as_str()).collect();
    names.join(", ")
}

/// `its labels are a, b here and none elsewhere`
fn differs(what: &str, here: &str, there: &str) -> Option<String> {
    let is = if what.ends_with('s') { "are" } else { "is" };
    let said = |text: &str| if text.is_empty() { "none" } else { text }.to_owned();
    (here != there).then(|| {
        format!(
            "its {what} {is} {} here and {} elsewhere",
            said(here),
            said(there)
        )
    })
}
