//! A server process that does not outlive the test process, however that ends.
//!
//! ```text
//! test process ──pipe──▶ watchdog (sh)          the pipe closes when the test process is gone, also by SIGKILL;
//!       │                    │                  then the watchdog kills the server's process group
//!       └── server group ◀───┘                  and removes the server's home
//! ```
//!
//! The watchdog is there before the first file is written and renames the home before it looks for the server's
//! process id. The server's first step is to write that id into the home, and it goes no further when it cannot;
//! so there is no moment at which a kill leaves a server behind.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, lchown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};

use super::fetch::{Result, at};

/// `nobody` and `nogroup` on Debian; the number alone matters, an account of that name need not exist.
const NOBODY: u32 = 65_534;

/// What the watchdog runs; `$1` is the home. Files may still be written while the processes die, hence the loop.
const WATCHDOG: &str = r#"
cat >/dev/null
gone="$1.gone"
mv -- "$1" "$gone"
if [ -s "$gone/pid" ]; then kill -s KILL -- "-$(cat "$gone/pid")"; fi
for _ in 1 2 3 4 5 6 7 8 9 10; do
    rm -rf -- "$gone" && break
    sleep 0.2
done
"#;

/// What the server's process group starts with; `$0` is the home, the arguments are the server's command line.
const LAUNCH: &str = r#"echo $$ >"$0/pid" && exec "$@""#;

/// A directory for one server: its configuration, data and log. Gone when the test process is gone.
pub struct Home {
    path: PathBuf,
    watchdog: Child,
}

impl Home {
    /// A new directory that the user of [`spawn`](Home::spawn) can reach.
    pub fn new(server: &str) -> Result<Home> {
        let parents = [
            std::env::temp_dir(),
            PathBuf::from("/tmp"),
            PathBuf::from("/var/tmp"),
        ];
        let parent = parents
            .iter()
            .find(|parent| may_read(parent))
            .ok_or("no temporary directory that another user can reach; set TMPDIR to one")?;
        let path = tempfile::Builder::new()
            .prefix(&format!("logmill-{server}-"))
            .tempdir_in(parent)
            .map_err(|e| at(parent, e))?
            .keep();
        let watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, "watchdog"])
            .arg(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Its own group: Ctrl-C in the terminal must not end it before it has done its work.
            .process_group(0)
            .spawn()
            .map_err(|e| at(&path, e))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).map_err(|e| at(&path, e))?;
        Ok(Home { path, watchdog })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file below this directory, with the directories above it.
    pub fn write(&self, name: &str, content: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|e| at(parent, e))?;
        }
        fs::write(&path, content).map_err(|e| at(&path, e))?;
        Ok(path)
    }

    /// Starts the server with this home as working directory and as `HOME`. When the tests run as root, the
    /// server runs as nobody, because Elasticsearch refuses root; the home is then given to that user.
    pub fn spawn(self, command: &Command) -> Result<Process> {
        let log = self.path.join("server.log");
        let out = fs::File::create(&log).map_err(|e| at(&log, e))?;
        let err = out.try_clone().map_err(|e| at(&log, e))?;
        let mut launch = Command::new("sh");
        launch
            .args(["-c", LAUNCH])
            .arg(&self.path)
            .arg(command.get_program())
            .args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => launch.env(name, value),
                None => launch.env_remove(name),
            };
        }
        launch
            .env("HOME", &self.path)
            .current_dir(&self.path)
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .process_group(0);
        if am_root() {
            give_to_nobody(&self.path).map_err(|e| at(&self.path, e))?;
            launch.uid(NOBODY).gid(NOBODY);
        }
        let server = launch
            .spawn()
            .map_err(|e| format!("cannot start {command:?}: {e}"))?;
        Ok(Process { server, home: self })
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        // Nothing to be done about a failure here: the watchdog is on its own by design.
        let _ = self.watchdog.wait();
    }
}

/// A running server. Dropping it kills it and removes its home before it returns.
pub struct Process {
    server: Child,
    home: Home,
}

impl Process {
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The process id of the server's first process, which leads its process group.
    pub fn id(&self) -> u32 {
        self.server.id()
    }

    /// How the server ended, if it did; never waits.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.server.try_wait().ok().flatten()
    }

    /// The last lines that the server printed, for a message.
    pub fn log_tail(&self) -> String {
        let log = fs::read(self.home.path().join("server.log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Not left to the watchdog, so that the process id is known to be the server's until it is waited for.
        if let (None, Ok(id)) = (self.ended(), i32::try_from(self.server.id())) {
            if let Some(group) = Pid::from_raw(id) {
                let _ = kill_process_group(group, Signal::KILL);
            }
            let _ = self.server.wait();
        }
        let _ = fs::remove_file(self.home.path().join("pid"));
    }
}

/// Whether the user that servers run as can enter and list `path`.
pub fn may_read(path: &Path) -> bool {
    let mut test = Command::new("test");
    test.arg("-r").arg(path).arg("-a").arg("-x").arg(path);
    if am_root() {
        test.current_dir("/").uid(NOBODY).gid(NOBODY);
    }
    test.status().is_ok_and(|status| status.success())
}

fn am_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn give_to_nobody(path: &Path) -> io::Result<()> {
    lchown(path, Some(NOBODY), Some(NOBODY))?;
    if path.symlink_metadata()?.is_dir() {
        for entry in fs::read_dir(path)? {
            give_to_nobody(&entry?.path())?;
        }
    }
    Ok(())
}
