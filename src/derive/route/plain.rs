//! The routes of nearly all paths: short words, with numbers between them. What a path is made of is found out for
//! sixteen bytes at a time, and only parts with digits are looked at.

use super::{BYTES_MAX, PARTS_MAX, REST};
use crate::block::{self, Block};

/// A plain path has a bit of a number for each of its bytes.
const PATH_BYTES_MAX: usize = u64::BITS as usize;

/// A longer part may be a hash or a token, even one of letters alone. In bytes.
const PART_BYTES_MAX: usize = 15;

const ID: &[u8] = b"{id}";

// However many parts become ids, nothing has to be left out.
const _: () = assert!(PATH_BYTES_MAX + PARTS_MAX * ID.len() <= BYTES_MAX - REST.len());

/// Which bytes of a path are what: a bit for each, the first in the lowest.
#[derive(Clone, Copy, Debug, Default)]
struct Map {
    slash: u64,
    digit: u64,
    /// These, letters, `-` and `_`.
    known: u64,
}

impl Map {
    #[inline(always)]
    fn new(path: &[u8]) -> Self {
        let mut map = Map::default();
        match path.last_chunk() {
            Some(last) => {
                for (index, block) in path.as_chunks().0.iter().enumerate() {
                    map.mark(Block::new(block), index * block::BYTES);
                }
                // Some of its bytes are marked a second time.
                map.mark(Block::new(last), path.len() - block::BYTES);
            }
            None => {
                let mut short = [0; block::BYTES];
                short[..path.len()].copy_from_slice(path);
                map.mark(Block::new(&short), 0);
            }
        }
        map
    }

    #[inline(always)]
    fn mark(&mut self, block: Block, at: usize) {
        let slash = block.is(b'/');
        let digit = block.within(b'0', b'9');
        let letter = block.within(b'a', b'z') | block.within(b'A', b'Z');
        let known = slash | digit | letter | block.is(b'-') | block.is(b'_');
        self.slash |= u64::from(slash.bits()) << at;
        self.digit |= u64::from(digit.bits()) << at;
        self.known |= u64::from(known.bits()) << at;
    }
}

/// The bits below a place.
fn below(place: usize) -> u64 {
    1u64.checked_shl(place as u32).unwrap_or(0).wrapping_sub(1)
}

/// Appends the route of a plain path; false where `path`, which begins with a slash, is none, and then nothing is
/// appended.
#[inline]
pub(super) fn write(path: &[u8], out: &mut Vec<u8>) -> bool {
    if path.len() > PATH_BYTES_MAX {
        return false;
    }
    let Map { slash, digit, known } = Map::new(path);
    let all = below(path.len());
    // An empty part: a slash behind a slash, or at the end.
    let has_empty = slash & ((slash << 1) | (1 << (path.len() - 1))) != 0 && path.len() > 1;
    if known != all || has_empty || slash.count_ones() as usize > PARTS_MAX || is_long(all & !slash) {
        return false;
    }
    let start = out.len();
    // Where the bytes begin that are not in `out` yet.
    let mut kept = 0;
    let mut digits = digit;
    while digits != 0 {
        let first = digits.trailing_zeros();
        // The path begins with a slash.
        let begin = (slash & below(first as usize)).checked_ilog2().unwrap_or(0) as usize + 1;
        let end = (begin + (slash >> begin).trailing_zeros() as usize).min(path.len());
        let part = below(end) & !below(begin);
        let here = digits & part;
        if here == part {
            out.extend_from_slice(&path[kept..begin]);
            out.extend_from_slice(ID);
            kept = end;
        } else if here & (here - 1) != 0 || !path[begin].is_ascii_alphabetic() {
            // More than one digit among letters: perhaps a token.
            out.truncate(start);
            return false;
        }
        digits &= !part;
    }
    out.extend_from_slice(&path[kept..]);
    true
}

/// Whether more than [`PART_BYTES_MAX`] bits follow each other.
fn is_long(bits: u64) -> bool {
    const _: () = assert!(PART_BYTES_MAX + 1 == 16);
    let two = bits & (bits >> 1);
    let four = two & (two >> 2);
    let eight = four & (four >> 4);
    eight & (eight >> 8) != 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::derive::route;

    fn plain(path: &str) -> Option<String> {
        let mut out = b"before".to_vec();
        let is_plain = write(path.as_bytes(), &mut out);
        let route = String::from_utf8(out.split_off(b"before".len())).unwrap();
        assert_eq!(out, b"before");
        assert!(is_plain || route.is_empty(), "{path}: {route}");
        is_plain.then_some(route)
    }

    #[test]
    fn words_and_numbers_are_plain() {
        for (path, route) in [
            ("/", "/"),
            ("/orders", "/orders"),
            ("/api/v2/orders/104217/items", "/api/v2/orders/{id}/items"),
            ("/1/2/3", "/{id}/{id}/{id}"),
            ("/a/b/c/d/e/f/g/1", "/a/b/c/d/e/f/g/{id}"),
            ("/oauth2/top-5", "/oauth2/top-5"),
            ("/fifteen-letters", "/fifteen-letters"),
        ] {
            assert_eq!(plain(path).as_deref(), Some(route));
        }
    }

    #[test]
    fn all_else_takes_a_closer_look() {
        for path in [
            "//a",
            "/a/",
            "/a//b",
            "/a?b",
            "/a;b",
            "/a.js",
            "/é",
            "/a\0",
            "/a/b/c/d/e/f/g/h/i",
            "/ORD-42",
            "/-5",
            "/sixteen--letters",
        ] {
            assert_eq!(plain(path), None, "{path}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        /// Where this says something, it says what a closer look finds.
        #[test]
        fn a_plain_route_is_the_route(
            path in prop::collection::vec("[a-zA-Z0-9_-]{1,18}|[a-z]{1,5}[0-9]{1,2}|[0-9]{1,16}|[a-z]{1,9}", 0..9),
            odd in "|/|[?;.@é\\x00]",
        ) {
            let path = format!("/{}{odd}", path.join("/"));
            if let Some(plain) = plain(&path) {
                let mut close = Vec::new();
                route::write_any(path.as_bytes(), &mut close);
                prop_assert_eq!(plain.as_bytes(), close);
            }
        }
    }
}
