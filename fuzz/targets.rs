use std::fs;
use std::path::Path;
use std::sync::Arc;

use bumpalo::Bump;
use jiff::tz::TimeZone;
use logmill::config::Wrapper;
use logmill::event::{Fields, Frame, Schema, Timestamp};
use logmill::pattern::{Clock, Program, Scene};
use logmill::ship::answer;
use logmill::source::FrameRule;
use logmill::source::frame::{End, Out, Scratch, frame, long_line};
use logmill::state::checkpoint::Checkpoint;
use xxhash_rust::xxh3::xxh3_64;

/// Something that reads bytes which anybody may have written.
pub struct Target {
    pub name: &'static str,
    pub seeds: Vec<Vec<u8>>,
    /// Panics when the input breaks what holds for every input.
    pub check: fn(&[u8]),
}

pub fn all() -> Vec<Target> {
    vec![
        Target {
            name: "answer",
            seeds: answers(),
            check: check_answer,
        },
        Target {
            name: "checkpoint",
            seeds: vec![read("fixtures/state/v1/checkpoint")],
            check: check_checkpoint,
        },
        Target {
            name: "frame",
            seeds: logs(&[
                "spring-boot",
                "plain",
                "nginx-access",
                "json-lines",
                "postgresql-stderr",
            ]),
            check: check_frame,
        },
        Target {
            name: "wrapper",
            seeds: logs(&["docker-json", "cri"]),
            check: check_wrapper,
        },
        Target {
            name: "pattern",
            seeds: patterns(),
            check: check_pattern,
        },
    ]
}

fn read(path: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn answers() -> Vec<Vec<u8>> {
    [
        r#"{"errors":false,"items":[{"create":{"status":201}},{"create":{"status":201}},{"create":{"status":201}}]}"#,
        r#"{"took":3,"errors":true,"items":[{"create":{"_index":"i","_id":"a","status":409,"error":{"type":"version_conflict_engine_exception","reason":"[a]: version conflict"}}},{"create":{"status":429,"error":{"type":"es_rejected_execution_exception","reason":"rejected"}}},{"index":{"status":400,"error":{"type":"document_parsing_exception","reason":"failed","caused_by":{"type":"illegal_argument_exception","reason":"x"}}}}]}"#,
        r#"{"error":{"root_cause":[],"type":"security_exception","reason":"missing"},"status":401}"#,
        "<!DOCTYPE html>\n<html><body>502</body></html>",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into()
}

/// The logs of these pipelines' fixtures.
fn logs(pipelines: &[&str]) -> Vec<Vec<u8>> {
    let mut logs = Vec::new();
    for pipeline in pipelines {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fixtures")
            .join(pipeline);
        let entries = fs::read_dir(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
        for entry in entries.flatten() {
            if entry
                .path()
                .extension()
                .is_some_and(|extension| extension == "log")
            {
                logs.extend(fs::read(entry.path()));
            }
        }
    }
    logs.sort();
    logs
}

/// Patterns of the shipped pipelines, each followed by a line to match, which a NUL byte sets off.
fn patterns() -> Vec<Vec<u8>> {
    [
        "{source.ip:ip} - {user.name?} [{@timestamp:clf}] \"{http.request.line:http_request}\" {status:int}\x00203.0.113.1 - - [22/Nov/2026:17:28:30 +0000] \"GET / HTTP/1.1\" 200",
        "{@timestamp:rfc3339}  {log.level:level}  {process.pid:int} --- [{t:trimmed}]  {log.logger}  : {message}\x002026-11-22T17:25:03.883Z  INFO 32279 --- [nio-8080-exec-7]  c.e.Order  : placed",
        "{@timestamp:datetime} [{pid:int}] {user.name}@{db} {log.level:level}:  {_} {event.duration:ms} ms\x002026-11-22 17:25:04.110 UTC [46] shop@orders LOG:  duration: 152.307 ms",
        "{@timestamp:syslog} {host.hostname} {a:word}[{b:hex}]: {c:quoted} {d:float} {{}} {e:epoch_ms}\0Nov 22 17:28:30 web01 sshd[20481]: \"a\\\"b\" 1.5e3 {} 1795368510123",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into()
}

/// An answer is refused, or has a verdict for each document.
fn check_answer(input: &[u8]) {
    let mut verdicts = Vec::new();
    for docs in [0, 1, 3] {
        if answer::read(input, docs, &mut verdicts).is_ok() {
            assert_eq!(verdicts.len(), docs);
        }
    }
}

/// A checkpoint is refused, or means the same when it is written again.
fn check_checkpoint(input: &[u8]) {
    let sealed = {
        // The same lines with an end that vouches for them.
        let mut text = input.to_vec();
        if text.last() != Some(&b'\n') {
            text.push(b'\n');
        }
        let lines = memchr::memchr_iter(b'\n', &text).count();
        let end = format!("{{\"end\":{lines},\"xxh3\":\"{:016x}\"}}\n", xxh3_64(&text));
        text.extend_from_slice(end.as_bytes());
        text
    };
    for text in [input, &sealed] {
        if let Ok(checkpoint) = Checkpoint::decode(text) {
            let mut again = Vec::new();
            assert!(checkpoint.write(&mut again).is_ok());
            assert_eq!(Checkpoint::decode(&again), Ok(checkpoint));
        }
    }
}

fn check_frame(input: &[u8]) {
    let every_line = FrameRule {
        line_bytes_max: 64,
        ..FrameRule::default()
    };
    cut(&every_line, input);
    let many = FrameRule {
        start: Some(Arc::new(|line: &[u8]| {
            line.first().is_some_and(u8::is_ascii_digit)
        })),
        event_bytes_max: 300,
        event_lines_max: 4,
        ..every_line
    };
    cut(&many, input);
}

fn check_wrapper(input: &[u8]) {
    for wrapper in [Wrapper::Docker, Wrapper::Cri] {
        let rule = FrameRule {
            wrapper: Some(wrapper),
            line_bytes_max: 200,
            ..FrameRule::default()
        };
        cut(&rule, input);
    }
}

/// Whatever comes behind, events lie in the input, in order, and no byte that was not there is taken.
fn cut(rule: &FrameRule, input: &[u8]) {
    for end in [End::More, End::Flush, End::Eof] {
        let (mut frames, mut unwrapped) = (Vec::<Frame>::new(), Vec::new());
        let mut scratch = Scratch::default();
        let mut out = Out {
            frames: &mut frames,
            unwrapped: &mut unwrapped,
            scratch: &mut scratch,
        };
        let taken = frame(rule, input, true, end, &mut out);
        assert!(taken <= input.len());
        if taken == 0 && input.len() > rule.line_bytes_max {
            long_line(rule, input, true, &mut out);
        }
        let text = if rule.wrapper.is_some() {
            unwrapped.len()
        } else {
            input.len()
        };
        for frame in &frames {
            assert!(frame.text.start <= frame.text.end && frame.text.end as usize <= text);
            assert!(frame.at as usize + frame.first_line as usize <= input.len());
            assert!(frame.outer_time.start <= frame.outer_time.end);
            assert!(frame.outer_time.end as usize <= input.len());
        }
        assert!(frames.is_sorted_by_key(|frame| frame.at) || rule.wrapper.is_some());
    }
}

/// A pattern is refused with a message, or reads any line.
fn check_pattern(input: &[u8]) {
    let (pattern, line) = match memchr::memchr(0, input) {
        Some(at) => (&input[..at], &input[at + 1..]),
        None => (input, &b""[..]),
    };
    let Ok(pattern) = std::str::from_utf8(pattern) else {
        return;
    };
    let mut schema = Schema::default();
    match Program::compile(pattern, &mut schema) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(program) => {
            let mut clock = Clock::new(TimeZone::UTC, Timestamp::from_millis(1_795_368_510_000));
            let arena = Bump::new();
            let mut fields = Fields::new(schema.len());
            let mut scene = Scene {
                fields: &mut fields,
                clock: &mut clock,
                arena: &arena,
            };
            let matched = program.run(line, &mut scene).is_ok();
            let mut clock = Clock::new(TimeZone::UTC, Timestamp::from_millis(1_795_368_510_000));
            assert!(!matched || program.matches(line, &mut clock));
        }
    }
}
