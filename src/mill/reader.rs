use std::slice;
use std::sync::{Arc, Weak};

use bumpalo::Bump;

use super::Grist;
use crate::columns::Columns;
use crate::encode::Place;
use crate::event::{Chunk, Fields, Frame, Timestamp};
use crate::lane::Lane;
use crate::pattern::{self, Clock};
use crate::pipeline::{self, Outcome};

/// So many events are parsed, then counted, then written: together, the stages are more code than the first-level
/// cache holds, and so each is fetched into it once for all of them. Their fields must fit into it, too.
const EVENTS_AT_ONCE: usize = 16;

/// Parses the events of chunks, some at a time.
#[derive(Default)]
pub struct Reader {
    arena: Bump,
    desk: Desk,
}

/// What a reader keeps from chunk to chunk.
#[derive(Default)]
struct Desk {
    rows: [Row<'static>; EVENTS_AT_ONCE],
    /// Of the lane that was read for last; it does not keep that alive.
    clock: Option<(Weak<Lane>, Clock)>,
}

/// An event between two stages.
#[derive(Debug, Default)]
pub struct Row<'c> {
    pub fields: Fields<'c>,
    pub outcome: Outcome,
    pub place: Place<'c>,
    /// When the event happened, if its line says so, or the container runtime that wrote it.
    pub happened: Option<Timestamp>,
}

/// A chunk that is being parsed.
pub struct Reading<'c> {
    grist: Grist<'c>,
    frames: slice::Chunks<'c, Frame>,
    rows: [Row<'c>; EVENTS_AT_ONCE],
    clock: Clock,
    columns: Columns,
    /// See [`pipeline::is_plain`].
    plain: bool,
    arena: &'c Bump,
    desk: &'c mut Desk,
}

impl Reader {
    /// What the rows of the chunk before pointed to is gone.
    pub fn open<'c>(&'c mut self, grist: &Grist<'c>) -> Reading<'c> {
        let Grist { lane, chunk, .. } = *grist;
        let Reader { arena, desk } = self;
        arena.reset();
        let mut clock = desk.clock_for(lane, grist.read_at);
        if lane.pipeline.has_header() {
            clock.set_header(grist.header.as_slice());
        }
        let mut events = chunk.frames.len();
        let rows = std::mem::take(&mut desk.rows).map(|row| {
            // A chunk of few events needs few rows.
            let slots = match events {
                0 => 0,
                _ => lane.pipeline.schema.len(),
            };
            events = events.saturating_sub(1);
            row.recycle(slots)
        });
        Reading {
            grist: *grist,
            frames: chunk.frames.chunks(EVENTS_AT_ONCE),
            rows,
            clock,
            columns: Columns::default(),
            plain: pipeline::is_plain(chunk),
            arena,
            desk,
        }
    }
}

impl<'c> Reading<'c> {
    /// Parses the events that come next; `None` at the end.
    pub fn parse(&mut self) -> Option<&[Row<'c>]> {
        let Grist { lane, chunk, .. } = self.grist;
        let pipeline = &lane.pipeline;
        let frames = self.frames.next()?;
        for (frame, row) in frames.iter().zip(&mut self.rows) {
            if pipeline.has_header() {
                self.columns.pass(chunk, frame, &mut self.clock);
            }
            let (fields, clock) = (&mut row.fields, &mut self.clock);
            row.outcome = pipeline.parse_frame(chunk, self.plain, frame, fields, clock, self.arena);
            let outer_time = outer_time(chunk, frame, clock);
            row.happened = lane.late.at.and_then(|at| fields.time(at)).or(outer_time);
            row.place = self.grist.place(frame, row.outcome, outer_time);
        }
        Some(&self.rows[..frames.len()])
    }

    /// The next chunk is parsed in the same memory.
    pub fn close(self) {
        let lane = self.grist.lane;
        self.desk.rows = self.rows.map(|row| row.recycle(0));
        self.desk.clock = Some((Arc::downgrade(lane), self.clock));
    }
}

impl<'c> Grist<'c> {
    fn place(&self, frame: &Frame, outcome: Outcome, outer_time: Option<Timestamp>) -> Place<'c> {
        let at = frame.at as usize;
        Place {
            offset: self.chunk.span.from + u64::from(frame.at),
            first_line: &self.chunk.raw[at..at + frame.first_line as usize],
            stream: frame.stream,
            cut: frame.cut,
            unmatched: outcome == Outcome::Unmatched,
            // The time that the container runtime wrote stands in for a line that says none.
            read_at: outer_time.unwrap_or(self.read_at),
        }
    }
}

fn outer_time(chunk: &Chunk, frame: &Frame, clock: &mut Clock) -> Option<Timestamp> {
    match &chunk.raw[frame.outer_time.start as usize..frame.outer_time.end as usize] {
        [] => None,
        text => pattern::rfc3339(text, clock),
    }
}

impl Row<'_> {
    /// The same memory for another chunk, and as many fields.
    fn recycle<'b>(self, fields: usize) -> Row<'b> {
        Row {
            fields: self.fields.recycle(fields),
            ..Row::default()
        }
    }
}

impl Desk {
    /// The clock of the lane, which remembers what it read last; a new one when the lane is another.
    fn clock_for(&mut self, lane: &Arc<Lane>, now: Timestamp) -> Clock {
        match self.clock.take() {
            Some((last, mut clock)) if last.as_ptr() == Arc::as_ptr(lane) => {
                clock.set_now(now);
                clock
            }
            _ => lane.pipeline.clock(now),
        }
    }
}
