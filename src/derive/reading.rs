use super::exposition::MetricKind;
use super::fixed::Fixed;
use super::tally::Tally;

/// One metric whose figures were made for a page, and are not sums over the workers.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub name: String,
    pub kind: MetricKind,
    pub help: String,
    /// Text of the labels and what they stand for, in the order of the labels.
    pub rows: Vec<(Vec<u8>, Figure)>,
}

#[derive(Clone, Debug)]
pub(super) enum Figure {
    Number(Fixed),
    /// Finite.
    Float(f64),
    Histogram(Tally),
}

impl Reading {
    pub fn new(name: impl Into<String>, kind: MetricKind, help: impl Into<String>) -> Self {
        Reading {
            name: name.into(),
            kind,
            help: help.into(),
            rows: Vec::new(),
        }
    }

    /// Those of one name become one.
    pub fn merge(mut readings: Vec<Reading>) -> Vec<Reading> {
        readings.sort_by(|a, b| a.name.cmp(&b.name));
        let mut merged: Vec<Reading> = Vec::with_capacity(readings.len());
        for mut reading in readings {
            match merged.last_mut() {
                Some(last) if last.name == reading.name => last.rows.append(&mut reading.rows),
                _ => merged.push(reading),
            }
        }
        merged
    }
}
