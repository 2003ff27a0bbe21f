//! Real log files from the company's lines, rotated as logrotate does it.
//!
//! ```text
//! access.log ──rename──▶ access.log.1 ──▶ .2 ──▶ .3 ──▶ removed
//!      ▲                      ▲
//!      └ from the next flush  └ the program still writes here until it has opened its log again
//! ```

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::company::LogFile;
use crate::config::reason;
use crate::event::Timestamp;

/// The busiest file is rotated this often, in seconds, so that somebody who watches sees it survived.
const ROTATE_EVERY_SECS: i64 = 20;

/// Any file is rotated when it has grown beyond this, so that a demo that is left alone does not fill the disk.
const FILE_BYTES_MAX: u64 = 8 << 20;

/// Rotated files that are kept of each log.
const ROTATED_KEPT: u32 = 3;

/// Directory names that are tried before giving up.
const NAMES_MAX: u32 = 100;

#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} {}: {}; set TMPDIR to a directory with space to write to", path.display(), reason(error))]
pub struct WriteError {
    doing: &'static str,
    path: PathBuf,
    error: io::Error,
}

/// Owns a directory of its own below the system's temporary one, readable by this user only, and removes it when
/// dropped. The logs are below `logs/`; the rest of the directory is the caller's.
#[derive(Debug)]
pub struct Writer {
    directory: PathBuf,
    logs: Vec<Log>,
    rotations: u64,
    /// Seconds since the epoch; none before the first flush.
    rotate_at: Option<i64>,
}

#[derive(Debug)]
struct Log {
    which: LogFile,
    path: PathBuf,
    file: File,
    /// In `file`, including what went there after its rename.
    bytes: u64,
    pending: Vec<u8>,
    /// `path` is free: the log is opened anew at the next flush.
    renamed: bool,
}

impl Writer {
    pub fn create() -> Result<Self, WriteError> {
        Self::create_below(&std::env::temp_dir())
    }

    fn create_below(parent: &Path) -> Result<Self, WriteError> {
        let directory = own_directory(parent)?;
        // From here on the drop of `writer` cleans up, whatever fails.
        let mut writer = Writer {
            directory,
            logs: Vec::new(),
            rotations: 0,
            rotate_at: None,
        };
        for which in LogFile::ALL {
            let path = writer.path(which);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(because("create", parent))?;
            }
            let file = open(&path)?;
            writer.logs.push(Log {
                which,
                path,
                file,
                bytes: 0,
                pending: Vec::new(),
                renamed: false,
            });
        }
        Ok(writer)
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where the log is written to; rotated ones stand beside it with `.1` to `.3` appended.
    pub fn path(&self, file: LogFile) -> PathBuf {
        self.directory.join("logs").join(file.path())
    }

    /// How often a log was rotated so far.
    pub fn rotations(&self) -> u64 {
        self.rotations
    }

    /// Keeps whole lines for the next flush.
    pub fn append(&mut self, file: LogFile, lines: &[u8]) {
        if let Some(log) = self.logs.iter_mut().find(|log| log.which == file) {
            log.pending.extend_from_slice(lines);
        }
    }

    /// Writes what was appended, one write per file, and rotates what is due.
    pub fn flush(&mut self, now: Timestamp) -> Result<(), WriteError> {
        let due_at = *self.rotate_at.get_or_insert(now.secs + ROTATE_EVERY_SECS);
        for log in &mut self.logs {
            log.write()?;
            let by_time = log.which == LogFile::ShopAccess && due_at <= now.secs;
            if log.renamed {
                log.reopen()?;
            } else if by_time || log.bytes > FILE_BYTES_MAX {
                log.rotate()?;
                self.rotations += 1;
            }
        }
        if due_at <= now.secs {
            self.rotate_at = Some(now.secs + ROTATE_EVERY_SECS);
        }
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Nobody is left to be told; the system clears its temporary directory in the end.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

impl Log {
    fn write(&mut self) -> Result<(), WriteError> {
        self.file
            .write_all(&self.pending)
            .map_err(because("write", &self.path))?;
        self.bytes += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }

    fn rotate(&mut self) -> Result<(), WriteError> {
        for number in (1..=ROTATED_KEPT).rev() {
            let from = rotated(&self.path, number - 1);
            let to = rotated(&self.path, number);
            // The oldest is replaced by the rename; in the beginning there are fewer.
            match fs::rename(&from, &to) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(because("rename", &from)(error));
                }
                _ => {}
            }
        }
        self.renamed = true;
        Ok(())
    }

    fn reopen(&mut self) -> Result<(), WriteError> {
        self.file = open(&self.path)?;
        self.bytes = 0;
        self.renamed = false;
        Ok(())
    }
}

/// `path.3` for 3, `path` itself for 0.
fn rotated(path: &Path, number: u32) -> PathBuf {
    if number == 0 {
        return path.to_owned();
    }
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

fn open(path: &Path) -> Result<File, WriteError> {
    File::options()
        .create(true)
        .append(true)
        .open(path)
        .map_err(because("open", path))
}

/// A directory that was not there before: nobody else's files can be in it.
fn own_directory(parent: &Path) -> Result<PathBuf, WriteError> {
    let mut number = 0;
    loop {
        let directory = parent.join(format!("logmill-demo-{}-{number}", std::process::id()));
        match DirBuilder::new().mode(0o700).create(&directory) {
            Ok(()) => return Ok(directory),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < NAMES_MAX => {
                number += 1;
            }
            Err(error) => return Err(because("create", &directory)(error)),
        }
    }
}

fn because(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> WriteError {
    let path = path.to_owned();
    move |error| WriteError { doing, path, error }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp {
            secs,
            nanos: 0,
            digits: 0,
        }
    }

    fn read(path: &Path) -> String {
        fs::read_to_string(path).unwrap()
    }

    #[test]
    fn lines_go_to_their_files_and_the_directory_goes_away() {
        let parent = tempfile::tempdir().unwrap();
        let mut writer = Writer::create_below(parent.path()).unwrap();
        let other = Writer::create_below(parent.path()).unwrap();
        assert_ne!(writer.directory(), other.directory());
        for file in LogFile::ALL {
            writer.append(file, format!("{}\n", file.path()).as_bytes());
        }
        writer.flush(at(100)).unwrap();
        for file in LogFile::ALL {
            assert_eq!(read(&writer.path(file)), format!("{}\n", file.path()));
        }
        drop((writer, other));
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_busiest_file_is_rotated_by_time_and_no_line_is_lost() {
        let parent = tempfile::tempdir().unwrap();
        let mut writer = Writer::create_below(parent.path()).unwrap();
        let path = writer.path(LogFile::ShopAccess);
        let mut rotations = Vec::new();
        for secs in 0..100 {
            writer.append(LogFile::ShopAccess, format!("{secs}\n").as_bytes());
            writer.append(LogFile::Rabbit, b"x\n");
            writer.flush(at(secs)).unwrap();
            if writer.rotations() > rotations.len() as u64 {
                rotations.push(secs);
                assert!(!path.exists(), "the program has not opened it again yet");
            }
        }
        assert_eq!(rotations, [20, 40, 60, 80]);
        // 0 to 21 were in the fourth, which is gone; each one holds one line from after its rename.
        let all: String = [3, 2, 1, 0].map(|number| read(&rotated(&path, number))).concat();
        let expected: String = (22..100).map(|secs| format!("{secs}\n")).collect();
        assert_eq!(all, expected);
        assert!(read(&rotated(&path, 1)).ends_with("80\n81\n"));
        assert!(!rotated(&path, 4).exists());
        assert_eq!(read(&writer.path(LogFile::Rabbit)).len(), 200);
    }

    #[test]
    fn a_file_that_grew_too_large_is_rotated() {
        let parent = tempfile::tempdir().unwrap();
        let mut writer = Writer::create_below(parent.path()).unwrap();
        let lines = vec![b'\n'; FILE_BYTES_MAX as usize + 1];
        writer.append(LogFile::MesApp, &lines);
        writer.flush(at(0)).unwrap();
        writer.flush(at(0)).unwrap();
        let path = writer.path(LogFile::MesApp);
        assert_eq!(writer.rotations(), 1);
        assert_eq!(fs::metadata(&path).unwrap().len(), 0);
        assert_eq!(fs::metadata(rotated(&path, 1)).unwrap().len(), lines.len() as u64);
    }

    #[test]
    fn an_error_says_what_and_where() {
        let error = Writer::create_below(Path::new("/nowhere/at/all")).unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with("cannot create /nowhere/at/all/logmill-demo-"),
            "{text}"
        );
        assert!(text.contains(": no such file or directory; set TMPDIR"), "{text}");
    }
}
