//! Processors, as steps of the pipeline of an input.

use super::yaml::Node;
use super::{Import, condition, constants};
use crate::import::pattern::field_name;
use crate::import::pipeline::{Pipeline, Why};
use crate::import::{date, dissect};

/// Processors without an equivalent, and why.
const LEFT: [(&str, &str); 16] = [
    (
        "add_host_metadata",
        "`host.name` is on every event; logmill asks the host for nothing else",
    ),
    (
        "add_cloud_metadata",
        "logmill asks no cloud; name what matters in `labels` of the [[input]]",
    ),
    (
        "add_docker_metadata",
        "logmill asks no container engine; the path has the container's id",
    ),
    (
        "add_kubernetes_metadata",
        "logmill asks no cluster; the path has pod, namespace and container",
    ),
    ("add_process_metadata", "logmill looks at no processes"),
    (
        "add_locale",
        "times are written in UTC; `timezone` of an [[input]] says how they are read",
    ),
    (
        "add_id",
        "`_id` comes from the file, the offset and the line, so that nothing is there twice",
    ),
    (
        "fingerprint",
        "`_id` comes from the file, the offset and the line, so that nothing is there twice",
    ),
    ("include_fields", "`remove` says which fields go, not which stay"),
    (
        "script",
        "there are no scripts; patterns, [[extract]], [[map]] and [[lookup]] are what there is",
    ),
    (
        "add_tags",
        "`labels` of the [[input]] are what tells events apart",
    ),
    (
        "decode_csv_fields",
        "`builtin = \"csv\"` of [parse] reads whole lines of commas",
    ),
    (
        "truncate_fields",
        "`line_bytes_max` in [agent] is the limit of a line",
    ),
    (
        "rate_limit",
        "`[[sample]]` ships a share of the events; none are lost for being many",
    ),
    ("dns", "`[[lookup]]` takes names from a file"),
    (
        "lowercase",
        "metrics can write `lower(field)`; [level] makes one form of levels",
    ),
];

impl Import {
    pub(super) fn processor(&mut self, node: &Node, pipeline: &mut Pipeline) {
        for (name, settings) in node.entries() {
            let mut settings = settings.clone();
            let what = format!("processor `{name}`");
            if name == "drop_event" {
                let result = drop_event(&mut settings, pipeline);
                self.note(&settings, &what, result);
                continue;
            }
            if let Some(when) = settings.take("when") {
                let why = "only what drops events has a condition; make what differs an [[input]] with a pipeline of its own";
                self.note(&when, &what, Err(why.to_owned()));
                continue;
            }
            match name.as_str() {
                "drop_fields" => self.each(&settings, "fields", &what, |field| {
                    pipeline.remove(&field_name(field.text().unwrap_or_default()))
                }),
                "rename" => self.each(&settings, "fields", &what, |pair| {
                    let (from, to) = ends(pair)?;
                    pipeline.rename(&from, &to)
                }),
                "copy_fields" => self.each(&settings, "fields", &what, |pair| {
                    let (from, to) = ends(pair)?;
                    pipeline.copy(&from, to)
                }),
                "convert" => self.each(&settings, "fields", &what, |pair| convert(pair, pipeline)),
                "add_fields" | "add_labels" => {
                    let target = settings.take("target");
                    let (table, prefix) = match (name.as_str(), target.as_ref().and_then(Node::text)) {
                        ("add_labels", _) => ("labels", "labels.".to_owned()),
                        (_, None) => ("fields", "fields.".to_owned()),
                        (_, Some("")) => ("fields", String::new()),
                        (_, Some(target)) => ("fields", format!("{target}.")),
                    };
                    if let Some(fields) = settings.take(table) {
                        constants(pipeline, &fields, &prefix);
                    }
                    self.note(&settings, &what, Ok("[set]"));
                }
                "dissect" => {
                    let result = dissected(&mut settings, pipeline);
                    self.note(&settings, &what, result);
                }
                "decode_json_fields" => {
                    let result = decoded(&mut settings, pipeline);
                    self.note(&settings, &what, result);
                }
                "timestamp" => {
                    let result = timed(&mut settings, pipeline);
                    self.note(&settings, &what, result);
                }
                other => {
                    let known = LEFT.iter().find(|(name, _)| *name == other);
                    let why = known.map_or("logmill has no such step", |(_, why)| why);
                    self.note(&settings, &what, Err(why.to_owned()));
                }
            }
        }
    }

    /// One entry of the report for each item of a list.
    fn each(
        &mut self,
        settings: &Node,
        list: &str,
        what: &str,
        mut step: impl FnMut(&Node) -> Result<&'static str, Why>,
    ) {
        for item in settings.get(list).map(Node::items).unwrap_or_default() {
            let result = step(item);
            let what = match item.text().or_else(|| item.get("from")?.text()) {
                Some(field) => format!("{what} of `{field}`"),
                None => what.to_owned(),
            };
            self.note(item, &what, result);
        }
    }
}

fn ends(pair: &Node) -> Result<(String, String), Why> {
    let end = |key| pair.get(key).and_then(Node::text).map(field_name);
    end("from")
        .zip(end("to"))
        .ok_or_else(|| "it names no `from` and `to`".to_owned())
}

fn drop_event(settings: &mut Node, pipeline: &mut Pipeline) -> Result<&'static str, Why> {
    let Some(when) = settings.take("when") else {
        return Err("it drops every event; leave the [[input]] out".to_owned());
    };
    let mut into = "[[drop]]";
    for selection in condition::read(&when, !pipeline.frame.start.is_empty())? {
        into = pipeline.drop(selection)?;
    }
    Ok(into)
}

fn convert(pair: &Node, pipeline: &mut Pipeline) -> Result<&'static str, Why> {
    let from = pair.get("from").and_then(Node::text).map(field_name);
    let from = from.ok_or_else(|| "it names no `from`".to_owned())?;
    let kind = match pair.get("type").and_then(Node::text) {
        Some("integer" | "long") => Some("int"),
        Some("float" | "double") => Some("float"),
        Some("ip") => Some("ip"),
        Some("string") | None => None,
        Some(other) => return Err(format!("there is no kind for the type `{other}`")),
    };
    let mut into = "nothing to do: it is text";
    if let Some(kind) = kind {
        into = pipeline.convert(&from, kind)?;
    }
    match pair.get("to").and_then(Node::text).map(field_name) {
        Some(to) if to != from => pipeline.rename(&from, &to),
        _ => Ok(into),
    }
}

fn dissected(settings: &mut Node, pipeline: &mut Pipeline) -> Result<&'static str, Why> {
    let tokenizer = settings.take("tokenizer");
    let tokenizer = tokenizer.as_ref().and_then(Node::text).unwrap_or_default();
    let prefix = match settings.take("target_prefix").as_ref().and_then(Node::text) {
        None => "dissect.".to_owned(),
        Some("") => String::new(),
        Some(prefix) => format!("{prefix}."),
    };
    let field = settings
        .take("field")
        .and_then(|node| node.text().map(field_name));
    let pattern =
        dissect::translate(tokenizer, &prefix).map_err(|refused| format!("its tokenizer {refused}"))?;
    pipeline.read(field.as_deref().unwrap_or("message"), vec![pattern])
}

fn decoded(settings: &mut Node, pipeline: &mut Pipeline) -> Result<&'static str, Why> {
    let fields = settings.take("fields");
    let target = settings.take("target");
    let mut into = Err("it names no field".to_owned());
    for field in fields.as_ref().map(Node::texts).unwrap_or_default() {
        let field = field_name(field);
        let prefix = match target.as_ref().and_then(Node::text) {
            Some("") => String::new(),
            Some(target) => format!("{target}."),
            // In place of the text, which the documents have as well.
            None if field == "message" => "json.".to_owned(),
            None => format!("{field}."),
        };
        into = Ok(pipeline.read_json(&field, &prefix)?);
    }
    into
}

fn timed(settings: &mut Node, pipeline: &mut Pipeline) -> Result<&'static str, Why> {
    let field = settings
        .take("field")
        .and_then(|node| node.text().map(field_name));
    let field = field.ok_or_else(|| "it names no field".to_owned())?;
    let layouts = settings.take("layouts");
    let mut kinds = Vec::new();
    for layout in layouts.as_ref().map(Node::texts).unwrap_or_default() {
        kinds.push(date::of_go(layout).ok_or_else(|| format!("no kind reads times such as `{layout}`"))?);
    }
    let kind = date::common(&kinds).ok_or_else(|| "it names no layout".to_owned())?;
    if let Some(zone) = settings.take("timezone") {
        pipeline.timezone = zone.text().filter(|zone| *zone != "Local").map(str::to_owned);
    }
    pipeline.time(&field, kind)
}
