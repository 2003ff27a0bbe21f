use std::fs::{File, OpenOptions};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use tracing::warn;

use super::StateError;

/// The right to write to one state directory, held until dropped or until the process ends.
#[derive(Debug)]
pub struct StateLock {
    /// `None` where the file system has no room or no right for a lock file: then the agent runs without.
    _file: Option<File>,
}

impl StateLock {
    /// Takes the lock of `dir`.
    ///
    /// # Errors
    ///
    /// [`StateError::Locked`] when another process holds it.
    pub fn take(dir: &Path) -> Result<StateLock, StateError> {
        let path = dir.join("lock");
        let file = match OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
        {
            Ok(file) => file,
            Err(error) => {
                warn!(path = %path.display(), %error, "cannot create the lock file; make sure that no other agent uses this directory");
                return Ok(StateLock { _file: None });
            }
        };
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(StateLock { _file: Some(file) }),
            Err(Errno::WOULDBLOCK) => Err(StateError::Locked {
                dir: dir.to_path_buf(),
            }),
            Err(error) => {
                warn!(path = %path.display(), %error, "cannot lock the state directory; make sure that no other agent uses it");
                Ok(StateLock { _file: None })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_one_owner() {
        let dir = tempfile::tempdir().unwrap();
        let lock = StateLock::take(dir.path()).unwrap();
        assert!(matches!(
            StateLock::take(dir.path()),
            Err(StateError::Locked { .. })
        ));
        drop(lock);
        StateLock::take(dir.path()).unwrap();
    }
}
