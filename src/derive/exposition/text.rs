//! The two formats that people can read: Prometheus text 0.0.4
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>) and OpenMetrics 1.0
//! (<https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md>).

use super::{Histogram, MetricHead, MetricKind, Number};
use crate::derive::exemplar::Exemplar;

/// The units of OpenMetrics that names may end in: base units.
const UNITS: [&str; 3] = ["seconds", "bytes", "ratio"];

/// Appends the lines above a metric's samples.
pub(super) fn write_head(head: MetricHead<'_>, open: bool, out: &mut Vec<u8>) {
    // In OpenMetrics `_total` belongs to the sample and not to the metric, and there is no counter without it.
    let (name, kind) = match (open, head.kind, head.name.strip_suffix("_total")) {
        (true, MetricKind::Counter, Some(name)) => (name, head.kind.name()),
        (true, MetricKind::Counter, None) => (head.name, "unknown"),
        _ => (head.name, head.kind.name()),
    };
    if !head.help.is_empty() {
        push(out, &["# HELP ", name, " "]);
        for c in head.help.chars() {
            match c {
                '\\' => out.extend_from_slice(b"\\\\"),
                '\n' => out.extend_from_slice(b"\\n"),
                '"' if open => out.extend_from_slice(b"\\\""),
                c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        out.push(b'\n');
    }
    push(out, &["# TYPE ", name, " ", kind, "\n"]);
    let unit = name.rsplit_once('_').map(|(_, unit)| unit);
    if let Some(unit) = unit.filter(|unit| open && UNITS.contains(unit)) {
        push(out, &["# UNIT ", name, " ", unit, "\n"]);
    }
}

/// `name{labels} number`
pub(super) fn write_sample(name: &str, suffix: &str, labels: &[u8], number: Number<'_>, out: &mut Vec<u8>) {
    push(out, &[name, suffix]);
    if !labels.is_empty() {
        out.push(b'{');
        out.extend_from_slice(labels);
        out.push(b'}');
    }
    out.push(b' ');
    number.write(out);
    out.push(b'\n');
}

/// The parts of a histogram's lines that all its series share.
pub(super) struct HistogramLines {
    bucket_head: String,
    /// `le="0.1"} ` for each bucket, the unbounded one last.
    bucket_tails: Vec<String>,
    /// For OpenMetrics, which has exemplars.
    open: bool,
}

impl HistogramLines {
    pub fn new(name: &str, bounds: &[f64], open: bool) -> Self {
        let bounds = bounds.iter().map(|&bound| bound_text(bound, open));
        HistogramLines {
            bucket_head: format!("{name}_bucket{{"),
            bucket_tails: bounds
                .chain(["+Inf".to_owned()])
                .map(|bound| format!("le=\"{bound}\"}} "))
                .collect(),
            open,
        }
    }

    pub fn write(&self, name: &str, labels: &[u8], histogram: &Histogram<'_>, out: &mut Vec<u8>) {
        let mut digits = itoa::Buffer::new();
        let mut count = 0u64;
        for (at, (tail, events)) in self.bucket_tails.iter().zip(histogram.buckets).enumerate() {
            count += events;
            out.extend_from_slice(self.bucket_head.as_bytes());
            if !labels.is_empty() {
                out.extend_from_slice(labels);
                out.push(b',');
            }
            out.extend_from_slice(tail.as_bytes());
            out.extend_from_slice(digits.format(count).as_bytes());
            if let Some(exemplar) = histogram.exemplar(at).filter(|_| self.open) {
                write_exemplar(exemplar, out);
            }
            out.push(b'\n');
        }
        write_sample(name, "_sum", labels, histogram.sum, out);
        write_sample(name, "_count", labels, Number::Whole(count), out);
    }
}

/// ` # {trace_id="…",span_id="…"} value seconds`
fn write_exemplar(exemplar: &Exemplar, out: &mut Vec<u8>) {
    out.extend_from_slice(b" # {");
    for (at, (name, value)) in exemplar.labels().enumerate() {
        push(out, &[if at > 0 { "," } else { "" }, name, "=\""]);
        out.extend_from_slice(value);
        out.push(b'"');
    }
    out.extend_from_slice(b"} ");
    exemplar.amount.write(out);
    if let Some(millis) = exemplar.happened {
        let (seconds, millis) = (millis.div_euclid(1000), millis.rem_euclid(1000));
        // Three digits with the one before them taken off.
        let millis = itoa::Buffer::new().format(1000 + millis).to_owned();
        push(
            out,
            &[" ", itoa::Buffer::new().format(seconds), ".", &millis[1..]],
        );
    }
}

/// The text of a bucket's bound: OpenMetrics wants `1.0`, the older format is used to `1`.
fn bound_text(bound: f64, open: bool) -> String {
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format(bound);
    match open {
        false => text.strip_suffix(".0").unwrap_or(text).to_owned(),
        true => text.to_owned(),
    }
}

fn push(out: &mut Vec<u8>, parts: &[&str]) {
    parts
        .iter()
        .for_each(|part| out.extend_from_slice(part.as_bytes()));
}
