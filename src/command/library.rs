//! The pipeline that a command names, compiled, or the words to say why not.

use std::path::Path;

use crate::config::{Diagnostics, SourceFile, Spanned};
use crate::pipeline::{HostWords, Library, Pipeline, compile};

/// The library that `--pipelines` names.
pub fn library(folder: Option<&Path>, diagnostics: &mut Diagnostics) -> Library {
    match folder {
        Some(folder) => {
            let written = argument("--pipelines", &folder.display().to_string());
            Library::with_folder(&written.map(|_| folder.to_path_buf()), diagnostics)
        }
        None => Library::shipped(),
    }
}

/// A word of the command line, for messages about it.
pub fn argument(flag: &str, value: &str) -> Spanned<String> {
    let text = format!("{flag} {value}");
    let span = flag.len() + 1..text.len();
    Spanned::new(value.to_owned(), span, SourceFile::new("command line", text))
}

/// Finds and compiles the pipeline called `name`.
pub fn pipeline(
    library: &Library,
    name: &Spanned<String>,
    host: &HostWords,
    diagnostics: &mut Diagnostics,
) -> Option<Pipeline> {
    let file = library.named(name, diagnostics)?;
    compile(&file, library, host, diagnostics)
}
