use std::sync::Arc;

use super::check;
use super::family::{Family, bare};
use super::gather::{Gather, GatherSpec};
use super::registry::Registered;
use super::room::Room;
use super::rules::all_labels;
use super::spec::MetricSpec;
use super::spec_error::{Difference, Part, SpecError};
use crate::config::Spanned;

/// The metrics of a registry with those of more inputs, behind them. They replace those of the registry when there is no
/// error; so a configuration that cannot be leaves no trace.
#[derive(Debug)]
pub(super) struct Draft {
    pub families: Vec<Arc<Family>>,
    pub gathers: Vec<Arc<Gather>>,
    pub errors: Vec<SpecError>,
    room: Arc<Room>,
    /// How many of the families and of the gathers are the registry's.
    before: (usize, usize),
}

impl Draft {
    pub fn new(registered: Registered, room: &Arc<Room>) -> Draft {
        let Registered { families, gathers } = registered;
        Draft {
            before: (families.len(), gathers.len()),
            families,
            gathers,
            errors: Vec::new(),
            room: Arc::clone(room),
        }
    }

    /// The metric that `spec` counts into: one that is there, or a new one. After a mistake it is left out.
    pub fn add(&mut self, spec: &MetricSpec) -> Option<Arc<Family>> {
        let wrong = check::check(spec).into_iter();
        self.errors
            .extend(wrong.map(|error| error.at(spec.written.as_ref(), None)));
        let labels: Vec<String> = all_labels(spec).into_iter().map(|label| label.name).collect();
        let found = self.families.iter().position(|family| family.name == spec.name);
        if let Some(at) = found {
            let family = Arc::clone(&self.families[at]);
            let Some(difference) = family.difference(spec, &labels) else {
                return Some(family);
            };
            let runs = at < self.before.0;
            let (error, there) = differs(&spec.name, difference, runs, family.written.as_ref());
            return self.refuse(error, spec.written.as_ref(), there);
        }
        if let Some(there) = self.source_of(&spec.name) {
            let text = "a metric of this name comes of another one already; choose another name";
            let error = SpecError::new(&spec.name, Part::Name, text);
            return self.refuse(error, spec.written.as_ref(), there);
        }
        if let Some(twin) = self.twin_of(&spec.name) {
            let text = format!(
                "OpenMetrics cannot tell it from `{}`: `_total` is no part of a name there; choose another name",
                twin.name
            );
            let there = twin.written.clone();
            let error = SpecError::new(&spec.name, Part::Name, text);
            return self.refuse(error, spec.written.as_ref(), there);
        }
        let family = Arc::new(Family::new(self.families.len(), spec, labels, &self.room));
        self.families.push(Arc::clone(&family));
        Some(family)
    }

    /// The same for sessions and top lists. The input's other metrics have been added.
    pub fn add_gather(&mut self, spec: &GatherSpec) -> Option<Arc<Gather>> {
        let wrong = check::check_gather(spec).into_iter();
        self.errors
            .extend(wrong.map(|error| error.at(spec.written.as_ref(), None)));
        let found = self.gathers.iter().position(|gather| gather.name() == spec.name);
        if let Some(at) = found {
            let gather = Arc::clone(&self.gathers[at]);
            let Some(difference) = gather.difference(spec) else {
                return Some(gather);
            };
            let runs = at < self.before.1;
            let (error, there) = differs(&spec.name, difference, runs, gather.written());
            return self.refuse(error, spec.written.as_ref(), there);
        }
        for name in Gather::names(spec) {
            let family = self.families.iter().find(|family| family.shows(&name));
            let there = match family {
                Some(family) => Some(family.written.clone()),
                None => self.source_of(&name),
            };
            if let Some(there) = there {
                let text = format!(
                    "`{name}`, which comes of it, is another metric already, or looks like one; choose another name"
                );
                let error = SpecError::new(&spec.name, Part::Name, text);
                return self.refuse(error, spec.written.as_ref(), there);
            }
        }
        let gather = Arc::new(Gather::new(spec, &self.room));
        self.gathers.push(Arc::clone(&gather));
        Some(gather)
    }

    /// Notes a mistake; gives nothing.
    fn refuse<T>(
        &mut self,
        error: SpecError,
        here: Option<&Spanned<String>>,
        there: Option<Spanned<String>>,
    ) -> Option<T> {
        self.errors.push(error.at(here, there.as_ref()));
        None
    }

    /// Where the metric is written of which one of this name comes besides; the inner `None`: nowhere.
    fn source_of(&self, name: &str) -> Option<Option<Spanned<String>>> {
        let unmatched = |family: &&Arc<Family>| family.unmatched_name().as_deref() == Some(name);
        if let Some(family) = self.families.iter().find(unmatched) {
            return Some(family.written.clone());
        }
        let gather = self.gathers.iter().find(|gather| gather.yields(name))?;
        Some(gather.written().cloned())
    }

    /// A metric that differs from one of this name in `_total` alone.
    fn twin_of(&self, name: &str) -> Option<&Arc<Family>> {
        self.families
            .iter()
            .find(|family| bare(&family.name) == bare(name))
    }
}

/// The error of a metric that differs from the one of its name, and where that one is written: if it `runs` already,
/// nowhere.
fn differs(
    name: &str,
    difference: Difference,
    runs: bool,
    written: Option<&Spanned<String>>,
) -> (SpecError, Option<Spanned<String>>) {
    match runs {
        true => (SpecError::differs_from_running(name, difference), None),
        false => (SpecError::differs(name, difference), written.cloned()),
    }
}
