use crate::event::{Fields, Schema, TimestampWriter, Value};

/// `name=value` of every field that is there, in the order of the slots.
pub(super) fn show(schema: &Schema, fields: &Fields<'_>) -> String {
    let mut out = Vec::new();
    for (field, name) in schema.iter() {
        let value = fields.get(field);
        if value.is_absent() {
            continue;
        }
        if !out.is_empty() {
            out.push(b' ');
        }
        out.extend_from_slice(name.as_bytes());
        out.push(b'=');
        match value {
            Value::Absent => {}
            Value::Text(text) | Value::Json(text) => out.extend_from_slice(text),
            Value::Int(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Value::Float(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Value::Bool(yes) => out.extend_from_slice(yes.to_string().as_bytes()),
            Value::Time(at) => TimestampWriter::default().write(at, &mut out),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
