//! Reads the answer to a bulk request: one verdict per document, in the order of the documents.
//!
//! The agent asks for `filter_path=errors,items.*.status,items.*.error`, about 25 bytes a document; an answer
//! with everything in it is read all the same. Nothing is allocated for a document that was stored.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::verdict::{Cause, ServerError, Verdict};

/// Why an answer says nothing reliable: all its documents have to be sent again.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Broken {
    #[error("the answer is not the JSON of a bulk answer: {0}")]
    NotBulk(String),
    #[error("the answer has {items} items for {docs} documents")]
    Count { items: usize, docs: usize },
}

/// The first document of an answer that has to be sent again, for a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    pub cause: Cause,
    pub status: u16,
    /// In the server's words.
    pub reason: Box<str>,
}

/// Fills `verdicts` with one verdict for each of `docs` documents, and gives the first complaint.
///
/// After an error the content of `verdicts` means nothing.
pub fn read(answer: &[u8], docs: usize, verdicts: &mut Vec<Verdict>) -> Result<Option<Complaint>, Broken> {
    verdicts.clear();
    let mut reading = Reading {
        docs,
        verdicts,
        complaint: None,
        items: None,
    };
    let mut json = serde_json::Deserializer::from_slice(answer);
    (&mut reading)
        .deserialize(&mut json)
        .and_then(|()| json.end())
        .map_err(|error| Broken::NotBulk(error.to_string()))?;
    match reading.items {
        None => Err(Broken::NotBulk("no `items`".to_owned())),
        Some(items) if items != docs => Err(Broken::Count { items, docs }),
        Some(_) => Ok(reading.complaint),
    }
}

struct Reading<'v> {
    docs: usize,
    verdicts: &'v mut Vec<Verdict>,
    complaint: Option<Complaint>,
    /// How many items there were, once the list was seen.
    items: Option<usize>,
}

impl Reading<'_> {
    fn item(&mut self, item: &Item) {
        // Items beyond the documents are only counted: the answer is broken, and memory stays bounded.
        if self.verdicts.len() == self.docs {
            return;
        }
        let error = item.error.map(|error| ServerError::read(error.get()));
        let verdict = Verdict::of(item.status, error.as_ref());
        if let (Verdict::Retry(cause), None) = (&verdict, &self.complaint) {
            self.complaint = Some(Complaint {
                cause: *cause,
                status: item.status,
                reason: error.as_ref().map(ServerError::text).unwrap_or_default(),
            });
        }
        self.verdicts.push(verdict);
    }
}

#[derive(Deserialize)]
struct Item<'a> {
    status: u16,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

/// The answer as a whole: a map of which only `items` matters.
impl<'de> DeserializeSeed<'de> for &mut Reading<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Reading<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a bulk answer")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Key>()? {
            match key {
                Key::Items => map.next_value_seed(Items(self))?,
                Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Key {
    Items,
    #[serde(other)]
    Other,
}

struct Items<'r, 'v>(&'r mut Reading<'v>);

impl<'de> DeserializeSeed<'de> for Items<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Items<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list of items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        // A second list would have its items counted on top, and so break the count.
        let mut items = self.0.items.unwrap_or(0);
        while seq.next_element_seed(OneItem(self.0))?.is_some() {
            items += 1;
        }
        self.0.items = Some(items);
        Ok(())
    }
}

/// `{"create":{"status":201}}`: the action is whatever was asked for.
struct OneItem<'r, 'v>(&'r mut Reading<'v>);

impl<'de> DeserializeSeed<'de> for OneItem<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for OneItem<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an item with one action")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((IgnoredAny, item)) = map.next_entry::<IgnoredAny, Item>()? else {
            return Err(serde::de::Error::custom("an item without an action"));
        };
        if map.next_key::<IgnoredAny>()?.is_some() {
            return Err(serde::de::Error::custom("an item with two actions"));
        }
        self.0.item(&item);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(answer: &str, docs: usize) -> Result<Vec<Verdict>, Broken> {
        let mut verdicts = Vec::new();
        read(answer.as_bytes(), docs, &mut verdicts).map(|_| verdicts)
    }

    #[test]
    fn a_filtered_answer() {
        let answer = r#"{"errors":false,"items":[{"create":{"status":201}},{"create":{"status":201}}]}"#;
        assert_eq!(
            verdicts(answer, 2),
            Ok(vec![Verdict::Accepted, Verdict::Accepted])
        );
    }

    /// As Elasticsearch 8 writes it without `filter_path`.
    #[test]
    fn an_unfiltered_answer_of_elasticsearch_8() {
        let answer = r#"{"took":30,"errors":true,"items":[
            {"create":{"_index":".ds-logs-nginx-default-2026.11.22-000001","_id":"a","_version":1,"result":"created",
             "_shards":{"total":2,"successful":1,"failed":0},"_seq_no":0,"_primary_term":1,"status":201}},
            {"create":{"_index":".ds-logs-nginx-default-2026.11.22-000001","_id":"b","status":409,
             "error":{"type":"version_conflict_engine_exception","reason":"[b]: version conflict, document already exists (current version [1])",
             "index_uuid":"nrFmdZ0nTnqOKVqT1Q","shard":"0","index":".ds-logs-nginx-default-2026.11.22-000001"}}},
            {"create":{"_index":"logs-nginx-default","_id":"c","status":400,
             "error":{"type":"document_parsing_exception","reason":"[1:9] failed to parse","caused_by":{"type":"input_coercion_exception","reason":"out of range"}}}}]}"#;
        let verdicts = verdicts(answer, 3).unwrap();
        assert_eq!(verdicts[..2], [Verdict::Accepted, Verdict::AlreadyThere]);
        assert!(matches!(&verdicts[2], Verdict::Rejected(refusal)
            if &*refusal.reason == "document_parsing_exception: [1:9] failed to parse; caused by input_coercion_exception: out of range"));
    }

    /// Elasticsearch 7.17 and OpenSearch still write `_type`; OpenSearch calls the full queue otherwise.
    #[test]
    fn an_unfiltered_answer_of_elasticsearch_7_and_of_opensearch() {
        let answer = r#"{"took":3,"errors":true,"items":[
            {"create":{"_index":"logs","_type":"_doc","_id":"a","_version":1,"result":"created","_shards":{"total":2,"successful":1,"failed":0},"_seq_no":4,"_primary_term":1,"status":201}},
            {"create":{"_index":"logs","_type":"_doc","_id":"b","status":429,"error":{"type":"rejected_execution_exception","reason":"rejected execution of coordinating operation"}}}]}"#;
        let mut verdicts = Vec::new();
        let complaint = read(answer.as_bytes(), 2, &mut verdicts).unwrap();
        assert_eq!(verdicts, [Verdict::Accepted, Verdict::Retry(Cause::Busy)]);
        assert_eq!(
            complaint,
            Some(Complaint {
                cause: Cause::Busy,
                status: 429,
                reason: "rejected_execution_exception: rejected execution of coordinating operation".into(),
            })
        );
    }

    #[test]
    fn half_an_answer_html_and_other_json_are_broken() {
        for answer in [
            "",
            "<html><body>502</body></html>",
            r#"{"errors":false,"items":[{"create":{"status":201}},{"cre"#,
            r#"{"errors":false,"items":[{"create":{"status":201}}]"#,
            r#"{"errors":false,"items":[{"create":{"status":201}}]}{"#,
            r#"{"errors":false}"#,
            r#"{"errors":false,"items":{}}"#,
            r#"{"errors":false,"items":[{}]}"#,
            r#"{"errors":false,"items":[{"create":{}}]}"#,
            r#"{"errors":false,"items":[{"create":{"status":"201"}}]}"#,
            r#"{"errors":false,"items":[{"create":{"status":201},"index":{"status":201}}]}"#,
            r#"{"acknowledged":true}"#,
            "[]",
            "null",
        ] {
            assert!(matches!(verdicts(answer, 1), Err(Broken::NotBulk(_))), "{answer}");
        }
    }

    #[test]
    fn a_wrong_number_of_items_is_broken() {
        let one = r#"{"items":[{"create":{"status":201}}]}"#;
        assert_eq!(verdicts(one, 2), Err(Broken::Count { items: 1, docs: 2 }));
        assert_eq!(verdicts(one, 0), Err(Broken::Count { items: 1, docs: 0 }));
        let twice = r#"{"items":[{"create":{"status":201}}],"items":[{"create":{"status":201}}]}"#;
        assert_eq!(verdicts(twice, 1), Err(Broken::Count { items: 2, docs: 1 }));
    }

    proptest::proptest! {
        #[test]
        fn no_answer_makes_it_panic(answer in proptest::collection::vec(proptest::num::u8::ANY, 0..200), docs in 0usize..4) {
            let _ = read(&answer, docs, &mut Vec::new());
        }
    }
}
