//! An end within the grace period, whatever the output does.

use std::fs;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::{Agent, Host, access_line, program};

#[test]
fn an_output_that_nobody_reads_does_not_outlive_the_grace_period() {
    let host = Host::new("[stdout]\n").input("access.log", "nginx-access", "");
    // Far more than a pipe holds, and there before the start: the first batch is more than it holds as well.
    host.append("access.log", (0..4000).map(access_line));
    let config = host.config();
    let text = fs::read_to_string(&config).expect("the configuration");
    fs::write(&config, text.replace("grace = \"20s\"", "grace = \"1s\"")).expect("room for it");
    let mut child = Command::new(program())
        .args(["run", "--config"])
        .arg(&config)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(fs::File::create(host.path("agent.log")).expect("a log file"))
        .spawn()
        .expect("the program starts");
    let mut pipe = child.stdout.take().expect("it is piped");
    let mut agent = Agent {
        child,
        log: host.path("agent.log"),
        address: String::new(),
    };
    // Its write is under way now, and stays so.
    pipe.read_exact(&mut [0]).expect("something is written");
    agent.signal(rustix::process::Signal::TERM);
    let status = agent.wait(Duration::from_secs(20));
    assert!(status.success(), "{status}:\n{}", agent.log());
    assert!(
        agent.log().contains("not everything was delivered"),
        "{}",
        agent.log()
    );
    drop(pipe);
}

/// A configuration that comes through a pipe keeps the start waiting where it is told to stop.
#[test]
fn who_is_told_to_stop_while_it_starts_ends_in_order() {
    let host = Host::new("[stdout]\n").input("access.log", "nginx-access", "");
    let config = host.config();
    let text = fs::read_to_string(&config).expect("the configuration");
    fs::remove_file(&config).expect("it is there");
    let made = Command::new("mkfifo").arg(&config).status().expect("mkfifo");
    assert!(made.success());
    let child = Command::new(program())
        .args(["run", "--config"])
        .arg(&config)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(fs::File::create(host.path("agent.log")).expect("a log file"))
        .spawn()
        .expect("the program starts");
    let mut agent = Agent {
        child,
        log: host.path("agent.log"),
        address: String::new(),
    };
    // Opens when the other end is opened.
    let mut pipe = fs::File::options().write(true).open(&config).expect("a reader");
    agent.signal(rustix::process::Signal::TERM);
    pipe.write_all(text.as_bytes()).expect("it is read");
    drop(pipe);
    let status = agent.wait(Duration::from_secs(20));
    assert!(status.success(), "{status}:\n{}", agent.log());
    assert!(agent.log().contains("stopping"), "{}", agent.log());
    assert!(host.path("state/checkpoint").exists());
}
