//! Finds the files, knows them again, reads them and cuts them into events.
//!
//! One thread does the file I/O of all inputs ([`start`]); it is [`Tailer::step`] in a loop, which tests call
//! with a clock of their own. Chunks leave through bounded channels to the workers; a file always goes to the
//! same worker, so the events of a file stay in order.
//!
//! What is promised of a file and where it ends is written at [`frame`] (lines and events), `identity` (which
//! file is which) and `tailer` (rotation).

mod bell;
mod births;
mod closer;
mod delivery;
mod descriptors;
mod disk;
mod dormant;
mod facts;
mod family;
pub mod frame;
mod glob;
mod header;
mod identity;
mod kept;
mod links;
mod listener;
mod mount;
mod notice;
mod once;
mod place;
mod pool;
mod run;
mod sibling;
mod tail;
mod tailer;
mod walk;
mod watch;

pub use bell::Bell;
pub use births::Births;
pub use delivery::{Delivery, Origin};
pub use descriptors::Descriptors;
pub use glob::{GlobError, Globs};
pub use kept::Kept;
pub use once::Once;
pub use pool::{CHUNK_CHARGE, Pool, Pooled};
pub use run::start;
pub use tailer::{Setup, Tailer};
pub use walk::{Found, walk};
pub use watch::{FrameRule, IsStart, Watch};

#[cfg(test)]
mod model_test;
#[cfg(test)]
mod poll_test;
#[cfg(test)]
mod rig;
#[cfg(test)]
mod tests;
