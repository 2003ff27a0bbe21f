//! Delivers one batch: sends, reads the verdicts, settles what is settled, keeps what is refused, and sends
//! again what has to be sent again, until nothing is left.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep};

use super::announce::Announce;
use super::answer::{self, Broken, Complaint};
use super::backoff::{Backoff, Jitter};
use super::batch::{Batch, Doc};
use super::body_limit::{BodyLimit, CREDIBLE_BYTES_MIN};
use super::gate::{Gate, Outcome};
use super::health::Health;
use super::progress::{Next, Progress, Step};
use super::rejects::{RejectLines, RejectStore};
use super::server::{Answer, Server};
use super::settle::Settle;
use super::telemetry::{self, Queued, Verdicts};
use super::trouble::{Failure, Trouble};
use super::verdict::{Cause, Refusal, Verdict};
use crate::config::count;
use crate::event::Span;

/// So often documents are sent again without one of them getting its verdict; then they are given back, so that
/// the documents of other inputs have the memory. With growing pauses between, some 10 s pass.
const ROUNDS_MAX: u32 = 6;

/// The same where somebody has to put something right first.
const SLOW_ROUNDS_MAX: u32 = 1;

/// What the deliveries of an output share.
#[derive(Debug)]
pub struct Delivery<S> {
    server: S,
    gate: Gate,
    rejects: Arc<RejectStore>,
    retry_max: Duration,
    shared: Mutex<Shared>,
}

#[derive(Debug)]
struct Shared {
    body_limit: BodyLimit,
    jitter: Jitter,
    /// What the log said last about documents that have to be sent again...
    complaints: Announce,
    /// (the inputs that have such documents)...
    held: BTreeSet<String>,
    /// ...about bodies that are too large, and about those that cannot be...
    sizes: Announce,
    tiny: Announce,
    /// ...about refused documents...
    refusals: Announce,
    /// ...and about the reject store.
    store: Announce,
}

impl<S: Server> Delivery<S> {
    pub fn new(
        server: S,
        gate: Gate,
        rejects: Arc<RejectStore>,
        retry_max: Duration,
        jitter: Jitter,
    ) -> Self {
        Delivery {
            server,
            gate,
            rejects,
            retry_max,
            shared: Mutex::new(Shared {
                body_limit: BodyLimit::new(),
                jitter,
                complaints: Announce::default(),
                held: BTreeSet::new(),
                sizes: Announce::default(),
                tiny: Announce::default(),
                refusals: Announce::default(),
                store: Announce::default(),
            }),
        }
    }

    /// Tells whether some host answers.
    pub fn health(&self) -> Arc<Health> {
        self.gate.health()
    }

    /// Ends when every document of the batch has its final verdict or is given back, and every part is over.
    pub async fn deliver(&self, mut batch: Batch, settle: &dyn Settle) {
        let _queued = Queued::new(batch.text_bytes());
        let mut progress = Progress::new(&batch.docs, batch.parts.iter().map(|part| part.filtered));
        let mut backoff = Backoff::new(self.retry_max);
        let mut rounds = 0;
        let mut verdicts = Vec::new();
        let spans: Vec<Span> = batch.parts.iter().map(|part| part.span).collect();
        let may_go_back = |part: usize| settle.can_read_again(spans[part]);
        // Requests carry slices of the one body: nothing is copied.
        let mut body = Bytes::from(std::mem::take(&mut batch.body));
        loop {
            for over in progress.take_over() {
                let span = batch.parts[over.part].span;
                match over.given_back {
                    0 => settle.settle(span, over.tally),
                    events => settle.give_back(span, over.tally, u64::from(events)),
                }
            }
            let next = progress.next(&batch.docs, |bytes| self.shared().body_limit.is_too_large(bytes));
            match next {
                Next::Send(run) => {
                    let step = self
                        .send(
                            &batch,
                            run.clone(),
                            body.slice(batch.bytes_of(run)),
                            &mut verdicts,
                        )
                        .await;
                    progress.step(&batch.docs, step);
                }
                Next::Keep => {
                    if self.keep(&batch, &body, progress.refused()).await {
                        progress.step(&batch.docs, Step::Kept);
                        continue;
                    }
                    progress.step(&batch.docs, Step::NotKept(&may_go_back));
                    if !progress.refused().is_empty() {
                        let pause = backoff.pause(true, None, &mut self.shared().jitter);
                        sleep(pause).await;
                    }
                }
                Next::Again { slow, progressed } => {
                    if progressed {
                        backoff.reset();
                        rounds = 0;
                    }
                    rounds += 1;
                    if rounds > if slow { SLOW_ROUNDS_MAX } else { ROUNDS_MAX } {
                        progress.step(&batch.docs, Step::GivenBack(&may_go_back));
                        if progress.again().is_empty() {
                            continue;
                        }
                    }
                    let pause = backoff.pause(slow, None, &mut self.shared().jitter);
                    sleep(pause).await;
                    // Without a copy, unless a connection that broke still holds the body.
                    batch.body = Vec::from(body);
                    batch.retain(progress.again());
                    body = Bytes::from(std::mem::take(&mut batch.body));
                    progress.step(&batch.docs, Step::Compacted);
                }
                Next::Done => break,
            }
        }
        // Back to the pool with the batch.
        batch.body = Vec::from(body);
    }

    /// Sends a run of the batch's documents once, when the gate lets them through.
    async fn send<'v>(
        &self,
        batch: &Batch,
        run: Range<usize>,
        body: Bytes,
        verdicts: &'v mut Vec<Verdict>,
    ) -> Step<'v> {
        let bytes = body.len();
        let pass = self.gate.enter().await;
        telemetry::request_bytes(bytes);
        let (outcome, step) = match self.server.bulk(pass.host(), body).await {
            Answer::Text(text) => match answer::read(&text, run.len(), verdicts) {
                Ok(complaint) => {
                    let mut shared = self.shared();
                    shared.body_limit.accept(bytes);
                    shared.tiny.is_over();
                    drop(shared);
                    self.heard(complaint, batch, run, verdicts);
                    (report(verdicts), Step::Answered(verdicts))
                }
                Err(broken) => unclear(broken_answer(&broken, &text).into()),
            },
            Answer::TooLarge => {
                let credible = self.too_large(bytes);
                (Outcome::Answered, Step::TooLarge { credible })
            }
            Answer::Refused(refusal) => (Outcome::Answered, Step::Refused(refusal)),
            Answer::Failed(failure) => unclear(failure),
        };
        pass.finish(&outcome);
        step
    }

    /// A body was refused for its size, in bytes before compression; whether that can be.
    fn too_large(&self, bytes: usize) -> bool {
        let mut shared = self.shared();
        let credible = shared.body_limit.refuse(bytes);
        let now = Instant::now();
        if credible && shared.sizes.is_news("too_large", now) {
            tracing::warn!(
                "a request of {bytes} bytes is too large for the server (status 413): sending smaller ones; raise its \
                 `http.max_content_length` or what the proxy before it allows, or lower `bulk_bytes_max` in [elasticsearch]"
            );
        } else if bytes < CREDIBLE_BYTES_MIN && shared.tiny.is_news("tiny", now) {
            tracing::warn!(
                "a request of only {bytes} bytes is too large for the server (status 413): its documents wait; look at \
                 what the server or the proxy before it allows"
            );
        }
        credible
    }

    /// Writes refused documents to the reject store; whether all of them are there now.
    async fn keep(&self, batch: &Batch, body: &Bytes, refused: &[(u32, Refusal)]) -> bool {
        if let Some((_, refusal)) = refused.first()
            && self.shared().refusals.is_news("refused", Instant::now())
        {
            tracing::warn!(
                "refused for good: {}, the first with status {}: {}; see `logmill rejects list`",
                count(refused.len(), "document"),
                refusal.status,
                refusal.reason,
            );
        }
        let mut rest = refused;
        while !rest.is_empty() {
            // A batch of nothing but refused documents must not double its memory.
            let mut lines = RejectLines::default();
            while let Some(((doc, refusal), after)) = rest.split_first()
                && !lines.is_full()
            {
                lines.push(batch, body, *doc as usize, refusal);
                rest = after;
            }
            if !self.keep_lines(lines).await {
                return false;
            }
        }
        telemetry::documents(Verdicts {
            rejected: refused.len() as u64,
            ..Verdicts::default()
        });
        // The next refusal is news again a minute from now.
        self.shared().refusals.is_over();
        true
    }

    async fn keep_lines(&self, lines: RejectLines) -> bool {
        let store = Arc::clone(&self.rejects);
        let kept = match tokio::task::spawn_blocking(move || store.keep(&lines)).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                if self.shared().store.is_news(error.name(), Instant::now()) {
                    tracing::error!("{error}; refused documents wait for it in their files");
                }
                false
            }
            // A task that could not run to its end has kept nothing for sure.
            Err(_) => false,
        };
        if kept && self.shared().store.is_over() {
            tracing::info!("the reject store takes documents again");
        }
        kept
    }

    /// Says once what keeps documents from being stored, and once that nothing does any more.
    fn heard(&self, complaint: Option<Complaint>, batch: &Batch, run: Range<usize>, verdicts: &[Verdict]) {
        let mut shared = self.shared();
        if complaint.is_none() && shared.held.is_empty() {
            return;
        }
        let input = |doc: &Doc| &batch.parts[doc.part as usize].origin.input;
        let docs = || batch.docs[run.clone()].iter().zip(verdicts);
        for (doc, _) in docs() {
            shared.held.remove(input(doc));
        }
        for (doc, verdict) in docs() {
            if matches!(verdict, Verdict::Retry(_)) && !shared.held.contains(input(doc)) {
                shared.held.insert(input(doc).clone());
            }
        }
        let Some(Complaint {
            cause,
            status,
            reason,
        }) = complaint
        else {
            if shared.held.is_empty() && shared.complaints.is_over() {
                tracing::info!("all documents are stored again");
            }
            return;
        };
        if shared.complaints.is_news(cause.name(), Instant::now()) {
            tracing::warn!(
                "documents are not stored now (status {status}): {reason}; {}",
                cause.remedy()
            );
        }
    }

    /// No code panics while it holds the lock, so what is shared is whole.
    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unclear<'v>(failure: Failure) -> (Outcome, Step<'v>) {
    let sent = failure.trouble.was_sent();
    (Outcome::Failed(failure), Step::Unclear { sent })
}

/// Counts the verdicts of one answer, and tells what they say about the server's load.
fn report(verdicts: &[Verdict]) -> Outcome {
    let mut counts = Verdicts::default();
    let mut outcome = Outcome::Answered;
    for verdict in verdicts {
        match verdict {
            Verdict::Accepted => counts.accepted += 1,
            Verdict::AlreadyThere => counts.already_there += 1,
            Verdict::Retry(cause) => {
                counts.retry += 1;
                if *cause == Cause::Busy {
                    outcome = Outcome::Overloaded;
                }
            }
            // Counted when it is kept.
            Verdict::Rejected(_) => {}
        }
    }
    telemetry::documents(counts);
    outcome
}

/// The trouble with an answer, with the beginning of its text where that is no JSON.
fn broken_answer(broken: &Broken, text: &[u8]) -> Trouble {
    /// Enough to recognize a login page or a proxy's error.
    const SHOWN_BYTES: usize = 60;
    let start = text.trim_ascii_start();
    if start.first() == Some(&b'<') {
        let shown = String::from_utf8_lossy(&start[..start.len().min(SHOWN_BYTES)]);
        Trouble::Broken(format!("it begins with {:?}", &*shown))
    } else {
        Trouble::Broken(broken.to_string())
    }
}

#[cfg(test)]
mod tests;
