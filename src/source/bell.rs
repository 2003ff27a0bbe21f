use std::collections::HashSet;
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Watch;
use crate::limits::NOTED_PATHS_MAX;

/// What wakes the source: notifications of the file system, memory that came back, shutdown, reload. Equal
/// notifications merge, so the bell holds a bounded amount however busy the file system is.
#[derive(Clone, Debug, Default)]
pub struct Bell {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    rung: Mutex<Rung>,
    wake: Condvar,
}

/// Everything that happened since the last look.
#[derive(Debug, Default)]
pub struct Rung {
    /// Something happened.
    pub rung: bool,
    /// Something happened that does not suffer delay: everything but files that were written to.
    pub urgent: bool,
    /// Names that were created, removed, renamed or changed in their attributes.
    pub moved: HashSet<PathBuf>,
    /// New files, opened as soon as they were heard of: with quick rotation their names are gone before their turn
    /// comes. The path is the one that was opened.
    pub opened: Vec<(PathBuf, File)>,
    /// Files that were written to.
    pub written: HashSet<PathBuf>,
    /// Notifications were lost: look at everything.
    pub rescan: bool,
    pub shutdown: bool,
    pub reload: Option<Vec<Watch>>,
}

impl Bell {
    pub fn ring(&self) {
        self.change(|rung| rung.urgent = true);
    }

    /// Names in a directory changed.
    pub fn moved(&self, path: PathBuf) {
        self.change(|rung| {
            rung.urgent = true;
            if rung.moved.len() < NOTED_PATHS_MAX {
                rung.moved.insert(path);
            } else {
                rung.rescan = true;
            }
        });
    }

    /// A new file, opened at once; whether it is taken: no more than `noted_max` wait.
    pub fn opened(&self, path: PathBuf, file: File, noted_max: usize) -> bool {
        let mut taken = false;
        self.change(|rung| {
            rung.urgent = true;
            if rung.opened.len() < noted_max {
                rung.opened.push((path, file));
                taken = true;
            }
        });
        taken
    }

    /// A file was written to.
    pub fn written(&self, path: PathBuf) {
        self.change(|rung| {
            if rung.written.len() < NOTED_PATHS_MAX {
                rung.written.insert(path);
            } else {
                rung.rescan = true;
            }
        });
    }

    pub fn rescan(&self) {
        self.change(|rung| {
            rung.urgent = true;
            rung.rescan = true;
        });
    }

    /// Ends the source: it stops reading and drops its senders.
    pub fn shutdown(&self) {
        self.change(|rung| {
            rung.urgent = true;
            rung.shutdown = true;
        });
    }

    /// Gives the source other inputs. Files that are in both go on where they are.
    pub fn reload(&self, watches: Vec<Watch>) {
        self.change(|rung| {
            rung.urgent = true;
            rung.reload = Some(watches);
        });
    }

    /// What happened since the last call.
    pub fn take(&self) -> Rung {
        let mut rung = self.lock();
        let shutdown = rung.shutdown;
        let taken = std::mem::take(&mut *rung);
        // Shutdown stays: whoever looks next shall see it too.
        rung.shutdown = shutdown;
        taken
    }

    /// Waits until something happens, at most `limit`. Files that were written to wake it only `gather` later,
    /// together with what was written meanwhile.
    pub fn wait(&self, limit: Duration, gather: Duration) {
        let began = Instant::now();
        let rung = self.lock();
        let calm = |rung: &mut Rung| !rung.urgent && !rung.shutdown;
        let (rung, _) = self
            .shared
            .wake
            .wait_timeout_while(rung, limit, |rung| calm(rung) && !rung.rung)
            .unwrap_or_else(PoisonError::into_inner);
        let left = gather.min(limit.saturating_sub(began.elapsed()));
        drop(
            self.shared
                .wake
                .wait_timeout_while(rung, left, |rung| calm(rung))
                .unwrap_or_else(PoisonError::into_inner),
        );
    }

    fn change(&self, change: impl FnOnce(&mut Rung)) {
        let mut rung = self.lock();
        let before = (rung.rung, rung.urgent);
        change(&mut rung);
        rung.rung = true;
        if before != (rung.rung, rung.urgent) {
            drop(rung);
            self.shared.wake.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Rung> {
        // Every change under the lock is one statement, so a poisoned lock holds no harm.
        self.shared.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_notes_merge_and_too_many_become_a_rescan() {
        let bell = Bell::default();
        for _ in 0..3 {
            bell.moved(PathBuf::from("/a"));
        }
        let rung = bell.take();
        assert_eq!((rung.moved.len(), rung.rescan), (1, false));
        for number in 0..=NOTED_PATHS_MAX {
            bell.written(PathBuf::from(format!("/{number}")));
        }
        let rung = bell.take();
        assert_eq!((rung.written.len(), rung.rescan), (NOTED_PATHS_MAX, true));
        assert!(!bell.take().rung);
    }

    #[test]
    fn shutdown_is_seen_by_every_look() {
        let bell = Bell::default();
        bell.shutdown();
        assert!(bell.take().shutdown);
        assert!(bell.take().shutdown);
        bell.wait(Duration::from_secs(3600), Duration::from_secs(3600));
    }
}
