/// A set of bytes, for "can a value of this kind begin with that byte".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ByteSet([u64; 4]);

impl ByteSet {
    pub const EMPTY: ByteSet = ByteSet([0; 4]);
    pub const ALL: ByteSet = ByteSet([u64::MAX; 4]);
    pub const DIGITS: ByteSet = ByteSet::EMPTY.and_range(b'0', b'9');
    pub const LETTERS: ByteSet = ByteSet::EMPTY.and_range(b'a', b'z').and_range(b'A', b'Z');

    /// With the bytes `from` to `to`, both included.
    pub const fn and_range(mut self, from: u8, to: u8) -> ByteSet {
        let mut byte = from;
        while byte <= to {
            self.0[byte as usize / 64] |= 1 << (byte % 64);
            if byte == u8::MAX {
                break;
            }
            byte += 1;
        }
        self
    }

    pub const fn and(self, byte: u8) -> ByteSet {
        self.and_range(byte, byte)
    }

    pub const fn without(mut self, byte: u8) -> ByteSet {
        self.0[byte as usize / 64] &= !(1 << (byte % 64));
        self
    }

    pub const fn or(self, other: ByteSet) -> ByteSet {
        ByteSet([
            self.0[0] | other.0[0],
            self.0[1] | other.0[1],
            self.0[2] | other.0[2],
            self.0[3] | other.0[3],
        ])
    }

    #[inline]
    pub const fn has(&self, byte: u8) -> bool {
        self.0[byte as usize / 64] & (1 << (byte % 64)) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_put_in() {
        let set = ByteSet::DIGITS.and(b'-').and(0xff).without(b'5');
        for byte in 0..=255u8 {
            let expected = (byte.is_ascii_digit() && byte != b'5') || byte == b'-' || byte == 0xff;
            assert_eq!(set.has(byte), expected, "{byte}");
        }
        assert!((0..=255).all(|byte| ByteSet::ALL.has(byte) && !ByteSet::EMPTY.has(byte)));
    }
}
