use std::collections::HashSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, UNIX_EPOCH};

use tracing::{debug, info};

use super::Tailer;
use super::rotate::likelihood;
use crate::event::FileKey;
use crate::limits;
use crate::source::disk::{Bytes, open};
use crate::source::facts::{Facts, Inode, Kind};
use crate::source::family::{Families, agrees, family};
use crate::source::identity::{Evidence, Known, Relation, end_life, relation};
use crate::source::sibling::{Packed, packed};
use crate::source::tail::{Begin, Stage, Tail};
use crate::state::{FileRecord, Life};

/// So often files of the last run are looked for at once while rotation renames them under our hands.
const SEARCHES_MAX: u32 = 5;

/// A file that is seen for the first time in this run.
#[derive(Debug)]
pub(super) struct Arrival {
    pub watch: usize,
    pub path: Arc<Path>,
    pub facts: Facts,
    /// A path of the input; otherwise a rotated file next to one.
    pub named: bool,
    pub packed: bool,
}

/// Files that were found with one look, each under each of its paths once.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    list: Vec<Arrival>,
    inodes: HashSet<Inode>,
}

impl Arrivals {
    pub fn add(&mut self, watch: usize, path: &Arc<Path>, facts: Facts) {
        let is_first = self.inodes.insert(facts.inode);
        // Files with several paths are few.
        let is_same = |it: &Arrival| it.facts.inode == facts.inode && it.path == *path;
        if is_first || !self.list.iter().any(is_same) {
            self.list.push(Arrival::new(watch, path, facts));
        }
    }

    /// Without the inodes, which take memory while very many files are settled.
    fn into_list(self) -> Vec<Arrival> {
        self.list
    }
}

impl Arrival {
    /// One text for the path of the file and of its record, where they are the same.
    fn named_as(&self, record: &FileRecord) -> Arrival {
        let mut arrival = self.again();
        if arrival.path == record.path {
            arrival.path = Arc::clone(&record.path);
        }
        arrival
    }

    pub fn new(watch: usize, path: &Arc<Path>, facts: Facts) -> Arrival {
        Arrival {
            watch,
            path: Arc::clone(path),
            facts,
            named: true,
            packed: false,
        }
    }

    pub fn open(&self) -> std::io::Result<Bytes> {
        let file = open(&self.path)?;
        // The name may lead to another file by now; that one is an arrival of its own.
        if Facts::of_open(&file)?.inode != self.facts.inode {
            return Err(std::io::ErrorKind::NotFound.into());
        }
        Ok(if self.packed {
            Bytes::gz(file)
        } else {
            Bytes::plain(file)
        })
    }

    fn holds(&self, known: &Known) -> std::io::Result<bool> {
        agrees(&mut self.open()?, known)
    }
}

impl Tailer {
    /// Decides what the new files are: remembered ones first, so that no copy is taken for a file of its own
    /// while the file that it was copied from is still unknown.
    pub(super) fn settle(&mut self, arrivals: Arrivals, now: Instant) {
        let mut arrivals = arrivals.into_list();
        arrivals.sort_by_key(|it| it.facts.modified);
        let (mut rest, mut compressed) = (Vec::new(), Vec::new());
        for mut arrival in arrivals {
            if self.files.contains_key(&arrival.facts.inode) {
                self.name(arrival.watch, &arrival.path, &arrival.facts, now);
                continue;
            }
            if self.is_bystander(&arrival.facts) {
                continue;
            }
            let name = arrival
                .path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            match packed(name).1 {
                Packed::No => {}
                Packed::Gz if self.is_asked_for(&arrival) => arrival.packed = true,
                Packed::Gz | Packed::Unreadable => {
                    compressed.push(arrival);
                    continue;
                }
            }
            if !self.wake(&arrival, now) {
                rest.push(arrival);
            }
        }
        self.search_dormant(&mut rest, now);
        let found: Vec<_> = rest
            .iter()
            .map(|it| (Arc::clone(&it.path), it.facts.inode))
            .collect();
        for arrival in rest {
            self.admit(arrival, None, now);
        }
        for (path, inode) in found {
            self.line_up_rotated(&path, inode);
            if self.files.contains_key(&inode) {
                self.seek_line(&path, now);
            }
        }
        // What they may have been made of has its name by now.
        for arrival in compressed {
            self.pass_packed(&arrival);
        }
        self.look_for_rotated(now);
    }

    /// Whether a compressed file is to be read for itself: its glob ends as it does, or this run is for old logs.
    fn is_asked_for(&self, arrival: &Arrival) -> bool {
        self.conclusion.is_some() || self.watches[arrival.watch].globs.names_compressed(&arrival.path)
    }

    /// A compressed file under a glob that does not ask for them: only a rotation can explain it.
    fn pass_packed(&mut self, arrival: &Arrival) {
        let bases = self.possible_bases(&arrival.path);
        if bases.is_empty() {
            self.pass_by(&arrival.path, &arrival.facts, None);
            if self.said.first(&arrival.path, "packed") {
                let path = arrival.path.display();
                match arrival.path.extension().is_some_and(|ending| ending == "gz") {
                    true => {
                        info!(%path, "a compressed file that no known file explains: not read; write a glob that ends in .gz to read it")
                    }
                    false => {
                        info!(%path, "a compressed file: not read, only gzip's are; decompress it to read it, or exclude it from the input's `paths`")
                    }
                }
            }
        }
        self.rotations.extend(bases.into_iter().map(Arc::from));
    }

    /// A file that was known in the last run, by its inode and its content.
    pub(super) fn wake(&mut self, arrival: &Arrival, now: Instant) -> bool {
        let mut same_inode = self.dormant.with_ino(arrival.facts.inode.ino);
        if same_inode.is_empty() {
            return false;
        }
        // The latest life first.
        same_inode.sort_by_key(|record| std::cmp::Reverse(lives(&record.life)));
        let mut bytes = match arrival.open() {
            Ok(bytes) => bytes,
            Err(error) => {
                self.cannot(&arrival.path, "open", &error);
                // Not new: it is remembered, and the next scan tries again.
                return true;
            }
        };
        let mut new_life = None;
        for record in same_inode {
            let same_content = agrees(&mut bytes, &(&record).into()).unwrap_or(false);
            match relation(Evidence::of(&arrival.facts, &record, same_content)) {
                Relation::Same => {
                    self.dormant.take(record.key);
                    self.resume(arrival, bytes, record, now);
                    return true;
                }
                Relation::NewLife if new_life.is_none() && record.head.len == 0 => {
                    new_life = Some((record.life, Some(record.key), record.path));
                }
                Relation::NewLife if new_life.is_none() => {
                    new_life = Some((end_life(record.life), None, record.path));
                }
                Relation::NewLife | Relation::Copy | Relation::Stranger => {}
            }
        }
        let Some((life, stub, origin)) = new_life else {
            return false;
        };
        if let Some(stub) = stub {
            self.dormant.take(stub);
        }
        if stub.is_none() {
            info!(path = %arrival.path.display(), "the file was truncated while the agent did not run: reading it from its beginning");
        }
        self.insert(arrival, Some(bytes), now);
        if let Some(tail) = self.files.get_mut(&arrival.facts.inode) {
            tail.stage = Stage::Unborn(life);
            tail.stub = stub;
            if !arrival.named {
                // Rotation made the name that it has now.
                tail.path = origin;
            }
        }
        self.line_up_rotated(&arrival.path, arrival.facts.inode);
        true
    }

    /// Reading goes on where the last run has stopped.
    pub(super) fn resume(&mut self, arrival: &Arrival, bytes: Bytes, record: FileRecord, now: Instant) {
        // What left in this run and has no verdict yet gets it: reading goes on behind it.
        let mut record = self.ledger.revive(record.key).unwrap_or(record);
        let arrival = &arrival.named_as(&record);
        record.dev = arrival.facts.inode.dev;
        record.ino = arrival.facts.inode.ino;
        record.born = arrival.facts.born;
        record.gone_since = 0;
        if arrival.named {
            record.done = false;
        }
        record.input = self.watches[arrival.watch].name().into();
        self.insert(arrival, Some(bytes), now);
        if let Err(error) = self.place(arrival.facts.inode, record.clone()) {
            self.cannot(&arrival.path, "read", &error);
            self.files.remove(&arrival.facts.inode);
            self.ledger.leave_alone(record.key);
            self.dormant.add(self.ledger.record(record.key).unwrap_or(record));
            return;
        }
        self.line_up_rotated(&record.path, arrival.facts.inode);
        self.opened_kept(arrival.facts.inode, record.key);
        self.ledger.track(record);
        self.queue(arrival.facts.inode);
        self.has_room(now);
        self.give_way(arrival.facts.inode);
    }

    /// A file that nobody knows: it is read from its beginning, or from its end at the very first start.
    pub(super) fn admit(&mut self, arrival: Arrival, origin: Option<&Path>, now: Instant) {
        // What came just now may be gone soon: it is opened although there are many.
        let urgent = !arrival.named || self.looked;
        let has_room = if urgent {
            self.has_urgent_room(now)
        } else {
            self.has_room(now)
        };
        let bytes = if has_room {
            match arrival.open() {
                Ok(bytes) => Some(bytes),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
                Err(error) => {
                    self.cannot(&arrival.path, "open", &error);
                    return;
                }
            }
        } else {
            // Opened when its turn comes.
            None
        };
        self.said.over(&arrival.path, "open");
        let begin = if self.has_less_than_was_read(&arrival) {
            Begin::At(arrival.facts.size)
        } else if arrival.named && self.begins_at_end(arrival.watch) {
            Begin::End
        } else {
            Begin::Start
        };
        self.insert(&arrival, bytes, now);
        if let Some(tail) = self.files.get_mut(&arrival.facts.inode) {
            tail.begin = begin;
            tail.is_gz = arrival.packed;
            if let Some(origin) = origin {
                tail.path = origin.into();
                self.line_up_rotated(origin, arrival.facts.inode);
            }
        }
    }

    /// Files that were opened when they were heard of. Most of them are known by their names by now; those whose
    /// names are gone were rotated away and perhaps deleted in the meantime.
    pub(super) fn take_opened(&mut self, opened: Vec<(PathBuf, File)>, now: Instant) {
        for (path, file) in opened {
            let Ok(facts) = Facts::of_open(&file) else {
                continue;
            };
            let known = self
                .files
                .get(&facts.inode)
                .is_some_and(|tail| tail.born == facts.born);
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            if known || self.is_bystander(&facts) || facts.kind != Kind::File || packed(name).1 != Packed::No
            {
                continue;
            }
            // Renamed away from a name of ours: that name says whose it is.
            let named = std::iter::once(path.clone()).chain(self.possible_bases(&path));
            let ours = named
                .filter_map(|name| Some((self.watches.iter().position(|it| it.globs.contains(&name))?, name)))
                .next();
            let Some((watch, origin)) = ours else {
                continue;
            };
            let arrival = Arrival {
                watch,
                path: path.into(),
                facts,
                named: false,
                packed: false,
            };
            debug!(path = %arrival.path.display(), "a file that was rotated away before its turn came");
            if self.files.contains_key(&facts.inode) {
                // The one that had the inode before is deleted.
                self.bury(facts.inode, now);
            }
            // One that has a name is opened again when its turn comes.
            let stays = facts.links == 0 || self.has_urgent_room(now);
            self.insert(&arrival, stays.then(|| Bytes::plain(file)), now);
            if let Some(tail) = self.files.get_mut(&facts.inode) {
                tail.path = origin.as_path().into();
            }
            // What had the name as far as we know had it earlier.
            if let Some(holder) = self.names.get(origin.as_path()).map(|name| name.inode) {
                self.line_up(&origin, holder);
            }
            self.line_up_by_time(&origin, facts.inode);
        }
    }

    fn insert(&mut self, arrival: &Arrival, bytes: Option<Bytes>, now: Instant) {
        let inode = arrival.facts.inode;
        if bytes.is_some() {
            self.room.note_open(inode);
        }
        let tail = Tail::new(&arrival.facts, arrival.watch, &arrival.path, bytes, now);
        self.files.insert(inode, Box::new(tail));
        if arrival.named {
            self.name(arrival.watch, &arrival.path, &arrival.facts, now);
            self.rotations.insert(Arc::clone(&arrival.path));
        } else {
            if let Some(tail) = self.files.get_mut(&inode) {
                tail.gone = Some(now);
                tail.see(&arrival.facts, now);
            }
            self.attend(inode, now);
            self.queue(inode);
        }
    }

    /// Records whose inode is not there: their bytes may be in a file that was moved, copied or compressed.
    fn search_dormant(&mut self, rest: &mut Vec<Arrival>, now: Instant) {
        if self.dormant.is_empty() {
            return;
        }
        // Each directory is listed once, and those in which nothing was heard of with the scans only.
        let is_scan = std::mem::replace(&mut self.searched, self.scans) != self.scans;
        let heard: HashSet<PathBuf> = self
            .rotations
            .iter()
            .filter_map(|path| Some(path.parent()?.into()))
            .collect();
        let is_due = |record: &FileRecord| {
            !record.done && (is_scan || record.path.parent().is_some_and(|dir| heard.contains(dir)))
        };
        // The oldest first: of files that begin alike each takes the oldest that is left.
        let mut keys = self.dormant.keys();
        keys.sort_by_key(|key| self.dormant.get(*key).map(|record| record.modified));
        for _ in 0..SEARCHES_MAX {
            let mut families = Families::default();
            for record in self.dormant.iter().filter(|record| is_due(record)) {
                families.expect(&record.path);
            }
            keys.retain(|key| !self.resume_dormant(*key, rest, is_due, &mut families, now));
            let mut missing = keys.iter().filter_map(|key| self.dormant.get(*key));
            if !missing.any(|record| is_due(record) && record.gone_since == 0) || families.are_there() {
                break;
            }
            // Rotation gave the files other names while we looked.
        }
        for key in keys {
            if let Some(record) = self.dormant.get(key).cloned()
                && self.watch_of(&record).is_some()
                && self.expire(&record, now)
            {
                self.dormant.take(key);
            }
        }
    }

    /// Reads on where the bytes of a record are now; whether they are somewhere.
    fn resume_dormant(
        &mut self,
        key: FileKey,
        rest: &mut Vec<Arrival>,
        is_due: impl Fn(&FileRecord) -> bool,
        families: &mut Families,
        now: Instant,
    ) -> bool {
        let Some(record) = self.dormant.get(key).cloned() else {
            return true;
        };
        let Some(watch) = self.watch_of(&record) else {
            return false;
        };
        let families = is_due(&record).then_some(families);
        let Some((arrival, bytes)) = self.find(&record, watch, rest, families) else {
            return false;
        };
        rest.retain(|it| it.facts.inode != arrival.facts.inode);
        self.dormant.take(key);
        self.resume(&arrival, bytes, record, now);
        true
    }

    /// Where the bytes of a record are now, among new files of the input and among its siblings.
    fn find(
        &self,
        record: &FileRecord,
        watch: usize,
        rest: &[Arrival],
        families: Option<&mut Families>,
    ) -> Option<(Arrival, Bytes)> {
        if let Some(found) = self.find_kept(record, watch) {
            return Some(found);
        }
        let known = Known::from(record);
        // What was read to its end and has left may have begun as others do.
        if record.done && !known.is_telling() {
            return None;
        }
        let is_near = |it: &&Arrival| {
            it.path.parent() == record.path.parent() || it.path.file_name() == record.path.file_name()
        };
        let new = rest.iter().filter(is_near).filter(|it| {
            it.facts.size >= record.offset && !self.is_anothers(record, &it.facts, |known| it.holds(known))
        });
        let mut new: Vec<_> = new
            .filter_map(|it| {
                let mut bytes = it.open().ok()?;
                agrees(&mut bytes, &known)
                    .unwrap_or(false)
                    .then(|| (it.again(), bytes))
            })
            .collect();
        new.sort_by_key(|(it, _)| likelihood(record, &it.facts));
        let new = new.into_iter().next();
        // Where others may begin alike, it is the one that came first.
        if new.is_some() && known.is_telling() {
            return new;
        }
        let family = families?.of(&record.path);
        let sibling = self.find_sibling(&record.path, family, Some(record), &known, watch);
        let both = [sibling, new].into_iter().flatten();
        both.min_by_key(|(it, _)| likelihood(record, &it.facts))
    }

    /// A record that nothing was found for is kept for a while: a disk may be mounted later, rights may come
    /// back.
    fn expire(&mut self, record: &FileRecord, now: Instant) -> bool {
        let since = (self.wall)().duration_since(UNIX_EPOCH).unwrap_or_default();
        // At least 1: 0 means that it is not gone.
        let since = i64::try_from(since.as_secs()).unwrap_or(i64::MAX).max(1);
        if record.gone_since == 0 {
            if !record.done && record.head.len > 0 {
                info!(path = %record.path.display(), offset = record.offset, "a file of the last run is not there");
            }
            self.ledger.update(record.key, |record| record.gone_since = since);
            self.dormant.note_gone(record.key, since);
            return false;
        }
        let over = since.saturating_sub(record.gone_since) > limits::GONE_KEPT_SECS
            && now - self.since >= limits::GONE_KEPT_RUNNING;
        if over {
            self.ledger.forget(record.key);
        }
        over
    }

    /// A file that cannot be found by its path any more: looks for its bytes as at a start.
    pub(super) fn wake_copy(&mut self, record: FileRecord, now: Instant) -> bool {
        let Some(watch) = self.watch_of(&record) else {
            return false;
        };
        let found = self.find_kept(&record, watch).or_else(|| {
            let family = family(&record.path);
            self.find_sibling(&record.path, family, Some(&record), &(&record).into(), watch)
        });
        let Some((arrival, bytes)) = found else {
            return false;
        };
        self.resume(&arrival, bytes, record, now);
        true
    }
}

impl Arrival {
    pub fn again(&self) -> Arrival {
        Arrival {
            path: Arc::clone(&self.path),
            ..*self
        }
    }
}

/// How many lives an inode has had.
fn lives(life: &Life) -> u64 {
    life.past.iter().map(|(_, count)| u64::from(*count)).sum::<u64>() + u64::from(life.nth)
}
