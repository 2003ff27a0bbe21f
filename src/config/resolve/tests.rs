use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::config::env::Staged;
use crate::config::{Credentials, SourceFile, StartAt, Verify, WhenFull, Wrapper, Wrapping};

const ONE: (&str, &str) = (
    include_str!("../identity/testdata/one.crt"),
    include_str!("../identity/testdata/one.key"),
);
const TWO: &str = include_str!("../identity/testdata/two.crt");

fn staged() -> Staged {
    Staged {
        variables: vec![("ES_API_KEY", "id:geheim")],
        files: vec![
            ("/proc/sys/kernel/hostname", "shop-1\n"),
            ("/run/secrets/es", "geheim\n"),
            ("/etc/logmill/ca.pem", TWO),
            ("/etc/logmill/client.pem", ONE.0),
            ("/etc/logmill/client.key", ONE.1),
        ],
    }
}

fn settings(text: &str) -> Settings {
    let mut diagnostics = Diagnostics::new();
    let file = SourceFile::new("/etc/logmill/logmill.toml", text);
    let written = AgentFile::parse(&file, &staged(), &mut diagnostics);
    let settings = Settings::new(&written, &staged(), &mut diagnostics);
    assert_eq!(diagnostics.render(false), "");
    settings.unwrap()
}

fn elasticsearch(settings: &Settings) -> &crate::config::ElasticsearchSettings {
    match &settings.output {
        OutputSettings::Elasticsearch(settings) => settings,
        other => panic!("{other:?}"),
    }
}

const SMALLEST: &str = "[stdout]\n[[input]]\npaths = 'a.log'\npipeline = 'plain'\n";

#[test]
fn every_default_is_filled_in() {
    let settings = settings(SMALLEST);
    assert_eq!(
        settings.agent,
        AgentSettings {
            state_dir: PathBuf::from("/var/lib/logmill"),
            memory_max: 64 << 20,
            listen: "127.0.0.1:9598".parse().unwrap(),
            host_name: "shop-1".to_owned(),
            line_bytes_max: 1 << 20,
            flush: Duration::from_millis(200),
            scan: Duration::from_secs(2),
            notify: true,
            grace: Duration::from_secs(10),
            kept_bytes_max: 1 << 30,
            workers: NonZeroUsize::new(4).unwrap(),
            pipelines: None,
            log_level: tracing::Level::INFO,
            persist: false,
        }
    );
    assert_eq!(settings.output, OutputSettings::Stdout);
    assert_eq!(settings.rejects.dir, Path::new("/var/lib/logmill/rejects"));
    assert_eq!(settings.rejects.when_full, WhenFull::Stop);
    let input = &settings.inputs[0];
    assert_eq!(input.paths[0].value, "/etc/logmill/a.log");
    assert_eq!(input.start_at, StartAt::Beginning);
    assert_eq!(
        (&input.service, &input.timezone, input.wrapper),
        (&None, &None, Wrapping::AsPipelineSays)
    );
}

const FULL: &str = r#"
[agent]
state_dir = "/srv/logmill"
memory_max = "32MiB"
listen = "[::1]:9000"
host_name = "${NODE:-node-7}"
line_bytes_max = "64KiB"
flush = "50ms"
scan = "1s"
notify = false
grace = "0s"
kept_bytes_max = "2GiB"
workers = 2
pipelines = "pipelines"
log_level = "debug"

[elasticsearch]
hosts = ["https://es-1:9200", "https://es-2:9200/prefix"]
api_key = "${ES_API_KEY}"
ca_file = "ca.pem"
client_certificate = "/etc/logmill/client.pem"
client_key = "/etc/logmill/client.key"
verify = "full"
proxy = "http://user:geheim@proxy:3128"
index = "shop-{service}-{namespace}"
namespace = "prod"
ingest_pipeline = "geoip"
gzip_level = 0
bulk_bytes_max = "1MiB"
request_timeout = "5s"
retry_max = "1m"
requests_max = 2
document_ids = false

[rejects]
dir = "/srv/rejects"
bytes_max = "1GB"
when_full = "drop_oldest"

[[input]]
paths = ["/var/log/**/a*.log", "../b.log"]
exclude = "/var/log/**/old/*"
pipeline = "nginx-access"
service = "shop-frontend"
labels = { team = "web", "a.b" = "c" }
start_at = "end"
format = '$remote_addr [${time_local}]'
timezone = "+02:00"
dataset = "shop.access"
namespace = "dev"
wrapper = "cri"
"#;

#[test]
fn every_key_arrives() {
    let settings = settings(FULL);
    assert_eq!(settings.agent.host_name, "node-7");
    assert_eq!(
        settings.agent.pipelines.as_ref().map(|folder| folder.as_path()),
        Some(Path::new("/etc/logmill/pipelines"))
    );
    assert_eq!(settings.agent.grace, Duration::ZERO);
    assert_eq!(settings.agent.kept_bytes_max, 2 << 30);
    assert!(!settings.agent.notify);
    let es = elasticsearch(&settings);
    let hosts: Vec<&str> = es.hosts.iter().map(|host| host.as_str()).collect();
    assert_eq!(hosts, ["https://es-1:9200/", "https://es-2:9200/prefix/"]);
    // `printf id:geheim | base64`
    let Credentials::ApiKey(key) = &es.credentials else {
        panic!("{es:?}");
    };
    assert_eq!(key.expose(), "aWQ6Z2VoZWlt");
    assert_eq!(es.tls.ca_pem.as_deref(), Some(TWO));
    let identity = es.tls.identity_pem.as_ref().unwrap().expose();
    assert_eq!(identity, format!("{}\n{}", ONE.0, ONE.1));
    assert_eq!(es.tls.verify, Verify::Full);
    assert_eq!(
        es.proxy.as_ref().unwrap().expose(),
        "http://user:geheim@proxy:3128"
    );
    assert_eq!(es.index.render("d", "n", Some("s")), "shop-s-n");
    assert_eq!(
        (es.gzip_level, es.bulk_bytes_max, es.document_ids),
        (0, 1 << 20, false)
    );
    assert_eq!(settings.rejects.bytes_max, 1_000_000_000);
    let input = &settings.inputs[0];
    assert_eq!(input.paths[1].value, "/etc/b.log");
    assert_eq!(input.exclude[0].value, "/var/log/**/old/*");
    assert_eq!(input.labels["a.b"], "c");
    assert_eq!(
        input.format.as_ref().unwrap().value,
        "$remote_addr [${time_local}]"
    );
    assert_eq!(
        input.timezone,
        Some(jiff::tz::TimeZone::fixed(jiff::tz::offset(2)))
    );
    assert_eq!(input.wrapper, Wrapping::In(Wrapper::Cri));
}

#[test]
fn printing_the_settings_shows_no_secret() {
    let shown = format!("{:?}", settings(FULL));
    assert!(
        shown.contains("[secret]") && !shown.contains("geheim") && !shown.contains("aWQ6"),
        "{shown}"
    );
    assert!(
        shown.contains("BEGIN CERTIFICATE") && !shown.contains("PRIVATE KEY"),
        "{shown}"
    );
    let basic = FULL.replace(
        "api_key = \"${ES_API_KEY}\"",
        "username = 'u'\npassword = '${file:/run/secrets/es}'",
    );
    let shown = format!("{:?}", settings(&basic));
    assert!(
        shown.contains("username: \"u\"") && !shown.contains("geheim"),
        "{shown}"
    );
}

#[test]
fn a_reload_sees_what_changed_and_only_that() {
    let moved = format!(
        "# a comment\n{}",
        FULL.replace("flush = \"50ms\"\n", "")
            .replace("scan", "flush = '50ms'\nscan")
    );
    assert_eq!(settings(FULL), settings(&moved));
    for (from, to) in [
        ("shop-frontend", "shop"),
        ("5s", "6s"),
        ("${ES_API_KEY}", "other:key"),
        ("timezone = \"+02:00\"", "timezone = \"+03:00\""),
        ("team = \"web\"", "team = \"shop\""),
    ] {
        assert_ne!(settings(FULL), settings(&FULL.replace(from, to)), "{from}");
    }
}

#[test]
fn an_api_key_without_its_id_gives_a_warning() {
    let said = |key: &str| {
        let text = FULL.replace("${ES_API_KEY}", key);
        let file = SourceFile::new("/etc/logmill/logmill.toml", text);
        let mut diagnostics = Diagnostics::new();
        let written = AgentFile::parse(&file, &staged(), &mut diagnostics);
        Settings::new(&written, &staged(), &mut diagnostics);
        diagnostics.render(false)
    };
    // `id:key`, as it is and in base64.
    for right in ["id:key", "aWQ6a2V5"] {
        assert_eq!(said(right), "");
    }
    // The key alone, in base64 as well, and with a half missing.
    for wrong in ["VuaCfGcBCdbkQm", "a2V5", ":key", "id:"] {
        assert!(
            said(wrong).starts_with("warning: `api_key` is neither `id:key`"),
            "{wrong}"
        );
    }
}

#[test]
fn a_small_memory_lowers_the_defaults() {
    let text = format!(
        "[agent]\nmemory_max = '8MiB'\n{}",
        SMALLEST.replace("[stdout]", "[elasticsearch]\nhosts = 'http://localhost'")
    );
    assert_eq!(elasticsearch(&settings(&text)).bulk_bytes_max, 2 << 20);
}

#[test]
fn the_command_line_makes_settings() {
    let given = ZeroConfig {
        pipeline: "nginx-access".to_owned(),
        service: Some("shop-frontend".to_owned()),
        paths: vec!["/var/log/nginx/access.log".to_owned(), "b*.log".to_owned()],
        elasticsearch: Some("http://localhost:9200".to_owned()),
        state_dir: Some(PathBuf::from("state")),
        ..ZeroConfig::default()
    };
    let mut diagnostics = Diagnostics::new();
    let settings = Settings::zero_config(&given, &staged(), &mut diagnostics);
    assert_eq!(diagnostics.render(false), "");
    let settings = settings.unwrap();
    assert_eq!(
        elasticsearch(&settings).hosts[0].as_str(),
        "http://localhost:9200/"
    );
    assert_eq!(settings.agent.state_dir, Path::new("/srv/current/state"));
    let input = &settings.inputs[0];
    assert_eq!(input.pipeline.value, "nginx-access");
    assert_eq!(input.service.as_deref(), Some("shop-frontend"));
    assert_eq!(input.paths[0].value, "/var/log/nginx/access.log");
    assert_eq!(input.paths[1].value, "/srv/current/b*.log");
}

#[test]
fn a_mistake_on_the_command_line_is_shown_there() {
    let given = ZeroConfig {
        pipeline: "plain".to_owned(),
        elasticsearch: Some("https://elastic:geheim@es-1:9200".to_owned()),
        listen: Some("9598".to_owned()),
        state_dir: Some(PathBuf::from("~/state")),
        ..ZeroConfig::default()
    };
    let mut diagnostics = Diagnostics::new();
    assert_eq!(Settings::zero_config(&given, &staged(), &mut diagnostics), None);
    let text = diagnostics.render(false);
    assert_eq!(diagnostics.errors(), 4, "{text}");
    assert!(text.contains("--> command line:1:"), "{text}");
    assert!(!text.contains("geheim"), "{text}");
}

#[test]
fn without_a_name_the_machine_is_an_error() {
    let mut diagnostics = Diagnostics::new();
    let file = SourceFile::new("a.toml", SMALLEST);
    let nowhere = Staged::default();
    let written = AgentFile::parse(&file, &nowhere, &mut diagnostics);
    assert_eq!(Settings::new(&written, &nowhere, &mut diagnostics), None);
    assert!(diagnostics.render(false).contains("no host name"));
}

#[test]
fn inputs_are_called_by_what_they_are_and_never_by_where_they_stand() {
    let input = |path: &str, more: &str| format!("[[input]]\npaths = {path}\npipeline = 'json'\n{more}");
    let names = |inputs: &[&String]| -> Vec<String> {
        let inputs: String = inputs.iter().map(|input| input.as_str()).collect();
        let settings = settings(&format!("[stdout]\n{inputs}"));
        settings.inputs.into_iter().map(|input| input.name).collect()
    };
    let a = input("['/a/2.log', '/a/1.log']", "");
    let b = input("'/b/*.log'", "");
    let shop = input("'/c.log'", "service = 'shop'\n");
    let named = input("'/d.log'", "service = 'shop'\nname = 'orders'\n");
    assert_eq!(names(&[&a]), ["json"]);
    assert_eq!(
        names(&[&b, &a, &shop]),
        ["json:/b/*.log", "json:/a/1.log", "shop/json"]
    );
    assert_eq!(names(&[&shop, &named]), ["shop/json", "orders"]);
    let taken = input("'/e.log'", "name = 'json'\n");
    assert_eq!(names(&[&a, &taken]), ["json:/a/1.log", "json"]);

    let mut diagnostics = Diagnostics::new();
    let text = format!("[stdout]\n{named}{}", named.replace("/d.log", "/f.log"));
    let file = SourceFile::new("/etc/logmill/logmill.toml", text);
    let written = AgentFile::parse(&file, &staged(), &mut diagnostics);
    Settings::new(&written, &staged(), &mut diagnostics);
    let said = diagnostics.render(false);
    assert!(said.contains("two inputs are called `orders`"), "{said}");
    assert_eq!(diagnostics.errors(), 1, "{said}");
}
