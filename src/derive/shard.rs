use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::cells::Cells;
use super::key::Key;
use super::rows::Rows;
use crate::event::Span;

/// One worker's part of all metrics. The worker locks it once per chunk, so that an event costs no
/// synchronisation and a scrape sees whole chunks.
#[derive(Debug)]
pub struct Shard {
    pub(super) state: Arc<Mutex<State>>,
}

#[derive(Debug)]
pub(super) struct State {
    pub cells: Cells,
    pub rows: Rows,
    /// The key of the event at hand; kept for its memory.
    pub key: Key,
    /// The label text of a new row; kept for its memory.
    pub text: Vec<u8>,
    /// What was counted since the registry last looked.
    pub counted: Vec<Span>,
}

impl State {
    pub fn new(seed: u64) -> Self {
        State {
            cells: Cells::default(),
            rows: Rows::new(seed),
            key: Key::new(),
            text: Vec::new(),
            counted: Vec::new(),
        }
    }
}

impl Shard {
    /// For the time of one chunk. While it lives, scrapes and checkpoints wait: do not wait for anything with it.
    pub fn lock(&self) -> ShardGuard<'_> {
        ShardGuard {
            state: lock(&self.state),
        }
    }
}

/// Counts are sums: a panic elsewhere cannot leave them half done in a way that matters more than losing them.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A locked [`Shard`]: what [`super::Rules::count`] counts into.
#[derive(Debug)]
pub struct ShardGuard<'a> {
    pub(super) state: MutexGuard<'a, State>,
}

impl ShardGuard<'_> {
    /// The events of these bytes are counted. Said under the same lock as the counts themselves, so that
    /// whoever reads both sees neither without the other.
    pub fn counted(&mut self, span: Span) {
        match self.state.counted.last_mut() {
            Some(last) if last.file == span.file && last.to == span.from => last.to = span.to,
            _ => self.state.counted.push(span),
        }
    }
}
