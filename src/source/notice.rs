use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use notify::event::{AccessKind, EventKind, MetadataKind, ModifyKind};
use notify::{Config, Event, RecommendedWatcher, RecursiveMode, Watcher};
use tracing::warn;

use super::Bell;
use super::disk::{Facts, Inode};

/// Notifications of the file system about the directories in which logs are.
pub struct Notice {
    watcher: Option<RecommendedWatcher>,
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
            dirs: HashMap::new(),
            limited: true,
        }
    }

    /// Rings the bell for what happens in the directories. Where that cannot be had it is said once, and
    /// everything is found by looking.
    pub fn start(bell: Bell) -> Notice {
        let handler = move |event: notify::Result<Event>| match event {
            Ok(event) => note(&bell, event),
            Err(_) => bell.rescan(),
        };
        match RecommendedWatcher::new(handler, Config::default()) {
            Ok(watcher) => Notice {
                watcher: Some(watcher),
                dirs: HashMap::new(),
                limited: false,
            },
            Err(error) => {
                warn!(%error, "the system gives no file notifications: looking at the files instead; raise fs.inotify.max_user_instances");
                Notice::off()
            }
        }
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

fn note(bell: &Bell, event: Event) {
    if event.need_rescan() {
        bell.rescan();
        return;
    }
    match event.kind {
        // Our own reading is among these.
        EventKind::Access(AccessKind::Open(_) | AccessKind::Read | AccessKind::Close(_)) => {}
        EventKind::Modify(ModifyKind::Data(_)) => {
            for path in event.paths {
                bell.written(path);
            }
        }
        EventKind::Modify(ModifyKind::Metadata(MetadataKind::AccessTime)) => {}
        EventKind::Access(_)
        | EventKind::Any
        | EventKind::Other
        | EventKind::Create(_)
        | EventKind::Remove(_)
        | EventKind::Modify(_) => {
            for path in event.paths {
                bell.moved(path);
            }
        }
    }
}
