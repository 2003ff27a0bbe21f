mod hold;
mod inputs;
mod joint;
mod persist;

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use self::hold::Hold;
pub use self::hold::Leave;
pub use self::joint::Joint;
pub use self::persist::PersistHealth;
use super::checkpoint::Checkpoint;
use super::store::{Loaded, Store};
use super::{Books, FileRecord, Print, Settled, StateError, Tail, Tally};
use crate::derive::{MetricTotals, Registry};
use crate::event::{FileKey, Span};

/// What was known at start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// The first start with this state directory.
    Fresh,
    /// The positions of the last run are known.
    Restored,
    /// They were known once and are lost: everything is read from its beginning, whatever `start_at` says.
    Lost,
}

/// Every file's position and every input's books. Shared by all stages; locked once per chunk or part of a
/// bulk, never per event.
#[derive(Debug)]
pub struct Ledger {
    inner: Mutex<Inner>,
    /// Tells the writer that something changed or that it shall stop.
    changed: Condvar,
    /// `None`: nothing is kept on disk.
    store: Option<Mutex<Store>>,
    recovery: Recovery,
    /// When the checkpoint that was loaded was written, in seconds since the epoch.
    restored_at: Option<i64>,
    /// What metrics came to in the last run, until somebody asks.
    restored_totals: Mutex<Vec<MetricTotals>>,
    /// Whose totals are written with the positions.
    metrics: OnceLock<Arc<Registry>>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Boxed: a map has room for more than it holds.
    files: HashMap<FileKey, Box<Entry>>,
    inputs: Vec<Input>,
    /// Something differs from the last checkpoint that was written.
    dirty: bool,
    stopped: bool,
    health: PersistHealth,
    /// Inputs that are held.
    holds: usize,
}

#[derive(Debug)]
struct Input {
    /// One text for all records of its files.
    name: Arc<str>,
    books: Books,
    /// The source has looked at its files at least once, now or in an earlier run.
    started: bool,
    /// Nothing is read but a chunk now and then.
    hold: Option<Hold>,
    /// Its files of which something was given back and that can be read again.
    returned: usize,
}

#[derive(Debug)]
struct Entry {
    /// Shared with a checkpoint while that is written.
    record: Arc<FileRecord>,
    /// Index of its books.
    input: usize,
    settled: Settled,
    /// Ends of the chunks that are not settled yet.
    marks: VecDeque<Tail>,
    /// End of the last chunk that left the reader.
    emitted: u64,
    /// How long the file was when the source looked last, in bytes.
    size: u64,
    /// Bytes that left the reader and did not come back, settled or not.
    under_way: u64,
    /// Events that left the reader and are not in the books.
    pending: u64,
    /// Something was given back: it is read again from the safe offset.
    returned: bool,
    reader: Reader,
}

/// Whether somebody reads the file on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    There,
    /// The file's input is gone. Its position stays known, and what is under way of it is settled as ever.
    Gone,
    /// The file is gone for good: it is forgotten when everything of it is settled.
    Over,
}

/// A chunk that leaves the reader, and what is known of its file then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Emitted {
    pub span: Span,
    /// About the bytes before `span.to`.
    pub tail: Tail,
    /// About the file's first bytes.
    pub head: Print,
    pub events: u64,
    /// How long the file is, in bytes.
    pub size: u64,
    /// When it was last written to, nanoseconds since the epoch.
    pub modified: i64,
}

/// One file for status pages and lag metrics. Offsets and sizes in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileStatus {
    pub key: FileKey,
    pub input: Arc<str>,
    pub path: Arc<Path>,
    pub size: u64,
    pub read: u64,
    pub settled: u64,
    /// When the file was last written to, nanoseconds since the epoch.
    pub modified: i64,
    /// Rotated away and read to its end.
    pub done: bool,
}

impl Ledger {
    /// Loads what the state directory knows. Take a [`super::StateLock`] first.
    ///
    /// # Errors
    ///
    /// See [`StateError`]: the cases in which starting would mean starting from the wrong place.
    pub fn open(dir: &Path) -> Result<Ledger, StateError> {
        let store = Store::new(dir);
        let loaded = store.load()?;
        Ok(Ledger::restore(loaded, Some(store)))
    }

    /// What the state directory knows, for those who only look: nothing in it is changed, now or later.
    ///
    /// # Errors
    ///
    /// When a checkpoint cannot be read, or is a newer version's.
    pub fn peek(dir: &Path) -> Result<Ledger, StateError> {
        Ok(Ledger::restore(Store::peek(dir)?, None))
    }

    fn restore(loaded: Loaded, store: Option<Store>) -> Ledger {
        let restored_at = match &loaded {
            Loaded::Restored(checkpoint) => Some(checkpoint.written),
            Loaded::Fresh | Loaded::Lost => None,
        };
        let (recovery, checkpoint) = match loaded {
            Loaded::Fresh => (Recovery::Fresh, Checkpoint::default()),
            Loaded::Lost => (Recovery::Lost, Checkpoint::default()),
            // Killed before it had looked at its files again.
            Loaded::Restored(checkpoint) if checkpoint.lost => (Recovery::Lost, checkpoint),
            Loaded::Restored(checkpoint) => (Recovery::Restored, checkpoint),
        };
        let mut inner = Inner::default();
        for (name, books) in checkpoint.inputs {
            let index = inner.input(&name);
            inner.inputs[index].books = books;
            inner.inputs[index].started = true;
        }
        for record in checkpoint.files {
            inner.track(Arc::unwrap_or_clone(record));
        }
        inner.dirty = false;
        Ledger {
            inner: Mutex::new(inner),
            changed: Condvar::new(),
            store: store.map(Mutex::new),
            recovery,
            restored_at,
            restored_totals: Mutex::new(checkpoint.totals),
            metrics: OnceLock::new(),
        }
    }

    /// A ledger that is gone with the process.
    #[cfg(test)]
    pub fn in_memory() -> Ledger {
        Ledger {
            inner: Mutex::default(),
            changed: Condvar::new(),
            store: None,
            recovery: Recovery::Fresh,
            restored_at: None,
            restored_totals: Mutex::default(),
            metrics: OnceLock::new(),
        }
    }

    pub fn recovery(&self) -> Recovery {
        self.recovery
    }

    /// When the checkpoint that was loaded was written, in seconds since the epoch; `None` without one.
    pub fn restored_at(&self) -> Option<i64> {
        self.restored_at
    }

    /// The metrics go on where the last run has stopped, and every checkpoint has their totals from now on. Before
    /// anything is counted.
    pub fn continue_metrics(&self, metrics: &Arc<Registry>) {
        let totals = std::mem::take(
            &mut *self
                .restored_totals
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        metrics.restore(&totals);
        let _ = self.metrics.set(Arc::clone(metrics));
    }

    // What the source writes down.

    /// Every file that is remembered, in no order.
    pub fn records(&self) -> Vec<Arc<FileRecord>> {
        self.lock()
            .files
            .values()
            .map(|entry| Arc::clone(&entry.record))
            .collect()
    }

    /// Those that are wanted.
    pub fn records_of(&self, is_wanted: impl Fn(&FileRecord) -> bool) -> Vec<FileRecord> {
        let inner = self.lock();
        let records = inner.files.values().map(|entry| &*entry.record);
        records.filter(|record| is_wanted(record)).cloned().collect()
    }

    pub fn record(&self, file: FileKey) -> Option<FileRecord> {
        self.lock()
            .files
            .get(&file)
            .map(|entry| FileRecord::clone(&entry.record))
    }

    /// Whether the input's files have been looked at before, now or in an earlier run.
    pub fn started(&self, input: &str) -> bool {
        let inner = self.lock();
        inner.inputs.iter().any(|it| *it.name == *input && it.started)
    }

    pub fn set_started(&self, input: &str) {
        let mut inner = self.lock();
        let index = inner.input(input);
        inner.inputs[index].started = true;
        self.touch(inner);
    }

    /// Begins to keep a file's position: reading begins at `record.offset`. Of a file that is under way, its verdicts
    /// outstanding, everything is taken over but the position: reading goes on where [`Ledger::revive`] says.
    pub fn track(&self, record: FileRecord) {
        let mut inner = self.lock();
        inner.track(record);
        self.touch(inner);
    }

    /// Changes what is known of a file besides its position (`offset`, `tail` and `counted` are the ledger's).
    pub fn update(&self, file: FileKey, change: impl FnOnce(&mut FileRecord)) {
        let mut inner = self.lock();
        if let Some(entry) = inner.files.get_mut(&file) {
            change(Arc::make_mut(&mut entry.record));
            self.touch(inner);
        }
    }

    /// How long the file is now, for the lag.
    pub fn seen(&self, file: FileKey, size: u64) {
        if let Some(entry) = self.lock().files.get_mut(&file) {
            entry.size = size;
        }
    }

    /// A chunk leaves the reader.
    pub fn emitted(&self, chunk: &Emitted) {
        let mut inner = self.lock();
        let Some(entry) = inner.files.get_mut(&chunk.span.file) else {
            return;
        };
        entry.emitted = entry.emitted.max(chunk.span.to);
        entry.size = entry.size.max(chunk.size);
        entry.marks.push_back(chunk.tail);
        let record = Arc::make_mut(&mut entry.record);
        record.head = chunk.head;
        record.modified = chunk.modified;
        entry.under_way += chunk.span.bytes();
        entry.pending += chunk.events;
        let input = entry.input;
        let books = &mut inner.inputs[input].books;
        books.pending += chunk.events;
        books.bytes_pending += chunk.span.bytes();
        inner.probe(chunk.span, input);
    }

    /// The event before `at` was ended by time: it must end there again when it is read again. Make it durable
    /// ([`Ledger::persist_now`]) before the event leaves.
    pub fn ended_by_time(&self, file: FileKey, at: u64) {
        let mut inner = self.lock();
        if let Some(entry) = inner.files.get_mut(&file) {
            if entry.record.ends.last().is_none_or(|&last| last < at) {
                Arc::make_mut(&mut entry.record).ends.push(at);
            }
            self.touch(inner);
        }
    }

    /// A file that was to be forgotten, or whose reader is gone, turns up again: its record, with the offset
    /// behind the last chunk that left.
    pub fn revive(&self, file: FileKey) -> Option<FileRecord> {
        let mut inner = self.lock();
        let entry = inner.files.get_mut(&file)?;
        let before = std::mem::replace(&mut entry.reader, Reader::There);
        let returns = before != Reader::There && entry.returned;
        let mut record = FileRecord::clone(&entry.record);
        record.offset = entry.emitted;
        let input = entry.input;
        inner.inputs[input].returned += usize::from(returns);
        Some(record)
    }

    /// The file is gone for good: forget it as soon as everything of it is settled.
    pub fn forget(&self, file: FileKey) {
        let mut inner = self.lock();
        if let Some(entry) = inner.files.get_mut(&file) {
            let (input, cannot_return) = (entry.input, entry.returned && entry.is_read());
            entry.reader = Reader::Over;
            if entry.settled.safe() >= entry.emitted {
                inner.files.remove(&file);
            }
            if cannot_return {
                let input = &mut inner.inputs[input];
                input.returned = input.returned.saturating_sub(1);
            }
            self.touch(inner);
        }
    }

    // What the later stages write down.

    /// Metrics have counted every event of the file before `to`.
    pub fn counted(&self, file: FileKey, to: u64) {
        let mut inner = self.lock();
        if let Some(entry) = inner.files.get_mut(&file)
            && entry.record.counted < to
        {
            Arc::make_mut(&mut entry.record).counted = to;
            self.touch(inner);
        }
    }

    /// Up to where metrics have counted the file's events; events before it are not counted again.
    pub fn counted_to(&self, file: FileKey) -> u64 {
        self.lock()
            .files
            .get(&file)
            .map_or(0, |entry| entry.record.counted)
    }

    /// Every event of the span has its verdict. Spans settle in any order, and in any parts that end between
    /// events; each part once. The books take the verdicts when nothing before the span is missing.
    pub fn settle(&self, span: Span, tally: Tally) {
        let mut inner = self.lock();
        let Some(entry) = inner.files.get_mut(&span.file) else {
            return;
        };
        let before = entry.settled.safe();
        let booked = entry.settled.settle(span.from, span.to, tally);
        let safe = entry.settled.safe();
        let grown = safe - before;
        if grown > 0 {
            entry.advance(safe);
        }
        entry.under_way = entry.under_way.saturating_sub(span.bytes());
        entry.booked(&booked);
        let (input, gone) = (entry.input, entry.reader == Reader::Over && safe >= entry.emitted);
        let books = &mut inner.inputs[input].books;
        books.tally += booked;
        books.pending = books.pending.saturating_sub(booked.events());
        books.bytes_settled += grown;
        books.bytes_pending = books.bytes_pending.saturating_sub(grown);
        inner.release(span, input);
        if gone {
            inner.files.remove(&span.file);
        }
        inner.rest(span.file);
        self.touch(inner);
    }

    /// Everything before it is settled; `None` when the file is not known (any more).
    pub fn safe(&self, file: FileKey) -> Option<u64> {
        self.lock().files.get(&file).map(|entry| entry.settled.safe())
    }

    // What others look at.

    /// The books by input, in the order in which the inputs were first seen.
    pub fn books(&self) -> Vec<(String, Books)> {
        let inner = self.lock();
        inner
            .inputs
            .iter()
            .map(|it| (it.name.to_string(), it.books))
            .collect()
    }

    /// How many files are remembered.
    pub fn file_count(&self) -> usize {
        self.lock().files.len()
    }

    pub fn files(&self) -> Vec<FileStatus> {
        let inner = self.lock();
        inner
            .files
            .values()
            .map(|entry| FileStatus {
                key: entry.record.key,
                input: Arc::clone(&entry.record.input),
                path: Arc::clone(&entry.record.path),
                size: entry.size,
                read: entry.emitted,
                settled: entry.settled.safe(),
                modified: entry.record.modified,
                done: entry.record.done,
            })
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every change under the lock is complete when a panic could happen, so a poisoned lock holds no harm.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn touch(&self, mut inner: MutexGuard<'_, Inner>) {
        if !inner.dirty {
            inner.dirty = true;
            drop(inner);
            self.changed.notify_all();
        }
    }
}

impl Inner {
    fn input(&mut self, name: &str) -> usize {
        match self.inputs.iter().position(|it| *it.name == *name) {
            Some(index) => index,
            None => {
                self.inputs.push(Input {
                    name: name.into(),
                    books: Books::default(),
                    started: false,
                    hold: None,
                    returned: 0,
                });
                self.inputs.len() - 1
            }
        }
    }

    fn track(&mut self, mut record: FileRecord) {
        if self
            .files
            .get(&record.key)
            .is_some_and(|entry| entry.is_under_way())
        {
            self.go_on(record);
            return;
        }
        record.counted = record.counted.max(record.offset);
        let input = self.input(&record.input);
        record.input = Arc::clone(&self.inputs[input].name);
        let entry = Box::new(Entry {
            input,
            settled: Settled::from(record.offset),
            marks: VecDeque::new(),
            emitted: record.offset,
            size: record.offset,
            under_way: 0,
            pending: 0,
            returned: false,
            reader: Reader::There,
            record: Arc::new(record),
        });
        if let Some(before) = self.files.insert(entry.record.key, entry)
            && before.returned
            && before.is_read()
        {
            let input = &mut self.inputs[before.input];
            input.returned = input.returned.saturating_sub(1);
        }
    }
}

impl Entry {
    fn is_read(&self) -> bool {
        self.reader == Reader::There
    }

    /// Something left the reader and is not settled, whether it came back or not.
    fn is_under_way(&self) -> bool {
        self.settled.safe() < self.emitted
    }

    fn advance(&mut self, safe: u64) {
        let record = Arc::make_mut(&mut self.record);
        record.offset = safe;
        record.counted = record.counted.max(safe);
        while let Some(mark) = self.marks.front() {
            if mark.at > safe {
                break;
            }
            record.tail = *mark;
            self.marks.pop_front();
        }
        if self.marks.is_empty() {
            // There may be very many quiet files.
            self.marks = VecDeque::new();
        }
        record.ends.retain(|&end| end > safe);
        record.borrowed.take_if(|borrowed| borrowed.at <= safe);
    }
}

#[cfg(test)]
mod tests;
