//! How well the pipelines of a library fit a log.

use std::cmp::Reverse;

use bumpalo::Bump;

use crate::config::{Diagnostics, PipelineFile, Wrapper};
use crate::event::{FieldId, Fields, Timestamp};
use crate::format::{container, w3c};
use crate::pipeline::{HostWords, Library, Outcome, Pipeline, compile};

/// One pipeline's share of a log.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    pub pipeline: String,
    /// The share of the lines that are part of an event that it matches, 0 to 1.
    pub share: f64,
    /// How many fields it finds in an event, on average; keys that it does not know are not among them.
    pub fields: f64,
    /// It takes any text, and found nothing in this one.
    pub takes_anything: bool,
    /// It tells what a container runtime put around each line, and nothing of the text in it.
    pub wraps: bool,
    /// How many other pipelines of the library have examples that it takes as well: what takes many says little.
    pub others: usize,
    /// It reads a format that names its own fields, such as JSON, so that it finds all there is.
    pub structured: bool,
    /// The numbers of the lines that it does not match.
    pub left: Vec<usize>,
}

/// A text that is of no form.
const NO_FORM: &[u8] = b"hello there";

/// A line that follows the first of its event without being indented counts half: it may be a head that the
/// pipeline does not know.
const LOOSE_LINE: f64 = 0.5;

/// A pipeline of a smaller share is not worth a word.
const SHARE_MIN: f64 = 0.05;

/// What finds so much of what the best one finds, of those that take as much, finds about the same.
const CLOSE: f64 = 0.87;

/// Every pipeline that fits some of `lines`, the best one first: of those that take about as much and find about as much
/// in it the one that `path` speaks of, then the one that takes the fewest other logs; and those that take anything
/// behind all that know half of the lines.
pub fn rank(library: &Library, lines: &[&[u8]], path: &str, now: Timestamp) -> Vec<Fit> {
    let path = path.to_lowercase();
    let spoken_of = |name: &str| name.split('-').filter(|part| path.contains(part)).count();
    let mut diagnostics = Diagnostics::new();
    let all: Vec<(PipelineFile, Pipeline)> = library
        .names()
        .into_iter()
        .filter_map(|name| {
            let file = library.pipeline(name, &mut diagnostics)?;
            let pipeline = compile(&file, library, &HostWords::default(), &mut diagnostics)?;
            Some((file, pipeline))
        })
        .collect();
    let examples: Vec<Vec<Vec<u8>>> = all.iter().map(|(file, _)| examples(file)).collect();
    let mut fits: Vec<Fit> = all
        .iter()
        .map(|(file, pipeline)| fit(file, pipeline, lines, now))
        .filter(|fit| fit.share >= SHARE_MIN)
        .collect();
    for fit in &mut fits {
        if let Some((file, pipeline)) = all.iter().find(|(_, pipeline)| pipeline.name == fit.pipeline) {
            fit.others = takes(file, pipeline, &examples, now);
        }
    }
    let most: Vec<(u32, f64)> = fits.iter().map(|fit| (fit.twentieths(), fit.fields)).collect();
    let most = |twentieths: u32| {
        let alike = most.iter().filter(|(share, _)| *share == twentieths);
        alike.map(|(_, fields)| *fields).fold(0.0, f64::max)
    };
    fits.sort_by_cached_key(|fit| {
        let hundredths = (fit.fields * 100.0) as u32;
        let last = fit.takes_anything || fit.twentieths() < 10;
        let close = fit.fields >= CLOSE * most(fit.twentieths());
        (
            (last, fit.takes_anything),
            Reverse(fit.twentieths()),
            Reverse(fit.wraps),
            Reverse(close),
            Reverse(spoken_of(&fit.pipeline)),
            if close { fit.others } else { 0 },
            Reverse(hundredths),
            fit.pipeline.clone(),
        )
    });
    fits
}

impl Fit {
    /// The share in steps that are wide enough for chance.
    fn twentieths(&self) -> u32 {
        (self.share * 20.0).round() as u32
    }
}

fn fit(file: &PipelineFile, pipeline: &Pipeline, lines: &[&[u8]], now: Timestamp) -> Fit {
    // What a container runtime wraps is told by the wrapping alone: the text in it is any service's.
    if let Some(wrapper) = pipeline.frame.rule.wrapper {
        return wrapped(pipeline, wrapper, lines);
    }
    let named = named(file, pipeline);
    let takes_anything = takes_anything(pipeline, now);
    // Of what is known by a pattern that takes anything.
    let mut unknown = 0.0;
    let mut clock = pipeline.clock(now);
    let (mut taken, mut found, mut events) = (0.0, 0, 0);
    let mut left = Vec::new();
    let mut from = 0;
    while from < lines.len() {
        // Headers and lines that belong to no event are known all the same.
        let header = w3c::header(lines[from]).filter(|_| pipeline.has_header());
        if header.is_some() || pipeline.frame.skips(lines[from]) {
            if let Some(names) = header {
                clock.set_header(&names);
            }
            taken += 1.0;
            from += 1;
            continue;
        }
        let more = match pipeline.frame.every_line() {
            true => 0,
            false => lines[from + 1..]
                .iter()
                .take_while(|line| !pipeline.frame.begins(line))
                .count(),
        };
        let to = from + 1 + more;
        let arena = Bump::new();
        let text = lines[from..to].join(&b'\n');
        let mut fields = Fields::new(pipeline.schema.len());
        if pipeline.parse(&text, &mut fields, &mut clock, &arena) == Outcome::Unmatched {
            left.extend(from..to);
        } else {
            let loose = |line: &&&[u8]| line.first().is_some_and(u8::is_ascii_graphic);
            let loose = lines[from + 1..to].iter().filter(loose).count() as f64;
            let weight = (to - from) as f64 - loose * (1.0 - LOOSE_LINE);
            let fields = named
                .iter()
                .filter(|field| !fields.get(**field).is_absent())
                .count();
            if fields == 0 && takes_anything {
                unknown += weight;
                left.extend(from..to);
            } else {
                taken += weight;
                found += fields;
                events += 1;
            }
        }
        from = to;
    }
    let knows_none = takes_anything && events == 0;
    if knows_none {
        taken = unknown;
    }
    Fit {
        pipeline: pipeline.name.clone(),
        // Headers and comments alone say nothing.
        share: if events == 0 && !knows_none {
            0.0
        } else {
            taken / lines.len().max(1) as f64
        },
        fields: found as f64 / f64::from(events.max(1)),
        takes_anything: knows_none,
        wraps: false,
        others: 0,
        structured: file.parse.builtin.is_some(),
        left,
    }
}

/// The stream and the time, which every wrapped line has.
const WRAPPER_FIELDS: f64 = 2.0;

fn wrapped(pipeline: &Pipeline, wrapper: Wrapper, lines: &[&[u8]]) -> Fit {
    let docker = |line: &[u8]| container::docker(line, &mut Vec::new()).is_some();
    let cri = |line: &[u8]| container::cri(line).is_some();
    let is_wrapped = |line: &[u8]| match wrapper {
        Wrapper::Docker => docker(line),
        Wrapper::Cri => cri(line),
        Wrapper::Auto => docker(line) || cri(line),
    };
    let left: Vec<usize> = (0..lines.len()).filter(|at| !is_wrapped(lines[*at])).collect();
    Fit {
        pipeline: pipeline.name.clone(),
        share: (lines.len() - left.len()) as f64 / lines.len().max(1) as f64,
        fields: WRAPPER_FIELDS,
        takes_anything: false,
        wraps: true,
        others: 0,
        structured: true,
        left,
    }
}

fn takes_anything(pipeline: &Pipeline, now: Timestamp) -> bool {
    let arena = Bump::new();
    let mut fields = Fields::new(pipeline.schema.len());
    pipeline.parse(NO_FORM, &mut fields, &mut pipeline.clock(now), &arena) != Outcome::Unmatched
}

/// The fields whose presence says that a pipeline knows a line: those that it does not set by itself.
fn named(file: &PipelineFile, pipeline: &Pipeline) -> Vec<FieldId> {
    let own = |name: &str| {
        let mut own = file.set.iter().chain(&file.default);
        own.any(|(set, _)| set.value == name)
    };
    pipeline
        .schema
        .iter()
        .filter(|(field, name)| *name != "message" && !own(name) && !pipeline.schema.is_hidden(*field))
        .map(|(field, _)| field)
        .collect()
}

/// The events of a pipeline's own tests.
fn examples(file: &PipelineFile) -> Vec<Vec<u8>> {
    file.tests
        .iter()
        .filter(|test| !test.unmatched)
        .map(|test| test.input.value.clone().into_bytes())
        .collect()
}

/// A pipeline takes another's example where it finds so many fields in it.
const FIELDS_MIN: usize = 2;

/// How many of the pipelines that `examples` are of have some that `pipeline` takes.
fn takes(file: &PipelineFile, pipeline: &Pipeline, examples: &[Vec<Vec<u8>>], now: Timestamp) -> usize {
    let named = named(file, pipeline);
    let mut clock = pipeline.clock(now);
    let mut takes = |text: &[u8]| {
        let arena = Bump::new();
        let mut fields = Fields::new(pipeline.schema.len());
        pipeline.parse(text, &mut fields, &mut clock, &arena) != Outcome::Unmatched
            && named
                .iter()
                .filter(|field| !fields.get(**field).is_absent())
                .nth(FIELDS_MIN - 1)
                .is_some()
    };
    examples
        .iter()
        .filter(|of_one| of_one.iter().any(|text| takes(text)))
        .count()
}
