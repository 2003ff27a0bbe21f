use std::ops::Range;

use super::Clock;
use super::run::{Mismatch, Program};
use super::separator::Separator;

/// Why an event does not match a pattern, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The byte of the event up to which it matched.
    pub at: usize,
    /// The pattern as it was written.
    pub text: Box<str>,
    /// The bytes of the pattern that were not there.
    pub pattern: Range<usize>,
    /// What was expected at `at`: `expected a whole number for http.response.status_code`.
    pub message: String,
}

impl Program {
    /// Where `input` stops to match and what was expected there; `None` when it matches.
    pub fn explain(&self, input: &[u8], clock: &mut Clock) -> Option<Explanation> {
        let mismatch = self.attempt(input, clock).err()?;
        let label = &self.labels[usize::from(mismatch.step)];
        Some(Explanation {
            at: mismatch.at as usize,
            text: self.text.clone(),
            pattern: label.span.clone(),
            message: self.expected(mismatch),
        })
    }

    fn expected(&self, mismatch: Mismatch) -> String {
        let piece = usize::from(mismatch.step);
        if piece + 1 == self.labels.len() {
            return "expected the end".to_owned();
        }
        let Some(before) = piece.checked_sub(1) else {
            return format!(
                "expected {} at the beginning",
                show(&self.lead, &self.labels[0].text)
            );
        };
        let step = &self.steps[before / 2];
        let name = &self.labels[before - before % 2 + 1].text;
        if before % 2 == 0 {
            let kind = step.capture.kind().describe();
            let or = if step.optional { " or `-`" } else { "" };
            return match &**name {
                "_" => format!("expected {kind}{or}"),
                name => format!("expected {kind}{or} for {name}"),
            };
        }
        let separator = show(&step.then, &self.labels[piece].text);
        let after = match &**name {
            "_" => format!("after {}", step.capture.kind().describe()),
            name => format!("after {name}"),
        };
        match (&step.ahead, self.steps.get(before / 2 + 1)) {
            (Some(_), Some(next)) if step.is_open() => {
                let kind = next.capture.kind().describe();
                format!("expected {separator} {after}, and then {kind}")
            }
            (Some(_), None) if step.is_open() => format!("expected {separator} {after}, and then the end"),
            _ => format!("expected {separator} {after}"),
        }
    }
}

/// A separator as the pattern has it.
fn show(separator: &Separator, text: &str) -> String {
    match separator {
        Separator::End => "the end".to_owned(),
        Separator::Blanks => "a space or tab".to_owned(),
        _ => {
            let text = text.replace("{{", "{").replace("}}", "}");
            format!("`{}`", text.replace('\n', "\\n").replace('\t', "\\t"))
        }
    }
}
