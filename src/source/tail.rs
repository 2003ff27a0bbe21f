use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::disk::Bytes;
use super::facts::{Facts, Inode};
use super::header::Header;
use super::place::Place;
use crate::event::FileKey;
use crate::state::Life;

/// One file that the source looks after, whatever its names are.
#[derive(Debug)]
pub struct Tail {
    pub inode: Inode,
    pub born: Option<i64>,
    /// Index of the input that it belongs to.
    pub watch: usize,
    /// The name that it was first seen under.
    pub path: Arc<Path>,
    /// Names of the input that lead to it now. None: rotated away or deleted.
    pub names: Vec<Arc<Path>>,
    /// Where it was seen last, of the input or not.
    pub at: Arc<Path>,
    /// The file's own path where a symbolic link leads to it.
    pub target: Option<Arc<Path>>,
    /// Its descriptor, while it is open.
    pub bytes: Option<Bytes>,
    pub is_gz: bool,
    /// Where its lines have one.
    pub header: Option<Box<Header>>,
    pub stage: Stage,
    /// As seen last, in bytes.
    pub size: u64,
    /// As seen last, nanoseconds since the epoch.
    pub modified: i64,
    /// When new bytes were last seen.
    pub grew: Instant,
    /// When events last left.
    pub left: Instant,
    /// When its last name was taken away.
    pub gone: Option<Instant>,
    /// Its names were made by rotation: nobody is expected to write to it for long.
    pub rotated: bool,
    /// Deleted: no name of anybody else leads to it.
    pub unlinked: bool,
    /// How the state directory has its bytes for the next run.
    pub kept: Option<KeptBy>,
    /// Complete lines wait for the end of their event.
    pub open: bool,
    /// The watched name that rotation has taken from it, where its last event may go on in the next file.
    pub base: Option<Box<Path>>,
    /// The file that has its name now, while that waits for the end of this one.
    pub next: Option<Inode>,
    /// Whose the first lines are.
    pub beginning: Beginning,
    /// Rotated away and read to its last byte.
    pub done: bool,
    /// It waits for its turn.
    pub queued: bool,
    /// It waits because its input is held, or because what was read of it comes back.
    pub held: bool,
    /// The record that keeps earlier lives in the checkpoint while this one has no key yet.
    pub stub: Option<FileKey>,
    /// It is no copy that has to be held.
    pub cleared: bool,
    /// Where it is read from once it has a key.
    pub begin: Begin,
}

/// How the bytes of a file that is rotated away or deleted are there for the next run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptBy {
    /// One of its names is ours.
    Link,
    /// Copied up to `to`, in bytes.
    Copy { to: u64 },
}

/// Where a file is read from whose first line is not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    Start,
    /// Behind the last line that is there already when it is seen first.
    End,
    /// It is a copy: what it has up to here, in bytes, was read from its original.
    At(u64),
}

/// Whose the lines are that a file begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    Unknown,
    /// Perhaps the last event of this file goes on there: nothing is read until that is clear.
    Waits(Inode),
    /// They belong to the file before. What is behind them is read when the checkpoint says so.
    Lent,
    /// They begin an event, or nobody lays claim to them.
    Own,
}

#[derive(Debug)]
pub enum Stage {
    /// Its first line is not complete; earlier lives are known.
    Unborn(Life),
    /// It looks like a copy of another file that is being made: nothing is read until that is clear.
    Held {
        of: Inode,
        /// When it last changed.
        since: Instant,
    },
    /// It is the copy of another file: what it has up to `to`, in bytes, was read there under this key, and is not
    /// settled yet.
    Copied { key: FileKey, to: u64 },
    /// It is read.
    Placed(Place),
}

impl Tail {
    pub fn new(facts: &Facts, watch: usize, path: &Arc<Path>, bytes: Option<Bytes>, now: Instant) -> Tail {
        Tail {
            inode: facts.inode,
            born: facts.born,
            watch,
            path: Arc::clone(path),
            names: Vec::new(),
            at: Arc::clone(path),
            target: None,
            is_gz: bytes.as_ref().is_some_and(Bytes::is_gz),
            bytes,
            header: None,
            stage: Stage::Unborn(Life::default()),
            size: 0,
            modified: facts.modified,
            grew: now,
            left: now,
            gone: None,
            rotated: false,
            unlinked: facts.links == 0,
            kept: None,
            open: false,
            base: None,
            next: None,
            beginning: Beginning::Unknown,
            done: false,
            queued: false,
            held: false,
            stub: None,
            cleared: false,
            begin: Begin::Start,
        }
    }

    pub fn place(&self) -> Option<&Place> {
        match &self.stage {
            Stage::Placed(place) => Some(place),
            Stage::Unborn(_) | Stage::Held { .. } | Stage::Copied { .. } => None,
        }
    }

    /// Takes down what the file system says; whether the file changed since the last time.
    pub fn see(&mut self, facts: &Facts, now: Instant) -> bool {
        let changed = facts.size != self.size || facts.modified != self.modified;
        if changed {
            self.grew = now;
        }
        self.size = facts.size;
        self.modified = facts.modified;
        // One of the names is ours: of the file itself, or of the copy that is open in its place.
        let is_ours = self.is_linked() || facts.inode != self.inode;
        self.unlinked = facts.links <= u64::from(is_ours);
        changed
    }

    /// One of its names is ours, in the state directory.
    pub fn is_linked(&self) -> bool {
        self.kept == Some(KeptBy::Link)
    }

    /// No name of the input leads to it, or one that rotation made: it will be deleted some day.
    pub fn is_left(&self) -> bool {
        self.gone.is_some() || self.rotated || self.unlinked
    }

    /// Its end is near: when nothing comes for a while, its last line is complete.
    pub fn is_ending(&self) -> bool {
        (self.gone.is_some() || self.rotated) && !self.done
    }

    /// It cannot be read now: the next scan finds it changed and tries again, with a new descriptor if it can
    /// have one.
    pub fn try_later(&mut self) {
        if !self.unlinked {
            self.bytes = None;
        }
        self.modified = 0;
    }

    /// Not a byte is left to read, so the descriptor may be closed.
    pub fn is_drained(&self) -> bool {
        !self.queued
            && !self.held
            && !self.open
            && self.place().is_some_and(|place| place.offset >= self.size)
    }
}
