//! The way of the lines through this process, as far as one wants.

use std::io;
use std::ops::AddAssign;
use std::path::Path;
use std::sync::Arc;

use super::workload::Endless;
use crate::config::Wrapping;
use crate::derive::{Registry, Shard, SpecError};
use crate::encode::{SHEET_BYTES, Template};
use crate::event::Timestamp;
use crate::input;
use crate::lane::{Lane, Late};
use crate::limits;
use crate::mill::{self, Counts, Grist, Mill, Reader};
use crate::pipeline::Pipeline;
use crate::ship::{Batch, BatchPool};
use crate::source::FrameRule;

/// Up to where a pass goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Read and cut into events.
    Frame,
    Parse,
    Derive,
    /// As far as a worker goes: everything but sending.
    Encode,
}

impl Stage {
    /// In the order of the data; each pass does what the one before it does, and one stage more.
    pub const ALL: [Stage; 4] = [Stage::Frame, Stage::Parse, Stage::Derive, Stage::Encode];

    pub fn name(self) -> &'static str {
        match self {
            Stage::Frame => "read and frame",
            Stage::Parse => "parse",
            Stage::Derive => "derive",
            Stage::Encode => "encode",
        }
    }
}

/// What went through a pass.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub events: u64,
    /// Of the log.
    pub bytes: u64,
    /// Of bulk bodies.
    pub body_bytes: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, more: Tally) {
        self.events += more.events;
        self.bytes += more.bytes;
        self.body_bytes += more.body_bytes;
    }
}

/// A lane and one worker.
pub struct Line {
    lane: Arc<Lane>,
    rule: FrameRule,
    /// What the log has said of its columns so far.
    header: Vec<u8>,
    mill: Mill,
    part: Part,
    read_at: Timestamp,
}

/// What the mill has too, for the passes that end before its work does.
struct Part {
    shard: Shard,
    reader: Reader,
}

/// Bodies that are filled, sent and answered at a time.
const BATCHES: usize = 2 + limits::REQUESTS_MAX;

/// What the documents say of where they come from.
const PATH: &str = "/var/log/nginx/access.log";

impl Line {
    /// # Errors
    ///
    /// What is wrong with the pipeline's metrics.
    pub fn new(pipeline: Pipeline) -> Result<Self, SpecError> {
        Line::with_bodies(pipeline, limits::BULK_BYTES_MAX)
    }

    /// A line whose bodies leave when they have grown to `body_bytes_max`.
    fn with_bodies(pipeline: Pipeline, body_bytes_max: usize) -> Result<Self, SpecError> {
        let registry = Registry::default();
        let service = "shop-frontend";
        let rules = registry
            .rules(&pipeline.metrics, &pipeline.gathered, service)
            .map_err(|mut errors| errors.remove(0))?;
        let index = format!("logs-{}-bench", pipeline.dataset);
        let constants = [
            ("event.dataset", pipeline.dataset.as_str()),
            ("host.name", "web-1.example.com"),
            ("service.name", service),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let pipeline = Arc::new(pipeline);
        let read_at = Timestamp::from_millis(jiff::Timestamp::now().as_millisecond());
        Ok(Line {
            rule: input::frame_rule(&pipeline, limits::LINE_BYTES_MAX, Wrapping::default()),
            header: Vec::new(),
            mill: Mill::new(
                registry.shard(),
                BatchPool::new(BATCHES, body_bytes_max + SHEET_BYTES),
            ),
            part: Part {
                shard: registry.shard(),
                reader: Reader::default(),
            },
            lane: Arc::new(Lane {
                name: format!("{service}/{}", pipeline.name),
                template: Template::new(&pipeline.schema, &index, true, &constants[2..], &constants[..2]),
                rules,
                // No event is old, since made lines are of another day; how old they are is looked at as ever.
                late: Late::new(&pipeline.schema, Arc::default()),
                pipeline,
            }),
            read_at,
        })
    }

    /// How the lane's log becomes events.
    pub fn frame_rule(&self) -> FrameRule {
        self.rule.clone()
    }

    /// Takes at least `events` events from `input`, in whole chunks, up to `stage`. Bodies that are full go to `full`.
    ///
    /// # Errors
    ///
    /// When the log cannot be read, or holds no event.
    pub fn pass(
        &mut self,
        stage: Stage,
        input: &mut Endless<'_>,
        events: u64,
        mut full: impl FnMut(Batch),
    ) -> io::Result<Tally> {
        let mut tally = Tally::default();
        let log_bytes = input.log_bytes;
        while tally.events < events {
            let chunk = input.next_chunk()?;
            tally.events += chunk.frames.len() as u64;
            tally.bytes += chunk.span.bytes();
            // Twice, since the log's last event may end where the log begins again.
            if tally.events == 0 && tally.bytes > 2 * log_bytes {
                return Err(io::Error::other(
                    "the log holds no event: its lines are blank, or the pipeline's [frame] skips them",
                ));
            }
            let grist = Grist {
                lane: &self.lane,
                chunk,
                path: Path::new(PATH),
                header: Some(&self.header),
                read_at: self.read_at,
                counted_to: 0,
            };
            match stage {
                Stage::Frame => {}
                Stage::Parse => self.part.parse(&grist),
                Stage::Derive => self.part.derive(&grist),
                Stage::Encode => {
                    let full = |batch: Batch| {
                        tally.body_bytes += batch.text_bytes() as u64;
                        full(batch);
                    };
                    self.mill
                        .grind(&grist, full)
                        .map_err(|_| io::Error::other("the output has ended"))?;
                }
            }
            if let Some(find) = self.rule.header {
                find(&chunk.raw, &mut self.header);
            }
        }
        Ok(tally)
    }

    /// The body that is not full.
    pub fn take_rest(&mut self) -> Option<Batch> {
        self.mill.take()
    }

    /// What the mill saw since the last call.
    pub fn take_counts(&mut self) -> Counts {
        self.mill.take_counts()
    }
}

impl Part {
    fn parse(&mut self, grist: &Grist<'_>) {
        let mut reading = self.reader.open(grist);
        while reading.parse().is_some() {}
        reading.close();
    }

    fn derive(&mut self, grist: &Grist<'_>) {
        let mut ages = grist.lane.late.ages(grist.read_at);
        let mut shard = self.shard.lock();
        shard.read_at(grist.read_at);
        let mut reading = self.reader.open(grist);
        while let Some(rows) = reading.parse() {
            for row in rows {
                mill::count(grist, row, &mut ages, &mut shard);
            }
        }
        reading.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allocations;
    use crate::command::bench::Workload;
    use crate::config::Diagnostics;
    use crate::pipeline::{HostWords, Library, compile};

    fn line(name: &str, body_bytes_max: usize) -> (Line, Workload) {
        let library = Library::shipped();
        let mut diagnostics = Diagnostics::new();
        let file = library.pipeline(name, &mut diagnostics).unwrap();
        let pipeline = compile(&file, &library, &HostWords::default(), &mut diagnostics).unwrap();
        (
            Line::with_bodies(pipeline, body_bytes_max).unwrap(),
            Workload::of_pipeline(&file).unwrap(),
        )
    }

    #[test]
    fn no_event_asks_for_memory() {
        for name in Library::shipped().names() {
            // Small bodies, so that warming up takes few events.
            let (mut line, workload) = line(name, 256 << 10);
            let mut input = workload.endless(line.frame_rule());
            // Until each body that takes turns has been full, and each buffer as long as it gets.
            let mut bodies = 0;
            while bodies < 12 {
                line.pass(Stage::Encode, &mut input, 1, |_| bodies += 1).unwrap();
            }
            let before = allocations::of_this_thread();
            let tally = line.pass(Stage::Encode, &mut input, 2_000, drop).unwrap();
            assert!(tally.events >= 2_000);
            assert_eq!(allocations::of_this_thread() - before, 0, "{name}");
        }
    }

    #[test]
    fn a_log_without_an_event_ends() {
        let (mut line, _) = line("plain", limits::BULK_BYTES_MAX);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("blank.log");
        std::fs::write(&path, vec![b'\n'; 5 << 20]).unwrap();
        let workload = Workload::of_file(&path).unwrap();
        let mut input = workload.endless(line.frame_rule());
        let error = line.pass(Stage::Frame, &mut input, 1, drop).unwrap_err();
        assert!(error.to_string().contains("no event"), "{error}");
    }

    #[test]
    fn made_lines_match_with_all_their_fields() {
        let (mut line, workload) = line("nginx-access", limits::BULK_BYTES_MAX);
        let mut input = workload.endless(line.frame_rule());
        let mut bodies = Vec::new();
        let tally = line
            .pass(Stage::Encode, &mut input, 10_000, |batch| bodies.push(batch))
            .unwrap();
        assert_eq!(line.take_counts().unmatched, 0);
        assert_eq!(bodies.len(), 1, "the second body is not full");
        let body = bodies[0].text();
        assert_eq!(tally.body_bytes, body.len() as u64);
        for document in body.split(|&byte| byte == b'\n').skip(1).step_by(2).take(1_000) {
            let document: serde_json::Value = serde_json::from_slice(document).unwrap();
            let agent = document["user_agent.original"].as_str().unwrap();
            assert!(
                agent.starts_with("Mozilla/5.0") && !agent.contains('"'),
                "{agent}"
            );
            assert!(document["session.id"].is_string() && document["event.duration"].is_number());
        }
    }
}
