//! Parsers by name for what a pattern cannot express, and host format strings turned into patterns.

pub mod container;
pub mod host;
pub mod json;
pub mod logfmt;
pub mod rule;
pub mod syslog;
pub mod trace;

use crate::pattern::Scene;
use rule::Rule;
use syslog::Syslog;

/// A parser that a pipeline calls by name.
#[derive(Clone, Debug)]
pub enum Parser {
    Json(Rule),
    Logfmt(Rule),
    Syslog(Syslog),
}

impl Parser {
    /// The names, in the order of the documentation.
    pub const NAMES: [&str; 3] = ["json", "logfmt", "syslog"];

    /// Sets the fields of one event; of an event that is not of the format, none.
    pub fn parse<'a>(&self, text: &'a [u8], scene: &mut Scene<'a, '_>) -> Result<(), Mismatch> {
        match self {
            Parser::Json(rule) => json::parse(rule, text, scene),
            Parser::Logfmt(rule) => logfmt::parse(rule, text, scene),
            Parser::Syslog(syslog) => syslog.parse(text, scene),
        }
    }
}

/// The event is not of this format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The byte of the event up to which it was.
    pub at: usize,
}

#[cfg(test)]
mod tests;
