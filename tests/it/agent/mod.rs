//! The program itself, as a user runs it: a configuration file, a process, signals.

mod delivery;
mod finite;
mod input;
mod kill;
mod labels;
mod names;
mod once;
mod outage;
mod queries;
mod rotation;
mod scrape;
mod state;
mod stop;
mod tls;
mod trace;

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// The program that is tested: the one at `LOGMILL`, where CI names the optimised one, or else the one that was
/// built with the tests.
pub fn program() -> PathBuf {
    given_program().unwrap_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_logmill")))
}

pub fn given_program() -> Option<PathBuf> {
    // Tests run where their crate is, the name is given where the repository is: both are one directory.
    std::env::var_os("LOGMILL").map(PathBuf::from)
}

/// A host with log files and a configuration.
pub struct Host {
    dir: TempDir,
    /// Port of /metrics; the same after a restart.
    port: u16,
    output: String,
    inputs: String,
}

impl Host {
    /// A host whose agent ships to `output`: the text of the output's table.
    pub fn new(output: impl Into<String>) -> Host {
        Host {
            dir: TempDir::new().expect("a temporary directory"),
            port: TcpListener::bind("127.0.0.1:0")
                .and_then(|listener| listener.local_addr())
                .expect("a free port")
                .port(),
            output: output.into(),
            inputs: String::new(),
        }
    }

    /// Ships to plain indexes of the server at `url`: `index`, with small bodies so that there are many.
    pub fn shipping_to(url: &str, index: &str) -> Host {
        Host::new(format!(
            "[elasticsearch]\nhosts = [\"{url}\"]\nindex = \"{index}\"\nretry_max = \"1s\"\n"
        ))
    }

    /// Adds an input with further keys.
    pub fn input(mut self, paths: &str, pipeline: &str, more: &str) -> Host {
        let path = self.path(paths);
        let _ = writeln!(
            self.inputs,
            "[[input]]\npaths = [{path:?}]\npipeline = {pipeline:?}\n{more}"
        );
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Appends lines to a log.
    pub fn append(&self, name: &str, lines: impl IntoIterator<Item = String>) {
        let path = self.path(name);
        let file = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .unwrap_or_else(|error| panic!("cannot open {}: {error}", path.display()));
        let mut file = BufWriter::with_capacity(1 << 20, file);
        for line in lines {
            file.write_all(line.as_bytes())
                .and_then(|()| file.write_all(b"\n"))
                .expect("room for the log");
        }
        file.flush().expect("room for the log");
    }

    pub fn config(&self) -> PathBuf {
        let path = self.path("logmill.toml");
        let text = format!(
            "[agent]\nstate_dir = {:?}\nlisten = \"127.0.0.1:{}\"\nhost_name = \"host-1\"\ngrace = \"20s\"\n{}{}",
            self.path("state"),
            self.port,
            self.output,
            self.inputs
        );
        fs::write(&path, text).expect("room for the configuration");
        path
    }

    /// Starts the agent.
    pub fn start(&self) -> Agent {
        let log = self.path("agent.log");
        let to = |path: &Path| {
            File::options()
                .create(true)
                .append(true)
                .open(path)
                .expect("a log file")
        };
        let child = Command::new(program())
            .args(["run", "--config"])
            .arg(self.config())
            .stdin(Stdio::null())
            .stdout(to(&self.path("agent.out")))
            .stderr(to(&log))
            .spawn()
            .expect("the program starts");
        Agent {
            child,
            log,
            address: format!("127.0.0.1:{}", self.port),
        }
    }
}

/// A running agent. It is killed when it is dropped.
pub struct Agent {
    child: Child,
    log: PathBuf,
    address: String,
}

impl Agent {
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    /// What the agent logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until the agent has logged `words`.
    pub async fn wait_for_log(&mut self, words: &str) {
        let began = Instant::now();
        while !self.log().contains(words) {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                panic!("the agent ended with {status}:\n{}", self.log());
            }
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "the log does not say {words:?}:\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The most memory that it ever had, in bytes.
    pub fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("the agent runs");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes = peak.and_then(|peak| peak.trim().trim_end_matches(" kB").parse::<u64>().ok());
        kibibytes.expect("a number of kB") << 10
    }

    /// Gives it another configuration with SIGHUP, and waits until it has read that.
    pub async fn reload_with(&mut self, host: &Host, config: &str) {
        fs::write(host.path("logmill.toml"), config).expect("room for the configuration");
        let times = |agent: &Agent| agent.log().matches("logmill.toml again").count();
        let before = times(self);
        self.signal(Signal::HUP);
        let began = Instant::now();
        while times(self) == before {
            assert!(began.elapsed() < Duration::from_secs(30), "{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("the agent runs");
    }

    /// SIGTERM, and waits for its end.
    #[track_caller]
    pub fn stop(mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        let status = self.wait(Duration::from_secs(60));
        assert!(status.success(), "the agent ended with {status}:\n{}", self.log());
        status
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().expect("the agent runs");
        self.child.wait().expect("it can be waited for");
    }

    #[track_caller]
    pub fn wait(&mut self, max: Duration) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                return status;
            }
            assert!(began.elapsed() < max, "the agent does not end:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// A page of the agent, as soon as it answers; panics when the agent has ended.
    pub async fn get(&mut self, path: &str) -> (u16, String) {
        let url = self.url(path);
        let began = Instant::now();
        loop {
            if let Ok(answer) = reqwest::get(&url).await {
                let status = answer.status().as_u16();
                return (status, answer.text().await.unwrap_or_default());
            }
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                panic!("the agent ended with {status}:\n{}", self.log());
            }
            assert!(
                began.elapsed() < Duration::from_secs(20),
                "{url} does not answer:\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // Fails when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Access line number `n`: 276 bytes or so, with `n` in its path.
pub fn access_line(n: u64) -> String {
    format!(
        "203.0.113.{} - - [22/Nov/2026:17:{:02}:{:02} +0000] \"GET /orders/{n}?full=1 HTTP/1.1\" {} {} \
         \"https://shop.example.com/cart\" \"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
         Chrome/124.0.0.0 Safari/537.36\" rt=0.{:03} rl={} sid=\"s{}\"",
        n % 250,
        n / 60 % 60,
        n % 60,
        if n.is_multiple_of(50) { 500 } else { 200 },
        n % 5000,
        n % 1000,
        300 + n % 100,
        n % 97
    )
}
