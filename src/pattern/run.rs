use std::ops::Range;

use super::capture::Capture;
use super::needle::{Line, Scope};
use super::scene::{Keep, Nothing, Scene};
use super::separator::{Ahead, Separator};
use super::{Clock, Kind};
use crate::event::{FieldId, Value};

/// A pattern, ready to run: immutable, shared by all who parse with it.
#[derive(Clone, Debug)]
pub struct Program {
    /// What stands before the first capture.
    pub(super) lead: Separator,
    pub(super) steps: Box<[Step]>,
    /// What the steps can set, in their order; [`Step::fields_to`] says how far a step has come in it.
    pub(super) fields: Box<[FieldId]>,
    /// For messages: of the lead, then of each step's capture and separator in turn, and of the end.
    pub(super) labels: Box<[Label]>,
    /// The pattern as it was written, for messages.
    pub(super) text: Box<str>,
}

/// A capture, and the fixed text behind it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    pub capture: Capture,
    /// `?`: nothing or `-` gives no field.
    pub optional: bool,
    /// Whether the value ends where the separator is found; else it knows its end and the separator must be there.
    pub open: bool,
    /// Whether the value may hold line ends.
    pub lines: bool,
    pub then: Separator,
    /// What must stand behind the separator; `None` where anything may.
    pub ahead: Option<Ahead>,
    /// How many of the program's fields this step and those before it can set.
    pub fields_to: usize,
}

/// Where a piece of the program comes from.
#[derive(Clone, Debug)]
pub(super) struct Label {
    /// Bytes of the pattern text.
    pub span: Range<usize>,
    /// The text of a literal, the name of a capture.
    pub text: Box<str>,
}

/// The event is not of this form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The piece of the pattern that was not there: 0 is the text before the first capture, 1 that capture, 2 the
    /// text behind it, and so on; one more than there are pieces is the end.
    pub step: u16,
    /// The byte of the event up to which it matched.
    pub at: u32,
}

impl Mismatch {
    /// How many captures were whole, so that their fields were set.
    pub(super) fn captures_done(self) -> usize {
        usize::from(self.step).saturating_sub(1) / 2
    }

    #[inline]
    fn new(step: usize, at: usize) -> Mismatch {
        Mismatch {
            // The compiler limits the number of captures.
            step: step as u16,
            at: u32::try_from(at).unwrap_or(u32::MAX),
        }
    }
}

impl Program {
    /// Matches the whole of `input` and sets the fields of all captures that are there. After a mismatch no field
    /// of this program that it set is set any more.
    #[inline]
    pub fn run<'a>(&self, input: &'a [u8], scene: &mut Scene<'a, '_>) -> Result<(), Mismatch> {
        let result = self.walk(input, scene);
        if let Err(mismatch) = result {
            self.forget(mismatch, scene);
        }
        result
    }

    /// Whether the pattern matches the whole of `input`; keeps nothing.
    pub fn matches(&self, input: &[u8], clock: &mut Clock) -> bool {
        self.attempt(input, clock).is_ok()
    }

    /// [`Program::run`] that keeps nothing.
    pub(super) fn attempt(&self, input: &[u8], clock: &mut Clock) -> Result<(), Mismatch> {
        self.walk(input, &mut Nothing { clock })
    }

    /// What the program can set.
    pub fn fields(&self) -> &[FieldId] {
        &self.fields
    }

    /// Takes back what the steps before the one that failed had set; that one sets nothing before all of it is
    /// there.
    #[inline(never)]
    fn forget(&self, mismatch: Mismatch, scene: &mut Scene<'_, '_>) {
        let done = mismatch.captures_done();
        let to = done.checked_sub(1).map_or(0, |last| self.steps[last].fields_to);
        for &field in &self.fields[..to] {
            scene.fields.set(field, Value::Absent);
        }
    }

    #[inline]
    fn walk<'a>(&self, input: &'a [u8], keep: &mut impl Keep<'a>) -> Result<(), Mismatch> {
        let Some(at) = self.lead.here(input, 0) else {
            return Err(Mismatch::new(0, 0));
        };
        let at = follow(&self.steps, input, &mut Line::new(input), at, keep)?;
        if at == input.len() {
            Ok(())
        } else {
            Err(Mismatch::new(2 * self.steps.len() + 1, at))
        }
    }
}

/// Goes the steps one behind the other, the first from `at`: where the last one ends. A mismatch counts from the
/// first of these steps.
#[inline]
pub(super) fn follow<'a>(
    steps: &[Step],
    input: &'a [u8],
    line: &mut Line<'a>,
    mut at: usize,
    keep: &mut impl Keep<'a>,
) -> Result<usize, Mismatch> {
    for (index, step) in steps.iter().enumerate() {
        let (here, behind) = (2 * index + 1, 2 * index + 2);
        if step.open {
            let found = if !step.lines {
                step.then.find(input, at, Scope::Line(line), step.ahead.as_ref())
            } else if step.capture.kind() == Kind::Longest {
                step.then.find_last(input, at, step.ahead.as_ref())
            } else {
                step.then.find(input, at, Scope::All, step.ahead.as_ref())
            };
            let Some((end, next)) = found else {
                return Err(Mismatch::new(behind, at));
            };
            let text = &input[at..end];
            let none = step.optional && step.capture.is_none(text);
            if !none && !step.capture.take(text, keep) {
                return Err(Mismatch::new(here, at));
            }
            at = next;
        } else {
            at = step.read(input, at, here, keep)?;
        }
    }
    Ok(at)
}

impl Step {
    pub fn new(
        capture: Capture,
        optional: bool,
        then: Separator,
        ahead: Option<Ahead>,
        fields_to: usize,
    ) -> Step {
        let kind = capture.kind();
        Step {
            capture,
            optional,
            open: kind.is_open(),
            lines: matches!(kind, Kind::Lines | Kind::Longest),
            then,
            ahead,
            fields_to,
        }
    }

    /// A closed capture and the separator right behind it, at `at`: where they end.
    #[inline]
    fn read<'a>(
        &self,
        input: &'a [u8],
        at: usize,
        here: usize,
        keep: &mut impl Keep<'a>,
    ) -> Result<usize, Mismatch> {
        let mismatch = match self.capture.read(&input[at..], keep) {
            Ok((rest, value)) => {
                let end = input.len() - rest.len();
                match self.then.here(input, end) {
                    Some(next) => {
                        if !(self.optional && self.capture.is_none(&input[at..end])) {
                            self.capture.put(value, keep);
                        }
                        return Ok(next);
                    }
                    None => Mismatch::new(here + 1, end),
                }
            }
            Err(_) => Mismatch::new(here, at),
        };
        let none = if self.optional { self.skip(input, at) } else { None };
        none.ok_or(mismatch)
    }

    /// Nothing or `-` in place of the value: where the separator behind it ends.
    fn skip(&self, input: &[u8], at: usize) -> Option<usize> {
        let bare = self.then.here(input, at);
        bare.or_else(|| match input.get(at) {
            Some(b'-') => self.then.here(input, at + 1),
            _ => None,
        })
    }
}
