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
                // A place by itself is shown as the letter there.
                let letter = fault.from.chars().next().map_or(0, char::len_utf8);
                let from = place(fault.from);
                return Err(SyntaxError {
                    span: from..place(fault.to).max(from + letter),
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
    let (rest, late) = match early {
        Some(_) => (rest, None),
        None => opt(char('?')).parse(rest)?,
    };
    if let (Some(_), Some(_)) = (early, kind) {
        return mistake(
            input,
            rest,
            "the `?` is before the kind",
            Some("write it last: `{name:kind?}`".to_owned()),
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
            Some("a capture is `{name}`, `{name:kind}` or either with a `?` at the end; `{{` is a brace of the line".to_owned()),
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
            "a kind is missing behind the `:`",
            Some(format!("the kinds are {}", all_names())),
        ),
        None => mistake(rest, after, format!("unknown kind `{word}`"), Some(suggest(word))),
    }
}

fn all_names() -> String {
    Kind::names().collect::<Vec<_>>().join(", ")
}

/// The kind that was probably meant, or all of them.
fn suggest(word: &str) -> String {
    let lower = word.to_lowercase();
    // `integer`, `ipv4`: the longest name that the word begins with.
    let begun = Kind::names()
        .filter(|name| lower.starts_with(name))
        .max_by_key(|name| name.len());
    let similar = || {
        let nearest = Kind::names()
            .map(|name| (strsim::damerau_levenshtein(&lower, name), name))
            .min();
        nearest.filter(|(distance, name)| *distance <= 1 + name.len() / 4)
    };
    match begun.or_else(|| similar().map(|(_, name)| name)) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("the kinds are {}", all_names()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Schema;
    use crate::pattern::Program;

    #[test]
    fn pieces_of_a_pattern() {
        let found = pieces("a {{b}} \t{@timestamp:clf?}{_}").unwrap();
        let capture = |name, kind, optional| Piece::Capture(Name { name, kind, optional });
        assert_eq!(
            found,
            [
                (Piece::Text("a"), 0..1),
                (Piece::Text(" "), 1..2),
                (Piece::Text("{"), 2..4),
                (Piece::Text("b"), 4..5),
                (Piece::Text("}"), 5..7),
                (Piece::Blanks, 7..9),
                (
                    capture(Some("@timestamp"), Kind::by_name("clf").unwrap(), true),
                    9..26
                ),
                (capture(None, Kind::Text, false), 26..29),
            ]
        );
    }

    #[test]
    fn mistakes() {
        for (text, span, message, help) in [
            (
                "",
                0..0,
                "the pattern is empty",
                "`{message}` takes the whole event",
            ),
            ("{x:ipp}", 3..6, "unknown kind `ipp`", "did you mean `ip`?"),
            ("{x:Int}", 3..6, "unknown kind `Int`", "did you mean `int`?"),
            (
                "{x:integer}",
                3..10,
                "unknown kind `integer`",
                "did you mean `int`?",
            ),
            (
                "{x:qqqqqq}",
                3..9,
                "unknown kind `qqqqqq`",
                "the kinds are text, ",
            ),
            (
                "{x:}",
                2..3,
                "a kind is missing behind the `:`",
                "the kinds are text, ",
            ),
            (
                "a {x",
                2..4,
                "a `{` that is not closed",
                "write `{{` for a brace of the line",
            ),
            (
                "a {",
                3..3,
                "a `{` that is not closed",
                "write `{{` for a brace of the line",
            ),
            (
                "a }",
                2..3,
                "a `}` without a `{` before it",
                "write `}}` for a brace of the line",
            ),
            (
                "{}",
                1..2,
                "a capture needs a name of letters, digits, `_`, `.`, `-` and `@`",
                "`{_}` matches",
            ),
            (
                "{1}",
                1..2,
                "a capture needs a name of letters, digits, `_`, `.`, `-` and `@`",
                "`{_}` matches",
            ),
            ("{a..b}", 1..5, "`a..b` is no field name", "parts of a name are"),
            ("{a.}", 1..3, "`a.` is no field name", "parts of a name are"),
            (
                "{a b}",
                2..3,
                "unexpected ` ` in a capture",
                "a capture is `{name}`",
            ),
            (
                "{a:int é}",
                6..7,
                "unexpected ` ` in a capture",
                "a capture is `{name}`",
            ),
            (
                "{aé}",
                2..4,
                "unexpected `\\u{e9}` in a capture",
                "a capture is `{name}`",
            ),
            (
                "{a??}",
                3..4,
                "unexpected `?` in a capture",
                "a capture is `{name}`",
            ),
            ("{a?:int}", 0..7, "the `?` is before the kind", "write it last"),
            (
                "x{a}{b}",
                1..7,
                "two captures with nothing between them: where does the first one end?",
                "put the text between them",
            ),
            (
                "{a:int?}{b}",
                0..11,
                "two captures with nothing between them: where does the first one end?",
                "put the text between them",
            ),
            (
                "{a} {a:int}",
                4..11,
                "`a` is set twice, first by `{a}`",
                "give one of the two",
            ),
            (
                "{u:url} {r:http_request}",
                8..24,
                "`url.path` is set twice, first by `{u:url}`",
                "give one of the two",
            ),
        ] {
            let mut schema = Schema::default();
            let error = Program::compile(text, &mut schema).unwrap_err();
            assert_eq!(
                (error.span.clone(), error.message.as_str()),
                (span, message),
                "{text}"
            );
            assert!(
                error.help.as_deref().unwrap().starts_with(help),
                "{text}: {:?}",
                error.help
            );
            assert!(schema.is_empty());
        }
    }

    #[test]
    fn limits() {
        let mut schema = Schema::default();
        let text = (0..1_001)
            .map(|index| format!("{{f{index}}} "))
            .collect::<String>();
        let error = Program::compile(&text, &mut schema).unwrap_err();
        assert_eq!(error.message, "more than 1000 captures");
        for index in 0..Schema::FIELDS_MAX - 1 {
            schema.intern(&format!("x{index}"));
        }
        let error = Program::compile("{a} {b}", &mut schema).unwrap_err();
        assert_eq!(error.message, "the pipeline names more than 4096 fields");
        assert!(Program::compile("{a} {x0}", &mut schema).is_ok());
    }
}
