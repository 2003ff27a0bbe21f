use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;

use super::difference;
use crate::command::replay;
use crate::config::{CaseFile, Diagnostic, Diagnostics, SourceFile, Wrapping, reason};
use crate::derive::{Format, Registry};
use crate::encode::{self, Page};
use crate::event::{Timestamp, TimestampWriter, Value};
use crate::pipeline::{HostWords, Library, Outcome, Pipeline, compile};

/// One log of a pipeline's fixtures, with what must come of it.
#[derive(Debug)]
pub struct Case {
    pipeline: String,
    /// `CASE` of `CASE.log`.
    pub name: String,
    /// Up to and without `.log`.
    stem: PathBuf,
}

pub enum Verdict {
    Same {
        events: usize,
        unmatched: usize,
    },
    /// The golden files were written.
    Updated {
        events: usize,
        unmatched: usize,
    },
    Different(String),
    /// The diagnostics say why.
    NotCompiled,
}

/// The moment of reading of a log whose events have no time. Also where the years and dates are looked for that a log
/// leaves out: late in 2026, so that they are of then.
const NOW: &str = "2026-11-22T23:59:59Z";

/// What came of a log.
struct Found {
    events: String,
    metrics: String,
    count: usize,
    unmatched: usize,
}

impl Case {
    /// The cases of one pipeline, in order of their names.
    pub fn find(fixtures: &Path, pipeline: &str) -> anyhow::Result<Vec<Case>> {
        let folder = fixtures.join(pipeline);
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        let entries =
            fs::read_dir(&folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
        let mut cases: Vec<Case> = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
            .filter_map(|path| {
                Some(Case {
                    pipeline: pipeline.to_owned(),
                    name: path.file_stem()?.to_str()?.to_owned(),
                    stem: path.with_extension(""),
                })
            })
            .collect();
        cases.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(cases)
    }

    /// Golden events in `folder` that no log is there for.
    pub fn without_log(folder: &Path) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(folder) else {
            return Vec::new();
        };
        let mut strays: Vec<PathBuf> = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| {
                let stem = path.to_str().and_then(|path| path.strip_suffix(".events.ndjson"));
                stem.is_some_and(|stem| !Path::new(&format!("{stem}.log")).exists())
            })
            .collect();
        strays.sort();
        strays
    }

    /// Runs the log through its pipeline and holds what comes out against the golden files, or writes them.
    pub fn run(
        &self,
        library: &Library,
        update: bool,
        diagnostics: &mut Diagnostics,
    ) -> anyhow::Result<Verdict> {
        let Some(words) = self.words(diagnostics) else {
            return Ok(Verdict::NotCompiled);
        };
        let host = HostWords {
            format: words.format.clone(),
            timezone: words.timezone.clone(),
            ..HostWords::default()
        };
        let Some(file) = library.pipeline(&self.pipeline, diagnostics) else {
            return Ok(Verdict::NotCompiled);
        };
        let Some(pipeline) = compile(&file, library, &host, diagnostics) else {
            return Ok(Verdict::NotCompiled);
        };
        let found = self.read(&Arc::new(pipeline), &words)?;
        let (events, unmatched) = (found.count, found.unmatched);
        if update {
            self.write(&found)?;
            return Ok(Verdict::Updated { events, unmatched });
        }
        let mut different = String::new();
        self.hold("events.ndjson", &found.events, difference::events, &mut different)?;
        self.hold("metrics.txt", &found.metrics, difference::lines, &mut different)?;
        Ok(match different.is_empty() {
            true => Verdict::Same { events, unmatched },
            false => Verdict::Different(different),
        })
    }

    fn read(&self, pipeline: &Arc<Pipeline>, words: &CaseFile) -> anyhow::Result<Found> {
        let path = self.path("log");
        let wrapping = words.wrapper;
        let moment = match words.now {
            Some(now) => Timestamp::from_millis(now.as_millisecond()),
            None => self.newest(pipeline, wrapping)?,
        };
        let log = self.log()?;
        let registry = Registry::default();
        let rules = registry
            .rules(&pipeline.metrics, &pipeline.gathered, &self.pipeline)
            .map_err(|errors| {
                anyhow::anyhow!(
                    "{}",
                    errors
                        .iter()
                        .map(ToString::to_string)
                        .collect::<Vec<_>>()
                        .join("; ")
                )
            })?;
        let shard = registry.shard();
        let mut guard = shard.lock();
        let mut found = Found {
            events: String::new(),
            metrics: String::new(),
            count: 0,
            unmatched: 0,
        };
        let mut times = TimestampWriter::default();
        let mut page = Page::default();
        guard.read_at(moment);
        replay::each(pipeline, wrapping, moment, log, |event| {
            let unmatched = event.outcome == Outcome::Unmatched;
            if event.outcome != (Outcome::Filtered { counted: false }) {
                rules.count(event.fields, &mut guard);
            }
            found.count += 1;
            if let Outcome::Filtered { .. } = event.outcome {
                return Ok(());
            }
            page.write(|pen| {
                let schema = &pipeline.schema;
                encode::write_event(schema, event.fields, event.stream, unmatched, &mut times, pen);
            });
            found.events.push_str(&String::from_utf8_lossy(page.text()));
            found.events.push('\n');
            found.unmatched += usize::from(unmatched);
            Ok(())
        })
        .with_context(|| format!("cannot read {}", path.display()))?;
        drop(guard);
        let mut metrics = Vec::new();
        registry.totals(moment).write(Format::Text, &mut metrics);
        found.metrics = String::from_utf8_lossy(&metrics).into_owned();
        Ok(found)
    }

    fn log(&self) -> anyhow::Result<fs::File> {
        let path = self.path("log");
        fs::File::open(&path).with_context(|| format!("cannot open {}", path.display()))
    }

    /// When the newest event of the log happened: it was read then, or soon after. The same on every day and every
    /// machine.
    fn newest(&self, pipeline: &Arc<Pipeline>, wrapping: Wrapping) -> anyhow::Result<Timestamp> {
        let fallback: jiff::Timestamp = NOW.parse()?;
        let fallback = Timestamp::from_millis(fallback.as_millisecond());
        let Some(slot) = pipeline.schema.get(encode::TIMESTAMP) else {
            return Ok(fallback);
        };
        let mut newest: Option<Timestamp> = None;
        replay::each(pipeline, wrapping, fallback, self.log()?, |event| {
            if let Value::Time(at) = event.fields.get(slot)
                && newest.is_none_or(|newest| (newest.secs, newest.nanos) < (at.secs, at.nanos))
            {
                newest = Some(at);
            }
            Ok(())
        })
        .with_context(|| format!("cannot read {}", self.path("log").display()))?;
        Ok(newest.unwrap_or(fallback))
    }

    /// What its `CASE.toml` says, if there is one; `None` where that has mistakes, which the diagnostics then say.
    fn words(&self, diagnostics: &mut Diagnostics) -> Option<CaseFile> {
        let path = self.path("toml");
        let name = path.display().to_string();
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Some(CaseFile::default()),
            Err(error) => {
                let message = format!("cannot read {name}: {}", reason(&error));
                diagnostics.push(Diagnostic::error(message).help("let the user who runs the tests read it"));
                return None;
            }
        };
        let mut found = Diagnostics::new();
        let file = SourceFile::of_bytes(name, bytes, &mut found);
        let words = file.map(|file| CaseFile::parse(&file, &mut found));
        let sound = !found.has_errors();
        diagnostics.extend(found);
        words.filter(|_| sound)
    }

    /// Compares with one golden file.
    fn hold(
        &self,
        extension: &str,
        found: &str,
        differ: fn(&str, &str) -> String,
        different: &mut String,
    ) -> anyhow::Result<()> {
        let path = self.path(extension);
        let expected = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                different.push_str(&format!(
                    "  there is no {}; add `--update` to this command and read what it writes\n",
                    path.display()
                ));
                return Ok(());
            }
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        if expected != found {
            different.push_str(&format!("  {}\n{}", path.display(), differ(&expected, found)));
        }
        Ok(())
    }

    fn write(&self, found: &Found) -> anyhow::Result<()> {
        for (extension, text) in [("events.ndjson", &found.events), ("metrics.txt", &found.metrics)] {
            let path = self.path(extension);
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }

    fn path(&self, extension: &str) -> PathBuf {
        let mut path = self.stem.clone().into_os_string();
        path.push(".");
        path.push(extension);
        path.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_without_golden_files_says_how_they_are_made() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("plain")).unwrap();
        fs::write(dir.path().join("plain/a.log"), "one\n").unwrap();
        let cases = Case::find(dir.path(), "plain").unwrap();
        let run = |update| {
            cases[0]
                .run(&Library::shipped(), update, &mut Diagnostics::new())
                .unwrap()
        };
        let Verdict::Different(text) = run(false) else {
            panic!("there is nothing to be the same as");
        };
        // Of the folders that this run was given, not of those that a run without arguments takes.
        assert_eq!(
            text.matches("add `--update` to this command").count(),
            2,
            "{text}"
        );
        assert!(matches!(
            run(true),
            Verdict::Updated {
                events: 1,
                unmatched: 0
            }
        ));
        assert!(matches!(
            run(false),
            Verdict::Same {
                events: 1,
                unmatched: 0
            }
        ));
    }
}
