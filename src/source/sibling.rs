//! Names that rotation gives: `app.log` → `app.log.1`, `app.log-20261122`, `app-2026-11-22.log`, `app.log.2.gz`.

use std::cmp::Reverse;

/// The name of a rotated file, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The name that the file had before it was rotated.
    pub base: String,
    pub order: Order,
    pub packed: Packed,
}

/// What a rotated file's name says about its age.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// `.1`, `.2`: the higher, the older.
    Number(u32),
    /// A date or a time: the higher, the younger.
    Stamp(String),
    /// `.old` and the like.
    Old,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Packed {
    No,
    Gz,
    /// Compressed in a way that this program does not read.
    Unreadable,
}

impl Order {
    /// By this, files are in the order in which they were rotated, as far as their names say it.
    pub fn age(&self) -> (Reverse<u32>, &str) {
        match self {
            Order::Number(number) => (Reverse(*number), ""),
            Order::Stamp(stamp) => (Reverse(0), stamp),
            Order::Old => (Reverse(0), ""),
        }
    }

    /// Whether a file with this name was rotated after the other; `None` where the names do not say.
    pub fn is_younger_than(&self, other: &Order) -> Option<bool> {
        match (self, other) {
            (Order::Number(one), Order::Number(other)) => Some(one < other),
            (Order::Stamp(one), Order::Stamp(other)) if one.len() == other.len() => Some(one > other),
            _ => None,
        }
    }
}

/// How a compressed file's name ends.
pub fn packed(name: &str) -> (&str, Packed) {
    if let Some(plain) = name.strip_suffix(".gz") {
        return (plain, Packed::Gz);
    }
    for ending in [".bz2", ".xz", ".zst", ".lz4", ".Z", ".zip", ".lzma"] {
        if let Some(plain) = name.strip_suffix(ending) {
            return (plain, Packed::Unreadable);
        }
    }
    (name, Packed::No)
}

/// Every way in which `name` can be the name of a rotated file: a name may be read in more than one way
/// (`app.log.2026-11-22.1` comes from `app.log` or from `app.log.2026-11-22`), so ask for each base whether it
/// is one.
pub fn rotated(name: &str) -> Vec<Rotated> {
    let (plain, packed) = packed(name);
    let mut ways = Vec::new();
    let bytes = plain.as_bytes();
    for from in 1..bytes.len() {
        if !is_separator(bytes[from]) {
            continue;
        }
        // What rotation added at the end.
        if let Some(order) = order(&plain[from..]) {
            ways.push(Rotated {
                base: plain[..from].to_owned(),
                order,
                packed,
            });
        }
        // What rotation added before the extension.
        for to in from + 2..bytes.len() {
            if bytes[to] == b'.'
                && to + 1 < bytes.len()
                && !bytes[to + 1].is_ascii_digit()
                && let Some(order) = order(&plain[from..to])
            {
                ways.push(Rotated {
                    base: format!("{}{}", &plain[..from], &plain[to..]),
                    order,
                    packed,
                });
            }
        }
    }
    // `app.log` itself is what `app.log.gz` was made from.
    if packed != Packed::No {
        ways.push(Rotated {
            base: plain.to_owned(),
            order: Order::Old,
            packed,
        });
    }
    ways
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b'.' | b'-' | b'_' | b'@')
}

/// Reads what rotation added, separator included.
fn order(added: &str) -> Option<Order> {
    let text = &added[1..];
    if ["old", "prev", "previous", "bak", "backup", "rotated"].contains(&text) {
        return Some(Order::Old);
    }
    let in_stamp =
        |byte: u8| byte.is_ascii_digit() || is_separator(byte) || matches!(byte, b'T' | b'Z' | b':' | b'+');
    if !text.as_bytes().first().is_some_and(u8::is_ascii_digit) || !text.bytes().all(in_stamp) {
        return None;
    }
    match text.parse() {
        // Five digits are a number, six are a month.
        Ok(number) if text.len() <= 5 => Some(Order::Number(number)),
        _ => Some(Order::Stamp(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(name: &str, base: &str) -> Option<(Order, Packed)> {
        let mut ways = rotated(name).into_iter().filter(|way| way.base == base);
        let way = ways.next().map(|way| (way.order, way.packed));
        assert_eq!(ways.next(), None, "{name}");
        way
    }

    #[test]
    fn the_names_that_rotation_gives() {
        let stamp = |text: &str| Order::Stamp(text.to_owned());
        for (name, base, order, packed) in [
            ("app.log.1", "app.log", Order::Number(1), Packed::No),
            ("app.log.12.gz", "app.log", Order::Number(12), Packed::Gz),
            ("app.log-20261122", "app.log", stamp("20261122"), Packed::No),
            (
                "app.log-20261122.xz",
                "app.log",
                stamp("20261122"),
                Packed::Unreadable,
            ),
            (
                "app.log.2026-11-22_10-30",
                "app.log",
                stamp("2026-11-22_10-30"),
                Packed::No,
            ),
            ("app-2026-11-22.log", "app.log", stamp("2026-11-22"), Packed::No),
            (
                "app-2026-11-22.1.log.gz",
                "app.log",
                stamp("2026-11-22.1"),
                Packed::Gz,
            ),
            ("app.1.log", "app.log", Order::Number(1), Packed::No),
            (
                "app_20261122T103000Z.log",
                "app.log",
                stamp("20261122T103000Z"),
                Packed::No,
            ),
            (
                "0.log.20261122-103000",
                "0.log",
                stamp("20261122-103000"),
                Packed::No,
            ),
            ("Xorg.0.log.old", "Xorg.0.log", Order::Old, Packed::No),
            ("syslog.1", "syslog", Order::Number(1), Packed::No),
            ("app.log.gz", "app.log", Order::Old, Packed::Gz),
        ] {
            assert_eq!(from(name, base), Some((order, packed)), "{name}");
        }
    }

    #[test]
    fn other_names_are_not_taken_for_rotated_ones() {
        for name in [
            "app.log",
            "app-error.log",
            "app.log.swp",
            "app.log~",
            "app.logs",
            "xapp.log.1",
            "",
            ".",
            "1",
        ] {
            assert_eq!(from(name, "app.log"), None, "{name}");
        }
    }

    #[test]
    fn names_say_which_file_is_younger() {
        let stamp = |text: &str| Order::Stamp(text.to_owned());
        assert_eq!(Order::Number(1).is_younger_than(&Order::Number(2)), Some(true));
        assert_eq!(stamp("20261123").is_younger_than(&stamp("20261122")), Some(true));
        assert_eq!(stamp("20261122").is_younger_than(&stamp("20261122")), Some(false));
        assert_eq!(stamp("2026112210").is_younger_than(&stamp("20261122")), None);
        assert_eq!(Order::Old.is_younger_than(&Order::Number(1)), None);
    }
}
