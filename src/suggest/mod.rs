//! From a log of unknown form to the pipelines that fit it, and to a draft for what none does.
//!
//! ```text
//! lines ──▶ rank: what share does each pipeline take, and how much does it find there?
//!   └─ those that the best one leaves ──▶ token ──▶ shape: one per group of lines ──▶ draft: NAME.toml
//! ```
//!
//! No I/O here.

mod draft;
mod fit;
mod frame;
mod likeness;
mod name;
mod rank;
mod shape;
#[cfg(test)]
mod tests;
mod token;

pub use draft::{Draft, draft};
pub use fit::Fit;
pub use rank::rank;

/// A pipeline that leaves no more than the rest of this share needs no draft beside it.
pub const ENOUGH: f64 = 0.98;

/// So many lines of a log are looked at: enough for every shape that is worth a pattern.
pub const LINES_MAX: usize = 2_000;

/// So many bytes of a log are read for them.
pub const SAMPLE_BYTES_MAX: u64 = 1 << 20;
