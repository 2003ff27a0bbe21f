//! Parsers by name for what a pattern cannot express, and host format strings turned into patterns.

pub mod container;
pub mod host;
pub mod json;
pub mod logfmt;
pub mod rule;
pub mod trace;

/// The event is not of this format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The byte of the event up to which it was.
    pub at: usize,
}

#[cfg(test)]
mod tests;
