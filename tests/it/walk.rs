//! `docs/pipelines.md` is a walk from an unknown log to a tested pipeline: its files are written, its commands are run in
//! their order, and what they say is what stands there.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const WALK: &str = include_str!("../../docs/pipelines.md");

/// Stands for lines of the output that the page does not show.
const LEFT_OUT: &str = "…";

enum Step<'t> {
    /// A block behind `<!-- file: PATH -->`.
    File { path: &'t str, text: String },
    /// `<!-- edit: PATH | BEFORE | AFTER -->`: the first place in the file where BEFORE stands.
    Edit(&'t str),
    /// A block behind `<!-- shows: PATH -->`: its lines stand in that file.
    Shows { path: &'t str, lines: Vec<&'t str> },
    /// A line with `$ ` in a block, and the lines below it.
    Command { words: &'t str, said: Vec<&'t str> },
}

fn steps() -> Vec<Step<'static>> {
    let mut steps = Vec::new();
    let mut lines = WALK.lines();
    let mut remark: Option<(&str, &str)> = None;
    while let Some(line) = lines.next() {
        if let Some(text) = line
            .strip_prefix("<!-- ")
            .and_then(|rest| rest.strip_suffix(" -->"))
        {
            match text.split_once(": ") {
                Some(("edit", edit)) => steps.push(Step::Edit(edit)),
                found => remark = found,
            }
        }
        if !line.starts_with("```") {
            continue;
        }
        let block: Vec<&str> = lines
            .by_ref()
            .take_while(|line| !line.starts_with("```"))
            .collect();
        match remark.take() {
            Some(("file", path)) => steps.push(Step::File {
                path,
                text: block.join("\n") + "\n",
            }),
            Some(("shows", path)) => steps.push(Step::Shows { path, lines: block }),
            _ => commands(block, &mut steps),
        }
    }
    steps
}

fn commands(block: Vec<&'static str>, steps: &mut Vec<Step<'static>>) {
    if !block.first().is_some_and(|line| line.starts_with("$ ")) {
        return;
    }
    for line in block {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(words), _) => steps.push(Step::Command {
                words,
                said: Vec::new(),
            }),
            (None, Some(Step::Command { said, .. })) => said.push(line),
            (None, _) => {}
        }
    }
}

/// What a command says that the page does not, or the other way round.
fn differences(dir: &Path, words: &str, said: &[&str]) -> Option<String> {
    let mut words = words.split_whitespace();
    assert_eq!(words.next(), Some("logmill"), "only logmill is run");
    let output = Command::new(env!("CARGO_BIN_EXE_logmill"))
        .args(words)
        .current_dir(dir)
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    let found: BTreeSet<&str> = text
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .collect();
    let shown: BTreeSet<&str> = said
        .iter()
        .map(|line| line.trim_end())
        .filter(|line| !line.is_empty())
        .collect();
    let all = !shown.contains(LEFT_OUT);
    let wrong: Vec<&&str> = shown
        .iter()
        .filter(|line| **line != LEFT_OUT && !found.contains(*line))
        .collect();
    let missing: Vec<&&str> = found
        .iter()
        .filter(|line| all && !shown.contains(*line))
        .collect();
    (!wrong.is_empty() || !missing.is_empty())
        .then(|| format!("not said: {wrong:#?}\nnot shown: {missing:#?}\nall of it:\n{text}"))
}

#[test]
fn every_command_of_the_walk_says_what_stands_there() {
    let dir = tempfile::tempdir().unwrap();
    let mut ran = 0;
    let mut failures = String::new();
    for step in steps() {
        match step {
            Step::File { path, text } => {
                let path = dir.path().join(path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            }
            Step::Edit(edit) => {
                let parts: Vec<&str> = edit.split(" | ").collect();
                let [path, before, after] = parts[..] else {
                    panic!("{edit}")
                };
                let path = dir.path().join(path);
                let text = std::fs::read_to_string(&path).unwrap();
                assert!(text.contains(before), "{edit}");
                std::fs::write(path, text.replacen(before, after, 1)).unwrap();
            }
            Step::Shows { path, lines } => {
                let text = std::fs::read_to_string(dir.path().join(path)).unwrap();
                for line in lines
                    .iter()
                    .filter(|line| !text.lines().any(|found| found == **line))
                {
                    failures.push_str(&format!("{path} has no line `{line}`:\n{text}"));
                }
            }
            Step::Command { words, said } => {
                ran += 1;
                if let Some(difference) = differences(dir.path(), words, &said) {
                    failures.push_str(&format!("$ {words}\n{difference}\n"));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
    assert!(ran >= 6, "{ran} commands");
}
