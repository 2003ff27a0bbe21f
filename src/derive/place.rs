//! Sessions and top lists, which all workers note in one place per service: whether a session has begun, or a key
//! is heavy, is nothing that a worker could say by itself.
//!
//! A worker does not wait for that place at each event: it keeps [`Notes`] and hands them over when there are
//! [`NOTES_MAX`] of them or its chunk is done.

use std::sync::{Arc, Mutex};

use super::hash::Seed;
use super::label::LabelText;
use super::lock::lock;
use super::pane::Amounts;
use super::session::Sessions;
use super::top::Top;

/// Events that a worker notes before it hands them over: enough that the lock costs nothing, few enough that they
/// stay in the first-level cache.
const NOTES_MAX: usize = 256;

/// Where the events of one service are gathered for one metric.
#[derive(Debug)]
pub(super) struct Place {
    /// Its place in each worker's notes.
    pub index: usize,
    /// The text of the labels that all its events have.
    pub owner: Vec<u8>,
    pub labels: LabelText,
    pub seed: Seed,
    pub table: Mutex<Table>,
}

#[derive(Debug)]
pub(super) enum Table {
    Sessions(Box<Sessions>),
    Top(Top),
}

/// What one worker has to tell a place.
#[derive(Debug, Default)]
pub(super) struct Notes {
    place: Option<Arc<Place>>,
    list: Vec<Note>,
    /// The keys of the list, one after the other.
    keys: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Note {
    hash: u64,
    /// Milliseconds since the epoch.
    at: i64,
    read_at: i64,
    amounts: Amounts,
    key_len: u32,
}

impl Notes {
    /// An event of `key`, of which only the hash counts where the place is for sessions.
    #[inline]
    pub fn push(
        &mut self,
        place: &Arc<Place>,
        hash: u64,
        key: &[u8],
        amounts: Amounts,
        at: i64,
        read_at: i64,
    ) {
        if self.list.is_empty() {
            self.place.get_or_insert_with(|| Arc::clone(place));
        }
        self.keys.extend_from_slice(key);
        self.list.push(Note {
            hash,
            at,
            read_at,
            amounts,
            key_len: key.len() as u32,
        });
        if self.list.len() >= NOTES_MAX {
            self.hand_over();
        }
    }

    /// Leaves nothing behind.
    pub fn hand_over(&mut self) {
        let Some(place) = self.place.as_ref().filter(|_| !self.list.is_empty()) else {
            return;
        };
        let mut keys = self.keys.as_slice();
        match &mut *lock(&place.table) {
            Table::Sessions(sessions) => {
                for note in &self.list {
                    sessions.note(note.hash, note.at, note.read_at);
                }
            }
            Table::Top(top) => {
                for note in &self.list {
                    let (key, rest) = keys.split_at(note.key_len as usize);
                    keys = rest;
                    top.note(note.hash, key, note.amounts, note.at, note.read_at);
                }
            }
        }
        self.list.clear();
        self.keys.clear();
    }
}
