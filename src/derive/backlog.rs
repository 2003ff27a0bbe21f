//! Events that are much older than the moment at which they are read.
//!
//! `rate()` sees when a counter grew, not when the events happened: an hour of log that is read within a second
//! looks like a spike. So old events count into metrics of their own, or into none.

use crate::config::Backlog;

use super::spec::{Kind, MetricSpec};

/// How the names of the metrics of old events begin.
pub(super) const PREFIX: &str = "backlog_";

/// The metrics of the old events of an input whose other events count by `specs`. The time between two lines is measured
/// whatever their age: the two may lie on either side of the limit. Gauges, sessions and top lists are about the present
/// and do not see old events.
pub fn backlog_specs(backlog: Backlog, specs: &[MetricSpec]) -> Vec<MetricSpec> {
    let between = |spec: &&MetricSpec| matches!(spec.kind, Kind::Elapsed { .. });
    let mut own: Vec<MetricSpec> = specs.iter().filter(between).cloned().collect();
    match backlog {
        Backlog::Count => return Vec::new(),
        Backlog::Skip => {}
        Backlog::Separate => {
            let gauge = |spec: &&MetricSpec| matches!(spec.kind, Kind::Gauge { .. });
            let others = specs.iter().filter(|spec| !between(spec) && !gauge(spec));
            own.extend(others.map(|spec| MetricSpec {
                name: format!("{PREFIX}{}", spec.name),
                help: match spec.help.as_str() {
                    "" => String::new(),
                    help => format!("{help}, of events that were old when they were read"),
                },
                ..spec.clone()
            }));
        }
    }
    own
}
