//! Inputs from a `logmill.toml` and pipelines to a page of metrics.

mod containers;

use std::path::Path;

use super::*;
use crate::config::{AgentFile, SourceFile, System};
use crate::derive::Format;
use crate::encode::{self, TIMESTAMP};
use crate::event::{Fields, FileKey, Timestamp, TimestampWriter, Value};

/// Every input of a `logmill.toml`, with pipelines of its own.
fn lanes(inputs: &str, pipelines: &[(&str, &str)]) -> (Vec<Arc<Lane>>, Registry, String) {
    let registry = Registry::default();
    let (lanes, said) = lanes_with(&registry, inputs, pipelines);
    (lanes, registry, said)
}

/// Likewise, with metrics that are there already. No lane where there are mistakes.
fn lanes_with(registry: &Registry, inputs: &str, pipelines: &[(&str, &str)]) -> (Vec<Arc<Lane>>, String) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in pipelines {
        std::fs::write(folder.path().join(format!("{name}.toml")), text).unwrap();
    }
    let mut diagnostics = Diagnostics::new();
    let text = format!("[stdout]\n{inputs}");
    let file = AgentFile::parse(&SourceFile::new("logmill.toml", text), &System, &mut diagnostics);
    let settings = Settings::new(&file, &System, &mut diagnostics).unwrap();
    let written = Spanned::new(
        folder.path().to_path_buf(),
        0..0,
        SourceFile::new("logmill.toml", ""),
    );
    let library = Library::with_folder(&written, &mut diagnostics);
    let built = build_all(&settings, &library, registry, &mut diagnostics);
    let lanes = built.into_iter().flatten().map(|watch| watch.lane).collect();
    let said = diagnostics
        .render(false)
        .replace(&folder.path().display().to_string(), "pipelines");
    (lanes, said)
}

fn page(registry: &Registry) -> String {
    let mut page = Vec::new();
    let totals = registry.totals(Timestamp::from_millis(0));
    totals.write(Format::Text, &mut page);
    String::from_utf8(page).unwrap()
}

#[test]
fn metrics_that_do_not_agree_are_shown_where_they_are_written() {
    let counter = "[parse]\npatterns = ['{log.level} {message}']\n[[counter]]\nname = \"lines_total\"\n";
    let (lanes, _, said) = lanes(
        "[[input]]\npaths = [\"/a\"]\npipeline = \"first\"\n[[input]]\npaths = [\"/b\"]\npipeline = \"second\"\n",
        &[
            ("first", counter),
            (
                "second",
                &format!("description = \"second\"\n{counter}labels = {{ level = \"log.level\" }}\n"),
            ),
        ],
    );
    assert_eq!(lanes.len(), 0);
    let lines = [
        "its labels are service, level here and service elsewhere",
        "--> pipelines/second.toml:5:8",
        "^^^^^^^^^^^^^ this metric",
        "the other is in line 4 of pipelines/first.toml",
    ];
    for line in lines {
        assert!(said.contains(line), "{line:?} is not in\n{said}");
    }
}

#[test]
fn labels_may_be_constant_and_have_only_some_values() {
    let pipeline = "[parse]\npatterns = ['{@timestamp:epoch} {log.level} {session.id}']\n\
        [[counter]]\nname = \"lines_total\"\nlabels = { level = \"log.level\" }\n\
        const_labels = { team = \"a \\\"b\\\"\" }\nallow = { level = [\"INFO\", 30] }\n\
        [[sessions]]\nname = \"web_active_sessions\"\nsession = \"session.id\"\nconst_labels = { team = \"web\" }\n\
        [[top]]\nname = \"web_session_lines\"\nlabels = { session = \"session.id\" }\n";
    let (lanes, registry, said) = lanes(
        "[[input]]\npaths = [\"/a\"]\npipeline = \"web\"\nmetric_labels = { zone = \"eu\", team = \"no\" }\n\
         [[input]]\npaths = [\"/b\"]\npipeline = \"web\"\n",
        &[("web", pipeline)],
    );
    assert_eq!(said, "");
    let shard = registry.shard();
    for lane in &lanes {
        let field = |name: &str| lane.pipeline.schema.get(name).unwrap();
        for level in ["INFO", "30", "x", "y"] {
            let mut fields = Fields::new(lane.pipeline.schema.len());
            fields.set(field("log.level"), Value::Text(level.as_bytes()));
            fields.set(field("session.id"), Value::Text(b"s1"));
            fields.set(field(TIMESTAMP), Value::Time(Timestamp::from_millis(0)));
            lane.rules.count(&fields, &mut shard.lock());
        }
    }
    let page = page(&registry);
    let expected = [
        "lines_total{service=\"web\",level=\"30\",team=\"a \\\"b\\\"\",zone=\"\"} 1",
        "lines_total{service=\"web\",level=\"other\",team=\"a \\\"b\\\"\",zone=\"\"} 2",
        "lines_total{service=\"web\",level=\"INFO\",team=\"a \\\"b\\\"\",zone=\"eu\"} 1",
        "web_active_sessions{service=\"web\",team=\"web\",zone=\"\"} 1",
        "web_active_sessions{service=\"web\",team=\"web\",zone=\"eu\"} 1",
        "web_session_lines{service=\"web\",team=\"no\",zone=\"eu\",session=\"s1\"} 4",
        "web_session_lines{service=\"web\",team=\"\",zone=\"\",session=\"s1\"} 4",
    ];
    for sample in expected {
        assert!(
            page.lines().any(|line| line == sample),
            "{sample} is not in\n{page}"
        );
    }
}

/// What two pipelines say of the same metrics in different ways, each shown with both its places.
#[test]
fn every_disagreement_is_the_golden_one() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/messages/agreement");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let (lanes, _, said) = lanes(
        "[[input]]\npaths = [\"/a\"]\npipeline = \"first\"\n[[input]]\npaths = [\"/b\"]\npipeline = \"second\"\n",
        &[("first", &read("first.toml")), ("second", &read("second.toml"))],
    );
    assert_eq!(lanes.len(), 0);
    let metrics = read("second.toml").matches("\nname = ").count();
    assert_eq!(said.matches("the other is in line").count(), metrics, "{said}");
    assert!(!said.contains("hunter"), "{said}");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(folder.join("messages.txt"), &said).unwrap();
    }
    assert_eq!(said, read("messages.txt"));
}

#[test]
fn a_label_may_show_a_hash_in_place_of_an_id() {
    let pipeline = "[parse]\npatterns = ['{@timestamp:epoch} {log.level} {session.id} {user.name}']\n\
        [[counter]]\nname = \"lines_total\"\nlabels = { user = \"user.name\", level = \"log.level\" }\n\
        allow = { user = [\"ann\", 17] }\nhash_labels = [\"user\"]\nhash_key = \"a key of the metric\"\n\
        [[sessions]]\nname = \"web_active_sessions\"\nsession = \"session.id\"\n\
        [[top]]\nname = \"web_session_lines\"\nlabels = { level = \"lower(log.level)\", session = \"session.id\" }\n";
    let (lanes, registry, said) = lanes(
        "[metrics]\nhash_labels = [\"session\", \"user\", \"sesion\"]\nhash_key = \"the key of the agent\"\n\
         [[input]]\npaths = [\"/a\"]\npipeline = \"web\"\n",
        &[("web", pipeline)],
    );
    for line in [
        "warning: no metric has a label `sesion`, so nothing is hashed",
        "= help: there are: level, session, user",
    ] {
        assert!(said.contains(line), "{line:?} is not in\n{said}");
    }
    let shard = registry.shard();
    let long = "s\u{e4}".repeat(100);
    for (session, user) in [
        ("s\"1", Value::Text(b"ann")),
        (&long, Value::Int(17)),
        ("s\"1", Value::Text(b"eve")),
    ] {
        let lane = &lanes[0];
        let field = |name: &str| lane.pipeline.schema.get(name).unwrap();
        let mut fields = Fields::new(lane.pipeline.schema.len());
        fields.set(field("log.level"), Value::Text(b"INFO"));
        fields.set(field("session.id"), Value::Text(session.as_bytes()));
        fields.set(field("user.name"), user);
        fields.set(field(TIMESTAMP), Value::Time(Timestamp::from_millis(0)));
        lane.rules.count(&fields, &mut shard.lock());
    }
    let page = page(&registry);
    let hash =
        |key: &str, text: &[u8]| String::from_utf8(KeyedHash::new(key.as_bytes()).of(text).to_vec()).unwrap();
    let of_metric = |text: &[u8]| hash("a key of the metric", text);
    let of_agent = |text: &[u8]| hash("the key of the agent", text);
    let cut = &long.as_bytes()[..crate::limits::LABEL_BYTES_MAX];
    let expected = [
        format!(
            "lines_total{{service=\"web\",user=\"{}\",level=\"INFO\"}} 1",
            of_metric(b"ann")
        ),
        format!(
            "lines_total{{service=\"web\",user=\"{}\",level=\"INFO\"}} 1",
            of_metric(b"17")
        ),
        "lines_total{service=\"web\",user=\"other\",level=\"INFO\"} 1".to_owned(),
        "web_active_sessions{service=\"web\"} 2".to_owned(),
        format!(
            "web_session_lines{{service=\"web\",level=\"info\",session=\"{}\"}} 2",
            of_agent(b"s\"1")
        ),
        format!(
            "web_session_lines{{service=\"web\",level=\"info\",session=\"{}\"}} 1",
            of_agent(cut)
        ),
    ];
    for sample in expected {
        assert!(
            page.lines().any(|line| line == sample),
            "{sample} is not in\n{page}"
        );
    }
}

#[test]
fn a_configuration_that_fails_leaves_no_metric_behind() {
    let counter = |name: &str, help: &str| {
        format!(
            "[parse]\npatterns = ['{{log.level}} {{message}}']\n[[counter]]\nname = \"{name}\"\nhelp = \"{help}\"\n"
        )
    };
    let input = |pipeline: &str| format!("[[input]]\npaths = [\"/{pipeline}\"]\npipeline = \"{pipeline}\"\n");
    let registry = Registry::default();
    let (running, said) = lanes_with(&registry, &input("old"), &[("old", &counter("old_total", "Old"))]);
    assert_eq!((running.len(), said.as_str()), (1, ""));
    // The first input is good, the second is not.
    let both = [input("good"), input("old")].concat();
    let wrong = counter("old_total", "New");
    let (lanes, said) = lanes_with(
        &registry,
        &both,
        &[("good", &counter("good_total", "Good")), ("old", &wrong)],
    );
    assert_eq!(lanes.len(), 0);
    let expected =
        "its help is \"New\" here and \"Old\" elsewhere, which is the running agent; its series go on";
    assert!(said.contains(expected), "{said}");
    assert!(!said.contains("the other is in line"), "{said}");
    // What the good one would have registered is free, in any form.
    let (lanes, said) = lanes_with(
        &registry,
        &input("good"),
        &[("good", &counter("good_total", "Another"))],
    );
    assert_eq!((lanes.len(), said.as_str()), (1, ""));
}

/// The documents of these lines, as text.
fn documents(lane: &Lane, lines: &[&str]) -> Vec<String> {
    let arena = bumpalo::Bump::new();
    let mut fields = Fields::new(lane.pipeline.schema.len());
    let mut clock = lane.pipeline.clock(Timestamp::from_millis(0));
    let (mut ends, mut page) = (encode::Ends::default(), encode::Page::default());
    lane.template.ends(FileKey(1), b"/var/log/a.log", &mut ends);
    let mut times = TimestampWriter::default();
    let mut documents = Vec::new();
    for line in lines {
        lane.pipeline
            .parse(line.as_bytes(), &mut fields, &mut clock, &arena);
        let place = encode::Place::default();
        page.write(|pen| lane.template.write(&fields, &place, &ends, &mut times, pen));
        let text = std::str::from_utf8(page.text()).unwrap();
        documents.push(text.lines().nth(1).unwrap().to_owned());
    }
    documents
}

/// What the line, the pipeline, the input and the agent say may be the same name.
#[test]
fn no_document_has_a_name_twice() {
    let lines = [
        r#"{"@timestamp":"2026-11-23T08:48:00.123Z","log.level":"INFO","message":"ecs","ecs.version":"1.2.0","service.name":"api","event.dataset":"api.log","host.name":"app1"}"#,
        r#"{"log":{"offset":5,"file":{"path":"/a"},"level":"x"},"log.level":"y","labels":{"team":"a"},"labels.team":"b"}"#,
        r#"{"service":{"name":"api"},"service.name":"b","host":"c","host.name":"d","event":{"dataset":"e"},"stream":"f"}"#,
        r#"{"data_stream":{"dataset":"a"},"data_stream.type":"b","@timestamp":"rubbish","a":1,"a":2}"#,
    ];
    for name in ["java-json", "json-lines", "pino", "winston", "bunyan", "go-json"] {
        for own in [
            "",
            "service = \"s\"\ndataset = \"d\"\nlabels = { team = \"t\", host = \"h\" }\n",
        ] {
            let input = format!("[[input]]\npaths = [\"/a\"]\npipeline = \"{name}\"\n{own}");
            let (lanes, _, _) = lanes(&input, &[]);
            for document in documents(&lanes[0], &lines) {
                let read: serde_json::Map<String, serde_json::Value> =
                    serde_json::from_str(&document).unwrap();
                for key in read.keys() {
                    let times = document.matches(&format!("\"{key}\":")).count();
                    assert_eq!(times, 1, "{key} of {name}: {document}");
                }
                assert_eq!(
                    (&read["log.offset"], &read["log.file.path"]),
                    (&0.into(), &"/var/log/a.log".into())
                );
                if !own.is_empty() {
                    assert_eq!(
                        [
                            &read["service.name"],
                            &read["event.dataset"],
                            &read["labels.team"]
                        ],
                        ["s", "d", "t"]
                    );
                }
            }
        }
    }
}

#[test]
fn what_a_line_or_a_lookup_says_goes_before_what_the_agent_guesses() {
    let own = "[parse]\npatterns = ['{host.name} {message}']\n[set]\n\"event.dataset\" = \"set\"\n";
    let (lanes, _, said) = lanes(
        "[[input]]\npaths = [\"/a\"]\npipeline = \"own\"\n",
        &[("own", own)],
    );
    assert_eq!(said, "");
    let document: serde_json::Value = serde_json::from_str(&documents(&lanes[0], &["web1 x"])[0]).unwrap();
    assert_eq!(
        [&document["host.name"], &document["event.dataset"]],
        ["web1", "set"]
    );
}

#[test]
fn a_pipeline_cannot_say_where_an_event_stands_nor_call_no_time_a_time() {
    for (pipeline, expected) in [
        (
            "[parse]\npatterns = ['{log.offset:int}']\n",
            "sets `log.offset`, which logmill itself says",
        ),
        (
            "[parse]\npatterns = ['{@timestamp:int}']\n",
            "`@timestamp` must be a time",
        ),
        (
            "[parse]\npatterns = ['{message}']\n[set]\n\"@timestamp\" = \"foo\"\n",
            "`@timestamp` must be a time",
        ),
        (
            "[parse]\nbuiltin = \"json\"\n[parse.keys]\n\"@timestamp\" = [\"t\"]\n",
            "`@timestamp` must be a time",
        ),
    ] {
        let (lanes, _, said) = lanes(
            "[[input]]\npaths = [\"/a\"]\npipeline = \"own\"\n",
            &[("own", pipeline)],
        );
        assert!(lanes.is_empty() && said.contains(expected), "{said}");
    }
}

#[test]
fn what_the_agent_writes_is_not_read() {
    let input = "[agent]\nstate_dir = \"/x/state\"\n[[input]]\npaths = [\"/x/**\"]\npipeline = \"plain\"\n";
    let (_, _, said) = lanes(input, &[]);
    assert!(
        said.contains("`/x/**` are also files that logmill itself writes"),
        "{said}"
    );
    let mut diagnostics = Diagnostics::new();
    let text = format!("[file]\npath = \"/x/out.log\"\n{input}");
    let file = AgentFile::parse(&SourceFile::new("logmill.toml", text), &System, &mut diagnostics);
    let settings = Settings::new(&file, &System, &mut diagnostics).unwrap();
    let globs = globs(&settings.inputs[0], &own::globs(&settings)).unwrap();
    for (path, read) in [
        ("/x/a.log", true),
        ("/x/out.log", false),
        ("/x/out.log.1", false),
        ("/x/out.logs", true),
        ("/x/state/checkpoint", false),
        ("/x/state/rejects/0001", false),
        ("/x/state.log", true),
    ] {
        assert_eq!(globs.contains(Path::new(path)), read, "{path}");
    }
}

#[test]
fn an_index_that_cannot_be_called_so_is_an_error() {
    let text = "[elasticsearch]\nhosts = [\"http://127.0.0.1:9200\"]\nindex = \"w14-{service}\"\n\
        [[input]]\npaths = [\"/a\"]\npipeline = \"plain\"\nservice = \"My-Service\"\n";
    let mut diagnostics = Diagnostics::new();
    let file = AgentFile::parse(&SourceFile::new("logmill.toml", text), &System, &mut diagnostics);
    let settings = Settings::new(&file, &System, &mut diagnostics).unwrap();
    build_all(
        &settings,
        &Library::shipped(),
        &Registry::default(),
        &mut diagnostics,
    );
    let said = diagnostics.render(false);
    assert!(
        said.contains("`w14-My-Service` of this input cannot be called so: `M`"),
        "{said}"
    );
}

#[test]
fn what_is_not_read_by_lines_cannot_be_wrapped() {
    for (pipeline, wrapper, said) in [
        ("journald-export", "docker", "its entries are not lines"),
        ("iis-w3c", "cri", "the columns stand in lines of the file itself"),
        ("iis-w3c", "none", ""),
        ("postgresql-csv", "auto", ""),
    ] {
        let input =
            format!("[[input]]\npaths = [\"/a\"]\npipeline = \"{pipeline}\"\nwrapper = \"{wrapper}\"\n");
        let (lanes, _, diagnostics) = lanes(&input, &[]);
        assert_eq!(lanes.is_empty(), !said.is_empty(), "{pipeline}: {diagnostics}");
        assert!(diagnostics.contains(said), "{pipeline}: {diagnostics}");
    }
}
