//! The pattern's own grammar, a nom parser over its text.

use std::ops::Range;

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::char;
use nom::combinator::{cut, opt, recognize, value};
use nom::error::{ErrorKind, ParseError};
use nom::sequence::pair;

use super::kind::Kind;

/// What is wrong with a pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// Bytes of the pattern text.
    pub span: Range<usize>,
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// A pattern as it is written, piece by piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// Text that stands in the line as it is; `{{` is a brace already.
    Text(&'t str),
    /// Two or more blanks: one or more in the line.
    Blanks,
    Capture(Name<'t>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name<'t> {
    /// `None` for `_`.
    pub name: Option<&'t str>,
    pub kind: Kind,
    pub optional: bool,
}

type Parsed<'t, T> = nom::IResult<&'t str, T, Fault<'t>>;

/// A [`SyntaxError`] in the making: places are known by the text that remains there.
#[derive(Debug)]
struct Fault<'t> {
    from: &'t str,
    to: &'t str,
    message: String,
    help: Option<String>,
}

impl<'t> ParseError<&'t str> for Fault<'t> {
    fn from_error_kind(input: &'t str, _: ErrorKind) -> Self {
        Fault {
            from: input,
            to: input,
            message: String::new(),
            help: None,
        }
    }

    fn append(_: &'t str, _: ErrorKind, other: Self) -> Self {
        other
    }
}

/// Ends the parse: this is a mistake and not some other piece.
fn mistake<'t, T>(
    from: &'t str,
    to: &'t str,
    message: impl Into<String>,
    help: Option<String>,
) -> Parsed<'t, T> {
    Err(nom::Err::Failure(Fault {
        from,
        to,
        message: message.into(),
        help,
    }))
}

/// All pieces of a pattern with their places.
pub(super) fn pieces(text: &str) -> Result<Vec<(Piece<'_>, Range<usize>)>, SyntaxError> {
    let place = |rest: &str| text.len() - rest.len();
    let mut found = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        match piece(rest) {
            Ok((after, piece)) => {
                found.push((piece, place(rest)..place(after)));
                rest = after;
            }
            Err(error) => {
                let (nom::Err::Error(fault) | nom::Err::Failure(fault)) = error else {
                    // Only streaming parsers ask for more; these see the whole text.
                    break;
                };
                return Err(SyntaxError {
                    span: place(fault.from)..place(fault.to).max(place(fault.from) + 1).min(text.len()),
                    message: fault.message,
                    help: fault.help,
                });
            }
        }
    }
    Ok(found)
}

fn piece(input: &str) -> Parsed<'_, Piece<'_>> {
    alt((
        value(Piece::Text("{"), tag("{{")),
        value(Piece::Text("}"), tag("}}")),
        capture,
        lone_brace,
        value(Piece::Blanks, recognize(pair(blank, take_while1(is_blank)))),
        // A single blank, and then text up to the next.
        literal.map(Piece::Text),
    ))
    .parse(input)
}

fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t')
}

fn blank(input: &str) -> Parsed<'_, char> {
    alt((char(' '), char('\t'))).parse(input)
}

fn literal(input: &str) -> Parsed<'_, &str> {
    alt((
        recognize(blank),
        take_while1(|letter| !is_blank(letter) && !matches!(letter, '{' | '}')),
    ))
    .parse(input)
}

fn lone_brace(input: &str) -> Parsed<'_, Piece<'_>> {
    let (rest, _) = char('}').parse(input)?;
    mistake(
        input,
        rest,
        "a `}` without a `{` before it",
        Some("write `}}` for a brace of the line".to_owned()),
    )
}

fn capture(input: &str) -> Parsed<'_, Piece<'_>> {
    let (rest, _) = char('{').parse(input)?;
    let (rest, name) = name(rest)?;
    let (rest, early) = opt(char('?')).parse(rest)?;
    let (rest, kind) = opt(|input| colon_kind(input)).parse(rest)?;
    let (rest, late) = opt(char('?')).parse(rest)?;
    if let (Some(_), Some(_)) = (early, kind) {
        return mistake(
            input,
            rest,
            "the `?` is before the type",
            Some("write it last: `{name:type?}`".to_owned()),
        );
    }
    let (rest, _) = cut(close(input)).parse(rest)?;
    let capture = Name {
        name: (name != "_").then_some(name),
        kind: kind.unwrap_or(Kind::Text),
        optional: early.or(late).is_some(),
    };
    Ok((rest, Piece::Capture(capture)))
}

/// The closing brace of the capture that began at `begin`.
fn close<'t>(begin: &'t str) -> impl Fn(&'t str) -> Parsed<'t, char> {
    move |input| {
        match input.chars().next() {
        Some('}') => char('}').parse(input),
        Some(other) => mistake(
            input,
            &input[other.len_utf8()..],
            format!("unexpected `{}` in a capture", other.escape_default()),
            Some("a capture is `{name}`, `{name:type}` or either with a `?` at the end; `{{` is a brace of the line".to_owned()),
        ),
        None => mistake(
            begin,
            input,
            "a `{` that is not closed",
            Some("write `{{` for a brace of the line".to_owned()),
        ),
    }
    }
}

fn name(input: &str) -> Parsed<'_, &str> {
    let first = |letter: char| letter.is_ascii_alphabetic() || matches!(letter, '@' | '_');
    let more = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '@' | '_' | '.' | '-');
    let result: Parsed<'_, &str> = recognize(pair(take_while_one(first), take_while(more))).parse(input);
    match result {
        Ok((rest, name)) if name.ends_with('.') || name.contains("..") => mistake(
            input,
            rest,
            format!("`{name}` is no field name"),
            Some("parts of a name are separated by single dots".to_owned()),
        ),
        Err(_) if input.is_empty() => mistake(
            input,
            input,
            "a `{` that is not closed",
            Some("write `{{` for a brace of the line".to_owned()),
        ),
        Err(_) => mistake(
            input,
            input,
            "a capture needs a name of letters, digits, `_`, `.`, `-` and `@`",
            Some("`{_}` matches and keeps nothing; `{{` is a brace of the line".to_owned()),
        ),
        result => result,
    }
}

/// One character of a sort.
fn take_while_one(sort: impl Fn(char) -> bool) -> impl Fn(&str) -> Parsed<'_, char> {
    move |input| nom::character::complete::satisfy(&sort).parse(input)
}

fn colon_kind(input: &str) -> Parsed<'_, Kind> {
    let (rest, _) = char(':').parse(input)?;
    let (after, word) =
        take_while(|letter: char| letter.is_ascii_alphanumeric() || letter == '_').parse(rest)?;
    match Kind::by_name(word) {
        Some(kind) => Ok((after, kind)),
        None if word.is_empty() => mistake(
            input,
            rest,
            "a type is missing behind the `:`",
            Some(format!("the types are {}", all_names())),
        ),
        None => mistake(rest, after, format!("unknown type `{word}`"), Some(suggest(word))),
    }
}

fn all_names() -> String {
    Kind::names().collect::<Vec<_>>().join(", ")
}

/// The kind that was probably meant, or all of them.
fn suggest(word: &str) -> String {
    let lower = word.to_lowercase();
    Kind::names()
        .map(|name| (strsim::damerau_levenshtein(&lower, name), name))
        .min()
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .map_or_else(
            || format!("the types are {}", all_names()),
            |(_, name)| format!("did you mean `{name}`?"),
        )
}
