use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::config::Wrapper;
use crate::event::Stream;
use crate::source::IsStart;

/// An event as a document would have it: nothing in it depends on where a chunk began.
#[derive(Debug, PartialEq, Eq, Clone)]
struct Event {
    at: u64,
    first_line: u32,
    text: String,
    time: String,
    stream: Option<Stream>,
    cut: bool,
}

fn collect(base: u64, input: &[u8], frames: &[Frame], unwrapped: Option<&[u8]>, into: &mut Vec<Event>) {
    let lossy = |bytes: &[u8], range: &std::ops::Range<u32>| {
        String::from_utf8_lossy(&bytes[range.start as usize..range.end as usize]).into_owned()
    };
    for frame in frames {
        into.push(Event {
            at: base + u64::from(frame.at),
            first_line: frame.first_line,
            text: lossy(unwrapped.unwrap_or(input), &frame.text),
            time: lossy(input, &frame.outer_time),
            stream: frame.stream,
            cut: frame.cut,
        });
    }
}

/// Frames `input` as the reader does: `growth` says how many more bytes are there at each look, and no look
/// sees more than a window.
fn framed(rule: &FrameRule, input: &[u8], growth: &[usize]) -> Vec<Event> {
    let (mut events, mut from, mut there) = (Vec::new(), 0, 0);
    let mut growth = growth.iter().copied().chain(std::iter::repeat(usize::MAX));
    let mut scratch = Scratch::default();
    loop {
        let to = there.min(from + rule.window_bytes_max());
        let end = if there == input.len() && to == there {
            End::Eof
        } else {
            End::More
        };
        let (mut frames, mut unwrapped) = (Vec::new(), Vec::new());
        let mut out = Out {
            frames: &mut frames,
            unwrapped: &mut unwrapped,
            scratch: &mut scratch,
        };
        let window = &input[from..to];
        let mut taken = frame(rule, window, from == 0, end, &mut out);
        if taken == 0 && window.len() == rule.window_bytes_max() {
            if window.iter().all(|byte| *byte == 0) {
                // The reader looks for the end of the hole.
                taken = input[from..]
                    .iter()
                    .position(|byte| *byte != 0)
                    .unwrap_or(input.len() - from);
            } else {
                let rest = memchr::memchr(b'\n', &input[to..]).map_or(input.len(), |at| to + at + 1);
                taken = rest - from;
                long_line(rule, window, from == 0, &mut out);
            }
        }
        for frame in &frames {
            assert!((frame.at as usize) < taken, "nothing behind the cut");
        }
        collect(
            from as u64,
            window,
            &frames,
            rule.wrapper.map(|_| &unwrapped[..]),
            &mut events,
        );
        from += taken;
        if end == End::Eof && from == input.len() {
            return events;
        }
        if taken == 0 || from > there {
            let more = growth.next().unwrap_or(usize::MAX);
            assert!(there < input.len(), "no progress at {from}");
            there = input.len().min(there.saturating_add(more.max(1))).max(from);
        }
    }
}

fn whole(rule: &FrameRule, input: &[u8]) -> Vec<Event> {
    let (mut frames, mut unwrapped, mut scratch) = (Vec::new(), Vec::new(), Scratch::default());
    let mut out = Out {
        frames: &mut frames,
        unwrapped: &mut unwrapped,
        scratch: &mut scratch,
    };
    let taken = frame(rule, input, true, End::Eof, &mut out);
    assert!(taken == input.len() || input[taken..].iter().all(|byte| *byte == 0));
    let mut events = Vec::new();
    collect(
        0,
        input,
        &frames,
        rule.wrapper.map(|_| &unwrapped[..]),
        &mut events,
    );
    events
}

fn texts(rule: &FrameRule, input: &[u8]) -> Vec<String> {
    whole(rule, input).into_iter().map(|event| event.text).collect()
}

/// Lines that do not begin with a blank begin an event.
fn multi() -> FrameRule {
    FrameRule {
        start: Some(Arc::new(|line: &[u8]| {
            !line.starts_with(b" ") && !line.starts_with(b"\t")
        })),
        ..FrameRule::default()
    }
}

#[test]
fn lines_of_every_kind() {
    let rule = FrameRule::default();
    let input = b"\xef\xbb\xbfone\r\ntwo\n\n\r\n\0\0\0three\ncr\rinside\r\r\n\0\nlast";
    assert_eq!(
        texts(&rule, input),
        ["one", "two", "three", "cr\rinside\r", "last"]
    );
    let (mut frames, mut unwrapped, mut scratch) = (Vec::new(), Vec::new(), Scratch::default());
    let mut out = Out {
        frames: &mut frames,
        unwrapped: &mut unwrapped,
        scratch: &mut scratch,
    };
    let taken = frame(&rule, input, true, End::Flush, &mut out);
    assert_eq!(
        &input[taken..],
        b"last",
        "a line without its end waits, flush or not"
    );
    assert_eq!(frames[0].at, 3);
    assert_eq!(frames[0].first_line, 3);
}

#[test]
fn an_event_takes_the_lines_that_do_not_begin_one() {
    let input = b" before\nError: x\n\tat a\n\n\tat b\n\n\nnext\n\0\0 after a hole\nlast\n more";
    assert_eq!(
        texts(&multi(), input),
        [
            " before",
            "Error: x\n\tat a\n\n\tat b",
            "next",
            " after a hole",
            "last\n more"
        ]
    );
}

#[test]
fn an_event_waits_for_the_line_after_it_or_for_the_flush() {
    let rule = multi();
    let input = b"a\n b\nc\n d\n e";
    let run = |end| {
        let (mut frames, mut unwrapped, mut scratch) = (Vec::new(), Vec::new(), Scratch::default());
        let mut out = Out {
            frames: &mut frames,
            unwrapped: &mut unwrapped,
            scratch: &mut scratch,
        };
        (frame(&rule, input, true, end, &mut out), frames.len())
    };
    assert_eq!(run(End::More), (5, 1));
    assert_eq!(run(End::Flush), (10, 2));
    assert_eq!(run(End::Eof), (12, 2));
}

#[test]
fn an_event_does_not_end_within_quotes() {
    let rule = FrameRule {
        form: Form::Quoted,
        ..multi()
    };
    assert_eq!(
        texts(&rule, b"a,\"x\"\"\nb\n\nc\",1\nd,\"\"\n e\"\nf\ng\n"),
        ["a,\"x\"\"\nb\n\nc\",1", "d,\"\"\n e\"\nf\ng"]
    );
    // A file that begins amid a record: its first line has a quote that closes.
    assert_eq!(texts(&rule, b" x\",1\na\n"), [" x\",1", "a"]);
}

#[test]
fn lines_that_lead_and_lines_that_are_skipped() {
    let is = |what: &'static [u8]| Some(Arc::new(move |line: &[u8]| line == what) as IsStart);
    let rule = FrameRule {
        start: Some(Arc::new(|line: &[u8]| line == b"T" || line == b"U")),
        lead: is(b"T"),
        skip: is(b"-"),
        ..FrameRule::default()
    };
    assert_eq!(
        texts(&rule, b"-\n-\nT\nU\nq\nU\n-\nT\nT\nU\n"),
        ["T\nU\nq", "U", "T\nT", "U"]
    );
}

/// `lines` as a container runtime writes them.
fn wrap(wrapper: Wrapper, lines: &str) -> Vec<u8> {
    let wrapped = lines.lines().map(|line| match wrapper {
        Wrapper::Docker => format!(
            "{{\"log\":{},\"stream\":\"stdout\",\"time\":\"2026-11-22T10:00:00Z\"}}\n",
            serde_json::Value::from(format!("{line}\n"))
        ),
        Wrapper::Cri | Wrapper::Auto => format!("2026-11-22T10:00:00Z stdout F {line}\n"),
    });
    wrapped.collect::<String>().into_bytes()
}

#[test]
fn wrapped_lines_are_lines_like_any_other() {
    let is = |what: &'static [u8]| Some(Arc::new(move |line: &[u8]| line == what) as IsStart);
    let led = FrameRule {
        start: Some(Arc::new(|line: &[u8]| line == b"T" || line == b"U")),
        lead: is(b"T"),
        skip: is(b"-"),
        ..FrameRule::default()
    };
    let quoted = FrameRule {
        form: Form::Quoted,
        skip: is(b"-"),
        ..multi()
    };
    let each = FrameRule {
        skip: is(b"-"),
        ..FrameRule::default()
    };
    let logs = [
        (led, "-\n-\nT\nU\nq\nU\n-\nT\nT\nU\n", 4),
        (quoted, "a,\"x\"\"\nb\n\nc\",1\nd,\"\"\n-\n e\"\nf\n", 4),
        (each, "-\na\n-\n-\nb\n", 2),
    ];
    for (rule, log, events) in logs {
        let bare = texts(&rule, log.as_bytes());
        assert_eq!(bare.len(), events, "{bare:?}");
        for wrapper in [Wrapper::Docker, Wrapper::Cri, Wrapper::Auto] {
            let rule = FrameRule {
                wrapper: Some(wrapper),
                ..rule.clone()
            };
            assert_eq!(texts(&rule, &wrap(wrapper, log)), bare, "{wrapper:?}");
        }
    }
}

#[test]
fn entries_of_a_journal() {
    let rule = FrameRule {
        form: Form::Journal,
        event_bytes_max: 40,
        ..FrameRule::default()
    };
    let input = b"A=1\nM\n\x04\0\0\0\0\0\0\0x\n\ny\nB=2\n\nA=2\n\n\nno field\nA=3";
    assert_eq!(
        texts(&rule, input),
        ["A=1\nM\n\u{4}\0\0\0\0\0\0\0x\n\ny\nB=2", "A=2", "no field", "A=3"]
    );
    let long = [b"A=1\nB=".to_vec(), vec![b'x'; 60], b"\n\nA=2\n".to_vec()].concat();
    let events = whole(&rule, &long);
    let seen: Vec<_> = events.iter().map(|event| (event.text.len(), event.cut)).collect();
    assert_eq!(seen, [(3, false), (40, true), (22, false), (3, false)]);
}

#[test]
fn limits_end_an_event_and_lose_nothing() {
    let rule = FrameRule {
        event_lines_max: 3,
        ..multi()
    };
    assert_eq!(
        texts(&rule, b"a\n 1\n 2\n 3\n 4\nb\n"),
        ["a\n 1\n 2", " 3\n 4", "b"]
    );
    let rule = FrameRule {
        event_bytes_max: 8,
        ..multi()
    };
    assert_eq!(texts(&rule, b"a\n 12\n 34\n 5\nb\n"), ["a\n 12", " 34\n 5", "b"]);
    let rule = FrameRule {
        line_bytes_max: 4,
        ..multi()
    };
    let events = whole(&rule, b"a\n 12345678\n 2\nb\n");
    let cut: Vec<_> = events
        .iter()
        .map(|event| (event.text.as_str(), event.cut))
        .collect();
    assert_eq!(cut, [("a", false), (" 123", true), (" 2", false), ("b", false)]);
}

#[test]
fn pieces_of_both_streams_become_whole_lines() {
    let rule = FrameRule {
        wrapper: Some(Wrapper::Cri),
        ..FrameRule::default()
    };
    let input = b"2026-11-22T10:00:00.1Z stdout P one \n\
        2026-11-22T10:00:00.2Z stderr F err\r\n\
        not wrapped\n\
        2026-11-22T10:00:00.3Z stdout F two\n";
    let events = whole(&rule, input);
    let seen: Vec<_> = events
        .iter()
        .map(|event| (event.at, event.text.as_str(), event.time.as_str(), event.stream))
        .collect();
    assert_eq!(
        seen,
        [
            (37, "err", "2026-11-22T10:00:00.2Z", Some(Stream::Stderr)),
            (74, "not wrapped", "", None),
            (0, "one two", "2026-11-22T10:00:00.1Z", Some(Stream::Stdout)),
        ]
    );
    let half = &input[..86];
    assert_eq!(
        framed(&rule, half, &[]).len(),
        3,
        "what is open at the end of the file is given out"
    );
}

#[test]
fn wrapped_lines_join_per_stream() {
    let rule = FrameRule {
        wrapper: Some(Wrapper::Docker),
        ..multi()
    };
    let line = |stream: &str, text: &str| {
        format!("{{\"log\":\"{text}\",\"stream\":\"{stream}\",\"time\":\"2026-11-22T10:00:00Z\"}}\n")
    };
    let input = [
        line("stdout", "E1\\n"),
        line("stderr", "F1\\n"),
        line("stdout", "\\tat a"),
        line("stderr", " at b\\n"),
        line("stdout", ".b\\r\\n"),
        line("stdout", "\\n"),
        line("stderr", "F2\\n"),
        line("stdout", "E2\\n"),
    ]
    .concat();
    assert_eq!(
        texts(&rule, input.as_bytes()),
        ["F1\n at b", "E1\n\tat a.b", "F2", "E2"]
    );
}

fn rule() -> impl Strategy<Value = FrameRule> {
    let wrapper = prop_oneof![
        Just(None),
        Just(Some(Wrapper::Cri)),
        Just(Some(Wrapper::Docker)),
        Just(Some(Wrapper::Auto)),
    ];
    let form = prop_oneof![2 => Just(Form::Lines), 1 => Just(Form::Quoted), 1 => Just(Form::Journal)];
    let begins = |bytes: &'static [u8]| Arc::new(move |line: &[u8]| line.starts_with(bytes)) as IsStart;
    let multi_line = (any::<bool>(), any::<bool>(), any::<bool>());
    (wrapper, form, multi_line, 1usize..60, 1usize..60, 1u32..5).prop_map(
        move |(
            wrapper,
            form,
            (multi_line, leads, skips),
            line_bytes_max,
            event_bytes_max,
            event_lines_max,
        )| FrameRule {
            wrapper,
            form,
            start: multi_line.then(|| multi().start).flatten(),
            lead: leads.then(|| begins(b"a")),
            skip: skips.then(|| begins(b"b")),
            line_bytes_max: line_bytes_max + if wrapper.is_some() { 60 } else { 0 },
            event_bytes_max,
            event_lines_max,
            ..FrameRule::default()
        },
    )
}

fn input() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        "[a-c \t]{0,12}",
        "[a-c]{1,100}",
        "[A-C]=[a-c\"]{0,9}",
        "A\n[\x00-\x03]\x00\x00\x00\x00\x00\x00\x00[a-c\n]{0,4}",
        "\\PC{0,6}",
        "2026-11-22T10:00:0[0-9]Z std(out|err) [FP] [ab ]{0,8}",
        r#"\{"log":"[ab ]{0,8}(\\n)?","stream":"std(out|err)","time":"2026-11-22T10:00:00Z"\}"#,
    ]
    .prop_map(String::into_bytes);
    let nuls = (1usize..200).prop_map(|len| vec![0; len]);
    let any = proptest::collection::vec(any::<u8>(), 0..8);
    let piece = (
        prop_oneof![8 => line, 1 => nuls, 1 => any],
        prop_oneof![8 => Just(&b"\n"[..]), 2 => Just(&b"\r\n"[..]), 1 => Just(&b""[..])],
    );
    let bom = prop_oneof![9 => Just(Vec::new()), 1 => Just(b"\xef\xbb\xbf".to_vec())];
    (bom, proptest::collection::vec(piece, 0..24)).prop_map(|(mut input, pieces)| {
        for (piece, end) in pieces {
            input.extend_from_slice(&piece);
            input.extend_from_slice(end);
        }
        input
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn how_the_bytes_come_in_does_not_matter(
        rule in rule(),
        input in input(),
        growth in proptest::collection::vec(1usize..80, 0..40),
    ) {
        prop_assert_eq!(framed(&rule, &input, &growth), whole(&rule, &input));
    }

    #[test]
    fn every_line_is_somewhere(input in input(), multi_line in any::<bool>()) {
        let rule = if multi_line { multi() } else { FrameRule::default() };
        let body = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&input);
        let lines: Vec<String> = body
            .split(|byte| *byte == b'\n')
            .map(|line| {
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                let from = line.iter().position(|byte| *byte != 0).unwrap_or(line.len());
                String::from_utf8_lossy(&line[from..]).into_owned()
            })
            .filter(|line| !line.is_empty())
            .collect();
        let events = texts(&rule, &input);
        if multi_line {
            let of_events: Vec<String> = events
                .iter()
                .flat_map(|event| event.split('\n'))
                .map(|line| line.strip_suffix('\r').unwrap_or(line).to_owned())
                .filter(|line| !line.is_empty())
                .collect();
            // A line of its own may end in a return that is text; compare without them.
            let bare = |lines: &[String]| lines.iter().map(|line| line.trim_end_matches('\r').to_owned()).filter(|line| !line.is_empty()).collect::<Vec<_>>();
            prop_assert_eq!(bare(&of_events), bare(&lines));
        } else {
            prop_assert_eq!(events, lines);
        }
    }
}
