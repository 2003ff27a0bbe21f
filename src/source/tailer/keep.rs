use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use metrics::{counter, gauge};
use tracing::{debug, info, warn};

use super::Tailer;
use super::arrive::Arrival;
use crate::event::FileKey;
use crate::limits::{KEEP_AGAIN_AFTER, KEEP_DELETED_AFTER, KEEP_ROTATED_AFTER};
use crate::source::disk::{Bytes, open};
use crate::source::facts::{Facts, Inode};
use crate::source::family::{Sibling, agrees, member};
use crate::source::frame::End;
use crate::source::kept::KeptError;
use crate::source::sibling::Packed;
use crate::source::tail::{KeptBy, Stage, Tail};
use crate::state::{FileRecord, Ledger};

impl Tailer {
    /// A deleted file that is not settled: the next run shall find its bytes.
    pub(super) fn keep_deleted(&mut self, inode: Inode, now: Instant) {
        let due = self.files.get(&inode).is_some_and(|tail| {
            tail.unlinked && tail.gone.is_none_or(|gone| now - gone >= KEEP_DELETED_AFTER)
        });
        if due {
            self.keep(inode, now);
        }
    }

    /// Files that were rotated away a while ago and are not settled: somebody will delete them.
    pub(super) fn keep_rotated(&mut self, now: Instant) {
        let due = |tail: &Tail| {
            let since = tail.gone.unwrap_or(tail.grew);
            tail.is_left() && !tail.is_linked() && now - since >= KEEP_ROTATED_AFTER
        };
        for inode in self.those(due) {
            self.keep(inode, now);
        }
    }

    /// The agent ends: whatever only a descriptor leads to is kept now, and then what may be deleted before the next run.
    pub fn keep_all(&mut self, now: Instant) {
        self.next_keep = now;
        // What a live file lacks is often the end of its last event alone: it is read where rotation puts it.
        let waits = |tail: &Tail| tail.open && self.is_settled(tail.inode);
        let tails = self.files.values();
        let mut due: Vec<(bool, Inode)> = tails
            .filter(|tail| tail.is_left() || !waits(tail))
            .map(|tail| (!tail.is_left(), tail.inode))
            .collect();
        due.sort_by_key(|(is_live, _)| *is_live);
        for (_, inode) in due {
            self.keep(inode, now);
        }
    }

    /// Keeps the file's unsettled bytes, if there are any and they are not kept yet: by a link while it has a name,
    /// which costs nothing, and by a copy when it is deleted.
    pub(super) fn keep(&mut self, inode: Inode, now: Instant) {
        let Some(tail) = self.files.get(&inode) else {
            return;
        };
        if tail.is_gz || tail.bytes.is_none() || tail.is_linked() || now < self.next_keep {
            return;
        }
        if matches!(tail.stage, Stage::Unborn(_)) && !self.birth(inode, End::More, now) {
            return;
        }
        let Some((key, size, kept)) = self.unsettled(inode) else {
            return;
        };
        let kept = match kept {
            Some(KeptBy::Copy { to }) if to < size => self.grow_copy(inode, key, to, size),
            Some(KeptBy::Copy { .. } | KeptBy::Link) => return,
            None => self.keep_first(inode, key, size),
        };
        let path = self
            .files
            .get(&inode)
            .map_or(PathBuf::new(), |tail| tail.path.to_path_buf());
        match kept {
            Ok(()) => self.said.over(&path, "keep"),
            Err(error) => {
                if matches!(error, KeptError::Full) {
                    counter!("logmill_kept_refused_total").increment(1);
                }
                self.next_keep = now + KEEP_AGAIN_AFTER;
                if self.said.first(&path, "keep") {
                    warn!(path = %path.display(), %error, "cannot keep the unsettled bytes of a deleted file: they are gone if the agent ends before they are delivered; make room in the state directory, or raise `kept_bytes_max` in [agent]");
                }
            }
        }
    }

    /// Key, size, and how it is kept; `None` when every byte is settled.
    fn unsettled(&self, inode: Inode) -> Option<(FileKey, u64, Option<KeptBy>)> {
        let tail = self.files.get(&inode)?;
        let key = tail.place()?.origin.key;
        let safe = self.ledger.safe(key)?;
        (safe < tail.size).then_some((key, tail.size, tail.kept))
    }

    fn keep_first(&mut self, inode: Inode, key: FileKey, size: u64) -> Result<(), KeptError> {
        let (Some(record), Some(tail)) = (self.ledger.record(key), self.files.get_mut(&inode)) else {
            return Ok(());
        };
        let Some(Bytes::Plain(file)) = &tail.bytes else {
            return Ok(());
        };
        if tail.unlinked {
            self.kept.copy(&record, file, size)?;
            tail.kept = Some(KeptBy::Copy { to: size });
        } else {
            match self.kept.link(&record, file) {
                Ok(()) => tail.kept = Some(KeptBy::Link),
                // When its name goes, it is copied.
                Err(KeptError::Io(_)) => return Ok(()),
                Err(KeptError::Full) => return Err(KeptError::Full),
            }
        }
        // With quick rotation there are many.
        if self.said.first(&record.path, "kept") {
            info!(path = %record.path.display(), offset = record.offset, size, "keeping the unsettled bytes of a file, so that the next run finds them");
        } else {
            debug!(path = %record.path.display(), offset = record.offset, size, "keeping the unsettled bytes of one more file");
        }
        gauge!("logmill_kept_bytes").set(self.kept.bytes() as f64);
        Ok(())
    }

    fn grow_copy(&mut self, inode: Inode, key: FileKey, to: u64, size: u64) -> Result<(), KeptError> {
        if let Some(tail) = self.files.get_mut(&inode)
            && let Some(Bytes::Plain(file)) = &tail.bytes
        {
            self.kept.grow(key, file, to, size)?;
            tail.kept = Some(KeptBy::Copy { to: size });
        }
        Ok(())
    }

    /// Whether closing the file might lose bytes for the next run.
    pub(super) fn is_at_risk(&self, inode: Inode) -> bool {
        self.unsettled(inode).is_some() && !self.files.get(&inode).is_some_and(|tail| self.is_kept(tail))
    }

    /// Whether the file can be opened again when its descriptor is closed and no other name is left.
    pub(super) fn is_kept(&self, tail: &Tail) -> bool {
        let is_whole = match tail.kept {
            Some(KeptBy::Link) => true,
            Some(KeptBy::Copy { to }) => to >= tail.size,
            None => false,
        };
        is_whole && tail.place().is_some_and(|place| self.kept.has(place.origin.key))
    }

    /// Removes what is settled.
    pub(super) fn tidy_kept(&mut self) {
        let settled = self.kept.tidy(&self.ledger);
        if settled.is_empty() {
            return;
        }
        for tail in self.files.values_mut() {
            let key = tail.place().map(|place| place.origin.key);
            if key.is_some_and(|key| settled.contains(&key)) {
                tail.kept = None;
            }
        }
        gauge!("logmill_kept_bytes").set(self.kept.bytes() as f64);
    }

    /// What the last run kept of a file.
    pub(super) fn find_kept(&self, record: &FileRecord, watch: usize) -> Option<(Arrival, Bytes)> {
        if !self.kept.has(record.key) {
            return None;
        }
        let path = self.kept.path(record.key);
        let facts = Facts::of(&path).ok()?;
        if self.files.contains_key(&facts.inode) {
            return None;
        }
        // The name that rotation gave it says which files came after it.
        let path = member(&record.path, facts.inode, facts.born).map_or_else(|| path.into(), |it| it.path);
        let arrival = Arrival {
            named: false,
            ..Arrival::new(watch, &path, facts)
        };
        let mut bytes = arrival.open().ok()?;
        agrees(&mut bytes, &record.into())
            .unwrap_or(false)
            .then_some((arrival, bytes))
    }

    /// A file that is read on: one of its names may be ours.
    pub(super) fn opened_kept(&mut self, inode: Inode, key: FileKey) {
        let ours =
            self.kept.has(key) && Facts::of(&self.kept.path(key)).is_ok_and(|facts| facts.inode == inode);
        if let Some(tail) = self.files.get_mut(&inode) {
            tail.kept = ours.then_some(KeptBy::Link);
        }
    }

    /// Opens what is kept of a file that no other name leads to; whether there is something.
    pub(super) fn reopen_kept(&mut self, inode: Inode) -> bool {
        let Some(tail) = self.files.get(&inode) else {
            return false;
        };
        let Some(key) = tail
            .place()
            .map(|place| place.origin.key)
            .filter(|_| self.is_kept(tail))
        else {
            return false;
        };
        let Ok(file) = open(&self.kept.path(key)) else {
            return false;
        };
        if let Some(tail) = self.files.get_mut(&inode) {
            tail.bytes = Some(Bytes::plain(file));
            self.room.note_open(inode);
        }
        true
    }

    /// Whether the compressed file was made of one that is read from where it is kept.
    pub(super) fn is_made_of_kept(&self, sibling: &Sibling) -> bool {
        sibling.packed == Packed::Gz
            && self.kept.bytes() > 0
            && self.files.values().any(|tail| {
                tail.is_linked()
                    && tail.path.parent() == sibling.path.parent()
                    && tail
                        .place()
                        .is_some_and(|place| sibling.holds(&place.known()).unwrap_or(false))
            })
    }
}

/// What the checkpoint knows and what was noted beside it: of each file the record that is farther.
pub(super) fn merge(ledger: &Ledger, noted: impl Iterator<Item = FileRecord>) -> Vec<Arc<FileRecord>> {
    for record in noted {
        if ledger
            .record(record.key)
            .is_none_or(|known| known.offset < record.offset)
        {
            ledger.track(record);
        }
    }
    ledger.records()
}

#[cfg(test)]
mod tests;
