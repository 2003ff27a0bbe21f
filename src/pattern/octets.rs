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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
