//! The plan as TOML.

use serde_json::Value;

use super::pattern::Pattern;
use super::pipeline::{Extract, Frame, Parse, Pipeline, Selection, Take};
use super::plan::{Input, Plan};
use crate::config::literal;

impl Plan {
    /// `logmill.toml`. `from` is what it was made of.
    pub fn config(&self, from: &str) -> String {
        let mut text = made_from(from) + "\n[agent]\n";
        for (key, value) in &self.agent {
            text.push_str(&format!("{key} = {}\n", toml(value)));
        }
        if !self.pipelines.is_empty() {
            text.push_str("pipelines = \"pipelines\"\n");
        }
        match &self.output {
            Some(output) => {
                text.push_str(&format!("\n[{}]\n", output.table));
                for (key, value) in &output.keys {
                    text.push_str(&format!("{key} = {}\n", toml(value)));
                }
            }
            None => text.push_str("\n# Nothing that was read says where events go.\n[stdout]\n"),
        }
        self.inputs.iter().for_each(|input| input.write(&mut text));
        text
    }
}

impl Input {
    fn write(&self, text: &mut String) {
        text.push('\n');
        if let Some(comment) = &self.comment {
            text.push_str(&self::comment(comment));
        }
        text.push_str(&format!("[[input]]\npaths = {}\n", strings(&self.paths)));
        if !self.exclude.is_empty() {
            text.push_str(&format!("exclude = {}\n", strings(&self.exclude)));
        }
        text.push_str(&format!("pipeline = {}\n", literal(&self.pipeline)));
        if let Some(service) = &self.service {
            text.push_str(&format!("service = {}\n", literal(service)));
        }
        if !self.labels.is_empty() {
            let labels: Vec<String> = self
                .labels
                .iter()
                .map(|(name, value)| format!("{} = {}", key(name), literal(value)))
                .collect();
            text.push_str(&format!("labels = {{ {} }}\n", labels.join(", ")));
        }
        if self.from_end {
            text.push_str("start_at = \"end\"\n");
        }
        if let Some(wrapper) = self.wrapper {
            text.push_str(&format!("wrapper = \"{wrapper}\"\n"));
        }
    }
}

impl Pipeline {
    /// `NAME.toml`. `from` is what it was made of.
    pub fn text(&self, from: &str) -> String {
        let mut text = made_from(from);
        text.push_str(&format!("description = {}\n", literal(&self.description)));
        if self.knows("log.level") && !matches!(self.parse, Parse::Json { .. }) {
            text.push_str("metrics = [\"log_levels\"]\n");
        }
        if !self.remove.is_empty() {
            text.push_str(&format!("remove = {}\n", strings(&self.remove)));
        }
        self.frame.write(&mut text);
        self.write_parse(&mut text);
        self.extracts.iter().for_each(|extract| extract.write(&mut text));
        for map in &self.maps {
            text.push_str(&format!("\n[[map]]\nfield = {}\n", literal(&map.field)));
            if let Some(to) = &map.to {
                text.push_str(&format!("to = {}\n", literal(to)));
            }
            text.push_str(&format!("values = {}\n", inline(&map.values)));
        }
        table("set", &self.set, &mut text);
        table("default", &self.default, &mut text);
        let renames: Vec<(String, Value)> = self
            .renames
            .iter()
            .map(|(from, to)| (from.clone(), Value::from(to.as_str())))
            .collect();
        table("rename", &renames, &mut text);
        for selection in &self.drops {
            text.push_str("\n[[drop]]\n");
            selection.write(&mut text);
        }
        for (selection, keep) in &self.samples {
            text.push_str(&format!("\n[[sample]]\nkeep = {keep}\n"));
            selection.write(&mut text);
        }
        text
    }

    fn write_parse(&self, text: &mut String) {
        if self.parse == Parse::Plain && self.timezone.is_none() {
            return;
        }
        text.push_str("\n[parse]\n");
        if let Some(zone) = &self.timezone {
            text.push_str(&format!("timezone = {}\n", literal(zone)));
        }
        match &self.parse {
            Parse::Plain => {}
            Parse::Patterns(patterns) => list("patterns", patterns, text),
            Parse::Json { rest, keys } => {
                text.push_str(&format!("builtin = \"json\"\nrest = {}\n", literal(rest)));
                let keys: Vec<(String, Value)> = keys
                    .iter()
                    .map(|(field, source)| (field.clone(), Value::from(source.as_str())))
                    .collect();
                table("parse.keys", &keys, text);
            }
            Parse::Csv { columns } => {
                let columns: Vec<String> = columns
                    .iter()
                    .map(|column| {
                        let name = column.name.as_deref().unwrap_or("_");
                        match column.kind {
                            Some(kind) => format!("{name}:{kind}"),
                            None => name.to_owned(),
                        }
                    })
                    .collect();
                text.push_str(&format!("builtin = \"csv\"\ncolumns = {}\n", strings(&columns)));
            }
        }
    }
}

impl Frame {
    fn write(&self, text: &mut String) {
        if *self == Frame::default() {
            return;
        }
        text.push_str("\n[frame]\n");
        if !self.start.is_empty() {
            list("start", &self.start, text);
        }
        if !self.skip.is_empty() {
            list("skip", &self.skip, text);
        }
        if let Some(flush) = &self.flush {
            text.push_str(&format!("flush = {}\n", literal(flush)));
        }
        if let Some(lines) = self.lines_max {
            text.push_str(&format!("lines_max = {lines}\n"));
        }
        if let Some(bytes) = self.bytes_max {
            text.push_str(&format!("bytes_max = {bytes}\n"));
        }
    }
}

impl Extract {
    fn write(&self, text: &mut String) {
        text.push_str(&format!("\n[[extract]]\nfield = {}\n", literal(&self.field)));
        match &self.take {
            Take::Patterns(patterns) => list("patterns", patterns, text),
            Take::Json { prefix } => {
                text.push_str(&format!("builtin = \"json\"\nprefix = {}\n", literal(prefix)));
            }
            Take::Pairs {
                between,
                equals,
                prefix,
            } => text.push_str(&format!(
                "builtin = \"pairs\"\nbetween = {}\nequals = {}\nprefix = {}\n",
                literal(&between.to_string()),
                literal(&equals.to_string()),
                literal(prefix)
            )),
            Take::UserAgent => text.push_str("builtin = \"user_agent\"\n"),
        }
    }
}

impl Selection {
    fn write(&self, text: &mut String) {
        if !self.values.is_empty() {
            let values: Vec<(String, Value)> = self
                .values
                .iter()
                .map(|(field, values)| (field.clone(), Value::from(values.clone())))
                .collect();
            text.push_str(&format!("values = {}\n", inline(&values)));
        }
        if !self.matches.is_empty() {
            let matches: Vec<(String, Value)> = self
                .matches
                .iter()
                .map(|(field, patterns)| {
                    let patterns: Vec<Value> =
                        patterns.iter().map(|one| Value::from(one.written())).collect();
                    (field.clone(), Value::from(patterns))
                })
                .collect();
            text.push_str(&format!("matches = {}\n", inline(&matches)));
        }
    }
}

fn made_from(file: &str) -> String {
    comment(&format!("Made by `logmill import` from {file}."))
}

/// A line of its own: paths may have line ends, which would end the comment.
fn comment(text: &str) -> String {
    format!("# {}\n", text.replace(char::is_control, "\u{fffd}"))
}

fn list(key: &str, patterns: &[Pattern], text: &mut String) {
    text.push_str(&format!("{key} = [\n"));
    for pattern in patterns {
        text.push_str(&format!("  {},\n", literal(&pattern.written())));
    }
    text.push_str("]\n");
}

fn table(name: &str, entries: &[(String, Value)], text: &mut String) {
    if entries.is_empty() {
        return;
    }
    text.push_str(&format!("\n[{name}]\n"));
    for (name, value) in entries {
        text.push_str(&format!("{} = {}\n", key(name), toml(value)));
    }
}

fn inline(entries: &[(String, Value)]) -> String {
    let entries: Vec<String> = entries
        .iter()
        .map(|(name, value)| format!("{} = {}", key(name), toml(value)))
        .collect();
    format!("{{ {} }}", entries.join(", "))
}

fn strings(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| literal(text)).collect();
    format!("[{}]", texts.join(", "))
}

fn toml(value: &Value) -> String {
    match value {
        Value::String(text) => literal(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(toml).collect();
            format!("[{}]", items.join(", "))
        }
        // TOML has no null; scalars are written as in JSON.
        Value::Null => "\"\"".to_owned(),
        value => value.to_string(),
    }
}

/// A bare key where it can be one.
fn key(name: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    match !name.is_empty() && name.bytes().all(bare) {
        true => name.to_owned(),
        // A JSON string is a basic string of TOML.
        false => Value::from(name).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_does_not_leave_its_comment() {
        let plan = Plan {
            inputs: vec![Input {
                comment: Some("`logmill suggest a\n[stdout]` knows more.".to_owned()),
                ..Input::default()
            }],
            ..Plan::default()
        };
        let read: toml::Table = toml::from_str(&plan.config("b\nc = 1")).unwrap();
        assert_eq!(read.keys().collect::<Vec<_>>(), ["agent", "input", "stdout"]);
    }
}
