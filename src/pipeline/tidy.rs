//! What is done to an event's text before it is parsed. An event that needs none of it is not touched.

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;
use memchr::{memchr, memchr2, memmem};

use crate::event::Chunk;

/// What is taken out of the text of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tidy {
    /// Terminal colours and other escape sequences (ECMA-48: `ESC [ … letter`).
    pub ansi: bool,
    /// So many leading blanks of each line after the first, as far as they are there.
    pub dedent: usize,
    /// Nothing at all.
    pub exact: bool,
}

impl Tidy {
    /// The text to parse: `text` itself where nothing is to be taken out. The `\r` of each `\r\n` inside an event
    /// goes as well, as the last one did when the event was cut.
    pub fn apply<'a>(&self, text: &'a [u8], arena: &'a Bump) -> &'a [u8] {
        if self.exact {
            return text;
        }
        // One look is enough for nearly every event of one line.
        if is_plain_line(text) {
            return text;
        }
        let text = if self.ansi && memchr(ESCAPE, text).is_some() {
            without_escapes(text, arena)
        } else {
            text
        };
        let Some(first_end) = memchr(b'\n', text) else {
            return text;
        };
        if self.dedent == 0
            && memmem::find(&text[first_end - usize::from(first_end > 0)..], b"\r\n").is_none()
        {
            return text;
        }
        let mut out = ArenaVec::with_capacity_in(text.len(), arena);
        let mut rest = text;
        while let Some(end) = memchr(b'\n', rest) {
            let (line, behind) = rest.split_at(end);
            out.extend_from_slice_copy(line.strip_suffix(b"\r").unwrap_or(line));
            out.push(b'\n');
            let indented = behind[1..].iter().take(self.dedent);
            let blanks = indented.take_while(|&&byte| byte == b' ').count();
            rest = &behind[1 + blanks..];
        }
        out.extend_from_slice_copy(rest.strip_suffix(b"\r").unwrap_or(rest));
        out.into_bump_slice()
    }
}

/// Whether `text` is one line without escape sequences: nothing is to be taken out of it.
pub(super) fn is_plain_line(text: &[u8]) -> bool {
    memchr2(ESCAPE, b'\n', text).is_none()
}

/// Whether no event of the chunk has an escape sequence, and each is a piece of the file as it is: one look for all of
/// them. An event is then a plain line when it is not longer than its first line.
pub fn is_plain(chunk: &Chunk) -> bool {
    !chunk.wrapped && memchr(ESCAPE, &chunk.raw).is_none()
}

pub(super) const ESCAPE: u8 = 0x1b;

fn without_escapes<'a>(text: &'a [u8], arena: &'a Bump) -> &'a [u8] {
    let mut out = ArenaVec::with_capacity_in(text.len(), arena);
    let mut rest = text;
    while let Some(at) = memchr(ESCAPE, rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + escape_length(&rest[at..])..];
    }
    out.extend_from_slice(rest);
    out.into_bump_slice()
}

/// Bytes of the escape sequence that `text` begins with. A lone `ESC` is one byte.
fn escape_length(text: &[u8]) -> usize {
    if text.get(1) != Some(&b'[') {
        return 1;
    }
    // Parameter and intermediate bytes are 0x20 to 0x3f, the final byte 0x40 to 0x7e.
    match text[2..].iter().position(|byte| !(0x20..0x40).contains(byte)) {
        Some(length) if (0x40..0x7f).contains(&text[2 + length]) => length + 3,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tidy(ansi: bool, dedent: usize, text: &[u8]) -> String {
        let arena = Bump::new();
        let out = Tidy {
            ansi,
            dedent,
            exact: false,
        }
        .apply(text, &arena);
        String::from_utf8_lossy(out).into_owned()
    }

    #[test]
    fn colours_are_taken_out() {
        assert_eq!(
            tidy(true, 0, b"\x1b[2m17:00\x1b[0;39m \x1b[32m INFO\x1b[m x"),
            "17:00  INFO x"
        );
        assert_eq!(tidy(true, 0, b"lone \x1b and cut \x1b[1"), "lone  and cut 1");
        assert_eq!(tidy(false, 0, b"\x1b[2mx"), "\x1b[2mx");
    }

    #[test]
    fn the_body_moves_to_the_left() {
        assert_eq!(
            tidy(true, 6, b"head\n      body\n         at x\n  short"),
            "head\nbody\n   at x\nshort"
        );
        assert_eq!(tidy(true, 6, b"      head"), "      head");
    }

    #[test]
    fn inner_line_ends_are_made_one_kind() {
        assert_eq!(tidy(true, 0, b"a\r\nb\r\nc\rd"), "a\nb\nc\rd");
        assert_eq!(tidy(true, 0, b"\r\nb"), "\nb");
    }

    proptest! {
        #[test]
        fn plain_text_is_not_copied(text in "[ -~\n]{0,60}") {
            let arena = Bump::new();
            let out = Tidy { ansi: true, dedent: 0, exact: false }.apply(text.as_bytes(), &arena);
            prop_assert_eq!(out.as_ptr(), text.as_ptr());
        }

        #[test]
        fn no_escape_survives(text in proptest::collection::vec(prop_oneof![Just(ESCAPE), Just(b'['), any::<u8>()], 0..60)) {
            let arena = Bump::new();
            let out = Tidy { ansi: true, dedent: 0, exact: false }.apply(&text, &arena);
            prop_assert!(!out.contains(&ESCAPE));
        }
    }
}
