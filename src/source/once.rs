use std::sync::atomic::{AtomicBool, Ordering};

/// A run that ends by itself, when everything that is there has been read: what it says of that.
///
/// Both flags only ever become true, and the thread that reads them has seen that thread end which sets them.
#[derive(Debug, Default)]
pub struct Once {
    ended: AtomicBool,
    missed: AtomicBool,
}

impl Once {
    /// Everything was read that could be.
    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// A file or a directory could not be read, or there was no file at all.
    pub fn has_missed(&self) -> bool {
        self.missed.load(Ordering::Acquire)
    }

    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Release);
    }

    pub(super) fn miss(&self) {
        self.missed.store(true, Ordering::Release);
    }
}
