//! Which file is which: pure decisions over what was seen.
//!
//! A file is known by its inode, by the hash of its head and by the bytes just before the offset that was read
//! last. The inode alone is not enough: it is reused, and copytruncate keeps it. The content alone is not
//! enough: two files may begin alike.

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::facts::{Facts, Inode};
use crate::event::FileKey;
use crate::limits::LIVES_MAX;
use crate::state::{FileRecord, Life, Print, Tail};

/// How much of a file's beginning is compared, in bytes.
pub const HEAD_BYTES: usize = 4096;
/// How much of the bytes before the offset is compared, in bytes: some lines, because the end of one alone is often
/// that of another (a user agent, padding) where a file was emptied and filled again beyond the offset.
pub const TAIL_BYTES: usize = 1024;
/// A first line counts as complete when that much of it is there, in bytes.
pub const FIRST_LINE_BYTES: usize = 1024;

/// What is known of a file's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    pub head: Print,
    pub tail: Tail,
    /// Where to read on.
    pub offset: u64,
}

/// Of so many bytes files may be the same and yet be others: a long header.
const ALIKE_BYTES_MAX: u64 = 1024;

impl Known {
    /// Whether so much is known that another file has the same only when it is a copy. Of what is shorter, others may have
    /// as much: files that begin with a header, or with the end of an event.
    pub fn is_telling(&self) -> bool {
        self.offset > ALIKE_BYTES_MAX
    }
}

impl From<&FileRecord> for Known {
    fn from(record: &FileRecord) -> Known {
        Known {
            head: record.head,
            tail: record.tail,
            offset: record.offset,
        }
    }
}

/// How a file that was found compares to one that is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    pub same_dev: bool,
    pub same_ino: bool,
    /// Whether the times of creation are the same; `None` where one is not known.
    pub same_birth: Option<bool>,
    /// It is long enough, and its head and the bytes before the offset are the same.
    pub same_content: bool,
}

impl Evidence {
    pub fn of(facts: &Facts, record: &FileRecord, same_content: bool) -> Evidence {
        Evidence {
            same_dev: facts.inode.dev == record.dev,
            same_ino: facts.inode.ino == record.ino,
            same_birth: facts.born.zip(record.born).map(|(one, other)| one == other),
            same_content,
        }
    }
}

/// What a file that was found is to one that is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The same file: read on, whatever it is called now.
    Same,
    /// The same file, emptied and written anew: a new life, from its beginning.
    NewLife,
    /// Another file with the same content: a copy, or the file after it was moved to another file system.
    Copy,
    Stranger,
}

pub fn relation(evidence: Evidence) -> Relation {
    let one_inode = evidence.same_ino && evidence.same_birth != Some(false);
    match (one_inode, evidence.same_dev, evidence.same_content) {
        // A device gets another number at a reboot; then the content has to speak for the file.
        (true, _, true) => Relation::Same,
        (true, true, false) => Relation::NewLife,
        (false, _, true) => Relation::Copy,
        (_, _, false) => Relation::Stranger,
    }
}

/// The hash of some bytes; none of no bytes.
pub fn print(bytes: &[u8]) -> Print {
    Print {
        len: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
        hash: if bytes.is_empty() { 0 } else { xxh3_64(bytes) },
    }
}

/// The first line of a file that begins with `head`, its end not included; `None` while it is not complete.
pub fn first_line(head: &[u8]) -> Option<&[u8]> {
    let head = &head[..head.len().min(FIRST_LINE_BYTES)];
    match memchr::memchr(b'\n', head) {
        Some(end) => Some(&head[..end]),
        None if head.len() == FIRST_LINE_BYTES => Some(head),
        None => None,
    }
}

/// The life that begins with `first_line`, after the lives in `before`.
pub fn begin_life(before: &Life, first_line: &[u8]) -> Life {
    let first_line = xxh3_64(first_line);
    let seen = before.past.iter().find(|(hash, _)| *hash == first_line);
    Life {
        first_line,
        nth: seen.map_or(0, |(_, count)| *count),
        past: before.past.clone(),
    }
}

/// What the next life has to know when this one has ended.
pub fn end_life(mut life: Life) -> Life {
    let count = life.nth + 1;
    life.past.retain(|(hash, _)| *hash != life.first_line);
    if life.past.len() >= LIVES_MAX {
        life.past.remove(0);
    }
    life.past.push((life.first_line, count));
    Life {
        first_line: 0,
        nth: 0,
        past: life.past,
    }
}

/// The key of a file's life. It depends on nothing that a lost checkpoint would take away (except for lives
/// that begin with the same line), so that reading again gives the same documents.
pub fn key(host: &str, inode: Inode, born: Option<i64>, life: &Life) -> FileKey {
    let mut hash = Xxh3::new();
    hash.update(host.as_bytes());
    hash.update(&[0]);
    hash.update(&inode.dev.to_le_bytes());
    hash.update(&inode.ino.to_le_bytes());
    hash.update(&born.unwrap_or(i64::MIN).to_le_bytes());
    hash.update(&life.first_line.to_le_bytes());
    hash.update(&life.nth.to_le_bytes());
    FileKey(hash.digest())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every combination of what can be seen, and what it means.
    #[test]
    fn every_evidence_has_its_relation() {
        let mut seen = 0;
        for same_dev in [false, true] {
            for same_ino in [false, true] {
                for same_birth in [None, Some(false), Some(true)] {
                    for same_content in [false, true] {
                        let evidence = Evidence {
                            same_dev,
                            same_ino,
                            same_birth,
                            same_content,
                        };
                        let expected = match (same_dev, same_ino, same_birth, same_content) {
                            // Renamed, or not touched at all; with another device: after a reboot.
                            (_, true, None | Some(true), true) => Relation::Same,
                            // Truncated (or the inode was reused where no birth is kept).
                            (true, true, None | Some(true), false) => Relation::NewLife,
                            // Inode reuse and an equal inode of another device.
                            (_, true, _, false) | (_, false, _, false) => Relation::Stranger,
                            // cp, mv to another file system, restored from a backup.
                            (_, true, Some(false), true) | (_, false, _, true) => Relation::Copy,
                        };
                        assert_eq!(relation(evidence), expected, "{evidence:?}");
                        seen += 1;
                    }
                }
            }
        }
        assert_eq!(seen, 24);
    }

    #[test]
    fn lives_that_begin_alike_have_keys_of_their_own() {
        let inode = Inode { dev: 1, ino: 2 };
        let mut keys = Vec::new();
        let mut before = Life::default();
        for line in ["# header", "# header", "other", "# header", "other"] {
            let life = begin_life(&before, line.as_bytes());
            keys.push(key("host", inode, Some(5), &life));
            before = end_life(life);
        }
        let mut distinct = keys.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), keys.len());
        assert_eq!(before.past.iter().map(|(_, count)| count).sum::<u32>(), 5);
    }

    #[test]
    fn a_life_with_a_line_of_its_own_keeps_its_key_when_the_past_is_lost() {
        let inode = Inode { dev: 1, ino: 2 };
        let past = end_life(begin_life(&Life::default(), b"10:00 start"));
        let known = key("host", inode, None, &begin_life(&past, b"11:00 start"));
        let lost = key("host", inode, None, &begin_life(&Life::default(), b"11:00 start"));
        assert_eq!(known, lost);
        assert_ne!(
            known,
            key("other", inode, None, &begin_life(&past, b"11:00 start"))
        );
    }

    #[test]
    fn the_past_is_bounded() {
        let mut life = Life::default();
        for number in 0..1000u32 {
            life = end_life(begin_life(&life, &number.to_le_bytes()));
            assert!(life.past.len() <= LIVES_MAX);
        }
    }

    #[test]
    fn a_first_line_is_complete_with_its_end_or_when_it_is_long() {
        assert_eq!(first_line(b"abc"), None);
        assert_eq!(first_line(b"abc\ndef"), Some(&b"abc"[..]));
        assert_eq!(first_line(b"\n"), Some(&b""[..]));
        let long = [b'x'; FIRST_LINE_BYTES + 5];
        assert_eq!(first_line(&long), Some(&long[..FIRST_LINE_BYTES]));
    }
}
