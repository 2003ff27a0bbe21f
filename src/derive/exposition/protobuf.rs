//! Messages `MetricFamily`, each with its length before it
//! (<https://github.com/prometheus/client_model/blob/master/io/prometheus/client/metrics.proto>).

use super::wire::{bytes, delimited, double, message, uint};
use super::{Histogram, MetricHead, Number, labels};

/// Appends one metric; `fill` appends its series.
pub(super) fn write_family(head: MetricHead<'_>, out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    delimited(out, |out| {
        bytes(1, head.name.as_bytes(), out);
        bytes(2, head.help.as_bytes(), out);
        uint(3, kind(head.kind), out);
        fill(out);
    });
}

/// `MetricType`.
fn kind(name: &str) -> u64 {
    match name {
        "counter" => 0,
        "gauge" => 1,
        "histogram" => 4,
        _ => 3,
    }
}

pub(super) fn write_number(kind: &str, text: &[u8], number: Number<'_>, out: &mut Vec<u8>) {
    let field = match kind {
        "gauge" => 2,
        "counter" => 3,
        _ => 5,
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
            for (bound, events) in bounds.zip(histogram.buckets) {
                cumulated += events;
                message(3, out, |out| {
                    uint(1, cumulated, out);
                    double(2, bound, out);
                });
            }
        });
    });
}

fn write_metric(text: &[u8], out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    message(4, out, |out| {
        for (name, value) in labels::pairs(text) {
            message(1, out, |out| write_pair(name, &value, out));
        }
        fill(out);
    });
}

/// `LabelPair`.
fn write_pair(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    bytes(1, name, out);
    bytes(2, value, out);
}
