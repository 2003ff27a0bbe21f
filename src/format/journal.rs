//! journald's export format (<https://systemd.io/JOURNAL_EXPORT_FORMATS/#journal-export-format>): fields line by line, and
//! what has line ends or other control characters as bytes with their number before them.
//!
//! ```text
//! PRIORITY=6↵
//! MESSAGE↵ <8 bytes: the length, the lowest first> <so many bytes> ↵
//! ↵                                                 the entry ends
//! ```

use super::Mismatch;
use super::rule::{FEW, Pairs, Rule};
use crate::block;
use crate::pattern::Scene;

/// One field, and how many bytes it takes with its line end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    pub name: &'a [u8],
    pub value: &'a [u8],
    pub bytes: usize,
}

/// Why there is no field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoField {
    /// More may come.
    Short,
    /// Whatever comes, this is none: what would be the field has so many bytes.
    Broken { bytes: usize },
}

/// The field at the beginning of `text`. The last line end of an entry may be missing.
pub fn field(text: &[u8]) -> Result<Field<'_>, NoField> {
    let end = block::find(text, 0, |block| block.is(b'=') | block.is(b'\n')).ok_or(NoField::Short)?;
    let name = &text[..end];
    let known = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
    if name.is_empty() || !name.iter().all(known) {
        return Err(NoField::Broken { bytes: 0 });
    }
    if text[end] == b'=' {
        let rest = &text[end + 1..];
        let value = memchr::memchr(b'\n', rest);
        return Ok(Field {
            name,
            value: &rest[..value.unwrap_or(rest.len())],
            bytes: end + 1 + value.map_or(rest.len(), |value| value + 1),
        });
    }
    let (length, rest) = text[end + 1..].split_first_chunk().ok_or(NoField::Short)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| NoField::Short)?;
    let value = rest.get(..length).ok_or(NoField::Short)?;
    match rest.get(length) {
        None | Some(b'\n') => Ok(Field {
            name,
            value,
            bytes: text.len() - rest.len() + length + usize::from(rest.len() > length),
        }),
        Some(_) => Err(NoField::Broken {
            bytes: text.len() - rest.len() + length + 1,
        }),
    }
}

/// Reads one entry, without the blank line behind it.
pub fn parse<'a>(rule: &Rule, text: &'a [u8], scene: &mut Scene<'a, '_>) -> Result<(), Mismatch> {
    let mut few = [0; FEW];
    let mut pairs = Pairs::new(rule, &mut few, scene);
    let mut at = 0;
    loop {
        let put = field(&text[at..]).ok().and_then(|field| {
            pairs.put(field.name, field.value, scene).ok()?;
            Some(field.bytes)
        });
        let Some(bytes) = put else {
            pairs.undo(scene);
            return Err(Mismatch {
                at,
                expected: "`NAME=value`, or a name and a value whose length stands before it",
            });
        };
        at += bytes;
        if at < text.len() {
            continue;
        }
        return pairs.finish(scene).map_err(|_| {
            pairs.undo(scene);
            Mismatch::too_many_keys(at)
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::event::Schema;
    use crate::format::rule::{Key, Rest, Take};
    use crate::format::tests::parsed;

    fn run(text: &[u8]) -> Option<serde_json::Value> {
        let mut schema = Schema::default();
        let key = Key {
            source: "M".to_owned(),
            field: "message".to_owned(),
            take: Take::Plain,
            optional: false,
        };
        let rest = Rest::Keep {
            prefix: String::new(),
        };
        let rule = Rule::new(&[key], rest, &mut schema);
        parsed(&schema, |text, scene| parse(&rule, text, scene), text)
    }

    #[test]
    fn lines_and_binary_fields() {
        for (text, expected) in [
            (&b"A=b=c\nM="[..], Some(json!({"A": "b=c"}))),
            (
                b"M\n\x03\0\0\0\0\0\0\0x\ny\nA=1\n",
                Some(json!({"message": "x\ny", "A": "1"})),
            ),
            (b"M\n\x03\0\0\0\0\0\0\0x\ny", Some(json!({"message": "x\ny"}))),
            (b"M\n\x03\0\0\0\0\0\0\0x\nyz", None),
            (b"M\n\xff\xff\xff\xff\xff\xff\xff\xffx", None),
            (b"M\n\x03", None),
            (b"no field=1", None),
            (b"A=1\n=2", None),
            (b"", None),
        ] {
            assert_eq!(run(text), expected, "{}", text.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(text: Vec<u8>, value: Vec<u8>) {
            run(&text);
            let mut entry = b"M\n".to_vec();
            entry.extend_from_slice(&(value.len() as u64).to_le_bytes());
            entry.extend_from_slice(&value);
            entry.extend_from_slice(b"\nA=1");
            let found = run(&entry).unwrap();
            let text = String::from_utf8_lossy(&value);
            prop_assert_eq!(found["message"].as_str().unwrap_or_default(), text);
        }
    }
}
