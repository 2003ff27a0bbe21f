//! Taking typed values out of a [`Table`]: each mistake becomes a diagnostic at its place.

use std::fmt::Display;
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use super::document::{Node, NodeValue, Table};
use super::quantity::{parse_bytes, parse_duration, write_bytes, write_duration};
use super::shape::Holds;
use super::suggestion::{listed, remedy};
use super::{Diagnostic, Diagnostics, Spanned};

impl Table {
    pub(super) fn take_string(
        &mut self,
        key: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Spanned<String>> {
        self.note(key, || Holds::Text);
        let node = self.take(key)?;
        self.string(key, "a string", node, diagnostics)
    }

    /// A string that says something.
    pub(super) fn take_name(
        &mut self,
        key: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Spanned<String>> {
        self.note(key, || Holds::Name);
        let text = self.take_string(key, diagnostics)?;
        if text.trim().is_empty() {
            diagnostics.push(
                Diagnostic::error(format!("`{key}` is empty"))
                    .at_value(&text, "")
                    .help(format!("write a value, or remove `{key}`")),
            );
            return None;
        }
        Some(text)
    }

    /// The path of a file or directory.
    pub(super) fn take_path(
        &mut self,
        key: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Spanned<String>> {
        let path = self.take_name(key, diagnostics)?;
        match begins_at_home(&path) {
            Some(mistake) => {
                diagnostics.push(mistake);
                None
            }
            None => Some(path),
        }
    }

    /// A string, or an array of strings.
    pub(super) fn take_strings(
        &mut self,
        key: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Vec<Spanned<String>> {
        self.note(key, || Holds::Texts);
        match self.take(key) {
            Some(node) => self.strings(key, node, diagnostics),
            None => Vec::new(),
        }
    }

    /// Like [`Table::take_strings`]; one that is there but empty is reported.
    pub(super) fn take_list(
        &mut self,
        key: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Vec<Spanned<String>> {
        let empty = self.entries.iter().find(|entry| {
            entry.name == key && matches!(&entry.node.value, NodeValue::Array(items) if items.is_empty())
        });
        if let Some(entry) = empty {
            diagnostics.push(
                Diagnostic::error(format!("`{key}` is empty"))
                    .at_value(&self.spanned((), entry.node.span.clone()), "needs at least one"),
            );
        }
        self.take_strings(key, diagnostics)
    }

    /// A string that some type can be read from.
    pub(super) fn take_parsed<T: FromStr>(
        &mut self,
        key: &'static str,
        what: &str,
        help: &str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Spanned<T>> {
        let text = self.take_string(key, diagnostics)?;
        match text.value.parse() {
            Ok(value) => Some(text.map(|_| value)),
            Err(_) => {
                diagnostics.push(
                    Diagnostic::error(format!("`{key}` is not {what}"))
                        .at_value(&text, "")
                        .help(help),
                );
                None
            }
        }
    }

    /// A whole number from 1 to `max`.
    pub(super) fn take_count(
        &mut self,
        key: &'static str,
        max: usize,
        diagnostics: &mut Diagnostics,
    ) -> Option<Spanned<NonZeroUsize>> {
        let count = self.take_integer(key, 1..=max, diagnostics)?;
        let number = NonZeroUsize::new(count.value)?;
        Some(count.map(|_| number))
    }

    pub(super) fn take_bool(
        &mut self,
        key: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Spanned<bool>> {
        self.note(key, || Holds::Bool);
        let node = self.take(key)?;
        match node.value {
            NodeValue::Bool(value) => Some(self.spanned(value, node.span)),
            _ => self.wrong_type(key, "`true` or `false`", &node, diagnostics),
        }
    }

    /// A whole number within `range`.
    pub(super) fn take_integer<T>(
        &mut self,
        key: &'static str,
        range: RangeInclusive<T>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Spanned<T>>
    where
        T: TryFrom<i128> + PartialOrd + Display,
    {
        self.note(key, || {
            Holds::Integer(range.start().to_string(), range.end().to_string())
        });
        let node = self.take(key)?;
        let NodeValue::Integer(number) = node.value else {
            return self.wrong_type(key, "an integer", &node, diagnostics);
        };
        let value = T::try_from(number).ok();
        self.within(key, value, range, T::to_string, node, diagnostics)
    }

    /// A number of bytes within `range`: `"64MiB"`, `"5MB"` or a plain number.
    pub(super) fn take_bytes(
        &mut self,
        key: &'static str,
        range: RangeInclusive<u64>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Spanned<u64>> {
        self.note(key, || Holds::Bytes(*range.start(), *range.end()));
        let node = self.take(key)?;
        let bytes = match &node.value {
            NodeValue::Integer(number) => u64::try_from(*number).ok(),
            NodeValue::Text(text) => match parse_bytes(text) {
                Some(bytes) => Some(bytes),
                None => {
                    let help = "write a whole number with one of the units B, kB, KiB, MB, MiB, GB, GiB, such as \"64MiB\"";
                    return self.wrong_value(key, "a size", node, help, diagnostics);
                }
            },
            _ => return self.wrong_type(key, "a size such as \"64MiB\"", &node, diagnostics),
        };
        self.within(key, bytes, range, |&bytes| write_bytes(bytes), node, diagnostics)
    }

    /// A duration within `range`: `"30s"`, `"200ms"`, `"5m"`.
    pub(super) fn take_duration(
        &mut self,
        key: &'static str,
        range: RangeInclusive<Duration>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Spanned<Duration>> {
        self.note(key, || Holds::Duration);
        let node = self.take(key)?;
        let NodeValue::Text(text) = &node.value else {
            return self.wrong_type(key, "a duration such as \"30s\"", &node, diagnostics);
        };
        let Some(duration) = parse_duration(text) else {
            let help = "write a whole number with one of the units ms, s, m, h, d, such as \"30s\"";
            return self.wrong_value(key, "a duration", node, help, diagnostics);
        };
        self.within(
            key,
            Some(duration),
            range,
            |&duration| write_duration(duration),
            node,
            diagnostics,
        )
    }

    /// One of a few words.
    pub(super) fn take_choice<T: Copy>(
        &mut self,
        key: &'static str,
        choices: &[(&str, T)],
        diagnostics: &mut Diagnostics,
    ) -> Option<Spanned<T>> {
        self.note(key, || {
            Holds::Choice(words(choices).into_iter().map(str::to_owned).collect())
        });
        let node = self.take(key)?;
        let word = self.string(
            key,
            &format!("one of {}", listed(&words(choices))),
            node,
            diagnostics,
        )?;
        choose(key, word, choices, diagnostics)
    }

    /// One of the words of `choices`, or an array of them.
    pub(super) fn take_choices<T: Copy>(
        &mut self,
        key: &'static str,
        choices: &[(&str, T)],
        diagnostics: &mut Diagnostics,
    ) -> Vec<Spanned<T>> {
        let words = self.take_list(key, diagnostics).into_iter();
        words
            .filter_map(|word| choose(key, word, choices, diagnostics))
            .collect()
    }

    /// A finite number, whole or not.
    pub(super) fn take_float(
        &mut self,
        key: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Spanned<f64>> {
        self.note(key, || Holds::Float);
        let node = self.take(key)?;
        let number = match node.value {
            NodeValue::Float(number) if number.is_finite() => number,
            NodeValue::Integer(number) => number as f64,
            _ => return self.wrong_type(key, "a number", &node, diagnostics),
        };
        Some(self.spanned(number, node.span))
    }

    /// Numbers, whole or not.
    pub(super) fn take_floats(
        &mut self,
        key: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Spanned<Vec<f64>>> {
        self.note(key, || Holds::Floats);
        let node = self.take(key)?;
        let NodeValue::Array(items) = node.value else {
            return self.wrong_type(key, "an array of numbers", &node, diagnostics);
        };
        let mut numbers = Vec::with_capacity(items.len());
        for item in items {
            match item.value {
                NodeValue::Float(number) => numbers.push(number),
                NodeValue::Integer(number) => numbers.push(number as f64),
                _ => return self.wrong_type(key, "a number", &item, diagnostics),
            }
        }
        Some(self.spanned(numbers, node.span))
    }

    pub(super) fn take(&mut self, key: &'static str) -> Option<Node> {
        self.known.push(key);
        let at = self.entries.iter().position(|entry| entry.name == key)?;
        Some(self.entries.remove(at).node)
    }
}

/// What to say of a path that begins like a shell's short form of a home directory.
pub(super) fn begins_at_home(path: &Spanned<String>) -> Option<Diagnostic> {
    let first = path.split('/').next().filter(|first| first.starts_with('~'))?;
    let error = Diagnostic::error(format!("`{first}` stands for a home directory in a shell only"));
    Some(error.at_value(path, "").help(format!(
        "write the directory itself, such as \"/home/NAME/…\" or \"${{HOME}}/…\"; \"./{first}\" is what is called so"
    )))
}

fn words<'c, T>(choices: &[(&'c str, T)]) -> Vec<&'c str> {
    choices.iter().map(|(word, _)| *word).collect()
}

/// What `word` stands for; reported when it is none of the choices.
fn choose<T: Copy>(
    key: &str,
    word: Spanned<String>,
    choices: &[(&str, T)],
    diagnostics: &mut Diagnostics,
) -> Option<Spanned<T>> {
    if let Some(&(_, value)) = choices.iter().find(|(choice, _)| *choice == word.value) {
        return Some(word.map(|_| value));
    }
    diagnostics.push(
        Diagnostic::error(format!("unknown value `{}` for `{key}`", word.value))
            .at_value(&word, "")
            .help(remedy(&word.value, &words(choices), "known values")),
    );
    None
}
