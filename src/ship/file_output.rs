//! Bulk bodies into files, ready to be posted: action line, source line, rotated by size.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep};

use super::announce::Announce;
use super::backoff::{Backoff, Jitter};
use super::batch::Batch;
use super::ended::Ended;
use super::settle::{Settle, settle_all};
use crate::config::FileSettings;
use crate::{durable, limits};

/// Writes batches to a file.
#[derive(Debug)]
pub struct FileOutput {
    settings: FileSettings,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    bytes: u64,
}

/// Why events cannot be written to a path, whoever asks and however long it waits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoFile {
    #[error("{} is a directory; events are written to a file", .0.display())]
    Directory(PathBuf),
    #[error("{} is no regular file; events are written to one that can be renamed when it is full", .0.display())]
    Other(PathBuf),
}

impl NoFile {
    pub fn remedy(&self) -> &'static str {
        match self {
            NoFile::Directory(_) => "name a file in it as `path` in [file], such as events.ndjson",
            NoFile::Other(_) => "name a file as `path` in [file], or write [stdout] in place of [file]",
        }
    }
}

impl FileOutput {
    /// # Errors
    ///
    /// When something stands at the path that is no file.
    pub fn check(path: &Path) -> Result<(), NoFile> {
        match fs::metadata(path) {
            Ok(facts) if facts.is_dir() => Err(NoFile::Directory(path.to_path_buf())),
            Ok(facts) if !facts.is_file() => Err(NoFile::Other(path.to_path_buf())),
            // What is not there is made; what may not be looked at may be there.
            _ => Ok(()),
        }
    }

    /// Opens the file when the first batch comes.
    pub fn new(settings: FileSettings) -> Self {
        FileOutput { settings, open: None }
    }

    pub(super) async fn run(mut self, mut batches: Receiver<Batch>, settle: Arc<dyn Settle>) -> Ended {
        let mut backoff = Backoff::new(limits::RETRY_MAX);
        let mut jitter = Jitter::from_clock();
        let mut announce = Announce::default();
        while let Some(mut batch) = batches.recv().await {
            loop {
                let written = tokio::task::spawn_blocking(move || {
                    let result = self.write(batch.text());
                    (self, batch, result)
                });
                let Ok((back, same, result)) = written.await else {
                    // Only when the runtime ends, or by a panic: either way nothing is left to write with.
                    return Ended::GaveUp;
                };
                (self, batch) = (back, same);
                let Err(error) = result else { break };
                if announce.is_news("file", Instant::now()) {
                    let path = self.settings.path.display();
                    tracing::error!(
                        "cannot write {path}: {error}; make it writable and see that its disk has room"
                    );
                }
                sleep(backoff.pause(true, None, &mut jitter)).await;
            }
            backoff.reset();
            if announce.is_over() {
                tracing::info!("{} is written again", self.settings.path.display());
            }
            settle_all(&batch, &*settle);
        }
        Ended::Drained
    }

    /// Writes a body, whole or not at all.
    fn write(&mut self, body: &[u8]) -> io::Result<()> {
        self.write_with(body, durable::sync_names)
    }

    /// As [`write`](Self::write); `sync_names` makes the names in a directory durable.
    fn write_with(
        &mut self,
        body: &[u8],
        sync_names: impl FnOnce(&Path) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut is_named = self.open.is_some();
        let mut open = match self.open.take() {
            Some(open) => open,
            None => Open::append(&self.settings.path)?,
        };
        if open.bytes > 0 && open.bytes + body.len() as u64 > self.settings.rotate_bytes {
            drop(open);
            rotate(&self.settings.path, self.settings.rotate_keep)?;
            open = Open::append(&self.settings.path)?;
            is_named = false;
        }
        // Before the body, which is written again after an error.
        if !is_named {
            sync_names(durable::folder_of(&self.settings.path))?;
        }
        // Before its spans settle: a power cut loses nothing.
        let written = open.file.write_all(body).and_then(|()| open.file.sync_data());
        if written.is_ok() {
            open.bytes += body.len() as u64;
            self.open = Some(open);
        } else {
            // The next try writes the body from its start: what there is of it must go. Where this fails too,
            // opening the file anew removes the half line, and documents before it are there twice.
            let _ = open.file.set_len(open.bytes);
        }
        written
    }
}

/// What a new directory may be used for, before the process's mask: anything, as with `mkdir`.
const DIRECTORY_MODE: u32 = 0o777;

impl Open {
    /// Opens the file to append to, without the half line that a crash may have left at its end.
    fn append(path: &Path) -> io::Result<Self> {
        durable::create_dir(durable::folder_of(path), DIRECTORY_MODE)?;
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)?;
        let len = file.metadata()?.len();
        let bytes = end_of_last_line(&mut file, len)?;
        if bytes < len {
            file.set_len(bytes)?;
        }
        Ok(Open { file, bytes })
    }
}

/// Where the last whole line ends.
fn end_of_last_line(file: &mut File, len: u64) -> io::Result<u64> {
    const STEP_BYTES: u64 = 64 << 10;
    let mut buffer = Vec::new();
    let mut end = len;
    while end > 0 {
        let start = end.saturating_sub(STEP_BYTES);
        file.seek(SeekFrom::Start(start))?;
        buffer.clear();
        file.take(end - start).read_to_end(&mut buffer)?;
        if let Some(at) = memchr::memrchr(b'\n', &buffer) {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// `path` becomes `path.1`, `path.1` becomes `path.2`, and the one after `keep` goes.
fn rotate(path: &Path, keep: u32) -> io::Result<()> {
    let numbered = |number: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    };
    if keep == 0 {
        return fs::remove_file(path);
    }
    for number in (1..keep).rev() {
        match fs::rename(numbered(number), numbered(number + 1)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::rename(path, numbered(1))
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::sync::mpsc;

    use super::*;
    use crate::ship::Output;
    use crate::ship::testing::{Settled, batch_of};

    fn settings(dir: &Path, rotate_bytes: u64, rotate_keep: u32) -> FileSettings {
        FileSettings {
            path: dir.join("deep/events.ndjson"),
            rotate_bytes,
            rotate_keep,
        }
    }

    #[tokio::test]
    async fn bodies_are_appended_as_they_are_and_settled() {
        let dir = tempfile::tempdir().unwrap();
        let settings = settings(dir.path(), 1 << 20, 1);
        let settled = Arc::new(Settled::default());
        let (sender, receiver) = mpsc::channel(2);
        let batch = batch_of(&["{\"n\":1}", "{\"n\":2}", "{\"n\":3}", "{\"n\":4}"]);
        let body = batch.text().to_vec();
        sender.send(batch).await.unwrap();
        drop(sender);
        let output = Output::File(FileOutput::new(settings.clone()));
        assert_eq!(
            output.run(receiver, settled.clone(), pending()).await,
            Ended::Drained
        );
        assert_eq!(fs::read(&settings.path).unwrap(), body);
        assert_eq!(
            (
                settled.total().accepted,
                settled.total().filtered,
                settled.spans()
            ),
            (4, 2, 2)
        );
    }

    #[test]
    fn a_file_is_rotated_before_it_grows_beyond_its_size_and_the_oldest_goes() {
        let dir = tempfile::tempdir().unwrap();
        let settings = settings(dir.path(), 10, 2);
        let mut output = FileOutput::new(settings.clone());
        for body in [
            "one\n",
            "two\n",
            "three\n",
            "four, longer than the file may be\n",
            "five\n",
        ] {
            output.write(body.as_bytes()).unwrap();
        }
        let read = |suffix: &str| fs::read_to_string(format!("{}{suffix}", settings.path.display())).ok();
        assert_eq!(read("").unwrap(), "five\n");
        assert_eq!(read(".1").unwrap(), "four, longer than the file may be\n");
        assert_eq!(read(".2").unwrap(), "three\n");
        assert_eq!(read(".3"), None);
    }

    #[test]
    fn a_new_name_is_durable_before_the_body_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let mut output = FileOutput::new(settings(dir.path(), 10, 2));
        let failing = |_: &Path| Err(io::Error::other("the disk is gone"));
        let content = |suffix: &str| {
            fs::read_to_string(format!(
                "{}{suffix}",
                dir.path().join("deep/events.ndjson").display()
            ))
        };
        assert!(output.write_with(b"one\n", failing).is_err());
        assert!(
            output.write_with(b"one\n", failing).is_err(),
            "it is synced again"
        );
        assert_eq!(content("").unwrap(), "");
        let mut synced = None;
        let note = |dir: &Path| {
            synced = Some(dir.to_path_buf());
            Ok(())
        };
        output.write_with(b"one\n", note).unwrap();
        assert_eq!(synced, Some(dir.path().join("deep")));
        output
            .write_with(b"two\n", |_| unreachable!("the name is durable"))
            .unwrap();
        assert!(output.write_with(b"three\n", failing).is_err(), "rotated");
        output.write(b"three\n").unwrap();
        assert_eq!(
            (content(".1").unwrap(), content("").unwrap()),
            ("one\ntwo\n".into(), "three\n".into())
        );
    }

    #[test]
    fn half_a_line_left_by_a_crash_goes() {
        let dir = tempfile::tempdir().unwrap();
        let settings = settings(dir.path(), 1 << 20, 1);
        fs::create_dir_all(settings.path.parent().unwrap()).unwrap();
        for (left, kept) in [("whole\nhal", "whole\n"), ("hal", ""), ("whole\n", "whole\n")] {
            fs::write(&settings.path, left).unwrap();
            FileOutput::new(settings.clone()).write(b"next\n").unwrap();
            assert_eq!(
                fs::read_to_string(&settings.path).unwrap(),
                format!("{kept}next\n")
            );
        }
        let long = "x".repeat(200_000);
        fs::write(&settings.path, format!("whole\n{long}")).unwrap();
        FileOutput::new(settings.clone()).write(b"next\n").unwrap();
        assert_eq!(fs::read_to_string(&settings.path).unwrap(), "whole\nnext\n");
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("events.ndjson");
        assert_eq!(FileOutput::check(&file), Ok(()));
        fs::write(&file, b"").unwrap();
        assert_eq!(FileOutput::check(&file), Ok(()));
        let refused = FileOutput::check(dir.path());
        assert_eq!(refused, Err(NoFile::Directory(dir.path().to_path_buf())));
        let refused = FileOutput::check(Path::new("/dev/null"));
        assert_eq!(refused, Err(NoFile::Other("/dev/null".into())));
    }
}
