//! Every limit of the program: its unit, its default, and what happens when it is reached.
//!
//! Nothing in logmill grows without one of these. A limit that a user may want to move is a key of
//! `logmill.toml` whose default stands here.

use std::time::Duration;

/// How much of a file is read at once, in bytes. Large enough that the cost of a system call vanishes, small
/// enough that a chunk stays in the second-level cache.
pub const CHUNK_BYTES: usize = 256 << 10;

/// How much of a file's beginning may belong to the last event of the file that had its name before, in bytes: the rest of
/// a stack trace has some kilobytes. It is kept in the checkpoint until the event is settled. Of a file with more such
/// lines nothing is taken: they are an event of their own.
pub const BORROWED_BYTES_MAX: usize = 64 << 10;

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
pub const ANSWER_BYTES_MAX: usize = 4 << 20;

/// Series that one metric may have; further label sets are counted in series some of whose labels say `other`.
pub const SERIES_MAX: usize = 2_000;

/// Buckets of one histogram, the last one, `+Inf`, not counted: each is a series of its own in Prometheus. More are a
/// mistake in the pipeline.
pub const BUCKETS_MAX: usize = 64;

/// `window` of sessions and top lists: a session that is silent for longer has ended, and a top list is of this
/// long.
pub const WINDOW: Duration = Duration::from_secs(300);

/// `backlog_after`: events that are older when they are read are of a backlog. Longer than a restart or a short outage
/// takes, and than the clocks of hosts that send each other logs are apart.
pub const BACKLOG_AFTER: Duration = Duration::from_secs(600);

/// Buckets side by side of one native histogram: what is further apart makes them half as many and twice as wide.
/// Prometheus's own client library recommends as many.
pub const NATIVE_BUCKETS_MAX: usize = 160;

/// `idle_after`: a series in which nothing was counted for so long leaves the page. Longer than the windows that `rate()`
/// is asked for, so that it has been zero for a while by then.
pub const IDLE_AFTER: Duration = Duration::from_secs(3600);

/// `timeout` of `[[elapsed]]`: how long an event waits for the other one before it counts as unmatched.
pub const ELAPSED_TIMEOUT: Duration = Duration::from_secs(600);

/// `exact_max`: sessions of one service that are counted exactly; more are estimated from a sample of a quarter of
/// this number or more, which is off by less than 1.6 % in two thirds of all cases.
pub const SESSIONS_EXACT_MAX: usize = 16_384;

/// `keep`: series that a top list has for each service.
pub const TOP_KEEP: usize = 50;

/// Bytes of one label value; a longer one is cut.
pub const LABEL_BYTES_MAX: usize = 128;

/// How deep a JSON line may nest; a deeper one is shipped as text.
pub const JSON_DEPTH_MAX: usize = 128;

/// Keys of one JSON or logfmt line that its pipeline does not name; a line with more is shipped as text. Elasticsearch
/// refuses a document that brings more new fields than this by default (`index.mapping.total_fields.limit`).
pub const EXTRAS_MAX: usize = 1_000;

/// Keys of one CLEF line whose values can go into its message; a hole for a later one stays a hole.
pub const TEMPLATE_KEYS_MAX: usize = 64;

/// Bytes of a message that is put together from a template; one that would be longer is the template.
pub const RENDERED_BYTES_MAX: usize = 64 << 10;

/// Size of the file of a `[[lookup]]`. A larger one is refused when the configuration is read. What it takes in
/// memory, about twice as much, is not part of `memory_max`.
pub const LOOKUP_BYTES_MAX: usize = 16 << 20;

/// `grace`: how long shutdown waits for Elasticsearch before it leaves the rest to the next start.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(10);

/// How often every glob is walked again: what notifications miss is found this much later.
pub const SCAN_EVERY: Duration = Duration::from_secs(2);

/// How far the checkpoint on disk may be behind.
pub const CHECKPOINT_EVERY: Duration = Duration::from_millis(500);

/// `requests_max`: bulk requests in flight at most.
pub const REQUESTS_MAX: usize = 4;

/// The longest pause between two tries to deliver an input that is held because Elasticsearch or the reject store
/// does not take its documents. A try is one chunk.
pub const HELD_PAUSE_MAX: Duration = Duration::from_secs(10);

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

/// New files that are held open until the source looks at them, at most; more are found by their names.
pub const NOTED_FILES_MAX: usize = 1024;

/// For how long notifications of writes are gathered, so that a file that is written to line by line does not
/// wake two threads for each line. Renames wait as long behind them.
pub const NOTICE_GATHER: Duration = Duration::from_millis(2);

/// Paths that the braces of one glob may stand for.
pub const GLOB_ALTERNATIVES_MAX: usize = 256;

/// Directory levels that `**` descends.
pub const GLOB_DEPTH_MAX: usize = 32;

/// The most of a file that is in memory at once, in bytes, whatever the limits of lines and events are: frames
/// keep positions in 32 bits.
pub const WINDOW_BYTES_MAX: usize = 1 << 30;

/// How far one turn searches a file for the end of a very long line, in bytes; other files come between turns.
pub const SCAN_BYTES_PER_TURN: u64 = 8 << 20;

/// With many paths the scans come less often: a path costs up to 5 µs, and scanning shall take at most 0.5 % of
/// a core.
pub const SCAN_PAUSE_PER_PATH: Duration = Duration::from_millis(1);

/// How often files are looked at where the file system gives no notifications.
pub const POLL_EVERY: Duration = Duration::from_millis(300);

/// With many paths they are looked at less often: at most 2 % of a core.
pub const POLL_PAUSE_PER_PATH: Duration = Duration::from_micros(100);

/// The least pause between two reads of a file that is written to line by line: what came meanwhile is one chunk.
pub const READ_EVERY: Duration = Duration::from_millis(5);

/// How soon a full channel is tried again.
pub const FULL_CHANNEL_EVERY: Duration = Duration::from_millis(5);

/// How often it is looked whether time has come for something: flush, finished files, held copies.
pub const TICK_EVERY: Duration = Duration::from_millis(200);

/// A file that was rotated away or deleted is finished when nothing came for that long: its last line counts as
/// complete, with or without its end.
pub const FINISH_AFTER: Duration = Duration::from_secs(5);

/// How long the descriptor of a deleted file is kept after its last byte came: somebody may still write to it.
pub const UNLINKED_KEPT: Duration = Duration::from_secs(30);

/// How long a copy has to stay as it is to be complete, once its original is deleted.
pub const COPY_QUIET: Duration = Duration::from_secs(2);

/// How long a file that looks like the copy of another one is held when neither changes.
pub const COPY_HELD: Duration = Duration::from_secs(10);

/// How long a file of the last run that is not there is remembered, in seconds.
pub const GONE_KEPT_SECS: i64 = 24 * 60 * 60;

/// As long at least as the agent runs, whatever the clock says: at boot it may be years back, until the network sets it.
pub const GONE_KEPT_RUNNING: Duration = Duration::from_secs(60 * 60);

/// Messages about paths that are remembered so that they are not repeated; with more, all are forgotten.
pub const SAID_MAX: usize = 10_000;

/// `kept_bytes_max`: what unsettled bytes of rotated and deleted files may take in the state directory. When it is
/// reached, further files are not kept, so that they end with the agent; the ones that are kept are the oldest.
pub const KEPT_BYTES_MAX: u64 = 1 << 30;

/// What new files may take in `state_dir/births` before a checkpoint is written for them, in bytes.
pub const BIRTHS_BYTES_MAX: u64 = 1 << 20;

/// A deleted file that is not settled is kept for the next run after that long: with a server that answers there is
/// seldom one.
pub const KEEP_DELETED_AFTER: Duration = Duration::from_millis(500);

/// A file that was rotated away and is not settled gets a name in the state directory after that long.
pub const KEEP_ROTATED_AFTER: Duration = Duration::from_secs(5);

/// Keeping a file is tried again after that long when it has failed.
pub const KEEP_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Files that wait to be closed, at most; one more is closed by whoever wants it closed.
pub const CLOSING_MAX: usize = 256;

/// Descriptors that stay open between two looks at most, however many the system grants. Quiet files over it are
/// closed and opened again when something comes.
pub const OPEN_FILES_MAX: usize = 1024;
