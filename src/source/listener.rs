use std::collections::HashSet;
use std::ffi::OsStr;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::inotify::{ReadFlags, Reader};
use rustix::io::Errno;
use rustix::process::setpriority_process;
use rustix::thread::gettid;

use super::disk::{Facts, Inode, open};
use super::notice::Shared;
use super::sibling::rotated;
use super::{Bell, Globs};
use crate::limits::{NOTED_PATHS_MAX, NOTICE_GATHER};

/// How long after a new name another one is expected soon.
const ROTATION_WATCH: Duration = Duration::from_secs(2);

/// Room for notifications that are read at once, in bytes: some thousand.
const NOTIFICATIONS_BYTES: usize = 64 << 10;

/// The priority that the thread asks for (setpriority(2)): with quick rotation a file is gone in milliseconds, and
/// opening it takes microseconds. Who may not have it goes without.
const NICE: i32 = -10;

/// Hears what the kernel notifies of, opens new files before their names are gone, and rings the bell.
pub struct Listener {
    bell: Bell,
    shared: Arc<Shared>,
    /// When it last gathered writes.
    slept: Instant,
    /// When it last heard of a new name.
    named: Option<Instant>,
    /// Files that were opened lately: their renaming is no news.
    opened: HashSet<(Inode, Option<i64>)>,
}

/// What one reading brought.
#[derive(Default)]
struct Batch {
    /// Names that lead to a file that was not there before, in order, each once.
    fresh: Vec<PathBuf>,
    is_fresh: HashSet<PathBuf>,
    moved: HashSet<PathBuf>,
    written: HashSet<PathBuf>,
    lost: bool,
}

impl Listener {
    pub fn new(bell: Bell, shared: Arc<Shared>) -> Listener {
        Listener {
            bell,
            shared,
            slept: Instant::now(),
            named: None,
            opened: HashSet::new(),
        }
    }

    /// Until the other side is gone.
    pub fn run(mut self) {
        let _ = setpriority_process(Some(gettid()), NICE);
        let mut room = vec![MaybeUninit::uninit(); NOTIFICATIONS_BYTES];
        loop {
            let mut ready = [
                PollFd::new(&self.shared.inotify, PollFlags::IN),
                PollFd::new(&self.shared.end, PollFlags::IN),
            ];
            match poll(&mut ready, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(_) => return,
            }
            if !ready[1].revents().is_empty() {
                return;
            }
            let batch = self.read(&mut room);
            self.pass_on(batch);
        }
    }

    /// Everything that waits, at most as much as there is room for.
    fn read(&self, room: &mut [MaybeUninit<u8>]) -> Batch {
        let mut batch = Batch::default();
        let mut reader = Reader::new(&self.shared.inotify, room);
        loop {
            match reader.next() {
                Ok(event) => {
                    let paths = self.shared.paths.lock().unwrap_or_else(PoisonError::into_inner);
                    let dirs = paths.get(&event.wd()).map_or(&[][..], Vec::as_slice);
                    let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()));
                    batch.note(event.events(), dirs, name);
                }
                Err(Errno::INTR) => {}
                Err(Errno::WOULDBLOCK) => return batch,
                Err(_) => {
                    batch.lost = true;
                    return batch;
                }
            }
            if reader.is_buffer_empty() {
                return batch;
            }
        }
    }

    fn pass_on(&mut self, batch: Batch) {
        if batch.lost {
            self.bell.rescan();
        }
        if !batch.fresh.is_empty() {
            self.named = Some(Instant::now());
        }
        for path in batch.fresh {
            self.open(&path);
        }
        let calm = batch.moved.is_empty();
        for path in batch.moved {
            self.bell.moved(path);
        }
        for path in batch.written {
            self.bell.written(path);
        }
        if calm {
            self.gather();
        }
    }

    /// Lets equal notifications merge in the kernel's queue while a file is written to line by line. The pause is
    /// made once per batch: reading a batch takes much less than the pause. While files are being rotated there
    /// is no pause, so that every new file is opened before it is gone.
    fn gather(&mut self) {
        if self.named.is_some_and(|named| named.elapsed() < ROTATION_WATCH) {
            return;
        }
        if self.slept.elapsed() > NOTICE_GATHER / 8 {
            thread::sleep(NOTICE_GATHER);
            self.slept = Instant::now();
        }
    }

    /// Opens a file of an input, under its own name or under one that rotation made of it.
    fn open(&mut self, path: &Path) {
        if !self.is_ours(path) {
            return;
        }
        let Ok(file) = open(path) else {
            return;
        };
        let Ok(facts) = Facts::of_open(&file) else {
            return;
        };
        let id = (facts.inode, facts.born);
        if self.opened.contains(&id) {
            return;
        }
        if self.bell.opened(path.to_path_buf(), file) {
            if self.opened.len() >= NOTED_PATHS_MAX {
                self.opened.clear();
            }
            self.opened.insert(id);
        }
    }

    fn is_ours(&self, path: &Path) -> bool {
        let globs = self.shared.globs.lock().unwrap_or_else(PoisonError::into_inner);
        is_named(&globs, path) || bases(path).iter().any(|base| is_named(&globs, base))
    }
}

impl Batch {
    fn note(&mut self, events: ReadFlags, dirs: &[PathBuf], name: Option<&OsStr>) {
        self.lost |= events.contains(ReadFlags::QUEUE_OVERFLOW);
        for dir in dirs {
            let path = name.map_or_else(|| dir.clone(), |name| dir.join(name));
            if events.intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO) {
                if self.is_fresh.insert(path.clone()) {
                    self.fresh.push(path.clone());
                }
                self.moved.insert(path);
            } else if events.contains(ReadFlags::MODIFY) {
                self.written.insert(path);
            } else {
                self.moved.insert(path);
            }
        }
    }
}

fn is_named(globs: &[Globs], path: &Path) -> bool {
    globs.iter().any(|globs| globs.contains(path))
}

/// The names that rotation may have made `path` of.
fn bases(path: &Path) -> Vec<PathBuf> {
    let parts = path.parent().zip(path.file_name().and_then(OsStr::to_str));
    parts.map_or(Vec::new(), |(dir, name)| {
        rotated(name).into_iter().map(|way| dir.join(way.base)).collect()
    })
}
