use std::collections::BTreeMap;

use super::bounds::Bounds;
use super::exemplar::{self, Exemplars};
use super::family::{Family, Shape};
use super::fixed::Fixed;
use super::idle;
use super::latest::Latest;
use super::native::Native;

/// What one worker has counted. Flat, so that counting is one indexed access.
#[derive(Debug, Default)]
pub(super) struct Cells {
    counters: Vec<Fixed>,
    /// `None`: nothing was said yet.
    gauges: Vec<Option<Latest>>,
    histograms: Vec<HistogramCell>,
    /// The events in each bucket alone, not cumulated; the last of a histogram are those above every bound.
    buckets: Vec<u64>,
    families: Vec<FamilyCells>,
    details: Vec<Details>,
}

#[derive(Debug)]
struct HistogramCell {
    sum: Fixed,
    /// The first of its buckets.
    buckets_at: u32,
    /// [`NO_CELL`] where it has none.
    details_at: u32,
}

/// What some histograms have besides their buckets.
#[derive(Clone, Debug, Default)]
pub(super) struct Details {
    pub native: Option<Native>,
    pub exemplars: Exemplars,
}

#[derive(Debug, Default)]
struct FamilyCells {
    /// The cell of each series, by the series' number; [`NO_CELL`] where this worker never met it.
    of_series: Vec<u32>,
    folded: u64,
    refused: u64,
}

const NO_CELL: u32 = u32::MAX;

/// What the figures of a series take, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FigureBytes {
    /// In one worker's cells, or in sums.
    pub counted: usize,
    /// In what is known of it once.
    pub watched: usize,
}

/// Of a series, a gauge's or one with so many buckets, native buckets and exemplars. What lies in a vector may take twice
/// its size: vectors double.
pub(super) fn figure_bytes(gauge: bool, buckets: usize, native: usize, exemplars: usize) -> FigureBytes {
    let plain = match gauge {
        true => size_of::<Option<Latest>>(),
        false if buckets > 0 => size_of::<HistogramCell>(),
        false => size_of::<Fixed>(),
    };
    let details = match native + exemplars {
        0 => 0,
        _ => 2 * size_of::<Details>() + native * size_of::<u64>() + exemplars * exemplar::BYTES,
    };
    // All histograms of a worker share one vector for their buckets, so that it counts by what a vector that doubles has to
    // spare on average: half of what lies in it, or less.
    let bucket = size_of::<u64>() * 3 / 2;
    let counted = 2 * (size_of::<u32>() + plain) + buckets * bucket + details;
    FigureBytes {
        counted,
        // Labels and whether it rests; and with what it left.
        watched: 2 * (idle::WATCHED_BYTES + 32) + buckets * size_of::<u64>() + native * size_of::<u64>(),
    }
}

impl Cells {
    pub fn add(&mut self, cell: usize, amount: Fixed) {
        self.counters[cell] += amount;
    }

    /// An event said what a gauge is.
    pub fn set(&mut self, cell: usize, said: Latest) {
        self.gauges[cell].get_or_insert(said).update(said);
    }

    pub fn observe(&mut self, cell: usize, bucket: usize, amount: Fixed) {
        let cell = &mut self.histograms[cell];
        cell.sum += amount;
        self.buckets[cell.buckets_at as usize + bucket] += 1;
    }

    /// What a histogram has besides its buckets; nothing yet when asked for the first time.
    pub fn details(&mut self, cell: usize) -> &mut Details {
        let cell = &mut self.histograms[cell];
        if cell.details_at == NO_CELL {
            cell.details_at = self.details.len() as u32;
            self.details.push(Details::default());
        }
        &mut self.details[cell.details_at as usize]
    }

    /// An event went to the series `other`.
    pub fn count_folded(&mut self, family: usize) {
        self.family(family).folded += 1;
    }

    /// An event's value was no number, or below 0 where none can be.
    pub fn count_refused(&mut self, family: usize) {
        self.family(family).refused += 1;
    }

    fn family(&mut self, index: usize) -> &mut FamilyCells {
        if self.families.len() <= index {
            self.families.resize_with(index + 1, FamilyCells::default);
        }
        &mut self.families[index]
    }

    /// The cell of a series, a new one when this worker meets it for the first time.
    pub fn of_series(&mut self, family: &Family, number: u32) -> u32 {
        let next = match &family.shape {
            Shape::Counter => self.counters.len(),
            Shape::Gauge => self.gauges.len(),
            Shape::Histogram(_) => self.histograms.len(),
        } as u32;
        let of_series = &mut self.family(family.index).of_series;
        let at = number as usize;
        if of_series.len() <= at {
            of_series.resize(at + 1, NO_CELL);
        }
        if of_series[at] != NO_CELL {
            return of_series[at];
        }
        of_series[at] = next;
        match &family.shape {
            Shape::Counter => self.counters.push(Fixed::ZERO),
            Shape::Gauge => self.gauges.push(None),
            Shape::Histogram(bounds) => self.push_histogram(bounds),
        }
        next
    }

    fn push_histogram(&mut self, bounds: &Bounds) {
        let buckets_at = self.buckets.len();
        self.buckets.resize(buckets_at + bounds.bucket_count(), 0);
        self.histograms.push(HistogramCell {
            sum: Fixed::ZERO,
            buckets_at: buckets_at as u32,
            details_at: NO_CELL,
        });
    }

    /// Nothing was counted in the series with this number.
    pub fn zero(&mut self, family: &Family, number: u32) {
        let cells = self.families.get(family.index);
        let cell = cells.and_then(|cells| cells.of_series.get(number as usize));
        let Some(&cell) = cell.filter(|&&cell| cell != NO_CELL) else {
            return;
        };
        match &family.shape {
            Shape::Counter => self.counters[cell as usize] = Fixed::ZERO,
            Shape::Gauge => self.gauges[cell as usize] = None,
            Shape::Histogram(bounds) => {
                let cell = &mut self.histograms[cell as usize];
                cell.sum = Fixed::ZERO;
                let from = cell.buckets_at as usize;
                self.buckets[from..from + bounds.bucket_count()].fill(0);
                if let Some(details) = self.details.get_mut(cell.details_at as usize) {
                    *details = Details::default();
                }
            }
        }
    }

    /// Events of an earlier run that were folded or refused.
    pub fn restore_lost(&mut self, family: &Family, folded: u64, refused: u64) {
        let cells = self.family(family.index);
        cells.folded += folded;
        cells.refused += refused;
    }

    /// What a histogram came to in an earlier run.
    pub fn restore_histogram(&mut self, cell: usize, sum: Fixed, buckets: &[u64]) {
        let cell = &mut self.histograms[cell];
        cell.sum += sum;
        let here = &mut self.buckets[cell.buckets_at as usize..];
        for (count, before) in here.iter_mut().zip(buckets) {
            *count += before;
        }
    }

    /// Adds what this worker counted for one metric.
    pub fn add_to(&self, family: &Family, sums: &mut Sums) {
        let Some(cells) = self.families.get(family.index) else {
            return;
        };
        sums.folded += cells.folded;
        sums.refused += cells.refused;
        for (number, &cell) in cells
            .of_series
            .iter()
            .enumerate()
            .filter(|&(_, &cell)| cell != NO_CELL)
        {
            let cell = cell as usize;
            match &family.shape {
                Shape::Counter => sums.add(number, self.counters[cell]),
                Shape::Gauge => sums.set_latest(number, self.gauges[cell]),
                Shape::Histogram(bounds) => {
                    let cell = &self.histograms[cell];
                    sums.add(number, cell.sum);
                    let from = cell.buckets_at as usize;
                    sums.add_buckets(number, &self.buckets[from..from + bounds.bucket_count()]);
                    if let Some(details) = self.details.get(cell.details_at as usize) {
                        sums.add_details(number, details);
                    }
                }
            }
        }
    }
}

/// What all workers have counted for one metric.
#[derive(Debug, Default)]
pub(super) struct Sums {
    /// By the series' number: the counter, or the histogram's sum.
    amounts: Vec<Fixed>,
    /// By the series' number: what a gauge shows.
    latest: Vec<Option<Latest>>,
    /// By the series' number: a histogram's buckets, not cumulated.
    buckets: Vec<u64>,
    /// By the series' number.
    details: BTreeMap<usize, Details>,
    /// Events that went to the series `other`.
    pub folded: u64,
    /// Events whose value was no number, or below 0 where none can be.
    pub refused: u64,
}

impl Sums {
    fn add(&mut self, number: usize, amount: Fixed) {
        if self.amounts.len() <= number {
            self.amounts.resize(number + 1, Fixed::ZERO);
        }
        self.amounts[number] += amount;
    }

    fn set_latest(&mut self, number: usize, said: Option<Latest>) {
        if self.latest.len() <= number {
            self.latest.resize(number + 1, None);
        }
        if let Some(said) = said {
            self.latest[number].get_or_insert(said).update(said);
        }
    }

    fn add_buckets(&mut self, number: usize, buckets: &[u64]) {
        let from = number * buckets.len();
        if self.buckets.len() < from + buckets.len() {
            self.buckets.resize(from + buckets.len(), 0);
        }
        for (sum, count) in self.buckets[from..].iter_mut().zip(buckets) {
            *sum += count;
        }
    }

    fn add_details(&mut self, number: usize, details: &Details) {
        let sum = self.details.entry(number).or_default();
        sum.exemplars.merge(&details.exemplars);
        match (&mut sum.native, &details.native) {
            (Some(sum), Some(native)) => sum.merge(native),
            (sum @ None, native) => sum.clone_from(native),
            (Some(_), None) => {}
        }
    }

    /// Other figures for a series that is there.
    pub fn set(&mut self, number: usize, amount: Fixed, buckets: &[u64], native: Option<Native>) {
        if let Some(slot) = self.amounts.get_mut(number) {
            *slot = amount;
        }
        let from = number * buckets.len();
        if let Some(slots) = self.buckets.get_mut(from..from + buckets.len()) {
            slots.copy_from_slice(buckets);
        }
        if let Some(details) = self.details.get_mut(&number) {
            details.native = native;
        }
    }

    /// `None` for a series that came after these sums were taken, and for a gauge.
    pub fn amount(&self, number: usize) -> Option<Fixed> {
        self.amounts.get(number).copied()
    }

    /// `None` for a gauge of which nothing was said, and for what is no gauge.
    pub fn latest(&self, number: usize) -> Option<Latest> {
        self.latest.get(number).copied().flatten()
    }

    /// The `len` buckets of a series.
    pub fn buckets(&self, number: usize, len: usize) -> &[u64] {
        self.buckets
            .get(number * len..(number + 1) * len)
            .unwrap_or_default()
    }

    /// `None` for a series that has its buckets only.
    pub fn details(&self, number: usize) -> Option<&Details> {
        self.details.get(&number)
    }
}
