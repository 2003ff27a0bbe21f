//! The user's own pipelines, with their tests.

use super::Scope;
use crate::config::{Diagnostic, Diagnostics};
use crate::pipeline::{HostWords, Library, compile, run_tests};

/// Compiles every pipeline of the user's folder and runs its inline tests; reads its sets of metrics, those too that no
/// pipeline names.
pub fn own(library: &Library, diagnostics: &mut Diagnostics) -> Scope {
    let mut scope = Scope::default();
    for name in library.own_set_names() {
        library.metric_set(name, diagnostics);
    }
    for name in library.own_names() {
        scope.pipelines += 1;
        let Some(file) = library.pipeline(name, diagnostics) else {
            continue;
        };
        let Some(pipeline) = compile(&file, library, &HostWords::default(), diagnostics) else {
            continue;
        };
        scope.tests += file.tests.len();
        for failure in run_tests(&file, &pipeline) {
            diagnostics.push(Diagnostic::error(failure.message).at_value(&failure.place, "this test fails"));
        }
    }
    scope
}
