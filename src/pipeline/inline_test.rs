//! The `[[test]]` tables of a pipeline file: a line, and what must come of it.

use bumpalo::Bump;

use crate::config::{PipelineFile, PipelineTest, Spanned};
use crate::encode::{self, Page};
use crate::event::{Fields, Timestamp, TimestampWriter};
use crate::format::w3c;
use crate::pattern::Clock;

use super::{Outcome, Pipeline};

/// One thing that a test found different.
#[derive(Debug)]
pub struct Failure<'f> {
    pub test: &'f PipelineTest,
    /// Where the expectation stands.
    pub place: Spanned<()>,
    /// What came instead, in a sentence.
    pub message: String,
}

/// The moment that inline tests are read at, for times without year or date.
const NOW: Timestamp = Timestamp {
    secs: 1_795_435_200,
    nanos: 0,
    digits: 0,
};

/// Runs the tests of `file`; `pipeline` is compiled from it.
pub fn run_tests<'f>(file: &'f PipelineFile, pipeline: &Pipeline) -> Vec<Failure<'f>> {
    file.tests.iter().flat_map(|test| run(test, pipeline)).collect()
}

/// The event's bytes. Where lines name the columns, it is the last one and the header stands before it.
pub(super) fn event<'t>(test: &'t PipelineTest, pipeline: &Pipeline, clock: &mut Clock) -> &'t [u8] {
    let input = test.input.as_bytes();
    if !pipeline.has_header() {
        return input;
    }
    let end = memchr::memrchr(b'\n', input).map_or(0, |end| end + 1);
    clock.set_header(w3c::header(&input[..end]).unwrap_or_default());
    &input[end..]
}

fn run<'f>(test: &'f PipelineTest, pipeline: &Pipeline) -> Vec<Failure<'f>> {
    let arena = Bump::new();
    let mut fields = Fields::new(pipeline.schema.len());
    let mut clock = pipeline.clock(NOW);
    let input = event(test, pipeline, &mut clock);
    let outcome = pipeline.parse(input, &mut fields, &mut clock, &arena);
    let mut failures = Vec::new();
    let mut fail = |place: Spanned<()>, message: String| failures.push(Failure { test, place, message });
    match (outcome, test.dropped) {
        (Outcome::Filtered { .. }, false) => {
            fail(test.input.clone().map(|_| ()), "this line is dropped".to_owned());
        }
        (Outcome::Matched | Outcome::Unmatched, true) => fail(
            test.input.clone().map(|_| ()),
            "this line should be dropped, but it is shipped".to_owned(),
        ),
        _ => {}
    }
    match (outcome, test.unmatched) {
        (Outcome::Unmatched, false) => {
            fail(
                test.input.clone().map(|_| ()),
                "no pattern matches this line".to_owned(),
            );
        }
        (Outcome::Matched, true) => fail(
            test.input.clone().map(|_| ()),
            "this line should not match, but a pattern matches it".to_owned(),
        ),
        _ => {}
    }

    let (mut page, mut times) = (Page::default(), TimestampWriter::default());
    page.write(|pen| encode::write_event(&pipeline.schema, &fields, None, false, &mut times, pen));
    let event: serde_json::Value = serde_json::from_slice(page.text()).unwrap_or_default();
    for (name, expected) in &test.fields {
        let place = expected.clone().map(|_| ());
        match event.get(name.as_str()) {
            None => fail(place, format!("the event has no `{}`", name.value)),
            Some(found) if *found != expected.value => {
                fail(
                    place,
                    format!("`{}` is {found}, not {}", name.value, expected.value),
                );
            }
            Some(_) => {}
        }
    }
    for name in &test.absent {
        if let Some(found) = event.get(name.as_str()) {
            fail(
                name.clone().map(|_| ()),
                format!("the event has `{}`: {found}", name.value),
            );
        }
    }
    failures
}
