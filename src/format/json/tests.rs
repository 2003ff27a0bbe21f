use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use super::parse;
use crate::event::Schema;
use crate::format::rule::{Key, Rest, Rule, Take};
use crate::format::tests::parsed;
use crate::limits::{EXTRAS_MAX, JSON_DEPTH_MAX};
use crate::pattern::Kind;

fn key(source: &str, field: &str, kind: &str) -> Key {
    Key {
        optional: false,
        source: source.into(),
        field: field.into(),
        take: match kind {
            "" => Take::Plain,
            "raw" => Take::Raw,
            kind => Take::Kind(Kind::by_name(kind).unwrap()),
        },
    }
}

fn keys() -> Vec<Key> {
    vec![
        key("@timestamp", "@timestamp", "when"),
        key("time", "@timestamp", "when"),
        key("message", "message", ""),
        key("msg", "message", ""),
        key("log.level", "log.level", ""),
        key("level", "log.level", ""),
        key("pid", "process.pid", "int"),
        key("err.stack", "error.stack_trace", "raw"),
        key("err.type", "error.type", ""),
        key("req.url", "url.original", "url"),
        key("status", "status", ""),
    ]
}

#[test]
fn a_place_in_a_list_is_a_key() {
    let mut schema = Schema::default();
    let wanted = [key("agent.0", "agent", ""), key("agent.2.x", "x", "int")];
    let prefix = "rest.".to_owned();
    let rule = Rule::new(&wanted, Rest::Keep { prefix }, &mut schema);
    for (text, expected) in [
        (
            r#"{"agent":["a",[1],{"x":5}]}"#,
            Some(json!({"agent": "a", "x": 5, "rest.agent.1": [1]})),
        ),
        (
            r#"{"agent": [ "a" ] , "b":1}"#,
            Some(json!({"agent": "a", "rest.b": 1})),
        ),
        (r#"{"agent":[]}"#, Some(json!({}))),
        (r#"{"agent":"a"}"#, Some(json!({"rest.agent": "a"}))),
        (r#"{"agent":["a",]}"#, None),
        (r#"{"agent":["a""#, None),
    ] {
        let found = parsed(&schema, |text, scene| parse(&rule, text, scene), text.as_bytes());
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn a_dash_in_place_of_an_optional_value_is_none() {
    let mut schema = Schema::default();
    let wanted = [
        Key {
            optional: true,
            ..key("user", "user.name", "text")
        },
        key("agent", "user_agent.original", "text"),
    ];
    let rule = Rule::new(
        &wanted,
        Rest::Keep {
            prefix: String::new(),
        },
        &mut schema,
    );
    let text = br#"{"user":"-","agent":"-"}"#;
    let found = parsed(&schema, |text, scene| parse(&rule, text, scene), text);
    assert_eq!(found, Some(json!({"user_agent.original": "-"})));
}

fn run(rest: Rest, text: &[u8]) -> Option<Json> {
    let mut schema = Schema::default();
    let rule = Rule::new(&keys(), rest, &mut schema);
    parsed(&schema, |text, scene| parse(&rule, text, scene), text)
}

/// Unknown keys are labels.
fn labelled(text: &str) -> Option<Json> {
    let prefix = "labels.".to_owned();
    run(Rest::Keep { prefix }, text.as_bytes())
}

/// Unknown keys keep their names.
fn flat(text: &str) -> Option<Json> {
    run(
        Rest::Keep {
            prefix: String::new(),
        },
        text.as_bytes(),
    )
}

#[test]
fn wanted_keys_become_fields_and_the_rest_labels() {
    assert_eq!(
        labelled(
            r#" {"level":"info","time":"2026-11-22T17:28:30.12Z","pid":7,"msg":"a \"b\"","req":{"url":"/x?y=1","id":"\n"},
            "tags":["x",null],"user":{"id":1},"flag":false,"n":1.50,"nothing":null,"empty":""} "#
        ),
        Some(json!({
            "@timestamp": "2026-11-22T17:28:30.12Z", "log.level": "info", "process.pid": 7, "message": "a \"b\"",
            "url.original": "/x?y=1", "url.path": "/x", "url.query": "y=1", "labels.req.id": "\n",
            "labels.tags": ["x", null], "labels.user": {"id": 1}, "labels.flag": false, "labels.n": 1.5, "labels.empty": "",
        }))
    );
    assert_eq!(
        run(Rest::Drop, br#"{"msg":"a","x":1,"y":{"z":[]}}"#),
        Some(json!({"message": "a"}))
    );
    assert_eq!(flat("{}"), Some(json!({})));
}

#[test]
fn a_path_may_be_nested_or_dotted() {
    let expected = Some(json!({"log.level": "warn", "error.type": "E", "error.stack_trace": "a\nb"}));
    assert_eq!(
        flat(r#"{"log":{"level":"warn"},"err":{"type":"E","stack":"a\nb"}}"#),
        expected
    );
    assert_eq!(
        flat(r#"{"log.level":"warn","err.type":"E","err.stack":"a\nb"}"#),
        expected
    );
    // What is no object where the path has one is an unknown key, and a label where others have an object.
    assert_eq!(
        flat(r#"{"err":"text","log":[1]}"#),
        Some(json!({"err": "text", "labels.log": [1]}))
    );
}

#[test]
fn the_first_way_that_is_there_counts_and_the_others_are_kept() {
    assert_eq!(
        labelled(r#"{"msg":"second","message":"first"}"#),
        Some(json!({"message": "first", "labels.msg": "second"}))
    );
    assert_eq!(
        labelled(r#"{"message":"","msg":"second"}"#),
        Some(json!({"message": "second"}))
    );
    assert_eq!(
        labelled(r#"{"message":null,"msg":"second"}"#),
        Some(json!({"message": "second"}))
    );
    assert_eq!(
        labelled(r#"{"@timestamp":"no date","time":1795368510,"pid":"x"}"#),
        Some(
            json!({"@timestamp": "2026-11-22T17:28:30Z", "labels.@timestamp": "no date", "labels.pid": "x"})
        )
    );
}

#[test]
fn no_field_is_there_twice() {
    assert_eq!(
        labelled(r#"{"a":1,"msg":"x","a":2,"msg":"y","a":3}"#),
        Some(json!({"labels.a": 3, "message": "y", "labels.msg": "x"}))
    );
    // Both keys are the one path.
    assert_eq!(
        flat(r#"{"log.level":"x","log":{"level":"y"}}"#),
        Some(json!({"log.level": "y", "labels.log_level": "x"}))
    );
    // "error.type" is called as a field that another key goes to.
    assert_eq!(
        flat(r#"{"error.type":"own","err":{"type":"E"},"@timestamp":"no date"}"#),
        Some(json!({"error.type": "E", "labels.error_type": "own", "labels.@timestamp": "no date"}))
    );
    assert_eq!(
        flat(r#"{"error":{"type":"own","id":1},"error.type":"last"}"#),
        Some(json!({"error.type": "last", "error.id": 1, "labels.error_type": "own"}))
    );
    assert_eq!(flat(r#"{"a.b":1,"\u0061.b":2}"#), Some(json!({"a.b": 2})));
}

#[test]
fn a_name_of_the_agent_becomes_a_label() {
    assert_eq!(
        flat(
            r#"{"log":{"offset":5,"file":{"path":"/a","line":2}},"log.flags":1,"stream":"x","data_stream":{"dataset":"d"}}"#
        ),
        Some(json!({
            "labels.log_offset": 5, "labels.log_file_path": "/a", "log.file.line": 2, "labels.log_flags": 1,
            "labels.stream": "x", "labels.data_stream_dataset": "d",
        }))
    );
}

#[test]
fn a_text_takes_no_object_s_place_nor_an_object_a_text_s() {
    assert_eq!(
        flat(
            r#"{"host":"web1","process":"p","http":["a",1],"agent":[{"id":1}],"source":[1,{}],"labels":"l","user":null}"#
        ),
        Some(json!({
            "labels.host": "web1", "labels.process": "p", "labels.http": ["a", 1], "agent": [{"id": 1}],
            "labels.source": "[1,{}]", "labels.labels": "l",
        }))
    );
    assert_eq!(
        flat(r#"{"message":{"a":1},"tags":{"b":[2]},"url":{"path":{"c":3},"x":4},"level":[{}]}"#),
        Some(json!({
            "message": "{\"a\":1}", "tags": "{\"b\":[2]}", "url.path": "{\"c\":3}", "url.x": 4, "log.level": "[{}]",
        }))
    );
    let mut schema = Schema::default();
    schema.intern("host.name");
    let prefix = String::new();
    let rule = Rule::new(&keys(), Rest::Keep { prefix }, &mut schema);
    for (text, expected) in [
        (r#"{"host":"web1"}"#, json!({"host.name": "web1"})),
        (
            r#"{"host":"web1","host.name":"a"}"#,
            json!({"host.name": "a", "labels.host": "web1"}),
        ),
        (
            r#"{"host":{"name":"a","ip":"b"}}"#,
            json!({"host.name": "a", "host.ip": "b"}),
        ),
    ] {
        let found = parsed(&schema, |text, scene| parse(&rule, text, scene), text.as_bytes());
        assert_eq!(found, Some(expected), "{text}");
    }
}

#[test]
fn nothing_is_within_a_field_that_has_a_value() {
    assert_eq!(
        flat(
            r#"{"message":"x","message.id":{"a":1},"log":{"level.name":"y"},"log.offset.x":2,"order.id":3}"#
        ),
        Some(json!({
            "message": "x", "labels.message_id": "{\"a\":1}", "labels.log_level_name": "y", "labels.log_offset_x": 2,
            "order.id": 3,
        }))
    );
    // Whichever of them comes first; but an object and what is in it are one.
    assert_eq!(
        flat(r#"{"app.kubernetes.io/name":"a","app":"b","x.y":1,"x":[2],"x.y.z":3,"x_y":4}"#),
        Some(json!({
            "labels.app_kubernetes_io/name": "a", "app": "b", "labels.x_y": 1, "x": [2], "labels.x_y_z": 3, "x_y": 4,
        }))
    );
    assert_eq!(
        flat(r#"{"x":{"y":1},"x.y":2,"z.y":3,"z":[{"y":4}]}"#),
        Some(json!({"x": {"y": 1}, "x.y": 2, "z.y": 3, "z": [{"y": 4}]}))
    );
    let mut schema = Schema::default();
    for name in ["message", "message.template", "order.id"] {
        schema.intern(name);
    }
    let prefix = String::new();
    let rule = Rule::new(&keys(), Rest::Keep { prefix }, &mut schema);
    for (text, expected) in [
        // The field is called `labels.message_template` in documents, and takes the value of what would be called so there.
        (r#"{"message.template":"t"}"#, json!({"message.template": "t"})),
        (
            r#"{"labels.message_template":"t"}"#,
            json!({"message.template": "t"}),
        ),
        (
            r#"{"message":{"template":"t"}}"#,
            json!({"message": "{\"template\":\"t\"}"}),
        ),
        (r#"{"order":"o"}"#, json!({"labels.order": "o"})),
        (
            r#"{"order":{"id":1,"x":2}}"#,
            json!({"order.id": 1, "order.x": 2}),
        ),
        (r#"{"order":{},"x":{ }}"#, json!({})),
    ] {
        let found = parsed(&schema, |text, scene| parse(&rule, text, scene), text.as_bytes());
        assert_eq!(found, Some(expected), "{text}");
    }
}

#[test]
fn numbers_stay_exact() {
    assert_eq!(
        labelled(r#"{"status":12345678901234567890123,"big":12345678901234567890123,"pid":"42"}"#)
            .map(|json| json.to_string()),
        serde_json::from_str::<Json>(
            r#"{"process.pid":42,"status":12345678901234567890123,"labels.big":12345678901234567890123}"#
        )
        .ok()
        .map(|json| json.to_string())
    );
    assert_eq!(labelled(r#"{"status":-7}"#), Some(json!({"status": -7})));
    assert_eq!(labelled(r#"{"status":0.25}"#), Some(json!({"status": 0.25})));
    assert_eq!(labelled(r#"{"status":true}"#), Some(json!({"status": true})));
}

#[test]
fn what_is_no_text_is_repaired() {
    let prefix = "labels.".to_owned();
    assert_eq!(
        run(
            Rest::Keep { prefix },
            b"{\"msg\":\"bad \xff\",\"x\":\"\xc3(\",\"y\":[\"\\ud800\"],\"err\":{\"stack\":\"\\udc00\"}}"
        ),
        Some(json!({
            "message": "bad \u{fffd}", "labels.x": "\u{fffd}(", "labels.y": ["\u{fffd}"], "error.stack_trace": "\u{fffd}",
        }))
    );
}

#[test]
fn other_lines_are_mismatches() {
    for line in [
        "",
        " ",
        "text",
        "42",
        "[1,2,3]",
        "{",
        r#"{"msg":"trailing comma",}"#,
        "{'msg':'single quotes'}",
        r#"{"msg":"a"}{"msg":"b"}"#,
        r#"{"msg":"xxxxx"} trailing"#,
        r#"{"msg":"a" "n":1}"#,
        r#"{"msg" "a"}"#,
        r#"{"msg":01}"#,
        "{\"msg\":\"tab\tinside\"}",
        r#"{"msg":"\x22"}"#,
        r#"{"msg":"a","req":{"url":"x"}"#,
    ] {
        assert_eq!(labelled(line), None, "{line}");
    }
    assert_eq!(
        labelled("\u{feff}\t{\"msg\":\"x\"}\r\n"),
        Some(json!({"message": "x"}))
    );
}

#[test]
fn what_is_too_much_is_a_mismatch() {
    let deep = |depth: usize| {
        format!(
            r#"{{"msg":"deep","d":{}{}}}"#,
            "[".repeat(depth - 1),
            "]".repeat(depth - 1)
        )
    };
    assert!(flat(&deep(JSON_DEPTH_MAX)).is_some());
    assert_eq!(flat(&deep(JSON_DEPTH_MAX + 1)), None);

    let wide = |keys: usize| {
        let members: Vec<String> = (0..keys).map(|key| format!(r#""k{key}":{key}"#)).collect();
        format!("{{{}}}", members.join(","))
    };
    assert!(flat(&wide(EXTRAS_MAX)).is_some());
    assert_eq!(flat(&wide(EXTRAS_MAX + 1)), None);
    // What a line with too many unknown keys had set is gone too.
    assert_eq!(
        flat(&wide(EXTRAS_MAX).replacen('{', r#"{"msg":"1","message":"2","#, 1)),
        None
    );
}

/// What a line says, by serde: the rule of `keys()` with nothing listed and unknown keys as they are.
fn by_serde(text: &str) -> Option<Map<String, Json>> {
    let mut read: Map<String, Json> =
        serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(text)).ok()?;
    read.retain(|_, value| !value.is_null());
    Some(read)
}

fn json_value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u32>().prop_map(|number| Json::from(f64::from(number) / 8.0)),
        any::<String>().prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::vec(("[a-c.]{1,2}", inner), 0..4)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn nothing_of_an_object_is_lost_or_changed(
        members in prop::collection::vec(("[a-d]{1,2}", json_value()), 0..12),
        pretty: bool,
    ) {
        let members: Vec<String> = members
            .iter()
            .map(|(key, value)| {
                let value = if pretty { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
                format!("\"{key}\":{}", value.unwrap())
            })
            .collect();
        let line = format!("{{{}}}", members.join(","));
        let mut schema = Schema::default();
        let rule = Rule::new(&[], Rest::Keep { prefix: String::new() }, &mut schema);
        let mut expected = by_serde(&line).unwrap();
        // Of equal keys the last that says something counts; serde has the last.
        let found = parsed(&schema, |text, scene| parse(&rule, text, scene), line.as_bytes());
        let Some(Json::Object(mut found)) = found else {
            return Err(TestCaseError::fail("a mismatch"));
        };
        let says_nothing = |value: &Json| value.is_null() || value.as_object().is_some_and(Map::is_empty);
        let keys: Vec<String> = serde_json::from_str::<Map<String, Json>>(&line).unwrap()
            .into_iter().filter(|(_, value)| says_nothing(value)).map(|(key, _)| key).collect();
        for key in keys {
            found.remove(&key);
            expected.remove(&key);
        }
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn any_bytes_are_taken(parts in prop::collection::vec(prop_oneof![
        prop::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"", "\\", " ", "\"msg\":", "\"err\":{", "\"stack\":", "\"a\":1,", "\"log.level\":",
            "null", "1e5", "\\ud800", "\"x\"", "\"@timestamp\":",
        ]).prop_map(|part| part.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..4),
    ], 0..16)) {
        let mut line = b"{".to_vec();
        line.extend(parts.concat());
        for rest in [Rest::Drop, Rest::Keep { prefix: String::new() }, Rest::Keep { prefix: "labels.".into() }] {
            let expected = std::str::from_utf8(&line)
                .ok()
                .map(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok());
            let found = run(rest, &line);
            // Where the line is text, serde says whether it is JSON.
            prop_assert!(expected.is_none_or(|expected| expected == found.is_some()), "{}", String::from_utf8_lossy(&line));
        }
    }
}
