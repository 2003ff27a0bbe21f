//! A source on temporary files, with a clock and a disk of its own and an output that knows documents by id.

use std::cell::Cell;
use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tempfile::TempDir;
use tokio::sync::mpsc::{Receiver, channel};
use xxhash_rust::xxh3::xxh3_64;

use super::facts::Facts;
use super::{
    Bell, Births, CHUNK_CHARGE, Delivery, Descriptors, FrameRule, Globs, Kept, Once, Pool, Setup, Tailer,
    Watch,
};
use crate::config::StartAt;
use crate::event::{FileKey, Span};
use crate::lane::Lane;
use crate::state::{Ledger, Tally};

/// File, offset, hash of the first line: what a document's id is made of.
pub type Id = (FileKey, u64, u64);

thread_local! {
    /// How far the wall's clock of this test is off, in seconds.
    static WALL_SHIFT: Cell<i64> = const { Cell::new(0) };
}

/// The wall's clock of this test.
fn wall() -> SystemTime {
    let shift = WALL_SHIFT.get();
    let by = Duration::from_secs(shift.unsigned_abs());
    if shift < 0 {
        SystemTime::now() - by
    } else {
        SystemTime::now() + by
    }
}

/// Steps after which nothing more happens without a worker.
const HANGING_STEPS: usize = 50;

/// Name and globs of an input.
#[derive(Clone, Debug)]
pub struct Input {
    pub name: String,
    pub globs: Vec<String>,
}

/// The globs are relative to the directory of the logs.
pub fn input(name: &str, globs: &[&str]) -> Input {
    Input {
        name: name.to_owned(),
        globs: globs.iter().map(|glob| (*glob).to_owned()).collect(),
    }
}

pub struct Rig {
    pub dir: TempDir,
    /// Name and globs of each input, relative to the directory of the logs.
    pub inputs: Vec<Input>,
    pub rule: FrameRule,
    pub start_at: StartAt,
    pub kept_bytes_max: u64,
    /// Whether logs cannot be linked into the state directory.
    pub refuses_links: bool,
    pub descriptors: Descriptors,
    /// Whether the file system tells what happens.
    pub notify: bool,
    pub now: Instant,
    /// When the process was made, if not now; nanoseconds since the epoch.
    pub began: Option<i64>,
    pub ledger: Arc<Ledger>,
    /// What the output holds.
    pub docs: HashMap<Id, String>,
    /// Whose they are, as they came last.
    lanes: HashMap<Id, Arc<Lane>>,
    /// Documents that came again.
    pub again: usize,
    /// Of a run that ends by itself.
    pub once: Option<Arc<Once>>,
    /// Whether deliveries are settled at once.
    pub settles: bool,
    /// Whether the workers take nothing, so that everything backs up.
    pub hangs: bool,
    /// Whether descriptors are counted after each step, which takes its time.
    pub counts_open: bool,
    /// Descriptors of files in the directory of the logs, at most.
    pub open_most: usize,
    /// Spans that wait for their verdict.
    pub unsettled: Vec<(Span, u64)>,
    running: Option<(Tailer, Receiver<Delivery>)>,
    bell: Bell,
}

impl Rig {
    /// Not started yet. The globs are relative to the directory of the logs.
    pub fn new(globs: &[&str]) -> Rig {
        Rig::within(tempfile::tempdir().unwrap(), globs)
    }

    /// Not started yet, with logs and state in memory where the system has a place for that: nothing waits for a disk.
    pub fn in_memory(globs: &[&str]) -> Rig {
        let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        Rig::within(dir.unwrap(), globs)
    }

    fn within(dir: TempDir, globs: &[&str]) -> Rig {
        fs::create_dir(dir.path().join("logs")).unwrap();
        fs::create_dir(dir.path().join("state")).unwrap();
        Rig {
            inputs: vec![input("input", globs)],
            ledger: Arc::new(Ledger::open(&dir.path().join("state")).unwrap()),
            dir,
            rule: FrameRule::default(),
            start_at: StartAt::Beginning,
            kept_bytes_max: 64 << 20,
            refuses_links: false,
            descriptors: Descriptors::of(1024),
            notify: false,
            now: Instant::now(),
            began: None,
            docs: HashMap::new(),
            lanes: HashMap::new(),
            again: 0,
            once: None,
            settles: true,
            hangs: false,
            counts_open: false,
            open_most: 0,
            unsettled: Vec::new(),
            running: None,
            bell: Bell::default(),
        }
    }

    /// Started, and every file that is there is read.
    pub fn started(globs: &[&str]) -> Rig {
        let mut rig = Rig::new(globs);
        rig.start();
        rig
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("logs").join(name)
    }

    pub fn start(&mut self) {
        self.begin();
        self.pump();
    }

    /// Started, and nothing is looked at yet.
    pub fn begin(&mut self) {
        let bell = Bell::default();
        self.bell = bell.clone();
        let pool = Pool::new(8 * CHUNK_CHARGE, bell.clone());
        let (sender, receiver) = channel(4);
        let mut kept = Kept::open(&self.dir.path().join("state"), self.kept_bytes_max);
        if self.refuses_links {
            let facts = Facts::of(self.dir.path()).unwrap();
            kept.refuse_links(facts.inode.dev);
        }
        let setup = Setup {
            host: "host".to_owned(),
            watches: self.watches(),
            ledger: Arc::clone(&self.ledger),
            pool,
            bell,
            workers: vec![sender],
            began: self.wall(),
            scan: crate::limits::SCAN_EVERY,
            births: Births::open(&self.dir.path().join("state")),
            kept,
            descriptors: self.descriptors,
            wall,
            once: self.once.clone(),
            notify: self.notify,
        };
        self.running = Some((Tailer::new(setup, self.now), receiver));
    }

    /// When the process begins, in nanoseconds since the epoch.
    fn wall(&self) -> i64 {
        self.began.unwrap_or_else(|| {
            let since = wall().duration_since(UNIX_EPOCH).unwrap();
            i64::try_from(since.as_nanos()).unwrap()
        })
    }

    fn watches(&self) -> Vec<Watch> {
        let logs = self.dir.path().join("logs");
        let watch = |input: &Input| {
            let globs = input.globs.iter();
            let globs: Vec<String> = globs.map(|glob| format!("{}/{glob}", logs.display())).collect();
            Watch {
                lane: Lane::plain(&input.name),
                globs: Globs::compile(&globs, &[]).unwrap(),
                frame: Arc::new(self.rule.clone()),
                start_at: self.start_at,
            }
        };
        self.inputs.iter().map(watch).collect()
    }

    /// The configuration is read anew: these inputs, with the rule as it is now.
    pub fn reload(&mut self, inputs: Vec<Input>) {
        self.inputs = inputs;
        self.bell.reload(self.watches());
        self.pump();
    }

    /// The texts of the documents that came for this input, sorted.
    pub fn texts_of(&self, input: &str) -> Vec<String> {
        let docs = self.docs.iter().filter(|(id, _)| self.lanes[*id].name == input);
        let mut texts: Vec<String> = docs.map(|(_, text)| text.clone()).collect();
        texts.sort();
        texts
    }

    /// Lanes that something still leads to, besides what this rig remembers.
    pub fn forget_lanes(&mut self) -> Vec<std::sync::Weak<Lane>> {
        let lanes = self.lanes.drain().map(|(_, lane)| Arc::downgrade(&lane));
        lanes.collect()
    }

    /// The wall's clock jumps: it is off by so many seconds from now on.
    pub fn jump(&self, seconds: i64) {
        WALL_SHIFT.set(seconds);
    }

    /// The file system tells of a new name.
    pub fn hear_of(&mut self, name: &str) {
        let file = fs::File::open(self.path(name)).unwrap();
        self.bell.opened(self.path(name), file, 8);
        self.bell.moved(self.path(name));
        self.pump();
    }

    /// Lets the source do what is due, and says how long it would wait now.
    pub fn pause(&mut self) -> Duration {
        let (tailer, _) = self.running.as_mut().unwrap();
        tailer.step(self.now)
    }

    /// The process is killed: what was not written to the checkpoint is forgotten.
    pub fn kill(&mut self) {
        self.running = None;
        self.unsettled.clear();
        self.ledger = Arc::new(Ledger::open(&self.dir.path().join("state")).unwrap());
    }

    /// The process ends in order.
    pub fn stop(&mut self) {
        if let Some((tailer, _)) = &mut self.running {
            tailer.keep_all(self.now);
        }
        self.ledger.persist_now().unwrap();
        self.kill();
    }

    /// Lets the source do everything that it can do without time passing.
    pub fn pump(&mut self) {
        let Some((mut tailer, mut receiver)) = self.running.take() else {
            return;
        };
        for round in 0_usize.. {
            assert!(round < 100_000, "the source does not come to rest");
            tailer.step(self.now);
            if self.counts_open {
                self.open_most = self.open_most.max(self.open_now());
            }
            let mut came = false;
            while !self.hangs
                && let Ok(delivery) = receiver.try_recv()
            {
                came = true;
                self.store(&delivery);
            }
            if self.hangs && round >= HANGING_STEPS || !came && tailer.is_idle() {
                break;
            }
        }
        self.running = Some((tailer, receiver));
    }

    /// Time passes, in steps of the tick.
    pub fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while self.now < until {
            self.now = until.min(self.now + Duration::from_millis(250));
            self.pump();
        }
    }

    /// Long enough for every scan, flush, held copy and finished file.
    pub fn pass_long(&mut self) {
        self.pass(Duration::from_secs(45));
    }

    /// Descriptors of logs that this process has.
    fn open_now(&self) -> usize {
        let logs = self.dir.path().join("logs");
        let open = fs::read_dir("/proc/self/fd").unwrap();
        open.filter_map(|it| fs::read_link(it.ok()?.path()).ok())
            .filter(|file| file.starts_with(&logs))
            .count()
    }

    fn store(&mut self, delivery: &Delivery) {
        let chunk = &delivery.chunk;
        assert_eq!(delivery.origin.key, chunk.span.file);
        for frame in &chunk.frames {
            let at = frame.at as usize;
            let first = &chunk.raw[at..at + frame.first_line as usize];
            let text = &chunk.text()[frame.text.start as usize..frame.text.end as usize];
            let text = String::from_utf8_lossy(text).into_owned();
            let id = (
                chunk.span.file,
                chunk.span.from + u64::from(frame.at),
                xxh3_64(first),
            );
            self.lanes.insert(id, Arc::clone(&delivery.lane));
            match self.docs.insert(id, text.clone()) {
                None => {}
                Some(before) => {
                    assert_eq!(before, text, "one id, two texts");
                    self.again += 1;
                }
            }
        }
        self.unsettled.push((chunk.span, chunk.frames.len() as u64));
        if self.settles {
            self.settle_all();
        }
    }

    pub fn settle_all(&mut self) {
        for (span, events) in self.unsettled.drain(..) {
            let tally = Tally {
                accepted: events,
                ..Tally::default()
            };
            self.ledger.settle(span, tally);
        }
    }

    /// The output takes nothing: everything comes back.
    pub fn give_back_all(&mut self) {
        for (span, _) in self.unsettled.drain(..) {
            self.ledger.give_back(span, self.now);
        }
    }

    /// The texts of all documents, sorted.
    pub fn texts(&self) -> Vec<String> {
        let mut texts: Vec<String> = self.docs.values().cloned().collect();
        texts.sort();
        texts
    }

    pub fn append(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.path(name))
            .unwrap();
        file.write_all(bytes.as_ref()).unwrap();
    }

    pub fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    pub fn gzip(&self, from: &str, to: &str) {
        gzip(&self.path(from), &self.path(to));
    }

    /// `cp` and `truncate -s 0`.
    pub fn copytruncate(&self, from: &str, to: &str) {
        fs::copy(self.path(from), self.path(to)).unwrap();
        OpenOptions::new()
            .write(true)
            .truncate(true)
            .open(self.path(from))
            .unwrap();
    }
}

/// Compresses a file and removes it, as gzip does (but the time of the new file is now).
pub fn gzip(from: &Path, to: &Path) {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&fs::read(from).unwrap()).unwrap();
    fs::write(to, gz.finish().unwrap()).unwrap();
    fs::remove_file(from).unwrap();
}

/// `prefix NUMBER` lines.
pub fn lines(prefix: &str, numbers: std::ops::Range<u32>) -> String {
    numbers.map(|number| format!("{prefix} {number:05}\n")).collect()
}

/// What `lines` writes, as documents.
pub fn expected(parts: &[(&str, std::ops::Range<u32>)]) -> Vec<String> {
    let mut texts: Vec<String> = parts
        .iter()
        .flat_map(|(prefix, numbers)| numbers.clone().map(move |number| format!("{prefix} {number:05}")))
        .collect();
    texts.sort();
    texts
}
