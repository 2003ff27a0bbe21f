//! The reject store: documents that the server refused for good, with the reason, in files of their own.
//!
//! A directory of segments, each a file of JSON lines, numbered in the order of writing. The running agent
//! appends; `logmill rejects` reads, replays and removes. Both take the directory's lock for a change, and
//! nobody keeps a segment open between changes, so they can work at the same time.

mod directory;
mod read;
mod record;
mod replay;
mod store;

pub use read::{Damaged, RejectReader, remove};
pub use record::{Reject, RejectLines};
pub use replay::{Replayed, replay};
pub use store::{KeepError, RejectStore, WhenFull};

#[cfg(test)]
mod tests;
