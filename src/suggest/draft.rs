//! A pipeline file for lines of unknown form, with its tests.

use bumpalo::Bump;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::shape::Shape;
use super::token::tokens;
use super::{ENOUGH, Fit, frame};
use crate::config::{Diagnostics, PipelineFile, SourceFile, literal};
use crate::encode;
use crate::event::{Fields, Schema, Timestamp, TimestampWriter};
use crate::pattern::{Clock, Program};
use crate::pipeline::{HostWords, Library, Outcome, Pipeline, compile, run_tests};

/// A drafted pipeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The file. It compiles, and its tests pass.
    pub text: String,
    pub events: usize,
    pub matched: usize,
    /// How many fields it finds in an event that it matches, on average; the message is not among them.
    pub fields: f64,
}

/// A draft finds more when it finds so many times the fields.
const MORE_FIELDS: f64 = 1.25;

impl Draft {
    /// Whether it is worth more than the pipeline that fits best: one that takes a text for its form alone may leave
    /// much of it unread.
    pub fn finds_more(&self, fit: &Fit) -> bool {
        let share = self.matched as f64 / self.events.max(1) as f64;
        share >= fit.share.min(ENOUGH) && self.fields >= fit.fields * MORE_FIELDS
    }
}

/// Patterns of one draft: more are a log of free text.
const PATTERNS_MAX: usize = 8;

/// Lines that no pattern of the draft takes are left when they are fewer than this share.
const LEFT_MAX: f64 = 0.02;

/// A group of fewer lines is no shape, unless the sample is this small altogether.
const GROUP_MIN: usize = 2;

/// Events of which the fields are counted.
const COUNTED_MAX: usize = 200;

/// A test shows at most so many fields.
const FIELDS_SHOWN_MAX: usize = 16;

/// Drafts the pipeline `name` for `lines`; `None` where they have no form.
pub fn draft(name: &str, lines: &[&str]) -> Option<Draft> {
    let mut clock = clock();
    let cut: Vec<(&str, Vec<_>)> = lines
        .iter()
        .map(|line| line.trim_end_matches('\r'))
        .filter(|line| !line.is_empty())
        .map(|line| (line, tokens(line, &mut clock)))
        .collect();
    let heads = frame::heads(&cut);
    let events = events(&cut, heads.as_deref());
    let mut left: Vec<Vec<_>> = match &heads {
        Some(heads) => {
            let heads = cut.iter().zip(heads).filter(|(_, head)| **head);
            heads.map(|((_, tokens), _)| tokens.clone()).collect()
        }
        None => cut.iter().map(|(_, tokens)| tokens.clone()).collect(),
    };
    let mut unmatched: Vec<&str> = events.iter().map(String::as_str).collect();
    let (mut patterns, mut starts): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let mut pairs = false;
    while patterns.len() < PATTERNS_MAX && unmatched.len() as f64 > LEFT_MAX * events.len() as f64 {
        if !patterns.is_empty() && left.len() < GROUP_MIN {
            break;
        }
        let Some(shape) = Shape::of(&left, heads.is_some()) else {
            break;
        };
        let pattern = shape.pattern();
        let Ok(program) = Program::compile(&pattern, &mut Schema::default()) else {
            break;
        };
        let keep: Vec<bool> = unmatched
            .iter()
            .map(|event| !program.matches(event.as_bytes(), &mut clock))
            .collect();
        if keep.iter().all(|keep| *keep) {
            break;
        }
        // Events and the parts of their first lines go together.
        let mut keeps = keep.iter();
        left.retain(|_| *keeps.next().unwrap_or(&false));
        let mut keeps = keep.iter();
        unmatched.retain(|_| *keeps.next().unwrap_or(&false));
        if heads.is_some()
            && let Some(start) = shape.start().filter(|start| !starts.contains(start))
        {
            starts.push(start);
        }
        patterns.push(pattern);
        pairs |= shape.pairs;
    }
    if patterns.is_empty() || (heads.is_some() && starts.is_empty()) {
        return None;
    }
    let head = head(
        name,
        &starts,
        &patterns,
        events.iter().any(|event| event.contains('\n')),
        pairs,
    );
    let (_, pipeline) = compiled(name, &head)?;
    let tests = tests(&pipeline, &patterns, &events);
    let text = format!("{head}{tests}");
    let text = if passes(name, &text) { text } else { head };
    let found: Vec<usize> = events
        .iter()
        .take(COUNTED_MAX)
        .filter_map(|event| fields(&pipeline, event))
        .map(|fields| fields.keys().filter(|name| *name != "message").count())
        .collect();
    Some(Draft {
        fields: found.iter().sum::<usize>() as f64 / found.len().max(1) as f64,
        matched: events.len() - unmatched.len(),
        events: events.len(),
        text,
    })
}

/// Times without a year are read as of this moment; it does not matter for what matches.
fn clock() -> Clock {
    Clock::new(TimeZone::UTC, Timestamp::from_millis(0))
}

/// The texts of the events.
fn events(lines: &[(&str, Vec<super::token::Token<'_>>)], heads: Option<&[bool]>) -> Vec<String> {
    let mut events: Vec<String> = Vec::new();
    for (at, (line, _)) in lines.iter().enumerate() {
        let begins = heads.is_none_or(|heads| heads[at]);
        match events.last_mut() {
            Some(event) if !begins => {
                event.push('\n');
                event.push_str(line);
            }
            _ => events.push((*line).to_owned()),
        }
    }
    events
}

fn head(name: &str, starts: &[String], patterns: &[String], lines_follow: bool, pairs: bool) -> String {
    let mut text = format!(
        "# Drafted from a sample by `logmill suggest`: give the fields their names, then add metrics.\n\
         description = \"{name}\"\n"
    );
    if patterns.iter().any(|pattern| pattern.contains("{log.level:")) {
        text.push_str("metrics = [\"log_levels\"]\n");
    }
    if !starts.is_empty() {
        text.push_str("\n[frame]\nstart = [\n");
        list(starts, &mut text);
    }
    text.push_str("\n[parse]\n");
    if lines_follow {
        text.push_str("trace = true\n");
    }
    text.push_str("patterns = [\n");
    list(patterns, &mut text);
    if pairs {
        text.push_str("\n[[extract]]\nfield = \"message\"\nbuiltin = \"logfmt\"\nprefix = \"labels.\"\n");
    }
    text
}

fn list(items: &[String], text: &mut String) {
    for item in items {
        text.push_str("  ");
        text.push_str(&literal(item));
        text.push_str(",\n");
    }
    text.push_str("]\n");
}

/// One test for each pattern: the first event that it is the first to match.
fn tests(pipeline: &Pipeline, patterns: &[String], events: &[String]) -> String {
    let programs: Vec<Program> = patterns
        .iter()
        .filter_map(|pattern| Program::compile(pattern, &mut Schema::default()).ok())
        .collect();
    let mut clock = clock();
    let mut done = vec![false; programs.len()];
    let mut text = String::new();
    for event in events {
        let first = programs
            .iter()
            .position(|program| program.matches(event.as_bytes(), &mut clock));
        if let Some(at) = first
            && !std::mem::replace(&mut done[at], true)
        {
            test(pipeline, event, &mut text);
        }
    }
    text
}

fn test(pipeline: &Pipeline, event: &str, text: &mut String) {
    let Some(fields) = fields(pipeline, event) else {
        return;
    };
    text.push_str("\n[[test]]\n");
    match event.contains('\n') {
        false => text.push_str(&format!("line = {}\n", literal(event))),
        true => {
            text.push_str("lines = [\n");
            let lines: Vec<String> = event.lines().map(str::to_owned).collect();
            list(&lines, text);
        }
    }
    let shown: Vec<String> = fields
        .iter()
        .filter(|(_, value)| value.is_number() || value.as_str().is_some_and(|text| !text.contains('\n')))
        .take(FIELDS_SHOWN_MAX)
        .map(|(name, value)| match value {
            Value::String(text) => format!("\"{name}\" = {}", literal(text)),
            value => format!("\"{name}\" = {value}"),
        })
        .collect();
    text.push_str(&format!("fields = {{ {} }}\n", shown.join(", ")));
}

/// What the pipeline makes of an event. Times without a year are left out: they change with the moment of reading.
fn fields(pipeline: &Pipeline, event: &str) -> Option<Map<String, Value>> {
    let arena = Bump::new();
    let mut fields = Fields::new(pipeline.schema.len());
    let outcome = pipeline.parse(
        event.as_bytes(),
        &mut fields,
        &mut pipeline.clock(Timestamp::from_millis(0)),
        &arena,
    );
    if outcome != Outcome::Matched {
        return None;
    }
    let mut page = encode::Page::default();
    let times = &mut TimestampWriter::default();
    page.write(|pen| encode::write_event(&pipeline.schema, &fields, None, false, times, pen));
    let mut fields: Map<String, Value> = serde_json::from_slice(page.text()).ok()?;
    fields.retain(|name, value| {
        let year = event.contains(value.as_str().and_then(|text| text.get(..4)).unwrap_or("\0"));
        name != encode::TIMESTAMP || year
    });
    Some(fields)
}

/// `None` where the text has a mistake.
fn compiled(name: &str, text: &str) -> Option<(PipelineFile, Pipeline)> {
    let mut diagnostics = Diagnostics::new();
    let file = PipelineFile::read(name, SourceFile::new(name, text), &mut diagnostics)?;
    let pipeline = compile(
        &file,
        &Library::shipped(),
        &HostWords::default(),
        &mut diagnostics,
    )?;
    (!diagnostics.has_errors()).then_some((file, pipeline))
}

fn passes(name: &str, text: &str) -> bool {
    compiled(name, text).is_some_and(|(file, pipeline)| run_tests(&file, &pipeline).is_empty())
}
