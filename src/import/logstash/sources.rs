//! The files that Logstash would read as one pipeline.

use std::sync::Arc;

use crate::import::grok::Definitions;
use crate::import::report::At;

/// A file of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// As the user calls it.
    pub name: String,
    pub text: String,
}

/// What reads a folder of Grok's patterns: the texts of its files, or `None` where it is not there.
pub type PatternsDir<'f> = &'f dyn Fn(&str) -> Option<Vec<String>>;

/// Several files as one text, and which line of it is whose.
#[derive(Clone, Debug)]
pub(super) struct Sources {
    /// The line of the whole that each begins with, from 1, in order.
    starts: Vec<(usize, Arc<str>)>,
}

impl Sources {
    /// The files one behind the other, as Logstash reads the files of a folder.
    pub fn join(files: &[Source]) -> (Sources, String) {
        let mut starts = Vec::new();
        let mut whole = String::new();
        let mut line = 1;
        for file in files {
            starts.push((line, Arc::from(file.name.as_str())));
            whole.push_str(&file.text);
            if !file.text.ends_with('\n') {
                whole.push('\n');
            }
            line = 1 + whole.bytes().filter(|byte| *byte == b'\n').count();
        }
        (Sources { starts }, whole)
    }

    /// Where a line of the whole stands.
    pub fn at(&self, line: usize) -> At {
        let next = self.starts.partition_point(|(start, _)| *start <= line);
        match self.starts.get(next.saturating_sub(1)) {
            Some((start, file)) => At {
                file: Arc::clone(file),
                line: line.saturating_sub(*start) + 1,
            },
            None => At {
                file: Arc::from(""),
                line,
            },
        }
    }
}

/// Adds what a file of a patterns folder defines: a name, a blank, an expression; `#` begins a comment.
pub(super) fn define(text: &str, definitions: &mut Definitions) {
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if let Some((name, expression)) = line.split_once(|letter: char| letter.is_ascii_whitespace()) {
            definitions.insert(name.to_owned(), expression.trim_start().to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str, text: &str) -> Source {
        Source {
            name: name.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn lines_of_the_whole_are_lines_of_the_files() {
        let (sources, whole) = Sources::join(&[source("a", "1\n2"), source("b", ""), source("c", "1\n2\n")]);
        assert_eq!(whole, "1\n2\n\n1\n2\n");
        let at = |line| {
            let at = sources.at(line);
            (at.file.to_string(), at.line)
        };
        assert_eq!(at(1), ("a".to_owned(), 1));
        assert_eq!(at(2), ("a".to_owned(), 2));
        assert_eq!(at(4), ("c".to_owned(), 1));
        assert_eq!(at(5), ("c".to_owned(), 2));
        assert_eq!(Sources::join(&[]).0.at(3).line, 3);
    }

    #[test]
    fn a_file_of_patterns() {
        let mut definitions = Definitions::new();
        define(
            "# queue\nQUEUE [0-9A-F]+\n\nORDER\t ord-%{INT}\nALONE\n",
            &mut definitions,
        );
        assert_eq!(definitions.len(), 2);
        assert_eq!(definitions["QUEUE"], "[0-9A-F]+");
        assert_eq!(definitions["ORDER"], "ord-%{INT}");
    }
}
