//! Parsers by name for what a pattern cannot express, and host format strings turned into patterns.

pub mod clef;
pub mod container;
pub mod csv;
pub mod host;
pub mod journal;
pub mod json;
pub mod logfmt;
mod mismatch;
pub mod mysql_slow;
pub mod pairs;
pub mod rule;
pub mod syslog;
pub mod trace;
pub mod user_agent;
pub mod w3c;

use crate::event::Schema;
use crate::pattern::Scene;
use clef::Clef;
use csv::Csv;
pub use mismatch::Mismatch;
use rule::Rule;
use syslog::Syslog;

/// A parser that a pipeline calls by name.
#[derive(Clone, Debug)]
pub enum Parser {
    Json(Rule),
    /// Boxed for its size: few pipelines have one.
    Clef(Box<Clef>),
    Logfmt(Rule),
    Syslog(Syslog),
    W3c(Rule),
    Csv(Csv),
    Journal(Rule),
    MysqlSlow(Rule),
}

impl Parser {
    /// What its events are, as a noun.
    pub fn describe(&self) -> &'static str {
        match self {
            Parser::Json(_) | Parser::Clef(_) => "a JSON object",
            Parser::Logfmt(_) => "`key=value` pairs",
            Parser::Syslog(_) => "a syslog line",
            Parser::W3c(_) => "a line with the columns of the `#Fields` header before it",
            Parser::Csv(_) => "comma-separated values",
            Parser::Journal(_) => "an entry of journald's export format",
            Parser::MysqlSlow(_) => "an event of MySQL's slow query log",
        }
    }

    /// Where an event stops to be of this format and what is wrong there; `None` when it is of it.
    pub fn explain<'a>(&self, text: &'a [u8], scene: &mut Scene<'a, '_>) -> Option<(usize, String)> {
        let Mismatch { at, expected } = self.parse(text, scene).err()?;
        let exact = match self {
            Parser::Json(_) | Parser::Clef(_) => json::explain(text),
            _ => None,
        };
        Some(exact.unwrap_or_else(|| (at, format!("expected {expected}"))))
    }

    /// Says that every field of the pipeline has its slot now: see [`Rule::reserve`].
    pub fn reserve(&mut self, schema: &Schema) {
        match self {
            Parser::Json(rule)
            | Parser::Logfmt(rule)
            | Parser::W3c(rule)
            | Parser::Journal(rule)
            | Parser::MysqlSlow(rule) => rule.reserve(schema),
            Parser::Clef(clef) => clef.rule.reserve(schema),
            Parser::Syslog(_) | Parser::Csv(_) => {}
        }
    }

    /// Sets the fields of one event; of an event that is not of the format, none.
    pub fn parse<'a>(&self, text: &'a [u8], scene: &mut Scene<'a, '_>) -> Result<(), Mismatch> {
        match self {
            Parser::Json(rule) => json::parse(rule, text, scene),
            Parser::Clef(clef) => clef.parse(text, scene),
            Parser::Logfmt(rule) => logfmt::parse(rule, text, scene),
            Parser::Syslog(syslog) => syslog.parse(text, scene),
            Parser::W3c(rule) => w3c::parse(rule, text, scene),
            Parser::Csv(csv) => csv.parse(text, scene),
            Parser::Journal(rule) => journal::parse(rule, text, scene),
            Parser::MysqlSlow(rule) => mysql_slow::parse(rule, text, scene),
        }
    }
}

#[cfg(test)]
mod tests;
