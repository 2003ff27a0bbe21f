use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Instant;

use tracing::{info, warn};

use super::{Tailer, worker_of};
use crate::source::disk::{Bytes, open};
use crate::source::facts::{Facts, Inode};
use crate::source::frame::End;
use crate::source::identity::end_life;
use crate::source::place::{Look, Place, Read};
use crate::source::tail::{Begin, Beginning, Stage};
use crate::source::{Delivery, Origin};
use crate::state::{Emitted, FileRecord, Life};

impl Tailer {
    /// One look at one file.
    pub(super) fn turn(&mut self, inode: Inode, now: Instant) {
        let Some(tail) = self.files.get_mut(&inode) else {
            return;
        };
        if let Some(place) = tail.place() {
            let index = worker_of(place.origin.key.0, self.workers.len());
            let worker = &mut self.workers[index];
            if !worker.waiting.is_empty() {
                worker.blocked.push(inode);
                self.give_way(inode);
                return;
            }
        }
        tail.queued = false;
        if !self.is_open(inode, now) {
            return;
        }
        let end = match self.files.get(&inode) {
            // Of one that has its next file the last event may go on there.
            Some(tail) if tail.is_gz && tail.base.is_none() => End::Eof,
            _ => End::More,
        };
        match self.files.get(&inode).map(|tail| &tail.stage) {
            Some(Stage::Unborn(_)) => {
                if self.birth(inode, End::More, now) {
                    // While it is open.
                    self.queue_first(inode);
                    return;
                }
            }
            Some(Stage::Placed(_)) => self.look(inode, end, now),
            Some(Stage::Held { .. } | Stage::Copied { .. }) | None => {}
        }
        self.give_way(inode);
    }

    /// Reads on where the file is placed.
    pub(super) fn look(&mut self, inode: Inode, end: End, now: Instant) {
        if !self.may_read(inode, now) || !self.is_own(inode, now) {
            return;
        }
        let Some(tail) = self.files.get_mut(&inode) else {
            return;
        };
        let facts = match tail.bytes.as_ref().map(Bytes::facts) {
            Some(Ok(facts)) => facts,
            _ => return,
        };
        // What comes after this moment changes the facts again, so no growth goes unseen.
        if tail.see(&facts, now)
            && let Some(place) = tail.place()
        {
            self.ledger.seen(place.origin.key, facts.size);
        }
        let (Stage::Placed(place), Some(bytes)) = (&mut tail.stage, &mut tail.bytes) else {
            return;
        };
        let rule = &self.watches[tail.watch].frame;
        match place.look(bytes, facts.size, rule, end, &self.pool, &mut self.scratch) {
            Ok(Look::Chunk(read)) => {
                tail.left = now;
                tail.open = false;
                self.leave(inode, read, now);
            }
            Ok(Look::Again) => self.queue(inode),
            Ok(Look::NoMemory) => {
                self.starved = true;
                self.queue_first(inode);
            }
            Ok(Look::Quiet { open }) => {
                tail.open = open;
                let attend = tail.open || tail.gone.is_some() || tail.is_ending();
                if attend {
                    self.attend(inode, now);
                }
            }
            Ok(Look::Changed) => self.changed(inode, now),
            Err(error) => self.cannot_read(inode, &error),
        }
    }

    /// A chunk leaves for its worker.
    pub(super) fn leave(&mut self, inode: Inode, read: Read, now: Instant) {
        let Some(tail) = self.files.get_mut(&inode) else {
            return;
        };
        let Stage::Placed(place) = &tail.stage else {
            return;
        };
        let span = read.chunk.span;
        let events = read.chunk.frames.len() as u64;
        self.ledger.emitted(&Emitted {
            span,
            tail: read.tail,
            head: place.head,
            events,
            size: tail.size,
            modified: tail.modified,
        });
        let find = self.watches[tail.watch].frame.header;
        let header = find.and_then(|find| {
            let header = tail.header.get_or_insert_default();
            header.pass(find, &read.chunk, tail.bytes.as_mut())
        });
        let delivery = Delivery {
            origin: Arc::clone(&place.origin),
            header,
            lane: Arc::clone(&self.watches[tail.watch].lane),
            chunk: read.chunk,
            read_at: (self.wall)(),
        };
        if read.more {
            self.queue(inode);
        } else {
            // What is left of the last line is looked at when it grows or when its time has come.
            let attend = tail.gone.is_some() || tail.is_ending();
            if attend {
                self.attend(inode, now);
            }
        }
        if events == 0 {
            self.ledger.settle(span, crate::state::Tally::default());
            return;
        }
        if read.by_time {
            self.ledger.ended_by_time(span.file, span.to);
            self.flushed.push(delivery);
        } else {
            self.send(delivery);
        }
    }

    /// Opens the file if it is not open; whether it is now.
    pub(super) fn is_open(&mut self, inode: Inode, now: Instant) -> bool {
        let Some(tail) = self.files.get_mut(&inode) else {
            return false;
        };
        if tail.bytes.is_some() {
            return true;
        }
        // Opened all the same: there is one more than may stay open, until it gives way.
        self.has_room(now);
        let Some(tail) = self.files.get_mut(&inode) else {
            return false;
        };
        let mut refused = None;
        for path in tail.names.iter().chain([&tail.at]).chain(&tail.target) {
            match open(path) {
                Ok(file) => {
                    let facts = Facts::of_open(&file);
                    if facts.is_ok_and(|facts| facts.inode == inode && facts.born == tail.born) {
                        tail.bytes = Some(if tail.is_gz {
                            Bytes::gz(file)
                        } else {
                            Bytes::plain(file)
                        });
                        self.said.over(path, "open");
                        self.room.note_open(inode);
                        return true;
                    }
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => refused = Some((path.clone(), error)),
            }
        }
        if self.reopen_kept(inode) {
            return true;
        }
        match refused {
            Some((path, error)) => {
                if let Some(tail) = self.files.get_mut(&inode) {
                    tail.try_later();
                }
                self.cannot(&path, "open", &error);
            }
            None => self.lost(inode, now),
        }
        false
    }

    /// The next scan tries again.
    pub(super) fn cannot_read(&mut self, inode: Inode, error: &std::io::Error) {
        if let Some(tail) = self.files.get_mut(&inode) {
            tail.try_later();
            let path = tail.at.clone();
            self.cannot(&path, "read", error);
        }
    }

    /// Reading goes on where the record says.
    pub(super) fn place(&mut self, inode: Inode, record: FileRecord) -> std::io::Result<()> {
        let Some(tail) = self.files.get_mut(&inode) else {
            return Ok(());
        };
        let Some(bytes) = &mut tail.bytes else {
            return Err(ErrorKind::NotFound.into());
        };
        tail.path = Arc::clone(&record.path);
        let origin = Arc::new(Origin {
            key: record.key,
            path: Arc::clone(&tail.path),
        });
        tail.done = record.done;
        tail.stage = Stage::Placed(Place::resume(origin, record, bytes)?);
        tail.begin = Begin::Start;
        Ok(())
    }

    /// The bytes that were read are not there any more: the file was emptied, and perhaps written anew.
    pub(super) fn changed(&mut self, inode: Inode, now: Instant) {
        let Some(tail) = self.files.get_mut(&inode) else {
            return;
        };
        if tail.is_gz {
            // Somebody rewrites a compressed file: it is not what it was.
            tail.done = true;
            return;
        }
        let stage = std::mem::replace(&mut tail.stage, Stage::Unborn(Life::default()));
        let Stage::Placed(place) = stage else {
            return;
        };
        tail.open = false;
        tail.done = false;
        tail.begin = Begin::Start;
        tail.cleared = false;
        tail.next = None;
        tail.beginning = Beginning::Unknown;
        tail.stage = Stage::Unborn(end_life(place.life.clone()));
        let path = Arc::clone(&tail.path);
        info!(path = %path.display(), offset = place.offset, "the file was truncated: reading it from its beginning");
        self.make_stub(inode);
        self.ended_life(inode, place, now);
        self.queue(inode);
    }

    /// What was written to an emptied file since the last look is in its copy, if there is one.
    fn ended_life(&mut self, inode: Inode, place: Place, now: Instant) {
        let key = place.origin.key;
        let mut place = Some(place);
        if self.move_to_copy(inode, &mut place, now) {
            return;
        }
        let watch = self.files.get(&inode).map(|tail| tail.watch);
        let copied = watch
            .zip(place)
            .is_some_and(|(watch, place)| self.leave_to_copy(inode, watch, &place, now));
        if !copied {
            self.ledger.forget(key);
        }
    }

    /// The file cannot be opened because no path leads to it any more.
    fn lost(&mut self, inode: Inode, now: Instant) {
        let Some(tail) = self.files.get_mut(&inode) else {
            return;
        };
        if let Some((path, _)) = super::rotate::find_inode(tail) {
            tail.at = path;
            if self.is_open(inode, now) {
                self.queue(inode);
            }
            return;
        }
        self.bury(inode, now);
    }

    /// The file is gone, and no descriptor keeps it. What was not read may be in its compressed copy.
    pub(super) fn bury(&mut self, inode: Inode, now: Instant) {
        let Some(tail) = self.files.get_mut(&inode) else {
            return;
        };
        self.attentive.remove(&inode);
        for name in std::mem::take(&mut tail.names) {
            self.names.remove(&name);
        }
        self.drop_stub(inode);
        let read = self.files.get(&inode).and_then(|tail| {
            let place = tail.place()?;
            let read = tail.done || tail.size <= place.offset;
            read.then(|| (place.origin.key, tail.path.clone(), place.known()))
        });
        if read
            .as_ref()
            .is_some_and(|(key, path, known)| self.leave_to_packed(*key, path, known))
        {
            self.files.remove(&inode);
            return;
        }
        if self.take_over(inode, now) {
            return;
        }
        let Some(tail) = self.files.remove(&inode) else {
            return;
        };
        let Stage::Placed(place) = &tail.stage else {
            return;
        };
        let key = place.origin.key;
        if read.is_none()
            && self
                .ledger
                .record(key)
                .is_some_and(|record| self.wake_copy(record, now))
        {
            return;
        }
        if self.leave_to_copy(inode, tail.watch, place, now) {
            return;
        }
        if read.is_none() {
            warn!(path = %tail.path.display(), offset = place.offset, size = tail.size, "the file is gone and its last bytes with it");
        }
        self.ledger.forget(key);
    }
}
