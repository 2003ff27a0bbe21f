//! The headers that a reader passes on its way through a file which names its columns.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::event::{Chunk, FileKey, Frame};
use crate::format::w3c;
use crate::pattern::Clock;

/// How much of a file is searched for its last header, before the place where reading goes on and at the file's
/// beginning, in bytes. A header is written when a file is begun and when the server starts again.
const SEARCH_BYTES: u64 = 1 << 20;

/// Where a reader stands, and what it has passed. Nothing of it is needed by a pipeline without headers.
#[derive(Debug, Default)]
pub struct Columns {
    /// The file, and the offset up to which the clock's header holds.
    known: Option<(FileKey, u64)>,
    /// The byte of the chunk up to which headers were looked for.
    seen: usize,
}

impl Columns {
    /// Begins a chunk. Where it does not go on from the last one, the header before it is looked up in the file at `path`.
    pub fn enter(&mut self, chunk: &Chunk, path: Option<&Path>, clock: &mut Clock) {
        self.seen = 0;
        if self.known == Some((chunk.span.file, chunk.span.from)) && !clock.header().is_empty() {
            return;
        }
        clock.set_header(&[]);
        if let Some(path) = path
            && let Some(lines) = before(path, chunk.span.from)
            && let Some(names) = w3c::header(&lines)
        {
            clock.set_header(&names);
        }
    }

    /// Reads what stands between the last event and this one.
    pub fn pass(&mut self, chunk: &Chunk, frame: &Frame, clock: &mut Clock) {
        self.gap(chunk, frame.at as usize, clock);
        self.seen = self.seen.max((frame.at + frame.first_line) as usize);
    }

    /// Ends the chunk.
    pub fn leave(&mut self, chunk: &Chunk, clock: &mut Clock) {
        let taken = (chunk.span.to - chunk.span.from) as usize;
        self.gap(chunk, taken.min(chunk.raw.len()), clock);
        self.known = Some((chunk.span.file, chunk.span.to));
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

/// The lines before `offset`, as far as they are searched: those right before it, or else the file's first. They may
/// begin amid a line.
fn before(path: &Path, offset: u64) -> Option<Vec<u8>> {
    let mut file = File::open(path).ok()?;
    for from in [offset.saturating_sub(SEARCH_BYTES), 0] {
        let mut lines = Vec::new();
        file.seek(SeekFrom::Start(from)).ok()?;
        (&mut file)
            .take(SEARCH_BYTES.min(offset - from))
            .read_to_end(&mut lines)
            .ok()?;
        if w3c::header(&lines).is_some() {
            return Some(lines);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::event::{Span, Timestamp};

    const LOG: &[u8] = b"#Version: 1.0\r\n#Fields: a b\r\n1 2\r\n3 4\r\n#Fields: c\r\n5\r\n";

    fn chunk(from: u64, to: u64, events: &[(u32, u32)]) -> Chunk {
        Chunk {
            span: Span {
                file: FileKey(7),
                from,
                to,
            },
            raw: LOG[from as usize..to as usize].to_vec(),
            unwrapped: Vec::new(),
            wrapped: false,
            frames: events
                .iter()
                .map(|&(at, length)| Frame {
                    text: at..at + length,
                    at,
                    first_line: length,
                    outer_time: 0..0,
                    stream: None,
                    cut: false,
                })
                .collect(),
        }
    }

    /// The header that each event of the chunk is read by.
    fn headers(columns: &mut Columns, clock: &mut Clock, chunk: &Chunk, path: Option<&Path>) -> Vec<String> {
        columns.enter(chunk, path, clock);
        let mut found = Vec::new();
        for frame in &chunk.frames {
            columns.pass(chunk, frame, clock);
            found.push(String::from_utf8(clock.header().to_vec()).unwrap());
        }
        columns.leave(chunk, clock);
        found
    }

    #[test]
    fn a_header_holds_until_the_next() {
        let (mut columns, mut clock) = (
            Columns::default(),
            Clock::new(TimeZone::UTC, Timestamp::from_millis(0)),
        );
        let all = chunk(0, LOG.len() as u64, &[(30, 3), (35, 3), (53, 1)]);
        assert_eq!(headers(&mut columns, &mut clock, &all, None), ["a b", "a b", "c"]);
    }

    #[test]
    fn a_header_holds_from_chunk_to_chunk_and_is_looked_up_where_one_is_missing() {
        let (mut columns, mut clock) = (
            Columns::default(),
            Clock::new(TimeZone::UTC, Timestamp::from_millis(0)),
        );
        let first = chunk(0, 35, &[(30, 3)]);
        let second = chunk(35, 53, &[(0, 3)]);
        let third = chunk(53, LOG.len() as u64, &[(0, 1)]);
        assert_eq!(headers(&mut columns, &mut clock, &first, None), ["a b"]);
        assert_eq!(headers(&mut columns, &mut clock, &second, None), ["a b"]);
        assert_eq!(headers(&mut columns, &mut clock, &third, None), ["c"]);
        // Read again after a restart.
        assert_eq!(headers(&mut columns, &mut clock, &second, None), [""]);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), LOG).unwrap();
        let mut columns = Columns::default();
        assert_eq!(
            headers(&mut columns, &mut clock, &second, Some(file.path())),
            ["a b"]
        );
        let mut columns = Columns::default();
        assert_eq!(
            headers(&mut columns, &mut clock, &third, Some(file.path())),
            ["c"]
        );
    }
}
