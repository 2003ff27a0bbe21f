//! Messages `MetricFamily`, each with its length before it
//! (<https://github.com/prometheus/client_model/blob/master/io/prometheus/client/metrics.proto>).

use super::wire::{bytes, delimited, double, message, packed_sints, sint, uint};
use super::{Histogram, MetricHead, MetricKind, Number};
use crate::derive::exemplar::Exemplar;
use crate::derive::label_pairs::{pairs, unescaped};
use crate::derive::native::{Native, ZERO_THRESHOLD};

/// Buckets without an event between two others that cost less than a new span.
const GAP_MAX: usize = 2;

/// Appends one metric; `fill` appends its series.
pub(super) fn write_family(head: MetricHead<'_>, out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    delimited(out, |out| {
        bytes(1, head.name.as_bytes(), out);
        bytes(2, head.help.as_bytes(), out);
        uint(3, metric_type(head.kind), out);
        fill(out);
    });
}

/// `MetricType`.
fn metric_type(kind: MetricKind) -> u64 {
    match kind {
        MetricKind::Counter => 0,
        MetricKind::Gauge => 1,
        MetricKind::Untyped => 3,
        MetricKind::Histogram => 4,
    }
}

pub(super) fn write_number(kind: MetricKind, text: &[u8], number: Number<'_>, out: &mut Vec<u8>) {
    let field = match kind {
        MetricKind::Gauge => 2,
        MetricKind::Counter => 3,
        MetricKind::Histogram | MetricKind::Untyped => 5,
    };
    write_metric(text, out, |out| {
        message(field, out, |out| double(1, number.to_f64(), out));
    });
}

pub(super) fn write_histogram(text: &[u8], histogram: &Histogram<'_>, out: &mut Vec<u8>) {
    let count: u64 = histogram.buckets.iter().sum();
    write_metric(text, out, |out| {
        message(7, out, |out| {
            uint(1, count, out);
            double(2, histogram.sum.to_f64(), out);
            let mut cumulated = 0;
            let bounds = histogram.bounds.iter().copied().chain([f64::INFINITY]);
            for (at, (bound, events)) in bounds.zip(histogram.buckets).enumerate() {
                cumulated += events;
                message(3, out, |out| {
                    uint(1, cumulated, out);
                    double(2, bound, out);
                    if let Some(exemplar) = histogram.exemplar(at) {
                        message(3, out, |out| write_exemplar(exemplar, out));
                    }
                });
            }
            if let Some(native) = histogram.details.and_then(|details| details.native.as_ref()) {
                write_native(native, out);
            }
        });
    });
}

fn write_metric(text: &[u8], out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    message(4, out, |out| {
        for (name, value) in pairs(text) {
            message(1, out, |out| write_pair(name, &unescaped(value), out));
        }
        fill(out);
    });
}

/// `LabelPair`.
fn write_pair(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    bytes(1, name, out);
    bytes(2, value, out);
}

fn write_exemplar(exemplar: &Exemplar, out: &mut Vec<u8>) {
    for (name, value) in exemplar.labels() {
        message(1, out, |out| write_pair(name.as_bytes(), value, out));
    }
    double(2, exemplar.amount.to_f64(), out);
    if let Some(millis) = exemplar.happened {
        // `google.protobuf.Timestamp`; nothing that happened before 1970 has an exemplar.
        message(3, out, |out| {
            uint(1, millis.div_euclid(1000) as u64, out);
            uint(2, millis.rem_euclid(1000) as u64 * 1_000_000, out);
        });
    }
}

fn write_native(native: &Native, out: &mut Vec<u8>) {
    sint(5, i64::from(native.schema()), out);
    double(6, ZERO_THRESHOLD, out);
    uint(7, native.zeros(), out);
    let spans = spans(native.counts());
    let mut end = 0;
    for span in &spans {
        let start = i64::from(native.first()) + span.start as i64;
        message(12, out, |out| {
            sint(1, start - end, out);
            uint(2, span.len() as u64, out);
        });
        end = start + span.len() as i64;
    }
    let mut before = 0;
    let deltas = spans
        .into_iter()
        .flat_map(|span| &native.counts()[span])
        .map(|&count| {
            let delta = count.wrapping_sub(before) as i64;
            before = count;
            delta
        });
    packed_sints(13, deltas, out);
}

/// The ranges of buckets that have events, with short gaps in them.
fn spans(counts: &[u64]) -> Vec<std::ops::Range<usize>> {
    let mut spans: Vec<std::ops::Range<usize>> = Vec::new();
    for at in (0..counts.len()).filter(|&at| counts[at] > 0) {
        match spans.last_mut() {
            Some(span) if at - span.end <= GAP_MAX => span.end = at + 1,
            _ => spans.push(at..at + 1),
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_gaps_are_within_a_span() {
        assert!(spans(&[]).is_empty());
        assert!(spans(&[0, 0]).is_empty());
        assert_eq!(spans(&[1, 0, 0, 1, 0, 0, 0, 2, 1, 0]), [0..4, 7..9]);
    }
}
