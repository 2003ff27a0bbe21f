//! TOML with the place of each value.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::shape::Notes;
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
    /// Keys that must be there and are not, and what is to be said of each at the end: nothing, where one that is there
    /// is meant to be it.
    pub missing: Vec<(String, Diagnostic)>,
    /// Part of the file could not be read, so that nothing can be said to be missing.
    pub incomplete: bool,
    /// Where questions are noted, in place of an answer: see [`Table::questioned`].
    pub notes: Option<Notes>,
}

impl Table {
    /// Reads a whole file. Mistakes of syntax are reported, and what can be read nevertheless is there.
    pub(super) fn parse(file: &Arc<SourceFile>, diagnostics: &mut Diagnostics) -> Table {
        let (text, mut mistakes) = without_stoppers(file);
        let (root, errors) = DeTable::parse_recoverable(&text);
        mistakes.extend(errors.iter().map(|error| Mistake::of(error, file)));
        let damage = report_syntax(file, mistakes, diagnostics);
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

/// A mistake of syntax in the parser's words.
struct Mistake {
    span: Range<usize>,
    message: String,
}

impl Mistake {
    fn of(error: &toml::de::Error, file: &SourceFile) -> Mistake {
        Mistake {
            span: file.clamp(&error.span().unwrap_or(0..0)),
            message: error.message().to_owned(),
        }
    }
}

/// How many lines at which the parser stops are reported of one file.
const STOPPERS_MAX: usize = 20;

/// At a key without a value the parser stops reading. So that what follows is checked too, such lines are
/// replaced with blanks; every other byte keeps its place.
fn without_stoppers(file: &SourceFile) -> (Cow<'_, str>, Vec<Mistake>) {
    let mut text = Cow::Borrowed(file.text());
    let mut mistakes = Vec::new();
    for _ in 0..STOPPERS_MAX {
        let (_, errors) = DeTable::parse_recoverable(&text);
        let stopper = errors
            .iter()
            .map(|error| Mistake::of(error, file))
            .find(|mistake| mistake.message.starts_with("key with no value"));
        let Some(stopper) = stopper else { break };
        let lines = lines_of(&text, stopper.span.clone());
        text.to_mut()
            .replace_range(lines.clone(), &" ".repeat(lines.len()));
        mistakes.push(stopper);
    }
    (text, mistakes)
}

/// Reports the first mistake of each line; the others of a line follow from it. Gives the lines with mistakes.
fn report_syntax(
    file: &Arc<SourceFile>,
    mut mistakes: Vec<Mistake>,
    diagnostics: &mut Diagnostics,
) -> Vec<Range<usize>> {
    mistakes.sort_by_key(|mistake| mistake.span.start);
    // The parser reads on inside of a bracket that nobody closes, and finds every line after it wrong.
    let unclosed = mistakes
        .iter()
        .any(|mistake| mistake.message.starts_with("unclosed"));
    let mut damage: Vec<Range<usize>> = Vec::new();
    let mut silent = false;
    for Mistake { span, message } in mistakes {
        let lines = lines_of(file.text(), span.clone());
        let follows = damage.last().is_some_and(|last| last.start == lines.start);
        damage.push(lines);
        if silent || follows {
            continue;
        }
        silent = unclosed && message.starts_with("missing comma");
        let message = match silent {
            true => "a bracket before this is not closed",
            false => message.as_str(),
        };
        let key_of_both = file
            .text()
            .get(span.clone())
            .filter(|key| message.starts_with("duplicate key") && has_both_headers(file.text(), key))
            .map(str::to_owned);
        let diagnostic = Diagnostic::error(format!("TOML syntax: {message}")).at(Place {
            file: Arc::clone(file),
            span,
            label: String::new(),
        });
        diagnostics.push(match (key_of_both, syntax_help(message)) {
            (Some(key), _) => diagnostic.help(format!(
                "`[{key}]` and `[[{key}]]` are both there; write `[[{key}]]` where there may be several, else `[{key}]` once"
            )),
            (None, Some(help)) => diagnostic.help(help),
            (None, None) => diagnostic,
        });
    }
    damage
}

/// Whether the file has headers of the key with one bracket and with two: the parser has said that it is there twice.
pub(super) fn has_both_headers(text: &str, key: &str) -> bool {
    let has = |header: String| text.lines().any(|line| line.trim_start().starts_with(&header));
    has(format!("[{key}]")) && has(format!("[[{key}]]"))
}

/// The remedy where the parser's words leave one guessing.
fn syntax_help(message: &str) -> Option<&'static str> {
    let starts = |words: &[&str]| words.iter().any(|word| message.starts_with(word));
    if starts(&[
        "string values must be quoted",
        "invalid float",
        "invalid integer",
        "invalid datetime",
    ]) {
        Some("put quotes around a text: 'text'")
    } else if starts(&["duplicate key"]) {
        Some("it is there already; keep one of the two")
    } else if starts(&["a bracket"]) {
        Some("close the array with `]`, or the inline table with `}`")
    } else {
        None
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
            missing: Vec::new(),
            incomplete: !self.damage.is_empty(),
            notes: None,
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> (Table, Diagnostics) {
        let mut diagnostics = Diagnostics::new();
        let table = Table::parse(&SourceFile::new("a.toml", text), &mut diagnostics);
        (table, diagnostics)
    }

    #[test]
    fn entries_come_in_the_order_of_the_file_with_their_places() {
        let text = "b = 'x'\na.c = 0x10\n[z]\nk = 1.5\n[[y]]\n[[y]]\n";
        let (table, diagnostics) = parse(text);
        assert_eq!(diagnostics, Diagnostics::new());
        let names: Vec<(&str, &str, &str)> = table
            .entries
            .iter()
            .map(|entry| {
                (
                    entry.name.as_str(),
                    &text[entry.name_span.clone()],
                    &text[entry.node.span.clone()],
                )
            })
            .collect();
        assert_eq!(
            names,
            [
                ("b", "b", "'x'"),
                ("a", "a", "a"),
                ("z", "z", "[z]"),
                ("y", "y", "[[y]]")
            ]
        );
    }

    #[test]
    fn tables_are_called_what_their_headers_say() {
        let (table, _) = parse("[[input]]\nlabels.team.x = 1\n");
        let NodeValue::Array(inputs) = &table.entries[0].node.value else {
            panic!("{table:?}");
        };
        let NodeValue::Table(input) = &inputs[0].value else {
            panic!("{table:?}");
        };
        assert_eq!(input.name, "[[input]]");
        let NodeValue::Table(labels) = &input.entries[0].node.value else {
            panic!("{table:?}");
        };
        assert_eq!(labels.name, "[input.labels]");
    }

    #[test]
    fn what_stands_in_a_damaged_line_is_left_out() {
        let (table, diagnostics) = parse("a = 1\nb = oops\nc = 3\n");
        let names: Vec<&str> = table.entries.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["a", "c"]);
        assert!(table.incomplete);
        assert_eq!(diagnostics.errors(), 1);
    }

    proptest! {
        #[test]
        fn no_text_panics(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..40)) {
            let (_, diagnostics) = parse(&pieces.concat());
            prop_assert_eq!(diagnostics.render(false).is_empty(), diagnostics.is_empty());
        }
    }

    const PIECES: &[&str] = &[
        "[", "]", "[[", "]]", "{", "}", "=", ".", ",", "'", "\"", "'''", "\"\"\"", "\n", "\r\n", "\r", "#",
        " ", "a", "b", "input", "1", "1.5", "-", "ü", "\\", "\u{feff}", "true", "a = 1\n", "[a]\n",
        "[[a]]\n", "\0",
    ];
}
