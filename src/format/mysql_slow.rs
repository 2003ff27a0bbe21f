//! The slow query log of MySQL, MariaDB and Percona Server
//! (<https://dev.mysql.com/doc/refman/8.4/en/slow-query-log.html>).
//!
//! ```text
//! # Time: 261122 17:44:14                                    Time
//! # User@Host: shop[shop] @ web-1 [10.0.0.7]  Id:  8         User CurrentUser Host Ip Id
//! # Query_time: 2.000123  Lock_time: 0.000000 Rows_sent: 1   by their own names
//! # explain: …                                               not kept
//! use `shop`;                                                Database
//! SET timestamp=1795369454;                                  Timestamp
//! select sleep(2)                                            Query
//!   from t;
//! ```
//!
//! On the right the names under which a rule finds the values.

use super::Mismatch;
use super::rule::{FEW, Pairs, Rule, TooMany};
use crate::block::{self, Block, Marks};
use crate::pattern::Scene;

/// Reads one event. A text without a `# User@Host:` is none.
pub fn parse<'a>(rule: &Rule, text: &'a [u8], scene: &mut Scene<'a, '_>) -> Result<(), Mismatch> {
    let mut few = [0; FEW];
    let mut event = Event {
        pairs: Pairs::new(rule, &mut few, scene),
        user: false,
    };
    match event.read(text, scene) {
        Ok(()) if event.user => event
            .pairs
            .finish(scene)
            .map_err(|_| Mismatch::too_many_keys(text.len())),
        result => {
            event.pairs.undo(scene);
            Err(match result {
                Ok(()) => Mismatch {
                    at: 0,
                    expected: "a line `# User@Host:`",
                },
                Err(TooMany) => Mismatch::too_many_keys(text.len()),
            })
        }
    }
}

struct Event<'a, 'r> {
    pairs: Pairs<'a, 'r>,
    /// The line that says who asked was there.
    user: bool,
}

impl<'a> Event<'a, '_> {
    fn read(&mut self, text: &'a [u8], scene: &mut Scene<'a, '_>) -> Result<(), TooMany> {
        let mut rest = text;
        while let (line @ [b'#', ..], behind) = line(rest)
            && !line.starts_with(COMMAND)
        {
            self.header(line, scene)?;
            rest = behind;
        }
        loop {
            let (line, behind) = line(rest);
            if let Some(name) = line
                .strip_prefix(b"use ")
                .and_then(|name| name.strip_suffix(b";"))
            {
                let name = name.strip_prefix(b"`").unwrap_or(name);
                let name = name.strip_suffix(b"`").unwrap_or(name);
                self.pairs.put(b"Database", name, scene)?;
            } else if let Some(time) = timestamp(line) {
                self.pairs.put(b"Timestamp", time, scene)?;
            } else {
                break;
            }
            rest = behind;
        }
        let query = rest.trim_ascii();
        let query = query.strip_prefix(b"# ").unwrap_or(query);
        self.pairs
            .put(b"Query", query.strip_suffix(b";").unwrap_or(query), scene)
    }

    fn header(&mut self, line: &'a [u8], scene: &mut Scene<'a, '_>) -> Result<(), TooMany> {
        let Some(body) = line.strip_prefix(b"# ") else {
            return Ok(());
        };
        if body.starts_with(b"explain:") {
            return Ok(());
        }
        if let Some(time) = body.strip_prefix(b"Time: ") {
            return self.pairs.put(b"Time", time.trim_ascii(), scene);
        }
        let body = match body.strip_prefix(b"User@Host: ") {
            Some(who) => self.who(who, scene)?,
            None => body,
        };
        let (mut name, mut rest) = (None, body.trim_ascii_start());
        while !rest.is_empty() {
            let (word, behind) = rest.split_at(block::find(rest, 0, is_white).unwrap_or(rest.len()));
            rest = behind.trim_ascii_start();
            let before = std::mem::replace(&mut name, word.strip_suffix(b":"));
            if let (Some(before), None) = (before, name) {
                self.pairs.put(before, word, scene)?;
            }
        }
        Ok(())
    }

    /// `privileged[user] @ host [ip]`: what follows it. Names may have blanks.
    fn who(&mut self, who: &'a [u8], scene: &mut Scene<'a, '_>) -> Result<&'a [u8], TooMany> {
        let parts = || {
            let at = memchr::memmem::find(who, b"] @ ")?;
            let open = memchr::memchr(b'[', &who[..at])?;
            let place = &who[at + 4..];
            let ip = memchr::memchr(b'[', place)?;
            let end = ip + memchr::memchr(b']', &place[ip..])?;
            Some((
                &who[..open],
                &who[open + 1..at],
                &place[..ip],
                &place[ip + 1..end],
                &place[end + 1..],
            ))
        };
        let Some((user, current, host, ip, rest)) = parts() else {
            return Ok(who);
        };
        self.user = true;
        let name = if user.is_empty() { current } else { user };
        for (key, value) in [
            (&b"User"[..], name),
            (b"CurrentUser", current),
            (b"Host", host.trim_ascii()),
            (b"Ip", ip),
        ] {
            self.pairs.put(key, value, scene)?;
        }
        Ok(rest)
    }
}

/// What ends a word: as [`u8::is_ascii_whitespace`].
fn is_white(block: Block) -> Marks {
    block.is(b' ') | block.within(b'\t', b'\n') | block.within(b'\x0c', b'\r')
}

/// What a client did that is no query; it stands where the query would.
const COMMAND: &[u8] = b"# administrator command: ";

/// The first line without its end, and what is behind it.
fn line(text: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b'\n', text) {
        Some(end) => (&text[..end], &text[end + 1..]),
        None => (text, &[]),
    }
}

/// The number in `SET timestamp=1795369454;`, where `last_insert_id=7,` may stand before it.
fn timestamp(line: &[u8]) -> Option<&[u8]> {
    let list = line.strip_prefix(b"SET ")?.strip_suffix(b";")?;
    list.split(|&byte| byte == b',').find_map(|part| {
        let number = part.trim_ascii().strip_prefix(b"timestamp=")?;
        let digits = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
        (!number.is_empty() && number.iter().all(digits)).then_some(number)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::event::Schema;
    use crate::format::rule::Rest;
    use crate::format::tests::parsed;

    fn run(text: &[u8]) -> Option<serde_json::Value> {
        let mut schema = Schema::default();
        let rule = Rule::new(
            &[],
            Rest::Keep {
                prefix: String::new(),
            },
            &mut schema,
        );
        parsed(&schema, |text, scene| parse(&rule, text, scene), text)
    }

    #[test]
    fn every_part_has_its_name() {
        let text = "# Time: 261122 17:44:14\n# User@Host: a b[c] @ web-1 [10.0.0.7]  Id:   8\n\
            # Thread_id: 5  Schema:   QC_hit: No\n#\n# explain: id\ttype: x\nuse `shop`;\n\
            SET last_insert_id=3,timestamp=1795369454;\nselect '# Time: 1'\n  from t;\n";
        assert_eq!(
            run(text.as_bytes()),
            Some(json!({
                "Time": "261122 17:44:14", "User": "a b", "CurrentUser": "c", "Host": "web-1", "Ip": "10.0.0.7", "Id": "8",
                "Thread_id": "5", "QC_hit": "No", "Database": "shop", "Timestamp": "1795369454",
                "Query": "select '# Time: 1'\n  from t",
            }))
        );
        assert_eq!(run(b"# Time: 261122 17:44:14\nselect 1;"), None);
        assert_eq!(run(b"select 1;"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_taken(parts in prop::collection::vec(prop_oneof![
            prop::sample::select(vec!["# Time: ", "# User@Host: ", "[a] @ ", " []", "\n", "# ", "use `", ";", "SET timestamp=", "1", ": ", "explain:"])
                .prop_map(|part| part.as_bytes().to_vec()),
            prop::collection::vec(any::<u8>(), 0..4),
        ], 0..16)) {
            run(&parts.concat());
        }
    }
}
