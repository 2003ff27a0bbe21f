//! The files next to a log that rotation made of it, and whether they hold what is known of it.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::disk::{Bytes, Facts, Kind, open};
use super::identity::{HEAD_BYTES, Known, TAIL_BYTES, print};
use super::sibling::{Order, Packed, rotated};
use crate::state::Tail;

/// How much of two files is compared at once.
const BLOCK_BYTES: usize = 64 << 10;

/// A file whose name rotation made from a watched name.
pub struct Sibling {
    pub path: PathBuf,
    pub order: Order,
    pub packed: Packed,
    pub facts: Facts,
}

impl Sibling {
    fn open(&self) -> io::Result<Bytes> {
        let file = open(&self.path)?;
        Ok(match self.packed {
            Packed::Gz => Bytes::gz(file),
            Packed::No | Packed::Unreadable => Bytes::plain(file),
        })
    }

    pub fn holds(&self, known: &Known) -> io::Result<bool> {
        agrees(&mut self.open()?, known)
    }

    /// Whether the compressed file is complete. Reads all of it.
    pub fn is_whole(&self) -> bool {
        self.open()
            .and_then(|mut bytes| bytes.read_at(u64::MAX / 2, &mut [0]))
            .is_ok()
    }

    /// Whether all that is in the file is what `other` begins with. Reads all of it where that is so.
    ///
    /// # Errors
    ///
    /// When the disk fails, or the compressed bytes are damaged or not complete yet.
    pub fn is_beginning_of(&self, other: &mut Bytes) -> io::Result<bool> {
        let mut bytes = self.open()?;
        let (mut here, mut there) = (vec![0; BLOCK_BYTES], vec![0; BLOCK_BYTES]);
        let mut at = 0;
        loop {
            let read = bytes.read_at(at, &mut here)?;
            let found = other.read_at(at, &mut there[..read])?;
            if here[..read] != there[..found] {
                return Ok(false);
            }
            at += read as u64;
            if read < here.len() {
                return Ok(at > 0);
            }
        }
    }

    /// Whether this gzip file holds a file that begins as known and ends at the offset: by its head and by the
    /// length in its last four bytes (RFC 1952), without reading all of it.
    pub fn is_made_of(&self, known: &Known) -> bool {
        let length = || -> io::Result<u32> {
            let mut last = [0; 4];
            let at = self.facts.size.saturating_sub(4);
            Bytes::plain(open(&self.path)?).read_at(at, &mut last)?;
            Ok(u32::from_le_bytes(last))
        };
        let head = Known {
            offset: 0,
            tail: Tail::default(),
            ..*known
        };
        // The length is kept modulo 2^32.
        length().is_ok_and(|length| length == known.offset as u32) && self.holds(&head).unwrap_or(false)
    }
}

/// Every rotated file of some names of one directory, by name, the youngest first. Lists the directory once.
pub fn siblings_in(dir: &Path, bases: &HashSet<String>) -> HashMap<String, Vec<Sibling>> {
    let mut found: HashMap<String, Vec<Sibling>> = HashMap::new();
    let Ok(entries) = fs::read_dir(dir) else {
        return found;
    };
    for entry in entries.flatten() {
        let file_name = entry.file_name();
        let Some(name) = file_name.to_str() else {
            continue;
        };
        for way in rotated(name) {
            if !bases.contains(&way.base) {
                continue;
            }
            let path = dir.join(name);
            let Some(facts) = Facts::of(&path).ok().filter(|facts| facts.kind == Kind::File) else {
                break;
            };
            found.entry(way.base).or_default().push(Sibling {
                path,
                order: way.order,
                packed: way.packed,
                facts,
            });
        }
    }
    for siblings in found.values_mut() {
        siblings.sort_by_key(|it| std::cmp::Reverse(it.facts.modified));
    }
    found
}

/// Every file that rotation may have made of `path`, or of what `path` was made of.
pub fn family(path: &Path) -> Vec<Sibling> {
    let (Some(dir), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Vec::new();
    };
    let mut bases: HashSet<String> = rotated(name).into_iter().map(|way| way.base).collect();
    bases.insert(name.to_owned());
    let mut found: Vec<Sibling> = siblings_in(dir, &bases).into_values().flatten().collect();
    // A name may have been made of more than one of them.
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found.dedup_by(|one, other| one.path == other.path);
    found.sort_by_key(|it| std::cmp::Reverse(it.facts.modified));
    found
}

/// Whether there is any gzip file in the directory.
pub fn has_packed(dir: &Path) -> bool {
    let is_packed = |entry: fs::DirEntry| {
        entry
            .file_name()
            .to_str()
            .is_some_and(|name| name.ends_with(".gz"))
    };
    fs::read_dir(dir).is_ok_and(|entries| entries.flatten().any(is_packed))
}

/// Whether a file holds the bytes that are known: as many, with the same head and the same bytes before the
/// offset.
pub fn agrees(bytes: &mut Bytes, known: &Known) -> io::Result<bool> {
    if known.head.len == 0 {
        return Ok(false);
    }
    if !bytes.is_gz() && bytes.facts()?.size < known.offset {
        return Ok(false);
    }
    let mut head = [0; HEAD_BYTES];
    let head = &mut head[..HEAD_BYTES.min(known.head.len as usize)];
    let read = bytes.read_at(0, head)?;
    if print(&head[..read]) != known.head {
        return Ok(false);
    }
    let mut tail = [0; TAIL_BYTES];
    let tail = &mut tail[..TAIL_BYTES.min(known.tail.print.len as usize)];
    let from = known.tail.at.saturating_sub(tail.len() as u64);
    let read = bytes.read_at(from, tail)?;
    if print(&tail[..read]) != known.tail.print {
        return Ok(false);
    }
    // The last byte before the offset is there.
    Ok(known.offset == 0 || bytes.read_at(known.offset - 1, &mut [0])? == 1)
}
