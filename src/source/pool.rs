use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Bell;
use crate::event::{Chunk, FileKey, Frame, Span};
use crate::limits::{CHUNK_BYTES, CHUNK_FRAMES_MAX};

/// What an ordinary chunk is charged with, in bytes: its raw bytes and its frames.
pub const CHUNK_CHARGE: usize = CHUNK_BYTES + CHUNK_FRAMES_MAX * size_of::<Frame>();

/// The chunks that may be under way at once, bounded by their memory. When none is left the reader waits: this
/// is what holds a fast reader back behind a slow output.
#[derive(Clone, Debug)]
pub struct Pool {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    inner: Mutex<Inner>,
    /// Rung when memory comes back after a refusal.
    bell: Bell,
}

#[derive(Debug)]
struct Inner {
    free: Vec<Chunk>,
    /// Charged for chunks that are out, in bytes.
    out_bytes: usize,
    /// Never above it, except that one chunk is always granted.
    bytes_max: usize,
    /// Somebody was refused.
    hungry: bool,
}

impl Pool {
    /// A pool whose chunks together stay below `bytes_max`. One chunk is always granted, whatever its size.
    pub fn new(bytes_max: usize, bell: Bell) -> Pool {
        Pool {
            shared: Arc::new(Shared {
                inner: Mutex::new(Inner {
                    free: Vec::new(),
                    out_bytes: 0,
                    bytes_max,
                    hungry: false,
                }),
                bell,
            }),
        }
    }

    /// A chunk for `raw_bytes` without events; what is in `raw` has no meaning. `None` when the memory is used up. The bell rings when it
    /// is worth trying again.
    pub fn take(&self, raw_bytes: usize) -> Option<Pooled> {
        let charge = CHUNK_CHARGE + raw_bytes.saturating_sub(CHUNK_BYTES);
        let mut inner = self.shared.lock();
        if inner.out_bytes > 0 && inner.out_bytes.saturating_add(charge) > inner.bytes_max {
            inner.hungry = true;
            return None;
        }
        inner.out_bytes += charge;
        let mut chunk = inner.free.pop().unwrap_or_else(empty);
        drop(inner);
        chunk.raw.resize(raw_bytes, 0);
        Some(Pooled {
            chunk: Some(chunk),
            charge,
            shared: Arc::clone(&self.shared),
        })
    }

    /// From now on chunks together stay below so many bytes. Those that are out are not taken back.
    pub fn resize(&self, bytes_max: usize) {
        let mut inner = self.shared.lock();
        inner.bytes_max = bytes_max;
        let spare = inner.spare();
        inner.free.truncate(spare);
        let ring = std::mem::take(&mut inner.hungry);
        drop(inner);
        if ring {
            self.shared.bell.ring();
        }
    }

    /// What the chunks that are out are charged with, in bytes.
    pub fn out_bytes(&self) -> usize {
        self.shared.lock().out_bytes
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give_back(&self, mut chunk: Chunk, charge: usize) {
        // `raw` keeps its length: what the next read writes over need not be filled before.
        chunk.unwrapped.clear();
        chunk.frames.clear();
        // A chunk that held a very long event is not kept at that size.
        if chunk.raw.capacity() > CHUNK_BYTES + CHUNK_BYTES / 4 {
            chunk.raw = Vec::new();
        }
        if chunk.unwrapped.capacity() > CHUNK_BYTES + CHUNK_BYTES / 4 {
            chunk.unwrapped = Vec::new();
        }
        let mut inner = self.lock();
        inner.out_bytes = inner.out_bytes.saturating_sub(charge);
        if inner.free.len() < inner.spare() {
            inner.free.push(chunk);
        }
        let ring = std::mem::take(&mut inner.hungry);
        drop(inner);
        if ring {
            self.bell.ring();
        }
    }
}

impl Inner {
    /// So many chunks may be kept beside those that are out; one in any case.
    fn spare(&self) -> usize {
        (self.bytes_max.saturating_sub(self.out_bytes) / CHUNK_CHARGE).max(1)
    }
}

fn empty() -> Chunk {
    Chunk {
        span: Span {
            file: FileKey(0),
            from: 0,
            to: 0,
        },
        raw: Vec::new(),
        unwrapped: Vec::new(),
        wrapped: false,
        frames: Vec::new(),
    }
}

/// A chunk on loan; dropping it gives its memory back.
#[derive(Debug)]
pub struct Pooled {
    /// Taken by `drop` only.
    chunk: Option<Chunk>,
    charge: usize,
    shared: Arc<Shared>,
}

impl Deref for Pooled {
    type Target = Chunk;

    fn deref(&self) -> &Chunk {
        // `None` is stored by `drop` only, and nothing uses a value after that.
        self.chunk.as_ref().expect("a pooled chunk before its drop")
    }
}

impl DerefMut for Pooled {
    fn deref_mut(&mut self) -> &mut Chunk {
        // As in `deref`.
        self.chunk.as_mut().expect("a pooled chunk before its drop")
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        if let Some(chunk) = self.chunk.take() {
            self.shared.give_back(chunk, self.charge);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_comes_back_and_rings_once() {
        let bell = Bell::default();
        let pool = Pool::new(2 * CHUNK_CHARGE, bell.clone());
        let first = pool.take(CHUNK_BYTES).unwrap();
        let memory = first.raw.as_ptr() as usize;
        let second = pool.take(CHUNK_BYTES).unwrap();
        assert!(pool.take(1).is_none());
        assert!(!bell.take().rung);
        drop(first);
        assert!(bell.take().rung);
        let again = pool.take(CHUNK_BYTES).unwrap();
        assert_eq!(again.raw.len(), CHUNK_BYTES);
        assert_eq!(again.raw.as_ptr() as usize, memory);
        drop(second);
        assert!(!bell.take().rung, "nobody was refused since");
        drop(again);
        assert_eq!(pool.out_bytes(), 0);
    }

    #[test]
    fn a_pool_that_is_made_smaller_lends_less_and_keeps_less() {
        let bell = Bell::default();
        let pool = Pool::new(3 * CHUNK_CHARGE, bell.clone());
        let [one, two, three] = [(); 3].map(|()| pool.take(CHUNK_BYTES).unwrap());
        drop([one, two]);
        pool.resize(CHUNK_CHARGE);
        assert!(pool.take(1).is_none());
        drop(three);
        assert_eq!(pool.shared.lock().free.len(), 1);
        let one = pool.take(1).unwrap();
        assert!(bell.take().rung && pool.take(1).is_none());
        pool.resize(2 * CHUNK_CHARGE);
        assert!(bell.take().rung, "there is more again");
        assert!(pool.take(1).is_some());
        drop(one);
    }

    #[test]
    fn one_chunk_is_always_granted() {
        let pool = Pool::new(1, Bell::default());
        let huge = pool.take(100 << 20).unwrap();
        assert!(pool.take(1).is_none());
        drop(huge);
        assert!(pool.take(1).is_some());
    }
}
