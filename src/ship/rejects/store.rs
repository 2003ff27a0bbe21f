use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::directory::{self, Segment};
use super::record::{Reject, RejectLines};
use crate::config::WhenFull;
use crate::durable;
use crate::ship::telemetry;

/// Why documents could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    #[error(
        "the reject store {} is full ({bytes_max} bytes); see `logmill rejects list`, then `replay` or `drop`, or raise `bytes_max`",
        dir.display()
    )]
    Full { dir: PathBuf, bytes_max: u64 },
    #[error("cannot write to the reject store {}: {source}; make the directory writable and see that its disk has room", dir.display())]
    Io { dir: PathBuf, source: io::Error },
}

impl KeepError {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            KeepError::Full { .. } => "full",
            KeepError::Io { .. } => "io",
        }
    }
}

/// The agent's side of the store: documents go in, durably.
#[derive(Debug)]
pub struct RejectStore {
    dir: PathBuf,
    bytes_max: u64,
    when_full: WhenFull,
    /// Keys of the documents kept lately: after a crash the same document is refused again.
    recent: Mutex<Option<HashSet<u64>>>,
}

/// A segment is closed at this share of `bytes_max`, so that dropping the oldest drops a small part...
const SEGMENTS: u64 = 16;

/// ...but at no more than so many bytes.
const SEGMENT_BYTES_MAX: u64 = 8 << 20;

/// So many keys are remembered: far more than a checkpoint is ever behind.
const RECENT_MAX: usize = 100_000;

impl RejectStore {
    /// A store in `dir`, made when the first document is refused. Without I/O.
    pub fn new(dir: impl Into<PathBuf>, bytes_max: u64, when_full: WhenFull) -> Self {
        RejectStore {
            dir: dir.into(),
            bytes_max,
            when_full,
            recent: Mutex::new(None),
        }
    }

    /// Writes the lines and returns once they are on the disk. After an error none of them is. Blocks.
    pub fn keep(&self, lines: &RejectLines) -> Result<(), KeepError> {
        self.keep_with(lines, durable::sync_names)
    }

    /// As [`keep`](Self::keep); `sync_names` makes the names in a directory durable.
    pub(super) fn keep_with(
        &self,
        lines: &RejectLines,
        sync_names: impl FnOnce(&Path) -> io::Result<()>,
    ) -> Result<(), KeepError> {
        // Who panicked with the lock held left at most a key too few.
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let io = |source| KeepError::Io {
            dir: self.dir.clone(),
            source,
        };
        directory::create(&self.dir).map_err(io)?;
        let _lock = directory::lock(&self.dir).map_err(io)?;
        let mut segments = directory::segments(&self.dir).map_err(io)?;
        let known = match &mut *recent {
            Some(known) => known,
            none => none.insert(keys_of_last(&segments).map_err(io)?),
        };
        let mut text = Vec::new();
        for (line, key) in lines.iter() {
            if !known.contains(&key) {
                text.extend_from_slice(line);
            }
        }
        self.make_room(&mut segments, text.len() as u64)?;
        self.append(&segments, &text, sync_names).map_err(io)?;
        let bytes: u64 = segments.iter().map(|segment| segment.bytes).sum();
        telemetry::rejects_bytes(bytes + text.len() as u64);
        if known.len() > RECENT_MAX {
            known.clear();
        }
        known.extend(lines.iter().map(|(_, key)| key));
        Ok(())
    }

    /// Tells the store's size to the metrics: what an earlier run left counts from the start. Blocks.
    pub fn measure(&self) {
        if let Ok(segments) = directory::segments(&self.dir) {
            telemetry::rejects_bytes(segments.iter().map(|segment| segment.bytes).sum());
        }
        telemetry::rejects_full(false);
    }

    fn make_room(&self, segments: &mut Vec<Segment>, needed: u64) -> Result<(), KeepError> {
        // An empty store takes what comes: waiting would not help.
        while !segments.is_empty()
            && segments.iter().map(|segment| segment.bytes).sum::<u64>() + needed > self.bytes_max
        {
            if self.when_full == WhenFull::Stop {
                telemetry::rejects_full(true);
                return Err(KeepError::Full {
                    dir: self.dir.clone(),
                    bytes_max: self.bytes_max,
                });
            }
            let oldest = segments.remove(0);
            let dropped = lines_of(&oldest.path).and_then(|lines| {
                fs::remove_file(&oldest.path)?;
                Ok(lines)
            });
            let dropped = dropped.map_err(|source| KeepError::Io {
                dir: self.dir.clone(),
                source,
            })?;
            telemetry::rejects_dropped(dropped);
            tracing::warn!("the reject store is full: its {dropped} oldest documents are dropped");
        }
        telemetry::rejects_full(false);
        Ok(())
    }

    fn append(
        &self,
        segments: &[Segment],
        text: &[u8],
        sync_names: impl FnOnce(&Path) -> io::Result<()>,
    ) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let segment_bytes_max = (self.bytes_max / SEGMENTS).min(SEGMENT_BYTES_MAX);
        let path = match segments.last() {
            Some(last) if last.bytes < segment_bytes_max => last.path.clone(),
            last => directory::segment_path(&self.dir, last.map_or(1, |last| last.number + 1)),
        };
        let mut file = directory::open_to_append(&path)?;
        let before = file.metadata()?.len();
        if before == 0 {
            // Before the first line: what is not empty has a name that lasts, whoever made it.
            sync_names(&self.dir)?;
        }
        let written = end_torn_line(&mut file, before)
            .and_then(|()| file.write_all(text))
            .and_then(|()| file.sync_data());
        if written.is_err() {
            // Half a line would do no harm, but it takes room; where even this fails, the next writer ends it.
            let _ = file.set_len(before);
        }
        written
    }
}

/// What a crash left of a line gets its newline, so that the next line is whole.
fn end_torn_line(file: &mut File, bytes: u64) -> io::Result<()> {
    if bytes > 0 {
        let mut last = [0];
        file.seek(SeekFrom::Start(bytes - 1))?;
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            file.write_all(b"\n")?;
        }
    }
    Ok(())
}

fn keys_of_last(segments: &[Segment]) -> io::Result<HashSet<u64>> {
    let mut keys = HashSet::new();
    if let Some(last) = segments.last() {
        for line in BufReader::new(File::open(&last.path)?).split(b'\n') {
            if let Ok(reject) = serde_json::from_slice::<Reject>(&line?) {
                keys.insert(reject.key());
            }
        }
    }
    Ok(keys)
}

fn lines_of(path: &Path) -> io::Result<u64> {
    let mut lines = 0;
    let mut reader = BufReader::new(File::open(path)?);
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(lines);
        }
        lines += memchr::memchr_iter(b'\n', buffer).count() as u64;
        let len = buffer.len();
        reader.consume(len);
    }
}
