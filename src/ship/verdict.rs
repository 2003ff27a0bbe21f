//! The answer for one document: a table from status and error to what happens to the document next.
//!
//! | status | error type | verdict |
//! | --- | --- | --- |
//! | 2xx | | accepted |
//! | 409 | `version_conflict_engine_exception`, none | already there |
//! | 409 | anything else | retry |
//! | 401, 403 | anything, `cluster_block_exception` (index read-only, disk full) among them | retry, slowly |
//! | 404 | `index_not_found_exception` | retry, slowly |
//! | 408, 429, 5xx | anything | retry |
//! | 400 | `invalid_index_name_exception` | retry, slowly |
//! | 400 | not the document's fault (see [`Cause::Setup`]) | retry, slowly |
//! | other | anything | rejected |
//!
//! A document is rejected only where the same document would be refused by a healthy, rightly set up server;
//! whatever an operator can put right without touching the document is tried again until it is put right.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Deserialize;

/// What the server said about one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Accepted,
    /// A document of this `_id` was stored before.
    AlreadyThere,
    /// Not stored now; to be sent again.
    Retry(Cause),
    /// Refused for good.
    Rejected(Refusal),
}

/// Why the server refuses one document for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status of the document's item, or of the request that held it alone.
    pub status: u16,
    /// `type: reason`, and the same of each cause; at most `REASON_BYTES_MAX` bytes.
    pub reason: Box<str>,
}

/// Why a document has to be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The server's queues are full.
    Busy,
    /// The server, or the shard, is not up to it now.
    Server,
    /// The credentials may not write to this index.
    Denied,
    /// The index is read-only, closed, or its disk is full.
    Blocked,
    /// The index does not exist and may not be made.
    NoIndex,
    /// The index cannot be called as it is.
    IndexName,
    /// The ingest pipeline is missing, or the cluster may hold no more shards.
    Setup,
}

impl Cause {
    /// What makes two causes the same to a reader.
    pub(super) fn name(self) -> &'static str {
        match self {
            Cause::Busy => "busy",
            Cause::Server => "server",
            Cause::Denied => "denied",
            Cause::Blocked => "blocked",
            Cause::NoIndex => "no_index",
            Cause::IndexName => "index_name",
            Cause::Setup => "setup",
        }
    }

    /// Somebody has to put it right; asking often does not help.
    pub fn is_slow(self) -> bool {
        !matches!(self, Cause::Busy | Cause::Server)
    }

    /// What the user can do, to follow the server's own words in a message.
    pub fn remedy(self) -> &'static str {
        match self {
            Cause::Busy | Cause::Server => "the documents are sent again until they are stored",
            Cause::Denied => {
                "grant `create_doc` and `auto_configure` on the index to the user or key of `api_key` or `username`"
            }
            Cause::Blocked => {
                "make room on the data nodes' disks, or lift the index's block, or open the index"
            }
            Cause::NoIndex => "create the index, or allow it in `action.auto_create_index`",
            Cause::IndexName => {
                "correct `index` in [elasticsearch], or the `service`, `dataset` or `namespace` in it"
            }
            Cause::Setup => {
                "create the pipeline named by `ingest_pipeline`, or raise `cluster.max_shards_per_node`"
            }
        }
    }
}

/// Longest [`Refusal::reason`]: a reason may quote the document, and a batch may hold thousands.
pub const REASON_BYTES_MAX: usize = 512;

/// How many `caused_by` are followed. Elasticsearch nests two or three.
const CAUSES_MAX: usize = 4;

/// An error as Elasticsearch 7 and 8 and OpenSearch write it, inside an item or as a whole answer.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ServerError<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    reason: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    caused_by: Option<Box<ServerError<'a>>>,
}

impl<'a> ServerError<'a> {
    /// Reads the JSON of an error: an object, or a string as in answers to unknown paths. What is neither
    /// becomes the reason as it stands.
    pub(super) fn read(json: &'a str) -> Self {
        serde_json::from_str(json).unwrap_or_else(|_| ServerError {
            reason: Some(serde_json::from_str(json).map_or(Cow::Borrowed(json), Cow::Owned)),
            ..ServerError::default()
        })
    }

    /// Gateways answer in JSON too, but only Elasticsearch and OpenSearch give their errors a type.
    pub(super) fn is_elasticsearchs(&self) -> bool {
        !self.kind().is_empty()
    }

    /// Elasticsearch before 7 says so of every document without a type, and none here has one: the server is too old.
    pub(super) fn wants_types(&self) -> bool {
        self.kind() == "action_request_validation_exception" && self.reason().contains("type is missing")
    }

    fn kind(&self) -> &str {
        self.kind.as_deref().unwrap_or_default()
    }

    fn reason(&self) -> &str {
        self.reason.as_deref().unwrap_or_default()
    }

    /// `type: reason; caused by type: reason`, cut at `REASON_BYTES_MAX`.
    pub(super) fn text(&self) -> Box<str> {
        let mut text = String::new();
        let mut error = Some(self);
        for depth in 0..=CAUSES_MAX {
            let Some(here) = error else { break };
            if depth > 0 {
                text.push_str("; caused by ");
            }
            // Writing to a string cannot fail.
            let _ = match (here.kind(), here.reason()) {
                ("", reason) => write!(text, "{reason}"),
                (kind, "") => write!(text, "{kind}"),
                (kind, reason) => write!(text, "{kind}: {reason}"),
            };
            error = here.caused_by.as_deref();
        }
        cut(&mut text, REASON_BYTES_MAX);
        text.into_boxed_str()
    }
}

/// Cuts `text` to at most `bytes_max` bytes, between two characters.
pub(super) fn cut(text: &mut String, bytes_max: usize) {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
}

impl Verdict {
    /// The verdict on an item with this status and error.
    pub(super) fn of(status: u16, error: Option<&ServerError>) -> Self {
        let kind = error.map_or("", ServerError::kind);
        match status {
            200..=299 => Verdict::Accepted,
            409 if kind.is_empty() || kind == "version_conflict_engine_exception" => Verdict::AlreadyThere,
            409 | 408 | 500.. => Verdict::Retry(Cause::Server),
            429 if kind == "cluster_block_exception" => Verdict::Retry(Cause::Blocked),
            429 => Verdict::Retry(Cause::Busy),
            401 | 403 if kind == "cluster_block_exception" => Verdict::Retry(Cause::Blocked),
            401 | 403 => Verdict::Retry(Cause::Denied),
            404 if kind == "index_not_found_exception" => Verdict::Retry(Cause::NoIndex),
            400 if kind == "index_closed_exception" => Verdict::Retry(Cause::Blocked),
            400 if kind == "invalid_index_name_exception" => Verdict::Retry(Cause::IndexName),
            400 if error.is_some_and(is_setup) => Verdict::Retry(Cause::Setup),
            _ => Verdict::Rejected(Refusal {
                status,
                reason: error.map(ServerError::text).unwrap_or_default(),
            }),
        }
    }
}

/// Whether a 400 is about the cluster's setup: Elasticsearch has no error type of its own for these two.
fn is_setup(error: &ServerError) -> bool {
    let reason = error.reason();
    (reason.starts_with("pipeline with id [") && reason.ends_with("does not exist"))
        || (reason.contains("this action would add [") && reason.contains("shards open"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, error: &str, verdict: Verdict) {
        let error = (!error.is_empty()).then(|| ServerError::read(error));
        assert_eq!(Verdict::of(status, error.as_ref()), verdict);
    }

    fn rejected(status: u16, reason: &str) -> Verdict {
        Verdict::Rejected(Refusal {
            status,
            reason: reason.into(),
        })
    }

    #[test]
    fn stored_documents() {
        check(201, "", Verdict::Accepted);
        check(200, "", Verdict::Accepted);
        let conflict = r#"{"type":"version_conflict_engine_exception","reason":"[a]: version conflict, document already exists (current version [1])","index_uuid":"x","shard":"0","index":"logs"}"#;
        check(409, conflict, Verdict::AlreadyThere);
        check(409, "", Verdict::AlreadyThere);
        check(
            409,
            r#"{"type":"other_exception"}"#,
            Verdict::Retry(Cause::Server),
        );
    }

    #[test]
    fn documents_that_go_again() {
        let full = r#"{"type":"es_rejected_execution_exception","reason":"rejected execution of org.elasticsearch.action.support.replication.TransportWriteAction"}"#;
        check(429, full, Verdict::Retry(Cause::Busy));
        check(
            429,
            r#"{"type":"rejected_execution_exception"}"#,
            Verdict::Retry(Cause::Busy),
        );
        check(
            429,
            r#"{"type":"circuit_breaking_exception","reason":"[parent] Data too large"}"#,
            Verdict::Retry(Cause::Busy),
        );
        let shards = r#"{"type":"unavailable_shards_exception","reason":"[logs][0] primary shard is not active Timeout: [1m]"}"#;
        check(503, shards, Verdict::Retry(Cause::Server));
        check(500, "", Verdict::Retry(Cause::Server));
        check(408, "", Verdict::Retry(Cause::Server));
    }

    #[test]
    fn documents_that_wait_for_an_operator() {
        let block = r#"{"type":"cluster_block_exception","reason":"index [logs] blocked by: [FORBIDDEN/8/index write (api)];"}"#;
        check(403, block, Verdict::Retry(Cause::Blocked));
        let flood = r#"{"type":"cluster_block_exception","reason":"index [logs] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block];"}"#;
        check(429, flood, Verdict::Retry(Cause::Blocked));
        let denied = r#"{"type":"security_exception","reason":"action [indices:admin/auto_create] is unauthorized for API key id [x]"}"#;
        check(403, denied, Verdict::Retry(Cause::Denied));
        check(401, "", Verdict::Retry(Cause::Denied));
        let missing = r#"{"type":"index_not_found_exception","reason":"no such index [logs] and [action.auto_create_index] is [false]"}"#;
        check(404, missing, Verdict::Retry(Cause::NoIndex));
        check(
            400,
            r#"{"type":"index_closed_exception","reason":"closed"}"#,
            Verdict::Retry(Cause::Blocked),
        );
        let pipeline =
            r#"{"type":"illegal_argument_exception","reason":"pipeline with id [geo] does not exist"}"#;
        check(400, pipeline, Verdict::Retry(Cause::Setup));
        for kind in ["maximum normal shards open;", "maximum shards open;"] {
            let shards = format!(
                r#"{{"type":"validation_exception","reason":"Validation Failed: 1: this action would add [2] shards, but this cluster currently has [1000]/[1000] {kind}"}}"#
            );
            check(400, &shards, Verdict::Retry(Cause::Setup));
        }
    }

    #[test]
    fn documents_refused_for_good_keep_the_reason() {
        let seven = r#"{"type":"mapper_parsing_exception","reason":"failed to parse field [source.ip] of type [ip] in document with id 'a'. Preview of field's value: 'x'","caused_by":{"type":"illegal_argument_exception","reason":"'x' is not an IP string literal."}}"#;
        check(
            400,
            seven,
            rejected(
                400,
                "mapper_parsing_exception: failed to parse field [source.ip] of type [ip] in document with id 'a'. \
                 Preview of field's value: 'x'; caused by illegal_argument_exception: 'x' is not an IP string literal.",
            ),
        );
        let eight = r#"{"type":"document_parsing_exception","reason":"[1:14] failed to parse field [n] of type [long]"}"#;
        check(
            400,
            eight,
            rejected(
                400,
                "document_parsing_exception: [1:14] failed to parse field [n] of type [long]",
            ),
        );
        let fields = r#"{"type":"illegal_argument_exception","reason":"Limit of total fields [1000] has been exceeded"}"#;
        check(
            400,
            fields,
            rejected(
                400,
                "illegal_argument_exception: Limit of total fields [1000] has been exceeded",
            ),
        );
        check(413, "", rejected(413, ""));
        check(
            404,
            r#"{"type":"document_missing_exception"}"#,
            rejected(404, "document_missing_exception"),
        );
        check(400, r#""only words""#, rejected(400, "only words"));
        check(400, r#"{"type":null,"reason":null}"#, rejected(400, ""));
    }

    #[test]
    fn a_reason_is_cut_between_characters() {
        let long = format!(r#"{{"reason":"x{}"}}"#, "ä".repeat(REASON_BYTES_MAX));
        let Verdict::Rejected(refusal) = Verdict::of(400, Some(&ServerError::read(&long))) else {
            panic!("not rejected");
        };
        assert_eq!(refusal.reason.len(), REASON_BYTES_MAX - 1);
    }
}
