//! The scopes that .NET's console logger writes before a message, where all stands on one line.

use memchr::memmem;

use super::{Read, fail};

/// What stands between two scopes.
const ARROW: &[u8] = b" => ";

/// `SpanId:1, TraceId:2 => RequestPath:/a RequestId:3 => Shop.Orders.Get (Shop)`: the scopes at the beginning.
///
/// A scope ends at the next arrow; only the last, which the message follows after a single blank, has to say by
/// its own form where it ends: `Name:value` pairs do, and an action's `Namespace.Type.Method (Assembly)` does. A
/// last scope of free text cannot be told from the message, and is left with it.
pub(super) fn scopes(input: &[u8]) -> Read<'_, &[u8]> {
    let line = &input[..memchr::memchr(b'\n', input).unwrap_or(input.len())];
    let mut at = 0;
    let mut end = 0;
    // One of them has the form of a scope; without, all is a message with arrows in it.
    let mut sure = false;
    loop {
        let scope = &line[at..];
        let known = pairs(scope).max(action(scope));
        sure |= known > 0;
        if scope[known..].starts_with(ARROW) && known > 0 {
            end = at + known;
            at = end + ARROW.len();
        } else if known > 0 {
            end = at + known;
            break;
        } else if let Some(arrow) = memmem::find(scope, ARROW).filter(|&arrow| arrow > 0) {
            end = at + arrow;
            at = end + ARROW.len();
        } else {
            break;
        }
    }
    if !sure {
        return fail();
    }
    let (text, rest) = input.split_at(end);
    Ok((rest, text))
}

/// Bytes of the pairs at the beginning: `RequestPath:/a RequestId:3`, with blanks or `, ` between them.
fn pairs(text: &[u8]) -> usize {
    let mut end = 0;
    let mut at = 0;
    loop {
        let word = word(&text[at..]);
        if !is_pair(word) {
            return end;
        }
        let comma = word.ends_with(b",");
        end = at + word.len() - usize::from(comma);
        at += word.len() + 1;
        if at >= text.len() {
            return end;
        }
    }
}

/// `Name:value`, but no `Name:` and no `scheme://`.
fn is_pair(word: &[u8]) -> bool {
    let word = word.strip_suffix(b",").unwrap_or(word);
    let Some(colon) = memchr::memchr(b':', word) else {
        return false;
    };
    let (name, value) = (&word[..colon], &word[colon + 1..]);
    name.first().is_some_and(u8::is_ascii_alphabetic)
        && name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
        && !value.is_empty()
        && !value.starts_with(b"//")
}

/// Bytes of an action at the beginning: `Shop.Orders.Get (Shop)`.
fn action(text: &[u8]) -> usize {
    let method = word(text);
    let Some(rest) = text[method.len()..].strip_prefix(b" (") else {
        return 0;
    };
    let assembly = word(rest);
    match memchr::memchr(b')', assembly) {
        Some(close) if close > 0 && method.contains(&b'.') => method.len() + 2 + close + 1,
        _ => 0,
    }
}

/// Up to the first blank.
fn word(text: &[u8]) -> &[u8] {
    &text[..memchr::memchr(b' ', text).unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_scope_says_where_it_ends() {
        for (text, scopes_end, rest) in [
            (
                "SpanId:4e, TraceId:4b, ParentId:00 => ConnectionId:0HM2 => RequestPath:/a RequestId:0HM2:01 Unicode: x",
                "RequestId:0HM2:01",
                " Unicode: x",
            ),
            ("a:b", "a:b", ""),
            ("a:b, c:d", "c:d", ""),
            ("a:b, c", "a:b", ", c"),
            (
                "a:b http://localhost:5000 is up",
                "a:b",
                " http://localhost:5000 is up",
            ),
            (
                "a:b => Shop.Orders.Get (Shop) Executing x => x.Id",
                "(Shop)",
                " Executing x => x.Id",
            ),
            ("order 5 of 7 => a:b Saved", "a:b", " Saved"),
            // Free text at the end may be the message.
            ("a:b => order 5 Saved", "a:b", " => order 5 Saved"),
            ("a:b => ", "a:b", " => "),
            ("a:b\nc:d => e:f", "a:b", "\nc:d => e:f"),
        ] {
            let (left, found) = scopes(text.as_bytes()).unwrap();
            assert!(found.ends_with(scopes_end.as_bytes()), "{text}");
            assert_eq!(left, rest.as_bytes(), "{text}");
        }
        for text in [
            "",
            "Saved",
            "loading x => y",
            "order 5 saved: all",
            "https://x/",
            " => a:b",
            "f (x)",
            "f.g ()",
        ] {
            assert!(scopes(text.as_bytes()).is_err(), "{text}");
        }
    }
}
