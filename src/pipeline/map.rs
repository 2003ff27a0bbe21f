//! `[[map]]`: a word of the log becomes the word that it stands for.

use crate::config::MapRule;
use crate::event::{FieldId, Fields, Schema, Value};

use super::constant::Constant;

/// What the values of one field stand for.
#[derive(Debug)]
pub(super) struct Map {
    from: FieldId,
    to: FieldId,
    /// A table has a handful of entries; the first that is the value counts.
    entries: Box<[Entry]>,
}

#[derive(Debug)]
struct Entry {
    word: Box<[u8]>,
    /// The word, if it is a number: a field may have it as one.
    number: Option<i64>,
    becomes: Constant,
}

impl Map {
    /// `from` is the slot of the rule's field.
    pub fn new(rule: &MapRule, from: FieldId, schema: &mut Schema) -> Map {
        Map {
            from,
            to: match &rule.to {
                Some(to) => schema.intern(to),
                None => from,
            },
            entries: rule
                .values
                .iter()
                .map(|(word, becomes)| Entry {
                    word: word.as_bytes().into(),
                    number: word.parse().ok(),
                    becomes: Constant::from(&becomes.value),
                })
                .collect(),
        }
    }

    /// What the table does not have stays as it is.
    pub fn apply<'a>(&'a self, fields: &mut Fields<'a>) {
        let found = match fields.get(self.from) {
            Value::Text(text) => self.entries.iter().find(|entry| *entry.word == *text),
            Value::Int(number) => self.entries.iter().find(|entry| entry.number == Some(number)),
            _ => return,
        };
        if let Some(entry) = found {
            fields.set(self.to, entry.becomes.value());
        }
    }
}
