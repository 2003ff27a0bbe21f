use serde_json::Value;

use super::{FieldUnit, SeriesRule, Table, UNITS, read_name, read_values};
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
    pub series: SeriesRule,
    /// Fields and the values of which the event must have one, in the order of the file.
    pub values: Vec<(Spanned<String>, Vec<Value>)>,
}

pub(super) fn read_gauge(mut table: Table, d: &mut Diagnostics) -> Option<GaugeRule> {
    table.require("name", "name = \"queue_messages\"");
    table.require("field", "field = \"labels.depth\"");
    let name = read_name(&mut table, d);
    let help = table.take_name("help", d);
    let field = table.take_name("field", d);
    let unit = table.take_choice("unit", &UNITS, d);
    let series = SeriesRule::read(&mut table, &[], d);
    let values = read_values("values", &mut table, d);
    table.finish(d);
    Some(GaugeRule {
        name: name?,
        help,
        field: field?,
        unit,
        series,
        values,
    })
}
