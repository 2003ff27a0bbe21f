use serde_json::json;

use super::*;
use crate::config::{Diagnostics, FieldUnit};

const FULL: &str = r#"description = "Orders of the shop"
metrics = ["http", "log_levels"]

[frame]
wrapper = "docker"
start = '{_:rfc3339} {_}'
flush = "500ms"
lines_max = 10
bytes_max = "64KiB"
ansi = "keep"
dedent = 2

[parse]
builtin = "json"
timezone = "Europe/Berlin"
trace = true
rest = "root"

[parse.keys]
"@timestamp" = ["ts:when", "time:when"]
message = "msg"
log.level = "a:b:"

[[extract]]
field = "message"
patterns = ['{_} took {event.duration:millis} ms', '{_}']

[[map]]
field = "log.level"
to = "event.severity"
values = { W = 4, E = "three" }

[set]
event.kind = "event"
"event.severity" = 3
event.risk = { score = 0.5, known = true }

[[counter]]
name = "orders_total"
help = "Orders by level"
labels = { level = "log.level" }
values = { "log.level" = ["info", "warn"], "event.severity" = 3 }
add = "order.count"
unit = "bytes"
series_max = 50

[[gauge]]
name = "stock_bytes"
field = "order.stock"
unit = "bytes"
labels = { level = "log.level" }
values = { "event.kind" = "event" }
const_labels = { hall = "2" }
series_max = 7

[[histogram]]
name = "order_duration_seconds"
field = "event.duration"
unit = "ns"
buckets = [0.1, 1, 10]

[[test]]
line = '''
{"msg": "x"}
'''
fields = { message = "x", "event.severity" = 3, tags = ["a", "b"] }
absent = ["log.level"]

[[test]]
lines = ['a', '  b']
unmatched = true
"#;

fn read(text: &str) -> PipelineFile {
    let mut diagnostics = Diagnostics::new();
    let file = SourceFile::new("shop-orders.toml", text);
    let pipeline = PipelineFile::read("shop-orders", file, &mut diagnostics);
    assert_eq!(diagnostics.render(false), "");
    pipeline.unwrap()
}

fn values(written: &[Spanned<String>]) -> Vec<&str> {
    written.iter().map(|one| one.value.as_str()).collect()
}

#[test]
fn every_key_arrives() {
    let pipeline = read(FULL);
    assert_eq!(pipeline.dataset_name(), "shop.orders");
    assert_eq!(values(&pipeline.metrics), ["http", "log_levels"]);
    let frame = &pipeline.frame;
    assert_eq!((frame.wrapper, frame.ansi), (Some(Wrapper::Docker), Ansi::Keep));
    assert_eq!(values(&frame.start), ["{_:rfc3339} {_}"]);
    assert_eq!((frame.flush, frame.lines_max), (Duration::from_millis(500), 10));
    assert_eq!((frame.bytes_max, frame.dedent), (64 << 10, 2));
    let parse = &pipeline.parse;
    assert_eq!(parse.builtin.as_ref().unwrap().value, Builtin::Json);
    assert_eq!(
        parse.timezone.as_ref().unwrap().iana_name(),
        Some("Europe/Berlin")
    );
    assert!(parse.trace);
    assert_eq!(parse.rest, Rest::Root);
    assert_eq!(values(&pipeline.extracts[0].patterns).len(), 2);
    let map = &pipeline.maps[0];
    assert_eq!(map.field.value, "log.level");
    assert_eq!(map.to.as_ref().unwrap().value, "event.severity");
    let words: Vec<_> = map
        .values
        .iter()
        .map(|(word, becomes)| (word.as_str(), &becomes.value))
        .collect();
    let three = Constant::Text("three".to_owned());
    assert_eq!(words, [("W", &Constant::Int(4)), ("E", &three)]);
    assert_eq!(
        pipeline.rules.counters[0].unit.as_ref().unwrap().value,
        FieldUnit::Bytes
    );
    let (level, one_of) = &pipeline.rules.counters[0].values[0];
    assert_eq!(
        (level.value.as_str(), one_of),
        ("log.level", &vec![json!("info"), json!("warn")])
    );
    assert_eq!(pipeline.rules.counters[0].values[1].1, [json!(3)]);
    let gauge = &pipeline.rules.gauges[0];
    assert_eq!(
        (gauge.name.as_str(), gauge.field.as_str()),
        ("stock_bytes", "order.stock")
    );
    assert_eq!(gauge.unit.as_ref().unwrap().value, FieldUnit::Bytes);
    assert_eq!(
        (
            gauge.series.labels.len(),
            gauge.values.len(),
            gauge.series.const_labels.len()
        ),
        (1, 1, 1)
    );
    assert_eq!(gauge.series.series_max.as_ref().unwrap().value, 7);
    assert_eq!(
        pipeline.rules.histograms[0].buckets.as_ref().unwrap().value,
        [0.1, 1.0, 10.0]
    );
}

#[test]
fn keys_have_kinds_and_places() {
    let pipeline = read(FULL);
    let keys: Vec<String> = pipeline
        .parse
        .keys
        .iter()
        .flat_map(|rule| {
            rule.sources.iter().map(|source| {
                let kind = source.kind.as_ref().map(|kind| kind.as_str());
                format!("{} = {} {kind:?}", rule.field.value, source.key.value)
            })
        })
        .collect();
    assert_eq!(
        keys,
        [
            "@timestamp = ts Some(\"when\")",
            "@timestamp = time Some(\"when\")",
            "message = msg None",
            "log.level = a:b: None",
        ]
    );
    let kind = pipeline.parse.keys[0].sources[1].kind.as_ref().unwrap();
    assert_eq!(&FULL[kind.span.start - 5..kind.span.end], "time:when");
}

#[test]
fn constants_keep_their_kind_and_order() {
    let pipeline = read(FULL);
    let set: Vec<(&str, &str, &Constant)> = pipeline
        .set
        .iter()
        .map(|(name, value)| (name.as_str(), &FULL[name.span.clone()], &value.value))
        .collect();
    assert_eq!(
        set,
        [
            ("event.kind", "event.kind", &Constant::Text("event".to_owned())),
            ("event.severity", "\"event.severity\"", &Constant::Int(3)),
            ("event.risk.score", "score", &Constant::Float(0.5)),
            ("event.risk.known", "known", &Constant::Bool(true)),
        ]
    );
}

#[test]
fn tests_have_their_lines_without_the_last_line_end() {
    let pipeline = read(FULL);
    let [one, several] = pipeline.tests.as_slice() else {
        panic!("{:?}", pipeline.tests);
    };
    assert_eq!(one.input.value, "{\"msg\": \"x\"}");
    let fields: Vec<(&str, &serde_json::Value)> = one
        .fields
        .iter()
        .map(|(name, value)| (name.as_str(), &value.value))
        .collect();
    assert_eq!(
        fields,
        [
            ("message", &json!("x")),
            ("event.severity", &json!(3)),
            ("tags", &json!(["a", "b"]))
        ]
    );
    assert_eq!(values(&one.absent), ["log.level"]);
    assert_eq!(several.input.value, "a\n  b");
    assert_eq!(&FULL[several.input.span.clone()], "'a', '  b'");
    assert!(several.unmatched && !one.unmatched);
    assert_eq!(&FULL[several.place.span.clone()], "[[test]]");
}

#[test]
fn an_empty_file_is_a_pipeline_and_a_broken_one_is_none() {
    let mut diagnostics = Diagnostics::new();
    let file = SourceFile::new("a.toml", "# nothing yet\n");
    let pipeline = PipelineFile::read("a", file, &mut diagnostics).unwrap();
    assert!(
        diagnostics
            .render(false)
            .starts_with("warning: this pipeline is empty")
    );
    assert!(!diagnostics.has_errors());
    assert_eq!(
        (pipeline.frame, pipeline.parse),
        (FrameRule::default(), ParseRule::default())
    );
    let mut diagnostics = Diagnostics::new();
    let file = SourceFile::new("a.toml", "[parse\n");
    assert_eq!(PipelineFile::read("a", file, &mut diagnostics), None);
    assert!(diagnostics.has_errors());
}
