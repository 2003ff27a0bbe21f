use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use tracing::info;

use super::Tailer;
use super::arrive::Arrival;
use crate::source::disk::{Bytes, Facts, Inode, Kind, open};
use crate::source::identity::{HEAD_BYTES, Known, TAIL_BYTES, print};
use crate::source::place::Place;
use crate::source::sibling::{Order, Packed, rotated};
use crate::source::tail::{Stage, Tail};
use crate::state::FileRecord;

/// A file whose name rotation made from a watched name.
struct Sibling {
    path: PathBuf,
    order: Order,
    packed: Packed,
    facts: Facts,
}

/// What was known of a watched name when the last run ended.
#[derive(Clone, Debug)]
pub(super) struct Prior {
    pub key: crate::event::FileKey,
    pub modified: i64,
}

/// Every rotated file of `base`, the youngest first.
fn siblings(base: &Path) -> Vec<Sibling> {
    let (Some(dir), Some(name)) = (base.parent(), base.file_name().and_then(|name| name.to_str())) else {
        return Vec::new();
    };
    let Ok(entries) = fs::read_dir(dir) else {
        return Vec::new();
    };
    let mut siblings: Vec<Sibling> = entries
        .filter_map(|entry| {
            let file_name = entry.ok()?.file_name();
            let way = rotated(file_name.to_str()?)
                .into_iter()
                .find(|way| way.base == name)?;
            let path = dir.join(&file_name);
            let facts = Facts::of(&path).ok()?;
            (facts.kind == Kind::File).then_some(Sibling {
                path,
                order: way.order,
                packed: way.packed,
                facts,
            })
        })
        .collect();
    siblings.sort_by_key(|it| std::cmp::Reverse(it.facts.modified));
    siblings
}

/// Whether a file holds the bytes that are known: as many, with the same head and the same bytes before the
/// offset.
pub(super) fn agrees(bytes: &mut Bytes, known: &Known) -> io::Result<bool> {
    if known.head.len == 0 {
        return Ok(false);
    }
    if !bytes.is_gz() && bytes.facts()?.size < known.offset {
        return Ok(false);
    }
    let mut head = [0; HEAD_BYTES];
    let head = &mut head[..HEAD_BYTES.min(known.head.len as usize)];
    let read = bytes.read_at(0, head)?;
    if print(&head[..read]) != known.head {
        return Ok(false);
    }
    let mut tail = [0; TAIL_BYTES];
    let tail = &mut tail[..TAIL_BYTES.min(known.tail.print.len as usize)];
    let from = known.tail.at.saturating_sub(tail.len() as u64);
    let read = bytes.read_at(from, tail)?;
    if print(&tail[..read]) != known.tail.print {
        return Ok(false);
    }
    // The last byte before the offset is there.
    Ok(known.offset == 0 || bytes.read_at(known.offset - 1, &mut [0])? == 1)
}

/// Where a file is now that its names do not lead to it any more.
pub(super) fn find_inode(tail: &Tail) -> Option<(PathBuf, Facts)> {
    let known = [Some(&tail.at), tail.target.as_ref()];
    let is_it = |facts: &Facts| facts.inode == tail.inode && facts.born == tail.born;
    let here = |path: &PathBuf| Facts::of(path).ok().filter(is_it);
    let known = known
        .into_iter()
        .flatten()
        .find_map(|path| here(path).map(|facts| (path.clone(), facts)));
    known.or_else(|| {
        siblings(&tail.path)
            .into_iter()
            .find(|it| is_it(&it.facts))
            .map(|it| (it.path, it.facts))
    })
}

impl Tailer {
    /// Forgets about names that nothing reminds of any more.
    pub(super) fn forget_sighted(&mut self) {
        if self.sighted.len() > 2 * self.names.len() + 100 {
            let origins: HashSet<&Path> = self.files.values().map(|tail| &*tail.path).collect();
            let names = &self.names;
            self.sighted
                .retain(|path| names.contains_key(path) || origins.contains(path.as_path()));
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
            .filter(|base| self.names.contains_key(base) || self.prior.contains_key(base))
            .collect()
    }

    /// Looks at the rotated files of every watched name whose file has changed.
    pub(super) fn look_for_rotated(&mut self, now: Instant) {
        for base in std::mem::take(&mut self.rotations) {
            let watch = match self.names.get(&base) {
                Some(name) => Some(name.watch),
                None => self.watches.iter().position(|watch| watch.globs.contains(&base)),
            };
            let Some(watch) = watch else {
                continue;
            };
            let first = self.sighted.insert(base.clone());
            let mut found = siblings(&base);
            found.retain(|it| {
                !self.files.contains_key(&it.facts.inode) && !self.bystanders.contains(&it.facts.inode)
            });
            let prior = if first { self.prior.remove(&base) } else { None };
            let missed = match prior {
                _ if !first => Missed::All,
                Some(prior) => self.missed_since(&base, &prior),
                None => Missed::None,
            };
            // The oldest first: its events came first.
            for sibling in found.into_iter().rev() {
                let matched = self.watches[watch].globs.contains(&sibling.path);
                if sibling.packed == Packed::No && matched {
                    // A file of its own, which the globs lead to.
                    continue;
                }
                let take = match (sibling.packed, &missed) {
                    (Packed::Unreadable, _) => false,
                    // While the agent runs it reads a file before it is compressed.
                    (Packed::Gz, Missed::All) => false,
                    (_, missed) => missed.includes(&sibling) && !self.is_explained(&sibling),
                };
                if take {
                    info!(path = %sibling.path.display(), base = %base.display(), "a rotated file that was not seen under its own name: reading it");
                    let arrival = Arrival {
                        watch,
                        path: sibling.path,
                        facts: sibling.facts,
                        named: false,
                        packed: sibling.packed == Packed::Gz,
                    };
                    self.admit(arrival, Some(&base), now);
                } else {
                    self.bystanders.insert(sibling.facts.inode);
                }
            }
        }
    }

    /// Files that have no name of the input any more: they may still grow, move on, or be deleted.
    pub(super) fn visit_rotated(&mut self, now: Instant) {
        let rotated: Vec<Inode> = self
            .files
            .values()
            .filter(|tail| tail.gone.is_some() && !tail.unlinked)
            .map(|tail| tail.inode)
            .collect();
        for inode in rotated {
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

    /// What can have been rotated away since the last run.
    fn missed_since(&self, base: &Path, prior: &Prior) -> Missed {
        let tail = self
            .files
            .values()
            .find(|tail| tail.place().is_some_and(|place| place.origin.key == prior.key));
        let Some(tail) = tail else {
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

    /// Whether a record of the last run tells what the file is.
    fn is_explained(&self, sibling: &Sibling) -> bool {
        let Ok(file) = open(&sibling.path) else {
            return false;
        };
        let mut bytes = if sibling.packed == Packed::Gz {
            Bytes::gz(file)
        } else {
            Bytes::plain(file)
        };
        self.dormant
            .iter()
            .filter(|record| record.path.parent() == sibling.path.parent())
            .any(|record| agrees(&mut bytes, &record.into()).unwrap_or(false))
    }

    /// The sibling of `base` that holds the bytes of a file whose inode is gone or was emptied: the file itself
    /// under another name, its copy, or the compressed file that was made from it.
    pub(super) fn find_sibling(
        &self,
        base: &Path,
        record: Option<&FileRecord>,
        known: &Known,
        watch: usize,
    ) -> Option<(Arrival, Bytes)> {
        let mut found = siblings(base);
        found.retain(|it| {
            it.packed != Packed::Unreadable
                && self
                    .files
                    .get(&it.facts.inode)
                    .is_none_or(|tail| !matches!(tail.stage, Stage::Placed(_)))
        });
        // The file itself before any copy.
        let ino = record.map(|record| record.ino);
        found.sort_by_key(|it| Some(it.facts.inode.ino) != ino);
        found.into_iter().find_map(|sibling| {
            let arrival = Arrival {
                watch,
                named: self.watches[watch].globs.contains(&sibling.path) && sibling.packed == Packed::No,
                path: sibling.path,
                facts: sibling.facts,
                packed: sibling.packed == Packed::Gz,
            };
            let mut bytes = arrival.open().ok()?;
            agrees(&mut bytes, known)
                .unwrap_or(false)
                .then_some((arrival, bytes))
        })
    }

    /// An emptied file's life goes on in its copy, which holds what was written between the last look and the
    /// copy. Whether there is one.
    pub(super) fn move_to_copy(&mut self, inode: Inode, place: &mut Option<Place>, now: Instant) -> bool {
        let Some(known) = place.as_ref().map(Place::known) else {
            return false;
        };
        let Some(tail) = self.files.get(&inode) else {
            return false;
        };
        let (watch, path) = (tail.watch, tail.path.to_path_buf());
        let Some((arrival, bytes)) = self.find_sibling(&path, None, &known, watch) else {
            return false;
        };
        let Some(place) = place.take() else {
            return false;
        };
        info!(path = %path.display(), copy = %arrival.path.display(), offset = known.offset, "reading on in the copy of the truncated file");
        let copy = arrival.facts.inode;
        let tail = self.files.entry(copy).or_insert_with(|| {
            let mut tail = Tail::new(&arrival.facts, watch, &arrival.path, None, now);
            tail.gone = Some(now);
            tail
        });
        let key = place.origin.key;
        tail.see(&arrival.facts, now);
        tail.path = path.into();
        tail.is_gz = arrival.packed;
        tail.bytes = Some(bytes);
        tail.stage = Stage::Placed(place);
        tail.done = false;
        self.bystanders.remove(&copy);
        self.ledger.update(key, |record| {
            record.dev = copy.dev;
            record.ino = copy.ino;
            record.born = arrival.facts.born;
        });
        self.attend(copy, now);
        self.queue(copy);
        true
    }

    /// A new file next to a watched one that begins with the same bytes may be a copy that is being made
    /// (copytruncate). Reading it would give every event twice, so it is held until that is clear.
    pub(super) fn hold_if_copy(&mut self, inode: Inode, head: &[u8], now: Instant) -> bool {
        let Some(tail) = self.files.get(&inode) else {
            return false;
        };
        if tail.cleared || tail.is_gz || !matches!(&tail.stage, Stage::Unborn(life) if life.past.is_empty()) {
            return false;
        }
        let originals: Vec<(PathBuf, Inode)> = self
            .bases_of(&tail.at)
            .into_iter()
            .filter_map(|base| self.names.get(&base).map(|name| (base.clone(), name.inode)))
            .filter(|(_, of)| *of != inode)
            .collect();
        for (base, of) in originals {
            let known = self
                .files
                .get(&of)
                .and_then(Tail::place)
                .is_some_and(|place| place.offset > 0);
            let mut other = [0; HEAD_BYTES];
            let other = &mut other[..head.len()];
            if known
                && let Ok(file) = open(&base)
                && Bytes::plain(file)
                    .read_at(0, other)
                    .is_ok_and(|read| read == head.len())
                && other == head
            {
                if let Some(tail) = self.files.get_mut(&inode) {
                    tail.stage = Stage::Held { of, since: now };
                }
                self.attend(inode, now);
                return true;
            }
        }
        false
    }
}

/// Which rotated files next to a watched name were never seen under it.
#[derive(Debug)]
enum Missed {
    None,
    /// Every one that is not known: the name's file has changed while we looked.
    All,
    /// Those that were rotated after the file that was read last.
    Since {
        order: Option<Order>,
        modified: i64,
    },
}

impl Missed {
    fn includes(&self, sibling: &Sibling) -> bool {
        match self {
            Missed::None => false,
            Missed::All => true,
            Missed::Since { order, modified } => order
                .as_ref()
                .and_then(|order| sibling.order.is_younger_than(order))
                .unwrap_or(sibling.facts.modified > *modified),
        }
    }
}
