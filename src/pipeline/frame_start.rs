use std::sync::Mutex;

use bumpalo::Bump;
use jiff::tz::TimeZone;

use super::tidy::{ESCAPE, Tidy, is_plain_line};
use crate::config;
use crate::event::Timestamp;
use crate::pattern::{Clock, Outline, Program};

/// Which lines begin an event; see [`FrameStart::begins`].
#[derive(Debug)]
pub struct FrameStart {
    starts: Vec<Program>,
    leads: Vec<Program>,
    skips: Vec<Program>,
    tidy: Tidy,
    /// One thread reads, so the lock is free.
    scratch: Mutex<Scratch>,
    pub rule: config::FrameRule,
}

/// What looking at a line needs and the next line finds again.
#[derive(Debug)]
struct Scratch {
    /// A start pattern keeps nothing, so the zone of this clock does not matter; it is here because reading a time
    /// needs one.
    clock: Clock,
    arena: Bump,
}

impl FrameStart {
    /// `starts` begin an event, `leads` too, with the line behind them, and `skips` belong to none.
    pub fn new(
        rule: config::FrameRule,
        tidy: Tidy,
        starts: Vec<Program>,
        leads: Vec<Program>,
        skips: Vec<Program>,
    ) -> FrameStart {
        FrameStart {
            starts,
            leads,
            skips,
            tidy,
            scratch: Mutex::new(Scratch {
                clock: Clock::new(TimeZone::UTC, Timestamp::from_millis(0)),
                arena: Bump::new(),
            }),
            rule,
        }
    }

    /// Whether every line is an event of its own.
    pub fn every_line(&self) -> bool {
        self.starts.is_empty()
    }

    /// Whether `line` begins an event and so ends the one before.
    pub fn begins(&self, line: &[u8]) -> bool {
        self.is_one_of(&self.starts, line) || self.leads(line)
    }

    /// Whether `line` begins an event that the line behind it belongs to, whatever it is.
    pub fn leads(&self, line: &[u8]) -> bool {
        self.is_one_of(&self.leads, line)
    }

    /// Whether `line` belongs to no event.
    pub fn skips(&self, line: &[u8]) -> bool {
        self.is_one_of(&self.skips, line)
    }

    /// Every line of a log is asked this, so most are told at a glance.
    fn is_one_of(&self, programs: &[Program], line: &[u8]) -> bool {
        let first = programs.iter().enumerate().find_map(|(at, program)| {
            let glance = glance(program.outline(), line);
            (glance != Glance::No).then_some((at, glance))
        });
        match first {
            None => false,
            Some((_, Glance::Yes)) => true,
            Some((at, _)) => self.matches_one_of(&programs[at..], line),
        }
    }

    fn matches_one_of(&self, programs: &[Program], line: &[u8]) -> bool {
        let Ok(mut scratch) = self.scratch.lock() else {
            return true;
        };
        let Scratch { clock, arena } = &mut *scratch;
        if is_plain_line(line) {
            return programs.iter().any(|program| {
                glance(program.outline(), line) != Glance::No && program.matches(line, clock)
            });
        }
        arena.reset();
        let line = self.tidy.apply(line, arena);
        programs.iter().any(|program| program.matches(line, clock))
    }
}

/// What a look at both ends of a line says of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Glance {
    No,
    Perhaps,
    Yes,
}

/// Whether a line may match. Escape sequences are still in it: where one begins, or may end, nothing is known.
#[inline]
fn glance(outline: &Outline, line: &[u8]) -> Glance {
    let Some(&first) = line.first() else {
        return Glance::Perhaps;
    };
    let opening = &*outline.opening;
    let (differs, opens) = match opening.first() {
        None => (0, outline.admits_first(line)),
        Some(byte) if *byte != first => (0, false),
        Some(_) => {
            let agree = opening.iter().zip(line).take_while(|(one, other)| one == other);
            let agree = agree.count();
            (agree, agree == opening.len())
        }
    };
    if !opens {
        return match line.get(differs) {
            Some(&ESCAPE) => Glance::Perhaps,
            _ => Glance::No,
        };
    }
    if outline.opening_is_all {
        return Glance::Yes;
    }
    match (outline.last, line.last()) {
        (Some(last), Some(&byte)) if byte != last && !may_go(byte) => Glance::No,
        _ => Glance::Perhaps,
    }
}

/// Whether [`Tidy::apply`] may take out a last byte, and with it what tells the line's end: that of an escape sequence,
/// of a line end or of an indentation.
fn may_go(byte: u8) -> bool {
    matches!(byte, ESCAPE | b'\r' | b' ' | 0x40..=0x7e)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::{Diagnostics, PipelineFile, SourceFile};
    use crate::event::Schema;
    use crate::pipeline::{HostWords, Library, compile};

    #[test]
    fn colours_before_a_start_are_looked_through() {
        let text = "[frame]\nstart = '{_:datetime} {_}'\n[parse]\npatterns = ['{message}']\n";
        let mut diagnostics = Diagnostics::new();
        let file = PipelineFile::read("shop", SourceFile::new("shop.toml", text), &mut diagnostics).unwrap();
        let library = Library::shipped();
        let pipeline = compile(&file, &library, &HostWords::default(), &mut diagnostics).unwrap();
        for (line, begins) in [
            ("2026-11-22 17:28:30 a", true),
            ("\x1b[2m2026-11-22 17:28:30\x1b[0m a", true),
            ("\tat a.b.C", false),
            ("\x1b[2m\tat a.b.C", false),
            ("", false),
        ] {
            assert_eq!(pipeline.frame.begins(line.as_bytes()), begins, "{line:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn a_glance_is_never_wrong(
            patterns in prop::collection::vec(prop::sample::select(vec![
                "# a: {_}", "# a{_} b:", "{_}, b: {_} c:", "{_:int} {_}", "{_}", "# a:", "  {_} ab", "a  {_}", "{{{_}",
            ]), 1..3),
            parts in prop::collection::vec(prop::sample::select(vec![
                "# a", ": ", "#", " ", "b:", ", b: ", " c:", "a", "ab", "7", "{", "\x1b[1m", "\x1b", "\x1b[", "\r", "\n",
            ]), 0..8),
            tidy in prop::sample::select(vec![(true, 0, false), (true, 2, false), (false, 0, false), (false, 0, true)]),
        ) {
            let line = parts.concat();
            let mut schema = Schema::default();
            let programs: Vec<Program> =
                patterns.iter().map(|pattern| Program::compile(pattern, &mut schema).unwrap()).collect();
            let (ansi, dedent, exact) = tidy;
            let tidy = Tidy { ansi, dedent, exact };
            let (arena, mut clock) = (Bump::new(), Clock::new(TimeZone::UTC, Timestamp::from_millis(0)));
            let text = tidy.apply(line.as_bytes(), &arena);
            let expected = programs.iter().any(|program| program.matches(text, &mut clock));
            let start = FrameStart::new(config::FrameRule::default(), tidy, programs, Vec::new(), Vec::new());
            prop_assert_eq!(start.begins(line.as_bytes()), expected);
        }
    }
}
