use bumpalo::Bump;
use bumpalo::collections::Vec;

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

/// What a line has under the wanted paths.
pub(crate) struct Places<'a, 'p> {
    /// For each path by its number: its place in `places`, counted from 1.
    index: &'p mut [u16],
    places: Vec<'a, Place<'a>>,
    /// Bit `n % 64` is set when the path `n` may have a value.
    taken: u64,
}

struct Place<'a> {
    path: u16,
    found: Found<'a>,
    used: bool,
}

/// Most rules list no more paths than this.
pub(crate) const FEW: usize = 64;

impl<'a, 'p> Places<'a, 'p> {
    /// For `len` paths; `few` is used where it suffices.
    pub fn new(len: usize, few: &'p mut [u16; FEW], arena: &'a Bump) -> Self
    where
        'a: 'p,
    {
        Places {
            index: match few.get_mut(..len) {
                Some(index) => index,
                None => arena.alloc_slice_fill_copy(len, 0),
            },
            places: Vec::with_capacity_in(len.min(FEW), arena),
            taken: 0,
        }
    }

    /// Of several values for a path the last counts; gives the one before it.
    #[inline(always)]
    pub fn put(&mut self, path: u16, found: Found<'a>) -> Found<'a> {
        match self.index[usize::from(path)] {
            0 => {
                self.places.push(Place {
                    path,
                    found,
                    used: false,
                });
                // There are no more places than paths.
                self.index[usize::from(path)] = self.places.len() as u16;
                self.taken |= Self::bit(path);
                Found::Nothing
            }
            place => std::mem::replace(&mut self.places[usize::from(place) - 1].found, found),
        }
    }

    /// The bit of a path in a set of paths; several paths may share one.
    pub fn bit(path: u16) -> u64 {
        1 << (path % 64)
    }

    /// Whether there may be a value under one of the paths.
    #[inline]
    pub fn has(&self, paths: u64) -> bool {
        self.taken & paths != 0
    }

    /// The place of a path, if the line has it.
    #[inline(always)]
    fn place(&mut self, path: u16) -> Option<&mut Place<'a>> {
        let place = usize::from(self.index[usize::from(path)]).checked_sub(1)?;
        self.places.get_mut(place)
    }

    /// Hands the path's value to a field; whether the field takes it.
    #[inline(always)]
    pub fn give(&mut self, path: u16, take: impl FnOnce(&Found<'a>) -> bool) -> bool {
        let Some(place) = self.place(path) else {
            return false;
        };
        let taken = take(&place.found);
        place.used |= taken;
        taken
    }

    /// The values that no field has got, with the numbers of their paths.
    pub fn unused(&self) -> impl Iterator<Item = (u16, Found<'a>)> {
        self.places
            .iter()
            .filter(|place| !place.used && !place.found.is_nothing())
            .map(|place| (place.path, place.found))
    }
}

impl<'a> Found<'a> {
    #[inline]
    pub fn is_null(&self) -> bool {
        matches!(self, Found::Nothing | Found::Json(_, Shape::Null))
    }

    /// It says nothing, and Elasticsearch refuses it where another event has a text.
    #[inline]
    pub fn is_empty_object(&self) -> bool {
        matches!(self, Found::Json([b'{', inner @ .., b'}'], Shape::Object) if inner.trim_ascii().is_empty())
    }

    /// Nothing, null, or an empty text.
    #[inline]
    pub fn is_nothing(&self) -> bool {
        match *self {
            Found::Nothing | Found::Json(_, Shape::Null) => true,
            Found::Text(text) => text.is_empty(),
            // Nothing but the quotes.
            Found::Json(raw, Shape::String { .. }) => raw.len() == 2,
            Found::Json(..) => false,
        }
    }

    /// `-` in place of a value.
    pub fn is_dash(&self) -> bool {
        matches!(*self, Found::Text(b"-") | Found::Json(b"\"-\"", _))
    }

    /// Its text, unescaped; of an array of texts these, one per line; of what else is no text, its JSON.
    #[inline]
    pub fn text(&self, arena: &'a Bump) -> &'a [u8] {
        match *self {
            Found::Nothing => &[],
            Found::Text(text) => text,
            Found::Json([b'"', text @ .., b'"'], Shape::String { escaped: false }) => text,
            Found::Json([b'"', text @ ..], Shape::String { escaped: true }) => json::unescaped(text, arena),
            Found::Json(raw, Shape::Array) => json::joined(raw, arena).unwrap_or(raw),
            Found::Json(raw, _) => raw,
        }
    }

    /// See [`super::Take::Plain`].
    #[inline(always)]
    pub fn plain(&self, dirty: bool, arena: &'a Bump) -> Value<'a> {
        match *self {
            Found::Json([b'"', text @ .., b'"'], Shape::String { escaped: false }) => Value::Text(text),
            _ => self.other_plain(dirty, arena),
        }
    }

    #[inline(never)]
    fn other_plain(&self, dirty: bool, arena: &'a Bump) -> Value<'a> {
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

    /// [`Found::plain`], but of what is an object, or has one, the JSON as a text.
    #[inline(always)]
    pub fn flat(&self, dirty: bool, arena: &'a Bump) -> Value<'a> {
        match *self {
            Found::Json([b'"', text @ .., b'"'], Shape::String { escaped: false }) => Value::Text(text),
            Found::Json(raw, Shape::Object | Shape::Array) if self.is_nested() => Value::Text(raw),
            _ => self.other_plain(dirty, arena),
        }
    }

    /// An object, or an array of nothing but objects: what an object's name may stand for.
    pub fn is_object(&self) -> bool {
        match *self {
            Found::Json(_, Shape::Object) => true,
            Found::Json(raw, Shape::Array) => json::holds(raw, true) && !json::holds(raw, false),
            _ => false,
        }
    }

    /// An object, or an array that holds one.
    #[inline(never)]
    pub fn is_nested(&self) -> bool {
        match *self {
            Found::Json(_, Shape::Object) => true,
            Found::Json(raw, Shape::Array) => json::holds(raw, true),
            _ => false,
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
