//! The grammar of Logstash's configuration, as nom parsers: sections, plugins, settings, conditions.
//!
//! Source: `grammar.treetop` of logstash-core, <https://github.com/elastic/logstash/tree/main/logstash-core/lib/logstash/compiler/lscl>.

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_till, take_while, take_while1};
use nom::character::complete::char;
use nom::combinator::{cut, map, opt, recognize, value};
use nom::error::{ErrorKind, ParseError};
use nom::multi::{many0, separated_list0};
use nom::sequence::{delimited, preceded};
use serde_json::Value as Json;

use crate::import::Broken;

/// `input { … }`, `filter { … }` or `output { … }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    pub kind: String,
    pub body: Vec<Branch>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Branch {
    Plugin(Plugin),
    If {
        /// From 1.
        line: usize,
        /// The last condition is absent where there is an `else`.
        arms: Vec<(Option<Condition>, Vec<Branch>)>,
    },
}

impl Branch {
    /// Where it begins, from 1.
    pub fn line(&self) -> usize {
        match self {
            Branch::Plugin(plugin) => plugin.line,
            Branch::If { line, .. } => *line,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Plugin {
    pub name: String,
    pub line: usize,
    pub settings: Vec<Setting>,
}

/// `name => value`.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    pub name: String,
    pub line: usize,
    pub value: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A string, a number or a bare word.
    Scalar(Json),
    List(Vec<Value>),
    /// With the line of each key.
    Hash(Vec<(String, usize, Value)>),
    /// A codec.
    Plugin(Plugin),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    /// `xor`: one of the two and not the other.
    Either(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
    /// The field is there and not false.
    Field(String),
    Compare {
        left: Term,
        sign: Sign,
        right: Term,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    Equal,
    Unequal,
    Matches,
    MatchesNot,
    In,
    NotIn,
    /// `<`, `>`, `<=`, `>=`
    Order,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// `[a][b]` as `a.b`.
    Field(String),
    Constant(Json),
    List(Vec<Json>),
    Regex(String),
}

/// How far the text had been read where something was found that fits nowhere.
#[derive(Debug)]
struct Fault {
    /// Bytes that are left.
    left: usize,
    why: &'static str,
}

impl ParseError<&str> for Fault {
    fn from_error_kind(input: &str, _: ErrorKind) -> Self {
        Fault {
            left: input.len(),
            why: "this fits nowhere in a pipeline of Logstash",
        }
    }

    fn append(_: &str, _: ErrorKind, other: Self) -> Self {
        other
    }
}

type Parsed<'t, T> = nom::IResult<&'t str, T, Fault>;

/// Blocks within blocks at most.
const DEPTH_MAX: usize = 24;

/// Conditions that one chain of `and` or of `or` joins at most: each is a step deeper for who walks them.
const CHAIN_MAX: usize = 1_000;

/// The sections of a file.
///
/// # Errors
///
/// Where it stops being one.
pub fn read(text: &str) -> Result<Vec<Section>, Broken> {
    let source = Source { text };
    match preceded(blank, many0(|input| source.section(input))).parse(text) {
        Ok(("", sections)) => Ok(sections),
        Ok((rest, _)) => Err(Broken {
            line: source.line(rest),
            why: "expected `input {`, `filter {` or `output {`".to_owned(),
        }),
        Err(nom::Err::Error(fault) | nom::Err::Failure(fault)) => Err(Broken {
            line: source.line(&text[text.len() - fault.left.min(text.len())..]),
            why: fault.why.to_owned(),
        }),
        Err(nom::Err::Incomplete(_)) => Err(Broken {
            line: 1,
            why: "ends too early".to_owned(),
        }),
    }
}

fn fail<'t, T>(input: &'t str, why: &'static str) -> Parsed<'t, T> {
    Err(nom::Err::Failure(Fault {
        left: input.len(),
        why,
    }))
}

/// White space and comments.
fn blank(input: &str) -> Parsed<'_, ()> {
    let comment = recognize((char('#'), take_till(|letter| letter == '\n')));
    let white = take_while1(|letter: char| letter.is_whitespace());
    value((), many0(alt((white, comment)))).parse(input)
}

/// A sign between parts, with the blanks behind it.
fn sign<'t>(text: &'static str) -> impl Fn(&'t str) -> Parsed<'t, &'t str> {
    move |input| {
        let (rest, found) = tag(text).parse(input)?;
        let (rest, ()) = blank(rest)?;
        Ok((rest, found))
    }
}

fn bareword(input: &str) -> Parsed<'_, &str> {
    recognize((
        take_while1(|letter: char| letter.is_ascii_alphabetic() || letter == '_'),
        take_while(|letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-')),
    ))
    .parse(input)
}

/// A word and nothing that would make it a longer one.
fn keyword<'t>(word: &'static str) -> impl Fn(&'t str) -> Parsed<'t, &'t str> {
    move |input| {
        let (rest, found) = bareword(input)?;
        if found != word {
            return Err(nom::Err::Error(Fault::from_error_kind(input, ErrorKind::Tag)));
        }
        let (rest, ()) = blank(rest)?;
        Ok((rest, found))
    }
}

/// Backslashes are letters, but before the quote that would end the string.
fn string(input: &str) -> Parsed<'_, String> {
    let quote = match input.chars().next() {
        Some(quote @ ('"' | '\'')) => quote,
        _ => return Err(nom::Err::Error(Fault::from_error_kind(input, ErrorKind::Char))),
    };
    let mut text = String::new();
    let mut letters = input[1..].char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' if letters.peek().is_some_and(|(_, next)| *next == quote) => {
                text.push(quote);
                letters.next();
            }
            letter if letter == quote => return Ok((&input[at + 2..], text)),
            letter => text.push(letter),
        }
    }
    fail(input, "a string that is not closed")
}

fn number(input: &str) -> Parsed<'_, Json> {
    let (rest, text) = recognize((
        opt(char('-')),
        take_while1(|letter: char| letter.is_ascii_digit() || letter == '.'),
    ))
    .parse(input)?;
    let number = match (text.parse::<i64>(), text.parse::<f64>()) {
        (Ok(whole), _) => Json::from(whole),
        (_, Ok(number)) => Json::from(number),
        _ => Json::from(text),
    };
    Ok((rest, number))
}

/// `[a][b]` as `a.b`.
fn selector(input: &str) -> Parsed<'_, String> {
    let one = delimited(
        char('['),
        take_while1(|letter: char| {
            !matches!(letter, '[' | ']' | ',' | '"' | '\'') && !letter.is_whitespace()
        }),
        char(']'),
    );
    let (rest, first) = nom::multi::many1(one).parse(input)?;
    Ok((rest, first.join(".")))
}

fn regex(input: &str) -> Parsed<'_, String> {
    let (rest, _) = char('/').parse(input)?;
    let mut escaped = false;
    for (at, letter) in rest.char_indices() {
        match letter {
            '/' if !escaped => return Ok((&rest[at + 1..], rest[..at].replace("\\/", "/"))),
            _ => escaped = letter == '\\' && !escaped,
        }
    }
    fail(input, "an expression that is not closed")
}

/// Knows the lines of what is left of a text.
#[derive(Clone, Copy)]
struct Source<'t> {
    text: &'t str,
}

impl<'t> Source<'t> {
    fn line(self, rest: &str) -> usize {
        let at = self.text.len().saturating_sub(rest.len());
        1 + self.text.as_bytes()[..at]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
    }

    fn section(self, input: &'t str) -> Parsed<'t, Section> {
        let (rest, kind) = alt((tag("input"), tag("filter"), tag("output"))).parse(input)?;
        let (rest, ()) = blank(rest)?;
        let (rest, body) = self.block(rest, 0)?;
        let kind = kind.to_owned();
        Ok((rest, Section { kind, body }))
    }

    fn block(self, input: &'t str, depth: usize) -> Parsed<'t, Vec<Branch>> {
        if depth > DEPTH_MAX {
            return fail(input, "blocks within blocks within blocks");
        }
        delimited(
            sign("{"),
            many0(|input| self.branch(input, depth)),
            cut(sign("}")),
        )
        .parse(input)
    }

    fn branch(self, input: &'t str, depth: usize) -> Parsed<'t, Branch> {
        alt((
            |input| self.choice(input, depth),
            map(|input| self.plugin(input, depth), Branch::Plugin),
        ))
        .parse(input)
    }

    fn choice(self, input: &'t str, depth: usize) -> Parsed<'t, Branch> {
        let arm = |input: &'t str| -> Parsed<'t, (Option<Condition>, Vec<Branch>)> {
            let (rest, _) = keyword("if")(input)?;
            let (rest, condition) = cut(|input| any(input, 0)).parse(rest)?;
            let (rest, body) = cut(|input| self.block(input, depth + 1)).parse(rest)?;
            Ok((rest, (Some(condition), body)))
        };
        let line = self.line(input);
        let (rest, first) = arm(input)?;
        let (rest, others) = many0(preceded(keyword("else"), arm)).parse(rest)?;
        let (rest, last) =
            opt(preceded(keyword("else"), |input| self.block(input, depth + 1))).parse(rest)?;
        let mut arms = vec![first];
        arms.extend(others);
        arms.extend(last.map(|body| (None, body)));
        Ok((rest, Branch::If { line, arms }))
    }

    fn plugin(self, input: &'t str, depth: usize) -> Parsed<'t, Plugin> {
        let line = self.line(input);
        let (rest, name) = bareword(input)?;
        let (rest, ()) = blank(rest)?;
        let (rest, settings) = delimited(
            sign("{"),
            many0(|input| self.setting(input, depth + 1)),
            cut(sign("}")),
        )
        .parse(rest)?;
        let name = name.to_owned();
        Ok((rest, Plugin { name, line, settings }))
    }

    fn setting(self, input: &'t str, depth: usize) -> Parsed<'t, Setting> {
        let line = self.line(input);
        let (rest, name) = alt((string, map(bareword, str::to_owned))).parse(input)?;
        let (rest, ()) = blank(rest)?;
        let (rest, _) = sign("=>")(rest)?;
        let (rest, value) = cut(|input| self.value(input, depth)).parse(rest)?;
        let (rest, ()) = blank(rest)?;
        Ok((rest, Setting { name, line, value }))
    }

    fn value(self, input: &'t str, depth: usize) -> Parsed<'t, Value> {
        if depth > DEPTH_MAX {
            return fail(input, "values within values within values");
        }
        let scalar = alt((
            map(string, Json::from),
            number,
            map(bareword, |word: &str| match word {
                "true" => Json::from(true),
                "false" => Json::from(false),
                word => Json::from(word),
            }),
        ));
        alt((
            map(|input| self.plugin(input, depth + 1), Value::Plugin),
            map(scalar, Value::Scalar),
            map(|input| self.list(input, depth + 1), Value::List),
            map(|input| self.hash(input, depth + 1), Value::Hash),
        ))
        .parse(input)
    }

    fn list(self, input: &'t str, depth: usize) -> Parsed<'t, Vec<Value>> {
        let item = |input: &'t str| -> Parsed<'t, Value> {
            let (rest, value) = self.value(input, depth)?;
            let (rest, ()) = blank(rest)?;
            Ok((rest, value))
        };
        delimited(
            sign("["),
            separated_list0(sign(","), item),
            (opt(sign(",")), char(']')),
        )
        .parse(input)
    }

    fn hash(self, input: &'t str, depth: usize) -> Parsed<'t, Vec<(String, usize, Value)>> {
        let entry = |input: &'t str| -> Parsed<'t, (String, usize, Value)> {
            let line = self.line(input);
            let (rest, name) = alt((
                string,
                map(number, |number: Json| number.to_string()),
                map(bareword, str::to_owned),
            ))
            .parse(input)?;
            let (rest, ()) = blank(rest)?;
            let (rest, _) = sign("=>")(rest)?;
            let (rest, value) = self.value(rest, depth)?;
            let (rest, ()) = blank(rest)?;
            let (rest, _) = opt(sign(",")).parse(rest)?;
            Ok((rest, (name, line, value)))
        };
        delimited(sign("{"), many0(entry), char('}')).parse(input)
    }
}

/// `a or b`, and the words that bind like it.
fn any(input: &str, depth: usize) -> Parsed<'_, Condition> {
    if depth > DEPTH_MAX {
        return fail(input, "conditions within conditions within conditions");
    }
    let (mut rest, mut left) = all(input, depth)?;
    let mut joined = 0;
    while let Ok((after, word)) = alt((keyword("or"), keyword("xor"), keyword("nand"))).parse(rest) {
        joined += 1;
        if joined > CHAIN_MAX {
            return fail(after, "too many conditions in a row");
        }
        let (after, right) = all(after, depth)?;
        let (one, other) = (Box::new(left), Box::new(right));
        left = match word {
            "xor" => Condition::Either(one, other),
            "nand" => Condition::Not(Box::new(Condition::And(one, other))),
            _ => Condition::Or(one, other),
        };
        rest = after;
    }
    Ok((rest, left))
}

/// `a and b`
fn all(input: &str, depth: usize) -> Parsed<'_, Condition> {
    let (mut rest, mut left) = single(input, depth)?;
    let mut joined = 0;
    while let Ok((after, _)) = keyword("and")(rest) {
        joined += 1;
        if joined > CHAIN_MAX {
            return fail(after, "too many conditions in a row");
        }
        let (after, right) = single(after, depth)?;
        left = Condition::And(Box::new(left), Box::new(right));
        rest = after;
    }
    Ok((rest, left))
}

fn single(input: &str, depth: usize) -> Parsed<'_, Condition> {
    let not = |input| {
        let (rest, _) = sign("!")(input)?;
        let (rest, inner) = single(rest, depth + 1)?;
        Ok((rest, Condition::Not(Box::new(inner))))
    };
    let group = |input| {
        let (rest, _) = sign("(")(input)?;
        let (rest, inner) = any(rest, depth + 1)?;
        let (rest, _) = sign(")")(rest)?;
        Ok((rest, inner))
    };
    if depth > DEPTH_MAX {
        return fail(input, "conditions within conditions within conditions");
    }
    alt((not, group, comparison)).parse(input)
}

fn comparison(input: &str) -> Parsed<'_, Condition> {
    let (rest, left) = term(input)?;
    let (rest, sign) = opt(alt((
        value(Sign::Equal, sign("==")),
        value(Sign::Unequal, sign("!=")),
        value(Sign::Matches, sign("=~")),
        value(Sign::MatchesNot, sign("!~")),
        value(Sign::Order, alt((sign("<="), sign(">="), sign("<"), sign(">")))),
        value(Sign::In, keyword("in")),
        value(Sign::NotIn, (keyword("not"), keyword("in"))),
    )))
    .parse(rest)?;
    match (sign, left) {
        (Some(sign), left) => {
            let (rest, right) = cut(term).parse(rest)?;
            Ok((rest, Condition::Compare { left, sign, right }))
        }
        (None, Term::Field(field)) => Ok((rest, Condition::Field(field))),
        (None, _) => fail(input, "a condition that compares nothing"),
    }
}

fn term(input: &str) -> Parsed<'_, Term> {
    let constant = || {
        alt((
            map(string, Json::from),
            number,
            map(bareword, |word: &str| Json::from(word)),
        ))
    };
    let list = delimited(
        sign("["),
        separated_list0(sign(","), |input| {
            let (rest, item) = constant().parse(input)?;
            let (rest, ()) = blank(rest)?;
            Ok((rest, item))
        }),
        char(']'),
    );
    let (rest, found) = alt((
        map(selector, Term::Field),
        map(list, Term::List),
        map(regex, Term::Regex),
        map(constant(), Term::Constant),
    ))
    .parse(input)?;
    let (rest, ()) = blank(rest)?;
    Ok((rest, found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file() {
        let text = "# comment\ninput { file { path => [\"/a\", '/b',] codec => json { } } }\n\
            filter {\n  if [type] == \"x\" and !([a][b] in [\"y\", \"z\"]) or [m] =~ /^a\\/b/ {\n\
            grok { match => { \"message\" => \"%{IP:a}\\\"\" } }\n } else if [c] { drop {} } else { }\n}\noutput {}";
        let sections = read(text).unwrap();
        let kinds: Vec<&str> = sections.iter().map(|section| section.kind.as_str()).collect();
        assert_eq!(kinds, ["input", "filter", "output"]);
        let Branch::If { line, arms } = &sections[1].body[0] else {
            panic!("{sections:?}");
        };
        assert_eq!((*line, arms.len()), (4, 3));
        let Branch::Plugin(grok) = &arms[0].1[0] else {
            panic!("{arms:?}");
        };
        assert_eq!((grok.name.as_str(), grok.line), ("grok", 5));
        let Value::Hash(entries) = &grok.settings[0].value else {
            panic!("{grok:?}");
        };
        assert_eq!(entries[0].2, Value::Scalar(Json::from("%{IP:a}\"")));
    }

    #[test]
    fn what_is_no_pipeline_says_where() {
        for (text, line) in [
            ("input {\n file {\n path => }\n}", 3),
            ("filter { grok { match => \"a }", 1),
            ("\n\nfoo", 3),
            ("filter {\n if [a] == { }\n}", 2),
        ] {
            assert_eq!(read(text).unwrap_err().line, line, "{text}");
        }
        assert!(read(&format!("filter {{ if {}", "(".repeat(100_000))).is_err());
        for word in ["and", "or"] {
            let chain = format!(" {word} [a]").repeat(100_000);
            let broken = read(&format!("filter {{ if [a]{chain} {{ }} }}")).unwrap_err();
            assert_eq!(broken.why, "too many conditions in a row");
        }
        assert!(read(&format!("filter {{ a {{ b => {}", "[".repeat(100_000))).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in r##"(filter|if|else|\[a\]|==|=>|[{}()\[\]"'/#,! \n]|a|1|ü){0,30}"##) {
            let _ = read(&text);
        }
    }
}
