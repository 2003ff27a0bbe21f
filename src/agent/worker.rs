//! A worker: takes chunks, grinds them, and hands bodies to the output when they are full or old.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::time::timeout;

use super::settlement::Settlement;
use super::telemetry;
use crate::event::Timestamp;
use crate::mill::{Closed, Grist, Mill};
use crate::ship::Batch;
use crate::source::Delivery;
use crate::state::Ledger;

pub struct Worker {
    pub deliveries: Receiver<Delivery>,
    pub mill: Mill,
    pub ledger: Arc<Ledger>,
    pub settlement: Arc<Settlement>,
    /// Has room for every batch of the pool, so sending never waits.
    pub batches: Sender<Batch>,
    /// Where the time-outs of [`Worker::next`] run; the worker itself has a thread of its own.
    pub runtime: Handle,
    /// How long a document waits for others.
    pub flush: Duration,
}

/// What a worker has to do next.
enum Next {
    Chunk(Delivery),
    /// Documents have waited long enough.
    Due,
    /// Nothing comes any more.
    End,
}

impl Worker {
    /// Works until the source has dropped its sender, or until the output has ended.
    pub fn run(mut self) {
        let mut sent = None;
        loop {
            match self.next(sent) {
                Next::Chunk(delivery) => {
                    if self.grind(&delivery, &mut sent).is_err() {
                        return;
                    }
                    if self.due(sent).is_zero() {
                        self.send(&mut sent);
                    }
                }
                Next::Due => self.send(&mut sent),
                Next::End => {
                    self.send(&mut sent);
                    return;
                }
            }
        }
    }

    /// Waits for a chunk; while documents wait, not beyond the time that they may.
    fn next(&mut self, sent: Option<Instant>) -> Next {
        let delivery = if self.mill.is_waiting() {
            let due = self.due(sent);
            let deliveries = &mut self.deliveries;
            match self
                .runtime
                .block_on(async { timeout(due, deliveries.recv()).await })
            {
                Ok(delivery) => delivery,
                Err(_) => return Next::Due,
            }
        } else {
            self.deliveries.blocking_recv()
        };
        delivery.map_or(Next::End, Next::Chunk)
    }

    /// Until when the documents that wait are sent. The first after a pause go at once.
    fn due(&self, sent: Option<Instant>) -> Duration {
        sent.map_or(Duration::ZERO, |sent| self.flush.saturating_sub(sent.elapsed()))
    }

    fn grind(&mut self, delivery: &Delivery, sent: &mut Option<Instant>) -> Result<(), Closed> {
        let span = delivery.chunk.span;
        let grist = Grist {
            lane: &delivery.lane,
            chunk: &delivery.chunk,
            path: &delivery.origin.path,
            header: delivery.header.as_deref(),
            read_at: timestamp(delivery.read_at),
            counted_to: self.ledger.counted_to(span.file),
        };
        self.settlement.expect(span, delivery.chunk.frames.len() as u64);
        let batches = &self.batches;
        self.mill.grind(&grist, |batch| {
            // Refused only when the output has ended: the batch is dropped and read again at the next start.
            let _ = batches.try_send(batch);
            *sent = Some(Instant::now());
        })?;
        self.ledger.counted(span.file, span.to);
        telemetry::ground(&delivery.lane, self.mill.take_counts(), span.bytes());
        Ok(())
    }

    fn send(&mut self, sent: &mut Option<Instant>) {
        if let Some(batch) = self.mill.take() {
            // As above.
            let _ = self.batches.try_send(batch);
            *sent = Some(Instant::now());
        }
    }
}

fn timestamp(at: SystemTime) -> Timestamp {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
