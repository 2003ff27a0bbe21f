//! The headers that a reader passes within a chunk of a file which names its columns. Which one holds where the chunk begins
//! is the source's to say, which has the file.

use crate::event::{Chunk, Frame};
use crate::format::w3c;
use crate::pattern::Clock;

/// What of a chunk was passed. Nothing of it is needed by a pipeline without headers.
#[derive(Debug, Default)]
pub struct Columns {
    /// The byte of the chunk up to which headers were looked for.
    seen: usize,
}

impl Columns {
    /// Reads what stands between the last event and this one.
    pub fn pass(&mut self, chunk: &Chunk, frame: &Frame, clock: &mut Clock) {
        self.gap(chunk, frame.at as usize, clock);
        self.seen = self.seen.max((frame.at + frame.first_line) as usize);
    }

    /// Reads what stands behind the last event.
    pub fn leave(mut self, chunk: &Chunk, clock: &mut Clock) {
        let taken = (chunk.span.to - chunk.span.from) as usize;
        self.gap(chunk, taken.min(chunk.raw.len()), clock);
    }

    fn gap(&mut self, chunk: &Chunk, to: usize, clock: &mut Clock) {
        // A line end or two are no header.
        if let Some(lines) = chunk.raw.get(self.seen..to).filter(|lines| lines.len() > 2) {
            let from = lines.iter().position(|byte| !matches!(byte, b'\r' | b'\n'));
            if let Some(names) = w3c::header(&lines[from.unwrap_or(lines.len())..]) {
                clock.set_header(&names);
            }
        }
        self.seen = to;
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::event::{FileKey, Span, Timestamp};

    const LOG: &[u8] = b"#Version: 1.0\r\n#Fields: a b\r\n1 2\r\n3 4\r\n#Fields: c\r\n5\r\n#Fields: d\r\n";

    #[test]
    fn a_header_holds_until_the_next() {
        let mut clock = Clock::new(TimeZone::UTC, Timestamp::from_millis(0));
        let frames = [(29, 3), (34, 3), (51, 1)].map(|(at, length)| Frame {
            text: at..at + length,
            at,
            first_line: length,
            outer_time: 0..0,
            stream: None,
            cut: false,
        });
        let chunk = Chunk {
            span: Span {
                file: FileKey(7),
                from: 0,
                to: LOG.len() as u64,
            },
            raw: LOG.to_vec(),
            unwrapped: Vec::new(),
            wrapped: false,
            frames: frames.to_vec(),
        };
        let mut columns = Columns::default();
        let mut found = Vec::new();
        for frame in &chunk.frames {
            columns.pass(&chunk, frame, &mut clock);
            found.push(String::from_utf8(clock.header().to_vec()).unwrap());
        }
        columns.leave(&chunk, &mut clock);
        assert_eq!(found, ["a b", "a b", "c"]);
        assert_eq!(clock.header(), b"d");
    }
}
