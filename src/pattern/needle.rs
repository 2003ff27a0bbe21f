//! Fixed text to look for.

use memchr::memmem::{Finder, FinderRev};

use crate::block;

/// Texts up to this many bytes are compared as one number and searched by one byte of theirs; a longer one is worth
/// a finder.
const SHORT_BYTES_MAX: usize = 8;

/// A text that is searched for, in the way that suits its length.
#[derive(Clone, Debug)]
pub(super) enum Needle {
    Short(Short),
    Long(Box<Finder<'static>>),
}

/// One to eight bytes, found by the one that is least likely to occur elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Short {
    /// The bytes from the least significant one on, and which of the word's bits are theirs.
    word: u64,
    mask: u64,
    length: u8,
    /// The byte that is searched for, and its index in the text.
    mark: u8,
    mark_at: u8,
}

/// How far a search may go.
pub(super) enum Scope<'s, 'a> {
    /// The text begins at the end of the line or before.
    Line(&'s mut Line<'a>),
    All,
}

/// Where the line ends that a position is on; found when it is first asked for, and once for each line.
pub(super) struct Line<'a> {
    input: &'a [u8],
    /// Where the line behind begins, or one more than there are bytes. 0: not asked for yet.
    next: usize,
}

impl<'a> Line<'a> {
    pub fn new(input: &'a [u8]) -> Line<'a> {
        Line { input, next: 0 }
    }

    /// For an input that is known to have no line end.
    pub fn only(input: &'a [u8]) -> Line<'a> {
        let next = input.len() + 1;
        Line { input, next }
    }

    /// The end of the line that `at` is on; `at` never goes back.
    #[inline(always)]
    fn end_from(&mut self, at: usize) -> usize {
        if at >= self.next {
            self.pass(at);
        }
        self.next - 1
    }

    #[inline(never)]
    fn pass(&mut self, at: usize) {
        let end = memchr::memchr(b'\n', &self.input[at..]).map_or(self.input.len(), |next| at + next);
        self.next = end + 1;
    }
}

impl Scope<'_, '_> {
    /// The input as far as a search from `at` on for a text of `length` bytes may look.
    #[inline(always)]
    pub fn of(self, input: &[u8], at: usize, length: usize) -> &[u8] {
        match self {
            Scope::Line(line) => {
                let limit = line.end_from(at).saturating_add(length);
                input.get(..limit).unwrap_or(input)
            }
            Scope::All => input,
        }
    }
}

impl PartialEq for Needle {
    fn eq(&self, other: &Needle) -> bool {
        match (self, other) {
            (Needle::Short(one), Needle::Short(other)) => one == other,
            (Needle::Long(one), Needle::Long(other)) => one.needle() == other.needle(),
            _ => false,
        }
    }
}

impl Needle {
    /// A needle for `text`, which is not empty.
    pub fn new(text: &[u8]) -> Needle {
        match Short::new(text) {
            Some(short) => Needle::Short(short),
            None => Needle::Long(Box::new(Finder::new(text).into_owned())),
        }
    }

    /// Where the text ends if it stands at `at`.
    #[inline]
    pub fn here(&self, input: &[u8], at: usize) -> Option<usize> {
        match self {
            Needle::Short(short) => short.here(input, at),
            Needle::Long(finder) => long_here(finder, input, at),
        }
    }

    fn len(&self) -> usize {
        match self {
            Needle::Short(short) => short.len(),
            Needle::Long(finder) => finder.needle().len(),
        }
    }

    /// The first place from `at` on, as where the text begins and ends there, that `accept` makes something of.
    #[inline]
    pub fn find<T>(
        &self,
        input: &[u8],
        at: usize,
        scope: Scope<'_, '_>,
        accept: impl Fn(usize, usize) -> Option<T>,
    ) -> Option<T> {
        let hay = scope.of(input, at, self.len());
        match self {
            Needle::Short(short) => short.find(hay, at, accept),
            Needle::Long(finder) => long_find(finder, hay, at, accept),
        }
    }
}

impl Needle {
    /// The last place from `at` on that `accept` makes something of.
    pub fn find_last<T>(
        &self,
        input: &[u8],
        at: usize,
        accept: impl Fn(usize, usize) -> Option<T>,
    ) -> Option<T> {
        let bytes;
        let text = match self {
            Needle::Short(short) => {
                bytes = short.word.to_le_bytes();
                &bytes[..usize::from(short.length)]
            }
            Needle::Long(finder) => finder.needle(),
        };
        let finder = FinderRev::new(text);
        let mut to = input.len();
        loop {
            let hay = input.get(at..to)?;
            let last = finder.rfind(hay);
            count(hay.len() - last.unwrap_or(0));
            let begin = at + last?;
            if let Some(found) = accept(begin, begin + text.len()) {
                return Some(found);
            }
            // The next one ends before this one does.
            to = begin + text.len() - 1;
        }
    }
}

// The two are kept out of the loop over the steps, which is mostly about short texts.
#[inline(never)]
fn long_here(finder: &Finder<'_>, input: &[u8], at: usize) -> Option<usize> {
    let text = finder.needle();
    input.get(at..)?.starts_with(text).then_some(at + text.len())
}

#[inline(never)]
fn long_find<T>(
    finder: &Finder<'_>,
    hay: &[u8],
    at: usize,
    accept: impl Fn(usize, usize) -> Option<T>,
) -> Option<T> {
    let mut from = at;
    loop {
        let rest = hay.get(from..)?;
        let Some(next) = finder.find(rest) else {
            count(rest.len());
            return None;
        };
        count(next + 1);
        let begin = from + next;
        if let Some(found) = accept(begin, begin + finder.needle().len()) {
            return Some(found);
        }
        from = begin + 1;
    }
}

impl Short {
    fn new(text: &[u8]) -> Option<Short> {
        if text.is_empty() || text.len() > SHORT_BYTES_MAX {
            return None;
        }
        let mut bytes = [0; SHORT_BYTES_MAX];
        bytes[..text.len()].copy_from_slice(text);
        let mark_at = rarest(text);
        Some(Short {
            word: u64::from_le_bytes(bytes),
            mask: u64::MAX >> (64 - 8 * text.len()),
            length: text.len() as u8,
            mark: text[mark_at],
            mark_at: mark_at as u8,
        })
    }

    pub fn len(&self) -> usize {
        usize::from(self.length)
    }

    #[inline(always)]
    pub fn here(&self, input: &[u8], at: usize) -> Option<usize> {
        let end = at + usize::from(self.length);
        let word = match input.get(at..)?.first_chunk() {
            Some(chunk) => u64::from_le_bytes(*chunk),
            None => last_word(input, at),
        };
        // Behind the end of the input there is no text, though the word has zeros there.
        (word & self.mask == self.word && end <= input.len()).then_some(end)
    }

    #[inline(always)]
    pub fn find<T>(&self, hay: &[u8], at: usize, accept: impl Fn(usize, usize) -> Option<T>) -> Option<T> {
        // Where the mark is when the text begins at `at`.
        let mut from = at + usize::from(self.mark_at);
        loop {
            let place = next(hay, from, self.mark)?;
            let begin = place - usize::from(self.mark_at);
            if let Some(end) = self.here(hay, begin)
                && let Some(found) = accept(begin, end)
            {
                return Some(found);
            }
            from = place + 1;
        }
    }
}

/// The up to seven bytes of the input from `at` on, and zeros behind them.
#[inline(never)]
fn last_word(input: &[u8], at: usize) -> u64 {
    let rest = &input[at..];
    match input.last_chunk() {
        // What stands before the rest is shifted out; where there is no rest, all is.
        Some(last) => u64::from_le_bytes(*last)
            .checked_shr(64 - 8 * rest.len() as u32)
            .unwrap_or(0),
        None => rest
            .iter()
            .rev()
            .fold(0, |word, byte| (word << 8) | u64::from(*byte)),
    }
}

/// The first place from `from` on that has `byte`.
#[inline(always)]
pub(super) fn next(hay: &[u8], from: usize, byte: u8) -> Option<usize> {
    let found = block::find(hay, from, |block| block.is(byte));
    count(found.unwrap_or(hay.len()).saturating_sub(from) + 1);
    found
}

/// Where the first of two bytes is.
#[inline(always)]
pub(super) fn first_of(hay: &[u8], one: u8, other: u8) -> Option<usize> {
    block::find(hay, 0, |block| block.is(one) | block.is(other))
}

/// The byte that is least likely to occur in the text before: a line end before all, which ends most texts, then
/// punctuation, letters and digits, and the space last.
fn rarest(text: &[u8]) -> usize {
    let rank = |byte: u8| match byte {
        b'\n' => 0,
        b' ' => 5,
        b'a'..=b'z' | b'0'..=b'9' => 4,
        b'A'..=b'Z' | b'.' | b'-' | b'/' => 3,
        b',' | b':' | b'_' | b'=' => 2,
        _ => 1,
    };
    (0..text.len()).min_by_key(|&at| rank(text[at])).unwrap_or(0)
}

#[cfg(test)]
thread_local! {
    /// The bytes that searches on this thread went over: tells linear from quadratic.
    pub(crate) static EXAMINED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

#[inline]
pub(super) fn count(_bytes: usize) {
    #[cfg(test)]
    EXAMINED.set(EXAMINED.get() + _bytes);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The places that a search in one line offers, by looking everywhere.
    fn places(input: &[u8], text: &[u8], at: usize, in_line: bool) -> Vec<usize> {
        let line = input[at..]
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(input.len(), |next| at + next);
        (at..input.len())
            .filter(|&begin| input[begin..].starts_with(text) && (!in_line || begin <= line))
            .collect()
    }

    proptest! {
        // Cheap, and the interesting inputs are rare.
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn every_place_is_offered_in_turn(
            input in "[ab :\n]{0,40}",
            text in prop_oneof!["[ab :]{1,6}", "[ab :\n]{1,12}"],
            at in 0usize..12,
            in_line: bool,
        ) {
            let (input, text) = (input.as_bytes(), text.as_bytes());
            let at = at.min(input.len());
            let needle = Needle::new(text);
            let offered = std::cell::RefCell::new(Vec::new());
            let mut line = Line::new(input);
            let scope = if in_line { Scope::Line(&mut line) } else { Scope::All };
            let none: Option<()> = needle.find(input, at, scope, |begin, end| {
                assert_eq!(end, begin + text.len());
                offered.borrow_mut().push(begin);
                None
            });
            prop_assert_eq!(none, None);
            prop_assert_eq!(offered.into_inner(), places(input, text, at, in_line));
        }

        #[test]
        fn the_last_place_comes_first(input in "[ab :\n]{0,40}", text in "[ab :\n]{1,6}", at in 0usize..12) {
            let (input, text) = (input.as_bytes(), text.as_bytes());
            let at = at.min(input.len());
            let offered = std::cell::RefCell::new(Vec::new());
            let none: Option<()> = Needle::new(text).find_last(input, at, |begin, end| {
                assert_eq!(end, begin + text.len());
                offered.borrow_mut().push(begin);
                None
            });
            prop_assert_eq!(none, None);
            let mut expected = places(input, text, at, false);
            expected.reverse();
            prop_assert_eq!(offered.into_inner(), expected);
        }

        #[test]
        fn a_text_is_here_or_not(
            input in prop::collection::vec(0u8..3, 0..30),
            from in 0usize..20,
            length in 1usize..12,
            at in 0usize..20,
        ) {
            let text = input.get(from..from + length).unwrap_or(b"ab");
            let expected = input.get(at..).is_some_and(|rest| rest.starts_with(text)).then_some(at + text.len());
            prop_assert_eq!(Needle::new(text).here(&input, at), expected);
        }

        #[test]
        fn the_next_place_of_a_byte(hay in "[a-c]{0,300}", from in 0usize..300, byte in b'a'..=b'd') {
            let expected = hay.bytes().enumerate().skip(from).find(|(_, other)| *other == byte);
            prop_assert_eq!(next(hay.as_bytes(), from, byte), expected.map(|(place, _)| place));
        }

        #[test]
        fn a_rare_byte_is_found(length in 1usize..400, from in 0usize..400, place in 0usize..400, byte: u8) {
            let mut hay = vec![byte.wrapping_add(1); length];
            if let Some(slot) = hay.get_mut(place) {
                *slot = byte;
            }
            prop_assert_eq!(next(&hay, from, byte), (from..length).contains(&place).then_some(place));
        }

        #[test]
        fn the_first_of_two_bytes(hay in "[a-e]{0,30}", one in b'a'..=b'f', other in b'a'..=b'f') {
            let expected = hay.bytes().position(|byte| byte == one || byte == other);
            prop_assert_eq!(first_of(hay.as_bytes(), one, other), expected);
        }
    }

    #[test]
    fn the_first_of_two_bytes_among_all_bytes() {
        for byte in 0..=255u8 {
            for at in 0..20 {
                let mut hay = [byte.wrapping_add(1); 20];
                hay[at] = byte;
                assert_eq!(first_of(&hay, byte, byte), Some(at));
            }
        }
    }
}
