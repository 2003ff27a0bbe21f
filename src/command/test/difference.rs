//! What is different, in few lines.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::{Map, Value};

use crate::config::count;

/// So many differences of one file are shown; the rest is counted.
const SHOWN: usize = 10;

/// Bytes of a value that are shown.
const VALUE_BYTES: usize = 200;

/// Two lists of events: which fields of which event differ.
pub fn events(expected: &str, found: &str) -> String {
    let mut all = Vec::new();
    let (expected, found): (Vec<_>, Vec<_>) = (expected.lines().collect(), found.lines().collect());
    for (number, (expected, found)) in expected.iter().zip(&found).enumerate() {
        if expected != found {
            fields(number + 1, expected, found, &mut all);
        }
    }
    if expected.len() != found.len() {
        all.push(format!(
            "{} expected, {} found",
            count(expected.len(), "event"),
            found.len()
        ));
    }
    render(&all)
}

fn fields(number: usize, expected: &str, found: &str, all: &mut Vec<String>) {
    let object = |text: &str| -> Map<String, Value> { serde_json::from_str(text).unwrap_or_default() };
    let (expected, found) = (object(expected), object(found));
    let before = all.len();
    let names: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
    for name in names {
        let (a, b) = (expected.get(name), found.get(name));
        if a != b {
            let shown = |value: Option<&Value>| match value {
                Some(value) => cut(&value.to_string()),
                None => "nothing".to_owned(),
            };
            all.push(format!(
                "event {number}: {name}: expected {}, found {}",
                shown(a),
                shown(b)
            ));
        }
    }
    if all.len() == before {
        all.push(format!("event {number}: the same fields in another order"));
    }
}

/// Two texts whose lines are in a fixed order: the lines that only one of them has.
pub fn lines(expected: &str, found: &str) -> String {
    let sets = (
        expected.lines().collect::<BTreeSet<_>>(),
        found.lines().collect::<BTreeSet<_>>(),
    );
    let all: Vec<String> = expected
        .lines()
        .filter(|line| !sets.1.contains(line))
        .map(|line| format!("- {}", cut(line)))
        .chain(
            found
                .lines()
                .filter(|line| !sets.0.contains(line))
                .map(|line| format!("+ {}", cut(line))),
        )
        .collect();
    render(&all)
}

fn render(all: &[String]) -> String {
    let mut text = String::new();
    for line in all.iter().take(SHOWN) {
        let _ = writeln!(text, "    {line}");
    }
    if all.len() > SHOWN {
        let _ = writeln!(text, "    and {} more", all.len() - SHOWN);
    }
    text
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(VALUE_BYTES) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_differ_by_field() {
        let expected = "{\"a\":1,\"b\":2}\n{\"c\":3}\n";
        let found = "{\"a\":1,\"b\":\"2\",\"d\":4}\n";
        assert_eq!(
            events(expected, found),
            "    event 1: b: expected 2, found \"2\"\n    event 1: d: expected nothing, found 4\n    2 events expected, 1 found\n"
        );
    }

    #[test]
    fn many_differences_are_counted() {
        let text: String = (0..20).map(|n| format!("line {n}\n")).collect();
        let shown = lines(&text, "");
        assert_eq!(shown.lines().count(), SHOWN + 1);
        assert!(shown.ends_with("and 10 more\n"));
    }
}
