//! Inputs come, go and change their names while files of theirs are under way: a chunk that left the reader gets its
//! verdict whoever the file belongs to by then, once, in the books that have it as pending.

use std::sync::Arc;

use super::{Entry, Inner, Ledger, Reader};
use crate::event::FileKey;
use crate::state::FileRecord;

impl Ledger {
    /// The names of the inputs that were started, in this run or before.
    pub fn started_inputs(&self) -> Vec<String> {
        let inner = self.lock();
        let started = inner.inputs.iter().filter(|input| input.started);
        started.map(|input| input.name.to_string()).collect()
    }

    /// An input is called otherwise: its books and files go on under that name, unless there are books of it already.
    pub fn rename_input(&self, from: &str, to: &str) {
        let mut inner = self.lock();
        if inner.inputs.iter().any(|input| *input.name == *to) {
            return;
        }
        let Some(index) = inner.inputs.iter().position(|input| *input.name == *from) else {
            return;
        };
        let name: Arc<str> = to.into();
        for entry in inner.files.values_mut().filter(|entry| entry.input == index) {
            Arc::make_mut(&mut entry.record).input = Arc::clone(&name);
        }
        inner.inputs[index].name = name;
        self.touch(inner);
    }

    /// The file belongs to this input now, and with it what of it has no verdict.
    pub fn assign(&self, file: FileKey, input: &str) {
        let mut inner = self.lock();
        inner.assign(file, input);
        self.touch(inner);
    }

    /// Nobody reads the file on, since its input is gone. Somebody may again: see [`Ledger::revive`].
    pub fn leave_alone(&self, file: FileKey) {
        let mut inner = self.lock();
        let Some(entry) = inner.files.get_mut(&file).filter(|entry| entry.is_read()) else {
            return;
        };
        entry.reader = Reader::Gone;
        let (input, returned) = (entry.input, entry.returned);
        let input = &mut inner.inputs[input];
        input.returned = input.returned.saturating_sub(usize::from(returned));
        inner.rest(file);
        self.touch(inner);
    }

    /// There are no inputs but these: no other one is held.
    pub fn free_all_but<'n>(&self, names: impl Iterator<Item = &'n str>) {
        let names: Vec<&str> = names.collect();
        let mut inner = self.lock();
        for index in 0..inner.inputs.len() {
            if !names.contains(&&*inner.inputs[index].name) {
                inner.free(index);
            }
        }
    }
}

impl Inner {
    pub(super) fn assign(&mut self, file: FileKey, name: &str) {
        let to = self.input(name);
        let Some(entry) = self.files.get_mut(&file).filter(|entry| entry.input != to) else {
            return;
        };
        let from = std::mem::replace(&mut entry.input, to);
        Arc::make_mut(&mut entry.record).input = Arc::clone(&self.inputs[to].name);
        let (events, bytes) = (entry.pending, entry.unsettled());
        let returned = usize::from(entry.returned && entry.is_read());
        let before = &mut self.inputs[from];
        before.books.pending = before.books.pending.saturating_sub(events);
        before.books.bytes_pending = before.books.bytes_pending.saturating_sub(bytes);
        before.returned = before.returned.saturating_sub(returned);
        self.no_probe_of(file, from);
        let after = &mut self.inputs[to];
        after.books.pending += events;
        after.books.bytes_pending += bytes;
        after.returned += returned;
    }

    /// A file that is under way is read on: what is known of it besides its position may be new.
    pub(super) fn go_on(&mut self, record: FileRecord) {
        let key = record.key;
        self.assign(key, &record.input);
        let Some(entry) = self.files.get_mut(&key) else {
            return;
        };
        let returns = entry.returned && !entry.is_read();
        entry.reader = Reader::There;
        let known = Arc::unwrap_or_clone(std::mem::take(&mut entry.record));
        entry.record = Arc::new(FileRecord {
            modified: known.modified,
            head: known.head,
            tail: known.tail,
            offset: known.offset,
            counted: known.counted,
            ends: known.ends,
            borrowed: known.borrowed,
            ..record
        });
        let input = entry.input;
        self.inputs[input].returned += usize::from(returns);
    }

    /// A file that nobody reads, all of it back from the output and something without a verdict: nothing of it is
    /// under way any more.
    pub(super) fn rest(&mut self, file: FileKey) {
        let Some(entry) = self.files.get_mut(&file) else {
            return;
        };
        if entry.reader == Reader::Gone && entry.returned && entry.under_way == 0 {
            entry.rewind(&mut self.inputs[entry.input].books);
        }
    }
}

impl Entry {
    /// Bytes that left the reader and are not settled, come back or not.
    pub(super) fn unsettled(&self) -> u64 {
        self.emitted.saturating_sub(self.settled.safe())
    }
}
