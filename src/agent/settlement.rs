//! A chunk's documents may travel in several bodies; its span settles when the last of them has its verdict.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::event::{FileKey, Span};
use crate::ship::{Settle, Tally};
use crate::state::{self, Ledger};

/// Gathers the verdicts of a chunk until they are complete, and tells the ledger.
pub struct Settlement {
    ledger: Arc<Ledger>,
    /// By file and first byte. One entry per chunk under way, so bounded by the pools.
    open: Mutex<HashMap<(FileKey, u64), Open>>,
}

struct Open {
    /// Events without a verdict.
    missing: u64,
    tally: state::Tally,
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
            self.ledger.settle(span, state::Tally::default());
            return;
        }
        let open = Open {
            missing: events,
            tally: state::Tally::default(),
        };
        self.open().insert((span.file, span.from), open);
    }

    fn open(&self) -> MutexGuard<'_, HashMap<(FileKey, u64), Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Settle for Settlement {
    fn settle(&self, span: Span, tally: Tally) {
        let mut all = self.open();
        let Some(open) = all.get_mut(&(span.file, span.from)) else {
            return;
        };
        open.missing = open.missing.saturating_sub(tally.events());
        open.tally += state::Tally {
            accepted: tally.accepted,
            already_there: tally.already_there,
            filtered: tally.filtered,
            rejected: tally.rejected,
        };
        if open.missing == 0 {
            let total = open.tally;
            all.remove(&(span.file, span.from));
            drop(all);
            self.ledger.settle(span, total);
        }
    }
}
