//! The header that holds for the lines of a file which names its columns, followed as the file is read. It is looked for in
//! the file that the lines are from: its path may lead to another one by then, and its bytes may be compressed.

use std::io;
use std::sync::Arc;

use super::disk::Bytes;
use crate::event::{Chunk, FileKey};

/// Puts what is to be kept of the last header in some whole lines in place of what is there; `false` where there is none.
pub type FindHeader = fn(&[u8], &mut Vec<u8>) -> bool;

/// How far back from the place where reading goes on a header is looked for, and then at the file's beginning, in bytes. A
/// header is written when a file is begun and when the server starts again.
const SEARCH_BYTES_MAX: u64 = 64 << 20;

/// So much is looked through at once, in bytes.
const STEP_BYTES: u64 = 256 << 10;

/// No header is longer, with all its lines, in bytes: one that lies across two steps is found in the second.
const HEADER_BYTES_MAX: u64 = 16 << 10;

/// What a file has said of its columns so far.
#[derive(Debug, Default)]
pub struct Header {
    /// The file's life, and the offset up to which `names` holds.
    known: Option<(FileKey, u64)>,
    names: Option<Arc<[u8]>>,
    /// Memory for the next one.
    found: Vec<u8>,
}

impl Header {
    /// The header that holds where `chunk` of this file begins; the chunk is passed. Where it does not go on from the last
    /// one (after a restart, or when it is read again) the header is looked for in `bytes`.
    pub fn pass(&mut self, find: FindHeader, chunk: &Chunk, bytes: Option<&mut Bytes>) -> Option<Arc<[u8]>> {
        let span = chunk.span;
        let mut is_sure = true;
        if self.known != Some((span.file, span.from)) {
            let found = bytes.map_or(Ok(false), |bytes| before(bytes, span.from, find, &mut self.found));
            is_sure = found.is_ok();
            self.names = found
                .unwrap_or_default()
                .then(|| Arc::from(self.found.as_slice()));
        }
        let names = self.names.clone();
        let taken = usize::try_from(span.bytes()).map_or(chunk.raw.len(), |taken| taken.min(chunk.raw.len()));
        if find(&chunk.raw[..taken], &mut self.found) {
            is_sure = true;
            if names.as_deref() != Some(&self.found) {
                self.names = Some(Arc::from(self.found.as_slice()));
            }
        }
        // What could not be read is looked for again.
        self.known = is_sure.then_some((span.file, span.to));
        names
    }
}

/// The last header before `offset`.
fn before(bytes: &mut Bytes, offset: u64, find: FindHeader, found: &mut Vec<u8>) -> io::Result<bool> {
    if bytes.is_gz() {
        return before_in_gz(bytes, offset, find, found);
    }
    let mut lines = Vec::new();
    let lowest = offset.saturating_sub(SEARCH_BYTES_MAX);
    let mut to = offset;
    while to > lowest {
        let from = to.saturating_sub(STEP_BYTES);
        let end = offset.min(to + HEADER_BYTES_MAX);
        if find(lines_in(bytes, from, end, &mut lines)?, found) {
            return Ok(true);
        }
        to = from;
    }
    let end = lowest.min(STEP_BYTES);
    Ok(find(lines_in(bytes, 0, end, &mut lines)?, found))
}

/// Compressed bytes go forward: what lies before the offset has to be unpacked anyway.
fn before_in_gz(bytes: &mut Bytes, offset: u64, find: FindHeader, found: &mut Vec<u8>) -> io::Result<bool> {
    let (mut lines, mut any, mut from) = (Vec::new(), false, 0);
    while from < offset {
        let to = offset.min(from + STEP_BYTES);
        // Within the bytes that unpacking keeps at hand there is no way back, so the steps do not overlap: lines that are cut
        // at a step's end stay for the next.
        let kept = lines.len();
        lines.resize(kept + (to - from) as usize, 0);
        let read = bytes.read_at(from, &mut lines[kept..])?;
        lines.truncate(kept + read);
        any |= find(&lines, found);
        let keep = lines.len().min(HEADER_BYTES_MAX as usize);
        lines.drain(..lines.len() - keep);
        whole_lines(&mut lines);
        if read == 0 {
            break;
        }
        from = to;
    }
    Ok(any)
}

/// The lines of `from..to`, without the first one where it may have begun before.
fn lines_in<'l>(bytes: &mut Bytes, from: u64, to: u64, lines: &'l mut Vec<u8>) -> io::Result<&'l [u8]> {
    lines.clear();
    lines.resize((to - from) as usize, 0);
    let read = bytes.read_at(from, lines)?;
    lines.truncate(read);
    if from > 0 {
        whole_lines(lines);
    }
    Ok(lines)
}

/// Takes away what comes before the first line end.
fn whole_lines(lines: &mut Vec<u8>) {
    let end = memchr::memchr(b'\n', lines).map_or(lines.len(), |at| at + 1);
    lines.drain(..end);
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::path::Path;

    use super::*;
    use crate::event::Span;
    use crate::format::w3c;

    fn find(lines: &[u8], found: &mut Vec<u8>) -> bool {
        let header = w3c::header(lines).map(|pieces| pieces.concat());
        let is_there = header.is_some();
        *found = header.unwrap_or_else(|| std::mem::take(found));
        is_there
    }

    fn chunk(log: &[u8], file: u64, from: usize, to: usize) -> Chunk {
        Chunk {
            span: Span {
                file: FileKey(file),
                from: from as u64,
                to: to as u64,
            },
            raw: log[from..to].to_vec(),
            unwrapped: Vec::new(),
            wrapped: false,
            frames: Vec::new(),
        }
    }

    fn plain(dir: &Path, log: &[u8]) -> Bytes {
        let path = dir.join("u_ex.log");
        fs::write(&path, log).unwrap();
        Bytes::plain(fs::File::open(&path).unwrap())
    }

    fn gz(dir: &Path, log: &[u8]) -> Bytes {
        let path = dir.join("u_ex.log.gz");
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(log).unwrap();
        fs::write(&path, packed.finish().unwrap()).unwrap();
        Bytes::gz(fs::File::open(&path).unwrap())
    }

    fn text(names: Option<Arc<[u8]>>) -> String {
        names.map_or_else(String::new, |names| String::from_utf8_lossy(&names).into_owned())
    }

    /// Headers `a b` and then `c`, with `between` lines after each.
    fn log(between: usize) -> Vec<u8> {
        let lines = "x #Fields: no\n".repeat(between);
        format!("#Version: 1.0\r\n#Fields: a b\r\n{lines}#Fields: c\r\n{lines}").into_bytes()
    }

    #[test]
    fn a_header_holds_until_the_next_whatever_the_chunks() {
        let log = log(2);
        let mut header = Header::default();
        let second = memchr::memmem::find(&log, b"#Fields: c").unwrap();
        let pass = |header: &mut Header, from, to| text(header.pass(find, &chunk(&log, 1, from, to), None));
        assert_eq!(pass(&mut header, 0, 15), "");
        assert_eq!(pass(&mut header, 15, 29), "", "it rules what is behind it");
        assert_eq!(pass(&mut header, 29, second), "a b");
        assert_eq!(pass(&mut header, second, second + 12), "a b");
        assert_eq!(pass(&mut header, second + 12, log.len()), "c");
        assert_eq!(header.known, Some((FileKey(1), log.len() as u64)));
    }

    #[test]
    fn where_reading_goes_on_the_header_is_looked_for_in_the_file() {
        let dir = tempfile::tempdir().unwrap();
        // Some steps' worth of lines.
        let log = log(60_000);
        let second = memchr::memmem::find(&log, b"#Fields: c").unwrap();
        for mut bytes in [plain(dir.path(), &log), gz(dir.path(), &log)] {
            for (from, expected) in [
                (0, ""),
                (15, ""),
                (29, "a b"),
                (43, "a b"),
                (second, "a b"),
                (second + 12, "c"),
                (log.len() - 14, "c"),
            ] {
                let chunk = chunk(&log, 1, from, log.len().min(from + 14));
                let found = Header::default().pass(find, &chunk, Some(&mut bytes));
                assert_eq!(text(found), expected, "{from} of {}", log.len());
            }
        }
    }

    #[test]
    fn another_life_of_the_file_has_another_header() {
        let dir = tempfile::tempdir().unwrap();
        let log = log(1);
        let mut header = Header::default();
        header.pass(find, &chunk(&log, 1, 0, 43), None);
        let other = b"#Fields: d\n1\n2\n";
        let found = header.pass(
            find,
            &chunk(other, 2, 13, 15),
            Some(&mut plain(dir.path(), other)),
        );
        assert_eq!(text(found), "d");
        // It is read again from an earlier place.
        let found = header.pass(
            find,
            &chunk(other, 2, 11, 13),
            Some(&mut plain(dir.path(), other)),
        );
        assert_eq!(text(found), "d");
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { cases: 16, ..Default::default() })]

        /// Wherever the header lies, across the edges of steps too.
        #[test]
        fn a_header_is_found_wherever_it_lies(lead in 0usize..600_000, behind in 0usize..600_000) {
            let dir = tempfile::tempdir().unwrap();
            let mut log = vec![b'x'; lead];
            log.extend_from_slice(b"\n#Date: 2026-11-22 00:00:00\n#Fields: time b\n");
            log.resize(log.len() + behind, b'y');
            log.push(b'\n');
            for mut bytes in [plain(dir.path(), &log), gz(dir.path(), &log)] {
                let mut found = Vec::new();
                proptest::prop_assert!(before(&mut bytes, log.len() as u64, find, &mut found).unwrap());
                proptest::prop_assert_eq!(&found[..], b"date=2026-11-22 time b");
            }
        }
    }
}
