use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// One file that a user wrote: its name in messages and its text.
///
/// Shared by everything that was read from it, so that a message about a value can show the line that it stands
/// in long after the file was read. Offsets are bytes from the start of the text.
#[derive(PartialEq, Eq)]
pub struct SourceFile {
    name: String,
    text: String,
}

impl SourceFile {
    /// `name` is what messages call it: a path, or for what is no file a word such as `command line`.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<SourceFile> {
        Arc::new(SourceFile {
            name: name.into(),
            text: text.into(),
        })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of a byte, both from 1; the column counts characters.
    pub fn line_column(&self, at: usize) -> (usize, usize) {
        let before = &self.text[..floor(&self.text, at)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
        (line, before[line_start..].chars().count() + 1)
    }

    /// `span` held inside the text and moved outwards to whole characters.
    pub(super) fn clamp(&self, span: &Range<usize>) -> Range<usize> {
        let start = floor(&self.text, span.start);
        let mut end = span.end.clamp(start, self.text.len().max(start));
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        start..end
    }
}

/// The last character boundary at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The name only: the text may hold a password.
impl fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SourceFile").field(&self.name).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let file = SourceFile::new("a.toml", "a = 1\nü = \"ß\"\n");
        assert_eq!(file.line_column(0), (1, 1));
        assert_eq!(file.line_column(4), (1, 5));
        assert_eq!(file.line_column(6), (2, 1));
        assert_eq!(file.line_column(8), (2, 2));
        assert_eq!(
            file.line_column(7),
            (2, 1),
            "inside a character counts as its start"
        );
        assert_eq!(file.line_column(1_000), (3, 1), "past the end counts as the end");
    }

    proptest! {
        #[test]
        fn a_clamped_span_can_be_cut_out(text in "\\PC{0,12}", start in 0usize..30, end in 0usize..30) {
            let file = SourceFile::new("a", text.clone());
            let span = file.clamp(&(start..end));
            prop_assert!(text.get(span.clone()).is_some());
            prop_assert!(span.start <= start.min(text.len()));
            if start <= end {
                prop_assert!(span.end >= end.min(text.len()));
            }
        }
    }
}
