//! The tables of changes from TOML.

use std::path::Path;
use std::sync::Arc;

use super::change::{
    ChangeRules, DropRule, LevelNumbers, LevelRule, LookupRule, RedactRule, SampleRule, Selection, Sensitive,
};
use crate::config::document::Table;
use crate::config::metric_rules::take_hash_key;
use crate::config::{Diagnostic, Diagnostics, LookupTable, SourceFile, Spanned, Surroundings, suggestion};

/// Takes everything that changes events from the file's own table.
pub(super) fn read_changes(
    root: &mut Table,
    surroundings: &dyn Surroundings,
    d: &mut Diagnostics,
) -> ChangeRules {
    let level = root.take_table("level", d).map(|table| read_level(table, d));
    let lookups = root.take_tables("lookup", d);
    let lookups = lookups
        .into_iter()
        .filter_map(|table| read_lookup(table, surroundings, d))
        .collect();
    let renames = root.take_map("rename", d);
    let drops = root.take_tables("drop", d);
    let drops = drops.into_iter().map(|table| read_drop(table, d)).collect();
    let samples = root.take_tables("sample", d);
    let samples = samples
        .into_iter()
        .filter_map(|table| read_sample(table, d))
        .collect();
    let redacts = root.take_tables("redact", d);
    let redacts = redacts.into_iter().map(|table| read_redact(table, d)).collect();
    ChangeRules {
        level,
        lookups,
        renames,
        drops,
        samples,
        redacts,
        remove: root.take_list("remove", d),
    }
}

fn read_level(mut table: Table, d: &mut Diagnostics) -> LevelRule {
    let numbers = [
        ("syslog", LevelNumbers::Syslog),
        ("bunyan", LevelNumbers::Bunyan),
        ("python", LevelNumbers::Python),
    ];
    let rule = LevelRule {
        from: table.take_name("from", d),
        numbers: table
            .take_choice("numbers", &numbers, d)
            .map_or(LevelNumbers::default(), |numbers| numbers.value),
    };
    table.finish(d);
    rule
}

fn read_lookup(mut table: Table, surroundings: &dyn Surroundings, d: &mut Diagnostics) -> Option<LookupRule> {
    table.require("field", "field = \"source.ip\"");
    table.require("file", "file = \"hosts.csv\"");
    let field = table.take_name("field", d);
    let file = table.take_name("file", d);
    table.finish(d);
    let file = file?;
    let path = beside(&file.file, &file.value);
    let table = LookupTable::read(&path, &file, surroundings, d)?;
    Some(LookupRule { field: field?, table })
}

/// A path as the pipeline file means it: relative to its own folder.
fn beside(file: &Arc<SourceFile>, path: &str) -> std::path::PathBuf {
    let folder = Path::new(file.name()).parent().unwrap_or(Path::new(""));
    folder.join(path)
}

fn read_selection(table: &mut Table, d: &mut Diagnostics) -> Selection {
    let mut selection = Selection::default();
    for (field, node) in table.take_nodes("values", d) {
        let values = table.scalars(&field, node, d);
        selection.values.push((field, values));
    }
    for (field, node) in table.take_nodes("matches", d) {
        let patterns = table.strings(&field, node, d);
        selection.matches.push((field, patterns));
    }
    selection
}

fn read_counted(table: &mut Table, d: &mut Diagnostics) -> bool {
    table.take_bool("counted", d).is_none_or(|counted| counted.value)
}

fn read_drop(mut table: Table, d: &mut Diagnostics) -> DropRule {
    let when = read_selection(&mut table, d);
    if when.is_empty() && !table.incomplete {
        d.push(
            Diagnostic::error("this drops every event")
                .at(table.place(""))
                .help("say which: `values = { \"log.level\" = \"DEBUG\" }`, or `matches = { \"url.path\" = '/health{_}' }`"),
        );
    }
    let counted = read_counted(&mut table, d);
    table.finish(d);
    DropRule { when, counted }
}

fn read_sample(mut table: Table, d: &mut Diagnostics) -> Option<SampleRule> {
    table.require("keep", "keep = 0.1");
    let when = read_selection(&mut table, d);
    let keep = table.take_float("keep", d);
    if let Some(keep) = &keep
        && !(keep.value > 0.0 && keep.value < 1.0)
    {
        d.push(
            Diagnostic::error(format!("`keep` is {}, which is no share", keep.value))
                .at_value(keep, "must be above 0 and below 1")
                .help("write 0.1 to ship one event in ten; `[[drop]]` ships none"),
        );
    }
    let by = table.take_name("by", d);
    let counted = read_counted(&mut table, d);
    table.finish(d);
    Some(SampleRule {
        when,
        keep: keep?.value,
        by,
        counted,
    })
}

fn read_redact(mut table: Table, d: &mut Diagnostics) -> RedactRule {
    if !table.has("fields") && !table.has("find") && !table.incomplete {
        d.push(
            Diagnostic::error("this redacts nothing")
                .at(table.place(""))
                .help("name `fields = [\"user.name\"]`, or say what to look for in all of them: `find = [\"emails\"]`"),
        );
    }
    let fields = table.take_list("fields", d);
    let words = table.take_list("find", d);
    let find = words.iter().filter_map(|word| read_sensitive(word, d)).collect();
    let hash_key = take_hash_key(&mut table, d);
    table.finish(d);
    RedactRule {
        fields,
        find,
        hash_key,
    }
}

fn read_sensitive(word: &Spanned<String>, d: &mut Diagnostics) -> Option<Sensitive> {
    let known = Sensitive::WORDS.iter().find(|(name, _)| *name == word.value);
    if known.is_none() {
        let words = Sensitive::WORDS.map(|(name, _)| name);
        d.push(
            Diagnostic::error(format!("unknown value `{}` for `find`", word.value))
                .at_value(word, "")
                .help(suggestion::remedy(word, &words, "known values")),
        );
    }
    known.map(|(_, sensitive)| *sensitive)
}
