use crate::pattern::number::digit;

/// The fraction of a second: nanoseconds and the number of digits that were written (0 to 9), and what follows.
/// There is none unless a digit follows one of `marks`; digits after the ninth are dropped.
#[inline]
pub(super) fn fraction<'a>(input: &'a [u8], marks: &[u8]) -> (&'a [u8], (u32, u8)) {
    let [mark, body @ ..] = input else {
        return (input, (0, 0));
    };
    if !marks.contains(mark) {
        return (input, (0, 0));
    }
    let mut nanos = 0;
    let mut at = 0;
    while let Some(digit) = body.get(at).copied().and_then(digit) {
        if at < 9 {
            nanos = nanos * 10 + digit;
        }
        at += 1;
    }
    if at == 0 {
        return (input, (0, 0));
    }
    let digits = at.min(9);
    (&body[at..], (nanos * SCALE[digits], digits as u8))
}

/// What turns a number of n digits behind the point into nanoseconds.
const SCALE: [u32; 10] = [
    1_000_000_000,
    100_000_000,
    10_000_000,
    1_000_000,
    100_000,
    10_000,
    1_000,
    100,
    10,
    1,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_counted() {
        for (text, expected) in [
            (".5", (500_000_000, 1, "")),
            (".120 x", (120_000_000, 3, " x")),
            (",123456789", (123_456_789, 9, "")),
            (".1234567891234", (123_456_789, 9, "")),
            (".000", (0, 3, "")),
            (".", (0, 0, ".")),
            (":1", (0, 0, ":1")),
            (". 5", (0, 0, ". 5")),
            ("", (0, 0, "")),
        ] {
            let (rest, (nanos, digits)) = fraction(text.as_bytes(), b".,");
            assert_eq!(
                (nanos, digits, rest),
                (expected.0, expected.1, expected.2.as_bytes()),
                "{text}"
            );
        }
    }
}
