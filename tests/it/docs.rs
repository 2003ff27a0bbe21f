//! The documentation names what the program knows, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use logmill::config::{AgentFile, Diagnostics, SourceFile, System};
use logmill::derive::{ACTIVE_SESSIONS, SESSION_METRICS};

const CONFIGURATION: &str = include_str!("../../docs/configuration.md");

/// So unlike every key that the message about it lists all of them.
const UNKNOWN: &str = "qqqqqqqqqqqqqqqq";

type Keys = BTreeMap<String, BTreeSet<String>>;

/// The words between backticks.
fn quoted(text: &str) -> BTreeSet<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The first column of the table below each heading that names a table of `logmill.toml`.
fn documented() -> Keys {
    let mut keys = Keys::new();
    let mut table = None;
    for line in CONFIGURATION.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            table = heading
                .strip_prefix("`[")
                .map(|name| name.trim_matches(['[', ']', '`']).to_owned());
            keys.extend(table.clone().map(|name| (name, BTreeSet::new())));
        } else if let Some(table) = &table
            && let Some(cell) = line.strip_prefix("| `")
            && let Some((key, _)) = cell.split_once('`')
        {
            let keys = keys.entry(table.clone()).or_default();
            assert!(keys.insert(key.to_owned()), "{key} of [{table}] is there twice");
        }
    }
    keys
}

/// What the program says that it knows, when each table has a key that it does not know.
fn known() -> Keys {
    let tables = [
        "[agent]",
        "[endpoint]",
        "[elasticsearch]",
        "[file]",
        "[rejects]",
        "[metrics]",
        "[[input]]",
    ];
    let mut text = format!("{UNKNOWN} = 1\n");
    for table in tables {
        text.push_str(&format!("{table}\n{UNKNOWN} = 1\n"));
    }
    let mut diagnostics = Diagnostics::new();
    AgentFile::parse(&SourceFile::new("logmill.toml", text), &System, &mut diagnostics);
    let said = diagnostics.render(false);
    let mut keys = Keys::new();
    for help in said.lines().filter_map(|line| line.split_once("help: known ")) {
        let (place, listed) = help.1.split_once(": ").expect("a list of names");
        let table = place.trim_start_matches("in ").trim_matches(['[', ']']);
        keys.insert(table.to_owned(), quoted(listed));
    }
    assert_eq!(keys.len(), 1 + tables.len(), "{said}");
    keys
}

#[test]
fn every_key_of_the_configuration_is_described() {
    let mut known = known();
    let tables = known.remove("here").expect("the tables of the file");
    let mut documented = documented();
    assert_eq!(documented.keys().cloned().collect::<BTreeSet<_>>(), tables);
    assert_eq!(
        documented.remove("stdout").expect("a heading"),
        BTreeSet::new(),
        "[stdout] has no keys"
    );
    assert_eq!(documented, known);
}

const METRICS: &str = include_str!("../../docs/metrics.md");

/// Where the program names its metrics.
const SOURCES: [&str; 9] = [
    include_str!("../../pipelines/metrics/http.toml"),
    include_str!("../../pipelines/metrics/log_levels.toml"),
    include_str!("../../src/agent/telemetry.rs"),
    include_str!("../../src/derive/age.rs"),
    include_str!("../../src/derive/exposition/mod.rs"),
    include_str!("../../src/derive/gather.rs"),
    include_str!("../../src/http/serve/mod.rs"),
    include_str!("../../src/agent/reload.rs"),
    include_str!("../../src/ship/telemetry.rs"),
];

/// The metrics that the shipped `[[sessions]]` gives.
fn sessions() -> impl Iterator<Item = String> {
    let besides = SESSION_METRICS.map(|(ending, _, _)| ending);
    std::iter::once(ACTIVE_SESSIONS)
        .chain(besides)
        .map(|ending| format!("http{ending}"))
}

/// The metrics that `sums` of the shipped top lists name.
fn sums() -> impl Iterator<Item = String> {
    let set: toml::Table = include_str!("../../pipelines/metrics/http.toml")
        .parse()
        .expect("a metric set");
    let tops = set["top"].as_array().expect("top lists").clone();
    tops.into_iter().flat_map(|top| {
        let sums = top["sums"].as_table().expect("sums").clone();
        sums.into_iter().map(|(name, _)| name)
    })
}

/// The gauges of shipped pipelines.
fn gauges() -> impl Iterator<Item = String> {
    let pipelines = [
        include_str!("../../pipelines/pgbouncer.toml"),
        include_str!("../../pipelines/redis.toml"),
    ];
    pipelines.into_iter().flat_map(|text| {
        let pipeline: toml::Table = text.parse().expect("a pipeline");
        let gauges = pipeline["gauge"].as_array().expect("gauges").clone();
        gauges
            .into_iter()
            .map(|gauge| gauge["name"].as_str().expect("a name").to_owned())
    })
}

/// The texts between quotes that look like a metric's name.
fn named(source: &str) -> impl Iterator<Item = &str> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    code.split('"')
        .skip(1)
        .step_by(2)
        .filter(|text| {
            ["logmill_", "http_", "log_"]
                .iter()
                .any(|prefix| text.starts_with(prefix))
        })
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
}

#[test]
fn every_metric_is_described() {
    let documented: BTreeSet<String> = METRICS
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        // The example of a pipeline's own metric.
        .filter(|name| !name.starts_with("order_"))
        .map(str::to_owned)
        .collect();
    let in_code: BTreeSet<String> = SOURCES
        .into_iter()
        .flat_map(named)
        .map(str::to_owned)
        .chain(sessions())
        .chain(sums())
        .chain(gauges())
        .collect();
    assert_eq!(documented, in_code);
}

const PROMISES: &str = include_str!("../../docs/promises.md");

/// Every file of Rust below `dir`, joined.
fn rust_below(dir: &Path, text: &mut String) {
    for entry in fs::read_dir(dir).expect("a directory of the sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_below(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(&path).expect("text"));
        }
    }
}

#[test]
fn every_test_that_guards_a_promise_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut code = String::new();
    rust_below(&root.join("src"), &mut code);
    rust_below(&root.join("tests"), &mut code);
    let tests: Vec<_> = quoted(PROMISES)
        .into_iter()
        .filter(|name| name.contains("::") && !name.ends_with("::"))
        .collect();
    assert!(tests.len() > 50, "{tests:?}");
    let is_there = |test: &&String| {
        let name = test.rsplit("::").next().unwrap_or_default();
        code.contains(&format!("fn {name}("))
    };
    let missing: Vec<_> = tests.iter().filter(|test| !is_there(test)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
