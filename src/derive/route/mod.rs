//! The route of a url path: its changing parts replaced, so that it can be a label.
//!
//! | part of the path | becomes |
//! | --- | --- |
//! | number, UUID, long hexadecimal, token with digits, text with `%` or beyond ASCII, longer than 48 bytes | `{id}` |
//! | `2026-11-22` | `{date}` |
//! | anything with `@` | `{email}` |
//! | file of a kind that pages load (`.js`, `.png`, …), file whose name is a token | `{file}.js` |
//! | everything after the eighth part | `…` |
//! | path with control characters, spaces, quotes, backslashes; what is no path | `{garbage}` (all of it) |
//!
//! Words with a few digits stay: `v2`, `v1.41`, `oauth2`, `sha256`, `top-5`. Queries, fragments and matrix parameters
//! (`;jsessionid=…`) are left out, empty parts and a slash at the end too. A route is its own route, so
//! templates that a framework logged (`/orders/{orderId}`) stay as well.

mod plain;

/// The longest route, in bytes.
pub const BYTES_MAX: usize = 128;

/// Parts of a path that are looked at; the rest is `…`.
pub const PARTS_MAX: usize = 8;

/// A part that is longer is no name that somebody chose for a route, in bytes.
const PART_BYTES_MAX: usize = 48;

/// What stands for everything that is no url path.
const GARBAGE: &[u8] = b"{garbage}";

/// `woff2`
const EXTENSION_BYTES_MAX: usize = 5;

/// What stands for the parts that are left out.
const REST: &[u8] = "/…".as_bytes();

const DIGIT: u8 = 1;
/// `a` to `f`.
const HEX: u8 = 2;
const LETTER: u8 = 4;
/// `-`, `_` and what else joins words.
const JOIN: u8 = 8;
const DOT: u8 = 16;
/// Of a template: `{id}`, `[slug]`.
const BRACE: u8 = 32;
/// `@`, `%` and bytes beyond ASCII: what a user wrote, not a programmer.
const FOREIGN: u8 = 64;
const BAD: u8 = 128;
/// Ends the path (`?`, `#`), the part (`/`) or its name (`;`): no bit, since it is part of nothing.
const END: u8 = 0;

const CLASS: [u8; 256] = {
    let mut class = [BAD; 256];
    let mut byte = 0;
    while byte < 256 {
        class[byte] = match byte as u8 {
            b'0'..=b'9' => DIGIT,
            b'a'..=b'f' | b'A'..=b'F' => HEX,
            b'g'..=b'z' | b'G'..=b'Z' => LETTER,
            b'-' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b'='
            | b':' => JOIN,
            b'.' => DOT,
            b'{' | b'}' | b'[' | b']' => BRACE,
            b'@' | b'%' | 0x80..=0xff => FOREIGN,
            b'/' | b'?' | b'#' | b';' => END,
            _ => BAD,
        };
        byte += 1;
    }
    class
};

/// Appends the route of `path`: at most [`BYTES_MAX`] bytes, without an allocation once `out` has grown.
#[inline]
pub fn write(path: &[u8], out: &mut Vec<u8>) {
    if path.first() != Some(&b'/') || !plain::write(path, out) {
        write_any(path, out);
    }
}

/// [`write`], part by part.
#[inline(never)]
fn write_any(path: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    let path = match path.first() {
        Some(b'/') => path,
        None | Some(b'?' | b'#') => b"/",
        // `OPTIONS *`
        _ if path == b"*" => return out.push(b'*'),
        _ => match after_host(path) {
            Some(path) => path,
            None => return out.extend_from_slice(GARBAGE),
        },
    };
    let mut at = 0;
    let mut parts = 0;
    // Bytes of the path that stay as they are and are not in `out` yet: they are copied together.
    let mut kept = 0..0;
    // `path[at]` is the `/` before the next part.
    while path.get(at) == Some(&b'/') {
        let part = Part::read(&path[at + 1..]);
        if part.seen & BAD != 0 {
            out.truncate(start);
            return out.extend_from_slice(GARBAGE);
        }
        let from = at;
        at += 1 + part.end;
        if part.name.is_empty() {
            continue;
        }
        let room = BYTES_MAX - REST.len() - (out.len() - start) - kept.len();
        let text = part.text();
        if parts == PARTS_MAX || 1 + text.len() > room || part.name == &REST[1..] {
            out.extend_from_slice(&path[kept]);
            out.extend_from_slice(REST);
            return;
        }
        parts += 1;
        if let Text::AsIs(name) = text {
            if kept.end != from {
                out.extend_from_slice(&path[kept]);
                kept = from..from;
            }
            kept.end += 1 + name.len();
        } else {
            out.extend_from_slice(&path[kept]);
            kept = at..at;
            out.push(b'/');
            text.write(out);
        }
    }
    out.extend_from_slice(&path[kept]);
    if out.len() == start {
        out.push(b'/');
    }
}

/// The path of `http://host/path`: what a client sends to a proxy.
fn after_host(url: &[u8]) -> Option<&[u8]> {
    let host = url
        .strip_prefix(b"http://")
        .or_else(|| url.strip_prefix(b"https://"))?;
    let slash = memchr::memchr(b'/', host);
    Some(slash.map_or(b"/".as_slice(), |slash| &host[slash..]))
}

/// One part of a path, up to the next `/` or the path's end.
struct Part<'a> {
    name: &'a [u8],
    /// The classes of its bytes together.
    seen: u8,
    digits: usize,
    /// Where the part ends, parameters included, from where it began.
    end: usize,
}

enum Text<'a> {
    AsIs(&'a [u8]),
    Id,
    Date,
    Email,
    /// With its extension.
    File(&'a [u8]),
}

impl Text<'_> {
    fn len(&self) -> usize {
        match self {
            Text::AsIs(name) => name.len(),
            Text::Id => b"{id}".len(),
            Text::Date => b"{date}".len(),
            Text::Email => b"{email}".len(),
            Text::File(extension) => b"{file}.".len() + extension.len(),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Text::AsIs(name) => out.extend_from_slice(name),
            Text::Id => out.extend_from_slice(b"{id}"),
            Text::Date => out.extend_from_slice(b"{date}"),
            Text::Email => out.extend_from_slice(b"{email}"),
            Text::File(extension) => {
                out.extend_from_slice(b"{file}.");
                out.extend_from_slice(extension);
            }
        }
    }
}

impl<'a> Part<'a> {
    fn read(rest: &'a [u8]) -> Self {
        let mut seen = 0;
        let mut digits = 0;
        let mut len = 0;
        for &byte in rest {
            let class = CLASS[usize::from(byte)];
            if class == END {
                break;
            }
            seen |= class;
            digits += usize::from(class & DIGIT);
            len += 1;
        }
        let mut end = len;
        if rest.get(len) == Some(&b';') {
            let until = |byte: &u8| matches!(byte, b'/' | b'?' | b'#');
            end = rest.iter().position(until).unwrap_or(rest.len());
        }
        Part {
            name: &rest[..len],
            seen,
            digits,
            end,
        }
    }

    #[inline]
    fn text(&self) -> Text<'a> {
        // Nearly every part is a word or a number.
        if self.seen & !(HEX | LETTER | JOIN | BRACE) == 0 && self.name.len() < 16 {
            Text::AsIs(self.name)
        } else if self.seen == DIGIT {
            Text::Id
        } else {
            self.odd()
        }
    }

    /// Everything that is neither a short word nor a number.
    fn odd(&self) -> Text<'a> {
        let name = self.name;
        if self.seen & FOREIGN != 0 && memchr::memchr(b'@', name).is_some() {
            return Text::Email;
        }
        if is_date(name) {
            return Text::Date;
        }
        if self.seen & DOT != 0
            && let Some(extension) = extension(name)
        {
            // The extension's own digits do not make the name a token.
            let stem = &name[..name.len() - extension.len() - 1];
            if is_asset(extension) || self.is_token(stem) {
                return Text::File(extension);
            }
            return Text::AsIs(name);
        }
        if self.is_token(name) {
            Text::Id
        } else {
            Text::AsIs(name)
        }
    }

    /// Whether `name`, which is this part or the begin of it, is something that a machine or a user made up.
    fn is_token(&self, name: &[u8]) -> bool {
        if self.seen & FOREIGN != 0 || name.len() > PART_BYTES_MAX {
            return true;
        }
        if self.seen & BRACE != 0 || is_version(name) {
            return false;
        }
        if self.digits > 0 {
            let digits = name.iter().filter(|b| b.is_ascii_digit()).count();
            // a1b2c3d4, but neither iso8601 nor windows11
            if digits >= 3 && name.len() >= 8 {
                return true;
            }
            // 52.52,13.40
            if digits > 0 && !name.iter().any(u8::is_ascii_alphabetic) {
                return true;
            }
            // ORD-42
            let joins = |b: &u8| CLASS[usize::from(*b)] & (JOIN | DOT) != 0;
            let number = |word: &[u8]| word.len() >= 2 && word.iter().all(u8::is_ascii_digit);
            if digits >= 2 && name.split(joins).any(number) {
                return true;
            }
        }
        // Hashes and UUIDs of letters alone.
        let hex = |b: &u8| b.is_ascii_hexdigit();
        name.len() >= 16 && name.iter().all(hex) || is_uuid(name)
    }
}

/// Of `app.3f2a.js`: `js`. Short, begins with a letter, and there is a name before it.
fn extension(name: &[u8]) -> Option<&[u8]> {
    let dot = memchr::memrchr(b'.', name).filter(|&dot| dot > 0)?;
    let extension = &name[dot + 1..];
    let right = (1..=EXTENSION_BYTES_MAX).contains(&extension.len())
        && extension[0].is_ascii_alphabetic()
        && extension.iter().all(u8::is_ascii_alphanumeric);
    right.then_some(extension)
}

fn is_asset(extension: &[u8]) -> bool {
    let mut lower = [0; EXTENSION_BYTES_MAX];
    let Some(lower) = lower.get_mut(..extension.len()) else {
        return false;
    };
    lower.copy_from_slice(extension);
    lower.make_ascii_lowercase();
    // What pages load: no route of a service.
    matches!(
        &*lower,
        b"js"
            | b"avif"
            | b"bmp"
            | b"css"
            | b"eot"
            | b"gif"
            | b"glb"
            | b"gltf"
            | b"ico"
            | b"jpeg"
            | b"jpg"
            | b"map"
            | b"mjs"
            | b"mp3"
            | b"mp4"
            | b"obj"
            | b"otf"
            | b"pdf"
            | b"png"
            | b"stl"
            | b"svg"
            | b"ttf"
            | b"wasm"
            | b"webp"
            | b"woff"
            | b"woff2"
    )
}

/// 8-4-4-4-12 hexadecimal digits.
fn is_uuid(name: &[u8]) -> bool {
    let right = |(at, b): (usize, &u8)| match at {
        8 | 13 | 18 | 23 => *b == b'-',
        _ => b.is_ascii_hexdigit(),
    };
    name.len() == 36 && name.iter().enumerate().all(right)
}

/// `v2`, `v1.41`
fn is_version(name: &[u8]) -> bool {
    let number = |rest: &[u8]| rest.len() < 8 && rest.iter().all(|b| b.is_ascii_digit() || *b == b'.');
    matches!(name.split_first(), Some((b'v' | b'V', rest)) if number(rest))
}

/// `2026-11-22`
fn is_date(name: &[u8]) -> bool {
    name.len() == 10
        && name.iter().enumerate().all(|(at, b)| {
            if at == 4 || at == 7 {
                *b == b'-'
            } else {
                b.is_ascii_digit()
            }
        })
}

#[cfg(test)]
mod tests;
