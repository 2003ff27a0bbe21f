//! The agent's own metrics about reading and parsing; those about shipping are `ship::telemetry`'s.
//!
//! What happens per chunk is counted when it happens; what is a state (books, lag) is written down when somebody
//! asks, in [`observe`] and [`write_files`].

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use metrics::{counter, describe_counter, describe_gauge, gauge};

use super::memory::Shares;
use crate::derive::{Format, MetricKind, Number};
use crate::lane::Lane;
use crate::mill::Counts;
use crate::state::Ledger;

/// Says what the metrics mean. Call it once, after the recorder is installed.
pub fn describe() {
    describe_gauge!("logmill_build_info", "1, with the version that runs");
    gauge!("logmill_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
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
        "logmill_input_held",
        "1 while an input waits because Elasticsearch or the reject store does not take its documents"
    );
    describe_gauge!("logmill_files", "Files that are followed, by input");
    describe_gauge!(
        "logmill_kept_bytes",
        "Bytes in the state directory of rotated and deleted files that are not settled"
    );
    describe_counter!(
        "logmill_kept_refused_total",
        "Times that a rotated or deleted file was not kept because kept_bytes_max was reached"
    );
    describe_gauge!(
        "logmill_memory_taken_bytes",
        "What is taken of a share of memory_max: series, files (both estimates), chunks, bodies"
    );
    describe_gauge!(
        "logmill_memory_limit_bytes",
        "What may be taken of a share of memory_max"
    );
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

/// Paths whose lag has a series of its own: the ones that lag most.
const FILES_SHOWN: usize = 100;

/// Writes the books down for the scrape at hand.
pub fn observe(shares: &Shares) {
    let ledger = &*shares.ledger;
    for (share, taken, limit) in shares.list() {
        gauge!("logmill_memory_taken_bytes", "share" => share).set(taken as f64);
        gauge!("logmill_memory_limit_bytes", "share" => share).set(limit as f64);
    }
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
        let held = f64::from(u8::from(ledger.is_held(&input)));
        gauge!("logmill_input_held", "input" => input.clone()).set(held);
        gauge!("logmill_events_pending", "input" => input).set(books.pending as f64);
    }
    let health = ledger.persist_health();
    counter!("logmill_checkpoint_writes_total").absolute(health.writes);
    counter!("logmill_checkpoint_failures_total").absolute(health.failures);
    for (input, count) in file_counts(ledger) {
        gauge!("logmill_files", "input" => input).set(count as f64);
    }
}

/// The files of every input that there are books of: the recorder would keep the last number of one that has none any
/// more.
fn file_counts(ledger: &Ledger) -> BTreeMap<String, usize> {
    let inputs = ledger.books().into_iter();
    let mut counts: BTreeMap<String, usize> = inputs.map(|(input, _)| (input, 0)).collect();
    for file in ledger.files() {
        match counts.get_mut(&*file.input) {
            Some(count) => *count += 1,
            None => {
                counts.insert(file.input.to_string(), 1);
            }
        }
    }
    counts
}

/// Appends the series of the files that there are at this moment: a recorder would keep those of files that are
/// gone.
pub fn write_files(ledger: &Ledger, now_nanos: i64, format: Format, out: &mut Vec<u8>) {
    let mut paths = BTreeMap::<Arc<Path>, Lag>::new();
    for file in ledger.files() {
        // A rotated file keeps the path that it was found under: both are one series.
        let lag = paths.entry(file.path).or_default();
        let bytes = file.size.saturating_sub(file.settled);
        lag.bytes += bytes;
        lag.read += file.read;
        if bytes > 0 {
            lag.nanos = lag.nanos.max(now_nanos.saturating_sub(file.modified));
        }
    }
    let mut paths: Vec<(Vec<u8>, Lag)> = paths.into_iter().map(|(path, lag)| (label(&path), lag)).collect();
    paths.sort_by_key(|(_, lag)| Reverse(lag.bytes));
    paths.truncate(FILES_SHOWN);
    let mut write = |name, help, value: fn(&Lag) -> Number<'static>| {
        format.metric(name, MetricKind::Gauge, help, out, |metric| {
            for (labels, lag) in &paths {
                metric.number(labels, value(lag));
            }
        });
    };
    write(
        "logmill_file_lag_bytes",
        "Bytes of a file that are not settled yet",
        |lag| Number::Whole(lag.bytes),
    );
    write(
        "logmill_file_lag_seconds",
        "How long ago a file that is not settled was written to",
        |lag| Number::Float(lag.nanos as f64 / 1e9),
    );
    write(
        "logmill_file_read_bytes",
        "Bytes read of the files that are followed under a path",
        |lag| Number::Whole(lag.read),
    );
}

/// The label of a path's series. Unlike the values that events give it is whole, or two paths would be one series.
fn label(path: &Path) -> Vec<u8> {
    let path = path.display().to_string();
    let escaped = path
        .replace('\\', r"\\")
        .replace('"', "\\\"")
        .replace('\n', r"\n");
    format!("file=\"{escaped}\"").into_bytes()
}

/// What is not settled of the files of one path.
#[derive(Default)]
struct Lag {
    bytes: u64,
    read: u64,
    /// Since the last write to a file that is not settled.
    nanos: i64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::FileKey;
    use crate::state::FileRecord;

    #[test]
    fn an_input_whose_last_file_is_gone_has_none() {
        let ledger = Ledger::in_memory();
        let record = FileRecord {
            key: FileKey(1),
            input: "shop".into(),
            ..FileRecord::default()
        };
        ledger.track(record);
        assert_eq!(file_counts(&ledger), BTreeMap::from([("shop".to_owned(), 1)]));
        ledger.forget(FileKey(1));
        assert_eq!(file_counts(&ledger), BTreeMap::from([("shop".to_owned(), 0)]));
    }

    #[test]
    fn the_label_of_a_path_is_escaped() {
        let path = Path::new("/var/log/a \"b\"\\n\n.log");
        assert_eq!(label(path), br#"file="/var/log/a \"b\"\\n\n.log""#);
    }
}
