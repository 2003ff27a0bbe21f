//! The thread of the source where nobody tells what happens: files are found by looking.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use tempfile::TempDir;
use tokio::sync::mpsc::{Receiver, channel};

use super::{Bell, Births, CHUNK_CHARGE, Delivery, Descriptors, FrameRule, Globs, Kept, Pool, Setup, Watch};
use crate::config::StartAt;
use crate::lane::Lane;
use crate::state::{Ledger, Tally};

/// A source that runs, without notifications.
struct Unheard {
    logs: TempDir,
    /// How often each line came.
    came: HashMap<String, usize>,
    written: usize,
    ledger: Arc<Ledger>,
    bell: Bell,
    receiver: Receiver<Delivery>,
    thread: JoinHandle<()>,
}

impl Unheard {
    fn start() -> Unheard {
        let logs = tempfile::tempdir().unwrap();
        let state = logs.path().join("state");
        std::fs::create_dir(&state).unwrap();
        let ledger = Arc::new(Ledger::open(&state).unwrap());
        let bell = Bell::default();
        let (sender, receiver) = channel(8);
        let setup = Setup {
            host: "host".to_owned(),
            watches: vec![Watch {
                lane: Lane::plain("input"),
                globs: Globs::compile(&[format!("{}/*.log", logs.path().display())], &[]).unwrap(),
                frame: Arc::new(FrameRule::default()),
                start_at: StartAt::Beginning,
            }],
            ledger: Arc::clone(&ledger),
            pool: Pool::new(8 * CHUNK_CHARGE, bell.clone()),
            bell: bell.clone(),
            workers: vec![sender],
            began: 0,
            scan: Duration::from_millis(500),
            births: Births::open(&state),
            kept: Kept::open(&state, 1 << 20),
            descriptors: Descriptors::of(1024),
            wall: SystemTime::now,
            once: None,
            notify: false,
        };
        let thread = super::start(setup).unwrap();
        Unheard {
            logs,
            came: HashMap::new(),
            written: 0,
            ledger,
            bell,
            receiver,
            thread,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.logs.path().join(name)
    }

    /// A hundred lines more.
    fn append(&mut self, name: &str) {
        let mut text = String::new();
        for _ in 0..100 {
            text += &format!("line {:06}\n", self.written);
            self.written += 1;
        }
        let file = OpenOptions::new().create(true).append(true).open(self.path(name));
        file.unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Waits until every line that was written has come.
    fn arrive(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.came.len() < self.written {
            assert!(
                Instant::now() < deadline,
                "{} of {} lines",
                self.came.len(),
                self.written
            );
            match self.receiver.try_recv() {
                Ok(delivery) => self.take(&delivery),
                Err(_) => thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    fn take(&mut self, delivery: &Delivery) {
        let chunk = &delivery.chunk;
        for frame in &chunk.frames {
            let text = &chunk.text()[frame.text.start as usize..frame.text.end as usize];
            let text = String::from_utf8(text.to_vec()).unwrap();
            *self.came.entry(text).or_default() += 1;
        }
        let tally = Tally {
            accepted: chunk.frames.len() as u64,
            ..Tally::default()
        };
        self.ledger.settle(chunk.span, tally);
    }

    fn end(mut self) {
        self.bell.shutdown();
        while let Some(delivery) = self.receiver.blocking_recv() {
            self.take(&delivery);
        }
        self.thread.join().unwrap();
        assert_eq!(self.came.len(), self.written);
        assert!(self.came.values().all(|times| *times == 1), "twice");
    }
}

#[test]
fn without_notifications_files_that_come_grow_rotate_and_are_emptied_are_read_once() {
    let mut logs = Unheard::start();
    logs.append("a.log");
    logs.append("b.log");
    logs.arrive();
    logs.append("a.log");
    logs.arrive();
    for number in 1..4 {
        // The writer goes on in the file that it has open.
        logs.append("a.log");
        fs::rename(logs.path("a.log"), logs.path(&format!("a.log.{number}"))).unwrap();
        logs.append(&format!("a.log.{number}"));
        logs.append("a.log");
        logs.arrive();
    }
    // Copied and emptied.
    logs.append("b.log");
    fs::copy(logs.path("b.log"), logs.path("b.log.1")).unwrap();
    fs::File::create(logs.path("b.log")).unwrap();
    logs.append("b.log");
    logs.arrive();
    // Emptied after all of it was read, and filled beyond the old size.
    fs::File::create(logs.path("a.log")).unwrap();
    logs.append("a.log");
    logs.append("a.log");
    logs.arrive();
    fs::remove_file(logs.path("b.log")).unwrap();
    logs.append("b.log");
    logs.arrive();
    logs.end();
}
