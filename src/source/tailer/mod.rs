//! The state of the source's thread. [`Tailer::step`] does a bounded amount of work and says when it wants to
//! be called again; nothing in here waits.
//!
//! ```text
//!  sight (names.rs)        a path leads to an inode: known → a name of it; new → an arrival
//!  settle (arrive.rs)      arrivals: remembered from the last run? copy of a known file? new?
//!  rotated (rotate.rs)     siblings of a rotated name: files that were missed, copies, compressed ones
//!  copy (copy.rs)          copies that rotation makes in place of a rename
//!  birth (birth.rs)        a file whose first line is there gets its key
//!  turn (turn.rs)          one look at one file: a chunk leaves, or nothing is there yet
//!  join (join.rs)          the last event of a file and the beginning of the next one
//!  held (held.rs)          inputs whose documents are not taken now
//!  reload (reload.rs)      other inputs
//!  tend (tend.rs)          time: flush, held copies, finished files
//!  room (room.rs)          descriptors: which files stay open
//!  conclude (conclude.rs)  the end of a run that ends by itself
//!  keep (keep.rs)          unsettled bytes of files that are gone, for the next run
//! ```

mod arrive;
mod birth;
mod conclude;
mod copy;
mod held;
mod join;
mod keep;
mod missed;
mod names;
mod reload;
mod room;
mod rotate;
mod tend;
mod turn;

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

use self::conclude::Conclusion;
use self::room::Room;
use self::rotate::{Bystander, Prior};
use super::closer::Closer;
use super::dormant::Dormant;
use super::facts::{Facts, Inode};
use super::frame::Scratch;
use super::links::Links;
use super::notice::Notice;
use super::tail::Tail;
use super::{Bell, Births, Delivery, Descriptors, Globs, Kept, Once, Pool, Watch};
use crate::config::StartAt;
use crate::limits;
use crate::state::{FileRecord, Ledger, Recovery};

/// What the source needs.
pub struct Setup {
    /// The host's name: a part of every file's key.
    pub host: String,
    pub watches: Vec<Watch>,
    pub ledger: Arc<Ledger>,
    /// Made with the same bell.
    pub pool: Pool,
    pub bell: Bell,
    /// One per worker, at least one.
    pub workers: Vec<Sender<Delivery>>,
    /// When this run began, nanoseconds since the epoch: what was written to later is ours, also where rotation was
    /// faster than the first look.
    pub began: i64,
    /// How often every glob is walked again; less often with very many paths.
    pub scan: Duration,
    /// What the last run has noted of new files, and where this one does.
    pub births: Births,
    /// Where unsettled bytes of deleted files are kept.
    pub kept: Kept,
    pub descriptors: Descriptors,
    /// What the wall's clock shows. It may jump: nothing that has to happen waits for it.
    pub wall: fn() -> SystemTime,
    /// The run ends when everything has been read.
    pub once: Option<Arc<Once>>,
    /// Use the file system's notifications. Without them files are looked at every [`limits::POLL_EVERY`].
    pub notify: bool,
}

pub struct Tailer {
    host: String,
    scan: Duration,
    watches: Vec<Watch>,
    ledger: Arc<Ledger>,
    pool: Pool,
    bell: Bell,
    workers: Vec<Worker>,
    notice: Notice,
    files: HashMap<Inode, Box<Tail>>,
    /// Paths of the inputs and where they lead.
    names: HashMap<Arc<Path>, Name>,
    links: Links,
    /// Directories in which names are watched, and those that globs lead through, as of the last scan.
    dirs: HashSet<PathBuf>,
    /// Records of the last run whose files were not found yet.
    dormant: Dormant,
    /// What the last run knew of watched names, until they are looked at for the first time.
    prior: HashMap<Arc<Path>, Prior>,
    /// Watched names whose siblings were looked at in this run.
    sighted: HashSet<Arc<Path>>,
    /// Files next to a watched name that are not ours: rotated before the agent knew the name, compressed
    /// copies of what was read, copies that somebody made.
    bystanders: HashMap<Inode, Bystander>,
    /// Compressed files beside watched names, as they were seen last, and since when they are so.
    packing: HashMap<Inode, (Facts, Instant)>,
    /// Watched names whose file has changed, so that there may be rotated files to look for.
    rotations: HashSet<Arc<Path>>,
    /// By watched name: files that rotation has taken it from, the oldest first, where events have several lines.
    lines: HashMap<PathBuf, Vec<Inode>>,
    /// Files whose first lines belong to the file before, until that is in the checkpoint.
    lent: Vec<Inode>,
    /// Files that wait for their turn.
    ready: VecDeque<Inode>,
    /// Files that time matters to.
    attentive: HashSet<Inode>,
    /// Chunks whose last event was ended by time; they leave when that is in the checkpoint.
    flushed: Vec<Delivery>,
    scratch: Scratch,
    closer: Closer,
    births: Births,
    kept: Kept,
    /// Keeping a file failed: not before this moment again.
    next_keep: Instant,
    said: Said,
    scans: u64,
    /// The scan with which the records of the last run were searched for last.
    searched: u64,
    /// Of a run that ends by itself.
    conclusion: Option<Conclusion>,
    /// The inputs are new: it was not said yet which of their globs lead to no file.
    tells_unmatched: bool,
    /// The first scan is over: what is found from now on came while the agent runs.
    looked: bool,
    /// As in [`Setup`], a little earlier: file systems count time in steps.
    began: i64,
    wall: fn() -> SystemTime,
    /// When this run's source was made.
    since: Instant,
    room: Room,
    /// Some file is held, or was when it was looked at last.
    any_held: bool,
    next_scan: Instant,
    next_tick: Instant,
    next_poll: Instant,
    /// Memory was refused: nothing is read until the bell rings.
    starved: bool,
    ended: bool,
}

struct Worker {
    sender: Sender<Delivery>,
    /// Did not fit into the channel.
    waiting: VecDeque<Delivery>,
    /// Files whose turn comes when `waiting` is empty.
    blocked: Vec<Inode>,
}

struct Name {
    inode: Inode,
    watch: usize,
    /// The scan that saw it last.
    scan: u64,
}

/// What was said already, so that it is said once.
#[derive(Default)]
struct Said {
    once: HashSet<(PathBuf, &'static str)>,
}

impl Said {
    /// Whether this is the first time.
    fn first(&mut self, path: &std::path::Path, what: &'static str) -> bool {
        if self.once.len() >= limits::SAID_MAX {
            self.once.clear();
        }
        self.once.insert((path.to_path_buf(), what))
    }

    /// It is over: the next time it is said again.
    fn over(&mut self, path: &std::path::Path, what: &'static str) {
        if !self.once.is_empty() {
            self.once.remove(&(path.to_path_buf(), what));
        }
    }
}

/// The step in which Linux counts the times of files, in nanoseconds: a timer tick at 100 Hz.
const CLOCK_STEP_NANOS: i64 = 10_000_000;

/// Looks at files between two looks at the bell.
const TURNS_PER_STEP: usize = 16;

impl Tailer {
    pub fn new(setup: Setup, now: Instant) -> Tailer {
        let noted = setup.births.records().into_iter().chain(setup.kept.records());
        // Not of what was noted beside the checkpoint: the last run may have stopped amid its first look, when it knew
        // a file and not yet what was rotated away from its name.
        let prior = prior(&setup.ledger.records());
        let dormant = Dormant::of(keep::merge(&setup.ledger, noted));
        let notice = if setup.notify {
            Notice::start(setup.bell.clone(), globs(&setup.watches), setup.descriptors.noted)
        } else {
            Notice::off()
        };
        let worker = |sender| Worker {
            sender,
            waiting: VecDeque::new(),
            blocked: Vec::new(),
        };
        let mut tailer = Tailer {
            host: setup.host,
            scan: setup.scan,
            watches: setup.watches,
            ledger: setup.ledger,
            pool: setup.pool,
            bell: setup.bell,
            workers: setup.workers.into_iter().map(worker).collect(),
            notice,
            files: HashMap::new(),
            names: HashMap::new(),
            links: Links::default(),
            dirs: HashSet::new(),
            prior,
            sighted: HashSet::new(),
            bystanders: HashMap::new(),
            packing: HashMap::new(),
            rotations: HashSet::new(),
            dormant,
            lines: HashMap::new(),
            lent: Vec::new(),
            ready: VecDeque::new(),
            attentive: HashSet::new(),
            flushed: Vec::new(),
            scratch: Scratch::default(),
            closer: Closer::start(setup.descriptors.closing),
            births: setup.births,
            kept: setup.kept,
            next_keep: now,
            said: Said::default(),
            scans: 0,
            searched: 0,
            conclusion: setup.once.map(Conclusion::new),
            tells_unmatched: true,
            looked: false,
            began: setup.began - CLOCK_STEP_NANOS,
            wall: setup.wall,
            since: now,
            room: Room::new(setup.descriptors),
            any_held: false,
            next_scan: now,
            next_tick: now,
            next_poll: now,
            starved: false,
            ended: false,
        };
        tailer.inherit();
        tailer.expect();
        tailer
    }

    /// Names that may have led somewhere while the agent did not run.
    fn expect(&mut self) {
        let known = self.dormant.iter().map(|record| Arc::clone(&record.path));
        let named = self.watches.iter().flat_map(|watch| watch.globs.patterns());
        let named = named.filter_map(super::glob::Pattern::literal).map(Arc::from);
        self.rotations = known.chain(named).collect();
    }

    /// The source shall end, or everything behind it has.
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    /// Whether nothing is left to do before time passes or something happens.
    pub fn is_idle(&self) -> bool {
        self.ready.is_empty() && self.workers.iter().all(|it| it.waiting.is_empty())
    }

    /// Does what is due and a bounded part of what is ready. Returns how long nothing more will be due, unless
    /// the bell rings.
    pub fn step(&mut self, now: Instant) -> Duration {
        self.hear(now);
        if now >= self.next_scan {
            self.scan(now);
        }
        if now >= self.next_poll && self.notice.is_limited() {
            self.poll(now);
        }
        if now >= self.next_tick {
            self.tick(now);
        }
        self.drain();
        for _ in 0..TURNS_PER_STEP {
            if self.starved || self.ended {
                break;
            }
            let Some(inode) = self.ready.pop_front() else {
                break;
            };
            self.turn(inode, now);
        }
        self.conclude(now);
        self.pause(now)
    }

    fn hear(&mut self, now: Instant) {
        let rung = self.bell.take();
        if rung.rung {
            self.starved = false;
        }
        self.ended |= rung.shutdown;
        if let Some(watches) = rung.reload {
            self.reload(watches, now);
        }
        if rung.rescan {
            self.next_scan = now;
        }
        // First, so that a compressed file that has taken the place of one of them is known for what it is.
        if !rung.opened.is_empty() {
            self.take_opened(rung.opened, now);
        }
        if !rung.moved.is_empty() {
            self.moved(rung.moved, now);
        }
        for path in rung.written {
            self.written(&path);
        }
    }

    fn pause(&self, now: Instant) -> Duration {
        let waiting = self.workers.iter().any(|it| !it.waiting.is_empty());
        if !self.ready.is_empty() && !self.starved && !waiting {
            return Duration::ZERO;
        }
        let mut next = self.next_scan;
        let concludes = self.conclusion.is_some();
        if concludes || !self.attentive.is_empty() || !self.flushed.is_empty() || self.ledger.is_holding() {
            next = next.min(self.next_tick);
        }
        if self.notice.is_limited() {
            next = next.min(self.next_poll);
        }
        let pause = next.saturating_duration_since(now);
        if waiting || self.starved {
            // The bell rings when memory comes back; a channel with room again does not ring.
            pause.min(limits::FULL_CHANNEL_EVERY)
        } else {
            pause
        }
    }

    /// The files of which this is true. They may change while one after the other is visited.
    fn those(&self, is_it: impl Fn(&Tail) -> bool) -> Vec<Inode> {
        let tails = self.files.values().filter(|tail| is_it(tail));
        tails.map(|tail| tail.inode).collect()
    }

    fn queue(&mut self, inode: Inode) {
        if let Some(tail) = self.files.get_mut(&inode)
            && !tail.queued
        {
            tail.queued = true;
            self.ready.push_back(inode);
        }
    }

    /// As [`Tailer::queue`], before all others.
    fn queue_first(&mut self, inode: Inode) {
        if let Some(tail) = self.files.get_mut(&inode)
            && !tail.queued
        {
            tail.queued = true;
            self.ready.push_front(inode);
        }
    }

    fn attend(&mut self, inode: Inode, now: Instant) {
        if self.attentive.is_empty() {
            self.next_tick = self.next_tick.max(now);
        }
        self.attentive.insert(inode);
    }

    fn worker_of(&self, delivery: &Delivery) -> usize {
        worker_of(delivery.origin.key.0, self.workers.len())
    }

    fn send(&mut self, delivery: Delivery) {
        let index = self.worker_of(&delivery);
        let Some(worker) = self.workers.get_mut(index) else {
            return;
        };
        worker.waiting.push_back(delivery);
        self.ended |= !worker.drain();
    }

    /// Tries again what did not fit.
    fn drain(&mut self) {
        for worker in &mut self.workers {
            if !worker.waiting.is_empty() || !worker.blocked.is_empty() {
                self.ended |= !worker.drain();
                if worker.waiting.is_empty() {
                    self.ready.extend(worker.blocked.drain(..));
                }
            }
        }
    }

    /// Files are read from the beginning unless the user wants the end of those that are there at the very
    /// first start.
    fn begins_at_end(&self, watch: usize) -> bool {
        self.watches[watch].start_at == StartAt::End
            && self.ledger.recovery() != Recovery::Lost
            && !self.ledger.started(self.watches[watch].name())
    }
}

impl Worker {
    /// Sends what waits; `false` when the worker has ended.
    fn drain(&mut self) -> bool {
        while let Some(delivery) = self.waiting.pop_front() {
            match self.sender.try_send(delivery) {
                Ok(()) => {}
                Err(TrySendError::Full(delivery)) => {
                    self.waiting.push_front(delivery);
                    return true;
                }
                Err(TrySendError::Closed(_)) => return false,
            }
        }
        true
    }
}

fn globs(watches: &[Watch]) -> Vec<Globs> {
    watches.iter().map(|watch| watch.globs.clone()).collect()
}

/// Of each path the oldest file that is known: whatever is younger and not known was never read.
fn prior(records: &[Arc<FileRecord>]) -> HashMap<Arc<Path>, Prior> {
    let mut prior: HashMap<Arc<Path>, Prior> = HashMap::new();
    for record in records.iter().filter(|record| record.head.len > 0) {
        let entry = prior.entry(Arc::clone(&record.path)).or_insert(Prior {
            key: record.key,
            modified: record.modified,
        });
        if record.modified < entry.modified {
            *entry = Prior {
                key: record.key,
                modified: record.modified,
            };
        }
    }
    prior
}

fn worker_of(key: u64, workers: usize) -> usize {
    // A remainder is below `workers`, which is a usize.
    (key % workers.max(1) as u64) as usize
}
