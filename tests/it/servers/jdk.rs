//! Finds a Java installation of the right version.

use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use super::fetch::Result;

/// The home of the oldest JDK whose major version lies in `majors`.
///
/// Looks at `JAVA_HOME`, at the installation of `java` on `PATH`, and below `/usr/lib/jvm`.
pub fn home(majors: RangeInclusive<u32>) -> Result<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = candidates()
        .into_iter()
        .filter_map(|home| Some((major(&home)?, home)))
        .filter(|(major, home)| majors.contains(major) && home.join("bin/java").is_file())
        .collect();
    found.sort();
    found.into_iter().next().map(|(_, home)| home).ok_or_else(|| {
        format!(
            "no JDK {} to {} in JAVA_HOME, on PATH or in /usr/lib/jvm; install one and set JAVA_HOME to it",
            majors.start(),
            majors.end()
        )
    })
}

fn candidates() -> Vec<PathBuf> {
    let mut homes: Vec<PathBuf> = std::env::var_os("JAVA_HOME")
        .map(PathBuf::from)
        .into_iter()
        .collect();
    let path = std::env::var_os("PATH").unwrap_or_default();
    for dir in std::env::split_paths(&path) {
        // /usr/bin/java → /etc/alternatives/java → HOME/bin/java
        if let Ok(java) = dir.join("java").canonicalize() {
            homes.extend(java.ancestors().nth(2).map(Path::to_path_buf));
        }
    }
    if let Ok(entries) = fs::read_dir("/usr/lib/jvm") {
        homes.extend(entries.flatten().map(|entry| entry.path()));
    }
    homes
}

/// The major version from the file `release` that every JDK since 9 has: `JAVA_VERSION="17.0.15"`.
fn major(home: &Path) -> Option<u32> {
    let release = fs::read_to_string(home.join("release")).ok()?;
    let version = release
        .lines()
        .find_map(|line| line.strip_prefix("JAVA_VERSION="))?;
    version.trim_matches('"').split('.').next()?.parse().ok()
}
