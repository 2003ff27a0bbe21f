//! What the author wrote, turned into what runs or into what is said about it.

use crate::config::{Diagnostic, Diagnostics, Spanned};
use crate::event::{FieldId, Schema};
use crate::pattern::{Program, SyntaxError};

/// Those of the patterns that can be; the others are reported.
pub(super) fn compile_patterns(
    patterns: &[Spanned<String>],
    schema: &mut Schema,
    diagnostics: &mut Diagnostics,
) -> Vec<Program> {
    let mut programs = Vec::new();
    for pattern in patterns {
        match Program::compile(pattern, schema) {
            Ok(program) => programs.push(program),
            Err(error) => diagnostics.push(syntax_diagnostic(error, pattern)),
        }
    }
    programs
}

/// A mistake in a pattern, where it stands in the file.
pub(super) fn syntax_diagnostic(error: SyntaxError, pattern: &Spanned<String>) -> Diagnostic {
    let place = pattern.place_within(error.span, "");
    let diagnostic = Diagnostic::error(error.message).at(place);
    match error.help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

/// The slot of a field that something sets by now.
pub(super) fn known(
    field: &Spanned<String>,
    schema: &Schema,
    diagnostics: &mut Diagnostics,
) -> Option<FieldId> {
    let id = schema.get(field);
    if id.is_none() {
        diagnostics.push(
            Diagnostic::error(format!("nothing before this sets the field `{}`", field.value))
                .at_value(field, "unknown field")
                .help("name a field that a pattern of [parse] or an earlier [[extract]] sets"),
        );
    }
    id
}
