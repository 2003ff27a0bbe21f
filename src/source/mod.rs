//! Finds the files, knows them again, reads them and cuts them into events.
//!
//! One thread does the file I/O of all inputs ([`start`]); it is [`Source::step`] in a loop, which tests call
//! with a clock of their own. Chunks leave through bounded channels to the workers; a file always goes to the
//! same worker, so the events of a file stay in order.

mod bell;
mod delivery;
pub mod frame;
mod glob;
mod pool;
mod watch;

pub use bell::Bell;
pub use delivery::{Delivery, Origin};
pub use glob::{GlobError, Globs};
pub use pool::{Pool, Pooled};
pub use watch::{FrameRule, IsStart, StartAt, Watch, Wrapper};
