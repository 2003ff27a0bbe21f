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
