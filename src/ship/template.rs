//! The index template: which type each ECS field has.
//!
//! Only types that every server in use has: no `constant_keyword`, `wildcard`, `match_only_text` or
//! `scaled_float`, which Elasticsearch keeps in modules of its own and OpenSearch has in part.
//!
//! `@timestamp` is a `date`, which keeps milliseconds, and not `date_nanos`: that one refuses instants before
//! 1970 and after 2262, and a clock gone wrong must not turn lines into rejects. Nothing is lost, because the
//! source keeps the digits that the log had; where two events share a millisecond, `log.offset` orders them.
//! It is also what the servers' own templates for `logs-*-*` say, so that searches across both agree.
//!
//! A value that does not fit its field's type is left out of the index instead of refusing the document
//! (`index.mapping.ignore_malformed`), except for the time itself.

use serde_json::{Map, Value, json};

/// Longest keyword that is indexed, in characters; a longer one stays in the document only.
const KEYWORD_CHARS_MAX: u32 = 1_024;

/// Above the servers' own templates for `logs-*-*` (100), below those of installed integrations (200).
const PRIORITY: u32 = 150;

#[derive(Clone, Copy)]
enum Kind {
    Keyword,
    Long,
    Ip,
    Text,
    Date,
    /// In the document, not searchable.
    Stored,
}

impl Kind {
    fn mapping(self) -> Value {
        match self {
            Kind::Keyword => json!({"type": "keyword", "ignore_above": KEYWORD_CHARS_MAX}),
            Kind::Long => json!({"type": "long"}),
            Kind::Ip => json!({"type": "ip"}),
            // Nobody ranks log lines by how often a word is in them.
            Kind::Text => json!({"type": "text", "norms": false}),
            Kind::Date => json!({"type": "date"}),
            Kind::Stored => json!({"type": "keyword", "index": false, "doc_values": false}),
        }
    }
}

/// Fields of the Elastic Common Schema (<https://www.elastic.co/guide/en/ecs/current/ecs-field-reference.html>)
/// that lines are parsed into, less those whose type the first value tells rightly: keywords come by the
/// dynamic template.
const FIELDS: &[(&str, Kind)] = &[
    ("client.ip", Kind::Ip),
    ("client.port", Kind::Long),
    ("data_stream.dataset", Kind::Keyword),
    ("data_stream.namespace", Kind::Keyword),
    ("data_stream.type", Kind::Keyword),
    ("destination.bytes", Kind::Long),
    ("destination.ip", Kind::Ip),
    ("destination.port", Kind::Long),
    ("error.message", Kind::Text),
    ("error.stack_trace", Kind::Text),
    ("error.type", Kind::Keyword),
    ("event.created", Kind::Date),
    ("event.dataset", Kind::Keyword),
    ("event.duration", Kind::Long),
    ("event.ingested", Kind::Date),
    ("event.original", Kind::Stored),
    ("event.sequence", Kind::Long),
    ("event.severity", Kind::Long),
    ("host.ip", Kind::Ip),
    ("host.name", Kind::Keyword),
    ("http.request.body.bytes", Kind::Long),
    ("http.request.bytes", Kind::Long),
    ("http.request.method", Kind::Keyword),
    ("http.request.referrer", Kind::Keyword),
    ("http.response.body.bytes", Kind::Long),
    ("http.response.bytes", Kind::Long),
    ("http.response.status_code", Kind::Long),
    ("http.version", Kind::Keyword),
    ("log.file.path", Kind::Keyword),
    ("log.level", Kind::Keyword),
    ("log.logger", Kind::Keyword),
    ("log.offset", Kind::Long),
    ("log.origin.file.line", Kind::Long),
    ("log.syslog.facility.code", Kind::Long),
    ("log.syslog.priority", Kind::Long),
    ("log.syslog.severity.code", Kind::Long),
    ("message", Kind::Text),
    ("network.bytes", Kind::Long),
    ("network.forwarded_ip", Kind::Ip),
    ("process.pid", Kind::Long),
    ("process.thread.id", Kind::Long),
    ("process.thread.name", Kind::Keyword),
    ("server.ip", Kind::Ip),
    ("server.port", Kind::Long),
    ("service.name", Kind::Keyword),
    ("source.bytes", Kind::Long),
    ("source.ip", Kind::Ip),
    ("source.port", Kind::Long),
    ("span.id", Kind::Keyword),
    ("trace.id", Kind::Keyword),
    ("transaction.id", Kind::Keyword),
    ("url.original", Kind::Keyword),
    ("url.path", Kind::Keyword),
    ("url.port", Kind::Long),
    ("user.name", Kind::Keyword),
    ("user_agent.original", Kind::Keyword),
];

/// Elasticsearch has it from 8.14 on: fields beyond the most that an index may have (1000) stay in the document, and
/// are not indexed. A server without it refuses the document.
pub const BEYOND_LIMIT: &str = "index.mapping.total_fields.ignore_dynamic_beyond_limit";

/// The body of `PUT _index_template/NAME` for indexes whose names match `patterns`, with [`BEYOND_LIMIT`] where the
/// server knows it.
pub fn index_template(patterns: &[String], data_stream: bool, beyond_limit: bool) -> Value {
    // A server must not be told to forgive a wrong time: a data stream orders by it.
    let mut properties = Map::from_iter([(
        "@timestamp".to_owned(),
        json!({"type": "date", "ignore_malformed": false}),
    )]);
    for (name, kind) in FIELDS {
        properties.insert((*name).to_owned(), kind.mapping());
    }
    let mut template = json!({
        "index_patterns": patterns,
        "priority": PRIORITY,
        "template": {
            "settings": {"index.mapping.ignore_malformed": true},
            "mappings": {
                // A text that looks like a date in the first document need not be one in the next.
                "date_detection": false,
                "dynamic_templates": [{
                    "strings": {"match_mapping_type": "string", "mapping": Kind::Keyword.mapping()},
                }],
                "properties": properties,
            },
        },
        "_meta": {"description": "log events shipped by logmill", "logmill": env!("CARGO_PKG_VERSION")},
    });
    if beyond_limit {
        template["template"]["settings"][BEYOND_LIMIT] = json!(true);
    }
    if data_stream {
        template["data_stream"] = json!({});
    }
    template
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_field_is_given_twice_or_lies_inside_another() {
        for (index, (name, _)) in FIELDS.iter().enumerate() {
            for (other, _) in &FIELDS[index + 1..] {
                assert_ne!(name, other);
                let inside = |outer: &str, inner: &str| {
                    inner
                        .strip_prefix(outer)
                        .is_some_and(|rest| rest.starts_with('.'))
                };
                assert!(!inside(name, other) && !inside(other, name), "{name} and {other}");
            }
        }
        assert!(FIELDS.is_sorted_by_key(|(name, _)| *name));
    }

    #[test]
    fn a_plain_template_says_nothing_of_data_streams() {
        let patterns = ["logs-*-*".to_owned()];
        assert_eq!(index_template(&patterns, true, true)["data_stream"], json!({}));
        assert_eq!(index_template(&patterns, false, true).get("data_stream"), None);
    }
}
