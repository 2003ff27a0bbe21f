use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use super::Ledger;
use crate::limits::CHECKPOINT_EVERY;

/// After a checkpoint that took a time `t` to write, the next one waits at least this many times `t`: with
/// very many files, writing them down takes at most a twentieth of one core.
const PAUSE_PER_COST: u32 = 20;

/// The thread that writes the checkpoint when something changed.
#[derive(Debug)]
pub struct Writer {
    ledger: Arc<Ledger>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn start(ledger: Arc<Ledger>) -> std::io::Result<Writer> {
        let of_thread = Arc::clone(&ledger);
        let thread = thread::Builder::new()
            .name("checkpoint".to_owned())
            .spawn(move || run(&of_thread))?;
        Ok(Writer {
            ledger,
            thread: Some(thread),
        })
    }

    /// Writes the last checkpoint and ends the thread.
    ///
    /// # Errors
    ///
    /// When that last checkpoint could not be written.
    pub fn stop(mut self) -> std::io::Result<()> {
        self.join();
        self.ledger.persist_now()
    }

    fn join(&mut self) {
        self.ledger.stop();
        if let Some(thread) = self.thread.take() {
            // A panic of that thread has been printed; the last checkpoint is written by the caller.
            let _ = thread.join();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.join();
    }
}

fn run(ledger: &Ledger) {
    while ledger.wait_for_change() {
        let began = Instant::now();
        // Failures are logged and counted by the ledger, and the next round tries again.
        let _ = ledger.persist_now();
        let pause = CHECKPOINT_EVERY.max(began.elapsed() * PAUSE_PER_COST);
        if !ledger.pause(pause) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::record::tests::sample;

    #[test]
    fn what_changed_last_is_on_disk_after_stop() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Arc::new(Ledger::open(dir.path()).unwrap());
        let writer = Writer::start(Arc::clone(&ledger)).unwrap();
        ledger.track(sample(1));
        ledger.track(sample(2));
        writer.stop().unwrap();
        assert_eq!(Ledger::open(dir.path()).unwrap().records().len(), 2);
    }
}
