//! Numbers as logs write them: ASCII digits, a point, an exponent. No grouping.

use super::{Read, fail};

/// Powers of ten that fit a `u64`.
pub(super) const POWERS: [u64; 20] = {
    let mut powers = [1; 20];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// Powers of ten that an `f64` holds exactly.
const FLOAT_POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// The largest integer up to which every integer is an `f64`.
const FLOAT_EXACT_MAX: u64 = 1 << 53;

/// The value of a digit.
#[inline]
pub(super) fn digit(byte: u8) -> Option<u32> {
    let value = byte.wrapping_sub(b'0');
    (value <= 9).then_some(u32::from(value))
}

/// How many digits stand at the beginning.
#[inline]
pub(super) fn digits(input: &[u8]) -> usize {
    input.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// The digits at the beginning, up to eight of them, as a number, and how many they are.
///
/// All at once: a branch for each digit would be one that nobody can predict, since numbers are of any length.
#[inline(always)]
fn eight(input: &[u8]) -> (u64, usize) {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let text = match input.first_chunk() {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => few(input),
    };
    let values = text ^ (ONES * u64::from(b'0'));
    // The high bit of each byte that is no digit, and perhaps of some behind the first of them.
    let others = (values.wrapping_add(ONES * (0x80 - 10)) | values) & HIGHS;
    let length = others.trailing_zeros() / 8;
    // Zeros come in before the digits; twice, because a shift by all of the bits is none.
    let values = values << (4 * (8 - length)) << (4 * (8 - length));
    // Pairs of digits, then of pairs, then of fours: the lower byte is the higher digit.
    let pairs = (values.wrapping_mul((10 << 8) | 1) >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul((100 << 16) | 1) >> 16) & 0x0000_ffff_0000_ffff;
    let value = fours.wrapping_mul((10_000 << 32) | 1) >> 32;
    (value, length as usize)
}

/// Less than eight bytes as the lower ones of a number; the others are no digits.
#[cold]
fn few(input: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    for (slot, byte) in bytes.iter_mut().zip(input) {
        *slot = *byte;
    }
    u64::from_le_bytes(bytes)
}

/// A whole number with an optional `-`; one that does not fit 64 bits is none.
#[inline]
pub(super) fn int(input: &[u8]) -> Read<'_, i64> {
    let (negative, body) = sign(input);
    let (value, length) = eight(body);
    match length {
        0 => fail(),
        // There may be more.
        8 => many_int(body, negative),
        _ => Ok((
            &body[length..],
            if negative { -(value as i64) } else { value as i64 },
        )),
    }
}

/// A number of eight digits or more.
#[inline(never)]
fn many_int(body: &[u8], negative: bool) -> Read<'_, i64> {
    let mut value = 0i64;
    let mut length = 0;
    // Eighteen digits fit whatever they are.
    for digit in body.iter().take(18).map_while(|byte| digit(*byte)) {
        value = value * 10 + i64::from(digit);
        length += 1;
    }
    let value = if negative { -value } else { value };
    if length == 18 {
        return long_int(&body[length..], value, negative);
    }
    Ok((&body[length..], value))
}

/// The digits from the nineteenth on; `value` is that of the first eighteen, with its sign.
#[cold]
fn long_int(body: &[u8], mut value: i64, negative: bool) -> Read<'_, i64> {
    let mut length = 0;
    for digit in body.iter().map_while(|byte| digit(*byte)) {
        let digit = if negative {
            -i64::from(digit)
        } else {
            i64::from(digit)
        };
        match value.checked_mul(10).and_then(|tens| tens.checked_add(digit)) {
            Some(next) => value = next,
            None => return fail(),
        }
        length += 1;
    }
    Ok((&body[length..], value))
}

#[inline]
fn sign(input: &[u8]) -> (bool, &[u8]) {
    match input {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, input),
    }
}

/// A number in decimal, exactly: `mantissa` × 10^`exponent`, negated if `negative`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    pub negative: bool,
    pub mantissa: u64,
    pub exponent: i32,
}

impl Decimal {
    /// The number times `unit`, its fraction dropped; `None` where that does not fit.
    pub fn times(self, unit: u64) -> Option<i64> {
        let product = u128::from(self.mantissa) * u128::from(unit);
        let whole = if self.exponent >= 0 {
            let power = 10u128.checked_pow(self.exponent.unsigned_abs())?;
            product.checked_mul(power)?
        } else {
            match 10u128.checked_pow(self.exponent.unsigned_abs()) {
                Some(power) => product / power,
                None => 0,
            }
        };
        self.signed(i64::try_from(whole).ok()?)
    }

    /// The number times 10^`power`, its fraction dropped.
    #[inline]
    pub fn times_power(self, power: u32) -> Option<i64> {
        let shift = i64::from(self.exponent) + i64::from(power);
        match usize::try_from(shift).ok().and_then(|shift| POWERS.get(shift)) {
            Some(factor) => self.signed(i64::try_from(self.mantissa.checked_mul(*factor)?).ok()?),
            None => self.times(*POWERS.get(power as usize)?),
        }
    }

    fn signed(self, whole: i64) -> Option<i64> {
        Some(if self.negative { -whole } else { whole })
    }

    /// The nearest `f64`, where it can be had without long arithmetic: both parts are then exact, and so one
    /// operation on them is rounded once (Clinger's fast path).
    fn float(self) -> Option<f64> {
        if self.mantissa > FLOAT_EXACT_MAX {
            return None;
        }
        let power = *FLOAT_POWERS.get(self.exponent.unsigned_abs() as usize)?;
        let mantissa = self.mantissa as f64;
        let value = if self.exponent < 0 {
            mantissa / power
        } else {
            mantissa * power
        };
        Some(if self.negative { -value } else { value })
    }
}

/// Digits, perhaps a fraction, perhaps an exponent. Digits after the nineteenth significant one are dropped.
#[inline(always)]
pub(super) fn decimal(input: &[u8]) -> Read<'_, Decimal> {
    let (negative, body) = sign(input);
    // `12`, `0.042`: up to seven digits before the point and behind it.
    let (whole, length) = eight(body);
    if (1..8).contains(&length) {
        let rest = &body[length..];
        let (fraction, digits, rest) = match rest {
            [b'.', rest @ ..] => {
                let (fraction, digits) = eight(rest);
                (fraction, digits, &rest[digits..])
            }
            rest => (0, 0, rest),
        };
        if digits < 8
            && !matches!(rest, [b'.' | b'e' | b'E', ..])
            && input[input.len() - rest.len() - 1] != b'.'
        {
            let number = Decimal {
                negative,
                mantissa: whole * POWERS[digits] + fraction,
                exponent: -(digits as i32),
            };
            return Ok((rest, number));
        }
    }
    any_decimal(body, negative)
}

/// Digits one by one: of long numbers, and of those with an exponent.
#[inline(never)]
fn any_decimal(body: &[u8], negative: bool) -> Read<'_, Decimal> {
    let mut number = Decimal {
        negative,
        mantissa: 0,
        exponent: 0,
    };
    let mut at = 0;
    while let Some(digit) = body.get(at).copied().and_then(digit) {
        if !push(&mut number, digit) {
            number.exponent = number.exponent.saturating_add(1);
        }
        at += 1;
    }
    if at == 0 {
        return fail();
    }
    if body.get(at) == Some(&b'.') && body.get(at + 1).is_some_and(u8::is_ascii_digit) {
        at += 1;
        while let Some(digit) = body.get(at).copied().and_then(digit) {
            if push(&mut number, digit) {
                number.exponent -= 1;
            }
            at += 1;
        }
    }
    let rest = &body[at..];
    if let [b'e' | b'E', ..] = rest
        && let Some((exponent, length)) = exponent(&rest[1..])
    {
        number.exponent = number.exponent.saturating_add(exponent);
        return Ok((&rest[1 + length..], number));
    }
    Ok((rest, number))
}

/// Appends a digit to the mantissa, if there is room.
#[inline]
fn push(number: &mut Decimal, digit: u32) -> bool {
    // Nineteen digits fit a u64.
    let room = number.mantissa < POWERS[18];
    if room {
        number.mantissa = number.mantissa * 10 + u64::from(digit);
    }
    room
}

/// The exponent after an `e` and how many bytes it takes; saturates far outside of what any number needs.
fn exponent(input: &[u8]) -> Option<(i32, usize)> {
    let signed = usize::from(matches!(input.first(), Some(b'+' | b'-')));
    let length = digits(&input[signed..]);
    if length == 0 {
        return None;
    }
    let value = input[signed..signed + length].iter().fold(0i32, |value, byte| {
        value.saturating_mul(10).saturating_add(i32::from(byte - b'0'))
    });
    let value = if input[0] == b'-' { -value } else { value };
    Some((value, signed + length))
}

/// A number with a fraction or without, finite.
pub(super) fn float(input: &[u8]) -> Read<'_, f64> {
    let (rest, number) = decimal(input)?;
    if let Some(value) = number.float() {
        return Ok((rest, value));
    }
    let text = &input[..input.len() - rest.len()];
    match std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse::<f64>().ok())
    {
        Some(value) if value.is_finite() => Ok((rest, value)),
        _ => fail(),
    }
}

/// Hexadecimal digits, with or without `0x`, as they are.
pub(super) fn hex(input: &[u8]) -> Read<'_, &[u8]> {
    let prefix = match input {
        [b'0', b'x' | b'X', first, ..] if first.is_ascii_hexdigit() => 2,
        _ => 0,
    };
    let length = input[prefix..]
        .iter()
        .take_while(|byte| byte.is_ascii_hexdigit())
        .count();
    if length == 0 {
        return fail();
    }
    let (text, rest) = input.split_at(prefix + length);
    Ok((rest, text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read<T>(reader: impl Fn(&[u8]) -> Read<'_, T>, text: &str) -> Option<(T, usize)> {
        reader(text.as_bytes())
            .ok()
            .map(|(rest, value)| (value, text.len() - rest.len()))
    }

    #[test]
    fn whole_numbers() {
        for (text, expected) in [
            ("0", Some((0, 1))),
            ("200 ", Some((200, 3))),
            ("-17]", Some((-17, 3))),
            ("007", Some((7, 3))),
            ("12.5", Some((12, 2))),
            ("9223372036854775807", Some((i64::MAX, 19))),
            ("-9223372036854775808", Some((i64::MIN, 20))),
            ("9223372036854775808", None),
            ("-9223372036854775809", None),
            ("99999999999999999999", None),
            ("0000000000000000000000042", Some((42, 25))),
            ("", None),
            ("-", None),
            ("+5", None),
            ("x", None),
        ] {
            assert_eq!(read(int, text), expected, "{text}");
        }
    }

    #[test]
    fn fractions_and_exponents() {
        for (text, expected) in [
            ("0.252", Some((0.252, 5))),
            ("1795368510.123", Some((1_795_368_510.123, 14))),
            ("-1", Some((-1.0, 2))),
            ("5.1e-05", Some((5.1e-5, 7))),
            ("2E3x", Some((2000.0, 3))),
            ("2e", Some((2.0, 1))),
            ("2.", Some((2.0, 1))),
            ("0.1000000000000000055511151231257827", Some((0.1, 36))),
            ("1e400", None),
            ("1e99999999999", None),
            ("0e99999999999", Some((0.0, 13))),
            ("1e-400", Some((0.0, 6))),
            (".5", None),
            ("nan", None),
        ] {
            assert_eq!(read(float, text), expected, "{text}");
        }
    }

    #[test]
    fn hexadecimal_digits() {
        for (text, expected) in [
            ("3e0a62]", Some(("3e0a62", 6))),
            ("0x1F-", Some(("0x1F", 4))),
            ("0x", Some(("0", 1))),
            ("g", None),
            ("", None),
        ] {
            let expected = expected.map(|(text, length)| (text.as_bytes(), length));
            let found = hex(text.as_bytes())
                .ok()
                .map(|(rest, value)| (value, text.len() - rest.len()));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn scaling_is_exact() {
        let scaled = |text: &str, power| {
            decimal(text.as_bytes())
                .ok()
                .and_then(|(_, number)| number.times_power(power))
        };
        assert_eq!(scaled("2.280", 6), Some(2_280_000));
        assert_eq!(scaled("0.0000000019", 9), Some(1));
        assert_eq!(scaled("-0.252", 9), Some(-252_000_000));
        assert_eq!(scaled("5.1e-05", 9), Some(51_000));
        assert_eq!(scaled("9223372036.854775807", 9), Some(i64::MAX));
        assert_eq!(scaled("9223372036.854775808", 9), None);
        assert_eq!(scaled("1e300", 9), None);
        assert_eq!(scaled("1e-300", 9), Some(0));
        assert_eq!(scaled("0.00000000000000000000000001", 9), Some(0));
    }

    proptest! {
        #[test]
        fn many_digits_at_once_are_each_in_turn(
            text in prop::collection::vec(prop_oneof![9 => b'0'..=b'9', 1 => any::<u8>(), 1 => Just(b'.')], 0..24),
        ) {
            let length = text.iter().take(8).take_while(|byte| byte.is_ascii_digit()).count();
            let value = text[..length].iter().fold(0, |value, byte| value * 10 + u64::from(byte - b'0'));
            prop_assert_eq!(eight(&text), (value, length));
            let (negative, body) = sign(&text);
            prop_assert_eq!(decimal(&text), any_decimal(body, negative));
            if let Ok((rest, number)) = int(&text) {
                prop_assert_eq!(many_int(body, negative), Ok((rest, number)));
            }
        }

        #[test]
        fn an_int_comes_back(value: i64) {
            prop_assert_eq!(read(int, &value.to_string()), Some((value, value.to_string().len())));
        }

        #[test]
        fn a_float_is_what_the_standard_library_reads(text in "-?[0-9]{1,25}(\\.[0-9]{1,25})?(e[+-]?[0-9]{1,3})?") {
            let expected = text.parse::<f64>().unwrap();
            let found = read(float, &text);
            if expected.is_finite() {
                prop_assert_eq!(found, Some((expected, text.len())));
            } else {
                prop_assert_eq!(found, None);
            }
        }

        #[test]
        fn seconds_scale_like_integers(whole in 0i64..9_000_000_000, nanos in 0u32..1_000_000_000) {
            let text = format!("{whole}.{nanos:09}");
            let (_, number) = decimal(text.as_bytes()).unwrap();
            prop_assert_eq!(number.times_power(9), Some(whole * 1_000_000_000 + i64::from(nanos)));
            prop_assert_eq!(number.times(1_000_000_000), number.times_power(9));
        }
    }
}
