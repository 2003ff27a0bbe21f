use std::path::{Path, PathBuf};

use globset::{GlobBuilder, escape};

use crate::config::{Spanned, Surroundings};

/// The directory that relative paths of a file begin at: the file's own.
#[derive(Clone, Debug)]
pub(super) struct Base {
    dir: PathBuf,
}

impl Base {
    pub(super) fn of(file: &Path, surroundings: &dyn Surroundings) -> Base {
        let here = surroundings.current_dir().unwrap_or_else(|_| PathBuf::from("/"));
        let dir = match file.parent() {
            Some(parent) => here.join(parent),
            None => here,
        };
        Base { dir: tidy(&dir) }
    }

    pub(super) fn path(&self, written: &Spanned<String>) -> PathBuf {
        tidy(&self.dir.join(&written.value))
    }

    /// A glob made absolute; the directory's own name is taken as it is, not as a pattern.
    pub(super) fn glob(&self, written: &str) -> String {
        let absolute = match Path::new(written).is_absolute() {
            true => PathBuf::from(written),
            false => Path::new(&escape(&self.dir.to_string_lossy())).join(written),
        };
        tidy(&absolute).to_string_lossy().into_owned()
    }
}

/// What is wrong with the syntax of a glob.
pub(super) fn check_glob(glob: &str) -> Result<(), String> {
    match GlobBuilder::new(glob).literal_separator(true).build() {
        Ok(_) => Ok(()),
        Err(error) => Err(error.kind().to_string()),
    }
}

/// Without `.` and `..`, by the text alone: `a/../b` is `b` even where `a` is a link.
fn tidy(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut tidy = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                tidy.pop();
            }
            other => tidy.push(other),
        }
    }
    tidy
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::env::Staged;

    #[test]
    fn relative_paths_begin_at_the_file() {
        let base = Base::of(Path::new("conf/logmill.toml"), &Staged::default());
        let cases = [
            ("a/*.log", "/srv/current/conf/a/*.log"),
            ("./a.log", "/srv/current/conf/a.log"),
            ("../a.log", "/srv/current/a.log"),
            ("/var/log/**/x.log", "/var/log/**/x.log"),
            ("/../../x", "/x"),
        ];
        for (written, absolute) in cases {
            assert_eq!(base.glob(written), absolute);
        }
        let base = Base::of(Path::new("/etc/log[1]/logmill.toml"), &Staged::default());
        assert_eq!(base.glob("*.log"), "/etc/log[[]1[]]/*.log");
    }

    #[test]
    fn a_glob_is_checked() {
        assert_eq!(check_glob("/var/log/**/a{b,c}*.log"), Ok(()));
        assert!(check_glob("/var/log/[a.log").is_err());
        assert!(check_glob("/var/log/{a.log").is_err());
    }
}
