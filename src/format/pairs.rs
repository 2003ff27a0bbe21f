//! Keys and values with separators of a pipeline's choice: `user=alice;took=12`, and the query of a URL.

use bumpalo::Bump;
use bumpalo::collections::Vec;
use memchr::memchr;

use super::rule::{Extras, FEW, Found, NodeId, Places, Rule, TooMany};
use crate::pattern::Scene;

/// How a text is cut into pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Separators {
    /// Between two pairs. Any number of them count as one.
    pub between: u8,
    /// Between a key and its value.
    pub equals: u8,
    /// Whether `%20` and `+` stand for other bytes, as in URLs.
    pub encoded: bool,
}

impl Separators {
    /// Those of a URL's query.
    pub const QUERY: Separators = Separators {
        between: b'&',
        equals: b'=',
        encoded: true,
    };
}

/// Sets what `rule` says of the pairs in `text`. A piece without a key or without `equals` is no pair and is passed
/// over. Of more than [`crate::limits::EXTRAS_MAX`] unknown keys none is kept.
pub fn parse<'a>(rule: &Rule, separators: Separators, text: &'a [u8], scene: &mut Scene<'a, '_>) {
    let mut few = [0; FEW];
    let mut places = Places::new(rule.paths(), &mut few, scene.arena);
    let mut extras = Extras::new(scene);
    let read = pairs(rule, separators, text, &mut places, &mut extras, scene)
        .and_then(|()| rule.finish(&mut places, false, &mut extras, scene));
    if read.is_err() {
        extras.undo(scene);
    }
}

fn pairs<'a>(
    rule: &Rule,
    separators: Separators,
    text: &'a [u8],
    places: &mut Places<'a, '_>,
    extras: &mut Extras<'a>,
    scene: &mut Scene<'a, '_>,
) -> Result<(), TooMany> {
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, behind) = piece(rest, separators);
        rest = behind;
        let Some(at) = memchr(separators.equals, piece) else {
            continue;
        };
        let key = clean(&piece[..at], separators, scene.arena);
        let value = clean(&piece[at + 1..], separators, scene.arena);
        if key.is_empty() {
            continue;
        }
        let member = rule.member(NodeId::ROOT, key);
        match member.path {
            Some(path) => {
                places.put(path, Found::Text(value));
            }
            None => {
                let found = (Found::Text(value), false);
                rule.leave((NodeId::ROOT, key), member.otherwise, found, extras, scene)?;
            }
        }
    }
    Ok(())
}

/// Up to the next separator, and what is behind it. A separator within double quotes that begin a value is none.
fn piece(text: &[u8], separators: Separators) -> (&[u8], &[u8]) {
    let end = memchr(separators.between, text).unwrap_or(text.len());
    let quote = memchr(separators.equals, &text[..end])
        .map(|at| at + 1)
        .filter(|&at| !separators.encoded && text.get(at) == Some(&b'"'));
    // A quote that nobody closes is an ordinary character.
    let closed = quote.and_then(|at| Some(at + 2 + memchr(b'"', &text[at + 1..])?));
    let end = closed.map_or(end, |from| {
        memchr(separators.between, &text[from..]).map_or(text.len(), |at| from + at)
    });
    (&text[..end], text.get(end + 1..).unwrap_or_default())
}

/// Without blanks and quotes around it, or decoded.
fn clean<'a>(text: &'a [u8], separators: Separators, arena: &'a Bump) -> &'a [u8] {
    if separators.encoded {
        return decoded(text, arena);
    }
    match text.trim_ascii() {
        [b'"', inner @ .., b'"'] => inner,
        text => text,
    }
}

/// `%20` and `+` resolved (<https://url.spec.whatwg.org/#urlencoded-parsing>); what is no escape stays.
fn decoded<'a>(text: &'a [u8], arena: &'a Bump) -> &'a [u8] {
    if !text.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return text;
    }
    let mut out = Vec::with_capacity_in(text.len(), arena);
    let mut rest = text;
    while let Some((&first, behind)) = rest.split_first() {
        rest = behind;
        out.push(match (first, behind) {
            (b'+', _) => b' ',
            (b'%', [high, low, after @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    rest = after;
                    high << 4 | low
                }
                _ => first,
            },
            _ => first,
        });
    }
    out.into_bump_slice()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Schema;
    use crate::format::rule::{Key, Rest, Take};
    use crate::format::tests::parsed;
    use crate::pattern::Kind;
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    fn run(text: &[u8], separators: Separators) -> Json {
        let mut schema = Schema::default();
        let key = Key {
            source: "took".into(),
            field: "event.duration".into(),
            take: Take::Kind(Kind::by_name("millis").unwrap()),
            optional: false,
        };
        let prefix = "labels.".into();
        let rule = Rule::new(&[key], Rest::Keep { prefix }, &mut schema);
        parsed(
            &schema,
            |text, scene| {
                parse(&rule, separators, text, scene);
                Ok(())
            },
            text,
        )
        .unwrap_or_default()
    }

    const SEMICOLONS: Separators = Separators {
        between: b';',
        equals: b':',
        encoded: false,
    };

    #[test]
    fn pairs_have_the_separators_that_were_asked_for() {
        let found = run(
            b"user: alice;; took:12;note:\"a;b:c\" ;flag;:x;open:\"d;e:f",
            SEMICOLONS,
        );
        assert_eq!(
            found,
            json!({"event.duration": 12_000_000, "labels.user": "alice", "labels.note": "a;b:c",
                   "labels.open": "\"d", "labels.e": "f"})
        );
    }

    #[test]
    fn a_query_is_decoded() {
        let found = run(b"q=a+b%2Fc&x=%zz&took=3&y=&=1&z%20=%", Separators::QUERY);
        assert_eq!(
            found,
            json!({"event.duration": 3_000_000, "labels.q": "a b/c", "labels.x": "%zz", "labels.y": "", "labels.z ": "%"})
        );
    }

    proptest! {
        #[test]
        fn nothing_panics(text in proptest::collection::vec(proptest::sample::select(&b"a:;\"%2+&= \xff"[..]), 0..60)) {
            run(&text, SEMICOLONS);
            run(&text, Separators::QUERY);
        }
    }
}
