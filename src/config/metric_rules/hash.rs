use crate::config::document::Table;
use crate::config::{Diagnostic, Diagnostics, Secret, Spanned, count};

/// Labels that show keyed hashes of their values: `hash_labels` and `hash_key`, of a metric or of `[metrics]`.
#[derive(Clone, Debug, PartialEq)]
pub struct HashRule {
    /// The labels' names; at least one.
    pub labels: Vec<Spanned<String>>,
    pub key: Secret,
}

/// The shortest key of a keyed hash, in bytes: below, trying all keys is no work.
const HASH_KEY_BYTES_MIN: usize = 16;

/// Takes both keys; one without the other is a mistake.
pub(in crate::config) fn take_hash(table: &mut Table, d: &mut Diagnostics) -> Option<HashRule> {
    table.require_together(["hash_labels", "hash_key"]);
    let labels = table.take_list("hash_labels", d);
    let key = take_hash_key(table, d)?;
    (!labels.is_empty()).then_some(HashRule { labels, key })
}

/// Takes `hash_key`.
pub(in crate::config) fn take_hash_key(table: &mut Table, d: &mut Diagnostics) -> Option<Secret> {
    let key = table.take_string("hash_key", d)?;
    if key.len() < HASH_KEY_BYTES_MIN {
        d.push(
            Diagnostic::error(format!(
                "`hash_key` has {}; whoever has the hashes can try all of them",
                count(key.len(), "byte")
            ))
            .at_value(&key, "")
            .help(format!(
                "use {HASH_KEY_BYTES_MIN} or more, best from outside of this file: `hash_key = \"${{HASH_KEY}}\"`"
            )),
        );
    }
    Some(Secret::new(key.value))
}
