use crate::config;
use crate::event::Value;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Constant {
    Text(Box<[u8]>),
    Int(i64),
    Float(f64),
    Bool(bool),
}

impl From<&config::Constant> for Constant {
    fn from(written: &config::Constant) -> Self {
        match written {
            config::Constant::Text(text) => Constant::Text(text.as_bytes().into()),
            config::Constant::Int(number) => Constant::Int(*number),
            config::Constant::Float(number) => Constant::Float(*number),
            config::Constant::Bool(yes) => Constant::Bool(*yes),
        }
    }
}

impl Constant {
    pub(super) fn value(&self) -> Value<'_> {
        match self {
            Constant::Text(text) => Value::Text(text),
            Constant::Int(number) => Value::Int(*number),
            Constant::Float(number) => Value::Float(*number),
            Constant::Bool(yes) => Value::Bool(*yes),
        }
    }
}
