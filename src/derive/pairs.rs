//! The time between two lines that belong together: `started` and `finished` of one order, one job, one request.
//!
//! Either line waits for the other, under the hash of their common key, for as long as the time-out says in the
//! log's own time. Which of the two is read first does not matter: they may be in different files.

use std::collections::{HashMap, VecDeque};

use super::clock::LogClock;
use super::hash::AlreadyHashed;

/// Lines that wait at a time, for one metric and service; with more, the one that waits longest is given up.
const WAITING_MAX: usize = 16_384;

/// Which of the two a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Start,
    Finish,
}

#[derive(Debug)]
pub(super) struct Pairs {
    /// In nanoseconds, as all times here.
    timeout: i64,
    waiting: HashMap<u64, Waiting, AlreadyHashed>,
    /// Time and key of the lines that came, the oldest first; those that wait no more may be among them.
    queue: VecDeque<(i64, u64)>,
    clock: LogClock,
    unmatched: Unmatched,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    at: i64,
    end: End,
}

/// Lines whose other half never came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Unmatched {
    pub starts: u64,
    pub finishes: u64,
}

impl Unmatched {
    fn count(&mut self, end: End) {
        match end {
            End::Start => self.starts += 1,
            End::Finish => self.finishes += 1,
        }
    }
}

impl Pairs {
    pub fn new(timeout: i64) -> Self {
        Pairs {
            timeout,
            waiting: HashMap::default(),
            queue: VecDeque::new(),
            clock: LogClock::default(),
            unmatched: Unmatched::default(),
        }
    }

    /// A line came; gives the nanoseconds between it and the other half, where that is there.
    pub fn see(&mut self, end: End, key: u64, at: i64, read_at: i64) -> Option<u64> {
        self.clock.see(at, read_at);
        self.expire(self.clock.newest());
        if let Some(other) = self.waiting.get(&key).copied() {
            if other.end != end {
                let (start, finish) = match end {
                    End::Start => (at, other.at),
                    End::Finish => (other.at, at),
                };
                let between = finish.saturating_sub(start);
                if (0..=self.timeout).contains(&between) {
                    self.waiting.remove(&key);
                    return Some(between.unsigned_abs());
                }
            }
            // The key came again: only the newer line can still be met.
            if at < other.at {
                self.unmatched.count(end);
                return None;
            }
            self.unmatched.count(other.end);
        }
        self.wait(end, key, at);
        None
    }

    fn wait(&mut self, end: End, key: u64, at: i64) {
        self.waiting.insert(key, Waiting { at, end });
        self.queue.push_back((at, key));
        if self.queue.len() >= 4 * WAITING_MAX {
            let waiting = &self.waiting;
            self.queue
                .retain(|(at, key)| waiting.get(key).is_some_and(|one| one.at == *at));
        }
        while self.waiting.len() > WAITING_MAX {
            let Some((at, key)) = self.queue.pop_front() else {
                return;
            };
            self.give_up(at, key);
        }
    }

    fn give_up(&mut self, at: i64, key: u64) {
        if let Some(one) = self.waiting.get(&key).filter(|one| one.at == at) {
            self.unmatched.count(one.end);
            self.waiting.remove(&key);
        }
    }

    /// Gives up what waits for longer than the time-out when it is `now` in the log.
    fn expire(&mut self, now: i64) {
        while let Some(&(at, key)) = self.queue.front() {
            if now.saturating_sub(at) <= self.timeout {
                return;
            }
            self.queue.pop_front();
            self.give_up(at, key);
        }
    }

    /// What was given up until the wall's clock shows `wall`.
    pub fn unmatched(&mut self, wall: i64) -> Unmatched {
        if let Some(now) = self.clock.at(wall) {
            self.expire(now);
        }
        self.unmatched
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_line_may_come_first() {
        let mut pairs = Pairs::new(100);
        assert_eq!(pairs.see(End::Start, 1, 10, 10), None);
        assert_eq!(pairs.see(End::Finish, 2, 20, 20), None);
        assert_eq!(pairs.see(End::Finish, 1, 40, 40), Some(30));
        assert_eq!(pairs.see(End::Start, 2, 15, 40), Some(5));
        assert_eq!(pairs.unmatched(1_000), Unmatched::default());
    }

    #[test]
    fn what_waits_too_long_is_counted() {
        let mut pairs = Pairs::new(100);
        pairs.see(End::Start, 1, 10, 10);
        pairs.see(End::Finish, 2, 20, 20);
        assert_eq!(pairs.unmatched(110).starts, 0);
        let after = Unmatched {
            starts: 1,
            finishes: 0,
        };
        assert_eq!(pairs.unmatched(111), after);
        // In the log's time, however late it is read; and the finish of 1 has lost its start.
        assert_eq!(pairs.see(End::Finish, 1, 130, 9_000), None);
        assert_eq!(pairs.unmatched(9_000).finishes, 1);
    }

    #[test]
    fn a_key_that_comes_again_begins_anew() {
        let mut pairs = Pairs::new(100);
        pairs.see(End::Start, 1, 10, 10);
        pairs.see(End::Start, 1, 20, 20);
        // A finish from before the start is another one's.
        assert_eq!(pairs.see(End::Finish, 1, 15, 21), None);
        assert_eq!(pairs.see(End::Finish, 1, 25, 25), Some(5));
        let unmatched = Unmatched {
            starts: 1,
            finishes: 1,
        };
        assert_eq!(pairs.unmatched(25), unmatched);
    }

    #[test]
    fn lines_that_never_meet_stay_within_bounds() {
        let mut pairs = Pairs::new(i64::MAX);
        let lines = 5 * WAITING_MAX as u64;
        for key in 0..lines {
            pairs.see(End::Start, key, 1, 1);
        }
        assert_eq!(pairs.waiting.len(), WAITING_MAX);
        assert!(pairs.queue.len() <= 4 * WAITING_MAX);
        assert_eq!(pairs.unmatched(1).starts, lines - WAITING_MAX as u64);
    }
}
