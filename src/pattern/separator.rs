//! What stands between two captures: literal text, runs of blanks, or the end.

use memchr::memmem::Finder;

use super::byteset::ByteSet;

/// Literals up to this many bytes are searched by one byte of theirs; a longer one is worth a finder.
const SHORT_BYTES_MAX: usize = 4;

/// The fixed text behind a capture, or before the first.
#[derive(Clone, Debug)]
pub(super) enum Separator {
    /// The next capture begins right where this one ends.
    Nothing,
    /// The end of the event.
    End,
    Byte(u8),
    /// Found by its byte at `rare`, the least likely to occur elsewhere.
    Short {
        text: Box<[u8]>,
        rare: usize,
    },
    Long(Box<Finder<'static>>),
    /// One or more spaces or tabs.
    Blanks,
    /// Texts and runs of blanks in turn, at least one of each.
    Mixed(Box<[Part]>),
}

/// A piece of a separator. Two neighbours are never of the same sort, and a text neither begins nor ends with a
/// blank where it has a neighbour there; so no blank belongs to two runs, and no search looks at a byte twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Text(Box<[u8]>),
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
    fn admits(&self, input: &[u8], at: usize) -> bool {
        match input.get(at) {
            Some(byte) => self.bytes.has(*byte),
            None => self.or_end,
        }
    }
}

#[inline]
fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// How many blanks stand at `at`.
#[inline]
fn blanks(input: &[u8], at: usize) -> usize {
    input[at..].iter().take_while(|byte| is_blank(byte)).count()
}

impl PartialEq for Separator {
    fn eq(&self, other: &Separator) -> bool {
        match (self, other) {
            (Separator::Nothing, Separator::Nothing)
            | (Separator::End, Separator::End)
            | (Separator::Blanks, Separator::Blanks) => true,
            (Separator::Byte(one), Separator::Byte(other)) => one == other,
            // The mark follows from the text.
            (Separator::Short { text: one, .. }, Separator::Short { text: other, .. }) => one == other,
            (Separator::Long(one), Separator::Long(other)) => one.needle() == other.needle(),
            (Separator::Mixed(one), Separator::Mixed(other)) => one == other,
            _ => false,
        }
    }
}

impl Separator {
    pub fn new(parts: &[Part]) -> Separator {
        match parts {
            [] => Separator::Nothing,
            [Part::Blanks] => Separator::Blanks,
            [Part::Text(text)] => Self::text(text),
            _ => Separator::Mixed(parts.into()),
        }
    }

    fn text(text: &[u8]) -> Separator {
        match text {
            [byte] => Separator::Byte(*byte),
            _ if text.len() <= SHORT_BYTES_MAX => Separator::Short {
                text: text.into(),
                rare: rarest(text),
            },
            _ => Separator::Long(Box::new(Finder::new(text).into_owned())),
        }
    }

    /// Whether the separator stands at `at`: where it ends.
    #[inline]
    pub fn here(&self, input: &[u8], at: usize) -> Option<usize> {
        match self {
            Separator::Nothing => Some(at),
            Separator::End => (at == input.len()).then_some(at),
            Separator::Byte(byte) => (input.get(at) == Some(byte)).then_some(at + 1),
            Separator::Short { text, .. } => starts(input, at, text),
            Separator::Long(finder) => starts(input, at, finder.needle()),
            Separator::Blanks => run(input, at),
            Separator::Mixed(parts) => all(parts, input, at),
        }
    }

    /// The first place from `at` on where the separator stands and `ahead` agrees, as where it begins and ends.
    /// It does not begin behind `limit`.
    #[inline]
    pub fn find(
        &self,
        input: &[u8],
        at: usize,
        limit: usize,
        ahead: Option<&Ahead>,
    ) -> Option<(usize, usize)> {
        let agrees = |end: usize| ahead.is_none_or(|ahead| ahead.admits(input, end));
        match self {
            // An open capture always has something behind it; the compiler sees to that.
            Separator::Nothing => None,
            Separator::End => Some((input.len(), input.len())),
            Separator::Byte(byte) => search(
                window(input, at, limit, 1),
                |hay| memchr::memchr(*byte, hay),
                |begin| {
                    let begin = at + begin;
                    agrees(begin + 1).then_some((begin, begin + 1))
                },
            ),
            Separator::Short { text, rare } => {
                let mark = text[*rare];
                // The mark is looked for from where it stands when the text begins at `at`.
                let from = at + rare;
                search(
                    window(input, from, limit + rare, 1),
                    |hay| memchr::memchr(mark, hay),
                    |place| {
                        let begin = at + place;
                        let end = starts(input, begin, text)?;
                        agrees(end).then_some((begin, end))
                    },
                )
            }
            Separator::Long(finder) => {
                let length = finder.needle().len();
                search(
                    window(input, at, limit, length),
                    |hay| finder.find(hay),
                    |begin| {
                        let begin = at + begin;
                        agrees(begin + length).then_some((begin, begin + length))
                    },
                )
            }
            Separator::Blanks => {
                let mut from = at;
                loop {
                    let begin = from + memchr::memchr2(b' ', b'\t', window(input, from, limit, 1))?;
                    count(begin - from);
                    let end = begin + blanks(input, begin);
                    if agrees(end) {
                        return Some((begin, end));
                    }
                    from = end;
                }
            }
            Separator::Mixed(parts) => find_mixed(parts, input, at, limit, agrees),
        }
    }
}

/// Where text and blanks alternate, the first text is looked for: what precedes it is at most a run of blanks.
fn find_mixed(
    parts: &[Part],
    input: &[u8],
    at: usize,
    limit: usize,
    agrees: impl Fn(usize) -> bool,
) -> Option<(usize, usize)> {
    let (blank_first, text, rest) = match parts {
        [Part::Text(text), rest @ ..] => (false, text, rest),
        [Part::Blanks, Part::Text(text), rest @ ..] => (true, text, rest),
        _ => return None,
    };
    let finder = |hay: &[u8]| memchr::memmem::find(hay, text);
    search(window(input, at, limit, text.len()), finder, |place| {
        let place = at + place;
        let before = input[at..place]
            .iter()
            .rev()
            .take_while(|byte| blank_first && is_blank(byte))
            .count();
        if blank_first && before == 0 {
            return None;
        }
        let end = all(rest, input, place + text.len())?;
        agrees(end).then_some((place - before, end))
    })
}

/// The bytes from `at` in which a text of `length` bytes that begins at `limit` or before is found.
#[inline]
fn window(input: &[u8], at: usize, limit: usize, length: usize) -> &[u8] {
    let to = limit.saturating_add(length).min(input.len());
    input.get(at..to).unwrap_or_default()
}

/// The first of the places that `find` finds, in their order, which `accept` makes something of. Each is looked
/// for from the byte behind the one before.
#[inline]
fn search<T>(
    hay: &[u8],
    find: impl Fn(&[u8]) -> Option<usize>,
    accept: impl Fn(usize) -> Option<T>,
) -> Option<T> {
    let mut from = 0;
    loop {
        let Some(next) = find(&hay[from..]) else {
            count(hay.len() - from);
            return None;
        };
        count(next + 1);
        if let Some(found) = accept(from + next) {
            return Some(found);
        }
        from += next + 1;
    }
}

#[inline]
fn starts(input: &[u8], at: usize, text: &[u8]) -> Option<usize> {
    input.get(at..)?.starts_with(text).then_some(at + text.len())
}

#[inline]
fn run(input: &[u8], at: usize) -> Option<usize> {
    let length = blanks(input, at);
    (length > 0).then_some(at + length)
}

/// Whether all parts stand at `at`, one behind the other: where they end.
fn all(parts: &[Part], input: &[u8], at: usize) -> Option<usize> {
    parts.iter().try_fold(at, |at, part| match part {
        Part::Text(text) => starts(input, at, text),
        Part::Blanks => run(input, at),
    })
}

/// The byte that is least likely to occur in the text before: punctuation before letters and digits, and those
/// before the space.
fn rarest(text: &[u8]) -> usize {
    let rank = |byte: u8| match byte {
        b' ' => 4,
        b'a'..=b'z' | b'0'..=b'9' => 3,
        b'A'..=b'Z' | b'.' | b'-' | b'/' => 2,
        b',' | b':' | b'_' | b'=' => 1,
        _ => 0,
    };
    (0..text.len()).min_by_key(|&at| rank(text[at])).unwrap_or(0)
}

#[cfg(test)]
thread_local! {
    /// The bytes that searches on this thread went over: tells linear from quadratic.
    pub(super) static EXAMINED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

#[inline]
fn count(_bytes: usize) {
    #[cfg(test)]
    EXAMINED.set(EXAMINED.get() + _bytes);
}
