//! What the tests of all formats share: a stage for one event, and its fields as JSON.

use bumpalo::Bump;
use serde_json::{Map, Value as Json};

use super::Mismatch;
use crate::event::{Fields, Schema, Timestamp, Value};
use crate::pattern::{Clock, Scene};

/// "Now" for times without a date: 2026-11-22T17:28:30Z.
const NOW_MS: i64 = 1_795_368_510_000;

/// Parses one event and returns all that was set, by name. Fails the test where a name is there twice.
pub fn parsed<'p>(
    schema: &Schema,
    parse: impl for<'a> FnOnce(&'a [u8], &mut Scene<'a, '_>) -> Result<(), Mismatch> + 'p,
    text: &[u8],
) -> Option<Json> {
    let arena = Bump::new();
    // Times are shown in UTC, and zone-less ones are.
    let mut clock = Clock::new(jiff::tz::TimeZone::UTC, Timestamp::from_millis(NOW_MS));
    let mut fields = Fields::new(schema.len());
    let result = parse(
        text,
        &mut Scene {
            fields: &mut fields,
            clock: &mut clock,
            arena: &arena,
        },
    );
    let shown = show(schema, &fields);
    if let Err(Mismatch { at, .. }) = result {
        assert!(at <= text.len(), "a mismatch at {at} of {}", text.len());
        assert!(shown.is_empty(), "a mismatch has set {shown:?}");
        return None;
    }
    Some(Json::Object(shown))
}

fn show(schema: &Schema, fields: &Fields<'_>) -> Map<String, Json> {
    let mut shown = Map::new();
    let slots = schema.iter().map(|(id, name)| (name.to_owned(), fields.get(id)));
    let extras = fields
        .extra()
        .iter()
        .map(|extra| (lossy(extra.name), extra.value));
    for (name, value) in slots.chain(extras) {
        let value = match value {
            Value::Absent => continue,
            Value::Text(text) => lossy(text).into(),
            Value::Json(raw) => serde_json::from_slice(raw).unwrap_or_else(|error| panic!("{name}: {error}")),
            Value::Int(number) => number.into(),
            Value::Float(number) => number.into(),
            Value::Bool(truth) => truth.into(),
            Value::Time(at) => {
                let mut text = Vec::new();
                at.write_rfc3339(&mut text);
                lossy(&text).into()
            }
        };
        assert!(!shown.contains_key(&name), "{name} is there twice");
        shown.insert(name, value);
    }
    shown
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}
