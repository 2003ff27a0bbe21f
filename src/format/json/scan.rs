use std::ops::Range;

use crate::block::{self, Block, Marks};
use crate::format::rule::{Ends, Written};
use crate::limits::JSON_DEPTH_MAX;

// One bit for each open object or array.
const _: () = assert!(JSON_DEPTH_MAX <= u128::BITS as usize);

/// The text is no JSON as RFC 8259 has it, or nests too deep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken;

/// What kind of value a slice of JSON is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Object,
    Array,
    /// The slice has the quotes.
    String {
        escaped: bool,
    },
    Number {
        integer: bool,
    },
    True,
    False,
    Null,
}

/// One forward pass over a JSON text: what it has passed is valid (except that bytes above 0x7F may be no UTF-8).
#[derive(Debug)]
pub(crate) struct Scan<'a> {
    text: &'a [u8],
    /// The next byte to read; never beyond `text.len()`.
    at: usize,
    /// An escape was part of a surrogate pair, or half of one.
    surrogates: bool,
}

impl<'a> Scan<'a> {
    pub fn new(text: &'a [u8], at: usize) -> Self {
        Scan {
            text,
            at: at.min(text.len()),
            surrogates: false,
        }
    }

    /// Whether a string that was passed may hold half a surrogate pair.
    pub fn has_surrogates(&self) -> bool {
        self.surrogates
    }

    pub fn at(&self) -> usize {
        self.at
    }

    #[inline]
    pub fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// Goes to `at`, where the caller has read on its own.
    pub fn jump(&mut self, at: usize) {
        self.at = at.min(self.text.len());
    }

    /// Skips blanks.
    #[inline]
    pub fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Skips `byte` and the blanks before it, if it is the next.
    #[inline]
    pub fn take(&mut self, byte: u8) -> bool {
        // Most programs write no blanks.
        if self.peek() != Some(byte) {
            self.blanks();
            if self.peek() != Some(byte) {
                return false;
            }
        }
        self.at += 1;
        true
    }

    #[inline]
    pub fn expect(&mut self, byte: u8) -> Result<(), Broken> {
        if self.take(byte) { Ok(()) } else { Err(Broken) }
    }

    /// A key and its colon: the bytes between the quotes, and whether they hold escapes.
    pub fn key(&mut self) -> Result<(&'a [u8], bool), Broken> {
        let (place, escaped) = self.key_place()?;
        Ok((self.piece(place), escaped))
    }

    /// A key and its colon: where the bytes between the quotes are, and whether they hold escapes.
    #[inline(always)]
    pub fn key_place(&mut self) -> Result<(Range<usize>, bool), Broken> {
        self.expect(b'"')?;
        let from = self.at;
        let escaped = self.string()?;
        let to = self.at - 1;
        self.expect(b':')?;
        Ok((from..to, escaped))
    }

    /// Passes a key and its colon if they stand there as they are foreseen: where the bytes between the quotes are.
    #[inline(always)]
    pub fn take_key(&mut self, foreseen: &Written) -> Option<Range<usize>> {
        let from = self.at + 1;
        if self.peek() != Some(b'"') || !foreseen.stands_at(self.text, from) {
            return None;
        }
        self.at = from + foreseen.len();
        Some(from..self.at - 2)
    }

    /// What stands in a place that was passed.
    #[inline(always)]
    pub fn piece(&self, place: Range<usize>) -> &'a [u8] {
        &self.text[place]
    }

    /// The ends of a key without escapes.
    #[inline(always)]
    pub fn ends_of(&self, key: &Range<usize>) -> Ends {
        Ends::of_piece(self.text, key.start, key.len())
    }

    /// One value of any kind after blanks, where `depth` objects and arrays are already open.
    #[inline(always)]
    pub fn value(&mut self, depth: usize) -> Result<(&'a [u8], Shape), Broken> {
        if self.peek() != Some(b'"') {
            return self.other_value(depth);
        }
        let from = self.at;
        self.at += 1;
        let escaped = self.string()?;
        Ok((&self.text[from..self.at], Shape::String { escaped }))
    }

    /// A value that is no string, or has blanks before it.
    #[inline(never)]
    fn other_value(&mut self, depth: usize) -> Result<(&'a [u8], Shape), Broken> {
        self.blanks();
        let from = self.at;
        let shape = match self.peek() {
            Some(b'{') => {
                self.nested(depth)?;
                Shape::Object
            }
            Some(b'[') => {
                self.nested(depth)?;
                Shape::Array
            }
            _ => self.scalar()?,
        };
        Ok((&self.text[from..self.at], shape))
    }

    /// A whole object or array. Not recursive: `open` has a bit for each level, 1 for an object.
    fn nested(&mut self, depth: usize) -> Result<(), Broken> {
        let mut open: u128 = 0;
        let mut level = 0;
        'value: loop {
            self.blanks();
            let opened = match self.peek() {
                Some(b'{') => Some(1),
                Some(b'[') => Some(0),
                _ => {
                    self.scalar()?;
                    None
                }
            };
            if let Some(object) = opened {
                self.at += 1;
                level += 1;
                if depth + level > JSON_DEPTH_MAX {
                    return Err(Broken);
                }
                open = open << 1 | object;
                if !self.take(closing(open)) {
                    if object == 1 {
                        self.key()?;
                    }
                    continue 'value;
                }
                open >>= 1;
                level -= 1;
            }
            while level > 0 {
                if self.take(b',') {
                    if open & 1 == 1 {
                        self.key()?;
                    }
                    continue 'value;
                }
                self.expect(closing(open))?;
                open >>= 1;
                level -= 1;
            }
            return Ok(());
        }
    }

    #[inline]
    fn scalar(&mut self) -> Result<Shape, Broken> {
        match self.peek() {
            Some(b'"') => {
                self.at += 1;
                let escaped = self.string()?;
                Ok(Shape::String { escaped })
            }
            Some(b'-' | b'0'..=b'9') => {
                let integer = self.number()?;
                Ok(Shape::Number { integer })
            }
            Some(b't') => self.word(b"true", Shape::True),
            Some(b'f') => self.word(b"false", Shape::False),
            Some(b'n') => self.word(b"null", Shape::Null),
            _ => Err(Broken),
        }
    }

    fn word(&mut self, word: &[u8], shape: Shape) -> Result<Shape, Broken> {
        if !self.text[self.at..].starts_with(word) {
            return Err(Broken);
        }
        self.at += word.len();
        Ok(shape)
    }

    /// The rest of a string behind its first quote; whether it holds escapes.
    #[inline(always)]
    fn string(&mut self) -> Result<bool, Broken> {
        // Most strings end in the block that they begin in.
        if let Some(place) = Block::at(self.text, self.at).and_then(|block| special(block).first())
            && self.text.get(self.at + place) == Some(&b'"')
        {
            self.at += place + 1;
            return Ok(false);
        }
        self.long_string()
    }

    #[inline(never)]
    fn long_string(&mut self) -> Result<bool, Broken> {
        self.pass_plain();
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(false);
        }
        self.escapes()?;
        Ok(true)
    }

    /// Goes to the next byte that does not stand for itself in a string, or to the end of the text.
    #[inline(always)]
    fn pass_plain(&mut self) {
        self.at = block::find(self.text, self.at, special).unwrap_or(self.text.len());
    }

    /// The rest of a string from its first escape on.
    fn escapes(&mut self) -> Result<(), Broken> {
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {}
                // A control character, which JSON wants escaped, or the end.
                _ => return Err(Broken),
            }
            self.at += match self.text.get(self.at + 1) {
                Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
                Some(b'u') => {
                    let unit = super::text::unit(&self.text[self.at..]).ok_or(Broken)?;
                    self.surrogates |= (0xd800..=0xdfff).contains(&unit);
                    6
                }
                _ => return Err(Broken),
            };
            self.pass_plain();
        }
    }

    /// A number; whether it is an integer.
    fn number(&mut self) -> Result<bool, Broken> {
        self.at += usize::from(self.peek() == Some(b'-'));
        match short_number(self.text, self.at) {
            Some((end, integer)) => {
                self.at = end;
                Ok(integer)
            }
            None => self.any_number(),
        }
    }

    /// A number without its sign.
    #[inline(never)]
    fn any_number(&mut self) -> Result<bool, Broken> {
        let from = self.at;
        self.digits()?;
        if self.text[from] == b'0' && self.at - from > 1 {
            return Err(Broken);
        }
        let mut integer = true;
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
            integer = false;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
            integer = false;
        }
        Ok(integer)
    }

    /// One or more digits.
    #[inline(always)]
    fn digits(&mut self) -> Result<(), Broken> {
        let end =
            block::find(self.text, self.at, |block| block.outside(b'0', b'9')).unwrap_or(self.text.len());
        if end == self.at {
            return Err(Broken);
        }
        self.at = end;
        Ok(())
    }
}

/// The end of a number that is all in one block with the byte behind it, and whether it is an integer: nearly every
/// number. `None` says nothing.
#[inline(always)]
fn short_number(text: &[u8], at: usize) -> Option<(usize, bool)> {
    let block = text.get(at..)?.first_chunk()?;
    let digits = Block::new(block).within(b'0', b'9').bits();
    let mut len = digits.trailing_ones() as usize;
    let mut behind = *block.get(len)?;
    if len == 0 || len > 1 && block[0] == b'0' {
        return None;
    }
    let integer = behind != b'.';
    if !integer {
        let decimals = (digits >> (len + 1)).trailing_ones() as usize;
        len += 1 + decimals;
        behind = *block.get(len).filter(|_| decimals > 0)?;
    }
    (!matches!(behind, b'e' | b'E')).then_some((at + len, integer))
}

fn closing(open: u128) -> u8 {
    if open & 1 == 1 { b'}' } else { b']' }
}

/// The bytes that do not stand for themselves in a string: quotes, backslashes and control characters.
#[inline(always)]
fn special(block: Block) -> Marks {
    block.is(b'"') | block.is(b'\\') | block.below(b' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Whether the whole text is one value.
    fn accepts(text: &[u8]) -> bool {
        let mut scan = Scan::new(text, 0);
        let value = scan.value(0);
        scan.blanks();
        value.is_ok() && scan.peek().is_none()
    }

    /// Texts made of JSON's own parts, so that many are almost right.
    fn almost_json() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            prop::sample::select(vec![
                "{",
                "}",
                "[",
                "]",
                ",",
                ":",
                "\"",
                "\\",
                " ",
                "\n",
                "\t",
                "0",
                "1",
                "-",
                ".",
                "e",
                "E",
                "+",
                "12",
                "1.5e-3",
                "true",
                "false",
                "null",
                "\"a\"",
                "\"a\":",
                "\"\\u00e9\"",
                "\"\\n\"",
                "u",
                "\u{1}",
                "é",
                "[]",
                "{}",
                "nul",
                "-0",
                "01",
            ])
            .prop_map(str::to_owned),
            any::<char>().prop_map(String::from),
        ];
        prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
    }

    #[test]
    fn depth_has_its_limit() {
        let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
        assert!(accepts(&nested(JSON_DEPTH_MAX)));
        assert!(!accepts(&nested(JSON_DEPTH_MAX + 1)));
    }

    #[test]
    fn shapes_are_told_apart() {
        let shape = |text: &'static str| Scan::new(text.as_bytes(), 0).value(0).unwrap().1;
        assert_eq!(shape(r#" "a\n" "#), Shape::String { escaped: true });
        assert_eq!(shape(r#""a""#), Shape::String { escaped: false });
        assert_eq!(shape("-0"), Shape::Number { integer: true });
        assert_eq!(shape("1e2"), Shape::Number { integer: false });
        assert_eq!(shape("[{},[]]"), Shape::Array);
        assert_eq!(shape(r#"{"a":{"b":[null,{}]}}"#), Shape::Object);
    }

    proptest! {
        #[test]
        fn the_first_special_byte_is_found(bytes in prop::collection::vec(prop_oneof![8 => 0x20u8..=0xff, 1 => any::<u8>()], 0..80), at in 0usize..90) {
            let expected = (at..bytes.len()).find(|&at| matches!(bytes[at], b'"' | b'\\' | 0..0x20));
            prop_assert_eq!(block::find(&bytes, at, special), expected);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn serde_accepts_the_same(text in almost_json()) {
            let expected = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            prop_assert_eq!(accepts(text.as_bytes()), expected, "{}", text);
        }

        #[test]
        fn serde_reads_the_same_numbers(number in "-?[01]{0,9}(\\.[01]{0,9})?([eE][+-]?[01]{0,2})?", behind in "[,}]{0,18}") {
            let text = format!("{number}{behind}");
            let mut scan = Scan::new(text.as_bytes(), 0);
            let value = scan.value(0).ok().filter(|(value, _)| value.len() == number.len());
            let expected: Option<serde_json::Number> = serde_json::from_str(&number).ok();
            prop_assert_eq!(value.is_some(), expected.is_some());
            if let (Some((_, shape)), Some(expected)) = (value, expected) {
                let integer = !number.contains(['.', 'e', 'E']);
                prop_assert_eq!(shape, Shape::Number { integer }, "{}", expected);
            }
        }

        #[test]
        fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..64), at in 0usize..70) {
            let mut scan = Scan::new(&bytes, at);
            if let Ok((value, _)) = scan.value(0) {
                prop_assert!(!value.is_empty());
            }
        }
    }
}
