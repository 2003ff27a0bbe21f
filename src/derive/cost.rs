use super::cells::{self, FigureBytes};
use super::spec::{Kind, MetricSpec};
use crate::limits::NATIVE_BUCKETS_MAX;

/// What a hash table has for one of its entries besides the entry: it is half empty at worst.
const SLOT_BYTES: usize = 2 * (size_of::<std::sync::Arc<[u8]>>() + size_of::<u32>() * 2 + 1);

/// Of an allocation besides what was asked for: what the allocator keeps, and the two counts of an `Arc`.
const ALLOCATION_BYTES: usize = 32;

/// What a sample has on a page besides name and labels: braces, `le`, the number, the line's end.
const SAMPLE_BYTES: usize = 48;

/// What a series has in a checkpoint besides its labels and buckets, where metrics persist.
const SAVED_BYTES: usize = 64;

/// What the series of one metric take, in bytes: an estimate of what they do at worst, in every worker and while a page
/// and a checkpoint are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    figures: FigureBytes,
    /// Samples of a series on a page.
    samples: usize,
    name: usize,
}

impl Cost {
    pub fn of(spec: &MetricSpec) -> Cost {
        let buckets = match &spec.kind {
            Kind::Counter { .. } | Kind::Gauge { .. } => 0,
            // And one for what is above every bound.
            Kind::Histogram { buckets, .. } | Kind::Elapsed { buckets, .. } => buckets.len() + 1,
        };
        let gauge = matches!(spec.kind, Kind::Gauge { .. });
        // Of both kinds of detail a series has half of what it may have, or less: its values lie side by side.
        let native = if spec.native { NATIVE_BUCKETS_MAX / 2 } else { 0 };
        let exemplars = if spec.trace.is_some() {
            buckets.div_ceil(2)
        } else {
            0
        };
        Cost {
            figures: cells::figure_bytes(gauge, buckets, native, exemplars),
            // The sum and the count.
            samples: if buckets > 0 { buckets + 2 } else { 1 },
            name: spec.name.len(),
        }
    }

    /// Of a label set whose text has `len` bytes: what leaves with it.
    pub fn labels(&self, len: usize) -> usize {
        let known = len + ALLOCATION_BYTES + SLOT_BYTES;
        let page = self.samples * (self.name + len + SAMPLE_BYTES);
        let saved = len + SAVED_BYTES;
        known + page + saved
    }

    /// Of a number: its cells, which another label set may have later.
    pub fn number(&self, workers: usize) -> usize {
        // The page's sums and those of a checkpoint are as large as a worker's cells.
        self.figures.watched + (workers + 2) * self.figures.counted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_costs_what_it_has() {
        let counter = MetricSpec::counter("x_total", "");
        let mut histogram = counter.clone();
        let field = crate::event::Schema::default().intern("event.duration");
        histogram.kind = Kind::Histogram {
            field,
            unit: crate::derive::Unit::Seconds,
            buckets: vec![1.0; 11],
        };
        let mut native = histogram.clone();
        native.native = true;
        let of = |spec: &MetricSpec, workers| {
            let cost = Cost::of(spec);
            cost.labels(60) + cost.number(workers)
        };
        assert!((400..1_000).contains(&of(&counter, 2)), "{}", of(&counter, 2));
        let (two, eight) = (of(&histogram, 2), of(&histogram, 8));
        assert!((2_000..4_000).contains(&two), "{two}");
        assert!(eight > two + 6 * 12 * 8, "every worker has its buckets");
        assert!(of(&native, 2) > two + 4 * 80 * 8);
    }
}
