use std::ops::AddAssign;

/// A sum of amounts that are never negative, exact to a billionth of the base unit.
///
/// Nanoseconds add up to seconds without rounding, and the order of the additions does not matter: the same
/// events give the same text however many workers counted them. It holds 3e29 base units and stops there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fixed {
    billionths: u128,
}

const ONE: u64 = 1_000_000_000;

impl Fixed {
    pub const ZERO: Fixed = Fixed { billionths: 0 };
    /// One event.
    pub const ONE: Fixed = Fixed {
        billionths: ONE as u128,
    };

    /// So many billionths of the base unit.
    pub fn billionths(billionths: u128) -> Self {
        Fixed { billionths }
    }

    /// So many of the base unit.
    pub fn count(count: u64) -> Self {
        Fixed::whole(count, ONE)
    }

    /// `count` times a unit that is so many billionths of the base unit.
    pub fn whole(count: u64, unit_billionths: u64) -> Self {
        Fixed {
            billionths: u128::from(count) * u128::from(unit_billionths),
        }
    }

    /// `amount`, which is 0 or more, rounded to the nearest billionth.
    pub fn float(amount: f64, unit_billionths: u64) -> Self {
        Fixed {
            billionths: (amount * unit_billionths as f64).round() as u128,
        }
    }

    /// So many of it.
    pub fn times(self, count: u64) -> Self {
        Fixed {
            billionths: self.billionths.saturating_mul(u128::from(count)),
        }
    }

    /// How many times the unit fits in; `u64::MAX` where it fits in more often than that.
    pub fn div_floor(self, unit_billionths: u64) -> u64 {
        u64::try_from(self.billionths / u128::from(unit_billionths.max(1))).unwrap_or(u64::MAX)
    }

    /// The nearest float, in the base unit.
    pub fn to_f64(self) -> f64 {
        self.billionths as f64 / ONE as f64
    }

    pub fn in_billionths(self) -> u128 {
        self.billionths
    }

    /// Appends the decimal number, with as many digits as it needs.
    pub fn write(self, out: &mut Vec<u8>) {
        let mut digits = itoa::Buffer::new();
        // Divisions of 64 bits where they do: nearly always.
        let rest = match u64::try_from(self.billionths) {
            Ok(small) => {
                out.extend_from_slice(digits.format(small / ONE).as_bytes());
                small % ONE
            }
            Err(_) => {
                let one = u128::from(ONE);
                out.extend_from_slice(digits.format(self.billionths / one).as_bytes());
                (self.billionths % one) as u64
            }
        };
        if rest > 0 {
            out.push(b'.');
            // The leading one keeps the zeros after the point.
            let fraction = digits.format(ONE + rest).as_bytes();
            let end = fraction.iter().rposition(|&b| b != b'0').map_or(0, |at| at + 1);
            out.extend_from_slice(&fraction[1..end]);
        }
    }
}

impl AddAssign for Fixed {
    fn add_assign(&mut self, other: Fixed) {
        self.billionths = self.billionths.saturating_add(other.billionths);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(fixed: Fixed) -> String {
        let mut out = Vec::new();
        fixed.write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_text_has_the_digits_that_it_needs() {
        assert_eq!(text(Fixed::ZERO), "0");
        assert_eq!(text(Fixed::ONE), "1");
        assert_eq!(text(Fixed::whole(250, 1_000_000)), "0.25");
        assert_eq!(text(Fixed::whole(1, 1)), "0.000000001");
        assert_eq!(text(Fixed::whole(12_000_000_034, 1)), "12.000000034");
        assert_eq!(text(Fixed::float(0.345, ONE)), "0.345");
        assert_eq!(text(Fixed::whole(u64::MAX, ONE)), "18446744073709551615");
        assert_eq!(text(Fixed::whole(3, ONE << 10)), "3072");
    }

    #[test]
    fn it_stops_at_its_end() {
        let mut sum = Fixed::float(f64::MAX, ONE);
        assert_eq!(sum.billionths, u128::MAX);
        sum += Fixed::ONE;
        assert_eq!(sum.billionths, u128::MAX);
        assert_eq!(sum.div_floor(1), u64::MAX);
    }

    proptest! {
        #[test]
        fn the_text_is_the_number(billionths in any::<u128>()) {
            let text = text(Fixed { billionths });
            let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
            prop_assert!(!fraction.ends_with('0'));
            let digits = format!("{whole}{fraction:0<9}");
            prop_assert_eq!(digits.parse::<u128>().unwrap(), billionths);
        }
    }
}
