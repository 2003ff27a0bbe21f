use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// The verdicts of the events of one span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    /// Stored by the output.
    pub accepted: u64,
    /// The output had it before: a replay met itself.
    pub already_there: u64,
    /// The pipeline dropped it on purpose.
    pub filtered: u64,
    /// Refused for good and kept in the reject store.
    pub rejected: u64,
}

impl Tally {
    /// Events with a verdict.
    pub fn events(&self) -> u64 {
        self.accepted + self.already_there + self.filtered + self.rejected
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.accepted += other.accepted;
        self.already_there += other.already_there;
        self.filtered += other.filtered;
        self.rejected += other.rejected;
    }
}

/// The books of one input. They balance: [`Books::read`] is the sum of everything below it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Books {
    /// Verdicts so far.
    #[serde(flatten)]
    pub tally: Tally,
    /// Events that were read and have no verdict yet. Not written to the checkpoint: they are read again.
    #[serde(skip)]
    pub pending: u64,
    /// Bytes whose events all have a verdict.
    pub bytes_settled: u64,
    /// Bytes that were read and are not settled yet.
    #[serde(skip)]
    pub bytes_pending: u64,
}

impl Books {
    /// Events that left the reader.
    pub fn read(&self) -> u64 {
        self.tally.events() + self.pending
    }

    pub fn bytes_read(&self) -> u64 {
        self.bytes_settled + self.bytes_pending
    }
}
