//! Settled spans become safe offsets; safe offsets become the checkpoint.
//!
//! ```text
//! source ── emitted(span) ─▶ ┌────────┐            every CHECKPOINT_EVERY
//! derive ── counted(to) ───▶ │ Ledger │ ── render ──▶ checkpoint.tmp ─ fsync ─▶ checkpoint
//! ship ──── settle(span) ──▶ └────────┘                                 (the one before: checkpoint.1)
//! ```
//!
//! A file's *safe offset* is the end of the settled spans that have no gap before them. Spans settle in any
//! order; the checkpoint holds safe offsets only, so what is read again after a crash is what was not yet
//! settled, and the documents' ids make that harmless.

mod books;
pub mod checkpoint;
mod interval;
mod ledger;
mod lock;
mod record;
mod store;
mod writer;

pub use books::{Books, Tally};
pub use interval::Settled;
pub use ledger::{Emitted, FileStatus, Joint, Leave, Ledger, PersistHealth, Recovery};
pub use lock::StateLock;
pub use record::{Borrowed, FileRecord, Life, Print, Tail};
pub use store::StateError;
pub use writer::Writer;
