//! `logmill suggest`: which pipeline fits a log, and a draft of one for what none fits.

use std::io::{self, Read, Write};
use std::path::Path;

use anyhow::Context;

use super::library::library;
use super::{SuggestArguments, Terminal, log_file, out};
use crate::config::{Diagnostics, count};
use crate::event::Timestamp;
use crate::pipeline::{Library, name_like};
use crate::suggest::{self, ENOUGH, Fit, LINES_MAX, SAMPLE_BYTES_MAX};

/// So many pipelines are shown.
const SHOWN_MAX: usize = 5;

/// What a pipeline must take for the draft to be about the rest only.
const HALF: f64 = 0.5;

pub fn run(arguments: &SuggestArguments, terminal: Terminal) -> anyhow::Result<()> {
    let mut diagnostics = Diagnostics::new();
    let library = library(arguments.pipelines.as_deref(), &mut diagnostics);
    terminal.report(&diagnostics)?;
    if let Some(output) = &arguments.output
        && output.exists()
        && !arguments.force
    {
        anyhow::bail!(
            "{} is there already; add `--force`, or name another file",
            output.display()
        );
    }
    let sample = read(&arguments.file)?;
    let lines = lines(&sample);
    let shown = shown(&arguments.file);
    if lines.is_empty() {
        anyhow::bail!("{shown} has no line yet; give a log that has some");
    }
    let now = Timestamp::from_millis(jiff::Timestamp::now().as_millisecond());
    let fits = suggest::rank(&library, &lines, &arguments.file.to_string_lossy(), now);
    report(arguments, &library, lines.len(), &fits)?;

    let best = fits
        .first()
        .filter(|fit| fit.share >= HALF && !fit.takes_anything);
    if best.is_some_and(|fit| fit.share >= ENOUGH && fit.structured) {
        return Ok(());
    }
    let texts: Vec<String> = lines
        .iter()
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    let name = name(&arguments.file);
    let all: Vec<&str> = texts.iter().map(String::as_str).collect();
    let whole = suggest::draft(&name, &all).filter(|draft| best.is_none_or(|fit| draft.finds_more(fit)));
    let (draft, which) = match (whole, best) {
        (Some(draft), None) => (Some(draft), "a draft for these lines, which matches"),
        (Some(draft), Some(_)) => (Some(draft), "a draft that finds more in these lines, and matches"),
        (None, Some(fit)) if fit.share >= ENOUGH => return Ok(()),
        (None, Some(fit)) => {
            let rest: Vec<&str> = fit.left.iter().map(|at| texts[*at].as_str()).collect();
            (
                suggest::draft(&name, &rest),
                "a draft for the lines that it leaves, which matches",
            )
        }
        (None, None) => (None, ""),
    };
    let mut err = out::stderr();
    let Some(draft) = draft else {
        writeln!(err, "{}", without_draft(best))?;
        return Ok(());
    };
    writeln!(
        err,
        "{which} {} of {}:\n",
        draft.matched,
        count(draft.events, "event")
    )?;
    match &arguments.output {
        Some(path) => {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)
                    .with_context(|| format!("cannot make {}", folder.display()))?;
            }
            std::fs::write(path, &draft.text).with_context(|| format!("cannot write {}", path.display()))?;
            writeln!(err, "written to {}", path.display())?;
        }
        None => out::stdout().write_all(draft.text.as_bytes())?,
    }
    Ok(())
}

fn report(arguments: &SuggestArguments, library: &Library, lines: usize, fits: &[Fit]) -> io::Result<()> {
    let mut err = out::stderr();
    let file = shown(&arguments.file);
    writeln!(err, "{file}: looked at {}", count(lines, "line"))?;
    if fits.iter().all(|fit| fit.takes_anything) {
        writeln!(err, "no pipeline knows them")?;
        return Ok(());
    }
    for fit in fits.iter().filter(|fit| !fit.takes_anything).take(SHOWN_MAX) {
        // All is all: 100 % leaves nothing.
        let percent = (fit.share * 100.0).floor();
        match fit.wraps_only {
            true => writeln!(err, "{percent:3} %  {:22} around each line", fit.pipeline)?,
            false => writeln!(
                err,
                "{percent:3} %  {:22} {:4.1} fields per event",
                fit.pipeline, fit.fields
            )?,
        }
    }
    if let Some(best) = fits.first().filter(|fit| !fit.takes_anything) {
        writeln!(err, "try: {}", parse_with(&best.pipeline, arguments, library))?;
    }
    Ok(())
}

/// The command that shows what a pipeline makes of the log.
fn parse_with(pipeline: &str, arguments: &SuggestArguments, library: &Library) -> String {
    let folder = match &arguments.pipelines {
        Some(folder) if library.own_names().any(|own| own == pipeline) => {
            format!("--pipelines {} ", folder.display())
        }
        _ => String::new(),
    };
    let file = arguments.file.display();
    format!("logmill parse {folder}--pipeline {pipeline} --pretty {file}")
}

/// Why there is no draft beside the pipeline that fits best.
fn without_draft(best: Option<&Fit>) -> &'static str {
    match best {
        None => "these lines have no form in common; the pipeline `plain` ships them as they are",
        Some(fit) if fit.left.is_empty() => {
            "a line that follows another without being indented counts half: see whether it is part of that event"
        }
        Some(_) => "the other lines have no form in common; the pipeline `plain` ships them as they are",
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut sample = Vec::new();
    log_file::open(Some(path))?
        .take(SAMPLE_BYTES_MAX)
        .read_to_end(&mut sample)
        .with_context(|| format!("cannot read {}", shown(path)))?;
    // The last line may be cut.
    if sample.len() as u64 == SAMPLE_BYTES_MAX {
        let end = memchr::memrchr(b'\n', &sample).unwrap_or(sample.len());
        sample.truncate(end);
    }
    Ok(sample)
}

/// What the log is called.
fn shown(path: &Path) -> String {
    match log_file::is_stdin(path) {
        true => "standard input".to_owned(),
        false => path.display().to_string(),
    }
}

fn lines(sample: &[u8]) -> Vec<&[u8]> {
    sample
        .split(|&byte| byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| !line.is_empty())
        .take(LINES_MAX)
        .collect()
}

/// The pipeline is called like the log.
fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    let stem = Path::new(plain).file_stem().unwrap_or_default().to_string_lossy();
    name_like(&stem).unwrap_or_else(|| "my-log".to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_that_is_there_is_not_written_over_unasked() {
        let dir = tempfile::tempdir().unwrap();
        let (log, draft) = (dir.path().join("orders.log"), dir.path().join("orders.toml"));
        let lines: Vec<String> = (0..50)
            .map(|n| format!("order {n} took <{n}> of [{n}] at step {n}"))
            .collect();
        fs::write(&log, lines.join("\n")).unwrap();
        fs::write(&draft, "mine").unwrap();
        let suggest = |force| {
            let arguments = SuggestArguments {
                file: log.clone(),
                output: Some(draft.clone()),
                force,
                pipelines: None,
            };
            let terminal = Terminal {
                color: false,
                error_color: false,
            };
            run(&arguments, terminal)
        };
        let refused = suggest(false).unwrap_err().to_string();
        assert!(
            refused.contains("orders.toml is there already; add `--force`"),
            "{refused}"
        );
        assert_eq!(fs::read_to_string(&draft).unwrap(), "mine");
        suggest(true).unwrap();
        assert!(fs::read_to_string(&draft).unwrap().contains("[parse]"));
    }

    #[test]
    fn the_command_to_try_finds_the_pipeline() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("till.toml"), "[parse]\npatterns = ['{a} {b}']\n").unwrap();
        let arguments = SuggestArguments {
            file: "till.log".into(),
            output: None,
            force: false,
            pipelines: Some(dir.path().to_owned()),
        };
        let library = library(arguments.pipelines.as_deref(), &mut Diagnostics::new());
        let folder = dir.path().display();
        assert_eq!(
            parse_with("till", &arguments, &library),
            format!("logmill parse --pipelines {folder} --pipeline till --pretty till.log")
        );
        assert_eq!(
            parse_with("redis", &arguments, &library),
            "logmill parse --pipeline redis --pretty till.log"
        );
    }

    #[test]
    fn what_is_said_of_the_other_lines_is_said_where_there_are_some() {
        let now = Timestamp::from_millis(0);
        let library = Library::shipped();
        let said = |lines: &[&str]| {
            let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
            let fits = suggest::rank(&library, &lines, "", now);
            without_draft(
                fits.first()
                    .filter(|fit| fit.share >= HALF && !fit.takes_anything),
            )
        };
        assert!(said(&["hello world", "bye now"]).starts_with("these lines"));
        assert!(said(&["2026-11-22 10:00:00 INFO started", "foo bar"]).contains("counts half"));
        let access = "1.2.3.4 - - [22/Nov/2026:17:28:30 +0100] \"GET / HTTP/1.1\" 200 5";
        assert!(said(&[access, access, "what"]).starts_with("the other lines"));
    }

    #[test]
    fn the_pipeline_is_called_like_the_log() {
        for (file, expected) in [
            ("/a/Shop_API.log", "shop-api"),
            ("b.log.gz", "b"),
            ("-", "my-log"),
        ] {
            assert_eq!(name(Path::new(file)), expected);
        }
    }
}
