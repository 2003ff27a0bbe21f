use std::hash::{BuildHasher, Hasher, RandomState};

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// XXH3 with a seed chosen at random, so that a log cannot be written to collide.
#[derive(Clone, Debug)]
pub(super) struct Seed(u64);

impl Default for Seed {
    fn default() -> Self {
        Seed(RandomState::new().hash_one(0))
    }
}

impl Seed {
    /// The same in each run.
    #[cfg(test)]
    pub fn fixed() -> Self {
        Seed(7)
    }

    #[inline]
    pub fn hash(&self, bytes: &[u8]) -> u64 {
        xxh3_64_with_seed(bytes, self.0)
    }
}

/// For maps with byte strings as keys.
impl BuildHasher for Seed {
    type Hasher = BytesHasher;

    fn build_hasher(&self) -> BytesHasher {
        BytesHasher(self.0)
    }
}

pub(super) struct BytesHasher(u64);

impl Hasher for BytesHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }

    /// The length that stands before the bytes of a slice; XXH3 depends on it by itself.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

/// For maps whose keys are hashes already.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AlreadyHashed(u64);

impl BuildHasher for AlreadyHashed {
    type Hasher = AlreadyHashed;

    fn build_hasher(&self) -> AlreadyHashed {
        AlreadyHashed(0)
    }
}

impl Hasher for AlreadyHashed {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn owned_and_borrowed_bytes_hash_alike() {
        let seed = Seed::default();
        let text: Arc<[u8]> = b"service=\"shop\"".as_slice().into();
        assert_eq!(seed.hash_one(&text), seed.hash_one(&*text));
        assert_eq!(seed.hash_one(&text), seed.hash(&text));
        assert_ne!(seed.hash(b"a"), seed.hash(b"b"));
    }
}
