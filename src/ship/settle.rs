use super::batch::Batch;
use crate::event::Span;

/// What became of the events of one span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Stored by this delivery.
    pub accepted: u64,
    /// Stored earlier: by a request whose answer was lost, or before a restart.
    pub already_there: u64,
    /// Dropped on purpose before the document was written.
    pub filtered: u64,
    /// Refused for good, and kept in the reject store.
    pub rejected: u64,
}

impl Tally {
    /// Events with a verdict.
    pub fn events(&self) -> u64 {
        self.accepted + self.already_there + self.filtered + self.rejected
    }
}

/// Hears of each span once, when its last event has its verdict.
///
/// Called from the output's task and must not block; spans of one file may come out of order.
pub trait Settle: Send + Sync {
    fn settle(&self, span: Span, tally: Tally);
}

/// Settles every part of a batch whose documents were all accepted.
pub(super) fn settle_all(batch: &Batch, settle: &dyn Settle) {
    let mut documents = vec![0u64; batch.parts.len()];
    for doc in &batch.docs {
        documents[doc.part as usize] += 1;
    }
    for (part, accepted) in batch.parts.iter().zip(documents) {
        settle.settle(
            part.span,
            Tally {
                accepted,
                filtered: u64::from(part.filtered),
                ..Tally::default()
            },
        );
    }
}
