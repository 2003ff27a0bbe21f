//! What became of each setting of the file that was read.

use std::fmt;
use std::sync::Arc;

/// A line of a file that was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct At {
    /// As the user called it.
    pub file: Arc<str>,
    /// From 1.
    pub line: usize,
}

/// What became of one setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It has no equivalent, or could not be read.
    Left,
    /// It is there, and does not mean quite the same.
    Changed,
    Carried,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    fate: Fate,
    at: At,
    /// The setting as its file calls it.
    what: String,
    /// Where it went, what differs, or why it is not there.
    words: String,
}

/// Everything that was read, in the order of the files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    entries: Vec<Entry>,
}

impl Report {
    pub fn carried(&mut self, at: &At, what: impl Into<String>, into: impl Into<String>) {
        self.push(Fate::Carried, at, what.into(), into.into());
    }

    pub fn changed(&mut self, at: &At, what: impl Into<String>, how: impl Into<String>) {
        self.push(Fate::Changed, at, what.into(), how.into());
    }

    pub fn left(&mut self, at: &At, what: impl Into<String>, why: impl Into<String>) {
        self.push(Fate::Left, at, what.into(), why.into());
    }

    /// Adds one; the same twice counts once, since filters are read anew for every input.
    fn push(&mut self, fate: Fate, at: &At, what: String, words: String) {
        let entry = Entry {
            fate,
            at: at.clone(),
            what,
            words,
        };
        if !self.entries.contains(&entry) {
            self.entries.push(entry);
        }
    }

    pub fn count(&self, fate: Fate) -> usize {
        self.entries.iter().filter(|entry| entry.fate == fate).count()
    }

    fn section(&self, fate: Fate, title: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut entries: Vec<&Entry> = self.entries.iter().filter(|entry| entry.fate == fate).collect();
        if entries.is_empty() {
            return Ok(());
        }
        entries.sort_by_key(|entry| (&entry.at, &entry.what));
        writeln!(f, "\n{title} ({})", entries.len())?;
        for Entry { at, what, words, .. } in entries {
            writeln!(f, "  {}:{}: {what}: {words}", at.file, at.line)?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} carried over, {} with a difference, {} not",
            self.count(Fate::Carried),
            self.count(Fate::Changed),
            self.count(Fate::Left)
        )?;
        self.section(Fate::Left, "not carried over", f)?;
        self.section(Fate::Changed, "carried over with a difference", f)?;
        self.section(Fate::Carried, "carried over", f)
    }
}
