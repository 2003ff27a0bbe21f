//! One sequence as a pattern.

use super::check;
use super::unfold::{Atom, Sequence};
use crate::import::pattern::{Capture, Part, Pattern};
use crate::import::regex::Refused;

pub(super) struct Joined {
    pub pattern: Pattern,
    pub differences: Vec<String>,
    pub anchored_start: bool,
    pub anchored_end: bool,
}

pub(super) fn join(sequence: Sequence) -> Result<Joined, Refused> {
    let mut joined = Joined {
        pattern: Pattern::default(),
        differences: Vec::new(),
        anchored_start: sequence.first() == Some(&Atom::Start),
        anchored_end: sequence.last() == Some(&Atom::End),
    };
    let last = sequence.len().saturating_sub(1);
    let mut blanks: Option<u32> = None;
    for (at, atom) in sequence.iter().enumerate() {
        // A space beside other blanks is one of them.
        let least = match atom {
            Atom::Blanks(least) => Some(*least),
            Atom::Letter(' ' | '\t') => Some(1),
            _ => None,
        };
        if let Some(least) = least {
            let several = matches!(atom, Atom::Blanks(_)) || blanks.is_some();
            blanks = match several {
                true => Some(blanks.unwrap_or(0).max(least)),
                false => {
                    let next_is_blanks = matches!(sequence.get(at + 1), Some(Atom::Blanks(_)));
                    if next_is_blanks {
                        Some(1)
                    } else {
                        joined.pattern.text(" ");
                        None
                    }
                }
            };
            continue;
        }
        if let Some(least) = blanks.take() {
            joined.blanks(least);
        }
        match atom {
            Atom::Start if at == 0 => {}
            Atom::End if at == last => {}
            Atom::Start | Atom::End => {
                return Err(Refused("has `^` or `$` in the middle".to_owned()));
            }
            Atom::Letter(letter) => joined.pattern.text(letter.encode_utf8(&mut [0; 4])),
            Atom::Capture(capture) => joined.pattern.push(capture.clone()),
            Atom::Greedy(capture) => {
                let at_end = sequence[at + 1..].iter().all(|atom| *atom == Atom::End);
                let kind = if at_end { None } else { Some("longest") };
                joined.pattern.push(Capture {
                    kind: capture.kind.or(kind),
                    ..capture.clone()
                });
            }
            Atom::Pattern(written) => {
                for part in parts(written) {
                    match part {
                        Part::Text(text) => joined.pattern.text(&text),
                        part => joined.pattern.parts.push(part),
                    }
                }
            }
            Atom::Blanks(_) => {}
        }
    }
    if blanks.is_some_and(|least| least > 0) {
        joined.pattern.parts.push(Part::Blanks);
    }
    trim(&mut joined.pattern);
    if joined.pattern.parts.is_empty() {
        return Err(Refused("matches nothing at all".to_owned()));
    }
    name_twice(&mut joined);
    check(&joined.pattern)?;
    Ok(joined)
}

impl Joined {
    fn blanks(&mut self, least: u32) {
        if self.pattern.parts.is_empty() && least == 0 {
            return;
        }
        if least == 0 {
            self.differences
                .push("blanks that may be absent must be there".to_owned());
        }
        self.pattern.parts.push(Part::Blanks);
    }
}

/// The word at the end of a pattern that says nothing about what is behind it.
fn trim(pattern: &mut Pattern) {
    if let [.., Part::Capture(before), Part::Capture(last)] = pattern.parts.as_slice()
        && before.name.is_none()
        && last.name.is_none()
        && before.is_open()
    {
        pattern.parts.pop();
    }
}

/// Grok makes an array of a name that is there twice; a pattern sets each field once.
fn name_twice(joined: &mut Joined) {
    let mut seen: Vec<String> = Vec::new();
    let mut twice = Vec::new();
    for capture in joined.pattern.captures_mut() {
        let Some(name) = capture.name.clone() else {
            continue;
        };
        if seen.contains(&name) {
            twice.push(name);
            capture.name = None;
        } else {
            seen.push(name);
        }
    }
    for name in twice {
        joined
            .differences
            .push(format!("`{name}` is there twice and keeps its first value"));
    }
}

/// The parts of a pattern of the library, which has no double braces.
fn parts(written: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = written;
    while let Some((text, behind)) = rest.split_once('{') {
        if !text.is_empty() {
            parts.push(Part::Text(text.to_owned()));
        }
        let (inner, behind) = behind.split_once('}').unwrap_or((behind, ""));
        let (inner, optional) = match inner.strip_suffix('?') {
            Some(inner) => (inner, true),
            None => (inner, false),
        };
        let (name, kind) = match inner.split_once(':') {
            Some((name, kind)) => (name, crate::pattern::Kind::names().find(|known| *known == kind)),
            None => (inner, None),
        };
        parts.push(Part::Capture(Capture {
            name: (name != "_").then(|| name.to_owned()),
            kind,
            optional,
        }));
        rest = behind;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    parts
}
