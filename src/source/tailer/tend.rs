use std::time::Instant;

use super::Tailer;
use crate::limits;
use crate::source::facts::Inode;
use crate::source::frame::End;
use crate::source::tail::{Beginning, Stage};

impl Tailer {
    /// Everything that time brings about.
    pub(super) fn tick(&mut self, now: Instant) {
        self.next_tick = now + limits::TICK_EVERY;
        self.visit_held();
        let attentive: Vec<Inode> = self.attentive.drain().collect();
        for inode in attentive {
            if self.tend(inode, now) {
                self.attentive.insert(inode);
            }
        }
        self.send_flushed();
        self.close_surplus(now);
    }

    /// Events that time has ended leave when the checkpoint says so: read again, they must end there again.
    fn send_flushed(&mut self) {
        if self.flushed.is_empty() && self.lent.is_empty() {
            return;
        }
        // A failure is logged by the ledger; going on is right, a full disk must not stop the logs.
        let _ = self.ledger.persist_now();
        for delivery in std::mem::take(&mut self.flushed) {
            self.send(delivery);
        }
        self.release_lent();
    }

    /// What is due for one file; whether time still matters to it.
    fn tend(&mut self, inode: Inode, now: Instant) -> bool {
        let Some(tail) = self.files.get_mut(&inode) else {
            return false;
        };
        if let Some(bytes) = &tail.bytes
            && let Ok(facts) = bytes.facts()
            && tail.see(&facts, now)
        {
            tail.done = false;
            self.queue(inode);
        }
        self.keep_deleted(inode, now);
        let Some(tail) = self.files.get_mut(&inode) else {
            return false;
        };
        if tail.queued || tail.held {
            return true;
        }
        let beginning = tail.beginning;
        if let Beginning::Waits(_) = beginning {
            self.queue(inode);
        }
        if matches!(beginning, Beginning::Waits(_) | Beginning::Lent) || self.has_next(inode) {
            return true;
        }
        let Some(tail) = self.files.get_mut(&inode) else {
            return false;
        };
        let idle = now.saturating_duration_since(tail.grew);
        if let Stage::Held { of, since } = tail.stage {
            let since = since.max(tail.grew);
            return self.tend_held(inode, of, since, now);
        }
        if let Stage::Copied { key, to } = tail.stage {
            return self.tend_copied(inode, key, to, now);
        }
        if tail.open && self.flush_is_due(inode, now) {
            if self.is_open(inode, now) {
                self.look(inode, End::Flush, now);
                self.give_way(inode);
            }
            return true;
        }
        let Some(tail) = self.files.get_mut(&inode) else {
            return false;
        };
        if tail.gone.is_none() && !tail.is_ending() {
            return tail.open;
        }
        if !tail.done {
            let gone = tail.gone.map_or(idle, |gone| now.saturating_duration_since(gone));
            if idle.min(gone) < limits::FINISH_AFTER {
                return true;
            }
            self.finish(inode, now);
            return true;
        }
        if tail.gone.is_none() {
            return false;
        }
        if tail.unlinked {
            let gone = tail.gone.map_or(idle, |gone| now.saturating_duration_since(gone));
            if idle.min(gone) < limits::UNLINKED_KEPT || !self.is_settled(inode) {
                return true;
            }
            self.drop_file(inode);
            return false;
        }
        if self.is_at_risk(inode) {
            // Deleted without a descriptor, it would be gone before the next run.
            return true;
        }
        // It has a name somewhere: scans see it grow.
        if let Some(tail) = self.files.get_mut(&inode) {
            tail.bytes = None;
        }
        false
    }

    fn flush_is_due(&self, inode: Inode, now: Instant) -> bool {
        let Some(tail) = self.files.get(&inode) else {
            return false;
        };
        let rule = &self.watches[tail.watch].frame;
        let idle = now.saturating_duration_since(tail.grew);
        // One stream of a container may wait while the other goes on.
        let stuck = rule.wrapper.is_some() && now.saturating_duration_since(tail.left) >= 2 * rule.flush;
        idle >= rule.flush || stuck
    }

    /// The file is rotated away and nothing came for a while: its last line is complete now.
    fn finish(&mut self, inode: Inode, now: Instant) {
        if !self.is_open(inode, now) {
            return;
        }
        if matches!(
            self.files.get(&inode).map(|tail| &tail.stage),
            Some(Stage::Unborn(_))
        ) && self.birth(inode, End::Eof, now)
        {
            self.queue(inode);
            return;
        }
        self.look(inode, End::Eof, now);
        let Some(tail) = self.files.get_mut(&inode) else {
            return;
        };
        if tail.held {
            return;
        }
        let read = match &tail.stage {
            Stage::Placed(place) => tail.is_gz || place.offset >= tail.size,
            // Empty.
            Stage::Unborn(_) => true,
            Stage::Held { .. } | Stage::Copied { .. } => false,
        };
        if read && !tail.queued {
            tail.done = true;
            if let Some(place) = tail.place() {
                self.ledger.update(place.origin.key, |record| record.done = true);
            }
        }
    }

    /// Nothing leads to the file any more and it is read: it is forgotten when it is settled.
    pub(super) fn drop_file(&mut self, inode: Inode) {
        let read = self.files.get(&inode).and_then(|tail| {
            let place = tail.place()?;
            Some((place.origin.key, tail.path.clone(), place.known()))
        });
        if let Some((key, path, known)) = read
            && self.leave_to_packed(key, &path, &known)
        {
            self.close(inode);
            return;
        }
        self.forget_file(inode);
    }

    pub(super) fn forget_file(&mut self, inode: Inode) {
        self.drop_stub(inode);
        let key = self
            .files
            .get(&inode)
            .and_then(|tail| Some(tail.place()?.origin.key));
        if let Some(key) = key {
            self.ledger.forget(key);
        }
        self.close(inode);
    }

    fn close(&mut self, inode: Inode) {
        if let Some(bytes) = self.files.remove(&inode).and_then(|tail| tail.bytes) {
            self.closer.close(bytes);
        }
    }
}
