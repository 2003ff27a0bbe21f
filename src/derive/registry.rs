use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::cells::Sums;
use super::exposition::{self, Format};
use super::family::Family;
use super::ranges::Ranges;
use super::rules::{Rules, all_labels};
use super::shard::{Shard, State, lock};
use super::spec::{self, MetricSpec, SpecError};
use crate::event::{FileKey, Span};

/// All metrics that come from logs: which there are, what the workers counted, and up to where.
#[derive(Debug, Default)]
pub struct Registry {
    families: RwLock<Vec<Arc<Family>>>,
    shards: Mutex<Vec<Arc<Mutex<State>>>>,
    counted: Mutex<HashMap<FileKey, Ranges>>,
    next_group: AtomicU32,
}

impl Registry {
    /// Compiles the metrics of one input. Either all of them are registered, or none and each mistake is told.
    ///
    /// A metric may come from several pipelines and inputs; kind, labels and buckets must then be the same.
    pub fn rules(&self, specs: &[MetricSpec], service: &str) -> Result<Rules, Vec<SpecError>> {
        let mut errors: Vec<SpecError> = specs.iter().flat_map(spec::check).collect();
        let mut families = self.families.write().unwrap_or_else(PoisonError::into_inner);
        // Looked at before anything is changed: a reload that fails leaves no trace.
        let mut after = families.clone();
        let mut own = Vec::with_capacity(specs.len());
        for spec in specs {
            let labels: Vec<String> = all_labels(spec).into_iter().map(|label| label.name).collect();
            let family = match after.iter().find(|family| family.name == spec.name) {
                Some(family) => match family.agrees(spec, &labels) {
                    Ok(()) => Arc::clone(family),
                    Err(error) => {
                        errors.push(error);
                        continue;
                    }
                },
                None => {
                    let family = Arc::new(Family::new(after.len(), spec, labels));
                    after.push(Arc::clone(&family));
                    family
                }
            };
            own.push(family);
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        for (family, spec) in own.iter().zip(specs) {
            family.set_series_max(spec.series_max);
        }
        *families = after;
        let number = || self.next_group.fetch_add(1, Ordering::Relaxed);
        Ok(Rules::new(specs, &own, service, number))
    }

    /// A shard for one more worker. What a worker counted stays when it goes; its shard is handed to the next.
    pub fn shard(&self) -> Shard {
        let mut shards = lock(&self.shards);
        if let Some(state) = shards.iter().find(|state| Arc::strong_count(state) == 1) {
            return Shard {
                state: Arc::clone(state),
            };
        }
        let state = Arc::new(Mutex::new(State::new()));
        shards.push(Arc::clone(&state));
        Shard { state }
    }

    /// Stops all workers between two chunks and lets `read` look at what they counted and up to where. They
    /// wait until it returns, so it should not write to a disk.
    pub fn freeze<R>(&self, read: impl FnOnce(&Frozen<'_>) -> R) -> R {
        let shards = lock(&self.shards);
        let mut states: Vec<MutexGuard<'_, State>> = shards.iter().map(|state| lock(state)).collect();
        let mut counted = lock(&self.counted);
        for span in states.iter_mut().flat_map(|state| state.counted.drain(..)) {
            counted.entry(span.file).or_default().add(span.from..span.to);
        }
        let families = self
            .families
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        read(&Frozen {
            families,
            states,
            counted: &counted,
        })
    }

    /// Every metric as it is between two chunks.
    pub fn totals(&self) -> Totals {
        self.freeze(|frozen| frozen.totals())
    }

    /// Appends every metric and how far each is into its budget; not the end mark of OpenMetrics, since the
    /// agent's own metrics may follow.
    pub fn write(&self, format: Format, out: &mut Vec<u8>) {
        let totals = self.totals();
        totals.write(format, out);
        totals.write_budgets(format, out);
    }

    /// Which of these bytes were counted before: the events that begin there must not be counted again. Empty,
    /// but for the first chunks after a restart.
    pub fn counted_within(&self, span: Span) -> Ranges {
        let counted = lock(&self.counted);
        let ranges = counted.get(&span.file);
        ranges
            .map(|ranges| ranges.within(span.from..span.to))
            .unwrap_or_default()
    }

    /// At start: what the checkpoint says was counted.
    pub fn restore_counted(&self, file: FileKey, range: Range<u64>) {
        lock(&self.counted).entry(file).or_default().add(range);
    }

    /// The bytes below `to` are settled and will not be read again: nobody needs to know that they were counted.
    pub fn settled(&self, file: FileKey, to: u64) {
        let mut counted = lock(&self.counted);
        if let Some(ranges) = counted.get_mut(&file) {
            ranges.forget_below(to);
            if ranges.is_empty() {
                counted.remove(&file);
            }
        }
    }

    /// The file is gone.
    pub fn forget(&self, file: FileKey) {
        lock(&self.counted).remove(&file);
    }
}

/// All workers between two chunks.
#[derive(Debug)]
pub struct Frozen<'a> {
    families: Vec<Arc<Family>>,
    states: Vec<MutexGuard<'a, State>>,
    counted: &'a HashMap<FileKey, Ranges>,
}

impl Frozen<'_> {
    /// What was counted of each file and may be read again.
    pub fn counted(&self) -> impl Iterator<Item = (FileKey, &Ranges)> {
        self.counted.iter().map(|(&file, ranges)| (file, ranges))
    }

    /// What was counted of one file.
    pub fn counted_of(&self, file: FileKey) -> Option<&Ranges> {
        self.counted.get(&file)
    }

    pub fn totals(&self) -> Totals {
        let mut families: Vec<(Arc<Family>, Sums)> = self
            .families
            .iter()
            .map(|family| {
                let mut sums = Sums::default();
                self.states
                    .iter()
                    .for_each(|state| state.cells.add_to(family, &mut sums));
                (Arc::clone(family), sums)
            })
            .collect();
        families.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
        Totals { families }
    }
}

/// The sums over all workers at one moment.
#[derive(Debug)]
pub struct Totals {
    families: Vec<(Arc<Family>, Sums)>,
}

impl Totals {
    /// Appends the metrics, in the order of their names and then of their labels.
    pub fn write(&self, format: Format, out: &mut Vec<u8>) {
        for (family, sums) in &self.families {
            exposition::write_family(family, sums, format, out);
        }
    }

    /// Appends how many series each metric has and may have, what exceeded that, and what was refused.
    pub fn write_budgets(&self, format: Format, out: &mut Vec<u8>) {
        exposition::write_budgets(&self.families, format, out);
    }
}
