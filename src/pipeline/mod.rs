//! One kind of log, compiled: how its events are cut, parsed, changed and counted.
//!
//! ```text
//! NAME.toml ─▶ config::PipelineFile ─▶ compile ─▶ Pipeline
//!                                                  │ frame    which line begins an event
//!              one event's text ──────────────────▶│ tidy     colours, indentation, CR LF
//!                                                  │ parse    patterns in order, or a format by name
//!                                                  │ extract  patterns over a field just found
//!                                                  │ trace    stack trace off the message
//!                                                  │ set      constants
//!                                                  │ change   levels, lookups, names; what is dropped, what is masked
//!                                                  └▶ Fields, for derive and encode
//! ```
//!
//! The shipped pipelines are part of the program ([`Library`]); a user's folder goes before them.

mod change;
mod compile;
mod constant;
mod extract;
mod frame_start;
mod host;
mod inline_test;
mod keys;
mod library;
#[cfg(test)]
mod linear_test;
mod map;
mod metrics;
mod parse;
#[cfg(test)]
mod reference;
mod shipped;
mod tidy;
mod written;

pub use compile::compile;
pub use frame_start::FrameStart;
pub use host::HostWords;
pub use inline_test::{Failure, run_tests};
pub use library::{Library, name_like};
pub use parse::{Because, Outcome, Pipeline, Unmatched};
pub use tidy::is_plain;
