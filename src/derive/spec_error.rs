use thiserror::Error;

use crate::config::{Place, Spanned};

/// Which part of a metric an error is about, so that the caret can point there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Name,
    /// The label of this name.
    Label(String),
    Labels,
    Help,
    Buckets,
    Kind,
    SeriesMax,
}

/// A metric that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("metric {metric:?}: {text}")]
pub struct SpecError {
    pub metric: String,
    pub part: Part,
    /// What is wrong and what to do.
    pub text: String,
    /// Where the metric is written.
    pub here: Option<Box<Place>>,
    /// Where the other one of this name is written, with which it does not agree.
    pub there: Option<Box<Place>>,
}

/// In what two metrics of one name do not agree.
#[derive(Debug)]
pub(super) struct Difference {
    pub part: Part,
    /// What it is here and what elsewhere.
    pub text: String,
}

/// What to do about two metrics of one name that do not agree.
const REMEDY: &str = "make them agree or choose another name";

/// What to do about a metric that is not what it was before.
const RUNNING_REMEDY: &str =
    "its series go on from reload to reload, so its form stays: restart the agent, or choose another name";

impl SpecError {
    pub(super) fn new(metric: &str, part: Part, text: impl Into<String>) -> Self {
        SpecError {
            metric: metric.to_owned(),
            part,
            text: text.into(),
            here: None,
            there: None,
        }
    }

    /// The other metric is one of the same configuration.
    pub(super) fn differs(metric: &str, Difference { part, text }: Difference) -> Self {
        SpecError::new(metric, part, format!("{text}; {REMEDY}"))
    }

    /// The other metric is that of the running agent, which may be written at the same place as this one, and may not be
    /// written anywhere any more.
    pub(super) fn differs_from_running(metric: &str, Difference { part, text }: Difference) -> Self {
        let text = format!("{text}, which is the running agent; {RUNNING_REMEDY}");
        SpecError::new(metric, part, text)
    }

    /// The metric is written `here`, and the one that it does not agree with `there`.
    pub(super) fn at(mut self, here: Option<&Spanned<String>>, there: Option<&Spanned<String>>) -> Self {
        let place = |name: &Spanned<String>| Box::new(name.place("this metric"));
        self.here = here.map(place);
        self.there = there.map(place);
        self
    }
}
