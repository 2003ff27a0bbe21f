//! JSON Schema of the two kinds of files, for editors; made from what their readers ask for.

use serde_json::{Map, Value, json};

use super::document::Table;
use super::shape::{Holds, Key, Shape};
use super::{AgentFile, Diagnostics, PipelineFile, SourceFile, System};

/// What every key of `logmill.toml` means.
const CONFIGURATION: &str = include_str!("../../docs/configuration.md");

/// What every key of a pipeline means.
const PIPELINE_KEYS: &str = include_str!("../../docs/pipeline-keys.md");

/// The heading above the keys that are in no table.
const TOP: &str = "## The file itself";

/// The draft that editors know best.
const DRAFT: &str = "http://json-schema.org/draft-07/schema#";

/// A string with a variable may stand where a word is chosen from a few.
const VARIABLE: &str = r"\$\{";

/// Of `logmill.toml`.
pub fn agent_schema() -> Value {
    let (table, notes) = Table::questioned();
    let file = SourceFile::new("schema", "");
    AgentFile::from_table(&file, table, &mut Diagnostics::new());
    let shape = notes.borrow();
    document(
        "logmill.toml",
        Schema {
            meanings: CONFIGURATION,
            variables: true,
        }
        .table(&shape, ""),
    )
}

/// Of `pipelines/NAME.toml`.
pub fn pipeline_schema() -> Value {
    let (table, notes) = Table::questioned();
    let file = SourceFile::new("schema", "");
    PipelineFile::from_table("schema", file, table, &System, &mut Diagnostics::new());
    let shape = notes.borrow();
    document(
        "a pipeline of logmill",
        Schema {
            meanings: PIPELINE_KEYS,
            variables: false,
        }
        .table(&shape, ""),
    )
}

fn document(title: &str, table: Value) -> Value {
    let mut document = Map::new();
    document.insert("$schema".to_owned(), Value::from(DRAFT));
    document.insert("title".to_owned(), Value::from(title));
    if let Value::Object(table) = table {
        document.extend(table);
    }
    Value::Object(document)
}

#[derive(Clone, Copy)]
struct Schema {
    /// The documentation, which has a row for each key.
    meanings: &'static str,
    /// Whether a variable of the environment may stand for a word.
    variables: bool,
}

impl Schema {
    fn table(self, shape: &Shape, name: &str) -> Value {
        let mut properties = Map::new();
        for key in &shape.keys {
            properties.insert(key.name.to_owned(), self.key(key, name));
        }
        let mut table = json!({ "type": "object", "properties": properties, "additionalProperties": false });
        if !shape.required.is_empty() {
            table["required"] = Value::from(shape.required.clone());
        }
        table
    }

    fn key(self, key: &Key, table: &str) -> Value {
        let text = json!({ "type": "string" });
        let mut schema = match &key.holds {
            Holds::Text => text,
            Holds::Name => json!({ "type": "string", "minLength": 1 }),
            Holds::Texts => json!({ "anyOf": [text, { "type": "array", "items": text }] }),
            Holds::Choice(words) => match self.variables {
                true => json!({ "anyOf": [{ "enum": words }, { "type": "string", "pattern": VARIABLE }] }),
                false => json!({ "enum": words }),
            },
            Holds::Bool => json!({ "type": "boolean" }),
            Holds::Integer(from, to) => {
                let number = |text: &str| text.parse::<i64>().map_or(Value::Null, Value::from);
                json!({ "type": "integer", "minimum": number(from), "maximum": number(to) })
            }
            Holds::Float => json!({ "type": "number" }),
            Holds::Floats => json!({ "type": "array", "items": { "type": "number" } }),
            Holds::Bytes(from, to) => json!({ "anyOf": [
                { "type": "integer", "minimum": from, "maximum": to },
                { "type": "string", "pattern": format!("^[0-9]+ *(B|kB|KiB|MB|MiB|GB|GiB)$|{VARIABLE}") },
            ] }),
            Holds::Duration => {
                json!({ "type": "string", "pattern": format!("^[0-9]+ *(ms|s|m|h|d)$|{VARIABLE}") })
            }
            // Nested tables are the same as dotted names.
            Holds::Map | Holds::Nodes => json!({ "type": "object" }),
            Holds::Table(notes) => self.table(&notes.borrow(), key.name),
            Holds::Tables(notes) => {
                json!({ "type": "array", "items": self.table(&notes.borrow(), key.name) })
            }
        };
        if let Some(meaning) = meaning(self.meanings, table, key.name) {
            schema["description"] = Value::from(meaning);
        }
        schema
    }
}

/// The row of a key in the documentation: what stands there when it is absent, and what it means.
fn meaning(meanings: &str, table: &str, key: &str) -> Option<String> {
    let heading = match table {
        "" => [TOP.to_owned(), TOP.to_owned()],
        table => [format!("## `[{table}]`"), format!("## `[[{table}]]`")],
    };
    let mut lines = meanings
        .lines()
        .skip_while(|line| !heading.iter().any(|one| line == one));
    lines.next()?;
    let beginning = format!("| `{key}` |");
    let row = lines
        .take_while(|line| !line.starts_with("## "))
        .find(|line| line.starts_with(&beginning))?;
    let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
    let (default, meaning) = (cells.get(1)?, cells.last()?);
    match (*default, *meaning) {
        ("" | "none" | "required", meaning) => Some(meaning.to_owned()),
        (default, "") => Some(format!("Default: {default}")),
        (default, meaning) => Some(format!("{meaning}. Default: {default}")),
    }
}

#[cfg(test)]
mod tests;
