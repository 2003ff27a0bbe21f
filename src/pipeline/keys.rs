//! `[parse.keys]`: which key of a JSON or logfmt line becomes which field.

use crate::config::{Diagnostic, Diagnostics, KeyRule, KeySource, PipelineFile, Rest, suggestion};
use crate::encode::TIMESTAMP;
use crate::event::Schema;
use crate::format::csv::Csv;
use crate::format::host::JsonKey;
use crate::format::rule::{self, Key, Rule, Take};
use crate::pattern::{Capture, Kind};

/// The table of the file, compiled.
pub fn rule(file: &PipelineFile, schema: &mut Schema, diagnostics: &mut Diagnostics) -> Rule {
    of_keys(&file.parse.keys, rest(file), schema, diagnostics)
}

/// Likewise of any table of keys.
pub fn of_keys(
    written: &[KeyRule],
    rest: rule::Rest,
    schema: &mut Schema,
    diagnostics: &mut Diagnostics,
) -> Rule {
    let mut keys = Vec::new();
    for written in written {
        for source in &written.sources {
            let take = take(source, diagnostics);
            if written.field.value == TIMESTAMP && !matches!(take, Take::Kind(Kind::Time(_))) {
                diagnostics.push(
                    Diagnostic::error(format!("`{TIMESTAMP}` must be a time"))
                        .at_value(&source.key, "")
                        .help(format!(
                            "write its form behind the key, such as `{}:when`",
                            source.key.value
                        )),
                );
            }
            keys.push(Key {
                source: source.key.value.clone(),
                field: written.field.value.clone(),
                take,
                optional: source.optional,
            });
        }
    }
    Rule::new(&keys, rest, schema)
}

/// The table that a host's format string gives.
pub fn rule_of_host(table: &[JsonKey], file: &PipelineFile, schema: &mut Schema) -> Rule {
    let keys: Vec<Key> = table
        .iter()
        .map(|key| Key {
            source: key.source.clone(),
            field: key.field.clone(),
            take: key.kind.and_then(Kind::by_name).map_or(Take::Plain, Take::Kind),
            optional: key.optional,
        })
        .collect();
    Rule::new(&keys, rest(file), schema)
}

/// The columns of comma-separated values.
pub fn columns(file: &PipelineFile, schema: &mut Schema, diagnostics: &mut Diagnostics) -> Csv {
    if file.parse.columns.is_empty()
        && let Some(builtin) = &file.parse.builtin
    {
        diagnostics.push(
            Diagnostic::error("`csv` has no columns".to_owned())
                .at_value(builtin, "")
                .help(
                    "name them in their order: `columns = [\"@timestamp:datetime\", \"user.name\", \"_\"]`",
                ),
        );
    }
    for (at, column) in file.parse.columns.iter().enumerate() {
        let name = &column.key;
        let is_before = |other: &KeySource| other.key.value == name.value && name.value != "_";
        if file.parse.columns[..at].iter().any(is_before) {
            diagnostics.push(
                Diagnostic::error(format!("two columns are called `{}`", name.value))
                    .at_value(name, "")
                    .help("give one of the two another name, or `_` to keep nothing"),
            );
        }
    }
    Csv::new(file.parse.columns.iter().map(|column| {
        let kind = match take(column, diagnostics) {
            Take::Kind(kind) => kind,
            Take::Plain | Take::Raw => Kind::Text,
        };
        (column.key.value != "_").then(|| Capture::new(kind, &column.key, schema))
    }))
}

fn take(source: &KeySource, diagnostics: &mut Diagnostics) -> Take {
    let Some(kind) = &source.kind else {
        return Take::Plain;
    };
    match Kind::by_name(kind) {
        Some(kind) => Take::Kind(kind),
        None => {
            let names: Vec<&str> = Kind::names().collect();
            diagnostics.push(
                Diagnostic::error(format!("unknown kind `{}`", kind.value))
                    .at_value(kind, "")
                    .help(suggestion::remedy(kind, &names, "there are")),
            );
            Take::Plain
        }
    }
}

fn rest(file: &PipelineFile) -> rule::Rest {
    let keep = |prefix: &str| rule::Rest::Keep {
        prefix: prefix.to_owned(),
    };
    match &file.parse.rest {
        Rest::Labels => keep("labels."),
        Rest::Root => keep(""),
        Rest::Under(prefix) => keep(prefix),
        Rest::Drop => rule::Rest::Drop,
    }
}
