use super::key;
use super::like::Likes;
use super::only::{Only, OnlyValue};
use crate::event::{FieldId, Fields, Value};

/// A compiled [`Only`]: whether a field, or one of several, has one of some values.
#[derive(Debug)]
pub struct Condition {
    field: FieldId,
    /// The others of which one may have it; nearly always none.
    others: Box<[FieldId]>,
    any_case: bool,
    ints: Box<[i64]>,
    texts: Box<[Box<[u8]>]>,
    likes: Likes,
}

impl Condition {
    pub fn new(only: &Only) -> Self {
        let int = |value: &OnlyValue| match value {
            OnlyValue::Int(n) => Some(*n),
            OnlyValue::Text(text) => text.parse().ok(),
        };
        let text = |value: &OnlyValue| match value {
            OnlyValue::Int(n) => n.to_string().into_bytes().into(),
            OnlyValue::Text(text) => text.as_bytes().into(),
        };
        let written = only.values.iter().filter_map(|value| match value {
            OnlyValue::Int(_) => None,
            OnlyValue::Text(text) => Some(text.as_str()),
        });
        Condition {
            field: only.field,
            others: only.or.as_slice().into(),
            any_case: only.any_case,
            likes: Likes::new(written, only.any_case),
            ints: only.values.iter().filter_map(int).collect(),
            texts: only.values.iter().map(text).collect(),
        }
    }

    #[inline]
    pub fn holds(&self, fields: &Fields<'_>) -> bool {
        match fields.get(self.field) {
            Value::Int(n) => self.ints.contains(&n) || self.holds_elsewhere(fields),
            Value::Absent => self.holds_elsewhere(fields),
            _ => self.is_one(fields.get(self.field)) || self.holds_elsewhere(fields),
        }
    }

    #[inline(always)]
    fn holds_elsewhere(&self, fields: &Fields<'_>) -> bool {
        !self.others.is_empty() && self.is_one_of_others(fields)
    }

    #[inline(never)]
    fn is_one_of_others(&self, fields: &Fields<'_>) -> bool {
        self.others.iter().any(|&field| self.is_one(fields.get(field)))
    }

    #[inline(never)]
    fn is_one(&self, value: Value<'_>) -> bool {
        let is = |text: &[u8]| {
            let same = |value: &[u8]| match self.any_case {
                false => *value == *text,
                true => value.eq_ignore_ascii_case(text),
            };
            self.texts.iter().any(|value| same(value)) || self.likes.fit(text)
        };
        match value {
            Value::Int(n) => self.ints.contains(&n),
            Value::Text(text) => is(text),
            Value::Bool(true) => is(b"true"),
            Value::Bool(false) => is(b"false"),
            value @ Value::Json(_) => key::text(value).is_some_and(|text| is(&text)),
            Value::Float(_) | Value::Time(_) | Value::Absent => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Schema;

    #[test]
    fn a_condition_does_not_mind_how_a_value_is_written() {
        let id = Schema::default().intern("status");
        let holds = |values: Vec<OnlyValue>, value| {
            let mut fields = Fields::new(1);
            fields.set(id, value);
            Condition::new(&Only::new(id, values)).holds(&fields)
        };
        let numbers = || vec![OnlyValue::Int(408), OnlyValue::Text("499".to_owned())];
        for value in [
            Value::Int(408),
            Value::Int(499),
            Value::Text(b"408"),
            Value::Json(b"499"),
            Value::Json(b"\"408\""),
        ] {
            assert!(holds(numbers(), value), "{value:?}");
        }
        for value in [
            Value::Int(200),
            Value::Text(b"4080"),
            Value::Absent,
            Value::Float(408.0),
        ] {
            assert!(!holds(numbers(), value), "{value:?}");
        }
        assert!(holds(vec![OnlyValue::Text("true".to_owned())], Value::Bool(true)));
        assert!(!holds(
            vec![OnlyValue::Text("true".to_owned())],
            Value::Bool(false)
        ));
    }

    #[test]
    fn a_condition_takes_one_of_several_fields_in_any_case() {
        let mut schema = Schema::default();
        let [message, kind, status] = ["message", "error.type", "status"].map(|name| schema.intern(name));
        let (any_case, fields) = Only::parse("lower( message, error.type )");
        assert!(any_case && fields.eq(["message", "error.type"]));
        let (any_case, fields) = Only::parse(" log.level ");
        assert!(!any_case && fields.eq(["log.level"]));
        let condition = Condition::new(&Only {
            field: message,
            or: vec![kind],
            any_case: true,
            values: vec![
                OnlyValue::Text("*timeout*".to_owned()),
                OnlyValue::Text("Gone".to_owned()),
                OnlyValue::Int(504),
            ],
        });
        let holds = |values: &[(FieldId, Value<'static>)]| {
            let mut fields = Fields::new(3);
            for &(field, value) in values {
                fields.set(field, value);
            }
            condition.holds(&fields)
        };
        assert!(holds(&[(message, Value::Text(b"Read TIMEOUT"))]));
        assert!(holds(&[(message, Value::Text(b"gONE"))]));
        assert!(holds(&[(kind, Value::Json(b"\"SocketTimeoutException\""))]));
        assert!(holds(&[
            (message, Value::Text(b"no")),
            (kind, Value::Text(b"TimeoutException"))
        ]));
        assert!(holds(&[(message, Value::Int(7)), (kind, Value::Int(504))]));
        assert!(!holds(&[
            (message, Value::Text(b"no")),
            (status, Value::Text(b"timeout"))
        ]));
        assert!(!holds(&[(message, Value::Int(7)), (kind, Value::Bool(true))]));
        assert!(!holds(&[]));
    }
}
