//! Totals that go on after a restart: `[metrics] persist = true` keeps counters, gauges and histograms with the checkpoint.
//!
//! A total without the position up to which it was counted would be of no use: after a crash, events would be
//! counted twice or not at all. So both are taken at one moment, while no worker counts. What a worker has counted of
//! the chunk at hand, and the ledger has not heard of yet, is its *mark*.
//!
//! Sessions, top lists and lines that wait for their other half are about the present and begin anew, and so do histograms
//! with native buckets, whose buckets depend on every value that there was.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use tracing::info;

use super::cells::Sums;
use super::family::{Family, Shape};
use super::fixed::Fixed;
use super::latest::Latest;
use super::lock::lock;
use super::registry::Registry;
use super::shard::{Mark, ShardGuard};
use crate::event::FileKey;

/// One metric's series and what they came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricTotals {
    metric: String,
    labels: Vec<String>,
    /// Upper bounds of a histogram's buckets; a counter has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    bounds: Vec<Fixed>,
    /// Events that went to the series `other`.
    folded: u64,
    /// Events whose value was no number, or below 0 where none can be.
    refused: u64,
    series: Vec<SeriesTotal>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SeriesTotal {
    /// As on the page: `service="shop",status="200"`.
    labels: String,
    /// The counter, or the histogram's sum; 0 for a gauge.
    amount: Fixed,
    /// What a gauge shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    latest: Option<Latest>,
    /// The events in each bucket alone, those above every bound last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    buckets: Vec<u64>,
}

impl Registry {
    /// What every metric comes to, and what `positions` makes of the workers' marks at the same moment.
    pub fn save<T>(&self, positions: impl FnOnce(&[Mark]) -> T) -> (Vec<MetricTotals>, T) {
        let (families, positions) = self.sums(|states| {
            let marks: Vec<Mark> = states.iter().filter_map(|state| state.mark).collect();
            positions(&marks)
        });
        let plain = families.iter().filter(|(family, _)| !family.native);
        let totals = plain.map(|(family, sums)| of(family, sums));
        (totals.filter(|it| !it.is_empty()).collect(), positions)
    }

    /// Goes on from totals that an earlier run has saved. A metric that is not there any more, or that has other
    /// labels or buckets now, begins anew.
    pub fn restore(&self, totals: &[MetricTotals]) {
        let shard = self.shard();
        let mut state = lock(&shard.state);
        for totals in totals {
            let Some(family) = self.family(&totals.metric).filter(|family| totals.fit(family)) else {
                info!(metric = %totals.metric, "this metric is not there as it was: its total is not continued");
                continue;
            };
            state.cells.restore_lost(&family, totals.folded, totals.refused);
            for series in &totals.series {
                // A series that was there has its place, whatever the budget is now.
                let labels = series.labels.as_bytes();
                let number = family.restore(labels);
                let cell = state.cells.of_series(&family, number) as usize;
                match &family.shape {
                    Shape::Counter => state.cells.add(cell, series.amount),
                    Shape::Gauge => {
                        if let Some(latest) = series.latest {
                            state.cells.set(cell, latest);
                        }
                    }
                    Shape::Histogram(_) => {
                        state
                            .cells
                            .restore_histogram(cell, series.amount, &series.buckets);
                    }
                }
            }
        }
    }
}

impl ShardGuard<'_> {
    /// Every event of the file before `to` is counted. Told before the guard goes, or the next checkpoint lacks
    /// what was counted with it.
    pub fn mark(&mut self, file: FileKey, to: u64) {
        self.state.mark = Some((file, to));
    }
}

impl MetricTotals {
    fn is_empty(&self) -> bool {
        self.series.is_empty() && self.folded == 0 && self.refused == 0
    }

    /// Whether the metric is what it was.
    fn fit(&self, family: &Family) -> bool {
        let buckets = family.shape.bucket_count();
        !family.native
            && self.labels == family.labels
            && self.bounds == family.shape.bounds()
            && self.series.iter().all(|series| {
                series.buckets.len() == buckets && series.latest.is_some() == (family.shape == Shape::Gauge)
            })
    }
}

fn of(family: &Family, sums: &Sums) -> MetricTotals {
    let buckets = family.shape.bucket_count();
    let index = family.read();
    let total = |(number, labels): (usize, &[u8])| {
        let latest = sums.latest(number);
        let amount = match latest {
            Some(_) => Fixed::ZERO,
            None => sums.amount(number)?,
        };
        Some(SeriesTotal {
            labels: String::from_utf8_lossy(labels).into_owned(),
            amount,
            latest,
            buckets: sums.buckets(number, buckets).to_vec(),
        })
    };
    // Those that rest have their totals too.
    let mut series: Vec<SeriesTotal> = index.all().filter_map(total).collect();
    series.sort_unstable_by(|one, other| one.labels.cmp(&other.labels));
    MetricTotals {
        metric: family.name.clone(),
        labels: family.labels.clone(),
        bounds: family.shape.bounds().to_vec(),
        folded: sums.folded,
        refused: sums.refused,
        series,
    }
}

/// As text: not every reader of JSON keeps 128 bits.
impl Serialize for Fixed {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.in_billionths())
    }
}

impl<'de> Deserialize<'de> for Fixed {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Fixed, D::Error> {
        let text = String::deserialize(from)?;
        text.parse()
            .map(Fixed::billionths)
            .map_err(|_| D::Error::custom("a total is a whole number of billionths"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::derive::{Format, Kind, Label, LabelSource, MetricSpec, Rules, Unit};
    use crate::event::{FieldId, Fields, Schema, Timestamp, Value};

    const FILE: FileKey = FileKey(7);

    struct Metrics {
        registry: Registry,
        rules: Rules,
        level: FieldId,
        took: FieldId,
        fields: usize,
    }

    impl Metrics {
        fn new(buckets: &[f64]) -> Metrics {
            let mut schema = Schema::default();
            let (level, took) = (schema.intern("log.level"), schema.intern("event.duration"));
            let mut counter = MetricSpec::counter("lines_total", "Lines");
            let source = LabelSource::parse("log.level", |name| Ok::<_, ()>(schema.intern(name))).unwrap();
            counter.labels.push(Label {
                name: "level".to_owned(),
                source,
            });
            counter.series_max = 4;
            let mut histogram = MetricSpec::counter("took_seconds", "Took");
            histogram.kind = Kind::Histogram {
                field: took,
                unit: Unit::One,
                buckets: buckets.to_vec(),
            };
            let registry = Registry::default();
            let rules = registry.rules(&[counter, histogram], &[], "shop").unwrap();
            Metrics {
                registry,
                rules,
                level,
                took,
                fields: schema.len(),
            }
        }

        fn count(&self, guard: &mut ShardGuard<'_>, event: u8) {
            let mut fields = Fields::default().recycle(self.fields);
            let levels: [&[u8]; 6] = [b"a", b"b", b"c", b"d", b"e", b"f"];
            fields.set(self.level, Value::Text(levels[usize::from(event) % 6]));
            fields.set(self.took, Value::Float(f64::from(event) / 16.0));
            self.rules.count(&fields, guard);
        }

        fn page(&self) -> String {
            let mut page = Vec::new();
            self.registry
                .write(Timestamp::from_millis(0), Format::Text, &mut page);
            String::from_utf8(page).unwrap()
        }
    }

    /// Through the text that is on the disk.
    fn saved(metrics: &Metrics) -> Vec<MetricTotals> {
        let (totals, ()) = metrics.registry.save(|_| ());
        serde_json::from_slice(&serde_json::to_vec(&totals).unwrap()).unwrap()
    }

    proptest! {
        /// Events of one file in chunks, checkpoints at any event, and crashes: the totals are those of a run
        /// without a crash, because each checkpoint has totals and position of one moment.
        #[test]
        fn totals_and_positions_agree_after_any_crash(
            events in prop::collection::vec(any::<u8>(), 0..60),
            chunk in 1usize..9,
            stops in prop::collection::vec((any::<u8>(), any::<bool>()), 0..8),
        ) {
            let whole = Metrics::new(&[1.0, 5.0]);
            let at_once = whole.registry.shard();
            let mut guard = at_once.lock();
            events.iter().for_each(|event| whole.count(&mut guard, *event));
            drop(guard);

            let mut metrics = Metrics::new(&[1.0, 5.0]);
            // What is on the disk, and what the ledger has heard of.
            let (mut disk, mut ledger) = ((Vec::new(), 0), 0);
            let mut stops = stops.into_iter();
            let mut from = 0;
            while from < events.len() {
                let to = events.len().min(from + chunk);
                let stop = stops.next();
                let shard = metrics.registry.shard();
                let mut guard = shard.lock();
                let mut crashed = false;
                for (at, event) in events.iter().enumerate().take(to).skip(from) {
                    if at as u64 >= ledger {
                        metrics.count(&mut guard, *event);
                    }
                    guard.mark(FILE, at as u64 + 1);
                    if let Some((when, dies)) = stop
                        && usize::from(when) % chunk == at - from
                    {
                        // The body is full: the guard goes for a while, and a checkpoint is written.
                        drop(guard);
                        disk = metrics.registry.save(|marks| {
                            marks.iter().map(|&(file, to)| {
                                assert_eq!(file, FILE);
                                to
                            }).fold(ledger, u64::max)
                        });
                        guard = shard.lock();
                        crashed = dies;
                        if crashed {
                            break;
                        }
                    }
                }
                drop(guard);
                if crashed {
                    metrics = Metrics::new(&[1.0, 5.0]);
                    metrics.registry.restore(&disk.0);
                    ledger = disk.1;
                    // Nothing of it is settled: all is read again.
                    from = 0;
                } else {
                    ledger = ledger.max(to as u64);
                    from = to;
                }
            }
            prop_assert_eq!(metrics.page(), whole.page());
        }
    }

    #[test]
    fn what_a_metric_was_is_not_what_it_is_with_other_buckets() {
        let before = Metrics::new(&[1.0, 5.0]);
        let shard = before.registry.shard();
        let mut guard = shard.lock();
        (0..40).for_each(|event| before.count(&mut guard, event));
        drop(guard);
        let totals = saved(&before);
        let same = Metrics::new(&[1.0, 5.0]);
        same.registry.restore(&totals);
        assert_eq!(same.page(), before.page());
        assert!(same.page().contains("took_seconds_count{service=\"shop\"} 40"));
        let other = Metrics::new(&[1.0, 6.0]);
        other.registry.restore(&totals);
        let page = other.page();
        assert!(!page.contains("took_seconds_count"), "{page}");
        assert!(
            page.contains("lines_total{service=\"shop\",level=\"a\"} 7"),
            "{page}"
        );
    }
}
