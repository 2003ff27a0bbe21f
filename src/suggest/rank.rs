//! How well the pipelines of a library fit a log.

use std::cmp::Reverse;

use bumpalo::Bump;

use crate::config::{Diagnostics, PipelineFile, Wrapper};
use crate::event::{Fields, Timestamp};
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
    /// It takes any text, so that it says nothing about this one.
    pub takes_anything: bool,
    /// It tells what a container runtime put around each line, and nothing of the text in it.
    pub wraps: bool,
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

/// Every pipeline that fits some of `lines`, the best one first: of those that take about as much the one that finds
/// most, then the one that `path` speaks of, and those that take anything behind all that know half of the lines.
pub fn rank(library: &Library, lines: &[&[u8]], path: &str, now: Timestamp) -> Vec<Fit> {
    let path = path.to_lowercase();
    let spoken_of = |name: &str| name.split('-').filter(|part| path.contains(part)).count();
    let mut fits: Vec<Fit> = library
        .names()
        .into_iter()
        .filter_map(|name| {
            let mut diagnostics = Diagnostics::new();
            let file = library.pipeline(name, &mut diagnostics)?;
            let pipeline = compile(&file, library, &HostWords::default(), &mut diagnostics)?;
            Some(fit(&file, &pipeline, lines, now))
        })
        .filter(|fit| fit.share >= SHARE_MIN)
        .collect();
    fits.sort_by_key(|fit| {
        let twentieths = (fit.share * 20.0).round() as u32;
        let hundredths = (fit.fields * 100.0) as u32;
        let last = fit.takes_anything || twentieths < 10;
        (
            last,
            fit.takes_anything,
            Reverse(twentieths),
            Reverse(fit.wraps),
            Reverse(hundredths),
            Reverse(spoken_of(&fit.pipeline)),
            fit.pipeline.clone(),
        )
    });
    fits
}

fn fit(file: &PipelineFile, pipeline: &Pipeline, lines: &[&[u8]], now: Timestamp) -> Fit {
    // What a container runtime wraps is told by the wrapping alone: the text in it is any service's.
    if let Some(wrapper) = pipeline.frame.rule.wrapper {
        return wrapped(pipeline, wrapper, lines);
    }
    let constants: Vec<&str> = file.set.iter().map(|(name, _)| name.as_str()).collect();
    let named: Vec<_> = pipeline
        .schema
        .iter()
        .filter(|(field, name)| {
            *name != "message" && !constants.contains(name) && !pipeline.schema.is_hidden(*field)
        })
        .map(|(field, _)| field)
        .collect();
    let mut clock = pipeline.clock(now);
    let (mut taken, mut found, mut events) = (0.0, 0, 0);
    let mut left = Vec::new();
    let mut from = 0;
    while from < lines.len() {
        // Headers and lines that belong to no event are known all the same.
        let header = w3c::header(lines[from]).filter(|_| pipeline.has_header());
        if header.is_some() || pipeline.frame.skips(lines[from]) {
            if let Some(names) = header {
                clock.set_header(names);
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
            taken += (to - from) as f64 - loose * (1.0 - LOOSE_LINE);
            found += named
                .iter()
                .filter(|field| !fields.get(**field).is_absent())
                .count();
            events += 1;
        }
        from = to;
    }
    Fit {
        pipeline: pipeline.name.clone(),
        // Headers and comments alone say nothing.
        share: if events == 0 {
            0.0
        } else {
            taken / lines.len().max(1) as f64
        },
        fields: found as f64 / f64::from(events.max(1)),
        takes_anything: takes_anything(pipeline, now),
        wraps: false,
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
        structured: true,
        left,
    }
}

fn takes_anything(pipeline: &Pipeline, now: Timestamp) -> bool {
    let arena = Bump::new();
    let mut fields = Fields::new(pipeline.schema.len());
    pipeline.parse(NO_FORM, &mut fields, &mut pipeline.clock(now), &arena) != Outcome::Unmatched
}
