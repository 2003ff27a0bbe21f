use std::collections::HashSet;
use std::time::Instant;

use tracing::warn;

use super::Tailer;
use crate::source::facts::Inode;
use crate::source::family::{agrees, family};
use crate::source::identity::Known;
use crate::source::place::Place;
use crate::source::tail::Stage;
use crate::state::{FileRecord, Leave};

impl Tailer {
    /// Whether the file may be read on; reads it again from where the ledger says. What is held is looked at again
    /// with the next tick.
    pub(super) fn may_read(&mut self, inode: Inode, now: Instant) -> bool {
        let Some(tail) = self.files.get_mut(&inode) else {
            return false;
        };
        let Some(key) = tail.place().map(|place| place.origin.key) else {
            return true;
        };
        let leave = self.ledger.leave(key, now);
        tail.held = leave == Leave::Wait;
        self.any_held |= tail.held;
        match leave {
            Leave::Go => true,
            Leave::Wait => false,
            Leave::Rewind(record) => self.rewind(inode, *record, now),
        }
    }

    /// Files that wait, and those of which something came back, get their turn.
    pub(super) fn visit_held(&mut self) {
        if !self.ledger.is_holding() && !std::mem::take(&mut self.any_held) {
            return;
        }
        let returned: HashSet<_> = self.ledger.returned().into_iter().collect();
        let visited = self.those(|tail| {
            let key = tail.place().map(|place| place.origin.key);
            tail.held || key.is_some_and(|key| returned.contains(&key))
        });
        for inode in visited {
            self.queue(inode);
        }
    }

    /// Whether all that was read of the file has its verdict: until then it may have to be read again.
    pub(super) fn is_settled(&self, inode: Inode) -> bool {
        let place = self.files.get(&inode).and_then(|tail| tail.place());
        place.is_none_or(|place| {
            let safe = self.ledger.safe(place.origin.key);
            safe.is_none_or(|safe| safe >= place.offset)
        })
    }

    fn rewind(&mut self, inode: Inode, record: FileRecord, now: Instant) -> bool {
        let Some(tail) = self.files.get_mut(&inode) else {
            return false;
        };
        tail.done = false;
        tail.open = false;
        let Some(bytes) = &mut tail.bytes else {
            return false;
        };
        let known = Known::from(&record);
        if agrees(bytes, &known).unwrap_or(true) {
            let path = record.path.clone();
            return match self.place(inode, record) {
                Ok(()) => true,
                Err(error) => {
                    self.cannot(&path, "read", &error);
                    false
                }
            };
        }
        // The file was emptied meanwhile: what came back may be in its copy.
        let (path, watch) = (tail.path.to_path_buf(), tail.watch);
        let found = self.find_sibling(&path, family(&path), None, &known, watch);
        let Some(tail) = self.files.get_mut(&inode) else {
            return false;
        };
        match (found, tail.place()) {
            (Some((_, mut copy)), Some(place)) => {
                let origin = place.origin.clone();
                if let Ok(place) = Place::resume(origin, record, &mut copy) {
                    tail.stage = Stage::Placed(place);
                }
            }
            _ => {
                warn!(path = %path.display(), offset = record.offset, "the file was emptied before its bytes were delivered, and no copy of it is found");
            }
        }
        self.changed(inode, now);
        false
    }
}
