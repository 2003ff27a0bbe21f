use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Globs;
use super::header::FindHeader;
use crate::config::{Form, StartAt, Wrapper};
use crate::lane::Lane;
use crate::limits;

/// Room for what is no part of a line's text: a byte order mark, `\r\n`.
const LINE_END_ROOM: usize = 16;

/// What an input is to the source.
#[derive(Clone, Debug)]
pub struct Watch {
    /// What becomes of its events; deliveries carry it.
    pub lane: Arc<Lane>,
    pub globs: Globs,
    pub frame: Arc<FrameRule>,
    pub start_at: StartAt,
}

impl Watch {
    /// The input's name; the books are kept under it.
    pub fn name(&self) -> &str {
        &self.lane.name
    }
}

/// Says whether a line (without its end) begins an event.
pub type IsStart = Arc<dyn Fn(&[u8]) -> bool + Send + Sync>;

/// How the bytes of a file become events.
#[derive(Clone)]
pub struct FrameRule {
    pub wrapper: Option<Wrapper>,
    /// A journal's has no wrapper: its entries are no lines.
    pub form: Form,
    /// `None`: every line is an event.
    pub start: Option<IsStart>,
    /// Which of the lines that begin an event have the line behind them belong to it, whatever it is.
    pub lead: Option<IsStart>,
    /// Lines that belong to no event.
    pub skip: Option<IsStart>,
    /// Some lines that belong to no event say what the columns of those behind them are.
    pub header: Option<FindHeader>,
    /// A longer line is cut there. In bytes, at least 1.
    pub line_bytes_max: usize,
    /// A multi-line event ends before the line that would make it longer. In bytes, at least 1.
    pub event_bytes_max: usize,
    /// Likewise, in lines.
    pub event_lines_max: u32,
    /// How long the last lines of a multi-line event (or the pieces of a wrapped line) wait for more.
    pub flush: Duration,
}

impl Default for FrameRule {
    /// Every line is an event.
    fn default() -> Self {
        FrameRule {
            wrapper: None,
            form: Form::Lines,
            start: None,
            lead: None,
            skip: None,
            header: None,
            line_bytes_max: limits::LINE_BYTES_MAX,
            event_bytes_max: limits::EVENT_BYTES_MAX,
            event_lines_max: limits::EVENT_LINES_MAX,
            flush: limits::EVENT_FLUSH,
        }
    }
}

impl FrameRule {
    /// Overlapping events of a wrapped file that together are longer than this are ended together, and a raw
    /// line that is longer is not unwrapped; in bytes of the file. Wrapping and escaping seldom double a text,
    /// so an event reaches its own limits first.
    pub fn overlap_bytes_max(&self) -> usize {
        let longest = self.line_bytes_max.max(self.event_bytes_max);
        let wrapped = if self.wrapper.is_some() { 2 } else { 1 };
        longest
            .saturating_mul(wrapped)
            .min(limits::WINDOW_BYTES_MAX - LINE_END_ROOM)
    }

    /// How much of the file, from the beginning of an event, has to be in memory so that framing always gets
    /// on, in bytes.
    pub fn window_bytes_max(&self) -> usize {
        self.overlap_bytes_max() + LINE_END_ROOM
    }

    /// Whether the line belongs to no event.
    pub fn skips(&self, line: &[u8]) -> bool {
        self.skip.as_ref().is_some_and(|skips| skips(line))
    }

    /// Whether an event can be incomplete although its last line is complete.
    pub fn waits(&self) -> bool {
        self.start.is_some() || self.wrapper.is_some() || self.form == Form::Journal
    }
}

impl fmt::Debug for FrameRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameRule")
            .field("wrapper", &self.wrapper)
            .field("form", &self.form)
            .field("multi_line", &self.start.is_some())
            .field("line_bytes_max", &self.line_bytes_max)
            .field("event_bytes_max", &self.event_bytes_max)
            .field("event_lines_max", &self.event_lines_max)
            .field("flush", &self.flush)
            .finish()
    }
}
