use super::*;
use crate::event::Schema;
use crate::format::host::JsonKey;
use crate::pattern::Program;
use proptest::prelude::*;

fn patterns(format: &str) -> Vec<String> {
    read(format).unwrap().patterns()
}

fn keys(format: &str) -> Vec<(String, String, Option<&'static str>)> {
    match read(format).unwrap() {
        HostFormat::Json(keys) => keys
            .into_iter()
            .map(
                |JsonKey {
                     source, field, kind, ..
                 }| (source, field, kind),
            )
            .collect(),
        other => panic!("{other:?}"),
    }
}

const COMBINED_PATTERN: &str = concat!(
    r#"{source.ip:ip} - {user.name?} [{@timestamp:clf}] "{http.request.line:http_request?}" "#,
    r#"{http.response.status_code:int} {http.response.body.bytes:int} "{http.request.referrer?}" "#,
    r#""{user_agent.original?}""#
);

#[test]
fn combined() {
    let expected = [
        COMBINED_PATTERN.to_owned(),
        COMBINED_PATTERN.replace("{source.ip:ip}", "{source.address}"),
    ];
    assert_eq!(patterns("combined"), expected);
    assert_eq!(patterns(COMBINED), expected);
    assert_eq!(patterns(&format!("'{COMBINED}'")), expected);
}

#[test]
fn a_directive_is_read_as_it_stands_in_the_configuration() {
    let directive = "log_format  main escape=default '$remote_user [$time_local] '\n    '\"$request\" \\'${status}\\'';\n";
    assert_eq!(
        patterns(directive),
        [
            r#"{user.name?} [{@timestamp:clf}] "{http.request.line:http_request?}" '{http.response.status_code:int}'"#
        ]
    );
}

#[test]
fn comments_of_the_configuration_are_none_of_the_format() {
    assert_eq!(
        patterns("log_format main '$pid' # the worker\n # '$uri'\n ' $status';"),
        ["{process.pid:int} {http.response.status_code:int}"]
    );
}

#[test]
fn a_path_and_its_query_are_what_was_asked_for() {
    assert_eq!(
        patterns("$request_method $uri$is_args$args $status"),
        ["{http.request.method?} {url.original:request_target?} {http.response.status_code:int}"]
    );
    assert_eq!(patterns("$scheme://$host$uri$is_args$args"), ["{url.full:url?}"]);
    // The request says the same and more.
    assert_eq!(
        patterns("$document_uri$is_args$query_string|$request"),
        ["{nginx.access.document_uri_is_args_query_string?}|{http.request.line:http_request?}"]
    );
}

#[test]
fn a_timed_virtual_host() {
    assert_eq!(
        patterns(
            r#"$host:$server_port $http_x_forwarded_for "$request" rt=$request_time urt="$upstream_response_time" $cookie_JSESSIONID $cookie_lang"#
        ),
        [
            concat!(
                r#"{url.domain?}:{server.port:int?} {network.forwarded_ip:ip?} "{http.request.line:http_request?}" "#,
                r#"rt={event.duration:seconds} urt="{nginx.upstream.response_time?}" {session.id?} {nginx.access.cookie_lang?}"#
            ),
            concat!(
                r#"{url.domain?}:{server.port:int?} {nginx.access.http_x_forwarded_for:list_text?} "{http.request.line:http_request?}" "#,
                r#"rt={event.duration:seconds} urt="{nginx.upstream.response_time?}" {session.id?} {nginx.access.cookie_lang?}"#
            )
        ]
    );
}

#[test]
fn no_field_is_captured_twice() {
    assert_eq!(
        patterns("$time_local|$msec|$uri|$status|$status|$host|$server_name|$request_uri"),
        [
            "{nginx.access.time_local}|{@timestamp:epoch}|{nginx.access.uri?}|{http.response.status_code:int}|{_}|\
          {nginx.access.host?}|{nginx.access.server_name?}|{url.original:url?}"
        ]
    );
}

#[test]
fn variables_that_touch_are_kept_together() {
    assert_eq!(
        patterns("$scheme://$host$request_uri $status$request_time {$pid}"),
        ["{url.full:url?} {nginx.access.status_request_time?} {{{process.pid:int}}}"]
    );
}

#[test]
fn escaped_quotes_are_unescaped() {
    assert_eq!(
        patterns(r#"escape=json "$http_user_agent" "$request" [$http_referer]"#),
        [r#"{user_agent.original:quoted?} "{http.request.line:http_request?}" [{http.request.referrer?}]"#]
    );
}

#[test]
fn json_objects_become_keys() {
    let format = r#"log_format json escape=json '{"time":"$time_iso8601","req":{"id":"$request_id","n":1},'
        '"status":$status,"rt":$request_time, "url":"$scheme://$host$request_uri","x":"a $uri"}';"#;
    let key = |source: &str, field: &str, kind| (source.to_owned(), field.to_owned(), kind);
    assert_eq!(
        keys(format),
        [
            key("time", "@timestamp", Some("rfc3339")),
            key("url", "url.full", Some("url")),
            key("req.id", "http.request.id", None),
            key("status", "http.response.status_code", Some("int")),
            key("rt", "event.duration", Some("seconds")),
        ]
    );
}

#[test]
fn a_dash_in_json_is_no_value_where_nginx_may_have_none() {
    let HostFormat::Json(keys) = read(r#"{"ip":"$remote_addr","by":"$http_referer"}"#).unwrap() else {
        panic!();
    };
    let optional: Vec<(&str, bool)> = keys.iter().map(|key| (&*key.source, key.optional)).collect();
    assert_eq!(optional, [("ip", false), ("by", true)]);
}

#[test]
fn what_cannot_be_read_is_said() {
    for (format, at, message) in [
        ("main", 0..4, "has no variable"),
        ("escape=xml '$status'", 7..10, "\"xml\""),
        ("'$status", 0..8, "not closed"),
        ("cost $ 5 $status", 5..6, "begins no variable"),
        ("${status", 0..8, "begins no variable"),
        (r#"{"a":$status"#, 0..12, "begins like JSON"),
        ("log_format m '$status'; server", 22..30, "behind the end"),
    ] {
        let error = read(format).unwrap_err();
        assert_eq!(error.at, at, "{format}");
        assert!(error.message.contains(message), "{format}: {error}");
    }
}

const VARIABLES: [&str; 24] = [
    "remote_addr",
    "remote_port",
    "remote_user",
    "time_local",
    "time_iso8601",
    "msec",
    "request",
    "request_method",
    "request_uri",
    "uri",
    "args",
    "scheme",
    "host",
    "server_name",
    "server_port",
    "status",
    "request_time",
    "http_x_forwarded_for",
    "cookie_sid",
    "cookie_JSESSIONID",
    "upstream_addr",
    "upstream_x",
    "http_x_y",
    "server_addr",
];

proptest! {
    #[test]
    fn every_pattern_compiles(
        pieces in prop::collection::vec((prop::sample::select(&VARIABLES[..]), prop::sample::select(vec![
            " ", "\"", "\" \"", "://", "", " {", "} ", "|", "  ", "[", "é",
        ])), 1..12),
        escape in prop::sample::select(vec!["", "escape=json ", "escape=none "]),
    ) {
        let mut format = escape.to_owned();
        for (variable, text) in pieces {
            format.push_str(&format!("${{{variable}}}{text}"));
        }
        for pattern in patterns(&format) {
            let compiled = Program::compile(&pattern, &mut Schema::default());
            prop_assert!(compiled.is_ok(), "{} {:?}", pattern, compiled);
        }
    }

    #[test]
    fn any_text_is_taken(text: String, parts in prop::collection::vec(prop::sample::select(vec![
        "$", "{", "}", "'", "\"", "\\", "log_format ", "escape=json ", "$status", "${uri}", ";", " ", ":", "é", "$request", "$scheme://$host$uri",
    ]), 0..12)) {
        for format in [text, parts.concat()] {
            if let Err(error) = read(&format) {
                prop_assert!(error.at.start <= error.at.end && format.get(error.at.clone()).is_some(), "{:?}", error);
            }
        }
    }
}
