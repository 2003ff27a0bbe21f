mod join;

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use super::disk::Bytes;
use super::frame::{End, Out, Scratch, frame, long_line};
use super::identity::{HEAD_BYTES, Known, TAIL_BYTES, print};
use super::{FrameRule, Origin, Pool, Pooled};
use crate::event::Span;
use crate::limits::{CHUNK_BYTES, SCAN_BYTES_PER_TURN};
use crate::state::{Borrowed, FileRecord, Life, Print, Tail};
pub use join::{Join, Lead};

/// Where reading stands in one life of one file.
///
/// The file's bytes are not kept: what is not framed yet is read again, together with the bytes just before it,
/// which must be what they were.
#[derive(Debug)]
pub struct Place {
    pub origin: Arc<Origin>,
    pub life: Life,
    /// Every event before it has left; an event begins here. In bytes.
    pub offset: u64,
    /// The file's first bytes; grows to [`HEAD_BYTES`] and never beyond the offset.
    pub head: Print,
    /// The bytes before the offset, up to [`TAIL_BYTES`] of them, as a hash: they are read again at each look.
    last: Print,
    /// Offsets at which time ended an event in an earlier run.
    pub ends: VecDeque<u64>,
    /// What comes behind one of these ends: the rest of the event is in the next file.
    borrowed: Option<Box<Borrowed>>,
    /// `offset..quiet` holds no line end that was not seen yet: where to look on. At least `offset` when it
    /// means anything.
    quiet: u64,
    /// Behind the offset there are only NUL bytes up to here, as far as a search that is under way has come.
    hole: u64,
    /// How much is read at once, in bytes: more than usual while an event is longer than that.
    window: usize,
    /// Complete lines behind the offset wait for the end of their event.
    open: bool,
}

/// An incomplete last line up to this length is simply read again when it grows; of a longer one only what is
/// new is searched for its end. In bytes.
const REREAD_BYTES: u64 = 4096;

/// What a search for the end of an incomplete last line found.
enum LineEnd {
    There,
    Missing,
    /// This turn's share is used up.
    Unknown,
}

/// What a look at the file gave.
#[derive(Debug)]
pub enum Look {
    /// Whole events: `offset` stands behind them.
    Chunk(Read),
    /// Nothing yet. `open` says that complete lines wait for the event's end.
    Quiet { open: bool },
    /// Look again: this turn's share is used up.
    Again,
    /// No chunk is free.
    NoMemory,
    /// The bytes that were read before are not there any more.
    Changed,
}

#[derive(Debug)]
pub struct Read {
    pub chunk: Pooled,
    /// About the bytes before the chunk's end.
    pub tail: Tail,
    /// Time ended the last event, not the text.
    pub by_time: bool,
    /// There was more behind it.
    pub more: bool,
}

impl Place {
    /// Reading begins at the record's offset, behind the bytes that it is about. They are read here.
    ///
    /// # Errors
    ///
    /// When the disk fails.
    pub fn resume(origin: Arc<Origin>, record: FileRecord, bytes: &mut Bytes) -> io::Result<Place> {
        let mut place = Place {
            origin,
            life: record.life,
            offset: record.offset,
            head: record.head,
            last: Print::default(),
            ends: record.ends.into(),
            borrowed: record.borrowed,
            quiet: 0,
            hole: 0,
            window: CHUNK_BYTES,
            open: false,
        };
        place.last = print_before(bytes, place.offset)?;
        Ok(place)
    }

    pub fn known(&self) -> Known {
        Known {
            head: self.head,
            tail: Tail {
                at: self.offset,
                print: self.last,
            },
            offset: self.offset,
        }
    }

    /// Reads on. `end` is what comes behind the last byte that is there now; `size` is how long the file is, in
    /// bytes (of a compressed file it is not known and not looked at).
    ///
    /// # Errors
    ///
    /// When the disk fails, or compressed bytes are damaged.
    pub fn look(
        &mut self,
        bytes: &mut Bytes,
        size: u64,
        rule: &FrameRule,
        end: End,
        pool: &Pool,
        scratch: &mut Scratch,
    ) -> io::Result<Look> {
        let size = if bytes.is_gz() { u64::MAX } else { size };
        if size < self.offset || (!bytes.is_gz() && !self.head_is_there(bytes)?) {
            return Ok(Look::Changed);
        }
        if end == End::More && self.quiet > self.offset + REREAD_BYTES && !self.ends_in(size) {
            match self.line_end(bytes, size)? {
                LineEnd::There => {}
                LineEnd::Missing => return Ok(Look::Quiet { open: self.open }),
                LineEnd::Unknown => return Ok(Look::Again),
            }
        }
        self.read(bytes, rule, end, size, pool, scratch)
    }

    fn ends_in(&self, size: u64) -> bool {
        self.ends.front().is_some_and(|&end| end <= size)
    }

    fn read(
        &mut self,
        bytes: &mut Bytes,
        rule: &FrameRule,
        end: End,
        size: u64,
        pool: &Pool,
        scratch: &mut Scratch,
    ) -> io::Result<Look> {
        while self.ends.front().is_some_and(|&at| at <= self.offset) {
            self.ends.pop_front();
        }
        let stop = self.ends.front().copied().unwrap_or(u64::MAX);
        let there = size.min(stop) - self.offset;
        let wanted = usize::try_from(there).map_or(self.window, |there| there.min(self.window));
        let borrowed = self.borrowed.as_ref().filter(|it| it.at == stop);
        let room = wanted + borrowed.map_or(0, |it| it.text.len());
        let Some(mut chunk) = pool.take(room) else {
            return Ok(Look::NoMemory);
        };
        chunk.raw.truncate(wanted);
        let mut last = [0; TAIL_BYTES];
        let last = &mut last[..TAIL_BYTES.min(self.last.len as usize)];
        let from = self.offset - last.len() as u64;
        let read = bytes.read_two(from, last, &mut chunk.raw)?;
        if read < last.len() || print(last) != self.last {
            return Ok(Look::Changed);
        }
        let read = read - last.len();
        chunk.raw.truncate(read);
        let to = self.offset + read as u64;
        let all = read < wanted || to >= size;
        let at_stop = to == stop;
        let borrowed = borrowed.filter(|_| at_stop);
        let what_comes = if at_stop && borrowed.is_none() {
            End::Eof
        } else if all {
            end
        } else {
            End::More
        };
        let first = self.offset == 0;
        let mut taken = self.frame(rule, first, what_comes, &mut chunk, scratch);
        if let Some(borrowed) = borrowed.filter(|_| taken == 0 || taken == read) {
            // What is whole without it has left: the rest is one with the first lines of the next file.
            chunk.raw.extend_from_slice(&borrowed.text);
            chunk.frames.clear();
            chunk.unwrapped.clear();
            taken = self.frame(rule, first, End::Eof, &mut chunk, scratch);
            if taken >= read {
                self.last = print_end(last, &chunk.raw[..read]);
                let from = self.offset;
                self.offset = to;
                return Ok(Look::Chunk(self.finish(bytes, chunk, from, false, !all)?));
            }
        }
        if taken > 0 {
            let by_time = what_comes != End::More && !at_stop;
            self.last = print_end(last, &chunk.raw[..taken]);
            return self.leave(bytes, chunk, taken as u64, by_time, !all);
        }
        if at_stop {
            // Only bytes that belong to no event lie before it.
            self.ends.pop_front();
            return Ok(Look::Again);
        }
        if all {
            let nuls = chunk.raw.iter().rev().take_while(|byte| **byte == 0).count();
            // NUL bytes may be overwritten yet.
            self.quiet = to - nuls as u64;
            self.open = memchr::memchr(b'\n', &chunk.raw).is_some();
            return Ok(Look::Quiet { open: self.open });
        }
        if self.window < rule.window_bytes_max() {
            self.window = self.window.saturating_mul(2).min(rule.window_bytes_max());
            return Ok(Look::Again);
        }
        self.pass_long(bytes, rule, end, chunk, scratch)
    }

    fn frame(
        &self,
        rule: &FrameRule,
        first: bool,
        end: End,
        chunk: &mut Pooled,
        scratch: &mut Scratch,
    ) -> usize {
        chunk.wrapped = rule.wrapper.is_some();
        framing(chunk, scratch, |raw, out| frame(rule, raw, first, end, out))
    }

    /// A full window without an end of anything: a very long line, or a very long hole. Looks for its end.
    fn pass_long(
        &mut self,
        bytes: &mut Bytes,
        rule: &FrameRule,
        end: End,
        mut chunk: Pooled,
        scratch: &mut Scratch,
    ) -> io::Result<Look> {
        let is_hole = chunk.raw.iter().all(|byte| *byte == 0);
        let found = |block: &[u8]| {
            if is_hole {
                block.iter().position(|byte| *byte != 0)
            } else {
                memchr::memchr(b'\n', block).map(|at| at + 1)
            }
        };
        let resume = if is_hole { self.hole } else { self.quiet };
        let mut at = resume.max(self.offset + chunk.raw.len() as u64);
        let until = at + SCAN_BYTES_PER_TURN;
        let mut block = vec![0; CHUNK_BYTES];
        let to = loop {
            let read = bytes.read_at(at, &mut block)?;
            if let Some(found) = found(&block[..read]) {
                break at + found as u64;
            }
            at += read as u64;
            let ended = read < block.len();
            if is_hole {
                // It may be overwritten yet: once its end was looked for, begin at its beginning again.
                self.hole = if ended { 0 } else { at };
            } else {
                self.quiet = at;
            }
            if ended && end == End::Eof {
                break at;
            }
            if ended {
                return Ok(Look::Quiet { open: false });
            }
            if at >= until {
                return Ok(Look::Again);
            }
        };
        if !is_hole {
            let first = self.offset == 0;
            framing(&mut chunk, scratch, |raw, out| long_line(rule, raw, first, out));
        }
        let taken = to - self.offset;
        self.last = print_before(bytes, to)?;
        self.leave(bytes, chunk, taken, end == End::Eof, true)
    }

    /// The chunk's first `taken` bytes are framed, and `last` is about the bytes before their end: the place moves
    /// behind them.
    fn leave(
        &mut self,
        bytes: &mut Bytes,
        mut chunk: Pooled,
        taken: u64,
        by_time: bool,
        more: bool,
    ) -> io::Result<Look> {
        let from = self.offset;
        self.offset += taken;
        let mut more = more;
        if let Ok(taken) = usize::try_from(taken)
            && taken < chunk.raw.len()
        {
            chunk.raw.truncate(taken);
            more = true;
        }
        Ok(Look::Chunk(self.finish(bytes, chunk, from, by_time, more)?))
    }

    fn finish(
        &mut self,
        bytes: &mut Bytes,
        mut chunk: Pooled,
        from: u64,
        by_time: bool,
        more: bool,
    ) -> io::Result<Read> {
        self.quiet = 0;
        self.hole = 0;
        self.open = false;
        self.window = CHUNK_BYTES;
        self.grow_head(bytes)?;
        chunk.span = Span {
            file: self.origin.key,
            from,
            to: self.offset,
        };
        Ok(Read {
            chunk,
            tail: self.known().tail,
            by_time,
            more,
        })
    }

    /// Whether the file whose first bytes these are is the one that was read.
    pub fn begins_as(&self, head: &[u8]) -> bool {
        let head = head.get(..self.head.len as usize);
        head.is_some_and(|head| print(head) == self.head)
    }

    fn head_is_there(&self, bytes: &mut Bytes) -> io::Result<bool> {
        let mut head = [0; HEAD_BYTES];
        let head = &mut head[..HEAD_BYTES.min(self.head.len as usize)];
        let read = bytes.read_at(0, head)?;
        Ok(print(&head[..read]) == self.head)
    }

    fn grow_head(&mut self, bytes: &mut Bytes) -> io::Result<()> {
        let grown = usize::try_from(self.offset).map_or(HEAD_BYTES, |offset| offset.min(HEAD_BYTES));
        let known = self.head.len as usize;
        if grown <= known || bytes.is_gz() {
            return Ok(());
        }
        let mut head = [0; HEAD_BYTES];
        let read = bytes.read_at(0, &mut head[..grown])?;
        // When the head is not what it was, the next look says so.
        if read == grown && print(&head[..known]) == self.head {
            self.head = print(&head[..grown]);
        }
        Ok(())
    }

    /// Searches what is new of an incomplete last line for its end, one turn's share of it.
    fn line_end(&mut self, bytes: &mut Bytes, size: u64) -> io::Result<LineEnd> {
        if size < self.quiet {
            // Shorter than what was seen of it: it is another line now.
            return Ok(LineEnd::There);
        }
        let until = self.quiet + SCAN_BYTES_PER_TURN;
        let new = usize::try_from(size - self.quiet).unwrap_or(CHUNK_BYTES);
        let mut block = vec![0; CHUNK_BYTES.min(new)];
        while self.quiet < size {
            if self.quiet >= until {
                return Ok(LineEnd::Unknown);
            }
            let read = bytes.read_at(self.quiet, &mut block)?;
            let block = &block[..read];
            if memchr::memchr(b'\n', block).is_some() {
                return Ok(LineEnd::There);
            }
            // NUL bytes may be overwritten yet.
            let nuls = block.iter().rev().take_while(|byte| **byte == 0).count();
            self.quiet += (read - nuls) as u64;
            if nuls > 0 || read == 0 {
                break;
            }
        }
        Ok(LineEnd::Missing)
    }
}

/// Does something with a chunk's bytes that puts events into it.
fn framing<T>(chunk: &mut Pooled, scratch: &mut Scratch, work: impl FnOnce(&[u8], &mut Out<'_>) -> T) -> T {
    let chunk = &mut **chunk;
    let mut out = Out {
        frames: &mut chunk.frames,
        unwrapped: &mut chunk.unwrapped,
        scratch,
    };
    work(&chunk.raw, &mut out)
}

/// The hash of the bytes before `offset`.
///
/// # Errors
///
/// When the disk fails.
pub fn print_before(bytes: &mut Bytes, offset: u64) -> io::Result<Print> {
    let from = offset.saturating_sub(TAIL_BYTES as u64);
    let mut last = [0; TAIL_BYTES];
    // At most TAIL_BYTES.
    let last = &mut last[..(offset - from) as usize];
    let read = bytes.read_at(from, last)?;
    Ok(print(&last[..read]))
}

/// The hash of the last bytes of `before` followed by `taken`.
fn print_end(before: &[u8], taken: &[u8]) -> Print {
    let lacks = TAIL_BYTES.saturating_sub(taken.len());
    if lacks == 0 {
        return print(&taken[taken.len() - TAIL_BYTES..]);
    }
    let before = &before[before.len().saturating_sub(lacks)..];
    let len = before.len() + taken.len();
    let mut last = [0; TAIL_BYTES];
    last[..before.len()].copy_from_slice(before);
    last[before.len()..len].copy_from_slice(taken);
    print(&last[..len])
}
