//! The labels of a series read from its text, which is how series keep them.

use std::borrow::Cow;

/// The names and values of `method="GET",path="a\"b"`, values with their escapes.
pub(super) fn pairs(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let equals = memchr::memchr(b'=', rest)?;
        let (name, value) = (&rest[..equals], rest.get(equals + 2..)?);
        let (value, after) = value.split_at(closing_quote(value)?);
        // A quote, and a comma where there are more.
        rest = after.get(2..).unwrap_or_default();
        Some((name, value))
    })
}

/// The first quote that no backslash stands before.
fn closing_quote(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

/// A value without its escapes.
pub(super) fn unescaped(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        plain.push(match byte {
            b'\\' => match bytes.next() {
                Some(b'n') => b'\n',
                Some(&escaped) => escaped,
                None => byte,
            },
            byte => byte,
        });
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Vec<(String, String)> {
        let text_of = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        pairs(text.as_bytes())
            .map(|(name, value)| (text_of(name), text_of(&unescaped(value))))
            .collect()
    }

    #[test]
    fn odd_texts_end_the_list() {
        assert_eq!(read(""), []);
        for broken in ["a", "a=", "a=\"", "a=\"b", "a=\"b\\", "a=\"b\\\""] {
            assert_eq!(read(broken), [], "{broken}");
        }
        let one = [("a".to_owned(), "b".to_owned())];
        assert_eq!(read("a=\"b\""), one);
        assert_eq!(read("a=\"b\",c"), one);
    }

    proptest! {
        #[test]
        fn what_is_escaped_comes_back(labels in prop::collection::vec(("[a-z]{1,4}", "[ -~\nä]{0,12}"), 0..4)) {
            let escaped: Vec<String> = labels
                .iter()
                .map(|(name, value)| {
                    let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
                    format!("{name}=\"{value}\"")
                })
                .collect();
            prop_assert_eq!(read(&escaped.join(",")), labels);
        }
    }
}
