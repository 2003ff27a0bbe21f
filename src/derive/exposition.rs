//! The text that Prometheus reads.
//!
//! Formats: text 0.0.4 (<https://prometheus.io/docs/instrumenting/exposition_formats/>) and OpenMetrics 1.0
//! (<https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md>).

use std::sync::Arc;

use super::cells::Sums;
use super::family::{Bounds, Family, Shape};
use super::fixed::Fixed;
use super::reading::{Figure, Reading};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus text 0.0.4.
    Text,
    OpenMetrics,
}

impl Format {
    pub fn content_type(self) -> &'static str {
        match self {
            Format::Text => "text/plain; version=0.0.4; charset=utf-8",
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// Appends what must stand at the very end of a page.
    pub fn finish(self, out: &mut Vec<u8>) {
        if self == Format::OpenMetrics {
            out.extend_from_slice(b"# EOF\n");
        }
    }

    /// Appends the two lines above a metric's samples. `kind` is `counter`, `gauge` or `histogram`.
    pub fn write_head(self, name: &str, kind: &str, help: &str, out: &mut Vec<u8>) {
        // In OpenMetrics `_total` belongs to the sample, not to the metric.
        let name = match self {
            Format::OpenMetrics if kind == "counter" => name.strip_suffix("_total").unwrap_or(name),
            _ => name,
        };
        if !help.is_empty() {
            push(out, &["# HELP ", name, " "]);
            for c in help.chars() {
                match c {
                    '\\' => out.extend_from_slice(b"\\\\"),
                    '\n' => out.extend_from_slice(b"\\n"),
                    '"' if self == Format::OpenMetrics => out.extend_from_slice(b"\\\""),
                    c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                }
            }
            out.push(b'\n');
        }
        push(out, &["# TYPE ", name, " ", kind, "\n"]);
    }

    /// The text of a bucket's bound: OpenMetrics wants `1.0`, the older format is used to `1`.
    fn bound(self, bound: f64) -> String {
        let mut buffer = zmij::Buffer::new();
        let text = buffer.format(bound);
        match self {
            Format::Text => text.strip_suffix(".0").unwrap_or(text).to_owned(),
            Format::OpenMetrics => text.to_owned(),
        }
    }
}

fn push(out: &mut Vec<u8>, parts: &[&str]) {
    parts
        .iter()
        .for_each(|part| out.extend_from_slice(part.as_bytes()));
}

/// Appends one metric; nothing while it has no series.
pub(super) fn write_family(family: &Family, sums: &Sums, format: Format, out: &mut Vec<u8>) {
    let series = family.read();
    let taken = |number: usize| sums.amount(number);
    if !series.sorted().any(|(number, _)| taken(number).is_some()) {
        return;
    }
    let name = family.name.as_str();
    match &family.shape {
        Shape::Counter => {
            format.write_head(name, "counter", &family.help, out);
            for (number, labels) in series.sorted() {
                if let Some(amount) = taken(number) {
                    write_sample(name, labels, amount, out);
                }
            }
        }
        Shape::Histogram(bounds) => {
            format.write_head(name, "histogram", &family.help, out);
            let lines = HistogramLines::new(name, bounds, format);
            for (number, labels) in series.sorted() {
                if let Some(sum) = taken(number) {
                    lines.write(labels, sums.buckets(number, bounds.bucket_count()), sum, out);
                }
            }
        }
    }
}

/// Appends one metric; nothing while it has no rows.
pub(super) fn write_reading(reading: &Reading, format: Format, out: &mut Vec<u8>) {
    if reading.rows.is_empty() {
        return;
    }
    let name = reading.name.as_str();
    format.write_head(name, reading.kind, &reading.help, out);
    for (labels, figure) in &reading.rows {
        match figure {
            Figure::Number(amount) => write_sample(name, labels, *amount, out),
            Figure::Float(number) => {
                push(out, &[name, "{"]);
                out.extend_from_slice(labels);
                push(out, &["} ", zmij::Buffer::new().format(*number), "\n"]);
            }
            Figure::Histogram(tally) => {
                let lines = HistogramLines::new(name, tally.bounds(), format);
                lines.write(labels, tally.buckets(), tally.sum(), out);
            }
        }
    }
}

/// `name{labels} amount`
fn write_sample(name: &str, labels: &[u8], amount: Fixed, out: &mut Vec<u8>) {
    push(out, &[name, "{"]);
    out.extend_from_slice(labels);
    out.extend_from_slice(b"} ");
    amount.write(out);
    out.push(b'\n');
}

/// The parts of a histogram's lines that all its series share.
struct HistogramLines {
    bucket_head: String,
    /// `le="0.1"} ` for each bucket, the unbounded one last.
    bucket_tails: Vec<String>,
    sum_name: String,
    count_name: String,
}

impl HistogramLines {
    fn new(name: &str, bounds: &Bounds, format: Format) -> Self {
        let bounds = bounds.floats.iter().map(|&bound| format.bound(bound));
        HistogramLines {
            bucket_head: format!("{name}_bucket{{"),
            bucket_tails: bounds
                .chain(["+Inf".to_owned()])
                .map(|bound| format!(",le=\"{bound}\"}} "))
                .collect(),
            sum_name: format!("{name}_sum"),
            count_name: format!("{name}_count"),
        }
    }

    fn write(&self, labels: &[u8], buckets: &[u64], sum: Fixed, out: &mut Vec<u8>) {
        let mut digits = itoa::Buffer::new();
        let mut count = 0u64;
        for (tail, events) in self.bucket_tails.iter().zip(buckets) {
            count += events;
            out.extend_from_slice(self.bucket_head.as_bytes());
            out.extend_from_slice(labels);
            out.extend_from_slice(tail.as_bytes());
            out.extend_from_slice(digits.format(count).as_bytes());
            out.push(b'\n');
        }
        write_sample(&self.sum_name, labels, sum, out);
        push(out, &[&self.count_name, "{"]);
        out.extend_from_slice(labels);
        push(out, &["} ", digits.format(count), "\n"]);
    }
}

/// Appends what the budgets say about each metric.
pub(super) fn write_budgets(families: &[&(Arc<Family>, Sums)], format: Format, out: &mut Vec<u8>) {
    type Reading = fn(&Family, &Sums) -> u64;
    let readings: [(&str, &str, &str, Reading); 4] = [
        (
            "logmill_metric_series",
            "gauge",
            "Series that a metric has, by metric",
            |family, _| family.read().len() as u64,
        ),
        (
            "logmill_metric_series_max",
            "gauge",
            "Series that a metric may have (series_max), by metric",
            |family, _| family.series_max() as u64,
        ),
        (
            "logmill_metric_values_refused_total",
            "counter",
            "Events not counted because a value was no number of 0 or more, by metric",
            |_, sums| sums.refused,
        ),
        (
            "logmill_series_folded_total",
            "counter",
            "Events counted in the series `other` because the metric has series_max series, by metric",
            |_, sums| sums.folded,
        ),
    ];
    for (name, kind, help, reading) in readings {
        if families.is_empty() {
            return;
        }
        format.write_head(name, kind, help, out);
        for (family, sums) in families {
            let mut digits = itoa::Buffer::new();
            let value = digits.format(reading(family, sums));
            push(out, &[name, "{metric=\"", &family.name, "\"} ", value, "\n"]);
        }
    }
}
