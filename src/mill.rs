//! One worker's pass over a chunk: parse, derive and encode each event while it is in the cache.
//!
//! A [`Mill`] belongs to one worker and keeps what an event needs from chunk to chunk, so that nothing is made per
//! event.

use std::path::Path;
use std::sync::Arc;

use bumpalo::Bump;

use crate::columns::Columns;
use crate::derive::Shard;
use crate::encode::{Ends, Page, Place};
use crate::event::{Chunk, Fields, Frame, Timestamp, TimestampWriter};
use crate::lane::Lane;
use crate::pattern::{self, Clock};
use crate::pipeline::{self, Outcome};
use crate::ship::{self, Batch, BatchPool, Doc, Part};

/// So many events are parsed, then counted, then written, so that the code of each stage is fetched once for all of
/// them: together, the stages are more code than the first cache holds.
const EVENTS_AT_ONCE: usize = 8;

/// What a worker does with one chunk.
pub struct Mill {
    rows: [Fields<'static>; EVENTS_AT_ONCE],
    arena: Bump,
    clock: Option<(Arc<Lane>, Clock)>,
    columns: Columns,
    times: TimestampWriter,
    ends: Ends,
    /// The document of the event at hand.
    page: Page,
    origin: Option<Arc<ship::Origin>>,
    shard: Shard,
    pool: BatchPool,
    batch: Option<Batch>,
    bulk_bytes_max: usize,
    counts: Counts,
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
pub struct Grist<'c> {
    pub lane: &'c Arc<Lane>,
    pub chunk: &'c Chunk,
    pub path: &'c Path,
    pub read_at: Timestamp,
    /// Events before this offset were counted before a restart and are not counted again.
    pub counted_to: u64,
}

impl Mill {
    pub fn new(shard: Shard, pool: BatchPool, bulk_bytes_max: usize) -> Self {
        Mill {
            rows: Default::default(),
            arena: Bump::new(),
            clock: None,
            columns: Columns::default(),
            times: TimestampWriter::default(),
            ends: Ends::default(),
            page: Page::default(),
            origin: None,
            shard,
            pool,
            batch: None,
            bulk_bytes_max,
            counts: Counts::default(),
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
        self.arena.reset();
        let mut clock = self.clock_for(lane, grist.read_at);
        let path = grist.path.as_os_str().as_encoded_bytes();
        lane.template.ends(chunk.span.file, path, &mut self.ends);
        let origin = self.origin_of(grist);
        let part = || Part {
            span: chunk.span,
            origin: Arc::clone(&origin),
            filtered: 0,
        };
        let plain = pipeline::is_plain(chunk);
        let slots = lane.pipeline.schema.len();
        let mut rows = std::mem::take(&mut self.rows).map(|fields| fields.recycle(slots));
        let mut batch = match self.batch.take() {
            Some(batch) => batch,
            None => self.pool.take().ok_or(Closed)?,
        };
        batch.parts.push(part());
        let has_header = lane.pipeline.has_header();
        if has_header {
            self.columns.enter(chunk, Some(grist.path), &mut clock);
        }
        let mut ages = lane.late.ages(grist.read_at);
        let mut shard = self.shard.lock();
        shard.read_at(grist.read_at);
        let mut parsed = bumpalo::collections::Vec::with_capacity_in(EVENTS_AT_ONCE, &self.arena);
        for frames in chunk.frames.chunks(EVENTS_AT_ONCE) {
            parsed.clear();
            for (frame, fields) in frames.iter().zip(&mut rows) {
                if has_header {
                    self.columns.pass(chunk, frame, &mut clock);
                }
                let outcome =
                    lane.pipeline
                        .parse_frame(chunk, plain, frame, fields, &mut clock, &self.arena);
                parsed.push((outcome, place(grist, frame, outcome, &mut clock)));
            }
            for ((&(outcome, ref place), fields), frame) in parsed.iter().zip(&rows).zip(frames) {
                if outcome == (Outcome::Filtered { counted: false }) || place.offset < grist.counted_to {
                    continue;
                }
                let old = match lane.late.at.and_then(|at| fields.time(at)) {
                    Some(at) => ages.see(at),
                    None => !frame.outer_time.is_empty() && ages.see(place.read_at),
                };
                let rules = if old { &lane.late.rules } else { &lane.rules };
                rules.count(fields, &mut shard);
            }
            let counted_to = parsed.last().map_or(0, |(_, place)| place.offset + 1);
            for (&(outcome, ref place), fields) in parsed.iter().zip(&rows) {
                if let Outcome::Filtered { .. } = outcome {
                    if let Some(part) = batch.parts.last_mut() {
                        part.filtered += 1;
                    }
                    continue;
                }
                let replaced = self.page.write(|pen| {
                    let (template, times) = (&lane.template, &mut self.times);
                    template.write(fields, place, &self.ends, times, pen)
                });
                let document = self.page.text();
                if batch.body.len() + document.len() > self.bulk_bytes_max && !batch.body.is_empty() {
                    // Waiting for the next body must not hold up scrapes.
                    shard.mark(chunk.span.file, counted_to);
                    drop(shard);
                    let mut next = self.pool.take().ok_or(Closed)?;
                    next.parts.push(part());
                    drop_idle_part(&mut batch);
                    full(std::mem::replace(&mut batch, next));
                    shard = self.shard.lock();
                }
                batch.body.extend_from_slice(document);
                batch.docs.push(Doc {
                    end: batch.body.len() as u32,
                    at: place.offset,
                    part: batch.parts.len() as u32 - 1,
                });
                self.counts.unmatched += u64::from(place.unmatched);
                self.counts.repaired += u64::from(replaced);
            }
            self.counts.events += frames.len() as u64;
            self.counts.cut += frames.iter().map(|frame| u64::from(frame.cut)).sum::<u64>();
        }
        shard.mark(chunk.span.file, chunk.span.to);
        drop(shard);
        ages.end(&lane.late.lag);
        if has_header {
            self.columns.leave(chunk, &mut clock);
        }
        // Where there is no event in the chunk, the ledger has settled it already.
        drop_idle_part(&mut batch);
        self.batch = Some(batch);
        self.rows = rows.map(|fields| fields.recycle(0));
        self.clock = Some((Arc::clone(lane), clock));
        Ok(())
    }

    /// Where the chunk is from; the same as last time, when it is.
    fn origin_of(&mut self, grist: &Grist<'_>) -> Arc<ship::Origin> {
        let last = self.origin.take();
        let same = last.filter(|last| last.path == grist.path && last.input == grist.lane.name);
        let origin = same.unwrap_or_else(|| {
            Arc::new(ship::Origin {
                path: grist.path.to_owned(),
                input: grist.lane.name.clone(),
            })
        });
        self.origin = Some(Arc::clone(&origin));
        origin
    }

    /// The clock of the lane, which remembers what it read last; a new one when the lane is another.
    fn clock_for(&mut self, lane: &Arc<Lane>, now: Timestamp) -> Clock {
        match self.clock.take() {
            Some((last, mut clock)) if Arc::ptr_eq(&last, lane) => {
                clock.set_now(now);
                clock
            }
            _ => lane.pipeline.clock(now),
        }
    }

    /// Whether documents wait for others, or the news of filtered events for being told.
    pub fn is_waiting(&self) -> bool {
        self.batch.as_ref().is_some_and(|batch| !batch.parts.is_empty())
    }

    /// The body as far as it is filled.
    pub fn take(&mut self) -> Option<Batch> {
        self.batch.take().filter(|batch| !batch.parts.is_empty())
    }

    /// What was seen since the last call.
    pub fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }
}

/// Takes the last part out when the batch has no event of it.
fn drop_idle_part(batch: &mut Batch) {
    let number = batch.parts.len();
    let has_document = batch
        .docs
        .last()
        .is_some_and(|doc| doc.part as usize + 1 == number);
    if !has_document && batch.parts.last().is_some_and(|part| part.filtered == 0) {
        batch.parts.pop();
    }
}

fn place<'c>(grist: &Grist<'c>, frame: &Frame, outcome: Outcome, clock: &mut Clock) -> Place<'c> {
    let chunk = grist.chunk;
    let at = frame.at as usize;
    let outer = &chunk.raw[frame.outer_time.start as usize..frame.outer_time.end as usize];
    Place {
        offset: chunk.span.from + u64::from(frame.at),
        first_line: &chunk.raw[at..at + frame.first_line as usize],
        stream: frame.stream,
        cut: frame.cut,
        unmatched: outcome == Outcome::Unmatched,
        // The time that the container runtime wrote stands in for a line that says none.
        read_at: match outer {
            [] => grist.read_at,
            outer => pattern::rfc3339(outer, clock).unwrap_or(grist.read_at),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::{Backlog, Diagnostics, PipelineFile, SourceFile};
    use crate::derive::{Format, Registry};
    use crate::encode::Template;
    use crate::event::{FileKey, Span};
    use crate::lane::Late;
    use crate::pipeline::{HostWords, Library, compile};

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
        let old = registry
            .backlog_rules(backlog, &pipeline.metrics, "shop")
            .unwrap();
        let late = Late::new(&pipeline.schema, registry.lag("shop/shop"));
        let lane = Lane {
            name: "shop/shop".to_owned(),
            template: Template::new(&pipeline.schema, "logs", true, &[]),
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
        let mut mill = Mill::new(registry.shard(), BatchPool::new(2, 1 << 16), 1 << 16);
        let mut grind = |lines: &[&str]| {
            let chunk = chunk(lines);
            let grist = Grist {
                lane: &lane,
                chunk: &chunk,
                path: Path::new("shop.log"),
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
            let mut mill = Mill::new(registry.shard(), BatchPool::new(2, 1 << 16), 1 << 16);
            let chunk = chunk(&[&minutes(60), &minutes(1), "text"]);
            let grist = Grist {
                lane: &lane,
                chunk: &chunk,
                path: Path::new("shop.log"),
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
