//! Format strings of the programs that write the logs, read as what our parsers take: the user copies the string from
//! the host's own configuration.

pub mod haproxy;
pub mod httpd;
pub mod layout;
pub mod morgan;
pub mod nginx;
pub mod postgresql;
pub mod serilog;

use std::ops::Range;

/// A host's format string in our terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostFormat {
    /// Patterns of the pattern language; the first that matches a line counts.
    Patterns(Vec<String>),
    /// The same for events of several lines: a line that one of `starts` matches begins one.
    Events {
        patterns: Vec<String>,
        starts: Vec<String>,
    },
    /// The lines are JSON objects.
    Json(Vec<JsonKey>),
}

#[cfg(test)]
impl HostFormat {
    /// Those of a format that is nothing else.
    fn patterns(self) -> Vec<String> {
        match self {
            HostFormat::Patterns(patterns) => patterns,
            other => panic!("{other:?}"),
        }
    }
}

/// A key of a JSON line, and where its value goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonKey {
    /// The path in the object, dotted.
    pub source: String,
    pub field: String,
    /// Name of a kind; `None` for the value as JSON has it.
    pub kind: Option<&'static str>,
    /// Whether nothing and `-` are no value.
    pub optional: bool,
}

/// Why a format string cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}: {help}")]
pub struct FormatError {
    /// The bytes of the format string that it is about.
    pub at: Range<usize>,
    pub message: String,
    /// What to do.
    pub help: String,
}

impl FormatError {
    fn new(at: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Self {
        FormatError {
            at,
            message: message.into(),
            help: help.into(),
        }
    }
}

/// Appends text that a line must have as it is.
fn push_literal(pattern: &mut String, text: &str) {
    for c in text.chars() {
        if matches!(c, '{' | '}') {
            pattern.push(c);
        }
        pattern.push(c);
    }
}

/// Appends a capture; where it is `optional`, nothing and `-` in its place give no field.
fn push_capture(pattern: &mut String, field: &str, kind: Option<&str>, optional: bool) {
    pattern.push('{');
    pattern.push_str(field);
    if let Some(kind) = kind {
        pattern.push(':');
        pattern.push_str(kind);
    }
    pattern.push_str(if optional { "?}" } else { "}" });
}

/// The patterns of a head with a message and what follows that on its line. The message ends where the line does last
/// hold what follows it; a stack trace stands below.
fn with_tail(head: &str, tail: &str) -> [String; 2] {
    let plain = format!("{head}{{message:longest}}{tail}");
    let traced = format!("{head}{{message:lines}}{tail}\n{{error.stack_trace:lines}}");
    // A value at the end of a pattern takes all the rest, lines of a trace too. A brace of the text is written twice.
    let ends_open = tail.bytes().rev().take_while(|byte| *byte == b'}').count() == 1;
    if ends_open {
        [traced, plain]
    } else {
        [plain, traced]
    }
}
