//! Levels: a word, or the number that stands for one.

use super::{Read, fail};

/// Bunyan's numbers, which pino took over.
const TENS: [(&[u8], &[u8]); 6] = [
    (b"10", b"trace"),
    (b"20", b"debug"),
    (b"30", b"info"),
    (b"40", b"warn"),
    (b"50", b"error"),
    (b"60", b"fatal"),
];

/// The letters at the beginning.
pub(super) fn level(input: &[u8]) -> Read<'_, &[u8]> {
    let length = input.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    if length == 0 {
        return fail();
    }
    let (text, rest) = input.split_at(length);
    Ok((rest, text))
}

/// The capital letters at the beginning, where no small letter follows them.
pub(super) fn capitals(input: &[u8]) -> Read<'_, &[u8]> {
    let (rest, text) = level(input)?;
    if !text.iter().all(u8::is_ascii_uppercase) {
        return fail();
    }
    Ok((rest, text))
}

/// The letters or digits at the beginning; for a number that has a name, the name. Others stay: both libraries let a
/// program have levels of its own.
pub(super) fn level_tens(input: &[u8]) -> Read<'_, &[u8]> {
    let length = input.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if length == 0 {
        return level(input);
    }
    let (text, rest) = input.split_at(length);
    let name = TENS.iter().find(|(number, _)| *number == text);
    Ok((rest, name.map_or(text, |(_, name)| name)))
}

#[cfg(test)]
mod tests {
    use crate::pattern::capture::tests::converted;

    #[test]
    fn a_number_becomes_its_name() {
        for (kind, text, expected) in [
            ("level_tens", "10", Some("x=trace")),
            ("level_tens", "60", Some("x=fatal")),
            ("level_tens", "35", Some("x=35")),
            ("level_tens", "info", Some("x=info")),
            ("level_tens", "30 ", None),
            ("level_tens", "", None),
            ("level", "30", None),
        ] {
            assert_eq!(converted(kind, "x", text).as_deref(), expected, "{kind} {text}");
        }
    }
}
