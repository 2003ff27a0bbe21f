use std::sync::Arc;

use super::cells::Cells;
use super::condition::Condition;
use super::family::{Family, THERE};
use super::fixed::Fixed;
use super::follower::Follower;
use super::key::{self, Taken};
use super::label::{self, Content, LabelText};
use super::label_source::{LABELS_MAX, Label, LabelSource, SERVICE};
use super::latest::Latest;
use super::measure::{Measure, first, happened};
use super::rows::Cell;
use super::sample::{NoSample, Sample};
use super::series::Series;
use super::shard::{ShardGuard, State};
use super::spec::MetricSpec;
use crate::event::{FieldId, Fields, Value};

/// The metrics of one input, compiled. Cheap to share between workers.
///
/// Metrics whose labels are among another's are one group, and a group costs one hash and one look-up per event:
/// the row that is found has the cell of each of its metrics.
#[derive(Debug, Default)]
pub struct Rules {
    groups: Vec<Group>,
    followers: Vec<Follower>,
    /// When an event happened; for the followers.
    at: Option<FieldId>,
}

impl Rules {
    /// Counts one event into every metric whose fields it has. Allocates only for label values not met before.
    pub fn count(&self, fields: &Fields<'_>, shard: &mut ShardGuard<'_>) {
        let state = &mut *shard.state;
        state.key.forget();
        for group in &self.groups {
            group.count(fields, state);
        }
        if !self.followers.is_empty() {
            self.follow(fields, state);
        }
    }

    fn follow(&self, fields: &Fields<'_>, state: &mut State) {
        let happened = self.at.and_then(|at| fields.time(at));
        let happened = happened.map(|at| at.unix_millis());
        let read_at = state.read_at.or(happened).unwrap_or_default();
        let at = happened.map_or(read_at, |at| at.min(read_at));
        for follower in &self.followers {
            follower.note(fields, state, at, read_at);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.followers.is_empty()
    }

    /// The events are told to `followers`, too; each happened at the time that the field `at` says.
    pub(super) fn with_followers(mut self, followers: Vec<Follower>, at: Option<FieldId>) -> Self {
        self.followers = followers;
        self.at = at;
        self
    }

    /// `number` gives each group a number that no other has, however often rules are compiled.
    pub(super) fn new(
        specs: &[MetricSpec],
        families: &[Arc<Family>],
        service: &str,
        mut number: impl FnMut() -> u32,
    ) -> Self {
        let mut order: Vec<usize> = (0..specs.len()).collect();
        let width = |at: usize| takings(&specs[at]).count();
        // The widest first, so that a group's first metric has all its labels; otherwise as in the file.
        order.sort_by_key(|&at| std::cmp::Reverse(width(at)));
        let mut groups: Vec<Group> = Vec::new();
        for at in order {
            let spec = &specs[at];
            let within = |group: &Group| takings(spec).all(|taken| group.values.contains(&taken));
            let index = groups.iter().position(within).unwrap_or_else(|| {
                groups.push(Group::new(number(), spec));
                groups.len() - 1
            });
            let metric = Metric::new(spec, &families[at], service, &groups[index].values);
            groups[index].metrics.push(metric);
        }
        Rules {
            groups,
            ..Rules::default()
        }
    }
}

fn takings(spec: &MetricSpec) -> impl Iterator<Item = Taken> {
    spec.labels.iter().filter_map(|label| Taken::new(&label.source))
}

/// The labels of a metric with `service`, which stands first.
pub(super) fn all_labels(spec: &MetricSpec) -> Vec<Label> {
    let mut labels = spec.labels.clone();
    if !labels.iter().any(|label| label.name == SERVICE) {
        let service = Label {
            name: SERVICE.to_owned(),
            source: LabelSource::Service,
        };
        labels.insert(0, service);
    }
    labels
}

#[derive(Debug)]
struct Group {
    /// The head of its keys.
    number: [u8; 4],
    /// What its keys are made of; no more than [`LABELS_MAX`].
    values: Vec<Taken>,
    metrics: Vec<Metric>,
}

impl Group {
    fn new(number: u32, widest: &MetricSpec) -> Self {
        let mut values: Vec<Taken> = Vec::new();
        for taken in takings(widest) {
            if !values.contains(&taken) {
                values.push(taken);
            }
        }
        Group {
            number: number.to_le_bytes(),
            values,
            metrics: Vec::new(),
        }
    }

    fn count(&self, fields: &Fields<'_>, state: &mut State) {
        let State {
            cells,
            rows,
            key,
            text,
            read_at,
            ..
        } = state;
        let present = key.make(self.number, &self.values, fields);
        let key = key.as_bytes();
        let row = rows.find(key, self.metrics.len());
        for (metric, cell) in self.metrics.iter().zip(row) {
            let lacks = metric.needs & !present;
            let lacks = lacks != 0 && !metric.makes_up_for(lacks, fields);
            if lacks && !metric.measure.is_between() || !metric.takes(fields) {
                continue;
            }
            if metric.count_usual(fields, *cell, cells) {
                continue;
            }
            let sample = match metric.measure.sample(fields, *read_at) {
                // Two lines met, and the second has no labels to count them under.
                Ok(_) if lacks => Err(NoSample::Refused),
                sample => sample,
            };
            match sample {
                Ok(sample) => {
                    let cell = metric.cell(key, cell, cells, text);
                    metric.count_sample(sample, fields, *read_at, cell, cells);
                }
                Err(NoSample::Absent) => {}
                Err(NoSample::Refused) => cells.count_refused(metric.family.index),
            }
        }
    }
}

/// The text of the labels that all events of an input have.
fn constant_labels(labels: &[Label], service: &str) -> Vec<u8> {
    let constants = labels.iter().filter_map(|Label { name, source }| match source {
        LabelSource::Service => Some((name.as_str(), Content::Text(service))),
        LabelSource::Const(text) => Some((name.as_str(), Content::Text(text))),
        _ => None,
    });
    LabelText::new(constants.filter(|(name, _)| *name != THERE)).other()
}

/// A label's value as it stands in the text of a series.
fn written(value: &str) -> Vec<u8> {
    let mut text = Vec::new();
    label::write_value(value.as_bytes(), &mut text);
    text
}

#[derive(Debug)]
struct Metric {
    family: Arc<Family>,
    /// A bit for each of the group's values that it has as a label.
    needs: u32,
    only: Vec<Condition>,
    measure: Measure,
    labels: LabelText,
    /// The values that a label may have, as they are written, by the index of the group's value.
    allowed: Vec<(usize, Vec<Vec<u8>>)>,
    /// What a label shows for an event that lacks its value, as it is written, by the index of the group's value.
    defaults: Vec<(usize, Vec<u8>)>,
    /// Events that have this field get no default.
    no_defaults_with: Option<FieldId>,
    /// Whose its series are in the family.
    owner: u32,
}

const _: () = assert!(LABELS_MAX <= u32::BITS as usize);

impl Metric {
    /// `values` are those of its group, all of its own among them.
    fn new(spec: &MetricSpec, family: &Arc<Family>, service: &str, values: &[Taken]) -> Self {
        let labels = all_labels(spec);
        let place = |source: &LabelSource| {
            let taken = Taken::new(source)?;
            values.iter().position(|&value| value == taken)
        };
        // In the family's order, which may be another pipeline's.
        let texts = family.labels.iter().filter_map(|name| {
            let Label { source, .. } = labels.iter().find(|label| label.name == *name)?;
            let content = match source {
                LabelSource::Service => Content::Text(service),
                LabelSource::Const(text) => Content::Text(text),
                source => Content::value(place(source)?, spec.hashed.of(name)),
            };
            Some((name.as_str(), content))
        });
        let allowed = spec.allow.iter().filter_map(|allow| {
            let label = labels.iter().find(|label| label.name == allow.label)?;
            Some((
                place(&label.source)?,
                allow.values.iter().map(|value| written(value)).collect(),
            ))
        });
        let allowed = allowed.collect();
        let default_of = |name: &str| spec.defaults.texts.iter().find(|(label, _)| label == name);
        let defaults = labels.iter().filter_map(|label| {
            let (_, text) = default_of(&label.name)?;
            Some((place(&label.source)?, written(text)))
        });
        let defaults = defaults.collect();
        let labels_text = LabelText::new(texts);
        let owner = family.owner(&labels_text.other());
        Metric {
            family: Arc::clone(family),
            needs: labels
                .iter()
                .filter_map(|label| place(&label.source))
                .fold(0, |needs, at| needs | 1 << at),
            only: spec.only.iter().map(Condition::new).collect(),
            measure: Measure::new(spec, family.waiting(service, constant_labels(&labels, service))),
            labels: labels_text,
            allowed,
            defaults,
            no_defaults_with: spec.defaults.unless,
            owner,
        }
    }

    /// Whether there is a default for each of the values that an event lacks.
    #[inline(never)]
    fn makes_up_for(&self, lacks: u32, fields: &Fields<'_>) -> bool {
        let made_up = self.defaults.iter().fold(0, |bits, (at, _)| bits | 1 << at);
        lacks & !made_up == 0
            && self
                .no_defaults_with
                .is_none_or(|field| matches!(fields.get(field), Value::Absent))
    }

    #[inline]
    fn takes(&self, fields: &Fields<'_>) -> bool {
        self.only.is_empty() || self.only.iter().all(|only| only.holds(fields))
    }

    /// Counts what nearly every event is: a whole number, or none, of a series that was met before. False for all
    /// others, and then nothing is counted.
    #[inline(always)]
    fn count_usual(&self, fields: &Fields<'_>, cell: Cell, cells: &mut Cells) -> bool {
        let Some(cell) = cell.usual() else {
            return false;
        };
        match &self.measure {
            Measure::Count => cells.add(cell, Fixed::ONE),
            Measure::Add { field, unit } => match fields.get(*field) {
                Value::Int(n @ 0..) => cells.add(cell, Fixed::whole(n as u64, *unit)),
                Value::Absent => {}
                _ => return false,
            },
            Measure::AddFirst { fields: of, unit } => match first(of, fields) {
                Value::Int(n @ 0..) => cells.add(cell, Fixed::whole(n as u64, *unit)),
                Value::Absent => {}
                _ => return false,
            },
            Measure::Observe { field, unit, bounds } => match fields.get(*field) {
                Value::Int(n @ 0..) => {
                    let n = n as u64;
                    cells.observe(cell, bounds.of_whole(n), Fixed::whole(n, *unit));
                }
                Value::Absent => {}
                _ => return false,
            },
            Measure::ObserveClosely { .. } | Measure::Set { .. } | Measure::Between { .. } => return false,
        }
        true
    }

    /// The cell for an event with this key, of a series with labels that say `other` where the budget is used up. `text`
    /// is memory to work in.
    #[inline(never)]
    fn cell(&self, key: &[u8], cell: &mut Cell, cells: &mut Cells, text: &mut Vec<u8>) -> Cell {
        if cell.known().is_none() {
            *cell = match self.resolve(key, text) {
                Some(series) => Cell::new(cells.of_series(&self.family, series.number), series.folded),
                None => Cell::NONE,
            };
        }
        if cell.folded() {
            cells.count_folded(self.family.index);
        }
        *cell
    }

    /// Counts any sample of an event that was read at `read_at`, in milliseconds.
    #[inline(never)]
    fn count_sample(
        &self,
        sample: Sample,
        fields: &Fields<'_>,
        read_at: Option<i64>,
        cell: Cell,
        cells: &mut Cells,
    ) {
        if cell == Cell::NONE {
            return;
        }
        let cell = cell.index();
        match &self.measure {
            Measure::Count => cells.add(cell, Fixed::ONE),
            Measure::Set { unit, at, .. } => {
                let (at, read_at) = happened(fields, *at, read_at).unwrap_or_default();
                let value = sample.in_base_unit(*unit);
                cells.set(cell, Latest { at, read_at, value });
            }
            Measure::Add { unit, .. } | Measure::AddFirst { unit, .. } => {
                cells.add(cell, sample.amount(*unit));
            }
            Measure::Observe { unit, bounds, .. } => {
                let amount = sample.amount(*unit);
                cells.observe(cell, bounds.bucket(sample, amount), amount);
            }
            Measure::ObserveClosely {
                unit, bounds, detail, ..
            } => {
                let amount = sample.amount(*unit);
                let bucket = bounds.bucket(sample, amount);
                cells.observe(cell, bucket, amount);
                detail.note(cells.details(cell), fields, bucket, amount, read_at);
            }
            Measure::Between { bounds, detail, .. } => {
                let amount = sample.amount(1);
                let bucket = bounds.bucket(sample, amount);
                cells.observe(cell, bucket, amount);
                if let Some(detail) = detail {
                    detail.note(cells.details(cell), fields, bucket, amount, read_at);
                }
            }
        }
    }

    /// The series of an event with this key, if there is one for it; `text` is memory to work in.
    #[cold]
    fn resolve(&self, key: &[u8], text: &mut Vec<u8>) -> Option<Series> {
        let mut starts = [0; LABELS_MAX];
        for (slot, start) in starts.iter_mut().zip(key::starts(key)) {
            *slot = start;
        }
        text.clear();
        let mut hidden = false;
        self.labels.write(text, |at, hash, out| {
            let from = out.len();
            key::write_label(key, starts[at], None, out);
            if out.len() == from
                && let Some((_, text)) = self.defaults.iter().find(|(label, _)| *label == at)
            {
                out.extend_from_slice(text);
                return;
            }
            let allowed = self.allowed.iter().find(|(label, _)| *label == at);
            if allowed.is_some_and(|(_, values)| !values.iter().any(|value| *value == out[from..])) {
                out.truncate(from);
                out.extend_from_slice(label::OTHER);
                hidden = self.measure.is_gauge();
            } else if hash.is_some() {
                out.truncate(from);
                key::write_label(key, starts[at], hash, out);
            }
        });
        if hidden {
            return None;
        }
        self.family.resolve(text, self.owner)
    }
}
