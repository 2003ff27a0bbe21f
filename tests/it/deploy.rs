//! The files under `deploy/` are what people start from: the program itself must find nothing wrong with them.

use std::path::Path;
use std::process::{Command, Output};

fn check(config: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_logmill"))
        .arg("check")
        .arg("--config")
        .arg(config)
        .env("ES_API_KEY", "ZXhhbXBsZTpleGFtcGxl")
        .output()
        .unwrap()
}

#[test]
fn the_example_configuration_is_right() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/logmill.toml");
    let output = check(&example);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );

    // The same with one key misspelt, so that a check which looks at nothing is noticed.
    let dir = tempfile::tempdir().unwrap();
    let misspelt = dir.path().join("logmill.toml");
    let text = std::fs::read_to_string(&example).unwrap();
    std::fs::write(&misspelt, text.replace("api_key = ", "api_kye = ")).unwrap();
    let output = check(&misspelt);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("api_kye"));
}

/// Every commented line that looks like a setting is one too, once its `#` is taken away.
#[test]
fn the_commented_settings_are_right() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/logmill.toml");
    let text = std::fs::read_to_string(&example).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut lines = Vec::new();
    for line in text.lines() {
        let bare = line.strip_prefix("# ").unwrap_or(line);
        let names_a_file = ["ca_file", "pipelines"].iter().any(|key| bare.starts_with(key));
        let key = bare.split(" = ").next().unwrap_or_default().trim_end();
        let is_setting = bare.contains(" = ") && key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        // Files of which this machine has none stay commented.
        lines.push(if is_setting && !names_a_file { bare } else { line });
    }
    let all = dir.path().join("logmill.toml");
    std::fs::write(&all, lines.join("\n")).unwrap();
    assert!(
        lines.len() > 30 && lines.iter().any(|line| line.starts_with("format = ")),
        "{lines:#?}"
    );
    let output = check(&all);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
