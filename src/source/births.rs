use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use tracing::warn;

use crate::limits::BIRTHS_BYTES_MAX;
use crate::state::{FileRecord, Ledger};

/// Files that were seen for the first time since the last checkpoint, one JSON record a line, in
/// `state_dir/births`.
///
/// A line is written before the file's first event leaves. So the next run knows the file after SIGKILL at any
/// moment, whatever became of its name. It is not synced: after a power cut the checkpoint has to do.
#[derive(Debug)]
pub struct Births {
    path: PathBuf,
    file: Option<File>,
    /// How long the file is.
    bytes: u64,
    /// Checkpoints that had been written when the last line was.
    at_write: u64,
    /// Writing has failed, and that was said.
    failing: bool,
}

impl Births {
    pub fn open(state_dir: &Path) -> Births {
        let path = state_dir.join("births");
        Births {
            bytes: fs::metadata(&path).map_or(0, |meta| meta.len()),
            path,
            file: None,
            at_write: 0,
            failing: false,
        }
    }

    /// What the last run has noted. A line that a crash has cut short says nothing.
    pub fn records(&self) -> Vec<FileRecord> {
        let text = fs::read(&self.path).unwrap_or_default();
        let lines = text.split(|byte| *byte == b'\n');
        lines
            .filter_map(|line| serde_json::from_slice(line).ok())
            .collect()
    }

    /// Notes a new file. When it cannot, the file is known with the next checkpoint.
    pub fn note(&mut self, record: &FileRecord, ledger: &Ledger) {
        self.at_write = ledger.persist_health().writes;
        let written = self.write(record);
        if let Err(error) = &written
            && !self.failing
        {
            warn!(path = %self.path.display(), %error, "cannot note new files: after a kill, one that was rotated meanwhile may be read again as another; make room on the disk");
        }
        self.failing = written.is_err();
    }

    fn write(&mut self, record: &FileRecord) -> std::io::Result<()> {
        // Begins a new line also behind one that a full disk has cut short.
        let mut line = vec![b'\n'];
        serde_json::to_writer(&mut line, record)?;
        line.push(b'\n');
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let mut options = OpenOptions::new();
                options.create(true).append(true).mode(0o600);
                self.file.insert(options.open(&self.path)?)
            }
        };
        file.write_all(&line)?;
        self.bytes += line.len() as u64;
        Ok(())
    }

    /// Empties the file when a checkpoint has everything that is in it.
    pub fn tidy(&mut self, ledger: &Ledger) {
        if self.bytes == 0 {
            return;
        }
        // The first one after the last line may have been on its way before that line.
        let known = ledger.persist_health().writes >= self.at_write + 2
            || self.bytes > BIRTHS_BYTES_MAX && ledger.persist_now().is_ok();
        if known
            && OpenOptions::new()
                .write(true)
                .truncate(true)
                .open(&self.path)
                .is_ok()
        {
            self.bytes = 0;
        }
    }
}
