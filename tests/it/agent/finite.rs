//! `run --once`: everything that is there, and then the end.

use std::fs;
use std::process::{Command, Output};

use super::{Host, access_line, program};

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(program());
    command.arg("run").arg("--once").args(arguments);
    command.output().expect("the program starts")
}

fn log(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn what_is_there_is_delivered_once_over_two_runs() {
    let host = Host::new("[stdout]\n").input("access.log", "nginx-access", "");
    host.append("access.log", (0..5000).map(access_line));
    let config = host.config();
    let arguments = ["--config", config.to_str().expect("a path in UTF-8")];
    let first = run(&arguments);
    assert!(first.status.success(), "{}", log(&first));
    let documents = String::from_utf8_lossy(&first.stdout);
    assert_eq!(documents.lines().count(), 5000);
    assert!(log(&first).contains("5000 accepted"), "{}", log(&first));
    let second = run(&arguments);
    assert!(second.status.success(), "{}", log(&second));
    assert!(second.stdout.is_empty());
}

#[test]
fn what_is_not_delivered_is_a_failure_and_stays() {
    let host = Host::new("[elasticsearch]\nhosts = \"http://127.0.0.1:9\"\n").input(
        "access.log",
        "nginx-access",
        "",
    );
    host.append("access.log", (0..10).map(access_line));
    let config = host.config();
    let text = fs::read_to_string(&config).expect("the configuration");
    fs::write(&config, text.replace("grace = \"20s\"", "grace = \"1s\"")).expect("room for it");
    let failed = run(&["--config", config.to_str().expect("a path in UTF-8")]);
    assert_eq!(failed.status.code(), Some(1), "{}", log(&failed));
    assert!(log(&failed).contains("10 not delivered"), "{}", log(&failed));
}

#[test]
fn a_path_that_leads_nowhere_is_a_failure() {
    let host = Host::new("[stdout]\n");
    let (path, state) = (host.path("none.log"), host.path("state"));
    let words = [path, state].map(|path| path.display().to_string());
    let failed = run(&["--pipeline", "plain", "--state-dir", &words[1], &words[0]]);
    assert_eq!(failed.status.code(), Some(1), "{}", log(&failed));
    assert!(log(&failed).contains("no file matches"), "{}", log(&failed));
}
