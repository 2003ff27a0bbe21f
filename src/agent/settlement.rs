//! A chunk's documents may travel in several bodies; its span settles when the last of them has its verdict.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::event::{FileKey, Span};
use crate::ship::Settle;
use crate::state::{Ledger, Tally};

/// Gathers the verdicts of a chunk until they are complete, and tells the ledger.
pub struct Settlement {
    ledger: Arc<Ledger>,
    /// By file and first byte. One entry per chunk under way, so bounded by the pools.
    open: Mutex<HashMap<(FileKey, u64), Open>>,
}

struct Open {
    /// Events of the chunk that did not come back yet.
    missing: u64,
    /// Some came back without a verdict.
    given_back: bool,
    tally: Tally,
}

impl Settlement {
    pub fn new(ledger: Arc<Ledger>) -> Self {
        Settlement {
            ledger,
            open: Mutex::default(),
        }
    }

    /// A chunk of `events` events goes to the mill. One without events is settled at once.
    pub fn expect(&self, span: Span, events: u64) {
        if events == 0 {
            self.ledger.settle(span, Tally::default());
            return;
        }
        let open = Open {
            missing: events,
            given_back: false,
            tally: Tally::default(),
        };
        self.open().insert((span.file, span.from), open);
    }

    /// A part of a chunk is back: so many events with verdicts, so many without.
    fn is_back(&self, span: Span, tally: Tally, given_back: u64) {
        let mut all = self.open();
        let Some(open) = all.get_mut(&(span.file, span.from)) else {
            return;
        };
        open.missing = open.missing.saturating_sub(tally.events() + given_back);
        open.given_back |= given_back > 0;
        open.tally += tally;
        if open.missing > 0 {
            return;
        }
        let (total, given_back) = (open.tally, open.given_back);
        all.remove(&(span.file, span.from));
        drop(all);
        if given_back {
            self.ledger.give_back(span, Instant::now());
        } else {
            self.ledger.settle(span, total);
        }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<(FileKey, u64), Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Settle for Settlement {
    fn settle(&self, span: Span, tally: Tally) {
        self.is_back(span, tally, 0);
    }

    /// The verdicts of the rest are not booked: the events are read again, and get them again.
    fn give_back(&self, span: Span, tally: Tally, events: u64) {
        self.is_back(span, tally, events);
    }

    fn can_read_again(&self, span: Span) -> bool {
        self.ledger.can_read_again(span.file)
    }
}
