//! Pattern layouts of the Java loggers: Logback (<https://logback.qos.ch/manual/layouts.html>), Log4j 1 and 2
//! (<https://logging.apache.org/log4j/2.x/manual/pattern-layout.html>), JBoss.
//!
//! ```text
//! %d{HH:mm:ss.SSS} [%thread] %-5level %logger{36} - %msg%n%ex
//!   └ split: pieces ─ words: fields ─▶ {@timestamp:clock} [{process.thread.name}] {log.level:level}  {log.logger} - {message:lines}
//! ```
//!
//! What the loggers call differently has both names here; no name means one thing in one and another in the other. The
//! stack trace is not part of the pattern: it is what follows the message.

mod date;
mod piece;
#[cfg(test)]
mod tests;
mod word;

use std::collections::HashSet;

use super::{FormatError, HostFormat, push_capture, push_literal};
use piece::{Pad, Piece};
use word::{Target, target};

/// Reads a layout, with or without what surrounds it in a configuration file.
pub fn read(layout: &str) -> Result<HostFormat, FormatError> {
    let pieces = piece::split(layout)?;
    let Some(message) = pieces.iter().position(Piece::is_message) else {
        return Err(FormatError::new(
            0..layout.len(),
            "the layout has no message",
            "give the text of the layout's pattern, such as '%d [%t] %-5p %c - %m%n'",
        ));
    };
    let targets = targets(&pieces)?;
    let (head, tail) = (&pieces[..message], &pieces[message + 1..]);
    let (head_targets, tail_targets) = (&targets[..message], &targets[message + 1..]);

    let mut start = String::new();
    write(head, head_targets, Names::None, &mut start);
    start.push_str("{_}");

    let mut before = String::new();
    write(head, head_targets, Names::All, &mut before);
    let mut behind = String::new();
    write(tail, tail_targets, Names::All, &mut behind);
    let patterns = if behind.is_empty() {
        vec![format!("{before}{{message:lines}}")]
    } else {
        // What follows the message is found from the end; a stack trace follows that.
        vec![
            format!("{before}{{message:longest}}{behind}"),
            format!("{before}{{message:lines}}{behind}\n{{error.stack_trace:lines}}"),
        ]
    };
    let starts = if message == 0 { Vec::new() } else { vec![start] };
    Ok(HostFormat::Events { patterns, starts })
}

/// Where each piece's value goes. Of two pieces with the same field the first has it.
fn targets(pieces: &[Piece]) -> Result<Vec<Option<Target>>, FormatError> {
    let mut taken = HashSet::new();
    pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(_) => Ok(None),
            Piece::Word { name, option, at, .. } => {
                let mut found = target(name, option.as_deref(), at)?;
                if !taken.insert(found.field.clone()) {
                    found.field = "_".to_owned();
                }
                Ok(Some(found))
            }
        })
        .collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    All,
    /// Every capture is nameless: what a line must look like to begin an event.
    None,
}

/// `%logger.%method`: names of classes have dots of their own, those of methods none.
fn ends_at_last_dot(pieces: &[Piece]) -> bool {
    matches!(
        pieces,
        [
            Piece::Word { name: "c" | "C", .. },
            Piece::Text(dot),
            Piece::Word { name: "M", .. },
            ..
        ] if dot == "."
    )
}

/// Appends the pattern of some pieces.
fn write(pieces: &[Piece], targets: &[Option<Target>], names: Names, out: &mut String) {
    // The blanks that pad the value before.
    let mut padded = false;
    for (at, (piece, target)) in pieces.iter().zip(targets).enumerate() {
        match (piece, target) {
            (Piece::Text(text), _) => {
                if std::mem::take(&mut padded) && text.starts_with(' ') {
                    out.push(' ');
                }
                push_literal(out, text);
            }
            (Piece::Word { pad, .. }, Some(target)) => {
                let blank_behind =
                    matches!(pieces.get(at + 1), Some(Piece::Text(text)) if text.starts_with(' '));
                let mut kind = target.kind;
                if kind.is_none() && ends_at_last_dot(&pieces[at..]) {
                    kind = Some("dotted");
                }
                match pad {
                    Pad::None => {}
                    Pad::Behind if blank_behind => padded = true,
                    // One blank more: one or more in the line.
                    Pad::Before if out.ends_with(' ') && !target.optional => out.push(' '),
                    Pad::Before | Pad::Behind => kind = Some("trimmed"),
                }
                let field = if names == Names::All { &target.field } else { "_" };
                push_capture(out, field, kind, target.optional);
            }
            (Piece::Word { .. }, None) => {}
        }
    }
}
