//! Lists on one line, as nginx writes what several upstreams did: `10.0.0.1:80, 10.0.0.2:80 : 10.0.1.1:80`.

use bumpalo::Bump;
use bumpalo::collections::Vec;

use super::{Read, fail};

/// What stands between two elements: nginx has a comma between the servers that were tried, a colon where an internal
/// redirect led to another group of servers.
const BETWEEN: [&[u8]; 2] = [b", ", b" : "];

/// The elements at the beginning, as they are written. An element is a word: blanks end the list, unless another element
/// follows them as [`BETWEEN`] says.
pub(super) fn list(input: &[u8]) -> Read<'_, &[u8]> {
    let mut at = element(input);
    if at == 0 {
        return fail();
    }
    while let Some(next) = next(&input[at..]) {
        at += next;
        at += element(&input[at..]);
    }
    let (text, rest) = input.split_at(at);
    Ok((rest, text))
}

/// The elements of a [`list`] as a JSON array of strings; an element `-`, a server that gave no value, stays.
pub(super) fn as_json<'a>(list: &[u8], arena: &'a Bump) -> &'a [u8] {
    // Two quotes for each byte at most, which is an element of one byte and its separator.
    let mut out = Vec::with_capacity_in(list.len() * 2 + 4, arena);
    let mut rest = list;
    out.push(b'[');
    loop {
        let (text, behind) = rest.split_at(element(rest));
        out.push(b'"');
        for &byte in text {
            match byte {
                b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
                // What is no text has no place in JSON.
                0x00..0x20 | 0x7f.. => out.push(b'?'),
                _ => out.push(byte),
            }
        }
        out.push(b'"');
        match next(behind) {
            Some(between) => rest = &behind[between..],
            None => break,
        }
        out.push(b',');
    }
    out.push(b']');
    out.into_bump_slice()
}

/// The elements at the beginning as one text. Here a comma with no blank behind it ends no element: proxies write
/// `1.2.3.4,5.6.7.8` too.
pub(super) fn list_text(input: &[u8]) -> Read<'_, &[u8]> {
    let mut at = word(input);
    if at == 0 {
        return fail();
    }
    loop {
        let between = match &input[at - 1..] {
            [b',', b' ', ..] => 1,
            [_, b' ', b':', b' ', ..] => 3,
            _ => break,
        };
        let next = word(&input[at + between..]);
        if next == 0 {
            break;
        }
        at += between + next;
    }
    let (text, rest) = input.split_at(at);
    Ok((rest, text))
}

/// Bytes of the word at the beginning.
fn word(input: &[u8]) -> usize {
    let ends = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'"');
    input.iter().position(ends).unwrap_or(input.len())
}

/// Bytes of the element at the beginning: up to a blank, a line end or a comma.
fn element(input: &[u8]) -> usize {
    let ends = |byte: &u8| matches!(byte, b' ' | b',' | b'\t' | b'\n' | b'"');
    input.iter().position(ends).unwrap_or(input.len())
}

/// Bytes of what stands here between two elements, where another one follows.
fn next(input: &[u8]) -> Option<usize> {
    let between = BETWEEN.iter().find(|between| input.starts_with(between))?;
    (element(&input[between.len()..]) > 0).then_some(between.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pattern::capture::tests::converted;

    #[test]
    fn a_list_may_stay_a_text() {
        for (text, expected) in [
            ("0.002 p", "0.002"),
            ("0.002, 0.001 p", "0.002, 0.001"),
            ("a:80, b:80 : c:80 200", "a:80, b:80 : c:80"),
            ("1.2.3.4,5.6.7.8, 9.9.9.9 - -", "1.2.3.4,5.6.7.8, 9.9.9.9"),
            ("a, ", "a,"),
            ("a : ", "a"),
        ] {
            let (rest, found) = list_text(text.as_bytes()).unwrap();
            assert_eq!(found, expected.as_bytes(), "{text}");
            assert_eq!(rest, &text.as_bytes()[expected.len()..], "{text}");
        }
        assert!(list_text(b" a").is_err());
        assert!(list_text(b"").is_err());
    }

    #[test]
    fn elements_are_told_apart() {
        for (text, expected) in [
            ("10.0.0.1:80", Some(r#"x=["10.0.0.1:80"]"#)),
            ("200, 502 : 404", Some(r#"x=["200","502","404"]"#)),
            ("0.001, -", Some(r#"x=["0.001","-"]"#)),
            (r"a\b", Some(r#"x=["a\\b"]"#)),
            ("1, ", None),
            ("1 2", None),
            ("", None),
        ] {
            assert_eq!(converted("list", "x", text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_list_ends_where_no_element_follows() {
        let (rest, text) = list(b"1, 2 3, 4").unwrap();
        assert_eq!((text, rest), (&b"1, 2"[..], &b" 3, 4"[..]));
    }

    proptest! {
        #[test]
        fn any_bytes_become_json(text in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Ok((_, text)) = list(&text) {
                let arena = Bump::new();
                let read: Result<std::vec::Vec<String>, _> = serde_json::from_slice(as_json(text, &arena));
                prop_assert!(read.is_ok(), "{:?}", read);
            }
        }
    }
}
