//! Fetches servers once per target directory, through the clients a developer has anyway: Maven and apt.
//!
//! What is fetched is kept unpacked under `target/servers/NAME`; `cargo clean` removes it. Several test runs may
//! need the same server at the same time, so each name is made under a file lock and appears by one rename:
//! a directory with its final name is complete.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::fs::{FlockOperation, flock};

/// Why a server is not to be had here; a sentence with its remedy.
pub type Result<T> = std::result::Result<T, String>;

/// The directory `target/servers/NAME`, filled by `make` if it is not there yet.
///
/// `make` gets an empty directory that becomes the final one when it returns `Ok`.
pub fn once(name: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let servers = servers_dir();
    fs::create_dir_all(&servers).map_err(|e| at(&servers, e))?;
    let done = servers.join(name);
    let lock_path = servers.join(format!("{name}.lock"));
    let lock = File::create(&lock_path).map_err(|e| at(&lock_path, e))?;
    // Held until `lock` is closed, also when this process is killed.
    flock(&lock, FlockOperation::LockExclusive).map_err(|e| at(&lock_path, e))?;
    if done.is_dir() {
        return Ok(done);
    }
    let part = servers.join(format!("{name}.part"));
    if part.exists() {
        fs::remove_dir_all(&part).map_err(|e| at(&part, e))?;
    }
    fs::create_dir_all(&part).map_err(|e| at(&part, e))?;
    make(&part)?;
    fs::rename(&part, &done).map_err(|e| at(&done, e))?;
    Ok(done)
}

/// Copies one artifact `group:name:version:type` from Maven's repositories into `dir`.
pub fn maven_copy(artifact: &str, dir: &Path) -> Result<()> {
    run(maven()
        .arg("dependency:copy")
        .arg(format!("-Dartifact={artifact}"))
        .arg(joined("-DoutputDirectory=", dir)))
}

/// Copies the run-time dependencies of the project file `pom` into `dir`.
pub fn maven_copy_dependencies(pom: &Path, dir: &Path) -> Result<()> {
    run(maven()
        .arg("-f")
        .arg(pom)
        .arg("dependency:copy-dependencies")
        .arg("-DincludeScope=runtime")
        .arg(joined("-DoutputDirectory=", dir)))
}

/// Downloads Debian packages and unpacks them into `dir`, without installing them: no root needed, no service
/// started, no dependency checked.
pub fn apt_unpack(packages: &[&str], dir: &Path) -> Result<()> {
    run(Command::new("apt-get")
        .arg("download")
        .args(packages)
        .current_dir(dir))
    .map_err(|e| format!("{e}; `apt-get update` as root brings the package lists up to date"))?;
    for entry in fs::read_dir(dir).map_err(|e| at(dir, e))? {
        let package = entry.map_err(|e| at(dir, e))?.path();
        if package.extension() == Some(OsStr::new("deb")) {
            run(Command::new("dpkg-deb").arg("-x").arg(&package).arg(dir))?;
            fs::remove_file(&package).map_err(|e| at(&package, e))?;
        }
    }
    Ok(())
}

/// Runs a command to its end; an error carries the command and the end of what it printed.
pub fn run(command: &mut Command) -> Result<()> {
    run_reading(Stdio::null(), command)
}

/// The same with something to read.
pub fn run_reading(input: impl Into<Stdio>, command: &mut Command) -> Result<()> {
    let shown = format!("{command:?}");
    let output = command
        .stdin(input)
        .output()
        .map_err(|e| format!("cannot run {shown}: {e}; install it or put it on PATH"))?;
    if output.status.success() {
        return Ok(());
    }
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.push_str(&String::from_utf8_lossy(&output.stderr));
    let said: Vec<&str> = said.lines().rev().take(20).collect();
    let said: Vec<&str> = said.into_iter().rev().collect();
    Err(format!("{shown}: {}\n{}", output.status, said.join("\n")))
}

/// An error with the path that it is about.
pub fn at(path: &Path, error: impl std::fmt::Display) -> String {
    format!("{}: {error}", path.display())
}

fn maven() -> Command {
    let mut command = Command::new("mvn");
    command.args(["--batch-mode", "--quiet"]);
    command
}

fn joined(option: &str, path: &Path) -> std::ffi::OsString {
    let mut argument = std::ffi::OsString::from(option);
    argument.push(path);
    argument
}

/// `target/servers` of the target directory that this test was built in.
fn servers_dir() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("../servers")
}
