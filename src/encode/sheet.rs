//! Documents written one behind the other, straight into the body that leaves. The memory behind the last of them is
//! made ready once and stays so from body to body, so that nothing is made per document.

use super::page::Pen;

/// So much memory is made ready at a time, in bytes. A body has grown beyond its limit by no more than this.
pub const SHEET_BYTES: usize = 16 << 10;

/// The end of a body, being written on.
#[derive(Debug)]
pub struct Sheet<'b> {
    body: &'b mut Vec<u8>,
    /// How many bytes of the body are text.
    end: usize,
    /// In bytes.
    limit: usize,
}

impl<'b> Sheet<'b> {
    /// Goes on behind the first `end` bytes of the body, until they are `limit`.
    pub fn of(body: &'b mut Vec<u8>, end: usize, limit: usize) -> Self {
        Sheet { body, end, limit }
    }

    /// How many bytes the body's text has.
    pub fn end(&self) -> usize {
        self.end
    }

    /// Appends what `write` writes. `None` where it would take the body over its limit, unless it is the first: then
    /// nothing is appended. Where it does not fit into the memory that is there, `write` is called again with more, so
    /// it must say the same each time.
    #[inline]
    pub fn append<T>(&mut self, mut write: impl FnMut(&mut Pen<'_>) -> T) -> Option<T> {
        loop {
            let mut pen = Pen::on(self.body.get_mut(self.end..).unwrap_or_default());
            let result = write(&mut pen);
            if let Some(written) = pen.written() {
                let end = self.end + written;
                if end > self.limit && self.end > 0 {
                    return None;
                }
                self.end = end;
                return Some(result);
            }
            if !self.grow() {
                return None;
            }
        }
    }

    /// Makes more memory; false where what does not fit is too much for the body in any case.
    #[cold]
    fn grow(&mut self) -> bool {
        let len = self.body.len();
        if self.end > 0 && len > self.limit {
            return false;
        }
        // Twice as much for a text that has not even fitted into what was there for it alone.
        self.body.resize(len + SHEET_BYTES.max(len - self.end), 0);
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever the texts' lengths: the body holds those that were taken, and is full where it says so.
        #[test]
        fn a_body_holds_what_was_appended(
            lengths in prop::collection::vec(prop_oneof![9 => 0usize..2000, 1 => 0usize..60_000], 1..40),
            limit in 1usize..80_000,
        ) {
            let mut body = Vec::new();
            let mut expected = Vec::new();
            for group in lengths.chunks(4) {
                let mut sheet = Sheet::of(&mut body, expected.len(), limit);
                for &length in group {
                    let text = vec![b'x'; length];
                    let fits = expected.is_empty() || expected.len() + length <= limit;
                    prop_assert_eq!(sheet.append(|pen| pen.slice(&text)).is_some(), fits);
                    if fits {
                        expected.extend_from_slice(&text);
                    }
                    prop_assert_eq!(sheet.end(), expected.len());
                }
                prop_assert_eq!(&body[..expected.len()], &expected);
            }
        }
    }

    #[test]
    fn a_full_body_has_not_grown_far() {
        let limit = 100_000;
        let mut body = Vec::with_capacity(limit + SHEET_BYTES);
        let memory = body.as_ptr();
        let text = [b'x'; 777];
        let mut sheet = Sheet::of(&mut body, 0, limit);
        while sheet.append(|pen| pen.slice(&text)).is_some() {}
        // A large one does not fit either.
        assert_eq!(sheet.append(|pen| pen.slice(&[b'x'; 70_000])), None);
        assert_eq!(sheet.end(), limit / 777 * 777);
        assert_eq!(body.as_ptr(), memory);
    }
}
