//! `run --once`: everything that is there, and then the end.

use std::fs;
use std::process::{Command, Output};

use super::{Host, access_line, program};
use crate::servers::Elasticsearch;

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

#[tokio::test]
async fn old_logs_fill_an_index_and_a_lost_state_directory_doubles_none() {
    let server = Elasticsearch::shared().await;
    let client = server.client();
    let host = Host::shipping_to(server.url(), "old").input("access.log*", "nginx-access", "");
    host.append("access.log.2", (0..2000).map(access_line));
    host.append("access.log.1", (2000..4000).map(access_line));
    host.append("access.log", (4000..5000).map(access_line));
    let packed = Command::new("gzip").arg(host.path("access.log.2")).status();
    assert!(packed.expect("gzip is installed").success());
    let config = host.config();
    let arguments = ["--config", config.to_str().expect("a path in UTF-8")];
    for verdicts in ["5000 accepted, 0 there already", "0 accepted, 5000 there already"] {
        let output = run(&arguments);
        assert!(output.status.success(), "{}", log(&output));
        assert!(log(&output).contains(verdicts), "{}", log(&output));
        fs::remove_dir_all(host.path("state")).expect("the state directory");
    }
    client
        .tally(
            "old",
            "url.path.keyword",
            (0..5000).map(|n| format!("/orders/{n}")),
        )
        .await
        .assert_exact();
    client.delete_index("old").await;
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
