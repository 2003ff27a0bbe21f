//! Regular expressions with grok's `%{…}`, read as far as their parts have a meaning here.

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_till1, take_while, take_while1};
use nom::character::complete::{anychar, char, digit1};
use nom::combinator::{map, opt, value};
use nom::error::{ErrorKind, ParseError};
use nom::multi::many0;

/// A part of a regular expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    Letter(char),
    /// `.`
    Any,
    Class(Class),
    /// `^`
    Start,
    /// `$`
    End,
    /// Alternatives, each a sequence.
    Group {
        name: Option<String>,
        alternatives: Vec<Vec<Node>>,
    },
    /// `%{SYNTAX:semantic:type}`
    Grok {
        syntax: String,
        semantic: Option<String>,
        kind: Option<String>,
    },
    Repeat {
        node: Box<Node>,
        min: u32,
        /// `None`: any number.
        max: Option<u32>,
        /// As few as will do.
        lazy: bool,
    },
}

/// A set of letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    pub negated: bool,
    /// First and last letter, both included.
    pub ranges: Vec<(char, char)>,
}

impl Class {
    pub fn has(&self, letter: char) -> bool {
        let listed = self
            .ranges
            .iter()
            .any(|(from, to)| (*from..=*to).contains(&letter));
        listed != self.negated
    }

    fn of(negated: bool, ranges: &[(char, char)]) -> Class {
        Class {
            negated,
            ranges: ranges.to_vec(),
        }
    }
}

/// Why an expression has no equivalent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

impl ParseError<&str> for Refused {
    fn from_error_kind(input: &str, _: ErrorKind) -> Self {
        let end = input.char_indices().nth(20).map_or(input.len(), |(at, _)| at);
        Refused(format!("cannot be read from `{}` on", &input[..end]))
    }

    fn append(_: &str, _: ErrorKind, other: Self) -> Self {
        other
    }
}

type Parsed<'t, T> = nom::IResult<&'t str, T, Refused>;

/// Groups within groups at most.
const DEPTH_MAX: usize = 16;

const DIGITS: [(char, char); 1] = [('0', '9')];
const WORD: [(char, char); 4] = [('0', '9'), ('A', 'Z'), ('a', 'z'), ('_', '_')];
const WHITE: [(char, char); 2] = [('\t', '\r'), (' ', ' ')];
const HEX: [(char, char); 3] = [('0', '9'), ('A', 'F'), ('a', 'f')];

/// The alternatives of an expression.
///
/// # Errors
///
/// What it has that has no equivalent, or cannot be read.
pub fn parse(text: &str) -> Result<Vec<Vec<Node>>, Refused> {
    match alternatives(text, 0) {
        Ok(("", alternatives)) => Ok(alternatives),
        Ok((rest, _)) => Err(Refused::from_error_kind(rest, ErrorKind::Eof)),
        Err(nom::Err::Error(refused) | nom::Err::Failure(refused)) => Err(refused),
        Err(nom::Err::Incomplete(_)) => Err(Refused("ends too early".to_owned())),
    }
}

fn refuse<T>(why: &str) -> Parsed<'_, T> {
    Err(nom::Err::Failure(Refused(why.to_owned())))
}

fn alternatives(input: &str, depth: usize) -> Parsed<'_, Vec<Vec<Node>>> {
    if depth > DEPTH_MAX {
        return refuse("has groups within groups within groups");
    }
    let (mut rest, first) = many0(|input| repeated(input, depth)).parse(input)?;
    let mut all = vec![first];
    while let Ok((after, _)) = bar(rest) {
        let (after, next) = many0(|input| repeated(input, depth)).parse(after)?;
        all.push(next);
        rest = after;
    }
    Ok((rest, all))
}

fn bar(input: &str) -> Parsed<'_, char> {
    char('|').parse(input)
}

fn repeated(input: &str, depth: usize) -> Parsed<'_, Node> {
    let (rest, node) = node(input, depth)?;
    let (rest, count) = opt(count).parse(rest)?;
    let Some((min, max)) = count else {
        return Ok((rest, node));
    };
    let (rest, lazy) = opt(char('?')).parse(rest)?;
    // A possessive repeat never gives back: neither do the patterns.
    let (rest, _) = opt(char('+')).parse(rest)?;
    let node = Box::new(node);
    let lazy = lazy.is_some();
    Ok((rest, Node::Repeat { node, min, max, lazy }))
}

fn count(input: &str) -> Parsed<'_, (u32, Option<u32>)> {
    alt((
        value((0, None), char('*')),
        value((1, None), char('+')),
        value((0, Some(1)), char('?')),
        braces,
    ))
    .parse(input)
}

fn braces(input: &str) -> Parsed<'_, (u32, Option<u32>)> {
    let number = |text: &str| text.parse::<u32>().unwrap_or(u32::MAX);
    let (rest, _) = char('{').parse(input)?;
    let (rest, min) = digit1.parse(rest)?;
    let (rest, more) = opt((char(','), opt(digit1))).parse(rest)?;
    let (rest, _) = char('}').parse(rest)?;
    let max = match more {
        None => Some(number(min)),
        Some((_, max)) => max.map(number),
    };
    Ok((rest, (number(min), max)))
}

fn node(input: &str, depth: usize) -> Parsed<'_, Node> {
    alt((
        grok,
        |input| group(input, depth),
        class,
        escape,
        value(Node::Any, char('.')),
        value(Node::Start, char('^')),
        value(Node::End, char('$')),
        map(nom::character::complete::none_of("|)*+?[\\"), Node::Letter),
    ))
    .parse(input)
}

fn grok(input: &str) -> Parsed<'_, Node> {
    let (rest, _) = tag("%{").parse(input)?;
    let (rest, syntax) =
        take_while1(|letter: char| letter.is_ascii_alphanumeric() || letter == '_').parse(rest)?;
    let (rest, semantic) = opt((char(':'), take_till1(|letter| matches!(letter, ':' | '}')))).parse(rest)?;
    let (rest, kind) = opt((char(':'), take_till1(|letter| letter == '}'))).parse(rest)?;
    let (rest, _) = char('}').parse(rest)?;
    let node = Node::Grok {
        syntax: syntax.to_owned(),
        semantic: semantic.map(|(_, name)| name.to_owned()),
        kind: kind.map(|(_, kind)| kind.to_owned()),
    };
    Ok((rest, node))
}

fn group(input: &str, depth: usize) -> Parsed<'_, Node> {
    let (rest, _) = char('(').parse(input)?;
    for (sign, why) in [
        (
            "?=",
            "looks ahead, `(?=`: patterns read a line once, from left to right",
        ),
        (
            "?!",
            "looks ahead, `(?!`: patterns read a line once, from left to right",
        ),
        (
            "?<=",
            "looks behind, `(?<=`: patterns read a line once, from left to right",
        ),
        (
            "?<!",
            "looks behind, `(?<!`: patterns read a line once, from left to right",
        ),
        ("?i", "ignores case, `(?i)`"),
        ("?(", "has a condition, `(?(`"),
    ] {
        if rest.starts_with(sign) {
            return refuse(why);
        }
    }
    // Options that say how `.` and white space are read.
    if let Ok((rest, _)) = options(rest) {
        let group = Node::Group {
            name: None,
            alternatives: vec![Vec::new()],
        };
        return Ok((rest, group));
    }
    let (rest, name) = opt(alt((
        value(None, tag("?:")),
        value(None, tag("?>")),
        map(name, Some),
    )))
    .parse(rest)?;
    let (rest, alternatives) = alternatives(rest, depth + 1)?;
    let Ok((rest, _)) = closing(rest) else {
        return refuse("has a `(` that is not closed");
    };
    let name = name.flatten();
    Ok((rest, Node::Group { name, alternatives }))
}

fn closing(input: &str) -> Parsed<'_, char> {
    char(')').parse(input)
}

fn options(input: &str) -> Parsed<'_, ()> {
    value(
        (),
        (
            char('?'),
            take_while1(|letter| matches!(letter, 'm' | 's' | 'u')),
            char(')'),
        ),
    )
    .parse(input)
}

/// `?<name>`, `?P<name>` or `?'name'`.
fn name(input: &str) -> Parsed<'_, String> {
    let (rest, _) = alt((tag("?<"), tag("?P<"), tag("?'"))).parse(input)?;
    let (rest, name) = take_till1(|letter| matches!(letter, '>' | '\'')).parse(rest)?;
    let (rest, _) = anychar.parse(rest)?;
    Ok((rest, name.to_owned()))
}

fn escape(input: &str) -> Parsed<'_, Node> {
    let (rest, _) = char('\\').parse(input)?;
    let (rest, letter) = anychar.parse(rest)?;
    let class = |negated, ranges: &[(char, char)]| Node::Class(Class::of(negated, ranges));
    let node = match letter {
        'd' => class(false, &DIGITS),
        'D' => class(true, &DIGITS),
        'w' => class(false, &WORD),
        'W' => class(true, &WORD),
        's' => class(false, &WHITE),
        'S' => class(true, &WHITE),
        'h' => class(false, &HEX),
        't' => Node::Letter('\t'),
        'n' => Node::Letter('\n'),
        'r' => Node::Letter('\r'),
        'A' => Node::Start,
        'z' | 'Z' => Node::End,
        // A word's edge is where the parts around it end.
        'b' => Node::Group {
            name: None,
            alternatives: vec![Vec::new()],
        },
        'k' | '1'..='9' => return refuse("refers back to a group"),
        letter if letter.is_ascii_alphanumeric() => return refuse("has an escape that is not known here"),
        letter => Node::Letter(letter),
    };
    Ok((rest, node))
}

fn class(input: &str) -> Parsed<'_, Node> {
    let (rest, _) = char('[').parse(input)?;
    let (mut rest, negated) = opt(char('^')).parse(rest)?;
    let mut ranges = Vec::new();
    // A bracket at the beginning is a letter of the set.
    if let Some(after) = rest.strip_prefix(']') {
        ranges.push((']', ']'));
        rest = after;
    }
    loop {
        if let Some(after) = rest.strip_prefix(']') {
            break Ok((after, Node::Class(Class::of(negated.is_some(), &ranges))));
        }
        if let Some(named) = rest.strip_prefix("[:") {
            let (after, name) = take_while(|letter: char| letter.is_ascii_lowercase()).parse(named)?;
            let Some(after) = after.strip_prefix(":]") else {
                return refuse("has a set of letters that cannot be read");
            };
            match name {
                "space" | "blank" => ranges.extend(WHITE),
                "digit" => ranges.extend(DIGITS),
                "xdigit" => ranges.extend(HEX),
                "alpha" => ranges.extend([('A', 'Z'), ('a', 'z')]),
                "alnum" | "word" => ranges.extend(WORD),
                "upper" => ranges.push(('A', 'Z')),
                "lower" => ranges.push(('a', 'z')),
                "punct" => ranges.extend([('!', '/'), (':', '@'), ('[', '`'), ('{', '~')]),
                _ => return refuse("has a set of letters that is not known here"),
            }
            rest = after;
            continue;
        }
        let Ok((after, from)) = member(rest) else {
            return refuse("has a `[` that is not closed");
        };
        let (after, to) = match (after.strip_prefix('-'), &from) {
            (Some(behind), Node::Letter(_)) if !behind.starts_with(']') => {
                let Ok((behind, to)) = member(behind) else {
                    return refuse("has a `[` that is not closed");
                };
                (behind, Some(to))
            }
            _ => (after, None),
        };
        match (from, to) {
            (Node::Letter(from), Some(Node::Letter(to))) if from <= to => ranges.push((from, to)),
            (Node::Letter(letter), None) => ranges.push((letter, letter)),
            (Node::Class(inner), None) if !inner.negated => ranges.extend(inner.ranges),
            _ => return refuse("has a set of letters that cannot be read"),
        }
        rest = after;
    }
}

fn member(input: &str) -> Parsed<'_, Node> {
    alt((escape, map(anychar, Node::Letter))).parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_once_is_refused() {
        for (text, why) in [
            (r"a(?=b)", "looks ahead"),
            (r"(?<!a)b", "looks behind"),
            (r"(a)\1", "refers back"),
            (r"(?i)a", "ignores case"),
            (r"(a", "not closed"),
            (r"[a", "not closed"),
            (r"a)", "cannot be read from `)`"),
            (r"*a", "cannot be read from `*a`"),
            (r"\p{L}", "escape"),
        ] {
            let refused = parse(text).unwrap_err();
            assert!(refused.0.contains(why), "{text}: {refused}");
        }
        assert!(parse(&"(".repeat(10_000)).is_err());
    }

    #[test]
    fn parts_of_an_expression() {
        let found = parse(r"^a\.%{IP:c:x}[^\]0-9]+?|b{2,}$").unwrap();
        let set = Class::of(true, &[(']', ']'), ('0', '9')]);
        assert_eq!(
            found,
            [
                vec![
                    Node::Start,
                    Node::Letter('a'),
                    Node::Letter('.'),
                    Node::Grok {
                        syntax: "IP".to_owned(),
                        semantic: Some("c".to_owned()),
                        kind: Some("x".to_owned())
                    },
                    Node::Repeat {
                        node: Box::new(Node::Class(set)),
                        min: 1,
                        max: None,
                        lazy: true
                    },
                ],
                vec![
                    Node::Repeat {
                        node: Box::new(Node::Letter('b')),
                        min: 2,
                        max: None,
                        lazy: false
                    },
                    Node::End,
                ],
            ]
        );
    }

    proptest::proptest! {
        #[test]
        fn no_expression_panics(text in r"([\[\](){}|*+?.^$\\a-c:,]|%\{|\(\?|ü){0,20}") {
            let _ = parse(&text);
        }
    }
}
