//! What Prometheus reads: one page of metrics in one of three formats.
//!
//! ```text
//! Format::metric(name, kind, help) ──▶ Metric::number(labels, …)      text.rs      text 0.0.4, OpenMetrics
//!                                      Metric::histogram(labels, …)   protobuf.rs  messages, each with its length
//! ```
//!
//! Whoever has figures says them once; which format they are written in is decided here. Labels come as the text
//! that stands between braces, escaped, which is how series keep them.

mod protobuf;
mod text;
mod wire;

use std::sync::Arc;

use self::text::HistogramLines;
use super::cells::{Details, Sums};
use super::exemplar::Exemplar;
use super::family::{Family, Shape};
use super::fixed::Fixed;
use super::reading::{Figure, Reading};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus text 0.0.4.
    Text,
    OpenMetrics,
    /// Messages `io.prometheus.client.MetricFamily`, each with its length before it.
    Protobuf,
}

impl Format {
    pub fn content_type(self) -> &'static str {
        match self {
            Format::Text => "text/plain; version=0.0.4; charset=utf-8",
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Format::Protobuf => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
            }
        }
    }

    /// Appends one metric with the series that `fill` says.
    pub fn metric(
        self,
        name: &str,
        kind: MetricKind,
        help: &str,
        out: &mut Vec<u8>,
        fill: impl FnOnce(&mut Metric<'_>),
    ) {
        let head = MetricHead { name, kind, help };
        let fill = |out: &mut Vec<u8>| {
            fill(&mut Metric {
                format: self,
                head,
                out,
                lines: None,
            });
        };
        match self {
            Format::Text | Format::OpenMetrics => {
                text::write_head(head, self == Format::OpenMetrics, out);
                fill(out);
            }
            Format::Protobuf => protobuf::write_family(head, out, fill),
        }
    }

    /// Appends what must stand at the very end of a page.
    pub fn finish(self, out: &mut Vec<u8>) {
        if self == Format::OpenMetrics {
            out.extend_from_slice(b"# EOF\n");
        }
    }
}

/// What Prometheus is told of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    Counter,
    Gauge,
    Histogram,
    Untyped,
}

impl MetricKind {
    /// As it stands in the text format.
    pub fn name(self) -> &'static str {
        match self {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
            MetricKind::Untyped => "untyped",
        }
    }
}

#[derive(Clone, Copy)]
struct MetricHead<'a> {
    name: &'a str,
    kind: MetricKind,
    help: &'a str,
}

/// One metric of a page in the making.
pub struct Metric<'a> {
    format: Format,
    head: MetricHead<'a>,
    out: &'a mut Vec<u8>,
    /// Of the bounds that the last histogram had, which those of one metric share.
    lines: Option<(Vec<f64>, HistogramLines)>,
}

impl Metric<'_> {
    /// Appends one series.
    pub fn number(&mut self, labels: &[u8], number: Number<'_>) {
        match self.format {
            Format::Text | Format::OpenMetrics => {
                text::write_sample(self.head.name, "", labels, number, self.out);
            }
            Format::Protobuf => protobuf::write_number(self.head.kind, labels, number, self.out),
        }
    }

    /// Appends one series of a histogram.
    pub fn histogram(&mut self, labels: &[u8], histogram: &Histogram<'_>) {
        if self.format == Format::Protobuf {
            return protobuf::write_histogram(labels, histogram, self.out);
        }
        let open = self.format == Format::OpenMetrics;
        if self
            .lines
            .as_ref()
            .is_none_or(|(bounds, _)| bounds != histogram.bounds)
        {
            let lines = HistogramLines::new(self.head.name, histogram.bounds, open);
            self.lines = Some((histogram.bounds.to_vec(), lines));
        }
        if let Some((_, lines)) = &self.lines {
            lines.write(self.head.name, labels, histogram, self.out);
        }
    }
}

/// The value of a series.
#[derive(Clone, Copy, Debug)]
pub enum Number<'a> {
    Whole(u64),
    Fixed(Fixed),
    Float(f64),
    /// A number that was written as text already.
    Written(&'a str),
}

impl Number<'_> {
    fn write(self, out: &mut Vec<u8>) {
        match self {
            Number::Whole(n) => out.extend_from_slice(itoa::Buffer::new().format(n).as_bytes()),
            Number::Fixed(amount) => amount.write(out),
            Number::Float(x) => {
                let mut digits = zmij::Buffer::new();
                let text = digits.format(x);
                out.extend_from_slice(text.strip_suffix(".0").unwrap_or(text).as_bytes());
            }
            Number::Written(text) => out.extend_from_slice(text.as_bytes()),
        }
    }

    fn to_f64(self) -> f64 {
        match self {
            Number::Whole(n) => n as f64,
            Number::Fixed(amount) => amount.to_f64(),
            Number::Float(x) => x,
            Number::Written(text) => text.parse().unwrap_or(f64::NAN),
        }
    }
}

/// The figures of one series of a histogram.
#[derive(Clone, Copy, Debug)]
pub struct Histogram<'a> {
    /// Upper bounds, ascending, without infinity.
    pub bounds: &'a [f64],
    /// The events in each bucket alone, not cumulated; one more than there are bounds.
    pub buckets: &'a [u64],
    pub sum: Number<'a>,
    pub(in crate::derive) details: Option<&'a Details>,
}

impl<'a> Histogram<'a> {
    /// One that has its buckets only.
    pub fn new(bounds: &'a [f64], buckets: &'a [u64], sum: Number<'a>) -> Self {
        Histogram {
            bounds,
            buckets,
            sum,
            details: None,
        }
    }

    /// An event that stands for a bucket.
    fn exemplar(&self, bucket: usize) -> Option<&'a Exemplar> {
        self.details?.exemplars.get(bucket)
    }
}

/// Appends one metric; nothing while it has no series.
pub(super) fn write_family(family: &Family, sums: &Sums, format: Format, out: &mut Vec<u8>) {
    let series = family.read();
    let taken = || {
        series
            .sorted()
            .filter_map(|(number, labels)| Some((number, labels, sums.figure(family, number)?)))
    };
    if taken().next().is_none() {
        return;
    }
    let kind = match &family.shape {
        Shape::Counter => MetricKind::Counter,
        Shape::Gauge => MetricKind::Gauge,
        Shape::Histogram(_) => MetricKind::Histogram,
    };
    format.metric(&family.name, kind, &family.help, out, |metric| {
        for (number, labels, figure) in taken() {
            match &family.shape {
                Shape::Counter | Shape::Gauge => metric.number(labels, figure),
                Shape::Histogram(bounds) => metric.histogram(
                    labels,
                    &Histogram {
                        bounds: &bounds.floats,
                        buckets: sums.buckets(number, bounds.bucket_count()),
                        sum: figure,
                        details: sums.details(number),
                    },
                ),
            }
        }
    });
}

impl Sums {
    /// What a series shows: a counter's total, a gauge's value, a histogram's sum. `None` for one that came after these
    /// sums were taken, and for a gauge of which nothing was said.
    fn figure(&self, family: &Family, number: usize) -> Option<Number<'static>> {
        match family.shape {
            Shape::Gauge => self.latest(number).map(|latest| Number::Float(latest.value)),
            Shape::Counter | Shape::Histogram(_) => self.amount(number).map(Number::Fixed),
        }
    }
}

/// Appends one metric; nothing while it has no rows.
pub(super) fn write_reading(reading: &Reading, format: Format, out: &mut Vec<u8>) {
    if reading.rows.is_empty() {
        return;
    }
    format.metric(&reading.name, reading.kind, &reading.help, out, |metric| {
        for (labels, figure) in &reading.rows {
            match figure {
                Figure::Number(amount) => metric.number(labels, Number::Fixed(*amount)),
                Figure::Float(number) => metric.number(labels, Number::Float(*number)),
                Figure::Histogram(tally) => metric.histogram(
                    labels,
                    &Histogram::new(
                        &tally.bounds().floats,
                        tally.buckets(),
                        Number::Fixed(tally.sum()),
                    ),
                ),
            }
        }
    });
}

/// Appends what the budgets say about each metric.
pub(super) fn write_budgets(families: &[&(Arc<Family>, Sums)], format: Format, out: &mut Vec<u8>) {
    type Reading = fn(&Family, &Sums) -> u64;
    let readings: [(&str, MetricKind, &str, Reading); 4] = [
        (
            "logmill_metric_series",
            MetricKind::Gauge,
            "Series that a metric has, by metric",
            |family, _| family.read().len() as u64,
        ),
        (
            "logmill_metric_series_max",
            MetricKind::Gauge,
            "Series that a metric may have (series_max), by metric",
            |family, _| family.series_max() as u64,
        ),
        (
            "logmill_metric_values_refused_total",
            MetricKind::Counter,
            "Events not counted because a value was no number, or below 0 where none can be, by metric",
            |_, sums| sums.refused,
        ),
        (
            "logmill_series_folded_total",
            MetricKind::Counter,
            "Events counted in the series `other` because the metric has series_max series, by metric",
            |_, sums| sums.folded,
        ),
    ];
    if families.is_empty() {
        return;
    }
    for (name, kind, help, reading) in readings {
        format.metric(name, kind, help, out, |metric| {
            for (family, sums) in families {
                // A metric's name needs no escapes.
                let labels = format!("metric=\"{}\"", family.name);
                metric.number(labels.as_bytes(), Number::Whole(reading(family, sums)));
            }
        });
    }
}

#[cfg(test)]
mod tests;
