//! Inputs that are held: what Elasticsearch or the reject store does not take of one input is given back, so that
//! it takes no memory from the others, and is read again later.
//!
//! ```text
//!          given back                    pause over, one chunk
//!  free ──────────────▶ held until ─────────────────────────────▶ probed
//!    ▲                      ▲                                     │   │
//!    │                      └──────────── given back ─────────────┘   │
//!    └────────────────────────────── settled ─────────────────────────┘
//! ```
//!
//! A file of which something was given back is read again from its safe offset, once everything else that is
//! under way of it has come back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Entry, Ledger, Reader};
use crate::event::{FileKey, Span};
use crate::limits::HELD_PAUSE_MAX;
use crate::state::{Books, FileRecord, Settled, Tally};

/// The first pause of an input that is held.
const PAUSE_MIN: Duration = Duration::from_secs(1);

/// Why and until when nothing is read of an input.
#[derive(Debug)]
pub(super) struct Hold {
    until: Instant,
    pause: Duration,
    /// The chunk that was read to see whether it is taken now.
    probe: Option<Span>,
}

/// Whether a file may be read on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leave {
    Go,
    /// Not now.
    Wait,
    /// First from here again: what was read behind it came back.
    Rewind(Box<FileRecord>),
}

impl Ledger {
    /// The output gives a span back: some of its events have no verdict. Its file is read again from its safe
    /// offset, after a pause of the input.
    pub fn give_back(&self, span: Span, now: Instant) {
        let mut guard = self.lock();
        let inner = &mut *guard;
        let Some(entry) = inner.files.get_mut(&span.file) else {
            return;
        };
        entry.under_way = entry.under_way.saturating_sub(span.bytes());
        let input = &mut inner.inputs[entry.input];
        if !entry.returned && entry.is_read() {
            input.returned += 1;
        }
        entry.returned = true;
        if entry.reader == Reader::Gone {
            // An input that is not read need not be held.
            inner.rest(span.file);
            return;
        }
        match &mut input.hold {
            None => {
                tracing::warn!(
                    input = %input.name,
                    "the input is held, the others go on: its documents are not taken now, and are read again until they are"
                );
                inner.holds += 1;
                input.hold = Some(Hold {
                    until: now + PAUSE_MIN,
                    pause: PAUSE_MIN,
                    probe: None,
                });
            }
            Some(hold) if hold.probe == Some(span) => {
                hold.pause = (hold.pause * 2).min(HELD_PAUSE_MAX);
                hold.until = now + hold.pause;
                hold.probe = None;
            }
            // It left before the input was held.
            Some(_) => {}
        }
    }

    /// Whether the span may be given back: its file is still read, so that it can be read again.
    pub fn can_read_again(&self, file: FileKey) -> bool {
        self.lock()
            .files
            .get(&file)
            .is_some_and(|entry| entry.reader != Reader::Over)
    }

    /// Whether the file may be read on. Whoever gets [`Leave::Rewind`] goes back at once.
    pub fn leave(&self, file: FileKey, now: Instant) -> Leave {
        let mut guard = self.lock();
        let inner = &mut *guard;
        let Some(entry) = inner.files.get_mut(&file) else {
            return Leave::Go;
        };
        let input = &mut inner.inputs[entry.input];
        let waits = input
            .hold
            .as_ref()
            .is_some_and(|hold| hold.probe.is_some() || now < hold.until);
        if !entry.returned {
            // The probe is a chunk that came back, as long as there is one: others may be taken all the time.
            let others_first = input.hold.is_some() && input.returned > 0;
            return if waits || others_first {
                Leave::Wait
            } else {
                Leave::Go
            };
        }
        if waits || entry.under_way > 0 || !entry.is_read() {
            return Leave::Wait;
        }
        input.returned = input.returned.saturating_sub(1);
        entry.rewind(&mut input.books);
        Leave::Rewind(Box::new(FileRecord::clone(&entry.record)))
    }

    /// Files that have to be read again.
    pub fn returned(&self) -> Vec<FileKey> {
        let inner = self.lock();
        if inner.inputs.iter().all(|input| input.returned == 0) {
            return Vec::new();
        }
        let files = inner.files.iter();
        files
            .filter(|(_, entry)| entry.returned && entry.is_read())
            .map(|(key, _)| *key)
            .collect()
    }

    /// Whether some input is held.
    pub fn is_holding(&self) -> bool {
        self.lock().holds > 0
    }

    /// Whether the input is held.
    pub fn is_held(&self, input: &str) -> bool {
        let inner = self.lock();
        inner
            .inputs
            .iter()
            .any(|it| *it.name == *input && it.hold.is_some())
    }
}

impl super::Inner {
    /// A chunk leaves the reader: of an input that is held it is the probe.
    pub(super) fn probe(&mut self, span: Span, input: usize) {
        if let Some(hold) = &mut self.inputs[input].hold {
            hold.probe.get_or_insert(span);
        }
    }

    /// The input is read freely, or not at all.
    pub(super) fn free(&mut self, input: usize) {
        if self.inputs[input].hold.take().is_some() {
            self.holds -= 1;
        }
    }

    /// The chunk that was to show whether an input is taken now is another input's: the next one shows it.
    pub(super) fn no_probe_of(&mut self, file: FileKey, input: usize) {
        if let Some(hold) = &mut self.inputs[input].hold
            && hold.probe.is_some_and(|span| span.file == file)
        {
            hold.probe = None;
        }
    }

    /// A span has settled: where it is the probe, its input is free.
    pub(super) fn release(&mut self, span: Span, input: usize) {
        let input = &mut self.inputs[input];
        if input.hold.as_ref().is_some_and(|hold| hold.probe == Some(span)) {
            input.hold = None;
            self.holds -= 1;
            tracing::info!(input = %input.name, "the input is delivered again");
        }
    }
}

impl Entry {
    /// Reading begins again at the safe offset. Nothing of the file is under way, and what came back was not read.
    pub(super) fn rewind(&mut self, books: &mut Books) {
        books.pending = books.pending.saturating_sub(self.pending);
        books.bytes_pending = books.bytes_pending.saturating_sub(self.unsettled());
        self.returned = false;
        self.pending = 0;
        self.emitted = self.settled.safe();
        self.settled = Settled::from(self.emitted);
        self.marks.clear();
        Arc::make_mut(&mut self.record).done = false;
    }

    /// Events that left the reader get their verdicts into the books.
    pub(super) fn booked(&mut self, tally: &Tally) {
        self.pending = self.pending.saturating_sub(tally.events());
    }
}
