use std::fmt;

/// Which life of which file: stays the same across renames, restarts and compression of the rotated file;
/// changes when a file is truncated and written anew. Made in `source::identity`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileKey(pub u64);

impl fmt::Display for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The bytes `from..to` of one file. Offsets count from the file's first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    pub file: FileKey,
    pub from: u64,
    /// Exclusive; never below `from`.
    pub to: u64,
}

impl Span {
    pub fn bytes(&self) -> u64 {
        self.to - self.from
    }
}
