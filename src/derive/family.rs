use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use super::bounds::Bounds;
use super::cost::Cost;
use super::exposition::MetricKind;
use super::fixed::Fixed;
use super::hash::Seed;
use super::hashed::Hashed;
use super::label::{Content, LabelText};
use super::lock::lock;
use super::pairs::Pairs;
use super::reading::{Figure, Reading};
use super::room::Room;
use super::series::{Found, Series, SeriesIndex};
use super::spec::{Kind, MetricSpec, nanos};
use super::unit::Unit;
use crate::config::Spanned;

/// One metric with all its series, whichever inputs and workers they come from. The numbers themselves are in
/// the workers' shards; here is which series there are, and the budget.
#[derive(Debug)]
pub(super) struct Family {
    /// Its place in the registry, and of its cells in each shard.
    pub index: usize,
    pub name: String,
    pub help: String,
    /// The name, where it was written first.
    pub written: Option<Spanned<String>>,
    /// The label names in the order in which they are written.
    pub labels: Vec<String>,
    pub shape: Shape,
    /// What its numbers are in: one, seconds or bytes.
    pub base: Unit,
    /// Labels that show hashes.
    pub hashed: Hashed,
    /// It has native buckets too.
    pub native: bool,
    series_max: AtomicUsize,
    series: RwLock<SeriesIndex>,
    /// For the time between two lines.
    between: Option<Between>,
}

/// The lines that wait for their other half, by service.
#[derive(Debug)]
struct Between {
    timeout: Duration,
    seed: Seed,
    waiting: Mutex<Vec<(String, Arc<Mutex<Pairs>>)>>,
    room: Arc<Room>,
}

/// Where the lines of one input wait for their other half.
#[derive(Debug)]
pub(super) struct Waiting {
    pub seed: Seed,
    pub pairs: Arc<Mutex<Pairs>>,
    /// The input's number there.
    pub of: u32,
}

/// Which of two lines came, the other of which did not.
pub(super) const THERE: &str = "there";

#[derive(Debug, PartialEq)]
pub(super) enum Shape {
    Counter,
    /// Its series are not folded: values of different label sets make no value together.
    Gauge,
    Histogram(Bounds),
}

impl Shape {
    /// Of each series; a counter and a gauge have none.
    pub fn bucket_count(&self) -> usize {
        match self {
            Shape::Counter | Shape::Gauge => 0,
            Shape::Histogram(bounds) => bounds.bucket_count(),
        }
    }

    /// Upper bounds of the buckets, in the base unit; a counter and a gauge have none.
    pub fn bounds(&self) -> &[Fixed] {
        match self {
            Shape::Counter | Shape::Gauge => &[],
            Shape::Histogram(bounds) => &bounds.exact,
        }
    }
}

impl Family {
    pub fn new(index: usize, spec: &MetricSpec, labels: Vec<String>, room: &Arc<Room>) -> Self {
        Family {
            index,
            name: spec.name.clone(),
            help: spec.help.clone(),
            written: spec.written.clone(),
            labels,
            shape: match &spec.kind {
                Kind::Counter { .. } => Shape::Counter,
                Kind::Gauge { .. } => Shape::Gauge,
                Kind::Histogram { buckets, .. } | Kind::Elapsed { buckets, .. } => {
                    Shape::Histogram(Bounds::new(buckets))
                }
            },
            base: spec.kind.base(),
            hashed: spec.hashed.clone(),
            native: spec.native,
            between: match spec.kind {
                Kind::Elapsed { timeout, .. } => Some(Between {
                    timeout,
                    seed: Seed::default(),
                    waiting: Mutex::default(),
                    room: Arc::clone(room),
                }),
                Kind::Counter { .. } | Kind::Gauge { .. } | Kind::Histogram { .. } => None,
            },
            series_max: AtomicUsize::new(spec.series_max),
            series: RwLock::new(SeriesIndex::new(
                !matches!(spec.kind, Kind::Gauge { .. }),
                Arc::clone(room),
                Cost::of(spec),
            )),
        }
    }

    /// How long a line waits for its other half, where the time between two is measured.
    pub fn timeout(&self) -> Option<Duration> {
        self.between.as_ref().map(|between| between.timeout)
    }

    /// Where the lines of one service wait for their other half. `labels` is the text of those that all of an input's lines
    /// have.
    pub fn waiting(&self, service: &str, labels: Vec<u8>) -> Option<Waiting> {
        let between = self.between.as_ref()?;
        let mut waiting = lock(&between.waiting);
        let there = waiting.iter().find(|(name, _)| name == service);
        let pairs = match there {
            Some((_, pairs)) => Arc::clone(pairs),
            None => {
                let pairs = Arc::new(Mutex::new(Pairs::new(nanos(between.timeout), &between.room)));
                waiting.push((service.to_owned(), Arc::clone(&pairs)));
                waiting.sort_by(|(a, _), (b, _)| a.cmp(b));
                pairs
            }
        };
        let of = lock(&pairs).number(labels);
        Some(Waiting {
            seed: between.seed.clone(),
            pairs,
            of,
        })
    }

    /// Whether a page has something of this name, or of one that OpenMetrics cannot tell from it, because of this metric.
    pub fn shows(&self, name: &str) -> bool {
        let of_histogram = || {
            let ending = name.strip_prefix(self.name.as_str());
            matches!(self.shape, Shape::Histogram(_)) && matches!(ending, Some("_bucket" | "_sum" | "_count"))
        };
        bare(&self.name) == bare(name) || of_histogram()
    }

    /// The name of the counter of lines whose other half never came.
    pub fn unmatched_name(&self) -> Option<String> {
        self.between.as_ref()?;
        let name = self.name.strip_suffix("_seconds").unwrap_or(&self.name);
        Some(format!("{name}_unmatched_total"))
    }

    /// How many lines never met their other half, when the wall's clock shows `wall`, in nanoseconds.
    pub fn unmatched(&self, wall: i64) -> Option<Reading> {
        let help = "Lines whose other half did not come in time, by which of the two did";
        let mut reading = Reading::new(self.unmatched_name()?, MetricKind::Counter, help);
        for (_, pairs) in lock(&self.between.as_ref()?.waiting).iter() {
            for unmatched in lock(pairs).unmatched(wall) {
                for (there, count) in [("end", unmatched.finishes), ("start", unmatched.starts)] {
                    let there = LabelText::new([(THERE, Content::Text(there))]).other();
                    let labels = [unmatched.labels.as_slice(), &there].join(&b',');
                    let amount = Fixed::count(count);
                    reading.rows.push((labels, Figure::Number(amount)));
                }
            }
        }
        reading.rows.sort_by(|(a, _), (b, _)| a.cmp(b));
        Some(reading)
    }

    pub fn series_max(&self) -> usize {
        self.series_max.load(Ordering::Relaxed)
    }

    /// A reload may move the budget. Series that are there stay.
    pub fn set_series_max(&self, series_max: usize) {
        self.series_max.store(series_max, Ordering::Relaxed);
    }

    pub fn read(&self) -> RwLockReadGuard<'_, SeriesIndex> {
        self.series.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn write(&self) -> RwLockWriteGuard<'_, SeriesIndex> {
        self.series.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whose the series of one service are; a place in the budget is kept for its series `other`.
    pub fn owner(&self, other: &[u8]) -> u32 {
        self.write().owner(other)
    }

    /// The series with the labels `text`: an old one, a new one, or one with some labels that say `other` when there may
    /// be no more. `None` where nothing stands for what has no room.
    pub fn resolve(&self, text: &[u8], owner: u32) -> Option<Series> {
        let found = self.read().find(text, owner, self.series_max());
        match found {
            Found::There(series) => Some(series),
            Found::NoRoom => None,
            Found::NotYet => self.write().find_or_add(text, owner, self.series_max()),
        }
    }

    /// The number of a series of an earlier run, which has its place whatever the budget is now.
    pub fn restore(&self, text: &[u8]) -> u32 {
        self.write().restore(text)
    }
}

/// A metric's name as OpenMetrics has it.
pub(super) fn bare(name: &str) -> &str {
    name.strip_suffix("_total").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn family(series_max: usize) -> Family {
        let mut spec = MetricSpec::counter("x_total", "");
        spec.series_max = series_max;
        let family = Family::new(0, &spec, vec!["a".to_owned()], &Arc::default());
        family.owner(b"other");
        family
    }

    fn resolve(family: &Family, text: &str) -> (u32, bool) {
        let Series { number, folded } = family.resolve(text.as_bytes(), 0).unwrap();
        (number, folded)
    }

    #[test]
    fn the_budget_holds_with_a_place_for_other() {
        let family = family(3);
        assert_eq!(resolve(&family, "b"), (0, false));
        assert_eq!(resolve(&family, "a"), (1, false));
        assert_eq!(resolve(&family, "c"), (2, true));
        assert_eq!(resolve(&family, "d"), (2, true));
        assert_eq!(resolve(&family, "a"), (1, false));
        let series = family.read();
        let texts: Vec<&[u8]> = series.sorted().map(|(_, text)| text).collect();
        assert_eq!(texts, [b"a".as_slice(), b"b", b"other"]);
    }

    #[test]
    fn what_is_named_other_is_other() {
        let family = family(2);
        assert_eq!(resolve(&family, "other"), (0, false));
        assert_eq!(resolve(&family, "a"), (1, false));
        assert_eq!(resolve(&family, "b"), (0, true));
        assert_eq!(resolve(&family, "other"), (0, false));
    }

    #[test]
    fn a_budget_of_one_is_other_alone() {
        let family = family(1);
        assert_eq!(resolve(&family, "a"), (0, true));
        assert_eq!(resolve(&family, "b"), (0, true));
        assert_eq!(family.read().len(), 1);
    }

    #[test]
    fn a_raised_budget_takes_new_series() {
        let family = family(1);
        assert!(resolve(&family, "a").1);
        family.set_series_max(2);
        assert_eq!(resolve(&family, "a"), (1, false));
    }
}
