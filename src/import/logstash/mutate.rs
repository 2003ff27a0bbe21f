//! `mutate`, and the settings that every filter has.

use serde_json::Value as Json;

use super::filter::Filtering;
use super::grammar::Setting;
use super::settings::Settings;
use crate::import::filebeat::environment;
use crate::import::pattern::field_name;
use crate::import::pipeline::{Why, put};

/// What `mutate` does that has no equivalent, and why.
const LEFT: [(&str, &str); 10] = [
    (
        "gsub",
        "text is not rewritten; patterns take what is wanted, `[[redact]]` hides what is not",
    ),
    ("split", "a field is one value; `[[extract]]` takes it apart"),
    ("join", "a field is one stretch of the line"),
    ("merge", "a field is one stretch of the line"),
    (
        "lowercase",
        "metrics can write `lower(field)`; [level] makes one form of levels",
    ),
    ("uppercase", "values stay as they are written"),
    ("capitalize", "values stay as they are written"),
    ("coerce", "`[default]` is for fields that are not there"),
    ("update", "[set] and [[map]] set fields"),
    ("remove_tag", "`tags` says what became of the event"),
];

/// Why Logstash's first `@timestamp` cannot be kept.
const MOMENT: &str = "the moment of reading is no part of an event";

pub fn mutate(filtering: &mut Filtering<'_>, settings: &mut Settings) {
    for setting in settings.take_all("rename") {
        each(filtering, &setting, |filtering, from, to| match from {
            "@timestamp" => Err(MOMENT.to_owned()),
            from => {
                let from = filtering.pipeline.own_name(from.to_owned());
                filtering.pipeline.rename(&from, &field_name(&to))
            }
        });
    }
    for setting in settings.take_all("convert") {
        for (field, line, value) in setting.value.pairs(setting.line) {
            convert(filtering, &field, line, &value.text().unwrap_or_default());
        }
    }
    for setting in settings.take_all("copy") {
        each(filtering, &setting, |filtering, from, to| {
            filtering.pipeline.copy(from, field_name(&to))
        });
    }
    for name in ["replace", "add_field"] {
        for setting in settings.take_all(name) {
            each(filtering, &setting, |filtering, field, value| {
                assign(filtering, field, &value, name == "replace")
            });
        }
    }
    for setting in settings.take_all("strip") {
        for field in setting.value.texts() {
            let result = filtering.pipeline.convert(&field_name(&field), "trimmed");
            filtering.note(setting.line, &format!("`strip` of `{field}`"), result);
        }
    }
    for (name, why) in LEFT {
        for setting in settings.take_all(name) {
            filtering.note(
                setting.line,
                &format!("`{name}` of filter `mutate`"),
                Err(why.to_owned()),
            );
        }
    }
}

/// `add_field` and `remove_field`.
pub fn common(filtering: &mut Filtering<'_>, settings: &mut Settings) {
    for setting in settings.take_all("add_field") {
        each(filtering, &setting, |filtering, field, value| {
            assign(filtering, field, &value, false)
        });
    }
    for setting in settings.take_all("remove_field") {
        for field in setting.value.texts() {
            let result = match field.contains("%{") {
                true => Err("it names a field by a value".to_owned()),
                false => {
                    let name = filtering.pipeline.own_name(field_name(&field));
                    filtering.pipeline.remove(&name)
                }
            };
            filtering.note(setting.line, &format!("`remove_field` of `{field}`"), result);
        }
    }
}

fn each(
    filtering: &mut Filtering<'_>,
    setting: &Setting,
    step: impl Fn(&mut Filtering<'_>, &str, String) -> Result<&'static str, Why>,
) {
    for (field, line, value) in setting.value.pairs(setting.line) {
        let result = match value.text() {
            Some(value) => step(filtering, &field_name(&field), value),
            None => Err("a field has one value".to_owned()),
        };
        filtering.note(line, &format!("`{}` of `{field}`", setting.name), result);
    }
}

pub fn convert(filtering: &mut Filtering<'_>, field: &str, line: usize, to: &str) {
    let name = filtering.pipeline.own_name(field_name(field));
    let result = match to {
        "integer" | "integer_eu" => filtering.pipeline.convert(&name, "int"),
        "float" | "float_eu" => filtering.pipeline.convert(&name, "float"),
        "string" => Ok("nothing to do: it is text"),
        other => Err(format!("there is no kind for the type `{other}`")),
    };
    filtering.note(line, &format!("`convert` of `{field}`"), result);
}

/// A constant, or the value of another field: `%{name}` and nothing else.
fn assign(
    filtering: &mut Filtering<'_>,
    field: &str,
    value: &str,
    replaces: bool,
) -> Result<&'static str, Why> {
    let pipeline = &mut filtering.pipeline;
    let whole = value.strip_prefix("%{").and_then(|inner| inner.strip_suffix('}'));
    match whole {
        Some(other) if !other.contains("%{") && !other.starts_with('+') => {
            let other = field_name(other);
            if other == "@timestamp" {
                return Err(MOMENT.to_owned());
            }
            if !pipeline.knows(&other) {
                return Err(format!("no step that was carried over sets `{other}`"));
            }
            if replaces {
                return pipeline.rename(&other, field);
            }
            pipeline.copy(&other, field.to_owned())
        }
        _ if value.contains("%{") => {
            Err("its value is made of several parts; a field is one stretch of the line".to_owned())
        }
        _ if field.starts_with("@metadata") => Err("what Logstash keeps to itself is not needed".to_owned()),
        _ => {
            put(
                &mut pipeline.set,
                field.to_owned(),
                Json::from(environment(value)),
            );
            Ok("[set]")
        }
    }
}
