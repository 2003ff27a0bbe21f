use serde_json::Value;

use super::piece::{self, Piece};
use super::variable::{self, Target};
use super::{FormatError, assign};
use crate::format::host::JsonKey;

/// The keys of a format whose lines are JSON objects, and the fields of the variables in them. A key whose value is
/// not one variable is left to what the pipeline does with unknown keys.
pub(super) fn keys(pieces: &[Piece], format_bytes: usize) -> Result<Vec<JsonKey>, FormatError> {
    let object: Value = serde_json::from_str(&template(pieces)).map_err(|error| {
        FormatError::new(
            0..format_bytes,
            format!("the log format begins like JSON and is none: {error}"),
            "check its quotes, colons and commas, as nginx writes them into each line",
        )
    })?;
    let mut found = Vec::new();
    collect(&object, "", &mut found);
    let variables: Vec<Piece> = found
        .iter()
        .map(|(_, variable)| Piece::Variable(variable.clone()))
        .collect();
    let mut keys: Vec<(u8, JsonKey)> = found
        .into_iter()
        .zip(assign(&variables))
        .filter_map(|((source, variable), target)| {
            let Target { strict, .. } = target?;
            let key = JsonKey {
                source,
                field: strict.field,
                kind: strict.kind,
                optional: !variable::is_always_there(&variable),
            };
            Some((variable::rank(&variable), key))
        })
        .collect();
    keys.sort_by_key(|(rank, _)| *rank);
    Ok(keys.into_iter().map(|(_, key)| key).collect())
}

/// The format as JSON text in which each variable is (part of) a string.
fn template(pieces: &[Piece]) -> String {
    let mut out = String::new();
    let mut in_string = false;
    for piece in pieces {
        match piece {
            Piece::Text(text) => {
                let mut escaped = false;
                for c in text.chars() {
                    in_string ^= c == '"' && !escaped;
                    escaped = in_string && c == '\\' && !escaped;
                }
                out.push_str(text);
            }
            Piece::Variable(name) if in_string => out.push_str(&format!("${{{name}}}")),
            Piece::Variable(name) => out.push_str(&format!("\"${{{name}}}\"")),
        }
    }
    out
}

/// Every string of the object that is one variable, with its path.
fn collect(value: &Value, path: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                collect(value, &path, found);
            }
        }
        Value::String(text) => {
            if let Some(variable) = only_variable(text) {
                found.push((path.to_owned(), variable));
            }
        }
        _ => {}
    }
}

/// The variable that the text consists of; for a URL made of variables, our name for it.
fn only_variable(text: &str) -> Option<String> {
    let (_, pieces) = piece::split(text).ok()?;
    match super::join_touching(pieces).as_slice() {
        [Piece::Variable(name)] => Some(name.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_variable_may_stand_with_and_without_quotes() {
        let (_, pieces) =
            piece::split(r#"{"a":"x \" $status","b":$status,"c":{"d":"$uri"},"e":[1,null]}"#).unwrap();
        assert_eq!(
            template(&pieces),
            r#"{"a":"x \" ${status}","b":"${status}","c":{"d":"${uri}"},"e":[1,null]}"#
        );
    }

    #[test]
    fn no_key_is_listed_twice() {
        let (_, pieces) =
            piece::split(r#"{"a":"$status","b":"$status","t":"$time_local","m":"$msec"}"#).unwrap();
        let keys = keys(&pieces, 0).unwrap();
        let sources: HashSet<_> = keys
            .iter()
            .map(|key| (key.source.as_str(), key.field.as_str()))
            .collect();
        assert_eq!(
            sources,
            HashSet::from([
                ("a", "http.response.status_code"),
                ("m", "@timestamp"),
                ("t", "nginx.access.time_local")
            ])
        );
    }
}
