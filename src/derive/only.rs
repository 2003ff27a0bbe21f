use crate::event::FieldId;

/// A condition: one of the fields has one of these values. In a text, a star at either end stands for anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Only {
    pub field: FieldId,
    /// Further fields, of which one may have it instead.
    pub or: Vec<FieldId>,
    /// Letters of ASCII are the same in both cases.
    pub any_case: bool,
    pub values: Vec<OnlyValue>,
}

impl Only {
    /// One field, whose letters count as they are.
    pub fn new(field: FieldId, values: Vec<OnlyValue>) -> Self {
        Only {
            field,
            or: Vec::new(),
            any_case: false,
            values,
        }
    }

    /// Reads the left side of a condition: `message`, or `lower(log.level)` for any case, or several fields, such as
    /// `lower(message, error.type)`. Gives whether the case does not count, and the fields' names.
    pub fn parse(text: &str) -> (bool, impl Iterator<Item = &str>) {
        let text = text.trim();
        let inner = text
            .strip_prefix("lower")
            .and_then(|rest| rest.trim_start().strip_prefix('(')?.strip_suffix(')'));
        (inner.is_some(), inner.unwrap_or(text).split(',').map(str::trim))
    }
}

/// `408` and `"408"` are the same value: logs write a number both ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnlyValue {
    Int(i64),
    Text(String),
}
