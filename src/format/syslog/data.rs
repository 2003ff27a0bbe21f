use bumpalo::Bump;
use bumpalo::collections::Vec;
use memchr::{memchr, memchr2};

/// Parameters that one line may have, those that an element lacks counted too; a line with more is shipped as text.
/// Looking for equal names is quadratic in it. Real lines have fewer than 20.
const PARAMETERS_MAX: usize = 128;

/// A parameter, or an element without any (`name` is then empty).
#[derive(Clone, Copy)]
struct Parameter<'a> {
    element: &'a [u8],
    name: &'a [u8],
    /// Unescaped.
    value: &'a [u8],
}

/// The structured data at the beginning (RFC 5424, section 6.3) as a JSON object of its elements, and what follows it.
/// `None` in it for `-`.
///
/// Elements of one name become one; of several parameters of one name in an element, which the RFC allows, the values
/// become an array.
pub(super) fn read<'a>(text: &'a [u8], arena: &'a Bump) -> Option<(Option<&'a [u8]>, &'a [u8])> {
    if let [b'-', rest @ ..] = text {
        return Some((None, rest));
    }
    let mut found: Vec<'a, Parameter<'a>> = Vec::new_in(arena);
    let mut rest = text.strip_prefix(b"[")?;
    loop {
        rest = element(rest, &mut found, arena)?;
        match rest.strip_prefix(b"[") {
            Some(next) => rest = next,
            None => break,
        }
    }
    let mut out = Vec::with_capacity_in(text.len() - rest.len(), arena);
    write(&found, &mut out);
    Some((Some(out.into_bump_slice()), rest))
}

/// `id name="value" …]`; what follows the bracket.
fn element<'a>(text: &'a [u8], found: &mut Vec<'a, Parameter<'a>>, arena: &'a Bump) -> Option<&'a [u8]> {
    let (element, mut rest) = split_name(text, memchr2(b' ', b']', text)?)?;
    let before = found.len();
    while let Some(parameter) = rest.strip_prefix(b" ") {
        let (name, value) = split_name(parameter, memchr(b'=', parameter)?)?;
        let (value, next) = quoted(value.strip_prefix(b"=\"")?, arena)?;
        push(Parameter { element, name, value }, found)?;
        rest = next;
    }
    if found.len() == before {
        let (name, value) = (&[][..], &[][..]);
        push(Parameter { element, name, value }, found)?;
    }
    rest.strip_prefix(b"]")
}

fn push<'a>(parameter: Parameter<'a>, found: &mut Vec<'a, Parameter<'a>>) -> Option<()> {
    (found.len() < PARAMETERS_MAX).then(|| found.push(parameter))
}

/// A name (RFC 5424's SD-NAME, of any length) up to `end`.
fn split_name(text: &[u8], end: usize) -> Option<(&[u8], &[u8])> {
    let (name, rest) = text.split_at(end);
    let valid = !name.is_empty() && !name.iter().any(|byte| matches!(byte, b' ' | b'=' | b']' | b'"'));
    valid.then_some((name, rest))
}

/// The value up to its closing quote, and what follows the quote. Only `"`, `\` and `]` are escaped; a backslash before
/// anything else is one.
fn quoted<'a>(text: &'a [u8], arena: &'a Bump) -> Option<(&'a [u8], &'a [u8])> {
    let mut end = memchr2(b'"', b'\\', text)?;
    if text[end] == b'"' {
        return Some((&text[..end], &text[end + 1..]));
    }
    let mut value = Vec::new_in(arena);
    let mut from = 0;
    loop {
        value.extend_from_slice_copy(&text[from..end]);
        match (text[end], text.get(end + 1)) {
            (b'"', _) => return Some((value.into_bump_slice(), &text[end + 1..])),
            (_, Some(b'"' | b'\\' | b']')) => from = end + 1,
            _ => {
                value.push(b'\\');
                from = end + 1;
                end = from + memchr2(b'"', b'\\', text.get(from..)?)?;
                continue;
            }
        }
        // The escaped byte is the value's, whatever it is.
        end = from + 1 + memchr2(b'"', b'\\', text.get(from + 1..)?)?;
    }
}

fn write(found: &[Parameter<'_>], out: &mut Vec<'_, u8>) {
    out.push(b'{');
    for (at, first) in found.iter().enumerate() {
        let same = |parameter: &&Parameter<'_>| parameter.element == first.element;
        if found[..at].iter().any(|parameter| same(&parameter)) {
            continue;
        }
        comma(out);
        write_string(first.element, out);
        out.extend_from_slice_copy(b":{");
        for (at, first) in found.iter().enumerate().filter(|(_, parameter)| same(parameter)) {
            let same = |parameter: &&Parameter<'_>| same(parameter) && parameter.name == first.name;
            if first.name.is_empty() || found[..at].iter().any(|parameter| same(&parameter)) {
                continue;
            }
            comma(out);
            write_string(first.name, out);
            out.push(b':');
            let several = found[at + 1..].iter().any(|parameter| same(&parameter));
            if several {
                out.push(b'[');
            }
            for parameter in found[at..].iter().filter(same) {
                comma(out);
                write_string(parameter.value, out);
            }
            if several {
                out.push(b']');
            }
        }
        out.push(b'}');
    }
    out.push(b'}');
}

/// Separates what comes next from what came before it.
fn comma(out: &mut Vec<'_, u8>) {
    if !matches!(out.last(), None | Some(b'{' | b'[' | b':')) {
        out.push(b',');
    }
}

fn write_string(text: &[u8], out: &mut Vec<'_, u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    for chunk in text.utf8_chunks() {
        for &byte in chunk.valid().as_bytes() {
            match byte {
                b'"' | b'\\' => out.extend_from_slice_copy(&[b'\\', byte]),
                0..0x20 => {
                    out.extend_from_slice_copy(b"\\u00");
                    out.push(HEX[usize::from(byte >> 4)]);
                    out.push(HEX[usize::from(byte & 15)]);
                }
                _ => out.push(byte),
            }
        }
        if !chunk.invalid().is_empty() {
            out.extend_from_slice_copy("\u{fffd}".as_bytes());
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// The data as JSON, and the rest.
    fn read_all(text: &[u8]) -> Option<(Value, Vec<'static, u8>)> {
        let arena: &'static Bump = Box::leak(Box::default());
        let (data, rest) = read(arena.alloc_slice_copy(text), arena)?;
        let data = data.map_or(Value::Null, |data| serde_json::from_slice(data).unwrap());
        Some((
            data,
            bumpalo::collections::Vec::from_iter_in(rest.iter().copied(), arena),
        ))
    }

    #[track_caller]
    fn check(text: &str, expected: Value, rest: &str) {
        let (data, left) = read_all(text.as_bytes()).unwrap();
        assert_eq!((data, left.as_slice()), (expected, rest.as_bytes()));
    }

    #[test]
    fn elements_become_objects() {
        check("- message", Value::Null, " message");
        check("[empty@1] x", json!({"empty@1": {}}), " x");
        check(
            r#"[a@1 iut="3" source="App \"x\" \\ \] \y é"][b@1 k=""]"#,
            json!({"a@1": {"iut": "3", "source": "App \"x\" \\ ] \\y é"}, "b@1": {"k": ""}}),
            "",
        );
        check(
            r#"[o ip="1" n="x" ip="2"][p][o ip="3"]["#.trim_end_matches('['),
            json!({"o": {"ip": ["1", "2", "3"], "n": "x"}, "p": {}}),
            "",
        );
    }

    #[test]
    fn bytes_that_json_cannot_hold_are_escaped_or_replaced() {
        let (data, _) = read_all(b"[a\xff k=\"\x01\xfe\n\"]").unwrap();
        assert_eq!(data, json!({"a\u{fffd}": {"k": "\u{1}\u{fffd}\n"}}));
    }

    #[test]
    fn broken_data_is_refused() {
        for text in [
            "",
            "x",
            "[",
            "[]",
            "[ a]",
            "[a",
            "[a ]",
            "[a k]",
            "[a k=v]",
            "[a k=\"v]",
            "[a k=\"v\\\"]",
            "[a =\"v\"]",
            "[a=b]",
        ] {
            assert!(read_all(text.as_bytes()).is_none(), "{text}");
        }
        let many = |count: usize| format!("[a{}]", " k=\"v\"".repeat(count));
        assert!(read_all(many(PARAMETERS_MAX).as_bytes()).is_some());
        assert!(read_all(many(PARAMETERS_MAX + 1).as_bytes()).is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(parts in prop::collection::vec(prop_oneof![
            prop::sample::select(vec!["[", "]", "\"", "\\", "=", " ", "a", "k=\"", "[a k=\"v\"]"]).prop_map(|part| part.as_bytes().to_vec()),
            prop::collection::vec(any::<u8>(), 0..3),
        ], 0..16)) {
            // Fails where what comes out is no JSON.
            read_all(&parts.concat());
        }

        #[test]
        fn values_are_read_back(value: String) {
            let escaped: String = value.chars().flat_map(|c| {
                let escape = matches!(c, '"' | '\\' | ']').then_some('\\');
                escape.into_iter().chain([c])
            }).collect();
            let (data, _) = read_all(format!("[a k=\"{escaped}\"]").as_bytes()).unwrap();
            prop_assert_eq!(data, json!({"a": {"k": value}}));
        }
    }
}
