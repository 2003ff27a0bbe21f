use crate::event::FieldId;

/// The most labels that one metric may have, `service` included.
pub const LABELS_MAX: usize = 16;

/// The label that every metric has: which service the log belongs to.
pub const SERVICE: &str = "service";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub name: String,
    pub source: LabelSource,
}

/// The values that a label may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allow {
    /// The label's name.
    pub label: String,
    pub values: Vec<String>,
}

/// What stands for the values that an event lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Defaults {
    /// Names of labels and what they show.
    pub texts: Vec<(String, String)>,
    /// Events that have this field get no default.
    pub unless: Option<FieldId>,
}

/// Where a label's value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LabelSource {
    /// The field's value as it is.
    Field(FieldId),
    /// The field's value in lower case (ASCII): `ERROR` and `error` are one level.
    Lower(FieldId),
    /// The field is a url path; its changing parts are replaced ([`super::route`]).
    Route(FieldId),
    /// The same for every event.
    Const(String),
    /// The service of the input.
    Service,
}

impl LabelSource {
    /// Reads `url.path`, `lower(log.level)` or `route(url.path)`; `field` gives the slot of a field's name.
    pub fn parse<E>(text: &str, field: impl FnOnce(&str) -> Result<FieldId, E>) -> Result<Self, E> {
        let argument = |name: &str| {
            let inner = text.trim().strip_prefix(name)?.trim_start().strip_prefix('(')?;
            inner.strip_suffix(')').map(str::trim)
        };
        if let Some(name) = argument("route") {
            field(name).map(LabelSource::Route)
        } else if let Some(name) = argument("lower") {
            field(name).map(LabelSource::Lower)
        } else {
            field(text.trim()).map(LabelSource::Field)
        }
    }

    /// The field that an event must have for this label.
    pub fn field(&self) -> Option<FieldId> {
        match *self {
            LabelSource::Field(id) | LabelSource::Lower(id) | LabelSource::Route(id) => Some(id),
            LabelSource::Const(_) | LabelSource::Service => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::event::Schema;

    #[test]
    fn a_label_source_is_a_field_or_a_function_of_one() {
        let mut schema = Schema::default();
        let mut parse =
            |text: &str| LabelSource::parse(text, |name| Ok::<_, Infallible>(schema.intern(name))).unwrap();
        let path = parse("url.path").field().unwrap();
        assert_eq!(parse("route(url.path)"), LabelSource::Route(path));
        assert_eq!(parse(" lower( url.path ) "), LabelSource::Lower(path));
        assert_eq!(
            parse("route_name"),
            LabelSource::Field(FieldId::clone(&parse("route_name").field().unwrap()))
        );
    }
}
