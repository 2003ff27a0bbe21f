//! Prometheus and promtool: those on `PATH`, or else Debian's package, unpacked without installing it (installed,
//! it starts a service).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::fetch::{self, Result, at};
use super::process::{Home, Process, may_read};
use super::until;

const START_MAX: Duration = Duration::from_secs(60);
/// How long [`Prometheus::wait_for`] waits: many times the scrape interval of one second.
const SAMPLE_MAX: Duration = Duration::from_secs(30);

/// A running Prometheus that scrapes every second. Dropping it stops it.
pub struct Prometheus {
    url: String,
    http: reqwest::Client,
    process: Process,
}

/// One series of an answer, at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    pub labels: BTreeMap<String, String>,
    pub value: f64,
}

impl Prometheus {
    /// Starts one that scrapes `/metrics` of each `(job, address)`, such as `("logmill", "127.0.0.1:9598")`.
    pub async fn start(targets: &[(&str, &str)]) -> Result<Prometheus> {
        Prometheus::start_with(&jobs(targets), &[]).await
    }

    /// Starts one with the list `scrape_configs` of its configuration and further arguments.
    pub async fn start_with(scrape_configs: &str, arguments: &[&str]) -> Result<Prometheus> {
        let config = format!(
            "global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\nscrape_configs:\n{scrape_configs}"
        );
        let arguments: Vec<String> = arguments.iter().map(|argument| argument.to_string()).collect();
        let prepared = tokio::task::spawn_blocking(move || prepare(&config, &arguments)).await;
        let mut process = prepared.map_err(|e| e.to_string())??;
        let http = reqwest::Client::builder()
            .no_proxy()
            .build()
            .map_err(|e| e.to_string())?;
        let log = process.home().join("server.log");
        let url = until(START_MAX, &mut process, async || {
            // The port is the kernel's choice; the log says which:
            // `… component=web msg="Listening on" address=127.0.0.1:33397`
            let log = fs::read_to_string(&log).ok()?;
            let line = log.lines().find(|line| line.contains("msg=\"Listening on\""))?;
            let (_, address) = line.split_once("address=")?;
            let url = format!("http://{}", address.split_whitespace().next()?);
            let ready = http.get(format!("{url}/-/ready")).send().await.ok()?;
            ready.status().is_success().then_some(url)
        })
        .await?;
        Ok(Prometheus { url, http, process })
    }

    /// Where it listens, such as `http://127.0.0.1:33397`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The process id of its first process.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// What an expression gives now. Panics with Prometheus's own message when it is not an expression.
    pub async fn query(&self, promql: &str) -> Vec<Sample> {
        let url = format!("{}/api/v1/query", self.url);
        let response = self
            .http
            .get(url)
            .query(&[("query", promql)])
            .send()
            .await
            .unwrap();
        let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        assert_eq!(body["status"], "success", "{promql}: {body}");
        match &body["data"]["result"] {
            // A scalar is a pair of time and text, not a list of series.
            pair @ Value::Array(_) if body["data"]["resultType"] == "scalar" => {
                vec![Sample {
                    labels: BTreeMap::new(),
                    value: value(pair),
                }]
            }
            Value::Array(series) => series.iter().map(sample).collect(),
            other => panic!("{promql}: {other}"),
        }
    }

    /// Trace and value of the exemplars of a metric, as soon as there are some. Panics when that takes too long.
    pub async fn exemplars(&self, metric: &str) -> Vec<(String, f64)> {
        let url = format!("{}/api/v1/query_exemplars", self.url);
        let start = std::time::Instant::now();
        loop {
            let request =
                self.http
                    .get(&url)
                    .query(&[("query", metric), ("start", "0"), ("end", "4102444800")]);
            let body: Value =
                serde_json::from_slice(&request.send().await.unwrap().bytes().await.unwrap()).unwrap();
            assert_eq!(body["status"], "success", "{metric}: {body}");
            let series = body["data"].as_array().cloned().unwrap_or_default();
            let exemplars = series
                .iter()
                .flat_map(|series| series["exemplars"].as_array())
                .flatten();
            let found: Vec<(String, f64)> = exemplars
                .map(|exemplar| {
                    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                    let trace = text(&exemplar["labels"]["trace_id"]);
                    (trace, text(&exemplar["value"]).parse().unwrap())
                })
                .collect();
            if !found.is_empty() {
                return found;
            }
            assert!(
                start.elapsed() < SAMPLE_MAX,
                "{metric}: no exemplar after {} s",
                SAMPLE_MAX.as_secs()
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// The first value that an expression gives, as soon as it gives one. Comparisons filter, so
    /// `http_requests_total > 99` waits for the hundredth request. Panics when that takes too long.
    pub async fn wait_for(&self, promql: &str) -> f64 {
        let start = std::time::Instant::now();
        loop {
            if let Some(sample) = self.query(promql).await.first() {
                return sample.value;
            }
            assert!(
                start.elapsed() < SAMPLE_MAX,
                "{promql}: nothing after {} s",
                SAMPLE_MAX.as_secs()
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// Lints a text in the exposition format; an error is what `promtool check metrics` says.
pub fn check_metrics(text: &str) -> Result<()> {
    let input = tempfile::tempfile().map_err(|e| e.to_string())?;
    let mut writer = &input;
    std::io::Write::write_all(&mut writer, text.as_bytes()).map_err(|e| e.to_string())?;
    std::io::Seek::rewind(&mut writer).map_err(|e| e.to_string())?;
    fetch::run_reading(
        Stdio::from(input),
        Command::new(tool("promtool")?).args(["check", "metrics"]),
    )
}

/// The path of `prometheus` or `promtool`.
pub fn tool(name: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(found) = std::env::split_paths(&path)
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
    {
        return Ok(found);
    }
    let package = fetch::once("prometheus", |dir| fetch::apt_unpack(&["prometheus"], dir))?;
    Ok(package.join("usr/bin").join(name))
}

fn prepare(config: &str, arguments: &[String]) -> Result<Process> {
    let mut program = tool("prometheus")?;
    let home = Home::new("prometheus")?;
    if program.parent().is_none_or(|dir| !may_read(dir)) {
        let copy = home.path().join("prometheus");
        fs::copy(&program, &copy).map_err(|e| at(&program, e))?;
        program = copy;
    }
    let config = home.write("prometheus.yml", config)?;
    home.spawn(command(&program, &config).args(arguments))
}

fn command(program: &Path, config: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .arg(format!("--config.file={}", config.display()))
        .args(["--storage.tsdb.path=data", "--web.listen-address=127.0.0.1:0"]);
    command
}

fn jobs(targets: &[(&str, &str)]) -> String {
    let mut text = String::new();
    if targets.is_empty() {
        text.push_str("  []\n");
    }
    for (job, address) in targets {
        text.push_str(&format!(
            "  - job_name: '{job}'\n    static_configs: [{{targets: ['{address}']}}]\n"
        ));
    }
    text
}

fn sample(series: &Value) -> Sample {
    let labels = match &series["metric"] {
        Value::Object(labels) => labels
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
            .collect(),
        _ => BTreeMap::new(),
    };
    Sample {
        labels,
        value: value(&series["value"]),
    }
}

/// The value of `[1700000000.123, "42"]`.
fn value(pair: &Value) -> f64 {
    pair[1]
        .as_str()
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| panic!("no value in {pair}"))
}
