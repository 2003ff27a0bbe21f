use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::cost::Cost;
use super::fold;
use super::hash::Seed;
use super::room::{Rank, Room};

/// Places that are kept for the label sets into which those are folded that find no room: methods and statuses of a
/// service. Each step of folding leaves a quarter of them to the next one.
const FOLDED_ROOM: usize = 64;

/// The owner of a series that no rule has given one, such as one of an earlier run.
const NOBODY: u32 = u32::MAX;

/// Where an event is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Series {
    pub number: u32,
    /// There was no room, and some of its labels say `other`.
    pub folded: bool,
}

/// What is known of an event's labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    There(Series),
    /// There is no room, and nothing stands for what has none.
    NoRoom,
    /// A series has to be added or woken first.
    NotYet,
}

/// The series of one metric. A series' number is its place in `texts`, and of its cells in each shard.
///
/// A series is *shown*, or it *rests*: nothing was counted in it for a while. A resting one is no part of the page nor
/// of the budget, but keeps its number, so that its total goes on when an event wakes it.
///
/// Those who share the budget are *owners*: the services, each with the labels that are the same for all its events. Half
/// of the budget is promised to them in equal parts, the other half is for whoever comes first. So no service can take
/// all of it, and together they never have more than there is.
#[derive(Debug)]
pub(super) struct SeriesIndex {
    numbers: HashMap<Arc<[u8]>, u32, Seed>,
    texts: Vec<Arc<[u8]>>,
    /// By number.
    resting: Vec<bool>,
    /// By number: an index into `owners`, or [`NOBODY`].
    owner_of: Vec<u32>,
    /// The numbers of those that are shown, in the order of their texts.
    sorted: Vec<u32>,
    /// Numbers that belong to no text; their cells are zero.
    free: Vec<u32>,
    owners: Vec<Owner>,
    /// By their `other`.
    owner_by_text: HashMap<Arc<[u8]>, u32, Seed>,
    /// How many of the shown ones are not some owner's `other`.
    ordinary: usize,
    /// Label sets without room are folded into others.
    folds: bool,
    /// The memory that all metrics have together, and what a series takes of it.
    room: Arc<Room>,
    cost: Cost,
}

#[derive(Debug)]
struct Owner {
    /// The labels of the series that takes what finds room nowhere else. Its place in the budget is kept free.
    other: Arc<[u8]>,
    /// How many of the shown series are its own, besides `other`.
    ordinary: usize,
    /// How many of its labels may say `other`.
    foldable: usize,
    /// The places of these labels in the order in which they do, once that is known.
    order: Option<Vec<usize>>,
}

impl SeriesIndex {
    /// Where it does not fold, label sets without room have no series.
    pub fn new(folds: bool, room: Arc<Room>, cost: Cost) -> Self {
        SeriesIndex {
            numbers: HashMap::default(),
            texts: Vec::new(),
            resting: Vec::new(),
            owner_of: Vec::new(),
            sorted: Vec::new(),
            free: Vec::new(),
            owners: Vec::new(),
            owner_by_text: HashMap::default(),
            ordinary: 0,
            folds,
            room,
            cost,
        }
    }

    /// Where an event of `owner` with the labels `text` counts, as far as it is known.
    pub fn find(&self, text: &[u8], owner: u32, series_max: usize) -> Found {
        if let Some(number) = self.shown(text) {
            return Found::There(Series {
                number,
                folded: false,
            });
        }
        let Some((chosen, steps)) = self.choose(text, owner, series_max) else {
            return match self.folds {
                true => Found::NotYet,
                false => Found::NoRoom,
            };
        };
        match self.shown(&chosen) {
            Some(number) => Found::There(Series {
                number,
                folded: steps > 0,
            }),
            None => Found::NotYet,
        }
    }

    /// The series of such an event, new or woken, or one with other labels; `None` where there is no room, and nothing
    /// stands for what has none.
    pub fn find_or_add(&mut self, text: &[u8], owner: u32, series_max: usize) -> Option<Series> {
        // Another worker may have been faster.
        if let Some(number) = self.shown(text) {
            return Some(Series {
                number,
                folded: false,
            });
        }
        let (chosen, steps) = match self.choose(text, owner, series_max) {
            Some((chosen, steps)) if steps <= 1 || self.shown(&chosen).is_some() => (chosen, steps),
            None if !self.folds => return None,
            // Nobody knows the order yet, or what is folded already has many values of another label by now.
            _ => {
                self.set_order(owner);
                self.choose(text, owner, series_max)?
            }
        };
        let number = match self.numbers.get(&*chosen) {
            Some(&number) => number,
            None => self.number(Arc::from(&*chosen), owner),
        };
        if self.rests(number) {
            self.show(number);
        }
        Some(Series {
            number,
            folded: steps > 0,
        })
    }

    /// Adds a series of an earlier run, whatever the budget is now. Its number.
    pub fn restore(&mut self, text: &[u8]) -> u32 {
        let number = match self.numbers.get(text) {
            Some(&number) => number,
            None => {
                let owner = self
                    .owners
                    .iter()
                    .position(|owner| fold::becomes(text, &owner.other));
                self.number(text.into(), owner.map_or(NOBODY, |owner| owner as u32))
            }
        };
        if self.rests(number) {
            self.show(number);
        }
        number
    }

    /// The labels with which such an event counts, and in how many steps they come of its own: none where there is room
    /// for those, else so many of them say `other`. `None` where there is no room and the order of folding is not known.
    fn choose<'t>(&self, text: &'t [u8], owner: u32, series_max: usize) -> Option<(Cow<'t, [u8]>, usize)> {
        let Owner { other, order, .. } = self.owners.get(owner as usize)?;
        let left = self.left(owner, series_max);
        let kept = self.kept(owner, series_max);
        if *text == **other || left > kept && self.fits(text, self.rank(owner)) {
            return Some((Cow::Borrowed(text), 0));
        }
        let order = order.as_ref()?;
        for step in 1..order.len() {
            let folded = fold::folded(text, &order[..step]);
            let has_place = || left > kept >> (2 * step) && self.fits(&folded, Rank::Folded);
            if self.shown(&folded).is_some() || has_place() {
                return Some((Cow::Owned(folded), step));
            }
        }
        Some((Cow::Owned(other.to_vec()), order.len().max(1)))
    }

    /// Whether there is memory for a label set; one that rests has its own.
    fn fits(&self, text: &[u8], rank: Rank) -> bool {
        self.numbers.contains_key(text) || self.room.holds(self.cost_of(text), rank)
    }

    fn rank(&self, owner: u32) -> Rank {
        let owner = self.owners.get(owner as usize);
        match owner.is_some_and(|owner| owner.ordinary >= FOLDED_ROOM) {
            true => Rank::Many,
            false => Rank::Few,
        }
    }

    /// What one more label set takes. Cells of a number that is free are there.
    fn cost_of(&self, text: &[u8]) -> usize {
        let number = match self.free.is_empty() {
            true => self.cost.number(self.room.workers()),
            false => 0,
        };
        self.cost.labels(text.len()) + number
    }

    /// Whether those that rest should be forgotten for the sake of others.
    pub fn is_short(&self) -> bool {
        self.room.is_short()
    }

    /// The number of a series that is shown.
    fn shown(&self, text: &[u8]) -> Option<u32> {
        let number = self.numbers.get(text).copied();
        number.filter(|&number| !self.rests(number))
    }

    /// How many more series an owner may have. Every owner's `other` has its place.
    fn left(&self, owner: u32, series_max: usize) -> usize {
        let promise = self.promise(series_max);
        let others = self.owners.iter().enumerate();
        let promised: usize = others
            .filter(|&(at, _)| at != owner as usize)
            .map(|(_, other)| promise.saturating_sub(other.ordinary))
            .sum();
        series_max.saturating_sub(self.ordinary + self.owners.len() + promised)
    }

    /// What each owner may have in any case.
    fn promise(&self, series_max: usize) -> usize {
        series_max / (2 * self.owners.len().max(1))
    }

    /// Of what an owner may have, what is kept for folded label sets. With one label there are none but `other`.
    fn kept(&self, owner: u32, series_max: usize) -> usize {
        let several = self
            .owners
            .get(owner as usize)
            .is_some_and(|owner| owner.foldable > 1);
        match self.folds && several {
            true => FOLDED_ROOM.min(self.promise(series_max) / 2),
            false => 0,
        }
    }

    /// Finds out which labels of an owner are folded first.
    fn set_order(&mut self, owner: u32) {
        let Some(Owner { other, .. }) = self.owners.get(owner as usize) else {
            return;
        };
        let own = |number: &&u32| self.owner_of[**number as usize] == owner;
        let texts = self
            .sorted
            .iter()
            .filter(own)
            .map(|&number| &*self.texts[number as usize]);
        let order = fold::widest_first(texts, other);
        self.owners[owner as usize].order = Some(order);
    }

    /// The owner of all series that fold into `other`, for which a place in the budget is kept.
    pub fn owner(&mut self, other: &[u8]) -> u32 {
        if let Some(&owner) = self.owner_by_text.get(other) {
            return owner;
        }
        let owner = self.owners.len() as u32;
        if let Some(number) = self.shown(other) {
            self.count_out(number);
        }
        let other: Arc<[u8]> = other.into();
        self.owners.push(Owner {
            foldable: fold::foldable(&other).count(),
            other: Arc::clone(&other),
            ordinary: 0,
            order: None,
        });
        self.owner_by_text.insert(other, owner);
        owner
    }

    /// A number for a text that has none.
    fn number(&mut self, text: Arc<[u8]>, owner: u32) -> u32 {
        self.room.take(self.cost_of(&text));
        let number = match self.free.pop() {
            Some(number) => {
                self.texts[number as usize] = Arc::clone(&text);
                self.owner_of[number as usize] = owner;
                self.resting[number as usize] = true;
                number
            }
            None => {
                self.texts.push(Arc::clone(&text));
                self.resting.push(true);
                self.owner_of.push(owner);
                self.texts.len() as u32 - 1
            }
        };
        self.numbers.insert(text, number);
        number
    }

    fn show(&mut self, number: u32) {
        self.sorted.insert(self.place(number), number);
        self.resting[number as usize] = false;
        if !self.is_reserved(number) {
            self.ordinary += 1;
            if let Some(owner) = self.owners.get_mut(self.owner_of[number as usize] as usize) {
                owner.ordinary += 1;
            }
        }
    }

    /// Where a series is among those that are shown, or would be.
    fn place(&self, number: u32) -> usize {
        let text = &self.texts[number as usize];
        self.sorted
            .partition_point(|&other| self.texts[other as usize] < *text)
    }

    /// A shown series takes no place any more that another one could have.
    fn count_out(&mut self, number: u32) {
        self.ordinary -= 1;
        if let Some(owner) = self.owners.get_mut(self.owner_of[number as usize] as usize) {
            owner.ordinary -= 1;
            // Another label may have the most values now.
            owner.order = None;
        }
    }

    /// Whether a series is some owner's `other`.
    fn is_reserved(&self, number: u32) -> bool {
        self.owner_by_text.contains_key(&self.texts[number as usize])
    }

    /// Takes a series off the page; false where it is `other`, which stays.
    pub fn rest(&mut self, number: u32) -> bool {
        if self.rests(number) || self.is_reserved(number) {
            return false;
        }
        self.sorted.remove(self.place(number));
        self.resting[number as usize] = true;
        self.count_out(number);
        true
    }

    pub fn rests(&self, number: u32) -> bool {
        self.resting[number as usize]
    }

    /// Gives the number of a resting series back. Its cells must be zero before the next event.
    pub fn forget(&mut self, number: u32) {
        let text = std::mem::take(&mut self.texts[number as usize]);
        self.numbers.remove(&text);
        self.room.give_back(self.cost.labels(text.len()));
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
pub(super) mod tests {
    use super::*;
    use crate::derive::MetricSpec;

    /// One that folds, of a counter, with all the memory that it wants.
    pub fn new_index() -> SeriesIndex {
        let cost = Cost::of(&MetricSpec::counter("x_total", ""));
        SeriesIndex::new(true, Arc::default(), cost)
    }

    fn add(index: &mut SeriesIndex, text: &str) -> (u32, bool) {
        let owner = index.owner(b"other");
        let Series { number, folded } = index.find_or_add(text.as_bytes(), owner, 3).unwrap();
        (number, folded)
    }

    fn shown(index: &SeriesIndex) -> Vec<(usize, &[u8])> {
        index.sorted().collect()
    }

    #[test]
    fn a_resting_series_leaves_its_place_and_keeps_its_number() {
        let mut index = new_index();
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
        let mut index = new_index();
        add(&mut index, "a");
        index.rest(0);
        index.forget(0);
        assert_eq!(index.resting(), 0);
        assert_eq!(add(&mut index, "b"), (0, false));
        assert_eq!(shown(&index), [(0, b"b".as_slice())]);
        assert_eq!(add(&mut index, "a"), (1, false));
    }
}
