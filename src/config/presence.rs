//! Which keys of a [`Table`] are there: missing, excluding each other, unknown.

use super::document::{Node, NodeValue, Table};
use super::nested::is_header;
use super::suggestion::{closest, remedy};
use super::{Diagnostic, Diagnostics};

impl Table {
    /// Whether a key was written and not yet taken. A table that is only questioned has every key, so that none is
    /// required for the want of another.
    pub(super) fn has(&self, key: &str) -> bool {
        self.notes.is_some() || self.entries.iter().any(|entry| entry.name == key)
    }

    /// Has [`Table::finish`] report a key that must be there and is not. To be asked before the key is taken.
    pub(super) fn require(&mut self, key: &str, example: &str) {
        self.note_required(key);
        if self.incomplete || self.has(key) {
            return;
        }
        let message = match self.name.as_str() {
            "" => format!("`{key}` is missing"),
            name => format!("`{key}` is missing in {name}"),
        };
        let diagnostic = Diagnostic::error(message)
            .at(self.place(""))
            .help(format!("add `{example}`"));
        self.missing.push((key.to_owned(), diagnostic));
    }

    /// Whether a key that nobody asked for is meant to be one of these. To be asked when all others are taken.
    pub(super) fn is_meant(&self, keys: &[&str]) -> bool {
        let meant = |name: &str| closest(name, self.known.iter().copied());
        self.entries
            .iter()
            .any(|entry| meant(&entry.name).is_some_and(|meant| keys.contains(&meant)))
    }

    /// Has [`Table::finish`] report keys of which some are there and some are not. To be asked before the keys are taken.
    pub(super) fn require_together(&mut self, keys: [&str; 2]) {
        self.require_after(keys[0], keys[1]);
        self.require_after(keys[1], keys[0]);
    }

    /// Has [`Table::finish`] report a key that says nothing without another. To be asked before the keys are taken.
    pub(super) fn require_after(&mut self, key: &str, other: &str) {
        let entry = self.entries.iter().find(|entry| entry.name == key);
        if let (Some(entry), false) = (entry, self.has(other)) {
            let diagnostic = Diagnostic::error(format!("`{key}` is there without `{other}`"))
                .at_value(&self.spanned((), entry.name_span.clone()), "")
                .help(format!("add `{other}`, or remove `{key}`"));
            self.missing.push((other.to_owned(), diagnostic));
        }
    }

    /// Reports all but the first of keys that exclude each other. To be asked before the keys are taken.
    pub(super) fn require_at_most_one(&self, keys: &[&str], diagnostics: &mut Diagnostics) {
        let mut written = self
            .entries
            .iter()
            .filter(|entry| keys.contains(&entry.name.as_str()));
        let Some(first) = written.next() else { return };
        for entry in written {
            diagnostics.push(
                Diagnostic::error(format!(
                    "`{}` and `{}` exclude each other",
                    first.name, entry.name
                ))
                .at_value(&self.spanned((), entry.name_span.clone()), "")
                .help("keep one of them"),
            );
        }
    }

    /// Reports every key that was not taken, and those that are missing. In a file with a mistake of syntax a key may
    /// stand in the wrong table, because the header above it could not be read; there it says nothing.
    pub(super) fn finish(self, diagnostics: &mut Diagnostics) {
        if self.incomplete {
            return;
        }
        for (key, missing) in &self.missing {
            if !self.is_meant(&[key]) {
                diagnostics.push(missing.clone());
            }
        }
        for entry in &self.entries {
            let what = match self.name.as_str() {
                "" => "known here".to_owned(),
                name => format!("known in {name}"),
            };
            let kind = match &entry.node {
                node if is_header(node) => "table",
                Node {
                    value: NodeValue::Array(items),
                    ..
                } if items.iter().any(is_header) => "table",
                _ => "key",
            };
            diagnostics.push(
                Diagnostic::error(format!("unknown {kind} `{}`", entry.name))
                    .at_value(&self.spanned((), entry.name_span.clone()), "")
                    .help(match self.known.is_empty() {
                        true => format!("remove it: {} has no keys", self.name),
                        false => remedy(&entry.name, &self.known, &what),
                    }),
            );
        }
    }
}
