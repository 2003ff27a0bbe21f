use serde_json::Value;

use super::{HashRule, SERIES, read_const_labels, read_labels, read_values, take_hash};
use crate::config::document::Table;
use crate::config::{Diagnostics, Spanned};

/// What tells the series of a metric apart, and how many there may be.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesRule {
    /// Label name and the field whose value it takes, in the order of the file.
    pub labels: Vec<(Spanned<String>, Spanned<String>)>,
    /// Labels that are the same for all events, and their values.
    pub const_labels: Vec<(Spanned<String>, Spanned<String>)>,
    /// Labels, and the only values that they have; others become `other`, and of a gauge they are not shown.
    pub allow: Vec<(Spanned<String>, Vec<Value>)>,
    /// Labels that show hashes of their values.
    pub hash: Option<HashRule>,
    /// Series of this metric; the default is `limits::SERIES_MAX`.
    pub series_max: Option<Spanned<usize>>,
}

impl SeriesRule {
    /// Takes its keys from the table of a metric; `reserved` are the names that labels of its kind may not have.
    pub(super) fn read(table: &mut Table, reserved: &[&str], d: &mut Diagnostics) -> SeriesRule {
        SeriesRule {
            labels: read_labels(table, reserved, d),
            const_labels: read_const_labels(table, reserved, d),
            allow: read_values("allow", table, d),
            hash: take_hash(table, d),
            series_max: table.take_integer("series_max", SERIES, d),
        }
    }
}
