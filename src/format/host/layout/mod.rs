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

use super::{FormatError, HostFormat, push_capture, push_literal, with_tail};
use piece::{Pad, Piece};
use word::{Target, target};

/// Reads a layout.
pub fn read(layout: &str) -> Result<HostFormat, FormatError> {
    let known = piece::split(layout)?;
    let Some(message) = known.iter().position(Piece::is_message) else {
        return Err(FormatError::new(
            0..layout.len(),
            "the layout has no message",
            "give the text of the layout's pattern, such as '%d [%t] %-5p %c - %m%n'",
        ));
    };
    let mut patterns = Vec::new();
    let mut starts = Vec::new();
    for pieces in variants(known) {
        let (head, tail) = pieces.split_at(message);
        for head in boxes(head).iter().flat_map(|head| heads(head)) {
            push(&head, tail, &mut patterns, &mut starts)?;
        }
    }
    Ok(HostFormat::Events { patterns, starts })
}

/// Adds the patterns of a head and what follows it, the message first, and those of the lines that begin such an event.
fn push(
    head: &[Piece],
    tail: &[Piece],
    patterns: &mut Vec<String>,
    starts: &mut Vec<String>,
) -> Result<(), FormatError> {
    let targets = targets(&[head, tail].concat())?;
    let (head_targets, tail_targets) = (&targets[..head.len()], &targets[head.len() + 1..]);
    for &lead in leads(head) {
        let mut before = lead.to_owned();
        write(head, head_targets, Names::All, &mut before);
        let mut behind = String::new();
        write(&tail[1..], tail_targets, Names::All, &mut behind);
        if behind.is_empty() {
            patterns.push(format!("{before}{{message:lines}}"));
        } else {
            patterns.extend(with_tail(&before, &behind));
        }
        if !head.is_empty() {
            let mut start = lead.to_owned();
            write(head, head_targets, Names::None, &mut start);
            start.push_str("{_}");
            // A head of two lines begins with its first.
            start.truncate(start.find('\n').unwrap_or(start.len()));
            starts.push(start);
        }
    }
    Ok(())
}

/// The layout as it is, and behind it the same with any text, or nothing, for the numbers of lines of code: where the
/// logger does not look for them, as behind an asynchronous appender, Logback and Log4j 1 write `?`, and Log4j 2 nothing.
fn variants(pieces: Vec<Piece>) -> Vec<Vec<Piece>> {
    let mut without = pieces.clone();
    for piece in &mut without {
        if let Piece::Word { name: name @ "L", .. } = piece {
            *name = "property";
        }
    }
    if without == pieces {
        vec![pieces]
    } else {
        vec![pieces, without]
    }
}

/// The head with the first name that stands in brackets or not at all, and without. Spring Boot writes one of two at most.
fn boxes(head: &[Piece]) -> Vec<Vec<Piece>> {
    let is_boxed = |piece: &Piece| matches!(piece, Piece::Word { name: "boxed", .. });
    let without: Vec<Piece> = head.iter().filter(|piece| !is_boxed(piece)).cloned().collect();
    let Some(first) = head.iter().position(is_boxed) else {
        return vec![without];
    };
    let mut with = head[..first].to_vec();
    with.push(Piece::Text("[".to_owned()));
    with.push(head[first].clone());
    with.push(Piece::Text("] ".to_owned()));
    with.extend(head[first + 1..].iter().filter(|piece| !is_boxed(piece)).cloned());
    vec![with, without]
}

/// The head as it is, and before it the same without the words between blanks that may be nothing: where the word
/// before is filled up with blanks, as in `%-60c %x - %m`, the blanks around nothing are those of the filling.
fn heads(head: &[Piece]) -> Vec<Vec<Piece>> {
    let mut without: Vec<Piece> = Vec::new();
    for (at, piece) in head.iter().enumerate() {
        let between = match (without.as_slice(), piece, head.get(at + 1)) {
            (
                [.., Piece::Word { pad: Pad::Behind, .. }, Piece::Text(blank)],
                Piece::Word { name, .. },
                Some(Piece::Text(next)),
            ) => blank == " " && next.starts_with(' ') && word::may_be_nothing(name),
            _ => false,
        };
        if between {
            without.pop();
            if let Some(Piece::Word { sole, .. }) = without.last_mut() {
                *sole = true;
            }
        } else {
            without.push(piece.clone());
        }
    }
    if without.len() == head.len() {
        vec![without]
    } else {
        vec![without, head.to_vec()]
    }
}

/// What stands before the head: blanks or none, where its first value is filled up on the left.
fn leads(head: &[Piece]) -> &'static [&'static str] {
    match head {
        [Piece::Word { pad: Pad::Before, .. }, Piece::Text(next), ..] if next.starts_with(' ') => &["", "  "],
        _ => &[""],
    }
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
            (Piece::Word { pad, sole, .. }, Some(target)) => {
                let blank_behind =
                    matches!(pieces.get(at + 1), Some(Piece::Text(text)) if text.starts_with(' '));
                let mut kind = target.kind;
                if kind.is_none() && ends_at_last_dot(&pieces[at..]) {
                    kind = Some("dotted");
                }
                if kind.is_none() && *sole {
                    kind = Some("word");
                }
                match pad {
                    Pad::None => {}
                    // Blanks or none stand before.
                    Pad::Before if at == 0 && blank_behind => {}
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
