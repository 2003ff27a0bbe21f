//! Comma-separated values as PostgreSQL writes them (<https://www.rfc-editor.org/rfc/rfc4180>): quotes are doubled within
//! quotes, where line ends may stand too. What is empty and in no quotes is not there.

use bumpalo::Bump;
use bumpalo::collections::Vec;
use memchr::memchr;

use super::Mismatch;
use crate::block;
use crate::pattern::{Capture, Kind, Scene};

/// What the columns of a line are, in their order; `None` for one that is not kept.
#[derive(Clone, Debug)]
pub struct Csv {
    columns: Box<[Option<Capture>]>,
}

impl Csv {
    pub fn new(columns: impl IntoIterator<Item = Option<Capture>>) -> Csv {
        Csv {
            columns: columns.into_iter().collect(),
        }
    }

    /// Reads one record. A line has as many columns as its program's version knows; what is more than ours is left. The
    /// first column must be what it is said to be, or any text would be a record; of the others, what is not of its
    /// kind is left out.
    pub fn parse<'a>(&self, text: &'a [u8], scene: &mut Scene<'a, '_>) -> Result<(), Mismatch> {
        let mut values = Vec::with_capacity_in(self.columns.len(), scene.arena);
        let mut at = 0;
        loop {
            let (value, next) = value(text, at, scene.arena).ok_or(Mismatch {
                at,
                expected: "a value whose quote is closed",
            })?;
            if values.len() < self.columns.len() {
                values.push(value);
            }
            match text.get(next) {
                Some(b',') => at = next + 1,
                Some(_) => {
                    return Err(Mismatch {
                        at: next,
                        expected: "a comma",
                    });
                }
                None => break,
            }
        }
        // One column is any line without a comma.
        if values.len() < 2.min(self.columns.len()) {
            return Err(Mismatch {
                at: text.len(),
                expected: "a comma",
            });
        }
        for (number, (value, column)) in values.into_iter().zip(&self.columns).enumerate() {
            let Some(column) = column else { continue };
            let there = match value {
                Text::Bare([]) => false,
                Text::Quoted([]) => column.kind() == Kind::Lines,
                _ => true,
            };
            let (Text::Bare(text) | Text::Quoted(text)) = value;
            if !(there && column.convert(text, scene)) && number == 0 {
                return Err(Mismatch {
                    at: 0,
                    expected: "a value of the kind that the pipeline has for its first column",
                });
            }
        }
        Ok(())
    }
}

/// A value without its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Text<'a> {
    Bare(&'a [u8]),
    Quoted(&'a [u8]),
}

/// The value at `at` and where it ends. `None` where a quote is not closed.
fn value<'a>(text: &'a [u8], at: usize, arena: &'a Bump) -> Option<(Text<'a>, usize)> {
    let rest = text.get(at..)?;
    let Some(quoted) = rest.strip_prefix(b"\"") else {
        // Most columns are empty.
        let end = match rest.first() {
            None | Some(b',') => at,
            Some(_) => block::find(text, at, |block| block.is(b',')).unwrap_or(text.len()),
        };
        return Some((Text::Bare(&text[at..end]), end));
    };
    let mut end = block::find(quoted, 0, |block| block.is(b'"'))?;
    let mut doubled = false;
    while quoted.get(end + 1) == Some(&b'"') {
        doubled = true;
        end += 2 + memchr(b'"', quoted.get(end + 2..)?)?;
    }
    let inner = &quoted[..end];
    let inner = if doubled { halved(inner, arena) } else { inner };
    Some((Text::Quoted(inner), at + 1 + end + 1))
}

/// Each pair of quotes as one.
pub(super) fn halved<'a>(text: &[u8], arena: &'a Bump) -> &'a [u8] {
    let mut out = Vec::with_capacity_in(text.len(), arena);
    let mut rest = text;
    while let Some(quote) = memchr(b'"', rest) {
        out.extend_from_slice_copy(&rest[..=quote]);
        rest = rest.get(quote + 2..).unwrap_or_default();
    }
    out.extend_from_slice_copy(rest);
    out.into_bump_slice()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::{Fields, Schema, Timestamp, Value};
    use crate::pattern::Clock;

    fn run(text: &[u8]) -> Option<std::vec::Vec<Option<String>>> {
        let mut schema = Schema::default();
        let columns = [("a", Kind::Text), ("b", Kind::Int), ("c", Kind::Lines)]
            .map(|(name, kind)| Some(Capture::new(kind, name, &mut schema)));
        let (arena, mut fields) = (Bump::new(), Fields::new(schema.len()));
        let mut clock = Clock::new(jiff::tz::TimeZone::UTC, Timestamp::from_millis(0));
        let mut scene = Scene {
            fields: &mut fields,
            clock: &mut clock,
            arena: &arena,
        };
        Csv::new(columns).parse(text, &mut scene).ok()?;
        Some(
            schema
                .iter()
                .map(|(id, _)| match fields.get(id) {
                    Value::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
                    Value::Int(number) => Some(number.to_string()),
                    _ => None,
                })
                .collect(),
        )
    }

    #[test]
    fn records() {
        let some = |text: &str| Some(text.to_owned());
        for (text, expected) in [
            ("x,7,y", Some([some("x"), some("7"), some("y")])),
            ("x,,\"\"", Some([some("x"), None, some("")])),
            (
                "\"a,\n\"\"b\"\"\",x,y,more,\"\"",
                Some([some("a,\n\"b\""), None, some("y")]),
            ),
            ("x,7", Some([some("x"), some("7"), None])),
            ("x", None),
            ("", None),
            (",7", None),
            ("\"x,7", None),
            ("\"x\"y,7", None),
        ] {
            assert_eq!(run(text.as_bytes()), expected.map(Into::into), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_quoted_is_read_back(text in "[a\",\n ]{1,20}") {
            let line = format!("\"{}\",1", text.replace('"', "\"\""));
            let found = run(line.as_bytes()).unwrap();
            prop_assert_eq!(found[0].as_deref(), Some(&*text));
        }

        #[test]
        fn any_bytes_are_taken(text: std::vec::Vec<u8>) {
            run(&text);
        }
    }
}
