use std::collections::HashMap;
use std::ops::Range;

use super::byteset::ByteSet;
use super::capture::Capture;
use super::grammar::{Name, Piece, SyntaxError, pieces};
use super::kind::Kind;
use super::outline::Outline;
use super::run::{Label, Program, Step};
use super::separator::{Ahead, Part, Separator};
use crate::event::Schema;

/// The most captures of one pattern. Far above any real one, and low enough for [`super::Mismatch::step`].
const CAPTURES_MAX: usize = 1_000;

impl Program {
    /// Compiles a pattern; gives each field that it names a slot in `schema`. Reports the first mistake, and then
    /// leaves `schema` as it is.
    pub fn compile(text: &str, schema: &mut Schema) -> Result<Program, SyntaxError> {
        let (lead, parts) = group(pieces(text)?);
        check(text, &parts, schema)?;

        let mut steps = Vec::with_capacity(parts.len());
        let mut fields = Vec::new();
        let mut labels = vec![lead.label(text)];
        for (index, (capture, fixed)) in parts.iter().enumerate() {
            let compiled = match capture.name.name {
                Some(name) => Capture::new(capture.name.kind, name, schema),
                None => Capture::nameless(capture.name.kind),
            };
            fields.extend(compiled.fields());
            labels.push(Label {
                span: capture.span.clone(),
                text: capture.name.name.unwrap_or("_").into(),
            });
            labels.push(fixed.label(text));
            let last = index + 1 == parts.len();
            let then = match fixed.parts.as_slice() {
                [] if last => Separator::End,
                parts => Separator::new(parts),
            };
            let ahead = match parts.get(index + 1) {
                Some((next, behind)) => ahead(&next.name, behind, index + 2 == parts.len()),
                // A text that ends the pattern ends the event.
                None if !fixed.parts.is_empty() => Some(Ahead {
                    bytes: ByteSet::EMPTY,
                    or_end: true,
                }),
                None => None,
            };
            steps.push(Step::new(
                compiled,
                capture.name.optional,
                then,
                ahead,
                fields.len(),
            ));
        }
        labels.push(Fixed::at(text.len()).label(text));
        let first = match parts.first() {
            Some((first, behind)) if lead.parts.is_empty() => match first.name.kind {
                Kind::Int | Kind::Level | Kind::Ip | Kind::Time(_) => {
                    ahead(&first.name, behind, parts.len() == 1)
                }
                // Of others, what a value can begin with is only what is looked for behind a separator.
                _ => None,
            },
            _ => Some(Ahead {
                bytes: lead.starts(),
                or_end: false,
            }),
        };
        let outline = Outline {
            opening: match lead.parts.first() {
                Some(Part::Text(text)) => text.clone(),
                _ => Box::default(),
            },
            last: match parts.last().map_or(&lead, |(_, fixed)| fixed).parts.last() {
                Some(Part::Text(text)) => text.last().copied(),
                _ => None,
            },
            opening_is_all: match (&*lead.parts, &*parts) {
                ([] | [Part::Text(_)], [(only, behind)]) => {
                    only.name.kind == Kind::Text && behind.parts.is_empty()
                }
                _ => false,
            },
            first,
        };
        Ok(Program {
            outline,
            lead: Separator::new(&lead.parts),
            steps: steps.into(),
            fields: fields.into(),
            labels: labels.into(),
            text: text.into(),
        })
    }
}

/// A capture as it is written, with its bytes of the pattern.
struct Written<'t> {
    name: Name<'t>,
    span: Range<usize>,
}

/// The fixed text between two captures.
struct Fixed {
    parts: Vec<Part>,
    span: Range<usize>,
}

impl Fixed {
    fn at(place: usize) -> Fixed {
        Fixed {
            parts: Vec::new(),
            span: place..place,
        }
    }

    fn push(&mut self, part: Part, span: Range<usize>) {
        self.span.end = span.end;
        match (self.parts.last_mut(), part) {
            (Some(Part::Text(before)), Part::Text(text)) => {
                let mut joined = std::mem::take(before).into_vec();
                joined.extend_from_slice(&text);
                *before = joined.into();
            }
            (_, part) => self.parts.push(part),
        }
    }

    fn label(&self, pattern: &str) -> Label {
        Label {
            span: self.span.clone(),
            text: pattern[self.span.clone()].into(),
        }
    }

    /// The bytes that the text can begin with.
    fn starts(&self) -> ByteSet {
        match self.parts.first() {
            Some(Part::Text(text)) => text
                .first()
                .map_or(ByteSet::EMPTY, |byte| ByteSet::EMPTY.and(*byte)),
            Some(Part::Blanks) => ByteSet::EMPTY.and(b' ').and(b'\t'),
            None => ByteSet::EMPTY,
        }
    }
}

/// The text before the first capture, and each capture with the text behind it.
fn group(pieces: Vec<(Piece<'_>, Range<usize>)>) -> (Fixed, Vec<(Written<'_>, Fixed)>) {
    let mut lead = Fixed::at(0);
    let mut parts: Vec<(Written<'_>, Fixed)> = Vec::new();
    for (piece, span) in pieces {
        let fixed = match parts.last_mut() {
            Some((_, fixed)) => fixed,
            None => &mut lead,
        };
        match piece {
            Piece::Text(text) => fixed.push(Part::Text(text.as_bytes().into()), span),
            Piece::Blanks => fixed.push(Part::Blanks, span),
            Piece::Capture(name) => {
                let behind = Fixed::at(span.end);
                parts.push((Written { name, span }, behind));
            }
        }
    }
    (lead, parts)
}

/// What each piece is right by itself, but not all of them together.
fn check(text: &str, parts: &[(Written<'_>, Fixed)], schema: &Schema) -> Result<(), SyntaxError> {
    let error = |span: Range<usize>, message: String, help: &str| {
        Err(SyntaxError {
            span,
            message,
            help: Some(help.to_owned()),
        })
    };
    if text.is_empty() {
        return error(
            0..0,
            "the pattern is empty".to_owned(),
            "`{message}` takes the whole event",
        );
    }
    if let Some((first_over, _)) = parts.get(CAPTURES_MAX) {
        return error(
            first_over.span.clone(),
            format!("more than {CAPTURES_MAX} captures"),
            "take the rest as text and extract from it",
        );
    }
    for pair in parts.windows(2) {
        let [(first, fixed), (second, _)] = pair else {
            continue;
        };
        if fixed.parts.is_empty() && (first.name.kind.is_open() || first.name.optional) {
            return error(
                first.span.start..second.span.end,
                "two captures with nothing between them: where does the first one end?".to_owned(),
                "put the text between them that the line has there, or give the first a kind that knows its end, such as `int`",
            );
        }
    }
    let mut setters: HashMap<String, &Written<'_>> = HashMap::new();
    for (capture, _) in parts {
        let Some(own) = capture.name.name else {
            continue;
        };
        if own == "@timestamp" && !matches!(capture.name.kind, Kind::Time(_)) {
            return error(
                capture.span.clone(),
                "`@timestamp` must be a time".to_owned(),
                "give it the kind of its form, such as `{@timestamp:when}`, or another name",
            );
        }
        for name in Capture::names(capture.name.kind, own) {
            if let Some(before) = setters.get(&name) {
                let first = &text[before.span.clone()];
                return error(
                    capture.span.clone(),
                    format!("`{name}` is set twice, first by `{first}`"),
                    "give one of the two another name, or `_` to keep nothing",
                );
            }
            setters.insert(name, capture);
        }
    }
    let new = setters.keys().filter(|name| schema.get(name).is_none()).count();
    if schema.len() + new > Schema::FIELDS_MAX {
        return error(
            0..text.len(),
            format!("the pipeline names more than {} fields", Schema::FIELDS_MAX),
            "split it into several pipelines",
        );
    }
    Ok(())
}

/// What a separator can expect behind it when `next` is the capture there, and `behind` the text behind that.
fn ahead(next: &Name<'_>, behind: &Fixed, last: bool) -> Option<Ahead> {
    let mut bytes = next.kind.starts();
    if bytes == ByteSet::ALL {
        return None;
    }
    if next.optional {
        bytes = bytes.and(b'-').or(behind.starts());
    }
    Some(Ahead {
        bytes,
        or_end: next.optional && last && behind.parts.is_empty(),
    })
}
