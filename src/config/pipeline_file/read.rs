//! The pipeline file from TOML.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::read_change::read_changes;
use super::{
    Ansi, Builtin, Constant, ExtractBuiltin, ExtractRule, Form, FrameRule, HostFormat, KeyRule, KeySource,
    MapRule, ParseRule, PipelineFile, PipelineTest, Rest, Wrapper,
};
use crate::config::document::{Node, NodeValue, Table};
use crate::config::index_name::check_part;
use crate::config::zone::read_zone;
use crate::config::{Diagnostic, Diagnostics, MetricRules, SourceFile, Spanned, Surroundings, System};

impl PipelineFile {
    /// Reads a pipeline file. `None` when it is no TOML; with other mistakes it is what is left, so that its
    /// patterns can be compiled and their mistakes shown too, and the diagnostics have errors.
    pub fn read(name: &str, file: Arc<SourceFile>, diagnostics: &mut Diagnostics) -> Option<PipelineFile> {
        Self::read_in(name, file, &System, diagnostics)
    }

    /// Likewise, with the environment and the files that it names from `surroundings`.
    pub fn read_in(
        name: &str,
        file: Arc<SourceFile>,
        surroundings: &dyn Surroundings,
        diagnostics: &mut Diagnostics,
    ) -> Option<PipelineFile> {
        let d = diagnostics;
        let mut root = Table::parse(&file, d);
        if root.incomplete {
            return None;
        }
        let is_empty =
            |node: &Node| matches!(&node.value, NodeValue::Table(table) if table.entries.is_empty());
        if root.entries.iter().all(|entry| is_empty(&entry.node)) {
            d.push(
                Diagnostic::warning("this pipeline is empty: it ships each line as it is")
                    .at(root.place(""))
                    .help("write [parse] with `patterns`, or name `plain` where this one is named and remove the file"),
            );
        }
        root.expand_only(&EXPANDED, surroundings, d);
        Some(Self::from_table(name, file, root, surroundings, d))
    }

    /// Asks the file's own table for every key.
    pub(in crate::config) fn from_table(
        name: &str,
        file: Arc<SourceFile>,
        mut root: Table,
        surroundings: &dyn Surroundings,
        d: &mut Diagnostics,
    ) -> PipelineFile {
        let description = root.take_string("description", d);
        let dataset = root.take_string("dataset", d);
        if let Some(dataset) = &dataset
            && let Err(mistake) = check_part(dataset)
        {
            d.push(
                Diagnostic::error(mistake.message)
                    .at(dataset.place_within(mistake.span, ""))
                    .help(mistake.help),
            );
        }
        let metrics = root.take_strings("metrics", d);
        let frame = root.take_table("frame", d).map(|table| read_frame(table, d));
        let parse = root.take_table("parse", d).map(|table| read_parse(table, d));
        let extracts = root.take_tables("extract", d);
        let extracts = extracts
            .into_iter()
            .filter_map(|table| read_extract(table, d))
            .collect();
        let maps = root.take_tables("map", d);
        let maps = maps.into_iter().filter_map(|table| read_map(table, d)).collect();
        let set = read_constants("set", &mut root, d);
        let default = read_constants("default", &mut root, d);
        let changes = read_changes(&mut root, surroundings, d);
        let rules = MetricRules::read(&mut root, d);
        let tests = root.take_tables("test", d);
        let tests = tests
            .into_iter()
            .filter_map(|table| read_test(table, d))
            .collect();
        root.finish(d);
        PipelineFile {
            name: name.to_owned(),
            file,
            description,
            dataset,
            metrics,
            frame: frame.unwrap_or_default(),
            parse: parse.unwrap_or_default(),
            extracts,
            maps,
            set,
            default,
            changes,
            rules,
            tests,
        }
    }
}

/// Where `${…}` stands for the environment. Elsewhere a `$` is what the log has.
const EXPANDED: [&str; 3] = ["set", "lookup", "redact"];

fn read_frame(mut table: Table, d: &mut Diagnostics) -> FrameRule {
    let mut rule = FrameRule::default();
    if let Some(wrapper) = table.take_choice("wrapper", &Wrapper::WORDS, d) {
        rule.wrapper = wrapper.value;
    }
    let forms = [
        ("lines", Form::Lines),
        ("quoted", Form::Quoted),
        ("journal", Form::Journal),
    ];
    if let Some(form) = table.take_choice("form", &forms, d) {
        rule.form = form.value;
    }
    table.require_after("lead", "start");
    rule.start = table.take_list("start", d);
    rule.lead = table.take_list("lead", d);
    rule.skip = table.take_list("skip", d);
    if let Some(flush) = table.take_duration("flush", Duration::from_millis(10)..=Duration::from_secs(600), d)
    {
        rule.flush = flush.value;
    }
    if let Some(lines_max) = table.take_integer("lines_max", 1..=1_000_000, d) {
        rule.lines_max = lines_max.value;
    }
    if let Some(bytes_max) = table.take_bytes("bytes_max", 1 << 10..=64 << 20, d) {
        // At most 64 MiB.
        rule.bytes_max = bytes_max.value as usize;
    }
    if let Some(ansi) = table.take_choice("ansi", &[("strip", Ansi::Strip), ("keep", Ansi::Keep)], d) {
        rule.ansi = ansi.value;
    }
    if let Some(dedent) = table.take_integer("dedent", 0..=64, d) {
        rule.dedent = dedent.value;
    }
    table.finish(d);
    rule
}

fn read_parse(mut table: Table, d: &mut Diagnostics) -> ParseRule {
    table.require_after("format", "host_format");
    table.require_after("rest", "builtin");
    table.require_after("keys", "builtin");
    table.require_after("columns", "builtin");
    table.require_after("whole_message", "trace");
    let mut rule = ParseRule {
        patterns: table.take_list("patterns", d),
        builtin: table.take_choice(
            "builtin",
            &[
                ("json", Builtin::Json),
                ("clef", Builtin::Clef),
                ("logfmt", Builtin::Logfmt),
                ("syslog", Builtin::Syslog),
                ("w3c", Builtin::W3c),
                ("csv", Builtin::Csv),
                ("journal", Builtin::Journal),
                ("mysql_slow", Builtin::MysqlSlow),
            ],
            d,
        ),
        host_formats: table.take_choices(
            "host_format",
            &[
                ("apache", HostFormat::Apache),
                ("haproxy", HostFormat::Haproxy),
                ("layout", HostFormat::Layout),
                ("morgan", HostFormat::Morgan),
                ("nginx", HostFormat::Nginx),
                ("postgresql", HostFormat::Postgresql),
                ("serilog", HostFormat::Serilog),
                ("tomcat", HostFormat::Tomcat),
            ],
            d,
        ),
        format: table.take_name("format", d),
        timezone: None,
        trace: table.take_bool("trace", d).is_some_and(|trace| trace.value),
        whole_message: table
            .take_bool("whole_message", d)
            .is_some_and(|whole| whole.value),
        original: table
            .take_bool("original", d)
            .is_some_and(|original| original.value),
        rest: Rest::default(),
        columns: Vec::new(),
        keys: Vec::new(),
    };
    let zone = table.take_string("timezone", d);
    rule.timezone = zone.and_then(|name| {
        let zone: TimeZone = read_zone(&name, d)?;
        Some(name.map(|_| zone))
    });
    if let Some(rest) = table.take_string("rest", d) {
        rule.rest = read_rest(&rest, d);
    }
    // Of none `csv` itself speaks.
    let columns = table.take_strings("columns", d);
    rule.columns = columns.into_iter().map(key_source).collect();
    rule.keys = read_keys(&mut table, d);
    table.finish(d);
    rule
}

fn read_keys(table: &mut Table, d: &mut Diagnostics) -> Vec<KeyRule> {
    let mut keys = Vec::new();
    for (field, node) in table.take_nodes("keys", d) {
        let sources = table.strings(&field, node, d);
        if !sources.is_empty() {
            let sources = sources.into_iter().map(key_source).collect();
            keys.push(KeyRule { field, sources });
        }
    }
    keys
}

/// `labels`, `root`, `drop`, or a prefix such as `caddy.`.
fn read_rest(rest: &Spanned<String>, d: &mut Diagnostics) -> Rest {
    match rest.as_str() {
        "labels" => Rest::Labels,
        "root" => Rest::Root,
        "drop" => Rest::Drop,
        prefix if prefix.len() > 1 && prefix.ends_with('.') => Rest::Under(prefix.to_owned()),
        other => {
            d.push(
                Diagnostic::error(format!("`rest` cannot be {other:?}"))
                    .at_value(rest, "")
                    .help("one of \"labels\", \"root\", \"drop\", or a prefix that ends with a dot"),
            );
            Rest::default()
        }
    }
}

/// `key`, `key:kind` or `key:kind?`. A key that ends in a colon is a key.
fn key_source(text: Spanned<String>) -> KeySource {
    match text.rfind(':') {
        Some(colon) if colon > 0 && colon + 1 < text.len() => {
            let optional = text.len() > colon + 2 && text.ends_with('?');
            let end = text.len() - usize::from(optional);
            let part = |range: std::ops::Range<usize>| {
                Spanned::new(
                    text.value[range.clone()].to_owned(),
                    text.span_within(range),
                    Arc::clone(&text.file),
                )
            };
            KeySource {
                key: part(0..colon),
                kind: Some(part(colon + 1..end)),
                optional,
            }
        }
        _ => KeySource {
            key: text,
            kind: None,
            optional: false,
        },
    }
}

fn read_extract(mut table: Table, d: &mut Diagnostics) -> Option<ExtractRule> {
    table.require("field", "field = \"message\"");
    table.require_at_most_one(&["patterns", "builtin"], d);
    if !table.has("builtin") {
        table.require("patterns", "patterns = ['{_} took {event.duration:millis} ms']");
    }
    for key in ["prefix", "keys"] {
        table.require_after(key, "builtin");
    }
    let field = table.take_name("field", d);
    let patterns = table.take_list("patterns", d);
    let builtins = [
        ("json", ExtractBuiltin::Json),
        ("logfmt", ExtractBuiltin::Logfmt),
        ("pairs", ExtractBuiltin::Pairs),
        ("query", ExtractBuiltin::Query),
        ("user_agent", ExtractBuiltin::UserAgent),
    ];
    let builtin = table.take_choice("builtin", &builtins, d);
    let prefix = table.take_string("prefix", d);
    let keys = read_keys(&mut table, d);
    let kind = builtin.as_ref().map(|builtin| builtin.value);
    let mut separator = |key: &'static str, default: u8| {
        let Some(text) = table.take_string(key, d) else {
            return default;
        };
        if kind != Some(ExtractBuiltin::Pairs) {
            d.push(
                Diagnostic::error(format!("`{key}` is there without `builtin = \"pairs\"`"))
                    .at_value(&text, "")
                    .help("only `pairs` has separators of your choice"),
            );
        }
        match text.as_bytes() {
            [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() => *byte,
            _ => {
                d.push(
                    Diagnostic::error(format!("`{key}` is not a separator"))
                        .at_value(&text, "")
                        .help("write one character that is no letter and no digit, such as \";\""),
                );
                default
            }
        }
    };
    let between = separator("between", b' ');
    let equals = separator("equals", b'=');
    table.finish(d);
    let rule = ExtractRule {
        field: field?,
        patterns,
        builtin,
        prefix,
        keys,
        between,
        equals,
    };
    check_extract(&rule, d);
    Some(rule)
}

/// What a builtin needs to be of use.
fn check_extract(rule: &ExtractRule, d: &mut Diagnostics) {
    let Some(builtin) = &rule.builtin else { return };
    let mute = rule.keys.is_empty() && rule.prefix.is_none();
    if builtin.value == ExtractBuiltin::UserAgent {
        if let Some(key) = rule.prefix.as_ref().or(rule.keys.first().map(|key| &key.field)) {
            d.push(
                Diagnostic::error("`user_agent` has no keys")
                    .at_value(key, "not used")
                    .help("remove it: `user_agent.name` and `user_agent.class` are set"),
            );
        }
    } else if mute {
        d.push(
            Diagnostic::error("this extracts nothing")
                .at_value(builtin, "")
                .help("keep every key with `prefix = \"labels.\"`, or name those to keep in `keys = { \"user.id\" = \"uid\" }`"),
        );
    } else if rule.between == rule.equals {
        d.push(
            Diagnostic::error("`between` and `equals` are the same")
                .at_value(builtin, "")
                .help("where does a key end? name two characters"),
        );
    }
}

fn read_map(mut table: Table, d: &mut Diagnostics) -> Option<MapRule> {
    table.require("field", "field = \"log.level\"");
    table.require("values", "values = { W = \"warning\" }");
    let field = table.take_name("field", d);
    let to = table.take_name("to", d);
    let values = read_constants("values", &mut table, d);
    table.finish(d);
    Some(MapRule {
        field: field?,
        to,
        values,
    })
}

fn read_constants(
    key: &'static str,
    table: &mut Table,
    d: &mut Diagnostics,
) -> Vec<(Spanned<String>, Spanned<Constant>)> {
    let nodes = table.take_nodes(key, d);
    nodes
        .into_iter()
        .filter_map(|(name, node)| {
            let value = read_constant(table, &name, node, d)?;
            Some((name, value))
        })
        .collect()
}

fn read_constant(
    table: &Table,
    name: &Spanned<String>,
    node: Node,
    d: &mut Diagnostics,
) -> Option<Spanned<Constant>> {
    let constant = match node.value {
        NodeValue::Text(text) => Constant::Text(text),
        NodeValue::Bool(bool) => Constant::Bool(bool),
        NodeValue::Float(number) if number.is_finite() => Constant::Float(number),
        NodeValue::Integer(number) if i64::try_from(number).is_ok() => Constant::Int(number as i64),
        _ => return table.wrong_type(name, "a string, a number, `true` or `false`", &node, d),
    };
    Some(table.spanned(constant, node.span))
}

fn read_test(mut table: Table, d: &mut Diagnostics) -> Option<PipelineTest> {
    table.require_at_most_one(&["line", "lines"], d);
    if !table.has("lines") {
        table.require("line", "line = 'a line of the log'");
    }
    let place = table.spanned((), table.span.clone());
    let line = table.take_string("line", d);
    let lines = table.take_strings("lines", d);
    let nodes = table.take_nodes("fields", d);
    let fields = nodes
        .into_iter()
        .filter_map(|(name, node)| {
            let value = table.json(&name, node, d)?;
            Some((name, value))
        })
        .collect();
    let absent = table.take_strings("absent", d);
    let unmatched = table
        .take_bool("unmatched", d)
        .is_some_and(|unmatched| unmatched.value);
    let dropped = table.take_bool("dropped", d).is_some_and(|dropped| dropped.value);
    table.finish(d);
    let input = match line {
        Some(line) => line,
        None => {
            let first = lines.first()?;
            let span = first.span.start..lines.last()?.span.end;
            let texts: Vec<&str> = lines.iter().map(|line| line.as_str()).collect();
            Spanned::new(texts.join("\n"), span, Arc::clone(&first.file))
        }
    };
    Some(PipelineTest {
        place,
        // A `'''` string that ends on a line of its own ends with a line end; an event does not.
        input: input.map(|text| text.strip_suffix('\n').map(str::to_owned).unwrap_or(text)),
        fields,
        absent,
        unmatched,
        dropped,
    })
}
