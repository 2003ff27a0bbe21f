//! The heaviest of very many keys in bounded memory.
//!
//! Exact as long as there are at most [`COUNTERS`] keys. With more, the median of all scores is taken off every
//! key and what has nothing left is forgotten: Misra-Gries, in the form that needs one look-up per event (D. Anderson
//! et al., "A High-Performance Algorithm for Identifying Frequent Items in Data Streams", IMC 2017). It keeps the
//! same keys as space-saving does (P. Agarwal et al., "Mergeable Summaries", 2012, show how each is the other). Of a
//! total score `S`, a key that has more than `2·S / COUNTERS` is never forgotten, and what its figures lack is no
//! more than that.

use std::collections::HashMap;

use super::hash::AlreadyHashed;
use super::spec::TOP_SUMS_MAX;

/// Keys that are remembered at a time.
pub(super) const COUNTERS: usize = 2048;

/// So many of a sum weigh as much as one event: a download of 8 MiB is as notable as 1,024 requests.
const SUM_PER_EVENT: f64 = 8192.0;

/// What is counted for a key: events, then the sums.
pub(super) type Amounts = [u64; 1 + TOP_SUMS_MAX];

#[derive(Debug, Default)]
pub(super) struct Pane {
    counters: HashMap<u64, Counter, AlreadyHashed>,
    /// The keys of all counters, one after the other.
    keys: Vec<u8>,
    /// Has been taken off every score.
    taken_off: f64,
    /// Kept for their memory.
    spare_keys: Vec<u8>,
    scores: Vec<f64>,
}

#[derive(Debug)]
struct Counter {
    score: f64,
    amounts: Amounts,
    key_at: u32,
    key_len: u32,
}

impl Pane {
    #[inline]
    pub fn add(&mut self, hash: u64, key: &[u8], amounts: Amounts) {
        let sums: u64 = amounts[1..].iter().fold(0, |sum, &n| sum.saturating_add(n));
        let score = amounts[0] as f64 + sums as f64 / SUM_PER_EVENT;
        match self.counters.get_mut(&hash) {
            Some(counter) => {
                counter.score += score;
                for (sum, amount) in counter.amounts.iter_mut().zip(amounts) {
                    *sum = sum.saturating_add(amount);
                }
            }
            None => self.insert(hash, key, amounts, score),
        }
    }

    #[cold]
    fn insert(&mut self, hash: u64, key: &[u8], amounts: Amounts, score: f64) {
        if self.counters.len() >= COUNTERS {
            self.purge();
        }
        let counter = Counter {
            score,
            amounts,
            // Keys are short and there are not many.
            key_at: self.keys.len() as u32,
            key_len: key.len() as u32,
        };
        self.keys.extend_from_slice(key);
        self.counters.insert(hash, counter);
    }

    fn purge(&mut self) {
        self.scores.clear();
        self.scores
            .extend(self.counters.values().map(|counter| counter.score));
        let middle = self.scores.len() / 2;
        let (_, &mut median, _) = self.scores.select_nth_unstable_by(middle, f64::total_cmp);
        self.taken_off += median;
        std::mem::swap(&mut self.keys, &mut self.spare_keys);
        self.keys.clear();
        let old = &self.spare_keys;
        self.counters.retain(|_, counter| {
            counter.score -= median;
            let stays = counter.score > 0.0;
            if stays {
                let from = counter.key_at as usize;
                counter.key_at = self.keys.len() as u32;
                self.keys
                    .extend_from_slice(&old[from..from + counter.key_len as usize]);
            }
            stays
        });
    }

    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.counters.clear();
        self.keys.clear();
        self.taken_off = 0.0;
    }

    /// Hash, key and amounts of every key that is remembered, in no order.
    pub fn counters(&self) -> impl Iterator<Item = (u64, &[u8], Amounts)> {
        self.counters.iter().map(|(&hash, counter)| {
            let from = counter.key_at as usize;
            let key = &self.keys[from..from + counter.key_len as usize];
            (hash, key, counter.amounts)
        })
    }

    /// How many events may be missing from a key's figures at most; 0: everything is exact.
    pub fn missing_max(&self) -> f64 {
        self.taken_off
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derive::hash::Seed;

    #[test]
    fn few_keys_are_exact() {
        let mut pane = Pane::default();
        for n in 0..COUNTERS as u64 * 3 {
            let key = (n % COUNTERS as u64).to_le_bytes();
            pane.add(Seed::fixed().hash(&key), &key, [1, 10, 0]);
        }
        assert_eq!(pane.missing_max(), 0.0);
        assert!(pane.counters().all(|(_, _, amounts)| amounts == [3, 30, 0]));
        assert_eq!(pane.counters().count(), COUNTERS);
    }

    /// 100,000 keys that come once, and a few that come often in between: the few are found, and their figures
    /// lack no more than what is said.
    #[test]
    fn what_is_heavy_is_not_forgotten() {
        let seed = Seed::fixed();
        let mut pane = Pane::default();
        let mut total = 0.0;
        for n in 0..100_000u64 {
            let once = n.to_le_bytes();
            pane.add(seed.hash(&once), &once, [1, 0, 0]);
            let often = [(n % 20) as u8];
            pane.add(seed.hash(&often), &often, [1, 8192, 0]);
            total += 3.0;
        }
        assert!(pane.counters.len() <= COUNTERS);
        assert!(pane.keys.len() <= COUNTERS * 8);
        let missing = pane.missing_max();
        assert!(
            missing > 0.0 && missing <= 2.0 * total / COUNTERS as f64,
            "{missing}"
        );
        for often in 0..20u8 {
            let (_, _, amounts) = pane
                .counters()
                .find(|&(_, key, _)| key == [often])
                .unwrap_or_else(|| panic!("{often} is forgotten"));
            assert!(amounts[0] <= 5000 && amounts[0] as f64 >= 5000.0 - missing);
        }
    }

    #[test]
    fn a_large_sum_is_heavy_by_itself() {
        let seed = Seed::fixed();
        let mut pane = Pane::default();
        pane.add(seed.hash(b"download"), b"download", [1, 0, 1 << 30]);
        for n in 0..50_000u64 {
            let once = n.to_le_bytes();
            pane.add(seed.hash(&once), &once, [1, 0, 0]);
        }
        assert!(pane.counters().any(|(_, key, _)| key == b"download"));
    }
}
