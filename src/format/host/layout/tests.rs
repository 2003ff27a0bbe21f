use proptest::prelude::*;

use super::*;
use crate::event::Schema;
use crate::pattern::Program;

fn layout(text: &str) -> (Vec<String>, Vec<String>) {
    match read(text) {
        Ok(HostFormat::Events { patterns, starts }) => (starts, patterns),
        other => panic!("{text}: {other:?}"),
    }
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(layout(text).1, expected, "{text}");
}

#[test]
fn usual_layouts() {
    check(
        "%d{HH:mm:ss.SSS} [%thread] %-5level %logger{36} - %msg%n",
        &["{@timestamp:clock} [{process.thread.name?}] {log.level:level}  {log.logger?} - {message:lines}"],
    );
    check(
        "%d{ISO8601} %p [%t] %c: %m%n%ex",
        &["{@timestamp:datetime} {log.level:level} [{process.thread.name?}] {log.logger?}: {message:lines}"],
    );
    check(
        "%d{yy/MM/dd HH:mm:ss} %5p %c{1}:%L - %m%xEx%n",
        &[
            "{@timestamp:yymmdd}  {log.level:level} {log.logger?}:{log.origin.file.line:int} - {message:lines}",
            "{@timestamp:yymmdd}  {log.level:level} {log.logger?}:{_?} - {message:lines}",
        ],
    );
    check(
        "%d %p %logger{36}.%M:%L - %m%n",
        &[
            "{@timestamp:datetime} {log.level:level} {log.logger:dotted?}.{log.origin.function?}:{log.origin.file.line:int} - {message:lines}",
            "{@timestamp:datetime} {log.level:level} {log.logger:dotted?}.{log.origin.function?}:{_?} - {message:lines}",
        ],
    );
    check(
        "[%d] %p %X{connector.context}%m (%c:%L)%n",
        &[
            "[{@timestamp:datetime}] {log.level:level} {labels.connector.context?}{message:longest} ({log.logger?}:{log.origin.file.line:int})",
            "[{@timestamp:datetime}] {log.level:level} {labels.connector.context?}{message:lines} ({log.logger?}:{log.origin.file.line:int})\n{error.stack_trace:lines}",
            "[{@timestamp:datetime}] {log.level:level} {labels.connector.context?}{message:longest} ({log.logger?}:{_?})",
            "[{@timestamp:datetime}] {log.level:level} {labels.connector.context?}{message:lines} ({log.logger?}:{_?})\n{error.stack_trace:lines}",
        ],
    );
}

#[test]
fn groups_colours_and_variables_are_what_is_in_them() {
    check(
        "%clr(%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX}){faint} %clr(%5p) %clr(${PID:-}){magenta} --- [%15.15t] %-40.40logger{39} : %m%n%wEx",
        &[
            "{@timestamp:datetime}  {log.level:level} {process.pid:int?} --- [{process.thread.name:trimmed?}] {log.logger?}  : {message:lines}",
        ],
    );
    check(
        "%d{${LOG_DATEFORMAT_PATTERN:-yyyy-MM-dd HH:mm:ss.SSS}} %d{${sys:LOG_DATEFORMAT_PATTERN}} %m",
        &["{@timestamp:datetime} {_:when} {message:lines}"],
    );
    check(
        "%highlight{%-5level}{FATAL=red} %boldRed([%t]) ${LOG:-%c} $x %% {%X{userId:-none}} %m",
        &[
            "{log.level:level}  [{process.thread.name?}] {log.logger?} $x % {{{labels.userId?}}} {message:lines}",
        ],
    );
}

#[test]
fn nothing_between_blanks_is_nothing() {
    // Flink's: `%x` is empty, and the blanks around it are those that fill the logger up.
    check(
        "%d{HH:mm:ss,SSS} %-5p %-60c %x - %m%n",
        &[
            "{@timestamp:clock} {log.level:level}  {log.logger:word?}  - {message:lines}",
            "{@timestamp:clock} {log.level:level}  {log.logger?}  {log.ndc?} - {message:lines}",
        ],
    );
}

#[test]
fn a_line_of_code_may_be_unknown() {
    let (starts, patterns) = layout("%d %c:%L - %m%n");
    assert_eq!(
        patterns,
        [
            "{@timestamp:datetime} {log.logger?}:{log.origin.file.line:int} - {message:lines}",
            "{@timestamp:datetime} {log.logger?}:{_?} - {message:lines}",
        ]
    );
    assert_eq!(
        starts,
        ["{_:datetime} {_?}:{_:int} - {_}", "{_:datetime} {_?}:{_?} - {_}"]
    );
}

#[test]
fn blanks_before_a_first_value_may_be_there() {
    check(
        "%5p %t %m%n",
        &[
            "{log.level:level} {process.thread.name?} {message:lines}",
            "  {log.level:level} {process.thread.name?} {message:lines}",
        ],
    );
    assert_eq!(layout("%5p %m%n").0, ["{_:level} {_}", "  {_:level} {_}"]);
    check(
        "%5p[%t] %m",
        &["{log.level:trimmed}[{process.thread.name?}] {message:lines}"],
    );
}

#[test]
fn names_that_bring_their_brackets() {
    let expected = [
        "{log.level:level} --- [{service.name?}] [{process.thread.name:trimmed?}] {message:lines}",
        "{log.level:level} --- [{process.thread.name:trimmed?}] {message:lines}",
    ];
    check("%p --- %applicationName[%15.15t] %m", &expected);
    check(
        "%p --- %esb(){APPLICATION_NAME}%esb{APPLICATION_GROUP}[%15.15t] %m",
        &expected,
    );
    check(
        "%p [${springAppName:-}] %m",
        &["{log.level:level} [{service.name?}] {message:lines}"],
    );
}

#[test]
fn dates_in_parts_and_in_brackets() {
    check(
        "%d{yyyy-MM-dd} %d{HH:mm:ss.SSS} %p %m",
        &["{@timestamp:datetime} {log.level:level} {message:lines}"],
    );
    check(
        "%d{[dd.MM.yy HH:mm:ss]} %m",
        &["[{@timestamp:day_first}] {message:lines}"],
    );
}

#[test]
fn a_tail_that_ends_in_a_value_is_tried_with_its_trace_first() {
    check(
        "%m | %c%n",
        &[
            "{message:lines} | {log.logger?}\n{error.stack_trace:lines}",
            "{message:longest} | {log.logger?}",
        ],
    );
}

#[test]
fn words_of_jboss() {
    check(
        "%K{level}%d{HH:mm:ss,SSS} %h %N[%i] %-5p [%c] (%t) %s%E%n",
        &[
            "{@timestamp:clock} {host.hostname?} {_?}[{process.pid:int?}] {log.level:level}  [{log.logger?}] ({process.thread.name?}) {message:lines}",
        ],
    );
    check("%K{order} %m", &["{labels.order?} {message:lines}"]);
}

#[test]
fn a_head_of_two_lines_begins_with_its_first() {
    assert_eq!(layout("%d %p%n   %c - %m%n").0, ["{_:datetime} {_:level}"]);
}

#[test]
fn a_line_that_begins_an_event_looks_like_its_head() {
    assert_eq!(
        layout("%d %-5p [%X{traceId},%X{spanId}] %m%n").0,
        ["{_:datetime} {_:level}  [{_?},{_?}] {_}"]
    );
    assert!(layout("%m%n").0.is_empty());
}

#[test]
fn what_cannot_be_read_is_said() {
    for (text, at, message) in [
        ("%d %p", 0..5, "no message"),
        ("%d %Q %m", 3..5, "unknown conversion word `%Q`"),
        ("%d{QQQ} %m", 0..7, "times written as `QQQ`"),
    ] {
        let error = read(text).unwrap_err();
        assert_eq!(error.at, at, "{text}");
        assert!(error.message.contains(message), "{text}: {error}");
    }
}

proptest! {
    #[test]
    fn separated_words_compile(words in prop::collection::vec(prop::sample::select(vec![
        "%d", "%-5p", "%5p", "%t", "%20.20t", "%-30c", "%X{a b}", "%X", "%x", "%L", "%pid", "%clr(%t){red}", "%%", "{", "${A}",
    ]), 0..10), mark in prop::sample::select(vec![" ", "] ", " - "])) {
        let text = words.iter().map(|word| format!("{word}{mark}")).collect::<String>() + "%m";
        let (starts, patterns) = layout(&text);
        for pattern in starts.iter().chain(&patterns) {
            let compiled = Program::compile(pattern, &mut Schema::default());
            prop_assert!(compiled.is_ok(), "{} {:?}", pattern, compiled);
        }
    }

    #[test]
    fn any_text_is_taken(parts in prop::collection::vec(prop_oneof![
        prop::sample::select(vec!["%", "%m", "%d{", "}", "(", ")", "%clr(", "${", ":-", "%-5", "\\", "é", "%n", "{"]).prop_map(str::to_owned),
        any::<String>(),
    ], 0..12)) {
        let text = parts.concat();
        if let Err(error) = read(&text) {
            prop_assert!(text.get(error.at.clone()).is_some(), "{:?}", error);
        }
    }
}
