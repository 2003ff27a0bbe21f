use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::info;

use super::Tailer;
use super::arrive::Arrival;
use super::missed::Missed;
use crate::event::FileKey;
use crate::limits;
use crate::source::disk::Bytes;
use crate::source::facts::{Facts, Inode};
use crate::source::family::{Sibling, agrees, family, member, siblings_in};
use crate::source::identity::{Known, print};
use crate::source::sibling::{Packed, rotated};
use crate::source::tail::{Stage, Tail};
use crate::state::{FileRecord, Recovery};

/// The oldest file that was known of a watched name when the last run ended.
#[derive(Clone, Debug)]
pub(super) struct Prior {
    pub key: FileKey,
    pub modified: i64,
}

/// How long a compressed file has to stay as it is to be complete.
const PACKED_QUIET: Duration = Duration::from_millis(500);

/// A file that is none of ours. Its inode may be that of another file some day.
#[derive(Clone, Debug)]
pub(super) struct Bystander {
    path: Arc<Path>,
    born: Option<i64>,
    /// The record that it explains: what it was made of was read.
    key: Option<FileKey>,
}

/// Where a file is now that its names do not lead to it any more.
pub(super) fn find_inode(tail: &Tail) -> Option<(Arc<Path>, Facts)> {
    let known = [Some(&tail.at), tail.target.as_ref()];
    let is_it = |facts: &Facts| facts.inode == tail.inode && facts.born == tail.born;
    let here = |path: &Arc<Path>| Facts::of(path).ok().filter(is_it);
    let known = known
        .into_iter()
        .flatten()
        .find_map(|path| here(path).map(|facts| (Arc::clone(path), facts)));
    known.or_else(|| {
        // Rotated where a link leads to.
        let elsewhere = tail.target.iter().chain([&tail.at]);
        let beside_target = elsewhere.filter(|path| path.parent() != tail.path.parent());
        let mut places = std::iter::once(&*tail.path).chain(beside_target.map(|path| &**path));
        places
            .find_map(|path| member(path, tail.inode, tail.born))
            .map(|it| (it.path, it.facts))
    })
}

impl Tailer {
    /// Forgets about names that nothing reminds of any more.
    pub(super) fn forget_sighted(&mut self) {
        let names = &self.names;
        let most = 2 * names.len() + 100;
        self.links.forget_beyond(most, |path| names.contains_key(path));
        if self.sighted.len() > most {
            let origins: HashSet<&Path> = self.files.values().map(|tail| &*tail.path).collect();
            self.sighted
                .retain(|path| names.contains_key(path) || origins.contains(&**path));
        }
    }

    /// Watched names, now or in the last run, that a file of this name may come from.
    pub(super) fn possible_bases(&self, path: &Path) -> Vec<PathBuf> {
        let (Some(dir), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
            return Vec::new();
        };
        rotated(name)
            .into_iter()
            .map(|way| dir.join(way.base))
            .filter(|base| {
                let base = base.as_path();
                self.names.contains_key(base) || self.sighted.contains(base) || self.prior.contains_key(base)
            })
            .collect()
    }

    /// Looks at the rotated files of every watched name whose file has changed.
    pub(super) fn look_for_rotated(&mut self, now: Instant) {
        let mut by_dir: HashMap<PathBuf, HashSet<String>> = HashMap::new();
        for base in std::mem::take(&mut self.rotations) {
            if self.was_rotated(&base) {
                // What becomes of it is found through the name that it had first.
                self.sighted.insert(base);
            } else if let (Some(dir), Some(name)) =
                (base.parent(), base.file_name().and_then(|name| name.to_str()))
            {
                by_dir
                    .entry(dir.to_path_buf())
                    .or_default()
                    .insert(name.to_owned());
            }
        }
        // Where files of the last run are now.
        let mut placed = HashMap::new();
        if !self.prior.is_empty() {
            let tails = self.files.values();
            placed.extend(tails.filter_map(|tail| Some((tail.place()?.origin.key, tail.inode))));
        }
        for (dir, bases) in by_dir {
            let mut found = siblings_in(&dir, &bases);
            for name in bases {
                let mut siblings = found.remove(&name).unwrap_or_default();
                let base = dir.join(name);
                let named = self.names.get_key_value(base.as_path());
                let base = named.map_or_else(|| base.into(), |(name, _)| Arc::clone(name));
                siblings.extend(self.beside_real(&base));
                self.look_at_rotated(&base, siblings, &placed, now);
            }
        }
        if self.prior.is_empty() {
            self.prior = HashMap::new();
        }
    }

    /// Rotated files where a symbolic link leads to: the link stays when its target is rotated.
    pub(super) fn beside_real(&self, base: &Path) -> Vec<Sibling> {
        let real = self.links.real(base);
        let parts = real.and_then(|real| real.parent().zip(real.file_name()?.to_str()));
        let Some((dir, name)) = parts else {
            return Vec::new();
        };
        let found = siblings_in(dir, &HashSet::from([name.to_owned()])).remove(name);
        found.unwrap_or_default()
    }

    /// Whether the two are in one directory, as named or where a link leads to.
    fn is_near(&self, path: &Path, sibling: &Path) -> bool {
        let real = self.links.real(path).and_then(Path::parent);
        path.parent() == sibling.parent() || real.is_some() && real == sibling.parent()
    }

    fn look_at_rotated(
        &mut self,
        base: &Arc<Path>,
        mut found: Vec<Sibling>,
        placed: &HashMap<FileKey, Inode>,
        now: Instant,
    ) {
        let watch = match self.names.get(base) {
            Some(name) => Some(name.watch),
            None => self.watches.iter().position(|watch| watch.globs.contains(base)),
        };
        let Some(watch) = watch else {
            return;
        };
        let first = self.sighted.insert(Arc::clone(base));
        for sibling in &found {
            self.note_rotated(sibling.facts.inode, now);
        }
        let prior = if first { self.prior.remove(base) } else { None };
        let missed = match prior {
            _ if !first => Missed::All,
            Some(prior) => self.missed_since(base, &prior, placed),
            None if self.ledger.recovery() == Recovery::Lost => self.missed_by_a_lost_checkpoint(base),
            None => self.missed_since_start(),
        };
        let rises = missed.by_rising_numbers(&found);
        found.retain(|it| !self.is_live(&it.facts) && !self.is_bystander(&it.facts));
        // The oldest first: its events came first.
        for sibling in found.into_iter().rev() {
            let matched = self.watches[watch].globs.contains(&sibling.path);
            if sibling.packed == Packed::No && matched {
                // A file of its own, which the globs lead to: the next scan would find it.
                let arrival = Arrival::new(watch, &sibling.path, sibling.facts);
                if !self.wake(&arrival, now) {
                    self.admit(arrival, None, now);
                    self.line_up_rotated(&sibling.path, sibling.facts.inode);
                }
                continue;
            }
            let arrival = Arrival {
                watch,
                path: Arc::clone(&sibling.path),
                facts: sibling.facts,
                named: false,
                packed: sibling.packed == Packed::Gz,
            };
            if sibling.packed == Packed::No && self.wake(&arrival, now) {
                continue;
            }
            if self.explain(&sibling) {
                continue;
            }
            let take = match sibling.packed {
                Packed::Unreadable => false,
                // While the agent runs it mostly reads a file before it is compressed.
                Packed::Gz if self.looked && missed.includes(&sibling, rises) => {
                    match self.was_read(&sibling, now) {
                        Some(was_read) => !was_read,
                        None => {
                            self.rotations.insert(Arc::clone(base));
                            continue;
                        }
                    }
                }
                Packed::No | Packed::Gz => missed.includes(&sibling, rises),
            };
            if take {
                info!(path = %sibling.path.display(), base = %base.display(), "a rotated file that was not seen under its own name: reading it");
                self.admit(arrival, Some(base), now);
            } else {
                self.pass_by(&sibling.path, &sibling.facts, None);
            }
        }
    }

    fn is_live(&self, facts: &Facts) -> bool {
        self.files
            .get(&facts.inode)
            .is_some_and(|tail| tail.born == facts.born)
    }

    /// Watched names that lead nowhere now: a file may have come and gone under them between two looks.
    pub(super) fn look_for_vacant(&mut self) {
        let vacant = self.sighted.iter().filter(|base| !self.names.contains_key(*base));
        self.rotations.extend(vacant.cloned());
    }

    pub(super) fn is_bystander(&self, facts: &Facts) -> bool {
        self.bystanders
            .get(&facts.inode)
            .is_some_and(|it| it.born == facts.born)
    }

    pub(super) fn pass_by(&mut self, path: &Arc<Path>, facts: &Facts, key: Option<FileKey>) {
        let bystander = Bystander {
            path: Arc::clone(path),
            born: facts.born,
            key,
        };
        self.bystanders.insert(facts.inode, bystander);
    }

    /// Forgets bystanders that are gone: their inodes will be those of other files.
    pub(super) fn forget_bystanders(&mut self) {
        let moved: Vec<Inode> = self
            .bystanders
            .iter()
            .filter(|(inode, it)| {
                !Facts::of(&it.path).is_ok_and(|facts| facts.inode == **inode && facts.born == it.born)
            })
            .map(|(inode, _)| *inode)
            .collect();
        for inode in moved {
            let Some(it) = self.bystanders.remove(&inode) else {
                continue;
            };
            // Rotated once more, perhaps.
            if let Some(sibling) = member(&it.path, inode, it.born) {
                self.pass_by(&sibling.path, &sibling.facts, it.key);
            } else if let Some(key) = it.key {
                let record = self.ledger.record(key);
                if !record.is_some_and(|record| self.leave_to_packed(key, &it.path, &(&record).into())) {
                    self.ledger.forget(key);
                }
            }
        }
    }

    /// Files that have no name of the input any more: they may still grow, move on, or be deleted.
    pub(super) fn visit_rotated(&mut self, now: Instant) {
        for inode in self.those(|tail| tail.gone.is_some() && !tail.unlinked) {
            let Some(tail) = self.files.get_mut(&inode) else {
                continue;
            };
            match find_inode(tail) {
                Some((path, facts)) => {
                    tail.at = path;
                    self.saw(&facts, now);
                }
                None if tail.bytes.is_some() => {
                    // Its links tell whether it is deleted, and time does the rest.
                    self.attend(inode, now);
                }
                None if tail.done => self.drop_file(inode),
                None => self.queue(inode),
            }
        }
    }

    /// A file whose name was made by rotation from one that is watched now.
    fn note_rotated(&mut self, inode: Inode, now: Instant) {
        if let Some(tail) = self.files.get_mut(&inode)
            && !tail.rotated
            && !tail.names.is_empty()
        {
            let names = tail.names.clone();
            if names.iter().all(|name| self.was_rotated(name))
                && let Some(tail) = self.files.get_mut(&inode)
            {
                tail.rotated = true;
                self.attend(inode, now);
            }
        }
    }

    /// What can have been rotated away since the last run.
    fn missed_since(&self, base: &Path, prior: &Prior, placed: &HashMap<FileKey, Inode>) -> Missed {
        let Some(tail) = placed.get(&prior.key).and_then(|inode| self.files.get(inode)) else {
            return Missed::Since {
                order: None,
                modified: prior.modified,
            };
        };
        if self.names.get(base).is_some_and(|name| name.inode == tail.inode) {
            return Missed::None;
        }
        let base_name = base.file_name().and_then(|name| name.to_str());
        let order = tail
            .at
            .file_name()
            .and_then(|name| name.to_str())
            .and_then(|name| {
                rotated(name)
                    .into_iter()
                    .find(|way| Some(way.base.as_str()) == base_name)
            })
            .map(|way| way.order);
        Missed::Since {
            order,
            modified: prior.modified,
        }
    }

    /// Of a name that is new: its file came after the last checkpoint or after the start, and so did what was
    /// made of it since.
    fn missed_since_start(&self) -> Missed {
        let restored = self.ledger.restored_at().filter(|_| !self.looked);
        let modified = restored.map_or(self.began, |written| written.saturating_mul(1_000_000_000));
        Missed::Since {
            order: None,
            modified,
        }
    }

    /// What was read of the files that were renamed comes again under the ids that it had; copies would not.
    fn missed_by_a_lost_checkpoint(&self, base: &Path) -> Missed {
        // No file that is there was emptied to make a copy.
        let nothing = i64::MAX;
        let live = self.names.get(base).and_then(|name| self.files.get(&name.inode));
        Missed::BornBefore(live.map_or(Some(nothing), |tail| tail.born))
    }

    /// Whether a record tells what the file is: something that was read, compressed or copied since. The record
    /// then stands for this file, so that it is known as long as it is there.
    fn explain(&mut self, sibling: &Sibling) -> bool {
        if self.is_made_of_kept(sibling) {
            self.pass_by(&sibling.path, &sibling.facts, None);
            return true;
        }
        if self.dormant.is_empty() {
            return false;
        }
        let near = |record: &FileRecord| record.done && self.is_near(&record.path, &sibling.path);
        let head = sibling.head().unwrap_or_default();
        let is_it = |record: &FileRecord| {
            let known = Known::from(record);
            record.ino == sibling.facts.inode.ino && record.born == sibling.facts.born
                || begins(&head, record)
                    && (tells(record, sibling) || sibling.has_only(&known))
                    && sibling.holds(&known).unwrap_or(false)
        };
        let found = self.dormant.iter().find(|record| near(record) && is_it(record));
        let Some(key) = found.map(|record| record.key) else {
            return false;
        };
        self.dormant.take(key);
        self.stand_in(key, sibling);
        true
    }

    /// Whether a compressed file was made of one that is known; `None` while that cannot be told.
    fn was_read(&mut self, sibling: &Sibling, now: Instant) -> Option<bool> {
        // By its head and its length, which costs next to nothing.
        let near = self
            .ledger
            .records_of(|record| self.is_near(&record.path, &sibling.path));
        let head = sibling.head().ok()?;
        let alike: Vec<&FileRecord> = near.iter().filter(|record| begins(&head, record)).collect();
        if alike.iter().any(|record| sibling.is_made_of(&(*record).into())) {
            return Some(true);
        }
        let begun =
            |tail: &Tail| matches!(tail.stage, Stage::Unborn(_)) && tail.gone.is_some() && tail.size > 0;
        // All of it is unpacked to see whether it is complete: not while it is being written.
        if self.is_being_packed(&sibling.facts, now)
            || self
                .files
                .values()
                .any(|tail| begun(tail) && self.is_near(&tail.path, &sibling.path))
            || !sibling.is_whole()
        {
            return None;
        }
        let holds = alike.iter().any(|record| {
            // Of what is not read to its end the rest is compared below.
            tells(record, sibling) && sibling.holds(&(*record).into()).unwrap_or(true)
        });
        Some(holds || self.is_beginning(sibling))
    }

    /// Whether somebody may be writing to the file: it has to be the same for a while.
    fn is_being_packed(&mut self, facts: &Facts, now: Instant) -> bool {
        let (seen, since) = self.packing.entry(facts.inode).or_insert((*facts, now));
        if seen != facts {
            (*seen, *since) = (*facts, now);
        }
        now.saturating_duration_since(*since) < PACKED_QUIET
    }

    /// Forgets about compressed files that have been looked at.
    pub(super) fn forget_packing(&mut self, now: Instant) {
        self.packing
            .retain(|_, (_, since)| now.saturating_duration_since(*since) < limits::FINISH_AFTER);
    }

    /// Whether the compressed file is what a file began with that was written to while it was compressed: the rest
    /// is read from that file.
    fn is_beginning(&mut self, sibling: &Sibling) -> bool {
        let rotated = |tail: &Tail| {
            (tail.gone.is_some() || tail.rotated)
                && !tail.is_gz
                && tail.place().is_some()
                && self.is_near(&tail.path, &sibling.path)
        };
        self.those(rotated).into_iter().any(|inode| {
            let bytes = self.files.get_mut(&inode).and_then(|tail| tail.bytes.as_mut());
            bytes.is_some_and(|bytes| sibling.is_beginning_of(bytes).unwrap_or(false))
        })
    }

    fn stand_in(&mut self, key: FileKey, sibling: &Sibling) {
        let facts = sibling.facts;
        self.ledger.update(key, |record| {
            record.dev = facts.inode.dev;
            record.ino = facts.inode.ino;
            record.born = facts.born;
            record.gone_since = 0;
        });
        self.pass_by(&sibling.path, &facts, Some(key));
    }

    /// A file that was read to its end is deleted: the compressed file that was made of it stands in for it.
    pub(super) fn leave_to_packed(&mut self, key: FileKey, path: &Path, known: &Known) -> bool {
        let found = family(path)
            .into_iter()
            .find(|it| it.packed == Packed::Gz && !self.is_live(&it.facts) && it.is_made_of(known));
        match found {
            Some(sibling) => {
                self.stand_in(key, &sibling);
                true
            }
            None => false,
        }
    }

    /// Whether a file that was found is the one of another record. `holds`: whether it has what is known of that one; copied
    /// over, it has not.
    pub(super) fn is_anothers(
        &self,
        record: &FileRecord,
        facts: &Facts,
        holds: impl Fn(&Known) -> io::Result<bool>,
    ) -> bool {
        let others = self.dormant.with_ino(facts.inode.ino);
        let is_it = |other: &FileRecord| {
            other.key != record.key
                && other.ino != record.ino
                && other.born == facts.born
                && other.head.len > 0
                && holds(&other.into()).unwrap_or(true)
        };
        others.iter().any(is_it)
    }

    /// The sibling of `base`, among those of its family, that holds the bytes of a file whose inode is gone or was emptied: the file itself
    /// under another name, its copy, or the compressed file that was made from it.
    pub(super) fn find_sibling(
        &self,
        base: &Path,
        mut found: Vec<Sibling>,
        record: Option<&FileRecord>,
        known: &Known,
        watch: usize,
    ) -> Option<(Arrival, Bytes)> {
        if let Some(real) = self.links.resolve(base) {
            found.extend(family(&real));
        }
        found.retain(|it| {
            it.packed != Packed::Unreadable
                && record.is_none_or(|record| !self.is_anothers(record, &it.facts, |known| it.holds(known)))
                && self
                    .files
                    .get(&it.facts.inode)
                    .and_then(|tail| tail.place())
                    // Copied over again, it is another file than it was.
                    .is_none_or(|place| !it.holds(&place.known()).unwrap_or(true))
        });
        if let Some(record) = record {
            // Times are counted in steps, in which more than one file may have been rotated.
            found.sort_by(|one, other| one.order.age().cmp(&other.order.age()));
            found.sort_by_key(|it| likelihood(record, &it.facts));
        }
        found.into_iter().find_map(|sibling| {
            let mut bytes = sibling.open().ok()?;
            let arrival = Arrival {
                watch,
                named: self.watches[watch].globs.contains(&sibling.path) && sibling.packed == Packed::No,
                path: sibling.path,
                facts: sibling.facts,
                packed: sibling.packed == Packed::Gz,
            };
            agrees(&mut bytes, known)
                .unwrap_or(false)
                .then_some((arrival, bytes))
        })
    }
}

/// Of files that have what is known of another one, the likely one is the first: the file itself before any copy, and then
/// what was written to first since it was read; the others came after it and begin alike.
pub(super) fn likelihood(record: &FileRecord, facts: &Facts) -> impl Ord + use<> {
    let is_older = facts.modified < record.modified;
    let age = if is_older { -facts.modified } else { facts.modified };
    (facts.inode.ino != record.ino, is_older, age)
}

/// Whether a sibling that has what is known of a file is that file or was made of it: so much is known that no other one
/// has the same, or it was last written to in the same nanosecond, which `gzip` keeps.
fn tells(record: &FileRecord, sibling: &Sibling) -> bool {
    Known::from(record).is_telling() || record.modified == sibling.facts.modified
}

/// Whether bytes begin with the head that a record knows.
fn begins(head: &[u8], record: &FileRecord) -> bool {
    let known = head.get(..record.head.len as usize);
    known.is_some_and(|known| !known.is_empty() && print(known) == record.head)
}
