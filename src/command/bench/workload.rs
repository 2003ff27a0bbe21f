//! The lines that are pushed through: a file, over and over.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use rustix::fs::MemfdFlags;

use super::access_line;
use crate::command::reading::{Chunks, Fill};
use crate::config::{Form, PipelineFile};
use crate::event::{Chunk, FileKey};
use crate::limits;
use crate::source::FrameRule;

/// A smaller log is repeated in memory up to this size, so that reading it costs what reading a long one does.
const BYTES_MIN: usize = 4 << 20;

/// The pipeline whose lines are made to measure, because the budgets are about them.
const ACCESS: &str = "nginx-access";

/// A log that is there to be read.
#[derive(Debug)]
pub struct Workload {
    name: String,
    file: File,
}

impl Workload {
    /// The lines of the log at `path`.
    pub fn of_file(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let name = path.display().to_string();
        let about = file.metadata()?;
        if about.is_dir() {
            return Err(io::Error::new(
                io::ErrorKind::IsADirectory,
                "it is a directory; name a file in it",
            ));
        }
        if about.is_file() && about.len() >= BYTES_MIN as u64 {
            return Ok(Workload { name, file });
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        Self::of_text(name, &text)
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
        Endless(Chunks::new(repeat, rule).of_file(file))
    }
}

/// Chunks of whole events without an end.
pub struct Endless<'w>(Chunks<Repeat<'w>>);

impl Endless<'_> {
    /// The next events; at least one.
    pub fn next_chunk(&mut self) -> io::Result<&Chunk> {
        match self.0.next()? {
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
