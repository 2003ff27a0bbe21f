use crate::block::{BYTES, Block};

/// A key as most programs write it, from behind its first quote on: `key":`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written {
    /// Zeros behind it.
    blocks: [[u8; BYTES]; 2],
    len: usize,
    /// A bit for each of its bytes; none where it is not foreseen, because it is too long or has to be escaped.
    all: u32,
}

impl Written {
    pub const UNFORESEEN: Written = Written {
        blocks: [[0; BYTES]; 2],
        len: 0,
        all: 0,
    };

    pub fn new(key: &[u8]) -> Written {
        let len = key.len() + 2;
        let escaped = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
        if len > 2 * BYTES || key.iter().any(escaped) {
            return Written::UNFORESEEN;
        }
        let mut blocks = [[0; BYTES]; 2];
        let bytes = key.iter().chain(b"\":");
        for (to, byte) in blocks.as_flattened_mut().iter_mut().zip(bytes) {
            *to = *byte;
        }
        let all = u32::MAX >> (2 * BYTES - len);
        Written { blocks, len, all }
    }

    /// How many bytes it has.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether a text has it at `at`. False as well where less than a block of the text is left.
    #[inline(always)]
    pub fn stands_at(&self, text: &[u8], at: usize) -> bool {
        let same = |at: usize, block| Some(Block::at(text, at)?.same(Block::new(block)).bits());
        let [first, second] = &self.blocks;
        let Some(mut found) = same(at, first) else {
            return false;
        };
        if self.len > BYTES {
            found |= same(at + BYTES, second).unwrap_or(0) << BYTES;
        }
        self.all != 0 && found & self.all == self.all
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_key_stands_where_it_is_written(key in "[ab]{0,40}", other in "[ab\"\\\\]{0,40}", behind in "[ab]{32}") {
            let written = Written::new(key.as_bytes());
            let text = format!("-{key}\":{behind}");
            prop_assert_eq!(written.stands_at(text.as_bytes(), 1), key.len() <= 30);
            let text = format!("-{other}\":{behind}");
            prop_assert_eq!(written.stands_at(text.as_bytes(), 1), key == other && key.len() <= 30);
            if other.contains(['"', '\\']) {
                prop_assert!(!Written::new(other.as_bytes()).stands_at(text.as_bytes(), 1));
            }
        }
    }

    #[test]
    fn what_is_not_foreseen_stands_nowhere() {
        assert!(!Written::UNFORESEEN.stands_at(&[0; 40], 0));
        assert!(!Written::new(b"key").stands_at(b"key\":1", 0));
    }
}
