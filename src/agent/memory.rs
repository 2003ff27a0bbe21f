//! One number, divided: what series, chunks, bodies, compressed bodies and answers may take of `memory_max`.

use std::sync::Arc;

use crate::config::{OutputSettings, Settings};
use crate::derive::Registry;
use crate::encode::SHEET_BYTES;
use crate::limits;
use crate::ship::{ANSWERS_BYTES_MAX, BatchPool};
use crate::source::Pool;

/// What the program takes before the first line: code, runtime, TLS, stacks. Bytes.
const BASE_BYTES: usize = 20 << 20;

/// The least that chunks and bodies get, whatever `memory_max` says. Bytes.
const LEAST_BYTES: usize = 4 << 20;

/// This share of what program and answers leave is for the series of metrics from logs, and what is remembered for them.
const SERIES_SHARE: usize = 5;

/// The least that series get, whatever `memory_max` says. Bytes.
const SERIES_LEAST_BYTES: usize = 1 << 20;

/// This share of a body's place is for the list of its documents: 24 bytes for each of 200 bytes or more.
const DOCS_SHARE: usize = 8;

/// How much each may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Bytes that metrics from logs may take together.
    pub series_bytes: usize,
    /// Bytes that chunks may take together.
    pub chunk_bytes: usize,
    /// Bodies that are filled or in flight at a time.
    pub batches: usize,
    /// A body is full at so many bytes.
    pub body_bytes: usize,
}

impl Memory {
    /// After the program and the answers a fifth for series. Of the rest a quarter for chunks, the others for bodies: one
    /// that each worker fills, and those in flight, these once more where they are compressed (noise does not become
    /// smaller). A body that would not fit that often is smaller.
    pub fn divide(settings: &Settings) -> Memory {
        let (bulk, requests, answers, packed) = match &settings.output {
            OutputSettings::Elasticsearch(output) => {
                let requests = output.requests_max.get();
                let packed = if output.gzip_level > 0 { requests } else { 0 };
                (output.bulk_bytes_max, requests, ANSWERS_BYTES_MAX, packed)
            }
            OutputSettings::File(_) | OutputSettings::Stdout => (limits::BULK_BYTES_MAX, 1, 0, 0),
        };
        let free = settings.agent.memory_max.saturating_sub(BASE_BYTES + answers);
        let series_bytes = (free / SERIES_SHARE).max(SERIES_LEAST_BYTES);
        let bytes = free.saturating_sub(series_bytes).max(LEAST_BYTES);
        let chunk_bytes = bytes / 4;
        let batches = settings.agent.workers.get() + requests + 1;
        let place = (bytes - chunk_bytes) / (batches + packed);
        Memory {
            series_bytes,
            chunk_bytes,
            batches,
            // What of it is being written lies behind the edge of a full body.
            body_bytes: bulk.min((place - place / DOCS_SHARE).saturating_sub(SHEET_BYTES).max(1)),
        }
    }
}

/// Who takes what of it while the agent runs.
#[derive(Clone)]
pub struct Shares {
    pub memory: Memory,
    pub registry: Arc<Registry>,
    pub chunks: Pool,
    pub bodies: BatchPool,
}

impl Shares {
    /// Name, what is taken, and what may be; in bytes.
    pub fn list(&self) -> [(&'static str, usize, usize); 3] {
        let Memory {
            series_bytes,
            chunk_bytes,
            batches,
            body_bytes,
        } = self.memory;
        let bodies = self.bodies.made() * body_bytes;
        [
            ("series", self.registry.memory_taken(), series_bytes),
            ("chunks", self.chunks.out_bytes(), chunk_bytes),
            ("bodies", bodies, batches * body_bytes),
        ]
    }
}
