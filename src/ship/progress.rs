//! What of one batch is still to do. Pure: the delivery sends, waits and writes; this decides.
//!
//! ```text
//!          ┌──────── answered, too large, refused, unclear ───────┐
//!          ▼                                                      │
//!  todo: runs of documents ──▶ Send(run) ─────────────────────────┘
//!          │ none left
//!          ├─▶ Keep   refused documents go to the reject store, then their parts may settle
//!          ├─▶ Again  documents to be sent again move together and become the next todo
//!          └─▶ Done   every document has its verdict
//! ```

use std::ops::Range;

use super::batch::{Doc, bytes_of};
use super::verdict::{Refusal, Verdict};
use crate::state::Tally;

/// After so many tries without a clear answer, a run is sent in halves: the server may choke on its size.
const UNCLEAR_BEFORE_SPLIT: u32 = 3;

/// A run of fewer bytes is not split for want of a clear answer.
const SPLIT_BYTES_MIN: usize = 128 << 10;

/// So many requests refused as a whole without a good one between them: the fault is not in the documents.
const REFUSALS_IN_ROW_MAX: u32 = 64;

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Send these documents and report with [`Progress::step`].
    Send(Range<usize>),
    /// Write [`Progress::refused`] to the reject store, then [`Step::Kept`].
    Keep,
    /// Wait, move the documents of [`Progress::again`] together, then [`Step::Compacted`].
    Again {
        /// Something has to be put right first.
        slow: bool,
        /// Some document got a final verdict since the last time.
        progressed: bool,
    },
    Done,
}

/// What came of it.
pub enum Step<'v> {
    /// One verdict per document of the run; drained.
    Answered(&'v mut Vec<Verdict>),
    /// The run is too large as a body. Not `credible` when it is too small for that to be true.
    TooLarge {
        credible: bool,
    },
    /// The server refuses the run as a whole: some document spoils it.
    Refused(Refusal),
    /// No answer, or half of one. `sent`: the server may have choked on it.
    Unclear {
        sent: bool,
    },
    Kept,
    /// The refused documents cannot be kept now: those whose part (by its index) may be given back are.
    NotKept(&'v dyn Fn(usize) -> bool),
    /// The documents to be sent again are given back, where their part may be.
    GivenBack(&'v dyn Fn(usize) -> bool),
    Compacted,
}

#[derive(Debug)]
pub struct Progress {
    parts: Vec<Open>,
    /// Runs of documents to send, the last one first; disjoint.
    todo: Vec<Range<usize>>,
    /// Tries of the last run in `todo` without a clear answer.
    unclear: u32,
    again: Vec<u32>,
    slow: bool,
    progressed: bool,
    refused: Vec<(u32, Refusal)>,
    /// Refused alone, as a whole request. Refused for good once another request shows that the server is well.
    suspects: Vec<(u32, Refusal)>,
    refusals_in_row: u32,
    /// Parts whose last document got its verdict or is given back.
    over: Vec<u32>,
}

/// A part with documents that have no final verdict yet.
#[derive(Debug)]
struct Open {
    docs: u32,
    /// Documents that go back to where they came from, without a verdict.
    given_back: u32,
    tally: Tally,
}

/// What became of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Over {
    /// Index of the part.
    pub part: usize,
    pub tally: Tally,
    /// Its documents without a verdict.
    pub given_back: u32,
}

impl Progress {
    /// `filtered`: for each part, its events that have no document.
    pub fn new(docs: &[Doc], filtered: impl IntoIterator<Item = u32>) -> Self {
        let mut open: Vec<Open> = filtered
            .into_iter()
            .map(|filtered| Open {
                docs: 0,
                given_back: 0,
                tally: Tally {
                    filtered: u64::from(filtered),
                    ..Tally::default()
                },
            })
            .collect();
        for doc in docs {
            open[doc.part as usize].docs += 1;
        }
        Progress {
            over: (0u32..)
                .zip(&open)
                .filter(|(_, part)| part.docs == 0)
                .map(|(part, _)| part)
                .collect(),
            parts: open,
            todo: Vec::from_iter((!docs.is_empty()).then_some(0..docs.len())),
            unclear: 0,
            again: Vec::new(),
            slow: false,
            progressed: false,
            refused: Vec::new(),
            suspects: Vec::new(),
            refusals_in_row: 0,
        }
    }

    /// What to do now. `is_too_large`: whether a body of so many bytes is not worth trying.
    pub fn next(&mut self, docs: &[Doc], is_too_large: impl Fn(usize) -> bool) -> Next {
        while let Some(run) = self.todo.last().cloned() {
            if run.len() > 1 && is_too_large(bytes_of(docs, run.clone()).len()) {
                self.split();
            } else {
                return Next::Send(run);
            }
        }
        // Nothing else is left to tell the suspects from the rest.
        self.refused.append(&mut self.suspects);
        if !self.refused.is_empty() {
            Next::Keep
        } else if !self.again.is_empty() {
            // Documents come back from runs in any order; moving them together needs them in order.
            self.again.sort_unstable();
            Next::Again {
                slow: self.slow,
                progressed: self.progressed,
            }
        } else {
            Next::Done
        }
    }

    /// Learns what came of the last [`Next`].
    pub fn step(&mut self, docs: &[Doc], step: Step) {
        match step {
            Step::Answered(verdicts) => self.answered(docs, verdicts),
            Step::TooLarge { credible } => self.too_large(docs, credible),
            Step::Refused(refusal) => self.refuse(refusal),
            Step::Unclear { sent } => self.unclear(docs, sent),
            Step::Kept => {
                for (doc, _) in std::mem::take(&mut self.refused) {
                    self.close(docs, doc, |tally| &mut tally.rejected);
                }
            }
            Step::NotKept(may) => {
                let refused = std::mem::take(&mut self.refused);
                let keeps = |doc: u32| !may(docs[doc as usize].part as usize);
                for (doc, refusal) in refused {
                    if keeps(doc) {
                        self.refused.push((doc, refusal));
                    } else {
                        self.leave(docs, doc);
                    }
                }
            }
            Step::GivenBack(may) => {
                for doc in std::mem::take(&mut self.again) {
                    if may(docs[doc as usize].part as usize) {
                        self.leave(docs, doc);
                    } else {
                        self.again.push(doc);
                    }
                }
            }
            Step::Compacted => {
                self.todo.push(0..self.again.len());
                self.again.clear();
                self.slow = false;
                self.progressed = false;
            }
        }
    }

    /// Documents to be sent again, ascending once [`Next::Again`] was given.
    pub fn again(&self) -> &[u32] {
        &self.again
    }

    /// Documents refused for good that are not kept yet, and why.
    pub fn refused(&self) -> &[(u32, Refusal)] {
        &self.refused
    }

    /// Parts that are over since the last call, each once.
    pub fn take_over(&mut self) -> impl Iterator<Item = Over> {
        let parts = &self.parts;
        self.over.drain(..).map(|part| {
            let open = &parts[part as usize];
            Over {
                part: part as usize,
                tally: open.tally,
                given_back: open.given_back,
            }
        })
    }

    fn answered(&mut self, docs: &[Doc], verdicts: &mut Vec<Verdict>) {
        let run = self.take_run();
        debug_assert_eq!(run.len(), verdicts.len());
        self.refusals_in_row = 0;
        self.refused.append(&mut self.suspects);
        for (doc, verdict) in (run.start as u32..).zip(verdicts.drain(..)) {
            match verdict {
                Verdict::Accepted => self.close(docs, doc, |tally| &mut tally.accepted),
                Verdict::AlreadyThere => self.close(docs, doc, |tally| &mut tally.already_there),
                Verdict::Retry(cause) => {
                    self.slow |= cause.is_slow();
                    self.again.push(doc);
                }
                Verdict::Rejected(refusal) => self.refused.push((doc, refusal)),
            }
        }
    }

    fn too_large(&mut self, docs: &[Doc], credible: bool) {
        self.refusals_in_row += 1;
        if self.refusals_in_row > REFUSALS_IN_ROW_MAX {
            return self.put_back();
        }
        if self.todo.last().is_some_and(|run| run.len() > 1) {
            return self.split();
        }
        let run = self.take_run();
        if credible {
            let bytes = bytes_of(docs, run.clone()).len();
            let reason =
                format!("a document of {bytes} bytes is larger than what the server takes in one request");
            self.refused.push((
                run.start as u32,
                Refusal {
                    status: 413,
                    reason: reason.into(),
                },
            ));
        } else {
            self.slow = true;
            self.again.push(run.start as u32);
        }
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.refusals_in_row += 1;
        if self.refusals_in_row > REFUSALS_IN_ROW_MAX {
            self.put_back();
        } else if self.todo.last().is_some_and(|run| run.len() > 1) {
            self.split();
        } else {
            let run = self.take_run();
            self.suspects.push((run.start as u32, refusal));
        }
    }

    /// Everything is refused: all of it waits until somebody has looked at it.
    fn put_back(&mut self) {
        self.refusals_in_row = 0;
        self.slow = true;
        self.again.extend(self.suspects.drain(..).map(|(doc, _)| doc));
        self.again
            .extend(self.todo.drain(..).flatten().map(|doc| doc as u32));
    }

    fn unclear(&mut self, docs: &[Doc], sent: bool) {
        self.unclear += u32::from(sent);
        let large =
            |run: &Range<usize>| run.len() > 1 && bytes_of(docs, run.clone()).len() >= SPLIT_BYTES_MIN;
        if self.unclear >= UNCLEAR_BEFORE_SPLIT && self.todo.last().is_some_and(large) {
            self.split();
        }
    }

    /// Takes the run that was sent. It is there: runs leave `todo` only here, in the step after their sending.
    fn take_run(&mut self) -> Range<usize> {
        self.unclear = 0;
        self.todo.pop().unwrap_or(0..0)
    }

    /// Halves the next run of two or more documents.
    fn split(&mut self) {
        let run = self.take_run();
        let middle = run.start + run.len() / 2;
        self.todo.push(middle..run.end);
        self.todo.push(run.start..middle);
    }

    /// A document has its final verdict, counted in the field that `count` picks.
    fn close(&mut self, docs: &[Doc], doc: u32, count: impl Fn(&mut Tally) -> &mut u64) {
        let index = docs[doc as usize].part;
        let part = &mut self.parts[index as usize];
        *count(&mut part.tally) += 1;
        self.progressed = true;
        self.take_out(index);
    }

    /// A document goes back without a verdict.
    fn leave(&mut self, docs: &[Doc], doc: u32) {
        let index = docs[doc as usize].part;
        self.parts[index as usize].given_back += 1;
        self.take_out(index);
    }

    fn take_out(&mut self, index: u32) {
        let part = &mut self.parts[index as usize];
        part.docs -= 1;
        if part.docs == 0 {
            self.over.push(index);
        }
    }
}

#[cfg(test)]
mod tests;
