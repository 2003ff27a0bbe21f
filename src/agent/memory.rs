//! One number, divided: what chunks and bodies may take of `memory_max`.

use crate::config::{OutputSettings, Settings};
use crate::limits;

/// What the program takes before the first line: code, runtime, TLS, stacks, a few thousand series. Bytes.
const BASE_BYTES: usize = 20 << 20;

/// The least that chunks and bodies get, whatever `memory_max` says. Bytes.
const LEAST_BYTES: usize = 4 << 20;

/// How much each pool may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Bytes that chunks may take together.
    pub chunk_bytes: usize,
    /// Bodies that are filled or in flight at a time.
    pub batches: usize,
    /// A body is full at so many bytes.
    pub body_bytes: usize,
}

impl Memory {
    /// A quarter for chunks, the rest for bodies: one that each worker fills, and those in flight. A body that
    /// would not fit that often is smaller.
    pub fn divide(settings: &Settings) -> Memory {
        let (bulk, requests) = match &settings.output {
            OutputSettings::Elasticsearch(output) => (output.bulk_bytes_max, output.requests_max.get()),
            OutputSettings::File(_) | OutputSettings::Stdout => (limits::BULK_BYTES_MAX, 1),
        };
        let bytes = settings
            .agent
            .memory_max
            .saturating_sub(BASE_BYTES)
            .max(LEAST_BYTES);
        let chunk_bytes = bytes / 4;
        let batches = settings.agent.workers.get() + requests + 1;
        Memory {
            chunk_bytes,
            batches,
            body_bytes: bulk.min((bytes - chunk_bytes) / batches),
        }
    }
}
