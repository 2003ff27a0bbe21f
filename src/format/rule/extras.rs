use bumpalo::Bump;
use bumpalo::collections::Vec;
use xxhash_rust::xxh3::xxh3_64;

use super::ends::Ends;
use crate::event::{Extra, FieldId, Value, ecs};
use crate::format::json::lossy;
use crate::limits::EXTRAS_MAX;
use crate::pattern::Scene;

/// Places for the extras of an ordinary line; half of them are used.
const FEW: usize = 64;

/// Places for [`EXTRAS_MAX`] extras, a power of two.
const MANY: usize = (EXTRAS_MAX * 2).next_power_of_two();

const _: () = assert!(EXTRAS_MAX < u16::MAX as usize);

/// The line has more than [`EXTRAS_MAX`] unknown keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany;

/// Adds extras to an event, each name once: of equal names the last value counts.
pub(crate) struct Extras<'a> {
    /// How many extras the event had before.
    before: usize,
    /// Open addressing, as in the table of wanted keys: the number of the extra, counted from 1.
    few: [u8; FEW],
    /// Takes the place of `few` when that is half full.
    many: &'a mut [u16],
    /// Unknown keys that are called as a field of the pipeline: the number of what they become where it has a value.
    twins: Vec<'a, (FieldId, Value<'a>, u16)>,
    /// A key had dots of its own: it may be within another.
    has_dots: bool,
}

impl<'a> Extras<'a> {
    pub fn new(scene: &Scene<'a, '_>) -> Self {
        let mut extras = Extras {
            before: scene.fields.extra().len(),
            few: [0; FEW],
            many: &mut [],
            twins: Vec::new_in(scene.arena),
            has_dots: false,
        };
        if extras.before > 0 {
            extras.note_those_before(scene);
        }
        extras
    }

    /// Another parser of the same event has left extras, whose names must not come again.
    #[cold]
    fn note_those_before(&mut self, scene: &Scene<'a, '_>) {
        if self.before >= FEW / 2 {
            self.grow(scene);
            return;
        }
        let all = scene.fields.extra();
        for (at, extra) in all.iter().enumerate() {
            let place = self.place(extra.name, all);
            self.put(place, at + 1);
        }
    }

    /// Takes every extra back.
    pub fn undo(&self, scene: &mut Scene<'a, '_>) {
        scene.fields.truncate_extra(self.before);
    }

    /// Takes back what [`Extras::settle_twins`] has set.
    pub fn undo_twins(&self, scene: &mut Scene<'a, '_>) {
        for &(field, ..) in &self.twins {
            scene.fields.set(field, Value::Absent);
        }
    }

    pub fn push(
        &mut self,
        name: &'a [u8],
        value: Value<'a>,
        scene: &mut Scene<'a, '_>,
    ) -> Result<(), TooMany> {
        let len = scene.fields.extra().len();
        if len == FEW / 2 && self.many.is_empty() {
            self.grow(scene);
        }
        let place = self.place(name, scene.fields.extra());
        let known = self.get(place);
        if known > 0 {
            // What an earlier parser found stays: this one may yet give up, and could not give it back.
            if known > self.before {
                scene.fields.set_extra(known - 1, value);
            }
            return Ok(());
        }
        if len == EXTRAS_MAX {
            return Err(TooMany);
        }
        scene.fields.push_extra(name, value);
        self.put(place, len + 1);
        Ok(())
    }

    /// Keeps a value for a field that may yet get a better one.
    pub fn push_twin(&mut self, field: FieldId, value: Value<'a>, taken: u16) {
        self.twins.push((field, value, taken));
    }

    /// Sets the fields that have got no better value; the last value counts. Gives those that were not needed.
    pub fn settle_twins(&self, scene: &mut Scene<'a, '_>) -> Vec<'a, (Value<'a>, u16)> {
        let mut others = Vec::new_in(scene.arena);
        for &(field, value, taken) in self.twins.iter().rev() {
            let known = scene.fields.get(field);
            if known.is_absent() {
                scene.fields.set(field, value);
            } else if known != value {
                others.push((value, taken));
            }
        }
        others
    }

    /// Says that a key has dots of its own.
    pub fn note_dots(&mut self) {
        self.has_dots = true;
    }

    /// Makes labels of extras within others that are no objects, unless one is there already. The last thing to be done:
    /// what is renamed is not found by its old name.
    pub fn part(&mut self, is_field: impl Fn(&str) -> bool, scene: &mut Scene<'a, '_>) {
        if self.has_dots {
            self.part_dotted(is_field, scene);
        }
    }

    #[cold]
    fn part_dotted(&mut self, is_field: impl Fn(&str) -> bool, scene: &mut Scene<'a, '_>) {
        for at in 0..scene.fields.extra().len() {
            let extras = scene.fields.extra();
            let name = extras[at].name;
            let is_value = |outer: &[u8]| match self.get(self.place(outer, extras)) {
                0 => false,
                known => !matches!(
                    extras[known - 1].value,
                    Value::Json([b'{', ..] | [b'[', b'{', ..])
                ),
            };
            if !memchr::memchr_iter(b'.', name).any(|dot| is_value(&name[..dot])) {
                continue;
            }
            let label = ecs::label(&String::from_utf8_lossy(name));
            let place = self.place(label.as_bytes(), extras);
            if self.get(place) == 0 && !is_field(&label) {
                let label = scene.arena.alloc_slice_copy(label.as_bytes());
                scene.fields.rename_extra(at, label);
                // At least one name is not renamed, so that a place stays free.
                self.put(place, at + 1);
            }
        }
    }

    /// Where the extra called `name` is, or where it goes.
    #[inline]
    fn place(&self, name: &[u8], extras: &[Extra<'a>]) -> usize {
        let (mask, hash) = if self.many.is_empty() {
            (FEW - 1, Ends::of(name).hash())
        } else {
            // No line may make many names fall on one place.
            (MANY - 1, xxh3_64(name) as usize)
        };
        let mut place = hash & mask;
        loop {
            match self.get(place) {
                0 => return place,
                known if extras[known - 1].name == name => return place,
                _ => place = (place + 1) & mask,
            }
        }
    }

    #[inline]
    fn get(&self, place: usize) -> usize {
        if self.many.is_empty() {
            usize::from(self.few[place])
        } else {
            usize::from(self.many[place])
        }
    }

    fn put(&mut self, place: usize, number: usize) {
        // Both fit: see `FEW` and the assertion above.
        if self.many.is_empty() {
            self.few[place] = number as u8;
        } else {
            self.many[place] = number as u16;
        }
    }

    #[cold]
    fn grow(&mut self, scene: &Scene<'a, '_>) {
        self.many = scene.arena.alloc_slice_fill_copy(MANY, 0);
        let extras = scene.fields.extra();
        for (at, extra) in extras.iter().enumerate() {
            let place = self.place(extra.name, extras);
            self.put(place, at + 1);
        }
    }
}

/// `prefix`, the path of the object (with its dot) and the key: a name that is valid in a document, so that equal names
/// there are equal here. Bytes that are no UTF-8 become U+FFFD. Elasticsearch refuses a document over a name that is
/// blank between two dots; such a part becomes `_`.
pub(super) fn name<'a>(prefix: &[u8], object: &[u8], key: &'a [u8], arena: &'a Bump) -> &'a [u8] {
    let key = if is_plain(key) {
        key
    } else {
        clean_name(key, arena)
    };
    joined(prefix, object, key, arena)
}

/// [`name`] of a key that is plain or was cleaned.
#[inline]
pub(super) fn joined<'a>(prefix: &[u8], object: &[u8], key: &'a [u8], arena: &'a Bump) -> &'a [u8] {
    if prefix.is_empty() && object.is_empty() {
        return key;
    }
    let mut name = Vec::with_capacity_in(prefix.len() + object.len() + key.len(), arena);
    name.extend_from_slice_copy(prefix);
    name.extend_from_slice_copy(object);
    name.extend_from_slice_copy(key);
    name.into_bump_slice()
}

/// ASCII without a dot, and not blank: what most keys are.
#[inline]
pub(super) fn is_plain(key: &[u8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let mut rest = key;
    while let Some((eight, tail)) = rest.split_first_chunk() {
        let eight = u64::from_le_bytes(*eight);
        let dots = eight ^ (ONES * b'.' as u64);
        // A byte above 0x7F, or one that is zero once the dots are. It may be wrong where a true one is, no matter.
        if (eight | dots.wrapping_sub(ONES) & !dots) & HIGH != 0 {
            return false;
        }
        rest = tail;
    }
    rest.iter().all(|&byte| byte.is_ascii() && byte != b'.') && key.iter().any(u8::is_ascii_graphic)
}

/// The key as valid text without blank parts.
fn clean_name<'a>(key: &'a [u8], arena: &'a Bump) -> &'a [u8] {
    let key = match std::str::from_utf8(key) {
        Ok(_) => key,
        Err(_) => lossy(key, arena),
    };
    let blank = |part: &[u8]| part.trim_ascii().is_empty();
    if !key.split(|&byte| byte == b'.').any(blank) {
        return key;
    }
    // A blank part of no bytes grows by one; there is one more part than there are dots.
    let mut name = Vec::with_capacity_in(2 * key.len() + 1, arena);
    for (at, part) in key.split(|&byte| byte == b'.').enumerate() {
        if at > 0 {
            name.push(b'.');
        }
        name.extend_from_slice_copy(if blank(part) { b"_" } else { part });
    }
    name.into_bump_slice()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Fields, Timestamp};
    use crate::pattern::Clock;
    use proptest::prelude::*;
    use std::collections::HashMap;

    #[test]
    fn names_are_such_as_elasticsearch_takes() {
        let arena = Bump::new();
        for (key, expected) in [
            ("user", "labels.err.user"),
            ("a.b", "labels.err.a.b"),
            ("", "labels.err._"),
            (" ", "labels.err._"),
            ("a..b.", "labels.err.a._.b._"),
        ] {
            let name = name(b"labels.", b"err.", key.as_bytes(), &arena);
            assert_eq!(std::str::from_utf8(name).unwrap(), expected);
        }
        assert_eq!(name(b"", b"", b"a\xff", &arena), "a\u{fffd}".as_bytes());
        assert_eq!(name(b"", b"", b".", &arena), b"_._");
        assert_eq!(name(b"", b"", b"a", &arena), b"a");
    }

    proptest! {
        #[test]
        fn a_name_is_there_once_with_its_last_value(
            keys in prop::collection::vec(0usize..1200, 0..1500),
        ) {
            let arena = Bump::new();
            let mut clock = Clock::new(jiff::tz::TimeZone::UTC, Timestamp::from_millis(0));
            let mut fields = Fields::new(0);
            fields.push_extra(b"before", Value::Bool(true));
            let mut scene = Scene { fields: &mut fields, clock: &mut clock, arena: &arena };
            let mut extras = Extras::new(&scene);
            let mut expected: HashMap<&[u8], usize> = HashMap::new();
            for (at, key) in keys.iter().enumerate() {
                let name = arena.alloc_str(&key.to_string()).as_bytes();
                let known = expected.contains_key(name);
                match extras.push(name, Value::Int(at as i64), &mut scene) {
                    Ok(()) => { expected.insert(name, at); }
                    Err(TooMany) => prop_assert!(expected.len() == EXTRAS_MAX - 1 && !known),
                }
            }
            let found = &scene.fields.extra()[1..];
            prop_assert_eq!(found.len(), expected.len());
            for extra in found {
                prop_assert_eq!(extra.value, Value::Int(expected[extra.name] as i64));
            }
            extras.undo(&mut scene);
            prop_assert_eq!(scene.fields.extra().len(), 1);
        }
    }
}
