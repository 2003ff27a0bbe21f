//! The lines that are pushed through: a file, over and over.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use anyhow::Context;
use rustix::fs::MemfdFlags;

use super::access_line;
use crate::command::log_file;
use crate::command::reading::{Chunks, Fill};
use crate::config::{Form, PipelineFile};
use crate::event::{Chunk, FileKey};
use crate::limits;
use crate::source::FrameRule;

/// A smaller log is repeated in memory up to this size, so that reading it costs what reading a long one does.
const BYTES_MIN: usize = 4 << 20;

/// What is no file to begin again, a pipe or a compressed log, is kept in memory: no more than this of it.
const KEPT_BYTES_MAX: u64 = 64 << 20;

/// The pipeline whose lines are made to measure, because the budgets are about them.
const ACCESS: &str = "nginx-access";

/// A log that is there to be read.
#[derive(Debug)]
pub struct Workload {
    name: String,
    file: File,
}

impl Workload {
    /// The lines of the log at `path`, compressed with gzip or not; standard input for `-`.
    pub fn of_file(path: &Path) -> anyhow::Result<Self> {
        let name = path.display().to_string();
        // What is wrong with the path is said where it is opened.
        if let Ok(about) = fs::metadata(path)
            && about.is_file()
            && about.len() >= BYTES_MIN as u64
        {
            let mut file = File::open(path).with_context(|| format!("cannot open {name}"))?;
            if log_file::is_plain(&mut file).with_context(|| format!("cannot read {name}"))? {
                return Ok(Workload { name, file });
            }
        }
        Self::of_stream(&name, log_file::open(Some(path))?)
            .with_context(|| format!("cannot take the lines of {name}"))
    }

    /// As much of the log as is kept.
    fn of_stream(name: &str, log: impl Read) -> io::Result<Self> {
        let mut text = Vec::new();
        log.take(KEPT_BYTES_MAX).read_to_end(&mut text)?;
        Self::of_text(name.to_owned(), &text)
    }

    /// Lines like those that the pipeline is for: made up for `nginx-access`, those of the inline tests that match
    /// for any other.
    pub fn of_pipeline(pipeline: &PipelineFile) -> io::Result<Self> {
        if pipeline.name == ACCESS {
            return Self::of_text("made access lines".to_owned(), &access_line::many(BYTES_MIN));
        }
        let mut text = Vec::new();
        for test in pipeline.tests.iter().filter(|test| !test.unmatched) {
            text.extend_from_slice(test.input.as_bytes());
            text.push(b'\n');
            if pipeline.frame.form == Form::Journal {
                // Nothing but a blank line ends an entry.
                text.push(b'\n');
            }
        }
        Self::of_text("lines of the inline tests".to_owned(), &text)
    }

    /// `text` is repeated, each time with a line end.
    fn of_text(name: String, text: &[u8]) -> io::Result<Self> {
        if text.iter().all(u8::is_ascii_whitespace) {
            return Err(io::Error::other(
                "there is no line; give a log, or the pipeline a [[test]] that matches",
            ));
        }
        let mut file = File::from(rustix::fs::memfd_create("lines", MemfdFlags::CLOEXEC)?);
        let mut written = 0;
        while written < BYTES_MIN {
            file.write_all(text)?;
            if !text.ends_with(b"\n") {
                file.write_all(b"\n")?;
            }
            written += text.len();
        }
        file.rewind()?;
        Ok(Workload { name, file })
    }

    /// What the lines are, for a person.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The log from its beginning, over and over.
    pub fn endless(&self, rule: FrameRule) -> Endless<'_> {
        let repeat = Repeat {
            file: &self.file,
            last: b'\n',
            read_any: false,
        };
        // Documents of one run must not be those of another to a real server.
        let file = FileKey(jiff::Timestamp::now().as_nanosecond() as u64);
        let chunks = Chunks::new(repeat, rule).of_file(file);
        let log_bytes = self.file.metadata().map_or(0, |about| about.len());
        Endless { chunks, log_bytes }
    }
}

/// Chunks of whole events without an end.
pub struct Endless<'w> {
    chunks: Chunks<Repeat<'w>>,
    /// Of the log, when it was opened.
    pub log_bytes: u64,
}

impl Endless<'_> {
    /// The next events. A chunk may hold none: of a log without an event there is no end of such chunks.
    pub fn next_chunk(&mut self) -> io::Result<&Chunk> {
        match self.chunks.next()? {
            Some(chunk) => Ok(chunk),
            None => Err(io::Error::other("the log holds no line")),
        }
    }
}

/// Begins the file again where it ends.
struct Repeat<'w> {
    file: &'w File,
    /// The last byte read: a line that the file's end left open is ended.
    last: u8,
    /// Something was read since the last beginning.
    read_any: bool,
}

// Not by `Read`: the memory would be cleared first, which the agent's reader does not do.
impl Fill for Repeat<'_> {
    fn fill(&mut self, raw: &mut Vec<u8>) -> io::Result<usize> {
        loop {
            let read = self.file.take(limits::CHUNK_BYTES as u64).read_to_end(raw)?;
            if read > 0 {
                self.read_any = true;
                self.last = raw.last().copied().unwrap_or(self.last);
                return Ok(read);
            }
            if !self.read_any {
                return Ok(0);
            }
            self.file.rewind()?;
            self.read_any = false;
            if self.last != b'\n' {
                self.last = b'\n';
                raw.push(b'\n');
                return Ok(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_begins_again_where_it_ends() {
        let mut log = tempfile::tempfile().unwrap();
        log.write_all(b"one\ntwo").unwrap();
        log.rewind().unwrap();
        let mut repeat = Repeat {
            file: &log,
            last: b'\n',
            read_any: false,
        };
        let mut text = Vec::new();
        while text.len() < 16 {
            assert!(repeat.fill(&mut text).unwrap() > 0);
        }
        assert_eq!(&text[..16], b"one\ntwo\none\ntwo\n");
    }

    #[test]
    fn lines_of_a_pipeline_come_over_and_over() {
        let workload = Workload::of_text(String::new(), b"one\ntwo\n").unwrap();
        let mut input = workload.endless(FrameRule::default());
        let mut bytes = 0;
        while bytes < 2 * BYTES_MIN {
            let chunk = input.next_chunk().unwrap();
            assert!(chunk.raw.starts_with(b"one\n") || chunk.raw.starts_with(b"two\n"));
            bytes += chunk.raw.len();
        }
    }

    #[test]
    fn a_log_is_taken_apart_where_it_is_compressed_and_cut_where_it_is_endless() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.log.gz");
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(b"one\ntwo\n").unwrap();
        let mut packed = packed.finish().unwrap();
        // As large a file as is read in place where it is plain.
        let random: Vec<u8> = (0..BYTES_MIN as u32)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        let mut more = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        more.write_all(&random).unwrap();
        packed.extend(more.finish().unwrap());
        fs::write(&path, packed).unwrap();
        let workload = Workload::of_file(&path).unwrap();
        let mut input = workload.endless(FrameRule::default());
        assert!(input.next_chunk().unwrap().raw.starts_with(b"one\ntwo\n"));
        let endless = io::repeat(b'x').take(2 * KEPT_BYTES_MAX);
        let workload = Workload::of_stream("x", endless).unwrap();
        assert!(workload.file.metadata().unwrap().len() <= KEPT_BYTES_MAX + 1);
    }

    #[test]
    fn an_empty_log_ends() {
        let log = tempfile::tempfile().unwrap();
        let workload = Workload {
            name: String::new(),
            file: log,
        };
        assert!(workload.endless(FrameRule::default()).next_chunk().is_err());
        assert!(Workload::of_text(String::new(), b"\n \n").is_err());
    }
}
