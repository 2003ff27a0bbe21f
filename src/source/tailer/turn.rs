use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Instant;

use tracing::{debug, info, warn};

use super::{Tailer, worker_of};
use crate::limits;
use crate::source::disk::{Bytes, open};
use crate::source::facts::{Facts, Inode};
use crate::source::family::agrees;
use crate::source::frame::End;
use crate::source::identity::{
    FIRST_LINE_BYTES, HEAD_BYTES, Known, begin_life, end_life, first_line, key, print,
};
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
        tail.looked = now;
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
        let header = find.and_then(|find| tail.header.pass(find, &read.chunk, tail.bytes.as_mut()));
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

    /// Gives the file its key when its first line is complete; whether it has one now.
    pub(super) fn birth(&mut self, inode: Inode, end: End, now: Instant) -> bool {
        let Some(head) = self.read_head(inode, now) else {
            return false;
        };
        let line = match first_line(&head) {
            Some(line) => line,
            None if end == End::Eof && !head.is_empty() => &head,
            None => {
                self.await_line(inode, !head.is_empty(), now);
                return false;
            }
        };
        if self.hold_if_copy(inode, &head, now) {
            return false;
        }
        let Some(Stage::Unborn(before)) = self.files.get(&inode).map(|tail| &tail.stage) else {
            return false;
        };
        let life = begin_life(before, line);
        if before.past.is_empty() && self.revive(inode, &life) {
            return true;
        }
        let Some(begin) = self.first_offset(inode) else {
            return false;
        };
        let Some(mut record) = self.record_of(inode, life) else {
            return false;
        };
        // Two lives never share a key, whatever was lost.
        while self.ledger.safe(record.key).is_some() {
            record.life.nth += 1;
            record.key = key(&self.host, inode, record.born, &record.life);
        }
        record.head = print(&head[..head.len().min(line.len() + 1).min(FIRST_LINE_BYTES)]);
        record.offset = begin;
        record.counted = begin;
        if let Err(error) = self.place(inode, record.clone()) {
            self.cannot(&record.path, "read", &error);
            return false;
        }
        debug!(path = %record.path.display(), key = %record.key, "new file");
        self.births.note(&record, &self.ledger);
        self.ledger.track(record);
        self.drop_stub(inode);
        true
    }

    /// The first bytes of an open file, [`HEAD_BYTES`] at most.
    fn read_head(&mut self, inode: Inode, now: Instant) -> Option<Vec<u8>> {
        let tail = self.files.get_mut(&inode)?;
        let facts = tail.bytes.as_ref()?.facts().ok()?;
        tail.see(&facts, now);
        let mut head = vec![0; HEAD_BYTES];
        match tail.bytes.as_mut()?.read_at(0, &mut head) {
            Ok(read) => {
                head.truncate(read);
                Some(head)
            }
            Err(error) => {
                self.cannot_read(inode, &error);
                None
            }
        }
    }

    /// The first line is not complete. What comes from now on is new.
    fn await_line(&mut self, inode: Inode, begun: bool, now: Instant) {
        let Some(tail) = self.files.get_mut(&inode) else {
            return;
        };
        if tail.begin == Begin::End {
            tail.begin = Begin::Start;
        }
        if tail.is_ending() {
            self.attend(inode, now);
        }
        if begun {
            self.make_stub(inode);
        }
    }

    /// The offset that an open file is read from.
    fn first_offset(&mut self, inode: Inode) -> Option<u64> {
        let tail = self.files.get_mut(&inode)?;
        match tail.begin {
            Begin::Start => Some(0),
            Begin::At(offset) => Some(offset),
            Begin::End => {
                let line_bytes_max = self.watches[tail.watch].frame.line_bytes_max;
                match last_line_end(tail.bytes.as_mut()?, tail.size, line_bytes_max) {
                    Ok(end) => Some(end),
                    Err(error) => {
                        self.cannot_read(inode, &error);
                        None
                    }
                }
            }
        }
    }

    /// The next scan tries again.
    pub(super) fn cannot_read(&mut self, inode: Inode, error: &std::io::Error) {
        if let Some(tail) = self.files.get_mut(&inode) {
            tail.try_later();
            let path = tail.at.clone();
            self.cannot(&path, "read", error);
        }
    }

    /// What is known of a file in this life before anything is read of it.
    fn record_of(&self, inode: Inode, life: Life) -> Option<FileRecord> {
        let tail = self.files.get(&inode)?;
        Some(FileRecord {
            key: key(&self.host, inode, tail.born, &life),
            input: self.watches[tail.watch].name().to_owned(),
            path: tail.path.to_path_buf(),
            dev: inode.dev,
            ino: inode.ino,
            born: tail.born,
            modified: tail.modified,
            life,
            ..FileRecord::default()
        })
    }

    /// A file that was given up a moment ago, because it was deleted, is there again: a descriptor that was opened
    /// when it was new comes late.
    fn revive(&mut self, inode: Inode, life: &Life) -> bool {
        let Some(tail) = self.files.get_mut(&inode) else {
            return false;
        };
        let Some(bytes) = &mut tail.bytes else {
            return false;
        };
        let key = key(&self.host, inode, tail.born, life);
        let known = self.ledger.record(key).map(|record| Known::from(&record));
        if !known.is_some_and(|known| agrees(bytes, &known).unwrap_or(false)) {
            return false;
        }
        match self.ledger.revive(key) {
            Some(record) => {
                self.ledger.assign(key, self.watches[tail.watch].name());
                self.place(inode, record).is_ok()
            }
            None => false,
        }
    }

    pub(super) fn drop_stub(&mut self, inode: Inode) {
        if let Some(stub) = self.files.get_mut(&inode).and_then(|tail| tail.stub.take()) {
            self.ledger.forget(stub);
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
        tail.path = Arc::from(record.path.as_path());
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

    /// Writes down that the file is there although it has no key yet, so that the next run knows it.
    fn make_stub(&mut self, inode: Inode) {
        let before = match self.files.get(&inode) {
            Some(tail) if tail.stub.is_none() => match &tail.stage {
                Stage::Unborn(before) => before.clone(),
                Stage::Held { .. } | Stage::Copied { .. } | Stage::Placed(_) => return,
            },
            _ => return,
        };
        let Some(stub) = self.record_of(inode, before) else {
            return;
        };
        if let Some(tail) = self.files.get_mut(&inode) {
            tail.stub = Some(stub.key);
        }
        self.ledger.track(stub);
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

/// The offset behind the last line end before `size`; 0 where there is none in reach.
fn last_line_end(bytes: &mut Bytes, size: u64, line_bytes_max: usize) -> std::io::Result<u64> {
    let mut to = size;
    let mut block = vec![0; limits::CHUNK_BYTES];
    while to > 0 && size - to <= line_bytes_max as u64 {
        let from = to.saturating_sub(block.len() as u64);
        // At most the block's length.
        let block = &mut block[..(to - from) as usize];
        let read = bytes.read_at(from, block)?;
        if let Some(at) = memchr::memrchr(b'\n', &block[..read]) {
            return Ok(from + at as u64 + 1);
        }
        to = from;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;

    #[test]
    fn the_end_of_the_last_line_is_found_and_a_disk_that_fails_is_no_empty_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.log");
        for (text, end) in [("one\ntwo", 4), ("one\ntwo\n", 8), ("none", 0), ("", 0)] {
            fs::write(&path, text).unwrap();
            let mut bytes = Bytes::plain(File::open(&path).unwrap());
            let found = last_line_end(&mut bytes, text.len() as u64, 1 << 20);
            assert_eq!(found.unwrap(), end, "{text:?}");
        }
        let mut unreadable = Bytes::plain(File::open(dir.path()).unwrap());
        assert!(last_line_end(&mut unreadable, 10, 1 << 20).is_err());
    }
}
