//! Taking tables out of a [`Table`].

use super::document::{Entry, Node, NodeValue, Table, has_both_headers};
use super::shape::Holds;
use super::{Diagnostic, Diagnostics, Spanned};

/// A name with its place and a value with its own.
pub(super) type Pair<T> = (Spanned<String>, Spanned<T>);

impl Table {
    /// `[key]`.
    pub(super) fn take_table(&mut self, key: &'static str, diagnostics: &mut Diagnostics) -> Option<Table> {
        if let Some(table) = self.note_table(key, Holds::Table) {
            return Some(table);
        }
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
        if let Some(table) = self.note_table(key, Holds::Tables) {
            return vec![table];
        }
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
        self.note(key, || Holds::Map);
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
        self.note(key, || Holds::Nodes);
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

    fn push_header(&self, key: &str, header: String, node: &Node, diagnostics: &mut Diagnostics) {
        if has_both_headers(self.file.text(), key) {
            return;
        }
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
pub(super) fn is_header(node: &Node) -> bool {
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
