use std::ops::Range;

/// Which bytes of a file were counted: ascending ranges that neither overlap nor touch.
///
/// Chunks of one file may be counted out of order by several workers, so this is more than one position; as
/// soon as the gaps are filled it is one range again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges {
    ranges: Vec<Range<u64>>,
}

impl Ranges {
    pub fn add(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        // Everything from `first` to `last` overlaps or touches the new range and melts into it.
        let first = self.ranges.partition_point(|r| r.end < range.start);
        let last = self.ranges.partition_point(|r| r.start <= range.end);
        let mut whole = range;
        if let (Some(head), Some(tail)) = (self.ranges[first..last].first(), self.ranges[first..last].last())
        {
            whole.start = whole.start.min(head.start);
            whole.end = whole.end.max(tail.end);
        }
        self.ranges.splice(first..last, [whole]);
    }

    /// Forgets what lies below `offset`: it will not be read again.
    pub fn forget_below(&mut self, offset: u64) {
        self.ranges.retain_mut(|r| {
            r.start = r.start.max(offset);
            r.start < r.end
        });
    }

    pub fn contains(&self, offset: u64) -> bool {
        let after = self.ranges.partition_point(|r| r.start <= offset);
        after > 0 && offset < self.ranges[after - 1].end
    }

    /// Where the bytes end that were counted from `offset` on without a gap; `offset` itself when it was not counted.
    pub fn run_from(&self, offset: u64) -> u64 {
        let after = self.ranges.partition_point(|r| r.start <= offset);
        match after.checked_sub(1).map(|at| self.ranges[at].end) {
            Some(end) => end.max(offset),
            None => offset,
        }
    }

    /// What of these lies within `range`.
    pub fn within(&self, range: Range<u64>) -> Ranges {
        let cut = |r: &Range<u64>| r.start.max(range.start)..r.end.min(range.end);
        Ranges {
            ranges: self.ranges.iter().map(cut).filter(|r| !r.is_empty()).collect(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = Range<u64>> {
        self.ranges.iter().cloned()
    }
}

impl FromIterator<Range<u64>> for Ranges {
    fn from_iter<I: IntoIterator<Item = Range<u64>>>(iter: I) -> Self {
        let mut ranges = Ranges::default();
        iter.into_iter().for_each(|range| ranges.add(range));
        ranges
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn list(ranges: &Ranges) -> Vec<Range<u64>> {
        ranges.iter().collect()
    }

    #[test]
    fn a_filled_gap_leaves_one_range() {
        let mut ranges: Ranges = [100..200, 300..400].into_iter().collect();
        assert_eq!(list(&ranges), [100..200, 300..400]);
        assert_eq!(ranges.run_from(150), 200);
        assert_eq!(ranges.run_from(200), 200);
        assert_eq!(ranges.run_from(50), 50);
        ranges.add(200..300);
        assert_eq!(list(&ranges), [Range { start: 100, end: 400 }]);
        ranges.forget_below(250);
        assert_eq!(ranges.run_from(250), 400);
        assert_eq!(list(&ranges.within(0..300)), [Range { start: 250, end: 300 }]);
        ranges.forget_below(400);
        assert!(ranges.is_empty());
    }

    proptest! {
        #[test]
        fn they_are_a_set_of_offsets(
            spans in prop::collection::vec((0u64..64, 0u64..12), 0..24),
            below in 0u64..40,
        ) {
            let mut ranges = Ranges::default();
            let mut model = [false; 80];
            for &(from, len) in &spans {
                ranges.add(from..from + len);
                model[from as usize..(from + len) as usize].fill(true);
            }
            ranges.forget_below(below);
            model[..below as usize].fill(false);
            for (at, &counted) in model.iter().enumerate() {
                prop_assert_eq!(ranges.contains(at as u64), counted);
                let run = model[at..].iter().take_while(|&&c| c).count();
                prop_assert_eq!(ranges.run_from(at as u64), (at + run) as u64);
            }
            let list = list(&ranges);
            prop_assert!(list.windows(2).all(|pair| pair[0].end < pair[1].start));
        }
    }
}
