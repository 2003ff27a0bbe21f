use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use notify::event::{AccessKind, EventKind, MetadataKind, ModifyKind};
use notify::{Config, Event, RecommendedWatcher, RecursiveMode, Watcher};
use tracing::warn;

use super::disk::{Facts, Inode, open};
use super::{Bell, Globs};
use crate::limits::NOTICE_GATHER;

/// Notifications of the file system about the directories in which logs are.
pub struct Notice {
    watcher: Option<RecommendedWatcher>,
    /// Whose new files are opened at once.
    globs: Arc<Mutex<Vec<Globs>>>,
    /// Directories that are watched.
    dirs: HashMap<PathBuf, Inode>,
    /// A directory could not be watched, and that was said.
    limited: bool,
}

impl Notice {
    /// No notifications: everything is found by looking.
    pub fn off() -> Notice {
        Notice {
            watcher: None,
            globs: Arc::default(),
            dirs: HashMap::new(),
            limited: true,
        }
    }

    /// Rings the bell for what happens in the directories. Where that cannot be had it is said once, and
    /// everything is found by looking.
    pub fn start(bell: Bell, globs: Vec<Globs>) -> Notice {
        let globs = Arc::new(Mutex::new(globs));
        let mut listener = Listener {
            bell,
            globs: Arc::clone(&globs),
            slept: Instant::now(),
            named: None,
        };
        let handler = move |event: notify::Result<Event>| match event {
            Ok(event) => listener.hear(event),
            Err(_) => listener.bell.rescan(),
        };
        match RecommendedWatcher::new(handler, Config::default()) {
            Ok(watcher) => Notice {
                watcher: Some(watcher),
                globs,
                dirs: HashMap::new(),
                limited: false,
            },
            Err(error) => {
                warn!(%error, "the system gives no file notifications: looking at the files instead; raise fs.inotify.max_user_instances");
                Notice::off()
            }
        }
    }

    /// Other inputs.
    pub fn set_globs(&self, globs: Vec<Globs>) {
        *self.globs.lock().unwrap_or_else(PoisonError::into_inner) = globs;
    }

    /// Whether some directory goes without notifications, so that its files have to be looked at.
    pub fn is_limited(&self) -> bool {
        self.limited
    }

    /// Watches these directories and no others. A directory that was replaced is watched anew.
    pub fn watch(&mut self, wanted: &HashSet<PathBuf>) {
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        self.dirs.retain(|dir, _| {
            let keep = wanted.contains(dir);
            if !keep {
                // A directory that was deleted is not watched any more, which is no error here.
                let _ = watcher.unwatch(dir);
            }
            keep
        });
        let mut limited = false;
        for dir in wanted {
            let Ok(facts) = Facts::of(dir) else {
                continue;
            };
            if self.dirs.get(dir) == Some(&facts.inode) {
                continue;
            }
            if self.dirs.contains_key(dir) {
                let _ = watcher.unwatch(dir);
            }
            match watcher.watch(dir, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.dirs.insert(dir.clone(), facts.inode);
                }
                Err(error) => {
                    if !self.limited && !limited {
                        said(dir, &error);
                    }
                    limited = true;
                }
            }
        }
        self.limited = limited;
    }
}

fn said(dir: &Path, error: &notify::Error) {
    warn!(dir = %dir.display(), %error, "the system gives no file notifications for this directory: looking at its files instead; raise fs.inotify.max_user_watches");
}

/// How long after a new name another one is expected soon.
const ROTATION_WATCH: Duration = Duration::from_secs(2);

/// Runs on the thread of the notifications.
struct Listener {
    bell: Bell,
    globs: Arc<Mutex<Vec<Globs>>>,
    /// When it last gathered writes.
    slept: Instant,
    /// When it last heard of a new name.
    named: Option<Instant>,
}

impl Listener {
    fn hear(&mut self, event: Event) {
        if event.need_rescan() {
            self.bell.rescan();
            return;
        }
        match event.kind {
            // Our own reading is among these.
            EventKind::Access(AccessKind::Open(_) | AccessKind::Read | AccessKind::Close(_))
            | EventKind::Modify(ModifyKind::Metadata(MetadataKind::AccessTime)) => {}
            EventKind::Modify(ModifyKind::Data(_)) => {
                for path in event.paths {
                    self.bell.written(path);
                }
                self.gather();
            }
            EventKind::Create(_) | EventKind::Modify(ModifyKind::Name(_)) => {
                self.named = Some(Instant::now());
                self.open(&event.paths);
                self.moved(event.paths);
            }
            EventKind::Access(_)
            | EventKind::Any
            | EventKind::Other
            | EventKind::Remove(_)
            | EventKind::Modify(_) => self.moved(event.paths),
        }
    }

    fn moved(&self, paths: Vec<PathBuf>) {
        for path in paths {
            self.bell.moved(path);
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

    /// Opens a new file of an input. After a rename the last path is the new one; it counts when either does.
    fn open(&self, paths: &[PathBuf]) {
        let Some(path) = paths.last() else {
            return;
        };
        let ours = {
            let globs = self.globs.lock().unwrap_or_else(PoisonError::into_inner);
            globs
                .iter()
                .any(|globs| paths.iter().any(|path| globs.contains(path)))
        };
        if ours && let Ok(file) = open(path) {
            self.bell.opened(path.clone(), file);
        }
    }
}
