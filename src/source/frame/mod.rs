//! Cuts bytes into events. Pure: bytes in, whole events out; nothing is remembered from call to call.
//!
//! The input begins at the beginning of an event. Events that are not complete yet are left: the next call
//! gets them again, with more bytes behind them. So an event depends on the file's bytes only and not on how
//! they came in, and a file that is read again after a crash gives the same events.
//!
//! - A line ends with `\n` or `\r\n`. The last line waits for its end until the file is finished ([`End::Eof`]).
//! - An empty line is no event; within a multi-line event it belongs to it, at its end it is dropped. Only what a
//!   container runtime has wrapped as a line of its own, with a time, is one where every line is.
//! - A byte order mark at the beginning of the file and NUL bytes at the beginning of a line (the hole that a
//!   crash or copytruncate leaves) belong to no event. NUL bytes end a multi-line event.
//! - A line over `line_bytes_max` is an event of its own that is cut there; the line after it is whole. It is never
//!   skipped.
//! - A multi-line event ends before the line that would take it over `event_bytes_max` or `event_lines_max`;
//!   that line begins the next event.
//! - A line that is skipped belongs to no event and ends the one that is open.
//! - Wrapped lines are joined per stream; then they are lines like any other. Where events of two streams overlap, all of them are given out
//!   together, when the last of them is complete. Overlapping events that together exceed
//!   [`FrameRule::overlap_bytes_max`] are ended together.
//! - A line that the wrapper cannot read is an event as it is.

mod journal;
mod lines;
mod multiline;
mod share;
mod tie;
mod wrapped;

use super::FrameRule;
use crate::config::Form;
use crate::event::Frame;

pub use share::share;
pub use wrapped::Scratch;

/// What comes behind the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Perhaps more.
    More,
    /// Nothing came for the flush time: events whose lines are complete are complete.
    Flush,
    /// The file is finished for good: its last line is complete too.
    Eof,
}

/// Where the events go. Everything is appended.
#[derive(Debug)]
pub struct Out<'a> {
    pub frames: &'a mut Vec<Frame>,
    /// Text of wrapped lines.
    pub unwrapped: &'a mut Vec<u8>,
    pub scratch: &'a mut Scratch,
}

/// Cuts `input` into events and says how many of its bytes they take; the next input begins there.
///
/// `first` says that the input begins at the file's first byte. When `input` holds
/// [`FrameRule::window_bytes_max`] bytes and nothing of it was taken, it begins with a line that is longer
/// than that: find its end and see [`long_line`].
pub fn frame(rule: &FrameRule, input: &[u8], first: bool, end: End, out: &mut Out<'_>) -> usize {
    let start = if first && input.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    let taken = match (rule.wrapper, &rule.start) {
        (Some(wrapper), _) => wrapped::frame(rule, wrapper, input, start, end, out),
        (None, _) if rule.form == Form::Journal => journal::frame(rule, input, start, end, out.frames),
        (None, Some(is_start)) => multiline::frame(rule, is_start.as_ref(), input, start, end, out.frames),
        (None, None) => lines::frame(rule, input, start, end, out.frames),
    };
    taken + hole(&input[taken..])
}

/// The NUL bytes at the beginning of a line of which something else is there already.
fn hole(line: &[u8]) -> usize {
    if line.first() != Some(&0) {
        return 0;
    }
    line.iter().position(|byte| *byte != 0).unwrap_or(0)
}

/// The event of a line whose end is not in memory: `input` is its beginning, at least `line_bytes_max` bytes.
pub fn long_line(rule: &FrameRule, input: &[u8], first: bool, out: &mut Out<'_>) {
    let mark = if first && input.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    let line = Line::new(input, mark, input.len());
    let text = line.cut(rule.line_bytes_max);
    let mut event = Frame {
        text: range(text.start, text.end),
        at: offset(line.from),
        first_line: offset(text.len()),
        outer_time: 0..0,
        stream: None,
        cut: true,
    };
    if rule.wrapper.is_some() {
        let from = out.unwrapped.len();
        out.unwrapped.extend_from_slice(&input[text]);
        event.text = range(from, out.unwrapped.len());
    }
    out.frames.push(event);
}

/// One line within the input, without its end and without NUL bytes before it.
#[derive(Clone, Copy, Debug)]
struct Line {
    /// Where the text begins.
    from: usize,
    /// Where the text ends.
    to: usize,
    /// NUL bytes were skipped.
    hole: bool,
}

impl Line {
    /// The line in `input[start..end]`, where `end` is the position of its `\n`.
    fn new(input: &[u8], start: usize, end: usize) -> Line {
        let mut to = end;
        if to > start && input[to - 1] == b'\r' {
            to -= 1;
        }
        let mut from = start;
        while from < to && input[from] == 0 {
            from += 1;
        }
        Line {
            from,
            to,
            hole: from > start,
        }
    }

    fn len(&self) -> usize {
        self.to - self.from
    }

    fn is_blank(&self) -> bool {
        self.from == self.to
    }

    /// The text, at most `bytes_max` of it.
    fn cut(&self, bytes_max: usize) -> std::ops::Range<usize> {
        self.from..self.from + self.len().min(bytes_max)
    }

    /// An event of this line alone, as it is.
    fn alone(&self, bytes_max: usize) -> Frame {
        let text = self.cut(bytes_max);
        Frame {
            text: range(text.start, text.end),
            at: offset(self.from),
            first_line: offset(text.len()),
            outer_time: 0..0,
            stream: None,
            cut: text.end < self.to,
        }
    }
}

/// The lines of `input` from `start` on: where each begins and where its `\n` is, or where the input ends for
/// the last one of a finished file.
fn each_line(input: &[u8], start: usize, end: End) -> impl Iterator<Item = (usize, usize)> {
    let mut from = start;
    let mut ends = memchr::memchr_iter(b'\n', &input[start..]);
    std::iter::from_fn(move || {
        let to = match ends.next() {
            Some(found) => start + found,
            None if end == End::Eof && from < input.len() => input.len(),
            None => return None,
        };
        let line = (from, to);
        from = to + 1;
        Some(line)
    })
}

/// A position in the input as frames keep it. The window is smaller than 1 GiB, see `window_bytes_max`.
fn offset(at: usize) -> u32 {
    at as u32
}

fn range(from: usize, to: usize) -> std::ops::Range<u32> {
    offset(from)..offset(to)
}

#[cfg(test)]
mod tests;
