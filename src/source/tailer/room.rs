//! Descriptors: which files stay open between two looks.
//!
//! A file is opened for its turn and stays open while there is room, so that what is deleted is still read. Over the
//! limit those give way that can be opened again.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::Tailer;
use crate::source::Descriptors;
use crate::source::facts::Inode;
use crate::source::family::has_packed;
use crate::source::tail::Tail;

/// Which files are open, and how many may be.
pub(super) struct Room {
    limits: Descriptors,
    /// Descriptors in use; counted anew with each tick.
    count: usize,
    /// Files that are open, and perhaps some that have been closed since the last tick.
    opened: HashSet<Inode>,
    /// There was no descriptor to close at the last look.
    crowded: bool,
}

impl Room {
    pub fn new(limits: Descriptors) -> Room {
        Room {
            limits,
            count: 0,
            opened: HashSet::new(),
            crowded: false,
        }
    }

    /// One more file is open.
    pub fn note_open(&mut self, inode: Inode) {
        self.count += 1;
        self.opened.insert(inode);
    }

    /// A file is open in place of another one, whose descriptor is mostly given back now: counted with the next tick.
    pub fn note_instead(&mut self, inode: Inode) {
        self.opened.insert(inode);
    }

    /// It gives way to others.
    fn note_closed(&mut self, inode: Inode) {
        self.count -= 1;
        self.opened.remove(&inode);
    }

    fn is_full(&self) -> bool {
        self.count >= self.limits.quiet
    }
}

impl Tailer {
    /// Counts the descriptors anew and closes what is too much.
    pub(super) fn close_surplus(&mut self, now: Instant) {
        let files = &self.files;
        self.room
            .opened
            .retain(|inode| files.get(inode).is_some_and(|tail| tail.bytes.is_some()));
        self.room.count = self.room.opened.len();
        self.room.crowded = false;
        self.has_room(now);
    }

    /// Whether one more file may be opened; makes room for it if it can.
    pub(super) fn has_room(&mut self, now: Instant) -> bool {
        if self.room.is_full() && !self.room.crowded {
            self.make_room(now);
            // Looking again before the next tick would find nothing new.
            self.room.crowded = self.room.is_full();
        }
        !self.room.is_full()
    }

    /// Whether a file that may be gone soon may be opened.
    pub(super) fn has_urgent_room(&mut self, now: Instant) -> bool {
        self.has_room(now) || self.room.count < self.room.limits.urgent
    }

    /// Closes the files that were quiet the longest, so that descriptors are left for new ones; those of which bytes
    /// are left to read go last. A deleted file is given up only when it is read to its end; then only somebody who
    /// still writes to it is not heard.
    fn make_room(&mut self, now: Instant) {
        let mut quiet: Vec<(bool, Instant, Inode)> = self
            .room
            .opened
            .iter()
            .filter_map(|inode| self.files.get(inode))
            .filter(|tail| tail.bytes.is_some())
            .filter(|tail| tail.is_drained() || self.is_kept(tail) || is_resting(tail))
            .map(|tail| (!tail.is_drained(), tail.grew, tail.inode))
            .collect();
        quiet.sort_unstable();
        let copied = self.originals_of_held();
        // With quick rotation many go at once: their directory is listed once.
        let mut packed: HashMap<PathBuf, bool> = HashMap::new();
        let quiet_max = self.room.limits.quiet;
        let surplus = (self.room.count + quiet_max.div_ceil(8)).saturating_sub(quiet_max);
        for (_, _, inode) in quiet.into_iter().take(surplus) {
            if self.files.get(&inode).is_some_and(|tail| tail.is_left()) {
                self.keep(inode, now);
            }
            let Some(tail) = self.files.get(&inode) else {
                continue;
            };
            let reopens = !tail.unlinked || self.is_kept(tail);
            let Some(tail) = self.files.get_mut(&inode) else {
                continue;
            };
            self.room.note_closed(inode);
            if reopens {
                tail.bytes = None;
                continue;
            }
            if copied.contains(&inode) {
                self.bury(inode, now);
                continue;
            }
            let dir = tail.path.parent().unwrap_or(Path::new("/"));
            let may_stand_in = *packed.entry(dir.to_path_buf()).or_insert_with(|| has_packed(dir));
            if may_stand_in {
                self.drop_file(inode);
            } else {
                self.forget_file(inode);
            }
        }
    }

    /// The file's turn is over: over the limit it is closed until the next one, if it can be opened again then.
    pub(super) fn give_way(&mut self, inode: Inode) {
        let (count, limits) = (self.room.count, self.room.limits);
        if count <= limits.quiet {
            return;
        }
        let is_urgent = count <= limits.urgent;
        let Some(tail) = self.files.get_mut(&inode) else {
            return;
        };
        if tail.bytes.is_none() || tail.unlinked {
            return;
        }
        let is_begun = tail.place().is_some_and(|place| place.offset > 0);
        if tail.is_gz && tail.queued && is_begun {
            // Opened again it would have to be unpacked from its beginning: it is read to its end first.
            if self.ready.back() == Some(&inode) {
                self.ready.pop_back();
                self.ready.push_front(inode);
            }
            return;
        }
        let is_named = !tail.names.is_empty();
        if is_named || tail.is_drained() || !is_urgent {
            tail.bytes = None;
            self.room.note_closed(inode);
        }
    }
}

/// It has a name of its input and waits for nothing but more bytes.
fn is_resting(tail: &Tail) -> bool {
    !tail.queued && !tail.names.is_empty() && !tail.unlinked && !tail.is_gz
}

#[cfg(test)]
mod tests;
