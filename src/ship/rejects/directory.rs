use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use crate::durable;

/// One file of the store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Segment {
    /// Grows by one with each new segment, and never goes back while any is left.
    pub number: u64,
    pub path: PathBuf,
    pub bytes: u64,
}

const PREFIX: &str = "rejects-";
const SUFFIX: &str = ".ndjson";

/// Log lines may hold what not everybody may read.
const FILE_MODE: u32 = 0o600;
const DIRECTORY_MODE: u32 = 0o700;

/// Makes the directory unless it is there.
pub(super) fn create(dir: &Path) -> io::Result<()> {
    durable::create_dir(dir, DIRECTORY_MODE)
}

/// The segments, oldest first.
pub(super) fn segments(dir: &Path) -> io::Result<Vec<Segment>> {
    let mut segments = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(number) = name
            .to_str()
            .and_then(|name| name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?.parse().ok())
        else {
            continue;
        };
        segments.push(Segment {
            number,
            path: entry.path(),
            bytes: entry.metadata()?.len(),
        });
    }
    segments.sort_unstable();
    Ok(segments)
}

pub(super) fn segment_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{PREFIX}{number:08}{SUFFIX}"))
}

/// Holds the directory's lock until it is dropped; waits for whoever has it.
pub(super) fn lock(dir: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(FILE_MODE)
        .open(dir.join("lock"))?;
    flock(&file, FlockOperation::LockExclusive)?;
    Ok(file)
}

/// Opens a segment to read and to append to, made if need be.
pub(super) fn open_to_append(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(FILE_MODE)
        .open(path)
}

/// An empty file, whatever was there before.
pub(super) fn create_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(FILE_MODE)
        .open(path)
}
