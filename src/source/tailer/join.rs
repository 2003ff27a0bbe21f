//! Events that begin in a file and end in the one that has its name after it.
//!
//! ```text
//!  app.log.1  … | 10:00 ERROR boom      app.log  |   at b() | 10:01 INFO …
//!               |   at a()                       |          |
//!             offset          end      0         borrowed    offset
//! ```
//!
//! The next file is not read before it is clear how much of its beginning belongs to the last event of the file before. Its
//! first lines show that at once where one of them begins an event; else it waits for more lines, or for the flush time.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use tracing::debug;

use super::Tailer;
use crate::limits::BORROWED_BYTES_MAX;
use crate::source::facts::{Facts, Inode};
use crate::source::family::siblings_in;
use crate::source::identity::{TAIL_BYTES, print};
use crate::source::place::{Join, Lead};
use crate::source::sibling::{Order, rotated};
use crate::source::tail::{Beginning, Stage, Tail};
use crate::state::{FileRecord, Joint, Tail as Before};

impl Tailer {
    /// Rotation has just taken the name `base` from the file: the next file under that name may begin with the end of its
    /// last event.
    pub(super) fn line_up(&mut self, base: &Path, inode: Inode) {
        if self.joins_line(base, inode) {
            self.lines.entry(base.to_path_buf()).or_default().push(inode);
        }
    }

    /// As [`Tailer::line_up`] for a file that was rotated while we looked elsewhere: the times tell its place.
    pub(super) fn line_up_by_time(&mut self, base: &Path, inode: Inode) {
        if self.joins_line(base, inode) {
            let modified = |inode: &Inode| self.files.get(inode).map(|tail| tail.modified);
            let line = self.lines.entry(base.to_path_buf()).or_default();
            let earlier = line.iter().rposition(|it| modified(it) <= modified(&inode));
            line.insert(earlier.map_or(0, |at| at + 1), inode);
        }
    }

    /// As [`Tailer::line_up`] for a copy in which the life goes on that the file had before it was emptied.
    pub(super) fn line_up_copy(&mut self, base: &Path, copy: Inode, emptied: Inode) {
        if self.joins_line(base, copy) || is_of(&self.files, copy, base) {
            let line = self.lines.entry(base.to_path_buf()).or_default();
            line.retain(|it| *it != copy);
            let at = line.iter().position(|it| *it == emptied);
            line.insert(at.unwrap_or(line.len()), copy);
        }
    }

    /// Whether the file has no place in the line yet, and may have one. It is expected to get it.
    fn joins_line(&mut self, base: &Path, inode: Inode) -> bool {
        if let Some(line) = self.lines.get_mut(base) {
            line.retain(|it| is_of(&self.files, *it, base));
        }
        let Some(tail) = self.files.get_mut(&inode) else {
            return false;
        };
        let joins = self.watches[tail.watch].frame.waits() && tail.base.as_deref() != Some(base);
        if joins {
            tail.base = Some(base.into());
        }
        joins
    }

    /// The name that a file of this name had before rotation, if it is one that is watched; else this name. Only what was
    /// added at the end counts: `app-1.log` may be another service's log as well.
    pub(super) fn base_of(&self, path: &Path) -> PathBuf {
        let (Some(dir), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
            return path.to_path_buf();
        };
        let is_watched = |base: &PathBuf| {
            let path = base.as_path();
            self.names.contains_key(path)
                || self.sighted.contains(path)
                || self.prior.contains_key(path)
                || self.watches.iter().any(|watch| watch.globs.contains(base))
        };
        let bases = rotated(name).into_iter().filter(|way| {
            let added = name.strip_prefix(&way.base);
            added.is_some_and(|added| added.starts_with('.') || !matches!(way.order, Order::Number(_)))
        });
        let bases = bases.map(|way| dir.join(way.base)).filter(is_watched);
        // Of `app.log.2026-11-22.1` it is `app.log`.
        let base = bases.min_by_key(|base| base.as_os_str().len());
        base.unwrap_or_else(|| path.to_path_buf())
    }

    /// As [`Tailer::line_up_by_time`] for a file of this first name, if rotation has made the name that it has now.
    pub(super) fn line_up_rotated(&mut self, first_name: &Path, inode: Inode) {
        let base = self.base_of(first_name);
        if self.files.get(&inode).is_some_and(|tail| *tail.at != *base) {
            self.line_up_by_time(&base, inode);
        }
    }

    /// A new file has a name that rotation made: looks at once for those that were rotated with it, and for the one that
    /// came after them.
    pub(super) fn seek_line(&mut self, path: &Path, now: Instant) {
        let base = self.base_of(path);
        if base == path {
            return;
        }
        if !self.names.contains_key(base.as_path()) && Facts::of(&base).is_ok() {
            self.next_scan = now;
        }
        self.rotations.insert(base.into());
    }

    /// Forgets names whose files are gone.
    pub(super) fn forget_lines(&mut self) {
        let files = &self.files;
        self.lines.retain(|base, line| {
            line.retain(|it| is_of(files, *it, base));
            !line.is_empty()
        });
    }

    /// Whether what the file begins with is its own, as far as is known. If not, it is looked at again with every tick.
    pub(super) fn is_own(&mut self, inode: Inode, now: Instant) -> bool {
        let Some(tail) = self.files.get(&inode) else {
            return true;
        };
        let fresh = tail.place().is_some_and(|place| place.offset == 0);
        let before = match tail.beginning {
            Beginning::Own => return true,
            Beginning::Lent => return false,
            _ if !fresh || !self.watches[tail.watch].frame.waits() => None,
            Beginning::Unknown => self.before(inode),
            Beginning::Waits(before) => Some(before),
        };
        let joined = before.is_none_or(|before| self.try_join(before, inode, now));
        if let Some(tail) = self.files.get_mut(&inode) {
            tail.beginning = match (tail.beginning, before) {
                (Beginning::Lent, _) => Beginning::Lent,
                (_, Some(before)) if !joined => Beginning::Waits(before),
                _ => Beginning::Own,
            };
            if tail.beginning == Beginning::Own {
                return true;
            }
        }
        if let Some(tail) = before.and_then(|before| self.files.get_mut(&before)) {
            tail.next = Some(inode);
        }
        self.attend(inode, now);
        false
    }

    /// Whether the file's last event waits for the beginning of the next file.
    pub(super) fn has_next(&self, inode: Inode) -> bool {
        let next = self
            .files
            .get(&inode)
            .and_then(|tail| self.files.get(&tail.next?));
        next.is_some_and(|next| next.beginning == Beginning::Waits(inode) && next.bytes.is_some())
    }

    /// The checkpoint has what was borrowed: the files that it was borrowed from go on.
    pub(super) fn release_lent(&mut self) {
        for inode in std::mem::take(&mut self.lent) {
            if let Some(tail) = self.files.get_mut(&inode) {
                tail.beginning = Beginning::Own;
                self.queue(inode);
            }
        }
    }

    /// The file whose last event may go on in this one: the one right before it.
    fn before(&self, inode: Inode) -> Option<Inode> {
        let tail = self.files.get(&inode)?;
        let bases = tail.names.iter().chain([&tail.path]);
        let (base, line) = bases
            .map(|path| self.base_of(path))
            .find_map(|base| self.lines.get_key_value(&base))?;
        let line: Vec<Inode> = line
            .iter()
            .filter(|it| is_of(&self.files, **it, base))
            .copied()
            .collect();
        let to = line.iter().position(|it| *it == inode).unwrap_or(line.len());
        let before = *line[..to].last()?;
        let tail = self.files.get(&before)?;
        let may_go_on = will_be_read(tail) || tail.open;
        (may_go_on && self.is_next(base, before, inode)).then_some(before)
    }

    /// Whether no other file lies between the two, of those that nobody lined up: what is compressed or was never read.
    fn is_next(&self, base: &Path, before: Inode, inode: Inode) -> bool {
        let (Some(before), Some(next)) = (self.files.get(&before), self.files.get(&inode)) else {
            return false;
        };
        let (Some(dir), Some(name)) = (base.parent(), base.file_name().and_then(|name| name.to_str())) else {
            return false;
        };
        let found = siblings_in(dir, &[name.to_owned()].into()).remove(name);
        let found = found.into_iter().flatten().chain(self.beside_real(base));
        let is_last = Facts::of(base).is_ok_and(|facts| facts.inode == next.inode);
        let mut between = found.filter(|it| {
            let modified = it.facts.modified;
            let later = modified > before.modified && (is_last || modified < next.modified);
            later && it.facts.inode != next.inode && !is_of(&self.files, it.facts.inode, base)
        });
        between.next().is_none()
    }

    /// Looks whether the last event of `before` goes on in `inode`. Whether that file may be read now.
    fn try_join(&mut self, before: Inode, inode: Inode, now: Instant) -> bool {
        let Some(head) = self.head_lines(inode, now) else {
            return true;
        };
        let Some(tail) = self.files.get(&before) else {
            return true;
        };
        let first_line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let first_line = first_line.strip_suffix(b"\r").unwrap_or(first_line);
        if self.watches[tail.watch].frame.begins(first_line) {
            return true;
        }
        if will_be_read(tail) {
            return false;
        }
        if !tail.open || !self.is_open(before, now) {
            return true;
        }
        let keys = self.key_of(before).zip(self.key_of(inode));
        let Some((file, next)) = keys.filter(|(file, next)| self.ledger.can_join(*file, *next)) else {
            return true;
        };
        let since = self.files.get(&inode).map_or(now, |tail| tail.grew);
        let Some(tail) = self.files.get_mut(&before) else {
            return true;
        };
        let rule = &self.watches[tail.watch].frame;
        let quiet = now.saturating_duration_since(since.max(tail.grew)) >= rule.flush;
        // As everywhere: one stream of a container may wait while the other goes on.
        let stuck = rule.wrapper.is_some()
            && now.saturating_duration_since(tail.left.max(tail.grew)) >= 2 * rule.flush;
        let lead = Lead::of(&head, quiet || stuck);
        let (Stage::Placed(place), Some(bytes)) = (&mut tail.stage, &mut tail.bytes) else {
            return true;
        };
        let joined = bytes
            .facts()
            .and_then(|facts| place.join(bytes, facts.size, lead, rule, &self.pool, &mut self.scratch));
        match joined {
            Ok(Join::Joined {
                read,
                borrowed,
                taken,
            }) => {
                debug!(path = %tail.path.display(), at = borrowed.at, bytes = taken, "the last event goes on in the next file");
                tail.left = now;
                tail.open = false;
                tail.next = None;
                let last = &head[taken.saturating_sub(TAIL_BYTES)..taken];
                let lent = self.ledger.join(Joint {
                    file,
                    borrowed,
                    next,
                    tail: Before {
                        at: taken as u64,
                        print: print(last),
                    },
                });
                self.leave(before, read, now);
                if let Some(record) = lent {
                    self.lend(inode, record);
                }
                false
            }
            Ok(Join::Apart) => true,
            Ok(Join::Unknown) => false,
            Ok(Join::Busy) => {
                self.queue(before);
                false
            }
            Ok(Join::NoMemory) => {
                self.starved = true;
                self.queue_first(inode);
                false
            }
            Err(error) => {
                self.cannot_read(before, &error);
                true
            }
        }
    }

    /// The file's first lines belong to the file before; behind them it is read on when the checkpoint has that.
    fn lend(&mut self, inode: Inode, record: FileRecord) {
        let path = record.path.clone();
        if let Err(error) = self.place(inode, record) {
            self.cannot(&path, "read", &error);
        }
        self.lent.push(inode);
        if let Some(tail) = self.files.get_mut(&inode) {
            tail.beginning = Beginning::Lent;
        }
    }

    fn key_of(&self, inode: Inode) -> Option<crate::event::FileKey> {
        Some(self.files.get(&inode)?.place()?.origin.key)
    }

    /// What the file begins with, as much of it as may be lent; `None` where that is not what it began with, or cannot be
    /// read.
    fn head_lines(&mut self, inode: Inode, now: Instant) -> Option<Vec<u8>> {
        let tail = self.files.get_mut(&inode)?;
        let facts = tail.bytes.as_ref()?.facts().ok()?;
        tail.see(&facts, now);
        let (Stage::Placed(place), Some(bytes)) = (&tail.stage, &mut tail.bytes) else {
            return None;
        };
        let mut head = vec![0; BORROWED_BYTES_MAX];
        let read = bytes.read_at(0, &mut head).ok()?;
        head.truncate(read);
        place.begins_as(&head).then_some(head)
    }
}

/// Whether it is not known yet what the file ends with.
fn will_be_read(tail: &Tail) -> bool {
    tail.queued || tail.held || matches!(tail.beginning, Beginning::Waits(_) | Beginning::Lent)
}

/// Whether the name was the file's, of those that rotation has taken it from.
fn is_of(files: &HashMap<Inode, Box<Tail>>, inode: Inode, base: &Path) -> bool {
    files
        .get(&inode)
        .is_some_and(|tail| tail.base.as_deref() == Some(base))
}
