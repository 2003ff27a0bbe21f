//! Every pipeline against real logs with the fields expected of them.
//!
//! The samples are not part of this repository; where their folder (`../shared/logs`, beside the repository) is not
//! there, there is nothing to hold the pipelines against and the test says so. Its `INDEX.md` has the rules of the
//! comparison; see [`compare`].

mod compare;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value};

use self::compare::{Tally, compare};

/// Cases whose pipeline is not for their container: folder, case, pipeline, wrapper.
const MAPPED: [(&str, &str, &str, &str); 4] = [
    ("cri", "containerd_partial", "plain", "cri"),
    ("docker-json", "json_file_split16k", "plain", "docker"),
    ("layered", "cri_spring_boot", "spring-boot", "cri"),
    ("layered", "docker_postgres", "postgresql-stderr", "docker"),
];

/// Fields of which the samples say what their own log does not: the case, and how its complaint begins. The digest of this
/// message is 8 bytes longer than the line has room for; paths were shortened in one and not in the other.
const FAULTY: [(&str, &str); 2] = [
    ("apache-error/error", "event 6: message: "),
    ("java-json/boot_ecs", "event 1: message: "),
];

#[derive(Debug)]
struct Case {
    /// Up to and without `.log`.
    stem: PathBuf,
    name: String,
    pipeline: String,
    wrapper: &'static str,
}

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/logs")
}

/// The cases that a pipeline is there for, in order of their names.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for pipeline in shipped() {
        let folder = samples().join(&pipeline);
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.extension().is_some_and(|extension| extension == "log") {
                cases.push(Case::new(path.with_extension(""), &pipeline, "pipeline"));
            }
        }
    }
    for (folder, case, pipeline, wrapper) in MAPPED {
        let stem = samples().join(folder).join(case);
        if stem.with_extension("log").exists() {
            cases.push(Case::new(stem, pipeline, wrapper));
        }
    }
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

fn shipped() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines");
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            name.strip_suffix(".toml").map(str::to_owned)
        })
        .collect();
    names.sort();
    names
}

impl Case {
    fn new(stem: PathBuf, pipeline: &str, wrapper: &'static str) -> Case {
        let folder = stem.parent().and_then(Path::file_name).unwrap().to_string_lossy();
        Case {
            name: format!("{folder}/{}", stem.file_name().unwrap().to_string_lossy()),
            stem,
            pipeline: pipeline.to_owned(),
            wrapper,
        }
    }

    /// The events that the program makes of the log, as an input with the case's own words would.
    fn events(&self) -> Vec<Map<String, Value>> {
        let meta: Value =
            serde_json::from_slice(&fs::read(self.stem.with_extension("meta.json")).unwrap()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_logmill"));
        command.args(["parse", "--pipeline", &self.pipeline, "--wrapper", self.wrapper]);
        for (flag, word) in [
            ("--timezone", &meta["default_timezone"]),
            ("--now", &meta["reference_time"]),
            ("--format", &meta["config"]["log_format"]),
            ("--format", &meta["config"]["log_line_prefix"]),
            ("--format", &meta["config"]["LogFormat"]),
            ("--format", &meta["config"]["pattern"]),
            ("--format", &meta["config"]["layout"]),
        ] {
            if let Some(word) = word.as_str() {
                command.args([flag, word]);
            }
        }
        let output = command.arg(self.stem.with_extension("log")).output().unwrap();
        assert!(
            output.status.success(),
            "{}: {}",
            self.name,
            String::from_utf8_lossy(&output.stderr)
        );
        objects(&output.stdout)
    }

    fn tally(&self) -> Tally {
        let expected = objects(&fs::read(self.stem.with_extension("expected.ndjson")).unwrap());
        let mut tally = compare(&expected, &self.events());
        tally.wrong.retain(|wrong| {
            let known = |(case, begin): &(&str, &str)| self.name == *case && wrong.starts_with(begin);
            !FAULTY.iter().any(known)
        });
        tally
    }
}

fn objects(lines: &[u8]) -> Vec<Map<String, Value>> {
    lines
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

#[test]
fn every_sample_gives_the_fields_expected_of_it() {
    let cases = cases();
    if cases.is_empty() {
        println!("no samples in {}", samples().display());
        return;
    }
    let mut wrong = Vec::new();
    let mut table = format!("{:42} {:>7} {:>7} {:>6}\n", "case", "events", "fields", "wrong");
    for case in &cases {
        let tally = case.tally();
        table.push_str(&format!(
            "{:42} {:>7} {:>7} {:>6}\n",
            case.name,
            tally.events,
            tally.fields,
            tally.wrong.len()
        ));
        wrong.extend(
            tally
                .wrong
                .into_iter()
                .map(|wrong| format!("{}: {wrong}", case.name)),
        );
    }
    println!("{table}");
    assert!(wrong.is_empty(), "{table}\n{}", wrong.join("\n"));
}
