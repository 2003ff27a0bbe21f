//! The `[[test]]` tables of a pipeline file: a line, and what must come of it.

use bumpalo::Bump;
use serde_json::{Map, Value};

use crate::config::{PipelineFile, PipelineTest, Spanned};
use crate::encode::{self, Page};
use crate::event::{Fields, Timestamp, TimestampWriter};
use crate::format::w3c;

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

/// The moment that inline tests are read at, for times without year or date: 2026-11-23T12:00:00Z.
const NOW: Timestamp = Timestamp {
    secs: 1_795_435_200,
    nanos: 0,
    digits: 0,
};

/// Runs the tests of `file`; `pipeline` is compiled from it.
pub fn run_tests<'f>(file: &'f PipelineFile, pipeline: &Pipeline) -> Vec<Failure<'f>> {
    file.tests.iter().flat_map(|test| run(test, pipeline)).collect()
}

fn run<'f>(test: &'f PipelineTest, pipeline: &Pipeline) -> Vec<Failure<'f>> {
    let (outcome, event) = event(test, pipeline);
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

/// What `pipeline` makes of the test's event. Where lines name the columns, it is the last one and the header stands
/// before it.
pub(super) fn event(test: &PipelineTest, pipeline: &Pipeline) -> (Outcome, Map<String, Value>) {
    let arena = Bump::new();
    let mut fields = Fields::new(pipeline.schema.len());
    let mut clock = pipeline.clock(NOW);
    let mut text = test.input.as_bytes();
    if pipeline.has_header() {
        let end = memchr::memrchr(b'\n', text).map_or(0, |end| end + 1);
        let (header, event) = text.split_at(end);
        clock.set_header(&w3c::header(header).unwrap_or_default());
        text = event;
    }
    let outcome = pipeline.parse(text, &mut fields, &mut clock, &arena);
    let (mut page, mut times) = (Page::default(), TimestampWriter::default());
    page.write(|pen| encode::write_event(&pipeline.schema, &fields, None, false, &mut times, pen));
    (outcome, serde_json::from_slice(page.text()).unwrap_or_default())
}
