//! Lines of everyday keys, and the fixtures of all pipelines, shipped to indexes with the template that `logmill setup` puts
//! there: none is refused.

use std::fs;
use std::path::Path;
use std::process::Command;

use logmill::config::{AgentFile, Diagnostics, OutputSettings, Settings, SourceFile, System};
use logmill::ship::{self, TemplateSettings};

use super::{Host, program};
use crate::servers::Elasticsearch;

const LINES: &[&str] = &[
    r#"{"@timestamp":"2026-11-23T08:48:00.123Z","log.level":"INFO","message":"ecs","ecs.version":"1.2.0","service.name":"api","event.dataset":"api.log","host.name":"app1"}"#,
    r#"{"message":"x","host":"web1","service":"api","url":"/x","user":"alice","source":"a.go:1","event":"login"}"#,
    r#"{"message":"x","host":{"name":"web1"},"service":{"name":"api"},"url":{"path":"/x"},"user":{"name":"alice"}}"#,
    r#"{"message":"x","process":"p","http":"1.1","trace":"abc","span":7,"log":"y","error":"text","agent":"curl"}"#,
    r#"{"message":{"a":1},"tags":{"b":2},"labels":"c","client":["d",{"e":1}],"server":[1,2],"level":{"f":1}}"#,
    r#"{"log":{"offset":5,"file":{"path":"/a"}},"stream":"x","log.flags":"y","data_stream":{"dataset":"z"}}"#,
    r#"{"@timestamp":"rubbish","log":{"level":"y"},"log.level":"x","a":1,"a":2,"b.c":1,"b":{"c":2}}"#,
    r#"{"@timestamp":{"x":1},"network":"tcp","destination":"db","user_agent":"curl/8","transaction":"t"}"#,
    r#"{"app.kubernetes.io/name":"web","app":"shop","log.level.name":"x","empty":{},"within":{"empty":{}}}"#,
    r#"{"@t":"2026-11-23T08:48:00Z","@mt":"{n} saved","n":1,"labels.message_template":"x","message":{"template":"y"}}"#,
];

const PIPELINES: &[&str] = &[
    "json-lines",
    "java-json",
    "pino",
    "winston",
    "bunyan",
    "serilog-clef",
];

/// Puts the template for `indexes` in place, under a name of its own: other tests have templates too.
async fn set_up(server: &Elasticsearch, indexes: &str) {
    let template = TemplateSettings {
        name: indexes.trim_end_matches('*').to_owned(),
        index_patterns: vec![indexes.to_owned()],
        data_stream: false,
    };
    let text = format!(
        "[elasticsearch]\nhosts = [\"{}\"]\n[[input]]\npaths = [\"/a\"]\npipeline = \"plain\"\n",
        server.url()
    );
    let mut diagnostics = Diagnostics::new();
    let file = AgentFile::parse(&SourceFile::new("logmill.toml", text), &System, &mut diagnostics);
    let settings = Settings::new(&file, &System, &mut diagnostics).unwrap();
    let OutputSettings::Elasticsearch(settings) = &settings.output else {
        panic!("another output");
    };
    let own = ship::Client::new(settings).unwrap();
    ship::setup(&own, &template).await.unwrap();
}

#[tokio::test]
async fn no_everyday_line_is_refused() {
    let server = Elasticsearch::shared().await;
    let client = server.client();
    set_up(server, "names").await;
    client.create_index("names", serde_json::Value::Null).await;

    let mut host = Host::shipping_to(server.url(), "names");
    for pipeline in PIPELINES {
        host = host.input(&format!("{pipeline}.log"), pipeline, "labels = { team = \"t\" }");
        host.append(
            &format!("{pipeline}.log"),
            LINES.iter().map(|line| (*line).to_owned()),
        );
    }
    let mut agent = host.start();
    let lines = (LINES.len() * PIPELINES.len()) as u64;
    // A line is stored or refused; the log says what the first refusal was about.
    let mut stored = 0;
    while stored < lines && !agent.log().contains("refused for good") {
        agent.get("/readyz").await;
        stored = client.count("names").await;
    }
    assert_eq!(stored, lines, "{}", agent.log());
    agent.stop();
    client.delete_index("names").await;
}

/// The logs of a pipeline's fixtures, each with the keys that its input has to have.
fn fixtures(pipeline: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(pipeline);
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let of_input = |line: &&str| !line.starts_with("now ") && !line.starts_with('#');
    entries
        .map(|entry| entry.expect("a folder of fixtures").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .map(|path| {
            let case = fs::read_to_string(path.with_extension("toml")).unwrap_or_default();
            let keys: Vec<&str> = case.lines().filter(of_input).collect();
            (
                path.to_str().expect("a path in UTF-8").to_owned(),
                keys.join("\n"),
            )
        })
        .collect()
}

#[tokio::test]
async fn no_event_of_the_fixtures_is_refused() {
    let server = Elasticsearch::shared().await;
    let client = server.client();
    set_up(server, "fixtures-*").await;
    // Each pipeline has an index of its own, as with data streams; empty ones are nobody's mistake.
    let mut host = Host::shipping_to(server.url(), "fixtures-{dataset}");
    let pipelines = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines");
    let mut logs = 0;
    for entry in fs::read_dir(pipelines).expect("the pipelines") {
        let file = entry.expect("a pipeline").file_name().into_string().unwrap();
        let pipeline = file.trim_end_matches(".toml");
        for (path, keys) in fixtures(pipeline) {
            // An input's path is relative to the host's folder, or whole.
            host = host.input(&path, pipeline, &keys);
            logs += 1;
        }
    }
    assert!(logs > 50, "{logs} logs");
    let output = Command::new(program())
        .args(["run", "--once", "--config"])
        .arg(host.config())
        .output()
        .expect("the program starts");
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{log}");
    assert!(log.contains(" 0 rejected, 0 not delivered"), "{log}");
    let indexes = client.get("/fixtures-*/_settings").await;
    let names: Vec<&str> = indexes
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| &**name)
        .collect();
    client.delete_index(&names.join(",")).await;
}
