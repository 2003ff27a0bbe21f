//! What one pipeline makes of a log.

use bumpalo::Bump;

use super::likeness::Likeness;
use crate::config::{PipelineFile, Wrapper};
use crate::event::{FieldId, Fields, Timestamp};
use crate::format::{container, w3c};
use crate::pipeline::{Outcome, Pipeline};

/// One pipeline's share of a log.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    pub pipeline: String,
    /// The share of the lines that are part of an event that it matches, 0 to 1. A line that follows the first of its
    /// event without being indented counts half.
    pub share: f64,
    /// How many fields it finds in an event, on average; keys that it does not know are not among them.
    pub fields: f64,
    /// How much the lines look like the pipeline's own examples, 0 to 1.
    pub likeness: f64,
    /// It takes any text, and found nothing in this one.
    pub takes_anything: bool,
    /// It tells what a container runtime put around each line.
    pub wraps: bool,
    /// It tells that, and nothing of the text in it.
    pub wraps_only: bool,
    /// It is made for what a container runtime has wrapped, and this is not.
    pub misses_wrapping: bool,
    /// How many fields it can find in whatever log: what is made for little finds all of that.
    pub knows: usize,
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

/// The stream and the time, which every wrapped line has.
const WRAPPER_FIELDS: f64 = 2.0;

/// A pipeline with its own examples taken apart.
pub(super) struct Candidate {
    pub file: PipelineFile,
    pub pipeline: Pipeline,
    /// The fields whose presence says that the pipeline knows a line.
    named: Vec<FieldId>,
    /// The first lines of its own tests.
    examples: Vec<Likeness>,
}

impl Candidate {
    pub fn new(file: PipelineFile, pipeline: Pipeline) -> Self {
        Candidate {
            named: named(&file, &pipeline),
            examples: examples(&file),
            file,
            pipeline,
        }
    }

    fn is_there<'a>(&'a self, fields: &'a Fields) -> impl Iterator<Item = bool> + 'a {
        self.named.iter().map(|field| !fields.get(*field).is_absent())
    }

    fn takes_anything(&self, now: Timestamp) -> bool {
        let arena = Bump::new();
        let pipeline = &self.pipeline;
        let mut fields = Fields::new(pipeline.schema.len());
        pipeline.parse(NO_FORM, &mut fields, &mut pipeline.clock(now), &arena) != Outcome::Unmatched
    }

    /// How much the lines look like the nearest of the examples, on average.
    fn likeness(&self, lines: &[Likeness]) -> f64 {
        let nearest = |line: &Likeness| {
            let likeness = self.examples.iter().map(|example| line.to(example));
            likeness.fold(0.0, f64::max)
        };
        lines.iter().map(nearest).sum::<f64>() / lines.len().max(1) as f64
    }

    pub fn fit(&self, lines: &[&[u8]], shapes: &[Likeness], now: Timestamp) -> Fit {
        let Some(wrapper) = self.pipeline.frame.rule.wrapper else {
            let fit = self.fit_bare(lines, now);
            return Fit {
                likeness: self.likeness(shapes),
                ..fit
            };
        };
        // What a container runtime has not wrapped is an event as it is.
        let texts: Vec<Option<Vec<u8>>> = lines.iter().map(|line| unwrap(wrapper, line)).collect();
        let pairs = lines.iter().zip(&texts);
        let bare: Vec<&[u8]> = pairs
            .map(|(line, text)| text.as_deref().unwrap_or(line))
            .collect();
        let left: Vec<usize> = (0..lines.len()).filter(|at| texts[*at].is_none()).collect();
        let share = (lines.len() - left.len()) as f64 / lines.len().max(1) as f64;
        let within = self.fit_bare(&bare, now);
        if !within.takes_anything && within.share >= 0.5 && within.fields > 0.0 {
            return Fit {
                fields: within.fields + WRAPPER_FIELDS * share,
                wraps: share >= 0.5,
                misses_wrapping: share < 0.5,
                likeness: self.likeness(shapes),
                ..within
            };
        }
        Fit {
            share,
            fields: WRAPPER_FIELDS,
            takes_anything: false,
            wraps: true,
            wraps_only: true,
            structured: true,
            left,
            ..within
        }
    }

    fn fit_bare(&self, lines: &[&[u8]], now: Timestamp) -> Fit {
        let pipeline = &self.pipeline;
        let takes_anything = self.takes_anything(now);
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
                let fields = self.is_there(&fields).filter(|there| *there).count();
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
            likeness: 0.0,
            takes_anything: knows_none,
            wraps: false,
            wraps_only: false,
            misses_wrapping: false,
            knows: self.named.len(),
            structured: self.file.parse.builtin.is_some(),
            left,
        }
    }
}

/// The service's text in a line that a container runtime wrote.
fn unwrap(wrapper: Wrapper, line: &[u8]) -> Option<Vec<u8>> {
    let docker = || {
        let mut text = Vec::new();
        container::docker(line, &mut text).map(|_| text)
    };
    let cri = || container::cri(line).map(|found| line[found.text].to_vec());
    match wrapper {
        Wrapper::Docker => docker(),
        Wrapper::Cri => cri(),
        Wrapper::Auto => docker().or_else(cri),
    }
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

fn examples(file: &PipelineFile) -> Vec<Likeness> {
    file.tests
        .iter()
        .filter(|test| !test.unmatched)
        .filter_map(|test| test.input.value.lines().next())
        .map(|line| Likeness::of(line.as_bytes()))
        .collect()
}
