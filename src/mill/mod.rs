//! One worker's pass over a chunk: parse, derive and encode events while they are in the cache.
//!
//! A [`Mill`] belongs to one worker and keeps what an event needs from chunk to chunk, so that nothing is made per
//! event.

mod press;
mod reader;

use std::path::Path;
use std::sync::Arc;

use crate::derive::{Ages, Shard, ShardGuard};
use crate::event::{Chunk, Timestamp};
use crate::lane::Lane;
use crate::pipeline::Outcome;
use crate::ship::{Batch, BatchPool};

use press::Press;
pub use reader::{Reader, Reading, Row};

/// What a worker does with one chunk.
pub struct Mill {
    reader: Reader,
    shard: Shard,
    press: Press,
}

/// What the mill saw, for the agent's own metrics; taken once per chunk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub events: u64,
    /// No pattern matched.
    pub unmatched: u64,
    /// Bytes that are not UTF-8 were replaced.
    pub repaired: u64,
    /// Cut at a limit.
    pub cut: u64,
}

/// The output has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed;

/// A chunk and where it is from.
#[derive(Clone, Copy)]
pub struct Grist<'c> {
    pub lane: &'c Arc<Lane>,
    pub chunk: &'c Chunk,
    pub path: &'c Path,
    /// See [`Delivery::header`](crate::source::Delivery::header).
    pub header: Option<&'c [u8]>,
    pub read_at: Timestamp,
    /// Events before this offset were counted before a restart and are not counted again.
    pub counted_to: u64,
}

impl Mill {
    pub fn new(shard: Shard, pool: BatchPool) -> Self {
        Mill {
            reader: Reader::default(),
            shard,
            press: Press::new(pool),
        }
    }

    /// Parses, counts and encodes the events of a chunk. Bodies that are full go to `full`; the last one waits
    /// for more ([`Mill::take`]).
    ///
    /// # Errors
    ///
    /// [`Closed`] when there is no memory for bodies any more, because the output has ended: the chunk stays
    /// unsettled, and the next start reads it again.
    pub fn grind(&mut self, grist: &Grist<'_>, mut full: impl FnMut(Batch)) -> Result<(), Closed> {
        let Grist { lane, chunk, .. } = *grist;
        let mut batch = self.press.open(grist)?;
        let mut ages = lane.late.ages(grist.read_at);
        let mut shard = self.shard.lock();
        shard.read_at(grist.read_at);
        let mut reading = self.reader.open(grist);
        let mut last = None;
        while let Some(rows) = reading.parse() {
            last = rows.last().and_then(|row| row.happened).or(last);
            for row in rows {
                count(grist, row, &mut ages, &mut shard);
            }
            let mut left = self.press.write(lane, rows, &mut batch);
            while !left.is_empty() {
                // Waiting for the next body must not hold up scrapes.
                shard.mark(chunk.span.file, rows.last().map_or(0, |row| row.place.offset + 1));
                drop(shard);
                full(self.press.turn(grist, &mut batch)?);
                shard = self.shard.lock();
                left = self.press.write(lane, left, &mut batch);
            }
        }
        reading.close();
        shard.mark(chunk.span.file, chunk.span.to);
        drop(shard);
        ages.end(&lane.late.lag);
        if let Some(minutes) = last.and_then(|at| lane.late.zone.hear(at, grist.read_at)) {
            warn_of_zone(&lane.name, minutes);
        }
        self.press.close(batch);
        Ok(())
    }

    /// Whether documents wait for others, or the news of filtered events for being told.
    pub fn is_waiting(&self) -> bool {
        self.press.is_waiting()
    }

    /// The body as far as it is filled.
    pub fn take(&mut self) -> Option<Batch> {
        self.press.take()
    }

    /// What was seen since the last call.
    pub fn take_counts(&mut self) -> Counts {
        self.press.take_counts()
    }
}

/// Counts an event into the metrics of its input, unless that was done before a restart.
#[inline]
pub fn count(grist: &Grist<'_>, row: &Row<'_>, ages: &mut Ages, shard: &mut ShardGuard<'_>) {
    if row.outcome == (Outcome::Filtered { counted: false }) || row.place.offset < grist.counted_to {
        return;
    }
    let lane = grist.lane;
    let rules = match row.happened.is_some_and(|at| ages.see(at)) {
        true => &lane.late.rules,
        false => &lane.rules,
    };
    rules.count(&row.fields, shard);
}

/// Says that the events of an input are always `minutes` old, or ahead where that is below zero.
#[cold]
fn warn_of_zone(input: &str, minutes: i64) {
    let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
    let (side, east) = if minutes < 0 {
        ("ahead of", "east")
    } else {
        ("behind", "west")
    };
    tracing::warn!(
        input,
        "the times of its newest events are always {hours} h {rest} min {side} the clock: they are of a zone that is so far {east} \
         of the one they are read in; set `timezone` of the input to that of the service"
    );
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bumpalo::Bump;

    use super::*;
    use crate::config::{Backlog, Diagnostics, PipelineFile, SourceFile};
    use crate::derive::{Format, Registry, backlog_specs};
    use crate::encode::Template;
    use crate::event::{Fields, FileKey, Frame, Span};
    use crate::lane::Late;
    use crate::pipeline::{self, HostWords, Library, compile};

    const PIPELINE: &str = "[parse]\npatterns = ['{log.level} {message}']\n\
        [[drop]]\nvalues = { \"log.level\" = \"DEBUG\" }\n\
        [[drop]]\nvalues = { \"log.level\" = \"TRACE\" }\ncounted = false\n\
        [[counter]]\nname = \"lines_total\"\nlabels = { level = \"log.level\" }\n";

    /// An input of this pipeline, whose events are old after ten minutes.
    fn lane(pipeline: &str, backlog: Backlog) -> (Arc<Lane>, Registry) {
        let mut diagnostics = Diagnostics::new();
        let source = SourceFile::new("shop.toml", pipeline);
        let file = PipelineFile::read("shop", source, &mut diagnostics).unwrap();
        let host = HostWords::default();
        let pipeline = compile(&file, &Library::shipped(), &host, &mut diagnostics).unwrap();
        let registry = Registry::default();
        let old = backlog_specs(backlog, &pipeline.metrics);
        let old = registry.rules(&old, &[], "shop").unwrap();
        let late = Late::new(&pipeline.schema, registry.lag("shop/shop"));
        let lane = Lane {
            name: "shop/shop".to_owned(),
            template: Template::new(&pipeline.schema, "logs", true, &[], &[]),
            rules: registry.rules(&pipeline.metrics, &[], "shop").unwrap(),
            late: late.with_backlog(backlog, Duration::from_secs(600), old),
            pipeline: Arc::new(pipeline),
        };
        (Arc::new(lane), registry)
    }

    /// The metrics of the events, and the agent's own.
    fn pages(registry: &Registry) -> [String; 2] {
        let totals = registry.totals(Timestamp::from_millis(0));
        let (mut page, mut own) = (Vec::new(), Vec::new());
        totals.write(Format::Text, &mut page);
        totals.write_budgets(Format::Text, &mut own);
        [page, own].map(|page| String::from_utf8(page).unwrap())
    }

    /// A chunk of these lines.
    fn chunk(lines: &[&str]) -> Chunk {
        let raw = lines.join("\n").into_bytes();
        let mut at = 0;
        let frame = |line: &&str| {
            let text = at..at + line.len() as u32;
            at = text.end + 1;
            Frame {
                at: text.start,
                first_line: line.find('\n').unwrap_or(line.len()) as u32,
                text,
                outer_time: 0..0,
                stream: None,
                cut: false,
            }
        };
        Chunk {
            frames: lines.iter().map(frame).collect(),
            span: Span {
                file: FileKey(7),
                from: 0,
                to: raw.len() as u64,
            },
            raw,
            unwrapped: Vec::new(),
            wrapped: false,
        }
    }

    #[test]
    fn an_event_of_a_chunk_is_parsed_as_its_text_alone() {
        let text = "[parse]\npatterns = ['{log.level} {message}', '{log.level} {message:lines}']\n";
        let (lane, _) = lane(text, Backlog::Count);
        let pipeline = &lane.pipeline;
        let arena = Bump::new();
        let now = Timestamp::from_millis(0);
        let (level, message) = (
            pipeline.schema.get("log.level").unwrap(),
            pipeline.schema.get("message").unwrap(),
        );
        for lines in [
            &["INFO a", "WARN b\r\n c\n d"][..],
            &["\x1b[1mWARN\x1b[0m b", "INFO a", "INFO \x1b[1mc\r\n d"],
        ] {
            let chunk = chunk(lines);
            assert_eq!(pipeline::is_plain(&chunk), !lines[0].contains('\x1b'));
            for (frame, line) in chunk.frames.iter().zip(lines) {
                let (mut one, mut other) = (
                    Fields::new(pipeline.schema.len()),
                    Fields::new(pipeline.schema.len()),
                );
                let mut clock = pipeline.clock(now);
                let plain = pipeline::is_plain(&chunk);
                let outcome = pipeline.parse_frame(&chunk, plain, frame, &mut one, &mut clock, &arena);
                assert_eq!(
                    outcome,
                    pipeline.parse(line.as_bytes(), &mut other, &mut clock, &arena)
                );
                assert_eq!(
                    (one.get(level), one.get(message)),
                    (other.get(level), other.get(message))
                );
            }
        }
    }

    #[test]
    fn what_is_dropped_is_in_the_books_as_filtered() {
        let (lane, registry) = lane(PIPELINE, Backlog::Count);
        let mut mill = Mill::new(registry.shard(), BatchPool::new(2, 1 << 16));
        let mut grind = |lines: &[&str]| {
            let chunk = chunk(lines);
            let grist = Grist {
                lane: &lane,
                chunk: &chunk,
                path: Path::new("shop.log"),
                header: None,
                read_at: Timestamp::from_millis(0),
                counted_to: 0,
            };
            mill.grind(&grist, drop).unwrap();
            let batch = mill.take();
            batch.map(|batch| {
                let parts: Vec<u32> = batch.parts.iter().map(|part| part.filtered).collect();
                (batch.docs.len(), parts)
            })
        };
        assert_eq!(
            grind(&["INFO a", "DEBUG b", "TRACE c", "INFO d"]),
            Some((2, vec![2]))
        );
        // A chunk without documents has to be told of as well, or its file would never be settled.
        assert_eq!(grind(&["DEBUG b", "TRACE c"]), Some((0, vec![2])));
        assert_eq!(grind(&[]), None);
        let [page, _] = pages(&registry);
        assert!(
            page.contains("level=\"DEBUG\"} 2") && !page.contains("TRACE"),
            "{page}"
        );
    }

    /// Three lines: an hour old, a minute old, and one that says no time.
    #[test]
    fn old_events_count_where_the_input_says() {
        const PIPELINE: &str = "[parse]\npatterns = ['{@timestamp:epoch} {message}', '{message}']\n\
            [[counter]]\nname = \"lines_total\"\n";
        let read_at = 1_800_000_000;
        let minutes = |ago: i64| format!("{} text", read_at - ago * 60);
        for (backlog, expected) in [
            (Backlog::Count, "lines_total{service=\"shop\"} 3"),
            (
                Backlog::Separate,
                "backlog_lines_total{service=\"shop\"} 1\nlines_total{service=\"shop\"} 2",
            ),
            (Backlog::Skip, "lines_total{service=\"shop\"} 2"),
        ] {
            let (lane, registry) = lane(PIPELINE, backlog);
            let mut mill = Mill::new(registry.shard(), BatchPool::new(2, 1 << 16));
            let chunk = chunk(&[&minutes(60), &minutes(1), "text"]);
            let grist = Grist {
                lane: &lane,
                chunk: &chunk,
                path: Path::new("shop.log"),
                header: None,
                read_at: Timestamp::from_millis(read_at * 1000),
                counted_to: 0,
            };
            mill.grind(&grist, drop).unwrap();
            let [page, own] = pages(&registry);
            let samples: Vec<&str> = page.lines().filter(|line| !line.starts_with('#')).collect();
            assert_eq!(samples.join("\n"), expected);
            assert!(
                own.contains("logmill_event_lag_seconds_sum{input=\"shop/shop\"} 3660\n")
                    && own.contains("logmill_event_lag_seconds_count{input=\"shop/shop\"} 2\n"),
                "{own}"
            );
            let said = own.contains("metric=\"backlog_lines_total\"");
            assert_eq!(said, backlog == Backlog::Separate);
        }
    }
}
