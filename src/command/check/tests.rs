use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::*;

/// A folder with a configuration that is being checked.
struct Host {
    dir: tempfile::TempDir,
}

impl Host {
    /// `DIR` in a text is the folder.
    fn new(files: &[(&str, &str)]) -> Host {
        let dir = tempfile::tempdir().unwrap();
        let host = Host { dir };
        for (name, text) in files {
            let path = host.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text.replace("DIR", host.dir.path().to_str().unwrap())).unwrap();
        }
        host
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// What was checked, and all that is said about it; the folder is `DIR` again.
    fn check(&self) -> (Scope, Diagnostics, String) {
        let mut diagnostics = Diagnostics::new();
        let checked = config(&self.path("logmill.toml"), &System, &mut diagnostics);
        let text = diagnostics
            .render(false)
            .replace(self.dir.path().to_str().unwrap(), "DIR");
        (checked.scope, diagnostics, text)
    }
}

const AGENT: &str = "[agent]\nstate_dir = \"DIR/state\"\npipelines = \"pipelines\"\n\n[stdout]\n\n";

const PIPELINE: &str =
    "[parse]\npatterns = ['{a:int} {message}']\n[[test]]\nline = '1 x'\nfields = { a = 1 }\n";

fn agent(inputs: &str) -> String {
    format!("{AGENT}{inputs}")
}

#[test]
fn nothing_wrong_says_what_was_checked() {
    let config = agent(
        "[[input]]\npaths = [\"logs/*.log\"]\npipeline = \"mine\"\n\n[[input]]\npaths = [\"access\"]\npipeline = \"nginx-access\"\n",
    );
    let host = Host::new(&[
        ("logmill.toml", &config),
        ("pipelines/mine.toml", PIPELINE),
        ("logs/a.log", ""),
        ("logs/b.log", ""),
        ("access", ""),
    ]);
    let (scope, diagnostics, text) = host.check();
    assert_eq!(text, "");
    assert_eq!(scope.to_string(), "2 inputs, 3 files, 2 pipelines, 1 test");
    assert_eq!(diagnostics, Diagnostics::new());
    let verdict = |errors, warnings| {
        let terminal = Terminal {
            color: false,
            error_color: false,
        };
        let text = summary(&scope, Complaints { errors, warnings }, terminal);
        text.strip_prefix("2 inputs, 3 files, 2 pipelines, 1 test: ")
            .unwrap()
            .to_owned()
    };
    assert_eq!(verdict(0, 0), "nothing to complain about");
    assert_eq!(verdict(0, 1), "1 warning");
    assert_eq!(verdict(2, 0), "2 errors");
    assert_eq!(verdict(1, 3), "1 error and 3 warnings");
    assert!(!host.path("state").exists());
}

#[test]
fn every_mistake_of_every_file_is_said_in_one_run() {
    let config = agent("[[input]]\npaths = [\"a.log\"]\npipeline = \"nginx-acces\"\nservise = \"x\"\n");
    let host = Host::new(&[
        ("logmill.toml", &config),
        ("pipelines/broken.toml", "[parse]\npatterns = ['{a:itn}']\n"),
        ("pipelines/failing.toml", &PIPELINE.replace("a = 1", "a = 2")),
    ]);
    let (_, diagnostics, text) = host.check();
    for part in [
        "`servise`",
        "unknown pipeline `nginx-acces`",
        "did you mean `nginx-access`?",
        "unknown kind `itn`",
        "`a` is 1, not 2",
        "this test fails",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(diagnostics.errors() >= 4, "{text}");
}

/// What a golden folder says of its configuration, with its own mistakes and with those behind them.
fn is_golden(case: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/check")
        .join(case);
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let (config, orders) = (read("logmill.toml"), read("pipelines/orders.toml"));
    let logs: Vec<String> = (1..=22).map(|n| format!("logs/{n}.log")).collect();
    let mut files = vec![
        ("logmill.toml", config.as_str()),
        ("pipelines/orders.toml", &orders),
        ("taken", ""),
        ("logs/a.log", ""),
        ("ca/none.pem", "no certificate\n"),
        ("ca/cut.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n"),
        ("one.crt", include_str!("../../config/identity/testdata/one.crt")),
        ("two.key", include_str!("../../config/identity/testdata/two.key")),
    ];
    files.extend(logs.iter().map(|log| (log.as_str(), "")));
    let (_, _, text) = Host::new(&files).check();
    let golden = folder.join("messages.txt");
    match std::env::var_os("UPDATE_GOLDEN") {
        Some(_) => fs::write(&golden, &text).unwrap(),
        None => assert_eq!(text, read("messages.txt"), "UPDATE_GOLDEN=1 accepts it"),
    }
}

#[test]
fn mistakes_in_format_strings_are_said() {
    is_golden("formats");
}

#[test]
fn mistakes_in_what_an_input_and_the_outputs_agree_on_are_said() {
    is_golden("inputs");
}

#[test]
fn mistakes_in_certificates_and_addresses_are_said() {
    is_golden("servers");
}

#[test]
fn mistakes_in_globs_are_said() {
    is_golden("globs");
}

#[test]
fn files_of_the_folder_that_are_no_text_or_that_nobody_names_are_told() {
    let config = agent("[[input]]\npaths = [\"a.log\"]\npipeline = \"plain\"\n");
    let host = Host::new(&[
        ("logmill.toml", &config),
        ("pipelines/orders.toml", PIPELINE),
        ("pipelines/.orders.toml", "an editor's"),
        (
            "pipelines/metrics/shop.toml",
            "[[counter]]\nnam = \"orders_total\"\n",
        ),
        ("a.log", ""),
    ]);
    fs::write(
        host.path("pipelines/latin.toml"),
        b"[parse]\npatterns = ['\xfcber {message}']\n",
    )
    .unwrap();
    let (_, diagnostics, text) = host.check();
    assert_eq!(diagnostics.errors(), 2, "{text}");
    assert!(text.contains("unknown key `nam`"), "{text}");
    assert!(
        text.contains("error: invalid UTF-8\n --> DIR/pipelines/latin.toml:2:14\n"),
        "{text}"
    );
}

#[test]
fn one_mistake_is_said_once() {
    let input = |header: &str| format!("{header}\npaths = [\"a.log\"]\npipeline = \"plain\"\n");
    for (first, second) in [("[input]", "[[input]]"), ("[[input]]", "[input]")] {
        let config = agent(&(input(first) + &input(second)));
        let host = Host::new(&[
            ("logmill.toml", &config),
            ("pipelines/x.toml", PIPELINE),
            ("a.log", ""),
        ]);
        let (_, diagnostics, text) = host.check();
        assert_eq!(diagnostics.errors(), 1, "{text}");
        assert!(
            text.contains("`[input]` and `[[input]]` are both there"),
            "{text}"
        );
    }
    let top = format!("{PIPELINE}[[top]]\nname = \"most\"\n");
    let config = agent(&input("[[input]]"));
    let host = Host::new(&[
        ("logmill.toml", &config),
        ("pipelines/x.toml", &top),
        ("a.log", ""),
    ]);
    let (_, diagnostics, text) = host.check();
    assert_eq!(diagnostics.errors(), 1, "{text}");
    assert!(text.contains("`labels` is missing in [[top]]"), "{text}");
}

#[test]
fn columns_are_there_and_have_names_of_their_own() {
    let config = agent("[[input]]\npaths = [\"a.log\"]\npipeline = \"plain\"\n");
    for (columns, message) in [
        ("'a', '_', 'a:int', '_'", "two columns are called `a`"),
        ("", "`csv` has no columns"),
    ] {
        let pipeline = format!("[parse]\nbuiltin = 'csv'\ncolumns = [{columns}]\n");
        let host = Host::new(&[
            ("logmill.toml", &config),
            ("pipelines/orders.toml", &pipeline),
            ("a.log", ""),
        ]);
        let (_, diagnostics, text) = host.check();
        assert!(diagnostics.errors() == 1 && text.contains(message), "{text}");
    }
}

#[test]
fn mistakes_in_the_fields_of_a_pipeline_are_said() {
    is_golden("fields");
}

#[test]
fn mistakes_in_metrics_are_said() {
    is_golden("metrics");
}

#[test]
fn mistakes_behind_mistakes_are_said_in_the_same_run() {
    is_golden("everything");
}

#[test]
fn what_follows_from_a_mistake_is_not_said() {
    is_golden("one-cause");
}

#[test]
fn files_are_looked_at() {
    let config = agent(
        "[[input]]\npaths = [\"logs/*.log\", \"none/*.log\"]\npipeline = \"plain\"\n\n\
         [[input]]\npaths = [\"links/*\"]\npipeline = \"plain\"\n",
    );
    let host = Host::new(&[
        ("logmill.toml", &config.replace("pipelines = \"pipelines\"\n", "")),
        ("logs/a.log", ""),
        ("logs/b.log", ""),
        ("links/own.log", ""),
        ("logs/dir.log/x", ""),
    ]);
    symlink(host.path("logs/a.log"), host.path("links/a")).unwrap();
    symlink(host.path("logs/b.log"), host.path("links/b")).unwrap();
    let (scope, diagnostics, text) = host.check();
    assert_eq!((diagnostics.errors(), diagnostics.warnings()), (0, 1), "{text}");
    assert_eq!(scope.files, 3);
    assert!(
        text.contains("note: no file matches `DIR/none/*.log` at this moment"),
        "{text}"
    );
    assert!(
        text.contains("warning: two inputs claim DIR/links/a and 1 more file"),
        "{text}"
    );
    assert!(text.contains("the input of line 7 reads it"), "{text}");
}

#[test]
fn a_state_directory_that_cannot_be_made_is_an_error() {
    let host = Host::new(&[
        ("file", ""),
        (
            "logmill.toml",
            "[agent]\nstate_dir = \"DIR/file/state\"\n[stdout]\n[[input]]\npaths = [\"file\"]\npipeline = \"plain\"\n",
        ),
    ]);
    let (_, diagnostics, text) = host.check();
    assert_eq!(diagnostics.errors(), 1, "{text}");
    assert!(
        text.contains("cannot create the state directory DIR/file/state: DIR/file is no directory"),
        "{text}"
    );
}

#[test]
fn a_configuration_that_is_not_there_is_one_error() {
    let mut diagnostics = Diagnostics::new();
    let checked = config(Path::new("/nowhere/logmill.toml"), &System, &mut diagnostics);
    assert_eq!((diagnostics.errors(), checked.scope), (1, Scope::default()));
}

/// The guide's worked example is a pipeline that passes its own tests.
#[test]
fn the_pipeline_of_the_guide_is_sound() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pipelines.md");
    let guide = fs::read_to_string(guide).unwrap();
    let example = guide
        .split("```toml\n")
        .find(|block| block.contains("[[histogram]]"))
        .and_then(|block| block.split("```").next())
        .unwrap();
    let host = Host::new(&[("pipelines/orders.toml", example)]);
    let mut diagnostics = Diagnostics::new();
    let library = library(Some(&host.path("pipelines")), &mut diagnostics);
    let scope = pipelines::own(&library, &mut diagnostics);
    assert_eq!(diagnostics.render(false), "");
    assert_eq!(scope.to_string(), "1 pipeline, 2 tests");
}

#[test]
fn the_guide_names_every_kind() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pipelines.md");
    let guide = fs::read_to_string(guide).unwrap();
    for kind in crate::pattern::Kind::names() {
        assert!(guide.contains(&format!("`{kind}`")), "{kind}");
    }
}
