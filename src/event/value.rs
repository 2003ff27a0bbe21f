use super::Timestamp;

/// The value of one field, borrowed from the chunk that it was found in (or from the arena of the parse).
///
/// `Copy` and 24 bytes, so that an event is a row of values and moving one costs nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Value<'a> {
    /// The line does not say.
    #[default]
    Absent,
    /// Bytes as the log has them: perhaps not UTF-8, never escaped.
    Text(&'a [u8]),
    /// A JSON value as the log has it (object, array, string with its quotes and escapes, number): valid
    /// JSON, copied to the document as it is.
    Json(&'a [u8]),
    Int(i64),
    /// Finite: parsers give no field for NaN and infinities, which JSON cannot say.
    Float(f64),
    Bool(bool),
    Time(Timestamp),
}

impl<'a> Value<'a> {
    pub fn is_absent(&self) -> bool {
        matches!(self, Value::Absent)
    }

    /// The bytes of a text; `None` for every other kind.
    pub fn text(&self) -> Option<&'a [u8]> {
        match *self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number that this value holds, for sums and histograms.
    pub fn number(&self) -> Option<f64> {
        match *self {
            Value::Int(n) => Some(n as f64),
            Value::Float(x) => Some(x),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_stays_small() {
        assert_eq!(size_of::<Value<'_>>(), 24);
    }
}
