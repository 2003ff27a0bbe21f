//! Standard output and standard error that nobody reads, or that take nothing.

use std::fs::OpenOptions;
use std::io;
use std::process::{Command, Output, Stdio};

fn logmill(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_logmill"));
    command.args(words).current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

/// A pipe whose reader is gone.
fn closed() -> Stdio {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    writer.into()
}

fn full() -> Stdio {
    OpenOptions::new().write(true).open("/dev/full").unwrap().into()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_closed_pipe_changes_neither_the_exit_code_nor_says_anything() {
    let good: [&[&str]; 4] = [
        &["schema", "config"],
        &["test", "redis"],
        &["check", "--pipelines", "pipelines"],
        &["parse", "--pipeline", "plain", "README.md"],
    ];
    for words in good {
        let output = logmill(words).stdout(closed()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{words:?}: {}", said(&output));
        assert_eq!(said(&output), "", "{words:?}");
    }
    let status = logmill(&["check", "-c", "/nowhere/logmill.toml"])
        .stdout(closed())
        .stderr(closed())
        .status();
    assert_eq!(status.unwrap().code(), Some(2));
}

#[test]
fn a_full_device_is_an_error() {
    let commands: [&[&str]; 3] = [
        &["schema", "config"],
        &["test", "redis"],
        &["parse", "--pipeline", "plain", "README.md"],
    ];
    for words in commands {
        let output = logmill(words).stdout(full()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{words:?}: {}", said(&output));
        assert!(
            said(&output).contains("cannot write to standard output"),
            "{words:?}: {}",
            said(&output)
        );
    }
}

#[test]
fn words_that_lead_nowhere_end_with_the_documented_code() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let (missing, broken, report) = (path("missing"), path("broken"), path("missing/report.xml"));
    std::fs::create_dir_all(dir.path().join("broken/redis")).unwrap();
    std::fs::write(dir.path().join("broken/redis/a.log"), "").unwrap();
    std::fs::write(dir.path().join("broken/redis/a.toml"), "nwo = 1\n").unwrap();
    let lone = path("lone");
    std::fs::create_dir_all(dir.path().join("lone/redis")).unwrap();
    std::fs::write(dir.path().join("lone/redis/a.events.ndjson"), "{}\n").unwrap();
    let cases: [(i32, &[&str], &str, &str); 6] = [
        (
            2,
            &["test", "redis", "--fixtures", &lone],
            "passed, 0 failed",
            "has no log beside it",
        ),
        (
            2,
            &["test", "redis", "--fixtures", &missing],
            "passed, 0 failed",
            "--> command line:1:12",
        ),
        (
            2,
            &["test", "redis", "--fixtures", &broken],
            "passed, 0 failed",
            "did you mean `now`?",
        ),
        (
            2,
            &["test", "nowhere"],
            "0 passed",
            "no case contains \"nowhere\"",
        ),
        // What differs is shown before the report cannot be written.
        (
            1,
            &["test", "redis", "--junit", &report],
            "passed, 0 failed",
            "no such file or directory",
        ),
        (
            1,
            &["parse", "--pipeline", "plain", &missing],
            "",
            "no such file or directory",
        ),
    ];
    for (code, words, shown, remedy) in cases {
        let output = logmill(words).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{words:?}: {}", said(&output));
        assert!(
            String::from_utf8_lossy(&output.stdout).contains(shown),
            "{words:?}"
        );
        let said = said(&output);
        assert!(
            said.contains(remedy) && said.matches("error: ").count() <= 1,
            "{words:?}: {said}"
        );
    }
}
