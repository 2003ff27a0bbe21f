//! The last event of a file together with the first lines of the next one.

use std::io;

use super::{Place, Read, framing, print_end};
use crate::limits::BORROWED_BYTES_MAX;
use crate::source::disk::Bytes;
use crate::source::frame::{End, Scratch, share};
use crate::source::identity::{TAIL_BYTES, print};
use crate::source::{FrameRule, Pool};
use crate::state::Borrowed;

/// The beginning of the next file.
#[derive(Clone, Copy, Debug)]
pub struct Lead<'a> {
    /// Whole lines, at most [`BORROWED_BYTES_MAX`] bytes.
    pub lines: &'a [u8],
    /// As many as can be borrowed.
    pub is_full: bool,
    /// Nothing came for the flush time: what belongs to the event is there.
    pub waited: bool,
}

/// What a look at a file's end and the next file's beginning gave.
#[derive(Debug)]
pub enum Join {
    /// The event that has its beginning here and its end there; `taken` bytes of the next file belong to it.
    Joined {
        read: Read,
        borrowed: Borrowed,
        taken: usize,
    },
    /// The next file begins with an event of its own.
    Apart,
    /// More lines are needed.
    Unknown,
    /// The file has to be looked at first.
    Busy,
    NoMemory,
}

impl<'a> Lead<'a> {
    /// The whole lines that `head` begins with.
    pub fn of(head: &'a [u8], waited: bool) -> Lead<'a> {
        let to = memchr::memrchr(b'\n', head).map_or(0, |at| at + 1);
        Lead {
            lines: &head[..to],
            is_full: head.len() >= BORROWED_BYTES_MAX,
            waited,
        }
    }
}

impl Place {
    /// Looks whether the event that is open at the file's end goes on in the next file, and reads it if so. The file was
    /// quiet at the last look.
    ///
    /// # Errors
    ///
    /// When the disk fails, or compressed bytes are damaged.
    pub fn join(
        &mut self,
        bytes: &mut Bytes,
        size: u64,
        lead: Lead<'_>,
        rule: &FrameRule,
        pool: &Pool,
        scratch: &mut Scratch,
    ) -> io::Result<Join> {
        let there = match bytes.is_gz() {
            true => u64::MAX,
            false => size.saturating_sub(self.offset),
        };
        if !bytes.is_gz() && there > self.window as u64 || self.ends.iter().any(|&at| at > self.offset) {
            return Ok(Join::Busy);
        }
        let wanted = usize::try_from(there).map_or(self.window, |there| there.min(self.window));
        let Some(mut chunk) = pool.take(wanted + lead.lines.len()) else {
            return Ok(Join::NoMemory);
        };
        let mut last = [0; TAIL_BYTES];
        let last = &mut last[..TAIL_BYTES.min(self.last.len as usize)];
        let from = self.offset - last.len() as u64;
        let read = bytes.read_two(from, last, &mut chunk.raw[..wanted])?;
        let at_end = (read < last.len() + wanted) == bytes.is_gz();
        if read < last.len() || !at_end || print(last) != self.last {
            return Ok(Join::Busy);
        }
        let rest = read - last.len();
        chunk.raw.truncate(rest);
        if chunk.raw.last() != Some(&b'\n') {
            // Whoever writes lines does not go on with half a one in another file.
            return Ok(Join::Apart);
        }
        let mark = if lead.lines.starts_with(b"\xef\xbb\xbf") {
            3
        } else {
            0
        };
        chunk.raw.extend_from_slice(&lead.lines[mark..]);
        let first = self.offset == 0;
        let shared = framing(&mut chunk, scratch, |raw, out| share(rule, raw, rest, first, out));
        let taken = match shared {
            Some(taken) => taken,
            None if lead.is_full => 0,
            None if lead.waited => lead.lines.len() - mark,
            None => return Ok(Join::Unknown),
        };
        if taken == 0 {
            return Ok(Join::Apart);
        }
        chunk.raw.truncate(rest + taken);
        chunk.frames.clear();
        chunk.unwrapped.clear();
        let whole = self.frame(rule, first, End::Eof, &mut chunk, scratch);
        if whole < chunk.raw.len() {
            return Ok(Join::Apart);
        }
        let borrowed = Borrowed {
            at: self.offset + rest as u64,
            text: chunk.raw[rest..].to_vec(),
        };
        self.last = print_end(last, &chunk.raw[..rest]);
        let from = self.offset;
        self.offset = borrowed.at;
        Ok(Join::Joined {
            read: self.finish(bytes, chunk, from, true, false)?,
            borrowed,
            taken: mark + taken,
        })
    }
}
