use crate::block::{self, BYTES};

/// Both ends of a key and its length: its first eight bytes and its last eight, or where it has less than sixteen all of
/// them with zeros behind. Keys up to sixteen bytes are equal when these are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ends {
    first: u64,
    last: u64,
    len: usize,
}

/// The first `n` bytes of a block, for `n` up to all of them.
const FIRST: [u128; BYTES + 1] = {
    let mut masks = [0; BYTES + 1];
    let mut len = 1;
    while len <= BYTES {
        masks[len] = u128::MAX >> (8 * (BYTES - len));
        len += 1;
    }
    masks
};

impl Ends {
    /// Of no key at all.
    pub const NONE: Ends = Ends {
        first: 0,
        last: 0,
        len: usize::MAX,
    };

    pub fn of(key: &[u8]) -> Ends {
        let last = match key.last_chunk() {
            Some(last) if key.len() > BYTES => u64::from_le_bytes(*last),
            _ => return Ends::of_block(&block::first(key), key.len()),
        };
        Ends {
            last,
            ..Ends::of_block(&block::first(key), key.len())
        }
    }

    /// Of the key that has `len` bytes from `from` on in a text. Most texts go on behind the key, which is then read as
    /// one block whatever its length.
    #[inline(always)]
    pub fn of_piece(text: &[u8], from: usize, len: usize) -> Ends {
        match text.get(from..).and_then(<[u8]>::first_chunk) {
            Some(block) if len <= BYTES => Ends::of_block(block, len),
            _ => Ends::of(text.get(from..from + len).unwrap_or_default()),
        }
    }

    /// The first and the last half of a block's first bytes, with zeros behind them.
    #[inline(always)]
    fn of_block(block: &[u8; BYTES], len: usize) -> Ends {
        let halves = u128::from_le_bytes(*block) & FIRST[len.min(BYTES)];
        Ends {
            first: halves as u64,
            last: (halves >> 64) as u64,
            len,
        }
    }

    /// Cheap, and weak: who writes the keys can make many of them equal. For tables that are small or our own.
    #[inline]
    pub fn hash(&self) -> usize {
        // An odd constant without pattern: the fraction of the golden ratio.
        let mixed =
            (self.first ^ self.last.rotate_left(29) ^ self.len as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 40) as usize
    }

    /// Whether `key`, whose ends these are, is `other`, whose ends are `ends`.
    #[inline]
    pub fn same(&self, key: &[u8], ends: &Ends, other: &[u8]) -> bool {
        self == ends && (self.len <= BYTES || key == other)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn keys_are_the_same_when_they_are_equal(a in "[ab\0]{0,20}", b in "[ab\0]{0,20}") {
            let (a, b) = (a.as_bytes(), b.as_bytes());
            prop_assert_eq!(Ends::of(a).same(a, &Ends::of(b), b), a == b);
            prop_assert!(Ends::of(a).same(a, &Ends::of(a), a));
            prop_assert_ne!(Ends::of(a), Ends::NONE);
        }

        #[test]
        fn what_stands_around_a_key_does_not_matter(before in "[ab]{0,20}", key in "[ab]{0,40}", behind in "[ab]{0,20}") {
            let text = [&*before, &key, &behind].concat();
            let ends = Ends::of_piece(text.as_bytes(), before.len(), key.len());
            prop_assert_eq!(ends, Ends::of(key.as_bytes()));
        }
    }
}
