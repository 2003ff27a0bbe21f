//! A quantile from histogram buckets, as PromQL's `histogram_quantile` estimates it.

/// Cumulative buckets of one histogram: the upper bound, and how many observations were not above it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Buckets {
    counts: Vec<(f64, f64)>,
}

impl Buckets {
    /// Adds a bucket of one series. Series with the same bounds add up.
    pub fn add(&mut self, upper: f64, count: f64) {
        if upper.is_nan() {
            return;
        }
        match self.counts.binary_search_by(|(bound, _)| bound.total_cmp(&upper)) {
            Ok(at) => self.counts[at].1 += count,
            Err(at) => self.counts.insert(at, (upper, count)),
        }
    }

    /// All observations: the count of the bucket without a bound. 0 where it is missing.
    pub fn total(&self) -> f64 {
        match self.counts.last() {
            Some(&(f64::INFINITY, count)) => count,
            _ => 0.0,
        }
    }

    /// The value that a share `q` (0 to 1) of the observations is not above, taken as spread evenly within the
    /// bucket. In the bucket without a bound it is the bound below. None without observations.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let total = self.total();
        if total.is_nan() || total <= 0.0 {
            return None;
        }
        let rank = q.clamp(0.0, 1.0) * total;
        let (mut lower, mut below) = (0.0, 0.0);
        for (index, &(upper, count)) in self.counts.iter().enumerate() {
            // A scrape is not taken in one instant: a bucket may hold less than the one below it.
            let count = f64::max(count, below);
            if count >= rank && count > 0.0 {
                if upper == f64::INFINITY {
                    return (index > 0).then_some(lower);
                }
                if index == 0 && upper <= 0.0 {
                    return Some(upper);
                }
                let inside = count - below;
                let share = if inside > 0.0 {
                    (rank - below) / inside
                } else {
                    1.0
                };
                return Some(lower + (upper - lower) * share);
            }
            (lower, below) = (upper, count);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BOUNDS: [f64; 6] = [0.005, 0.01, 0.05, 0.1, 1.0, f64::INFINITY];

    fn buckets(observations: &[f64]) -> Buckets {
        let mut buckets = Buckets::default();
        for bound in BOUNDS {
            let count = observations.iter().filter(|&&seen| seen <= bound).count();
            buckets.add(bound, count as f64);
        }
        buckets
    }

    #[test]
    fn it_interpolates_as_promql_does() {
        let mut buckets = Buckets::default();
        for (upper, count) in [(f64::INFINITY, 20.0), (0.1, 10.0), (0.5, 18.0), (0.1, 0.0)] {
            buckets.add(upper, count);
        }
        assert_eq!(buckets.quantile(0.25), Some(0.05));
        assert_eq!(buckets.quantile(0.5), Some(0.1));
        assert_eq!(buckets.quantile(0.7), Some(0.1 + 0.4 * 0.5));
        assert_eq!(buckets.quantile(0.99), Some(0.5));
        assert_eq!(buckets.total(), 20.0);
    }

    #[test]
    fn without_observations_or_the_last_bucket_there_is_none() {
        assert_eq!(buckets(&[]).quantile(0.5), None);
        let mut endless = Buckets::default();
        endless.add(f64::INFINITY, 3.0);
        assert_eq!(endless.quantile(0.5), None);
        let mut bounded = Buckets::default();
        bounded.add(1.0, 3.0);
        bounded.add(f64::NAN, 3.0);
        assert_eq!(bounded.quantile(0.5), None);
    }

    proptest! {
        #[test]
        fn it_falls_into_the_bucket_of_the_exact_one(
            mut seen in prop::collection::vec(0.0001f64..3.0, 1..200),
            q in 0.01f64..=1.0,
        ) {
            let estimate = buckets(&seen).quantile(q).unwrap();
            seen.sort_by(f64::total_cmp);
            // The smallest observation that a share q of all is not above.
            let rank = (q * seen.len() as f64 - 1e-9).ceil().max(1.0) as usize;
            let exact = seen[rank - 1];
            let upper = BOUNDS.iter().position(|&bound| exact <= bound).unwrap();
            let lowest = if upper == 0 { 0.0 } else { BOUNDS[upper - 1] };
            let highest = if upper == 5 { BOUNDS[4] } else { BOUNDS[upper] };
            prop_assert!((lowest..=highest).contains(&estimate), "{lowest} {estimate} {highest}");
        }

        #[test]
        fn it_grows_with_its_share(seen in prop::collection::vec(0.0f64..3.0, 1..50)) {
            let buckets = buckets(&seen);
            let quantiles: Vec<_> = (1..=20).map(|q| buckets.quantile(f64::from(q) / 20.0)).collect();
            prop_assert!(quantiles.is_sorted());
        }

        #[test]
        fn no_bucket_makes_it_panic(counts in prop::collection::vec((any::<f64>(), any::<f64>()), 0..6), q in any::<f64>()) {
            let mut buckets = Buckets::default();
            for (upper, count) in counts {
                buckets.add(upper, count);
            }
            buckets.quantile(q);
        }
    }
}
