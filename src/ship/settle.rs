use super::batch::Batch;
use crate::event::Span;
use crate::state::Tally;

/// Hears of each part of a batch once, when the last of its documents has its verdict.
///
/// Called from the output's task and must not block; spans of one file may come out of order.
pub trait Settle: Send + Sync {
    fn settle(&self, span: Span, tally: Tally);

    /// `events` of the part, one at least, have no verdict and are not taken now: the part is to be read again.
    fn give_back(&self, span: Span, tally: Tally, events: u64);

    /// Whether the span may be given back. What cannot be read again has to be waited for.
    fn can_read_again(&self, span: Span) -> bool;
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
