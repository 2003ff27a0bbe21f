use crate::event::{Fields, Schema, Stream, TimestampWriter, Value};

use super::json;

/// Appends one event as a JSON object on one line, with the fields of the line only: nothing of the agent, and
/// no `@timestamp` that the line does not say.
pub fn write_event(
    schema: &Schema,
    fields: &Fields<'_>,
    stream: Option<Stream>,
    unmatched: bool,
    times: &mut TimestampWriter,
    out: &mut Vec<u8>,
) {
    out.push(b'{');
    let first = out.len();
    for (field, name) in schema.iter() {
        let value = fields.get(field);
        if !value.is_absent() && !name.starts_with('_') {
            separate(first, out);
            json::write_string(name.as_bytes(), out);
            out.push(b':');
            write_value(value, times, out);
        }
    }
    for extra in fields.extra() {
        separate(first, out);
        json::write_string(extra.name, out);
        out.push(b':');
        write_value(extra.value, times, out);
    }
    if let Some(stream) = stream {
        separate(first, out);
        out.extend_from_slice(match stream {
            Stream::Stdout => br#""stream":"stdout""#,
            Stream::Stderr => br#""stream":"stderr""#,
        });
    }
    if unmatched {
        separate(first, out);
        out.extend_from_slice(br#""tags":["unmatched"]"#);
    }
    out.push(b'}');
}

fn separate(first: usize, out: &mut Vec<u8>) {
    if out.len() > first {
        out.push(b',');
    }
}

/// Appends one value as JSON; gives whether bytes had to be replaced because they were not UTF-8.
pub fn write_value(value: Value<'_>, times: &mut TimestampWriter, out: &mut Vec<u8>) -> bool {
    match value {
        Value::Text(text) => return json::write_string(text, out),
        Value::Int(number) => json::write_int(number, out),
        Value::Json(raw) => out.extend_from_slice(raw),
        Value::Float(number) => json::write_float(number, out),
        Value::Bool(yes) => out.extend_from_slice(if yes { b"true" } else { b"false" }),
        Value::Time(at) => {
            out.push(b'"');
            times.write(at, out);
            out.push(b'"');
        }
        Value::Absent => out.extend_from_slice(b"null"),
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_what_the_line_says() {
        let mut schema = Schema::default();
        let (status, scratch) = (schema.intern("http.response.status_code"), schema.intern("_rest"));
        schema.intern("url.path");
        let mut fields = Fields::new(schema.len());
        let text = |fields: &Fields<'_>, stream, unmatched| {
            let mut out = Vec::new();
            write_event(
                &schema,
                fields,
                stream,
                unmatched,
                &mut TimestampWriter::default(),
                &mut out,
            );
            String::from_utf8(out).unwrap()
        };
        assert_eq!(text(&fields, None, false), "{}");
        fields.set(status, Value::Int(200));
        fields.set(scratch, Value::Text(b"kept for extract only"));
        fields.push_extra(b"k", Value::Bool(true));
        assert_eq!(
            text(&fields, Some(Stream::Stderr), true),
            r#"{"http.response.status_code":200,"k":true,"stream":"stderr","tags":["unmatched"]}"#
        );
    }
}
