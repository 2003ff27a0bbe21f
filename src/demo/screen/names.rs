//! Every metric and label that the screen reads, in one place.

/// Requests answered.
pub const REQUESTS: &str = "http_requests_total";
pub const SERVICE: &str = "service";
pub const METHOD: &str = "method";
pub const ROUTE: &str = "route";
/// A code, `503`, or a class, `5xx`.
pub const STATUS: &str = "status";

/// The buckets of `http_request_duration_seconds`.
pub const DURATION_BUCKETS: &str = "http_request_duration_seconds_bucket";
pub const BUCKET: &str = "le";

/// Events that have a level.
pub const LOG_EVENTS: &str = "log_events_total";
pub const LEVEL: &str = "level";

/// Bytes of the answers' bodies.
pub const RESPONSE_BYTES: &str = "http_response_bytes_total";

/// Bytes that the agent read, of one file.
pub const FILE_READ_BYTES: &str = "logmill_file_read_bytes";
/// Bytes of one file that are not settled yet.
pub const FILE_LAG_BYTES: &str = "logmill_file_lag_bytes";
pub const FILE: &str = "file";

/// Events that the agent read; what became of them; how many have no verdict yet.
pub const READ_EVENTS: &str = "logmill_read_events_total";
pub const EVENTS: &str = "logmill_events_total";
pub const PENDING_EVENTS: &str = "logmill_events_pending";
pub const VERDICT: &str = "verdict";
pub const ACCEPTED: &str = "accepted";
pub const ALREADY_THERE: &str = "already_there";
pub const FILTERED: &str = "filtered";
pub const REJECTED: &str = "rejected";

/// Whether the screen has a use for the metric: the rest of a scrape is not kept.
pub fn is_shown(metric: &str) -> bool {
    [
        REQUESTS,
        DURATION_BUCKETS,
        LOG_EVENTS,
        RESPONSE_BYTES,
        FILE_READ_BYTES,
        FILE_LAG_BYTES,
        READ_EVENTS,
        EVENTS,
        PENDING_EVENTS,
    ]
    .contains(&metric)
}

/// Whether a log level, in any program's words, tells of an error.
pub fn is_error(level: &str) -> bool {
    [
        "error",
        "err",
        "fail",
        "fatal",
        "crit",
        "critical",
        "severe",
        "panic",
        "alert",
        "emerg",
        "emergency",
    ]
    .iter()
    .any(|word| word.eq_ignore_ascii_case(level))
}
