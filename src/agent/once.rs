//! A run that ends by itself: everything that is there is read, delivered and written to the checkpoint.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::source;
use crate::state::{Ledger, Tally};

/// How often it is looked whether the output gets on.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The least time for the output to get on in, whatever `grace` says.
const GRACE_MIN: Duration = Duration::from_secs(1);

/// What such a run has come to; made at its start, asked at its end.
pub struct Account {
    once: Arc<source::Once>,
    ledger: Arc<Ledger>,
    before: Tally,
}

/// How such a run has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The verdicts of this run.
    pub tally: Tally,
    /// Events without one: they are read again by the next run.
    pub pending: u64,
    /// Everything that there is was read: no signal came before, and nothing was unreadable.
    pub is_whole: bool,
}

impl Ending {
    /// All of it was read, and all of that is stored.
    pub fn is_good(&self) -> bool {
        self.is_whole && self.pending == 0 && self.tally.rejected == 0
    }
}

impl Account {
    pub fn open(once: Arc<source::Once>, ledger: Arc<Ledger>) -> Account {
        let before = total(&ledger);
        Account { once, ledger, before }
    }

    pub fn close(self) -> Ending {
        let (now, before) = (total(&self.ledger), self.before);
        let files = self.ledger.files();
        let left = files.iter().any(|file| file.settled < file.read);
        let pending: u64 = self.ledger.books().iter().map(|(_, books)| books.pending).sum();
        Ending {
            tally: Tally {
                accepted: now.accepted - before.accepted,
                already_there: now.already_there - before.already_there,
                filtered: now.filtered - before.filtered,
                rejected: now.rejected - before.rejected,
            },
            pending,
            is_whole: self.once.has_ended() && !self.once.has_missed() && !left,
        }
    }
}

fn total(ledger: &Ledger) -> Tally {
    let mut total = Tally::default();
    for (_, books) in ledger.books() {
        total += books.tally;
    }
    total
}

/// Ready when events wait for a verdict and none has come for `grace`.
pub async fn stalled(ledger: &Ledger, grace: Duration) {
    let grace = grace.max(GRACE_MIN);
    let mut watch = Watch::default();
    loop {
        let pending = ledger.books().iter().any(|(_, books)| books.pending > 0);
        if watch.look(pending, total(ledger).events(), Instant::now()) >= grace {
            return;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Since when nothing gets on.
#[derive(Debug, Default)]
struct Watch {
    /// The number of verdicts, and when it was first seen.
    since: Option<(u64, Instant)>,
}

impl Watch {
    /// For how long events have waited without a verdict.
    fn look(&mut self, pending: bool, verdicts: u64, now: Instant) -> Duration {
        match self.since {
            Some((known, since)) if pending && known == verdicts => now.saturating_duration_since(since),
            _ => {
                self.since = pending.then_some((verdicts, now));
                Duration::ZERO
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_events_that_wait_without_any_verdict_are_stalled() {
        let mut watch = Watch::default();
        let begin = Instant::now();
        let mut look = |pending, verdicts, seconds| {
            let now = begin + Duration::from_secs(seconds);
            watch.look(pending, verdicts, now).as_secs()
        };
        assert_eq!(look(false, 0, 0), 0);
        assert_eq!(look(false, 0, 100), 0, "nothing waits");
        assert_eq!(look(true, 0, 101), 0);
        assert_eq!(look(true, 0, 105), 4);
        assert_eq!(look(true, 7, 106), 0, "the output gets on");
        assert_eq!(look(true, 7, 116), 10);
        assert_eq!(look(false, 7, 117), 0, "it is done");
        assert_eq!(look(true, 7, 130), 0);
    }

    #[test]
    fn a_run_is_good_when_all_of_it_is_stored() {
        let good = Ending {
            tally: Tally {
                accepted: 3,
                already_there: 1,
                filtered: 2,
                rejected: 0,
            },
            pending: 0,
            is_whole: true,
        };
        assert!(good.is_good());
        assert!(!Ending { pending: 1, ..good }.is_good());
        assert!(
            !Ending {
                is_whole: false,
                ..good
            }
            .is_good()
        );
        let tally = Tally {
            rejected: 1,
            ..good.tally
        };
        assert!(!Ending { tally, ..good }.is_good());
    }
}
