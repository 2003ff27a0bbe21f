/// The unit of a field's numbers. Metrics are in the base unit: seconds, bytes, or one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    #[default]
    One,
    Nanoseconds,
    Microseconds,
    Milliseconds,
    Seconds,
    Bytes,
    Kibibytes,
    Mebibytes,
}

impl Unit {
    /// The names that [`Unit::parse`] knows, for "did you mean".
    pub const NAMES: [&str; 7] = ["ns", "us", "ms", "s", "bytes", "KiB", "MiB"];

    pub fn parse(name: &str) -> Option<Unit> {
        Some(match name {
            "ns" => Unit::Nanoseconds,
            "us" => Unit::Microseconds,
            "ms" => Unit::Milliseconds,
            "s" => Unit::Seconds,
            "bytes" => Unit::Bytes,
            "KiB" => Unit::Kibibytes,
            "MiB" => Unit::Mebibytes,
            _ => return None,
        })
    }

    /// The unit of metrics of such numbers: one, seconds or bytes.
    pub(super) fn base(self) -> Unit {
        match self {
            Unit::One => Unit::One,
            Unit::Nanoseconds | Unit::Microseconds | Unit::Milliseconds | Unit::Seconds => Unit::Seconds,
            Unit::Bytes | Unit::Kibibytes | Unit::Mebibytes => Unit::Bytes,
        }
    }

    /// How many billionths of the base unit one of this unit is.
    pub(super) fn billionths(self) -> u64 {
        const ONE: u64 = 1_000_000_000;
        match self {
            Unit::Nanoseconds => 1,
            Unit::Microseconds => 1_000,
            Unit::Milliseconds => 1_000_000,
            Unit::One | Unit::Seconds | Unit::Bytes => ONE,
            Unit::Kibibytes => ONE << 10,
            Unit::Mebibytes => ONE << 20,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_has_its_name() {
        for name in Unit::NAMES {
            assert!(Unit::parse(name).is_some(), "{name}");
        }
        assert_eq!(Unit::parse("minutes"), None);
    }
}
