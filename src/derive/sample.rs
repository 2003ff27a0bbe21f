//! The number that an event gives a metric.

use super::fixed::Fixed;
use super::key;
use super::latest::in_base_unit;
use crate::event::Value;

/// A number that a metric can take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Sample {
    Whole(u64),
    /// Finite; of a gauge any number, otherwise 0 or more.
    Float(f64),
}

/// Why a field gives no sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum NoSample {
    Absent,
    /// No number, or one below 0 that is not for a gauge: a counter that goes down looks like a restart to Prometheus.
    Refused,
}

impl Sample {
    #[inline(never)]
    pub fn of(value: Value<'_>) -> Result<Sample, NoSample> {
        match value {
            Value::Int(n @ 0..) => Ok(Sample::Whole(n as u64)),
            Value::Absent => Err(NoSample::Absent),
            Value::Float(x) => Sample::float(x),
            Value::Text(_) | Value::Json(_) => Sample::parse(value),
            _ => Err(NoSample::Refused),
        }
    }

    /// Of a gauge, which may be below 0.
    #[inline(never)]
    pub fn signed(value: Value<'_>) -> Result<Sample, NoSample> {
        let number = match value {
            Value::Int(n @ ..0) => n as f64,
            Value::Float(x) => x,
            Value::Text(_) | Value::Json(_) => {
                let text = key::text(value).ok_or(NoSample::Refused)?;
                let text = std::str::from_utf8(&text).map_err(|_| NoSample::Refused)?;
                text.parse().map_err(|_| NoSample::Refused)?
            }
            value => return Sample::of(value),
        };
        let usable = number.is_finite();
        usable.then_some(Sample::Float(number)).ok_or(NoSample::Refused)
    }

    fn float(x: f64) -> Result<Sample, NoSample> {
        let usable = x.is_finite() && x >= 0.0;
        usable.then_some(Sample::Float(x)).ok_or(NoSample::Refused)
    }

    /// JSON and logfmt lines have numbers as text.
    fn parse(value: Value<'_>) -> Result<Sample, NoSample> {
        let text = key::text(value).ok_or(NoSample::Refused)?;
        let text = std::str::from_utf8(&text).map_err(|_| NoSample::Refused)?;
        match text.parse::<u64>() {
            Ok(n) => Ok(Sample::Whole(n)),
            Err(_) => Sample::float(text.parse::<f64>().map_err(|_| NoSample::Refused)?),
        }
    }

    /// In the base unit, of which `unit` is so many billionths.
    pub fn in_base_unit(self, unit: u64) -> f64 {
        match self {
            Sample::Whole(n) => in_base_unit(n as f64, unit),
            Sample::Float(x) => in_base_unit(x, unit),
        }
    }

    pub fn amount(self, unit: u64) -> Fixed {
        match self {
            Sample::Whole(n) => Fixed::whole(n, unit),
            Sample::Float(x) => Fixed::float(x, unit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Timestamp;

    #[test]
    fn numbers_are_samples_however_they_are_written() {
        assert_eq!(Sample::of(Value::Int(3)), Ok(Sample::Whole(3)));
        assert_eq!(Sample::of(Value::Float(0.5)), Ok(Sample::Float(0.5)));
        assert_eq!(Sample::of(Value::Text(b"3")), Ok(Sample::Whole(3)));
        assert_eq!(Sample::of(Value::Text(b"0.5")), Ok(Sample::Float(0.5)));
        assert_eq!(Sample::of(Value::Json(b"\"7\"")), Ok(Sample::Whole(7)));
        assert_eq!(Sample::of(Value::Json(b"1e3")), Ok(Sample::Float(1000.0)));
        assert_eq!(Sample::of(Value::Absent), Err(NoSample::Absent));
        for value in [
            Value::Int(-1),
            Value::Float(-0.5),
            Value::Text(b"x"),
            Value::Text(b"\xff"),
            Value::Text(b"NaN"),
            Value::Text(b"inf"),
            Value::Json(b"[1]"),
            Value::Bool(true),
            Value::Time(Timestamp::from_millis(1)),
        ] {
            assert_eq!(Sample::of(value), Err(NoSample::Refused), "{value:?}");
        }
    }
}
