//! Sixteen bytes of a text, all of them compared at once: one vector register of the plainest processor.
//!
//! What is looked for in a line is mostly near (the end of a word, of a string, of a number), and then a call to a
//! search costs more than the search. A comparison of a block is three instructions, and so is asking which of its
//! bytes are marked:
//!
//! ```
//! use logmill::block::{Block, find};
//!
//! // By hand, a block at a time: where the first digit is.
//! let block = Block::new(b"rt=0.042 rl=310 ");
//! assert_eq!(block.within(b'0', b'9').first(), Some(3));
//! assert_eq!((block.is(b'=') | block.is(b' ')).bits(), 0b1000_1001_0000_0100);
//!
//! // In a text of any length, from a place on.
//! let special = |block: Block| block.is(b'"') | block.is(b'\\') | block.below(b' ');
//! assert_eq!(find(b"a path of /orders/42\" and more", 2, special), Some(20));
//! ```
//!
//! Marks are put together with `|` and `&` before they are looked at: that is one instruction for each, where looking
//! at each of them would be three. For what is far away `memchr` is better, which looks at more bytes at a time.
//!
//! The instructions are called by name, through `wide`, so that no `unsafe` is needed here; where a processor has
//! others, or none, `wide` does the same with those.

use std::ops::{BitAnd, BitOr};

use wide::u8x16;

/// Bytes of a block.
pub const BYTES: usize = 16;

/// Sixteen bytes.
#[derive(Clone, Copy, Debug)]
pub struct Block(u8x16);

/// Some of the bytes of a block.
#[derive(Clone, Copy, Debug)]
pub struct Marks(u8x16);

impl Block {
    #[inline(always)]
    pub fn new(bytes: &[u8; BYTES]) -> Block {
        Block(u8x16::new(*bytes))
    }

    /// The block that begins at `at`, where the text has so many bytes.
    #[inline(always)]
    pub fn at(text: &[u8], at: usize) -> Option<Block> {
        Some(Block::new(text.get(at..)?.first_chunk()?))
    }

    /// The bytes that are `byte`.
    #[inline(always)]
    pub fn is(self, byte: u8) -> Marks {
        Marks(self.0.simd_eq(u8x16::splat(byte)))
    }

    /// The bytes that are in both in the same place.
    #[inline(always)]
    pub fn same(self, other: Block) -> Marks {
        Marks(self.0.simd_eq(other.0))
    }

    /// The bytes from `from` to `to`, both included.
    #[inline(always)]
    pub fn within(self, from: u8, to: u8) -> Marks {
        let above = u8x16::new((self.0 - u8x16::splat(from)).to_array());
        Marks(above.min(u8x16::splat(to - from)).simd_eq(above))
    }

    /// The bytes below `from` or above `to`. The two are not 0 and 255, between which everything is.
    #[inline(always)]
    pub fn outside(self, from: u8, to: u8) -> Marks {
        let above = u8x16::new((self.0 - u8x16::splat(from)).to_array());
        Marks(above.max(u8x16::splat(to - from + 1)).simd_eq(above))
    }

    /// The bytes that are less than `limit`, which is not 0.
    #[inline(always)]
    pub fn below(self, limit: u8) -> Marks {
        self.within(0, limit - 1)
    }
}

impl Marks {
    /// Bit `n` for byte `n`; those above the sixteenth are 0.
    #[inline(always)]
    pub fn bits(self) -> u32 {
        self.0.to_bitmask()
    }

    /// The first of them.
    #[inline(always)]
    pub fn first(self) -> Option<usize> {
        match self.bits() {
            0 => None,
            bits => Some(bits.trailing_zeros() as usize),
        }
    }

    #[inline(always)]
    pub fn any(self) -> bool {
        self.bits() != 0
    }
}

impl BitOr for Marks {
    type Output = Marks;

    #[inline(always)]
    fn bitor(self, other: Marks) -> Marks {
        Marks(self.0 | other.0)
    }
}

impl BitAnd for Marks {
    type Output = Marks;

    #[inline(always)]
    fn bitand(self, other: Marks) -> Marks {
        Marks(self.0 & other.0)
    }
}

/// The first bytes of a text, and zeros behind a text that has less.
#[inline(always)]
pub fn first(text: &[u8]) -> [u8; BYTES] {
    match text.first_chunk() {
        Some(bytes) => *bytes,
        None => all_of(text),
    }
}

/// All of a text of less than a block, and zeros behind it.
#[inline(never)]
fn all_of(text: &[u8]) -> [u8; BYTES] {
    let bits = 8 * text.len() as u32;
    // Two numbers that overlap, not byte by byte: no loop that ends where nobody can predict.
    let number = if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        let (first, last) = (u64::from_le_bytes(*first), u64::from_le_bytes(*last));
        u128::from(first) | u128::from(last) << (bits - 64)
    } else if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        (u64::from(first) | u64::from(last) << (bits - 32)).into()
    } else if let [first, .., last] = text {
        let middle = text.len() / 2;
        let ends = u32::from(*first) | u32::from(*last) << (bits - 8);
        (ends | u32::from(text[middle]) << (8 * middle)).into()
    } else {
        text.first().copied().unwrap_or(0).into()
    };
    number.to_le_bytes()
}

/// The first byte of `text` from `from` on that is marked; `marks` is asked of a block at a time.
#[inline(always)]
pub fn find(text: &[u8], from: usize, marks: impl Fn(Block) -> Marks) -> Option<usize> {
    let rest = text.get(from..)?;
    let mut at = from;
    for block in rest.as_chunks().0 {
        if let Some(place) = marks(Block::new(block)).first() {
            return Some(at + place);
        }
        at += BYTES;
    }
    find_in_tail(text, at, marks)
}

/// [`find`] where less than a block is left, from `at` on. By a call, to keep the search itself small.
#[inline(never)]
fn find_in_tail(text: &[u8], at: usize, marks: impl Fn(Block) -> Marks) -> Option<usize> {
    let left = text.len().checked_sub(at).filter(|left| *left > 0)?;
    let (begin, block) = match text.last_chunk() {
        Some(last) => (text.len() - BYTES, Block::new(last)),
        None => (0, Block::new(&all_of(text))),
    };
    // Without what stands before `at`, and without what a short block has behind the text.
    let bits = (marks(block).bits() >> (at - begin)) & ((1 << left) - 1);
    (bits != 0).then(|| at + bits.trailing_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn places(marks: Marks) -> Vec<usize> {
        (0..32).filter(|place| marks.bits() & (1 << place) != 0).collect()
    }

    fn expected(bytes: &[u8; BYTES], is: impl Fn(u8) -> bool) -> Vec<usize> {
        (0..BYTES).filter(|place| is(bytes[*place])).collect()
    }

    #[test]
    fn every_byte_is_told_from_every_other() {
        for byte in 0..=255u8 {
            let mut bytes = [byte; BYTES];
            bytes[5] = byte.wrapping_add(1);
            bytes[15] = byte.wrapping_sub(1);
            let block = Block::new(&bytes);
            for limit in 1..=255 {
                assert_eq!(places(block.below(limit)), expected(&bytes, |byte| byte < limit));
                assert_eq!(places(block.is(limit)), expected(&bytes, |byte| byte == limit));
            }
        }
    }

    proptest! {
        #[test]
        fn marks_are_those_of_each_byte(bytes: [u8; BYTES], ends: [u8; 2], other: u8) {
            let [from, to] = [ends[0].min(ends[1]), ends[0].max(ends[1])];
            let block = Block::new(&bytes);
            let within = |byte| (from..=to).contains(&byte);
            let (range, one) = (block.within(from, to), block.is(other));
            prop_assert_eq!(places(range), expected(&bytes, within));
            if to - from < 255 {
                let outside = expected(&bytes, |byte| !within(byte));
                prop_assert_eq!(places(block.outside(from, to)), outside);
            }
            prop_assert_eq!(places(range | one), expected(&bytes, |byte| within(byte) || byte == other));
            prop_assert_eq!(places(range & one), expected(&bytes, |byte| within(byte) && byte == other));
            prop_assert_eq!(range.first(), bytes.iter().position(|byte| within(*byte)));
            prop_assert_eq!(range.any(), range.first().is_some());
            let all = [from; BYTES];
            prop_assert_eq!(block.same(Block::new(&all)).bits(), block.is(from).bits());
        }

        #[test]
        fn a_short_text_has_zeros_behind_it(text in prop::collection::vec(any::<u8>(), 0..20)) {
            let mut expected = text.clone();
            expected.resize(BYTES, 0);
            prop_assert_eq!(first(&text).to_vec(), expected);
        }

        #[test]
        fn the_first_place_is_found(text in "[ab\0]{0,70}", from in 0usize..80, byte in prop::sample::select(b"a\0c".to_vec())) {
            let text = text.as_bytes();
            let expected = (from..text.len()).find(|at| text[*at] == byte);
            prop_assert_eq!(find(text, from, |block| block.is(byte)), expected);
            let any = (from < text.len()).then_some(from);
            prop_assert_eq!(find(text, from, |block| block.below(255)), any);
        }
    }
}
