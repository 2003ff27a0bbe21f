use bumpalo::Bump;

use crate::event::Value;

/// The text of a value, as the log has it: of a whole number its digits, of a JSON string what is between its
/// quotes. `None` for what has none that two logs would write alike (floats, times, booleans).
pub(super) fn text_of<'t>(value: Value<'t>, digits: &'t mut itoa::Buffer) -> Option<&'t [u8]> {
    match value {
        Value::Text(text) | Value::Json([b'"', text @ .., b'"']) => Some(text),
        Value::Json(raw) => Some(raw),
        Value::Int(number) => Some(digits.format(number).as_bytes()),
        Value::Absent | Value::Float(_) | Value::Bool(_) | Value::Time(_) => None,
    }
}

/// Pieces one behind the other, in the arena.
pub(super) fn joined<'a>(pieces: &[&[u8]], arena: &'a Bump) -> &'a [u8] {
    let len = pieces.iter().map(|piece| piece.len()).sum();
    let mut out = bumpalo::collections::Vec::with_capacity_in(len, arena);
    for piece in pieces {
        out.extend_from_slice_copy(piece);
    }
    out.into_bump_slice()
}
