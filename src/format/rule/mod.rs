//! What a pipeline wants of the keys of a line: which go to which field, and what becomes of the rest. JSON and logfmt
//! lines are read by it.
//!
//! ```text
//! keys of the line ──┬─ wanted ──▶ found: one place per wanted path (the last of equal keys counts)
//!                    └─ unknown ─▶ extras, under a prefix, or dropped
//! whole line valid? ─▶ for each field: the first of its paths that is there and converts
//!                      wanted, but not used (a later fallback, a failed conversion) ─▶ extras
//! ```
//!
//! Nothing but extras is set before the line's end is reached, so a broken line leaves nothing behind.

mod ends;
mod extras;
mod found;
mod pairs;
mod table;
mod written;

pub(super) use ends::Ends;
pub(super) use extras::{Extras, TooMany};
pub(super) use found::{FEW, Found, Places};
pub(super) use pairs::Pairs;
use table::Table;
pub(super) use table::{Entry, Member, NodeId, Otherwise};
pub(super) use written::Written;

use crate::event::{FieldId, Schema, Value};
use crate::pattern::{Capture, Kind, Scene};

/// A wanted key, as a pipeline lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its path in the line: `a.b` is the member `b` of the object `a`, or a key that has the dot in it.
    pub source: String,
    pub field: String,
    pub take: Take,
    /// Whether nothing and `-` in its place are no value.
    pub optional: bool,
}

/// What is made of a wanted key's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// As the line has it: text unescaped, numbers as numbers (those that 64 bits do not hold as they are written),
    /// objects and arrays as JSON.
    Plain,
    /// Copied into the document as it is written, a string with its quotes and escapes. Nothing can be computed from it.
    Raw,
    /// Its text as a value of this kind: a number as it is written, an array of texts as lines, an object or another array
    /// as JSON. So a field that must be text is, with [`Kind::Text`], whatever the line has there.
    Kind(Kind),
}

/// What becomes of the keys that nobody lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rest {
    Drop,
    /// Kept as extras, their names behind this prefix (`labels.`, or nothing).
    Keep {
        prefix: String,
    },
}

/// A table of wanted keys, compiled.
#[derive(Clone, Debug)]
pub struct Rule {
    table: Table,
    /// In the order of the pipeline's table.
    fields: Vec<Field>,
    /// Every slot that a line can set.
    sets: Vec<FieldId>,
    /// `None`: unknown keys are dropped.
    prefix: Option<Box<str>>,
}

/// A field, and every way to it, the preferred first.
#[derive(Clone, Debug)]
struct Field {
    name: String,
    ways: Vec<Way>,
    /// The bits of the ways' paths: see [`Places::bit`].
    paths: u64,
}

#[derive(Clone, Copy, Debug)]
struct Way {
    /// Number of the path in the table.
    path: u16,
    /// Its bit: see [`Places::bit`].
    bit: u64,
    target: Target,
    optional: bool,
}

#[derive(Clone, Copy, Debug)]
enum Target {
    Plain(FieldId),
    Raw(FieldId),
    Kind(Capture),
}

impl Rule {
    /// Compiles a table and gives each field a slot. Of several keys for one field the first that a line has counts.
    pub fn new(keys: &[Key], rest: Rest, schema: &mut Schema) -> Rule {
        let mut rule = Rule {
            table: Table::default(),
            fields: Vec::new(),
            sets: Vec::new(),
            prefix: match rest {
                Rest::Drop => None,
                Rest::Keep { prefix } => Some(prefix.into()),
            },
        };
        for key in keys {
            let path = rule.table.want(&key.source);
            let way = Way {
                path,
                bit: Places::bit(path),
                optional: key.optional,
                target: match key.take {
                    Take::Plain => Target::Plain(schema.intern(&key.field)),
                    Take::Raw => Target::Raw(schema.intern(&key.field)),
                    Take::Kind(kind) => Target::Kind(Capture::new(kind, &key.field, schema)),
                },
            };
            rule.sets.extend(way.target.fields());
            match rule.fields.iter_mut().find(|field| field.name == key.field) {
                Some(field) => {
                    field.paths |= way.bit;
                    field.ways.push(way);
                }
                None => rule.fields.push(Field {
                    name: key.field.clone(),
                    paths: way.bit,
                    ways: vec![way],
                }),
            }
        }
        rule.reserve(schema);
        rule.sets.sort_unstable();
        rule.sets.dedup();
        rule
    }

    /// Keeps the document from having a field twice: an unknown key that would be called as one of `schema`'s fields goes
    /// to that field if nothing else in the line does (but for `@timestamp`, which must be a time). To be called again
    /// once every field of the pipeline has its slot.
    pub fn reserve(&mut self, schema: &Schema) {
        self.reserve_names(schema);
        self.table.number();
    }

    fn reserve_names(&mut self, schema: &Schema) {
        let Some(prefix) = &self.prefix else {
            return;
        };
        for (id, name) in schema.iter() {
            let Some(source) = name.strip_prefix(&**prefix).filter(|source| !source.is_empty()) else {
                continue;
            };
            let otherwise = match name {
                "@timestamp" => Otherwise::Nothing,
                _ => Otherwise::Field(id),
            };
            self.table.reserve(source, otherwise);
        }
    }

    /// What a key of the object at `node` is.
    #[inline]
    pub(super) fn member(&self, node: NodeId, key: &[u8]) -> &Member {
        let member = self.table.member(node, key, &Ends::of(key));
        member.unwrap_or(&table::UNKNOWN)
    }

    /// What a key is whose ends are known, and its place, if it has one.
    #[inline(always)]
    pub(super) fn find(&self, node: NodeId, key: &[u8], ends: &Ends) -> (Option<u16>, &Member) {
        match self.table.find(node, key, ends) {
            Some((place, member)) => (Some(place), member),
            None => (None, &table::UNKNOWN),
        }
    }

    /// The key that has a place among those of the object at `node`.
    #[inline(always)]
    pub(super) fn at(&self, node: NodeId, place: u16) -> Option<&Entry> {
        self.table.at(node, place)
    }

    /// By which numbers [`crate::pattern::Sequels`] knows the keys of an object: that of the first place, and that of
    /// the object's beginning.
    #[inline(always)]
    pub(super) fn numbers(&self, node: NodeId) -> (usize, usize) {
        self.table.numbers(node)
    }

    /// Whether elements of the list at `node` are wanted.
    pub(super) fn wants_elements(&self, node: NodeId) -> bool {
        self.table.member(node, b"0", &Ends::of(b"0")).is_some()
    }

    /// How many paths are wanted.
    pub(super) fn paths(&self) -> usize {
        self.table.len()
    }

    /// Keeps a value that is not wanted, or not used.
    pub(super) fn leave<'a>(
        &self,
        (node, key): (NodeId, &'a [u8]),
        otherwise: Otherwise,
        (found, dirty): (Found<'a>, bool),
        extras: &mut Extras<'a>,
        scene: &mut Scene<'a, '_>,
    ) -> Result<(), TooMany> {
        let Some(prefix) = &self.prefix else {
            return Ok(());
        };
        match otherwise {
            _ if found.is_null() => Ok(()),
            Otherwise::Nothing => Ok(()),
            Otherwise::Field(field) => {
                extras.push_twin(field, found.plain(dirty, scene.arena));
                Ok(())
            }
            Otherwise::Extra => {
                let name = extras::name(prefix.as_bytes(), self.table.prefix(node), key, scene.arena);
                extras.push(name, found.raw(dirty, scene.arena), scene)
            }
        }
    }

    /// Sets the fields of what was found. `dirty`: the JSON values may hold what a document may not (bytes that are no
    /// UTF-8, halves of surrogate pairs).
    pub(super) fn finish<'a>(
        &self,
        places: &mut Places<'a, '_>,
        dirty: bool,
        extras: &mut Extras<'a>,
        scene: &mut Scene<'a, '_>,
    ) -> Result<(), TooMany> {
        // From the last field to the first, so that of kinds that set each other's fields the one listed first counts.
        for field in self.fields.iter().rev() {
            if !places.has(field.paths) {
                continue;
            }
            for way in &field.ways {
                let taken = |found: &Found<'a>| {
                    way.optional && found.is_dash() || way.target.set(found, dirty, scene)
                };
                if places.has(way.bit) && places.give(way.path, taken) {
                    break;
                }
            }
        }
        extras.settle_twins(scene);
        if self.prefix.is_none() {
            return Ok(());
        }
        for (path, found) in places.unused() {
            let key = (
                NodeId::ROOT,
                &*scene.arena.alloc_slice_copy(self.table.source(path)),
            );
            let otherwise = self.table.otherwise(path);
            if let Err(error) = self.leave(key, otherwise, (found, dirty), extras, scene) {
                self.undo(extras, scene);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Takes everything back.
    fn undo<'a>(&self, extras: &Extras<'a>, scene: &mut Scene<'a, '_>) {
        extras.undo(scene);
        extras.undo_twins(scene);
        for &field in &self.sets {
            scene.fields.set(field, Value::Absent);
        }
    }
}

impl Target {
    /// A text that is there and empty says something only to who asks for [`Kind::Lines`].
    fn takes_empty(&self, found: &Found<'_>) -> bool {
        !found.is_null() && matches!(self, Target::Kind(capture) if capture.kind() == Kind::Lines)
    }

    fn fields(&self) -> Vec<FieldId> {
        match self {
            Target::Plain(field) | Target::Raw(field) => vec![*field],
            Target::Kind(capture) => capture.fields(),
        }
    }

    /// False where the line does not have the value, or it is not of the kind.
    #[inline(always)]
    fn set<'a>(&self, found: &Found<'a>, dirty: bool, scene: &mut Scene<'a, '_>) -> bool {
        if found.is_nothing() && !self.takes_empty(found) {
            return false;
        }
        match self {
            Target::Plain(field) => scene.fields.set(*field, found.plain(dirty, scene.arena)),
            Target::Raw(field) => scene.fields.set(*field, found.raw(dirty, scene.arena)),
            Target::Kind(capture) => {
                let text = found.text(scene.arena);
                return capture.convert(text, scene) || convert_trimmed(capture, text, scene);
            }
        }
        true
    }
}

/// .NET's console writes times with the blank that ends its format.
#[cold]
fn convert_trimmed<'a>(capture: &Capture, text: &'a [u8], scene: &mut Scene<'a, '_>) -> bool {
    let trimmed = text.trim_ascii();
    trimmed.len() < text.len() && capture.convert(trimmed, scene)
}
