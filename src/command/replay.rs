//! A log read through a pipeline from its first to its last event, for the commands that show or compare.

use std::io::{self, Read};
use std::sync::Arc;

use bumpalo::Bump;

use super::reading::Chunks;
use crate::columns::Columns;
use crate::config::Wrapping;
use crate::encode;
use crate::event::{Chunk, Fields, Frame, Stream, Timestamp, Value};
use crate::input;
use crate::limits;
use crate::pattern::{self, Clock};
use crate::pipeline::{Outcome, Pipeline};

/// One event of the log.
pub struct Event<'e, 'a> {
    pub text: &'a [u8],
    pub fields: &'e Fields<'a>,
    pub stream: Option<Stream>,
    pub outcome: Outcome,
}

/// Calls `see` with each event of `input`.
pub fn each(
    pipeline: &Arc<Pipeline>,
    wrapping: Wrapping,
    now: Timestamp,
    input: impl Read,
    mut see: impl FnMut(&Event<'_, '_>) -> io::Result<()>,
) -> io::Result<()> {
    let rule = input::frame_rule(pipeline, limits::LINE_BYTES_MAX, wrapping);
    let mut chunks = Chunks::new(input, rule);
    let mut clock = pipeline.clock(now);
    let has_header = pipeline.has_header();
    while let Some(chunk) = chunks.next()? {
        let arena = Bump::new();
        let mut fields = Fields::new(pipeline.schema.len());
        let mut columns = Columns::default();
        for frame in &chunk.frames {
            if has_header {
                columns.pass(chunk, frame, &mut clock);
            }
            let text = &chunk.text()[frame.text.start as usize..frame.text.end as usize];
            let outcome = pipeline.parse(text, &mut fields, &mut clock, &arena);
            stand_in_time(pipeline, chunk, frame, &mut clock, &mut fields);
            see(&Event {
                text,
                fields: &fields,
                stream: frame.stream,
                outcome,
            })?;
        }
        if has_header {
            columns.leave(chunk, &mut clock);
        }
    }
    Ok(())
}

/// The time that a container runtime wrote, for a line that says none.
fn stand_in_time<'a>(
    pipeline: &Pipeline,
    chunk: &'a Chunk,
    frame: &Frame,
    clock: &mut Clock,
    fields: &mut Fields<'a>,
) {
    let outer = &chunk.raw[frame.outer_time.start as usize..frame.outer_time.end as usize];
    if let Some(slot) = pipeline.schema.get(encode::TIMESTAMP)
        && fields.get(slot).is_absent()
        && let Some(at) = pattern::rfc3339(outer, clock)
    {
        fields.set(slot, Value::Time(at));
    }
}
