use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

use super::{Place, SourceFile};

/// A value and where it was written.
///
/// Two are equal when their values are: moving a line in a file changes nothing.
#[derive(Clone)]
pub struct Spanned<T> {
    pub value: T,
    /// The value as written, quotes included.
    pub span: Range<usize>,
    pub file: Arc<SourceFile>,
}

impl<T> Spanned<T> {
    pub fn new(value: T, span: Range<usize>, file: Arc<SourceFile>) -> Self {
        Spanned { value, span, file }
    }

    /// Another value at the same place.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned {
            value: f(self.value),
            span: self.span,
            file: self.file,
        }
    }

    pub fn as_ref(&self) -> Spanned<&T> {
        Spanned {
            value: &self.value,
            span: self.span.clone(),
            file: Arc::clone(&self.file),
        }
    }

    /// The whole value, for a diagnostic.
    pub fn place(&self, label: impl Into<String>) -> Place {
        Place {
            file: Arc::clone(&self.file),
            span: self.span.clone(),
            label: label.into(),
        }
    }
}

impl<T: AsRef<str>> Spanned<T> {
    /// The bytes `inner` of a string value, for a diagnostic: a mistake within a pattern.
    ///
    /// Exact when the string stands in the file as it is, as every literal string (`'…'`, `'''…'''`) does; the
    /// whole value when escapes or `${…}` came between.
    pub fn place_within(&self, inner: Range<usize>, label: impl Into<String>) -> Place {
        Place {
            file: Arc::clone(&self.file),
            span: self.span_within(inner),
            label: label.into(),
        }
    }

    /// Like [`Spanned::place_within`]: the bytes of the file only.
    pub fn span_within(&self, inner: Range<usize>) -> Range<usize> {
        let value = self.value.as_ref();
        let Some(content) = self.file.text().get(self.span.clone()).and_then(content_of) else {
            return self.span.clone();
        };
        let written = &self.file.text()[self.span.start + content.start..self.span.start + content.end];
        if written != value {
            return self.span.clone();
        }
        let from = self.span.start + content.start;
        let end = inner.end.min(value.len());
        let start = inner.start.min(end);
        from + start..from + end
    }
}

/// What stands between the quotes of a TOML string; the whole of what has no quotes (a command-line argument).
/// A line end directly after three opening quotes is not part of the value (TOML 1.0, "String").
fn content_of(raw: &str) -> Option<Range<usize>> {
    for quotes in ["'''", "\"\"\""] {
        if let Some(rest) = raw.strip_prefix(quotes) {
            let newline = if rest.starts_with("\r\n") {
                2
            } else {
                usize::from(rest.starts_with('\n'))
            };
            let inner = rest.strip_suffix(quotes)?;
            return Some(3 + newline.min(inner.len())..3 + inner.len());
        }
    }
    for quote in ['\'', '"'] {
        if let Some(rest) = raw.strip_prefix(quote) {
            return Some(1..1 + rest.strip_suffix(quote)?.len());
        }
    }
    Some(0..raw.len())
}

impl<T> Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Spanned<T> {}

impl<T: fmt::Debug> fmt::Debug for Spanned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Diagnostics;
    use crate::config::document::Table;
    use proptest::prelude::*;

    /// The value of `key = RAW`, and the file's text.
    fn read(raw: &str) -> (Spanned<String>, String) {
        let text = format!("# ü\nkey = {raw}\n");
        let mut diagnostics = Diagnostics::new();
        let mut table = Table::parse(&SourceFile::new("a.toml", text.clone()), &mut diagnostics);
        let value = table.take_string("key", &mut diagnostics);
        assert_eq!(diagnostics.render(false), "");
        (value.unwrap(), text)
    }

    #[test]
    fn a_place_within_a_string_is_exact_where_the_string_stands_as_it_is() {
        let exact = [
            "'a{b}ü'",
            "'''\na{b}ü'''",
            "'''\r\na{b}ü'''",
            "'''a{b}ü\n'''",
            "\"a{b}ü\"",
            "\"\"\"\na{b}ü\"\"\"",
        ];
        for raw in exact {
            let (value, text) = read(raw);
            assert_eq!(&text[value.span_within(1..4)], "{b}", "{raw}");
            assert_eq!(&text[value.span_within(4..6)], "ü", "{raw}");
        }
        let (value, text) = read(r#""\ta{b}""#);
        assert_eq!(
            &text[value.span_within(2..5)],
            r#""\ta{b}""#,
            "escapes: the whole value"
        );
        let other = value.map(|_| "changed".to_owned());
        assert_eq!(
            &text[other.span_within(0..1)],
            r#""\ta{b}""#,
            "put in: the whole value"
        );
    }

    #[test]
    fn two_are_equal_when_their_values_are() {
        assert_eq!(read("'a'").0, read("\"a\"").0);
        assert_ne!(read("'a'").0, read("'b'").0);
        assert_eq!(format!("{:?}", read("'a'").0), "\"a\"");
    }

    proptest! {
        #[test]
        fn every_range_of_a_literal_string_is_exact(
            value in "[a-z{}\"\\\\ü ]{1,12}",
            lines: bool,
            start in 0usize..24,
            len in 0usize..12,
        ) {
            let raw = match lines {
                true => format!("'''\n{value}\n{value}'''"),
                false => format!("'{value}'"),
            };
            let (read, text) = read(&raw);
            let range = start..start + len;
            if let Some(part) = read.value.get(range.clone()) {
                prop_assert_eq!(&text[read.span_within(range)], part);
            }
        }
    }
}
