use super::{End, Line, each_line};
use crate::event::Frame;
use crate::limits::CHUNK_FRAMES_MAX;
use crate::source::FrameRule;

/// Every line is an event.
pub(super) fn frame(
    rule: &FrameRule,
    input: &[u8],
    start: usize,
    end: End,
    frames: &mut Vec<Frame>,
) -> usize {
    let mut taken = start;
    for (from, to) in each_line(input, start, end) {
        taken = input.len().min(to + 1);
        let line = Line::new(input, from, to);
        let skipped = line.len() <= rule.line_bytes_max && rule.skips(&input[line.from..line.to]);
        if !line.is_blank() && !skipped {
            frames.push(line.alone(rule.line_bytes_max));
            if frames.len() >= CHUNK_FRAMES_MAX {
                break;
            }
        }
    }
    taken
}
