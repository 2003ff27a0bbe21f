//! `logmill test`: all pipelines against their inline tests and their golden files.

mod case;
mod difference;
mod junit;

use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use anstyle::AnsiColor;
use anyhow::Context;

use self::case::{Case, Verdict};
use super::library::{argument, library};
use super::{Failed, Refused, Terminal, TestArguments, out};
use crate::config::{Diagnostic, Diagnostics};
use crate::pipeline::{HostWords, Library, compile, run_tests};

/// How one test or case went.
#[derive(Debug)]
pub struct Outcome {
    pub pipeline: String,
    /// The case's name, or the line of the inline test.
    pub name: String,
    pub seconds: f64,
    /// What is different; nothing when it passed.
    pub failure: Option<String>,
}

/// What of a pipeline's fixtures its patterns matched.
#[derive(Debug, Default)]
struct Coverage {
    events: usize,
    unmatched: usize,
}

/// What is said below the options of `logmill test --help`.
pub const AFTER_HELP: &str = "\
Exit codes:
  0  everything is as expected
  1  something differs
  2  a pipeline or a CASE.toml has mistakes, a folder is not there, or nothing is called like the filter";

/// Where golden files are looked for when nobody says where they are.
const FIXTURES: &str = "fixtures";

pub fn run(arguments: &TestArguments, terminal: Terminal) -> anyhow::Result<()> {
    let began = Instant::now();
    let mut diagnostics = Diagnostics::new();
    let library = library(arguments.pipelines.as_deref(), &mut diagnostics);
    let names: Vec<String> = match arguments.pipelines {
        Some(_) => library.own_names().map(str::to_owned).collect(),
        None => library.names().into_iter().map(str::to_owned).collect(),
    };
    let fixtures = arguments.fixtures.as_deref().unwrap_or(Path::new(FIXTURES));
    match &arguments.fixtures {
        _ if fixtures.is_dir() => refuse_strays(fixtures, &library, &mut diagnostics)?,
        Some(named) => diagnostics.push(
            Diagnostic::error("there is no such folder of golden files")
                .at_value(&argument("--fixtures", &named.display().to_string()), "")
                .help("name the folder that has NAME/CASE.log for each pipeline NAME"),
        ),
        None => diagnostics.push(
            Diagnostic::note(format!(
                "there is no folder {FIXTURES}: only the tests within pipelines are run"
            ))
            .help("name the folder of golden files with `--fixtures`"),
        ),
    }

    let mut outcomes = Vec::new();
    let mut table = Vec::new();
    for name in &names {
        let cases = Case::find(fixtures, name)?;
        let wanted = |case: &str| {
            arguments
                .filter
                .as_ref()
                .is_none_or(|filter| name.contains(filter.as_str()) || case.contains(filter.as_str()))
        };
        if wanted("") {
            inline_tests(&library, name, &mut outcomes, &mut diagnostics);
        }
        let mut coverage = Coverage::default();
        for case in cases.iter().filter(|case| wanted(&case.name)) {
            let began = Instant::now();
            let verdict = case.run(&library, arguments.update, &mut diagnostics)?;
            let failure = match verdict {
                Verdict::Same { events, unmatched } | Verdict::Updated { events, unmatched } => {
                    coverage.events += events;
                    coverage.unmatched += unmatched;
                    None
                }
                Verdict::Different(text) => Some(text),
                Verdict::NotCompiled => continue,
            };
            outcomes.push(Outcome {
                pipeline: name.clone(),
                name: case.name.clone(),
                seconds: began.elapsed().as_secs_f64(),
                failure,
            });
        }
        if coverage.events > 0 {
            table.push((name.clone(), coverage));
        }
    }
    show(&outcomes, &table, began, terminal)?;
    if let Some(path) = &arguments.junit {
        std::fs::write(path, junit::render(&outcomes, began.elapsed().as_secs_f64()))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    terminal.report(&diagnostics)?;
    if outcomes.is_empty() {
        let nothing = match &arguments.filter {
            Some(filter) => format!("the name of no pipeline and of no case contains {filter:?}"),
            None => "no pipeline has a [[test]], or a log in the folder of golden files".to_owned(),
        };
        writeln!(out::stderr(), "nothing to test: {nothing}")?;
        return Err(Refused.into());
    }
    if outcomes.iter().any(|outcome| outcome.failure.is_some()) {
        return Err(Failed.into());
    }
    Ok(())
}

/// A folder of logs that belongs to no pipeline is a mistake in its name, and so are events that no log gives.
fn refuse_strays(fixtures: &Path, library: &Library, diagnostics: &mut Diagnostics) -> anyhow::Result<()> {
    let entries = std::fs::read_dir(fixtures)
        .with_context(|| format!("cannot read the folder of fixtures {}", fixtures.display()))?;
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        for stray in Case::without_log(&entry.path()) {
            diagnostics.push(
                Diagnostic::error(format!("{} has no log beside it", stray.display()))
                    .help("call the log CASE.log like its CASE.events.ndjson, or remove the file"),
            );
        }
        if !library.has(&name) && !Case::find(fixtures, &name)?.is_empty() {
            diagnostics.push(
                Diagnostic::error(format!(
                    "{} has logs, but there is no pipeline `{name}`",
                    entry.path().display()
                ))
                .help("call the folder like the pipeline that its logs are for"),
            );
        }
    }
    Ok(())
}

fn inline_tests(library: &Library, name: &str, outcomes: &mut Vec<Outcome>, diagnostics: &mut Diagnostics) {
    let Some(file) = library.pipeline(name, diagnostics) else {
        return;
    };
    let Some(pipeline) = compile(&file, library, &HostWords::default(), diagnostics) else {
        return;
    };
    let began = Instant::now();
    let failures = run_tests(&file, &pipeline);
    let seconds = began.elapsed().as_secs_f64() / file.tests.len().max(1) as f64;
    for test in &file.tests {
        let (line, _) = test.input.file.line_column(test.input.span.start);
        let mut found = Diagnostics::new();
        for failure in failures.iter().filter(|failure| std::ptr::eq(failure.test, test)) {
            found.push(Diagnostic::error(failure.message.clone()).at_value(&failure.place, ""));
        }
        outcomes.push(Outcome {
            pipeline: name.to_owned(),
            name: format!("line {line}"),
            seconds,
            failure: (!found.is_empty()).then(|| found.render(false)),
        });
    }
}

fn show(
    outcomes: &[Outcome],
    table: &[(String, Coverage)],
    began: Instant,
    terminal: Terminal,
) -> io::Result<()> {
    let mut out = out::stdout();
    let (good, bad) = match terminal.color {
        true => (AnsiColor::Green.on_default(), AnsiColor::Red.on_default().bold()),
        false => Default::default(),
    };
    for outcome in outcomes {
        if let Some(failure) = &outcome.failure {
            writeln!(
                out,
                "{bad}FAILED{bad:#} {} {}\n{failure}",
                outcome.pipeline, outcome.name
            )?;
        }
    }
    let width = table.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, coverage) in table {
        writeln!(
            out,
            "{name:width$}  {:6} events, {:4} matched by no pattern",
            coverage.events, coverage.unmatched
        )?;
    }
    let failed = outcomes
        .iter()
        .filter(|outcome| outcome.failure.is_some())
        .count();
    let style = if failed == 0 { good } else { bad };
    writeln!(
        out,
        "{style}{} passed, {failed} failed{style:#}",
        outcomes.len() - failed
    )?;
    writeln!(out, "in {:.0} ms", began.elapsed().as_secs_f64() * 1000.0)
}
