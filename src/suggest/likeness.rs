//! How much a line looks like another one, by what surrounds its values and not by these.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// A line's features: its keys with the sort of their values where it is JSON, else each three neighbours of what it is
/// made of (words, numbers, blanks, signs) and the keys before a `=`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Likeness(HashSet<u64>);

/// Of a longer line only the beginning says what it is, in bytes.
const TEXT_BYTES_MAX: usize = 600;
/// The same for JSON, whose keys have no order.
const JSON_BYTES_MAX: usize = 4_000;

impl Likeness {
    pub fn of(line: &[u8]) -> Self {
        let line = line.trim_ascii();
        match line.first() {
            Some(b'{') => Likeness(json(&line[..line.len().min(JSON_BYTES_MAX)])),
            _ => Likeness(text(&line[..line.len().min(TEXT_BYTES_MAX)])),
        }
    }

    /// What both have, of what either has: 0 to 1.
    pub fn to(&self, other: &Likeness) -> f64 {
        let both = self.0.intersection(&other.0).count();
        let either = self.0.len() + other.0.len() - both;
        both as f64 / either.max(1) as f64
    }
}

fn feature(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// What a byte is part of: words, numbers and blanks are the same whatever is in them.
fn sort(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => b'0',
        b'A'..=b'Z' | b'a'..=b'z' | b'_' | 0x80.. => b'a',
        b' ' | b'\t' | b'\r' | b'\n' => b' ',
        sign => sign,
    }
}

fn text(line: &[u8]) -> HashSet<u64> {
    let mut sorts: Vec<u8> = line.iter().copied().map(sort).collect();
    sorts.dedup();
    let mut features: HashSet<u64> = sorts.windows(3).map(feature).collect();
    for (at, _) in line.iter().enumerate().filter(|(_, byte)| **byte == b'=') {
        let key = line[..at]
            .rsplit(|byte| !is_key(*byte))
            .next()
            .unwrap_or_default();
        if !key.is_empty() {
            features.insert(feature((b'=', key)));
        }
    }
    features
}

fn is_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
}

fn json(line: &[u8]) -> HashSet<u64> {
    let mut features = HashSet::new();
    let mut at = 0;
    while let Some(open) = memchr::memchr(b'"', &line[at..]) {
        let from = at + open + 1;
        let mut to = from;
        while to < line.len() && line[to] != b'"' {
            to += if line[to] == b'\\' { 2 } else { 1 };
        }
        if to >= line.len() {
            break;
        }
        at = to + 1;
        if let Some(value) = line[at..].trim_ascii_start().strip_prefix(b":")
            && let Some(first) = value.trim_ascii_start().first()
        {
            let first = if *first == b'-' { b'0' } else { sort(*first) };
            features.insert(feature((&line[from..to], first)));
        }
    }
    features
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn alike(one: &str, other: &str) -> f64 {
        Likeness::of(one.as_bytes()).to(&Likeness::of(other.as_bytes()))
    }

    #[test]
    fn values_say_nothing() {
        for (one, other) in [
            (
                "10:00:01 [main] INFO  a.B - started",
                "23:59:59 [pool-1] ERROR c.D - gone",
            ),
            (
                r#"{"level":"info","at":[1],"x":-1}"#,
                r#"{"x": 5, "level" : "a \"b\": c", "at":[]}"#,
            ),
            ("level=info msg=x", "level=warn msg=other"),
        ] {
            assert!(alike(one, other) > 0.6, "{one} {other}: {}", alike(one, other));
        }
    }

    #[test]
    fn keys_and_signs_say_much() {
        for (one, other) in [
            (r#"{"level":"info","time":"x"}"#, r#"{"level":30,"time":1}"#),
            ("a=1 b=2", "2026-11-22 10:00:01 | a | b"),
            ("", "x y z"),
        ] {
            assert!(alike(one, other) < 0.3, "{one} {other}: {}", alike(one, other));
        }
    }

    proptest! {
        #[test]
        fn a_line_is_like_itself(line in prop::collection::vec(any::<u8>(), 0..80)) {
            let of = Likeness::of(&line);
            prop_assert!(of.0.is_empty() || of.to(&of) == 1.0);
        }
    }
}
