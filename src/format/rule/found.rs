use bumpalo::Bump;

use crate::event::Value;
use crate::format::json::{self, Shape};

/// What a line has under a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    #[default]
    Nothing,
    /// Without quotes and escapes.
    Text(&'a [u8]),
    /// Valid JSON, but perhaps no UTF-8.
    Json(&'a [u8], Shape),
}

/// What a line has under a wanted path, and whether a field has got it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place<'a> {
    pub found: Found<'a>,
    pub used: bool,
}

impl<'a> Found<'a> {
    pub fn is_null(&self) -> bool {
        matches!(self, Found::Nothing | Found::Json(_, Shape::Null))
    }

    /// Nothing, null, or an empty text.
    pub fn is_nothing(&self) -> bool {
        matches!(
            self,
            Found::Nothing | Found::Text([]) | Found::Json(b"\"\"", _) | Found::Json(_, Shape::Null)
        )
    }

    /// Its text, unescaped; of what is no text, its JSON.
    pub fn text(&self, arena: &'a Bump) -> &'a [u8] {
        match *self {
            Found::Nothing => &[],
            Found::Text(text) => text,
            Found::Json([b'"', text @ .., b'"'], Shape::String { escaped: false }) => text,
            Found::Json([b'"', text @ ..], Shape::String { escaped: true }) => json::unescaped(text, arena),
            Found::Json(raw, _) => raw,
        }
    }

    /// See [`super::Take::Plain`].
    pub fn plain(&self, dirty: bool, arena: &'a Bump) -> Value<'a> {
        match *self {
            Found::Json(_, Shape::String { .. }) | Found::Text(_) => Value::Text(self.text(arena)),
            Found::Json(raw, Shape::Number { integer }) => {
                json::number(raw, integer).unwrap_or(Value::Json(raw))
            }
            Found::Json(_, Shape::True) => Value::Bool(true),
            Found::Json(_, Shape::False) => Value::Bool(false),
            _ => self.raw(dirty, arena),
        }
    }

    /// See [`super::Take::Raw`]. `dirty`: the JSON may hold what a document may not.
    pub fn raw(&self, dirty: bool, arena: &'a Bump) -> Value<'a> {
        match *self {
            Found::Nothing => Value::Absent,
            Found::Text(text) => Value::Text(text),
            Found::Json(raw, _) if dirty => Value::Json(json::repaired(raw, arena)),
            Found::Json(raw, _) => Value::Json(raw),
        }
    }
}
