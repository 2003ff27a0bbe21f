//! The imports of `fixtures/import`: each folder has what is imported, and under `out` what comes of it: the report,
//! the configuration, the pipelines, and the events that these make of `PIPELINE.log`. `UPDATE_GOLDEN=1` writes what is
//! there now.

use std::path::{Path, PathBuf};

use bumpalo::Bump;

use super::*;
use crate::config::{AgentFile, Diagnostics, PipelineFile, SourceFile, System};
use crate::encode::{self, Page};
use crate::event::{Fields, Timestamp, TimestampWriter};
use crate::pipeline::{HostWords, Library, Outcome, Pipeline, compile};

/// The moment that logs are read at: 2026-11-23T00:00:00Z.
const NOW: Timestamp = Timestamp {
    secs: 1_795_392_000,
    nanos: 0,
    digits: 0,
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/import")
}

fn compiled(name: &str, text: &str) -> Pipeline {
    let mut diagnostics = Diagnostics::new();
    let file = PipelineFile::read(
        name,
        SourceFile::new(format!("{name}.toml"), text),
        &mut diagnostics,
    )
    .unwrap();
    let pipeline = compile(
        &file,
        &Library::shipped(),
        &HostWords::default(),
        &mut diagnostics,
    );
    assert_eq!(diagnostics.render(false), "", "{text}");
    pipeline.unwrap()
}

/// One JSON object per event; what no pattern matches says so.
fn events(pipeline: &Pipeline, log: &str) -> String {
    let mut out = String::new();
    let lines: Vec<&str> = log.lines().collect();
    let mut from = 0;
    while from < lines.len() {
        let follows = |line: &&&str| !pipeline.frame.every_line() && !pipeline.frame.begins(line.as_bytes());
        let to = from + 1 + lines[from + 1..].iter().take_while(follows).count();
        let event = lines[from..to].join("\n");
        from = to;
        if pipeline.frame.skips(event.as_bytes()) {
            out.push_str("skipped\n");
            continue;
        }
        let arena = Bump::new();
        let mut fields = Fields::new(pipeline.schema.len());
        let outcome = pipeline.parse(event.as_bytes(), &mut fields, &mut pipeline.clock(NOW), &arena);
        match outcome {
            Outcome::Unmatched => out.push_str("unmatched "),
            Outcome::Filtered { .. } => out.push_str("dropped "),
            Outcome::Matched => {}
        }
        let mut page = Page::default();
        let times = &mut TimestampWriter::default();
        page.write(|pen| encode::write_event(&pipeline.schema, &fields, None, false, times, pen));
        out.push_str(&String::from_utf8_lossy(page.text()));
        out.push('\n');
    }
    out
}

fn imported(case: &Path) -> Imported {
    let mut files: Vec<(String, String)> = std::fs::read_dir(case)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "conf" || extension == "yml")
        })
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).unwrap())
        })
        .collect();
    files.sort();
    if files[0].0.ends_with(".yml") {
        return filebeat::import(&files[0].0, &files[0].1).unwrap();
    }
    let files: Vec<logstash::Source> = files
        .into_iter()
        .map(|(name, text)| logstash::Source { name, text })
        .collect();
    let patterns = |folder: &str| {
        let text = std::fs::read_to_string(case.join(folder).join("own")).ok()?;
        Some(vec![text])
    };
    logstash::import(&files, &patterns).unwrap()
}

/// Every file that an import of a case comes to, by its path below `out`.
fn produced(case: &Path) -> Vec<(String, String)> {
    let imported = imported(case);
    let mut files = vec![
        ("report.txt".to_owned(), imported.report.to_string()),
        ("logmill.toml".to_owned(), imported.config()),
    ];
    let mut diagnostics = Diagnostics::new();
    let agent = AgentFile::parse(
        &SourceFile::new("logmill.toml", imported.config()),
        &System,
        &mut diagnostics,
    );
    assert_eq!(diagnostics.render(false), "", "{}", imported.config());
    let library = Library::shipped();
    let own: Vec<&str> = imported.pipelines().map(|(name, _)| name).collect();
    for name in agent.pipelines() {
        assert!(
            library.has(name) || own.contains(&name.as_str()),
            "{}",
            name.value
        );
    }
    for (name, text) in imported.pipelines() {
        let pipeline = compiled(name, &text);
        files.push((format!("pipelines/{name}.toml"), text));
        if let Ok(log) = std::fs::read_to_string(case.join(format!("{name}.log"))) {
            files.push((format!("{name}.events.ndjson"), events(&pipeline, &log)));
        }
    }
    files
}

#[test]
fn every_import_is_the_golden_one() {
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    assert!(cases.len() >= 4, "the cases are not where they should be");
    let mut failures = Vec::new();
    for case in cases {
        for (name, found) in produced(&case) {
            let golden = case.join("out").join(&name);
            if std::env::var_os("UPDATE_GOLDEN").is_some() {
                std::fs::create_dir_all(golden.parent().unwrap()).unwrap();
                std::fs::write(&golden, &found).unwrap();
                continue;
            }
            let expected = std::fs::read_to_string(&golden).unwrap_or_default();
            if found != expected {
                failures.push(format!("{}:\n{found}", golden.display()));
            }
        }
    }
    assert!(
        failures.is_empty(),
        "UPDATE_GOLDEN=1 accepts these:\n{}",
        failures.join("\n")
    );
}

#[test]
fn a_file_with_nothing_to_import_is_refused() {
    let broken = filebeat::import("a.yml", "# none\nnothing\n").unwrap_err();
    assert_eq!(
        (broken.line, broken.why.as_str()),
        (2, "expected settings such as `filebeat.inputs:`")
    );
    let empty = logstash::Source {
        name: "a.conf".to_owned(),
        text: "# none\n".to_owned(),
    };
    let (at, broken) = logstash::import(&[empty], &|_| None).unwrap_err();
    assert_eq!(at.line, 1);
    assert!(broken.why.starts_with("there is nothing in it"), "{broken}");
}
