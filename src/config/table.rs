//! Taking typed values out of a [`Table`]: each mistake becomes a diagnostic at its place.

use std::fmt::Display;
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use serde_json::Value;

use super::document::{Entry, Node, NodeValue, Table};
use super::quantity::{parse_bytes, parse_duration, write_bytes, write_duration};
use super::suggestion::{listed, remedy};
use super::{Diagnostic, Diagnostics, Spanned};

/// A name with its place and a value with its own.
pub(super) type Pair<T> = (Spanned<String>, Spanned<T>);

const SCALAR: &str = "a string, a number, `true` or `false`";

impl Table {
    /// Whether a key was written and not yet taken.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| entry.name == key)
    }

    /// Reports a key that must be there and is not. To be asked before the key is taken.
    pub(super) fn require(&self, key: &str, example: &str, diagnostics: &mut Diagnostics) {
        if self.incomplete || self.has(key) {
            return;
        }
        let message = match self.name.as_str() {
            "" => format!("`{key}` is missing"),
            name => format!("`{key}` is missing in {name}"),
        };
        diagnostics.push(
            Diagnostic::error(message)
                .at(self.place(""))
                .help(format!("add `{example}`")),
        );
    }

    /// Reports keys of which some are there and some are not. To be asked before the keys are taken.
    pub(super) fn require_together(&self, keys: [&str; 2], diagnostics: &mut Diagnostics) {
        if !self.incomplete {
            self.require_after(keys[0], keys[1], diagnostics);
            self.require_after(keys[1], keys[0], diagnostics);
        }
    }

    /// Reports a key that says nothing without another. To be asked before the keys are taken.
    pub(super) fn require_after(&self, key: &str, other: &str, diagnostics: &mut Diagnostics) {
        let entry = self.entries.iter().find(|entry| entry.name == key);
        if let (Some(entry), false) = (entry, self.has(other)) {
            diagnostics.push(
                Diagnostic::error(format!("`{key}` is there without `{other}`"))
                    .at_value(&self.spanned((), entry.name_span.clone()), "")
                    .help(format!("add `{other}`, or remove `{key}`")),
            );
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

    pub(super) fn take_string(
        &mut self,
        key: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Spanned<String>> {
        let node = self.take(key)?;
        self.string(key, "a string", node, diagnostics)
    }

    /// A string that says something.
    pub(super) fn take_name(
        &mut self,
        key: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Spanned<String>> {
        let text = self.take_string(key, diagnostics)?;
        if text.trim().is_empty() {
            diagnostics.push(
                Diagnostic::error(format!("`{key}` is empty"))
                    .at_value(&text, "")
                    .help(format!("write a value, or remove `{key}`")),
            );
            return None;
        }
        Some(text)
    }

    /// A string, or an array of strings.
    pub(super) fn take_strings(
        &mut self,
        key: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Vec<Spanned<String>> {
        match self.take(key) {
            Some(node) => self.strings(key, node, diagnostics),
            None => Vec::new(),
        }
    }

    /// Like [`Table::take_strings`]; one that is there but empty is reported.
    pub(super) fn take_list(
        &mut self,
        key: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Vec<Spanned<String>> {
        let empty = self.entries.iter().find(|entry| {
            entry.name == key && matches!(&entry.node.value, NodeValue::Array(items) if items.is_empty())
        });
        if let Some(entry) = empty {
            diagnostics.push(
                Diagnostic::error(format!("`{key}` is empty"))
                    .at_value(&self.spanned((), entry.node.span.clone()), "needs at least one"),
            );
        }
        self.take_strings(key, diagnostics)
    }

    /// A string that some type can be read from.
    pub(super) fn take_parsed<T: FromStr>(
        &mut self,
        key: &'static str,
        what: &str,
        help: &str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Spanned<T>> {
        let text = self.take_string(key, diagnostics)?;
        match text.value.parse() {
            Ok(value) => Some(text.map(|_| value)),
            Err(_) => {
                diagnostics.push(
                    Diagnostic::error(format!("`{key}` is not {what}"))
                        .at_value(&text, "")
                        .help(help),
                );
                None
            }
        }
    }

    /// A whole number from 1 to `max`.
    pub(super) fn take_count(
        &mut self,
        key: &'static str,
        max: usize,
        diagnostics: &mut Diagnostics,
    ) -> Option<Spanned<NonZeroUsize>> {
        let count = self.take_integer(key, 1..=max, diagnostics)?;
        let number = NonZeroUsize::new(count.value)?;
        Some(count.map(|_| number))
    }

    pub(super) fn take_bool(
        &mut self,
        key: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Spanned<bool>> {
        let node = self.take(key)?;
        match node.value {
            NodeValue::Bool(value) => Some(self.spanned(value, node.span)),
            _ => self.wrong_type(key, "`true` or `false`", &node, diagnostics),
        }
    }

    /// A whole number within `range`.
    pub(super) fn take_integer<T>(
        &mut self,
        key: &'static str,
        range: RangeInclusive<T>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Spanned<T>>
    where
        T: TryFrom<i128> + PartialOrd + Display,
    {
        let node = self.take(key)?;
        let NodeValue::Integer(number) = node.value else {
            return self.wrong_type(key, "an integer", &node, diagnostics);
        };
        let value = T::try_from(number).ok();
        self.within(key, value, range, T::to_string, node, diagnostics)
    }

    /// A number of bytes within `range`: `"64MiB"`, `"5MB"` or a plain number.
    pub(super) fn take_bytes(
        &mut self,
        key: &'static str,
        range: RangeInclusive<u64>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Spanned<u64>> {
        let node = self.take(key)?;
        let bytes = match &node.value {
            NodeValue::Integer(number) => u64::try_from(*number).ok(),
            NodeValue::Text(text) => match parse_bytes(text) {
                Some(bytes) => Some(bytes),
                None => {
                    let help = "write a whole number with one of the units B, kB, KiB, MB, MiB, GB, GiB, such as \"64MiB\"";
                    return self.wrong_value(key, "a size", node, help, diagnostics);
                }
            },
            _ => return self.wrong_type(key, "a size such as \"64MiB\"", &node, diagnostics),
        };
        self.within(key, bytes, range, |&bytes| write_bytes(bytes), node, diagnostics)
    }

    /// A duration within `range`: `"30s"`, `"200ms"`, `"5m"`.
    pub(super) fn take_duration(
        &mut self,
        key: &'static str,
        range: RangeInclusive<Duration>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Spanned<Duration>> {
        let node = self.take(key)?;
        let NodeValue::Text(text) = &node.value else {
            return self.wrong_type(key, "a duration such as \"30s\"", &node, diagnostics);
        };
        let Some(duration) = parse_duration(text) else {
            let help = "write a whole number with one of the units ms, s, m, h, d, such as \"30s\"";
            return self.wrong_value(key, "a duration", node, help, diagnostics);
        };
        self.within(
            key,
            Some(duration),
            range,
            |&duration| write_duration(duration),
            node,
            diagnostics,
        )
    }

    /// One of a few words.
    pub(super) fn take_choice<T: Copy>(
        &mut self,
        key: &'static str,
        choices: &[(&str, T)],
        diagnostics: &mut Diagnostics,
    ) -> Option<Spanned<T>> {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let node = self.take(key)?;
        let word = self.string(key, &format!("one of {}", listed(&words)), node, diagnostics)?;
        match choices.iter().find(|(choice, _)| *choice == word.value) {
            Some(&(_, value)) => Some(word.map(|_| value)),
            None => {
                diagnostics.push(
                    Diagnostic::error(format!("unknown value `{}` for `{key}`", word.value))
                        .at_value(&word, "")
                        .help(remedy(&word.value, &words, "known values")),
                );
                None
            }
        }
    }

    /// Numbers, whole or not.
    pub(super) fn take_floats(
        &mut self,
        key: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Spanned<Vec<f64>>> {
        let node = self.take(key)?;
        let NodeValue::Array(items) = node.value else {
            return self.wrong_type(key, "an array of numbers", &node, diagnostics);
        };
        let mut numbers = Vec::with_capacity(items.len());
        for item in items {
            match item.value {
                NodeValue::Float(number) => numbers.push(number),
                NodeValue::Integer(number) => numbers.push(number as f64),
                _ => return self.wrong_type(key, "a number", &item, diagnostics),
            }
        }
        Some(self.spanned(numbers, node.span))
    }

    /// `[key]`.
    pub(super) fn take_table(&mut self, key: &'static str, diagnostics: &mut Diagnostics) -> Option<Table> {
        let node = self.take(key)?;
        match node.value {
            NodeValue::Table(table) => Some(table),
            NodeValue::Array(mut items) if items.len() == 1 && is_header(&items[0]) => {
                self.push_header(key, format!("[{key}]"), &items[0], diagnostics);
                match items.remove(0).value {
                    NodeValue::Table(table) => Some(table),
                    _ => None,
                }
            }
            NodeValue::Array(items) if items.iter().any(is_header) => {
                self.push_header(key, format!("[{key}]"), &items[items.len() - 1], diagnostics);
                None
            }
            _ => self.wrong_type(key, &format!("a table such as [{key}]"), &node, diagnostics),
        }
    }

    /// `[[key]]`, any number of times.
    pub(super) fn take_tables(&mut self, key: &'static str, diagnostics: &mut Diagnostics) -> Vec<Table> {
        let Some(node) = self.take(key) else {
            return Vec::new();
        };
        let expected = format!("tables such as [[{key}]]");
        match node.value {
            NodeValue::Array(items) => {
                let mut tables = Vec::with_capacity(items.len());
                for item in items {
                    match item.value {
                        NodeValue::Table(table) => tables.push(table),
                        _ => {
                            self.wrong_type::<()>(key, &expected, &item, diagnostics);
                        }
                    }
                }
                tables
            }
            NodeValue::Table(_) if is_header(&node) => {
                self.push_header(key, format!("[[{key}]]"), &node, diagnostics);
                match node.value {
                    NodeValue::Table(table) => vec![table],
                    _ => Vec::new(),
                }
            }
            _ => {
                self.wrong_type::<()>(key, &expected, &node, diagnostics);
                Vec::new()
            }
        }
    }

    /// `key = { name = "text" }`, in the order of the file; nested and dotted names are joined with dots.
    pub(super) fn take_map(&mut self, key: &'static str, diagnostics: &mut Diagnostics) -> Vec<Pair<String>> {
        let mut map = Vec::new();
        for (name, node) in self.take_nodes(key, diagnostics) {
            if let Some(text) = self.string(&name.value, "a string", node, diagnostics) {
                map.push((name, text));
            }
        }
        map
    }

    /// Like [`Table::take_map`], with values yet to be read.
    pub(super) fn take_nodes(
        &mut self,
        key: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Vec<(Spanned<String>, Node)> {
        let mut flat = Vec::new();
        match self.take(key) {
            None => {}
            Some(Node {
                value: NodeValue::Table(table),
                ..
            }) => flatten(table, None, &mut flat),
            Some(node) => {
                self.wrong_type::<()>(key, "a table such as { name = \"value\" }", &node, diagnostics);
            }
        }
        flat.sort_by_key(|(_, node)| node.span.start);
        flat
    }

    /// Reports every key that was not taken.
    pub(super) fn finish(self, diagnostics: &mut Diagnostics) {
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
                    .help(remedy(&entry.name, &self.known, &what)),
            );
        }
    }

    fn take(&mut self, key: &'static str) -> Option<Node> {
        self.known.push(key);
        let at = self.entries.iter().position(|entry| entry.name == key)?;
        Some(self.entries.remove(at).node)
    }

    pub(super) fn string(
        &self,
        key: &str,
        expected: &str,
        node: Node,
        diagnostics: &mut Diagnostics,
    ) -> Option<Spanned<String>> {
        match node.value {
            NodeValue::Text(text) => Some(self.spanned(text, node.span)),
            _ => self.wrong_type(key, expected, &node, diagnostics),
        }
    }

    pub(super) fn strings(
        &self,
        key: &str,
        node: Node,
        diagnostics: &mut Diagnostics,
    ) -> Vec<Spanned<String>> {
        match node.value {
            NodeValue::Array(items) => items
                .into_iter()
                .filter_map(|item| self.string(key, "a string", item, diagnostics))
                .collect(),
            _ => self
                .string(key, "a string or an array of strings", node, diagnostics)
                .into_iter()
                .collect(),
        }
    }

    /// Strings, booleans and numbers, one or several, as JSON has them.
    pub(super) fn scalars(&self, key: &str, node: Node, diagnostics: &mut Diagnostics) -> Vec<Value> {
        let items = match node.value {
            NodeValue::Array(items) => items,
            _ => vec![node],
        };
        items
            .into_iter()
            .filter_map(|item| match item.value {
                NodeValue::Array(_) => self.wrong_type(key, SCALAR, &item, diagnostics),
                _ => self.json(key, item, diagnostics).map(|value| value.value),
            })
            .collect()
    }

    /// A value as JSON has it.
    pub(super) fn json(
        &self,
        key: &str,
        node: Node,
        diagnostics: &mut Diagnostics,
    ) -> Option<Spanned<Value>> {
        let value = match node.value {
            NodeValue::Text(text) => Value::from(text),
            NodeValue::Bool(bool) => Value::from(bool),
            NodeValue::Integer(number) if i64::try_from(number).is_ok() => Value::from(number as i64),
            NodeValue::Float(number) if number.is_finite() => Value::from(number),
            NodeValue::Array(items) => Value::Array(
                items
                    .into_iter()
                    .filter_map(|item| self.json(key, item, diagnostics).map(|value| value.value))
                    .collect(),
            ),
            _ => return self.wrong_type(key, SCALAR, &node, diagnostics),
        };
        Some(self.spanned(value, node.span))
    }

    pub(super) fn wrong_type<T>(
        &self,
        key: &str,
        expected: &str,
        node: &Node,
        diagnostics: &mut Diagnostics,
    ) -> Option<T> {
        if !matches!(node.value, NodeValue::Broken) {
            diagnostics.push(
                Diagnostic::error(format!("expected {expected}, found {}", node.value.kind())).at_value(
                    &self.spanned((), node.span.clone()),
                    format!("`{key}` takes {expected}"),
                ),
            );
        }
        None
    }

    fn wrong_value<T>(
        &self,
        key: &str,
        expected: &str,
        node: Node,
        help: &str,
        diagnostics: &mut Diagnostics,
    ) -> Option<T> {
        diagnostics.push(
            Diagnostic::error(format!("`{key}` is not {expected}"))
                .at_value(&self.spanned((), node.span), "")
                .help(help),
        );
        None
    }

    /// The value when it is within the range; `None` stands for one that not even the type can hold.
    fn within<T: PartialOrd>(
        &self,
        key: &str,
        value: Option<T>,
        range: RangeInclusive<T>,
        write: impl Fn(&T) -> String,
        node: Node,
        diagnostics: &mut Diagnostics,
    ) -> Option<Spanned<T>> {
        match value {
            Some(value) if range.contains(&value) => Some(self.spanned(value, node.span)),
            _ => {
                let (from, to) = (write(range.start()), write(range.end()));
                diagnostics.push(Diagnostic::error(format!("`{key}` is out of range")).at_value(
                    &self.spanned((), node.span),
                    format!("must be between {from} and {to}"),
                ));
                None
            }
        }
    }

    fn push_header(&self, key: &str, header: String, node: &Node, diagnostics: &mut Diagnostics) {
        let remedy = match header.starts_with("[[") {
            true => format!("write `{header}`: there may be several"),
            false => format!("write `{header}`: there is one"),
        };
        diagnostics.push(
            Diagnostic::error(format!("wrong brackets around `{key}`"))
                .at_value(&self.spanned((), node.span.clone()), "")
                .help(remedy),
        );
    }
}

/// Whether a table has a header of its own, `[…]`, and is not written inline.
fn is_header(node: &Node) -> bool {
    match &node.value {
        NodeValue::Table(table) => table.file.text()[node.span.clone()].starts_with('['),
        _ => false,
    }
}

/// The leaves of a table under dotted names.
fn flatten(table: Table, prefix: Option<&Spanned<String>>, flat: &mut Vec<(Spanned<String>, Node)>) {
    for Entry {
        name,
        name_span,
        node,
    } in table.entries
    {
        let name = match prefix {
            None => Spanned::new(name, name_span, table.file.clone()),
            Some(prefix) => {
                // `a.b` is pointed at as a whole when it is written as one.
                let whole = prefix.span.start..name_span.end;
                let as_one = table
                    .file
                    .text()
                    .get(whole.clone())
                    .is_some_and(|text| !text.contains(['\n', '{']));
                Spanned::new(
                    format!("{}.{name}", prefix.value),
                    if as_one { whole } else { name_span },
                    table.file.clone(),
                )
            }
        };
        match node.value {
            NodeValue::Table(inner) => flatten(inner, Some(&name), flat),
            _ => flat.push((name, node)),
        }
    }
}
