//! The heaviest of very many keys in bounded memory.
//!
//! Exact as long as there are at most [`COUNTERS`] keys. With more, the median of all scores is taken off every
//! key and what has nothing left is forgotten: Misra-Gries, in the form that needs one look-up per event (D. Anderson
//! et al., "A High-Performance Algorithm for Identifying Frequent Items in Data Streams", IMC 2017). It keeps the
//! same keys as space-saving does (P. Agarwal et al., "Mergeable Summaries", 2012, show how each is the other). Of a
//! total score `S`, a key that has more than `2·S / COUNTERS` is never forgotten, and what its figures lack is no
//! more than that.

use std::sync::Arc;

use super::room::{Room, Share};

/// Sums that one top list may have besides the number of events.
pub const TOP_SUMS_MAX: usize = 2;

/// Keys that are remembered at a time.
pub(super) const COUNTERS: usize = 2048;

/// Slots of the table that finds them: never more than half of them are taken, so that a search is short.
const SLOTS: usize = 2 * COUNTERS;

/// A slot that no key has.
const FREE: u16 = u16::MAX;

const _: () = assert!(COUNTERS < FREE as usize && SLOTS.is_power_of_two());

/// So many of a sum weigh as much as one event: a download of 8 MiB is as notable as 1,024 requests. A score counts
/// in these, so that it is a whole number.
const SUM_PER_EVENT: u64 = 8192;

/// What is counted for a key: events, then the sums.
pub(super) type Amounts = [u64; 1 + TOP_SUMS_MAX];

#[derive(Debug, Default)]
pub(super) struct Pane {
    /// The index of a counter at the slot that its hash says, or behind it; empty before the first key. Small enough
    /// for the first-level cache, which the counters are not.
    slots: Vec<u16>,
    counters: Vec<Counter>,
    /// The keys of all counters, one after the other.
    keys: Vec<u8>,
    /// Has been taken off every score.
    taken_off: u64,
    /// Kept for their memory.
    spare_keys: Vec<u8>,
    scores: Vec<u64>,
    share: Share,
}

#[derive(Debug)]
struct Counter {
    hash: u64,
    score: u64,
    amounts: Amounts,
    key_at: u32,
    key_len: u32,
}

/// What a key takes besides its text, in bytes; vectors double.
const KEY_COST: usize = 2 * (size_of::<Counter>() + size_of::<u64>());

impl Pane {
    pub fn new(room: &Arc<Room>) -> Self {
        Pane {
            share: Share::of(room),
            ..Pane::default()
        }
    }

    /// Counts for the key with this hash; two keys with one hash are one key.
    #[inline]
    pub fn add(&mut self, hash: u64, key: &[u8], amounts: Amounts) {
        let sums: u64 = amounts[1..].iter().fold(0, |sum, &n| sum.saturating_add(n));
        let score = amounts[0].saturating_mul(SUM_PER_EVENT).saturating_add(sums);
        let mut slot = first_slot(hash);
        while let Some(counter) = self.counter(slot) {
            if counter.hash == hash {
                counter.score = counter.score.saturating_add(score);
                for (sum, amount) in counter.amounts.iter_mut().zip(amounts) {
                    *sum = sum.saturating_add(amount);
                }
                return;
            }
            slot = next_slot(slot);
        }
        self.insert(hash, key, amounts, score);
    }

    /// The counter that a slot leads to. There is none for `FREE`, nor where there is no table yet.
    #[inline]
    fn counter(&mut self, slot: usize) -> Option<&mut Counter> {
        let index = *self.slots.get(slot)?;
        self.counters.get_mut(usize::from(index))
    }

    #[inline(never)]
    fn insert(&mut self, hash: u64, key: &[u8], amounts: Amounts, score: u64) {
        if self.slots.is_empty() {
            self.slots.resize(SLOTS, FREE);
        } else if self.counters.len() >= COUNTERS || !self.has_memory_for(key) {
            self.purge();
        }
        self.take_slot(hash, self.counters.len());
        self.counters.push(Counter {
            hash,
            score,
            amounts,
            // Keys are short and there are not many.
            key_at: self.keys.len() as u32,
            key_len: key.len() as u32,
        });
        self.keys.extend_from_slice(key);
    }

    /// Whether one more key finds memory; two always do.
    fn has_memory_for(&mut self, key: &[u8]) -> bool {
        // Keys are copied when some are forgotten.
        let keys = 3 * (self.keys.len() + key.len());
        let bytes = size_of_val(&*self.slots) + (self.counters.len() + 1) * KEY_COST + keys;
        self.counters.len() < 2 || self.share.reaches(bytes)
    }

    fn take_slot(&mut self, hash: u64, index: usize) {
        let mut slot = first_slot(hash);
        while self.slots[slot] != FREE {
            slot = next_slot(slot);
        }
        // Below COUNTERS.
        self.slots[slot] = index as u16;
    }

    fn purge(&mut self) {
        self.scores.clear();
        self.scores
            .extend(self.counters.iter().map(|counter| counter.score));
        let middle = self.scores.len() / 2;
        let (_, &mut median, _) = self.scores.select_nth_unstable(middle);
        self.taken_off = self.taken_off.saturating_add(median);
        std::mem::swap(&mut self.keys, &mut self.spare_keys);
        self.keys.clear();
        let old = &self.spare_keys;
        self.counters.retain_mut(|counter| {
            counter.score = counter.score.saturating_sub(median);
            let stays = counter.score > 0;
            if stays {
                let from = counter.key_at as usize;
                counter.key_at = self.keys.len() as u32;
                self.keys
                    .extend_from_slice(&old[from..from + counter.key_len as usize]);
            }
            stays
        });
        self.slots.fill(FREE);
        for index in 0..self.counters.len() {
            self.take_slot(self.counters[index].hash, index);
        }
    }

    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.slots.fill(FREE);
        self.counters.clear();
        self.keys.clear();
        self.taken_off = 0;
    }

    /// Hash, key and amounts of every key that is remembered, in no order.
    pub fn counters(&self) -> impl Iterator<Item = (u64, &[u8], Amounts)> {
        self.counters.iter().map(|counter| {
            let from = counter.key_at as usize;
            let key = &self.keys[from..from + counter.key_len as usize];
            (counter.hash, key, counter.amounts)
        })
    }

    /// How many events may be missing from a key's figures at most; 0: everything is exact.
    pub fn missing_max(&self) -> f64 {
        self.taken_off as f64 / SUM_PER_EVENT as f64
    }
}

fn first_slot(hash: u64) -> usize {
    hash as usize % SLOTS
}

fn next_slot(slot: usize) -> usize {
    (slot + 1) % SLOTS
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
