//! Real servers for the tests: fetched once per machine, started on demand, gone with the test process.
//!
//! ```text
//! fetch      Maven and apt, once under target/servers/
//! process    a home and a watchdog for each server
//! elasticsearch, opensearch, prometheus
//! client     what a test asks Elasticsearch or OpenSearch
//! tally      which of the written lines arrived
//! ```
#![allow(
    dead_code,
    reason = "a vocabulary for tests; not every word is in use in every commit"
)]

pub mod certificates;
pub mod client;
pub mod elasticsearch;
pub mod fetch;
pub mod jdk;
pub mod opensearch;
pub mod process;
pub mod prometheus;
pub mod tally;

use std::time::{Duration, Instant};

pub use elasticsearch::{Elasticsearch, Version};
pub use opensearch::Opensearch;
pub use prometheus::Prometheus;
pub use tally::Tally;

use fetch::Result;
use process::Process;

/// Tries until `attempt` gives something, at most for `max`. Ends early, with the end of the server's log, when
/// the server itself ends.
pub async fn until<T>(
    max: Duration,
    process: &mut Process,
    mut attempt: impl AsyncFnMut() -> Option<T>,
) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(value) = attempt().await {
            return Ok(value);
        }
        if let Some(status) = process.ended() {
            return Err(format!("it ended with {status}:\n{}", process.log_tail()));
        }
        if start.elapsed() > max {
            return Err(format!(
                "it is not ready after {} s:\n{}",
                max.as_secs(),
                process.log_tail()
            ));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
