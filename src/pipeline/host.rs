//! The host's own format string, compiled.

use jiff::tz::TimeZone;

use crate::config::{Diagnostic, Diagnostics, HostFormat, PipelineFile, Spanned};
use crate::event::Schema;
use crate::format;
use crate::format::host::{self, httpd};
use crate::pattern::Program;

use super::keys;

/// What one input says that a pipeline is compiled with.
#[derive(Debug, Clone, Default)]
pub struct HostWords {
    /// The host's own format string.
    pub format: Option<Spanned<String>>,
    /// Of times that name no zone; goes before the pipeline's.
    pub timezone: Option<TimeZone>,
    /// Fields that the documents of the input get besides.
    pub fields: Vec<String>,
}

/// What a host's format string adds to its pipeline. Empty where there is none.
#[derive(Default)]
pub(super) struct HostRules {
    /// Of lines that are JSON objects.
    pub format: Option<format::Parser>,
    pub patterns: Vec<Program>,
    /// Which lines begin an event; none where the pipeline's own rule holds.
    pub starts: Vec<Program>,
}

/// Compiles the format that the input gives, or else the pipeline's own.
pub(super) fn rules(
    file: &PipelineFile,
    words: &HostWords,
    schema: &mut Schema,
    diagnostics: &mut Diagnostics,
) -> HostRules {
    let rule = &file.parse;
    let mut rules = HostRules::default();
    let Some(text) = words.format.as_ref().or(rule.format.as_ref()) else {
        return rules;
    };
    let mut kinds = rule.host_formats.iter();
    let Some(first) = kinds.next() else {
        diagnostics.push(
            Diagnostic::warning(format!("the pipeline `{}` takes no format", file.name))
                .at_value(text, "not used")
                .help("remove it, or name a pipeline that reads the host's format string"),
        );
        return rules;
    };
    // What none can read is a mistake in the words of the first.
    let mut others = || kinds.find_map(|kind| read(kind.value, text).ok());
    match read(first.value, text).or_else(|error| others().ok_or(error)) {
        Ok(host::HostFormat::Patterns(patterns)) => {
            rules.patterns = compile(&patterns, text, schema, diagnostics);
        }
        Ok(host::HostFormat::Events { patterns, starts }) => {
            rules.patterns = compile(&patterns, text, schema, diagnostics);
            // What a start pattern names is not kept, so it has no place in the events' schema.
            rules.starts = compile(&starts, text, &mut Schema::default(), diagnostics);
        }
        Ok(host::HostFormat::Json(table)) => {
            rules.format = Some(format::Parser::Json(keys::rule_of_host(&table, file, schema)));
        }
        Err(error) => diagnostics.push(
            Diagnostic::error(error.message)
                .at(text.place_within(error.at, ""))
                .help(error.help),
        ),
    }
    rules
}

fn read(kind: HostFormat, text: &str) -> Result<host::HostFormat, host::FormatError> {
    match kind {
        HostFormat::Apache => httpd::read(text, httpd::Product::Apache),
        HostFormat::Haproxy => host::haproxy::read(text),
        HostFormat::Layout => host::layout::read(text),
        HostFormat::Morgan => host::morgan::read(text),
        HostFormat::Nginx => host::nginx::read(text),
        HostFormat::Postgresql => host::postgresql::read(text),
        HostFormat::Serilog => host::serilog::read(text),
        HostFormat::Tomcat => httpd::read(text, httpd::Product::Tomcat),
    }
}

fn compile(
    patterns: &[String],
    format: &Spanned<String>,
    schema: &mut Schema,
    diagnostics: &mut Diagnostics,
) -> Vec<Program> {
    let mut programs = Vec::new();
    for pattern in patterns {
        match Program::compile(pattern, schema) {
            Ok(program) => programs.push(program),
            Err(error) => diagnostics.push(
                Diagnostic::error(format!(
                    "this format becomes the pattern `{pattern}`: {}",
                    error.message
                ))
                .at_value(format, "this format")
                .help("give two variables something between them, or write a pipeline of your own"),
            ),
        }
    }
    programs
}
