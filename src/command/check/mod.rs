//! `logmill check`: everything that would keep the agent from running as meant, said at once.

mod files;
mod outputs;
mod pipelines;
#[cfg(test)]
mod tests;
mod writable;

use std::fmt;
use std::io::Write;
use std::path::Path;

use anstyle::AnsiColor;

use self::files::Claims;
use self::outputs::Target;
use super::library::library;
use super::{CheckArguments, Failed, Terminal, out};
use crate::agent;
use crate::config::{AgentFile, Diagnostics, Settings, Surroundings, System, count};
use crate::derive::Registry;
use crate::input;

/// What is said below the options of `logmill check --help`.
pub const AFTER_HELP: &str = "\
Exit codes:
  0  nothing is wrong; there may be warnings and notes
  1  an output refuses, does not answer, or is too old (only with --outputs)
  2  the configuration or a pipeline has mistakes, or an inline test of an own pipeline fails

Files and directories are looked at as the user who runs the check: run it as the user that the agent runs as.";

pub fn run(arguments: &CheckArguments, terminal: Terminal) -> anyhow::Result<()> {
    let mut diagnostics = Diagnostics::new();
    let checked = match &arguments.pipelines {
        Some(folder) => {
            let library = library(Some(folder), &mut diagnostics);
            Checked {
                scope: pipelines::own(&library, &mut diagnostics),
                ..Checked::default()
            }
        }
        None => config(&arguments.config.config, &System, &mut diagnostics),
    };
    let sound = terminal.report(&diagnostics);
    if sound.is_err() {
        if arguments.outputs {
            writeln!(
                out::stderr(),
                "the outputs were not asked: they are when the configuration has no errors"
            )?;
        }
        return Ok(sound?);
    }
    let answer = match arguments.outputs {
        true => outputs::ask(&checked.targets)?,
        false => Complaints::default(),
    };
    let complaints = Complaints {
        errors: answer.errors,
        warnings: answer.warnings + diagnostics.warnings(),
    };
    writeln!(out::stdout(), "{}", summary(&checked.scope, complaints, terminal))?;
    match answer.errors {
        0 => Ok(()),
        _ => Err(Failed.into()),
    }
}

/// How much is wrong.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Complaints {
    errors: usize,
    warnings: usize,
}

/// What was checked.
#[derive(Debug, Default)]
struct Checked {
    scope: Scope,
    /// Where the inputs' events go; of a configuration without mistakes.
    targets: Vec<Target>,
}

/// How much was checked.
#[derive(Debug, Default, PartialEq, Eq)]
struct Scope {
    inputs: usize,
    files: usize,
    pipelines: usize,
    /// Inline tests.
    tests: usize,
}

/// Checks what an agent with this configuration would read, and how.
fn config(path: &Path, surroundings: &dyn Surroundings, diagnostics: &mut Diagnostics) -> Checked {
    let Some(file) = AgentFile::read(path, surroundings, diagnostics) else {
        return Checked::default();
    };
    let settings = Settings::draft(&file, surroundings, diagnostics);
    let is_draft = diagnostics.has_errors();
    let library = agent::library_of(&file, &settings, diagnostics);
    let own = pipelines::own(&library, diagnostics);
    writable::check(&settings, &file, is_draft, diagnostics);
    let mut enrolment = Registry::default().enrol();
    let parts = input::compile_all(&settings, &library, &mut enrolment, diagnostics);
    let mut claims = Claims::default();
    let mut targets = Vec::new();
    for (input, parts) in settings.inputs.iter().zip(parts) {
        claims.input(input, diagnostics);
        if let Some(parts) = parts
            && !is_draft
        {
            targets.extend(Target::of(input, &parts.pipeline.dataset, &settings.output));
        }
    }
    let mut used: Vec<&str> = settings
        .inputs
        .iter()
        .map(|input| input.pipeline.value.as_str())
        .chain(library.own_names())
        .collect();
    used.sort_unstable();
    used.dedup();
    Checked {
        scope: Scope {
            inputs: settings.inputs.len(),
            files: claims.files(),
            pipelines: used.len(),
            tests: own.tests,
        },
        targets,
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Scope {
            inputs,
            files,
            pipelines,
            tests,
        } = *self;
        if inputs > 0 {
            write!(f, "{}, {}, ", count(inputs, "input"), count(files, "file"))?;
        }
        write!(f, "{}", count(pipelines, "pipeline"))?;
        if tests > 0 {
            write!(f, ", {}", count(tests, "test"))?;
        }
        Ok(())
    }
}

fn summary(scope: &Scope, complaints: Complaints, terminal: Terminal) -> String {
    let Complaints { errors, warnings } = complaints;
    let (color, verdict) = match (errors, warnings) {
        (0, 0) => (AnsiColor::Green, "nothing to complain about".to_owned()),
        (0, _) => (AnsiColor::Yellow, count(warnings, "warning")),
        (_, 0) => (AnsiColor::Red, count(errors, "error")),
        (_, _) => (
            AnsiColor::Red,
            format!("{} and {}", count(errors, "error"), count(warnings, "warning")),
        ),
    };
    let color = match terminal.color {
        true => color.on_default(),
        false => anstyle::Style::new(),
    };
    format!("{color}{scope}: {verdict}{color:#}")
}
