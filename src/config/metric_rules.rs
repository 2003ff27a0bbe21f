use super::Spanned;

/// `[[counter]]`: takes the events that have every field it names.
#[derive(Clone, Debug, PartialEq)]
pub struct CounterRule {
    /// A Prometheus metric name that ends in `_total`.
    pub name: Spanned<String>,
    pub help: Option<Spanned<String>>,
    /// Label name and the field whose value it takes, in the order of the file.
    pub labels: Vec<(Spanned<String>, Spanned<String>)>,
    /// The field whose number is added; one per event where there is none.
    pub add: Option<Spanned<String>>,
    /// The unit of `add`.
    pub unit: Option<Spanned<FieldUnit>>,
    /// Series of this metric; the default is `limits::SERIES_MAX`.
    pub series_max: Option<Spanned<usize>>,
}

/// `[[histogram]]`: takes the events that have every field it names.
#[derive(Clone, Debug, PartialEq)]
pub struct HistogramRule {
    /// A Prometheus metric name.
    pub name: Spanned<String>,
    pub help: Option<Spanned<String>>,
    /// The field whose number is observed.
    pub field: Spanned<String>,
    /// The unit of `field`; the metric is in seconds or bytes whatever this says.
    pub unit: Option<Spanned<FieldUnit>>,
    /// Upper bounds in the metric's unit (seconds or bytes): finite, ascending, `+Inf` not among them. None: the
    /// default for the unit.
    pub buckets: Option<Spanned<Vec<f64>>>,
    /// Label name and the field whose value it takes, in the order of the file.
    pub labels: Vec<(Spanned<String>, Spanned<String>)>,
    pub series_max: Option<Spanned<usize>>,
}

/// The unit that a field is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldUnit {
    Nanoseconds,
    Milliseconds,
    Seconds,
    Bytes,
}

impl FieldUnit {
    /// What a value is multiplied by to be in Prometheus's base unit (seconds or bytes).
    pub fn to_base(self) -> f64 {
        match self {
            FieldUnit::Nanoseconds => 1e-9,
            FieldUnit::Milliseconds => 1e-3,
            FieldUnit::Seconds | FieldUnit::Bytes => 1.0,
        }
    }
}

/// A set of metrics over ECS fields, written once and used by name.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricSetFile {
    pub name: String,
    pub counters: Vec<CounterRule>,
    pub histograms: Vec<HistogramRule>,
}
