use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::hash::Seed;

/// Where an event is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Series {
    pub number: u32,
    /// The budget was used up, and this is `other`.
    pub folded: bool,
}

/// The series of one metric. A series' number is its place in `texts`, and of its cells in each shard.
///
/// A series is *shown*, or it *rests*: nothing was counted in it for a while. A resting one is no part of the page nor
/// of the budget, but keeps its number, so that its total goes on when an event wakes it.
#[derive(Debug, Default)]
pub(super) struct SeriesIndex {
    numbers: HashMap<Arc<[u8]>, u32, Seed>,
    texts: Vec<Arc<[u8]>>,
    /// By number.
    resting: Vec<bool>,
    /// The numbers of those that are shown, in the order of their texts.
    sorted: Vec<u32>,
    /// Numbers that belong to no text; their cells are zero.
    free: Vec<u32>,
    /// The texts of the series `other`, one for each service: their places in the budget are kept free.
    reserved: HashSet<Arc<[u8]>, Seed>,
    /// How many of the shown ones are not reserved.
    ordinary: usize,
}

impl SeriesIndex {
    /// `None` when a series has to be added or woken first.
    pub fn find(&self, text: &[u8], other: &[u8], series_max: usize) -> Option<Series> {
        let known = self.numbers.get(text);
        if let Some(&number) = known
            && !self.rests(number)
        {
            return Some(Series {
                number,
                folded: false,
            });
        }
        if text == other || !self.full(series_max) {
            return None;
        }
        let &number = self.numbers.get(other)?;
        Some(Series { number, folded: true })
    }

    /// The series of `text`, new or woken, or `other` when there may be no more.
    pub fn find_or_add(&mut self, text: &[u8], other: &[u8], series_max: usize) -> Series {
        if let Some(series) = self.find(text, other, series_max) {
            return series;
        }
        let folded = text != other && self.full(series_max);
        let text = if folded { other } else { text };
        let number = match self.numbers.get(text) {
            Some(&number) => number,
            None => self.number(text.into()),
        };
        self.show(number);
        Series { number, folded }
    }

    /// Keeps a place in the budget for the series `other` of one service.
    pub fn reserve(&mut self, other: &[u8]) {
        if self.reserved.insert(other.into()) && self.numbers.contains_key(other) {
            self.ordinary -= 1;
        }
    }

    fn full(&self, series_max: usize) -> bool {
        self.ordinary + self.reserved.len() >= series_max
    }

    /// A number for a text that has none.
    fn number(&mut self, text: Arc<[u8]>) -> u32 {
        let number = match self.free.pop() {
            Some(number) => {
                self.texts[number as usize] = Arc::clone(&text);
                number
            }
            None => {
                self.texts.push(Arc::clone(&text));
                self.resting.push(false);
                self.texts.len() as u32 - 1
            }
        };
        self.numbers.insert(text, number);
        number
    }

    fn show(&mut self, number: u32) {
        let text = &self.texts[number as usize];
        let at = self
            .sorted
            .partition_point(|&other| self.texts[other as usize] < *text);
        self.sorted.insert(at, number);
        self.ordinary += usize::from(!self.reserved.contains(text));
        self.resting[number as usize] = false;
    }

    /// Takes a series off the page; false where it is `other`, which stays.
    pub fn rest(&mut self, number: u32) -> bool {
        let text = &self.texts[number as usize];
        if self.rests(number) || self.reserved.contains(text) {
            return false;
        }
        self.sorted.retain(|&other| other != number);
        self.resting[number as usize] = true;
        self.ordinary -= 1;
        true
    }

    pub fn rests(&self, number: u32) -> bool {
        self.resting[number as usize]
    }

    /// Gives the number of a resting series back. Its cells must be zero before the next event.
    pub fn forget(&mut self, number: u32) {
        let text = std::mem::take(&mut self.texts[number as usize]);
        self.numbers.remove(&text);
        self.resting[number as usize] = false;
        self.free.push(number);
    }

    /// Number and labels of every series, of those that rest too, in no order.
    pub fn all(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let numbers = self.numbers.iter();
        numbers.map(|(text, &number)| (number as usize, &**text))
    }

    /// How many are shown.
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// How many rest.
    pub fn resting(&self) -> usize {
        self.numbers.len() - self.sorted.len()
    }

    /// Number and labels of every series that is shown, in the order of the labels' text.
    pub fn sorted(&self) -> impl Iterator<Item = (usize, &[u8])> {
        self.sorted
            .iter()
            .map(|&number| (number as usize, &*self.texts[number as usize]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(index: &mut SeriesIndex, text: &str) -> (u32, bool) {
        let Series { number, folded } = index.find_or_add(text.as_bytes(), b"other", 3);
        (number, folded)
    }

    fn shown(index: &SeriesIndex) -> Vec<(usize, &[u8])> {
        index.sorted().collect()
    }

    #[test]
    fn a_resting_series_leaves_its_place_and_keeps_its_number() {
        let mut index = SeriesIndex::default();
        index.reserve(b"other");
        assert_eq!(add(&mut index, "a"), (0, false));
        assert_eq!(add(&mut index, "b"), (1, false));
        assert_eq!(add(&mut index, "c"), (2, true));
        assert!(index.rest(0));
        assert!(!index.rest(0), "it rests already");
        assert!(!index.rest(2), "`other` never rests");
        assert_eq!(shown(&index), [(1, b"b".as_slice()), (2, b"other")]);
        assert_eq!((index.len(), index.resting()), (2, 1));
        // Its place is taken; when it is free again, so is the old number.
        assert_eq!(add(&mut index, "c"), (3, false));
        assert_eq!(add(&mut index, "a"), (2, true));
        assert!(index.rest(1));
        assert_eq!(add(&mut index, "a"), (0, false));
        assert_eq!(shown(&index).len(), 3);
    }

    #[test]
    fn a_forgotten_number_serves_another_text() {
        let mut index = SeriesIndex::default();
        index.reserve(b"other");
        add(&mut index, "a");
        index.rest(0);
        index.forget(0);
        assert_eq!(index.resting(), 0);
        assert_eq!(add(&mut index, "b"), (0, false));
        assert_eq!(shown(&index), [(0, b"b".as_slice())]);
        assert_eq!(add(&mut index, "a"), (1, false));
    }
}
