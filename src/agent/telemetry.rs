//! The agent's own metrics about reading and parsing; those about shipping are `ship::telemetry`'s.
//!
//! What happens per chunk is counted when it happens; what is a state (books, lag) is written down when somebody
//! asks, in [`observe`].

use metrics::{counter, describe_counter, describe_gauge, gauge};

use crate::lane::Lane;
use crate::mill::Counts;
use crate::state::Ledger;

/// Says what the metrics mean. Call it once, after the recorder is installed.
pub fn describe() {
    describe_counter!("logmill_read_bytes_total", "Bytes read, by input");
    describe_counter!("logmill_read_events_total", "Events read, by input");
    describe_counter!(
        "logmill_parse_unmatched_total",
        "Events that no pattern matched, by pipeline"
    );
    describe_counter!(
        "logmill_events_cut_total",
        "Events cut at line_bytes_max, by input"
    );
    describe_counter!(
        "logmill_events_repaired_total",
        "Events with bytes that are not UTF-8, by input"
    );
    describe_counter!(
        "logmill_events_total",
        "Events with a verdict (accepted, already_there, filtered, rejected), by input"
    );
    describe_gauge!(
        "logmill_events_pending",
        "Events read that have no verdict yet, by input"
    );
    describe_gauge!(
        "logmill_file_lag_bytes",
        "Bytes of a file that are not settled yet"
    );
    describe_gauge!(
        "logmill_file_lag_seconds",
        "How long ago a file that is not settled was written to"
    );
    describe_gauge!("logmill_files", "Files that are followed, by input");
    describe_counter!("logmill_checkpoint_writes_total", "Checkpoints written");
    describe_counter!(
        "logmill_checkpoint_failures_total",
        "Checkpoints that could not be written"
    );
}

/// A chunk of `bytes` bytes went through the mill.
pub fn ground(lane: &Lane, counts: Counts, bytes: u64) {
    let input = || lane.name.clone();
    counter!("logmill_read_bytes_total", "input" => input()).increment(bytes);
    counter!("logmill_read_events_total", "input" => input()).increment(counts.events);
    let pipeline = lane.pipeline.name.clone();
    counter!("logmill_parse_unmatched_total", "pipeline" => pipeline).increment(counts.unmatched);
    if counts.cut > 0 {
        counter!("logmill_events_cut_total", "input" => input()).increment(counts.cut);
    }
    if counts.repaired > 0 {
        counter!("logmill_events_repaired_total", "input" => input()).increment(counts.repaired);
    }
}

/// Files whose lag has a series of its own, the ones that lag most; the others are in the sums.
const FILES_SHOWN: usize = 100;

/// Writes the books and the lag down for the scrape at hand.
pub fn observe(ledger: &Ledger, now_nanos: i64) {
    for (input, books) in ledger.books() {
        let tally = books.tally;
        for (verdict, events) in [
            ("accepted", tally.accepted),
            ("already_there", tally.already_there),
            ("filtered", tally.filtered),
            ("rejected", tally.rejected),
        ] {
            counter!("logmill_events_total", "input" => input.clone(), "verdict" => verdict).absolute(events);
        }
        gauge!("logmill_events_pending", "input" => input).set(books.pending as f64);
    }
    let health = ledger.persist_health();
    counter!("logmill_checkpoint_writes_total").absolute(health.writes);
    counter!("logmill_checkpoint_failures_total").absolute(health.failures);

    let mut files = ledger.files();
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    for file in &files {
        *counts.entry(file.input.clone()).or_default() += 1;
    }
    for (input, count) in counts {
        gauge!("logmill_files", "input" => input).set(count as f64);
    }
    files.sort_by_key(|file| std::cmp::Reverse(file.size.saturating_sub(file.settled)));
    for file in files.into_iter().take(FILES_SHOWN) {
        let bytes = file.size.saturating_sub(file.settled);
        let seconds = match bytes {
            0 => 0.0,
            _ => (now_nanos.saturating_sub(file.modified)).max(0) as f64 / 1e9,
        };
        let path = file.path.display().to_string();
        gauge!("logmill_file_lag_bytes", "file" => path.clone()).set(bytes as f64);
        gauge!("logmill_file_lag_seconds", "file" => path).set(seconds);
    }
}
