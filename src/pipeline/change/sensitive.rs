//! Finds what can be told by its form. Each search goes forward only: a line costs time in proportion to its length.

use std::ops::Range;

use memchr::memchr;

use crate::config::Sensitive;

/// The first place from `from` on that holds such a thing.
pub(super) fn next(kind: Sensitive, text: &[u8], from: usize) -> Option<Range<usize>> {
    match kind {
        Sensitive::Emails => next_email(text, from),
        Sensitive::Cards => next_card(text, from),
        Sensitive::Tokens => next_token(text, from),
    }
}

/// A mailbox is at most so long, in bytes (RFC 5321, 4.5.3.1): what is longer is none, and is not looked at twice.
const LOCAL_BYTES_MAX: usize = 64;
const DOMAIN_BYTES_MAX: usize = 255;

fn next_email(text: &[u8], from: usize) -> Option<Range<usize>> {
    let mut at = from;
    loop {
        at += memchr(b'@', &text[at..])?;
        let local = text[from..at]
            .iter()
            .rev()
            .take(LOCAL_BYTES_MAX)
            .take_while(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-')
            })
            .count();
        let domain = &text[at + 1..];
        let length = domain
            .iter()
            .take(DOMAIN_BYTES_MAX)
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
            .count();
        let domain = domain[..length].trim_ascii_end();
        let domain = strip_end(domain, |byte| matches!(byte, b'.' | b'-'));
        let top = domain.rsplit(|&byte| byte == b'.').next().unwrap_or_default();
        let is_name = top.len() >= 2 && top.len() < domain.len() && top.iter().all(u8::is_ascii_alphabetic);
        if local > 0 && is_name {
            return Some(at - local..at + 1 + domain.len());
        }
        at += 1;
    }
}

fn strip_end(mut text: &[u8], sort: impl Fn(u8) -> bool) -> &[u8] {
    while let [rest @ .., last] = text
        && sort(*last)
    {
        text = rest;
    }
    text
}

/// The most digits of a card number (ISO/IEC 7812).
const CARD_DIGITS_MAX: usize = 19;

fn next_card(text: &[u8], from: usize) -> Option<Range<usize>> {
    let mut at = from;
    while let Some(offset) = text[at..].iter().position(u8::is_ascii_digit) {
        at += offset;
        let begins = at == 0 || !(text[at - 1].is_ascii_alphanumeric() || text[at - 1] == b'.');
        if begins && let Some(end) = card_end(text, at) {
            return Some(at..end);
        }
        // The next number.
        at += text[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    }
    None
}

/// Where the card number that begins at `at` ends, groups and all; the longest that is one.
fn card_end(text: &[u8], at: usize) -> Option<usize> {
    let mut digits = [0u8; CARD_DIGITS_MAX];
    let (mut count, mut end, mut found) = (0, at, None);
    loop {
        match text.get(end) {
            Some(digit @ b'0'..=b'9') => {
                if count == CARD_DIGITS_MAX {
                    return found;
                }
                digits[count] = digit - b'0';
                count += 1;
                end += 1;
            }
            other => {
                let closed = match text.get(end..) {
                    Some([b'.', b'0'..=b'9', ..]) => false,
                    Some([byte, ..]) => !byte.is_ascii_alphanumeric(),
                    _ => true,
                };
                if closed && is_card(&digits[..count]) {
                    found = Some(end);
                }
                let group =
                    matches!(other, Some(b' ' | b'-')) && text.get(end + 1).is_some_and(u8::is_ascii_digit);
                if !group {
                    return found;
                }
                end += 1;
            }
        }
    }
}

/// Whether these are the digits of a card of a known issuer, with the right check digit (Luhn). The prefixes keep
/// times and counters out, of which one in ten would pass the check.
fn is_card(digits: &[u8]) -> bool {
    let first = |count: usize| {
        digits[..count]
            .iter()
            .fold(0u32, |sum, digit| sum * 10 + u32::from(*digit))
    };
    let known = match digits.len() {
        13 | 19 => digits[0] == 4,
        14 => matches!(first(2), 30 | 36 | 38 | 39),
        15 => matches!(first(2), 34 | 37),
        16 => {
            digits[0] == 4
                || matches!(first(2), 35 | 51..=55 | 65)
                || matches!(first(4), 2221..=2720 | 6011)
                || matches!(first(3), 644..=649)
        }
        _ => false,
    };
    let luhn = digits.iter().rev().enumerate().fold(0u32, |sum, (at, digit)| {
        let digit = u32::from(*digit);
        sum + match (at % 2, digit * 2) {
            (0, _) => digit,
            (_, twice @ 10..) => twice - 9,
            (_, twice) => twice,
        }
    });
    known && luhn % 10 == 0
}

/// Words before a value that nobody else should see, in lower case.
const SECRET_WORDS: [&str; 20] = [
    "password",
    "passwd",
    "pwd",
    "secret",
    "client_secret",
    "token",
    "access_token",
    "refresh_token",
    "id_token",
    "auth_token",
    "csrf_token",
    "api_key",
    "api-key",
    "apikey",
    "x-api-key",
    "authorization",
    "private_key",
    "secret_key",
    "access_key",
    "set-cookie",
];

/// How keys of well-known services begin, and how long they are at least.
const KEY_SHAPES: [(&str, usize); 17] = [
    ("AKIA", 20),
    ("ASIA", 20),
    ("AIza", 39),
    ("ghp_", 40),
    ("gho_", 40),
    ("ghu_", 40),
    ("ghs_", 40),
    ("ghr_", 40),
    ("github_pat_", 40),
    ("glpat-", 26),
    ("xoxb-", 20),
    ("xoxp-", 20),
    ("xoxa-", 20),
    ("xoxs-", 20),
    ("sk_live_", 20),
    ("sk_test_", 20),
    ("rk_live_", 20),
];

fn next_token(text: &[u8], from: usize) -> Option<Range<usize>> {
    let mut at = from;
    while let Some(offset) = text[at..].iter().position(|&byte| is_word(byte)) {
        let start = at + offset;
        let end = start + run(&text[start..], is_word);
        // Behind a backslash the first letter may be that of an escape: `\npassword=x`.
        let escaped = start > 0 && text[start - 1] == b'\\';
        let found = token_at(text, start, end);
        let found = found.or_else(|| {
            if escaped {
                token_at(text, start + 1, end)
            } else {
                None
            }
        });
        if found.is_some() {
            return found;
        }
        at = end;
    }
    None
}

/// The secret that the word `start..end` is, or stands before.
fn token_at(text: &[u8], start: usize, end: usize) -> Option<Range<usize>> {
    let word = &text[start..end];
    if word.starts_with(b"eyJ") {
        let whole = run(&text[start..], |byte| is_word(byte) || byte == b'.');
        let dots = text[start..start + whole]
            .iter()
            .filter(|&&byte| byte == b'.')
            .count();
        if dots >= 2 && whole >= 30 {
            return Some(start..start + whole);
        }
    }
    let shaped = |(head, length): &(&str, usize)| word.len() >= *length && word.starts_with(head.as_bytes());
    if KEY_SHAPES.iter().any(shaped) {
        return Some(start..end);
    }
    if [&b"Bearer"[..], b"Basic"]
        .iter()
        .any(|scheme| word.eq_ignore_ascii_case(scheme))
    {
        let value = credential(text, end + 1);
        return (text.get(end) == Some(&b' ') && value.len() >= 8).then_some(value);
    }
    let secret = SECRET_WORDS
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known.as_bytes()));
    if !secret {
        return None;
    }
    let value = value_behind(text, end)?;
    let scheme = [&b"Bearer "[..], b"Basic "].into_iter().find(|scheme| {
        text[value.start..]
            .get(..scheme.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(scheme))
    });
    let value = match scheme {
        Some(scheme) => credential(text, value.start + scheme.len()),
        None => value,
    };
    let is_word_of_ours = text[value.clone()].starts_with(b"[");
    (!value.is_empty() && !is_word_of_ours).then_some(value)
}

/// What stands behind `password` in `password=x`, `"password": "x"` and `password: x`.
fn value_behind(text: &[u8], end: usize) -> Option<Range<usize>> {
    let mut at = end;
    at += run(&text[at..], |byte| matches!(byte, b'"' | b'\'' | b'\\'));
    at += run(&text[at..], |byte| byte == b' ').min(2);
    if !matches!(text.get(at), Some(b'=' | b':')) {
        return None;
    }
    at += 1;
    at += run(&text[at..], |byte| byte == b' ').min(2);
    let quotes = run(&text[at..], |byte| matches!(byte, b'"' | b'\'' | b'\\')).min(2);
    at += quotes;
    let length = match (quotes, text.get(at)) {
        // A list or an object, or what took the place of a value before.
        (0, Some(b'{' | b'[')) => 0,
        (0, _) => run(&text[at..], |byte| {
            !byte.is_ascii_whitespace()
                && !matches!(
                    byte,
                    b'"' | b'\'' | b'\\' | b'&' | b',' | b';' | b'}' | b']' | b')' | b'>'
                )
        }),
        // Up to the quote that closes it, and no further than the line.
        _ => run(&text[at..], |byte| {
            byte != text[at - 1] && !matches!(byte, b'\\' | b'\n')
        }),
    };
    Some(at..at + length)
}

/// The characters that a credential is made of (RFC 9110, token68), from `at` on.
fn credential(text: &[u8], at: usize) -> Range<usize> {
    let rest = text.get(at..).unwrap_or_default();
    at..at
        + run(rest, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
        })
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// How many bytes of a sort `text` begins with.
fn run(text: &[u8], sort: impl Fn(u8) -> bool) -> usize {
    text.iter().take_while(|&&byte| sort(byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(kind: Sensitive, text: &str) -> Vec<&str> {
        let (mut all, mut at) = (Vec::new(), 0);
        while let Some(range) = next(kind, text.as_bytes(), at) {
            at = range.end;
            all.push(&text[range]);
        }
        all
    }

    #[test]
    fn emails() {
        for (text, expected) in [
            ("mail to <a.b+c@example.co.uk>, now", vec!["a.b+c@example.co.uk"]),
            ("x@y.de.", vec!["x@y.de"]),
            ("a@b a@@b.c @x.de user@host root@10.0.0.1", vec![]),
            ("a@x.de@y.de", vec!["a@x.de"]),
        ] {
            assert_eq!(found(Sensitive::Emails, text), expected, "{text}");
        }
    }

    #[test]
    fn cards() {
        for (text, expected) in [
            ("card 4111 1111 1111 1111 200", vec!["4111 1111 1111 1111"]),
            ("id 7 5555-5555-5555-4444.", vec!["5555-5555-5555-4444"]),
            ("amex 378282246310005", vec!["378282246310005"]),
            ("4111111111111112 1795435200123 2026-11-22 17:28:30", vec![]),
            (
                "order4111111111111111 0.4111111111111111 41111111111111111111111",
                vec![],
            ),
        ] {
            assert_eq!(found(Sensitive::Cards, text), expected, "{text}");
        }
    }

    #[test]
    fn tokens() {
        for (text, expected) in [
            ("GET /a?token=abc123&x=1", vec!["abc123"]),
            ("Authorization: Bearer abcdef.ghi-jk", vec!["abcdef.ghi-jk"]),
            ("sent Bearer abcdefgh to x", vec!["abcdefgh"]),
            (
                r#"{"password":"a b","user":"x","token":12,"secret":{"a":1}}"#,
                vec!["a b", "12"],
            ),
            ("password = 's3cr,et'", vec!["s3cr,et"]),
            ("key AKIAABCDEFGHIJKLMNOP used", vec!["AKIAABCDEFGHIJKLMNOP"]),
            (
                "jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_def-ghi ok",
                vec!["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_def-ghi"],
            ),
            (
                "token refreshed, tokens: 3, password: [token], Basic rules",
                vec![],
            ),
        ] {
            assert_eq!(found(Sensitive::Tokens, text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_found_lies_forward(
            text in "([@.:= \"a-z4-]|password|Bearer|eyJ|4111 1111 1111 1111){0,40}",
        ) {
            for kind in [Sensitive::Emails, Sensitive::Cards, Sensitive::Tokens] {
                let mut at = 0;
                while let Some(range) = next(kind, text.as_bytes(), at) {
                    prop_assert!(range.start >= at && range.end > range.start);
                    at = range.end;
                }
            }
        }
    }
}
