//! Events become bulk bodies, bodies become verdicts.
//!
//! ```text
//! encode ─▶ Batch ─▶ Output ─▶ Delivery ─▶ Gate ─▶ Client ─▶ Elasticsearch
//!             ▲                 │    ▲    which host,  one      │
//!             │                 │    │    and when   request    │
//!           pool ◀── body ──────┤    └── verdicts ◀── answer ◀──┘
//!                               ├─▶ reject store: documents refused for good
//!                               └─▶ Settle: spans whose events all have a verdict
//! ```
//!
//! A batch is owned by one delivery until its last document has its final verdict: sent, answered, split, sent
//! again in part, in its one body. What all deliveries share is small: the `gate` (health of the hosts, limit
//! of requests in flight), the size of body that the server takes, and the reject store.

mod announce;
#[doc(hidden)] // For the fuzzer.
pub mod answer;
mod backoff;
mod batch;
mod body_limit;
mod breaker;
mod client;
mod client_error;
mod concurrency;
mod connect;
mod deliver;
mod elasticsearch;
mod ended;
mod file_output;
mod gate;
mod gzip;
mod health;
mod hosts;
mod output;
mod pool;
mod probe;
mod progress;
pub mod rejects;
mod retry_after;
mod server;
mod settle;
mod setup;
mod stdout_output;
pub mod telemetry;
mod template;
#[cfg(test)]
mod testing;
mod trouble;
mod verdict;

pub use batch::{Batch, Doc, Origin, Part};
pub use client::{ANSWERS_BYTES_MAX, Client};
pub use client_error::ClientError;
pub use elasticsearch::Elasticsearch;
pub use ended::Ended;
pub use file_output::{FileOutput, NoFile};
pub use health::Health;
pub use output::Output;
pub use pool::BatchPool;
pub use probe::{Finding, Probe, probe};
pub use server::{Answer, Server};
pub use settle::Settle;
pub use setup::{Installed, SetupError, TemplateSettings, setup};
pub use stdout_output::StdoutOutput;
pub use trouble::{Failure, Trouble};
pub use verdict::{Cause, Refusal, Verdict};
