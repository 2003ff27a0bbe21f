//! What is going to happen, the earliest first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use super::moment::Moment;

/// A queue by time. What is put in for the same moment comes out in the order it was put in, which keeps the
/// lines of one file in order.
#[derive(Clone, Debug)]
pub struct Agenda<T> {
    heap: BinaryHeap<Reverse<Entry<T>>>,
    count: u64,
}

#[derive(Clone, Debug)]
struct Entry<T> {
    at: Moment,
    number: u64,
    what: T,
}

impl<T> Agenda<T> {
    pub fn new() -> Self {
        Agenda {
            heap: BinaryHeap::new(),
            count: 0,
        }
    }

    pub fn push(&mut self, at: Moment, what: T) {
        let number = self.count;
        self.count += 1;
        self.heap.push(Reverse(Entry { at, number, what }));
    }

    /// The next thing, where it happens at `until` at the latest.
    pub fn pop(&mut self, until: Moment) -> Option<(Moment, T)> {
        let next = self.heap.peek_mut()?;
        if next.0.at > until {
            return None;
        }
        let Reverse(entry) = PeekMut::pop(next);
        Some((entry.at, entry.what))
    }

    /// Moves everything to come by as much; the order stays.
    pub fn postpone(&mut self, micros: i64) {
        let mut entries = std::mem::take(&mut self.heap).into_vec();
        for Reverse(entry) in &mut entries {
            entry.at.0 = entry.at.0.saturating_add(micros);
        }
        self.heap = entries.into();
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_comes_first_and_equals_keep_their_order() {
        let mut agenda = Agenda::new();
        for (at, what) in [(5, "c"), (1, "a"), (5, "d"), (2, "b"), (9, "e")] {
            agenda.push(Moment(at), what);
        }
        let mut out = Vec::new();
        while let Some((at, what)) = agenda.pop(Moment(5)) {
            out.push((at.0, what));
        }
        assert_eq!(out, [(1, "a"), (2, "b"), (5, "c"), (5, "d")]);
        agenda.postpone(3);
        assert_eq!(agenda.pop(Moment(11)), None);
        assert_eq!(agenda.pop(Moment(12)), Some((Moment(12), "e")));
        assert_eq!(agenda.pop(Moment(i64::MAX)), None);
    }
}
