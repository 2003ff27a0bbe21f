use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicUsize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use super::age::{self, Lag};
use super::backlog;
use super::cells::Sums;
use super::exposition::{self, Format};
use super::family::Family;
use super::gather::Gather;
use super::idle::{Idle, Leaving};
use super::lock::lock;
use super::offender::{self, OverBudget};
use super::reading::Reading;
use super::room::Room;
use super::shard::{Shard, State};
use super::spec::millis;
use crate::event::Timestamp;
use crate::limits;

/// All metrics that come from logs: which there are, and what the workers counted.
#[derive(Debug)]
pub struct Registry {
    registered: RwLock<Registered>,
    shards: Mutex<Vec<Arc<Mutex<State>>>>,
    pub(super) next_group: AtomicU32,
    pub(super) next_place: AtomicUsize,
    /// By the input's name.
    lags: Mutex<BTreeMap<String, Arc<Lag>>>,
    idle: Mutex<Idle>,
    pub(super) room: Arc<Room>,
}

/// Which metrics there are; a reload adds to them.
#[derive(Clone, Debug, Default)]
pub(super) struct Registered {
    pub families: Vec<Arc<Family>>,
    pub gathers: Vec<Arc<Gather>>,
}

impl Default for Registry {
    fn default() -> Self {
        Registry {
            registered: RwLock::default(),
            shards: Mutex::default(),
            next_group: AtomicU32::new(0),
            next_place: AtomicUsize::new(0),
            lags: Mutex::default(),
            idle: Mutex::new(Idle::new(millis(limits::IDLE_AFTER))),
            room: Arc::default(),
        }
    }
}

impl Registry {
    /// How long a series stays on the page when nothing is counted in it.
    pub fn set_idle_after(&self, after: Duration) {
        lock(&self.idle).set_after(millis(after));
    }

    /// Metrics and what is remembered for them may take so many bytes, in the cells of so many workers. Without it they may
    /// take what their budgets allow.
    pub fn set_memory(&self, bytes: usize, workers: usize) {
        self.room.set(bytes, workers);
    }

    /// What they have taken of it, in bytes: an estimate of what they take at worst.
    pub fn memory_taken(&self) -> usize {
        self.room.taken_with_rows()
    }

    /// Every metric that is registered.
    pub(super) fn registered(&self) -> RwLockReadGuard<'_, Registered> {
        self.registered.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// All that are registered, and new ones behind them.
    pub(super) fn set_registered(&self, registered: Registered) {
        *self.registered.write().unwrap_or_else(PoisonError::into_inner) = registered;
    }

    /// An earlier run has counted up to where this one goes on: sessions that are under way have not started now.
    pub fn resume(&self) {
        let gathers = self.registered().gathers.clone();
        gathers.iter().for_each(|gather| gather.resume());
    }

    /// How old the events of one input are when they are read.
    pub fn lag(&self, input: &str) -> Arc<Lag> {
        Arc::clone(lock(&self.lags).entry(input.to_owned()).or_default())
    }

    /// A shard for one more worker. What a worker counted stays when it goes; its shard is handed to the next.
    pub fn shard(&self) -> Shard {
        let mut shards = lock(&self.shards);
        if let Some(state) = shards.iter().find(|state| Arc::strong_count(state) == 1) {
            return Shard {
                state: Arc::clone(state),
            };
        }
        let state = Arc::new(Mutex::new(State::new(&self.room)));
        shards.push(Arc::clone(&state));
        Shard { state }
    }

    /// Every metric as it is between two chunks, when the wall's clock shows `now`. All workers stand still while
    /// the sums are made.
    pub fn totals(&self, now: Timestamp) -> Totals {
        let families = self.page_sums(now.unix_millis());
        let gathers = self.registered().gathers.clone();
        let readings = gathers.iter().flat_map(|gather| gather.read(now.unix_millis()));
        let unmatched = families
            .iter()
            .filter_map(|(family, _)| family.unmatched(now.unix_nanos()));
        let readings = Reading::merge(
            readings
                .chain(unmatched)
                .chain([age::reading(&lock(&self.lags))])
                .collect(),
        );
        Totals { families, readings }
    }

    /// The metrics whose budget was exceeded, those with the most events in `other` first.
    pub fn over_budget(&self) -> Vec<OverBudget> {
        let mut over: Vec<OverBudget> = self
            .sums(|_| ())
            .0
            .into_iter()
            .filter(|(_, sums)| sums.folded > 0)
            .map(|(family, sums)| {
                let shown = family.read();
                let (label, values, examples) = offender::widest_label(&shown);
                OverBudget {
                    name: family.name.clone(),
                    series: shown.len(),
                    series_max: family.series_max(),
                    folded: sums.folded,
                    label,
                    values,
                    examples,
                }
            })
            .collect();
        over.sort_by_key(|metric| std::cmp::Reverse(metric.folded));
        over
    }

    pub(super) fn family(&self, name: &str) -> Option<Arc<Family>> {
        let registered = self.registered();
        let mut families = registered.families.iter();
        families.find(|family| family.name == name).cloned()
    }

    /// The sums over all workers, and what `inside` makes of their parts while none of them counts.
    pub(super) fn sums<T>(
        &self,
        inside: impl FnOnce(&[MutexGuard<'_, State>]) -> T,
    ) -> (Vec<(Arc<Family>, Sums)>, T) {
        self.stop(|states| (self.sums_of(states), inside(states)))
    }

    /// Has all workers stand still while `inside` looks at their parts.
    fn stop<T>(&self, inside: impl FnOnce(&mut [MutexGuard<'_, State>]) -> T) -> T {
        let shards = lock(&self.shards);
        let mut states: Vec<MutexGuard<'_, State>> = shards.iter().map(|state| lock(state)).collect();
        inside(&mut states)
    }

    /// The sums for a page, without those of series that leave it.
    fn page_sums(&self, wall: i64) -> Vec<(Arc<Family>, Sums)> {
        self.stop(|states| {
            let mut families = self.sums_of(states);
            let mut idle = lock(&self.idle);
            idle.turn_page(wall);
            for (family, sums) in &mut families {
                let mut leaving = Leaving::default();
                idle.pass(family, sums, &mut leaving);
                if !leaving.any {
                    continue;
                }
                for state in states.iter_mut() {
                    state.rows.clear();
                    for &number in &leaving.forgotten {
                        state.cells.zero(family, number);
                    }
                }
            }
            families
        })
    }

    fn sums_of(&self, states: &[MutexGuard<'_, State>]) -> Vec<(Arc<Family>, Sums)> {
        let families = self.registered().families.clone();
        let mut families: Vec<(Arc<Family>, Sums)> = families
            .into_iter()
            .map(|family| {
                let mut sums = Sums::default();
                states
                    .iter()
                    .for_each(|state| state.cells.add_to(&family, &mut sums));
                (family, sums)
            })
            .collect();
        families.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
        families
    }

    /// Appends every metric and how far each is into its budget; not the end mark of OpenMetrics, since the
    /// agent's own metrics may follow.
    pub fn write(&self, now: Timestamp, format: Format, out: &mut Vec<u8>) {
        let totals = self.totals(now);
        totals.write(format, out);
        totals.write_budgets(format, out);
    }
}

/// The sums over all workers at one moment.
#[derive(Debug)]
pub struct Totals {
    families: Vec<(Arc<Family>, Sums)>,
    /// Those of sessions and top lists.
    readings: Vec<Reading>,
}

impl Totals {
    /// Appends the metrics that logs yield, in the order of their names and then of their labels; sessions and top
    /// lists come last.
    pub fn write(&self, format: Format, out: &mut Vec<u8>) {
        for (family, sums) in &self.families {
            exposition::write_family(family, sums, format, out);
        }
        for reading in self.readings.iter().filter(|reading| !of_the_agent(reading)) {
            exposition::write_reading(reading, format, out);
        }
    }

    /// Appends how many series each metric has and may have, what exceeded that, and what was refused.
    pub fn write_budgets(&self, format: Format, out: &mut Vec<u8>) {
        // Where there was no backlog, nothing is said of its metrics.
        let said = |family: &Family| !family.name.starts_with(backlog::PREFIX) || family.read().len() > 0;
        let families: Vec<_> = self.families.iter().filter(|(family, _)| said(family)).collect();
        exposition::write_budgets(&families, format, out);
        for reading in self.readings.iter().filter(|reading| of_the_agent(reading)) {
            exposition::write_reading(reading, format, out);
        }
    }
}

/// What says how exact the others are.
fn of_the_agent(reading: &Reading) -> bool {
    reading.name.starts_with("logmill_")
}
