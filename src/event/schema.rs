use std::borrow::Cow;
use std::collections::HashMap;

use super::ecs::{self, Taken};

/// A field of one pipeline: the index of its slot in [`super::Fields`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldId(u16);

impl FieldId {
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// The fields that one pipeline can set, by name: filled while the pipeline is compiled, read-only afterwards.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    names: Vec<String>,
    /// Of each slot: no document gets it.
    hidden: Vec<bool>,
    ids: HashMap<String, FieldId>,
}

impl Schema {
    /// The most fields that one pipeline may name. Far above the largest real one (under 100).
    pub const FIELDS_MAX: usize = 4096;

    /// The slot of `name`, a new one when it is seen for the first time.
    ///
    /// # Panics
    ///
    /// When a pipeline names more than [`Schema::FIELDS_MAX`] fields; the pipeline compiler refuses those first.
    pub fn intern(&mut self, name: &str) -> FieldId {
        if let Some(&id) = self.ids.get(name) {
            return id;
        }
        assert!(self.names.len() < Self::FIELDS_MAX);
        let id = FieldId(self.names.len() as u16);
        self.names.push(name.to_owned());
        // What begins like this is a note of the pipeline to itself.
        self.hidden.push(name.starts_with('_'));
        self.ids.insert(name.to_owned(), id);
        id
    }

    pub fn get(&self, name: &str) -> Option<FieldId> {
        self.ids.get(name).copied()
    }

    pub fn name(&self, id: FieldId) -> &str {
        &self.names[id.index()]
    }

    /// Keeps a field out of documents; metrics and what comes later in the pipeline have it.
    pub fn hide(&mut self, id: FieldId) {
        self.hidden[id.index()] = true;
    }

    /// Whether documents do not have the field.
    pub fn is_hidden(&self, id: FieldId) -> bool {
        self.hidden[id.index()]
    }

    /// How many slots an event of this pipeline has.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The fields that documents have, by their names there. Elasticsearch refuses a document with a value in `message`
    /// and another in `message.template`: the inner one is a label.
    pub fn in_documents(&self) -> impl Iterator<Item = (FieldId, Cow<'_, str>)> {
        let name_of = |name| match ecs::taken(name, self.shown().map(|(_, name)| name)) {
            Some(within @ Taken::Within(_)) => within.instead(name).into(),
            _ => Cow::from(name),
        };
        self.shown().map(move |(id, name)| (id, name_of(name)))
    }

    /// What the fields of documents are in, but for what is a field itself: `http` and `http.request` for
    /// `http.request.method`.
    pub fn objects(&self) -> impl Iterator<Item = &str> {
        let mut objects: Vec<&str> = self
            .shown()
            .flat_map(|(_, name)| name.match_indices('.').map(|(dot, _)| &name[..dot]))
            .filter(|object| self.get(object).is_none())
            .collect();
        objects.sort_unstable();
        objects.dedup();
        objects.into_iter()
    }

    /// The fields that documents have, by their own names.
    pub fn shown(&self) -> impl Iterator<Item = (FieldId, &str)> {
        self.iter().filter(|(id, _)| !self.is_hidden(*id))
    }

    /// Every field in the order of the slots.
    pub fn iter(&self) -> impl Iterator<Item = (FieldId, &str)> {
        self.names
            .iter()
            .enumerate()
            .map(|(index, name)| (FieldId(index as u16), name.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_slot() {
        let mut schema = Schema::default();
        let path = schema.intern("url.path");
        let status = schema.intern("http.response.status_code");
        assert_ne!(path, status);
        assert_eq!(schema.intern("url.path"), path);
        assert_eq!(schema.get("url.query"), None);
        assert_eq!(schema.name(status), "http.response.status_code");
        assert_eq!(schema.len(), 2);
        let note = schema.intern("_rest");
        assert!(schema.is_hidden(note) && !schema.is_hidden(path));
        schema.hide(path);
        assert!(schema.is_hidden(path));
        assert!(schema.shown().map(|(id, _)| id).eq([status]));
    }

    #[test]
    fn documents_have_no_field_within_one_that_has_a_value() {
        let mut schema = Schema::default();
        let names = [
            "message.template",
            "order",
            "order.id",
            "_cart",
            "_cart.id",
            "url.path",
        ];
        let ids = names.map(|name| schema.intern(name));
        let expected = [
            (ids[0], "labels.message_template"),
            (ids[1], "order"),
            (ids[2], "labels.order_id"),
            (ids[5], "url.path"),
        ];
        assert!(
            schema
                .in_documents()
                .eq(expected.map(|(id, name)| (id, Cow::from(name))))
        );
    }
}
