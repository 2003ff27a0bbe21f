//! `logmill check`: everything that would keep the agent from running as meant, said at once.

mod files;
mod outputs;
mod pipelines;
mod state_dir;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io::Write;
use std::path::Path;

use anstyle::AnsiColor;

use self::files::Claims;
use self::outputs::Target;
use super::library::library;
use super::{CheckArguments, Terminal, out};
use crate::config::{AgentFile, Diagnostics, Settings, Surroundings, System};
use crate::derive::Registry;
use crate::input;
use crate::pipeline::Library;

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
    let asked = if arguments.outputs {
        outputs::ask(&checked.targets)
    } else {
        Ok(())
    };
    let sound = terminal.report(&diagnostics);
    if sound.is_ok() {
        writeln!(
            out::stdout(),
            "{}",
            summary(&checked.scope, &diagnostics, terminal)
        )?;
    }
    sound?;
    asked
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
    let settings = Settings::new(&file, surroundings, diagnostics);
    let folder = file.pipeline_folder(surroundings);
    let library = match &folder {
        Some(folder) => Library::with_folder(folder, diagnostics),
        None => Library::shipped(),
    };
    let own = pipelines::own(&library, diagnostics);
    let Some(settings) = settings else {
        // What the inputs say beside the pipeline's name is not known for sure, the name is.
        pipelines::named(file.pipelines(), &library, diagnostics);
        return Checked::default();
    };

    state_dir::check(&settings.agent.state_dir, diagnostics);
    let mut enrolment = Registry::default().enrol();
    let parts = input::compile_all(&settings, &library, &mut enrolment, diagnostics);
    let mut claims = Claims::default();
    let mut targets = Vec::new();
    for (input, parts) in settings.inputs.iter().zip(parts) {
        claims.input(input, diagnostics);
        if let Some(parts) = parts {
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

fn count(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

fn summary(scope: &Scope, diagnostics: &Diagnostics, terminal: Terminal) -> String {
    let warnings = diagnostics.warnings();
    let color = match (terminal.color, warnings) {
        (false, _) => anstyle::Style::new(),
        (true, 0) => AnsiColor::Green.on_default(),
        (true, _) => AnsiColor::Yellow.on_default(),
    };
    let verdict = match warnings {
        0 => "nothing to complain about".to_owned(),
        _ => count(warnings, "warning"),
    };
    format!("{color}{scope}: {verdict}{color:#}")
}
