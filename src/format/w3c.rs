//! The extended log file format of the W3C (<https://www.w3.org/TR/WD-logfile.html>), as IIS writes it: a line
//! `#Fields: date time c-ip …` says what the columns of the lines behind it are, until the next one says otherwise.
//!
//! Such lines are no events. What the last one said is kept in the [`Clock`](crate::pattern::Clock), next to the other
//! things that a reader remembers from line to line.

use bumpalo::Bump;
use bumpalo::collections::Vec;

use super::Mismatch;
use super::csv::halved;
use super::rule::{Extras, FEW, Found, NodeId, Places, Rule, TooMany};
use crate::block::{self, Block};
use crate::pattern::Scene;

/// What the line begins with that names the columns.
const FIELDS: &[u8] = b"#Fields:";

/// What the line begins with that has the day of lines without one: `#Date: 2026-11-22 00:00:03`.
const DATE: &[u8] = b"#Date:";

/// What a [`header`] begins with whose lines have no day of their own: the day, before the names.
const DAY: &[u8] = b"date=";

/// The name under which a rule finds a date and the time behind it, which are two columns and one instant.
const INSTANT: &[u8] = b"date time";

/// What is to be kept of a header, in pieces.
pub type Header<'a> = [&'a [u8]; 4];

/// The column names of the last header in some lines. Where the columns have a time of day and no day, `date=` and the
/// day that the header was written stand before them, if it says so.
pub fn header(lines: &[u8]) -> Option<Header<'_>> {
    let (at, names) = last(lines, FIELDS)?;
    let has = |name: &[u8]| names.split(u8::is_ascii_whitespace).any(|word| word == name);
    if has(b"time")
        && !has(b"date")
        && let Some((_, date)) = last(&lines[..at], DATE)
        && let Some(day) = Words::<false>::new(date).next()
    {
        return Some([DAY, day, b" ", names]);
    }
    Some([b"", b"", b"", names])
}

/// The last line that begins with `word`: where it begins, and what stands behind the word.
fn last<'a>(lines: &'a [u8], word: &[u8]) -> Option<(usize, &'a [u8])> {
    let found = memchr::memmem::rfind_iter(lines, word).find(|&at| at == 0 || lines[at - 1] == b'\n')?;
    let rest = &lines[found + word.len()..];
    let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    Some((found, rest[..end].trim_ascii()))
}

/// Reads a line by the header before it. Without one, or with another number of columns, it is a mismatch. `-` is a
/// value that is not there.
///
/// A text in quotes is one value, as the format has it, where the line is none without: IIS writes no quotes of its own,
/// and may write one that a client has sent.
pub fn parse<'a>(rule: &Rule, text: &'a [u8], scene: &mut Scene<'a, '_>) -> Result<(), Mismatch> {
    let header: &'a [u8] = scene.arena.alloc_slice_copy(scene.clock.header());
    let result = read::<false>(rule, header, text, scene);
    if result.is_err() && memchr::memchr(b'"', text).is_some() {
        return read::<true>(rule, header, text, scene).or(result);
    }
    result
}

fn read<'a, const QUOTES: bool>(
    rule: &Rule,
    header: &'a [u8],
    text: &'a [u8],
    scene: &mut Scene<'a, '_>,
) -> Result<(), Mismatch> {
    let mut few = [0; FEW];
    let mut places = Places::new(rule.paths(), &mut few, scene.arena);
    let mut extras = Extras::new(scene);
    let values = Words::<QUOTES>::new(text);
    let result = columns(rule, header, values, &mut places, &mut extras, scene);
    if result.is_err() {
        extras.undo(scene);
        return result;
    }
    let finished = rule.finish(&mut places, false, &mut extras, scene);
    finished.map_err(|TooMany| Mismatch::too_many_keys(text.len()))
}

fn columns<'a, const QUOTES: bool>(
    rule: &Rule,
    header: &'a [u8],
    mut values: Words<'a, QUOTES>,
    places: &mut Places<'a, '_>,
    extras: &mut Extras<'a>,
    scene: &mut Scene<'a, '_>,
) -> Result<(), Mismatch> {
    let text = values.text;
    let mut names = Words::<false>::new(header);
    let day = header.strip_prefix(DAY).and_then(|_| names.next());
    let day = day.and_then(|word| word.strip_prefix(DAY));
    loop {
        let from = values.at;
        let (mut name, mut value) = match (names.next(), values.next()) {
            (Some(name), Some(value)) => (name, value),
            (None, None) if from > 0 => return Ok(()),
            _ => {
                return Err(Mismatch {
                    at: from.min(text.len()),
                    expected: columns_expected(header),
                });
            }
        };
        if name == b"date" && names.peek() == Some(b"time") {
            names.next();
            name = INSTANT;
            values.next().ok_or(Mismatch {
                at: text.len(),
                expected: columns_expected(header),
            })?;
            value = instant(value, &text[from..values.end], scene.arena);
        } else if let Some(day) = day
            && name == b"time"
            && value != b"-"
        {
            name = INSTANT;
            value = concat([day, b" ", value], scene.arena);
        }
        if QUOTES {
            value = unquoted(value, scene.arena);
        }
        if matches!(value, b"" | b"-") {
            continue;
        }
        let found = Found::Text(value);
        let member = rule.member(NodeId::ROOT, name);
        match member.path {
            Some(path) => {
                places.put(path, found);
            }
            None => rule
                .leave(
                    (NodeId::ROOT, name),
                    member.otherwise,
                    (found, false),
                    extras,
                    scene,
                )
                .map_err(|TooMany| Mismatch::too_many_keys(from))?,
        }
    }
}

fn columns_expected(header: &[u8]) -> &'static str {
    match header {
        [] => "a `#Fields` header before this line",
        _ => "as many columns as the `#Fields` header before this line has",
    }
}

/// Date and time as one text with a blank between: `both` is the line's, with a blank or a tab behind `date`.
fn instant<'a>(date: &[u8], both: &'a [u8], arena: &'a Bump) -> &'a [u8] {
    match both.get(date.len()) {
        Some(b' ') => both,
        _ => concat(
            [date, b" ", both.get(date.len() + 1..).unwrap_or_default()],
            arena,
        ),
    }
}

fn concat<'a>(parts: [&[u8]; 3], arena: &'a Bump) -> &'a [u8] {
    let mut text = Vec::with_capacity_in(parts.iter().map(|part| part.len()).sum(), arena);
    parts.iter().for_each(|part| text.extend_from_slice_copy(part));
    text.into_bump_slice()
}

/// A word without the quotes around it; two within it are one.
fn unquoted<'a>(word: &'a [u8], arena: &'a Bump) -> &'a [u8] {
    match word {
        [b'"', inner @ .., b'"'] if inner.contains(&b'"') => halved(inner, arena),
        [b'"', inner @ .., b'"'] => inner,
        _ => word,
    }
}

/// Words with one blank between them; a tab is one. With `QUOTES`, blanks within quotes that a word begins with end none.
struct Words<'a, const QUOTES: bool> {
    text: &'a [u8],
    /// Where the next word begins; behind the text when there is none.
    at: usize,
    /// Where the last word ended.
    end: usize,
}

impl<'a, const QUOTES: bool> Words<'a, QUOTES> {
    fn new(text: &'a [u8]) -> Self {
        Words { text, at: 0, end: 0 }
    }

    fn peek(&self) -> Option<&'a [u8]> {
        let blank = |block: Block| block.is(b' ') | block.is(b'\t');
        let from = if QUOTES { self.quoted() } else { self.at };
        let end = block::find(self.text, from, blank).unwrap_or(self.text.len());
        self.text.get(self.at..end).filter(|word| !word.is_empty())
    }

    /// Where the quotes end that the next word begins with.
    fn quoted(&self) -> usize {
        let mut at = self.at;
        while self.text.get(at) == Some(&b'"')
            && let Some(quote) = memchr::memchr(b'"', &self.text[at + 1..])
        {
            at += quote + 2;
        }
        at
    }

    fn next(&mut self) -> Option<&'a [u8]> {
        let word = self.peek()?;
        self.end = self.at + word.len();
        self.at = self.end + 1;
        Some(word)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::event::Schema;
    use crate::format::rule::{Key, Rest, Take};
    use crate::format::tests::parsed;
    use crate::pattern::Kind;

    fn read(names: &str, line: &str) -> Option<serde_json::Value> {
        let key = |source: &str, field: &str, kind| Key {
            source: source.into(),
            field: field.into(),
            take: Take::Kind(Kind::by_name(kind).unwrap()),
            optional: false,
        };
        let keys = [
            key("date time", "@timestamp", "datetime"),
            key("sc-status", "status", "int"),
            key("cs(User-Agent)", "agent", "text"),
        ];
        let mut schema = Schema::default();
        let rule = Rule::new(
            &keys,
            Rest::Keep {
                prefix: "x.".to_owned(),
            },
            &mut schema,
        );
        let names = names.to_owned();
        parsed(
            &schema,
            move |text, scene| {
                scene.clock.set_header(&[names.as_bytes()]);
                parse(&rule, text, scene)
            },
            line.as_bytes(),
        )
    }

    #[test]
    fn the_header_says_what_the_columns_are() {
        for (names, line, expected) in [
            (
                "date time sc-status cs(User-Agent)",
                "2026-11-22 17:28:30 200 a+b",
                Some(json!({"@timestamp": "2026-11-22T17:28:30Z", "status": 200, "agent": "a+b"})),
            ),
            (
                "sc-status\tX-Own date",
                "404\t- 2026-11-22",
                Some(json!({"status": 404, "x.date": "2026-11-22"})),
            ),
            (
                "date\ttime\tsc-status",
                "2026-11-22\t17:28:30\t200",
                Some(json!({"@timestamp": "2026-11-22T17:28:30Z", "status": 200})),
            ),
            // The day is the header's.
            (
                "date=2026-11-22 sc-status time",
                "200 17:28:30",
                Some(json!({"@timestamp": "2026-11-22T17:28:30Z", "status": 200})),
            ),
            ("date=2026-11-22 time", "-", Some(json!({}))),
            // A text in quotes.
            (
                "date time cs(User-Agent) sc-status x",
                "2026-11-22 17:28:30 \"a \"\"b\"\" (c; d)\" 200 \"\"",
                Some(json!({"@timestamp": "2026-11-22T17:28:30Z", "agent": "a \"b\" (c; d)", "status": 200})),
            ),
            // No text in quotes: IIS writes what a client has sent.
            (
                "cs(User-Agent) sc-status x",
                "\" 200 \"",
                Some(json!({"agent": "\"", "status": 200, "x.x": "\""})),
            ),
            ("sc-status x", "404 \"a b", None),
            ("sc-status x", "404", None),
            ("sc-status", "404 5", None),
            ("date time", "2026-11-22", None),
            ("", "404", None),
            ("sc-status", "", None),
        ] {
            assert_eq!(read(names, line), expected, "{names} {line}");
        }
    }

    fn kept(lines: &[u8]) -> Option<String> {
        header(lines).map(|parts| String::from_utf8(parts.concat()).unwrap())
    }

    #[test]
    fn the_last_header_counts() {
        let lines = b"#Software: x\n#Fields: a b\r\nx #Fields: no\n1 2\n#Fields: c\r\n";
        assert_eq!(kept(lines).as_deref(), Some("c"));
        assert_eq!(kept(&lines[..40]).as_deref(), Some("a b"));
        assert_eq!(kept(b"#Fields:").as_deref(), Some(""));
        assert_eq!(header(b"x #Fields: a"), None);
    }

    #[test]
    fn the_day_is_the_one_of_the_header_where_the_columns_have_none() {
        for (lines, expected) in [
            (
                "#Date: 2026-11-21 00:00:03\n1\n#Date: 2026-11-22 00:00:03\r\n#Fields: time a\r\n",
                "date=2026-11-22 time a",
            ),
            ("#Date: 2026-11-22 00:00:03\n#Fields: date time\n", "date time"),
            ("#Date: 2026-11-22 00:00:03\n#Fields: a\n", "a"),
            ("#Date:\n#Fields: time\n", "time"),
            ("#Fields: time\n", "time"),
        ] {
            assert_eq!(kept(lines.as_bytes()).as_deref(), Some(expected), "{lines}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_line_is_read_or_refused(names in "[a-c \t-]{0,20}", line in "[a-c0-9 \"\t-]{0,30}") {
            read(&names, &line);
        }
    }
}
