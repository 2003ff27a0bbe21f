use super::{End, Out, frame};
use crate::config::Form;
use crate::source::FrameRule;

/// How many of the next file's first lines belong to the events that are open at a file's end, in bytes.
///
/// `input` is the file's rest, `rest` bytes that end with a line, and behind it whole lines of the next file. `first` is as
/// in [`frame`]. `None`: every one of these lines belongs to them, and perhaps more. What is in `out` afterwards means
/// nothing.
pub fn share(rule: &FrameRule, input: &[u8], rest: usize, first: bool, out: &mut Out<'_>) -> Option<usize> {
    let mut taken = |to: usize| {
        out.frames.clear();
        out.unwrapped.clear();
        frame(rule, &input[..to], first, End::More, out)
    };
    let ends: Vec<usize> = memchr::memchr_iter(b'\n', &input[rest..])
        .map(|at| rest + at + 1)
        .collect();
    // The line that ends the last of these events; more often than not it is the first one.
    let nth = match ends.first() {
        Some(&to) if taken(to) >= rest => 0,
        _ => ends.partition_point(|&to| taken(to) < rest),
    };
    let to = taken(*ends.get(nth)?);
    let line = if nth == 0 { rest } else { ends[nth - 1] };
    // A wrapped line may be the end of an event; any other shows by its beginning that the event has ended.
    let to = if rule.wrapper.is_some() { to } else { to.min(line) };
    Some(to - rest)
}

impl FrameRule {
    /// Whether the line is no part of an event that begins before it, whatever that is.
    pub fn begins(&self, line: &[u8]) -> bool {
        let depends = self.wrapper.is_some() || self.form != Form::Lines || self.lead.is_some();
        let is_start = |line| self.start.as_ref().is_some_and(|is_start| is_start(line));
        !depends && !line.is_empty() && is_start(line)
    }
}
