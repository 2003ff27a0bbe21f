//! A fixed number of batches: what bounds the memory between parser and server, and what stops the reader when
//! the server is slow.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::batch::{Batch, Doc, Part};

/// Lends batches and gets each back when it is dropped, wherever that happens.
///
/// A clone lends from the same stock. The batch given back last is lent first, so that a quiet agent touches
/// the memory of one body only.
#[derive(Clone, Debug)]
pub struct BatchPool {
    shared: Arc<Shared>,
}

/// The way of a batch back to its pool.
#[derive(Clone, Debug)]
pub(super) struct Home(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    stock: Mutex<Stock>,
    returned: Condvar,
    /// What a body may hold without growing, in bytes. Changes with the files that are known.
    body_bytes: AtomicUsize,
    batches: usize,
}

#[derive(Debug)]
struct Stock {
    idle: Vec<Batch>,
    /// Batches that may still be made: memory is asked for when a batch is first needed.
    unmade: usize,
    closed: bool,
}

impl BatchPool {
    /// At most `batches` (one at least) at a time, each with room for `body_bytes` of body.
    pub fn new(batches: usize, body_bytes: usize) -> Self {
        BatchPool {
            shared: Arc::new(Shared {
                stock: Mutex::new(Stock {
                    idle: Vec::with_capacity(batches),
                    unmade: batches.max(1),
                    closed: false,
                }),
                returned: Condvar::new(),
                body_bytes: AtomicUsize::new(body_bytes),
                batches: batches.max(1),
            }),
        }
    }

    /// An empty batch; waits until there is one. `None` once the pool is closed. Blocks the thread: not for
    /// async tasks.
    pub fn take(&self) -> Option<Batch> {
        let mut stock = self.shared.stock();
        loop {
            if stock.closed {
                return None;
            }
            if let Some(batch) = self.lend(&mut stock) {
                return Some(batch);
            }
            stock = self
                .shared
                .returned
                .wait(stock)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Batches that there are, lent or not: those that were never needed take no memory.
    pub fn made(&self) -> usize {
        let stock = self.shared.stock();
        self.shared.batches - stock.unmade
    }

    /// What a body may hold without growing, in bytes.
    pub fn body_bytes(&self) -> usize {
        self.shared.body_bytes()
    }

    /// From now on bodies have room for so many bytes. One that is lent is cut when it comes back.
    pub fn resize(&self, body_bytes: usize) {
        self.shared.body_bytes.store(body_bytes, Ordering::Relaxed);
        for batch in &mut self.shared.stock().idle {
            cut(&mut batch.body, body_bytes);
        }
    }

    /// No more batches are lent; whoever waits in [`BatchPool::take`] gets `None`.
    pub fn close(&self) {
        self.shared.stock().closed = true;
        self.shared.returned.notify_all();
    }

    fn lend(&self, stock: &mut Stock) -> Option<Batch> {
        let mut batch = match stock.idle.pop() {
            Some(batch) => batch,
            None => {
                stock.unmade = stock.unmade.checked_sub(1)?;
                Batch::default()
            }
        };
        let there = batch.body.len();
        batch
            .body
            .reserve_exact(self.shared.body_bytes().saturating_sub(there));
        batch.home = Some(Home(Arc::clone(&self.shared)));
        Some(batch)
    }
}

impl Shared {
    fn body_bytes(&self) -> usize {
        self.body_bytes.load(Ordering::Relaxed)
    }

    /// No code panics while it holds the lock, so a poisoned stock is whole.
    fn stock(&self) -> MutexGuard<'_, Stock> {
        self.stock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leaves a body that is not in use memory for so many bytes, at most.
fn cut(body: &mut Vec<u8>, bytes: usize) {
    body.truncate(bytes);
    body.shrink_to(bytes);
}

impl Home {
    /// Takes emptied memory back. A body that one large document made grow is cut to size again.
    pub(super) fn give_back(self, mut body: Vec<u8>, docs: Vec<Doc>, parts: Vec<Part>) {
        cut(&mut body, self.0.body_bytes());
        self.0.stock().idle.push(Batch {
            body,
            docs,
            parts,
            home: None,
        });
        self.0.returned.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_comes_back_with_its_memory_when_it_is_dropped() {
        let pool = BatchPool::new(1, 1000);
        let mut batch = pool.take().unwrap();
        batch.body.extend_from_slice(b"text");
        let memory = batch.body.as_ptr();
        let more = pool.lend(&mut pool.shared.stock());
        assert!(more.is_none(), "one batch, and it is out");
        drop(batch);
        let batch = pool.take().unwrap();
        assert!(batch.text().is_empty() && batch.body.capacity() >= 1000);
        assert_eq!(batch.body.as_ptr(), memory);
    }

    #[test]
    fn bodies_are_cut_when_there_is_less_for_them() {
        let pool = BatchPool::new(2, 1000);
        let (idle, lent) = (pool.take().unwrap(), pool.take().unwrap());
        drop(idle);
        pool.resize(100);
        drop(lent);
        let both = [pool.take().unwrap(), pool.take().unwrap()];
        assert!(
            both.iter()
                .all(|batch| (100..1000).contains(&batch.body.capacity()))
        );
    }

    #[test]
    fn a_body_that_grew_is_cut_to_size() {
        let pool = BatchPool::new(1, 1000);
        let mut batch = pool.take().unwrap();
        batch.body.resize(1 << 20, b'x');
        drop(batch);
        assert!(pool.take().unwrap().body.capacity() < 1 << 20);
    }

    #[test]
    fn who_waits_gets_the_next_batch_or_hears_that_the_pool_closed() {
        let pool = BatchPool::new(1, 10);
        let batch = pool.take().unwrap();
        let waiting = std::thread::spawn({
            let pool = pool.clone();
            move || pool.take().map(drop).is_some()
        });
        drop(batch);
        assert!(waiting.join().unwrap());

        let _batch = pool.take().unwrap();
        let waiting = std::thread::spawn({
            let pool = pool.clone();
            move || pool.take().is_none()
        });
        pool.close();
        assert!(waiting.join().unwrap());
    }
}
