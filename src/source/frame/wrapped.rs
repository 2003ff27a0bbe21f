use std::ops::Range;

use super::tie::Tie;
use super::{End, Line, Out, each_line, offset, range};
use crate::config::Wrapper;
use crate::event::{Frame, Stream};
use crate::format::container::{cri, docker};
use crate::limits::CHUNK_FRAMES_MAX;
use crate::source::FrameRule;

/// Memory that framing uses again from call to call. What it holds between calls means nothing.
#[derive(Debug, Default)]
pub struct Scratch {
    /// One per stream: stdout, stderr, not said.
    slots: [Slot; 3],
    /// The unwrapped text of one line.
    text: Vec<u8>,
}

/// What is open of one stream.
#[derive(Debug, Default)]
struct Slot {
    /// The open event, and behind it the pieces of a line that goes on.
    text: Vec<u8>,
    event: Option<Open>,
    line: Option<Pieces>,
}

#[derive(Debug)]
struct Open {
    begin: Begin,
    /// End of the last line that is not empty, in the slot's text.
    to: usize,
    lines: u32,
    tie: Tie,
    cut: bool,
}

/// An application's line that came in pieces so far.
#[derive(Debug)]
struct Pieces {
    begin: Begin,
    /// Where it begins in the slot's text.
    from: usize,
    /// It is longer than a line may be.
    cut: bool,
    /// No other stream did anything since it began, and none had anything open then.
    undisturbed: bool,
}

/// Where a line lies in the input.
#[derive(Clone, Debug)]
struct Begin {
    at: usize,
    len: usize,
    outer_time: Range<usize>,
    stream: Option<Stream>,
}

/// A place in the input that no event crosses, and how much was put out before it.
struct Clean {
    at: usize,
    frames: usize,
    unwrapped: usize,
}

struct Framing<'a, 'o> {
    rule: &'a FrameRule,
    out: &'a mut Out<'o>,
    clean: Clean,
    /// Where the first event behind the clean place begins.
    overlap: Option<usize>,
}

pub(super) fn frame(
    rule: &FrameRule,
    wrapper: Wrapper,
    input: &[u8],
    start: usize,
    end: End,
    out: &mut Out<'_>,
) -> usize {
    for slot in &mut out.scratch.slots {
        slot.text.clear();
        slot.event = None;
        slot.line = None;
    }
    let clean = Clean {
        at: start,
        frames: out.frames.len(),
        unwrapped: out.unwrapped.len(),
    };
    let mut framing = Framing {
        rule,
        out,
        clean,
        overlap: None,
    };
    for (from, to) in each_line(input, start, end) {
        let next = input.len().min(to + 1);
        if framing.is_full(next) {
            framing.close_all();
            framing.mark(from);
        }
        framing.line(wrapper, input, Line::new(input, from, to));
        if !framing.anything_open() {
            framing.mark(next);
        }
        if framing.clean.frames >= CHUNK_FRAMES_MAX {
            break;
        }
    }
    let last = end != End::More || framing.is_full(input.len());
    if framing.anything_open() && framing.clean.frames < CHUNK_FRAMES_MAX && last {
        framing.close_all();
        framing.mark(match end {
            End::Eof => input.len(),
            End::More | End::Flush => memchr::memrchr(b'\n', input).map_or(start, |at| at + 1),
        });
    }
    framing.finish()
}

impl Framing<'_, '_> {
    fn anything_open(&self) -> bool {
        self.out.scratch.slots.iter().any(Slot::is_open)
    }

    /// Whether a line that ends before `to` is too much for the overlapping events.
    fn is_full(&self, to: usize) -> bool {
        let over = |from| to - from > self.rule.overlap_bytes_max();
        self.anything_open() && self.overlap.is_some_and(over)
    }

    /// No event crosses `at`, and what is out now lies before it.
    fn mark(&mut self, at: usize) {
        self.clean = Clean {
            at,
            frames: self.out.frames.len(),
            unwrapped: self.out.unwrapped.len(),
        };
        self.overlap = None;
    }

    /// Takes back what lies behind the last clean place.
    fn finish(self) -> usize {
        self.out.frames.truncate(self.clean.frames);
        self.out.unwrapped.truncate(self.clean.unwrapped);
        self.clean.at
    }

    fn line(&mut self, wrapper: Wrapper, input: &[u8], line: Line) {
        if line.is_blank() {
            return;
        }
        let raw = &input[line.from..line.to];
        let mut text = std::mem::take(&mut self.out.scratch.text);
        text.clear();
        let by_docker = match wrapper {
            Wrapper::Docker => true,
            Wrapper::Cri => false,
            // Only Docker's lines begin with a brace.
            Wrapper::Auto => raw.first() == Some(&b'{'),
        };
        let read = match by_docker {
            _ if line.len() > self.rule.overlap_bytes_max() => None,
            true => docker(raw, &mut text).map(|parts| (parts.time, parts.stream, parts.ended)),
            false => cri(raw).map(|parts| {
                text.extend_from_slice(&raw[parts.text]);
                (parts.time, Some(parts.stream), !parts.partial)
            }),
        };
        match read {
            Some((time, stream, ended)) => {
                let begin = Begin {
                    at: line.from,
                    len: line.len(),
                    outer_time: line.from + time.start..line.from + time.end,
                    stream,
                };
                self.piece(begin, &text, ended);
            }
            None => self.as_it_is(input, line),
        }
        self.out.scratch.text = text;
    }

    /// A line that the runtime did not write.
    fn as_it_is(&mut self, input: &[u8], line: Line) {
        self.disturb(None);
        let mut event = line.alone(self.rule.line_bytes_max);
        let from = self.out.unwrapped.len();
        self.out
            .unwrapped
            .extend_from_slice(&input[line.cut(self.rule.line_bytes_max)]);
        event.text = range(from, self.out.unwrapped.len());
        self.out.frames.push(event);
    }

    /// Adds what one wrapped line holds to its stream.
    fn piece(&mut self, begin: Begin, text: &[u8], ended: bool) {
        let index = match begin.stream {
            Some(Stream::Stdout) => 0,
            Some(Stream::Stderr) => 1,
            None => 2,
        };
        self.disturb(Some(index));
        self.overlap.get_or_insert(begin.at);
        let alone = self
            .out
            .scratch
            .slots
            .iter()
            .enumerate()
            .all(|(at, slot)| at == index || !slot.is_open());
        let slot = &mut self.out.scratch.slots[index];
        let pieces = slot.line.get_or_insert_with(|| {
            if slot.event.is_some() {
                slot.text.push(b'\n');
            }
            Pieces {
                begin,
                from: slot.text.len(),
                cut: false,
                undisturbed: alone,
            }
        });
        let room = (pieces.from + self.rule.line_bytes_max).saturating_sub(slot.text.len());
        slot.text.extend_from_slice(&text[..text.len().min(room)]);
        pieces.cut |= text.len() > room;
        if ended && let Some(pieces) = slot.line.take() {
            self.whole_line(index, pieces);
        }
    }

    /// Other streams' open lines are no longer alone.
    fn disturb(&mut self, by: Option<usize>) {
        for (index, slot) in self.out.scratch.slots.iter_mut().enumerate() {
            if Some(index) != by
                && let Some(pieces) = &mut slot.line
            {
                pieces.undisturbed = false;
            }
        }
    }

    /// The application's line is complete: it belongs to the open event, or begins one.
    fn whole_line(&mut self, index: usize, pieces: Pieces) {
        let slot = &mut self.out.scratch.slots[index];
        if !pieces.cut && slot.text.len() > pieces.from && slot.text.last() == Some(&b'\r') {
            slot.text.pop();
        }
        let line = &slot.text[pieces.from..];
        let blank = line.is_empty();
        let begins = || self.rule.start.as_ref().is_none_or(|is_start| is_start(line));
        let skipped = !pieces.cut && self.rule.skips(line);
        let ends = |event: &mut Open| {
            pieces.cut
                || skipped
                || slot.text.len() > self.rule.event_bytes_max
                || event.lines >= self.rule.event_lines_max
                || (!event.tie.holds() && !blank && begins())
        };
        if let Some(event) = slot.event.take_if(ends) {
            put(self.out.frames, self.out.unwrapped, &slot.text[..event.to], event);
            slot.text.drain(..pieces.from);
            if pieces.undisturbed {
                self.mark(pieces.begin.at);
                self.overlap = Some(pieces.begin.at);
            }
        }
        let slot = &mut self.out.scratch.slots[index];
        if skipped {
            slot.text.clear();
            return;
        }
        match &mut slot.event {
            Some(event) => {
                event.lines += 1;
                event.tie.add(&slot.text[pieces.from..]);
                if !blank {
                    event.to = slot.text.len();
                }
            }
            // Where every line is an event, the runtime's time and stream make one of an empty line too.
            None if blank && self.rule.start.is_some() => slot.text.clear(),
            None => {
                let event = Open {
                    begin: pieces.begin,
                    to: slot.text.len(),
                    lines: 1,
                    tie: Tie::of_first(self.rule, &slot.text),
                    cut: pieces.cut,
                };
                if pieces.cut || self.rule.start.is_none() {
                    put(self.out.frames, self.out.unwrapped, &slot.text, event);
                    slot.text.clear();
                } else {
                    slot.event = Some(event);
                }
            }
        }
    }

    /// Ends everything that is open, in the order in which it began.
    fn close_all(&mut self) {
        for index in 0..self.out.scratch.slots.len() {
            if let Some(pieces) = self.out.scratch.slots[index].line.take() {
                let pieces = Pieces {
                    undisturbed: false,
                    ..pieces
                };
                self.whole_line(index, pieces);
            }
        }
        let began = |slot: &Slot| slot.event.as_ref().map(|event| event.begin.at);
        while let Some(slot) = self
            .out
            .scratch
            .slots
            .iter_mut()
            .filter(|slot| slot.event.is_some())
            .min_by_key(|slot| began(slot))
        {
            if let Some(event) = slot.event.take() {
                put(self.out.frames, self.out.unwrapped, &slot.text[..event.to], event);
                slot.text.clear();
            }
        }
    }
}

impl Slot {
    fn is_open(&self) -> bool {
        self.event.is_some() || self.line.is_some()
    }
}

fn put(frames: &mut Vec<Frame>, unwrapped: &mut Vec<u8>, text: &[u8], event: Open) {
    let from = unwrapped.len();
    unwrapped.extend_from_slice(text);
    frames.push(Frame {
        text: range(from, unwrapped.len()),
        at: offset(event.begin.at),
        first_line: offset(event.begin.len),
        outer_time: range(event.begin.outer_time.start, event.begin.outer_time.end),
        stream: event.begin.stream,
        cut: event.cut,
    });
}
