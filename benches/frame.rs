//! Bytes into events: lines, lines that belong together, and lines in the wrappers of container runtimes.

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use logmill::config::Wrapper;
use logmill::event::Frame;
use logmill::limits::{CHUNK_BYTES, CHUNK_FRAMES_MAX};
use logmill::source::FrameRule;
use logmill::source::frame::{End, Out, Scratch, frame};

/// Length of the lines, ends not included.
const LINE_BYTES: usize = 276;

fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frame");
    let every_line = FrameRule::default;
    let text = |line: &dyn Fn(usize) -> String| -> String {
        (0..CHUNK_FRAMES_MAX)
            .map(line)
            .scan(0, |bytes, line| {
                *bytes += line.len();
                (*bytes <= CHUNK_BYTES).then_some(line)
            })
            .collect()
    };
    let message = "m".repeat(LINE_BYTES - 1);
    let cases = [
        ("lines", every_line(), text(&|_| format!("x{message}\n"))),
        (
            "multi_line",
            FrameRule {
                start: Some(Arc::new(|line: &[u8]| line.first() == Some(&b'x'))),
                ..every_line()
            },
            text(&|number| {
                let head = if number % 8 == 0 { 'x' } else { ' ' };
                format!("{head}{message}\n")
            }),
        ),
        (
            "docker",
            FrameRule {
                wrapper: Some(Wrapper::Docker),
                ..every_line()
            },
            text(&|_| {
                let mut line = format!(r#"{{"log":"x{message}\n","stream":"stdout","#);
                let _ = writeln!(line, r#""time":"2026-11-22T17:28:30.123456789Z"}}"#);
                line
            }),
        ),
        (
            "cri",
            FrameRule {
                wrapper: Some(Wrapper::Cri),
                ..every_line()
            },
            text(&|_| format!("2026-11-22T17:28:30.123456789Z stdout F x{message}\n")),
        ),
    ];
    for (name, rule, text) in &cases {
        let (mut frames, mut unwrapped, mut scratch) = (Vec::new(), Vec::new(), Scratch::default());
        let mut run = |frames: &mut Vec<Frame>| {
            frames.clear();
            unwrapped.clear();
            let mut out = Out {
                frames,
                unwrapped: &mut unwrapped,
                scratch: &mut scratch,
            };
            frame(rule, black_box(text.as_bytes()), false, End::Eof, &mut out)
        };
        assert_eq!(run(&mut frames), text.len(), "{name}");
        let lines = text.lines().count() as u64;
        group.throughput(Throughput::Elements(lines));
        group.bench_function(*name, |bencher| bencher.iter(|| run(&mut frames)));
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
