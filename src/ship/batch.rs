use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use super::pool::Home;
use crate::event::Span;

/// Which file and input a span comes from: what a reject is filed under.
#[derive(Debug, PartialEq, Eq)]
pub struct Origin {
    pub path: PathBuf,
    /// The input's name.
    pub input: String,
}

/// One document of a bulk body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doc {
    /// End of its source line in [`Batch::body`], newline included. Its action line begins where the document
    /// before it ends.
    pub end: u32,
    /// Offset of the event in its file, in bytes.
    pub at: u64,
    /// Index into [`Batch::parts`].
    pub part: u32,
}

/// The events of one span that are in this batch. The span of a chunk whose documents did not fit into one body
/// is a part of several batches.
#[derive(Clone, Debug)]
pub struct Part {
    pub span: Span,
    pub origin: Arc<Origin>,
    /// Events of the span that have no document, on purpose.
    pub filtered: u32,
}

/// A bulk body and where its documents come from.
///
/// The memory goes back to the [`BatchPool`](super::BatchPool) that it is from when the batch is dropped.
#[derive(Debug, Default)]
pub struct Batch {
    /// `action line \n source line \n` for each document; below 4 GiB. What is behind the last document, some of
    /// those that were here before, is memory for the next ones.
    pub body: Vec<u8>,
    /// In the order of the body; each document belongs to one part.
    pub docs: Vec<Doc>,
    pub parts: Vec<Part>,
    pub(super) home: Option<Home>,
}

impl Batch {
    /// A batch of its own memory, without a pool.
    pub fn new(body: Vec<u8>, docs: Vec<Doc>, parts: Vec<Part>) -> Self {
        Batch {
            body,
            docs,
            parts,
            home: None,
        }
    }

    /// How many bytes all documents take.
    pub fn text_bytes(&self) -> usize {
        self.docs.last().map_or(0, |last| last.end as usize)
    }

    /// All documents.
    pub fn text(&self) -> &[u8] {
        &self.body[..self.text_bytes()]
    }

    /// The bytes of a run of documents.
    pub fn bytes_of(&self, docs: Range<usize>) -> Range<usize> {
        bytes_of(&self.docs, docs)
    }

    /// Leaves the documents at `keep` (ascending indexes) and moves them together in place. The parts stay.
    pub fn retain(&mut self, keep: &[u32]) {
        let mut filled = 0;
        for (to, &from) in keep.iter().enumerate() {
            let from = from as usize;
            debug_assert!(to <= from, "indexes must ascend");
            let bytes = self.bytes_of(from..from + 1);
            let len = bytes.len();
            // A document's start is the end of the one before it: `docs[to - 1]` is already rewritten, but
            // `docs[from - 1]` is not unless it was kept in place, where both are the same.
            self.body.copy_within(bytes, filled);
            filled += len;
            self.docs[to] = Doc {
                end: filled as u32,
                ..self.docs[from]
            };
        }
        self.docs.truncate(keep.len());
    }

    /// Empties the batch and keeps its memory.
    pub fn clear(&mut self) {
        self.docs.clear();
        self.parts.clear();
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        if let Some(home) = self.home.take() {
            self.clear();
            home.give_back(
                std::mem::take(&mut self.body),
                std::mem::take(&mut self.docs),
                std::mem::take(&mut self.parts),
            );
        }
    }
}

/// The bytes of a run of documents, for a body that is elsewhere.
pub(super) fn bytes_of(all: &[Doc], docs: Range<usize>) -> Range<usize> {
    let edge = |index: usize| index.checked_sub(1).map_or(0, |before| all[before].end as usize);
    edge(docs.start)..edge(docs.end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A batch whose documents are `lines`, each `action\nsource\n`.
    fn batch(lines: &[Vec<u8>]) -> Batch {
        let mut batch = Batch::default();
        for (index, line) in lines.iter().enumerate() {
            batch.body.extend_from_slice(line);
            batch.docs.push(Doc {
                end: batch.body.len() as u32,
                at: index as u64,
                part: 0,
            });
        }
        batch
    }

    proptest! {
        #[test]
        fn retaining_leaves_just_the_kept_documents(
            docs in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..20), any::<bool>()), 0..40),
        ) {
            let lines: Vec<_> = docs.iter().map(|(line, _)| line.clone()).collect();
            let keep: Vec<u32> = (0u32..).zip(&docs).filter(|(_, doc)| doc.1).map(|(index, _)| index).collect();
            let mut batch = batch(&lines);
            batch.retain(&keep);
            prop_assert_eq!(batch.docs.len(), keep.len());
            for (index, &from) in keep.iter().enumerate() {
                prop_assert_eq!(&batch.body[batch.bytes_of(index..index + 1)], &lines[from as usize][..]);
                prop_assert_eq!(batch.docs[index].at, u64::from(from));
            }
            let kept: Vec<u8> = keep.iter().flat_map(|&from| lines[from as usize].clone()).collect();
            prop_assert_eq!(batch.text(), kept);
        }
    }
}
