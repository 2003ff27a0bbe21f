use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::env::reason;
use super::{Diagnostic, Diagnostics, Place, Surroundings};

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

    /// Reads a file; one that cannot be read, or is not UTF-8, is reported and gives nothing.
    pub fn read(
        path: &Path,
        surroundings: &dyn Surroundings,
        diagnostics: &mut Diagnostics,
    ) -> Option<Arc<SourceFile>> {
        let name = path.display().to_string();
        let bytes = match surroundings.read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                diagnostics.push(
                    Diagnostic::error(format!("cannot read `{name}`: {}", reason(&error)))
                        .help("name the file with `--config`, and let logmill's user read it"),
                );
                return None;
            }
        };
        match String::from_utf8(bytes) {
            Ok(text) => Some(SourceFile::new(name, text)),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let file = SourceFile::new(name, String::from_utf8_lossy(error.as_bytes()));
                diagnostics.push(
                    Diagnostic::error("invalid UTF-8")
                        .at(Place {
                            file: Arc::clone(&file),
                            span: at..at + 1,
                            label: String::new(),
                        })
                        .help("save the file as UTF-8"),
                );
                None
            }
        }
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

    /// One file, whatever its path.
    struct Disk(&'static [u8]);

    impl Surroundings for Disk {
        fn variable(&self, _: &str) -> Option<String> {
            None
        }

        fn read(&self, _: &Path) -> std::io::Result<Vec<u8>> {
            Ok(self.0.to_vec())
        }

        fn current_dir(&self) -> std::io::Result<std::path::PathBuf> {
            Ok("/".into())
        }

        fn cores(&self) -> std::num::NonZeroUsize {
            std::num::NonZeroUsize::MIN
        }
    }

    #[test]
    fn a_file_that_is_no_text_is_shown_where_it_begins_to_be_none() {
        let mut diagnostics = Diagnostics::new();
        let path = Path::new("a.toml");
        assert_eq!(
            SourceFile::read(path, &Disk(b"a = 1\nb = '\xff'\n"), &mut diagnostics),
            None
        );
        let text = diagnostics.render(false);
        assert!(
            text.contains("invalid UTF-8") && text.contains("a.toml:2:6"),
            "{text}"
        );
        let file = SourceFile::read(path, &Disk(b"a = 1"), &mut diagnostics).unwrap();
        assert_eq!((file.name(), file.text()), ("a.toml", "a = 1"));
    }

    #[test]
    fn a_file_that_is_not_there_is_an_error() {
        let mut diagnostics = Diagnostics::new();
        let nowhere = crate::config::env::Staged::default();
        assert_eq!(
            SourceFile::read(Path::new("/etc/x.toml"), &nowhere, &mut diagnostics),
            None
        );
        assert!(
            diagnostics
                .render(false)
                .starts_with("error: cannot read `/etc/x.toml`: no such file")
        );
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
