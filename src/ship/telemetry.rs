//! The agent's own metrics about delivery, all in one place. The names are Prometheus names.

use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

const REQUESTS: &str = "logmill_requests_total";
const REQUEST_DURATION: &str = "logmill_request_duration_seconds";
const REQUEST_BYTES: &str = "logmill_request_bytes_total";
const REQUESTS_IN_FLIGHT: &str = "logmill_requests_in_flight";
const REQUESTS_LIMIT: &str = "logmill_requests_limit";
const DOCUMENTS: &str = "logmill_documents_total";
const QUEUE_BYTES: &str = "logmill_queue_bytes";
const HOSTS: &str = "logmill_hosts";
const REJECTS_BYTES: &str = "logmill_rejects_bytes";
const REJECTS_FULL: &str = "logmill_rejects_full";
const REJECTS_DROPPED: &str = "logmill_rejects_dropped_total";

/// Tells the recorder what each metric means. Once, after the recorder is installed.
pub fn describe() {
    describe_counter!(REQUESTS, "Bulk requests by outcome; `answered` brought verdicts.");
    describe_histogram!(
        REQUEST_DURATION,
        Unit::Seconds,
        "From a bulk request's first byte to its answer's last, compression included."
    );
    describe_counter!(
        REQUEST_BYTES,
        Unit::Bytes,
        "Bulk bodies sent, before compression."
    );
    describe_gauge!(REQUESTS_IN_FLIGHT, "Bulk requests that wait for their answer.");
    describe_gauge!(REQUESTS_LIMIT, "Bulk requests that may be in flight at present.");
    describe_counter!(
        DOCUMENTS,
        "Verdicts on documents; `retry` counts each time that a document has to be sent again."
    );
    describe_gauge!(QUEUE_BYTES, Unit::Bytes, "Bulk bodies that are not settled yet.");
    describe_gauge!(
        HOSTS,
        "Configured hosts by state; a `resting` one failed and is probed now and then."
    );
    describe_gauge!(REJECTS_BYTES, Unit::Bytes, "Size of the reject store.");
    describe_gauge!(
        REJECTS_FULL,
        "1 while delivery stands still because the reject store is full."
    );
    describe_counter!(
        REJECTS_DROPPED,
        "Rejected documents deleted to make room for newer ones (`when_full = \"drop_oldest\"`)."
    );
}

/// A bulk request came to its end. `outcome` is `answered` or the name of a trouble.
pub(super) fn request(outcome: &'static str, duration: Duration) {
    counter!(REQUESTS, "outcome" => outcome).increment(1);
    histogram!(REQUEST_DURATION).record(duration.as_secs_f64());
}

pub(super) fn request_bytes(bytes: usize) {
    counter!(REQUEST_BYTES).increment(bytes as u64);
}

pub(super) fn in_flight(requests: usize, limit: usize) {
    gauge!(REQUESTS_IN_FLIGHT).set(requests as f64);
    gauge!(REQUESTS_LIMIT).set(limit as f64);
}

pub(super) fn hosts(healthy: usize, all: usize) {
    gauge!(HOSTS, "state" => "healthy").set(healthy as f64);
    gauge!(HOSTS, "state" => "resting").set((all - healthy) as f64);
}

/// How many documents of one answer had each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Verdicts {
    pub accepted: u64,
    pub already_there: u64,
    pub retry: u64,
    pub rejected: u64,
}

pub(super) fn documents(verdicts: Verdicts) {
    for (verdict, count) in [
        ("accepted", verdicts.accepted),
        ("already_there", verdicts.already_there),
        ("retry", verdicts.retry),
        ("rejected", verdicts.rejected),
    ] {
        if count > 0 {
            counter!(DOCUMENTS, "verdict" => verdict).increment(count);
        }
    }
}

/// Counts a body as queued until it is dropped.
pub(super) struct Queued(f64);

impl Queued {
    pub fn new(bytes: usize) -> Self {
        let bytes = bytes as f64;
        gauge!(QUEUE_BYTES).increment(bytes);
        Queued(bytes)
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        gauge!(QUEUE_BYTES).decrement(self.0);
    }
}

pub(super) fn rejects_bytes(bytes: u64) {
    gauge!(REJECTS_BYTES).set(bytes as f64);
}

pub(super) fn rejects_full(full: bool) {
    gauge!(REJECTS_FULL).set(if full { 1.0 } else { 0.0 });
}

pub(super) fn rejects_dropped(documents: u64) {
    counter!(REJECTS_DROPPED).increment(documents);
}
