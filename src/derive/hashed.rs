//! Labels whose values those who read the metrics are not to know: they show keyed hashes.
//!
//! Events are counted by the values themselves, in memory. A value is hashed when its series' text is written: once for
//! each new series of a counter or a histogram, once a page for the few of a top list. So an event costs what it costs
//! without hashes.

use super::keyed_hash::KeyedHash;
use super::label_source::Label;

/// Which labels of a metric show hashes, each with its key; in the order of their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hashed(Vec<(String, KeyedHash)>);

impl Hashed {
    pub fn new<'a>(labels: impl IntoIterator<Item = &'a str>, key: &KeyedHash) -> Self {
        let mut hashed = Hashed::default();
        labels.into_iter().for_each(|label| hashed.insert(label, key));
        hashed
    }

    /// One that is there already keeps its key.
    fn insert(&mut self, label: &str, key: &KeyedHash) {
        if let Err(at) = self.0.binary_search_by(|(own, _)| own.as_str().cmp(label)) {
            self.0.insert(at, (label.to_owned(), key.clone()));
        }
    }

    /// Hashes those of `labels` that are among `names`, too, where events give their values.
    pub fn add(&mut self, names: &[String], key: &KeyedHash, labels: &[Label]) {
        for label in labels.iter().filter(|label| label.source.field().is_some()) {
            if names.contains(&label.name) {
                self.insert(&label.name, key);
            }
        }
    }

    pub(super) fn of(&self, label: &str) -> Option<&KeyedHash> {
        let found = self.0.binary_search_by(|(own, _)| own.as_str().cmp(label)).ok()?;
        Some(&self.0[found].1)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(label, _)| label.as_str())
    }

    /// Why series that hash like this and series that hash like `there` do not belong to one metric.
    pub(super) fn differs(&self, there: &Hashed) -> Option<String> {
        if self == there {
            return None;
        }
        if self.names().eq(there.names()) {
            return Some("its labels are hashed with another key here than elsewhere".to_owned());
        }
        let list = |hashed: &Hashed| match hashed.names().collect::<Vec<_>>().join(", ") {
            none if none.is_empty() => "none".to_owned(),
            names => names,
        };
        Some(format!(
            "its hashed labels are {} here and {} elsewhere",
            list(self),
            list(there)
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derive::LabelSource;
    use crate::event::Schema;

    #[test]
    fn a_label_keeps_its_first_key() {
        let [own, other] = [b"own".as_slice(), b"other"].map(KeyedHash::new);
        let mut hashed = Hashed::new(["user", "session"], &own);
        let field = Schema::default().intern("field");
        let label = |name: &str, source| Label {
            name: name.to_owned(),
            source,
        };
        let labels = [
            label("user", LabelSource::Field(field)),
            label("id", LabelSource::Lower(field)),
            label("team", LabelSource::Const("web".to_owned())),
            label("route", LabelSource::Route(field)),
        ];
        hashed.add(
            &["user", "id", "team", "absent"].map(str::to_owned),
            &other,
            &labels,
        );
        assert_eq!(hashed.names().collect::<Vec<_>>(), ["id", "session", "user"]);
        assert_eq!(hashed.of("user"), Some(&own));
        assert_eq!(hashed.of("id"), Some(&other));
        assert_eq!(hashed.of("route"), None);
    }

    #[test]
    fn a_difference_is_told() {
        let [one, two] = [b"one".as_slice(), b"two"].map(KeyedHash::new);
        let hashed = |names: &[&'static str], key| Hashed::new(names.iter().copied(), key);
        let differs = |a: Hashed, b: Hashed| a.differs(&b).unwrap_or_default();
        assert_eq!(differs(hashed(&["a", "b"], &one), hashed(&["b", "a"], &one)), "");
        assert_eq!(
            differs(hashed(&["a"], &one), hashed(&["a"], &two)),
            "its labels are hashed with another key here than elsewhere"
        );
        assert_eq!(
            differs(hashed(&["a", "b"], &one), Hashed::default()),
            "its hashed labels are a, b here and none elsewhere"
        );
    }
}
