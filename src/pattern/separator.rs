//! What stands between two captures: literal text, runs of blanks, or the end.

use super::byteset::ByteSet;
use super::kind::is_white;
use super::needle::{Needle, Scope, count};
use crate::block::{self, Block};

/// The fixed text behind a capture, or before the first.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Separator {
    /// The next capture begins right where this one ends.
    Nothing,
    /// The end of the event.
    End,
    Text(Needle),
    /// One or more spaces or tabs.
    Blanks,
    Mixed(Box<Mixed>),
}

/// Text and runs of blanks in turn.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mixed {
    blanks_first: bool,
    /// The first text.
    text: Needle,
    /// What is behind it.
    rest: Box<[Rest]>,
}

/// A piece of a separator as it is written. Two neighbours are never of the same sort, and a text neither begins
/// nor ends with a blank where it has a neighbour there; so no blank belongs to two runs, and no search looks at
/// one twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Text(Box<[u8]>),
    Blanks,
}

/// A [`Part`] behind the first text of a mixed separator.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Rest {
    Text(Needle),
    Blanks,
}

/// What must stand behind a separator for its place to be the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ahead {
    /// The next byte is one of these,
    pub bytes: ByteSet,
    /// or there is none.
    pub or_end: bool,
}

impl Ahead {
    #[inline]
    pub fn admits(&self, input: &[u8], at: usize) -> bool {
        match input.get(at) {
            Some(byte) => self.bytes.has(*byte),
            None => self.or_end,
        }
    }
}

impl Separator {
    pub fn new(parts: &[Part]) -> Separator {
        let (blanks_first, parts) = match parts {
            [Part::Blanks, rest @ ..] => (true, rest),
            _ => (false, parts),
        };
        match parts {
            [Part::Text(text)] if !blanks_first => Separator::Text(Needle::new(text)),
            [Part::Text(text), rest @ ..] => Separator::Mixed(Box::new(Mixed {
                blanks_first,
                text: Needle::new(text),
                rest: rest
                    .iter()
                    .map(|part| match part {
                        Part::Text(text) => Rest::Text(Needle::new(text)),
                        Part::Blanks => Rest::Blanks,
                    })
                    .collect(),
            })),
            _ if blanks_first => Separator::Blanks,
            _ => Separator::Nothing,
        }
    }

    /// Whether the separator stands at `at`: where it ends.
    #[inline(always)]
    pub fn here(&self, input: &[u8], at: usize) -> Option<usize> {
        match self {
            Separator::Text(Needle::Short(text)) => text.here(input, at),
            Separator::Nothing => Some(at),
            _ => self.other_here(input, at),
        }
    }

    // Kept out of the loop over the steps, which is mostly about short texts.
    #[inline(never)]
    fn other_here(&self, input: &[u8], at: usize) -> Option<usize> {
        match self {
            Separator::Nothing => Some(at),
            Separator::End => (at == input.len()).then_some(at),
            Separator::Text(text) => text.here(input, at),
            Separator::Blanks => run(input, at),
            Separator::Mixed(mixed) => mixed.here(input, at),
        }
    }

    /// The first place from `at` on where the separator stands and `ahead` agrees, as where it begins and ends.
    #[inline(always)]
    pub fn find(
        &self,
        input: &[u8],
        at: usize,
        scope: Scope<'_, '_>,
        ahead: Option<&Ahead>,
    ) -> Option<(usize, usize)> {
        match self {
            Separator::Text(Needle::Short(text)) => {
                let hay = scope.of(input, at, text.len());
                let agrees = |end: usize| ahead.is_none_or(|ahead| ahead.admits(input, end));
                text.find(hay, at, |begin, end| agrees(end).then_some((begin, end)))
            }
            Separator::End => Some((input.len(), input.len())),
            _ => self.other_find(input, at, scope, ahead),
        }
    }

    // As `other_here`.
    #[inline(never)]
    fn other_find(
        &self,
        input: &[u8],
        at: usize,
        scope: Scope<'_, '_>,
        ahead: Option<&Ahead>,
    ) -> Option<(usize, usize)> {
        let agrees = |end: usize| ahead.is_none_or(|ahead| ahead.admits(input, end));
        match self {
            // An open capture always has something behind it; the compiler sees to that.
            Separator::Nothing => None,
            Separator::End => Some((input.len(), input.len())),
            Separator::Text(text) => {
                text.find(input, at, scope, |begin, end| agrees(end).then_some((begin, end)))
            }
            Separator::Blanks => find_blanks(input, at, matches!(scope, Scope::Line(_)), agrees),
            Separator::Mixed(mixed) => mixed.find(input, at, scope, agrees),
        }
    }
}

impl Separator {
    /// The last place that begins in the dotted name at `at` or right behind it; what is behind that is not looked at.
    #[inline(never)]
    pub fn find_last_in_name(&self, input: &[u8], at: usize) -> Option<(usize, usize)> {
        let name = input
            .get(at..)?
            .iter()
            .take_while(|byte| !is_white(**byte) && !matches!(byte, b'(' | b':'))
            .count();
        let end = at + name;
        if matches!(self, Separator::End) {
            return (end == input.len()).then_some((end, end));
        }
        for begin in (at..=end).rev() {
            if let Some(next) = self.here(input, begin) {
                count(name + end - begin);
                return Some((begin, next));
            }
        }
        count(2 * name);
        None
    }

    /// As [`Separator::find`], but the last place in all of the input.
    #[inline(never)]
    pub fn find_last(&self, input: &[u8], at: usize, ahead: Option<&Ahead>) -> Option<(usize, usize)> {
        let agrees = |end: usize| ahead.is_none_or(|ahead| ahead.admits(input, end));
        match self {
            Separator::Nothing => None,
            Separator::End => Some((input.len(), input.len())),
            Separator::Text(text) => {
                text.find_last(input, at, |begin, end| agrees(end).then_some((begin, end)))
            }
            Separator::Blanks => find_last_blanks(input, at, agrees),
            Separator::Mixed(mixed) => mixed.find_last(input, at, agrees),
        }
    }
}

impl Mixed {
    // Both are kept out of the loop over the steps: most patterns have few of these or none.
    #[inline(never)]
    fn here(&self, input: &[u8], at: usize) -> Option<usize> {
        let at = if self.blanks_first { run(input, at)? } else { at };
        self.rest(input, self.text.here(input, at)?)
    }

    /// The first text is looked for: what precedes it is at most a run of blanks.
    #[inline(never)]
    fn find(
        &self,
        input: &[u8],
        at: usize,
        scope: Scope<'_, '_>,
        agrees: impl Fn(usize) -> bool,
    ) -> Option<(usize, usize)> {
        self.text.find(input, at, scope, |begin, end| {
            self.around(input, at, begin, end).filter(|(_, end)| agrees(*end))
        })
    }

    fn find_last(&self, input: &[u8], at: usize, agrees: impl Fn(usize) -> bool) -> Option<(usize, usize)> {
        self.text.find_last(input, at, |begin, end| {
            self.around(input, at, begin, end).filter(|(_, end)| agrees(*end))
        })
    }

    /// All of it where its text stands from `begin` to `end`; the blanks before it begin at `at` or later.
    fn around(&self, input: &[u8], at: usize, begin: usize, end: usize) -> Option<(usize, usize)> {
        let blanks = if self.blanks_first {
            input[at..begin]
                .iter()
                .rev()
                .take_while(|byte| is_blank(**byte))
                .count()
        } else {
            0
        };
        if self.blanks_first && blanks == 0 {
            return None;
        }
        Some((begin - blanks, self.rest(input, end)?))
    }

    /// Whether the parts behind the first text stand at `at`, one behind the other: where they end.
    fn rest(&self, input: &[u8], at: usize) -> Option<usize> {
        self.rest.iter().try_fold(at, |at, part| match part {
            Rest::Text(text) => text.here(input, at),
            Rest::Blanks => run(input, at),
        })
    }
}

fn find_blanks(
    input: &[u8],
    at: usize,
    in_line: bool,
    agrees: impl Fn(usize) -> bool,
) -> Option<(usize, usize)> {
    let mut from = at;
    loop {
        let blank = |block: Block| block.is(b' ') | block.is(b'\t');
        let found = if in_line {
            block::find(input, from, |block| blank(block) | block.is(b'\n'))
        } else {
            block::find(input, from, blank)
        };
        count(found.unwrap_or(input.len()).saturating_sub(from) + 1);
        let begin = found?;
        let end = run(input, begin)?;
        if agrees(end) {
            return Some((begin, end));
        }
        from = end;
    }
}

/// The last blanks that are followed by what is wanted.
fn find_last_blanks(input: &[u8], at: usize, agrees: impl Fn(usize) -> bool) -> Option<(usize, usize)> {
    let mut to = input.len();
    loop {
        let hay = input.get(at..to)?;
        let last = hay.iter().rposition(|byte| is_blank(*byte));
        count(hay.len() - last.unwrap_or(0));
        let end = at + last? + 1;
        let blanks = input[at..end]
            .iter()
            .rev()
            .take_while(|byte| is_blank(**byte))
            .count();
        if agrees(end) {
            return Some((end - blanks, end));
        }
        to = end - blanks;
    }
}

#[inline]
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Where the blanks end that begin at `at`.
#[inline]
fn run(input: &[u8], at: usize) -> Option<usize> {
    let length = input
        .get(at..)?
        .iter()
        .take_while(|byte| is_blank(**byte))
        .count();
    (length > 0).then_some(at + length)
}
