use std::collections::{HashMap, HashSet};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, linkat};
use rustix::io::Errno;
use tracing::warn;

use super::identity::{HEAD_BYTES, TAIL_BYTES};
use crate::event::FileKey;
use crate::state::{FileRecord, Ledger};

/// Unsettled bytes of files that are rotated away or deleted, and at a stop of all others, so that they outlive the
/// agent's descriptors.
///
/// ```text
/// kept/KEY       a hard link to the file; or a copy of what is not settled, at the offsets that it had, with
///                the head in front and a hole between them: it is read like the file itself
/// kept/KEY.json  the file's record at that moment
/// ```
#[derive(Debug)]
pub struct Kept {
    dir: PathBuf,
    /// What all of them may take on disk, in bytes.
    bytes_max: u64,
    /// What each of them takes on disk, in bytes.
    files: HashMap<FileKey, u64>,
    /// Devices whose files cannot be linked from here.
    unlinkable: HashSet<u64>,
}

/// Why a file is not kept.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    #[error("`kept_bytes_max` is reached")]
    Full,
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Kept {
    /// The files that an earlier run has kept in `state_dir`; made when the first one is kept.
    pub fn open(state_dir: &Path, bytes_max: u64) -> Kept {
        let dir = state_dir.join("kept");
        let mut files = HashMap::new();
        let mut records = Vec::new();
        for entry in fs::read_dir(&dir).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                continue;
            };
            if let Some(key) = key(name) {
                files.insert(key, entry.metadata().map_or(0, |meta| on_disk(&meta)));
            } else if name.ends_with(".part") {
                // A copy that a crash has cut short.
                let _ = fs::remove_file(entry.path());
            } else if let Some(of) = name.strip_suffix(".json").and_then(key) {
                records.push((of, entry.path()));
            }
        }
        for (_, path) in records.iter().filter(|(of, _)| !files.contains_key(of)) {
            // The crash came before the file that it is about, or after that was removed.
            let _ = fs::remove_file(path);
        }
        Kept {
            dir,
            bytes_max,
            files,
            unlinkable: HashSet::new(),
        }
    }

    /// As where logs and state are on two file systems.
    #[cfg(test)]
    pub fn refuse_links(&mut self, dev: u64) {
        self.unlinkable.insert(dev);
    }

    /// What is on disk, in bytes.
    pub fn bytes(&self) -> u64 {
        self.files.values().sum()
    }

    pub fn has(&self, key: FileKey) -> bool {
        self.files.contains_key(&key)
    }

    /// Where the bytes of a file are kept.
    pub fn path(&self, key: FileKey) -> PathBuf {
        self.dir.join(key.to_string())
    }

    /// The records of the files, as they were when they were kept.
    pub fn records(&self) -> Vec<FileRecord> {
        let read = |key: &FileKey| -> io::Result<FileRecord> {
            Ok(serde_json::from_slice(&fs::read(self.record_path(*key))?)?)
        };
        let mut records = Vec::new();
        for key in self.files.keys() {
            match read(key) {
                Ok(record) => records.push(record),
                Err(error) => {
                    warn!(path = %self.path(*key).display(), %error, "a kept file without a record that can be read: only the checkpoint can tell what it is");
                }
            }
        }
        records
    }

    /// Gives the file one more name, so that it stays when its last other name goes.
    ///
    /// # Errors
    ///
    /// When the state directory is on another file system, the system refuses a link, or there is no room.
    pub fn link(&mut self, record: &FileRecord, file: &File) -> Result<(), KeptError> {
        let meta = file.metadata()?;
        if self.unlinkable.contains(&meta.dev()) {
            return Err(io::Error::from(ErrorKind::CrossesDevices).into());
        }
        self.admit(on_disk(&meta))?;
        self.write_record(record)?;
        // The path of the descriptor and not of a name, which may lead to another file by now.
        let from = format!("/proc/self/fd/{}", file.as_raw_fd());
        let linked = linkat(CWD, from, CWD, self.path(record.key), AtFlags::SYMLINK_FOLLOW);
        match linked {
            Ok(()) | Err(Errno::EXIST) => {
                self.files.insert(record.key, on_disk(&meta));
                Ok(())
            }
            Err(error) => {
                let _ = fs::remove_file(self.record_path(record.key));
                // Others are about this one file: it is gone, or is somebody else's.
                if matches!(error, Errno::XDEV | Errno::OPNOTSUPP | Errno::NOSYS) {
                    self.unlinkable.insert(meta.dev());
                }
                Err(io::Error::from(error).into())
            }
        }
    }

    /// Copies what is behind the record's offset, up to `size`, and what tells that it is this file.
    ///
    /// # Errors
    ///
    /// When the disk fails or there is no room.
    pub fn copy(&mut self, record: &FileRecord, file: &File, size: u64) -> Result<(), KeptError> {
        // Settled parts of a chunk move the offset, and whole chunks the bytes that are remembered.
        let from = record
            .offset
            .min(record.tail.at)
            .saturating_sub(TAIL_BYTES as u64);
        self.admit(size.saturating_sub(from) + HEAD_BYTES as u64)?;
        let part = self.path(record.key).with_extension("part");
        let copied = || -> io::Result<u64> {
            let to = private(&part)?;
            copy_range(file, &to, 0, (HEAD_BYTES as u64).min(size))?;
            copy_range(file, &to, from, size)?;
            self.write_record(record)?;
            fs::rename(&part, self.path(record.key))?;
            Ok(on_disk(&to.metadata()?))
        };
        match copied() {
            Ok(bytes) => {
                self.files.insert(record.key, bytes);
                Ok(())
            }
            Err(error) => {
                let _ = fs::remove_file(&part);
                Err(error.into())
            }
        }
    }

    /// Copies what came since to the end of a copy.
    ///
    /// # Errors
    ///
    /// As [`Kept::copy`].
    pub fn grow(&mut self, key: FileKey, file: &File, from: u64, size: u64) -> Result<(), KeptError> {
        let grown = size.saturating_sub(from);
        self.admit(grown)?;
        let to = OpenOptions::new().write(true).open(self.path(key))?;
        copy_range(file, &to, from, size)?;
        *self.files.entry(key).or_default() += grown;
        Ok(())
    }

    /// Removes the files of which every byte is settled, and says which.
    pub fn tidy(&mut self, ledger: &Ledger) -> Vec<FileKey> {
        let mut settled = Vec::new();
        for (key, bytes) in &mut self.files {
            let path = self.dir.join(key.to_string());
            let size = match fs::metadata(&path) {
                Ok(meta) => {
                    *bytes = on_disk(&meta);
                    meta.len()
                }
                Err(error) if error.kind() == ErrorKind::NotFound => 0,
                Err(_) => continue,
            };
            if ledger.safe(*key).is_none_or(|safe| safe >= size) {
                settled.push(*key);
            }
        }
        for key in &settled {
            // The record first: without it and without the checkpoint nobody reads the file again.
            let _ = fs::remove_file(self.record_path(*key));
            let _ = fs::remove_file(self.path(*key));
            self.files.remove(key);
        }
        settled
    }

    fn record_path(&self, key: FileKey) -> PathBuf {
        self.dir.join(format!("{key}.json"))
    }

    fn admit(&self, more: u64) -> Result<(), KeptError> {
        if self.bytes().saturating_add(more) > self.bytes_max {
            return Err(KeptError::Full);
        }
        let made = DirBuilder::new().mode(0o700).recursive(true).create(&self.dir);
        Ok(made?)
    }

    fn write_record(&self, record: &FileRecord) -> io::Result<()> {
        let path = self.record_path(record.key);
        let part = path.with_extension("json.part");
        private(&part)?.write_all(&serde_json::to_vec(record)?)?;
        fs::rename(part, path)
    }
}

/// The key that a kept file is named after.
fn key(name: &str) -> Option<FileKey> {
    let digits = name.len() == 16 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    digits
        .then(|| u64::from_str_radix(name, 16).ok())
        .flatten()
        .map(FileKey)
}

/// What a file takes on disk, holes not counted; its blocks have 512 bytes (stat(2)).
fn on_disk(meta: &fs::Metadata) -> u64 {
    meta.blocks().saturating_mul(512)
}

/// An empty file that nobody else may read.
fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}

/// Copies a range to where it was. Nothing else uses the files' own positions.
fn copy_range(mut from: &File, mut to: &File, start: u64, end: u64) -> io::Result<()> {
    if start >= end {
        return Ok(());
    }
    from.seek(SeekFrom::Start(start))?;
    to.seek(SeekFrom::Start(start))?;
    io::copy(&mut from.take(end - start), &mut to)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_that_cannot_be_linked_is_no_reason_to_copy_all_others() {
        let dir = tempfile::tempdir().unwrap();
        let mut kept = Kept::open(dir.path(), 1 << 20);
        let record = |key| FileRecord {
            key: FileKey(key),
            ..FileRecord::default()
        };
        let (gone, there) = (dir.path().join("gone"), dir.path().join("there"));
        let gone_file = File::create(&gone).unwrap();
        let there_file = File::create(&there).unwrap();
        fs::remove_file(gone).unwrap();
        assert!(
            kept.link(&record(1), &gone_file).is_err(),
            "a deleted file takes no name"
        );
        kept.link(&record(2), &there_file).unwrap();
        assert_eq!(there_file.metadata().unwrap().nlink(), 2);
        kept.refuse_links(there_file.metadata().unwrap().dev());
        assert!(kept.link(&record(3), &there_file).is_err());
    }
}
