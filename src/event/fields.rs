use super::{FieldId, Timestamp, Value};

/// A field that the pipeline does not name: an unknown key of a JSON or logfmt line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extra<'a> {
    /// The name in the document, unescaped.
    pub name: &'a [u8],
    pub value: Value<'a>,
}

/// The fields of one event: a slot for each field that the pipeline names, and a list of those it does not.
///
/// One `Fields` serves all events of a chunk ([`Fields::clear`] between them) and its memory serves the next
/// chunk ([`Fields::recycle`]), so no event allocates.
#[derive(Debug, Default)]
pub struct Fields<'a> {
    /// Up to a whole number of [`SLOTS_AT_ONCE`], so some at the end may be nobody's.
    slots: Vec<Value<'a>>,
    extra: Vec<Extra<'a>>,
}

/// So many slots are cleared without a look at how many there are.
const SLOTS_AT_ONCE: usize = 8;

/// Room for so many fields that the pipeline does not name is there before the first: a worker parses many events at a
/// time, so it would be long until each of its `Fields` has met an event that has some.
const EXTRAS_USUAL: usize = 32;

impl<'a> Fields<'a> {
    /// Room for `len` slots, all absent.
    pub fn new(len: usize) -> Self {
        Fields {
            slots: vec![Value::Absent; len.next_multiple_of(SLOTS_AT_ONCE)],
            extra: Vec::new(),
        }
    }

    pub fn get(&self, id: FieldId) -> Value<'a> {
        self.slots[id.index()]
    }

    /// The time that the field says; `None` when it is absent or says something else.
    pub fn time(&self, id: FieldId) -> Option<Timestamp> {
        match self.get(id) {
            Value::Time(at) => Some(at),
            _ => None,
        }
    }

    pub fn set(&mut self, id: FieldId, value: Value<'a>) {
        self.slots[id.index()] = value;
    }

    /// All slots, in the order of the schema, and perhaps some behind them that are absent.
    pub fn slots_mut(&mut self) -> &mut [Value<'a>] {
        &mut self.slots
    }

    pub fn push_extra(&mut self, name: &'a [u8], value: Value<'a>) {
        self.extra.push(Extra { name, value });
    }

    /// Another value for the extra at `index` of [`Fields::extra`].
    pub fn set_extra(&mut self, index: usize, value: Value<'a>) {
        self.extra[index].value = value;
    }

    pub fn rename_extra(&mut self, index: usize, name: &'a [u8]) {
        self.extra[index].name = name;
    }

    pub fn extra(&self) -> &[Extra<'a>] {
        &self.extra
    }

    /// Every slot absent again, no extras.
    pub fn clear(&mut self) {
        // Several at a time: one by one, the loop is more than the work.
        for slots in self.slots.as_chunks_mut::<SLOTS_AT_ONCE>().0 {
            *slots = [Value::Absent; SLOTS_AT_ONCE];
        }
        self.extra.clear();
    }

    /// Forgets the extras from `len` on: what a parser that gave up had added.
    pub fn truncate_extra(&mut self, len: usize) {
        self.extra.truncate(len);
    }

    /// The same memory for another lifetime and another number of slots, everything absent.
    pub fn recycle<'b>(mut self, len: usize) -> Fields<'b> {
        self.slots.clear();
        self.extra.clear();
        // The vectors are empty: collecting nothing into another lifetime reuses their memory in place.
        let mut slots: Vec<Value<'b>> = self.slots.into_iter().map(|_| Value::Absent).collect();
        let mut extra: Vec<Extra<'b>> = self
            .extra
            .into_iter()
            .map(|_| Extra {
                name: &[],
                value: Value::Absent,
            })
            .collect();
        if len > 0 {
            extra.reserve(EXTRAS_USUAL);
        }
        slots.resize(len.next_multiple_of(SLOTS_AT_ONCE), Value::Absent);
        Fields { slots, extra }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Schema;

    #[test]
    fn recycling_keeps_the_memory_and_drops_the_values() {
        let mut schema = Schema::default();
        let id = schema.intern("message");
        let text = b"hello".to_vec();
        let mut fields = Fields::new(8).recycle(8);
        fields.set(id, Value::Text(&text));
        fields.push_extra(b"key", Value::Int(1));
        let (slots, extra) = (fields.slots.as_ptr() as usize, fields.extra.as_ptr() as usize);
        let fields = fields.recycle(4);
        drop(text);
        assert_eq!(fields.slots.as_ptr() as usize, slots);
        assert_eq!(fields.extra.as_ptr() as usize, extra);
        assert_eq!(fields.get(id), Value::Absent);
        assert!(fields.extra().is_empty());
    }
}
