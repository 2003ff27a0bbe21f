//! Lines that are made to be hard cost each shipped pipeline what their length says, and no panic.

use bumpalo::Bump;

use super::shipped::PIPELINES;
use super::{HostWords, Library, Pipeline, compile};
use crate::config::Diagnostics;
use crate::event::{Fields, Timestamp};
use crate::pattern::EXAMINED;

/// What separates and encloses values in logs: repeated, each of them offers a false end at every place.
const UNITS: [&[u8]; 20] = [
    b" ",
    b"a",
    b"0",
    b"\"",
    b"\\",
    b"[",
    b"] ",
    b"{\"a\":",
    b"={",
    b": ",
    b"  : ",
    b", ",
    b" - ",
    b"a=\"b\" ",
    b"<1>",
    b"\n\tat a(b)",
    b"\n#0 ",
    b"x (Error)",
    b"\x00",
    b"\xff\xc3",
];
/// Bytes of the shorter line of a pair.
const SHORT: usize = 1_000;
/// The longer line is this many times as long.
const TIMES: usize = 4;
/// Bytes that are looked at whatever the length: every alternative looks at the line's beginning.
const ONCE: usize = 20_000;

/// Bytes that the searches of one parse went over.
fn examined(pipeline: &Pipeline, text: &[u8]) -> usize {
    let arena = Bump::new();
    let mut fields = Fields::new(pipeline.schema.len());
    let mut clock = pipeline.clock(Timestamp::from_millis(1_795_368_510_000));
    EXAMINED.set(0);
    pipeline.parse(text, &mut fields, &mut clock, &arena);
    EXAMINED.get()
}

#[test]
fn no_pipeline_takes_more_than_linear_time() {
    let library = Library::shipped();
    for (name, _) in PIPELINES {
        let mut diagnostics = Diagnostics::new();
        let file = library.pipeline(name, &mut diagnostics).unwrap();
        let pipeline = compile(&file, &library, &HostWords::default(), &mut diagnostics).unwrap();
        let line = file.tests.first().map_or("", |test| &test.input.value).as_bytes();
        for unit in UNITS {
            // A whole line, one that is torn within, and nothing before what is hard.
            for begin in [line, &line[..line.len() * 2 / 3], &line[..line.len() / 3], b""] {
                let hard = |bytes: usize| [begin, &unit.repeat(bytes / unit.len())].concat();
                let short = examined(&pipeline, &hard(SHORT));
                let long = examined(&pipeline, &hard(SHORT * TIMES));
                assert!(
                    long <= short * TIMES + ONCE,
                    "{name}: {short} bytes examined, then {long}, of {:?} and many {:?}",
                    String::from_utf8_lossy(begin),
                    String::from_utf8_lossy(unit)
                );
            }
        }
    }
}
