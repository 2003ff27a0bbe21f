use std::collections::BTreeSet;
use std::fs::{self, DirEntry};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::facts::{Facts, Inode, Kind};
use super::glob::{Globs, Part};
use super::mount;
use crate::limits::GLOB_DEPTH_MAX;

/// What the globs of one input lead to at this moment.
#[derive(Debug, Default)]
pub struct Found {
    /// Paths that match, whatever kind of file they are.
    pub paths: BTreeSet<Arc<Path>>,
    /// Directories in which a matching name may appear.
    pub dirs: BTreeSet<PathBuf>,
    /// Directories that could not be listed.
    pub unreadable: Vec<(PathBuf, io::Error)>,
}

/// Walks the globs through the file system.
pub fn walk(globs: &Globs) -> Found {
    let mut found = Found::default();
    for pattern in globs.patterns() {
        Walk {
            globs,
            found: &mut found,
            above: Vec::new(),
        }
        .part(PathBuf::from("/"), pattern.parts());
    }
    found
}

struct Walk<'a> {
    globs: &'a Globs,
    found: &'a mut Found,
    /// Directories on the way down that `**` went through: a symbolic link to one of them is a circle.
    above: Vec<Inode>,
}

impl Walk<'_> {
    fn part(&mut self, at: PathBuf, parts: &[Part]) {
        match parts {
            [] => {}
            [Part::Name(name)] => {
                let path = at.join(name);
                self.found.dirs.insert(at);
                if fs::symlink_metadata(&path).is_ok() {
                    self.file(path);
                }
            }
            [Part::Name(name), rest @ ..] => {
                let below = at.join(name);
                // Where the next name may appear if it is not there.
                if fs::metadata(&below).is_ok_and(|meta| meta.is_dir()) {
                    if fs::symlink_metadata(&below).is_ok_and(|meta| meta.is_symlink()) {
                        // It may be led elsewhere.
                        self.found.dirs.insert(at);
                    }
                    self.part(below, rest);
                } else {
                    self.found.dirs.insert(at);
                }
            }
            [Part::Glob(glob)] => self.list(&at, |walk, entry| {
                if glob.is_match(entry.file_name()) {
                    walk.file(entry.path());
                }
            }),
            [Part::Glob(glob), rest @ ..] => {
                let mut below = Vec::new();
                self.list(&at, |_, entry| {
                    if glob.is_match(entry.file_name()) && is_dir(entry) {
                        below.push(entry.path());
                    }
                });
                for dir in below {
                    self.part(dir, rest);
                }
            }
            [Part::AnyDepth] => self.any_depth(at, &[], true),
            [Part::AnyDepth, rest @ ..] => self.any_depth(at, rest, false),
        }
    }

    /// `rest` in this directory and in every directory below it; every file with `everything`. From a disk it does not
    /// lead into `/proc`, `/sys` and the like, which take long and have no logs; a glob that begins there does.
    fn any_depth(&mut self, at: PathBuf, rest: &[Part], everything: bool) {
        let Ok(facts) = Facts::of(&at) else {
            return;
        };
        if self.above.contains(&facts.inode) || self.above.len() >= GLOB_DEPTH_MAX {
            return;
        }
        let crosses = self
            .above
            .last()
            .is_some_and(|above| above.dev != facts.inode.dev);
        if crosses && mount::is_made_up(&at) {
            return;
        }
        self.above.push(facts.inode);
        let mut below = Vec::new();
        self.list(&at, |walk, entry| {
            if is_dir(entry) {
                below.push(entry.path());
            } else if everything {
                walk.file(entry.path());
            }
        });
        for dir in below {
            self.any_depth(dir, rest, everything);
        }
        self.above.pop();
        if !everything {
            self.part(at, rest);
        }
    }

    fn file(&mut self, path: PathBuf) {
        if !self.globs.excludes(&path) {
            self.found.paths.insert(path.into());
        }
    }

    /// Each entry by itself: there may be very many.
    fn list(&mut self, dir: &Path, mut take: impl FnMut(&mut Self, &DirEntry)) {
        self.found.dirs.insert(dir.to_path_buf());
        let listed = fs::read_dir(dir).and_then(|mut entries| {
            entries.try_for_each(|entry| {
                take(self, &entry?);
                Ok(())
            })
        });
        match listed {
            Err(error) if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                self.found.unreadable.push((dir.to_path_buf(), error));
            }
            Ok(()) | Err(_) => {}
        }
    }
}

fn is_dir(entry: &DirEntry) -> bool {
    match entry.file_type() {
        Ok(kind) if kind.is_symlink() => {
            Facts::of(&entry.path()).is_ok_and(|facts| facts.kind == Kind::Directory)
        }
        Ok(kind) => kind.is_dir(),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_lead_through_directories_and_links_but_not_in_circles() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for path in ["a.log", "sub/b.log", "sub/deep/c.log", "sub/d.txt", "other/e.log"] {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"").unwrap();
        }
        std::os::unix::fs::symlink(&root, root.join("sub/circle")).unwrap();
        std::os::unix::fs::symlink(root.join("other"), root.join("sub/link")).unwrap();
        let names = |include: &[&str], exclude: &[&str]| {
            let include: Vec<_> = include
                .iter()
                .map(|glob| format!("{}/{glob}", root.display()))
                .collect();
            let exclude: Vec<_> = exclude.iter().map(|glob| (*glob).to_owned()).collect();
            let found = walk(&Globs::compile(&include, &exclude).unwrap());
            let strip = |path: &Path| path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            (
                found.paths.iter().map(|path| strip(path)).collect::<Vec<_>>(),
                found.dirs.iter().map(|path| strip(path)).collect::<Vec<_>>(),
            )
        };
        assert_eq!(names(&["*.log"], &[]).0, ["a.log"]);
        assert_eq!(names(&["*/*.log"], &[]).0, ["other/e.log", "sub/b.log"]);
        assert_eq!(
            names(&["**/*.log"], &["c.log"]).0,
            ["a.log", "other/e.log", "sub/b.log", "sub/link/e.log"]
        );
        assert_eq!(names(&["sub/**"], &["*.txt", "**/circle/**"]).0.len(), 3);
        assert_eq!(names(&["sub/d.txt", "not/there/x.log"], &[]).0, ["sub/d.txt"]);
        assert_eq!(names(&["sub/d.txt", "not/there/x.log"], &[]).1, ["", "sub"]);
        assert_eq!(
            names(&["sub/link/e.log"], &[]).1,
            ["sub", "sub/link"],
            "a link may be led elsewhere"
        );
    }

    #[test]
    fn any_depth_does_not_lead_from_a_disk_into_what_the_kernel_makes_up() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::os::unix::fs::symlink("/proc/sys/kernel", root.join("kernel")).unwrap();
        fs::create_dir(root.join("disk")).unwrap();
        fs::write(root.join("disk/hostname"), b"").unwrap();
        let names = |glob: String| {
            let found = walk(&Globs::compile(&[glob], &[]).unwrap());
            let names = found.paths.iter().map(|path| path.display().to_string());
            names.collect::<Vec<_>>()
        };
        let on_disk = format!("{}/disk/hostname", root.display());
        let made_up = format!("{}/kernel/hostname", root.display());
        assert_eq!(names(format!("{}/**/hostname", root.display())), [on_disk]);
        for named in ["kernel/hostname", "kernel/host*", "kernel/**/hostname"] {
            assert_eq!(
                names(format!("{}/{named}", root.display())),
                [made_up.as_str()],
                "{named}"
            );
        }
    }
}
