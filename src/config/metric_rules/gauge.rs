use serde_json::Value;

use super::{
    FieldUnit, HashRule, SERIES, Table, UNITS, read_const_labels, read_labels, read_name, read_values,
    take_hash,
};
use crate::config::{Diagnostics, Spanned};

/// `[[gauge]]`: shows a number of the newest event that has every field it names.
#[derive(Clone, Debug, PartialEq)]
pub struct GaugeRule {
    /// A Prometheus metric name.
    pub name: Spanned<String>,
    pub help: Option<Spanned<String>>,
    /// The field whose number is shown.
    pub field: Spanned<String>,
    /// The unit of `field`; the metric is in seconds or bytes whatever this says.
    pub unit: Option<Spanned<FieldUnit>>,
    /// Label name and the field whose value it takes, in the order of the file.
    pub labels: Vec<(Spanned<String>, Spanned<String>)>,
    /// Fields and the values of which the event must have one, in the order of the file.
    pub values: Vec<(Spanned<String>, Vec<Value>)>,
    pub const_labels: Vec<(Spanned<String>, Spanned<String>)>,
    /// Labels, and the only values of which something is shown.
    pub allow: Vec<(Spanned<String>, Vec<Value>)>,
    pub hash: Option<HashRule>,
    pub series_max: Option<Spanned<usize>>,
}

pub(super) fn read_gauge(mut table: Table, d: &mut Diagnostics) -> Option<GaugeRule> {
    table.require("name", "name = \"queue_messages\"", d);
    table.require("field", "field = \"labels.depth\"", d);
    let name = read_name(&mut table, d);
    let help = table.take_name("help", d);
    let field = table.take_name("field", d);
    let unit = table.take_choice("unit", &UNITS, d);
    let labels = read_labels(&mut table, &[], d);
    let const_labels = read_const_labels(&mut table, &[], d);
    let allow = read_values("allow", &mut table, d);
    let hash = take_hash(&mut table, d);
    let values = read_values("values", &mut table, d);
    let series_max = table.take_integer("series_max", SERIES, d);
    table.finish(d);
    Some(GaugeRule {
        name: name?,
        help,
        field: field?,
        unit,
        labels,
        values,
        const_labels,
        allow,
        hash,
        series_max,
    })
}
