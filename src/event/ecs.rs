//! Names whose place in a document is given: those of the Elastic Common Schema, and those of the agent. Elasticsearch
//! refuses a document that has a text where its index has an object, or the other way round.

/// What the agent says of every event. A line cannot say it: a document would have the name twice, or lie about where
/// its event stands.
pub const AGENT: &[&str] = &["log.file.path", "log.offset"];

/// What the agent says of some events: the container's stream, what was cut.
pub const MARKS: &[&str] = &["stream", "log.flags"];

/// What the index is called by. Its server sets these, and refuses documents that differ.
pub const STREAM: &[&str] = &["data_stream.type", "data_stream.dataset", "data_stream.namespace"];

/// Objects (<https://www.elastic.co/guide/en/ecs/current/ecs-field-reference.html>), and for some the field that a plain
/// text under the object's name is meant for.
pub const OBJECTS: &[(&str, Option<&str>)] = &[
    ("agent", None),
    ("client", None),
    ("cloud", None),
    ("container", None),
    ("data_stream", None),
    ("destination", None),
    ("ecs", None),
    ("error", Some("error.message")),
    ("event", None),
    ("host", Some("host.name")),
    ("http", None),
    ("http.request", None),
    ("http.request.body", None),
    ("http.response", None),
    ("http.response.body", None),
    ("labels", None),
    ("log", None),
    ("log.file", None),
    ("log.origin", None),
    ("log.origin.file", None),
    ("log.syslog", None),
    ("log.syslog.facility", None),
    ("log.syslog.severity", None),
    ("network", None),
    ("observer", None),
    ("orchestrator", None),
    ("process", None),
    ("process.thread", None),
    ("server", None),
    ("service", Some("service.name")),
    ("source", None),
    ("span", None),
    ("trace", None),
    ("transaction", None),
    ("url", Some("url.original")),
    ("user", Some("user.name")),
    ("user_agent", Some("user_agent.original")),
];

/// Fields that are no objects: those of the index template, and what others' templates agree on.
pub const LEAVES: &[&str] = &[
    "client.ip",
    "client.port",
    "destination.bytes",
    "destination.ip",
    "destination.port",
    "error.message",
    "error.stack_trace",
    "error.type",
    "event.created",
    "event.dataset",
    "event.duration",
    "event.ingested",
    "event.original",
    "event.sequence",
    "event.severity",
    "host.hostname",
    "host.ip",
    "host.name",
    "http.request.body.bytes",
    "http.request.bytes",
    "http.request.method",
    "http.request.referrer",
    "http.response.body.bytes",
    "http.response.bytes",
    "http.response.status_code",
    "http.version",
    "log.level",
    "log.logger",
    "log.origin.file.line",
    "log.syslog.facility.code",
    "log.syslog.priority",
    "log.syslog.severity.code",
    "message",
    "network.bytes",
    "network.forwarded_ip",
    "process.pid",
    "process.thread.id",
    "process.thread.name",
    "server.ip",
    "server.port",
    "service.name",
    "source.bytes",
    "source.ip",
    "source.port",
    "span.id",
    "tags",
    "trace.id",
    "transaction.id",
    "url.original",
    "url.path",
    "url.port",
    "user.name",
    "user_agent.original",
];

/// Whether the agent says it and no line can.
pub fn is_of_agent(name: &str) -> bool {
    AGENT.contains(&name) || STREAM.contains(&name)
}

/// Why no field of a line can be called so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken<'a> {
    /// [`is_of_agent`].
    ByAgent,
    /// Documents have other fields in it, such as the one that a plain text is meant for.
    Object(Option<&'static str>),
    /// It is within a field that has a value.
    Within(&'a str),
}

/// Whether a field cannot be called `name` beside the others of its document.
pub fn taken<'a>(name: &str, others: impl IntoIterator<Item = &'a str>) -> Option<Taken<'a>> {
    if is_of_agent(name) {
        return Some(Taken::ByAgent);
    }
    let object = |name: &str| OBJECTS.iter().find(|(object, _)| *object == name);
    if let Some((_, meant)) = object(name) {
        return Some(Taken::Object(*meant));
    }
    let is_within = |outer: &str| name.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'));
    let mut outer = LEAVES.iter().copied().chain(others);
    outer
        .find(|outer| is_within(outer) && object(outer).is_none())
        .map(Taken::Within)
}

impl Taken<'_> {
    /// What to call the field.
    pub fn instead(self, name: &str) -> String {
        match self {
            Taken::Object(Some(meant)) => meant.to_owned(),
            Taken::ByAgent | Taken::Object(None) | Taken::Within(_) => label(name),
        }
    }
}

/// Where a line's value goes whose own name is taken: a label of one level, so that no label is in another.
pub fn label(name: &str) -> String {
    format!("labels.{}", name.replace('.', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_by_the_agent_an_object_or_a_field_around_it() {
        let others = ["order", "client", "order.id"];
        let cases = [
            ("log.offset", Some((Taken::ByAgent, "labels.log_offset"))),
            ("client", Some((Taken::Object(None), "labels.client"))),
            ("host", Some((Taken::Object(Some("host.name")), "host.name"))),
            ("order.id", Some((Taken::Within("order"), "labels.order_id"))),
            (
                "message.id",
                Some((Taken::Within("message"), "labels.message_id")),
            ),
            ("client.ip", None),
            ("order", None),
            ("orders.id", None),
        ];
        for (name, expected) in cases {
            let found = taken(name, others).map(|taken| (taken, taken.instead(name)));
            let expected = expected.map(|(taken, instead)| (taken, instead.to_owned()));
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn no_name_is_both_an_object_and_a_leaf() {
        for (object, leaf) in OBJECTS {
            assert!(!LEAVES.contains(object), "{object}");
            assert!(
                leaf.is_none_or(|leaf| LEAVES.contains(&leaf) && leaf.starts_with(object)),
                "{object}"
            );
        }
        let all = LEAVES.iter().chain(AGENT).chain(MARKS).chain(STREAM);
        for leaf in all {
            for (dot, _) in leaf.match_indices('.') {
                let object = &leaf[..dot];
                assert!(
                    OBJECTS.iter().any(|(known, _)| *known == object),
                    "{object} of {leaf}"
                );
            }
        }
    }

    #[test]
    fn a_label_has_one_level() {
        assert_eq!(label("log.file.path"), "labels.log_file_path");
    }
}
