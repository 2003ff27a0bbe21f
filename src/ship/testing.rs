//! What the tests of several modules share.

use std::sync::{Arc, Mutex};

use super::batch::{Batch, Doc, Origin, Part};
use super::settle::{Settle, Tally};
use crate::event::{FileKey, Span};

/// Collects what was settled, and fails when a span is settled twice.
#[derive(Debug, Default)]
pub struct Settled {
    spans: Mutex<Vec<(Span, Tally)>>,
}

impl Settle for Settled {
    fn settle(&self, span: Span, tally: Tally) {
        let mut spans = self.spans.lock().unwrap();
        assert!(
            spans.iter().all(|(settled, _)| *settled != span),
            "{span:?} settled twice"
        );
        spans.push((span, tally));
    }
}

impl Settled {
    /// Sum over all spans.
    pub fn total(&self) -> Tally {
        let mut total = Tally::default();
        for (_, tally) in &*self.spans.lock().unwrap() {
            total.accepted += tally.accepted;
            total.already_there += tally.already_there;
            total.filtered += tally.filtered;
            total.rejected += tally.rejected;
        }
        total
    }

    pub fn spans(&self) -> usize {
        self.spans.lock().unwrap().len()
    }
}

/// Documents in a part of three; the part also has one filtered event. `_id` is the index.
pub fn batch_of(sources: &[&str]) -> Batch {
    let mut batch = Batch::default();
    for (index, source) in sources.iter().enumerate() {
        let action = format!("{{\"create\":{{\"_index\":\"logs\",\"_id\":\"{index}\"}}}}\n{source}\n");
        batch.body.extend_from_slice(action.as_bytes());
        batch.docs.push(Doc {
            end: batch.body.len() as u32,
            at: index as u64 * 100,
            part: index as u32 / 3,
        });
    }
    let origin = Arc::new(Origin {
        path: "/var/log/shop.log".into(),
        input: "shop".to_owned(),
    });
    batch.parts = (0..sources.len().div_ceil(3) as u64)
        .map(|part| Part {
            span: Span {
                file: FileKey(1),
                from: part * 300,
                to: part * 300 + 300,
            },
            origin: Arc::clone(&origin),
            filtered: 1,
        })
        .collect();
    batch
}
