//! What a table may hold, told by what its reader asks it for.
//!
//! The functions that read a file know each key, its type and its range: they are the one source. A table that only
//! takes note of the questions ([`Table::questioned`]) and answers none turns them into a [`Shape`], from which the JSON
//! Schema is made.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use super::SourceFile;
use super::document::Table;

/// The keys of a table, in the order in which they are read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Shape {
    pub keys: Vec<Key>,
    /// Keys that must be there.
    pub required: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Key {
    pub name: &'static str,
    pub holds: Holds,
}

/// What stands behind a key.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Holds {
    Text,
    /// Text that says something.
    Name,
    /// One text or several.
    Texts,
    Choice(Vec<String>),
    Bool,
    /// From one number to another, both as they are written.
    Integer(String, String),
    Float,
    Floats,
    /// Bytes, as a number or with a unit.
    Bytes(u64, u64),
    Duration,
    /// Names of any sort and texts.
    Map,
    /// Names of any sort and what the program looks at itself.
    Nodes,
    Table(Notes),
    Tables(Notes),
}

/// A shape in the making.
pub(super) type Notes = Rc<RefCell<Shape>>;

impl Table {
    /// A table that has nothing and takes note of what it is asked.
    pub(super) fn questioned() -> (Table, Notes) {
        let notes = Notes::default();
        let table = Table {
            file: SourceFile::new("schema", ""),
            name: String::new(),
            span: Range::default(),
            entries: Vec::new(),
            known: Vec::new(),
            missing: Vec::new(),
            incomplete: false,
            notes: Some(Rc::clone(&notes)),
        };
        (table, notes)
    }

    /// Takes note of a question; the same key is asked once.
    pub(super) fn note(&self, name: &'static str, holds: impl FnOnce() -> Holds) {
        if let Some(notes) = &self.notes {
            let mut shape = notes.borrow_mut();
            if !shape.keys.iter().any(|key| key.name == name) {
                let holds = holds();
                shape.keys.push(Key { name, holds });
            }
        }
    }

    /// Takes note of a key that must be there.
    pub(super) fn note_required(&self, name: &str) {
        if let Some(notes) = &self.notes {
            notes.borrow_mut().required.push(name.to_owned());
        }
    }

    /// The table that stands in for one behind a key.
    pub(super) fn note_table(&self, name: &'static str, holds: impl FnOnce(Notes) -> Holds) -> Option<Table> {
        self.notes.as_ref()?;
        let (table, notes) = Table::questioned();
        self.note(name, || holds(notes));
        Some(table)
    }
}
