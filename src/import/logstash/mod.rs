//! Pipelines of Logstash: inputs, filters, the output.
//!
//! A condition on what is the same for all events of an input (its type, its tags, its fields) is decided here, so that
//! every input gets a pipeline with its own filters. Of the others only those of a `drop` can be carried over.

mod condition;
mod filter;
mod grammar;
mod mutate;
mod output;
mod parse;
mod settings;
mod sources;

use serde_json::Value as Json;

use self::condition::{CASES_MAX, Cases, Facts};
use self::filter::Filtering;
use self::grammar::{Branch, Plugin, Section, Value};
use self::settings::Settings;
use self::sources::Sources;
pub use self::sources::{PatternsDir, Source};
use super::filebeat::starts;
use super::pipeline::{Pipeline, put};
use super::plan::{Input, Plan};
use super::report::{At, Report};
use super::taken::settle;
use super::{Broken, Imported};

/// Reads the files of a pipeline, in their order.
///
/// # Errors
///
/// Where one stops being part of a pipeline.
pub fn import(files: &[Source], patterns: PatternsDir<'_>) -> Result<Imported, (At, Broken)> {
    let (sources, whole) = Sources::join(files);
    let sections = grammar::read(&whole).map_err(|broken| (sources.at(broken.line), broken))?;
    if sections.is_empty() {
        let why = "there is nothing in it: expected `input {`, `filter {` or `output {`".to_owned();
        return Err((sources.at(1), Broken { line: 1, why }));
    }
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    let mut import = Import {
        sources,
        patterns,
        sections,
        plan: Plan::default(),
        report: Report::default(),
    };
    for plugin in import.plugins("output") {
        import.output(&plugin);
    }
    let inputs = import.plugins("input");
    for plugin in &inputs {
        import.input(plugin);
    }
    if inputs.is_empty() {
        import.sources("filters", None);
    }
    let at = import.at(1);
    settle(&mut import.plan, &at, &mut import.report);
    Ok(Imported {
        plan: import.plan,
        report: import.report,
        from: names.join(", "),
    })
}

struct Import<'f> {
    sources: Sources,
    patterns: PatternsDir<'f>,
    sections: Vec<Section>,
    plan: Plan,
    report: Report,
}

impl Import<'_> {
    fn at(&self, line: usize) -> At {
        self.sources.at(line)
    }

    fn note(&mut self, line: usize, what: &str, result: Result<&'static str, String>) {
        let at = self.at(line);
        match result {
            Ok(into) => self.report.carried(&at, what, into),
            Err(why) => self.report.left(&at, what, why),
        }
    }

    /// The plugins of the sections of a kind, whatever condition they stand behind.
    fn plugins(&self, kind: &str) -> Vec<Plugin> {
        fn gather(body: &[Branch], found: &mut Vec<Plugin>) {
            for branch in body {
                match branch {
                    Branch::Plugin(plugin) => found.push(plugin.clone()),
                    Branch::If { arms, .. } => arms.iter().for_each(|(_, body)| gather(body, found)),
                }
            }
        }
        let mut found = Vec::new();
        for section in self.sections.iter().filter(|section| section.kind == kind) {
            gather(&section.body, &mut found);
        }
        found
    }

    fn filters(&self) -> Vec<Branch> {
        let filters = self.sections.iter().filter(|section| section.kind == "filter");
        filters.flat_map(|section| section.body.clone()).collect()
    }

    fn input(&mut self, plugin: &Plugin) {
        let what = format!("input `{}`", plugin.name);
        match plugin.name.as_str() {
            "file" => self.file(plugin),
            "beats" | "elastic_agent" | "lumberjack" | "tcp" | "udp" | "syslog" | "http" | "kafka"
            | "redis" | "stdin" | "rabbitmq" => {
                let why =
                    "logmill reads files itself, on the host that has them; name them in `paths`".to_owned();
                self.note(plugin.line, &what, Err(why));
                let facts = self.facts(plugin);
                self.sources(&plugin.name, Some(facts));
            }
            _ => self.note(plugin.line, &what, Err("logmill reads files".to_owned())),
        }
    }

    /// What an input says of its events.
    fn facts(&self, plugin: &Plugin) -> Facts {
        let mut settings = Settings::of(plugin);
        let mut facts = Facts::default();
        if let Some(kind) = settings.text("type") {
            facts.fields.push(("type".to_owned(), Json::from(kind)));
        }
        let tags = settings.texts("tags");
        if !tags.is_empty() {
            facts.tags = Some(tags);
        }
        for setting in settings.take_all("add_field") {
            for (name, _, value) in setting.value.pairs(setting.line) {
                if let Some(value) = value.scalar() {
                    facts.fields.push((super::pattern::field_name(&name), value));
                }
            }
        }
        facts
    }

    fn file(&mut self, plugin: &Plugin) {
        let mut facts = self.facts(plugin);
        facts.complete = true;
        facts.tags.get_or_insert_default();
        facts.paths = Settings::of(plugin).texts("path");
        let mut settings = Settings::of(plugin);
        let mut input = Input {
            paths: settings
                .texts("path")
                .into_iter()
                .filter(|path| !path.is_empty())
                .collect(),
            exclude: settings
                .texts("exclude")
                .iter()
                .map(|name| format!("/**/{name}"))
                .collect(),
            // Logstash begins at the end unless it is told otherwise.
            from_end: settings.text("start_position").as_deref() != Some("beginning"),
            ..Input::default()
        };
        if input.paths.is_empty() {
            return self.note(plugin.line, "input `file`", Err("it has no `path`".to_owned()));
        }
        self.note(plugin.line, "input `file`", Ok("an [[input]]"));
        let mut pipeline = Pipeline::default();
        if let Some(codec) = settings.take("codec") {
            self.codec(&codec.value, codec.line, &mut pipeline);
        }
        for (field, value) in &facts.fields {
            put(&mut pipeline.set, field.clone(), value.clone());
        }
        let tags = facts.tags.clone().unwrap_or_default();
        if !tags.is_empty() {
            input.labels.push(("tags".to_owned(), tags.join(",")));
            let at = self.at(plugin.line);
            self.report.changed(
                &at,
                "`tags`",
                "`labels.tags` of the [[input]] is one text: `tags` says what became of the event",
            );
        }
        for name in ["type", "tags", "add_field"] {
            settings.take_all(name);
        }
        for setting in settings.rest() {
            let why = match setting.name.as_str() {
                "sincedb_path" | "sincedb_write_interval" => {
                    "`state_dir` in [agent] says where offsets are kept"
                }
                "ignore_older" | "close_older" | "max_open_files" => {
                    "every file of the paths is read and kept open while it is written to"
                }
                "mode" | "file_completed_action" | "file_completed_log_path" => {
                    "files are followed, and never deleted"
                }
                "id" | "enable_metric" => continue,
                "stat_interval" | "discover_interval" => {
                    "new files are noticed at once; `scan` in [agent] is for what is missed"
                }
                _ => "logmill has no such setting",
            };
            self.note(
                setting.line,
                &format!("`{}` of input `file`", setting.name),
                Err(why.to_owned()),
            );
        }
        let wanted = facts
            .fields
            .iter()
            .find_map(|(name, value)| (name == "type").then(|| value.as_str().map(str::to_owned))?)
            .unwrap_or_else(|| super::filebeat::name_of(&input.paths[0]));
        self.add(&wanted, &facts, pipeline, input);
    }

    fn codec(&mut self, codec: &Value, line: usize, pipeline: &mut Pipeline) {
        let name = codec.text().unwrap_or_default();
        let result = match (name.as_str(), codec) {
            ("plain" | "line", _) => return,
            ("json" | "json_lines", _) => pipeline.read_json("message", ""),
            ("multiline", Value::Plugin(plugin)) => {
                let mut settings = Settings::of(plugin);
                let pattern = settings.text("pattern").unwrap_or_default();
                let negate = settings.is_true("negate");
                let after = settings.text("what").as_deref() != Some("next");
                starts(&pattern, negate, after).map(|start| {
                    pipeline.frame.start = start;
                    "[frame] start"
                })
            }
            _ => Err("the shipped pipelines read such logs; `logmill suggest FILE` names the one".to_owned()),
        };
        self.note(line, &format!("codec `{name}`"), result);
    }

    /// Pipelines for events whose files are not known: one for each source that the filters tell apart.
    fn sources(&mut self, wanted: &str, facts: Option<Facts>) {
        let given = facts.unwrap_or_default();
        let filters = self.filters();
        let Cases {
            known: mut cases,
            more,
            ..
        } = Cases::of(&filters);
        if more {
            let line = filters.first().map_or(1, Branch::line);
            self.note(
                line,
                "`if`",
                Err(format!(
                    "the filters tell more than {CASES_MAX} sources apart; the others have to be written by hand"
                )),
            );
        }
        if cases.is_empty() || !given.fields.is_empty() {
            cases = vec![Facts {
                complete: !given.fields.is_empty(),
                ..given
            }];
        }
        for facts in cases {
            let values = facts.fields.iter().filter_map(|(_, value)| value.as_str());
            let tags = facts.tags.iter().flatten().map(String::as_str);
            let words: Vec<&str> = values.chain(tags).collect();
            let told = match words.is_empty() {
                true => wanted.to_owned(),
                false => words.join("-"),
            };
            let input = Input {
                comment: Some("Name the files that these events come from.".to_owned()),
                paths: vec![format!("/var/log/{told}/*.log")],
                ..Input::default()
            };
            let mut pipeline = Pipeline::default();
            for (field, value) in &facts.fields {
                if !field.starts_with('@') {
                    put(&mut pipeline.set, field.clone(), value.clone());
                }
            }
            self.add(&told, &facts, pipeline, input);
        }
    }

    fn add(&mut self, wanted: &str, facts: &Facts, mut pipeline: Pipeline, mut input: Input) {
        pipeline.name = self.plan.free_name(wanted);
        pipeline.description = format!("The log {}", input.paths.join(", "));
        let filters = self.filters();
        Filtering {
            sources: &self.sources,
            patterns: self.patterns,
            facts,
            pipeline: &mut pipeline,
            report: &mut self.report,
        }
        .body(&filters);
        input.pipeline = self.plan.add(pipeline);
        if !self.plan.inputs.contains(&input) {
            self.plan.inputs.push(input);
        }
    }
}
