use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use notify::{Config, ErrorKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use rustix::io::Errno;
use tracing::{info, warn};

use super::facts::{Facts, Inode};
use super::listener::Listener;
use super::mount::is_shared;
use super::{Bell, Globs};
use crate::config::reason;

/// Notifications of the file system about the directories in which logs are.
pub struct Notice {
    heard: Option<Heard>,
    /// Directories that are watched, by the path that they are watched under.
    dirs: HashMap<PathBuf, Inode>,
    limited: bool,
    /// A directory could not be watched, and that was said.
    unheard: bool,
    /// Whether a device, by its number, is shared with other machines.
    shared_devices: HashMap<u64, bool>,
}

struct Heard {
    watcher: RecommendedWatcher,
    shared: Arc<Shared>,
}

/// What the thread that listens shares with the one that reads.
///
/// No lock is held while the watcher is asked for something: it answers on the thread that listens.
#[derive(Default)]
pub struct Shared {
    /// All paths of a directory, by the one that it is watched under: the kernel knows it once.
    paths: Mutex<HashMap<PathBuf, Vec<PathBuf>>>,
    /// Watched directories that were moved or removed: the watch went with them.
    left: Mutex<HashSet<PathBuf>>,
    /// Whose new files are opened at once.
    globs: Mutex<Vec<Globs>>,
}

impl Notice {
    /// No notifications: everything is found by looking.
    pub fn off() -> Notice {
        Notice {
            heard: None,
            dirs: HashMap::new(),
            limited: true,
            unheard: true,
            shared_devices: HashMap::new(),
        }
    }

    /// Rings the bell for what happens in the directories. Where that cannot be had it is said once, and
    /// everything is found by looking. `noted_max` new files are held open until the source looks.
    pub fn start(bell: Bell, globs: Vec<Globs>, noted_max: usize) -> Notice {
        let shared = Arc::new(Shared {
            globs: Mutex::new(globs),
            ..Shared::default()
        });
        let listener = Listener::new(bell, Arc::clone(&shared), noted_max);
        match RecommendedWatcher::new(listener, Config::default()) {
            Ok(watcher) => Notice {
                heard: Some(Heard { watcher, shared }),
                dirs: HashMap::new(),
                limited: false,
                unheard: false,
                shared_devices: HashMap::new(),
            },
            Err(error) => {
                let (reason, remedy) = why(&error, "raise fs.inotify.max_user_instances");
                warn!("the system tells nothing of files ({reason}): looking at them instead; {remedy}");
                Notice::off()
            }
        }
    }

    /// Other inputs.
    pub fn set_globs(&self, globs: Vec<Globs>) {
        if let Some(heard) = &self.heard {
            *lock(&heard.shared.globs) = globs;
        }
    }

    /// Whether some directory goes without notifications, or without those of what other machines do, so that its
    /// files have to be looked at.
    pub fn is_limited(&self) -> bool {
        self.limited
    }

    /// Watches these directories and no others. A directory that was replaced or moved is watched anew. Whether some
    /// was not watched before: nobody told what happened there up to now.
    pub fn watch(&mut self, wanted: &HashSet<PathBuf>) -> bool {
        let Some(heard) = &mut self.heard else {
            return false;
        };
        let left = std::mem::take(&mut *lock(&heard.shared.left));
        for dir in left {
            heard.forget(&dir);
            self.dirs.remove(&dir);
        }
        let mut by_inode: HashMap<Inode, Vec<PathBuf>> = HashMap::new();
        for dir in wanted {
            if let Ok(facts) = Facts::of(dir) {
                by_inode.entry(facts.inode).or_default().push(dir.clone());
            }
        }
        self.dirs.retain(|dir, inode| {
            let stays = by_inode.get(inode).is_some_and(|paths| paths.contains(dir));
            if !stays {
                heard.forget(dir);
            }
            stays
        });
        let watched: HashMap<Inode, PathBuf> = self
            .dirs
            .iter()
            .map(|(dir, inode)| (*inode, dir.clone()))
            .collect();
        let (mut limited, mut unheard) = (false, false);
        let mut is_news = false;
        for (inode, mut paths) in by_inode {
            paths.sort();
            let is_shared = self.shared_devices.entry(inode.dev).or_insert_with(|| {
                let dir = paths.first().filter(|dir| is_shared(dir));
                if let Some(dir) = dir {
                    info!(dir = %dir.display(), "a network file system does not tell what other machines write: looking at its files as well");
                }
                dir.is_some()
            });
            limited |= *is_shared;
            match watched.get(&inode) {
                Some(dir) => heard.set_paths(dir, paths),
                None => match heard.add(paths) {
                    Ok(dir) => {
                        is_news = true;
                        self.dirs.insert(dir, inode);
                    }
                    Err((dir, error)) => {
                        if !self.unheard && !unheard {
                            let (dir, (reason, remedy)) =
                                (dir.display(), why(&error, "raise fs.inotify.max_user_watches"));
                            warn!(
                                "the system tells nothing of the files in {dir} ({reason}): looking at them instead; {remedy}"
                            );
                        }
                        unheard = true;
                    }
                },
            }
        }
        self.limited = limited || unheard;
        self.unheard = unheard;
        is_news
    }
}

impl Heard {
    /// Watches a directory under the first of its paths, and says which that is.
    fn add(&mut self, paths: Vec<PathBuf>) -> Result<PathBuf, (PathBuf, notify::Error)> {
        // There is one at least.
        let dir = paths.first().cloned().unwrap_or_default();
        // Known first: the thread hears of nothing in a directory whose paths it does not know.
        self.set_paths(&dir, paths);
        match self.watcher.watch(&dir, RecursiveMode::NonRecursive) {
            Ok(()) => Ok(dir),
            Err(error) => {
                lock(&self.shared.paths).remove(&dir);
                Err((dir, error))
            }
        }
    }

    fn set_paths(&self, dir: &Path, paths: Vec<PathBuf>) {
        lock(&self.shared.paths).insert(dir.to_path_buf(), paths);
    }

    fn forget(&mut self, dir: &Path) {
        lock(&self.shared.paths).remove(dir);
        // A directory that was deleted is not watched any more, which is no error here.
        let _ = self.watcher.unwatch(dir);
    }
}

impl Shared {
    /// Every path of what the watcher speaks of.
    pub fn paths_of(&self, path: PathBuf) -> Vec<PathBuf> {
        let paths = lock(&self.paths);
        let beside = path
            .parent()
            .and_then(|dir| Some((paths.get(dir)?, path.file_name()?)));
        match beside {
            Some((dirs, name)) => dirs.iter().map(|dir| dir.join(name)).collect(),
            // The directory itself.
            None => paths.get(&path).cloned().unwrap_or_else(|| vec![path]),
        }
    }

    /// A name is gone; if it was that of a watched directory, the directory is to be watched anew.
    pub fn note_left(&self, path: &Path) {
        if lock(&self.paths).contains_key(path) {
            lock(&self.left).insert(path.to_path_buf());
        }
    }

    pub fn globs(&self) -> MutexGuard<'_, Vec<Globs>> {
        lock(&self.globs)
    }

    #[cfg(test)]
    pub fn with(globs: Vec<Globs>, dir: &Path, paths: Vec<PathBuf>) -> Shared {
        Shared {
            paths: Mutex::new(HashMap::from([(dir.to_path_buf(), paths)])),
            globs: Mutex::new(globs),
            ..Shared::default()
        }
    }
}

/// Why there are no notifications, and the remedy: `limit` where it is a limit of the system.
fn why(error: &notify::Error, limit: &'static str) -> (String, &'static str) {
    match &error.kind {
        ErrorKind::MaxFilesWatch => ("its limit is reached".to_owned(), limit),
        // The first two of inotify_init, the third of inotify_add_watch (inotify(7)).
        ErrorKind::Io(error)
            if matches!(
                Errno::from_io_error(error),
                Some(Errno::MFILE | Errno::NFILE | Errno::NOSPC)
            ) =>
        {
            ("its limit is reached".to_owned(), limit)
        }
        ErrorKind::Io(error) if error.kind() == io::ErrorKind::PermissionDenied => (
            reason(error),
            "let the agent's user read (r) and enter (x) the directory",
        ),
        ErrorKind::Io(error) => (reason(error), "new lines are found somewhat later"),
        ErrorKind::PathNotFound => ("it is gone".to_owned(), "it is looked for again"),
        _ => (error.to_string(), "new lines are found somewhat later"),
    }
}

/// Every change under these locks is one statement, so a poisoned one holds no harm.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    /// What the bell tells until it tells of this path.
    fn hears_of(bell: &Bell, path: &Path) -> bool {
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until {
            let rung = bell.take();
            if rung.moved.contains(path) || rung.rescan {
                return true;
            }
            bell.wait(Duration::from_secs(1), Duration::ZERO);
        }
        false
    }

    #[test]
    fn a_limit_is_told_from_a_right_that_is_missing() {
        let limit = "raise it";
        let of = |number| why(&notify::Error::io(io::Error::from_raw_os_error(number)), limit);
        for number in [23, 24, 28] {
            assert_eq!(of(number), ("its limit is reached".to_owned(), limit));
        }
        assert_eq!(why(&notify::Error::new(ErrorKind::MaxFilesWatch), limit).1, limit);
        let (reason, remedy) = of(13);
        assert_eq!(reason, "permission denied");
        assert!(remedy.contains("read (r)"), "{remedy}");
    }

    #[test]
    fn a_directory_that_moves_away_and_back_is_heard_again() {
        let root = tempfile::tempdir().unwrap();
        let (dir, away) = (root.path().join("logs"), root.path().join("away"));
        std::fs::create_dir(&dir).unwrap();
        let link = root.path().join("link");
        std::os::unix::fs::symlink(&dir, &link).unwrap();
        let bell = Bell::default();
        let mut notice = Notice::start(bell.clone(), Vec::new(), 8);
        let wanted = HashSet::from([root.path().to_path_buf(), dir.clone(), link.clone()]);
        assert!(notice.watch(&wanted));
        assert!(!notice.watch(&wanted), "all of them are watched");
        assert!(!notice.is_limited());
        std::fs::write(dir.join("a.log"), b"").unwrap();
        assert!(
            hears_of(&bell, &link.join("a.log")),
            "under every path that it has"
        );
        std::fs::rename(&dir, &away).unwrap();
        assert!(hears_of(&bell, &dir));
        notice.watch(&wanted);
        std::fs::rename(&away, &dir).unwrap();
        assert!(hears_of(&bell, &dir));
        assert!(notice.watch(&wanted), "anew");
        std::fs::write(dir.join("b.log"), b"").unwrap();
        assert!(hears_of(&bell, &dir.join("b.log")));
    }
}
