//! Memory that text is written into, all of it there from the start: so a short text is copied as a block of a
//! length that the compiler knows, a few instructions, and what of the block is too much is written over by what
//! comes next. Appending to a `Vec` would ask for room, copy by a call and note the length, each time.

use super::plain::{BLOCK, is_plain_block, is_plain_word, short_word};

/// One text, and the memory for the next.
#[derive(Debug, Default)]
pub struct Page {
    bytes: Vec<u8>,
    /// How many of `bytes` are the text.
    len: usize,
}

/// The memory of the first text, in bytes: enough for most documents.
const BYTES_MIN: usize = 8 << 10;

/// A page that one large text made grow beyond this many bytes is given back.
const BYTES_KEPT_MAX: usize = 1 << 20;

impl Page {
    /// The text.
    pub fn text(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// What `write` writes takes the place of the text. Where it does not fit, `write` is called again with more
    /// room, so it must say the same each time.
    #[inline]
    pub fn write<T>(&mut self, mut write: impl FnMut(&mut Pen<'_>) -> T) -> T {
        if self.bytes.len() > BYTES_KEPT_MAX {
            self.bytes = Vec::new();
        }
        loop {
            let mut pen = Pen::on(&mut self.bytes);
            let result = write(&mut pen);
            if let Some(written) = pen.written() {
                self.len = written;
                return result;
            }
            self.grow();
        }
    }

    #[cold]
    fn grow(&mut self) {
        let room = (2 * self.bytes.len()).max(BYTES_MIN);
        self.bytes.resize(room, 0);
    }
}

/// Writes on a [`Page`] or a [`Sheet`](super::Sheet).
#[derive(Debug)]
pub struct Pen<'p> {
    bytes: &'p mut [u8],
    /// How many of them are written.
    at: usize,
    /// Something did not fit. Nothing fits any more then, and all is written again.
    full: bool,
}

impl<'p> Pen<'p> {
    /// From the beginning of `bytes` on.
    #[inline(always)]
    pub(super) fn on(bytes: &'p mut [u8]) -> Self {
        Pen {
            bytes,
            at: 0,
            full: false,
        }
    }

    /// How many bytes were written; `None` when there was not enough room.
    #[inline(always)]
    pub(super) fn written(&self) -> Option<usize> {
        (!self.full).then_some(self.at)
    }

    /// Writes what is rare or long by a call of its own. It works on a copy of the pen, so that the pen itself can
    /// stay in registers from one text to the next.
    #[inline(always)]
    pub fn aside<T>(&mut self, write: impl FnOnce(&mut Pen<'_>) -> T) -> T {
        let mut copy = Pen {
            bytes: self.bytes,
            at: self.at,
            full: self.full,
        };
        let result = write(&mut copy);
        (self.at, self.full) = (copy.at, copy.full);
        result
    }

    /// What is not written yet.
    #[inline(always)]
    fn rest(&mut self) -> &mut [u8] {
        self.bytes.get_mut(self.at..).unwrap_or_default()
    }

    #[cold]
    fn fill_up(&mut self) {
        self.at = self.bytes.len();
        self.full = true;
    }

    /// Appends the first `len` bytes of `block`, which has no less. The others are written too, and then written over.
    #[inline(always)]
    pub fn block<const N: usize>(&mut self, block: &[u8; N], len: usize) {
        debug_assert!(len <= N);
        match self.rest().first_chunk_mut::<N>() {
            Some(to) => {
                *to = *block;
                self.at += len;
            }
            None => self.fill_up(),
        }
    }

    #[inline(always)]
    pub fn byte(&mut self, byte: u8) {
        self.block(&[byte], 1);
    }

    /// Appends text that is long, or of a length that the compiler knows.
    #[inline(always)]
    pub fn slice(&mut self, text: &[u8]) {
        match self.rest().get_mut(..text.len()) {
            Some(to) => {
                to.copy_from_slice(text);
                self.at += text.len();
            }
            None => self.fill_up(),
        }
    }

    /// Appends text that is short more often than not.
    #[inline(always)]
    pub fn copy(&mut self, text: &[u8]) {
        self.put::<false>(text);
    }

    /// Appends `text` and a quote if it is plain: ASCII that stands in a JSON string as it is. If it is not, the
    /// answer is false and nothing is appended.
    #[inline(always)]
    pub fn plain_to_quote(&mut self, text: &[u8]) -> bool {
        self.put::<true>(text)
    }

    /// What goes into a JSON string is looked at while it is copied, and gets the quote that ends it.
    #[inline(always)]
    fn put<const IN_STRING: bool>(&mut self, text: &[u8]) -> bool {
        let len = text.len();
        // Room for a quote, and for a text of less than a word, which is written as one.
        let enough = |rest: &&mut [u8]| rest.len() >= len + 8;
        let Some(rest) = self.bytes.get_mut(self.at..).filter(enough) else {
            self.fill_up();
            return true;
        };
        if let Some(last) = text.last_chunk::<BLOCK>() {
            let to = &mut rest[..len];
            for (to, from) in to.as_chunks_mut().0.iter_mut().zip(text.as_chunks::<BLOCK>().0) {
                if IN_STRING && !is_plain_block(from) {
                    return false;
                }
                *to = *from;
            }
            // The last block overlaps the one before it.
            if IN_STRING && !is_plain_block(last) {
                return false;
            }
            if let Some(to) = to.last_chunk_mut() {
                *to = *last;
            }
        } else if let (Some(first), Some(last)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) {
            // Some bytes are asked for twice, which costs nothing.
            if IN_STRING && !is_plain_block(&both(first, last)) {
                return false;
            }
            let to = &mut rest[..len];
            if let Some(to) = to.first_chunk_mut() {
                *to = *first;
            }
            if let Some(to) = to.last_chunk_mut() {
                *to = *last;
            }
        } else {
            let word = short_word(text);
            if IN_STRING && !is_plain_word(word) {
                return false;
            }
            if let Some(to) = rest.first_chunk_mut() {
                *to = word;
            }
        }
        if IN_STRING && let Some(to) = rest.get_mut(len) {
            *to = b'"';
        }
        self.at += len + usize::from(IN_STRING);
        true
    }
}

/// Two words as one block.
#[inline(always)]
fn both(first: &[u8; 8], last: &[u8; 8]) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block[..8].copy_from_slice(first);
    block[8..].copy_from_slice(last);
    block
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The quick ways are the slow one: each byte looked at, each text appended.
        #[test]
        fn a_page_holds_what_was_appended(
            texts in proptest::collection::vec(
                proptest::collection::vec(prop_oneof![40 => b' '..=b'~', 1 => any::<u8>()], 0..70),
                0..40,
            ),
            repeat in 1usize..20,
        ) {
            let texts: Vec<_> = std::iter::repeat_n(texts, repeat).flatten().collect();
            let mut page = Page::default();
            // The second text finds the memory of the first.
            for texts in [&texts[..], &texts[..texts.len() / 2]] {
                let plain = page.write(|pen| {
                    texts.iter().map(|text| {
                        pen.slice(text);
                        pen.byte(b'-');
                        pen.copy(text);
                        pen.block(&[b'='; 24], text.len() % 25);
                        pen.plain_to_quote(text)
                    }).collect::<Vec<_>>()
                });
                let mut expected = Vec::new();
                for (text, plain) in texts.iter().zip(plain) {
                    let is_plain = text.iter().all(|byte| (0x20..0x80).contains(byte) && !b"\"\\".contains(byte));
                    prop_assert_eq!(plain, is_plain);
                    expected.extend_from_slice(text);
                    expected.push(b'-');
                    expected.extend_from_slice(text);
                    expected.extend_from_slice(&vec![b'='; text.len() % 25]);
                    if is_plain {
                        expected.extend_from_slice(text);
                        expected.push(b'"');
                    }
                }
                prop_assert_eq!(page.text(), expected);
            }
        }
    }

    #[test]
    fn a_page_that_grew_far_is_given_back() {
        let mut page = Page::default();
        page.write(|pen| pen.slice(&vec![b'x'; 3 * BYTES_KEPT_MAX]));
        assert_eq!(page.text().len(), 3 * BYTES_KEPT_MAX);
        page.write(|pen| pen.slice(b"small"));
        assert_eq!(page.text(), b"small");
        assert!(page.bytes.len() < BYTES_KEPT_MAX);
    }
}
