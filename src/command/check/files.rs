//! The files that the inputs read at this moment.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use crate::config::{Diagnostic, Diagnostics, InputSettings, Spanned, reason};
use crate::source::{self, Globs};

/// Which file is read for which glob, over all inputs.
#[derive(Debug, Default)]
pub struct Claims {
    /// By the path without links, so that a file is known again under another name.
    files: BTreeMap<PathBuf, Claim>,
    inputs: usize,
}

#[derive(Debug)]
struct Claim {
    input: usize,
    glob: Spanned<String>,
}

impl Claims {
    /// How many files are read.
    pub fn files(&self) -> usize {
        self.files.len()
    }

    /// Looks at the files of one input. The inputs come in the order of the configuration.
    pub fn input(&mut self, input: &InputSettings, diagnostics: &mut Diagnostics) {
        let exclude: Vec<String> = input.exclude.iter().map(|glob| glob.value.clone()).collect();
        for glob in &input.paths {
            // What is wrong with a glob was said when the input was compiled.
            if let Ok(globs) = Globs::compile(std::slice::from_ref(&glob.value), &exclude) {
                self.glob(glob, &globs, diagnostics);
            }
        }
        self.inputs += 1;
    }

    fn glob(&mut self, glob: &Spanned<String>, globs: &Globs, diagnostics: &mut Diagnostics) {
        let found = source::walk(globs);
        for (dir, error) in &found.unreadable {
            diagnostics.push(
                Diagnostic::warning(format!("cannot list {}: {}", dir.display(), reason(error)))
                    .at_value(glob, "its files are not found")
                    .help("let the agent's user read (r) and enter (x) this directory"),
            );
        }
        let (mut files, mut others) = (0, 0);
        let mut taken: Option<(PathBuf, Spanned<String>, usize)> = None;
        for path in &found.paths {
            // A file that goes away meanwhile is none; what is no file is not read.
            let Ok(real) = path.canonicalize() else {
                continue;
            };
            if !real.is_file() {
                others += 1;
                if path.as_os_str() == glob.value.as_str() {
                    diagnostics.push(no_file(path, glob));
                }
                continue;
            }
            files += 1;
            match self.files.get(&real) {
                Some(first) if first.input != self.inputs => match &mut taken {
                    Some((_, _, more)) => *more += 1,
                    None => taken = Some((path.to_path_buf(), first.glob.clone(), 0)),
                },
                Some(_) => {}
                None => {
                    readable(path, glob, diagnostics);
                    let claim = Claim {
                        input: self.inputs,
                        glob: glob.clone(),
                    };
                    self.files.insert(real, claim);
                }
            }
        }
        if let Some((path, first, more)) = taken {
            diagnostics.push(taken_already(glob, &path, &first, more));
        }
        let is_alone = found
            .paths
            .iter()
            .all(|path| path.as_os_str() == glob.value.as_str());
        if files == 0 && found.unreadable.is_empty() && !(others > 0 && is_alone) {
            diagnostics.push(none_yet(glob));
        }
    }
}

/// Of a path that is written out and leads to no file.
fn no_file(path: &Path, glob: &Spanned<String>) -> Diagnostic {
    let shown = path.display();
    let (message, help) = match path.is_dir() {
        true => (
            format!("{shown} is a directory; only files are read"),
            format!("name its files, such as \"{shown}/*.log\", or \"{shown}/**\" for all below it"),
        ),
        false => (
            format!("{shown} is a pipe, a socket or a device; only files are read"),
            "have the program write to a file, and name that".to_owned(),
        ),
    };
    Diagnostic::warning(message)
        .at_value(glob, "nothing is read from it")
        .help(help)
}

fn none_yet(glob: &Spanned<String>) -> Diagnostic {
    let written = glob.file.text().get(glob.span.clone()).unwrap_or_default();
    let is_relative = !written.trim_start_matches(['"', '\'']).starts_with(['/', '$']);
    let help = match is_relative {
        true => {
            "a relative path begins at the directory of the configuration; files that appear later are read"
        }
        false => "files that appear later are read; check the path if one should be there",
    };
    Diagnostic::note(format!("no file matches `{}` at this moment", glob.value))
        .at_value(glob, "")
        .help(help)
}

fn readable(path: &Path, glob: &Spanned<String>, diagnostics: &mut Diagnostics) {
    if let Err(error) = File::open(path) {
        diagnostics.push(
            Diagnostic::warning(format!("cannot read {}: {}", path.display(), reason(&error)))
                .at_value(glob, "")
                .help(format!(
                    "let the agent's user read it: `setfacl -m u:logmill:r {}`, or add the user to the file's group",
                    path.display()
                )),
        );
    }
}

fn taken_already(glob: &Spanned<String>, path: &Path, first: &Spanned<String>, more: usize) -> Diagnostic {
    let (line, _) = first.file.line_column(first.span.start);
    let files = match more {
        0 => path.display().to_string(),
        1 => format!("{} and 1 more file", path.display()),
        _ => format!("{} and {more} more files", path.display()),
    };
    Diagnostic::warning(format!("two inputs claim {files}"))
        .at_value(glob, format!("the input of line {line} reads it"))
        .help("tell them apart with `exclude`, or remove one of the two")
}
