use bumpalo::Bump;
use bumpalo::collections::Vec;

/// The bytes that `[72, 105]` lists; `None` for any other text.
pub(super) fn octets<'a>(text: &[u8], arena: &'a Bump) -> Option<&'a [u8]> {
    let inner = text.strip_prefix(b"[")?.strip_suffix(b"]")?;
    // A number takes two bytes at least, its comma included.
    let mut bytes = Vec::with_capacity_in(inner.len() / 2 + 1, arena);
    for number in inner.split(|&byte| byte == b',') {
        let digits = number.trim_ascii();
        if digits.is_empty() || digits.len() > 3 || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let value = digits
            .iter()
            .fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
        bytes.push(u8::try_from(value).ok()?);
    }
    Some(bytes.into_bump_slice())
}

/// The text whose bytes `636174202D6E` stands for. The kernel's audit writes so, in capitals, what a quoted value cannot
/// hold: blanks, quotes, control characters and what is no ASCII. `None` for digits that stand for none of these, which
/// then are the value; arguments are ended by NUL, for which a blank stands here.
pub(super) fn hex_text<'a>(text: &[u8], arena: &'a Bump) -> Option<&'a [u8]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    };
    let (pairs, []) = text.as_chunks::<2>() else {
        return None;
    };
    let mut bytes = Vec::with_capacity_in(pairs.len(), arena);
    for &[high, low] in pairs {
        bytes.push(digit(high)? << 4 | digit(low)?);
    }
    let is_written_so = |byte: &u8| !(0x21..0x7f).contains(byte) || *byte == b'"';
    if !bytes.iter().any(is_written_so) || std::str::from_utf8(&bytes).is_err() {
        return None;
    }
    while bytes.last() == Some(&0) {
        bytes.pop();
    }
    bytes
        .iter_mut()
        .filter(|byte| **byte == 0)
        .for_each(|byte| *byte = b' ');
    Some(bytes.into_bump_slice())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hexadecimal_digits_are_text_where_it_could_not_be_quoted() {
        let arena = Bump::new();
        for (text, expected) in [
            ("2F62696E2F7669002F6574632F61", Some("/bin/vi /etc/a")),
            ("6C73202D6C6100", Some("ls -la")),
            ("C3A9", Some("\u{e9}")),
            // "vi" would have been quoted.
            ("7669", None),
            ("6c73202d6c61", None),
            ("6C7320F", None),
            ("DECADE", None),
            ("cat", None),
            ("", None),
        ] {
            assert_eq!(
                hex_text(text.as_bytes(), &arena),
                expected.map(str::as_bytes),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_list_of_bytes_is_text() {
        let arena = Bump::new();
        for text in [
            "", "[]", "[", "[1,]", "[256]", "[-1]", "[1 2]", "[0x1]", "Hi", "[\"a\"]",
        ] {
            assert_eq!(octets(text.as_bytes(), &arena), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn lists_are_read_back(bytes in prop::collection::vec(any::<u8>(), 1..40)) {
            let arena = Bump::new();
            prop_assert_eq!(octets(format!("{bytes:?}").as_bytes(), &arena), Some(&bytes[..]));
        }
    }
}
