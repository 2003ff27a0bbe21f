//! The time between two lines that belong together: `started` and `finished` of one order, one job, one request.
//!
//! Either line waits for the other, under the hash of their common key, for as long as the time-out says in the
//! log's own time. Which of the two is read first does not matter: they may be in different files.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::clock::LogClock;
use super::hash::AlreadyHashed;
use super::room::{Room, Share, hash_table_bytes};

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
    unmatched: Vec<Unmatched>,
    share: Share,
}

const ENTRY_BYTES: usize = size_of::<(u64, Waiting)>();

#[derive(Clone, Copy, Debug)]
struct Waiting {
    at: i64,
    end: End,
    /// Whose line it is: an index into `unmatched`.
    of: u32,
}

/// Lines whose other half never came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unmatched {
    /// The text of the labels that all lines of one input have.
    pub labels: Vec<u8>,
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
    pub fn new(timeout: i64, room: &Arc<Room>) -> Self {
        Pairs {
            timeout,
            waiting: HashMap::default(),
            queue: VecDeque::new(),
            clock: LogClock::default(),
            unmatched: Vec::new(),
            share: Share::of(room),
        }
    }

    /// The number of those whose lines all have these labels.
    pub fn number(&mut self, labels: Vec<u8>) -> u32 {
        let there = self.unmatched.iter().position(|one| one.labels == labels);
        let number = there.unwrap_or_else(|| {
            self.unmatched.push(Unmatched {
                labels,
                ..Unmatched::default()
            });
            self.unmatched.len() - 1
        });
        // As many as there are inputs.
        number as u32
    }

    fn lost(&mut self, of: u32, end: End) {
        if let Some(unmatched) = self.unmatched.get_mut(of as usize) {
            unmatched.count(end);
        }
    }

    /// A line of those with the number `of` came; gives the nanoseconds between it and the other half, where that is
    /// there.
    pub fn see(&mut self, of: u32, end: End, key: u64, at: i64, read_at: i64) -> Option<u64> {
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
                self.lost(of, end);
                return None;
            }
            self.lost(other.of, other.end);
        }
        self.wait(of, end, key, at);
        None
    }

    fn wait(&mut self, of: u32, end: End, key: u64, at: i64) {
        let has_place = self.waiting.contains_key(&key);
        let most = if self.has_memory() {
            WAITING_MAX
        } else {
            self.waiting.len()
        };
        while !has_place && self.waiting.len() >= most {
            let Some((at, key)) = self.queue.pop_front() else {
                break;
            };
            self.give_up(at, key);
        }
        self.waiting.insert(key, Waiting { at, end, of });
        if self.queue.len() >= 4 * most {
            let waiting = &self.waiting;
            self.queue
                .retain(|(at, key)| waiting.get(key).is_some_and(|one| one.at == *at));
        }
        self.queue.push_back((at, key));
    }

    /// Whether there is memory for one line more.
    fn has_memory(&mut self) -> bool {
        let lines = self.waiting.len() + 1;
        let queued = 2 * (self.queue.len() + 1) * size_of::<(i64, u64)>();
        self.share.reaches(hash_table_bytes(lines, ENTRY_BYTES) + queued)
    }

    fn give_up(&mut self, at: i64, key: u64) {
        if let Some(&one) = self.waiting.get(&key).filter(|one| one.at == at) {
            self.waiting.remove(&key);
            self.lost(one.of, one.end);
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
    pub fn unmatched(&mut self, wall: i64) -> &[Unmatched] {
        if let Some(now) = self.clock.at(wall) {
            self.expire(now);
        }
        &self.unmatched
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(timeout: i64) -> Pairs {
        let mut pairs = Pairs::new(timeout, &Arc::default());
        assert_eq!(pairs.number(b"one".to_vec()), 0);
        pairs
    }

    fn lost(pairs: &mut Pairs, wall: i64) -> (u64, u64) {
        let one = &pairs.unmatched(wall)[0];
        (one.starts, one.finishes)
    }

    #[test]
    fn either_line_may_come_first() {
        let mut pairs = pairs(100);
        assert_eq!(pairs.see(0, End::Start, 1, 10, 10), None);
        assert_eq!(pairs.see(0, End::Finish, 2, 20, 20), None);
        assert_eq!(pairs.see(0, End::Finish, 1, 40, 40), Some(30));
        assert_eq!(pairs.see(0, End::Start, 2, 15, 40), Some(5));
        assert_eq!(lost(&mut pairs, 1_000), (0, 0));
    }

    #[test]
    fn what_waits_too_long_is_counted() {
        let mut pairs = pairs(100);
        pairs.see(0, End::Start, 1, 10, 10);
        pairs.see(0, End::Finish, 2, 20, 20);
        assert_eq!(lost(&mut pairs, 110), (0, 0));
        assert_eq!(lost(&mut pairs, 111), (1, 0));
        // In the log's time, however late it is read; and the finish of 1 has lost its start.
        assert_eq!(pairs.see(0, End::Finish, 1, 130, 9_000), None);
        assert_eq!(lost(&mut pairs, 9_000), (1, 1));
    }

    #[test]
    fn a_key_that_comes_again_begins_anew() {
        let mut pairs = pairs(100);
        pairs.see(0, End::Start, 1, 10, 10);
        pairs.see(0, End::Start, 1, 20, 20);
        // A finish from before the start is another one's.
        assert_eq!(pairs.see(0, End::Finish, 1, 15, 21), None);
        assert_eq!(pairs.see(0, End::Finish, 1, 25, 25), Some(5));
        assert_eq!(lost(&mut pairs, 25), (1, 1));
    }

    #[test]
    fn a_line_that_waited_in_vain_is_told_by_its_own_labels() {
        let mut pairs = pairs(100);
        assert_eq!(pairs.number(b"two".to_vec()), 1);
        assert_eq!(pairs.number(b"one".to_vec()), 0);
        pairs.see(0, End::Start, 1, 10, 10);
        pairs.see(0, End::Start, 2, 10, 10);
        // Those of the other input meet them nevertheless.
        assert_eq!(pairs.see(1, End::Finish, 1, 20, 20), Some(10));
        pairs.see(1, End::Finish, 3, 20, 20);
        let lost: Vec<_> = pairs
            .unmatched(1_000)
            .iter()
            .map(|one| (one.labels.as_slice(), one.starts, one.finishes))
            .collect();
        assert_eq!(lost, [(b"one".as_slice(), 1, 0), (b"two", 0, 1)]);
    }

    #[test]
    fn lines_that_never_meet_stay_within_bounds() {
        let mut pairs = pairs(i64::MAX);
        let lines = 5 * WAITING_MAX as u64;
        for key in 0..lines {
            pairs.see(0, End::Start, key, 1, 1);
        }
        assert_eq!(pairs.waiting.len(), WAITING_MAX);
        assert!(pairs.queue.len() <= 4 * WAITING_MAX);
        assert_eq!(lost(&mut pairs, 1).0, lines - WAITING_MAX as u64);
    }

    #[test]
    fn without_memory_what_waits_longest_is_given_up() {
        let room = Arc::new(Room::default());
        room.set(64 << 10, 1);
        let mut pairs = Pairs::new(1_000_000, &room);
        pairs.number(b"one".to_vec());
        for key in 0..10_000 {
            pairs.see(0, End::Start, key, key as i64, key as i64);
            assert!(room.taken() <= room.max());
        }
        let waiting = pairs.waiting.len() as u64;
        assert!((200..2_000).contains(&waiting), "{waiting}");
        assert_eq!(lost(&mut pairs, 10_000), (10_000 - waiting, 0));
        assert_eq!(pairs.see(0, End::Finish, 9_999, 10_005, 10_005), Some(6));
    }
}
