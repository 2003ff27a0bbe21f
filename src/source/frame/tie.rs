use crate::config::Form;
use crate::source::{FrameRule, IsStart};

/// What ties the next line to an open event, whatever that line is.
#[derive(Debug)]
pub(super) struct Tie {
    /// The event's first line leads: the one behind it belongs to it.
    lead: bool,
    /// A quote is open; `None` where quotes mean nothing.
    quoted: Option<bool>,
}

impl Tie {
    /// Of an event that has `line` alone.
    pub(super) fn of_first(rule: &FrameRule, line: &[u8]) -> Tie {
        let is = |question: &Option<IsStart>| question.as_ref().is_some_and(|is| is(line));
        Tie {
            lead: is(&rule.lead),
            // What begins amid a record has not shown its first quote.
            quoted: (rule.form == Form::Quoted && is(&rule.start)).then(|| odd(line)),
        }
    }

    /// One more line belongs to the event.
    pub(super) fn add(&mut self, line: &[u8]) {
        self.lead = false;
        self.quoted = self.quoted.map(|quoted| quoted != odd(line));
    }

    pub(super) fn holds(&self) -> bool {
        self.lead || self.quoted == Some(true)
    }
}

/// Whether the number of double quotes is odd.
fn odd(text: &[u8]) -> bool {
    memchr::memchr_iter(b'"', text).count() % 2 == 1
}
