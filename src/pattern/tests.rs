//! The language as a whole: what patterns match and give.

use bumpalo::Bump;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::needle::EXAMINED;
use super::{Clock, Kind, Mismatch, Program, Scene};
use crate::event::{Fields, Schema, Timestamp, Value};

/// `name=value` of every field that is there, in the order of the slots.
pub(super) fn show(schema: &Schema, fields: &Fields<'_>) -> String {
    let mut out = Vec::new();
    for (field, name) in schema.iter() {
        let value = fields.get(field);
        if value.is_absent() {
            continue;
        }
        if !out.is_empty() {
            out.push(b' ');
        }
        out.extend_from_slice(name.as_bytes());
        out.push(b'=');
        match value {
            Value::Absent => {}
            Value::Text(text) | Value::Json(text) => out.extend_from_slice(text),
            Value::Int(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Value::Float(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Value::Bool(yes) => out.extend_from_slice(yes.to_string().as_bytes()),
            Value::Time(at) => at.write_rfc3339(&mut out),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// 2026-11-22T17:28:30Z.
pub(super) fn clock() -> Clock {
    Clock::new(TimeZone::UTC, Timestamp::from_millis(1_795_368_510_000))
}

/// What a pattern gives for a line. After a mismatch nothing may be set, and `matches` must always agree.
fn parse(pattern: &str, line: &[u8]) -> Result<String, Mismatch> {
    let mut schema = Schema::default();
    let program = Program::compile(pattern, &mut schema).unwrap_or_else(|error| panic!("{pattern}: {error}"));
    let (arena, mut fields, mut clock) = (Bump::new(), Fields::new(schema.len()), clock());
    let result = program.run(
        line,
        &mut Scene {
            fields: &mut fields,
            clock: &mut clock,
            arena: &arena,
        },
    );
    let shown = show(&schema, &fields);
    assert_eq!(program.matches(line, &mut clock), result.is_ok(), "{pattern}");
    let outline = program.outline();
    let opens = line.starts_with(&outline.opening);
    let ends = outline.last.is_none_or(|last| line.last() == Some(&last));
    assert!(
        outline.admits_first(line) && opens && ends || result.is_err(),
        "{pattern}"
    );
    assert!(!(outline.opening_is_all && opens) || result.is_ok(), "{pattern}");
    assert_eq!(
        program.explain(line, &mut clock).is_none(),
        result.is_ok(),
        "{pattern}"
    );
    for (field, _) in schema.iter() {
        assert!(program.fields().contains(&field));
        assert!(
            result.is_ok() || fields.get(field).is_absent(),
            "{pattern}: {shown}"
        );
    }
    result.map(|()| shown)
}

fn check(pattern: &str, cases: &[(&str, Option<&str>)]) {
    for (line, expected) in cases {
        let found = parse(pattern, line.as_bytes()).ok();
        assert_eq!(found.as_deref(), *expected, "{pattern} on {line}");
    }
}

#[test]
fn text_ends_where_the_literal_stands_first() {
    check(
        "[{a}] {b}",
        &[
            ("[x] y", Some("a=x b=y")),
            ("[x] y] z", Some("a=x b=y] z")),
            ("[] ", Some("a= b=")),
            ("[x]y", None),
            ("x] y", None),
            ("[x", None),
            ("", None),
        ],
    );
    check(
        "{a} - {b}",
        &[
            ("x - y - z", Some("a=x b=y - z")),
            ("x-y", None),
            (" - ", Some("a= b=")),
        ],
    );
    check(
        "{a}, client: {b}",
        &[("x, y, client: z", Some("a=x, y b=z")), ("x, client:z", None)],
    );
    check("{a}", &[("", Some("a=")), ("x\ny\n", Some("a=x\ny\n"))]);
}

#[test]
fn text_ends_before_what_a_type_can_begin_with() {
    check(
        r#""{a}" {b:int} {c}"#,
        &[
            (r#""GET /" x" 200 y"#, Some(r#"a=GET /" x b=200 c=y"#)),
            (r#""" 5 y"#, Some("a= b=5 c=y")),
            (r#""x" y"#, None),
            // The first place that looks right is taken; there is no second try.
            (r#""x" 2y" 200 z"#, None),
        ],
    );
    check(
        r#""{a}" {b:int?}"#,
        &[
            (r#""x" y" 5"#, Some(r#"a=x" y b=5"#)),
            (r#""x" y" -"#, Some(r#"a=x" y"#)),
            (r#""x" y" "#, Some(r#"a=x" y"#)),
        ],
    );
    check(
        "{a}: {b:word}",
        &[("x:  y: z", Some("a=x:  y b=z")), ("x: ", None)],
    );
    check(
        r#"{a} "{b}""#,
        &[(r#"x "y" z""#, Some(r#"a=x b=y" z"#)), (r#"x "y" z"#, None)],
    );
}

#[test]
fn a_typed_capture_knows_its_end() {
    check(
        "{a:int}ms {b:level}:{c:hex}",
        &[
            ("12ms WARN:ff", Some("a=12 b=WARN c=ff")),
            ("12 ms WARN:ff", None),
            ("12ms WARN2:ff", None),
            ("12ms WARN:ffg", None),
            ("12ms WARN:", None),
        ],
    );
    check("{a:int}]", &[("5]", Some("a=5")), ("5] ", None)]);
    check(
        "{a:level}{b:int}{c}",
        &[("I1122 x", Some("a=I b=1122 c= x")), ("1122", None)],
    );
    check(
        "{a:quoted} {b:quoted}",
        &[
            (r#""x \"y\"" "" z"#, None),
            (r#""x \"y\"" "z""#, Some(r#"a=x "y" b=z"#)),
        ],
    );
    check(
        "{a:ip}:{b:int}",
        &[("10.0.0.1:80", Some("a=10.0.0.1 b=80")), ("10.0.0:80", None)],
    );
}

#[test]
fn an_optional_capture_may_be_missing() {
    check(
        "{a?} {b:int?} {c:quoted?} {d:seconds?}",
        &[
            ("x 1 \"y\" 0.5", Some("a=x b=1 c=y d=500000000")),
            ("- - - -", Some("")),
            ("   ", Some("")),
            ("  ", None),
            ("x  \"\" -", Some("a=x")),
            ("x -1 \"-\" ", Some("a=x b=-1")),
            ("-- - - -", Some("a=--")),
            ("x y - -", None),
            ("x -- - -", None),
        ],
    );
    check(
        "{_?} {_:int?}|{a:trimmed?}|",
        &[
            ("x -| - |", Some("")),
            ("  |  x |", Some("a=x")),
            ("x y|x|", None),
            (" 1| x |", Some("a=x")),
        ],
    );
    check("{r:http_request?}", &[("-", Some("")), ("x", Some("r=x"))]);
    check(
        "{c:endpoint?} {w:word?}",
        &[("- ", Some("")), ("h:1 w", Some("c.domain=h c.port=1 w=w"))],
    );
}

#[test]
fn blanks_in_a_pattern_are_any_number_in_the_line() {
    check(
        "{a:level}  {b}  : {c}",
        &[
            ("INFO 1 : x", Some("a=INFO b=1 c=x")),
            ("INFO    1 \t : x : y", Some("a=INFO b=1 c=x : y")),
            ("INFO 1: 2   : x", Some("a=INFO b=1: 2 c=x")),
            ("INFO1 : x", None),
            ("INFO 1: x", None),
        ],
    );
    check(
        "  {a}  {b:int}",
        &[
            (" x y  5", Some("a=x y b=5")),
            ("x 5", None),
            ("\tx\t5", Some("a=x b=5")),
        ],
    );
    check("{a}  ", &[("x y   ", Some("a=x y")), ("x", None)]);
    check(
        "{a}:  [{b}]",
        &[("x: y:  [z]", Some("a=x: y b=z")), ("x:[z]", None)],
    );
    check("a  b  c", &[("a b\t\tc", Some("")), ("a bc", None)]);
}

#[test]
fn a_capture_stays_on_its_line_except_at_the_end() {
    check("{a}] {b}", &[("x] y\nz", Some("a=x b=y\nz")), ("x\ny] z", None)]);
    check("{a:lines}] {b}", &[("x\ny] z", Some("a=x\ny b=z"))]);
    check(
        "{a}\n{b}\n{c}",
        &[("x\ny\nz\nw", Some("a=x b=y c=z\nw")), ("x\ny", None)],
    );
    check(
        "{a:lines}\n--\n{b}: {c}",
        &[
            ("x\ny\n--\nz: w", Some("a=x\ny b=z c=w")),
            ("x\n--\nz\nw: v", None),
        ],
    );
    check("{a}  {b}", &[("x\ny z", None)]);
    check(
        "{a:longest} ({b:word})",
        &[
            ("x (y)\nz (w) (v)", Some("a=x (y)\nz (w) b=v")),
            ("x (y) z", None),
        ],
    );
    check(
        "{a:dotted}.{b:word}:{c:int} - {d}",
        &[
            ("a.b.C.d:5 - e. f.g:1 - h", Some("a=a.b.C b=d c=5 d=e. f.g:1 - h")),
            ("C.d:5 - e", Some("a=C b=d c=5 d=e")),
            ("C:5 - e.f:6 - g", None),
        ],
    );
    check(
        "{a:dotted}.{b:word}({c:word}:{d:int})",
        &[("a.b.C.d(C.java:5)", Some("a=a.b.C b=d c=C.java d=5"))],
    );
    check("{a:dotted} {b}", &[("x y z", Some("a=x b=y z")), ("x", None)]);
    check(
        "{a:dotted}",
        &[("x.y", Some("a=x.y")), ("x:y", None), ("x y", None)],
    );
    check("{a:longest}:{b:int} c", &[("x:1:2 c", Some("a=x:1 b=2"))]);
    check(
        "{a:longest}  {b:int}",
        &[("1  2 x 3 y", None), ("1  2 \t3", Some("a=1  2 b=3"))],
    );
    check(
        "{a:longest}  : {b}",
        &[("1  : 2   : 3 : ", Some("a=1  : 2   : 3 b="))],
    );
    // The search for these looks for their second byte first.
    check("{a} [{b}", &[("\n [x", None), (" [x", Some("a= b=x"))]);
    check("{a} \n{b}", &[("\n \nx", None), (" \nx", Some("a= b=x"))]);
}

#[test]
fn braces_are_doubled() {
    check("{{{a}}} {b}", &[("{x} y", Some("a=x b=y"))]);
    check("}}{{", &[("}{", Some("")), ("}}{{", None)]);
}

#[test]
fn real_lines() {
    check(
        r#"{source.ip:ip} - {user.name?} [{@timestamp:clf}] "{http.request.line:http_request}" {http.response.status_code:int} {http.response.body.bytes:int} "{http.request.referrer?}" "{user_agent.original?}" {event.duration:seconds}"#,
        &[
            (
                r#"::1 - - [22/Nov/2026:17:28:30 +0100] "GET /a?b=c HTTP/1.1" 200 18 "-" "Mozilla/5.0 (X11)" 0.252"#,
                Some(
                    "source.ip=::1 @timestamp=2026-11-22T16:28:30Z http.request.method=GET url.original=/a?b=c \
                     url.path=/a url.query=b=c http.version=1.1 http.response.status_code=200 \
                     http.response.body.bytes=18 user_agent.original=Mozilla/5.0 (X11) event.duration=252000000",
                ),
            ),
            (
                r#"10.0.0.7 - alice [22/Nov/2026:17:28:30 +0000] "\x16\x03" x" 400 157 "" "a" b" 1.000"#,
                Some(
                    "source.ip=10.0.0.7 user.name=alice @timestamp=2026-11-22T17:28:30Z \
                     http.request.line=\\x16\\x03\" x http.response.status_code=400 http.response.body.bytes=157 \
                     user_agent.original=a\" b event.duration=1000000000",
                ),
            ),
        ],
    );
    check(
        "{@timestamp:rfc3339}  {log.level:level}  {process.pid:int} --- [{service.name}] [{process.thread.name:trimmed}]  {log.logger}  : {message}",
        &[(
            "2026-11-22T17:25:01.395Z  INFO 32279 --- [shop-api] [           main] shop.App             : Starting\n\nat x",
            Some(
                "@timestamp=2026-11-22T17:25:01.395Z log.level=INFO process.pid=32279 service.name=shop-api \
                 process.thread.name=main log.logger=shop.App message=Starting\n\nat x",
            ),
        )],
    );
    check(
        "{@timestamp:datetime} [{process.pid:int}] {user.name}@{postgresql.log.database} {log.level:level}:  {message}",
        &[(
            "2026-11-22 17:25:04.110 CET [46] shop@orders LOG:  statement: select 1",
            Some(
                "@timestamp=2026-11-22T16:25:04.110Z process.pid=46 user.name=shop postgresql.log.database=orders \
                 log.level=LOG message=statement: select 1",
            ),
        )],
    );
    check(
        "<{p:int}>{@timestamp:syslog} {host.hostname} {process.name}[{process.pid:int}]: {message}",
        &[(
            "<150>Nov  2 17:40:22 localhost haproxy[683]: x",
            Some(
                "p=150 @timestamp=2026-11-02T17:40:22Z host.hostname=localhost process.name=haproxy process.pid=683 \
                 message=x",
            ),
        )],
    );
    check(
        "{log.level:level}{@timestamp:klog}  {process.thread.id:int} {log.origin.file.name}:{log.origin.file.line:int}] {message}",
        &[(
            "W1122 18:02:10.264007   25245 main.go:104] Failed",
            Some(
                "log.level=W @timestamp=2026-11-22T18:02:10.264007Z process.thread.id=25245 \
                 log.origin.file.name=main.go log.origin.file.line=104 message=Failed",
            ),
        )],
    );
    check(
        "{process.pid:int}:{role} {@timestamp:rfc2822} {mark} {message}",
        &[(
            "1687:C 22 Nov 2026 17:43:57.648 # Redis is starting",
            Some(
                "process.pid=1687 role=C @timestamp=2026-11-22T17:43:57.648Z mark=# message=Redis is starting",
            ),
        )],
    );
}

#[test]
fn a_mismatch_leaves_other_fields_alone() {
    let mut schema = Schema::default();
    let other = schema.intern("other");
    let program = Program::compile("{a:int} {b:int} {c:int}", &mut schema).unwrap();
    let b = schema.get("b").unwrap();
    let (arena, mut fields, mut clock) = (Bump::new(), Fields::new(schema.len()), clock());
    fields.set(other, Value::Int(1));
    fields.set(b, Value::Int(2));
    let mut scene = Scene {
        fields: &mut fields,
        clock: &mut clock,
        arena: &arena,
    };
    assert_eq!(
        program.run(b"1 x 3", &mut scene),
        Err(Mismatch { step: 3, at: 2 })
    );
    assert_eq!(
        program.run(b"1 5x 3", &mut scene),
        Err(Mismatch { step: 4, at: 3 })
    );
    // Never reached, so never set: what an earlier parser put there stays.
    assert_eq!(show(&schema, &fields), "other=1 b=2");
}

#[test]
fn a_mismatch_says_what_was_expected() {
    let mut schema = Schema::default();
    let program = Program::compile(
        r#"<{p:int}> {host} "{r:http_request}" {status:int?}  {t:duration}{{{_:word}"#,
        &mut schema,
    )
    .unwrap();
    for (line, at, message) in [
        ("x", 0, "expected `<` at the beginning"),
        ("<x", 1, "expected a whole number for p"),
        ("<12 h", 3, "expected `> ` after p"),
        ("<1> h", 4, "expected ` \"` after host"),
        (
            "<1> h \"GET / x",
            7,
            "expected `\" ` after r, and then a whole number",
        ),
        ("<1> h \"GET\" 5x", 13, "expected a space or tab after status"),
        (
            "<1> h \"GET\" -5 x",
            15,
            "expected a duration such as `1.5s` for t",
        ),
        ("<1> h \"GET\" - 5ms{", 18, "expected a word without white space"),
        (
            "<1> h \"GET\" - 5ms{a b",
            18,
            "expected a word without white space",
        ),
    ] {
        let explanation = program.explain(line.as_bytes(), &mut clock()).unwrap();
        assert_eq!(
            (explanation.at, explanation.message.as_str()),
            (at, message),
            "{line}"
        );
    }
    assert_eq!(program.explain(b"<1> h \"GET\" - 5ms{a", &mut clock()), None);

    for (pattern, message) in [
        ("ab", "expected the end"),
        ("{x:level} ", "expected the end"),
        ("a{y:level}", "expected the end after y"),
        ("a{_:level}", "expected the end after a word of letters"),
        ("{_:level}b", "expected `b` after a word of letters"),
    ] {
        let program = Program::compile(pattern, &mut schema).unwrap();
        let explanation = program.explain(b"ab  ", &mut clock()).unwrap();
        assert_eq!(explanation.message, message, "{pattern}");
    }

    let program = Program::compile("[{a}]", &mut schema).unwrap();
    let explanation = program.explain(b"[a] ", &mut clock()).unwrap();
    assert_eq!(explanation.message, "expected `]` after a, and then the end");
    assert_eq!(explanation.pattern, 4..5);
}

#[test]
fn a_value_at_the_beginning_may_begin_with_what_is_not_looked_for() {
    // The first byte does not say that these do not match.
    for (pattern, line) in [("{x:url}", &b" "[..]), ("{x:list}", b"\x0b")] {
        assert!(parse(pattern, line).is_ok(), "{pattern}");
    }
}

#[test]
fn the_work_is_linear_in_the_line() {
    // Lines that offer a false place at every byte or at every other.
    for (pattern, unit) in [
        (r#""{a}" {b:int}"#, r#"" "#),
        ("{a}aab{b:int}", "aab"),
        ("{a}, client: {b:int}", ", client: "),
        ("{a} {b:int}", " "),
        ("{a}  {b:int}", " x"),
        ("{a}  : {b:int}", "    : "),
        ("{a}:  :  :{b:int}", ":   "),
        ("{a}] {b}] {c}] {d}] {e}", "] x"),
        ("{a}\n{b:lines}\n{c:lines}--\n{d:int}", "-\n"),
        ("{a:longest}--{b:longest} x{d:int}", "- x"),
        ("{a:longest}  {b:longest}  : {d:int}", "  : x"),
    ] {
        let mut schema = Schema::default();
        let program = Program::compile(pattern, &mut schema).unwrap();
        let examined = |length: usize| {
            let line = unit.repeat(length / unit.len());
            EXAMINED.set(0);
            program.matches(line.as_bytes(), &mut clock());
            EXAMINED.get()
        };
        // A search may look at a byte once, and each piece of the pattern may begin a search.
        assert!(examined(100_000) <= 100_000 * (schema.len() + 1), "{pattern}");
    }
}

/// A value of a kind as a line has it, and as [`show`] shows it.
fn value(kind: Kind) -> BoxedStrategy<(String, String)> {
    let same = |text: String| (text.clone(), text);
    match kind {
        Kind::Int => any::<i64>()
            .prop_map(move |number| same(number.to_string()))
            .boxed(),
        Kind::Hex => "[0-9a-f]{1,16}".prop_map(same).boxed(),
        Kind::Level => "[A-Za-z]{1,8}".prop_map(same).boxed(),
        Kind::Word => "[a-z0-9]{1,8}".prop_map(same).boxed(),
        Kind::Ip => any::<std::net::IpAddr>()
            .prop_map(move |ip| same(ip.to_string()))
            .boxed(),
        Kind::Quoted => "[a-z ]{0,8}"
            .prop_map(|text| (format!("\"{text}\""), text))
            .boxed(),
        Kind::Trimmed => "[a-z0-9]{1,8}"
            .prop_map(|text| (format!("  {text} "), text))
            .boxed(),
        _ => "[a-z0-9]{0,8}".prop_map(same).boxed(),
    }
}

/// Captures with what is between them. The literals are of bytes that no value has, so the line is unambiguous.
fn pattern_and_line() -> impl Strategy<Value = (String, String, String)> {
    let kind = prop::sample::select(vec![
        Kind::Text,
        Kind::Int,
        Kind::Hex,
        Kind::Level,
        Kind::Word,
        Kind::Ip,
        Kind::Quoted,
        Kind::Trimmed,
    ]);
    let piece = kind.prop_flat_map(|kind| (Just(kind), value(kind), "[|<>;{}=]{1,7}", any::<bool>()));
    prop::collection::vec(piece, 1..12).prop_map(|pieces| {
        let (mut pattern, mut line, mut shown) = (String::new(), String::new(), Vec::new());
        for (index, (kind, (text, value), literal, optional)) in pieces.into_iter().enumerate() {
            let name = Kind::names()
                .find(|name| Kind::by_name(name) == Some(kind))
                .unwrap();
            let mark = if optional { "?" } else { "" };
            pattern += &format!(
                "{{f{index}:{name}{mark}}}{}",
                literal.replace('{', "{{").replace('}', "}}")
            );
            line += &text;
            line += &literal;
            if !(optional && value.is_empty()) {
                shown.push(format!("f{index}={value}"));
            }
        }
        (pattern, line, shown.join(" "))
    })
}

proptest! {
    #[test]
    fn a_rendered_line_gives_its_values_back((pattern, line, shown) in pattern_and_line()) {
        prop_assert_eq!(parse(&pattern, line.as_bytes()), Ok(shown), "{} on {}", pattern, line);
    }

    #[test]
    fn a_damaged_line_never_panics(
        (pattern, line, _) in pattern_and_line(),
        cut in any::<prop::sample::Index>(),
        byte: u8,
    ) {
        let mut line = line.into_bytes();
        let at = cut.index(line.len());
        line[at] = byte;
        let _ = parse(&pattern, &line);
        line.truncate(at);
        let _ = parse(&pattern, &line);
    }

    #[test]
    fn no_kind_panics_on_any_bytes(
        line in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..60),
            "[0-9TZ :/.,+-]{0,40}".prop_map(String::into_bytes),
            "[0-9A-Za-z:/.\"\\\\ -]{0,40}".prop_map(String::into_bytes),
        ],
    ) {
        for name in Kind::names() {
            let _ = parse(&format!("{{x:{name}}}"), &line);
            let _ = parse(&format!("{{x:{name}?}}  {{y}}"), &line);
        }
    }

    #[test]
    fn no_text_panics_the_compiler(text in prop_oneof!["(?s).{0,40}", "[{}a:? .]{0,20}"]) {
        let mut schema = Schema::default();
        if let Err(error) = Program::compile(&text, &mut schema) {
            prop_assert!(text.get(error.span.clone()).is_some(), "{:?}", error.span);
            prop_assert!(schema.is_empty() && !error.message.is_empty());
        }
    }
}
