use crate::event::{Fields, Schema, Stream, Timestamp, TimestampWriter, Value};

use super::decimal;
use super::json;
use super::page::Pen;

/// Writes one event as a JSON object on one line, with the fields of the line only: nothing of the agent, and
/// no `@timestamp` that the line does not say.
pub fn write_event(
    schema: &Schema,
    fields: &Fields<'_>,
    stream: Option<Stream>,
    unmatched: bool,
    times: &mut TimestampWriter,
    pen: &mut Pen<'_>,
) {
    let mut separator: &[u8] = b"{";
    let mut separate = |pen: &mut Pen<'_>| pen.slice(std::mem::replace(&mut separator, b","));
    for (field, name) in schema.iter() {
        let value = fields.get(field);
        if !value.is_absent() && !schema.is_hidden(field) {
            separate(pen);
            json::write_string(name.as_bytes(), pen);
            pen.byte(b':');
            write_value(value, times, pen);
        }
    }
    for extra in fields.extra() {
        separate(pen);
        json::write_string(extra.name, pen);
        pen.byte(b':');
        write_value(extra.value, times, pen);
    }
    if let Some(stream) = stream {
        separate(pen);
        pen.slice(match stream {
            Stream::Stdout => br#""stream":"stdout""#,
            Stream::Stderr => br#""stream":"stderr""#,
        });
    }
    if unmatched {
        separate(pen);
        pen.slice(br#""tags":["unmatched"]"#);
    }
    if separator == b"{" {
        pen.byte(b'{');
    }
    pen.byte(b'}');
}

/// Appends one value as JSON; gives whether bytes had to be replaced because they were not UTF-8.
#[inline(always)]
pub fn write_value(value: Value<'_>, times: &mut TimestampWriter, pen: &mut Pen<'_>) -> bool {
    match value {
        Value::Text(text) => return json::write_string(text, pen),
        Value::Int(number) => json::write_int(number, pen),
        Value::Json(raw) => pen.copy(raw),
        Value::Float(number) => pen.aside(|pen| json::write_float(number, pen)),
        Value::Bool(yes) => pen.slice(if yes { b"true" } else { b"false" }),
        Value::Time(at) => {
            pen.byte(b'"');
            pen.aside(|pen| write_time(at, times, pen));
            pen.byte(b'"');
        }
        Value::Absent => pen.slice(b"null"),
    }
    false
}

/// Appends RFC 3339 in UTC, with the fraction's own number of digits, without quotes.
#[inline]
pub(super) fn write_time(at: Timestamp, times: &mut TimestampWriter, pen: &mut Pen<'_>) {
    let seconds = times.seconds(at);
    if at.digits == 0 {
        pen.block(seconds, TimestampWriter::WITH_Z);
    } else {
        pen.block(seconds, TimestampWriter::WITHOUT_Z);
        pen.byte(b'.');
        decimal::write_fraction(at.nanos, at.digits, pen);
        pen.byte(b'Z');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::encode::Page;

    proptest! {
        #[test]
        fn a_time_is_that_of_the_timestamp(
            times in proptest::collection::vec((1_795_368_510i64..1_795_368_513, 0u32..1_000_000_000, 0u8..=9), 1..9),
        ) {
            let (mut page, mut writer) = (Page::default(), TimestampWriter::default());
            for (secs, nanos, digits) in times {
                let at = Timestamp { secs, nanos, digits };
                page.write(|pen| write_time(at, &mut writer, pen));
                let mut expected = Vec::new();
                at.write_rfc3339(&mut expected);
                prop_assert_eq!(page.text(), expected);
            }
        }
    }

    #[test]
    fn an_event_is_what_the_line_says() {
        let mut schema = Schema::default();
        let (status, scratch) = (schema.intern("http.response.status_code"), schema.intern("_rest"));
        schema.intern("url.path");
        let mut fields = Fields::new(schema.len());
        let text = |fields: &Fields<'_>, stream, unmatched| {
            let (mut page, mut times) = (Page::default(), TimestampWriter::default());
            page.write(|pen| write_event(&schema, fields, stream, unmatched, &mut times, pen));
            String::from_utf8(page.text().to_vec()).unwrap()
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
