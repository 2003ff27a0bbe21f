use std::ops::Range;

use super::capture::Capture;
use super::needle::{Line, Needle, Scope, Short};
use super::net::ip;
use super::number::int;
use super::outline::Outline;
use super::scene::{Keep, Nothing, Scene};
use super::separator::{Ahead, Separator};
use super::unit::elapsed;
use super::{Clock, Kind, Read};
use crate::event::{FieldId, Value};

/// A pattern, ready to run: immutable, shared by all who parse with it.
#[derive(Clone, Debug)]
pub struct Program {
    pub(super) outline: Outline,
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
    way: Way,
    pub then: Separator,
    /// What must stand behind the separator; `None` where anything may.
    pub ahead: Option<Ahead>,
    /// How many of the program's fields this step and those before it can set.
    pub fields_to: usize,
}

/// How a step finds the end of its value.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// A text of one line, up to a short one: what most captures are.
    Text(Short),
    /// Up to the separator too, but of another kind, or the separator is of another sort.
    Open,
    /// The value knows its end, and the separator must be there.
    Closed,
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

    /// What is fixed of the events that match.
    #[inline]
    pub fn outline(&self) -> &Outline {
        &self.outline
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
        let here = 2 * index + 1;
        at = match &step.way {
            Way::Text(text) => step.text(text, input, line, at, here, keep)?,
            Way::Open => step.search(input, line, at, here, keep)?,
            Way::Closed => step.read(input, at, here, keep)?,
        };
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
        let way = match &then {
            Separator::Text(Needle::Short(text)) if capture.kind() == Kind::Text => Way::Text(*text),
            _ if capture.kind().is_open() => Way::Open,
            _ => Way::Closed,
        };
        Step {
            capture,
            optional,
            way,
            then,
            ahead,
            fields_to,
        }
    }

    /// Whether the value ends where the separator is found.
    pub fn is_open(&self) -> bool {
        self.way != Way::Closed
    }

    /// A text from `at` on and the short one behind it: where they end.
    #[inline(always)]
    fn text<'a>(
        &self,
        then: &Short,
        input: &'a [u8],
        line: &mut Line<'a>,
        at: usize,
        here: usize,
        keep: &mut impl Keep<'a>,
    ) -> Result<usize, Mismatch> {
        let hay = Scope::Line(line).of(input, at, then.len());
        let agrees = |end: usize| self.ahead.as_ref().is_none_or(|ahead| ahead.admits(input, end));
        let Some((end, next)) = then.find(hay, at, |begin, end| agrees(end).then_some((begin, end))) else {
            return Err(Mismatch::new(here + 1, at));
        };
        let text = &input[at..end];
        if !(self.optional && matches!(text, [] | [b'-'])) {
            self.capture.put(Value::Text(text), keep);
        }
        Ok(next)
    }

    /// An open capture from `at` on and the separator behind it: where they end.
    #[inline(never)]
    fn search<'a>(
        &self,
        input: &'a [u8],
        line: &mut Line<'a>,
        at: usize,
        here: usize,
        keep: &mut impl Keep<'a>,
    ) -> Result<usize, Mismatch> {
        let ahead = self.ahead.as_ref();
        let found = match self.capture.kind() {
            Kind::Longest => self.then.find_last(input, at, ahead),
            Kind::Dotted => self.then.find_last_in_name(input, at),
            Kind::Lines => self.then.find(input, at, Scope::All, ahead),
            _ => self.then.find(input, at, Scope::Line(line), ahead),
        };
        let Some((end, next)) = found else {
            return Err(Mismatch::new(here + 1, at));
        };
        let text = &input[at..end];
        let none = self.optional && self.capture.is_none(text);
        if none || self.capture.take(text, keep) {
            Ok(next)
        } else {
            Err(Mismatch::new(here, at))
        }
    }

    /// A closed capture and the separator right behind it, at `at`: where they end. The usual kinds are read here, the
    /// others by a call.
    #[inline(always)]
    fn read<'a>(
        &self,
        input: &'a [u8],
        at: usize,
        here: usize,
        keep: &mut impl Keep<'a>,
    ) -> Result<usize, Mismatch> {
        let text = &input[at..];
        match self.capture.kind() {
            Kind::Int => self.settle(int(text), Value::Int, input, at, here, keep),
            Kind::Ip => self.settle(ip(text), Value::Text, input, at, here, keep),
            Kind::Elapsed(unit) => self.settle(elapsed(text, unit), Value::Int, input, at, here, keep),
            Kind::Time(form) => {
                let read = form.read(text, keep.clock());
                self.settle(read, Value::Time, input, at, here, keep)
            }
            _ => {
                let read = self.capture.read(text, keep);
                self.settle(read, |value| value, input, at, here, keep)
            }
        }
    }

    /// Keeps the value that was read at `at`, if the separator is behind it: where that ends.
    #[inline(always)]
    fn settle<'a, T>(
        &self,
        read: Read<'a, T>,
        value: impl FnOnce(T) -> Value<'a>,
        input: &'a [u8],
        at: usize,
        here: usize,
        keep: &mut impl Keep<'a>,
    ) -> Result<usize, Mismatch> {
        let Ok((rest, found)) = read else {
            return self.skip(input, at).ok_or(Mismatch::new(here, at));
        };
        let end = input.len() - rest.len();
        let Some(next) = self.then.here(input, end) else {
            return self.skip(input, at).ok_or(Mismatch::new(here + 1, end));
        };
        if !(self.optional && self.capture.is_none(&input[at..end])) {
            self.capture.put(value(found), keep);
        }
        Ok(next)
    }

    /// Nothing or `-` in place of the value, where it is optional: where the separator behind it ends.
    #[inline(never)]
    fn skip(&self, input: &[u8], at: usize) -> Option<usize> {
        if !self.optional {
            return None;
        }
        let bare = self.then.here(input, at);
        bare.or_else(|| match input.get(at) {
            Some(b'-') => self.then.here(input, at + 1),
            _ => None,
        })
    }
}
