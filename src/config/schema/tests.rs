//! The copies under `docs/schema` are what the code makes (`UPDATE_GOLDEN=1` writes them), and every file that comes with
//! the program is of their shape.

use std::path::Path;

use super::*;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_copies_are_what_the_code_makes() {
    for (name, schema) in [("logmill", agent_schema()), ("pipeline", pipeline_schema())] {
        let path = root().join(format!("docs/schema/{name}.json"));
        let found = format!("{schema:#}\n");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &found).unwrap();
            continue;
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            found == expected,
            "UPDATE_GOLDEN=1 accepts this for {name}.json:\n{found}"
        );
    }
}

/// What a value has against a schema, in the part of JSON Schema that is used here.
fn complaint(value: &Value, schema: &Value) -> Option<String> {
    let Some(schema) = schema.as_object() else {
        return Some(format!("no schema: {schema}"));
    };
    schema.iter().find_map(|(word, said)| {
        let fine = match (word.as_str(), said) {
            ("$schema" | "title" | "description", _) => true,
            ("type", Value::String(name)) => match name.as_str() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "boolean" => value.is_boolean(),
                "integer" => value.is_i64() || value.is_u64(),
                "number" => value.is_number(),
                _ => false,
            },
            ("enum", Value::Array(words)) => words.contains(value),
            ("anyOf", Value::Array(any)) => any.iter().any(|one| complaint(value, one).is_none()),
            ("minLength", Value::Number(_)) => value.as_str() != Some(""),
            ("minimum", said) => value.as_f64() >= said.as_f64(),
            ("maximum", said) => value.as_f64() <= said.as_f64(),
            // Units and variables; no crate for expressions is worth it here.
            ("pattern", Value::String(_)) => value.is_string(),
            ("required", Value::Array(keys)) => {
                keys.iter().all(|key| value.get(key.as_str().unwrap()).is_some())
            }
            ("items", schema) => {
                return value.as_array()?.iter().find_map(|item| complaint(item, schema));
            }
            ("properties", properties) => {
                return value.as_object()?.iter().find_map(|(key, value)| {
                    let inner = complaint(value, properties.get(key)?)?;
                    Some(format!("{key}: {inner}"))
                });
            }
            ("additionalProperties", Value::Bool(false)) => {
                let known = &schema["properties"];
                let unknown = value
                    .as_object()?
                    .keys()
                    .find(|key| known.get(key.as_str()).is_none())?;
                return Some(format!("unknown {unknown}"));
            }
            other => panic!("what is {other:?}?"),
        };
        (!fine).then(|| format!("{value} is not {word} {said}"))
    })
}

fn check(name: &str, text: &str, schema: &Value) -> Option<String> {
    let table: toml::Table = toml::from_str(text).unwrap();
    let value = serde_json::to_value(table).unwrap();
    complaint(&value, schema).map(|complaint| format!("{name}: {complaint}"))
}

#[test]
fn what_comes_with_the_program_is_of_its_shape() {
    let schema = pipeline_schema();
    let mut checked = 0;
    for entry in std::fs::read_dir(root().join("pipelines")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let text = std::fs::read_to_string(&path).unwrap();
            assert_eq!(check(&path.display().to_string(), &text, &schema), None);
            checked += 1;
        }
    }
    assert!(checked >= 40, "{checked}");
    let text = include_str!("../../../deploy/logmill.toml");
    assert_eq!(check("deploy/logmill.toml", text, &agent_schema()), None);
}

#[test]
fn what_is_wrong_is_not_of_its_shape() {
    for (text, complaint) in [
        ("[agent]\nstate_dri = \"x\"", "unknown state_dri"),
        ("[agent]\nworkers = 0", "minimum"),
        ("[agent]\nworkers = \"2\"", "type"),
        ("[agent]\nlog_level = 1", "anyOf"),
        (
            "[elasticsearch]\nproxy = \"x\"\n[[input]]\npaths = \"a\"\npipeline = \"plain\"",
            "required",
        ),
        ("[[input]]\npaths = [1]\npipeline = \"plain\"", "anyOf"),
        ("agent = []", "object"),
    ] {
        let found = check("it", text, &agent_schema()).unwrap_or_default();
        assert!(found.contains(complaint), "{text}: {found}");
    }
    for (text, complaint) in [
        ("[frame]\nform = \"line\"", "enum"),
        ("[[counter]]\nhelp = \"x\"", "required"),
        ("[[test]]\nlines = \"x\"\nabsnet = \"y\"", "unknown absnet"),
    ] {
        let found = check("it", text, &pipeline_schema()).unwrap_or_default();
        assert!(found.contains(complaint), "{text}: {found}");
    }
}

#[test]
fn every_key_of_the_configuration_has_its_description() {
    let schema = agent_schema();
    for (table, inner) in schema["properties"].as_object().unwrap() {
        let keys = inner.get("items").unwrap_or(inner);
        for (key, schema) in keys["properties"].as_object().unwrap() {
            assert!(
                schema["description"].is_string() || key == "password" || key == "bearer_token",
                "{table}.{key}"
            );
        }
    }
}

#[test]
fn every_key_of_a_pipeline_has_its_description() {
    fn look(schema: &Value, path: &str) {
        let table = schema.get("items").unwrap_or(schema);
        for (key, inner) in table["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{key}");
            assert!(inner["description"].is_string(), "{path}");
            look(inner, &path);
        }
    }
    look(&pipeline_schema(), "");
}

#[test]
fn the_defaults_that_pipelines_are_told_are_those_of_the_program() {
    use crate::limits;
    let row = |table: &str, key: &str| meaning(PIPELINE_KEYS, table, key).unwrap();
    for (meaning, default) in [
        (row("frame", "lines_max"), limits::EVENT_LINES_MAX.to_string()),
        (
            row("frame", "flush"),
            format!("\"{}s\"", limits::EVENT_FLUSH.as_secs()),
        ),
        (
            row("frame", "bytes_max"),
            format!("\"{}MiB\"", limits::EVENT_BYTES_MAX >> 20),
        ),
        (row("counter", "series_max"), limits::SERIES_MAX.to_string()),
        (
            row("sessions", "exact_max"),
            limits::SESSIONS_EXACT_MAX.to_string(),
        ),
        (row("top", "keep"), limits::TOP_KEEP.to_string()),
        (
            row("top", "window"),
            format!("\"{}m\"", limits::WINDOW.as_secs() / 60),
        ),
        (
            row("elapsed", "timeout"),
            format!("\"{}m\"", limits::ELAPSED_TIMEOUT.as_secs() / 60),
        ),
    ] {
        assert!(
            meaning.ends_with(&format!("Default: `{default}`")),
            "{meaning}: {default}"
        );
    }
}
