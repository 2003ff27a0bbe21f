use std::sync::Arc;
use std::time::Instant;

use tracing::debug;

use super::Tailer;
use crate::limits;
use crate::source::disk::Bytes;
use crate::source::facts::Inode;
use crate::source::family::agrees;
use crate::source::frame::End;
use crate::source::identity::{FIRST_LINE_BYTES, HEAD_BYTES, Known, begin_life, first_line, key, print};
use crate::source::tail::{Begin, Stage};
use crate::state::{FileRecord, Life};

impl Tailer {
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

    /// What is known of a file in this life before anything is read of it.
    fn record_of(&self, inode: Inode, life: Life) -> Option<FileRecord> {
        let tail = self.files.get(&inode)?;
        Some(FileRecord {
            key: key(&self.host, inode, tail.born, &life),
            input: self.watches[tail.watch].name().into(),
            path: Arc::clone(&tail.path),
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

    /// Writes down that the file is there although it has no key yet, so that the next run knows it.
    pub(super) fn make_stub(&mut self, inode: Inode) {
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
