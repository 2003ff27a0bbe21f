use bumpalo::Bump;

use crate::derive::{GatherSpec, MetricSpec};
use crate::event::{Chunk, FieldId, Fields, Frame, Schema, Timestamp, Value};
use crate::format::{self, trace};
use crate::pattern::{Alternatives, Clock, Explanation, Scene};

use super::FrameStart;
use super::change::{Changes, Decision};
use super::constant::Constant;
use super::extract::Extract;
use super::map::Map;
use super::tidy::{Tidy, is_plain_line};

/// One kind of log, ready to run.
#[derive(Debug)]
pub struct Pipeline {
    pub name: String,
    /// `{dataset}` of the index.
    pub dataset: String,
    /// Every field that the pipeline names.
    pub schema: Schema,
    /// How lines become events.
    pub frame: FrameStart,
    /// What is counted, the metric sets included.
    pub metrics: Vec<MetricSpec>,
    /// Sessions and top lists, likewise.
    pub gathered: Vec<GatherSpec>,
    pub(super) tidy: Tidy,
    pub(super) parser: Parser,
    pub(super) trace: Option<TraceFields>,
    pub(super) extracts: Vec<Extract>,
    pub(super) maps: Vec<Map>,
    pub(super) constants: Vec<(FieldId, Constant)>,
    /// For the fields that a matched event does not have.
    pub(super) defaults: Vec<(FieldId, Substitute)>,
    /// `None` where nothing changes: the event then pays nothing for it.
    pub(super) changes: Option<Box<Changes>>,
    pub(super) message: FieldId,
    /// Where the event's text goes as well, if it is asked for.
    pub(super) original: Option<FieldId>,
    /// Where the text of an event goes that nothing matched: its message, unless documents do not have that.
    pub(super) unmatched: FieldId,
    pub(super) zone: jiff::tz::TimeZone,
}

/// How an event's text becomes fields.
#[derive(Debug)]
pub(super) struct Parser {
    /// Tried first.
    pub format: Option<format::Parser>,
    /// The first that matches the whole event counts.
    pub patterns: Alternatives,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct TraceFields {
    pub error_type: FieldId,
    pub error_message: FieldId,
    pub stack_trace: FieldId,
    /// The message stays as it is.
    pub whole_message: bool,
}

/// What a field is that the event does not have.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Substitute {
    Constant(Constant),
    /// The value of another field.
    Field(FieldId),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Outcome {
    Matched,
    /// The event is its `message`.
    #[default]
    Unmatched,
    /// Not to be shipped. Its fields are there for the metrics, where they count it.
    Filtered {
        counted: bool,
    },
}

/// Why an event is unmatched.
#[derive(Debug)]
pub struct Unmatched {
    /// What was parsed: the event without colours and indentation.
    pub text: Vec<u8>,
    pub because: Because,
}

/// What an unmatched event is not.
#[derive(Debug)]
pub enum Because {
    /// Each pattern with where it stopped and what it expected there, in the order of the pipeline.
    Patterns(Vec<Explanation>),
    /// The pipeline has a format in place of patterns.
    Format {
        /// What its events are, as a noun.
        noun: &'static str,
        /// The byte of the event up to which it was of the format.
        at: usize,
        /// What was expected there: as [`Explanation::message`].
        message: String,
    },
}

impl Pipeline {
    /// The clock that this pipeline's times are read by; one per worker, since it remembers what it read last.
    pub fn clock(&self, now: Timestamp) -> Clock {
        Clock::new(self.zone.clone(), now)
    }

    /// Whether lines between the events name the columns: see [`format::w3c`].
    pub fn has_header(&self) -> bool {
        matches!(self.parser.format, Some(format::Parser::W3c(_)))
    }

    /// Turns the text of one event into fields. `fields` must have this pipeline's number of slots; what is in
    /// them is forgotten.
    pub fn parse<'a>(
        &'a self,
        text: &'a [u8],
        fields: &mut Fields<'a>,
        clock: &mut Clock,
        arena: &'a Bump,
    ) -> Outcome {
        self.parse_text(text, is_plain_line(text), fields, clock, arena)
    }

    /// [`Pipeline::parse`] of an event of `chunk`; `plain` is what [`super::is_plain`] says of the chunk.
    pub fn parse_frame<'a>(
        &'a self,
        chunk: &'a Chunk,
        plain: bool,
        frame: &Frame,
        fields: &mut Fields<'a>,
        clock: &mut Clock,
        arena: &'a Bump,
    ) -> Outcome {
        let text = &chunk.text()[frame.text.start as usize..frame.text.end as usize];
        let is_line = if plain {
            text.len() == frame.first_line as usize
        } else {
            is_plain_line(text)
        };
        self.parse_text(text, is_line, fields, clock, arena)
    }

    /// `is_line`: the text is one line without escape sequences.
    fn parse_text<'a>(
        &'a self,
        text: &'a [u8],
        is_line: bool,
        fields: &mut Fields<'a>,
        clock: &mut Clock,
        arena: &'a Bump,
    ) -> Outcome {
        fields.clear();
        let text = if is_line {
            text
        } else {
            self.tidy.apply(text, arena)
        };
        let mut scene = Scene { fields, clock, arena };
        let outcome = if self.parser.parse(text, is_line, &mut scene) {
            Outcome::Matched
        } else {
            scene.fields.set(self.unmatched, Value::Text(text));
            Outcome::Unmatched
        };
        if let Some(targets) = self.trace {
            self.split_trace(targets, scene.fields, arena);
        }
        if outcome == Outcome::Matched {
            for extract in &self.extracts {
                extract.apply(&mut scene);
            }
            for map in &self.maps {
                map.apply(scene.fields);
            }
            for (field, substitute) in &self.defaults {
                if scene.fields.get(*field).is_absent() {
                    let value = match substitute {
                        Substitute::Constant(constant) => constant.value(),
                        Substitute::Field(other) => scene.fields.get(*other),
                    };
                    scene.fields.set(*field, value);
                }
            }
        }
        for (field, constant) in &self.constants {
            fields.set(*field, constant.value());
        }
        if let Some(original) = self.original {
            fields.set(original, Value::Text(text));
        }
        let Some(changes) = &self.changes else {
            return outcome;
        };
        match changes.apply(text, &mut Scene { fields, clock, arena }) {
            Decision::Ship => outcome,
            Decision::Drop { counted } => Outcome::Filtered { counted },
        }
    }

    /// Splits the trace off the message; of a trace that the line has in a place of its own, only what it says.
    fn split_trace<'a>(&self, targets: TraceFields, fields: &mut Fields<'a>, arena: &'a Bump) {
        let put = |fields: &mut Fields<'a>, field, text: &'a [u8]| {
            if !text.is_empty() {
                fields.set(field, Value::Text(text));
            }
        };
        if let Value::Text(stack) = fields.get(targets.stack_trace) {
            let stack = stack.trim_ascii_end();
            fields.set(targets.stack_trace, Value::Text(stack));
            let Some(found) = trace::exception(stack) else {
                return;
            };
            if fields.get(targets.error_type).is_absent() {
                put(fields, targets.error_type, found.error_type);
            }
            if fields.get(targets.error_message).is_absent() {
                put(fields, targets.error_message, found.error_message);
            }
            return;
        }
        let Value::Text(message) = fields.get(self.message) else {
            return;
        };
        let message = trace::unfold(message, arena).unwrap_or(message);
        if let Some(found) = trace::split(message) {
            if !targets.whole_message {
                fields.set(self.message, Value::Text(found.message));
            }
            fields.set(targets.stack_trace, Value::Text(found.stack_trace));
            put(fields, targets.error_type, found.error_type);
            put(fields, targets.error_message, found.error_message);
        }
    }

    /// Why no pattern matches `text`.
    pub fn explain(&self, text: &[u8], clock: &mut Clock) -> Unmatched {
        let arena = Bump::new();
        let text = self.tidy.apply(text, &arena);
        // A line that begins like JSON was meant to be JSON.
        let format = self.parser.format.as_ref().filter(|format| {
            self.parser.patterns.programs().is_empty()
                || matches!(format, format::Parser::Json(_) | format::Parser::Clef(_))
                    && text.trim_ascii_start().starts_with(b"{")
        });
        let by_format = format.and_then(|format| {
            let mut fields = Fields::new(self.schema.len());
            let mut scene = Scene {
                fields: &mut fields,
                clock,
                arena: &arena,
            };
            let (at, message) = format.explain(text, &mut scene)?;
            let noun = format.describe();
            Some(Because::Format { noun, at, message })
        });
        let because = by_format.unwrap_or_else(|| {
            let programs = self.parser.patterns.programs().iter();
            Because::Patterns(
                programs
                    .filter_map(|program| program.explain(text, clock))
                    .collect(),
            )
        });
        Unmatched {
            text: text.to_vec(),
            because,
        }
    }
}

impl Parser {
    /// `is_line`: the text is known to have no line end.
    fn parse<'a>(&'a self, text: &'a [u8], is_line: bool, scene: &mut Scene<'a, '_>) -> bool {
        if let Some(format) = &self.format
            && format.parse(text, scene).is_ok()
        {
            return true;
        }
        if is_line {
            self.patterns.run_line(text, scene)
        } else {
            self.patterns.run(text, scene)
        }
    }
}
