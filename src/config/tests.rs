//! The messages that users see: each `fixtures/messages/CASE.toml` with its `CASE.txt`. `UPDATE_GOLDEN=1` writes
//! what is there now. The part of the name before the first hyphen says what kind of file it is.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::env::Staged;
use super::*;

fn staged() -> Staged {
    Staged {
        variables: vec![("KEY", "id:key"), ("HOSTNAME", "shop-1")],
        files: vec![
            (
                "/etc/logmill/client.pem",
                "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
            ),
            ("broken.csv", "key,team\na,b,c\nd,e\nd,f\n"),
        ],
    }
}

fn messages(kind: &str, file: std::sync::Arc<SourceFile>) -> String {
    let mut diagnostics = Diagnostics::new();
    match kind {
        "agent" => {
            let written = AgentFile::parse(&file, &staged(), &mut diagnostics);
            let settings = Settings::new(&written, &staged(), &mut diagnostics);
            assert_eq!(settings.is_some(), !diagnostics.has_errors());
        }
        "pipeline" => drop(PipelineFile::read_in("case", file, &staged(), &mut diagnostics)),
        "case" => drop(CaseFile::parse(&file, &mut diagnostics)),
        "metrics" => drop(MetricSetFile::read("case", file, &mut diagnostics)),
        _ => panic!("no kind of file begins with {kind}"),
    }
    diagnostics.render(false)
}

#[test]
fn every_message_is_the_golden_one() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/messages");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    cases.sort();
    assert!(cases.len() >= 20, "the cases are not where they should be");
    let mut failures = String::new();
    for case in cases {
        let name = case.file_name().unwrap().to_str().unwrap();
        let (kind, _) = name.split_once('-').unwrap();
        let found = messages(
            kind,
            SourceFile::new(name, std::fs::read_to_string(&case).unwrap()),
        );
        assert!(!found.is_empty(), "{name} has no mistake");
        assert!(!found.contains("hunter2"), "{name} shows a password:\n{found}");
        let golden = case.with_extension("txt");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&golden, &found).unwrap();
            continue;
        }
        let expected = std::fs::read_to_string(&golden).unwrap_or_default();
        if found != expected {
            write!(failures, "{name}:\n{}", diff(&expected, &found)).unwrap();
        }
    }
    assert!(failures.is_empty(), "UPDATE_GOLDEN=1 accepts these:\n{failures}");
}

/// `-` what was expected, `+` what was found: lines outside of the longest common subsequence.
fn diff(expected: &str, found: &str) -> String {
    let (a, b): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), found.lines().collect());
    let mut common = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            common[i][j] = match a[i] == b[j] {
                true => common[i + 1][j + 1] + 1,
                false => common[i + 1][j].max(common[i][j + 1]),
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut out = String::new();
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            writeln!(out, "  {}", a[i]).unwrap();
            (i, j) = (i + 1, j + 1);
        } else if j == b.len() || (i < a.len() && common[i + 1][j] >= common[i][j + 1]) {
            writeln!(out, "- {}", a[i]).unwrap();
            i += 1;
        } else {
            writeln!(out, "+ {}", b[j]).unwrap();
            j += 1;
        }
    }
    out
}
