/// Both ends of a key and its length. Keys up to 16 bytes are equal when these are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ends {
    head: u64,
    tail: u64,
    len: usize,
}

/// The longest key that its ends cover.
const COVERED: usize = 16;

impl Ends {
    #[inline]
    pub fn of(key: &[u8]) -> Ends {
        let (head, tail) = if let (Some(head), Some(tail)) = (key.first_chunk(), key.last_chunk()) {
            (u64::from_le_bytes(*head), u64::from_le_bytes(*tail))
        } else if let (Some(head), Some(tail)) = (key.first_chunk(), key.last_chunk()) {
            (u32::from_le_bytes(*head).into(), u32::from_le_bytes(*tail).into())
        } else {
            let byte = |at: usize| u64::from(key.get(at).copied().unwrap_or_default());
            (byte(0) | byte(1) << 8 | byte(2) << 16, 0)
        };
        Ends {
            head,
            tail,
            len: key.len(),
        }
    }

    /// Cheap, and weak: who writes the keys can make many of them equal. For tables that are small or our own.
    #[inline]
    pub fn hash(&self) -> usize {
        // An odd constant without pattern: the fraction of the golden ratio.
        let mixed =
            (self.head ^ self.tail.rotate_left(29) ^ self.len as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 40) as usize
    }

    /// Whether `key`, whose ends these are, is `other`, whose ends are `ends`.
    #[inline]
    pub fn same(&self, key: &[u8], ends: &Ends, other: &[u8]) -> bool {
        self == ends && (self.len <= COVERED || key == other)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn keys_are_the_same_when_they_are_equal(a in "[ab]{0,20}", b in "[ab]{0,20}") {
            let (a, b) = (a.as_bytes(), b.as_bytes());
            prop_assert_eq!(Ends::of(a).same(a, &Ends::of(b), b), a == b);
            prop_assert!(Ends::of(a).same(a, &Ends::of(a), a));
        }
    }
}
