use std::collections::BTreeMap;

use super::Tally;

/// Which bytes of one file are settled: a prefix without gaps, and islands beyond it, whose verdicts are not
/// booked before the prefix reaches them. So the books say what the prefix says, and a replay books nothing twice.
///
/// Invariant: the islands are disjoint, do not touch each other, and all begin beyond the prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Every byte before this offset is settled.
    safe: u64,
    /// From → to (exclusive) of what settled ahead of its turn, and its verdicts.
    islands: BTreeMap<u64, (u64, Tally)>,
}

impl Settled {
    /// Everything before `safe` is settled, nothing after it.
    pub fn from(safe: u64) -> Self {
        Settled {
            safe,
            islands: BTreeMap::new(),
        }
    }

    /// The end of the prefix: the offset that may be written to the checkpoint.
    pub fn safe(&self) -> u64 {
        self.safe
    }

    /// Spans that settled ahead of their turn and wait for the bytes before them.
    pub fn waiting(&self) -> usize {
        self.islands.len()
    }

    /// Marks `from..to` as settled with these verdicts. Gives the verdicts that may be booked now: none while bytes
    /// before `from` are missing, and those of the islands that the prefix has reached.
    pub fn settle(&mut self, from: u64, to: u64, tally: Tally) -> Tally {
        if to <= from || to <= self.safe {
            return tally;
        }
        if from > self.safe {
            self.keep(from, to, tally);
            return Tally::default();
        }
        self.safe = to;
        let mut booked = tally;
        while let Some(island) = self.islands.first_entry() {
            if *island.key() > self.safe {
                break;
            }
            let (end, tally) = island.remove();
            self.safe = self.safe.max(end);
            booked += tally;
        }
        booked
    }

    fn keep(&mut self, mut from: u64, mut to: u64, mut tally: Tally) {
        if let Some((&before, &(end, _))) = self.islands.range(..=from).next_back()
            && end >= from
        {
            from = before;
            to = to.max(end);
        }
        while let Some((&next, &(end, more))) = self.islands.range(from..=to).next() {
            to = to.max(end);
            tally += more;
            self.islands.remove(&next);
        }
        self.islands.insert(from, (to, tally));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn accepted(accepted: u64) -> Tally {
        Tally {
            accepted,
            ..Tally::default()
        }
    }

    #[test]
    fn a_gap_holds_the_prefix_and_the_books_back() {
        let mut settled = Settled::from(10);
        assert_eq!(settled.settle(20, 30, accepted(2)), Tally::default());
        assert_eq!(settled.settle(30, 40, accepted(3)), Tally::default());
        assert_eq!((settled.safe(), settled.waiting()), (10, 1));
        assert_eq!(settled.settle(10, 20, accepted(4)), accepted(9));
        assert_eq!((settled.safe(), settled.waiting()), (40, 0));
    }

    proptest! {
        #[test]
        fn it_agrees_with_one_flag_per_byte(spans in proptest::collection::vec((0u64..200, 0u64..40), 0..80)) {
            let mut flags = vec![false; 256];
            let mut settled = Settled::default();
            let (mut given, mut booked) = (0, 0);
            for (from, len) in spans {
                booked += settled.settle(from, from + len, accepted(1)).accepted;
                given += 1;
                flags[from as usize..(from + len) as usize].fill(true);
                let prefix = flags.iter().take_while(|flag| **flag).count() as u64;
                prop_assert_eq!(settled.safe(), prefix);
                let islands: Vec<_> = settled.islands.iter().map(|(&from, &(to, _))| (from, to)).collect();
                let waiting: u64 = settled.islands.values().map(|(_, tally)| tally.accepted).sum();
                prop_assert_eq!(booked + waiting, given);
                let mut naive = Vec::new();
                let mut at = prefix as usize;
                while at < flags.len() {
                    if flags[at] {
                        let to = (at..flags.len()).find(|&byte| !flags[byte]).unwrap_or(flags.len());
                        naive.push((at as u64, to as u64));
                        at = to;
                    } else {
                        at += 1;
                    }
                }
                prop_assert_eq!(islands, naive);
            }
        }
    }
}
