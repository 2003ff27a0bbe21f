//! Events that begin in one file and end in the next.

use std::sync::Arc;

use super::Ledger;
use crate::event::FileKey;
use crate::state::{Borrowed, FileRecord, Settled, Tail};

/// The last event of a file takes the first lines of the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joint {
    pub file: FileKey,
    pub borrowed: Borrowed,
    /// The next file.
    pub next: FileKey,
    /// About the bytes that were taken from it: its own events begin at `tail.at`.
    pub tail: Tail,
}

impl Ledger {
    /// Whether the two are known, nothing was read of the next file, and the first has not borrowed yet.
    pub fn can_join(&self, file: FileKey, next: FileKey) -> bool {
        let inner = self.lock();
        let lends = inner.files.get(&next).is_some_and(|next| next.emitted == 0);
        let borrows = inner.files.get(&file);
        lends && borrows.is_some_and(|file| file.record.borrowed.is_none())
    }

    /// Ends the file's last event with lines of the next file, whose own events begin behind them: one change, so that
    /// no checkpoint has only a half of it. Make it durable ([`Ledger::persist_now`]) before the event leaves. Returns the
    /// next file's record; `None`, with nothing changed, where they cannot be joined.
    pub fn join(&self, joint: Joint) -> Option<FileRecord> {
        if !self.can_join(joint.file, joint.next) {
            return None;
        }
        let mut inner = self.lock();
        let file = inner.files.get_mut(&joint.file)?;
        let at = joint.borrowed.at;
        if file.record.ends.last().is_none_or(|&last| last < at) {
            Arc::make_mut(&mut file.record).ends.push(at);
        }
        Arc::make_mut(&mut file.record).borrowed = Some(Box::new(joint.borrowed));
        let next = inner.files.get_mut(&joint.next)?;
        let to = joint.tail.at;
        let record = Arc::make_mut(&mut next.record);
        record.offset = to;
        record.tail = joint.tail;
        record.counted = record.counted.max(to);
        next.settled = Settled::from(to);
        next.emitted = to;
        let record = FileRecord::clone(&next.record);
        self.touch(inner);
        Some(record)
    }
}
