use std::sync::Arc;

use super::hash::Seed;
use super::room::Room;

/// Rows that one worker remembers. Forgetting all of them and beginning anew keeps it small when a scanner makes
/// up urls; a row that is needed again costs one look into each metric's series.
const ROWS_MAX: usize = 16_384;

/// Bytes of the keys of the rows that one worker remembers.
const KEY_BYTES_MAX: usize = 1 << 20;

/// What the rows of one worker take at most, in bytes: slots at twice their number, and keys and cells in vectors that
/// double.
pub(super) const ROWS_BYTES_MAX: usize = 2 * ROWS_MAX * size_of::<Slot>() + 2 * KEY_BYTES_MAX + (1 << 20);

const SLOTS_MIN: usize = 256;

/// So much the rows of a worker may have, whatever there is, in bytes.
const ROWS_BYTES_MIN: usize = 64 << 10;

/// Where one metric counts the events of one row: an index into the cells of the metric's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell(u32);

impl Cell {
    /// No event of this row was counted by this metric so far.
    const UNKNOWN: Cell = Cell(u32::MAX);
    const FOLDED: u32 = 1 << 31;
    /// There is none: nothing is counted but that there was no room.
    pub const NONE: Cell = Cell(u32::MAX - 1);

    pub fn new(index: u32, folded: bool) -> Self {
        Cell(index | if folded { Self::FOLDED } else { 0 })
    }

    pub fn index(self) -> usize {
        (self.0 & !Self::FOLDED) as usize
    }

    /// The cell is that of a series with labels that say `other`, because the budget was used up, or there is none.
    pub fn folded(self) -> bool {
        self.0 & Self::FOLDED != 0
    }

    pub fn known(self) -> Option<Cell> {
        (self != Cell::UNKNOWN).then_some(self)
    }

    /// The index of a cell that is known and not folded.
    #[inline]
    pub fn usual(self) -> Option<usize> {
        (self.0 & Self::FOLDED == 0).then_some(self.0 as usize)
    }
}

/// From the label values of an event to the cells that count it: an open-addressing table with linear probing,
/// at most half full. A cache of what the metrics' series say: it may forget, and is never asked for totals.
#[derive(Debug)]
pub(super) struct Rows {
    /// Their number is a power of two.
    slots: Vec<Slot>,
    used: usize,
    keys: Vec<u8>,
    cells: Vec<Cell>,
    seed: Seed,
    room: Arc<Room>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    hash: u64,
    key_at: u32,
    /// 0: the slot is empty.
    key_len: u32,
    row_at: u32,
}

const EMPTY: Slot = Slot {
    hash: 0,
    key_at: 0,
    key_len: 0,
    row_at: 0,
};

impl Rows {
    pub fn new(room: &Arc<Room>) -> Self {
        Rows {
            slots: vec![EMPTY; SLOTS_MIN],
            used: 0,
            keys: Vec::new(),
            cells: Vec::new(),
            seed: Seed::default(),
            room: Arc::clone(room),
        }
    }

    /// The `width` cells of the row `key`, which is not empty; all unknown when the row is new.
    #[inline]
    pub fn find(&mut self, key: &[u8], width: usize) -> &mut [Cell] {
        let hash = self.seed.hash(key);
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        let row_at = loop {
            let slot = self.slots[at];
            if slot.key_len == 0 {
                break self.insert(hash, key, width);
            }
            if slot.hash == hash && self.key(slot) == key {
                break slot.row_at as usize;
            }
            at = (at + 1) & mask;
        };
        &mut self.cells[row_at..row_at + width]
    }

    /// Forgets all rows.
    pub fn clear(&mut self) {
        self.slots.fill(EMPTY);
        self.keys.clear();
        self.cells.clear();
        self.used = 0;
    }

    fn key(&self, slot: Slot) -> &[u8] {
        let from = slot.key_at as usize;
        &self.keys[from..from + slot.key_len as usize]
    }

    #[cold]
    fn insert(&mut self, hash: u64, key: &[u8], width: usize) -> usize {
        let grows = (self.used + 1) * 2 > self.slots.len();
        let is_full = self.used >= ROWS_MAX || self.keys.len() + key.len() > KEY_BYTES_MAX;
        if is_full || self.bytes(key.len(), grows) > self.room.rows().max(ROWS_BYTES_MIN) {
            self.clear();
        } else if grows {
            let old = std::mem::replace(&mut self.slots, vec![EMPTY; 0]);
            self.slots.resize(old.len() * 2, EMPTY);
            old.into_iter()
                .filter(|slot| slot.key_len > 0)
                .for_each(|slot| self.put(slot));
        }
        let row_at = self.cells.len();
        self.put(Slot {
            hash,
            // All three stay below the limits above.
            key_at: self.keys.len() as u32,
            key_len: key.len() as u32,
            row_at: row_at as u32,
        });
        self.keys.extend_from_slice(key);
        self.cells.resize(row_at + width, Cell::UNKNOWN);
        self.used += 1;
        row_at
    }

    /// What the rows take with one more; slots that grow are there twice for a moment.
    fn bytes(&self, key: usize, grows: bool) -> usize {
        let slots = size_of_val(&*self.slots) * if grows { 3 } else { 1 };
        slots + 2 * (self.keys.len() + key + self.cells.len() * size_of::<Cell>())
    }

    fn put(&mut self, slot: Slot) {
        let mask = self.slots.len() - 1;
        let mut at = slot.hash as usize & mask;
        while self.slots[at].key_len > 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = slot;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_found_again_however_many_there_are() {
        let mut rows = Rows::new(&Arc::default());
        let key = |n: u32| format!("key {n}").into_bytes();
        for n in 0..ROWS_MAX as u32 {
            let row = rows.find(&key(n), 3);
            assert_eq!(row[2].known(), None);
            row[2] = Cell::new(n, n % 2 == 1);
        }
        for n in 0..ROWS_MAX as u32 {
            let cell = rows.find(&key(n), 3)[2].known().unwrap();
            assert_eq!((cell.index(), cell.folded()), (n as usize, n % 2 == 1));
        }
    }

    #[test]
    fn rows_begin_anew_where_memory_says_so() {
        let room = Arc::new(Room::default());
        room.set(4 << 20, 2);
        let mut rows = Rows::new(&room);
        for n in 0..100_000 {
            rows.find(format!("{n:040}").as_bytes(), 5);
            assert!(rows.bytes(0, false) <= room.rows());
        }
        let bytes =
            size_of_val(&*rows.slots) + rows.keys.capacity() + rows.cells.capacity() * size_of::<Cell>();
        assert!(bytes <= 512 << 10, "{bytes}");
        assert!(rows.slots.len() >= 4_096);
    }

    #[test]
    fn a_full_table_begins_anew_and_stays_small() {
        let mut rows = Rows::new(&Arc::default());
        for n in 0..5 * ROWS_MAX {
            let row = rows.find(format!("{n:0200}").as_bytes(), 2);
            assert_eq!(row[0].known(), None);
            row[0] = Cell::new(1, false);
        }
        assert!(rows.keys.capacity() <= 2 * KEY_BYTES_MAX);
        assert!(rows.slots.len() <= 2 * ROWS_MAX);
        assert!(rows.used <= ROWS_MAX);
    }
}
