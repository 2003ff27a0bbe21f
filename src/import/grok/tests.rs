use super::*;

fn patterns(expression: &str) -> Vec<String> {
    let found = translate(expression, &Definitions::new())
        .unwrap_or_else(|refused| panic!("{expression}: {refused}"));
    found.patterns.iter().map(Pattern::written).collect()
}

#[test]
fn what_is_linear_is_a_pattern() {
    for (expression, pattern) in [
        ("%{IPORHOST:client}", "{client:word}"),
        ("%{NUMBER:x:int} %{NUMBER:y}", "{x:int} {y:float}"),
        ("%{DATA:a}: %{GREEDYDATA:b}", "{a}: {b}"),
        ("%{GREEDYDATA:a} by %{WORD:b}", "{a:longest} by {b:word}"),
        (
            r"^\[%{TIMESTAMP_ISO8601:ts}\] %{LOGLEVEL:[log][level]}\s+- %{GREEDYDATA:msg}$",
            "[{ts:datetime}] {log.level:level}  - {msg}",
        ),
        (
            r"took %{INT:ms}ms \{%{NOTSPACE}\}",
            "took {ms:int}ms {{{_:word}}}",
        ),
        (r"(?<id>[0-9]+) (?<user>[^@]*)@", "{id:int} {user}@"),
        (r"%{LOGLEVEL:l}%{SPACE} x", "{l:level}  x"),
        (r"bytes=(?:%{NUMBER:bytes:int}|-)$", "bytes={bytes:int?}"),
        (r"%{QS:agent}", "{agent:quoted}"),
        (r"(?<verb>GET|POST) /", "{verb:word} /"),
    ] {
        assert_eq!(patterns(expression), [pattern], "{expression}");
    }
}

#[test]
fn a_choice_is_patterns_in_its_order() {
    assert_eq!(
        patterns(r"%{SYSLOGBASE} %{GREEDYDATA:text}"),
        [
            "{timestamp:syslog} {host.hostname:word} {process.name:word}[{process.pid:int}]: {text}",
            "{timestamp:syslog} {host.hostname:word} {process.name:word}: {text}",
        ]
    );
    assert_eq!(patterns("a (?:b|c) d"), ["a b d", "a c d"]);
    assert_eq!(patterns("x|%{INT:y}"), ["x", "{y:int}"]);
    assert_eq!(patterns("a[.,]b"), ["a.b", "a,b"]);
}

#[test]
fn what_is_not_linear_is_refused_with_the_reason() {
    for (expression, why) in [
        ("%{DATA:a}%{GREEDYDATA:b}", "nothing between them"),
        ("(?:a|b)(?:c|d)(?:e|f)(?:g|h)", "more than 8 patterns"),
        ("(?:a,)+b", "do not loop"),
        ("a(?!b)", "looks ahead"),
        ("a.b", "any one letter"),
        ("%{MYSTERY:x}", "`%{MYSTERY}` is not known here"),
        ("%{INT:x:boolean}", "type `boolean`"),
        ("(?<t>%{DAY} %{MONTH})", "several parts as one value"),
        ("a^b", "in the middle"),
        ("", "matches nothing"),
    ] {
        let refused = translate(expression, &Definitions::new()).unwrap_err();
        assert!(refused.0.contains(why), "{expression}: {refused}");
    }
    let own = Definitions::from([("LOOP".to_owned(), "a%{LOOP}".to_owned())]);
    assert!(translate("%{LOOP}", &own).unwrap_err().0.contains("by itself"));
    let tenfold = |depth: usize| (format!("A{depth}"), format!("%{{A{}}}", depth + 1).repeat(10));
    let mut own: Definitions = (0..6).map(tenfold).collect();
    own.insert("A6".to_owned(), "a".to_owned());
    assert!(translate("%{A0}", &own).unwrap_err().0.contains("parts"));
}

#[test]
fn own_definitions_go_before_grok_s() {
    let own = Definitions::from([
        ("ORDER".to_owned(), "[A-Z]-%{INT}".to_owned()),
        ("WORD".to_owned(), r"\d+".to_owned()),
    ]);
    let found = translate("%{ORDER:order.id} %{WORD:n}", &own).unwrap_err();
    assert!(found.0.contains("one letter of a set"), "{found}");
    let own = Definitions::from([("ORDER".to_owned(), "[A-Z]+-%{INT}".to_owned())]);
    let found = translate("order %{ORDER:order.id}", &own).unwrap();
    assert_eq!(found.patterns[0].written(), "order {order.id:word}");
}

#[test]
fn a_search_is_over_the_whole_text() {
    let found = |expression: &str| -> Vec<String> {
        search(expression, false)
            .unwrap()
            .iter()
            .map(Pattern::written)
            .collect()
    };
    assert_eq!(found("DEBUG"), ["{_}DEBUG{_}"]);
    assert_eq!(found("^DEBUG"), ["DEBUG{_}"]);
    assert_eq!(found("^a|b$"), ["a{_}", "{_}b"]);
    assert_eq!(found(r"^\d{4}-"), ["{_:int}-{_}"]);
}

proptest::proptest! {
    #[test]
    fn no_expression_panics_and_what_comes_out_compiles(
        text in r"([\[\](){}|*+?.^$\\a-c:, -]|%\{(IP|DATA|GREEDYDATA|INT|SPACE|QS)(:[a-b])?\}|\(\?:|\\s\+|ü){0,12}"
    ) {
        if let Ok(found) = translate(&text, &Definitions::new()) {
            for pattern in &found.patterns {
                proptest::prop_assert!(check(pattern).is_ok(), "{}", pattern.written());
            }
        }
    }
}
