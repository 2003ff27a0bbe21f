//! Drafts for logs of made-up programs: they must compile, pass their tests and match.

use bumpalo::Bump;

use super::*;
use crate::config::{Diagnostics, PipelineFile, SourceFile};
use crate::event::{Fields, Timestamp};
use crate::pipeline::{HostWords, Library, Outcome, compile, run_tests};

/// The draft for a log, held to what it says of itself: it compiles, its tests pass, and it matches that many.
fn drafted(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    let draft = draft("made-up", &lines).unwrap_or_else(|| panic!("no draft for\n{log}"));
    let mut diagnostics = Diagnostics::new();
    let file = PipelineFile::read(
        "made-up",
        SourceFile::new("made-up.toml", draft.text.clone()),
        &mut diagnostics,
    );
    let file = file.unwrap();
    let pipeline = compile(
        &file,
        &Library::shipped(),
        &HostWords::default(),
        &mut diagnostics,
    );
    assert_eq!(diagnostics.render(false), "", "{}", draft.text);
    let pipeline = pipeline.unwrap();
    assert!(!file.tests.is_empty(), "{}", draft.text);
    assert!(run_tests(&file, &pipeline).is_empty(), "{}", draft.text);
    let (mut events, mut matched, mut from) = (0, 0, 0);
    while from < lines.len() {
        let begins = |line: &&&str| !pipeline.frame.begins(line.as_bytes());
        let more = match pipeline.frame.every_line() {
            true => 0,
            false => lines[from + 1..].iter().take_while(begins).count(),
        };
        let event = lines[from..=from + more].join("\n");
        let arena = Bump::new();
        let mut fields = Fields::new(pipeline.schema.len());
        let mut clock = pipeline.clock(Timestamp::from_millis(0));
        let outcome = pipeline.parse(event.as_bytes(), &mut fields, &mut clock, &arena);
        events += 1;
        matched += usize::from(outcome == Outcome::Matched);
        from += more + 1;
    }
    assert_eq!((draft.events, draft.matched), (events, matched), "{}", draft.text);
    assert!(
        matched * 10 >= events * 9,
        "{matched} of {events}:\n{}",
        draft.text
    );
    draft.text
}

#[test]
fn a_line_of_keys_and_values() {
    let text = drafted(
        "2026-11-22 17:28:30,120 INFO  [intake-1] order=4711 user=alice took=12ms accepted\n\
         2026-11-22 17:28:30,940 INFO  [intake-2] order=4712 user=- took=8ms accepted\n\
         2026-11-22 17:28:31,377 ERROR [intake-1] order=4713 user=bob took=30001ms printer did not answer\n  \
         at Printer.send (printer.js:41:7)\n  \
         at Intake.run (intake.js:17:3)\n\
         2026-11-22 17:28:32,004 INFO  [intake-3] order=4714 user=carol took=1ms rejected: no model\n",
    );
    assert!(text.contains("'{@timestamp:datetime} {log.level:level}  [{process.thread.name}] order={labels.order:int} user={user.name?} took={event.duration:duration} {message:lines}'"), "{text}");
    assert!(text.contains("start = [\n  '{_:datetime} {_}'"), "{text}");
    assert!(text.contains("trace = true"), "{text}");
}

#[test]
fn forms_of_all_sorts() {
    let logs = [
        // A level in front, a time in brackets, words.
        "WARN [22/Nov/2026:17:28:30 +0100] 10.0.0.7 \"GET /a?b HTTP/1.1\" 200 12 1.5\n\
         INFO [22/Nov/2026:17:28:31 +0100] 10.0.0.8 \"POST /b HTTP/1.1\" 500 - 0.1\n\
         INFO [22/Nov/2026:17:28:32 +0100] ::1 \"GET / HTTP/1.1\" 200 7 22\n",
        // Pipes.
        "1795368510|alice|10.0.0.7|login|ok\n1795368511|bob|10.0.0.8|logout|ok\n1795368519|-|10.0.0.8|login|failed\n",
        // Two shapes.
        "Nov 22 17:28:30 web gate[7]: open door=3 by=alice\nNov 22 17:28:31 web gate[7]: shut door=3\n\
         Nov 22 17:28:32 web gate[8]: open door=4 by=bob\nNov 22 17:28:33 web gate[9]: shut door=4\n\
         Nov 22 17:28:34 web gate[9]: open door=5 by=carol\n",
        // Commas, and quoted texts with braces.
        "2026-11-22T17:28:30Z,cpu,0.93,\"{load}\"\n2026-11-22T17:28:31Z,mem,0.5,\"it's\"\n2026-11-22T17:28:32Z,net,12,\"x\"\n",
        // A padded level, dots and parentheses, a stack trace.
        "2026/11/22 17:28:30 [INFO ] com.acme.OrderService (exec-1) - Order 4711 accepted\n\
         2026/11/22 17:28:30 [INFO ] com.acme.StockService (exec-4) - Stock of A-100 is 12\n\
         2026/11/22 17:28:31 [ERROR] com.acme.OrderService (exec-2) - Order 4712 failed\n\
         java.lang.IllegalStateException: no stock\n\
         \tat com.acme.StockService.take(StockService.java:41)\n\
         2026/11/22 17:28:32 [WARN ] com.acme.MailService (mail-1) - Mail delayed\n",
        // No time at all.
        "ERROR disk /dev/sda1 is full\nINFO disk /dev/sdb1 is fine\nINFO fan 3 is loud today\nWARN nothing\nINFO all is well\n",
    ];
    for log in logs {
        drafted(log);
    }
}

/// Whether the draft of a log is worth more than the pipeline that fits it best.
fn finds_more(log: &str) -> bool {
    let lines: Vec<&str> = log.lines().collect();
    let bytes: Vec<&[u8]> = log.lines().map(str::as_bytes).collect();
    let now = Timestamp::from_millis(1_795_368_510_000);
    let best = rank(&Library::shipped(), &bytes, "x.log", now).remove(0);
    draft("x", &lines).is_some_and(|draft| draft.finds_more(&best))
}

#[test]
fn padding_between_brackets_is_not_part_of_a_value() {
    let text = drafted(
        "2026/11/22 17:28:30 [INFO ] com.acme.erp.OrderService - Order 4711 accepted\n\
         2026/11/22 17:28:31 [ERROR] com.acme.erp.OrderService - Order 4712 failed\n\
         2026/11/22 17:28:32 [WARN ] com.acme.erp.MailService - Mail delayed\n",
    );
    assert!(
        text.contains("'{@timestamp:datetime} [{log.level:trimmed}] {log.logger} - {message}'"),
        "{text}"
    );
}

#[test]
fn a_draft_is_shown_beside_what_fits_by_its_form_alone() {
    assert!(finds_more(
        "2026-11-22 17:28:30,120 INFO  [intake-1] order=4711 user=alice took=12ms accepted\n\
         2026-11-22 17:28:30,940 INFO  [intake-2] order=4712 user=bob took=8ms accepted\n"
    ));
    assert!(!finds_more(
        "10.0.0.7 - - [22/Nov/2026:17:28:30 +0100] \"GET /a HTTP/1.1\" 200 12 \"-\" \"curl/8\"\n\
         10.0.0.8 - - [22/Nov/2026:17:28:31 +0100] \"GET /b HTTP/1.1\" 200 7 \"-\" \"curl/8\"\n"
    ));
}

#[test]
fn the_lines_of_a_header_alone_are_no_fit() {
    let lines: Vec<&[u8]> = vec![b"# a comment", b"#Fields: a b", b"# another"];
    let fits = rank(&Library::shipped(), &lines, "x.log", Timestamp::from_millis(0));
    assert!(fits.iter().all(|fit| fit.pipeline != "iis-w3c"), "{fits:?}");
}

#[test]
fn a_text_without_form_has_no_draft() {
    assert_eq!(draft("x", &[]), None);
    assert_eq!(draft("x", &["hello", "", "it was a dark and stormy night"]), None);
}

#[test]
fn a_specific_pipeline_goes_before_one_that_takes_everything() {
    let best = |log: &str| {
        let lines: Vec<&[u8]> = log.lines().map(str::as_bytes).collect();
        rank(
            &Library::shipped(),
            &lines,
            "/var/log/app.log",
            Timestamp::from_millis(1_795_368_510_000),
        )
        .remove(0)
    };
    let access =
        best("10.0.0.7 - - [22/Nov/2026:17:28:30 +0100] \"GET / HTTP/1.1\" 200 12 \"-\" \"curl/8\"\n");
    assert!(
        !access.takes_anything && access.share == 1.0 && access.fields > 5.0,
        "{access:?}"
    );
    let json = best("{\"a\":1}\n{\"b\":2}\n");
    assert!(!json.takes_anything && json.share == 1.0, "{json:?}");
    assert!(best("it was a dark and stormy night\n").takes_anything);
}

#[test]
fn what_takes_many_logs_goes_behind_what_is_made_for_this_one() {
    let best = |log: &str| {
        let lines: Vec<&[u8]> = log.lines().map(str::as_bytes).collect();
        let now = Timestamp::from_millis(1_795_368_510_000);
        rank(&Library::shipped(), &lines, "/var/log/app.log", now)
            .remove(0)
            .pipeline
    };
    for (log, pipeline) in [
        (
            "2026-11-22 17:28:31.002 +01:00 [ERR] Sync failed\nSystem.TimeoutException: late\n   at Acme.Sync.Run()\n",
            "serilog-text",
        ),
        (
            "{\"level\":30,\"time\":1795368510250,\"res\":{\"statusCode\":200,\"headers\":{\"content-length\":\"27\"}},\"msg\":\"done\"}\n",
            "pino",
        ),
        // These have a pattern that takes anything.
        (
            "203.0.113.7:46354 [22/Nov/2026:17:28:30.410] http-in be_shop/web1 0/1/2/3/6 200 133 - - ---- 1/1/0/0/0 0/0 \"GET / HTTP/1.1\"\n",
            "haproxy",
        ),
        (
            "2026-11-22 17:44:15 8 [Warning] Aborted connection 8 to db: 'shop' user: 'alice' host: 'web-1' (Got an error)\n",
            "mysql-error",
        ),
        (
            "{\"level\":\"info\",\"ts\":1795370530.26,\"caller\":\"glog/main.go:109\",\"msg\":\"done\",\"took\":\"1ms\"}\n",
            "go-json",
        ),
    ] {
        assert_eq!(best(log), pipeline, "{log}");
    }
}

/// Logs of which another pipeline is as right as their own, by what they are.
const TIES: [(&str, &str); 16] = [
    // Several programs write the combined format.
    ("morgan/combined.log", "apache-access"),
    ("nginx-access/combined.log", "apache-access"),
    ("nginx-access/no_request.log", "apache-access"),
    ("tomcat-access/variants.log", "apache-access"),
    // Logins, which have a pipeline of their own.
    ("syslog-file/traditional_file.log", "auth"),
    // The containers of several services: what they wrote is known.
    ("cri/containerd_partial.log", "layered"),
    ("docker-json/json_file_split16k.log", "layered"),
    // The case sets the wrapper.
    ("spring-boot/cri.log", "layered"),
    // Made-up lines of many forms, of which some are another's.
    ("hostile/invalid_utf8.log", "logback"),
    ("hostile/json_edge.log", "json-lines"),
    ("hostile/line_ends.log", "log4j"),
    ("hostile/nul_bytes.log", "winston"),
    ("json-lines/timestamps.log", "hostile"),
    ("plain/any_text.log", "json-lines"),
    ("plain/invalid_utf8.log", "logback"),
    ("syslog-file/year_turn.log", "hostile"),
];

/// The pipeline of every log of the fixtures is the first, though nothing but the lines speaks for it.
#[test]
fn the_logs_of_the_fixtures_find_their_pipelines() {
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let library = Library::shipped();
    let now = Timestamp::from_millis(1_795_368_510_000);
    let candidates = rank::candidates(&library);
    let mut wrong = String::new();
    for name in library.names() {
        let Ok(folder) = std::fs::read_dir(fixtures.join(name)) else {
            continue;
        };
        let mut logs: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
        logs.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
        logs.sort();
        for log in logs {
            // A log of a form that the host has set is known by nothing but that form.
            let settings = std::fs::read_to_string(log.with_extension("toml")).unwrap_or_default();
            if settings.contains("format = ") {
                continue;
            }
            let bytes = std::fs::read(&log).unwrap();
            let lines: Vec<&[u8]> = bytes
                .split(|byte| *byte == b'\n')
                .map(<[u8]>::trim_ascii_end)
                .filter(|line| !line.is_empty())
                .collect();
            let fits = rank::among(&candidates, &lines, "/var/log/app.log", now);
            let best = fits.first().map_or("none", |fit| &fit.pipeline);
            let shown = log.strip_prefix(&fixtures).unwrap().display().to_string();
            let tie = TIES.iter().find(|(log, _)| *log == shown);
            if best != tie.map_or(name, |(_, other)| other) {
                wrong += &format!("{shown}: {best}\n");
            }
        }
    }
    assert_eq!(wrong, "");
}

proptest::proptest! {
    #[test]
    fn no_text_panics(lines in proptest::collection::vec("([0-9a-z{}'\"= ü]|\\[|\\]|INFO |2026-11-22 17:28:30 |10.0.0.1 |k=){0,12}", 0..8)) {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        if let Some(draft) = draft("x", &lines) {
            let mut diagnostics = Diagnostics::new();
            let file = PipelineFile::read("x", SourceFile::new("x.toml", draft.text.clone()), &mut diagnostics).unwrap();
            let pipeline = compile(&file, &Library::shipped(), &HostWords::default(), &mut diagnostics);
            proptest::prop_assert!(pipeline.is_some() && diagnostics.is_empty(), "{}", draft.text);
        }
    }
}
