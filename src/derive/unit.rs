/// The unit of a field's numbers. Metrics are in the base unit: seconds, bytes, or one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    #[default]
    One,
    Nanoseconds,
    Milliseconds,
    Seconds,
    Bytes,
}

impl Unit {
    /// The unit of metrics of such numbers: one, seconds or bytes.
    pub(super) fn base(self) -> Unit {
        match self {
            Unit::One => Unit::One,
            Unit::Nanoseconds | Unit::Milliseconds | Unit::Seconds => Unit::Seconds,
            Unit::Bytes => Unit::Bytes,
        }
    }

    /// How many billionths of the base unit one of this unit is.
    pub(super) fn billionths(self) -> u64 {
        const ONE: u64 = 1_000_000_000;
        match self {
            Unit::Nanoseconds => 1,
            Unit::Milliseconds => 1_000_000,
            Unit::One | Unit::Seconds | Unit::Bytes => ONE,
        }
    }
}
