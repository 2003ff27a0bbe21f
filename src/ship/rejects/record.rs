use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use xxhash_rust::xxh3::Xxh3Default;

use crate::ship::batch::{Batch, Part};
use crate::ship::verdict::Refusal;

/// A refused document as it stands in the store: one line of JSON.
#[derive(Debug, Deserialize, Serialize)]
pub struct Reject<'a> {
    /// When it was refused, RFC 3339 in UTC.
    #[serde(borrow)]
    pub time: Cow<'a, str>,
    /// Index or data stream that it was meant for.
    #[serde(borrow)]
    pub index: Cow<'a, str>,
    /// Absent where the agent leaves identities to the server.
    #[serde(borrow, rename = "_id", default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, str>>,
    /// HTTP status of the refusal.
    pub status: u16,
    /// The server's words.
    #[serde(borrow)]
    pub reason: Cow<'a, str>,
    /// Source file, as it was named when the event was read.
    #[serde(borrow)]
    pub file: Cow<'a, str>,
    /// Which life of which file, as 16 hexadecimal digits: names change owners with each rotation. Absent in what
    /// older programs wrote.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub file_key: Option<Cow<'a, str>>,
    /// Where the event begins in its file, in bytes.
    pub offset: u64,
    /// Name of the input.
    #[serde(borrow)]
    pub input: Cow<'a, str>,
    /// The document; a string where it was not even JSON.
    #[serde(borrow)]
    pub document: &'a RawValue,
}

impl Reject<'_> {
    /// What the commands call this reject: the same document has the same key however often it is refused.
    ///
    /// Without an `_id`, file and offset say where it is from, and the document itself that it is this one: a copied and
    /// truncated file may have its key again, and a record without `file_key` has but a name, which the next file gets.
    /// A document that says when it was read differs from reading to reading; then it is kept twice rather than not at all.
    pub fn key(&self) -> u64 {
        let mut hash = Xxh3Default::new();
        hash.update(self.index.as_bytes());
        hash.update(&[0]);
        match &self.id {
            Some(id) => hash.update(id.as_bytes()),
            None => {
                hash.update(self.file_key.as_ref().unwrap_or(&self.file).as_bytes());
                hash.update(&[0]);
                hash.update(&self.offset.to_le_bytes());
                hash.update(self.document.get().as_bytes());
            }
        }
        hash.digest()
    }
}

/// Lines on their way into the store.
#[derive(Debug, Default)]
pub struct RejectLines {
    text: Vec<u8>,
    /// End in `text`, and key, of each line.
    lines: Vec<(usize, u64)>,
}

/// What is written at once, in bytes; one document more may come on top.
const WRITE_BYTES: usize = 1 << 20;

/// The part of an action line that says where the document goes.
#[derive(Default, Deserialize)]
struct Target<'a> {
    #[serde(borrow, default, rename = "_index")]
    index: Cow<'a, str>,
    #[serde(borrow, default, rename = "_id")]
    id: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Action<'a> {
    #[serde(borrow, alias = "index")]
    create: Target<'a>,
}

impl RejectLines {
    pub fn is_full(&self) -> bool {
        self.text.len() >= WRITE_BYTES
    }

    /// Each line with its key, newline included.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], u64)> {
        let starts = std::iter::once(0).chain(self.lines.iter().map(|(end, _)| *end));
        starts
            .zip(&self.lines)
            .map(|(start, (end, key))| (&self.text[start..*end], *key))
    }

    /// Adds document `doc` of `batch`, whose body is `body` now.
    pub fn push(&mut self, batch: &Batch, body: &[u8], doc: usize, refusal: &Refusal) {
        let lines = &body[batch.bytes_of(doc..doc + 1)];
        let (action, source) = match memchr::memchr(b'\n', lines) {
            Some(end) => (&lines[..end], lines[end + 1..].trim_ascii_end()),
            None => (lines, &[][..]),
        };
        let target =
            serde_json::from_slice(action).map_or_else(|_| Target::default(), |action: Action| action.create);
        let text;
        let document = match serde_json::from_slice::<&RawValue>(source) {
            Ok(document) => document,
            Err(_) => {
                // A string is always JSON.
                text = to_raw_value(&String::from_utf8_lossy(source)).unwrap_or_default();
                &text
            }
        };
        let at = batch.docs[doc];
        let Part { span, origin, .. } = &batch.parts[at.part as usize];
        let reject = Reject {
            time: Cow::Owned(format!("{:.3}", jiff::Timestamp::now())),
            index: target.index,
            id: target.id,
            status: refusal.status,
            reason: Cow::Borrowed(&refusal.reason),
            file: origin.path.to_string_lossy(),
            file_key: Some(Cow::Owned(span.file.to_string())),
            offset: at.at,
            input: Cow::Borrowed(&origin.input),
            document,
        };
        // Writing strings and numbers into memory cannot fail.
        let _ = serde_json::to_writer(&mut self.text, &reject);
        self.text.push(b'\n');
        self.lines.push((self.text.len(), reject.key()));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::event::{FileKey, Span};
    use crate::ship::batch::{Doc, Origin};

    fn line(body: &[u8]) -> String {
        line_of(FileKey(1), body)
    }

    fn line_of(file: FileKey, body: &[u8]) -> String {
        let origin = Arc::new(Origin {
            path: "/var/log/shop.log".into(),
            input: "shop".to_owned(),
        });
        let doc = Doc {
            end: body.len() as u32,
            at: 4711,
            part: 0,
        };
        let span = Span {
            file,
            from: 0,
            to: 5000,
        };
        let part = Part {
            span,
            origin,
            filtered: 0,
        };
        let batch = Batch::new(body.to_vec(), vec![doc], vec![part]);
        let mut lines = RejectLines::default();
        let refusal = Refusal {
            status: 400,
            reason: "bad \"ip\"".into(),
        };
        lines.push(&batch, body, 0, &refusal);
        String::from_utf8(lines.text).unwrap()
    }

    #[test]
    fn a_line_holds_all_that_is_needed_to_send_it_again() {
        let text = line(
            b"{\"create\":{\"_index\":\"logs-a-b\",\"_id\":\"x1\"}}\n{\"source.ip\":\"x\", \"n\":1.50}\n",
        );
        let reject: Reject = serde_json::from_str(&text).unwrap();
        assert_eq!((&*reject.index, reject.id.as_deref()), ("logs-a-b", Some("x1")));
        assert_eq!((reject.status, &*reject.reason), (400, "bad \"ip\""));
        assert_eq!(
            (&*reject.file, reject.offset, &*reject.input),
            ("/var/log/shop.log", 4711, "shop")
        );
        assert_eq!(
            reject.document.get(),
            "{\"source.ip\":\"x\", \"n\":1.50}",
            "as it was, to the byte"
        );
        assert!(reject.time.parse::<jiff::Timestamp>().is_ok(), "{}", reject.time);
        assert_eq!(text.matches('\n').count(), 1);
    }

    #[test]
    fn a_document_that_is_no_json_is_kept_as_a_string() {
        let text = line(b"{\"index\":{\"_index\":\"i\"}}\n{\"half\": \xff\n");
        let reject: Reject = serde_json::from_str(&text).unwrap();
        assert_eq!((&*reject.index, &reject.id), ("i", &None));
        assert_eq!(
            serde_json::from_str::<String>(reject.document.get()).unwrap(),
            "{\"half\": \u{fffd}"
        );
    }

    #[test]
    fn the_key_tells_documents_apart_and_stays() {
        let key = |body: &[u8]| serde_json::from_str::<Reject>(&line(body)).unwrap().key();
        let one = key(b"{\"create\":{\"_index\":\"i\",\"_id\":\"1\"}}\n{}\n");
        assert_eq!(
            one,
            key(b"{\"create\":{\"_index\":\"i\",\"_id\":\"1\"}}\n{\"more\":1}\n")
        );
        assert_ne!(one, key(b"{\"create\":{\"_index\":\"i\",\"_id\":\"2\"}}\n{}\n"));
    }

    #[test]
    fn without_an_id_a_document_is_known_by_its_file_and_by_what_it_says() {
        let body = |source: &str| format!("{{\"create\":{{\"_index\":\"i\"}}}}\n{source}\n");
        let key = |file, source: &str| {
            serde_json::from_str::<Reject>(&line_of(FileKey(file), body(source).as_bytes()))
                .unwrap()
                .key()
        };
        let one = key(1, "{\"n\":1}");
        assert_eq!(one, key(1, "{\"n\":1}"), "refused again after a crash");
        assert_ne!(one, key(2, "{\"n\":1}"), "the next file of this name");
        assert_ne!(one, key(1, "{\"n\":2}"), "the same file, truncated");
    }

    #[test]
    fn a_record_without_a_file_key_is_still_read() {
        let old = r#"{"time":"2026-11-22T10:00:00.000Z","index":"i","status":400,"reason":"","file":"/a.log","offset":0,"input":"shop","document":{"n":1}}"#;
        let read = |text: &str| serde_json::from_str::<Reject>(text).unwrap().key();
        assert_eq!(read(old), read(old));
        assert_ne!(read(old), read(&old.replace("\"n\":1", "\"n\":2")));
        assert_ne!(read(old), read(&old.replace("/a.log", "/b.log")));
    }
}
