use std::collections::HashSet;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use rustix::io::Errno;
use tracing::warn;

use super::arrive::Arrivals;
use super::{Name, TURNS_PER_STEP, Tailer};
use crate::limits;
use crate::source::facts::{Facts, Kind};
use crate::source::sibling::rotated;
use crate::source::walk::walk;

impl Tailer {
    /// Walks every glob: finds what notifications do not tell.
    pub(super) fn scan(&mut self, now: Instant) {
        self.scans += 1;
        self.links.begin_scan();
        let mut arrivals = Arrivals::default();
        let mut dirs = HashSet::new();
        let mut unreadable: Vec<PathBuf> = Vec::new();
        for watch in 0..self.watches.len() {
            let found = walk(&self.watches[watch].globs);
            for path in &found.paths {
                self.sight(watch, path, &mut arrivals, now);
            }
            dirs.extend(found.dirs);
            if self.tells_unmatched && found.unreadable.is_empty() {
                for glob in self.watches[watch].globs.unmatched(&found.paths) {
                    match self.conclusion {
                        Some(_) => warn!("no file matches {glob}: check the path if one should be there"),
                        None => warn!(
                            "no file matches {glob} yet: waiting for one to appear; check the path if one should be there"
                        ),
                    }
                }
            }
            for (dir, error) in found.unreadable {
                self.cannot(&dir, "list the directory", &error);
                unreadable.push(dir);
            }
        }
        self.tells_unmatched = false;
        self.missing(&unreadable, &mut arrivals, now);
        self.visit_rotated(now);
        self.forget_sighted();
        let files = &self.files;
        self.links
            .retain_files(|inode| files.get(&inode).is_some_and(|tail| !tail.names.is_empty()));
        self.forget_lines();
        self.forget_bystanders();
        self.forget_packing(now);
        self.look_for_vacant();
        self.settle(arrivals, now);
        self.keep_rotated(now);
        self.tidy_kept();
        self.births.tidy(&self.ledger);
        for name in self.names.keys() {
            dirs.extend(name.parent().map(Path::to_path_buf));
        }
        for target in self.links.places() {
            dirs.extend(target.parent().map(Path::to_path_buf));
        }
        let unwatched = self.notice.watch(&dirs);
        self.dirs = dirs;
        self.looked = true;
        // After a start all files have waited for their turn.
        self.ready.shrink_to(TURNS_PER_STEP);
        self.started();
        let pause = limits::SCAN_PAUSE_PER_PATH * self.path_count();
        self.next_scan = now
            + if unwatched {
                // What came after the walk and before the watch is told by nobody.
                pause.min(self.scan)
            } else {
                pause.max(self.scan)
            };
    }

    /// Names that the scan did not see.
    fn missing(&mut self, unreadable: &[PathBuf], arrivals: &mut Arrivals, now: Instant) {
        let stale: Vec<(Arc<Path>, usize)> = self
            .names
            .iter()
            .filter(|(_, name)| name.scan != self.scans)
            .map(|(path, name)| (Arc::clone(path), name.watch))
            .filter(|(path, _)| !unreadable.iter().any(|dir| path.starts_with(dir)))
            .collect();
        for (path, watch) in stale {
            self.sight(watch, &path, arrivals, now);
        }
    }

    /// After the first scan the inputs are known: what appears from now on is read from its beginning.
    fn started(&mut self) {
        let mut fresh = false;
        for watch in &self.watches {
            if !self.ledger.started(watch.name()) {
                self.ledger.set_started(watch.name());
                fresh = true;
            }
        }
        if fresh {
            // A failure is logged by the ledger; the writer tries again.
            let _ = self.ledger.persist_now();
        }
    }

    /// Looks at the sizes of all files, where nobody tells.
    pub(super) fn poll(&mut self, now: Instant) {
        let paths: Vec<(Arc<Path>, usize)> = self
            .names
            .iter()
            .map(|(path, name)| (Arc::clone(path), name.watch))
            .collect();
        let mut arrivals = Arrivals::default();
        for (path, watch) in paths {
            self.sight(watch, &path, &mut arrivals, now);
        }
        self.settle(arrivals, now);
        self.next_poll = now + limits::POLL_EVERY.max(limits::POLL_PAUSE_PER_PATH * self.path_count());
    }

    fn path_count(&self) -> u32 {
        u32::try_from(self.names.len()).unwrap_or(u32::MAX)
    }

    /// Names in watched directories changed.
    pub(super) fn moved(&mut self, paths: HashSet<PathBuf>, now: Instant) {
        let mut arrivals = Arrivals::default();
        for path in paths.into_iter().map(Arc::from) {
            let mut ours = false;
            for watch in 0..self.watches.len() {
                if self.watches[watch].globs.contains(&path) {
                    self.sight(watch, &path, &mut arrivals, now);
                    ours = true;
                }
            }
            if let Some(name) = self.links.name_of(&path).cloned()
                && let Some(watch) = self.watches.iter().position(|it| it.globs.contains(&name))
            {
                self.sight(watch, &name.into(), &mut arrivals, now);
            }
            let bases = self.possible_bases(&path);
            if !ours && bases.is_empty() && self.links.file_at(&path).is_none() {
                // A directory that globs lead through, or a link to one.
                if self.may_lead_to_ours(&path) {
                    self.next_scan = now;
                }
                continue;
            }
            for base in bases {
                // What became of the name that it had.
                match self.names.get(base.as_path()).map(|name| name.watch) {
                    Some(watch) => self.sight(watch, &base.into(), &mut arrivals, now),
                    None => {
                        self.rotations.insert(base.into());
                    }
                }
            }
        }
        self.settle(arrivals, now);
    }

    /// Watched names that a rotated file of this name may come from.
    pub(super) fn bases_of(&self, path: &Path) -> Vec<PathBuf> {
        let (Some(dir), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
            return Vec::new();
        };
        rotated(name)
            .into_iter()
            .map(|way| dir.join(way.base))
            .filter(|base| self.names.contains_key(base.as_path()))
            .collect()
    }

    /// Whether rotation made this name from one that was watched; also from one that would be if it were there,
    /// where the name says it as clearly as `app.log.1` does.
    pub(super) fn was_rotated(&self, path: &Path) -> bool {
        let numbered = || {
            let base = path.with_extension("");
            let number = path.extension().and_then(|number| number.to_str());
            number.is_some_and(|number| number.parse::<u16>().is_ok())
                && self.watches.iter().any(|watch| watch.globs.contains(&base))
        };
        !self.possible_bases(path).is_empty() || numbered()
    }

    fn may_lead_to_ours(&self, path: &Path) -> bool {
        Facts::of(path).is_ok_and(|facts| facts.kind == Kind::Directory)
            || self.dirs.iter().any(|dir| dir.starts_with(path))
    }

    /// A file was written to.
    pub(super) fn written(&mut self, path: &Path) {
        let named = self.names.get(path).map(|name| name.inode);
        if let Some(inode) = named.or_else(|| self.links.file_at(path)) {
            self.queue(inode);
        }
    }

    /// Looks where a path of the input leads to now.
    pub(super) fn sight(&mut self, watch: usize, path: &Arc<Path>, arrivals: &mut Arrivals, now: Instant) {
        let facts = match Facts::of(path) {
            Ok(facts) => facts,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                self.unname(path, now);
                self.links.expect(path);
                return;
            }
            Err(error) => {
                if let Some(name) = self.names.get_mut(path) {
                    name.scan = self.scans;
                }
                self.cannot(path, "look at", &error);
                return;
            }
        };
        if facts.kind != Kind::File {
            self.unname(path, now);
            if self.said.first(path, "kind") {
                match facts.kind {
                    Kind::Directory => {
                        warn!(path = %path.display(), "a directory: only files are read; name its files in the input's `paths`, such as DIRECTORY/*.log, or exclude it")
                    }
                    _ => {
                        warn!(path = %path.display(), "a pipe, a socket or a device: only files are read; have the program write to a file, or exclude it from the input's `paths`")
                    }
                }
            }
            return;
        }
        let scan = self.scans;
        match self.names.get_mut(path) {
            Some(name) if name.inode == facts.inode => {
                name.scan = scan;
                self.saw(&facts, now);
                return;
            }
            Some(_) => self.unname(path, now),
            None => {}
        }
        if self
            .files
            .get(&facts.inode)
            .is_some_and(|tail| tail.born != facts.born)
        {
            // The file that we knew is deleted, and another one was given its inode.
            self.bury(facts.inode, now);
        }
        if self.files.contains_key(&facts.inode) {
            self.name(watch, path, &facts, now);
        } else {
            arrivals.add(watch, path, facts);
        }
    }

    /// A known file was looked at.
    pub(super) fn saw(&mut self, facts: &Facts, now: Instant) {
        if let Some(tail) = self.files.get_mut(&facts.inode)
            && tail.see(facts, now)
        {
            tail.done = false;
            if let Some(place) = tail.place() {
                self.ledger.seen(place.origin.key, facts.size);
            }
            self.queue(facts.inode);
        }
    }

    /// The path leads to a file that is looked after.
    pub(super) fn name(&mut self, watch: usize, path: &Arc<Path>, facts: &Facts, now: Instant) {
        let Some(tail) = self.files.get_mut(&facts.inode) else {
            return;
        };
        if tail.watch != watch && !tail.names.is_empty() {
            let (first, other) = (self.watches[tail.watch].name(), self.watches[watch].name());
            if first != other && self.said.first(path, "claim") {
                warn!(path = %path.display(), input = %other, read_by = %first, "two inputs claim this file: the first reads it; exclude it from one of them");
            }
            return;
        }
        if tail.names.is_empty() && tail.gone.is_some() {
            tail.gone = None;
            tail.done = false;
            if let Some(place) = tail.place() {
                self.ledger.update(place.origin.key, |record| {
                    record.done = false;
                    record.gone_since = 0;
                });
            }
        }
        if !tail.names.iter().any(|name| name == path) {
            // Most files have one.
            tail.names.reserve_exact(1);
            tail.names.push(Arc::clone(path));
        }
        tail.at = Arc::clone(path);
        let names = tail.names.clone();
        let rotated = names.iter().all(|name| self.was_rotated(name));
        if let Some(tail) = self.files.get_mut(&facts.inode) {
            tail.rotated = rotated;
        }
        if rotated {
            self.attend(facts.inode, now);
        }
        let name = Name {
            inode: facts.inode,
            watch,
            scan: self.scans,
        };
        self.names.insert(Arc::clone(path), name);
        // Notifications speak of the file that a link leads to.
        if let Some(real) = self.links.follow(path, facts.inode)
            && let Some(tail) = self.files.get_mut(&facts.inode)
        {
            tail.target = Some(real.into());
        }
        self.saw(facts, now);
        self.queue(facts.inode);
    }

    /// The path leads to this file no more.
    pub(super) fn unname(&mut self, path: &Arc<Path>, now: Instant) {
        let Some(name) = self.names.remove(path) else {
            return;
        };
        self.rotations.insert(Arc::clone(path));
        if *self.base_of(path) == **path {
            self.line_up(path, name.inode);
        }
        if let Some(tail) = self.files.get_mut(&name.inode) {
            tail.names.retain(|it| it != path);
            if tail.names.is_empty() {
                tail.gone = Some(now);
                if let Some(target) = &tail.target {
                    self.links.lose(target);
                }
                self.attend(name.inode, now);
                self.queue(name.inode);
            }
        }
    }

    /// Says once that something cannot be done with a path.
    pub(super) fn cannot(&mut self, path: &Path, what: &'static str, error: &io::Error) {
        if let Some(conclusion) = &self.conclusion {
            conclusion.miss();
        }
        if matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE)) {
            if self.said.first(Path::new(""), "descriptors") {
                warn!(path = %path.display(), %error, "cannot {what}, and perhaps others: trying again; raise the number of open files (`ulimit -n`, LimitNOFILE= in the unit)");
            }
            return;
        }
        if self.said.first(path, what) {
            warn!(path = %path.display(), %error, "cannot {what}: trying again; give this user the right to read it");
        }
    }
}
