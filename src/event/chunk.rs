use std::ops::Range;

use super::Span;

/// Which of a container's two streams a line was written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    Stdout,
    Stderr,
}

/// Where one event lies in its chunk. All positions are bytes from the start of the buffer that they point into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The event's text in [`Chunk::text`]: one or more lines, the last line end not included.
    pub text: Range<u32>,
    /// Where the event begins in [`Chunk::raw`]; the file offset is this plus `span.from`.
    pub at: u32,
    /// Length of the event's first line in `raw` from `at`, line end not included: what the document's
    /// identity is made of.
    pub first_line: u32,
    /// The time that the container runtime wrote before the line, in `raw`; empty where there is no wrapper.
    pub outer_time: Range<u32>,
    pub stream: Option<Stream>,
    /// The event was longer than a limit and was cut there.
    pub cut: bool,
}

/// Whole events of one file, and the bytes that they lie in. The unit that moves between the stages.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// The bytes of `raw` in their file. The next chunk of the file begins at `span.to`.
    pub span: Span,
    /// The file's bytes as they are.
    pub raw: Vec<u8>,
    /// What the container wrapper held, unescaped and joined; empty where there is no wrapper, and
    /// [`Chunk::text`] is then `raw`.
    pub unwrapped: Vec<u8>,
    /// Whether the frames point into `unwrapped`.
    pub wrapped: bool,
    /// The events in the order of their completion. A blank line is no event, so frames need not cover `raw`.
    pub frames: Vec<Frame>,
}

impl Chunk {
    /// The buffer that [`Frame::text`] points into.
    pub fn text(&self) -> &[u8] {
        if self.wrapped { &self.unwrapped } else { &self.raw }
    }
}
