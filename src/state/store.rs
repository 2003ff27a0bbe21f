use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tracing::{error, warn};

use super::checkpoint::{Checkpoint, DecodeError};
use crate::durable;

const CURRENT: &str = "checkpoint";
const PREVIOUS: &str = "checkpoint.1";
const NEXT: &str = "checkpoint.tmp";

/// So much of a checkpoint is written at once, in bytes.
const WRITE_BYTES: usize = 64 << 10;

/// Why the agent cannot start on a state directory.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("cannot read {}: {source}; give this user the right to read it", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("another logmill uses the state directory {}; stop it, or give this one a directory of its own: `state_dir` in [agent], or `--state-dir`", dir.display())]
    Locked { dir: PathBuf },
    #[error("{} was written by a newer logmill ({reason}); install that version again, or move the file away to start from the beginning (documents that are already stored are recognised)", path.display())]
    Newer { path: PathBuf, reason: DecodeError },
}

/// What a state directory held at start.
#[derive(Debug, PartialEq, Eq)]
pub enum Loaded {
    /// No checkpoint: the agent has not run with this directory.
    Fresh,
    Restored(Checkpoint),
    /// There was a checkpoint and none of its copies can be read: every file is read from its beginning.
    Lost,
}

/// The checkpoint files of one state directory.
#[derive(Debug)]
pub struct Store {
    dir: PathBuf,
}

/// The steps of replacing a checkpoint. After each of them a crash leaves a directory that loads the new or
/// the previous checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Create,
    Write,
    Sync,
    KeepPrevious,
    Publish,
    SyncDir,
}

pub(super) const STEPS: [Step; 6] = [
    Step::Create,
    Step::Write,
    Step::Sync,
    Step::KeepPrevious,
    Step::Publish,
    Step::SyncDir,
];

impl Store {
    /// The directory is there.
    pub fn new(dir: &Path) -> Store {
        Store {
            dir: dir.to_path_buf(),
        }
    }

    /// Reads the newest checkpoint that is whole; moves damaged ones aside.
    ///
    /// # Errors
    ///
    /// [`StateError::Read`] and [`StateError::Newer`]: to start without the checkpoint would be to start from
    /// the wrong place.
    pub fn load(&self) -> Result<Loaded, StateError> {
        let current = self.read(CURRENT)?;
        let damage = match current {
            Found::Whole(checkpoint) => return Ok(Loaded::Restored(checkpoint)),
            Found::Damaged(reason) => Some(reason),
            Found::Missing => None,
        };
        if let Some(reason) = &damage {
            let aside = self.set_aside(CURRENT);
            warn!(path = %self.dir.join(CURRENT).display(), %reason, moved_to = %aside.display(), "the checkpoint cannot be used, trying the previous one");
        }
        match self.read(PREVIOUS)? {
            Found::Whole(checkpoint) => {
                warn!(path = %self.dir.join(PREVIOUS).display(), written = checkpoint.written, "starting from the previous checkpoint; what was shipped since is sent again and recognised by its ids");
                Ok(Loaded::Restored(checkpoint))
            }
            Found::Damaged(reason) => {
                let aside = self.set_aside(PREVIOUS);
                error!(path = %self.dir.join(PREVIOUS).display(), %reason, moved_to = %aside.display(), "no checkpoint can be used: reading every file from its beginning; what is already stored is recognised by its ids");
                Ok(Loaded::Lost)
            }
            Found::Missing if damage.is_some() => {
                error!(path = %self.dir.join(CURRENT).display(), "there is no previous checkpoint: reading every file from its beginning; what is already stored is recognised by its ids");
                Ok(Loaded::Lost)
            }
            Found::Missing => Ok(Loaded::Fresh),
        }
    }

    /// What [`Store::load`] would find, for those who only look: nothing is written and nothing moved.
    ///
    /// # Errors
    ///
    /// As `load`.
    pub fn peek(dir: &Path) -> Result<Loaded, StateError> {
        let store = Store::new(dir);
        let current = store.read(CURRENT)?;
        match (current, store.read(PREVIOUS)) {
            (Found::Whole(checkpoint), _) => Ok(Loaded::Restored(checkpoint)),
            (Found::Damaged(_) | Found::Missing, Ok(Found::Whole(checkpoint))) => {
                Ok(Loaded::Restored(checkpoint))
            }
            (Found::Missing, Ok(Found::Missing)) => Ok(Loaded::Fresh),
            (Found::Damaged(_), Ok(_)) | (Found::Missing, Ok(Found::Damaged(_))) => Ok(Loaded::Lost),
            (_, Err(error)) => Err(error),
        }
    }

    /// Replaces the checkpoint durably: on return it survives a power cut.
    ///
    /// # Errors
    ///
    /// When the disk is full or the directory cannot be written to; the checkpoint that was there stays.
    pub fn write(&self, checkpoint: &Checkpoint) -> io::Result<()> {
        let written = self.perform(checkpoint, &STEPS);
        if written.is_err() {
            // Gives its blocks back to a full disk; the error to report is the first one.
            let _ = fs::remove_file(self.dir.join(NEXT));
        }
        written
    }

    pub(super) fn perform(&self, checkpoint: &Checkpoint, steps: &[Step]) -> io::Result<()> {
        let (current, next) = (self.dir.join(CURRENT), self.dir.join(NEXT));
        let mut file = None;
        for step in steps {
            match (step, &mut file) {
                (Step::Create, _) => file = Some(File::create(&next)?),
                (Step::Write, Some(file)) => {
                    let mut out = BufWriter::with_capacity(WRITE_BYTES, file);
                    checkpoint.write(&mut out)?;
                    out.flush()?;
                }
                (Step::Sync, Some(file)) => file.sync_all()?,
                (Step::Write | Step::Sync, None) => {}
                (Step::KeepPrevious, _) => match fs::rename(&current, self.dir.join(PREVIOUS)) {
                    Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                    _ => {}
                },
                (Step::Publish, _) => fs::rename(&next, &current)?,
                (Step::SyncDir, _) => durable::sync_names(&self.dir)?,
            }
        }
        Ok(())
    }

    fn read(&self, name: &str) -> Result<Found, StateError> {
        let path = self.dir.join(name);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Missing),
            Err(error) if error.kind() == ErrorKind::IsADirectory => {
                return Ok(Found::Damaged(DecodeError::Damaged(
                    "it is a directory".to_owned(),
                )));
            }
            Err(source) => return Err(StateError::Read { path, source }),
        };
        match Checkpoint::decode(&text) {
            Ok(checkpoint) => Ok(Found::Whole(checkpoint)),
            Err(reason @ DecodeError::Newer { .. }) => Err(StateError::Newer { path, reason }),
            Err(reason) => Ok(Found::Damaged(reason)),
        }
    }

    /// Moves a damaged file to a name of its own and says which.
    fn set_aside(&self, name: &str) -> PathBuf {
        let from = self.dir.join(name);
        let aside = (1..crate::limits::DAMAGED_CHECKPOINTS_MAX)
            .map(|number| self.dir.join(format!("checkpoint.damaged-{number}")))
            .find(|path| !path.exists())
            .unwrap_or_else(|| {
                self.dir.join(format!(
                    "checkpoint.damaged-{}",
                    crate::limits::DAMAGED_CHECKPOINTS_MAX
                ))
            });
        match fs::rename(&from, &aside) {
            Ok(()) => aside,
            Err(error) => {
                warn!(path = %from.display(), %error, "cannot move the damaged checkpoint aside");
                from
            }
        }
    }
}

enum Found {
    Whole(Checkpoint),
    Damaged(DecodeError),
    Missing,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::record::tests::sample;

    fn checkpoint(written: i64) -> (Checkpoint, Vec<u8>) {
        let checkpoint = Checkpoint {
            written,
            inputs: Vec::new(),
            files: vec![std::sync::Arc::new(sample(written as u64))],
            ..Checkpoint::default()
        };
        let mut text = Vec::new();
        checkpoint.write(&mut text).unwrap();
        (checkpoint, text)
    }

    #[test]
    fn a_stop_after_any_step_leaves_the_old_or_the_new_one() {
        let (old, _) = checkpoint(1);
        let (new, _) = checkpoint(2);
        for done in 0..=STEPS.len() {
            let dir = tempfile::tempdir().unwrap();
            let store = Store::new(dir.path());
            store.write(&old).unwrap();
            store.perform(&new, &STEPS[..done]).unwrap();
            let published = STEPS[..done].contains(&Step::Publish);
            let expected = if published { &new } else { &old };
            assert_eq!(
                store.load().unwrap(),
                Loaded::Restored(expected.clone()),
                "{done} steps"
            );
            store.write(&new).unwrap();
            assert_eq!(store.load().unwrap(), Loaded::Restored(new.clone()));
        }
    }

    #[test]
    fn damage_falls_back_to_the_previous_one_and_then_to_none() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path());
        assert_eq!(store.load().unwrap(), Loaded::Fresh);
        let (old, _) = checkpoint(1);
        let (new, new_text) = checkpoint(2);
        for damage in [&b""[..], b"{", &[0u8; 4096], &new_text[..new_text.len() / 2]] {
            store.write(&old).unwrap();
            store.write(&new).unwrap();
            fs::write(dir.path().join(CURRENT), damage).unwrap();
            assert_eq!(Store::peek(dir.path()).unwrap(), Loaded::Restored(old.clone()));
            assert_eq!(fs::read(dir.path().join(CURRENT)).unwrap(), damage);
            assert_eq!(store.load().unwrap(), Loaded::Restored(old.clone()));
            assert!(!dir.path().join(CURRENT).exists());
            fs::write(dir.path().join(PREVIOUS), damage).unwrap();
            assert_eq!(Store::peek(dir.path()).unwrap(), Loaded::Lost);
            assert_eq!(store.load().unwrap(), Loaded::Lost);
            assert_eq!(store.load().unwrap(), Loaded::Fresh);
        }
        assert!(dir.path().join("checkpoint.damaged-8").exists());
    }

    #[test]
    fn a_newer_version_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path());
        let mut newer = b"{\"logmill_checkpoint\":9,\"written\":1}\n".to_vec();
        let sum = format!("{:016x}", xxhash_rust::xxh3::xxh3_64(&newer));
        newer.extend_from_slice(format!("{{\"end\":1,\"xxh3\":\"{sum}\"}}\n").as_bytes());
        fs::write(dir.path().join(CURRENT), &newer).unwrap();
        let error = store.load().unwrap_err();
        assert!(error.to_string().contains("it has version 9"), "{error}");
        assert_eq!(fs::read(dir.path().join(CURRENT)).unwrap(), newer);
    }

    /// Whoever makes a new version adds the file that it writes.
    #[test]
    fn each_version_has_a_fixture_that_loads() {
        for version in 1..=crate::state::checkpoint::VERSION {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/state");
            let text = fs::read(format!("{folder}/v{version}/checkpoint")).unwrap();
            let first = format!("{{\"logmill_checkpoint\":{version},");
            assert!(text.starts_with(first.as_bytes()), "version {version}");
            let checkpoint = Checkpoint::decode(&text).unwrap();
            assert!(!checkpoint.files.is_empty() && !checkpoint.inputs.is_empty());
        }
    }

    #[test]
    fn the_fixture_of_version_1_loads() {
        let text = include_bytes!("../../fixtures/state/v1/checkpoint");
        let checkpoint = Checkpoint::decode(text).unwrap();
        assert_eq!(checkpoint.inputs.len(), 2);
        assert_eq!(checkpoint.files.len(), 2);
        assert_eq!(checkpoint.files[0].key.to_string(), "fedcba9876543210");
        assert_eq!(checkpoint.files[0].life.nth, 1);
        assert!(checkpoint.files[1].done);
    }
}
