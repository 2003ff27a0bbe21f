//! The files next to a log that rotation made of it, and whether they hold what is known of it.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::{Bytes, open};
use super::facts::{Facts, Inode, Kind};
use super::identity::{HEAD_BYTES, Known, TAIL_BYTES, print};
use super::sibling::{Order, Packed, rotated};
use crate::state::Tail;

/// How much of two files is compared at once.
const BLOCK_BYTES: usize = 64 << 10;

/// A file whose name rotation made from a watched name.
#[derive(Clone)]
pub struct Sibling {
    pub path: Arc<Path>,
    pub order: Order,
    pub packed: Packed,
    pub facts: Facts,
}

impl Sibling {
    /// Opens it under the name that it had when it was listed, or under the one that rotation has given it since.
    fn file(&self) -> io::Result<File> {
        match self.file_at(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let moved = member(&self.path, self.facts.inode, self.facts.born);
                self.file_at(&moved.ok_or(error)?.path)
            }
            file => file,
        }
    }

    fn file_at(&self, path: &Path) -> io::Result<File> {
        let file = open(path)?;
        if Facts::of_open(&file)?.inode == self.facts.inode {
            Ok(file)
        } else {
            Err(ErrorKind::NotFound.into())
        }
    }

    pub fn open(&self) -> io::Result<Bytes> {
        let file = self.file()?;
        Ok(match self.packed {
            Packed::Gz => Bytes::gz(file),
            Packed::No | Packed::Unreadable => Bytes::plain(file),
        })
    }

    /// Its first bytes, unpacked, [`HEAD_BYTES`] at most.
    pub fn head(&self) -> io::Result<Vec<u8>> {
        let mut head = vec![0; HEAD_BYTES];
        let read = self.open()?.read_at(0, &mut head)?;
        head.truncate(read);
        Ok(head)
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

    /// Whether this gzip file holds a file that begins as known and ends at the offset, without reading all of it.
    pub fn is_made_of(&self, known: &Known) -> bool {
        let head = Known {
            offset: 0,
            tail: Tail::default(),
            ..*known
        };
        self.has_only(known) && self.holds(&head).unwrap_or(false)
    }

    /// Whether its bytes, unpacked, are as many as are known. A gzip file has their number in its last four bytes
    /// (RFC 1952).
    pub fn has_only(&self, known: &Known) -> bool {
        if self.packed == Packed::No {
            return self.facts.size == known.offset;
        }
        let length = || -> io::Result<u32> {
            let mut last = [0; 4];
            let at = self.facts.size.saturating_sub(4);
            Bytes::plain(self.file()?).read_at(at, &mut last)?;
            Ok(u32::from_le_bytes(last))
        };
        // The number is kept modulo 2^32.
        length().is_ok_and(|length| length == known.offset as u32)
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
            let path: Arc<Path> = dir.join(name).into();
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
    Families::default().of(path)
}

/// The file that has this inode and was created then, under the name that rotation has given it by now.
pub fn member(path: &Path, inode: Inode, born: Option<i64>) -> Option<Sibling> {
    let mut found = family(path).into_iter();
    found.find(|it| it.facts.inode == inode && it.facts.born == born)
}

/// Families of many paths: each directory is listed once, when the first of them is asked for.
#[derive(Default)]
pub struct Families {
    /// Names that are asked for, by directory.
    expected: HashMap<PathBuf, HashSet<String>>,
    listed: HashMap<PathBuf, HashMap<String, Vec<Sibling>>>,
}

impl Families {
    /// The family of this path will be asked for.
    pub fn expect(&mut self, path: &Path) {
        if let Some((dir, bases)) = bases(path)
            && !self.listed.contains_key(dir)
        {
            self.expected.entry(dir.to_path_buf()).or_default().extend(bases);
        }
    }

    /// As [`family`], as of the time when its directory was listed.
    pub fn of(&mut self, path: &Path) -> Vec<Sibling> {
        self.expect(path);
        let Some((dir, bases)) = bases(path) else {
            return Vec::new();
        };
        let expected = self.expected.remove(dir).unwrap_or_default();
        let listed = self.listed.entry(dir.to_path_buf());
        let listed = listed.or_insert_with(|| siblings_in(dir, &expected));
        let mut found: Vec<Sibling> = bases
            .iter()
            .filter_map(|base| listed.get(base))
            .flatten()
            .cloned()
            .collect();
        // A name may have been made of more than one of them.
        found.sort_by(|one, other| one.path.cmp(&other.path));
        found.dedup_by(|one, other| one.path == other.path);
        found.sort_by_key(|it| std::cmp::Reverse(it.facts.modified));
        found
    }

    /// Whether all names that were listed lead where they led then.
    pub fn are_there(&self) -> bool {
        let mut listed = self.listed.values().flat_map(HashMap::values).flatten();
        listed.all(|it| Facts::of(&it.path).is_ok_and(|facts| facts.inode == it.facts.inode))
    }
}

/// The directory of a path, and the names in it that it and its relatives may have been made of.
fn bases(path: &Path) -> Option<(&Path, HashSet<String>)> {
    let (dir, name) = path.parent().zip(path.file_name()?.to_str())?;
    let made_of = rotated(name).into_iter().map(|way| way.base);
    Some((dir, made_of.chain([name.to_owned()]).collect()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_listed_once_for_all_that_are_expected() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let make = |name: &str| fs::write(path(name), b"").unwrap();
        for name in ["a.log.1", "a.log.2.gz", "b.log", "b.log.1"] {
            make(name);
        }
        let names = |found: Vec<Sibling>| {
            let mut names: Vec<_> = found.into_iter().map(|it| it.path.to_path_buf()).collect();
            names.sort();
            names
        };
        let mut families = Families::default();
        families.expect(&path("a.log"));
        families.expect(&path("b.log.1"));
        assert_eq!(
            names(families.of(&path("a.log"))),
            ["a.log.1", "a.log.2.gz"].map(path)
        );
        make("b.log.2");
        let of_b = names(families.of(&path("b.log.1")));
        assert_eq!(of_b, [path("b.log.1")], "as of the listing");
        assert!(families.are_there());
        fs::rename(path("a.log.1"), path("a.log.2")).unwrap();
        assert!(!families.are_there());
        fs::rename(path("b.log"), path("a.log.1")).unwrap();
        assert!(!families.are_there(), "another file has the name");
        assert_eq!(names(family(&path("b.log.1"))), ["b.log.1", "b.log.2"].map(path));
    }

    #[test]
    fn a_file_that_is_renamed_after_the_listing_is_opened_all_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::write(path("a.log.1"), b"old").unwrap();
        let listed = family(&path("a.log")).remove(0);
        fs::rename(path("a.log.1"), path("a.log.2")).unwrap();
        fs::write(path("a.log.1"), b"new").unwrap();
        assert_eq!(listed.head().unwrap(), b"old");
        fs::remove_file(path("a.log.2")).unwrap();
        assert!(listed.head().is_err());
    }
}
