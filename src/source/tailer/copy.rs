//! Files that rotation copied in place of a rename (copytruncate, `cp` and `rm`), so that no event is read from both.
//!
//! A new file beside a watched one that begins with the same bytes is held ([`Stage::Held`]). Then one of these happens:
//!
//! ```text
//!  the original is emptied       the copy has all that was read: the life goes on in the copy
//!                                it has less, for the original was written to meanwhile: nothing in it is new
//!  the original is deleted       it is read to its end through its descriptor: what the copy has of it is not new;
//!                                without a descriptor its life goes on in the copy
//!  nothing for a while           the copy is a file of its own where the input asks for it, and else a backup, in
//!                                which nothing is new
//! ```
//!
//! A copy in which nothing is new waits until that is settled ([`Stage::Copied`]), and is read from there on.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use tracing::info;

use super::Tailer;
use super::arrive::Arrival;
use crate::event::FileKey;
use crate::limits::{COPY_HELD, COPY_QUIET};
use crate::source::disk::{Bytes, open};
use crate::source::facts::Inode;
use crate::source::family::{agrees, family};
use crate::source::identity::{HEAD_BYTES, Known, begin_life, first_line, print};
use crate::source::place::{Place, print_before};
use crate::source::sibling::Packed;
use crate::source::tail::{Begin, Stage, Tail};
use crate::state::{self, Leave, Life, Print};

impl Tailer {
    /// A new file next to a watched one that begins with the same bytes may be a copy that is being made
    /// (copytruncate). Reading it would give every event twice, so it is held until that is clear.
    pub(super) fn hold_if_copy(&mut self, inode: Inode, head: &[u8], now: Instant) -> bool {
        let Some(tail) = self.files.get(&inode) else {
            return false;
        };
        if tail.cleared || tail.is_gz || !matches!(&tail.stage, Stage::Unborn(_)) {
            return false;
        }
        let size = tail.size;
        let mut originals: Vec<(PathBuf, Inode)> = self
            .bases_of(&tail.at)
            .into_iter()
            .filter_map(|base| {
                self.names
                    .get(base.as_path())
                    .map(|name| (base.clone(), name.inode))
            })
            .collect();
        // cp and rm instead of a rename: the original may be gone already.
        let bases = self.possible_bases(&tail.at);
        if !bases.is_empty() {
            let gone = self.attentive.iter().filter_map(|of| self.files.get(of));
            let gone = gone.filter(|of| of.gone.is_some() && bases.iter().any(|base| **base == *of.path));
            originals.extend(gone.map(|of| (of.path.to_path_buf(), of.inode)));
        }
        originals.retain(|(_, of)| *of != inode);
        for (base, of) in originals {
            let Some(place) = self.files.get(&of).and_then(|tail| tail.place()) else {
                continue;
            };
            let known = place.known();
            // Emptied, it has its head no more.
            let began_so = size <= known.offset && begins_as(head, place.head, &place.life);
            if began_so || self.holds(inode, &known) || self.begins_with(of, &base, head) {
                if let Some(tail) = self.files.get_mut(&inode) {
                    tail.stage = Stage::Held { of, since: now };
                }
                self.attend(inode, now);
                return true;
            }
        }
        false
    }

    /// Whether the file has the bytes that are known of another one, which may be emptied by now.
    fn holds(&mut self, inode: Inode, known: &Known) -> bool {
        let bytes = self.files.get_mut(&inode).and_then(|tail| tail.bytes.as_mut());
        bytes.is_some_and(|bytes| agrees(bytes, known).unwrap_or(false))
    }

    /// Whether a file begins with these bytes: as it is open, or as its path leads to it.
    fn begins_with(&mut self, inode: Inode, path: &Path, head: &[u8]) -> bool {
        let mut other = [0; HEAD_BYTES];
        let other = &mut other[..head.len().min(HEAD_BYTES)];
        let read = match self.files.get_mut(&inode).and_then(|tail| tail.bytes.as_mut()) {
            Some(bytes) => bytes.read_at(0, other),
            None => open(path).and_then(|file| Bytes::plain(file).read_at(0, other)),
        };
        read.is_ok_and(|read| read == head.len()) && other == head
    }

    /// What becomes of a file that looks like a copy; whether time still matters to it.
    pub(super) fn tend_held(&mut self, inode: Inode, of: Inode, since: Instant, now: Instant) -> bool {
        let is_deleted = self.files.get(&of).is_none_or(|tail| tail.unlinked);
        let is_asked_for = self.files.get(&inode).is_some_and(|tail| !tail.names.is_empty());
        let quiet = now.saturating_duration_since(since);
        if quiet < if is_deleted { COPY_QUIET } else { COPY_HELD } {
            return true;
        }
        if (is_deleted || !is_asked_for)
            && let Some((key, to)) = self.shared_with(of, inode, now)
        {
            self.pass_copy(inode, key, to);
            return true;
        }
        let Some(tail) = self.files.get_mut(&inode) else {
            return false;
        };
        let is_gone = tail.gone.is_some();
        // Opening the original may have shown that it is lost, and its life goes on here.
        if matches!(tail.stage, Stage::Held { .. }) {
            tail.stage = Stage::Unborn(Life::default());
            tail.cleared = true;
            self.queue(inode);
        }
        is_gone
    }

    /// Files of which there seems to be a copy.
    pub(super) fn originals_of_held(&self) -> HashSet<Inode> {
        let held = self.attentive.iter().filter_map(|inode| self.files.get(inode));
        held.filter_map(|tail| match tail.stage {
            Stage::Held { of, .. } => Some(of),
            Stage::Unborn(_) | Stage::Copied { .. } | Stage::Placed(_) => None,
        })
        .collect()
    }

    /// How much of the copy is in its original too, in bytes, and under which key that is read there.
    fn shared_with(&mut self, of: Inode, copy: Inode, now: Instant) -> Option<(FileKey, u64)> {
        if !self.is_open(of, now) || !self.is_open(copy, now) {
            return None;
        }
        let original = self.files.get(&of)?;
        let (key, size) = (original.place()?.origin.key, original.size);
        let tail = self.files.get_mut(&copy)?;
        let known = known_to(tail.bytes.as_mut()?, size.min(tail.size))?;
        let original = self.files.get_mut(&of)?.bytes.as_mut()?;
        let shares = agrees(original, &known).unwrap_or(false);
        shares.then_some((key, known.offset))
    }

    /// A file is gone, and no descriptor keeps it: its life goes on in a copy. Whether there is one.
    pub(super) fn take_over(&mut self, of: Inode, now: Instant) -> bool {
        let Some(tail) = self.files.get_mut(&of) else {
            return false;
        };
        let stage = std::mem::replace(&mut tail.stage, Stage::Unborn(Life::default()));
        let Stage::Placed(place) = stage else {
            tail.stage = stage;
            return false;
        };
        let mut place = Some(place);
        let moved = self.move_to_copy(of, &mut place, now);
        if let (Some(place), Some(tail)) = (place, self.files.get_mut(&of)) {
            tail.stage = Stage::Placed(place);
        } else {
            self.files.remove(&of);
        }
        moved
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
        let found = self.find_sibling(&path, family(&path), None, &known, watch);
        // Another file may have its inode by now.
        let Some((arrival, bytes)) = found.filter(|(arrival, _)| arrival.facts.inode != inode) else {
            return false;
        };
        let Some(place) = place.take() else {
            return false;
        };
        info!(path = %path.display(), copy = %arrival.path.display(), offset = known.offset, "reading on in the copy of the truncated file");
        let copy = arrival.facts.inode;
        let base = self.base_of(&path);
        let tail = self.files.entry(copy).or_insert_with(|| {
            let mut tail = Tail::new(&arrival.facts, watch, &arrival.path, None, now);
            tail.gone = Some(now);
            Box::new(tail)
        });
        let key = place.origin.key;
        tail.see(&arrival.facts, now);
        tail.path = path.into();
        tail.is_gz = arrival.packed;
        tail.bytes = Some(bytes);
        self.room.note_instead(copy);
        let before = tail.place().map(|place| place.origin.key);
        tail.stage = Stage::Placed(place);
        tail.done = false;
        tail.cleared = false;
        self.bystanders.remove(&copy);
        if let Some(before) = before {
            self.ledger.forget(before);
        }
        self.ledger.update(key, |record| {
            record.dev = copy.dev;
            record.ino = copy.ino;
            record.born = arrival.facts.born;
        });
        if !arrival.packed {
            // The emptied file may have grown beyond it.
            self.ledger.seen(key, arrival.facts.size);
        }
        self.line_up_copy(&base, copy, inode);
        self.attend(copy, now);
        self.queue(copy);
        true
    }

    /// A file was emptied after more of it was read than its copy has, or deleted then and not kept open: what is in the
    /// copy is not read again. Whether there is one.
    pub(super) fn leave_to_copy(&mut self, inode: Inode, watch: usize, place: &Place, now: Instant) -> bool {
        let path = Arc::clone(&place.origin.path);
        for sibling in family(&path) {
            let copy = sibling.facts.inode;
            let known = self.files.get(&copy);
            let is_waiting = known.is_some_and(|tail| match &tail.stage {
                Stage::Unborn(life) => life.past.is_empty() && !tail.cleared,
                Stage::Held { of, .. } => *of == inode,
                Stage::Copied { .. } | Stage::Placed(_) => false,
            });
            let is_new = known.is_none() && !self.is_bystander(&sibling.facts);
            if !(is_new || is_waiting)
                || copy == inode
                || sibling.packed != Packed::No
                || sibling.facts.size > place.offset
            {
                continue;
            }
            let Some(head) = head_of(&sibling.path)
                .ok()
                .filter(|head| begins_as(head, place.head, &place.life))
            else {
                continue;
            };
            if is_new {
                let mut tail = Tail::new(&sibling.facts, watch, &sibling.path, None, now);
                tail.gone = Some(now);
                tail.path = Arc::clone(&path);
                tail.see(&sibling.facts, now);
                self.files.insert(copy, Box::new(tail));
            }
            let key = place.origin.key;
            self.ledger.update(key, |record| {
                if head.len() < record.head.len as usize {
                    record.head = print(&head);
                }
            });
            self.pass_copy(copy, key, sibling.facts.size);
            self.attend(copy, now);
            return true;
        }
        false
    }

    /// Whether a new file is a copy that was made while the last run was reading, with less than that has read of an
    /// original which is gone or was emptied.
    pub(super) fn has_less_than_was_read(&self, arrival: &Arrival) -> bool {
        let second = 1_000_000_000;
        let last_run = self
            .ledger
            .restored_at()
            .map_or(0, |at| at.saturating_add(1).saturating_mul(second));
        if self.dormant.is_empty() || arrival.packed || arrival.facts.modified > last_run {
            return false;
        }
        let bases = self.possible_bases(&arrival.path);
        let mut records = self.dormant.iter().filter(|record| {
            bases.iter().any(|base| **base == *record.path)
                && record.head.len > 0
                && arrival.facts.size <= record.offset
        });
        records.any(|record| {
            head_of(&arrival.path).is_ok_and(|head| begins_as(&head, record.head, &record.life))
        })
    }

    fn pass_copy(&mut self, inode: Inode, key: FileKey, to: u64) {
        if let Some(tail) = self.files.get_mut(&inode) {
            info!(path = %tail.at.display(), original = %tail.path.display(), bytes = to, "a copy of what was read: not reading it again");
            tail.stage = Stage::Copied { key, to };
        }
    }

    /// A copy in which nothing is new. When that is settled it is read from there on; when it comes back and there is no
    /// original any more, it is read again from the copy. Whether time still matters to it.
    pub(super) fn tend_copied(&mut self, inode: Inode, key: FileKey, to: u64, now: Instant) -> bool {
        let reads = |tail: &Tail| tail.place().is_some_and(|place| place.origin.key == key);
        if self.ledger.safe(key).is_none_or(|safe| safe >= to) {
            if let Some(tail) = self.files.get_mut(&inode) {
                tail.begin = Begin::At(to);
                tail.stage = Stage::Unborn(Life::default());
                tail.cleared = true;
                self.queue(inode);
            }
            if !self.files.values().any(|tail| reads(tail)) {
                self.ledger.forget(key);
            }
        } else if self.ledger.returned().contains(&key)
            && !self.files.values().any(|tail| reads(tail))
            && self.is_open(inode, now)
            && let Leave::Rewind(record) = self.ledger.leave(key, now)
        {
            let path = record.path.clone();
            if let Err(error) = self.place(inode, *record) {
                self.cannot(&path, "read", &error);
            }
            self.queue(inode);
        }
        true
    }
}

/// What is known of a file's first `size` bytes, at least one.
fn known_to(bytes: &mut Bytes, size: u64) -> Option<Known> {
    let mut head = [0; HEAD_BYTES];
    let head = &mut head[..usize::try_from(size).map_or(HEAD_BYTES, |size| size.min(HEAD_BYTES))];
    let is_there = !head.is_empty() && bytes.read_at(0, head).ok()? == head.len();
    let tail = state::Tail {
        at: size,
        print: print_before(bytes, size).ok()?,
    };
    is_there.then(|| Known {
        head: print(head),
        tail,
        offset: size,
    })
}

/// A file's first bytes, [`HEAD_BYTES`] at most.
fn head_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut head = vec![0; HEAD_BYTES];
    let read = Bytes::plain(open(path)?).read_at(0, &mut head)?;
    head.truncate(read);
    Ok(head)
}

/// Whether the beginning of a file is that of another one, as far as that is known; of one that is shorter than that,
/// its first line has to do.
fn begins_as(head: &[u8], known: Print, of: &Life) -> bool {
    match head.get(..known.len as usize) {
        Some(head) => !head.is_empty() && print(head) == known,
        None => {
            let life = first_line(head).map(|line| begin_life(&Life::default(), line));
            life.is_some_and(|life| life.first_line == of.first_line)
        }
    }
}
