//! Counters, gauges and histograms from fields, each within its series budget.
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
//! Sessions and top lists cannot be summed up over workers. They are [`GatherSpec`]s: a *follower* in the rules
//! notes the event, and the notes of a chunk go to the *place* of the service, which all workers share.
//!
//! Which events are of a backlog is told by [`Ages`] before [`Rules::count`]; they have rules of their own.
//!
//! Histograms may have *details*: native buckets (`native`), which need no bounds and travel by protobuf, and for
//! each bucket an event that stands for it, by its trace (`exemplar`). Only metrics that have them pay for them.

mod age;
mod agreement;
mod backlog;
mod bounds;
mod cells;
mod check;
mod clock;
mod condition;
mod cost;
mod draft;
mod enrolment;
mod exemplar;
mod exposition;
mod family;
mod fixed;
mod fold;
mod follower;
mod gather;
mod hash;
mod hashed;
mod idle;
mod key;
mod keyed_hash;
mod label;
mod label_pairs;
mod label_source;
mod latest;
mod like;
mod lock;
mod measure;
mod native;
mod offender;
mod only;
mod pairs;
mod pane;
mod persist;
mod place;
mod reading;
mod registry;
mod room;
pub mod route;
mod rows;
mod rules;
mod sample;
mod series;
mod session;
mod shard;
mod spec;
mod spec_error;
mod tally;
mod top;
mod unit;
mod zone_hint;

pub use age::{Ages, Lag};
pub use backlog::backlog_specs;
pub use check::{check, check_gather};
pub use condition::Condition;
pub use enrolment::Enrolment;
pub use exemplar::Trace;
pub use exposition::{Format, Histogram, Metric, MetricKind, Number};
pub use fixed::Fixed;
pub use gather::{ACTIVE_SESSIONS, GatherKind, GatherSpec, SESSION_METRICS, TopSum};
pub use hashed::Hashed;
pub use keyed_hash::KeyedHash;
pub use label_source::{Allow, Defaults, Label, LabelSource, SERVICE};
pub use offender::OverBudget;
pub use only::{Only, OnlyValue};
pub use persist::MetricTotals;
pub use registry::{Registry, Totals};
pub use rules::Rules;
pub use shard::{Mark, Shard, ShardGuard};
pub use spec::{Kind, MetricSpec, SECONDS_BUCKETS};
pub use spec_error::{Part, SpecError};
pub use unit::Unit;
pub use zone_hint::ZoneHint;

#[cfg(test)]
mod tests;
