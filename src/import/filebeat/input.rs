//! One input of `filebeat.inputs`.

use super::yaml::Node;
use super::{Import, constants, environment};
use crate::import::grok;
use crate::import::pattern::Pattern;
use crate::import::pipeline::{Parse, Pipeline, Selection, put};
use crate::import::plan::Input;

/// What holds for every input.
pub(super) struct General {
    pub processors: Vec<Node>,
    pub fields: Option<Node>,
    pub under_root: bool,
    pub tags: Option<Node>,
}

/// Settings of an input that have no equivalent, and why.
const LEFT: [(&str, &str); 14] = [
    (
        "close",
        "a file is kept open while it is written to; nothing of a deleted one is lost",
    ),
    ("clean", "a file's state goes when the file has gone"),
    (
        "ignore_older",
        "every file of the paths is read; narrow `paths`, or name `exclude`",
    ),
    ("harvester", "there is no limit on open files beside the system's"),
    ("max_bytes", "`line_bytes_max` in [agent] is the limit of a line"),
    (
        "message_max_bytes",
        "`line_bytes_max` in [agent] is the limit of a line",
    ),
    (
        "scan_frequency",
        "new files are noticed at once; `scan` in [agent] is for what is missed",
    ),
    (
        "prospector",
        "new files are noticed at once; rotated ones are known again by what they hold",
    ),
    (
        "file_identity",
        "files are known by device, number and what they begin with",
    ),
    ("backoff", "a file is read when it grows"),
    ("symlinks", "links are followed"),
    (
        "pipeline",
        "`ingest_pipeline` in [elasticsearch] is for all events",
    ),
    (
        "index",
        "`index` in [elasticsearch] is for all events; `dataset` of an [[input]] is part of it",
    ),
    ("include_lines", "`[[drop]]` says what goes, not what stays"),
];

impl Import {
    pub(super) fn input(&mut self, mut node: Node, general: &General) {
        let at = self.at(&node);
        let kind = node.take("type");
        let kind = kind.as_ref().and_then(Node::text).unwrap_or("log").to_owned();
        if node.take("enabled").is_some_and(|enabled| !enabled.is_true()) {
            return self
                .report
                .left(&at, format!("input `{kind}`"), "it is not enabled");
        }
        if !matches!(kind.as_str(), "log" | "filestream" | "container" | "docker") {
            let why = "logmill reads files; write the logs to one, or let journald, rsyslog or the application do it";
            return self.report.left(&at, format!("input `{kind}`"), why);
        }
        let Some(paths) = node.take("paths").filter(|paths| !paths.texts().is_empty()) else {
            return self
                .report
                .left(&at, format!("input `{kind}`"), "it has no `paths`");
        };
        let mut input = Input {
            paths: paths.texts().into_iter().map(environment).collect(),
            ..Input::default()
        };
        self.note(&paths, "`paths`", Ok("`paths` of an [[input]]"));
        let wanted = node.take("id").and_then(|id| id.text().map(str::to_owned));
        let wanted = wanted.unwrap_or_else(|| name_of(&input.paths[0]));
        let mut pipeline = Pipeline {
            name: self.plan.free_name(&wanted),
            description: format!("The log {}", input.paths[0]),
            ..Pipeline::default()
        };
        self.wrapper(&kind, &mut node, &mut input);
        self.frame(&mut node, &mut pipeline);
        self.json(&mut node, &mut pipeline);
        self.lines(&mut node, &mut pipeline);
        self.excluded(&mut node, &mut input);
        self.labels(&mut node, general, &mut input, &mut pipeline);
        let own = node.take("processors");
        let own = own.as_ref().map(|node| node.items()).unwrap_or_default();
        for processor in own.iter().chain(&general.processors) {
            self.processor(processor, &mut pipeline);
        }
        if let Some(tail) = node.take("tail_files") {
            input.from_end = tail.is_true();
            self.note(&tail, "`tail_files`", Ok("`start_at` of the [[input]]"));
        }
        self.rest(&node);
        input.pipeline = self.plan.add(pipeline);
        if input.pipeline == "plain" {
            let file = &input.paths[0];
            input.comment = Some(format!("Lines as they are; `logmill suggest {file}` knows more."));
        }
        self.plan.inputs.push(input);
    }

    fn wrapper(&mut self, kind: &str, node: &mut Node, input: &mut Input) {
        let format = node.take("format");
        let by_path = || match input.paths.iter().any(|path| path.contains("docker")) {
            true => "docker",
            false => "cri",
        };
        if matches!(kind, "container" | "docker") {
            input.wrapper = Some(match format.as_ref().and_then(Node::text) {
                Some("docker") => "docker",
                Some("cri") => "cri",
                _ => by_path(),
            });
            self.note(node, &format!("input `{kind}`"), Ok("`wrapper` of the [[input]]"));
        }
    }

    fn frame(&mut self, node: &mut Node, pipeline: &mut Pipeline) {
        if let Some(multiline) = node.take("multiline") {
            self.multiline(multiline, &mut pipeline.frame);
        }
        let Some(parsers) = node.take("parsers") else {
            return;
        };
        for parser in parsers.items() {
            for (name, settings) in parser.entries() {
                match name.as_str() {
                    "multiline" => self.multiline(settings.clone(), &mut pipeline.frame),
                    "ndjson" => self.ndjson(settings.clone(), pipeline),
                    "container" => {
                        let why = "name the input's `wrapper`: docker or cri".to_owned();
                        self.note(settings, "parser `container`", Err(why));
                    }
                    other => {
                        let why =
                            "the shipped pipelines read such logs; `logmill suggest FILE` names the one"
                                .to_owned();
                        self.note(settings, &format!("parser `{other}`"), Err(why));
                    }
                }
            }
        }
    }

    fn json(&mut self, node: &mut Node, pipeline: &mut Pipeline) {
        if let Some(json) = node.take("json") {
            self.ndjson(json, pipeline);
        }
    }

    /// `json.…` of a log input, or the parser `ndjson` of a filestream.
    fn ndjson(&mut self, mut node: Node, pipeline: &mut Pipeline) {
        let under_root = node.take("keys_under_root").is_some_and(|node| node.is_true());
        let target = node.take("target");
        let prefix = match target.as_ref().and_then(Node::text) {
            Some("") => String::new(),
            Some(target) => format!("{target}."),
            None if under_root => String::new(),
            None => "json.".to_owned(),
        };
        let message = node.take("message_key");
        let result = pipeline.read_json("message", &prefix);
        let done = result.is_ok();
        self.note(&node, "`json`", result);
        let key = message.as_ref().and_then(Node::text);
        if let (true, Some(key), Parse::Json { keys, .. }) = (done, key, &mut pipeline.parse) {
            put(keys, "message".to_owned(), key.to_owned());
        }
        for (name, left) in node.leaves() {
            let why = "what is no JSON is shipped as it is, with the tag `unmatched`".to_owned();
            self.note(left, &format!("`json.{name}`"), Err(why));
        }
    }

    /// `exclude_lines`: lines that belong to no event.
    fn lines(&mut self, node: &mut Node, pipeline: &mut Pipeline) {
        let Some(excluded) = node.take("exclude_lines") else {
            return;
        };
        let lines_follow = !pipeline.frame.start.is_empty();
        for item in excluded.items() {
            let result = grok::search(item.text().unwrap_or_default(), lines_follow)
                .map_err(|refused| format!("its expression {refused}"))
                .and_then(|patterns: Vec<Pattern>| {
                    pipeline.drop(Selection {
                        matches: vec![("message".to_owned(), patterns)],
                        ..Selection::default()
                    })
                });
            self.note(item, "`exclude_lines`", result);
        }
    }

    fn excluded(&mut self, node: &mut Node, input: &mut Input) {
        let files = node
            .take("exclude_files")
            .or_else(|| node.take("prospector.scanner.exclude_files"));
        let Some(files) = files else { return };
        for item in files.items() {
            let result = match item.text().unwrap_or_default() {
                r"\.gz$" | r".gz$" => {
                    Ok("nothing to do: compressed files are read where they continue a log")
                }
                text => glob(text).map(|glob| {
                    input.exclude.push(glob);
                    "`exclude` of the [[input]]"
                }),
            };
            self.note(item, "`exclude_files`", result);
        }
    }

    fn labels(&mut self, node: &mut Node, general: &General, input: &mut Input, pipeline: &mut Pipeline) {
        let own_root = node.take("fields_under_root").is_some_and(|node| node.is_true());
        let own = node.take("fields");
        let all = [(&general.fields, general.under_root), (&own, own_root)];
        for (fields, under_root) in all
            .into_iter()
            .filter_map(|(fields, root)| Some((fields.as_ref()?, root)))
        {
            constants(pipeline, fields, if under_root { "" } else { "fields." });
            for (name, node) in fields.leaves() {
                if matches!(name.as_str(), "service" | "service.name") {
                    input.service = node.text().map(environment);
                }
            }
            // The input says it itself.
            pipeline.set.retain(|(name, _)| name != "service.name");
            self.note(fields, "`fields`", Ok("[set]"));
        }
        let own = node.take("tags");
        let tags: Vec<&Node> = general.tags.iter().chain(&own).collect();
        let words: Vec<&str> = tags.iter().flat_map(|node| node.texts()).collect();
        if let Some(first) = tags.first() {
            input.labels.push(("tags".to_owned(), words.join(",")));
            let at = self.at(first);
            self.report.changed(
                &at,
                "`tags`",
                "`labels.tags` of the [[input]] is one text: `tags` says what became of the event",
            );
        }
    }

    fn rest(&mut self, node: &Node) {
        for (name, left) in node.leaves() {
            let utf8 = name == "encoding" && matches!(left.text(), Some("utf-8" | "plain"));
            let known = LEFT.iter().find(|(beginning, _)| name.starts_with(beginning));
            let why = match (known, name.as_str()) {
                (Some((_, why)), _) => why,
                (None, "encoding") => "logs are UTF-8; what is not is written as U+FFFD",
                (None, _) => "logmill has no such setting",
            };
            if !utf8 {
                self.note(left, &format!("`{name}`"), Err((*why).to_owned()));
            }
        }
    }
}

/// `/var/log/shop/api.log` is `shop-api`.
pub fn name_of(path: &str) -> String {
    let clean = |part: &str| {
        part.split('.')
            .next()
            .unwrap_or_default()
            .trim_matches('*')
            .to_owned()
    };
    let parts: Vec<String> = path.rsplit('/').take(2).map(clean).collect();
    match parts.as_slice() {
        [file, folder] if !folder.is_empty() && folder != "log" && !file.is_empty() && file != folder => {
            format!("{folder}-{file}")
        }
        [file, ..] if !file.is_empty() => file.clone(),
        [_, folder] => folder.clone(),
        _ => "imported".to_owned(),
    }
}

/// An expression for the end or the beginning of a path, as a glob.
fn glob(expression: &str) -> Result<String, String> {
    let plain = |text: &str| {
        let text = text.replace(r"\.", ".");
        let fine = text
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "._-/".contains(letter));
        fine.then_some(text)
    };
    let glob = match (expression.strip_prefix('^'), expression.strip_suffix('$')) {
        (None, Some(text)) => plain(text).map(|text| format!("/**/*{text}")),
        (Some(text), None) => plain(text).map(|text| format!("{text}*")),
        (None, None) => plain(expression).map(|text| format!("/**/*{text}*")),
        (Some(_), Some(_)) => plain(expression.trim_start_matches('^').trim_end_matches('$')),
    };
    glob.ok_or_else(|| format!("`{expression}` is no glob; name the files in `exclude` of the [[input]]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_globs() {
        assert_eq!(name_of("/var/log/nginx/access.log"), "nginx-access");
        assert_eq!(name_of("/var/log/*.log"), "log");
        assert_eq!(name_of("/srv/shop/*.log"), "shop");
        assert_eq!(glob(r"\.bak$"), Ok("/**/*.bak".to_owned()));
        assert!(glob("a|b").is_err());
    }
}
