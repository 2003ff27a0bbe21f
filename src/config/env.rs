use std::io;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::document::{Node, NodeValue, Table};
use super::{Diagnostic, Diagnostics, SourceFile, Spanned};

/// What the settings depend on besides their file. Tests bring their own.
pub trait Surroundings {
    /// An environment variable; one that is not UTF-8 counts as unset.
    fn variable(&self, name: &str) -> Option<String>;
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// What relative paths begin at.
    fn current_dir(&self) -> io::Result<PathBuf>;
    fn cores(&self) -> NonZeroUsize;
}

/// The machine that the program runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl Surroundings for System {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn current_dir(&self) -> io::Result<PathBuf> {
        std::env::current_dir()
    }

    fn cores(&self) -> NonZeroUsize {
        std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
    }
}

/// What is wrong with one `${…}` of a text.
#[derive(Debug, PartialEq, Eq)]
struct Mistake {
    /// Bytes of the text.
    span: Range<usize>,
    message: String,
    help: String,
}

impl Table {
    /// Puts in what `${…}` stands for, in every string but those of the keys in `literal`.
    pub(super) fn expand(
        &mut self,
        surroundings: &dyn Surroundings,
        literal: &[&str],
        diagnostics: &mut Diagnostics,
    ) {
        let file = self.file.clone();
        for entry in &mut self.entries {
            if !literal.contains(&entry.name.as_str()) {
                entry.node.expand(&file, surroundings, literal, diagnostics);
            }
        }
    }
}

impl Table {
    /// Likewise, but in the keys of `only` and in nothing else.
    pub(super) fn expand_only(
        &mut self,
        only: &[&str],
        surroundings: &dyn Surroundings,
        diagnostics: &mut Diagnostics,
    ) {
        let file = self.file.clone();
        for entry in &mut self.entries {
            if only.contains(&entry.name.as_str()) {
                entry.node.expand(&file, surroundings, &[], diagnostics);
            }
        }
    }
}

impl Node {
    fn expand(
        &mut self,
        file: &Arc<SourceFile>,
        surroundings: &dyn Surroundings,
        literal: &[&str],
        diagnostics: &mut Diagnostics,
    ) {
        match &mut self.value {
            NodeValue::Table(table) => table.expand(surroundings, literal, diagnostics),
            NodeValue::Array(items) => {
                for item in items {
                    item.expand(file, surroundings, literal, diagnostics);
                }
            }
            NodeValue::Text(text) if text.contains('$') => match expand(text, surroundings) {
                Ok(expanded) => *text = expanded,
                Err(mistakes) => {
                    let written = Spanned::new(text.clone(), self.span.clone(), file.clone());
                    for mistake in mistakes {
                        diagnostics.push(
                            Diagnostic::error(mistake.message)
                                .at(written.place_within(mistake.span, ""))
                                .help(mistake.help),
                        );
                    }
                    self.value = NodeValue::Broken;
                }
            },
            _ => {}
        }
    }
}

/// `${NAME}`, `${NAME:-default}`, `${file:PATH}` (its last line ends cut off), and `$${` for a `${` as it is.
/// Any other `$` stands for itself. What is put in is not looked at again.
fn expand(text: &str, surroundings: &dyn Surroundings) -> Result<String, Vec<Mistake>> {
    let mut out = String::with_capacity(text.len());
    let mut mistakes = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find('$').map(|found| at + found) {
        out.push_str(&text[at..found]);
        let rest = &text[found..];
        if rest.starts_with("$${") {
            out.push_str("${");
            at = found + 3;
        } else if rest.starts_with("${") {
            let Some(end) = rest.find('}').map(|end| found + end) else {
                mistakes.push(Mistake {
                    span: found..text.len(),
                    message: "`${` without `}`".to_owned(),
                    help: "close it with `}`, or write `$${` for the characters themselves".to_owned(),
                });
                return Err(mistakes);
            };
            match look_up(&text[found + 2..end], surroundings) {
                Ok(value) => out.push_str(&value),
                Err((message, help)) => mistakes.push(Mistake {
                    span: found..end + 1,
                    message,
                    help,
                }),
            }
            at = end + 1;
        } else {
            out.push('$');
            at = found + 1;
        }
    }
    out.push_str(&text[at..]);
    if mistakes.is_empty() {
        Ok(out)
    } else {
        Err(mistakes)
    }
}

/// What stands between `${` and `}`; else message and help.
fn look_up(name: &str, surroundings: &dyn Surroundings) -> Result<String, (String, String)> {
    if let Some(path) = name.strip_prefix("file:") {
        return look_up_file(path, surroundings);
    }
    let (name, default) = match name.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (name, None),
    };
    let is_name = !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_name {
        return Err((
            format!("`{name}` is not the name of an environment variable"),
            "write `${NAME}`, `${NAME:-default}` or `${file:/path}`; `$${` stands for the characters themselves".to_owned(),
        ));
    }
    let value = surroundings.variable(name);
    match (value, default) {
        (Some(value), None) => Ok(value),
        (Some(value), Some(_)) if !value.is_empty() => Ok(value),
        (_, Some(default)) => Ok(default.to_owned()),
        (None, None) => Err((
            format!("environment variable `{name}` is not set"),
            format!("set `{name}`, or write `${{{name}:-default}}`"),
        )),
    }
}

fn look_up_file(path: &str, surroundings: &dyn Surroundings) -> Result<String, (String, String)> {
    let bytes = surroundings.read(Path::new(path)).map_err(|error| {
        (
            format!("cannot read `{path}`: {}", reason(&error)),
            "check the path and that logmill's user may read the file".to_owned(),
        )
    })?;
    let text = String::from_utf8(bytes).map_err(|_| {
        (
            format!("`{path}` is not UTF-8"),
            "write the value into the file as plain text".to_owned(),
        )
    })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// An operating system's error in our style: lowercase, without its number.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// Surroundings of tests: variables and files from lists.
#[cfg(test)]
#[derive(Clone, Debug, Default)]
pub(super) struct Staged {
    pub variables: Vec<(&'static str, &'static str)>,
    pub files: Vec<(&'static str, &'static str)>,
}

#[cfg(test)]
impl Surroundings for Staged {
    fn variable(&self, name: &str) -> Option<String> {
        let (_, value) = self.variables.iter().find(|(known, _)| *known == name)?;
        Some((*value).to_owned())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.files.iter().find(|(known, _)| Path::new(known) == path) {
            Some((_, text)) => Ok(text.as_bytes().to_vec()),
            // ENOENT, as Linux says it.
            None => Err(io::Error::from_raw_os_error(2)),
        }
    }

    fn current_dir(&self) -> io::Result<PathBuf> {
        Ok(PathBuf::from("/srv/current"))
    }

    fn cores(&self) -> NonZeroUsize {
        NonZeroUsize::MIN.saturating_add(3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn staged() -> Staged {
        Staged {
            variables: vec![("KEY", "k$${x}"), ("EMPTY", "")],
            files: vec![("/run/secrets/es", "geheim\r\n\n")],
        }
    }

    #[test]
    fn what_is_put_in() {
        let cases = [
            ("${KEY}", "k$${x}"),
            ("a${KEY}b${EMPTY}c", "ak$${x}bc"),
            ("${NONE:-x:-y}", "x:-y"),
            ("${EMPTY:-x}", "x"),
            ("${NONE:-}", ""),
            ("${file:/run/secrets/es}!", "geheim!"),
            ("$${KEY}", "${KEY}"),
            ("$remote_addr $ $$", "$remote_addr $ $$"),
        ];
        for (text, expanded) in cases {
            assert_eq!(expand(text, &staged()), Ok(expanded.to_owned()), "{text}");
        }
    }

    #[test]
    fn every_mistake_is_found_at_its_place() {
        let mistakes = expand("a${NONE}b${1}${file:/x}${KEY", &staged()).unwrap_err();
        let found: Vec<(Range<usize>, &str)> = mistakes
            .iter()
            .map(|one| (one.span.clone(), one.message.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                (1..8, "environment variable `NONE` is not set"),
                (9..13, "`1` is not the name of an environment variable"),
                (13..23, "cannot read `/x`: no such file or directory"),
                (23..28, "`${` without `}`"),
            ]
        );
    }

    proptest! {
        #[test]
        fn a_text_without_braces_stays(text in "[a-z$}ü ]{0,20}") {
            prop_assert_eq!(expand(&text, &staged()), Ok(text));
        }

        #[test]
        fn nothing_panics(text in "([${}:ü]|KEY|file|-){0,12}") {
            let _ = expand(&text, &staged());
        }
    }
}
