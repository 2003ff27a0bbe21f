//! Which lines begin an event, in a log whose events have several.

use super::name;
use super::token::{Sign, Token};

/// The share of lines that begin with a time from which on the others are said to follow them.
const HEADS_MIN: f64 = 0.1;

/// Of each line, whether it begins an event; `None` where every line seems to be one.
pub(super) fn heads(lines: &[(&str, Vec<Token<'_>>)]) -> Option<Vec<bool>> {
    let timed: Vec<bool> = lines.iter().map(|(_, tokens)| begins_with_time(tokens)).collect();
    let heads = timed.iter().filter(|timed| **timed).count();
    let others = lines.len() - heads;
    if others == 0
        || (heads as f64) < HEADS_MIN * lines.len() as f64
        || !timed.first().is_some_and(|first| *first)
    {
        return None;
    }
    let follow = lines
        .iter()
        .zip(&timed)
        .filter(|((line, _), timed)| !**timed && follows(line))
        .count();
    (2 * follow >= others).then_some(timed)
}

/// A time among the first parts: behind a bracket, a level, a word.
fn begins_with_time(tokens: &[Token<'_>]) -> bool {
    tokens
        .iter()
        .take(6)
        .any(|token| matches!(token.sign, Sign::Kind(kind) if name::is_time(kind)))
}

/// Whether a line looks like the continuation of another: indented, or of a stack trace.
fn follows(line: &str) -> bool {
    line.starts_with([' ', '\t', '}', ')', ']'])
        || line.trim().is_empty()
        || ["at ", "Caused by", "Traceback", "...", "---", "goroutine "]
            .iter()
            .any(|head| line.starts_with(head))
        || line
            .split([':', ' '])
            .next()
            .is_some_and(|word| word.ends_with("Exception") || word.ends_with("Error"))
}
