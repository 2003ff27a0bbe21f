//! TOML with the place of each value.

use std::ops::Range;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::{Diagnostic, Diagnostics, Place, SourceFile, Spanned};

/// A value and where it stands.
#[derive(Debug)]
pub(super) struct Node {
    pub value: NodeValue,
    pub span: Range<usize>,
}

#[derive(Debug)]
pub(super) enum NodeValue {
    Text(String),
    /// Held to the range of `i128`, far outside of any range that a key takes.
    Integer(i128),
    Float(f64),
    Bool(bool),
    Datetime,
    Array(Vec<Node>),
    Table(Table),
    /// A mistake in it was reported already; whoever takes it gets nothing and says nothing.
    Broken,
}

impl NodeValue {
    /// With its article, for `found …`.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            NodeValue::Text(_) => "a string",
            NodeValue::Integer(_) => "an integer",
            NodeValue::Float(_) => "a float",
            NodeValue::Bool(_) => "a boolean",
            NodeValue::Datetime => "a date",
            NodeValue::Array(_) => "an array",
            NodeValue::Table(_) => "a table",
            NodeValue::Broken => "a mistake",
        }
    }
}

#[derive(Debug)]
pub(super) struct Entry {
    pub name: String,
    pub name_span: Range<usize>,
    pub node: Node,
}

/// A table whose keys are taken one by one; what is left at the end is unknown. See the `take_…` methods.
#[derive(Debug)]
pub(super) struct Table {
    pub file: Arc<SourceFile>,
    /// As messages call it: `[agent]`, `[[input]]`; empty for the file itself.
    pub name: String,
    /// The header, the braces of an inline table, or nothing for the file itself.
    pub span: Range<usize>,
    /// Not yet taken, in the order of the file.
    pub entries: Vec<Entry>,
    /// What was asked for so far.
    pub known: Vec<&'static str>,
    /// Part of the file could not be read, so that nothing can be said to be missing.
    pub incomplete: bool,
}

impl Table {
    /// Reads a whole file. Mistakes of syntax are reported, and what can be read nevertheless is there.
    pub(super) fn parse(file: &Arc<SourceFile>, diagnostics: &mut Diagnostics) -> Table {
        let (root, errors) = DeTable::parse_recoverable(file.text());
        let mut damage = Vec::new();
        for error in &errors {
            let span = file.clamp(&error.span().unwrap_or(0..0));
            diagnostics.push(
                Diagnostic::error(format!("TOML syntax: {}", error.message())).at(Place {
                    file: Arc::clone(file),
                    span: span.clone(),
                    label: String::new(),
                }),
            );
            damage.push(lines_of(file.text(), span));
        }
        Reading {
            file,
            damage: &damage,
        }
        .table(root.get_ref(), String::new(), 0..0)
    }

    /// The header, for what is wrong with the table as a whole.
    pub(super) fn place(&self, label: impl Into<String>) -> Place {
        Place {
            file: Arc::clone(&self.file),
            span: self.span.clone(),
            label: label.into(),
        }
    }

    pub(super) fn spanned<T>(&self, value: T, span: Range<usize>) -> Spanned<T> {
        Spanned::new(value, span, Arc::clone(&self.file))
    }
}

/// From the borrowed tree of the TOML crate to our own.
struct Reading<'a> {
    file: &'a Arc<SourceFile>,
    /// Lines with a mistake of syntax, as byte ranges: what was recovered there is a guess and is left out.
    damage: &'a [Range<usize>],
}

impl Reading<'_> {
    fn table(&self, table: &DeTable<'_>, name: String, span: Range<usize>) -> Table {
        let mut entries: Vec<Entry> = table
            .iter()
            .filter_map(|(key, value)| {
                let node = self.node(value.get_ref(), value.span(), &name, key.get_ref())?;
                Some(Entry {
                    name: key.get_ref().to_string(),
                    name_span: self.file.clamp(&key.span()),
                    node,
                })
            })
            .collect();
        entries.sort_by_key(|entry| (entry.node.span.start, entry.name_span.start));
        Table {
            file: Arc::clone(self.file),
            name,
            span: self.file.clamp(&span),
            entries,
            known: Vec::new(),
            incomplete: !self.damage.is_empty(),
        }
    }

    fn node(&self, value: &DeValue<'_>, span: Range<usize>, parent: &str, key: &str) -> Option<Node> {
        let is_section = value.is_table()
            || value
                .as_array()
                .is_some_and(|array| array.iter().any(|one| one.get_ref().is_table()));
        if !is_section && self.is_damaged(&span) {
            return None;
        }
        let value = match value {
            DeValue::String(text) => NodeValue::Text(text.to_string()),
            DeValue::Integer(integer) => NodeValue::Integer(
                i128::from_str_radix(integer.as_str(), integer.radix()).unwrap_or_else(|_| {
                    if integer.as_str().starts_with('-') {
                        i128::MIN
                    } else {
                        i128::MAX
                    }
                }),
            ),
            DeValue::Float(float) => NodeValue::Float(float.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(bool) => NodeValue::Bool(*bool),
            DeValue::Datetime(_) => NodeValue::Datetime,
            DeValue::Array(array) => NodeValue::Array(
                array
                    .iter()
                    .filter_map(|one| {
                        let section = section_name(self.file.text(), one.span(), parent, key);
                        self.item(one.get_ref(), one.span(), section)
                    })
                    .collect(),
            ),
            DeValue::Table(table) => {
                let section = section_name(self.file.text(), span.clone(), parent, key);
                NodeValue::Table(self.table(table, section, span.clone()))
            }
        };
        Some(Node {
            value,
            span: self.file.clamp(&span),
        })
    }

    /// An item of an array: a table is called what its header says.
    fn item(&self, value: &DeValue<'_>, span: Range<usize>, section: String) -> Option<Node> {
        match value {
            DeValue::Table(table) => Some(Node {
                value: NodeValue::Table(self.table(table, section, span.clone())),
                span: self.file.clamp(&span),
            }),
            _ => self.node(value, span, &section, ""),
        }
    }

    fn is_damaged(&self, span: &Range<usize>) -> bool {
        self.damage
            .iter()
            .any(|lines| span.start < lines.end && lines.start < span.end.max(span.start + 1))
    }
}

/// What messages call a table: its header as written, or its path in brackets where it has none (inline, dotted).
fn section_name(text: &str, span: Range<usize>, parent: &str, key: &str) -> String {
    match text.get(span) {
        Some(header) if header.starts_with('[') && header.ends_with(']') && !header.contains('\n') => {
            header.to_owned()
        }
        _ if parent.is_empty() => format!("[{key}]"),
        _ => format!("[{}.{key}]", parent.trim_matches(['[', ']'])),
    }
}

/// The whole lines that a span touches.
fn lines_of(text: &str, span: Range<usize>) -> Range<usize> {
    let start = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[span.end..]
        .find('\n')
        .map_or(text.len(), |newline| span.end + newline);
    start..end
}
