//! Series that nothing was counted in for a while leave the page, so that what a scanner made up does not stay there
//! for ever, nor takes the places of what is real.
//!
//! Whether a series changed is seen when the page is made: no event pays for it. What leaves keeps its total, and goes
//! on from there when it comes back. The first page after that shows the total with which it left, the next one what
//! was counted since: `increase()` needs a sample from before, and Prometheus has none that is recent enough.

use super::cells::Sums;
use super::family::Family;
use super::fixed::Fixed;
use super::native::Native;

/// What is known of the series of all metrics.
#[derive(Debug)]
pub(super) struct Idle {
    /// Milliseconds without a change after which a series leaves.
    after: i64,
    clock: PageClock,
    /// By the family's index, then by the series' number.
    families: Vec<Vec<Watched>>,
}

/// Milliseconds that passed from page to page. A wall clock that is set forward makes it go on by half of `after` at
/// most, so that one jump does not take everything off the page; one that is set back stops it once.
#[derive(Debug, Default)]
struct PageClock {
    wall: Option<i64>,
    at: i64,
}

#[derive(Clone, Debug, Default)]
struct Watched {
    /// `None`: it was not on a page yet.
    last: Option<Figures>,
    changed_at: i64,
    /// It rests, and this is with what it left.
    left: Option<Left>,
}

/// What is watched of one series, without the buckets with which it left.
pub(super) const WATCHED_BYTES: usize = size_of::<Watched>();

/// The buckets of a series that rests.
#[derive(Clone, Debug)]
struct Left {
    buckets: Box<[u64]>,
    native: Option<Native>,
}

/// What tells whether a series changed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Figures {
    /// A counter's total, or a histogram's sum and events.
    Counted { amount: Fixed, events: u64 },
    /// When a gauge was set last, in the log's time.
    SetAt(i64),
}

/// What the workers have to be told.
#[derive(Debug, Default)]
pub(super) struct Leaving {
    /// Some series rest now: where a worker remembers them, it has to ask again.
    pub any: bool,
    /// The numbers of these may be used again when their cells are zero.
    pub forgotten: Vec<u32>,
}

impl Idle {
    pub fn new(after: i64) -> Self {
        Idle {
            after,
            clock: PageClock::default(),
            families: Vec::new(),
        }
    }

    pub fn set_after(&mut self, after: i64) {
        self.after = after;
    }

    /// A page is made when the wall's clock shows `wall`.
    pub fn turn_page(&mut self, wall: i64) {
        let passed = self.clock.wall.map_or(0, |last| wall.saturating_sub(last));
        self.clock.at += passed.clamp(0, self.after / 2);
        self.clock.wall = Some(wall);
    }

    /// Sends the series of one metric away that did not change for long. No worker counts meanwhile.
    pub fn pass(&mut self, family: &Family, sums: &mut Sums, leaving: &mut Leaving) {
        if self.families.len() <= family.index {
            self.families.resize_with(family.index + 1, Vec::new);
        }
        let now = self.clock.at;
        let series = &mut self.families[family.index];
        let bucket_count = family.shape.bucket_count();
        let mut idle = Vec::new();
        let shown = family.read();
        for (number, _) in shown.sorted() {
            let buckets = sums.buckets(number, bucket_count);
            let figures = match (sums.latest(number), sums.amount(number)) {
                (Some(latest), _) => Figures::SetAt(latest.at),
                (None, Some(amount)) => Figures::Counted {
                    amount,
                    events: buckets.iter().sum(),
                },
                (None, None) => continue,
            };
            if series.len() <= number {
                series.resize_with(number + 1, Watched::default);
            }
            let watched = &mut series[number];
            if let (Some(left), Some(last)) = (watched.left.take(), watched.last) {
                // A gauge shows what it is, whatever it was.
                if let Figures::Counted { amount, .. } = last {
                    sums.set(number, amount, &left.buckets, left.native);
                }
                watched.changed_at = now;
            } else if watched.last != Some(figures) {
                watched.last = Some(figures);
                watched.changed_at = now;
            } else if now - watched.changed_at >= self.after {
                let left = Left {
                    buckets: Box::from(buckets),
                    native: sums.details(number).and_then(|details| details.native.clone()),
                };
                idle.push((number as u32, left));
            }
        }
        drop(shown);
        if !idle.is_empty() {
            let mut index = family.write();
            for (number, left) in idle {
                if index.rest(number) {
                    leaving.any = true;
                    series[number as usize].left = Some(left);
                }
            }
        }
        forget_surplus(family, series, leaving);
    }
}

/// As many may rest as may be shown, and none where memory is short. The one that left first is forgotten first.
fn forget_surplus(family: &Family, series: &mut [Watched], leaving: &mut Leaving) {
    let mut index = family.write();
    let rest_max = match index.is_short() {
        true => 0,
        false => family.series_max(),
    };
    let surplus = index.resting().saturating_sub(rest_max);
    if surplus == 0 {
        return;
    }
    let mut resting: Vec<(i64, u32)> = series
        .iter()
        .zip(0..)
        .filter(|&(watched, number)| watched.left.is_some() && index.rests(number))
        .map(|(watched, number)| (watched.changed_at, number))
        .collect();
    resting.sort_unstable();
    for &(_, number) in resting.iter().take(surplus) {
        index.forget(number);
        series[number as usize] = Watched::default();
        leaving.forgotten.push(number);
        leaving.any = true;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::derive::{Format, Kind, Label, LabelSource, MetricSpec, Registry, Rules, Shard, Unit};
    use crate::event::{FieldId, Fields, Schema, Timestamp, Value};

    const MINUTE: i64 = 60_000;

    /// A metric with the label `path`, and a worker.
    struct Site {
        registry: Registry,
        rules: Rules,
        shard: Shard,
        path: FieldId,
        took: FieldId,
    }

    impl Site {
        fn new(histogram: bool, series_max: usize) -> Self {
            let mut schema = Schema::default();
            let (path, took) = (schema.intern("url.path"), schema.intern("event.duration"));
            let mut spec = MetricSpec::counter(if histogram { "x_seconds" } else { "x_total" }, "");
            spec.series_max = series_max;
            spec.labels = vec![Label {
                name: "path".to_owned(),
                source: LabelSource::Field(path),
            }];
            if histogram {
                spec.kind = Kind::Histogram {
                    field: took,
                    unit: Unit::Seconds,
                    buckets: vec![1.0],
                };
            }
            let registry = Registry::default();
            registry.set_idle_after(Duration::from_secs(3600));
            Site {
                rules: registry.rules(&[spec], &[], "shop").unwrap(),
                shard: registry.shard(),
                registry,
                path,
                took,
            }
        }

        fn count(&self, path: &str, events: usize) {
            for _ in 0..events {
                let mut fields = Fields::new(2);
                fields.set(self.path, Value::Text(path.as_bytes()));
                fields.set(self.took, Value::Int(2));
                self.rules.count(&fields, &mut self.shard.lock());
            }
        }

        /// The samples of the page at a time, without what is the same in all of them.
        fn page(&self, wall: i64) -> Vec<String> {
            let mut out = Vec::new();
            let totals = self.registry.totals(Timestamp::from_millis(wall));
            totals.write(Format::Text, &mut out);
            let text = String::from_utf8(out).unwrap();
            let samples = text.lines().filter(|line| !line.starts_with('#'));
            samples
                .map(|line| line.replace("service=\"shop\",path=", ""))
                .collect()
        }
    }

    #[test]
    fn what_comes_back_goes_on_from_its_total() {
        let site = Site::new(false, 10);
        site.count("a", 3);
        site.count("b", 1);
        assert_eq!(site.page(0), ["x_total{\"a\"} 3", "x_total{\"b\"} 1"]);
        site.count("b", 1);
        assert_eq!(site.page(30 * MINUTE), ["x_total{\"a\"} 3", "x_total{\"b\"} 2"]);
        assert_eq!(site.page(60 * MINUTE), ["x_total{\"b\"} 2"]);
        site.count("a", 2);
        assert_eq!(site.page(61 * MINUTE), ["x_total{\"a\"} 3", "x_total{\"b\"} 2"]);
        assert_eq!(site.page(62 * MINUTE), ["x_total{\"a\"} 5", "x_total{\"b\"} 2"]);
        // It stays for as long as any other.
        assert_eq!(site.page(91 * MINUTE), ["x_total{\"a\"} 5"]);
        assert_eq!(site.page(121 * MINUTE), ["x_total{\"a\"} 5"]);
        assert!(site.page(122 * MINUTE).is_empty());
    }

    #[test]
    fn a_histogram_comes_back_with_its_buckets() {
        let site = Site::new(true, 10);
        site.count("a", 2);
        let two = site.page(0);
        site.page(30 * MINUTE);
        assert!(site.page(60 * MINUTE).is_empty());
        site.count("a", 1);
        assert_eq!(site.page(60 * MINUTE), two);
        let three = site.page(60 * MINUTE);
        for sample in ["x_seconds_bucket{\"a\",le=\"+Inf\"} 3", "x_seconds_sum{\"a\"} 6"] {
            assert!(three.iter().any(|line| line == sample), "{three:?}");
        }
    }

    #[test]
    fn what_left_makes_room() {
        let site = Site::new(false, 3);
        for path in ["a", "b", "c"] {
            site.count(path, 1);
        }
        let full = ["x_total{\"a\"} 1", "x_total{\"b\"} 1", "x_total{\"other\"} 1"];
        assert_eq!(site.page(0), full);
        site.page(30 * MINUTE);
        site.count("b", 1);
        site.page(60 * MINUTE);
        site.count("c", 1);
        let room = ["x_total{\"b\"} 2", "x_total{\"c\"} 1", "x_total{\"other\"} 1"];
        assert_eq!(site.page(60 * MINUTE), room);
        // Full again: what comes back is counted in `other`.
        site.count("a", 1);
        let full = ["x_total{\"b\"} 2", "x_total{\"c\"} 1", "x_total{\"other\"} 2"];
        assert_eq!(site.page(61 * MINUTE), full);
    }

    #[test]
    fn what_rests_stays_within_bounds() {
        let site = Site::new(false, 21);
        for round in 0..30 {
            for n in 0..20 {
                site.count(&format!("{round}-{n}"), 1);
            }
            for part in 0..4 {
                site.page((round * 4 + part) * 30 * MINUTE);
            }
        }
        let families = site.registry.registered().families.clone();
        let index = families[0].read();
        assert_eq!((index.len(), index.resting()), (0, 21));
        drop(index);
        drop(families);
        // What was forgotten begins anew, in a cell that is zero.
        site.count("0-0", 1);
        assert_eq!(site.page(10_000 * MINUTE), ["x_total{\"0-0\"} 1"]);
    }

    #[test]
    fn a_clock_that_jumps_takes_nothing_away() {
        let site = Site::new(false, 10);
        site.count("a", 1);
        for wall in [0, 100_000 * MINUTE, 0, 10 * MINUTE] {
            assert_eq!(site.page(wall), ["x_total{\"a\"} 1"], "{wall}");
        }
    }
}
