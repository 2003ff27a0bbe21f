use std::ops::Range;

use super::date;
use crate::format::host::FormatError;

/// Every conversion word, and the shortest that means the same. `ex` stands for all that write the stack trace, `clr` for
/// all that change a text inside them or write nothing.
const WORDS: [(&str, &str); 102] = [
    ("d", "d"),
    ("date", "d"),
    ("ms", "d"),
    ("micros", "d"),
    ("p", "p"),
    ("le", "p"),
    ("level", "p"),
    ("t", "t"),
    ("tn", "t"),
    ("thread", "t"),
    ("threadName", "t"),
    ("c", "c"),
    ("lo", "c"),
    ("logger", "c"),
    ("C", "C"),
    ("class", "C"),
    ("M", "M"),
    ("method", "M"),
    ("L", "L"),
    ("line", "L"),
    ("F", "F"),
    ("file", "F"),
    ("l", "l"),
    ("location", "l"),
    ("caller", "l"),
    ("m", "m"),
    ("msg", "m"),
    ("message", "m"),
    ("s", "m"),
    ("n", "n"),
    ("X", "X"),
    ("mdc", "X"),
    ("MDC", "X"),
    ("K", "K"),
    ("map", "X"),
    ("MAP", "X"),
    ("x", "x"),
    ("NDC", "x"),
    ("kvp", "kvp"),
    ("marker", "marker"),
    ("markerSimpleName", "marker"),
    ("r", "r"),
    ("relative", "r"),
    ("nano", "r"),
    // The process in JBoss, nanoseconds in Log4j 2.
    ("N", "property"),
    ("sn", "sn"),
    ("sequenceNumber", "sn"),
    ("pid", "pid"),
    ("processId", "pid"),
    ("T", "T"),
    ("tid", "T"),
    ("threadId", "T"),
    ("tp", "r"),
    ("threadPriority", "r"),
    ("fqcn", "property"),
    ("u", "u"),
    ("uuid", "u"),
    ("hostName", "hostname"),
    ("hostname", "hostname"),
    ("property", "property"),
    ("contextName", "property"),
    ("cn", "property"),
    // Spring Boot: a name in brackets with a blank behind, or nothing.
    ("applicationName", "boxed"),
    ("applicationGroup", "boxed"),
    ("esb", "boxed"),
    ("ex", "ex"),
    ("e", "ex"),
    ("exception", "ex"),
    ("throwable", "ex"),
    ("xEx", "ex"),
    ("xException", "ex"),
    ("xThrowable", "ex"),
    ("rEx", "ex"),
    ("rException", "ex"),
    ("rThrowable", "ex"),
    ("rootException", "ex"),
    ("nopex", "ex"),
    ("nopexception", "ex"),
    ("wEx", "ex"),
    ("wex", "ex"),
    ("xwEx", "ex"),
    ("xwex", "ex"),
    ("clr", "clr"),
    ("highlight", "clr"),
    ("style", "clr"),
    ("replace", "clr"),
    ("maxLen", "clr"),
    ("maxLength", "clr"),
    ("notEmpty", "clr"),
    ("varsNotEmpty", "clr"),
    ("enc", "clr"),
    ("encode", "clr"),
    ("equals", "clr"),
    ("black", "clr"),
    ("red", "clr"),
    ("green", "clr"),
    ("yellow", "clr"),
    ("blue", "clr"),
    ("magenta", "clr"),
    ("cyan", "clr"),
    ("white", "clr"),
    ("gray", "clr"),
];

/// Those of JBoss and Quarkus that no other logger has. They are single letters: `%host` is none of them.
const JBOSS: [(&str, &str); 6] = [
    ("E", "ex"),
    ("P", "p"),
    ("h", "hostname"),
    ("H", "hostname"),
    ("i", "pid"),
    // Sets the zone and writes nothing.
    ("z", "clr"),
];

/// Logback's bold colours begin so.
const BOLD: &str = "bold";

/// The longest word that `letters` begins with, by its shortest name, and its length.
pub(super) fn longest(letters: &str) -> Option<(&'static str, usize)> {
    let bold = letters
        .strip_prefix(BOLD)
        .map(|colour| colour.to_ascii_lowercase());
    if let Some(colour) = bold
        && let Some(("clr", length)) = longest(&colour)
    {
        return Some(("clr", BOLD.len() + length));
    }
    if let Some((_, short)) = JBOSS.iter().find(|(word, _)| *word == letters) {
        return Some((short, 1));
    }
    WORDS
        .iter()
        .filter(|(word, _)| letters.starts_with(word))
        .max_by_key(|(word, _)| word.len())
        .map(|(word, short)| (*short, word.len()))
}

/// Whether what stands in parentheses or braces behind the word is a layout of its own.
pub(super) fn is_group(name: &str) -> bool {
    name == "clr"
}

/// Whether nothing stands where the value is not known, which is so for the contexts.
pub(super) fn may_be_nothing(name: &str) -> bool {
    matches!(name, "X" | "K" | "x" | "kvp" | "marker" | "property")
}

/// Where a word's value goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub field: String,
    pub kind: Option<&'static str>,
    /// Nothing may stand there.
    pub optional: bool,
}

/// Names that ECS lacks are the loggers' own.
pub(super) fn target(name: &str, option: Option<&str>, at: &Range<usize>) -> Result<Target, FormatError> {
    let (field, kind, optional) = match name {
        "d" => (
            "@timestamp",
            Some(date::kind(option.unwrap_or_default(), at)?),
            false,
        ),
        "p" => ("log.level", Some("level"), false),
        "t" => ("process.thread.name", None, true),
        "c" => ("log.logger", None, true),
        // Where the logger does not look for the place in the code, Log4j 2 writes nothing.
        "C" => ("log.origin.class", None, true),
        "M" => ("log.origin.function", None, true),
        "L" => ("log.origin.file.line", Some("int"), false),
        "F" => ("log.origin.file.name", None, true),
        "l" => ("log.origin.location", None, true),
        "m" => ("message", None, false),
        "X" | "K" => return Ok(of_context(option)),
        "x" => ("log.ndc", None, true),
        "kvp" => ("log.key_values", None, true),
        "marker" => ("log.marker", None, true),
        "sn" => ("event.sequence", Some("int"), false),
        "pid" => ("process.pid", Some("int"), true),
        "T" => ("process.thread.id", Some("int"), false),
        "u" => ("event.id", None, false),
        "app" | "boxed" => ("service.name", None, true),
        "hostname" => ("host.hostname", None, true),
        "r" => ("_", Some("int"), false),
        _ => ("_", None, true),
    };
    Ok(Target {
        field: field.to_owned(),
        kind,
        optional,
    })
}

/// Whether a variable of the configuration holds the name of the application, as Spring Boot's users call it.
pub(super) fn is_application(variable: &str) -> bool {
    let name: String = variable
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    name.ends_with("applicationname") || name.ends_with("appname") || name == "servicename"
}

/// A value of the diagnostic context, or all of it.
fn of_context(option: Option<&str>) -> Target {
    let key = option.map(|option| option.split(":-").next().unwrap_or_default());
    let field = match key.map(str::trim) {
        None | Some("") => "log.context".to_owned(),
        Some("traceId" | "trace_id" | "trace.id" | "X-B3-TraceId" | "dd.trace_id") => "trace.id".to_owned(),
        Some("spanId" | "span_id" | "span.id" | "X-B3-SpanId" | "dd.span_id") => "span.id".to_owned(),
        // A pattern's names have few letters.
        Some(key) => {
            let known = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-');
            format!("labels.{}", key.replace(|letter| !known(letter), "_"))
        }
    };
    Target {
        field,
        kind: None,
        optional: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_word_counts() {
        for (letters, expected) in [
            ("msg", Some(("m", 3))),
            ("m", Some(("m", 1))),
            ("mx", Some(("m", 1))),
            ("levelX", Some(("p", 5))),
            ("boldRed", Some(("clr", 7))),
            ("wEx", Some(("ex", 3))),
            ("h", Some(("hostname", 1))),
            ("host", None),
            ("hostName", Some(("hostname", 8))),
            ("Q", None),
            ("", None),
        ] {
            assert_eq!(longest(letters), expected, "{letters}");
        }
    }

    #[test]
    fn every_word_is_there_once() {
        for (at, (word, short)) in WORDS.iter().enumerate() {
            let mut others = WORDS[at + 1..].iter().chain(&JBOSS);
            assert!(others.all(|(other, _)| other != word), "{word}");
            assert!(target(short, None, &(0..0)).is_ok(), "{short}");
        }
    }
}
