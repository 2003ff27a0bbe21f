use super::tie::Tie;
use super::{End, Line, each_line, offset, range};
use crate::event::Frame;
use crate::limits::CHUNK_FRAMES_MAX;
use crate::source::FrameRule;

/// An event that more lines may belong to.
struct Open {
    /// Its first line.
    first: Line,
    /// End of its last line that is not empty.
    to: usize,
    lines: u32,
    tie: Tie,
}

impl Open {
    fn close(self) -> Frame {
        Frame {
            text: range(self.first.from, self.to),
            at: offset(self.first.from),
            first_line: offset(self.first.len()),
            outer_time: 0..0,
            stream: None,
            cut: false,
        }
    }

    /// Whether a line that ends before `to` is too much.
    fn is_full(&self, rule: &FrameRule, to: usize) -> bool {
        to - self.first.from > rule.event_bytes_max || self.lines >= rule.event_lines_max
    }
}

/// A line that `is_start` recognises begins an event; the others belong to the event before them.
pub(super) fn frame(
    rule: &FrameRule,
    is_start: &(dyn Fn(&[u8]) -> bool + Send + Sync),
    input: &[u8],
    start: usize,
    end: End,
    frames: &mut Vec<Frame>,
) -> usize {
    let mut taken = start;
    let mut open: Option<Open> = None;
    for (from, to) in each_line(input, start, end) {
        let line = Line::new(input, from, to);
        let next = input.len().min(to + 1);
        let long = line.len() > rule.line_bytes_max;
        let text = &input[line.from..line.to];
        let skipped = !long && rule.skips(text);
        let ends = |event: &mut Open| {
            line.hole
                || long
                || skipped
                || event.is_full(rule, next)
                || (!event.tie.holds() && !line.is_blank() && is_start(text))
        };
        if let Some(event) = open.take_if(ends) {
            frames.push(event.close());
            taken = from;
            if frames.len() >= CHUNK_FRAMES_MAX {
                return taken;
            }
        }
        if skipped {
            taken = next;
            continue;
        }
        match &mut open {
            Some(event) => {
                event.lines += 1;
                event.tie.add(text);
                if !line.is_blank() {
                    event.to = line.to;
                }
            }
            None if line.is_blank() => taken = next,
            None if long => {
                frames.push(line.alone(rule.line_bytes_max));
                taken = next;
            }
            None => {
                taken = line.from;
                open = Some(Open {
                    first: line,
                    to: line.to,
                    lines: 1,
                    tie: Tie::of_first(rule, text),
                });
            }
        }
    }
    // The line that is not complete yet ends somewhere behind the input: too far for an event that the input
    // itself is too long for.
    if let Some(event) = open.take_if(|event| end != End::More || event.is_full(rule, input.len())) {
        frames.push(event.close());
        taken = match end {
            End::Eof => input.len(),
            End::More | End::Flush => memchr::memrchr(b'\n', input).map_or(taken, |at| at + 1),
        };
    }
    taken
}
