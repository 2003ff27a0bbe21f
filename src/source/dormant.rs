use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::event::FileKey;
use crate::state::FileRecord;

/// Records of the last run whose files were not found yet. There may be as many as there are files, so that what a
/// file is asked for is found without going through all of them.
#[derive(Debug, Default)]
pub struct Dormant {
    /// Shared with the ledger until the file is found.
    records: BTreeMap<FileKey, Arc<FileRecord>>,
    by_ino: BTreeSet<(u64, FileKey)>,
}

impl Dormant {
    pub fn of(records: Vec<Arc<FileRecord>>) -> Dormant {
        let mut dormant = Dormant::default();
        records.into_iter().for_each(|record| dormant.share(record));
        dormant
    }

    pub fn add(&mut self, record: FileRecord) {
        self.share(Arc::new(record));
    }

    fn share(&mut self, record: Arc<FileRecord>) {
        self.take(record.key);
        self.by_ino.insert((record.ino, record.key));
        self.records.insert(record.key, record);
    }

    pub fn take(&mut self, key: FileKey) -> Option<FileRecord> {
        let record = self.records.remove(&key)?;
        self.by_ino.remove(&(record.ino, key));
        Some(Arc::unwrap_or_clone(record))
    }

    /// The file is missing since then, seconds since the epoch.
    pub fn note_gone(&mut self, key: FileKey, since: i64) {
        if let Some(record) = self.records.get_mut(&key) {
            Arc::make_mut(record).gone_since = since;
        }
    }

    /// Those of this inode number.
    pub fn with_ino(&self, ino: u64) -> Vec<FileRecord> {
        let keys = self.by_ino.range((ino, FileKey(0))..=(ino, FileKey(u64::MAX)));
        keys.filter_map(|(_, key)| self.get(*key).cloned()).collect()
    }

    pub fn keys(&self) -> Vec<FileKey> {
        self.records.keys().copied().collect()
    }

    pub fn get(&self, key: FileKey) -> Option<&FileRecord> {
        self.records.get(&key).map(|record| &**record)
    }

    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &FileRecord> {
        self.records.values().map(|record| &**record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(key: u64, ino: u64) -> FileRecord {
        FileRecord {
            key: FileKey(key),
            ino,
            ..FileRecord::default()
        }
    }

    #[test]
    fn records_are_found_by_key_and_by_inode_until_they_are_taken() {
        let mut dormant = Dormant::of([record(1, 7), record(2, 7), record(3, 8)].map(Arc::new).into());
        let of = |dormant: &Dormant, ino| -> Vec<u64> {
            let found = dormant.with_ino(ino);
            found.iter().map(|record| record.key.0).collect()
        };
        assert_eq!(of(&dormant, 7), [1, 2]);
        assert_eq!(dormant.take(FileKey(1)).unwrap().ino, 7);
        assert!(dormant.take(FileKey(1)).is_none());
        assert_eq!(of(&dormant, 7), [2]);
        dormant.add(record(2, 9));
        assert_eq!((of(&dormant, 7), of(&dormant, 9)), (vec![], vec![2]));
        dormant.note_gone(FileKey(3), 5);
        assert_eq!(dormant.get(FileKey(3)).unwrap().gone_since, 5);
        assert_eq!(dormant.keys(), [FileKey(2), FileKey(3)]);
        assert_eq!(dormant.iter().count(), 2);
    }
}
