//! A whole log, chunk by chunk, for the commands that read one file and end.

use std::io::{self, Read};

use memchr::memchr;

use crate::event::{Chunk, FileKey, Span};
use crate::limits;
use crate::source::FrameRule;
use crate::source::frame::{self, End, Out, Scratch};

/// Cuts what `input` gives into chunks of whole events, in bounded memory.
pub struct Chunks<R> {
    input: R,
    rule: FrameRule,
    chunk: Chunk,
    scratch: Scratch,
    /// Bytes at the end of `chunk.raw` that the next chunk begins with.
    left: usize,
    ended: bool,
}

impl<R: Fill> Chunks<R> {
    pub fn new(input: R, rule: FrameRule) -> Self {
        let span = Span {
            file: FileKey(0),
            from: 0,
            to: 0,
        };
        let wrapped = rule.wrapper.is_some();
        Chunks {
            input,
            rule,
            chunk: Chunk {
                span,
                raw: Vec::new(),
                unwrapped: Vec::new(),
                wrapped,
                frames: Vec::new(),
            },
            scratch: Scratch::default(),
            left: 0,
            ended: false,
        }
    }

    /// The same as the chunks of `file`: ids of documents are made of it.
    pub fn of_file(mut self, file: FileKey) -> Self {
        self.chunk.span.file = file;
        self
    }

    /// The next events; `None` at the end. A chunk may hold none.
    pub fn next(&mut self) -> io::Result<Option<&Chunk>> {
        let chunk = &mut self.chunk;
        let taken = chunk.raw.len() - self.left;
        chunk.raw.drain(..taken);
        chunk.span.from = chunk.span.to;
        chunk.frames.clear();
        chunk.unwrapped.clear();
        // What is left of a chunk that ended early, at its number of events, is cut before more is read.
        let mut hungry = chunk.raw.len() < limits::CHUNK_BYTES;
        loop {
            if !self.ended && hungry {
                self.ended = self.input.fill(&mut chunk.raw)? == 0;
            }
            hungry = true;
            if self.ended && chunk.raw.is_empty() {
                return Ok(None);
            }
            let first = chunk.span.from == 0;
            let end = if self.ended { End::Eof } else { End::More };
            let mut out = Out {
                frames: &mut chunk.frames,
                unwrapped: &mut chunk.unwrapped,
                scratch: &mut self.scratch,
            };
            let taken = frame::frame(&self.rule, &chunk.raw, first, end, &mut out);
            if taken == 0 && chunk.raw.len() >= self.rule.window_bytes_max() {
                frame::long_line(&self.rule, &chunk.raw, first, &mut out);
                let line = chunk.raw.len();
                let skipped = skip_line(&mut self.input, &mut chunk.raw)?;
                self.left = chunk.raw.len() - line;
                chunk.span.to += line as u64 + skipped;
                return Ok(Some(chunk));
            }
            if taken > 0 || self.ended {
                // At the end of the log, what nothing was taken of holds no event.
                self.left = if taken > 0 { chunk.raw.len() - taken } else { 0 };
                chunk.span.to += (chunk.raw.len() - self.left) as u64;
                return Ok(Some(chunk));
            }
        }
    }
}

/// What chunks are filled from.
pub trait Fill {
    /// Appends about a chunk of bytes and gives how many; 0 at the end.
    fn fill(&mut self, raw: &mut Vec<u8>) -> io::Result<usize>;
}

impl<R: Read> Fill for R {
    fn fill(&mut self, raw: &mut Vec<u8>) -> io::Result<usize> {
        self.by_ref().take(limits::CHUNK_BYTES as u64).read_to_end(raw)
    }
}

/// Reads on to the end of the line that `raw` is the beginning of; gives how many bytes that was, the line end
/// included. What was read behind it is appended to `raw`.
fn skip_line(input: &mut impl Fill, raw: &mut Vec<u8>) -> io::Result<u64> {
    let mut skipped = 0;
    let mut window = Vec::new();
    loop {
        window.clear();
        if input.fill(&mut window)? == 0 {
            return Ok(skipped);
        }
        if let Some(end) = memchr(b'\n', &window) {
            raw.extend_from_slice(&window[end + 1..]);
            return Ok(skipped + end as u64 + 1);
        }
        skipped += window.len() as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_of_short_lines_is_read_to_its_end_in_small_chunks() {
        let lines = 3 * limits::CHUNK_FRAMES_MAX + limits::CHUNK_BYTES / 2;
        let log = "x\n".repeat(lines);
        let mut chunks = Chunks::new(log.as_bytes(), FrameRule::default());
        let (mut events, mut bytes) = (0, 0);
        while let Some(chunk) = chunks.next().unwrap() {
            assert_eq!(chunk.span.from, bytes);
            assert!(chunk.raw.len() < 2 * limits::CHUNK_BYTES);
            events += chunk.frames.len();
            bytes = chunk.span.to;
        }
        assert_eq!(events, lines);
        assert_eq!(bytes, log.len() as u64);
    }
}
