//! One event as two lines of a bulk body: the action and the document, written straight from the parsed slots.

use crate::event::{FieldId, Fields, FileKey, Schema, Stream, Timestamp, TimestampWriter, Value};

use super::event::{write_time, write_value};
use super::id;
use super::json;
use super::page::{Page, Pen};

/// What the documents of one input have in common, rendered once.
#[derive(Debug, Clone)]
pub struct Template {
    /// Up to where the id stands: `{"create":{"_index":"logs-nginx.access-default","_id":"`.
    action: Vec<u8>,
    with_id: bool,
    timestamp: Option<FieldId>,
    columns: Vec<Column>,
    /// Constant fields, each `,"name":value`.
    constants: Vec<u8>,
    /// Likewise, but only for events that do not have the field.
    defaults: Vec<(FieldId, Box<[u8]>)>,
    marks: Marks,
}

/// The fields of the pipeline that are called as those by which the agent marks some events.
#[derive(Debug, Clone, Copy, Default)]
struct Marks {
    stream: Option<FieldId>,
    flags: Option<FieldId>,
    tags: Option<FieldId>,
    /// There is one of them.
    any: bool,
}

/// A field that the document may have.
#[derive(Debug, Clone)]
struct Column {
    field: FieldId,
    /// `,"name":"`, its first bytes: nearly always all of it.
    key: [u8; KEY_BYTES],
    key_len: usize,
    /// What of the key did not fit.
    key_rest: Box<[u8]>,
}

/// Keys up to this length are copied as a block of a length that the compiler knows, without a call.
const KEY_BYTES: usize = 32;

/// What all documents from one file begin and end in; made once a chunk.
#[derive(Debug, Default)]
pub struct Ends {
    page: Page,
    /// The action up to what the id says of the event.
    head: Vec<u8>,
    /// From the constant fields to the value of `log.offset`.
    tail: Vec<u8>,
}

/// What a document says of where its event stands.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place<'c> {
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
    /// For documents of `schema` that go to `index`. A constant takes the place of the field of the same name, and a
    /// default stands where an event does not have the field.
    pub fn new(
        schema: &Schema,
        index: &str,
        with_id: bool,
        constants: &[(String, String)],
        defaults: &[(String, String)],
    ) -> Self {
        let mut page = Page::default();
        let mut action = br#"{"create":{"_index":"#.to_vec();
        action.extend_from_slice(string(index.as_bytes(), &mut page));
        if with_id {
            action.extend_from_slice(br#","_id":""#);
        }
        let is_constant = |name: &str| constants.iter().any(|(constant, _)| constant == name);
        let marks = Marks::of(schema);
        let is_apart = |field, name: &str| name == TIMESTAMP || marks.has(field) || is_constant(name);
        let columns = schema
            .in_documents()
            .filter(|(field, name)| !is_apart(*field, name))
            .map(|(field, name)| Column::new(field, &[key(&name, &mut page), b"\""].concat()))
            .collect();
        let mut rendered = Vec::new();
        let mut conditional = Vec::new();
        let defaults = defaults.iter().filter(|(name, _)| !is_constant(name));
        for (name, value) in constants.iter().chain(defaults) {
            let mut text = key(name, &mut page).to_vec();
            text.extend_from_slice(string(value.as_bytes(), &mut page));
            match schema
                .get(name)
                .filter(|id| !is_constant(name) && !schema.is_hidden(*id))
            {
                Some(field) => conditional.push((field, text.into())),
                None => rendered.extend(text),
            }
        }
        Template {
            action,
            with_id,
            timestamp: schema.get(TIMESTAMP),
            columns,
            constants: rendered,
            defaults: conditional,
            marks,
        }
    }

    /// What all documents from `file`, called `path`, begin and end in, written to `ends`.
    pub fn ends(&self, file: FileKey, path: &[u8], ends: &mut Ends) {
        let Ends { head, tail, page } = ends;
        head.clear();
        head.extend_from_slice(&self.action);
        if self.with_id {
            id::write_file(file, head);
        }
        tail.clear();
        tail.extend_from_slice(&self.constants);
        tail.extend_from_slice(b",\"log.file.path\":");
        tail.extend_from_slice(string(path, page));
        tail.extend_from_slice(b",\"log.offset\":");
    }

    /// Appends the action line and the document of one event; gives whether bytes were replaced because they
    /// were not UTF-8.
    #[inline]
    pub fn write(
        &self,
        fields: &Fields<'_>,
        place: &Place<'_>,
        ends: &Ends,
        times: &mut TimestampWriter,
        pen: &mut Pen<'_>,
    ) -> bool {
        pen.slice(&ends.head);
        if self.with_id {
            id::write_event(place.offset, place.first_line, pen);
            pen.slice(b"\"}}\n{\"@timestamp\":\"");
        } else {
            pen.slice(b"}}\n{\"@timestamp\":\"");
        }
        let at = self.timestamp.and_then(|field| fields.time(field));
        write_time(at.unwrap_or(place.read_at), times, pen);
        pen.byte(b'"');

        let mut replaced = false;
        for column in &self.columns {
            match fields.get(column.field) {
                Value::Absent => {}
                Value::Text(text) => {
                    column.write_key::<true>(pen);
                    replaced |= json::write_to_quote(text, pen);
                }
                value => {
                    column.write_key::<false>(pen);
                    write_value(value, times, pen);
                }
            }
        }
        for (field, text) in &self.defaults {
            if fields.get(*field).is_absent() {
                pen.slice(text);
            }
        }
        if !fields.extra().is_empty() {
            replaced |= pen.aside(|pen| write_extra(fields, times, pen));
        }
        if place.stream.is_some() || place.cut || place.unmatched || self.marks.any {
            replaced |= pen.aside(|pen| self.marks.write(place, fields, times, pen));
        }
        pen.slice(&ends.tail);
        json::write_int(place.offset as i64, pen);
        pen.slice(b"}\n");
        replaced
    }
}

impl Column {
    fn new(field: FieldId, text: &[u8]) -> Self {
        let (head, rest) = text.split_at(text.len().min(KEY_BYTES));
        let mut key = [0; KEY_BYTES];
        key[..head.len()].copy_from_slice(head);
        Column {
            field,
            key,
            key_len: head.len(),
            key_rest: rest.into(),
        }
    }

    /// With the quote that begins a text, or without.
    #[inline]
    fn write_key<const OF_TEXT: bool>(&self, pen: &mut Pen<'_>) {
        let cut = usize::from(!OF_TEXT);
        match self.key_rest.len() {
            0 => pen.block(&self.key, self.key_len - cut),
            rest => {
                pen.block(&self.key, KEY_BYTES);
                pen.slice(&self.key_rest[..rest - cut]);
            }
        }
    }
}

/// The field that every document has.
pub const TIMESTAMP: &str = "@timestamp";

/// `,"name":`
fn key<'p>(name: &str, page: &'p mut Page) -> &'p [u8] {
    page.write(|pen| {
        pen.byte(b',');
        json::write_string(name.as_bytes(), pen);
        pen.byte(b':');
    });
    page.text()
}

/// `"text"`
fn string<'p>(text: &[u8], page: &'p mut Page) -> &'p [u8] {
    page.write(|pen| json::write_string(text, pen));
    page.text()
}

/// The fields that the pipeline does not name.
#[inline(never)]
fn write_extra(fields: &Fields<'_>, times: &mut TimestampWriter, pen: &mut Pen<'_>) -> bool {
    let mut replaced = false;
    for extra in fields.extra() {
        pen.byte(b',');
        replaced |= json::write_string(extra.name, pen);
        pen.byte(b':');
        replaced |= write_value(extra.value, times, pen);
    }
    replaced
}

impl Marks {
    fn of(schema: &Schema) -> Marks {
        let shown = |name| schema.get(name).filter(|id| !schema.is_hidden(*id));
        let [stream, flags, tags] = ["stream", "log.flags", "tags"].map(shown);
        Marks {
            stream,
            flags,
            tags,
            any: [stream, flags, tags].iter().any(Option::is_some),
        }
    }

    fn has(&self, field: FieldId) -> bool {
        [self.stream, self.flags, self.tags].contains(&Some(field))
    }

    /// What the agent itself says of the event: the stream, and what went wrong with it. Where it says nothing, what the
    /// pipeline says. Gives whether bytes had to be replaced because they were not UTF-8.
    #[inline(never)]
    fn write(
        &self,
        place: &Place<'_>,
        fields: &Fields<'_>,
        times: &mut TimestampWriter,
        pen: &mut Pen<'_>,
    ) -> bool {
        let value = |field: Option<FieldId>| field.map_or(Value::Absent, |field| fields.get(field));
        let stream = place.stream.map(|stream| match stream {
            Stream::Stdout => Value::Text(b"stdout"),
            Stream::Stderr => Value::Text(b"stderr"),
        });
        let flags = place.cut.then_some(Value::Json(br#"["truncated"]"#));
        let tags = place.unmatched.then_some(Value::Json(br#"["unmatched"]"#));
        let mut replaced = false;
        for (key, own, said) in [
            (&br#","stream":"#[..], stream, self.stream),
            (br#","log.flags":"#, flags, self.flags),
            (br#","tags":"#, tags, self.tags),
        ] {
            let value = own.unwrap_or_else(|| value(said));
            if !value.is_absent() {
                pen.slice(key);
                replaced |= write_value(value, times, pen);
            }
        }
        replaced
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place<'static> {
        Place {
            offset: 276,
            first_line: b"GET / 200",
            stream: None,
            cut: false,
            unmatched: false,
            read_at: Timestamp::from_millis(1_795_368_510_000),
        }
    }

    fn lines(template: &Template, fields: &Fields<'_>, place: &Place<'_>) -> [serde_json::Value; 2] {
        let (mut ends, mut page) = (Ends::default(), Page::default());
        template.ends(FileKey(7), b"/var/log/nginx/access.log", &mut ends);
        let mut times = TimestampWriter::default();
        page.write(|pen| template.write(fields, place, &ends, &mut times, pen));
        let text = String::from_utf8(page.text().to_vec()).unwrap();
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
        let template = Template::new(&schema, "logs-nginx.access-default", true, &constants, &[]);
        let mut fields = Fields::new(schema.len());
        fields.set(at, Value::Time(Timestamp::from_millis(1_795_368_511_250)));
        fields.set(status, Value::Int(200));
        fields.set(path, Value::Text(b"/a\"b"));
        assert!(fields.get(query).is_absent());
        fields.push_extra(b"labels.k", Value::Json(b"[1,2]"));

        let [action, document] = lines(&template, &fields, &place());
        assert_eq!(action["create"]["_index"], "logs-nginx.access-default");
        assert_eq!(action["create"]["_id"].as_str().unwrap().len(), 25);
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
        let template = Template::new(&Schema::default(), "logs", false, &[], &[]);
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
    fn a_name_may_be_of_any_length() {
        for length in 1..100 {
            let name = "n".repeat(length);
            let mut schema = Schema::default();
            let field = schema.intern(&name);
            let template = Template::new(&schema, "logs", true, &[], &[]);
            let mut fields = Fields::new(1);
            fields.set(field, Value::Int(7));
            let [_, document] = lines(&template, &fields, &place());
            assert_eq!(document[&name], 7, "{name}");
        }
    }

    #[test]
    fn a_field_within_another_is_a_label_and_gives_way_to_the_inputs() {
        let mut schema = Schema::default();
        let field = schema.intern("message.template");
        let mut fields = Fields::new(1);
        fields.set(field, Value::Text(b"{n} saved"));
        let label = ("labels.message_template".to_owned(), "mine".to_owned());
        for (constants, expected) in [(&[][..], "{n} saved"), (&[label], "mine")] {
            let template = Template::new(&schema, "logs", true, constants, &[]);
            let [_, document] = lines(&template, &fields, &place());
            assert_eq!(document["labels.message_template"], expected);
            assert_eq!(document.get("message.template"), None);
        }
    }

    #[test]
    fn a_constant_takes_the_place_of_the_field() {
        let mut schema = Schema::default();
        let name = schema.intern("service.name");
        let constants = [("service.name".to_owned(), "shop".to_owned())];
        let template = Template::new(&schema, "logs", true, &constants, &[]);
        let mut fields = Fields::new(1);
        fields.set(name, Value::Text(b"shop-api"));
        let [_, document] = lines(&template, &fields, &place());
        assert_eq!(document["service.name"], "shop");
    }

    #[test]
    fn a_default_stands_where_the_line_says_nothing() {
        let mut schema = Schema::default();
        let host = schema.intern("host.name");
        let defaults =
            [("host.name", "own"), ("event.dataset", "shop")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        let template = Template::new(&schema, "logs", true, &[], &defaults);
        let mut fields = Fields::new(1);
        let [_, document] = lines(&template, &fields, &place());
        assert_eq!(document["host.name"], "own");
        fields.set(host, Value::Text(b"web1"));
        let [_, document] = lines(&template, &fields, &place());
        assert_eq!(
            (&document["host.name"], &document["event.dataset"]),
            (&"web1".into(), &"shop".into())
        );
    }

    #[test]
    fn a_mark_of_the_agent_is_there_once() {
        let mut schema = Schema::default();
        let [tags, stream] = ["tags", "stream"].map(|name| schema.intern(name));
        let template = Template::new(&schema, "logs", true, &[], &[]);
        let mut fields = Fields::new(2);
        fields.set(tags, Value::Text(b"slow"));
        fields.set(stream, Value::Text(b"audit"));
        let text = |place: &Place<'_>| {
            let (mut ends, mut page) = (Ends::default(), Page::default());
            template.ends(FileKey(7), b"a.log", &mut ends);
            let mut times = TimestampWriter::default();
            page.write(|pen| template.write(&fields, place, &ends, &mut times, pen));
            String::from_utf8(page.text().to_vec()).unwrap()
        };
        let plain = text(&place());
        assert!(plain.contains(r#","stream":"audit","tags":"slow","#), "{plain}");
        let marked = text(&Place {
            stream: Some(Stream::Stdout),
            unmatched: true,
            ..place()
        });
        assert!(
            marked.contains(r#","stream":"stdout","tags":["unmatched"],"#),
            "{marked}"
        );
    }
}
