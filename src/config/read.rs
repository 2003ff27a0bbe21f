use std::path::Path;
use std::sync::Arc;

use super::env::reason;
use super::{Diagnostic, Diagnostics, Place, SourceFile, Surroundings};

impl SourceFile {
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
        SourceFile::of_bytes(name, bytes, diagnostics)
    }

    /// What a file holds; where it is not UTF-8, that is reported and it gives nothing.
    pub fn of_bytes(name: String, bytes: Vec<u8>, diagnostics: &mut Diagnostics) -> Option<Arc<SourceFile>> {
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
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
