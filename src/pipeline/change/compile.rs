use crate::config::{self, ChangeRules, Diagnostic, Diagnostics, Spanned};
use crate::derive::{Condition, KeyedHash};
use crate::event::{FieldId, Schema};
use crate::pattern::Program;
use crate::pipeline::metrics;
use crate::pipeline::written::syntax_diagnostic;

use super::Changes;
use super::fate::{Fate, Share};
use super::level::Level;
use super::lookup::Lookup;
use super::redact::Redact;
use super::selection::Selection;

/// The fields of a pipeline, while its changes are compiled.
pub(in crate::pipeline) struct Names<'s> {
    pub schema: &'s mut Schema,
    /// Keys that the pipeline does not name become fields behind these prefixes: such a field may be there.
    pub open: Vec<String>,
}

impl Names<'_> {
    /// A field that something before sets.
    fn known(&mut self, name: &Spanned<String>, d: &mut Diagnostics) -> Option<FieldId> {
        let open = || self.open.iter().any(|prefix| name.starts_with(prefix.as_str()));
        if self.schema.get(name).is_some() || open() {
            return Some(self.schema.intern(name));
        }
        let names: Vec<&str> = self.schema.iter().map(|(_, name)| name).collect();
        let help = match config::suggestion::closest(name, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                "name a field that a pattern, [parse.keys], [[extract]], [[lookup]] or [set] sets".to_owned()
            }
        };
        d.push(
            Diagnostic::error(format!(
                "nothing in this pipeline sets the field `{}`",
                name.value
            ))
            .at_value(name, "unknown field")
            .help(help),
        );
        None
    }
}

/// Compiles the changes of a pipeline; what cannot be is reported and left out.
pub(in crate::pipeline) fn compile(
    rules: &ChangeRules,
    names: &mut Names<'_>,
    d: &mut Diagnostics,
) -> Changes {
    let mut changes = Changes::default();
    if let Some(rule) = &rules.level {
        let from = match &rule.from {
            Some(name) => names.known(name, d),
            None => Some(names.schema.intern("log.level")),
        };
        changes.level = from.map(|from| Level {
            from,
            to: names.schema.intern("log.level"),
            numbers: rule.numbers,
        });
    }
    for rule in &rules.lookups {
        if let Some(field) = names.known(&rule.field, d) {
            changes
                .lookups
                .push(Lookup::new(field, &rule.table, names.schema));
        }
    }
    for (old, new) in &rules.renames {
        if let Some(from) = names.known(old, d) {
            changes.renames.push((from, names.schema.intern(new)));
        }
    }
    for rule in &rules.drops {
        let when = selection(&rule.when, names, d);
        changes.fates.push(Fate {
            when,
            share: None,
            counted: rule.counted,
        });
    }
    for rule in &rules.samples {
        let when = selection(&rule.when, names, d);
        let by = rule.by.as_ref().and_then(|name| names.known(name, d));
        changes.fates.push(Fate {
            when,
            share: Some(Share::new(rule.keep, by)),
            counted: rule.counted,
        });
    }
    for rule in &rules.redacts {
        let fields = rule
            .fields
            .iter()
            .filter_map(|name| names.known(name, d))
            .collect();
        let hash = rule
            .hash_key
            .as_ref()
            .map(|key| KeyedHash::new(key.expose().as_bytes()));
        changes.redacts.push(Redact {
            fields,
            find: rule.find.clone(),
            hash,
        });
    }
    hide(&rules.remove, names, d);
    changes
}

/// Keeps the fields of `remove` out of the documents.
fn hide(remove: &[Spanned<String>], names: &mut Names<'_>, d: &mut Diagnostics) {
    for name in remove {
        if name.value == crate::encode::TIMESTAMP {
            d.push(
                Diagnostic::error("`@timestamp` cannot be removed")
                    .at_value(name, "")
                    .help("every document has one; the moment of reading, when the event says none"),
            );
        } else if let Some(id) = names.known(name, d) {
            names.schema.hide(id);
        }
    }
}

fn selection(written: &config::Selection, names: &mut Names<'_>, d: &mut Diagnostics) -> Selection {
    let mut selection = Selection::default();
    for (name, _) in &written.values {
        names.known(name, d);
    }
    let only = metrics::only(&written.values, names.schema, &mut Vec::new());
    selection.conditions = only.iter().map(Condition::new).collect();
    for (name, patterns) in &written.matches {
        let mut programs = Vec::new();
        for pattern in patterns {
            // What such a pattern names is not kept, so it has no place among the events' fields.
            match Program::compile(pattern, &mut Schema::default()) {
                Ok(program) => programs.push(program),
                Err(error) => d.push(syntax_diagnostic(error, pattern)),
            }
        }
        if let Some(field) = names.known(name, d) {
            selection.matches.push((field, programs));
        }
    }
    selection
}
