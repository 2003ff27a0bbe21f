//! Every limit of the program: its unit, its default, and what happens when it is reached.
//!
//! Nothing in logmill grows without one of these. A limit that a user may want to move is a key of
//! `logmill.toml` whose default stands here.

use std::time::Duration;

/// How much of a file is read at once, in bytes. Large enough that the cost of a system call vanishes, small
/// enough that a chunk stays in the second-level cache.
pub const CHUNK_BYTES: usize = 256 << 10;

/// `line_bytes_max`: a longer line is cut here, flagged in `log.flags` and counted; the line after it is whole.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// `[frame] bytes_max`: a multi-line event that grows beyond it ends there; what follows is an event of its own.
pub const EVENT_BYTES_MAX: usize = 1 << 20;

/// `[frame] lines_max`: likewise, in lines.
pub const EVENT_LINES_MAX: u32 = 1_000;

/// `[frame] flush_ms`: how long the last lines of a multi-line event wait for one more line.
pub const EVENT_FLUSH: Duration = Duration::from_millis(2_000);

/// `memory_max`: chunks, batches, answers and series together stay below it, in bytes. A full pool stops the reader.
pub const MEMORY_MAX: usize = 64 << 20;

/// `bulk_bytes_max`: a bulk body is sent when the next document would not fit, in bytes before compression.
pub const BULK_BYTES_MAX: usize = 5 << 20;

/// `flush_ms`: how long a document waits for others when the body is not full.
pub const BULK_FLUSH: Duration = Duration::from_millis(200);

/// `request_timeout`: how long Elasticsearch may take for one answer.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// `retry_max`: the longest pause between two tries.
pub const RETRY_MAX: Duration = Duration::from_secs(30);

/// The largest answer that is read from a server, in bytes; a longer one counts as broken and is asked for again.
pub const ANSWER_BYTES_MAX: usize = 16 << 20;

/// Series that one metric may have; further label sets are counted in the series whose labels are all `other`.
pub const SERIES_MAX: usize = 2_000;

/// Bytes of one label value; a longer one is cut.
pub const LABEL_BYTES_MAX: usize = 128;

/// How deep a JSON line may nest; a deeper one is shipped as text.
pub const JSON_DEPTH_MAX: usize = 128;

/// Keys of one JSON or logfmt line that its pipeline does not name; a line with more is shipped as text. Elasticsearch
/// refuses a document that brings more new fields than this by default (`index.mapping.total_fields.limit`).
pub const EXTRAS_MAX: usize = 1_000;

/// `grace`: how long shutdown waits for Elasticsearch before it leaves the rest to the next start.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(10);

/// How often every glob is walked again: what notifications miss is found this much later.
pub const SCAN_EVERY: Duration = Duration::from_secs(2);

/// How far the checkpoint on disk may be behind.
pub const CHECKPOINT_EVERY: Duration = Duration::from_millis(500);
