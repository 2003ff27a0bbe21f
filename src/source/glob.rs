use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::{GlobBuilder, GlobMatcher, GlobSet, GlobSetBuilder};

use crate::limits::GLOB_ALTERNATIVES_MAX;

/// Which paths belong to an input.
///
/// `?` and `*` match within one name, `[...]` one of some characters, `{a,b}` one of some texts, and `**` any
/// number of directories. A path that an exclude matches belongs to nobody.
#[derive(Clone, Debug, Default)]
pub struct Globs {
    include: Vec<Pattern>,
    exclude: GlobSet,
}

/// A glob that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GlobError {
    #[error("the path {glob:?} is not absolute; write it from / on")]
    Relative { glob: String },
    #[error("the path {glob:?} is no glob: {reason}")]
    Malformed { glob: String, reason: String },
    #[error("the braces of {glob:?} stand for more than {GLOB_ALTERNATIVES_MAX} paths; write several paths")]
    TooMany { glob: String },
}

/// One include without braces.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// With the braces that it had.
    written: Arc<str>,
    parts: Vec<Part>,
    whole: GlobMatcher,
    /// The glob names compressed files, so they are files of their own.
    compressed: bool,
}

/// One name of a pattern's path.
#[derive(Clone, Debug)]
pub enum Part {
    /// Exactly this name.
    Name(String),
    Glob(GlobMatcher),
    /// `**`: any number of directories.
    AnyDepth,
}

impl Globs {
    /// # Errors
    ///
    /// The first glob that is not absolute or malformed.
    pub fn compile(include: &[String], exclude: &[String]) -> Result<Globs, GlobError> {
        let mut globs = Globs::default();
        for glob in include {
            if !glob.starts_with('/') {
                return Err(GlobError::Relative { glob: glob.clone() });
            }
            let mut expanded = Vec::new();
            expand(glob, glob, &mut expanded)?;
            let written: Arc<str> = Arc::from(glob.as_str());
            for pattern in expanded {
                globs
                    .include
                    .push(Pattern::compile(&pattern, Arc::clone(&written))?);
            }
        }
        let mut set = GlobSetBuilder::new();
        for glob in exclude {
            // A bare name excludes it in every directory.
            let anywhere = if glob.contains('/') {
                glob.clone()
            } else {
                format!("**/{glob}")
            };
            set.add(build(&anywhere, glob)?);
        }
        globs.exclude = set.build().map_err(|error| GlobError::Malformed {
            glob: exclude.join(" "),
            reason: error.kind().to_string(),
        })?;
        Ok(globs)
    }

    /// The glob that matches nothing but `path`.
    pub fn escape(path: &Path) -> String {
        globset::escape(&path.to_string_lossy())
    }

    pub fn patterns(&self) -> &[Pattern] {
        &self.include
    }

    /// Whether the path belongs to the input, as a file that is read as it is.
    pub fn contains(&self, path: &Path) -> bool {
        self.include.iter().any(|pattern| pattern.whole.is_match(path)) && !self.excludes(path)
    }

    pub fn excludes(&self, path: &Path) -> bool {
        self.exclude.is_match(path)
    }

    /// The includes that match none of these paths, as they were written.
    pub fn unmatched(&self, paths: &BTreeSet<Arc<Path>>) -> BTreeSet<&str> {
        let written = |pattern: &'_ Pattern| Arc::clone(&pattern.written);
        let is_matched = |pattern: &Pattern| paths.iter().any(|path| pattern.whole.is_match(path));
        let matched: BTreeSet<Arc<str>> = self
            .include
            .iter()
            .filter(|it| is_matched(it))
            .map(written)
            .collect();
        let all = self.include.iter().map(|pattern| pattern.written.as_ref());
        all.filter(|written| !matched.contains(*written)).collect()
    }

    /// Whether a glob that ends like a compressed file matches the path: then it is a file of its own.
    pub fn names_compressed(&self, path: &Path) -> bool {
        self.include
            .iter()
            .any(|pattern| pattern.compressed && pattern.whole.is_match(path))
    }
}

impl Pattern {
    fn compile(glob: &str, written: Arc<str>) -> Result<Pattern, GlobError> {
        let whole = build(glob, glob)?.compile_matcher();
        let mut parts = Vec::new();
        for part in glob.split('/').filter(|part| !part.is_empty() && *part != ".") {
            parts.push(match part {
                "**" => Part::AnyDepth,
                name if !name.contains(['*', '?', '[', '\\']) => Part::Name(name.to_owned()),
                name => Part::Glob(build(name, glob)?.compile_matcher()),
            });
        }
        Ok(Pattern {
            written,
            parts,
            whole,
            compressed: glob.ends_with(".gz"),
        })
    }

    /// The names and globs of the path from the root on.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The one path that it matches, where there is only one.
    pub fn literal(&self) -> Option<PathBuf> {
        let mut path = PathBuf::from("/");
        for part in &self.parts {
            match part {
                Part::Name(name) => path.push(name),
                Part::Glob(_) | Part::AnyDepth => return None,
            }
        }
        Some(path)
    }

    /// The deepest directory that every match lies in.
    pub fn base(&self) -> PathBuf {
        let mut base = PathBuf::from("/");
        for part in &self.parts[..self.parts.len().saturating_sub(1)] {
            match part {
                Part::Name(name) => base.push(name),
                Part::Glob(_) | Part::AnyDepth => break,
            }
        }
        base
    }
}

fn build(glob: &str, shown: &str) -> Result<globset::Glob, GlobError> {
    GlobBuilder::new(glob)
        .literal_separator(true)
        .build()
        .map_err(|error| GlobError::Malformed {
            glob: shown.to_owned(),
            reason: error.kind().to_string(),
        })
}

/// Writes one pattern for each alternative of the braces, because a brace may hold a `/` and directories are
/// walked name by name.
fn expand(pattern: &str, shown: &str, out: &mut Vec<String>) -> Result<(), GlobError> {
    let Some((open, close, commas)) = first_brace(pattern) else {
        if out.len() == GLOB_ALTERNATIVES_MAX {
            return Err(GlobError::TooMany {
                glob: shown.to_owned(),
            });
        }
        out.push(pattern.to_owned());
        return Ok(());
    };
    let mut from = open + 1;
    for to in commas.into_iter().chain([close]) {
        let one = format!(
            "{}{}{}",
            &pattern[..open],
            &pattern[from..to],
            &pattern[close + 1..]
        );
        expand(&one, shown, out)?;
        from = to + 1;
    }
    Ok(())
}

/// The first `{`, its `}`, and the commas between their alternatives. `None` where there is no whole brace;
/// what is malformed is reported when the glob is built.
fn first_brace(pattern: &str) -> Option<(usize, usize, Vec<usize>)> {
    let (mut open, mut depth, mut commas, mut class) = (0, 0, Vec::new(), false);
    let mut bytes = pattern.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'[' => class = true,
            b']' => class = false,
            _ if class => {}
            b'{' => {
                if depth == 0 {
                    open = at;
                }
                depth += 1;
            }
            b',' if depth == 1 => commas.push(at),
            b'}' if depth == 1 => return Some((open, at, commas)),
            b'}' if depth > 1 => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn globs(include: &[&str], exclude: &[&str]) -> Globs {
        let owned = |list: &[&str]| list.iter().map(|glob| (*glob).to_owned()).collect::<Vec<_>>();
        Globs::compile(&owned(include), &owned(exclude)).unwrap()
    }

    #[test]
    fn a_star_stays_in_its_directory_and_two_do_not() {
        let globs = globs(
            &["/var/log/*.log", "/srv/**/x-[0-9].log"],
            &["*debug*", "/srv/old/**"],
        );
        for (path, expected) in [
            ("/var/log/a.log", true),
            ("/var/log/sub/a.log", false),
            ("/srv/x-1.log", true),
            ("/srv/a/b/x-2.log", true),
            ("/srv/a/b/x-a.log", false),
            ("/var/log/debug.log", false),
            ("/srv/old/a/x-1.log", false),
        ] {
            assert_eq!(globs.contains(Path::new(path)), expected, "{path}");
        }
    }

    #[test]
    fn braces_become_patterns_of_their_own() {
        let globs = globs(&["/{var/log,srv/{a,b}}/x[{,}].log"], &[]);
        let bases: Vec<_> = globs.patterns().iter().map(Pattern::base).collect();
        assert_eq!(bases, ["/var/log", "/srv/a", "/srv/b"].map(PathBuf::from));
        assert!(globs.contains(Path::new("/srv/b/x,.log")));
        assert!(!globs.contains(Path::new("/srv/c/x,.log")));
    }

    #[test]
    fn a_glob_that_leads_nowhere_is_told_as_it_was_written() {
        let globs = globs(&["/a/*.log", "/{b,c}/x.log", "/{d,e}/x.log"], &[]);
        let paths = ["/a/1.log", "/c/x.log"].map(|path| Path::new(path).into());
        let unmatched = globs.unmatched(&BTreeSet::from(paths));
        assert_eq!(unmatched, BTreeSet::from(["/{d,e}/x.log"]));
    }

    #[test]
    fn compressed_files_belong_to_a_glob_that_names_them() {
        let globs = globs(&["/a/app.log*", "/b/*.gz"], &[]);
        assert!(!globs.names_compressed(Path::new("/a/app.log.2.gz")));
        assert!(globs.names_compressed(Path::new("/b/x.gz")));
    }

    #[test]
    fn what_cannot_be_used_is_said() {
        let error = |glob: &str| Globs::compile(&[glob.to_owned()], &[]).unwrap_err().to_string();
        assert!(error("logs/*.log").contains("not absolute"));
        assert!(error("/a/[").contains("no glob"));
        let many = format!("/{}", "{a,b}".repeat(9));
        assert!(error(&many).contains("more than 256"));
    }
}
