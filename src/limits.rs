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

/// `grace`: how long shutdown waits for Elasticsearch before it leaves the rest to the next start.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(10);

/// How often every glob is walked again: what notifications miss is found this much later.
pub const SCAN_EVERY: Duration = Duration::from_secs(2);

/// How far the checkpoint on disk may be behind.
pub const CHECKPOINT_EVERY: Duration = Duration::from_millis(500);

/// `requests_max`: bulk requests in flight at most.
pub const REQUESTS_MAX: usize = 4;

/// `[rejects] bytes_max`: what refused documents may take on disk; `when_full` says what happens then.
pub const REJECTS_BYTES_MAX: u64 = 256 << 20;

/// `[file] rotate_bytes`: an output file that has grown to it is rotated.
pub const ROTATE_BYTES: u64 = 100 << 20;

/// `[file] rotate_keep`: rotated output files that stay; older ones are deleted.
pub const ROTATE_KEEP: u32 = 5;
/// A checkpoint that cannot be used is moved aside under a number of its own; the last number is used again.
pub const DAMAGED_CHECKPOINTS_MAX: usize = 16;

/// First lines of earlier lives that one inode remembers; with more, the oldest is forgotten.
pub const LIVES_MAX: usize = 32;

/// Events of one chunk; a chunk with that many very short lines ends early, so that its frames stay smaller
/// than its bytes.
pub const CHUNK_FRAMES_MAX: usize = 4096;

/// Notified paths that the source has not looked at yet; with more, it looks at everything once.
pub const NOTED_PATHS_MAX: usize = 4096;

/// Paths that the braces of one glob may stand for.
pub const GLOB_ALTERNATIVES_MAX: usize = 256;

/// Directory levels that `**` descends.
pub const GLOB_DEPTH_MAX: usize = 32;

/// The most of a file that is in memory at once, in bytes, whatever the limits of lines and events are: frames
/// keep positions in 32 bits.
pub const WINDOW_BYTES_MAX: usize = 1 << 30;
