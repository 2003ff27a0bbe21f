use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::draft::Draft;
use super::family::Family;
use super::follower::Follower;
use super::gather::{Gather, GatherSpec};
use super::registry::{Registered, Registry};
use super::rules::Rules;
use super::spec::MetricSpec;
use super::spec_error::{Difference, Part, SpecError};

/// Metrics of all inputs of a configuration, which are registered together or not at all: an enrolment that is dropped
/// leaves no trace.
#[derive(Debug)]
pub struct Enrolment {
    draft: Draft,
    wanted: Vec<Wanted>,
}

/// What becomes one set of rules.
#[derive(Debug)]
struct Wanted {
    specs: Vec<MetricSpec>,
    /// One for each of `specs`.
    families: Vec<Arc<Family>>,
    gathered: Vec<GatherSpec>,
    /// One for each of `gathered`.
    gathers: Vec<Arc<Gather>>,
    service: String,
}

impl Enrolment {
    /// Adds the metrics of one input. Either all of them are there, or none and each mistake is told.
    ///
    /// A metric may come from several pipelines and inputs, which must then agree (`agreement`).
    pub fn add(
        &mut self,
        specs: Vec<MetricSpec>,
        gathered: Vec<GatherSpec>,
        service: &str,
    ) -> Result<(), Vec<SpecError>> {
        let draft = &mut self.draft;
        let before = (draft.families.len(), draft.gathers.len());
        let families: Vec<_> = specs.iter().filter_map(|spec| draft.add(spec)).collect();
        let gathers: Vec<_> = gathered
            .iter()
            .filter_map(|spec| draft.add_gather(spec))
            .collect();
        let mut errors = std::mem::take(&mut draft.errors);
        if errors.is_empty() {
            errors = self.budgets_that_differ(&specs, &families);
        }
        let draft = &mut self.draft;
        if !errors.is_empty() {
            draft.families.truncate(before.0);
            draft.gathers.truncate(before.1);
            return Err(errors);
        }
        self.wanted.push(Wanted {
            specs,
            families,
            gathered,
            gathers,
            service: service.to_owned(),
        });
        Ok(())
    }

    /// A metric has one budget of series in a configuration, but another configuration may change it.
    fn budgets_that_differ(&self, specs: &[MetricSpec], families: &[Arc<Family>]) -> Vec<SpecError> {
        let wanted = self
            .wanted
            .iter()
            .map(|wanted| (&wanted.specs[..], &wanted.families[..]));
        let all = wanted
            .chain([(specs, families)])
            .flat_map(|(specs, families)| families.iter().zip(specs));
        let differs = |(family, spec): (&Arc<Family>, &MetricSpec)| {
            let (_, other) = all.clone().find(|(of, _)| Arc::ptr_eq(of, family))?;
            (spec.series_max != other.series_max).then(|| {
                let (here, there) = (spec.series_max, other.series_max);
                let difference = Difference {
                    part: Part::SeriesMax,
                    text: format!("its series_max is {here} here and {there} elsewhere"),
                };
                SpecError::differs(&spec.name, difference).at(spec.written.as_ref(), other.written.as_ref())
            })
        };
        families.iter().zip(specs).filter_map(differs).collect()
    }
}

impl Registry {
    /// What is registered, to add to. One at a time: what another one registers meanwhile would be lost.
    pub fn enrol(&self) -> Enrolment {
        let registered = self.registered().clone();
        Enrolment {
            draft: Draft::new(registered, &self.room),
            wanted: Vec::new(),
        }
    }

    /// Registers all that was added: the rules in the order in which it was.
    pub fn register(&self, enrolment: Enrolment) -> Vec<Rules> {
        for wanted in &enrolment.wanted {
            for (family, spec) in wanted.families.iter().zip(&wanted.specs) {
                family.set_series_max(spec.series_max);
            }
        }
        self.set_registered(Registered {
            families: enrolment.draft.families,
            gathers: enrolment.draft.gathers,
        });
        let rules = enrolment.wanted.into_iter().map(|wanted| self.rules_of(&wanted));
        rules.collect()
    }

    /// Compiles the metrics of one input; all of them are registered, or none and each mistake is told.
    pub fn rules(
        &self,
        specs: &[MetricSpec],
        gathered: &[GatherSpec],
        service: &str,
    ) -> Result<Rules, Vec<SpecError>> {
        let mut enrolment = self.enrol();
        enrolment.add(specs.to_vec(), gathered.to_vec(), service)?;
        // One was added.
        Ok(self.register(enrolment).pop().unwrap_or_default())
    }

    fn rules_of(&self, wanted: &Wanted) -> Rules {
        let number = || self.next_group.fetch_add(1, Ordering::Relaxed);
        let place = || self.next_place.fetch_add(1, Ordering::Relaxed);
        let followers = wanted.gathers.iter().zip(&wanted.gathered);
        let followers = followers
            .map(|(gather, spec)| {
                Follower::new(spec, &gather.labels, gather.place(spec, &wanted.service, place))
            })
            .collect();
        let at = wanted.gathered.first().map(|spec| spec.at);
        Rules::new(&wanted.specs, &wanted.families, &wanted.service, number).with_followers(followers, at)
    }
}
