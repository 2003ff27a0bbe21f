//! The value of a gauge: what the newest event said, by the time at which it happened.
//!
//! A line that is read late does not set a gauge back, whichever worker reads it.

use std::fmt::Display;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// What one event said.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Latest {
    /// When it happened, in nanoseconds since the epoch; not after it was read.
    pub at: i64,
    /// When it was read, in nanoseconds since the epoch: of two events of one second that two workers have met, the
    /// one that was read last is the newer one.
    pub read_at: i64,
    /// In the base unit; finite.
    #[serde(serialize_with = "write", deserialize_with = "read")]
    pub value: f64,
}

/// A finite number is equal to itself.
impl Eq for Latest {}

impl Latest {
    /// Takes what `other` says, unless this is newer. Of two of one time, the last one stays.
    pub fn update(&mut self, other: Latest) {
        if (other.at, other.read_at) >= (self.at, self.read_at) {
            *self = other;
        }
    }
}

/// A number of a unit that is so many billionths of the base unit, in the base unit. What is a whole number in both
/// stays exact, up to 2^53.
pub(super) fn in_base_unit(number: f64, unit_billionths: u64) -> f64 {
    const ONE: f64 = 1e9;
    let unit = unit_billionths as f64;
    if unit < ONE {
        number / (ONE / unit)
    } else {
        number * (unit / ONE)
    }
}

/// As text, which every reader of JSON gives back as the same number.
fn write<S: Serializer>(value: impl Display, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&value)
}

fn read<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    let text = String::deserialize(from)?;
    let value = f64::from_str(&text).ok().filter(|value| value.is_finite());
    value.ok_or_else(|| D::Error::custom("the value of a gauge is a finite number"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn latest(at: i64, read_at: i64, value: f64) -> Latest {
        Latest { at, read_at, value }
    }

    #[test]
    fn units_are_exact_where_they_can_be() {
        assert_eq!(in_base_unit(1.0, 1), 1e-9);
        assert_eq!(in_base_unit(269.0, 1_000_000), 0.269);
        assert_eq!(in_base_unit(-3.0, 1_000_000_000), -3.0);
        assert_eq!(in_base_unit(3.0, 1_000_000_000 << 10), 3072.0);
        assert_eq!(
            in_base_unit(9_007_199_254_740_991.0, 1_000_000_000),
            9_007_199_254_740_991.0
        );
    }

    #[test]
    fn of_one_time_the_last_one_stays() {
        let mut value = latest(10, 20, 1.0);
        value.update(latest(10, 20, 2.0));
        assert_eq!(value.value, 2.0);
        value.update(latest(10, 19, 3.0));
        assert_eq!(value.value, 2.0);
        value.update(latest(9, 30, 4.0));
        assert_eq!(value.value, 2.0);
    }

    proptest! {
        #[test]
        fn a_value_is_the_same_after_a_restart(at in any::<i64>(), value in any::<f64>().prop_filter("finite", |x| x.is_finite())) {
            let before = latest(at, at, value);
            let text = serde_json::to_string(&before).unwrap();
            prop_assert_eq!(serde_json::from_str::<Latest>(&text).unwrap(), before);
        }
    }

    #[test]
    fn what_is_no_number_is_no_value() {
        for value in ["NaN", "inf", "", "x"] {
            let text = format!("{{\"at\":1,\"read_at\":1,\"value\":\"{value}\"}}");
            assert!(serde_json::from_str::<Latest>(&text).is_err(), "{value}");
        }
    }
}
