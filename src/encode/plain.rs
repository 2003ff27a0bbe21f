//! Which bytes can stand in a JSON string as they are: plain ones. They are ASCII, and neither a control character
//! nor a quote nor a backslash (RFC 8259, section 7).

use crate::block::{self, Block};

/// Bytes of a block.
pub(super) const BLOCK: usize = block::BYTES;

/// Whether all of a block is plain.
#[inline(always)]
pub(super) fn is_plain_block(bytes: &[u8; BLOCK]) -> bool {
    let block = Block::new(bytes);
    !(block.outside(b' ', 0x7f) | block.is(b'"') | block.is(b'\\')).any()
}

/// The same of eight bytes in one number, which is less than a vector is worth.
#[inline(always)]
pub(super) fn is_plain_word(bytes: [u8; 8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let word = u64::from_le_bytes(bytes);
    // The high bit of a byte: it is below `limit`, or beyond ASCII, or a byte before it is below.
    let below = |word: u64, limit: u8| word.wrapping_sub(ONES * u64::from(limit));
    let is = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    (below(word, b' ') | is(b'"') | is(b'\\') | word) & HIGHS == 0
}

/// The first byte of valid UTF-8 that has to be escaped.
pub(super) fn first_escape(text: &[u8]) -> Option<usize> {
    let needs = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    let (blocks, _) = text.as_chunks::<BLOCK>();
    let mut at = 0;
    for block in blocks {
        // A block that is not plain may yet be beyond ASCII only.
        if !is_plain_block(block)
            && let Some(place) = block.iter().position(|byte| needs(*byte))
        {
            return Some(at + place);
        }
        at += BLOCK;
    }
    let in_rest = text[at..].iter().position(|byte| needs(*byte))?;
    Some(at + in_rest)
}

/// A text of less than eight bytes, and spaces behind it: read as one or two overlapping numbers, not byte by byte.
#[inline(always)]
pub(super) fn short_word(text: &[u8]) -> [u8; 8] {
    const SPACES: u64 = u64::from_le_bytes([b' '; 8]);
    let bits = 8 * text.len() as u32;
    let word = if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        u64::from(u32::from_le_bytes(*first)) | (u64::from(u32::from_le_bytes(*last)) << (bits - 32))
    } else if let [first, .., last] = text {
        let middle = text.len() / 2;
        u64::from(*first) | (u64::from(text[middle]) << (8 * middle)) | (u64::from(*last) << (bits - 8))
    } else {
        text.first().copied().map_or(0, u64::from)
    };
    (word | SPACES.checked_shl(bits).unwrap_or(0)).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_plain(byte: u8) -> bool {
        byte.is_ascii() && byte >= 0x20 && !b"\"\\".contains(&byte)
    }

    #[test]
    fn every_byte_is_known_among_others() {
        for byte in 0..=255u8 {
            for at in 0..BLOCK {
                let mut block = [b'a'; BLOCK];
                block[at] = byte;
                assert_eq!(is_plain_block(&block), is_plain(byte), "{byte} at {at}");
                let mut word = [b'~'; 8];
                word[at % 8] = byte;
                assert_eq!(is_plain_word(word), is_plain(byte), "{byte} at {at}");
            }
        }
    }

    proptest! {
        #[test]
        fn many_bytes_are_what_each_is(
            block in proptest::array::uniform16(prop_oneof![30 => b' '..=b'~', 1 => any::<u8>()]),
        ) {
            let all_plain = |bytes: &[u8]| bytes.iter().all(|byte| is_plain(*byte));
            prop_assert_eq!(is_plain_block(&block), all_plain(&block));
            let word = *block.first_chunk().unwrap();
            prop_assert_eq!(is_plain_word(word), all_plain(&word));
        }

        #[test]
        fn the_first_escape_is_found(text in "[ab]{0,40}[ab\n\"łß日\\\\]{0,9}") {
            let expected = text.bytes().position(|byte| matches!(byte, b'\n' | b'"' | b'\\'));
            prop_assert_eq!(first_escape(text.as_bytes()), expected);
        }

        #[test]
        fn a_short_text_keeps_its_place(text in proptest::collection::vec(any::<u8>(), 0..8)) {
            let mut expected = [b' '; 8];
            expected[..text.len()].copy_from_slice(&text);
            prop_assert_eq!(short_word(&text), expected);
        }
    }
}
