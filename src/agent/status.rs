//! What the agent does at this moment, in JSON.

use serde_json::{Value, json};

use super::memory::Shares;
use crate::derive::Registry;
use crate::state::Ledger;

/// The books, the files and the checkpoint, from the running agent or from its state directory.
pub fn status(ledger: &Ledger) -> Value {
    let inputs: Vec<Value> = ledger
        .books()
        .into_iter()
        .map(|(name, books)| {
            let tally = books.tally;
            let settled = tally.accepted + tally.already_there + tally.filtered + tally.rejected;
            let held = ledger.is_held(&name);
            json!({
                "input": name,
                "held": held,
                "read": settled + books.pending,
                "accepted": tally.accepted,
                "already_there": tally.already_there,
                "filtered": tally.filtered,
                "rejected": tally.rejected,
                "pending": books.pending,
                "bytes_settled": books.bytes_settled,
                "bytes_pending": books.bytes_pending,
            })
        })
        .collect();
    let mut files = ledger.files();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let files: Vec<Value> = files
        .into_iter()
        .map(|file| {
            json!({
                // Lossy: a path need not be UTF-8, and JSON has to be.
                "path": file.path.to_string_lossy(),
                "input": &*file.input,
                "key": file.key.to_string(),
                "size": file.size,
                "read": file.read,
                "settled": file.settled,
            })
        })
        .collect();
    let health = ledger.persist_health();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "inputs": inputs,
        "files": files,
        "checkpoint": {
            "writes": health.writes,
            "failures": health.failures,
            "failing": health.failing,
        },
    })
}

/// What is taken of each share of `memory_max`, and what may be; in bytes.
pub fn memory(shares: &Shares) -> Value {
    let share = |(name, taken, limit)| json!({"share": name, "taken": taken, "limit": limit});
    shares.list().into_iter().map(share).collect()
}

/// Metrics that have more label sets than they may show; those that lose most come first.
pub fn over_budget(registry: &Registry) -> Value {
    registry
        .over_budget()
        .into_iter()
        .map(|metric| {
            json!({
                "metric": metric.name,
                "series": metric.series,
                "series_max": metric.series_max,
                "events_folded": metric.folded,
                "label": metric.label,
                "label_values": metric.values,
                "label_examples": metric.examples,
            })
        })
        .collect()
}
