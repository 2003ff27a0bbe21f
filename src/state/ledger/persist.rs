//! Writing the checkpoint: what is in it, and how it goes.

use std::io;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tracing::{error, info};

use super::{Ledger, Recovery};
use crate::derive::Mark;
use crate::state::checkpoint::Checkpoint;

/// How writing the checkpoint goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersistHealth {
    /// Checkpoints written.
    pub writes: u64,
    /// Tries that failed.
    pub failures: u64,
    /// Why the last try failed; `None` when it did not.
    pub failing: Option<String>,
    pub last_write: Option<SystemTime>,
}

impl Ledger {
    pub fn persist_health(&self) -> PersistHealth {
        self.lock().health.clone()
    }

    /// Where nothing is known of an earlier run, writes down when this one began, in seconds since the epoch: what is
    /// written to the logs from then on is found by the next run, even if this one is killed before it has looked.
    ///
    /// # Errors
    ///
    /// As [`Ledger::persist_now`].
    pub fn begin(&self, began: i64) -> io::Result<()> {
        if self.restored_at.is_some() {
            return Ok(());
        }
        self.write(|| Checkpoint {
            written: began,
            ..self.snapshot()
        })
    }

    /// Writes the checkpoint now; on return it is durable. A failure is logged once and counted here.
    ///
    /// # Errors
    ///
    /// When the disk is full or the directory cannot be written to. The next change tries again.
    pub fn persist_now(&self) -> io::Result<()> {
        self.write(|| self.snapshot())
    }

    fn write(&self, snapshot: impl FnOnce() -> Checkpoint) -> io::Result<()> {
        let Some(store) = &self.store else {
            return Ok(());
        };
        // Held from the snapshot to the end: an older snapshot never replaces a newer one.
        let store = store.lock().unwrap_or_else(PoisonError::into_inner);
        let written = store.write(&snapshot());
        self.note(&written);
        written
    }

    fn snapshot(&self) -> Checkpoint {
        match self.metrics.get() {
            None => self.positions(&[]),
            Some(metrics) => {
                let (totals, positions) = metrics.save(|marks| self.positions(marks));
                Checkpoint { totals, ..positions }
            }
        }
    }

    /// Every position. What workers have counted and not told yet is in `marks`.
    fn positions(&self, marks: &[Mark]) -> Checkpoint {
        let mut inner = self.lock();
        for (file, to) in marks {
            if let Some(entry) = inner.files.get_mut(file) {
                let record = Arc::make_mut(&mut entry.record);
                record.counted = record.counted.max(*to);
            }
        }
        inner.dirty = false;
        let looked = inner.inputs.iter().any(|it| it.started);
        Checkpoint {
            totals: Vec::new(),
            lost: self.recovery == Recovery::Lost && !looked,
            written: unix_seconds(),
            inputs: inner
                .inputs
                .iter()
                .filter(|it| it.started)
                .map(|it| (it.name.to_string(), it.books))
                .collect(),
            files: inner
                .files
                .values()
                .map(|entry| Arc::clone(&entry.record))
                .collect(),
        }
    }

    fn note(&self, written: &io::Result<()>) {
        let mut inner = self.lock();
        match written {
            Ok(()) => {
                inner.health.writes += 1;
                inner.health.last_write = Some(SystemTime::now());
                if inner.health.failing.take().is_some() {
                    info!("the checkpoint can be written again");
                }
            }
            Err(reason) => {
                inner.dirty = true;
                inner.health.failures += 1;
                let first = inner.health.failing.is_none();
                inner.health.failing = Some(reason.to_string());
                if first {
                    error!(error = %reason, "cannot write the checkpoint; going on, trying again: make room on the disk or give this user the right to write");
                }
            }
        }
    }

    /// Waits until something changed; `false` when the writer shall end.
    pub(in crate::state) fn wait_for_change(&self) -> bool {
        let mut inner = self.lock();
        while !inner.dirty && !inner.stopped {
            inner = self.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
        !inner.stopped
    }

    /// Waits out the pause between two checkpoints; `false` when the writer shall end.
    pub(in crate::state) fn pause(&self, pause: Duration) -> bool {
        let inner = self.lock();
        let (inner, _) = self
            .changed
            .wait_timeout_while(inner, pause, |inner| !inner.stopped)
            .unwrap_or_else(PoisonError::into_inner);
        !inner.stopped
    }

    pub(in crate::state) fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }
}

fn unix_seconds() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
