//! Addresses: IP, and host with port.

use super::number::digit;
use super::scene::Keep;
use super::{Read, fail};
use crate::block::{self, Block};
use crate::event::{FieldId, Schema, Value};

/// The longest text of an IPv6 address: eight groups of four, the last two as an IPv4 address.
const V6_BYTES_MAX: usize = 45;

/// An IPv4 address as four decimal numbers without leading zeros, or an IPv6 address without a zone; as it is.
#[inline]
pub(super) fn ip(input: &[u8]) -> Read<'_, &[u8]> {
    let length = match v4(input) {
        // `::ffff:1.2.3.4` is read as a whole below; `1.2.3.4:80` is an IPv4 address and a port.
        Some(length) => length,
        None => match v6(input) {
            Some(length) => length,
            None => return fail(),
        },
    };
    let (text, rest) = input.split_at(length);
    Ok((rest, text))
}

/// Length of the IPv4 address at the beginning. Octets have one to three digits, and which is not to be foreseen: so
/// nothing here branches on it.
fn v4(input: &[u8]) -> Option<usize> {
    // As text, with the last digit in the lowest byte: the smallest number of one, two and three digits (a leading zero
    // would make it octal to some readers), and the largest of all.
    const LEAST: [u32; 4] = [
        0,
        u32::from_be_bytes([0, 0, 0, b'0']),
        u32::from_be_bytes([0, 0, b'1', b'0']),
        u32::from_be_bytes([0, b'1', b'0', b'0']),
    ];
    const MOST: u32 = u32::from_be_bytes([0, b'2', b'5', b'5']);
    // One byte more than the longest address.
    let bytes = block::first(input);
    let block = Block::new(&bytes);
    let (digits, dots) = (block.within(b'0', b'9').bits(), block.is(b'.').bits());
    let mut at = 0;
    for more in [true, true, true, false] {
        let length = (!(digits >> at)).trailing_zeros() as usize;
        if !(1..=3).contains(&length) {
            return None;
        }
        let number = u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?) >> (32 - 8 * length);
        if number < LEAST[length] || number > MOST {
            return None;
        }
        at += length;
        if more {
            if dots >> at & 1 == 0 {
                return None;
            }
            at += 1;
        }
    }
    Some(at)
}

/// Length of the IPv6 address at the beginning. A colon or full stop right behind it is not part of it.
fn v6(input: &[u8]) -> Option<usize> {
    let run = input
        .iter()
        .take(V6_BYTES_MAX + 1)
        .take_while(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'))
        .count();
    // Only a text with a colon can be one; this spares the words that merely begin with a to f.
    if !input[..run].contains(&b':') {
        return None;
    }
    let valid = |length: usize| is_v6(&input[..length]).then_some(length);
    valid(run).or_else(|| match input[run - 1] {
        b':' | b'.' => valid(run - 1),
        _ => None,
    })
}

/// How many groups of sixteen bits an IPv6 address has.
const V6_GROUPS: usize = 8;

/// Whether all of `text` is an IPv6 address (RFC 4291, section 2.2): eight groups, where `::` stands once for one group
/// or more.
fn is_v6(text: &[u8]) -> bool {
    if text.len() > V6_BYTES_MAX {
        return false;
    }
    match text.windows(2).position(|two| two == b"::") {
        None => groups(text, true) == Some(V6_GROUPS),
        Some(at) => match (groups(&text[..at], false), groups(&text[at + 2..], true)) {
            (Some(before), Some(behind)) => before + behind < V6_GROUPS,
            _ => false,
        },
    }
}

/// How many groups there are with a colon between them, each of one to four hexadecimal digits. The last two may be an
/// IPv4 address where the text `ends` the whole.
fn groups(text: &[u8], ends: bool) -> Option<usize> {
    if text.is_empty() {
        return Some(0);
    }
    let (mut groups, mut digits) = (1, 0);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b':' if digits > 0 => (groups, digits) = (groups + 1, 0),
            b'.' if ends => {
                let last = &text[at - digits..];
                return (v4(last) == Some(last.len())).then_some(groups + 1);
            }
            _ if byte.is_ascii_hexdigit() && digits < 4 => digits += 1,
            _ => return None,
        }
    }
    (digits > 0).then_some(groups)
}

/// Whether all of `text` is an IP address.
fn is_ip(text: &[u8]) -> bool {
    matches!(ip(text), Ok(([], _)))
}

/// The fields of a capture `name:endpoint`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EndpointFields {
    ip: FieldId,
    domain: FieldId,
    port: FieldId,
}

impl EndpointFields {
    pub fn names(name: &str) -> [String; 3] {
        [
            format!("{name}.ip"),
            format!("{name}.domain"),
            format!("{name}.port"),
        ]
    }

    pub fn new(name: &str, schema: &mut Schema) -> Self {
        let [ip, domain, port] = Self::names(name).map(|name| schema.intern(&name));
        EndpointFields { ip, domain, port }
    }

    pub fn all(self) -> [FieldId; 3] {
        [self.ip, self.domain, self.port]
    }
}

/// `1.2.3.4:80`, `[::1]:80`, `::1`, `name:80`, `1.2.3.4(80)` (PostgreSQL): the address as `.ip` or `.domain`,
/// and the port if one is there. Anything else without white space is a domain.
///
/// An IPv6 address without brackets and the port behind it can be told apart only where the whole is no address,
/// which a port of five digits ensures: `::1:33774`.
pub(super) fn endpoint<'a>(text: &'a [u8], fields: Option<EndpointFields>, keep: &mut impl Keep<'a>) -> bool {
    if text.is_empty() || text.iter().any(u8::is_ascii_whitespace) {
        return false;
    }
    let (host, port) = split_port(text);
    let Some(fields) = fields else {
        return true;
    };
    let bare = match host {
        [b'[', inner @ .., b']'] if is_ip(inner) => inner,
        _ => host,
    };
    let field = if is_ip(bare) { fields.ip } else { fields.domain };
    keep.put(field, Value::Text(bare));
    if let Some(port) = port {
        keep.put(fields.port, Value::Int(port));
    }
    true
}

/// The host and, if the end of `text` is one, the port.
pub(super) fn split_port(text: &[u8]) -> (&[u8], Option<i64>) {
    if is_ip(text) {
        return (text, None);
    }
    let (body, mark) = match text {
        [inner @ .., b')'] => (inner, b'('),
        _ => (text, b':'),
    };
    if let Some(at) = memchr::memrchr(mark, body)
        && at > 0
        && let Some(port) = port(&body[at + 1..])
    {
        return (&body[..at], Some(port));
    }
    (text, None)
}

/// A port number: one to five digits, at most 65535.
fn port(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > 5 {
        return None;
    }
    let mut value = 0;
    for &byte in text {
        value = value * 10 + i64::from(digit(byte)?);
    }
    (value <= 65_535).then_some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pattern::capture::tests::converted;

    fn length(text: &str) -> Option<usize> {
        ip(text.as_bytes()).ok().map(|(_, address)| address.len())
    }

    #[test]
    fn addresses() {
        for (text, expected) in [
            ("127.0.0.1", Some(9)),
            ("127.0.0.1 - -", Some(9)),
            ("127.0.0.1:46354", Some(9)),
            ("255.255.255.255", Some(15)),
            ("0.0.0.0", Some(7)),
            ("256.0.0.1", None),
            ("1.2.3", None),
            ("01.2.3.4", None),
            ("1.2.3.4.5", Some(7)),
            ("::1", Some(3)),
            ("::1 -", Some(3)),
            ("::", Some(2)),
            ("2001:db8::42:1] x", Some(14)),
            ("::ffff:10.0.0.1", Some(15)),
            ("fe80::1: message", Some(7)),
            ("::1.", Some(3)),
            ("2001:db8:::1", None),
            ("dead", None),
            ("shop.example.com", None),
            ("", None),
            ("-", None),
        ] {
            assert_eq!(length(text), expected, "{text}");
        }
    }

    #[test]
    fn endpoints() {
        for (text, expected) in [
            ("127.0.0.1:46354", "c.ip=127.0.0.1 c.port=46354"),
            ("127.0.0.1", "c.ip=127.0.0.1"),
            ("[::1]:8080", "c.ip=::1 c.port=8080"),
            ("[2001:db8::1]", "c.ip=2001:db8::1"),
            ("::1", "c.ip=::1"),
            ("::1:33774", "c.ip=::1 c.port=33774"),
            ("shop.example.com:443", "c.domain=shop.example.com c.port=443"),
            ("shop.example.com", "c.domain=shop.example.com"),
            ("127.0.0.1(38988)", "c.ip=127.0.0.1 c.port=38988"),
            ("host:99999", "c.domain=host:99999"),
            ("unix:", "c.domain=unix:"),
            ("[local]", "c.domain=[local]"),
            ("x(y)", "c.domain=x(y)"),
        ] {
            assert_eq!(
                converted("endpoint", "c", text).as_deref(),
                Some(expected),
                "{text}"
            );
        }
        assert_eq!(converted("endpoint", "c", ""), None);
        assert_eq!(converted("endpoint", "c", "a b"), None);
    }

    proptest! {
        #[test]
        fn every_address_is_read(four: std::net::Ipv4Addr, six: std::net::Ipv6Addr) {
            let (four, six) = (four.to_string(), six.to_string());
            prop_assert_eq!(length(&four), Some(four.len()));
            prop_assert_eq!(length(&six), Some(six.len()));
        }

        #[test]
        fn the_standard_library_takes_the_same(text in prop_oneof![
            "[0-9a-f:.]{0,50}",
            "([0-9a-fA-F]{0,5}(:|::)){0,9}([0-9a-f]{0,5}|([0-9]{1,3}\\.){0,4}[0-9]{0,3})",
            any::<std::net::Ipv6Addr>().prop_map(|six| six.to_string()),
        ]) {
            prop_assert_eq!(is_v6(text.as_bytes()), text.parse::<std::net::Ipv6Addr>().is_ok(), "{}", text);
        }

        #[test]
        fn what_is_read_is_an_address(text in "[0-9a-f:.]{0,50}") {
            if let Some(length) = length(&text) {
                prop_assert!(text[..length].parse::<std::net::IpAddr>().is_ok());
            }
        }
    }
}
