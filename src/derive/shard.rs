use std::sync::{Arc, Mutex, MutexGuard};

use super::cells::Cells;
use super::key::Key;
use super::lock::lock;
use super::place::Notes;
use super::room::Room;
use super::rows::Rows;
use crate::event::{FileKey, Timestamp};

/// Up to where a worker has counted the file that it has at hand: events before this offset are in its cells.
pub type Mark = (FileKey, u64);

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
    /// By [`super::place::Place::index`].
    pub notes: Vec<Notes>,
    /// When the events at hand were read, in milliseconds since the epoch; `None`: nobody said so.
    pub read_at: Option<i64>,
    /// Up to where the file at hand is counted.
    pub mark: Option<Mark>,
}

impl State {
    pub fn new(room: &Arc<Room>) -> Self {
        State {
            cells: Cells::default(),
            rows: Rows::new(room),
            key: Key::new(),
            text: Vec::new(),
            notes: Vec::new(),
            read_at: None,
            mark: None,
        }
    }
}

impl Shard {
    /// For the time of one chunk. While it lives, scrapes wait: do not wait for anything with it.
    pub fn lock(&self) -> ShardGuard<'_> {
        ShardGuard {
            state: lock(&self.state),
        }
    }
}

/// A locked [`Shard`]: what [`super::Rules::count`] counts into.
#[derive(Debug)]
pub struct ShardGuard<'a> {
    pub(super) state: MutexGuard<'a, State>,
}

impl ShardGuard<'_> {
    /// When the events that follow were read. No event happened later than that, whatever it says.
    pub fn read_at(&mut self, at: Timestamp) {
        self.state.read_at = Some(at.unix_millis());
    }
}

impl Drop for ShardGuard<'_> {
    fn drop(&mut self) {
        self.state.notes.iter_mut().for_each(Notes::hand_over);
    }
}
