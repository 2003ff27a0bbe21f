//! The keys with the most events within a sliding window, for one service.
//!
//! The window is cut into panes; what is shown is the sum of the pane that the newest event is in and of those
//! before it that lie within the window.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::clock::LogClock;
use super::hash::AlreadyHashed;
use super::pane::{Amounts, Pane};
use super::room::Room;

/// Panes of one window. The figures are of the last four fifths of a window at least.
const PANES: usize = 5;

#[derive(Debug)]
pub(super) struct Top {
    /// In milliseconds.
    pane_length: i64,
    /// A pane is at its number modulo [`PANES`].
    panes: Box<[Numbered; PANES]>,
    /// The pane of the last event, and the times that belong to it: mostly those of the next event, too, which then
    /// costs no division.
    open: usize,
    open_times: Range<i64>,
    clock: LogClock,
    /// The earliest time that was noted.
    first: i64,
}

#[derive(Debug)]
struct Numbered {
    /// Pane lengths since the epoch.
    number: i64,
    pane: Pane,
}

/// One key of the top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub key: Vec<u8>,
    pub amounts: Amounts,
}

impl Top {
    /// `window` is in milliseconds.
    pub fn new(window: i64, room: &Arc<Room>) -> Self {
        Top {
            pane_length: (window / PANES as i64).max(1),
            panes: Box::new(std::array::from_fn(|_| Numbered {
                number: i64::MIN,
                pane: Pane::new(room),
            })),
            open: 0,
            open_times: 0..0,
            clock: LogClock::default(),
            first: i64::MAX,
        }
    }

    #[inline]
    pub fn note(&mut self, hash: u64, key: &[u8], amounts: Amounts, at: i64, read_at: i64) {
        self.clock.see(at, read_at);
        if self.open_times.contains(&at) || self.open(at) {
            self.panes[self.open].pane.add(hash, key, amounts);
        }
    }

    /// Opens the pane of a time; false when that is older than the window, which is no part of any figure.
    #[inline(never)]
    fn open(&mut self, at: i64) -> bool {
        let number = at.div_euclid(self.pane_length);
        let index = number.rem_euclid(PANES as i64) as usize;
        self.first = self.first.min(at);
        let slot = &mut self.panes[index];
        if slot.number > number {
            return false;
        }
        if slot.number < number {
            slot.number = number;
            slot.pane.clear();
        }
        let from = number.saturating_mul(self.pane_length);
        self.open = index;
        self.open_times = from..from.saturating_add(self.pane_length);
        true
    }

    /// What is remembered of the window when the wall's clock shows `wall`.
    pub fn read(&self, wall: i64) -> Listed {
        let Some(now) = self.clock.at(wall) else {
            return Listed::default();
        };
        let newest = now.div_euclid(self.pane_length);
        let mut sums: HashMap<u64, Entry, AlreadyHashed> = HashMap::default();
        let mut missing = 0.0;
        let within = |slot: &&Numbered| slot.number <= newest && newest - slot.number < PANES as i64;
        for slot in self
            .panes
            .iter()
            .filter(|slot| slot.number > i64::MIN)
            .filter(within)
        {
            missing += slot.pane.missing_max();
            for (hash, key, amounts) in slot.pane.counters() {
                let entry = sums.entry(hash).or_insert_with(|| Entry {
                    key: key.to_vec(),
                    amounts: Amounts::default(),
                });
                for (sum, amount) in entry.amounts.iter_mut().zip(amounts) {
                    *sum = sum.saturating_add(amount);
                }
            }
        }
        // The oldest pane is in the window as a whole, and the newest has just begun or is nearly full. Before the first
        // event there was nothing to count.
        let begin = (newest - (PANES as i64 - 1)).saturating_mul(self.pane_length);
        let length = now.saturating_sub(begin.max(self.first));
        Listed {
            entries: sums.into_values().collect(),
            missing,
            seconds: length.max(LENGTH_MIN) as f64 / 1000.0,
        }
    }
}

/// The shortest time that figures are said to be of, in milliseconds: a rate of the first events is no more than they are.
const LENGTH_MIN: i64 = 1000;

/// What a list holds at one moment.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub entries: Vec<Entry>,
    /// How many events may be missing from each figure at most.
    pub missing: f64,
    /// Of how long a time the figures are.
    pub seconds: f64,
}

/// The `keep` entries with the most of the amount at `index`; of equals, those whose key comes first.
pub(super) fn heaviest(entries: &[Entry], index: usize, keep: usize) -> Vec<&Entry> {
    let mut some: Vec<&Entry> = entries.iter().filter(|entry| entry.amounts[index] > 0).collect();
    let order = |a: &&Entry, b: &&Entry| {
        b.amounts[index]
            .cmp(&a.amounts[index])
            .then_with(|| a.key.cmp(&b.key))
    };
    if some.len() > keep {
        some.select_nth_unstable_by(keep, order);
        some.truncate(keep);
    }
    some
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derive::hash::Seed;

    const MINUTE: i64 = 60_000;

    fn note(top: &mut Top, key: &[u8], events: u64, at: i64) {
        top.note(Seed::fixed().hash(key), key, [events, 0, 0], at, at);
    }

    fn read(top: &Top, wall: i64) -> Vec<(String, u64)> {
        let Listed {
            mut entries, missing, ..
        } = top.read(wall);
        assert_eq!(missing, 0.0);
        entries.sort_by(|a, b| a.key.cmp(&b.key));
        let text = |entry: &Entry| String::from_utf8(entry.key.clone()).unwrap();
        entries
            .iter()
            .map(|entry| (text(entry), entry.amounts[0]))
            .collect()
    }

    #[test]
    fn what_is_older_than_the_window_goes_away() {
        let mut top = Top::new(5 * MINUTE, &Arc::default());
        note(&mut top, b"a", 3, 0);
        note(&mut top, b"b", 2, 2 * MINUTE);
        note(&mut top, b"a", 1, 4 * MINUTE + 59_999);
        let pair = |key: &str, n| (key.to_owned(), n);
        assert_eq!(read(&top, 0), [pair("a", 4), pair("b", 2)]);
        // Another minute, and the first is over.
        note(&mut top, b"c", 9, 5 * MINUTE);
        assert_eq!(read(&top, 0), [pair("a", 1), pair("b", 2), pair("c", 9)]);
        // Too late to be seen.
        note(&mut top, b"a", 50, 0);
        assert_eq!(read(&top, 0), [pair("a", 1), pair("b", 2), pair("c", 9)]);
        // The log is silent; the clock goes on.
        assert_eq!(read(&top, 5 * MINUTE + 4 * MINUTE), [pair("c", 9)]);
        assert_eq!(read(&top, 60 * MINUTE), []);
    }

    #[test]
    fn it_is_said_of_how_long_a_time_the_figures_are() {
        let mut top = Top::new(5 * MINUTE, &Arc::default());
        let seconds = |top: &Top, wall| top.read(wall).seconds;
        assert_eq!(seconds(&top, 0), 0.0);
        note(&mut top, b"a", 1, 10 * MINUTE + 20_000);
        assert_eq!(seconds(&top, 10 * MINUTE + 20_000), 1.0);
        assert_eq!(seconds(&top, 10 * MINUTE + 50_000), 30.0);
        // As long as there are events in the window, in the middle of a minute and at its end.
        note(&mut top, b"a", 1, 20 * MINUTE);
        assert_eq!(seconds(&top, 20 * MINUTE), 240.0);
        assert_eq!(seconds(&top, 20 * MINUTE + 59_000), 299.0);
    }

    #[test]
    fn the_heaviest_are_by_the_amount_that_is_asked_for() {
        let entry = |key: &str, amounts| Entry {
            key: key.into(),
            amounts,
        };
        let entries = [
            entry("a", [5, 1, 0]),
            entry("b", [1, 9, 0]),
            entry("c", [5, 0, 0]),
            entry("d", [7, 2, 0]),
        ];
        let keys = |index, keep| {
            let mut keys: Vec<&[u8]> = heaviest(&entries, index, keep)
                .iter()
                .map(|entry| entry.key.as_slice())
                .collect();
            keys.sort_unstable();
            keys
        };
        assert_eq!(keys(0, 2), [b"a".as_slice(), b"d"]);
        assert_eq!(keys(1, 2), [b"b".as_slice(), b"d"]);
        assert!(keys(2, 2).is_empty());
        assert_eq!(keys(0, 9).len(), 4);
    }
}
