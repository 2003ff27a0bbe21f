//! The end of a run that is to end by itself.
//!
//! A file is concluded when nothing is left of it: its last event and its last line are complete then, with or without
//! what would complete them in a file that goes on. Who writes to a file later begins a new line there.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

use super::Tailer;
use crate::limits::FINISH_AFTER;
use crate::source::Once;
use crate::source::facts::Inode;
use crate::source::frame::End;
use crate::source::tail::{Beginning, Stage};

/// What has been concluded so far.
pub struct Conclusion {
    once: Arc<Once>,
    files: HashSet<Inode>,
}

impl Conclusion {
    pub fn new(once: Arc<Once>) -> Conclusion {
        Conclusion {
            once,
            files: HashSet::new(),
        }
    }

    /// Something cannot be read.
    pub fn miss(&self) {
        self.once.miss();
    }
}

impl Tailer {
    /// Ends the run when everything has been read; of one that goes on, nothing.
    pub(super) fn conclude(&mut self, now: Instant) {
        if self.conclusion.is_none() || self.ended || !self.looked || self.starved || !self.is_idle() {
            return;
        }
        let open: Vec<Inode> = match &self.conclusion {
            Some(conclusion) => {
                let inodes = self.files.keys();
                inodes
                    .filter(|inode| !conclusion.files.contains(inode))
                    .copied()
                    .collect()
            }
            None => Vec::new(),
        };
        let mut all = self.flushed.is_empty() && self.lent.is_empty();
        for inode in open {
            let is_read = self.is_read(inode, now);
            all &= is_read;
            if let Some(conclusion) = self.conclusion.as_mut().filter(|_| is_read) {
                conclusion.files.insert(inode);
            }
        }
        // The last chunk may have left just now.
        if let Some(conclusion) = self.conclusion.as_ref().filter(|_| all && self.is_idle()) {
            if conclusion.files.is_empty() {
                conclusion.miss();
            }
            conclusion.once.end();
            self.ended = true;
        }
    }

    /// Whether nothing is left of the file; what is left is read where its time has come.
    fn is_read(&mut self, inode: Inode, now: Instant) -> bool {
        let wall = (self.wall)().duration_since(UNIX_EPOCH).unwrap_or_default();
        let Some(tail) = self.files.get(&inode) else {
            return true;
        };
        if tail.held || tail.is_ending() || matches!(tail.beginning, Beginning::Waits(_) | Beginning::Lent) {
            self.attend(inode, now);
            return false;
        }
        let written = Duration::from_nanos(u64::try_from(tail.modified).unwrap_or(0));
        let is_quiet = now
            .saturating_duration_since(tail.grew)
            .max(wall.saturating_sub(written))
            >= FINISH_AFTER;
        let offset = match &tail.stage {
            // Time decides whose these are.
            Stage::Held { .. } | Stage::Copied { .. } => return false,
            Stage::Unborn(_) if tail.size == 0 => return true,
            Stage::Unborn(_) => None,
            Stage::Placed(place) if place.offset >= tail.size && !tail.is_gz => return true,
            Stage::Placed(place) => Some(place.offset),
        };
        if !is_quiet && !tail.is_gz {
            return false;
        }
        if !self.is_open(inode, now) {
            // That was said, and noted.
            return true;
        }
        if offset.is_none() {
            if self.birth(inode, End::Eof, now) {
                self.queue(inode);
                return false;
            }
        } else {
            self.look(inode, End::Eof, now);
        }
        self.give_way(inode);
        let Some(tail) = self.files.get(&inode) else {
            return true;
        };
        let stays = match &tail.stage {
            Stage::Held { .. } | Stage::Copied { .. } => false,
            Stage::Unborn(_) => offset.is_none(),
            Stage::Placed(place) => offset == Some(place.offset),
        };
        stays && !tail.queued && !tail.held && !self.starved
    }
}
