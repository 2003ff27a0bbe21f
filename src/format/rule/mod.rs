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

use crate::event::{FieldId, Schema, Value, ecs};
use crate::format::json::Shape;
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
    /// The slot of the event's text.
    message: Option<FieldId>,
    /// What keys become whose name is taken.
    taken: Vec<Taken>,
    /// Likewise, for each wanted path, where a line has two values for it.
    displaced: Vec<Taken>,
    /// `None`: unknown keys are dropped.
    prefix: Option<Box<str>>,
}

/// What a key becomes whose name is taken.
#[derive(Clone, Debug)]
struct Taken {
    /// The name is that of an object, and an object may have it.
    object: bool,
    /// The field that gets the value if nothing else in the line does.
    field: Option<FieldId>,
    /// What it is called otherwise.
    label: Box<[u8]>,
    /// The slot of that, if it has one.
    slot: Option<FieldId>,
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
    /// A field that is no object: one becomes its JSON as a text.
    Leaf(FieldId),
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
            message: schema.get("message"),
            taken: Vec::new(),
            displaced: Vec::new(),
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
                    Take::Plain if ecs::LEAVES.contains(&&*key.field) => {
                        Target::Leaf(schema.intern(&key.field))
                    }
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

    /// Keeps documents such as Elasticsearch takes them, whatever a line says: no name twice, no object where others have
    /// a text. An unknown key that would be called as one of `schema`'s fields goes to that field if nothing else in the
    /// line does (but for `@timestamp`, which must be a time); one that the agent or the Elastic Common Schema has
    /// another use for becomes a label. To be called again once every field of the pipeline has its slot.
    pub fn reserve(&mut self, schema: &Schema) {
        self.taken.clear();
        let label = |path| Taken::label(&String::from_utf8_lossy(self.table.source(path)), schema);
        self.displaced = (0..self.table.len() as u16).map(label).collect();
        self.message = schema.get("message");
        self.reserve_names(schema);
        self.table.number();
    }

    fn reserve_names(&mut self, schema: &Schema) {
        for object in schema.objects() {
            self.take(object, true, None, schema);
        }
        for (object, leaf) in ecs::OBJECTS {
            self.take(object, true, leaf.and_then(|leaf| schema.get(leaf)), schema);
        }
        for leaf in ecs::LEAVES {
            if let Some(source) = self.source(leaf) {
                self.table.reserve(source, Otherwise::Leaf);
            }
        }
        let hidden = schema.iter().filter(|(id, _)| schema.is_hidden(*id));
        let hidden = hidden.map(|(id, name)| (id, name.into()));
        for (id, name) in schema.in_documents().chain(hidden) {
            self.take(&name, false, (name != "@timestamp").then_some(id), schema);
        }
        for name in ecs::AGENT.iter().chain(ecs::MARKS).chain(ecs::STREAM) {
            self.take(name, false, None, schema);
        }
    }

    /// The key that would be called `name`.
    fn source<'n>(&self, name: &'n str) -> Option<&'n str> {
        let source = name.strip_prefix(&**self.prefix.as_ref()?)?;
        Some(source).filter(|source| !source.is_empty())
    }

    /// What the key becomes that would be called `name`.
    fn otherwise(&self, name: &str) -> Otherwise {
        self.source(name).map_or(Otherwise::Extra, |source| {
            self.member(NodeId::ROOT, source.as_bytes()).otherwise
        })
    }

    /// Says that unknown keys cannot be called `name`, but for objects where `object` is set.
    fn take(&mut self, name: &str, object: bool, field: Option<FieldId>, schema: &Schema) {
        let Some(source) = self.source(name) else {
            return;
        };
        // A pipeline has at most `Schema::FIELDS_MAX` fields, and the names of the schema are fewer.
        self.table
            .reserve(source, Otherwise::Taken(self.taken.len() as u16));
        self.taken.push(Taken {
            object,
            field,
            ..Taken::label(name, schema)
        });
    }

    /// Keeps the first of two values for a wanted path.
    pub(super) fn leave_displaced<'a>(
        &self,
        path: u16,
        (found, dirty): (Found<'a>, bool),
        extras: &mut Extras<'a>,
        scene: &mut Scene<'a, '_>,
    ) -> Result<(), TooMany> {
        if self.prefix.is_none() || found.is_nothing() {
            return Ok(());
        }
        let value = found.flat(dirty, scene.arena);
        self.push_label(&self.displaced[usize::from(path)], value, extras, scene)
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

    pub(super) fn message(&self) -> Option<FieldId> {
        self.message
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
            _ if found.is_null() || found.is_empty_object() => Ok(()),
            Otherwise::Taken(taken) => {
                self.leave_taken((prefix, node, key), taken, (found, dirty), extras, scene)
            }
            Otherwise::Extra | Otherwise::Leaf => {
                let object = self.table.prefix(node);
                let name = if extras::is_plain(key) {
                    extras::joined(prefix.as_bytes(), object, key, scene.arena)
                } else {
                    let name = extras::name(prefix.as_bytes(), object, key, scene.arena);
                    extras.note_dots();
                    if self.has_field_around(node, key) {
                        let value = found.flat(dirty, scene.arena);
                        return self.leave_within((name, value), extras, scene);
                    }
                    name
                };
                let value = match otherwise {
                    Otherwise::Leaf => found.flat(dirty, scene.arena),
                    _ => found.raw(dirty, scene.arena),
                };
                extras.push(name, value, scene)
            }
        }
    }

    /// Whether a key's name before one of its dots is a field's.
    #[cold]
    fn has_field_around(&self, node: NodeId, key: &[u8]) -> bool {
        let mut dots = memchr::memchr_iter(b'.', key);
        dots.any(|dot| match self.member(node, &key[..dot]).otherwise {
            Otherwise::Extra => false,
            Otherwise::Leaf => true,
            Otherwise::Taken(number) => !self.taken[usize::from(number)].object,
        })
    }

    /// Keeps a value whose name is within a field's.
    #[cold]
    fn leave_within<'a>(
        &self,
        (name, value): (&'a [u8], Value<'a>),
        extras: &mut Extras<'a>,
        scene: &mut Scene<'a, '_>,
    ) -> Result<(), TooMany> {
        // A name is valid UTF-8.
        let label = ecs::label(&String::from_utf8_lossy(name));
        match self.otherwise(&label) {
            Otherwise::Taken(number) => {
                if let Some(field) = self.taken[usize::from(number)].field {
                    extras.push_twin(field, value, number);
                }
                Ok(())
            }
            _ => extras.push(scene.arena.alloc_slice_copy(label.as_bytes()), value, scene),
        }
    }

    /// Keeps a value whose name is taken, or may be.
    #[inline(never)]
    fn leave_taken<'a>(
        &self,
        (prefix, node, key): (&str, NodeId, &'a [u8]),
        number: u16,
        (found, dirty): (Found<'a>, bool),
        extras: &mut Extras<'a>,
        scene: &mut Scene<'a, '_>,
    ) -> Result<(), TooMany> {
        let taken = &self.taken[usize::from(number)];
        if taken.object && found.is_object() {
            let name = extras::name(prefix.as_bytes(), self.table.prefix(node), key, scene.arena);
            return extras.push(name, found.raw(dirty, scene.arena), scene);
        }
        let value = found.flat(dirty, scene.arena);
        match taken.field {
            // What the object's name is meant for is one plain value.
            Some(field) if !taken.object || !found.is_nested() => {
                extras.push_twin(field, value, number);
                Ok(())
            }
            _ => self.push_label(taken, value, extras, scene),
        }
    }

    /// Keeps a value under the label that stands for its name.
    fn push_label<'a>(
        &self,
        taken: &Taken,
        value: Value<'a>,
        extras: &mut Extras<'a>,
        scene: &mut Scene<'a, '_>,
    ) -> Result<(), TooMany> {
        match taken.slot {
            // What sets that field says more than this does.
            Some(_) => Ok(()),
            None => extras.push(scene.arena.alloc_slice_copy(&taken.label), value, scene),
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
        if self.prefix.is_none() {
            return Ok(());
        }
        for (path, found) in places.unused() {
            let key = (
                NodeId::ROOT,
                &*scene.arena.alloc_slice_copy(self.table.source(path)),
            );
            let kept = match self.table.otherwise(path) {
                // The field did not take it, or has a better one.
                Otherwise::Taken(number) if !self.taken[usize::from(number)].object => {
                    let value = found.flat(dirty, scene.arena);
                    self.push_label(&self.taken[usize::from(number)], value, extras, scene)
                }
                otherwise => self.leave(key, otherwise, (found, dirty), extras, scene),
            };
            if let Err(error) = kept {
                self.undo(extras, scene);
                return Err(error);
            }
        }
        for (value, number) in extras.settle_twins(scene) {
            if let Err(error) = self.push_label(&self.taken[usize::from(number)], value, extras, scene) {
                self.undo(extras, scene);
                return Err(error);
            }
        }
        extras.part(|name| self.otherwise(name) != Otherwise::Extra, scene);
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

impl Taken {
    /// What is a label whatever it is.
    fn label(name: &str, schema: &Schema) -> Taken {
        let label = ecs::label(name);
        Taken {
            object: false,
            field: None,
            slot: schema.get(&label),
            label: label.into_bytes().into(),
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
            Target::Plain(field) | Target::Leaf(field) | Target::Raw(field) => vec![*field],
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
            Target::Leaf(field) => scene.fields.set(*field, found.flat(dirty, scene.arena)),
            Target::Raw(field) => scene.fields.set(*field, found.raw(dirty, scene.arena)),
            // The JSON of an object could be a word; it is no url and no host.
            Target::Kind(capture)
                if capture.kind().is_name() && matches!(found, Found::Json(_, Shape::Object)) =>
            {
                return false;
            }
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
