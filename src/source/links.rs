use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::facts::Inode;

/// So many links lead from one to the next at most, as the kernel follows (path_resolution(7)).
const LINKS_MAX: usize = 40;

/// Where names lead that are symbolic links, or that have one among their directories: notifications speak of the file's
/// own path, and rotation happens there.
#[derive(Debug, Default)]
pub struct Links {
    /// Names that are symbolic links, and where each has led to last.
    reals: HashMap<PathBuf, PathBuf>,
    /// The names that lead to these places.
    names: HashMap<PathBuf, PathBuf>,
    /// Files by their own paths, where those are not their names.
    files: HashMap<PathBuf, Inode>,
    /// Directories of names without symbolic links, as of the last scan.
    dirs: HashMap<PathBuf, Option<PathBuf>>,
}

impl Links {
    /// Directories may have moved.
    pub fn begin_scan(&mut self) {
        self.dirs.clear();
    }

    /// A name leads to a file: the file's own path, where that is another one.
    pub fn follow(&mut self, name: &Path, inode: Inode) -> Option<PathBuf> {
        let (dir, last) = (name.parent()?, name.file_name()?);
        let is_link = is_link(name);
        let real = if is_link {
            name.canonicalize().ok()?
        } else {
            // Directories seldom move, and every scan looks again.
            let real_dir = self.dirs.entry(dir.to_path_buf());
            let real_dir = real_dir.or_insert_with(|| dir.canonicalize().ok());
            real_dir.as_ref()?.join(last)
        };
        if real == name {
            return None;
        }
        if is_link {
            self.remember(name, &real);
        }
        self.files.insert(real.clone(), inode);
        Some(real)
    }

    /// A name leads to nothing now. A symbolic link may be there before what it leads to.
    pub fn expect(&mut self, name: &Path) {
        if let Some(real) = awaited(name) {
            self.remember(name, &real);
        }
    }

    fn remember(&mut self, name: &Path, real: &Path) {
        self.names.insert(real.to_path_buf(), name.to_path_buf());
        self.reals.insert(name.to_path_buf(), real.to_path_buf());
    }

    /// The file whose own path this is.
    pub fn file_at(&self, real: &Path) -> Option<Inode> {
        self.files.get(real).copied()
    }

    /// The symbolic link that has led here last.
    pub fn name_of(&self, real: &Path) -> Option<&PathBuf> {
        self.names.get(real)
    }

    /// Where a symbolic link has led to last.
    pub fn real(&self, name: &Path) -> Option<&Path> {
        self.reals.get(name).map(PathBuf::as_path)
    }

    /// Where a name leads to that is a symbolic link, seen before or not.
    pub fn resolve(&self, name: &Path) -> Option<PathBuf> {
        let here = || is_link(name).then(|| name.canonicalize().ok()).flatten();
        self.real(name).map(Path::to_path_buf).or_else(here)
    }

    /// Every place that a name leads to or has led to.
    pub fn places(&self) -> impl Iterator<Item = &PathBuf> {
        self.files.keys().chain(self.reals.values())
    }

    /// No name leads to this file any more.
    pub fn lose(&mut self, real: &Path) {
        self.files.remove(real);
    }

    pub fn retain_files(&mut self, is_named: impl Fn(Inode) -> bool) {
        self.files.retain(|_, inode| is_named(*inode));
    }

    /// Forgets links that are no names any more, once there are more than `most`.
    pub fn forget_beyond(&mut self, most: usize, is_name: impl Fn(&Path) -> bool) {
        if self.reals.len() > most {
            self.reals.retain(|name, _| is_name(name));
            self.names.retain(|_, name| is_name(name));
        }
    }
}

/// Where a symbolic link leads to, though nothing is there.
fn awaited(name: &Path) -> Option<PathBuf> {
    let mut at = name.to_path_buf();
    for _ in 0..LINKS_MAX {
        match at.read_link() {
            Ok(next) => at = at.parent()?.join(next),
            Err(_) if at == name => return None,
            Err(_) => return Some(at.parent()?.canonicalize().ok()?.join(at.file_name()?)),
        }
    }
    None
}

fn is_link(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|meta| meta.is_symlink())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::source::facts::Facts;

    #[test]
    fn names_lead_through_links_to_files_and_to_directories() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let at = |name: &str| root.join(name);
        fs::create_dir(at("real")).unwrap();
        fs::write(at("real/a.log"), "one\n").unwrap();
        symlink(at("real"), at("dir")).unwrap();
        symlink(at("real/a.log"), at("link.log")).unwrap();
        let inode = Facts::of(&at("real/a.log")).unwrap().inode;
        let mut links = Links::default();

        assert_eq!(links.follow(&at("real/a.log"), inode), None, "its own path");
        assert_eq!(links.follow(&at("dir/a.log"), inode), Some(at("real/a.log")));
        assert_eq!(links.real(&at("dir/a.log")), None, "its directory is the link");
        assert_eq!(links.file_at(&at("real/a.log")), Some(inode));

        assert_eq!(
            links.resolve(&at("link.log")),
            Some(at("real/a.log")),
            "not seen yet"
        );
        assert_eq!(links.follow(&at("link.log"), inode), Some(at("real/a.log")));
        assert_eq!(links.name_of(&at("real/a.log")), Some(&at("link.log")));
        fs::remove_file(at("link.log")).unwrap();
        assert_eq!(
            links.resolve(&at("link.log")),
            Some(at("real/a.log")),
            "where it led to"
        );

        links.lose(&at("real/a.log"));
        assert_eq!(links.file_at(&at("real/a.log")), None);
        links.forget_beyond(1, |_| false);
        assert_eq!(links.places().count(), 1);
        links.forget_beyond(0, |_| false);
        assert_eq!(
            (links.places().count(), links.name_of(&at("real/a.log"))),
            (0, None)
        );
    }
}
