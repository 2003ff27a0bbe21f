use std::collections::HashMap;

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
    }
}
