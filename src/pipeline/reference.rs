//! `docs/reference`: a page for every shipped pipeline, made from its file and what it makes of its own tests.
//! `UPDATE_GOLDEN=1` writes the pages; without it they must be what is made.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use serde_json::{Map, Value};

use super::shipped::PIPELINES;
use super::{HostWords, Library, Outcome, Pipeline, compile, inline_test};
use crate::config::{Builtin, Diagnostics, MetricRules, PipelineFile, PipelineTest, Rest, Spanned};
use crate::derive::{ACTIVE_SESSIONS, GatherKind, SESSION_METRICS};
use crate::encode;

const HEAD: &str = "<!-- Made from the pipeline's file by a test; `UPDATE_GOLDEN=1 cargo test --lib reference` writes it. -->\n\n";

/// Letters of an example; more say no more.
const EXAMPLE_MAX: usize = 60;

/// What the pipeline makes of a line; `None` where it is not matched, or dropped.
fn result(pipeline: &Pipeline, test: &PipelineTest) -> Option<Map<String, Value>> {
    let (outcome, event) = inline_test::event(test, pipeline);
    (outcome == Outcome::Matched).then_some(event)
}

fn kind(name: &str, value: &Value) -> &'static str {
    match value {
        Value::String(_) if name == encode::TIMESTAMP => "time",
        Value::String(_) => "text",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "whole number",
        Value::Bool(_) => "true or false",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
        Value::Null => "nothing",
    }
}

/// A text in a cell of a table.
fn cell(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let short: String = line.chars().take(EXAMPLE_MAX).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    let fence = if short.contains('`') { "``" } else { "`" };
    match short.trim().is_empty() {
        true => String::new(),
        false => format!("{fence}{}{more}{fence}", short.replace('|', "\\|")),
    }
}

fn fields(pipeline: &Pipeline, results: &[Map<String, Value>], out: &mut String) {
    let mut seen: BTreeMap<&str, &Value> = BTreeMap::new();
    for (name, value) in results.iter().flatten() {
        seen.entry(name).or_insert(value);
    }
    let hidden = |name: &str| {
        pipeline
            .schema
            .get(name)
            .is_some_and(|field| pipeline.schema.is_hidden(field))
    };
    let named = pipeline
        .schema
        .iter()
        .map(|(_, name)| name)
        .filter(|name| !hidden(name));
    let mut all: Vec<&str> = named.chain(seen.keys().copied()).collect();
    all.sort_unstable();
    all.dedup();
    out.push_str("\n## Fields\n\n| field | type | example |\n| --- | --- | --- |\n");
    for name in all {
        let (kind, example) = match seen.get(name) {
            Some(value) => (
                kind(name, value),
                cell(value.as_str().unwrap_or(&value.to_string())),
            ),
            None => ("", String::new()),
        };
        writeln!(out, "| `{name}` | {kind} | {example} |").unwrap();
    }
}

/// What the pipeline gives of these metrics: those whose fields it has.
fn metrics(rules: &MetricRules, pipeline: &Pipeline, from: &str, out: &mut String) {
    let counted = |name: &str| pipeline.metrics.iter().any(|spec| spec.name == name);
    let gathered = |name: &str| pipeline.gathered.iter().find(|spec| spec.name == name);
    let mut row = |name: &str, kind: &str, labels: &[(Spanned<String>, Spanned<String>)], help: &str| {
        let labels: Vec<String> = labels
            .iter()
            .map(|(name, _)| format!("`{}`", name.value))
            .collect();
        let labels = labels.join(", ");
        writeln!(out, "| `{name}` | {kind} | {labels} | {help} | {from} |").unwrap();
    };
    let text =
        |help: &Option<Spanned<String>>| help.as_ref().map_or_else(String::new, |help| help.value.clone());
    for rule in rules.counters.iter().filter(|rule| counted(&rule.name)) {
        row(&rule.name, "counter", &rule.series.labels, &text(&rule.help));
    }
    for rule in rules.gauges.iter().filter(|rule| counted(&rule.name)) {
        row(&rule.name, "gauge", &rule.series.labels, &text(&rule.help));
    }
    for rule in rules.histograms.iter().filter(|rule| counted(&rule.name)) {
        row(&rule.name, "histogram", &rule.series.labels, &text(&rule.help));
    }
    for rule in rules.elapsed.iter().filter(|rule| counted(&rule.name)) {
        row(&rule.name, "histogram", &rule.series.labels, &text(&rule.help));
    }
    for rule in rules
        .sessions
        .iter()
        .filter(|rule| gathered(&rule.name).is_some())
    {
        row(&rule.name, "gauge", &[], &text(&rule.help));
        let beginning = rule.name.strip_suffix(ACTIVE_SESSIONS).unwrap();
        for (ending, kind, help) in SESSION_METRICS {
            row(&format!("{beginning}{ending}"), kind.name(), &[], help);
        }
    }
    for rule in &rules.tops {
        let Some(spec) = gathered(&rule.name) else {
            continue;
        };
        row(&rule.name, "gauge", &rule.labels, &text(&rule.help));
        let GatherKind::Top { sums, .. } = &spec.kind else {
            panic!("`{}` is a top list", spec.name);
        };
        for sum in sums.iter().filter(|sum| !sum.fields.is_empty()) {
            row(&sum.name, "gauge", &rule.labels, &sum.help);
        }
    }
}

fn about(file: &PipelineFile, out: &mut String) {
    writeln!(out, "- Dataset: `{}`", file.dataset_name()).unwrap();
    let event = match (
        file.frame.start.is_empty() && file.frame.lead.is_empty(),
        file.frame.form,
    ) {
        (true, crate::config::Form::Lines) => "a line",
        (true, crate::config::Form::Quoted) => "a line; none ends within double quotes",
        (true, crate::config::Form::Journal) => "an entry of several lines",
        (false, _) => "one line or several",
    };
    writeln!(out, "- An event is {event}").unwrap();
    if !file.parse.host_formats.is_empty() {
        out.push_str("- Takes the host's own format string as `format` of the `[[input]]`\n");
    }
    let keyed = file
        .parse
        .builtin
        .as_ref()
        .is_some_and(|builtin| !matches!(builtin.value, Builtin::Syslog | Builtin::Csv));
    if keyed {
        match &file.parse.rest {
            Rest::Labels => out.push_str("- Keys that are not named below go to `labels.KEY`\n"),
            Rest::Root => out.push_str("- Keys that are not named below keep their names\n"),
            Rest::Under(prefix) => {
                writeln!(out, "- Keys that are not named below go to `{prefix}KEY`").unwrap()
            }
            Rest::Drop => out.push_str("- Keys that are not named below are left out\n"),
        }
    }
    if file.parse.trace {
        out.push_str("- Stack traces go to `error.type`, `error.message` and `error.stack_trace`\n");
    }
}

fn page(name: &str, library: &Library) -> (String, String) {
    let mut diagnostics = Diagnostics::new();
    let file = library.pipeline(name, &mut diagnostics).unwrap();
    let pipeline = compile(&file, library, &HostWords::default(), &mut diagnostics).unwrap();
    let description = file.description.as_ref().map_or("", |text| text.value.as_str());
    let mut out = format!("{HEAD}# {name}\n\n{description}\n\n");
    about(&file, &mut out);
    let results: Vec<(&PipelineTest, Map<String, Value>)> = file
        .tests
        .iter()
        .filter_map(|test| Some((test, result(&pipeline, test)?)))
        .collect();
    if let Some((test, event)) = results.first() {
        let event = serde_json::to_string_pretty(event).unwrap();
        write!(
            out,
            "\n## Sample\n\n```text\n{}\n```\n\nbecomes\n\n```json\n{event}\n```\n",
            test.input.value
        )
        .unwrap();
    }
    let events: Vec<Map<String, Value>> = results.into_iter().map(|(_, event)| event).collect();
    fields(&pipeline, &events, &mut out);
    out.push_str("\n## Metrics\n\n");
    let mut rows = String::new();
    for set in &file.metrics {
        let rules = library.metric_set(set, &mut diagnostics).unwrap().rules;
        metrics(&rules, &pipeline, &format!("set `{}`", set.value), &mut rows);
    }
    metrics(&file.rules, &pipeline, "", &mut rows);
    match rows.is_empty() {
        true => out.push_str("None of its own; add `[[counter]]` and the like to a copy of the file.\n"),
        false => write!(out, "| metric | kind | labels, beside `service` | what | from |\n| --- | --- | --- | --- | --- |\n{rows}").unwrap(),
    }
    (
        out,
        format!(
            "| [{name}]({name}.md) | {description} | `{}` |\n",
            file.dataset_name()
        ),
    )
}

#[test]
fn every_page_is_what_its_pipeline_says() {
    let library = Library::shipped();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference");
    let mut index = format!(
        "{HEAD}# The shipped pipelines\n\nWhat each reads, the fields and metrics it gives, and a sample. How to write one: [pipelines](../pipelines.md).\n\n| pipeline | reads | dataset |\n| --- | --- | --- |\n"
    );
    let mut pages = BTreeMap::new();
    for (name, _) in PIPELINES {
        let (page, row) = page(name, &library);
        index.push_str(&row);
        pages.insert(format!("{name}.md"), page);
    }
    pages.insert("README.md".to_owned(), index);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        for (name, page) in &pages {
            std::fs::write(folder.join(name), page).unwrap();
        }
    }
    for (name, page) in &pages {
        let written = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(
            written == *page,
            "UPDATE_GOLDEN=1 accepts this for {name}:\n{page}"
        );
    }
    for entry in std::fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(pages.contains_key(&name), "{name} is of no pipeline");
    }
}
