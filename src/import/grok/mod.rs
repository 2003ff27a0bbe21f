//! Grok expressions as patterns, where a line can be read once from left to right.
//!
//! ```text
//! expression ──▶ regex: its parts ──▶ unfold: one sequence for each choice ──▶ join: a pattern each
//! ```
//!
//! A choice (`a|b`, `(…)?`) becomes patterns of their own, tried in the order in which the expression would try them.

mod join;
mod library;
mod unfold;

use std::collections::BTreeMap;

use super::pattern::{Capture, Part, Pattern};
use super::regex::{self, Refused};
use crate::event::Schema;
use crate::pattern::Program;

/// One expression becomes so many patterns at most; more would say less than the line itself.
pub const ALTERNATIVES_MAX: usize = 8;

/// Names by which an expression may be called within another, and what they stand for.
pub type Definitions = BTreeMap<String, String>;

/// What an expression comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Translation {
    /// In the order in which they are tried; at least one.
    pub patterns: Vec<Pattern>,
    /// What they do otherwise than the expression.
    pub differences: Vec<String>,
}

/// The patterns that `expression` comes to.
///
/// # Errors
///
/// What has no equivalent.
pub fn translate(expression: &str, definitions: &Definitions) -> Result<Translation, Refused> {
    let alternatives = regex::parse(expression)?;
    let mut translation = Translation::default();
    for sequence in unfold::unfold(&alternatives, definitions)? {
        let joined = join::join(sequence)?;
        for difference in joined.differences {
            if !translation.differences.contains(&difference) {
                translation.differences.push(difference);
            }
        }
        if !translation.patterns.contains(&joined.pattern) {
            translation.patterns.push(joined.pattern);
        }
    }
    Ok(translation)
}

/// Says what the pattern language has against a pattern, if anything.
///
/// # Errors
///
/// In its words.
pub fn check(pattern: &Pattern) -> Result<(), Refused> {
    Program::compile(&pattern.written(), &mut Schema::default())
        .map(drop)
        .map_err(|error| Refused(format!("would be `{}`: {}", pattern.written(), error.message)))
}

/// The patterns of an expression that looks for something anywhere in a text, over the whole text.
///
/// # Errors
///
/// What has no equivalent.
pub fn search(expression: &str, lines_follow: bool) -> Result<Vec<Pattern>, Refused> {
    let alternatives = regex::parse(expression)?;
    let mut patterns = Vec::new();
    for sequence in unfold::unfold(&alternatives, &Definitions::new())? {
        let joined = join::join(sequence)?;
        let mut pattern = joined.pattern;
        if !joined.anchored_start {
            pattern.parts.insert(0, Part::Capture(Capture::new(None, None)));
        }
        let is_open = |part: &Part| matches!(part, Part::Capture(last) if last.is_open());
        if !joined.anchored_end && !pattern.parts.last().is_some_and(is_open) {
            pattern.push(Capture::new(None, None));
        }
        if lines_follow {
            pattern.take_lines();
        }
        check(&pattern)?;
        patterns.push(pattern);
    }
    Ok(patterns)
}

#[cfg(test)]
mod tests;
