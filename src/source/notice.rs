use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::{io, thread};

use rustix::event::{EventfdFlags, eventfd};
use rustix::fd::OwnedFd;
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use tracing::warn;

use super::disk::{Facts, Inode};
use super::listener::Listener;
use super::{Bell, Globs};

/// What is of interest in a directory. What readers do is not: our own reading would be among it.
const EVENTS: WatchFlags = WatchFlags::MODIFY
    .union(WatchFlags::ATTRIB)
    .union(WatchFlags::CREATE)
    .union(WatchFlags::MOVE)
    .union(WatchFlags::DELETE)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::MOVE_SELF)
    .union(WatchFlags::ONLYDIR);

/// Notifications of the file system (inotify(7)) about the directories in which logs are.
pub struct Notice {
    shared: Option<Arc<Shared>>,
    /// Directories that are watched.
    dirs: HashMap<PathBuf, Watched>,
    /// A directory could not be watched, and that was said.
    limited: bool,
}

struct Watched {
    inode: Inode,
    /// The kernel's number of the watch; two paths of one directory have one.
    number: i32,
}

/// What the thread that listens shares with the one that reads.
pub struct Shared {
    pub inotify: OwnedFd,
    /// Written to when the thread shall end.
    pub end: OwnedFd,
    /// The paths of each watch.
    pub paths: Mutex<HashMap<i32, Vec<PathBuf>>>,
    /// Whose new files are opened at once.
    pub globs: Mutex<Vec<Globs>>,
}

impl Notice {
    /// No notifications: everything is found by looking.
    pub fn off() -> Notice {
        Notice {
            shared: None,
            dirs: HashMap::new(),
            limited: true,
        }
    }

    /// Rings the bell for what happens in the directories. Where that cannot be had it is said once, and
    /// everything is found by looking.
    pub fn start(bell: Bell, globs: Vec<Globs>) -> Notice {
        match Notice::listen(bell, globs) {
            Ok(shared) => Notice {
                shared: Some(shared),
                dirs: HashMap::new(),
                limited: false,
            },
            Err(error) => {
                warn!(%error, "the system gives no file notifications: looking at the files instead; raise fs.inotify.max_user_instances");
                Notice::off()
            }
        }
    }

    fn listen(bell: Bell, globs: Vec<Globs>) -> io::Result<Arc<Shared>> {
        let shared = Arc::new(Shared {
            inotify: inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?,
            end: eventfd(0, EventfdFlags::CLOEXEC)?,
            paths: Mutex::default(),
            globs: Mutex::new(globs),
        });
        let listener = Listener::new(bell, Arc::clone(&shared));
        thread::Builder::new()
            .name("notice".to_owned())
            .spawn(move || listener.run())?;
        Ok(shared)
    }

    /// Other inputs.
    pub fn set_globs(&self, globs: Vec<Globs>) {
        if let Some(shared) = &self.shared {
            *shared.globs.lock().unwrap_or_else(PoisonError::into_inner) = globs;
        }
    }

    /// Whether some directory goes without notifications, so that its files have to be looked at.
    pub fn is_limited(&self) -> bool {
        self.limited
    }

    /// Watches these directories and no others. A directory that was replaced is watched anew.
    pub fn watch(&mut self, wanted: &HashSet<PathBuf>) {
        let Some(shared) = &self.shared else {
            return;
        };
        self.dirs.retain(|dir, watched| {
            let keep = wanted.contains(dir);
            if !keep {
                shared.forget(dir, watched.number);
            }
            keep
        });
        let mut limited = false;
        for dir in wanted {
            let Ok(facts) = Facts::of(dir) else {
                continue;
            };
            match self.dirs.get(dir) {
                Some(watched) if watched.inode == facts.inode => continue,
                Some(watched) => shared.forget(dir, watched.number),
                None => {}
            }
            match shared.add(dir) {
                Ok(number) => {
                    let inode = facts.inode;
                    self.dirs.insert(dir.clone(), Watched { inode, number });
                }
                Err(error) => {
                    if !self.limited && !limited {
                        warn!(dir = %dir.display(), %error, "the system gives no file notifications for this directory: looking at its files instead; raise fs.inotify.max_user_watches");
                    }
                    limited = true;
                }
            }
        }
        self.limited = limited;
    }
}

impl Drop for Notice {
    fn drop(&mut self) {
        if let Some(shared) = &self.shared {
            // A counter that is full has been written to before.
            let _ = rustix::io::write(&shared.end, &1_u64.to_ne_bytes());
        }
    }
}

impl Shared {
    fn add(&self, dir: &Path) -> io::Result<i32> {
        // Locked first: the thread hears of nothing in a directory whose path it does not know.
        let mut paths = self.paths.lock().unwrap_or_else(PoisonError::into_inner);
        let number = inotify::add_watch(&self.inotify, dir, EVENTS)?;
        let known = paths.entry(number).or_default();
        if !known.iter().any(|it| it == dir) {
            known.push(dir.to_path_buf());
        }
        Ok(number)
    }

    fn forget(&self, dir: &Path, number: i32) {
        let mut paths = self.paths.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = paths.get_mut(&number) {
            known.retain(|it| it != dir);
            if known.is_empty() {
                paths.remove(&number);
                // A directory that was deleted is not watched any more, which is no error here.
                let _ = inotify::remove_watch(&self.inotify, number);
            }
        }
    }
}
