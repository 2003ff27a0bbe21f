//! Which files belong to which input, as far as that is for the configuration to say: by their paths, never by what
//! the input is called or where it stands.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::{Tailer, globs};
use crate::source::Watch;
use crate::source::facts::{Facts, Inode};
use crate::source::links::Links;
use crate::source::tail::Tail;
use crate::state::FileRecord;

impl Tailer {
    /// Other inputs. A file goes on where it is when the new inputs lead to it, as one of that input which a start
    /// would read it for; one that they do not lead to is left alone, and its position is remembered.
    pub(super) fn reload(&mut self, watches: Vec<Watch>, now: Instant) {
        self.unname_rotated(now);
        self.watches = watches;
        self.tells_unmatched = true;
        self.inherit();
        let mut homeless = Vec::new();
        for (inode, tail) in &mut self.files {
            match owner(&self.watches, tail) {
                Some(watch) => {
                    tail.watch = watch;
                    let key = tail.place().map(|place| place.origin.key);
                    for key in key.into_iter().chain(tail.stub) {
                        self.ledger.assign(key, self.watches[watch].name());
                    }
                }
                None => homeless.push(*inode),
            }
            // The scan gives the names back.
            tail.names.clear();
            tail.gone.get_or_insert(now);
        }
        for inode in homeless {
            self.leave_alone(inode);
        }
        self.ledger.free_all_but(self.watches.iter().map(Watch::name));
        self.notice.set_globs(globs(&self.watches));
        self.names.clear();
        self.links = Links::default();
        self.attentive.extend(self.files.keys());
        self.next_scan = now;
    }

    /// Names that rotation has taken away since the last look are taken note of, as at any look: once all names are given
    /// anew, nobody knows whose they were.
    fn unname_rotated(&mut self, now: Instant) {
        let leads_to = |path: &Path, inode| Facts::of(path).is_ok_and(|facts| facts.inode == inode);
        let names = self.names.iter();
        let moved: Vec<Arc<Path>> = names
            .filter(|(path, name)| !leads_to(path, name.inode))
            .map(|(path, _)| Arc::clone(path))
            .collect();
        for path in moved {
            self.unname(&path, now);
        }
    }

    fn leave_alone(&mut self, inode: Inode) {
        self.attentive.remove(&inode);
        let Some(tail) = self.files.remove(&inode) else {
            return;
        };
        let key = tail.place().map(|place| place.origin.key).or(tail.stub);
        let Some(key) = key else {
            return;
        };
        self.ledger.leave_alone(key);
        if let Some(record) = self.ledger.record(key) {
            self.dormant.add(record);
        }
    }

    /// The input that a start would read the record's file for.
    pub(super) fn watch_of(&self, record: &FileRecord) -> Option<usize> {
        let contains = |watch: &Watch| watch.globs.contains(&record.path);
        self.watches.iter().position(contains)
    }

    /// An input of a new name takes over the books of one that is gone and whose files are its own now, most of them
    /// if there are several such: it is the same input under another name, and not started for the first time.
    pub(super) fn inherit(&self) {
        let mut gone = self.ledger.started_inputs();
        gone.retain(|name| self.watches.iter().all(|watch| watch.name() != name));
        let new = |watch: &Watch| !self.ledger.started(watch.name());
        if gone.is_empty() || !self.watches.iter().any(new) {
            return;
        }
        // How many files go from which input to which.
        let mut files: HashMap<(Arc<str>, usize), usize> = HashMap::new();
        for record in self.ledger.records() {
            if gone.iter().any(|name| **name == *record.input)
                && let Some(watch) = self.watch_of(&record).filter(|watch| new(&self.watches[*watch]))
            {
                *files.entry((Arc::clone(&record.input), watch)).or_default() += 1;
            }
        }
        let mut moves: Vec<((Arc<str>, usize), usize)> = files.into_iter().collect();
        moves.sort_by(|(a, of_a), (b, of_b)| of_b.cmp(of_a).then_with(|| a.cmp(b)));
        for ((from, watch), _) in moves {
            // Either may have found its like already; the ledger knows that of the names.
            self.ledger.rename_input(&from, self.watches[watch].name());
        }
    }
}

/// The input that a start would read the file for.
fn owner(watches: &[Watch], tail: &Tail) -> Option<usize> {
    let of_names = watches
        .iter()
        .position(|watch| tail.names.iter().any(|name| watch.globs.contains(name)));
    // Rotated away, it is known by the name that it had first.
    of_names.or_else(|| watches.iter().position(|watch| watch.globs.contains(&tail.path)))
}
