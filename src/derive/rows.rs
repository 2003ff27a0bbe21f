use super::hash::Seed;

/// Rows that one worker remembers. Forgetting all of them and beginning anew keeps it small when a scanner makes
/// up urls; a row that is needed again costs one look into each metric's series.
const ROWS_MAX: usize = 16_384;

/// Bytes of the keys of the rows that one worker remembers.
const KEY_BYTES_MAX: usize = 1 << 20;

const SLOTS_MIN: usize = 256;

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
    pub fn new() -> Self {
        Rows {
            slots: vec![EMPTY; SLOTS_MIN],
            used: 0,
            keys: Vec::new(),
            cells: Vec::new(),
            seed: Seed::default(),
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
        if self.used >= ROWS_MAX || self.keys.len() + key.len() > KEY_BYTES_MAX {
            self.clear();
        } else if (self.used + 1) * 2 > self.slots.len() {
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
        let mut rows = Rows::new();
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
    fn a_full_table_begins_anew_and_stays_small() {
        let mut rows = Rows::new();
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
