use annotate_snippets::{AnnotationKind, Element, Group, Level, Renderer, Snippet};

use super::{Diagnostic, Diagnostics, Severity, count};
use crate::config::secret::mask_secrets;

/// See [`Diagnostics::render`].
pub(super) fn render(diagnostics: &Diagnostics, color: bool) -> String {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut out = String::new();
    for diagnostic in diagnostics.iter() {
        out.push_str(&render_one(&renderer, diagnostic));
        out.push_str("\n\n");
    }
    if diagnostics.errors() + diagnostics.warnings() > 0 {
        out.push_str(&summary(diagnostics));
        out.push('\n');
    }
    out
}

fn render_one(renderer: &Renderer, diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut elements: Vec<Element<'_>> = Vec::new();
    if let Some(place) = &diagnostic.place {
        let label = (!place.label.is_empty()).then_some(place.label.as_str());
        let annotation = AnnotationKind::Primary
            .span(place.file.clamp(&place.span))
            .label(label);
        elements.push(
            Snippet::source(mask_secrets(place.file.text()))
                .path(place.file.name())
                .annotation(annotation)
                .into(),
        );
    }
    if let Some(help) = &diagnostic.help {
        elements.push(Level::HELP.message(help.as_str()).into());
    }
    let group = Group::with_title(level.primary_title(diagnostic.message.as_str())).elements(elements);
    renderer.render(&[group])
}

/// `3 errors and 1 warning in 2 files`.
fn summary(diagnostics: &Diagnostics) -> String {
    let mut text = match (diagnostics.errors(), diagnostics.warnings()) {
        (errors, 0) => count(errors, "error"),
        (0, warnings) => count(warnings, "warning"),
        (errors, warnings) => format!("{} and {}", count(errors, "error"), count(warnings, "warning")),
    };
    let mut files: Vec<&str> = diagnostics
        .iter()
        .filter_map(|one| one.place.as_ref())
        .map(|place| place.file.name())
        .collect();
    files.dedup();
    if !files.is_empty() {
        text.push_str(" in ");
        text.push_str(&count(files.len(), "file"));
    }
    text
}
