use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use notify::event::{Event, EventKind, ModifyKind, RenameMode};
use rustix::process::setpriority_process;
use rustix::thread::gettid;

use super::disk::open;
use super::facts::{Facts, Inode};
use super::notice::Shared;
use super::sibling::rotated;
use super::{Bell, Globs};
use crate::limits::{NOTED_PATHS_MAX, NOTICE_GATHER};

/// How long after a new name another one is expected soon.
const ROTATION_WATCH: Duration = Duration::from_secs(2);

/// The least time between two events that shows that nothing waited in the kernel's queue. The watcher takes a few
/// microseconds from one event of a batch to the next, and much longer to be woken.
const QUEUE_EMPTY: Duration = Duration::from_micros(20);

/// The priority that the thread asks for (setpriority(2)): with quick rotation a file is gone in milliseconds, and
/// opening it takes microseconds. Who may not have it goes without.
const NICE: i32 = -10;

/// Hears what the file system notifies of, opens new files before their names are gone, and rings the bell. All of
/// it on the watcher's own thread: one more thread between would cost the time that a name has.
pub struct Listener {
    bell: Bell,
    shared: Arc<Shared>,
    /// New files that wait for the source, at most.
    noted_max: usize,
    /// When it was last done with an event; `None` before the first.
    done: Option<Instant>,
    /// When it last heard of a new name.
    named: Option<Instant>,
    /// Files that were opened lately: their renaming is no news.
    opened: HashSet<(Inode, Option<i64>)>,
}

impl notify::EventHandler for Listener {
    fn handle_event(&mut self, event: notify::Result<Event>) {
        let began = Instant::now();
        if self.done.is_none() {
            let _ = setpriority_process(Some(gettid()), NICE);
        }
        let waited = self.done.is_none_or(|done| began - done > QUEUE_EMPTY);
        match event {
            Ok(event) => self.hear(event, waited),
            // What was lost with it nobody knows.
            Err(_) => self.bell.rescan(),
        }
        self.done = Some(Instant::now());
    }
}

impl Listener {
    pub fn new(bell: Bell, shared: Arc<Shared>, noted_max: usize) -> Listener {
        Listener {
            bell,
            shared,
            noted_max,
            done: None,
            named: None,
            opened: HashSet::new(),
        }
    }

    /// `waited`: nothing else was in the queue before it.
    fn hear(&mut self, event: Event, waited: bool) {
        if event.need_rescan() {
            self.bell.rescan();
            return;
        }
        match event.kind {
            // What readers do, ourselves among them; and what two other events say too.
            EventKind::Access(_) | EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => {}
            EventKind::Modify(ModifyKind::Data(_)) => {
                for path in self.paths(event) {
                    self.bell.written(path);
                }
                if waited {
                    self.gather();
                }
            }
            EventKind::Create(_) | EventKind::Modify(ModifyKind::Name(RenameMode::To)) => {
                self.named = Some(Instant::now());
                for path in self.paths(event) {
                    self.open(&path);
                    self.bell.moved(path);
                }
            }
            _ => {
                event.paths.iter().for_each(|path| self.shared.note_left(path));
                for path in self.paths(event) {
                    self.bell.moved(path);
                }
            }
        }
    }

    fn paths(&self, event: Event) -> Vec<PathBuf> {
        let paths = event.paths.into_iter();
        paths.flat_map(|path| self.shared.paths_of(path)).collect()
    }

    /// Lets equal notifications merge in the kernel's queue while a file is written to line by line. While files are
    /// being rotated there is no pause, so that every new file is opened before it is gone.
    fn gather(&self) {
        if self.named.is_none_or(|named| named.elapsed() >= ROTATION_WATCH) {
            thread::sleep(NOTICE_GATHER);
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
        if self.bell.opened(path.to_path_buf(), file, self.noted_max) {
            if self.opened.len() >= NOTED_PATHS_MAX {
                self.opened.clear();
            }
            self.opened.insert(id);
        }
    }

    fn is_ours(&self, path: &Path) -> bool {
        let globs = self.shared.globs();
        is_named(&globs, path) || bases(path).iter().any(|base| is_named(&globs, base))
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

#[cfg(test)]
mod tests {
    use std::fs;

    use notify::EventHandler as _;
    use notify::event::{AccessKind, AccessMode, CreateKind, DataChange, Flag, RemoveKind};

    use super::*;

    const TO: EventKind = EventKind::Modify(ModifyKind::Name(RenameMode::To));
    const CREATE: EventKind = EventKind::Create(CreateKind::File);

    #[test]
    fn new_files_are_opened_once_and_readers_are_not_heard() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().to_path_buf();
        let globs = Globs::compile(&[format!("{}/a.log", dir.display())], &[]).unwrap();
        let other = PathBuf::from("/not/there");
        let shared = Shared::with(vec![globs], &dir, vec![dir.clone(), other.clone()]);
        let bell = Bell::default();
        let mut listener = Listener::new(bell.clone(), Arc::new(shared), 8);
        let mut tell = |kind, name: &str| {
            listener.handle_event(Ok(Event::new(kind).add_path(dir.join(name))));
            bell.take()
        };
        fs::write(dir.join("a.log"), b"1").unwrap();
        let rung = tell(CREATE, "a.log");
        assert_eq!(rung.opened.len(), 1);
        assert_eq!(
            rung.moved,
            HashSet::from([dir.join("a.log"), other.join("a.log")]),
            "under every path of its directory"
        );
        let rung = tell(EventKind::Access(AccessKind::Open(AccessMode::Any)), "a.log");
        assert!(!rung.rung);
        fs::rename(dir.join("a.log"), dir.join("a.log.1")).unwrap();
        assert_eq!(tell(TO, "a.log.1").opened.len(), 0, "it is held already");
        fs::write(dir.join("a.log"), b"2").unwrap();
        fs::rename(dir.join("a.log"), dir.join("a.log.2")).unwrap();
        assert_eq!(tell(CREATE, "a.log").opened.len(), 0, "too late under this name");
        assert_eq!(
            tell(TO, "a.log.2").opened.len(),
            1,
            "under the name that it has now"
        );
        fs::write(dir.join("b.txt"), b"").unwrap();
        assert_eq!(tell(CREATE, "b.txt").opened.len(), 0, "none of ours");
        let rung = tell(EventKind::Modify(ModifyKind::Data(DataChange::Any)), "a.log.2");
        assert!(rung.written.contains(&dir.join("a.log.2")) && rung.moved.is_empty());
        let rung = tell(EventKind::Remove(RemoveKind::File), "a.log.2");
        assert!(rung.moved.contains(&dir.join("a.log.2")));
        listener.handle_event(Ok(Event::new(EventKind::Other).set_flag(Flag::Rescan)));
        assert!(bell.take().rescan, "the queue was full");
    }
}
