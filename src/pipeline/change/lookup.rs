use std::collections::HashMap;

use super::text::text_of;
use crate::config::LookupTable;
use crate::event::{FieldId, Fields, Schema, Value};

/// A text per column; nothing is set by an empty one.
type Row = Box<[Box<[u8]>]>;

/// `[[lookup]]`, compiled.
#[derive(Debug)]
pub(super) struct Lookup {
    field: FieldId,
    /// The field of each column.
    sets: Vec<FieldId>,
    rows: HashMap<Box<[u8]>, Row>,
}

impl Lookup {
    pub fn new(field: FieldId, table: &LookupTable, schema: &mut Schema) -> Self {
        let bytes = |text: &String| Box::from(text.as_bytes());
        Lookup {
            field,
            sets: table.fields.iter().map(|name| schema.intern(name)).collect(),
            rows: table
                .rows
                .iter()
                .map(|(key, row)| (bytes(key), row.iter().map(bytes).collect()))
                .collect(),
        }
    }

    /// A value that the table does not have changes nothing; neither does an empty column.
    pub fn apply<'a>(&'a self, fields: &mut Fields<'a>) {
        let mut digits = itoa::Buffer::new();
        let value = fields.get(self.field);
        let Some(row) = text_of(value, &mut digits).and_then(|key| self.rows.get(key)) else {
            return;
        };
        for (&field, text) in self.sets.iter().zip(row) {
            if !text.is_empty() {
                fields.set(field, Value::Text(text));
            }
        }
    }
}
