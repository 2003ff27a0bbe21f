//! JSON lines of everyday keys, shipped to an index with the template that `logmill setup` puts there: none is refused.

use logmill::config::{AgentFile, Diagnostics, OutputSettings, Settings, SourceFile, System};
use logmill::ship::{self, TemplateSettings};

use super::Host;
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
];

const PIPELINES: &[&str] = &["json-lines", "java-json", "pino", "winston", "bunyan"];

#[tokio::test]
async fn no_everyday_line_is_refused() {
    let server = Elasticsearch::shared().await;
    let client = server.client();
    // A name of its own: other tests have templates too.
    let template = TemplateSettings {
        name: "names".to_owned(),
        index_patterns: vec!["names".to_owned()],
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
