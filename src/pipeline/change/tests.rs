//! Changes as a user writes them, from TOML to the event.

use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use bumpalo::Bump;
use serde_json::{Value as Json, json};

use crate::config::{Diagnostics, PipelineFile, SourceFile, Surroundings};
use crate::encode;
use crate::event::{Fields, Timestamp, TimestampWriter};
use crate::pipeline::{HostWords, Library, Outcome, Pipeline, compile};

struct Staged;

impl Surroundings for Staged {
    fn variable(&self, name: &str) -> Option<String> {
        (name == "STAGE").then(|| "prod".to_owned())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match path.to_str() {
            Some("pipelines/hosts.csv") => {
                Ok(b"ip,host.name,labels.team\n10.0.0.7,shop-1,\n10.0.0.8,shop-2,web\n".to_vec())
            }
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn current_dir(&self) -> io::Result<PathBuf> {
        Ok(PathBuf::from("/"))
    }

    fn cores(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }
}

/// The pipeline, or the messages that say why there is none.
fn pipeline(text: &str) -> Result<Pipeline, String> {
    let mut diagnostics = Diagnostics::new();
    let file = SourceFile::new("pipelines/shop.toml", text);
    let file = PipelineFile::read_in("shop", file, &Staged, &mut diagnostics);
    let compiled = file
        .and_then(|file| {
            compile(
                &file,
                &Library::shipped(),
                &HostWords::default(),
                &mut diagnostics,
            )
        })
        .filter(|_| !diagnostics.has_errors());
    compiled.ok_or_else(|| diagnostics.render(false))
}

fn run(pipeline: &Pipeline, line: &str) -> (Outcome, Json) {
    let arena = Bump::new();
    let mut fields = Fields::new(pipeline.schema.len());
    let mut clock = pipeline.clock(Timestamp::from_millis(0));
    let outcome = pipeline.parse(line.as_bytes(), &mut fields, &mut clock, &arena);
    let mut page = encode::Page::default();
    let times = &mut TimestampWriter::default();
    page.write(|pen| encode::write_event(&pipeline.schema, &fields, None, false, times, pen));
    (outcome, serde_json::from_slice(page.text()).unwrap())
}

fn event(text: &str, line: &str) -> Json {
    run(&pipeline(text).unwrap(), line).1
}

#[test]
fn an_event_is_changed_from_top_to_bottom() {
    let text = r#"
remove = ["tmp"]
[parse]
original = true
patterns = ['{severity} {source.ip:ip} {tmp} {message}']
[set]
"labels.stage" = "${STAGE}-${NONE:-eu}"
[level]
from = "severity"
[[lookup]]
field = "source.ip"
file = "hosts.csv"
[rename]
severity = "log.original_level"
"#;
    assert_eq!(
        event(text, "WARNING 10.0.0.8 x started"),
        json!({
            "message": "started", "source.ip": "10.0.0.8", "log.original_level": "WARNING", "log.level": "warn",
            "host.name": "shop-2", "labels.team": "web", "labels.stage": "prod-eu",
            "event.original": "WARNING 10.0.0.8 x started",
        })
    );
    let other = event(text, "INFO 10.0.0.7 x y");
    assert_eq!(
        (&other["host.name"], other.get("labels.team")),
        (&json!("shop-1"), None)
    );
    // The text of a line that nothing matches is not lost with its message.
    let hidden = "remove = ['message']\n[parse]\npatterns = ['{a:int} {message}']";
    assert_eq!(event(hidden, "no number"), json!({"event.original": "no number"}));
    assert_eq!(event(hidden, "1 x"), json!({"a": 1}));
}

#[test]
fn what_is_dropped_is_dropped() {
    let pipeline = pipeline(
        r#"
[parse]
patterns = ['{log.level} {http.response.status_code:int} {url.path}']
[[drop]]
values = { "log.level" = ["DEBUG", "TRACE"], "http.response.status_code" = 200 }
[[drop]]
matches = { "url.path" = ['/health{_}', '/ready'] }
counted = false
"#,
    )
    .unwrap();
    for (line, expected) in [
        ("DEBUG 200 /a", Outcome::Filtered { counted: true }),
        ("DEBUG 500 /a", Outcome::Matched),
        ("INFO 200 /a", Outcome::Matched),
        ("INFO 200 /healthz", Outcome::Filtered { counted: false }),
        ("INFO 200 /ready2", Outcome::Matched),
        ("nothing", Outcome::Unmatched),
    ] {
        assert_eq!(run(&pipeline, line).0, expected, "{line}");
    }
}

#[test]
fn a_sample_keeps_what_belongs_together_and_about_its_share() {
    let pipeline =
        pipeline("[parse]\npatterns = ['{trace.id} {message}']\n[[sample]]\nkeep = 0.25\nby = 'trace.id'\n")
            .unwrap();
    let kept = |line: &str| run(&pipeline, line).0 == Outcome::Matched;
    let count = (0..2_000)
        .filter(|number| {
            let first = kept(&format!("trace-{number} begin"));
            assert_eq!(first, kept(&format!("trace-{number} end")));
            first
        })
        .count();
    // The hash has no seed, so the number is the same for ever; the bounds say that it is about a quarter.
    assert!((450..550).contains(&count), "{count}");
}

#[test]
fn keys_and_values_are_taken_out_of_a_field() {
    let text = r#"
[parse]
patterns = ['{_kind} {_rest}']
[[extract]]
field = "_rest"
builtin = "pairs"
between = ";"
equals = ":"
keys = { "user.name" = "user", "event.duration" = "took:millis" }
prefix = "labels."
[[extract]]
field = "_kind"
builtin = "query"
prefix = "labels."
[[extract]]
field = "labels.agent"
patterns = ['{user_agent.original}']
"#;
    assert!(
        pipeline(text)
            .unwrap_err()
            .contains("nothing before this sets the field `labels.agent`")
    );
    let (text, _) = text.rsplit_once("[[extract]]").unwrap();
    assert_eq!(
        event(text, "a=1&b=x+y user:alice;took:12;b:second;c:3"),
        json!({"user.name": "alice", "event.duration": 12_000_000, "labels.a": "1", "labels.b": "second", "labels.c": "3"})
    );
    let json = "[parse]\nbuiltin = 'json'\n[parse.keys]\n_log = 'log'\n[[extract]]\nfield = '_log'\nbuiltin = 'json'\n\
                prefix = 'labels.'\n[[extract]]\nfield = 'user_agent.original'\nbuiltin = 'user_agent'\n";
    let json = json.replace("_log = 'log'", "_log = 'log'\n\"user_agent.original\" = 'ua'");
    assert_eq!(
        event(&json, r#"{"a":1,"log":"{\"a\":2,\"b\":[3]}","ua":"curl/8.1"}"#),
        json!({"labels.a": 1, "labels.b": [3], "user_agent.original": "curl/8.1", "user_agent.name": "curl", "user_agent.class": "tool"})
    );
}

#[test]
fn what_must_not_leave_does_not() {
    let all =
        "[parse]\nbuiltin = 'json'\noriginal = true\n[[redact]]\nfind = ['emails', 'cards', 'tokens']\n";
    let line = r#"{"msg":"for a@b.de\nc@d.de","card":4111111111111111,"pan":"4111 1111 1111 1111","deep":{"password":"x y","n":-4111111111111111}}"#;
    let event_text = event(all, line).to_string();
    for secret in ["a@b.de", "c@d.de", "4111 ", "x y", ":4111"] {
        assert!(!event_text.contains(secret), "{secret} in {event_text}");
    }
    let chosen = "[parse]\npatterns = ['{user.name} {message}']\n[[redact]]\nfields = ['user.name']\n\
                  hash_key = '0123456789abcdef'\n[[redact]]\nfields = ['message']\nfind = ['emails']\n";
    let one = event(chosen, "alice mail a@b.de");
    assert_eq!(one["message"], "mail [email]");
    assert_eq!(one["user.name"].as_str().unwrap().len(), 32);
    assert_eq!(one["user.name"], event(chosen, "alice again")["user.name"]);
    assert_ne!(one["user.name"], event(chosen, "bob again")["user.name"]);
    let whole = "[parse]\npatterns = ['{user.id:int} {message}']\n[[redact]]\nfields = ['user.id']\n";
    assert_eq!(event(whole, "7 x")["user.id"], "[redacted]");
}

#[test]
fn a_field_that_cannot_be_there_is_a_mistake() {
    for table in [
        "remove = ['x']",
        "[rename]\nx = 'y'",
        "[[redact]]\nfields = ['x']",
        "[[sample]]\nkeep = 0.5\nby = 'x'",
        "[[drop]]\nvalues = { x = 1 }",
        "[[lookup]]\nfield = 'x'\nfile = 'hosts.csv'",
        "[level]\nfrom = 'x'",
    ] {
        let messages = pipeline(table).unwrap_err();
        assert!(messages.contains("sets the field `x`"), "{table}: {messages}");
        assert!(
            messages.starts_with("error") && messages.matches("error").count() == 2,
            "{messages}"
        );
    }
    // A key that is not named may be there, behind the prefix.
    assert!(pipeline("remove = ['labels.x']\n[parse]\nbuiltin = 'json'").is_ok());
}
