//! Whole numbers as decimal digits, eight at a time in one register.

use super::page::Pen;

/// Eight digits hold less than this.
const EIGHT: u64 = 100_000_000;

/// The digits of a number below [`EIGHT`], each in a byte of its own and the first in the lowest, zeros before them.
///
/// The number is halved three times, all parts of one size at once; the factors divide exactly in the ranges that
/// they are used for (Paul Khuong, "How to print integers really fast", 2017).
#[inline(always)]
fn eight(number: u64) -> u64 {
    let fours = (number / 10_000) | ((number % 10_000) << 32);
    let hundreds = ((fours * 10_486) >> 20) & 0x7f_0000_007f;
    let twos = hundreds | ((fours - 100 * hundreds) << 16);
    let tens = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | ((twos - 10 * tens) << 8)
}

/// The digits as text.
const ZEROS: u64 = u64::from_le_bytes(*b"00000000");

/// Appends a whole number.
#[inline(always)]
pub fn write_int(number: i64, pen: &mut Pen<'_>) {
    let magnitude = number.unsigned_abs();
    if number < 0 {
        pen.byte(b'-');
    }
    if magnitude < EIGHT {
        return write_short(magnitude, pen);
    }
    pen.aside(|pen| write_long(magnitude, pen));
}

/// Of nine digits and more.
#[inline(never)]
fn write_long(magnitude: u64, pen: &mut Pen<'_>) {
    let (high, low) = (magnitude / EIGHT, magnitude % EIGHT);
    if high < EIGHT {
        write_short(high, pen);
    } else {
        // At most 1,844.
        write_short(high / EIGHT, pen);
        write_eight(high % EIGHT, pen);
    }
    write_eight(low, pen);
}

/// Without the zeros before it.
#[inline(always)]
fn write_short(number: u64, pen: &mut Pen<'_>) {
    let digits = eight(number);
    // The last digit stays, whatever it is.
    let zeros = (digits | (1 << 63)).trailing_zeros() / 8;
    let text = (digits | ZEROS) >> (8 * zeros);
    pen.block(&text.to_le_bytes(), 8 - zeros as usize);
}

#[inline(always)]
fn write_eight(number: u64, pen: &mut Pen<'_>) {
    pen.block(&(eight(number) | ZEROS).to_le_bytes(), 8);
}

/// Appends the first `digits` (1 to 9) of the nine digits of `nanos`, which is below a billion.
#[inline]
pub fn write_fraction(nanos: u32, digits: u8, pen: &mut Pen<'_>) {
    let (eight, last) = (u64::from(nanos / 10), nanos % 10);
    if digits < 9 {
        pen.block(&(self::eight(eight) | ZEROS).to_le_bytes(), usize::from(digits));
    } else {
        write_eight(eight, pen);
        pen.byte(b'0' + last as u8);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::encode::Page;

    fn text(write: impl Fn(&mut Pen<'_>)) -> String {
        let mut page = Page::default();
        page.write(write);
        String::from_utf8(page.text().to_vec()).unwrap()
    }

    #[test]
    fn numbers_at_the_edges_of_their_lengths() {
        let powers = (0..19).map(|power| 10i64.pow(power));
        for number in powers
            .flat_map(|power| [power - 1, power, power + 1])
            .chain([i64::MAX])
        {
            assert_eq!(text(|pen| write_int(number, pen)), number.to_string());
            assert_eq!(text(|pen| write_int(-number, pen)), (-number).to_string());
        }
        assert_eq!(text(|pen| write_int(i64::MIN, pen)), i64::MIN.to_string());
    }

    #[test]
    fn four_digits_are_halved_exactly() {
        for number in 0..10_000 {
            let word = number * 10_000 + number;
            assert_eq!(text(|pen| write_eight(word, pen)), format!("{word:08}"));
        }
    }

    proptest! {
        #[test]
        fn a_number_is_its_digits(number: i64, bits in 0u32..64) {
            let number = number >> bits;
            prop_assert_eq!(text(|pen| write_int(number, pen)), number.to_string());
        }

        #[test]
        fn a_fraction_is_cut_to_its_digits(nanos in 0u32..1_000_000_000, digits in 1u8..=9) {
            let whole = format!("{nanos:09}");
            prop_assert_eq!(text(|pen| write_fraction(nanos, digits, pen)), &whole[..usize::from(digits)]);
        }
    }
}
