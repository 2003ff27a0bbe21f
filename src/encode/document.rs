//! One event as two lines of a bulk body: the action and the document, written straight from the parsed slots.

use crate::event::{FieldId, Fields, FileKey, Schema, Stream, Timestamp, TimestampWriter, Value};

use super::event::write_value;
use super::{id, json};

/// What the documents of one input have in common, rendered once.
#[derive(Debug, Clone)]
pub struct Template {
    /// Up to where the id stands: `{"create":{"_index":"logs-nginx.access-default","_id":"`.
    action: Vec<u8>,
    /// From behind the id to the first value: `"}}⏎{"@timestamp":"`.
    opening: &'static [u8],
    with_id: bool,
    timestamp: Option<FieldId>,
    columns: Vec<Column>,
    /// Constant fields, each `,"name":value`.
    constants: Vec<u8>,
}

/// A field that the document may have.
#[derive(Debug, Clone)]
struct Column {
    field: FieldId,
    /// `,"name":`
    key: Vec<u8>,
}

/// What a document says of where its event stands.
#[derive(Debug, Clone, Copy)]
pub struct Place<'c> {
    pub file: FileKey,
    /// Offset of the event's first byte in its file.
    pub offset: u64,
    /// The event's first line as the file has it: part of the document's identity.
    pub first_line: &'c [u8],
    pub stream: Option<Stream>,
    /// The event was cut at a limit.
    pub cut: bool,
    /// No pattern of the pipeline matched.
    pub unmatched: bool,
    /// `@timestamp` of an event that says no time of its own.
    pub read_at: Timestamp,
}

impl Template {
    /// For documents of `schema` that go to `index`. A constant takes the place of the field of the same name.
    pub fn new(schema: &Schema, index: &str, with_id: bool, constants: &[(String, String)]) -> Self {
        let mut action = br#"{"create":{"_index":"#.to_vec();
        json::write_string(index.as_bytes(), &mut action);
        if with_id {
            action.extend_from_slice(br#","_id":""#);
        }
        let opening: &[u8] = if with_id {
            b"\"}}\n{\"@timestamp\":\""
        } else {
            b"}}\n{\"@timestamp\":\""
        };
        let is_constant = |name: &str| constants.iter().any(|(constant, _)| constant == name);
        let columns = schema
            .iter()
            .filter(|(_, name)| *name != TIMESTAMP && !name.starts_with('_') && !is_constant(name))
            .map(|(field, name)| Column {
                field,
                key: key(name),
            })
            .collect();
        let mut rendered = Vec::new();
        for (name, value) in constants {
            rendered.extend_from_slice(&key(name));
            json::write_string(value.as_bytes(), &mut rendered);
        }
        Template {
            action,
            opening,
            with_id,
            timestamp: schema.get(TIMESTAMP),
            columns,
            constants: rendered,
        }
    }

    /// What all documents from one file end in, up to the value of `log.offset`; written to `tail` once a chunk.
    pub fn tail(&self, path: &[u8], tail: &mut Vec<u8>) {
        tail.clear();
        tail.extend_from_slice(&self.constants);
        tail.extend_from_slice(b",\"log.file.path\":");
        json::write_string(path, tail);
        tail.extend_from_slice(b",\"log.offset\":");
    }

    /// Appends the action line and the document of one event; gives whether bytes were replaced because they
    /// were not UTF-8.
    pub fn write(
        &self,
        fields: &Fields<'_>,
        place: &Place<'_>,
        tail: &[u8],
        times: &mut TimestampWriter,
        out: &mut Vec<u8>,
    ) -> bool {
        out.extend_from_slice(&self.action);
        if self.with_id {
            id::write(place.file, place.offset, place.first_line, out);
        }
        out.extend_from_slice(self.opening);
        let at = match self.timestamp.map(|field| fields.get(field)) {
            Some(Value::Time(at)) => at,
            _ => place.read_at,
        };
        times.write(at, out);
        out.push(b'"');

        let mut replaced = false;
        for column in &self.columns {
            let value = fields.get(column.field);
            if !value.is_absent() {
                out.extend_from_slice(&column.key);
                replaced |= write_value(value, times, out);
            }
        }
        for extra in fields.extra() {
            out.push(b',');
            replaced |= json::write_string(extra.name, out);
            out.push(b':');
            replaced |= write_value(extra.value, times, out);
        }
        write_marks(place, out);
        out.extend_from_slice(tail);
        json::write_int(place.offset as i64, out);
        out.extend_from_slice(b"}\n");
        replaced
    }
}

/// The field that every document has.
pub const TIMESTAMP: &str = "@timestamp";

fn key(name: &str) -> Vec<u8> {
    let mut key = vec![b','];
    json::write_string(name.as_bytes(), &mut key);
    key.push(b':');
    key
}

/// What the agent itself says of the event: the stream, and what went wrong with it.
fn write_marks(place: &Place<'_>, out: &mut Vec<u8>) {
    match place.stream {
        Some(Stream::Stdout) => out.extend_from_slice(br#","stream":"stdout""#),
        Some(Stream::Stderr) => out.extend_from_slice(br#","stream":"stderr""#),
        None => {}
    }
    if place.cut {
        out.extend_from_slice(br#","log.flags":["truncated"]"#);
    }
    if place.unmatched {
        out.extend_from_slice(br#","tags":["unmatched"]"#);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place<'static> {
        Place {
            file: FileKey(7),
            offset: 276,
            first_line: b"GET / 200",
            stream: None,
            cut: false,
            unmatched: false,
            read_at: Timestamp::from_millis(1_795_368_510_000),
        }
    }

    fn lines(template: &Template, fields: &Fields<'_>, place: &Place<'_>) -> [serde_json::Value; 2] {
        let (mut tail, mut out) = (Vec::new(), Vec::new());
        template.tail(b"/var/log/nginx/access.log", &mut tail);
        template.write(fields, place, &tail, &mut TimestampWriter::default(), &mut out);
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        [0, 1].map(|line| serde_json::from_str(lines[line]).unwrap())
    }

    #[test]
    fn a_document_is_its_fields_and_its_place() {
        let mut schema = Schema::default();
        let at = schema.intern("@timestamp");
        let status = schema.intern("http.response.status_code");
        let path = schema.intern("url.path");
        let query = schema.intern("url.query");
        let constants = [("service.name".to_owned(), "shop".to_owned())];
        let template = Template::new(&schema, "logs-nginx.access-default", true, &constants);
        let mut fields = Fields::new(schema.len());
        fields.set(at, Value::Time(Timestamp::from_millis(1_795_368_511_250)));
        fields.set(status, Value::Int(200));
        fields.set(path, Value::Text(b"/a\"b"));
        assert!(fields.get(query).is_absent());
        fields.push_extra(b"labels.k", Value::Json(b"[1,2]"));

        let [action, document] = lines(&template, &fields, &place());
        assert_eq!(action["create"]["_index"], "logs-nginx.access-default");
        assert_eq!(action["create"]["_id"].as_str().unwrap().len(), id::ID_BYTES);
        assert_eq!(
            document,
            serde_json::json!({
                "@timestamp": "2026-11-22T17:28:31.250Z", "http.response.status_code": 200,
                "url.path": "/a\"b", "labels.k": [1, 2], "service.name": "shop",
                "log.file.path": "/var/log/nginx/access.log", "log.offset": 276,
            })
        );
    }

    #[test]
    fn an_event_without_time_has_the_time_of_reading() {
        let template = Template::new(&Schema::default(), "logs", false, &[]);
        let cut = Place {
            cut: true,
            unmatched: true,
            stream: Some(Stream::Stderr),
            ..place()
        };
        let [action, document] = lines(&template, &Fields::new(0), &cut);
        assert_eq!(action["create"].get("_id"), None);
        assert_eq!(document["@timestamp"], "2026-11-22T17:28:30.000Z");
        assert_eq!(document["log.flags"], serde_json::json!(["truncated"]));
        assert_eq!(document["tags"], serde_json::json!(["unmatched"]));
        assert_eq!(document["stream"], "stderr");
    }

    #[test]
    fn a_constant_takes_the_place_of_the_field() {
        let mut schema = Schema::default();
        let name = schema.intern("service.name");
        let constants = [("service.name".to_owned(), "shop".to_owned())];
        let template = Template::new(&schema, "logs", true, &constants);
        let mut fields = Fields::new(1);
        fields.set(name, Value::Text(b"shop-api"));
        let [_, document] = lines(&template, &fields, &place());
        assert_eq!(document["service.name"], "shop");
    }
}
