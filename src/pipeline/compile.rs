//! From what the author wrote to what runs. Every mistake of the file is reported, not only the first.

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::config::{
    self, Ansi, Builtin, Diagnostic, Diagnostics, Form, PipelineFile, Place, Rest, SourceFile, Spanned,
};
use crate::encode;
use crate::event::ecs::{self, Taken};
use crate::event::{FieldId, Schema};
use crate::format;
use crate::format::clef::Clef;
use crate::format::syslog::Syslog;
use crate::pattern::Program;

use super::change::{self, Names};
use super::constant::Constant;
use super::extract::Extract;
use super::host::{self, HostRules, HostWords};
use super::keys;
use super::map::Map;
use super::metrics;
use super::parse::{Parser, Substitute, TraceFields};
use super::tidy::Tidy;
use super::written::{compile_patterns, known};
use super::{FrameStart, Library, Pipeline};

/// Compiles `file`; `None` when the diagnostics have got an error.
pub fn compile(
    file: &PipelineFile,
    library: &Library,
    host: &HostWords,
    diagnostics: &mut Diagnostics,
) -> Option<Pipeline> {
    let mut found = Diagnostics::new();
    let mut schema = Schema::default();
    let message = schema.intern("message");
    // What stands around a line may have a time where the line has none.
    schema.intern(encode::TIMESTAMP);
    let mut rules = host::rules(file, host, &mut schema, &mut found);
    let mut parser = parser(file, &mut rules, &mut schema, &mut found);
    let mut extracts: Vec<Extract> = file
        .extracts
        .iter()
        .filter_map(|rule| Extract::compile(rule, &mut rules.patterns, &mut schema, &mut found))
        .collect();
    let trace = file.parse.trace.then(|| trace(file, &mut schema));
    let maps = file
        .maps
        .iter()
        .filter_map(|rule| map(rule, &mut schema, &mut found))
        .collect();
    let defaults = defaults(file, &mut schema, &mut found);
    let constants = constants(&file.set, &mut schema);
    refuse_constant_time(file, &mut found);
    let open = open_prefixes(file);
    let mut names = Names {
        open: open.clone(),
        schema: &mut schema,
    };
    let changes = change::compile(&file.changes, &mut names, &mut found);
    // The line itself goes where the documents have it, when its message does not.
    let original = (file.parse.original || schema.is_hidden(message)).then(|| schema.intern(ORIGINAL));
    let of_input = host.fields.iter().map(String::as_str);
    // What a line may say without being asked has a slot where others say it too, or it would be there twice.
    for name in FROM_OTHERS.iter().copied().chain(of_input) {
        if open.iter().any(|prefix| name.starts_with(prefix.as_str())) {
            schema.intern(name);
        }
    }
    refuse_taken(file, &schema, host, &mut found);
    if let Some(format) = &mut parser.format {
        format.reserve(&schema);
    }
    extracts.iter_mut().for_each(|extract| extract.reserve(&schema));
    let metrics::Metrics { counted, gathered } =
        metrics::compile(file, library, &schema, diagnostics, &mut found);
    let tidy = Tidy {
        ansi: file.frame.ansi == Ansi::Strip,
        dedent: file.frame.dedent,
        // Entries with binary fields say how long these are.
        exact: file.frame.form == Form::Journal,
    };
    let frame = frame(file, rules.starts, tidy, &mut found);
    let failed = found.has_errors();
    diagnostics.extend(found);
    if failed {
        return None;
    }
    let hidden_message = schema.is_hidden(message);
    Some(Pipeline {
        name: file.name.clone(),
        dataset: file.dataset_name(),
        schema,
        frame,
        metrics: counted,
        gathered,
        tidy,
        parser,
        trace,
        extracts,
        maps,
        constants,
        defaults,
        changes: (!changes.is_empty()).then(|| Box::new(changes)),
        message,
        original: original.filter(|_| file.parse.original),
        unmatched: original.filter(|_| hidden_message).unwrap_or(message),
        zone: zone(file, host),
    })
}

/// The zone of times that name none.
fn zone(file: &PipelineFile, host: &HostWords) -> TimeZone {
    let of_pipeline = file.parse.timezone.as_ref().map(|zone| &zone.value);
    host.timezone
        .as_ref()
        .or(of_pipeline)
        .cloned()
        .unwrap_or(TimeZone::UTC)
}

fn trace(file: &PipelineFile, schema: &mut Schema) -> TraceFields {
    TraceFields {
        error_type: schema.intern("error.type"),
        error_message: schema.intern("error.message"),
        stack_trace: schema.intern("error.stack_trace"),
        whole_message: file.parse.whole_message,
    }
}

/// Fields that the agent gives documents where their lines do not, and those that an object's name is meant for.
const FROM_OTHERS: &[&str] = &[
    "event.dataset",
    "host.name",
    "service.name",
    "error.message",
    "url.original",
    "user.name",
    "user_agent.original",
];

/// Reports fields that no document can have: those that the agent says of every event, those with a value where
/// documents have an object, and those whose name in documents is another field's. Elasticsearch refuses such documents,
/// all of them.
fn refuse_taken(file: &PipelineFile, schema: &Schema, host: &HostWords, diagnostics: &mut Diagnostics) {
    // What the input says goes before what its lines say.
    let is_of_input = |name: &str| host.fields.iter().any(|field| field == name);
    let is_there_twice = |name: &str| schema.in_documents().filter(|(_, other)| other == name).count() > 1;
    for (_, name) in schema.shown() {
        let Some(taken) = ecs::taken(name, schema.shown().map(|(_, name)| name)) else {
            continue;
        };
        let instead = taken.instead(name);
        let another = || format!("give the field another name, such as `{instead}`");
        let (message, help) = match taken {
            Taken::ByAgent => (
                format!(
                    "the pipeline `{}` sets `{name}`, which logmill itself says of every event",
                    file.name
                ),
                another(),
            ),
            Taken::Object(_) => (
                format!("`{name}` has no value of its own in documents: it is what other fields are in"),
                another(),
            ),
            Taken::Within(_) if is_of_input(&instead) || !is_there_twice(&instead) => continue,
            Taken::Within(outer) => (
                format!(
                    "`{name}` is within `{outer}`, which has a value, and so `{instead}` in documents: another field is called so"
                ),
                "give one of the two another name".to_owned(),
            ),
        };
        let mut error = Diagnostic::error(message);
        error.place = first_naming(name, &file.file);
        diagnostics.push(error.help(help));
    }
}

/// Where a pipeline first names a field, comments aside: what sets it may be a pattern, a key or a constant.
fn first_naming(field: &str, file: &Arc<SourceFile>) -> Option<Place> {
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '_' | '@');
    let text = file.text();
    let at = text.match_indices(field).map(|(at, _)| at).find(|&at| {
        let (before, behind) = (&text[..at], &text[at + field.len()..]);
        let line = before.rsplit('\n').next().unwrap_or_default();
        !before.ends_with(is_part) && !behind.starts_with(is_part) && !line.trim_start().starts_with('#')
    })?;
    Some(Place {
        file: Arc::clone(file),
        span: at..at + field.len(),
        label: String::new(),
    })
}

/// The text of an event as the log has it.
const ORIGINAL: &str = "event.original";

/// Where keys go that the pipeline does not name: the prefixes of what may be there without being named.
fn open_prefixes(file: &PipelineFile) -> Vec<String> {
    let prefix = |rest: &Rest| match rest {
        Rest::Labels => Some("labels.".to_owned()),
        Rest::Root => Some(String::new()),
        Rest::Under(prefix) => Some(prefix.clone()),
        Rest::Drop => None,
    };
    let keyed = |builtin: &Spanned<Builtin>| !matches!(builtin.value, Builtin::Syslog | Builtin::Csv);
    let parsed = file.parse.builtin.as_ref().filter(|builtin| keyed(builtin));
    let extracted = file.extracts.iter().filter_map(|rule| rule.prefix.as_ref());
    parsed
        .and_then(|_| prefix(&file.parse.rest))
        .into_iter()
        .chain(extracted.map(|prefix| prefix.value.clone()))
        .collect()
}

/// The patterns of the host's own format string, then those of the file. Behind a format by name, and behind lines
/// that are JSON as the host has it, the patterns are for what is not of that format.
fn parser(
    file: &PipelineFile,
    host: &mut HostRules,
    schema: &mut Schema,
    diagnostics: &mut Diagnostics,
) -> Parser {
    let rule = &file.parse;
    let format = match &rule.builtin {
        Some(builtin) => Some(match builtin.value {
            Builtin::Json => format::Parser::Json(keys::rule(file, schema, diagnostics)),
            Builtin::Clef => {
                let rule = keys::rule(file, schema, diagnostics);
                format::Parser::Clef(Box::new(Clef::new(rule, schema)))
            }
            Builtin::Logfmt => format::Parser::Logfmt(keys::rule(file, schema, diagnostics)),
            Builtin::Syslog => format::Parser::Syslog(Syslog::new(schema)),
            Builtin::W3c => format::Parser::W3c(keys::rule(file, schema, diagnostics)),
            Builtin::Csv => format::Parser::Csv(keys::columns(file, schema, diagnostics)),
            Builtin::Journal => format::Parser::Journal(keys::rule(file, schema, diagnostics)),
            Builtin::MysqlSlow => format::Parser::MysqlSlow(keys::rule(file, schema, diagnostics)),
        }),
        None => host.format.take(),
    };
    let mut programs = Vec::new();
    // Within a format by name they are for the message, where the pipeline looks into it.
    if rule.builtin.is_none() || file.extracts.is_empty() {
        programs.append(&mut host.patterns);
    }
    programs.extend(compile_patterns(&rule.patterns, schema, diagnostics));
    if programs.is_empty() && format.is_none() && !diagnostics.has_errors() {
        // An event without patterns is its message.
        programs.extend(Program::compile("{message}", schema));
    }
    Parser {
        format,
        patterns: programs.into(),
    }
}

fn map(rule: &config::MapRule, schema: &mut Schema, diagnostics: &mut Diagnostics) -> Option<Map> {
    let field = known(&rule.field, schema, diagnostics)?;
    Some(Map::new(rule, field, schema))
}

/// `[default]`: a constant, or `{name}` for the value of another field.
fn defaults(
    file: &PipelineFile,
    schema: &mut Schema,
    diagnostics: &mut Diagnostics,
) -> Vec<(FieldId, Substitute)> {
    let mut defaults = Vec::new();
    for ((name, written), (field, constant)) in file.default.iter().zip(constants(&file.default, schema)) {
        let other = match &written.value {
            config::Constant::Text(text) => text.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')),
            _ => None,
        };
        match other.map(|other| (other, schema.get(other))) {
            None => defaults.push((field, Substitute::Constant(constant))),
            Some((_, Some(other))) => defaults.push((field, Substitute::Field(other))),
            Some((other, None)) => diagnostics.push(
                Diagnostic::error(format!(
                    "nothing sets the field `{other}` that `{}` is to have",
                    name.value
                ))
                .at_value(written, "unknown field")
                .help("name a field that a pattern or a key of this pipeline sets"),
            ),
        }
    }
    defaults
}

/// A time that is the same for all events is none.
fn refuse_constant_time(file: &PipelineFile, diagnostics: &mut Diagnostics) {
    if let Some((name, _)) = file.set.iter().find(|(name, _)| name.value == encode::TIMESTAMP) {
        diagnostics.push(
            Diagnostic::error(format!("`{}` must be a time", encode::TIMESTAMP))
                .at_value(name, "")
                .help("leave it out: an event without time has the time of reading; or call the constant otherwise"),
        );
    }
}

fn constants(
    written: &[(Spanned<String>, Spanned<config::Constant>)],
    schema: &mut Schema,
) -> Vec<(FieldId, Constant)> {
    written
        .iter()
        .map(|(name, value)| (schema.intern(name), Constant::from(&value.value)))
        .collect()
}

fn frame(
    file: &PipelineFile,
    mut starts: Vec<Program>,
    tidy: Tidy,
    diagnostics: &mut Diagnostics,
) -> FrameStart {
    // What a start pattern names is not kept, so it has no place in the events' schema.
    let mut scratch = Schema::default();
    if starts.is_empty() {
        starts = compile_patterns(&file.frame.start, &mut scratch, diagnostics);
    }
    let leads = compile_patterns(&file.frame.lead, &mut scratch, diagnostics);
    let skips = compile_patterns(&file.frame.skip, &mut scratch, diagnostics);
    FrameStart::new(file.frame.clone(), tidy, starts, leads, skips)
}
