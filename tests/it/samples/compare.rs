//! Whether an event has the fields expected of it.
//!
//! Only listed fields count. `_alt` lists other values that are as good, `_absent` fields that must not be there,
//! `_ambiguous` and `_optional` fields that the log does not decide, `_digest` values too long to be listed.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value};

type Object = Map<String, Value>;

#[derive(Debug, Default)]
pub struct Tally {
    /// Expected.
    pub events: usize,
    /// Compared.
    pub fields: usize,
    pub wrong: Vec<String>,
}

/// Pairs the events in order.
pub fn compare(expected: &[Object], found: &[Object]) -> Tally {
    let mut tally = Tally {
        events: expected.len(),
        ..Tally::default()
    };
    if expected.len() != found.len() {
        tally.wrong.push(format!(
            "{} events expected, {} found",
            expected.len(),
            found.len()
        ));
    }
    for (number, (expected, found)) in expected.iter().zip(found).enumerate() {
        let before = tally.wrong.len();
        event(expected, found, &mut tally);
        for wrong in &mut tally.wrong[before..] {
            *wrong = format!("event {}: {wrong}", number + 1);
        }
    }
    tally
}

fn event(expected: &Object, found: &Object, tally: &mut Tally) {
    let found = flat(found);
    let undecided: BTreeSet<&str> = ["_ambiguous", "_optional"]
        .into_iter()
        .filter_map(|key| expected.get(key)?.as_array())
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for (name, value) in expected {
        if name.starts_with('_') || undecided.contains(name.as_str()) {
            continue;
        }
        tally.fields += 1;
        let others = expected
            .get("_alt")
            .and_then(|alt| alt.get(name)?.as_array())
            .into_iter()
            .flatten();
        let good = std::iter::once(value)
            .chain(others)
            .any(|value| same(name, value, found.get(name)));
        if !good && !told_together(name, value, expected, &found) {
            let shown = found.get(name).map_or("nothing".to_owned(), cut);
            tally
                .wrong
                .push(format!("{name}: expected {}, found {shown}", cut(value)));
        }
    }
    for (name, digest) in objects(expected.get("_digest")) {
        tally.fields += 1;
        if !found
            .get(name)
            .is_some_and(|value| digested(digest, value, &found))
        {
            tally.wrong.push(format!("{name}: not the long text expected"));
        }
    }
    for name in expected
        .get("_absent")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        tally.fields += 1;
        if found.get(name).is_some_and(|value| !is_nothing(value)) {
            tally.wrong.push(format!("{name}: expected nothing"));
        }
    }
}

fn objects(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

/// Nested objects as dotted names, the objects themselves beside them.
fn flat(object: &Object) -> Object {
    fn add(object: &Object, prefix: &str, out: &mut Object) {
        for (name, value) in object {
            let name = format!("{prefix}{name}");
            if let Value::Object(inner) = value {
                add(inner, &format!("{name}."), out);
            }
            out.insert(name, value.clone());
        }
    }
    let mut out = Object::new();
    add(object, "", &mut out);
    out
}

fn same(name: &str, expected: &Value, found: Option<&Value>) -> bool {
    let Some(found) = found else {
        return expected.is_null();
    };
    match (name, expected, found) {
        ("@timestamp", Value::String(expected), Value::String(found)) => same_instant(expected, found),
        ("log.level", Value::String(expected), Value::String(found)) => {
            expected.to_lowercase() == found.to_lowercase()
        }
        (_, Value::String(expected), Value::String(found)) => expected.trim_end() == found.trim_end(),
        (_, Value::Number(expected), Value::Number(found)) => {
            let (expected, found) = (expected.as_f64().unwrap(), found.as_f64().unwrap());
            (expected - found).abs() < 1e-6 * expected.abs().max(1.0)
        }
        _ => expected == found,
    }
}

/// The same instant, with the digits of the fraction that the log has; trailing zeros do not count, and a fraction
/// may be cut at three digits or more.
fn same_instant(expected: &str, found: &str) -> bool {
    if expected == found {
        return true;
    }
    let parts = |text: &str| -> Option<(i64, String)> {
        let instant: Timestamp = text.parse().ok()?;
        let fraction = text.split_once('.').map_or("", |(_, rest)| rest);
        let digits = fraction.trim_end_matches(|c: char| !c.is_ascii_digit());
        let digits = digits.split(['+', '-']).next().unwrap_or_default();
        Some((instant.as_second(), digits.trim_end_matches('0').to_owned()))
    };
    let (Some(expected), Some(found)) = (parts(expected), parts(found)) else {
        return false;
    };
    expected.0 == found.0
        && (expected.1 == found.1 || (found.1.len() >= 3 && expected.1.starts_with(&found.1)))
}

/// A message and its stack trace may also stand in `message` together; an empty message may be absent.
fn told_together(name: &str, value: &Value, expected: &Object, found: &Object) -> bool {
    let value = value.as_str().unwrap_or_default();
    let message = found.get("message").and_then(Value::as_str);
    match name {
        "message" => {
            let trace = expected.get("error.stack_trace").and_then(Value::as_str);
            (value.is_empty() && message.is_none_or(str::is_empty))
                || trace.is_some_and(|trace| {
                    message
                        .is_some_and(|message| message.trim_end() == format!("{value}\n{trace}").trim_end())
                })
        }
        "error.stack_trace" => {
            !found.contains_key(name) && message.is_some_and(|message| message.contains(value.trim_end()))
        }
        _ => false,
    }
}

/// A long value is told by its length and its beginning. One that was cut at a limit says so in its tags, and is
/// then all beginning.
fn digested(digest: &Value, value: &Value, event: &Object) -> bool {
    let (Some(value), Some(prefix)) = (value.as_str(), digest["prefix"].as_str()) else {
        return false;
    };
    let whole = digest["bytes"].as_u64() == Some(value.len() as u64);
    value.starts_with(prefix) && (whole || event.contains_key("tags"))
}

fn is_nothing(value: &Value) -> bool {
    matches!(value, Value::Null) || value.as_str() == Some("")
}

fn cut(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(160) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(expected: &str, found: &str) -> Vec<String> {
        let object = |text: &str| serde_json::from_str::<Object>(text).unwrap();
        compare(&[object(expected)], &[object(found)]).wrong
    }

    #[test]
    fn what_is_not_as_expected_is_found() {
        for (expected, found, count) in [
            (r#"{"a":1}"#, r#"{"a":1.0000001,"b":2}"#, 0),
            (r#"{"a":1}"#, r#"{"a":"1"}"#, 1),
            (r#"{"a":"x "}"#, r#"{"a":"x"}"#, 0),
            (r#"{"a.b":1}"#, r#"{"a":{"b":1}}"#, 0),
            (r#"{"a":1,"_alt":{"a":[2]}}"#, r#"{"a":2}"#, 0),
            (r#"{"a":1,"_ambiguous":["a"]}"#, r#"{}"#, 0),
            (r#"{"_absent":["a"]}"#, r#"{"a":1}"#, 1),
            (r#"{"_absent":["a"]}"#, r#"{"a":""}"#, 0),
            (r#"{"log.level":"INFO"}"#, r#"{"log.level":"info"}"#, 0),
            (
                r#"{"message":"m","error.stack_trace":"t"}"#,
                r#"{"message":"m\nt"}"#,
                0,
            ),
            (
                r#"{"message":"m","error.stack_trace":"t"}"#,
                r#"{"message":"m"}"#,
                1,
            ),
            (
                r#"{"_digest":{"a":{"bytes":3,"prefix":"x"}}}"#,
                r#"{"a":"xyz"}"#,
                0,
            ),
            (
                r#"{"_digest":{"a":{"bytes":3,"prefix":"x"}}}"#,
                r#"{"a":"xy"}"#,
                1,
            ),
        ] {
            assert_eq!(wrong(expected, found).len(), count, "{expected} {found}");
        }
    }

    #[test]
    fn instants_are_compared_with_their_precision() {
        for (expected, found, same) in [
            ("2026-11-22T10:00:00Z", "2026-11-22T11:00:00+01:00", true),
            ("2026-11-22T10:00:00.120Z", "2026-11-22T10:00:00.12Z", true),
            ("2026-11-22T10:00:00.1234567Z", "2026-11-22T10:00:00.123Z", true),
            ("2026-11-22T10:00:00.1234567Z", "2026-11-22T10:00:00.12Z", false),
            ("2026-11-22T10:00:00.123Z", "2026-11-22T10:00:00.1234Z", false),
            ("2026-11-22T10:00:00Z", "2026-11-22T10:00:01Z", false),
        ] {
            assert_eq!(same_instant(expected, found), same, "{expected} {found}");
        }
    }
}
