//! Filters, as steps of a pipeline.

use serde_json::Value as Json;

use super::condition::{self, Facts};
use super::grammar::{Branch, Condition, Plugin};
use super::settings::Settings;
use super::sources::{PatternsDir, Sources};
use super::{mutate, parse};
use crate::import::pattern::field_name;
use crate::import::pipeline::{Map, Pipeline, Selection, Take, Why, put};
use crate::import::report::{At, Report};

/// Filters without an equivalent, and why.
const LEFT: [(&str, &str); 17] = [
    (
        "aggregate",
        "events are not put together; `[[elapsed]]` measures the time between two lines",
    ),
    (
        "elapsed",
        "`[[elapsed]]` measures the time between two lines: name `start`, `end` and `key`",
    ),
    (
        "geoip",
        "logmill looks up no places; an ingest pipeline of Elasticsearch can, with `ingest_pipeline`",
    ),
    (
        "ruby",
        "there is no code; patterns, [[extract]], [[map]] and [[lookup]] are what there is",
    ),
    (
        "fingerprint",
        "`_id` comes from the file, the offset and the line; `[[redact]]` with `hash_key` hides a value",
    ),
    ("anonymize", "`[[redact]]` with `hash_key` hides a value"),
    (
        "metrics",
        "`[[counter]]` and `[[histogram]]` are the metrics of a pipeline",
    ),
    (
        "multiline",
        "which line begins an event is said by `start` in [frame]",
    ),
    ("clone", "an event is one document"),
    ("split", "an event is one document"),
    ("throttle", "`[[sample]]` ships a share of the events"),
    ("dns", "`[[lookup]]` takes names from a file"),
    (
        "cidr",
        "`[[lookup]]` takes what an address stands for from a file",
    ),
    ("prune", "`remove` says which fields go, not which stay"),
    (
        "uuid",
        "`_id` comes from the file, the offset and the line, so that nothing is there twice",
    ),
    ("xml", "there is no parser for XML"),
    (
        "syslog_pri",
        "the pipelines for syslog take facility and severity apart",
    ),
];

/// One way through the filters, for the events of one source.
pub struct Filtering<'r> {
    pub sources: &'r Sources,
    pub patterns: PatternsDir<'r>,
    pub facts: &'r Facts,
    pub pipeline: &'r mut Pipeline,
    pub report: &'r mut Report,
}

impl Filtering<'_> {
    pub fn body(&mut self, body: &[Branch]) {
        for branch in body {
            match branch {
                Branch::Plugin(plugin) => self.filter(plugin),
                Branch::If { arms, line } => self.choice(*line, arms),
            }
        }
    }

    fn choice(&mut self, line: usize, arms: &[(Option<Condition>, Vec<Branch>)]) {
        // The line of an arm before that may hold and does more than drop.
        let mut open = None;
        for (condition, body) in arms {
            match condition
                .as_ref()
                .map_or(Some(true), |condition| self.facts.holds(condition))
            {
                Some(true) => {
                    return match open {
                        Some(line) => self.skipped(line, body),
                        None => self.body(body),
                    };
                }
                Some(false) => continue,
                None => {}
            }
            let Some(condition) = condition else { return };
            match (condition, drops(body), open) {
                (_, Some(plugin), None) => self.drop(plugin, Some(condition)),
                // What acts on a field does nothing where the field is not there.
                (Condition::Field(_), None, None) if arms.len() == 1 => self.body(body),
                _ => {
                    self.skipped(line, body);
                    open = Some(line);
                }
            }
        }
    }

    /// Filters behind a condition that depends on the event.
    fn skipped(&mut self, line: usize, body: &[Branch]) {
        for branch in body {
            match branch {
                Branch::Plugin(plugin) => {
                    let why = format!(
                        "it depends on the condition in line {line}, and only `drop` can; make what differs a pipeline of its own"
                    );
                    self.note(plugin.line, &format!("filter `{}`", plugin.name), Err(why));
                }
                Branch::If { line, arms } => {
                    for (_, body) in arms {
                        self.skipped(*line, body);
                    }
                }
            }
        }
    }

    pub fn note(&mut self, line: usize, what: &str, result: Result<&'static str, Why>) {
        let at = self.at(line);
        match result {
            Ok(into) => self.report.carried(&at, what, into),
            Err(why) => self.report.left(&at, what, why),
        }
    }

    pub fn at(&self, line: usize) -> At {
        self.sources.at(line)
    }

    fn filter(&mut self, plugin: &Plugin) {
        let mut settings = Settings::of(plugin);
        let what = format!("filter `{}`", plugin.name);
        match plugin.name.as_str() {
            "drop" => return self.drop(plugin, None),
            "grok" => parse::grok(self, &mut settings),
            "dissect" => parse::dissect(self, &mut settings),
            "date" => parse::date(self, &mut settings),
            "json" => parse::json(self, &mut settings),
            "kv" => parse::pairs(self, &mut settings),
            "csv" => parse::csv(self, &mut settings),
            "mutate" => mutate::mutate(self, &mut settings),
            "translate" => {
                let result = translate(self.pipeline, &mut settings);
                self.note(plugin.line, &what, result);
            }
            "useragent" => {
                let source = settings
                    .text("source")
                    .map(|name| self.pipeline.own_name(field_name(&name)))
                    .unwrap_or_default();
                let result = self.pipeline.extract(&source, Take::UserAgent);
                let result = result.map(|()| "[[extract]] builtin = \"user_agent\"");
                settings.take("target");
                self.note(plugin.line, &what, result);
            }
            other => {
                let known = LEFT.iter().find(|(name, _)| *name == other);
                let why = known.map_or("logmill has no such step", |(_, why)| why);
                return self.note(plugin.line, &what, Err(why.to_owned()));
            }
        }
        mutate::common(self, &mut settings);
        self.rest(settings);
    }

    fn rest(&mut self, settings: Settings) {
        let plugin = settings.plugin.clone();
        for setting in settings.rest() {
            // They say nothing about events.
            if matches!(
                setting.name.as_str(),
                "id" | "enable_metric" | "periodic_flush" | "ecs_compatibility"
            ) {
                continue;
            }
            let why = match setting.name.as_str() {
                "add_tag" | "tag_on_failure" | "remove_tag" | "tag_on_timeout" => {
                    "`tags` says what became of the event: `unmatched` where no pattern matches"
                }
                "timeout_millis" | "timeout_scope" => "a pattern takes linear time",
                "locale" => "names of months and days are English",
                _ => "logmill has no such setting",
            };
            let what = format!("`{}` of filter `{plugin}`", setting.name);
            self.note(setting.line, &what, Err(why.to_owned()));
        }
    }

    fn drop(&mut self, plugin: &Plugin, condition: Option<&Condition>) {
        let mut settings = Settings::of(plugin);
        let percentage = settings
            .take("percentage")
            .and_then(|setting| setting.value.scalar()?.as_f64());
        let lines_follow = !self.pipeline.frame.start.is_empty();
        let result = match condition {
            None => Ok(vec![Selection::default()]),
            Some(condition) => condition::selections(condition, lines_follow),
        };
        let result = result.and_then(|selections| {
            let mut into = "[[drop]]";
            for selection in selections {
                match percentage {
                    Some(percentage) if percentage < 100.0 => {
                        for field in selection.fields() {
                            if !self.pipeline.knows(field) {
                                return Err(format!("no step that was carried over sets `{field}`"));
                            }
                        }
                        let keep = (100.0 - percentage).max(0.001) / 100.0;
                        self.pipeline.samples.push((selection, keep));
                        into = "[[sample]]";
                    }
                    _ if condition.is_none() => {
                        return Err("it drops every event; leave the [[input]] out".to_owned());
                    }
                    _ => into = self.pipeline.drop(selection)?,
                }
            }
            Ok(into)
        });
        self.note(plugin.line, "filter `drop`", result);
    }
}

/// The filter `drop`, when a block has nothing else.
fn drops(body: &[Branch]) -> Option<&Plugin> {
    match body {
        [Branch::Plugin(plugin)] if plugin.name == "drop" => Some(plugin),
        _ => None,
    }
}

fn translate(pipeline: &mut Pipeline, settings: &mut Settings) -> Result<&'static str, Why> {
    let source = settings.text("source").or_else(|| settings.text("field"));
    let target = settings.text("target").or_else(|| settings.text("destination"));
    let source = source
        .map(|name| pipeline.own_name(field_name(&name)))
        .unwrap_or_default();
    let dictionary = settings.take("dictionary");
    let fallback = settings.text("fallback");
    settings.take("override");
    let Some(dictionary) = dictionary else {
        return Err("its dictionary is a file; `[[lookup]]` takes fields from a table".to_owned());
    };
    if fallback.is_some_and(|fallback| fallback.contains("%{")) {
        return Err("its `fallback` is made of fields".to_owned());
    }
    let mut values: Vec<(String, Json)> = Vec::new();
    for (name, _, value) in dictionary.value.pairs(dictionary.line) {
        if let Some(value) = value.scalar() {
            put(&mut values, name, value);
        }
    }
    if values.is_empty() {
        return Err("its dictionary is empty".to_owned());
    }
    pipeline.map(Map {
        field: source,
        to: target.map(|name| field_name(&name)),
        values,
    })
}
