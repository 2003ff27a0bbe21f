use std::collections::BTreeMap;

/// Which bytes of one file are settled: a prefix without gaps, and islands beyond it.
///
/// Invariant: the islands are disjoint, do not touch each other, and all begin beyond the prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Every byte before this offset is settled.
    safe: u64,
    /// From → to (exclusive) of what settled ahead of its turn.
    islands: BTreeMap<u64, u64>,
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

    /// Marks `from..to` as settled. Settling bytes again changes nothing. Says whether the prefix grew.
    pub fn settle(&mut self, from: u64, to: u64) -> bool {
        if to <= from || to <= self.safe {
            return false;
        }
        if from > self.safe {
            self.keep(from, to);
            return false;
        }
        self.safe = to;
        while let Some(island) = self.islands.first_entry() {
            if *island.key() > self.safe {
                break;
            }
            self.safe = self.safe.max(island.remove());
        }
        true
    }

    fn keep(&mut self, mut from: u64, mut to: u64) {
        if let Some((&before, &end)) = self.islands.range(..=from).next_back()
            && end >= from
        {
            from = before;
            to = to.max(end);
        }
        while let Some((&next, &end)) = self.islands.range(from..=to).next() {
            to = to.max(end);
            self.islands.remove(&next);
        }
        self.islands.insert(from, to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_gap_holds_the_prefix_back() {
        let mut settled = Settled::from(10);
        assert!(!settled.settle(20, 30));
        assert!(!settled.settle(30, 40));
        assert_eq!((settled.safe(), settled.waiting()), (10, 1));
        assert!(settled.settle(10, 20));
        assert_eq!((settled.safe(), settled.waiting()), (40, 0));
    }

    proptest! {
        #[test]
        fn it_agrees_with_one_flag_per_byte(spans in proptest::collection::vec((0u64..200, 0u64..40), 0..80)) {
            let mut flags = vec![false; 256];
            let mut settled = Settled::default();
            for (from, len) in spans {
                let before = settled.safe();
                let grew = settled.settle(from, from + len);
                flags[from as usize..(from + len) as usize].fill(true);
                let prefix = flags.iter().take_while(|flag| **flag).count() as u64;
                prop_assert_eq!(settled.safe(), prefix);
                prop_assert_eq!(grew, prefix > before);
                let islands: Vec<_> = settled.islands.iter().map(|(&from, &to)| (from, to)).collect();
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
