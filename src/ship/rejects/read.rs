use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use super::directory::{self, Segment};
use super::record::Reject;
use crate::durable;

/// Reads the store from the oldest reject to the newest, one line in memory at a time.
///
/// A document that was refused twice (before and after a crash) may come twice, with the same key.
#[derive(Debug)]
pub struct RejectReader {
    segments: std::vec::IntoIter<Segment>,
    segment: Option<BufReader<File>>,
    line: Vec<u8>,
}

/// A line that a crash or a full disk left half written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged;

impl RejectReader {
    /// A store that is not there is empty.
    pub fn open(dir: &Path) -> io::Result<Self> {
        Ok(RejectReader {
            segments: existing(directory::segments(dir))?
                .unwrap_or_default()
                .into_iter(),
            segment: None,
            line: Vec::new(),
        })
    }

    /// The next reject; `None` at the end.
    pub fn advance(&mut self) -> io::Result<Option<Result<Reject<'_>, Damaged>>> {
        loop {
            if let Some(segment) = &mut self.segment
                && next_line(segment, &mut self.line)?
            {
                break;
            }
            let Some(next) = self.segments.next() else {
                return Ok(None);
            };
            // `drop` or `drop_oldest` may have been faster.
            self.segment = existing(File::open(&next.path))?.map(BufReader::new);
        }
        Ok(Some(serde_json::from_slice(&self.line).map_err(|_| Damaged)))
    }
}

/// Removes the rejects that `pick` picks, and gives their number. Damaged lines go when their segment has
/// nothing else left.
pub fn remove(dir: &Path, pick: impl FnMut(&Reject) -> bool) -> io::Result<u64> {
    remove_in_steps(dir, pick, |_| Ok(()))
}

/// What removing changes on the disk, one after the other. A crash after any of them leaves every reject that stays,
/// once; what was to be removed is there or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    CreateRest,
    WriteRest,
    SyncRest,
    Replace,
    RemoveRest,
    RemoveSegment,
    SyncDir,
}

/// As [`remove`]; `after` is told of each step and may end it there, as a crash would.
pub(super) fn remove_in_steps(
    dir: &Path,
    mut pick: impl FnMut(&Reject) -> bool,
    mut after: impl FnMut(Step) -> io::Result<()>,
) -> io::Result<u64> {
    if existing(directory::segments(dir))?.is_none_or(|segments| segments.is_empty()) {
        return Ok(0);
    }
    let _lock = directory::lock(dir)?;
    let mut removed = 0;
    for segment in directory::segments(dir)? {
        removed += remove_from(&segment.path, &mut pick, &mut after)?;
    }
    durable::sync_names(dir)?;
    after(Step::SyncDir)?;
    Ok(removed)
}

/// Writes what stays of a segment beside it and puts that in its place.
fn remove_from(
    path: &Path,
    pick: &mut impl FnMut(&Reject) -> bool,
    after: &mut impl FnMut(Step) -> io::Result<()>,
) -> io::Result<u64> {
    let rest_path = path.with_extension("tmp");
    let mut rest = BufWriter::new(directory::create_file(&rest_path)?);
    after(Step::CreateRest)?;
    let mut segment = BufReader::new(File::open(path)?);
    let mut line = Vec::new();
    let (mut kept, mut removed) = (0u64, 0u64);
    while next_line(&mut segment, &mut line)? {
        let reject = serde_json::from_slice(&line);
        if reject.as_ref().is_ok_and(&mut *pick) {
            removed += 1;
        } else {
            kept += u64::from(reject.is_ok());
            rest.write_all(line.trim_ascii_end())?;
            rest.write_all(b"\n")?;
        }
    }
    let rest = rest.into_inner().map_err(io::IntoInnerError::into_error)?;
    after(Step::WriteRest)?;
    if kept > 0 && removed > 0 {
        rest.sync_all()?;
        after(Step::SyncRest)?;
        fs::rename(&rest_path, path)?;
        after(Step::Replace)?;
    } else {
        fs::remove_file(&rest_path)?;
        after(Step::RemoveRest)?;
        if kept == 0 {
            fs::remove_file(path)?;
            after(Step::RemoveSegment)?;
        }
    }
    Ok(removed)
}

/// Reads the next line that is not blank; `false` at the end.
fn next_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    loop {
        line.clear();
        if reader.read_until(b'\n', line)? == 0 {
            return Ok(false);
        }
        if !line.trim_ascii().is_empty() {
            return Ok(true);
        }
    }
}

/// `None` where there is no such file or directory.
fn existing<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(there) => Ok(Some(there)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
