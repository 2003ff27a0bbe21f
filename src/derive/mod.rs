//! Counters and histograms from fields, each within its series budget.
//!
//! ```text
//! MetricSpec ──Registry::rules──▶ Rules ──count(fields)──▶ Shard (one per worker, locked once per chunk)
//!  what a pipeline says            one input, compiled        │
//!                                                             ▼
//!                                  Registry::write ◀── totals: the sum over all shards
//! ```
//!
//! An event costs one hash per group of metrics: its label values are the key of a *row*, and the row says in
//! which *cell* each metric of the group counts. Rows are a cache of one worker; which *series* there are is
//! decided in the metric's *family*, under a lock that is taken only for label values not met before, so the
//! budget is exact whatever the workers do at the same time.
//!
//! Amounts are [`Fixed`]: sums are exact, and the same events give the same text in any order.
//!
//! # What will stand here, and where
//!
//! - Sessions and pairs of lines (`started` … `finished`) become further variants of [`Kind`] beside counter and
//!   histogram; what they remember between events lives in the shard, next to its cells.
//! - Top-K series (requests per user and session) are a second way for a family to decide which series there
//!   are, beside the budget: `family.rs`. Series that leave when idle leave there too.
//! - Exemplars are one more column of the cells, written by `exposition.rs` in OpenMetrics; native histograms
//!   are one more shape of a family and a third [`Format`].
//! - Events of a backlog are told from others before [`Rules::count`]: the caller knows the time.

mod cells;
mod exposition;
mod family;
mod fixed;
mod hash;
mod key;
mod label;
mod measure;
mod registry;
pub mod route;
mod rows;
mod rules;
mod shard;
mod spec;

pub use exposition::Format;
pub use fixed::Fixed;
pub use registry::{Registry, Totals};
pub use rules::Rules;
pub use shard::{Shard, ShardGuard};
pub use spec::{
    BUCKETS_MAX, Kind, LABELS_MAX, Label, LabelSource, MetricSpec, Only, OnlyValue, Part, SECONDS_BUCKETS,
    SERVICE, SpecError, Unit, check,
};

#[cfg(test)]
mod tests;
