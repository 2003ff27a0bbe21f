use std::fmt;

use super::{Place, Spanned};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The program does not start with it.
    Error,
    Warning,
    /// Worth knowing; nothing is wrong.
    Note,
}

/// One thing that is wrong in what the user wrote: lowercase, no full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub severity: Severity,
    /// The thing and the value.
    pub message: String,
    pub place: Option<Place>,
    /// The remedy.
    pub help: Option<String>,
}

impl Diagnostic {
    pub fn error(message: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Error,
            message: message.into(),
            place: None,
            help: None,
        }
    }

    pub fn warning(message: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Warning,
            ..Diagnostic::error(message)
        }
    }

    pub fn note(message: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Note,
            ..Diagnostic::error(message)
        }
    }

    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Points at a whole value.
    pub fn at_value<T>(self, value: &Spanned<T>, label: impl Into<String>) -> Self {
        self.at(value.place(label))
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Everything that is wrong in all files, to be shown at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    all: Vec<Diagnostic>,
}

impl Diagnostics {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one; the same twice counts once.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if !self.all.contains(&diagnostic) {
            self.all.push(diagnostic);
        }
    }

    pub fn extend(&mut self, others: Diagnostics) {
        for diagnostic in others.all {
            self.push(diagnostic);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub fn has_errors(&self) -> bool {
        self.errors() > 0
    }

    /// Whether an error points at this very value.
    pub fn has_error_at<T>(&self, value: &Spanned<T>) -> bool {
        let place = value.place("");
        let is_there = |other: &Place| other.file == place.file && other.span == place.span;
        self.all
            .iter()
            .any(|one| one.severity == Severity::Error && one.place.as_ref().is_some_and(is_there))
    }

    pub fn errors(&self) -> usize {
        self.count(Severity::Error)
    }

    pub fn warnings(&self) -> usize {
        self.count(Severity::Warning)
    }

    fn count(&self, severity: Severity) -> usize {
        self.all.iter().filter(|one| one.severity == severity).count()
    }

    /// In the order in which they are shown: by file and place, those without a place first.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        let mut sorted: Vec<&Diagnostic> = self.all.iter().collect();
        sorted.sort_by_key(|one| {
            one.place
                .as_ref()
                .map(|place| (place.file.name(), place.span.start, place.span.end))
        });
        sorted.into_iter()
    }

    /// What a person reads: each with its line, caret and remedy, then one line that counts errors and warnings.
    /// Empty when there is nothing to say.
    pub fn render(&self, color: bool) -> String {
        super::render::render(self, color)
    }
}

/// The messages in plain text.
impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}

#[cfg(test)]
mod tests {
    use std::ops::Range;
    use std::sync::Arc;

    use super::*;
    use crate::config::SourceFile;

    fn at(file: &Arc<SourceFile>, span: Range<usize>) -> Place {
        Place {
            file: Arc::clone(file),
            span,
            label: "here".to_owned(),
        }
    }

    #[test]
    fn messages_are_sorted_counted_and_said_once() {
        let a = SourceFile::new("a.toml", "x = 1\ny = 2\n");
        let b = SourceFile::new("b.toml", "z = 3\n");
        let mut diagnostics = Diagnostics::new();
        diagnostics.push(Diagnostic::error("third").at(at(&b, 0..1)).help("remove it"));
        diagnostics.push(Diagnostic::warning("second").at(at(&a, 6..7)));
        diagnostics.push(Diagnostic::error("first").at(at(&a, 4..5)));
        diagnostics.push(Diagnostic::error("first").at(at(&a, 4..5)));
        diagnostics.push(Diagnostic::error("without a place"));
        let messages: Vec<&str> = diagnostics.iter().map(|one| one.message.as_str()).collect();
        assert_eq!(messages, ["without a place", "first", "second", "third"]);
        assert_eq!((diagnostics.errors(), diagnostics.warnings()), (3, 1));
        let text = diagnostics.render(false);
        assert!(text.contains("--> b.toml:1:1"), "{text}");
        assert!(text.ends_with("\n3 errors and 1 warning in 2 files\n"), "{text}");
    }

    #[test]
    fn nothing_wrong_says_nothing_and_a_warning_is_no_error() {
        let mut diagnostics = Diagnostics::new();
        assert_eq!(diagnostics.render(true), "");
        diagnostics.push(Diagnostic::warning("loose"));
        assert!(!diagnostics.has_errors());
        assert_eq!(diagnostics.render(false), "warning: loose\n\n1 warning\n");
        assert!(diagnostics.render(true).contains("\x1b["));
    }

    #[test]
    fn a_note_is_shown_and_not_counted() {
        let mut diagnostics = Diagnostics::new();
        diagnostics.push(Diagnostic::note("no file yet"));
        assert_eq!(diagnostics.render(false), "note: no file yet\n\n");
        diagnostics.push(Diagnostic::warning("loose"));
        assert!(diagnostics.render(false).ends_with("\n\n1 warning\n"));
    }

    #[test]
    fn a_place_outside_of_its_file_is_shown_at_its_end() {
        let file = SourceFile::new("a.toml", "ü");
        let mut diagnostics = Diagnostics::new();
        diagnostics.push(Diagnostic::error("far").at(at(&file, 1..900)));
        diagnostics.push(Diagnostic::error("farther").at(at(&file, 800..900)));
        assert_eq!(diagnostics.render(false).matches("--> a.toml:1:").count(), 2);
    }
}
