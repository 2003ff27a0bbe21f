//! The memory that metrics from logs may take together: series, sessions, top lists, lines that wait for their other half.
//!
//! It is an account of estimates, not an allocator. It is asked only where something is added: no event of a series that is
//! there pays for it. What finds no room goes the way that it goes when its budget is used up: a label set is folded,
//! sessions become a sample, a top list forgets the lightest, the line that waits longest is given up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tracing::warn;

use super::rows::ROWS_BYTES_MAX;

/// What every table may have, whatever there is, so that it can do its work; in bytes.
const TABLE_BYTES_MIN: usize = 16 << 10;

#[derive(Debug)]
pub(super) struct Room {
    /// In bytes.
    max: AtomicUsize,
    /// In bytes; above `max` by what must be there: a service's `other`, series of an earlier run.
    taken: AtomicUsize,
    /// What the rows of each worker may take besides, in bytes.
    rows: AtomicUsize,
    /// Each has cells of its own.
    workers: AtomicUsize,
    /// Something found no room, and that was said.
    said: AtomicBool,
}

/// How near to its end the room may be filled. The last quarter is for those who have little, and an eighth of it all for
/// label sets that are folded already, so that a scanner's are not the last that are told apart. A sixteenth stays for what
/// must be there: a service's `other`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rank {
    /// One more of many.
    Many,
    /// Who has a few only.
    Few,
    /// What stands for many others.
    Folded,
}

/// There is room for everything, until somebody says how much there is.
impl Default for Room {
    fn default() -> Self {
        Room {
            max: AtomicUsize::new(usize::MAX),
            taken: AtomicUsize::new(0),
            rows: AtomicUsize::new(usize::MAX),
            workers: AtomicUsize::new(1),
            said: AtomicBool::new(false),
        }
    }
}

impl Room {
    /// What is there already stays. A quarter is set aside for the rows, which each event goes through.
    pub fn set(&self, bytes: usize, workers: usize) {
        let rows = (bytes / 4).min(workers.saturating_mul(ROWS_BYTES_MAX));
        self.max.store(bytes - rows, Ordering::Relaxed);
        self.rows.store(rows / workers.max(1), Ordering::Relaxed);
        self.workers.store(workers, Ordering::Relaxed);
    }

    /// Of each worker, in bytes.
    pub fn rows(&self) -> usize {
        self.rows.load(Ordering::Relaxed)
    }

    /// What is taken, with all that rows may take, in bytes.
    pub fn taken_with_rows(&self) -> usize {
        let rows = match self.rows() {
            usize::MAX => 0,
            rows => rows * self.workers(),
        };
        self.taken() + rows
    }

    /// In bytes.
    pub fn max(&self) -> usize {
        self.max.load(Ordering::Relaxed)
    }

    /// In bytes.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    pub fn workers(&self) -> usize {
        self.workers.load(Ordering::Relaxed)
    }

    /// Whether so many bytes more would find room. Who then takes them may be one of several: together they may pass the
    /// limit by one series each.
    pub fn holds(&self, bytes: usize, rank: Rank) -> bool {
        let max = self.max();
        let limit = match rank {
            Rank::Many => max - max / 4,
            Rank::Few => max - max / 8,
            Rank::Folded => max - max / 16,
        };
        let holds = self.taken().saturating_add(bytes) <= limit;
        if !holds && !self.said.swap(true, Ordering::Relaxed) {
            warn!(
                bytes = max,
                "the metrics from logs have taken the memory that is theirs: new label sets are counted with `other`; raise `memory_max` in [agent], or lower `series_max` of metrics that need not be so fine"
            );
        }
        holds
    }

    /// So little is left that what nobody asks for should go.
    pub fn is_short(&self) -> bool {
        let max = self.max();
        self.taken() > max - max / 4
    }

    pub fn take(&self, bytes: usize) {
        self.taken.fetch_add(bytes, Ordering::Relaxed);
    }

    pub fn give_back(&self, bytes: usize) {
        self.taken.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// What one table has taken. It asks for more as the table grows, and gives nothing back while that lives: neither does the
/// table.
#[derive(Debug, Default)]
pub(super) struct Share {
    room: Arc<Room>,
    bytes: usize,
}

impl Share {
    pub fn of(room: &Arc<Room>) -> Self {
        Share {
            room: Arc::clone(room),
            bytes: 0,
        }
    }

    /// Whether the table may have so many bytes in all.
    #[inline]
    pub fn reaches(&mut self, bytes: usize) -> bool {
        bytes <= self.bytes || self.grow(bytes)
    }

    #[cold]
    fn grow(&mut self, bytes: usize) -> bool {
        let granted = bytes <= TABLE_BYTES_MIN || self.room.holds(bytes - self.bytes, Rank::Many);
        if granted {
            self.room.take(bytes - self.bytes);
            self.bytes = bytes;
        }
        granted
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.room.give_back(self.bytes);
    }
}

/// What a hash table takes that is asked to hold so many entries of `entry_bytes`: it has a power of two of them, of
/// which an eighth stays free, and while it grows there are the old ones, too.
pub(super) fn hash_table_bytes(entries: usize, entry_bytes: usize) -> usize {
    let slots = (entries.saturating_mul(8) / 7 + 1).next_power_of_two();
    slots * (entry_bytes + 1) * 3 / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_it_is_for_those_who_have_little_and_for_what_is_folded() {
        let room = Room::default();
        assert!(
            room.holds(usize::MAX / 2, Rank::Many),
            "nobody has said how much there is"
        );
        room.set(1_066, 2);
        assert_eq!((room.max(), room.rows(), room.taken_with_rows()), (800, 133, 266));
        room.take(600);
        assert!(!room.is_short());
        assert_eq!(
            [Rank::Many, Rank::Few, Rank::Folded].map(|rank| room.holds(1, rank)),
            [false, true, true]
        );
        room.take(100);
        assert!(room.is_short());
        assert_eq!(
            [Rank::Many, Rank::Few, Rank::Folded].map(|rank| room.holds(1, rank)),
            [false, false, true]
        );
        room.take(100);
        assert!(!room.holds(1, Rank::Folded));
        room.give_back(800);
        assert!(room.holds(600, Rank::Many));
    }

    #[test]
    fn a_table_takes_what_it_grows_by_and_gives_it_back_when_it_goes() {
        let room = Arc::new(Room::default());
        room.max.store(80_000, Ordering::Relaxed);
        let (mut one, mut two) = (Share::of(&room), Share::of(&room));
        assert!(one.reaches(20_000) && one.reaches(5_000) && one.reaches(60_000));
        assert_eq!(room.taken(), 60_000);
        assert!(!one.reaches(60_001) && !two.reaches(TABLE_BYTES_MIN + 1));
        assert!(two.reaches(TABLE_BYTES_MIN), "that much each may have");
        assert_eq!(room.taken(), 60_000 + TABLE_BYTES_MIN);
        drop(one);
        assert!(two.reaches(60_000));
        drop(two);
        assert_eq!(room.taken(), 0);
    }
}
