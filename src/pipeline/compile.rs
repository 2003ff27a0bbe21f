//! From what the author wrote to what runs. Every mistake of the file is reported, not only the first.

use std::sync::Mutex;

use bumpalo::Bump;
use jiff::tz::TimeZone;

use crate::config::{self, Ansi, Builtin, Diagnostic, Diagnostics, PipelineFile, Spanned};
use crate::encode;
use crate::event::{FieldId, Schema, Timestamp};
use crate::format;
use crate::format::syslog::Syslog;
use crate::pattern::{Alternatives, Clock, Program, SyntaxError};

use super::host::{self, HostRules};
use super::keys;
use super::metrics;
use super::parse::{Constant, Extract, Parser, Substitute, TraceFields};
use super::tidy::{Tidy, is_plain_line};
use super::{Library, Pipeline};

/// Which lines begin an event; see [`FrameStart::begins`].
#[derive(Debug)]
pub struct FrameStart {
    starts: Vec<Program>,
    tidy: Tidy,
    /// One thread reads, so the lock is free.
    scratch: Mutex<Scratch>,
    pub rule: config::FrameRule,
}

/// What looking at a line needs and the next line finds again.
#[derive(Debug)]
struct Scratch {
    /// A start pattern keeps nothing, so the zone of this clock does not matter; it is here because reading a time
    /// needs one.
    clock: Clock,
    arena: Bump,
}

impl FrameStart {
    /// Whether every line is an event of its own.
    pub fn every_line(&self) -> bool {
        self.starts.is_empty()
    }

    /// Whether `line` begins an event and so ends the one before.
    pub fn begins(&self, line: &[u8]) -> bool {
        let Ok(mut scratch) = self.scratch.lock() else {
            return true;
        };
        let Scratch { clock, arena } = &mut *scratch;
        if is_plain_line(line) {
            return self.starts.iter().any(|start| start.matches(line, clock));
        }
        arena.reset();
        let line = self.tidy.apply(line, arena);
        self.starts.iter().any(|start| start.matches(line, clock))
    }
}

/// What one input says that a pipeline is compiled with.
#[derive(Debug, Clone, Default)]
pub struct HostWords {
    /// The host's own format string.
    pub format: Option<Spanned<String>>,
    /// Of times that name no zone; goes before the pipeline's.
    pub timezone: Option<TimeZone>,
}

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
    let extracts = file
        .extracts
        .iter()
        .map(|rule| extract(rule, &mut rules, &mut schema, &mut found))
        .collect();
    let trace = file.parse.trace.then(|| TraceFields {
        error_type: schema.intern("error.type"),
        error_message: schema.intern("error.message"),
        stack_trace: schema.intern("error.stack_trace"),
        whole_message: file.parse.whole_message,
    });
    let defaults = defaults(file, &mut schema, &mut found);
    let constants = constants(&file.set, &mut schema);
    if let Some(format) = &mut parser.format {
        format.reserve(&schema);
    }
    let metrics::Metrics { counted, gathered } = metrics::compile(file, library, &schema, &mut found);
    let tidy = Tidy {
        ansi: file.frame.ansi == Ansi::Strip,
        dedent: file.frame.dedent,
    };
    let frame = frame(file, rules.starts, tidy, &mut found);
    let zone = host
        .timezone
        .clone()
        .or_else(|| file.parse.timezone.as_ref().map(|zone| zone.value.clone()))
        .unwrap_or(TimeZone::UTC);
    let failed = found.has_errors();
    diagnostics.extend(found);
    if failed {
        return None;
    }
    Some(Pipeline {
        name: file.name.clone(),
        dataset: file.dataset_name(),
        schema,
        frame,
        metrics: counted,
        gathered,
        tidy,
        parser,
        extracts,
        trace,
        constants,
        defaults,
        message,
        zone,
    })
}

/// The patterns of the host's own format string, then those of the file.
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
            Builtin::Logfmt => format::Parser::Logfmt(keys::rule(file, schema, diagnostics)),
            Builtin::Syslog => format::Parser::Syslog(Syslog::new(schema)),
        }),
        None => host.format.take(),
    };
    let mut programs = Vec::new();
    if rule.builtin.is_none() {
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

fn compile_patterns(
    patterns: &[Spanned<String>],
    schema: &mut Schema,
    diagnostics: &mut Diagnostics,
) -> Vec<Program> {
    let mut programs = Vec::new();
    for pattern in patterns {
        match Program::compile(pattern, schema) {
            Ok(program) => programs.push(program),
            Err(error) => diagnostics.push(syntax_diagnostic(error, pattern)),
        }
    }
    programs
}

fn syntax_diagnostic(error: SyntaxError, pattern: &Spanned<String>) -> Diagnostic {
    let place = pattern.place_within(error.span, "");
    let diagnostic = Diagnostic::error(error.message).at(place);
    match error.help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

/// Beside a format by name, the host's own format is that of the message: it goes before the first patterns over it.
fn extract(
    rule: &config::ExtractRule,
    host: &mut HostRules,
    schema: &mut Schema,
    diagnostics: &mut Diagnostics,
) -> Extract {
    let Some(field) = schema.get(&rule.field) else {
        diagnostics.push(
            Diagnostic::error(format!(
                "nothing before this sets the field `{}`",
                rule.field.value
            ))
            .at_value(&rule.field, "unknown field")
            .help("name a field that a pattern of [parse] or an earlier [[extract]] sets"),
        );
        return Extract {
            field: schema.intern("message"),
            patterns: Alternatives::default(),
        };
    };
    let mut patterns = compile_patterns(&rule.patterns, schema, diagnostics);
    if rule.field.value == "message" {
        patterns.splice(0..0, std::mem::take(&mut host.patterns));
    }
    Extract {
        field,
        patterns: patterns.into(),
    }
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

fn constants(
    written: &[(Spanned<String>, Spanned<config::Constant>)],
    schema: &mut Schema,
) -> Vec<(FieldId, Constant)> {
    written
        .iter()
        .map(|(name, value)| {
            let constant = match &value.value {
                config::Constant::Text(text) => Constant::Text(text.as_bytes().into()),
                config::Constant::Int(number) => Constant::Int(*number),
                config::Constant::Float(number) => Constant::Float(*number),
                config::Constant::Bool(yes) => Constant::Bool(*yes),
            };
            (schema.intern(name), constant)
        })
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
    FrameStart {
        starts,
        tidy,
        scratch: Mutex::new(Scratch {
            clock: Clock::new(TimeZone::UTC, Timestamp::from_millis(0)),
            arena: Bump::new(),
        }),
        rule: file.frame.clone(),
    }
}
