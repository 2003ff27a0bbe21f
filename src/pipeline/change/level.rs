//! One set of words for levels, whatever the log calls them.

use crate::config::LevelNumbers;
use crate::event::{FieldId, Fields, Value};

/// `[level]`, compiled.
#[derive(Debug)]
pub(super) struct Level {
    pub from: FieldId,
    pub to: FieldId,
    pub numbers: LevelNumbers,
}

/// The words, and what loggers call them, in lower case: log4j, logback, java.util.logging, .NET, Serilog, Python,
/// syslog, PostgreSQL, glog and the usual letters.
const WORDS: [(&[u8], &[&str]); 9] = [
    (
        b"trace",
        &[
            "trace", "trc", "trce", "verbose", "vrb", "finest", "finer", "all", "t", "v",
        ],
    ),
    (
        b"debug",
        &[
            "debug", "dbg", "dbug", "fine", "config", "debug1", "debug2", "debug3", "debug4", "debug5", "d",
        ],
    ),
    (
        b"info",
        &[
            "info",
            "inf",
            "information",
            "informational",
            "log",
            "statement",
            "detail",
            "hint",
            "i",
        ],
    ),
    (b"notice", &["notice", "note", "n"]),
    (b"warn", &["warn", "warning", "wrn", "w"]),
    (
        b"error",
        &["error", "err", "eror", "fail", "failure", "severe", "e"],
    ),
    (b"critical", &["critical", "crit", "c"]),
    (b"fatal", &["fatal", "ftl", "panic", "f"]),
    (b"emergency", &["emergency", "emerg", "alert"]),
];

impl Level {
    /// A level that is none of the known ones stays as it is.
    pub fn apply(&self, fields: &mut Fields<'_>) {
        let word = match fields.get(self.from) {
            Value::Text(text) | Value::Json([b'"', text @ .., b'"']) => word(text),
            Value::Int(number) => self.of_number(number),
            _ => None,
        };
        match word {
            Some(word) => fields.set(self.to, Value::Text(word)),
            None if self.from != self.to => fields.set(self.to, fields.get(self.from)),
            None => {}
        }
    }

    fn of_number(&self, number: i64) -> Option<&'static [u8]> {
        Some(match (self.numbers, number) {
            (LevelNumbers::Syslog, 0 | 1) => b"emergency",
            (LevelNumbers::Syslog, 2) => b"critical",
            (LevelNumbers::Syslog, 3) => b"error",
            (LevelNumbers::Syslog, 4) => b"warn",
            (LevelNumbers::Syslog, 5) => b"notice",
            (LevelNumbers::Syslog, 6) => b"info",
            (LevelNumbers::Syslog, 7) => b"debug",
            (LevelNumbers::Bunyan, 1..=10) => b"trace",
            (LevelNumbers::Bunyan, 11..=20) | (LevelNumbers::Python, 1..=10) => b"debug",
            (LevelNumbers::Bunyan, 21..=30) | (LevelNumbers::Python, 11..=20) => b"info",
            (LevelNumbers::Bunyan, 31..=40) | (LevelNumbers::Python, 21..=30) => b"warn",
            (LevelNumbers::Bunyan, 41..=50) | (LevelNumbers::Python, 31..=40) => b"error",
            (LevelNumbers::Bunyan, 51..=60) => b"fatal",
            (LevelNumbers::Python, 41..=50) => b"critical",
            _ => return None,
        })
    }
}

/// The word for what a logger wrote.
fn word(text: &[u8]) -> Option<&'static [u8]> {
    let text = text.trim_ascii();
    let is = |name: &&str| text.eq_ignore_ascii_case(name.as_bytes());
    let found = WORDS.iter().find(|(_, names)| names.iter().any(is));
    found.map(|(word, _)| *word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Schema;

    fn normal(value: Value<'_>, numbers: LevelNumbers) -> String {
        let mut schema = Schema::default();
        let (from, to) = (schema.intern("severity"), schema.intern("log.level"));
        let mut fields = Fields::new(2);
        fields.set(from, value);
        Level { from, to, numbers }.apply(&mut fields);
        match fields.get(to) {
            Value::Text(text) => String::from_utf8_lossy(text).into_owned(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn every_logger_has_the_same_words() {
        for (written, expected) in [
            ("WARNING", "warn"),
            ("Information", "info"),
            ("dbug", "debug"),
            ("SEVERE", "error"),
            ("E", "error"),
            (" ERROR ", "error"),
            ("audit", "audit"),
        ] {
            assert_eq!(
                normal(Value::Text(written.as_bytes()), LevelNumbers::Syslog),
                expected
            );
        }
        assert_eq!(normal(Value::Json(b"\"Warn\""), LevelNumbers::Syslog), "warn");
        assert_eq!(normal(Value::Int(3), LevelNumbers::Syslog), "error");
        assert_eq!(normal(Value::Int(30), LevelNumbers::Bunyan), "info");
        assert_eq!(normal(Value::Int(30), LevelNumbers::Python), "warn");
        assert_eq!(normal(Value::Int(99), LevelNumbers::Python), "Int(99)");
        assert_eq!(normal(Value::Absent, LevelNumbers::Python), "Absent");
    }
}
