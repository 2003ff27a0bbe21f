use super::bounds::Bounds;
use super::fixed::Fixed;

/// A histogram that is kept in one place, unlike those of the workers' cells.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    bounds: Bounds,
    /// Not cumulated; the last are those above every bound.
    buckets: Vec<u64>,
    sum: Fixed,
}

impl Tally {
    pub fn new(bounds: &[f64]) -> Self {
        let bounds = Bounds::new(bounds);
        Tally {
            buckets: vec![0; bounds.bucket_count()],
            bounds,
            sum: Fixed::ZERO,
        }
    }

    /// `weight` samples of `amount`.
    pub fn add(&mut self, amount: Fixed, weight: u64) {
        let bucket = self.bounds.exact.partition_point(|&bound| bound < amount);
        self.buckets[bucket] += weight;
        self.sum += amount.times(weight);
    }

    /// Samples whose bucket is known; their sum comes by [`Tally::add_sum`].
    pub fn add_to_bucket(&mut self, bucket: usize, samples: u64) {
        self.buckets[bucket] += samples;
    }

    pub fn add_sum(&mut self, sum: Fixed) {
        self.sum += sum;
    }

    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    pub fn buckets(&self) -> &[u64] {
        &self.buckets
    }

    pub fn sum(&self) -> Fixed {
        self.sum
    }

    #[cfg(test)]
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }
}
