use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{
    Diagnostic, Diagnostics, MetricSetFile, PipelineFile, SourceFile, Spanned, reason, suggestion,
};

use super::shipped::{METRIC_SETS, PIPELINES, Shipped};

/// The pipelines that can be named: the user's own, then the shipped ones. Files are read and compiled only when
/// one is asked for, so their number does not slow the start.
#[derive(Debug, Default)]
pub struct Library {
    own: BTreeMap<String, Arc<SourceFile>>,
    own_sets: BTreeMap<String, Arc<SourceFile>>,
    /// Own pipelines could not be read, and that was said: a name that is unknown may be one of theirs.
    incomplete: bool,
}

impl Library {
    /// Only what is part of the program.
    pub fn shipped() -> Self {
        Library::default()
    }

    /// The files of `folder` (`NAME.toml`, and `metrics/NAME.toml` for metric sets) before the shipped ones.
    pub fn with_folder(folder: &Spanned<PathBuf>, diagnostics: &mut Diagnostics) -> Self {
        let own = Folder::read(folder, diagnostics);
        let sets = folder.join("metrics");
        let own_sets = match sets.is_dir() {
            true => Folder::read(&folder.clone().map(|_| sets), diagnostics).files,
            false => BTreeMap::new(),
        };
        if own.files.is_empty() && own_sets.is_empty() && own.is_whole {
            diagnostics.push(
                Diagnostic::warning(format!("no pipeline in {}", folder.display()))
                    .at_value(folder, "")
                    .help(
                        "a pipeline is a file NAME.toml in this folder, a set of metrics metrics/NAME.toml",
                    ),
            );
        }
        Library {
            own: own.files,
            own_sets,
            incomplete: !own.is_whole,
        }
    }

    /// The shipped pipelines, where there would be own ones but for a mistake that was said already.
    pub fn without_own() -> Self {
        Library {
            incomplete: true,
            ..Library::default()
        }
    }

    /// The names of the user's own pipelines.
    pub fn own_names(&self) -> impl Iterator<Item = &str> {
        self.own.keys().map(String::as_str)
    }

    /// The names of the user's own sets of metrics.
    pub fn own_set_names(&self) -> impl Iterator<Item = &str> {
        self.own_sets.keys().map(String::as_str)
    }

    /// Every name, the user's and the shipped, in order.
    pub fn names(&self) -> Vec<&str> {
        names(&self.own, PIPELINES)
    }

    pub fn set_names(&self) -> Vec<&str> {
        names(&self.own_sets, METRIC_SETS)
    }

    /// The pipeline file called `name`, as its author wrote it; `None` where there is none, or where it cannot be
    /// read as one (which the diagnostics then say).
    pub fn pipeline(&self, name: &str, diagnostics: &mut Diagnostics) -> Option<PipelineFile> {
        let source = source(name, &self.own, PIPELINES, "pipelines")?;
        PipelineFile::read(name, source, diagnostics)
    }

    pub fn metric_set(&self, name: &str, diagnostics: &mut Diagnostics) -> Option<MetricSetFile> {
        let source = source(name, &self.own_sets, METRIC_SETS, "pipelines/metrics")?;
        MetricSetFile::read(name, source, diagnostics)
    }

    /// Likewise, and a name that is none is said. `None` without a word where it may be the name of an own pipeline
    /// that could not be read.
    pub fn named(&self, name: &Spanned<String>, diagnostics: &mut Diagnostics) -> Option<PipelineFile> {
        if self.has(name) {
            return self.pipeline(name, diagnostics);
        }
        if !self.incomplete {
            diagnostics.push(
                Diagnostic::error(format!("unknown pipeline `{}`", name.value))
                    .at_value(name, "")
                    .help(suggestion::remedy(name, &self.names(), "there are")),
            );
        }
        None
    }

    pub fn has(&self, name: &str) -> bool {
        self.names().contains(&name)
    }
}

/// `text` as a pipeline may be called: small letters, digits and hyphens; `None` where nothing is left of it.
pub fn name_like(text: &str) -> Option<String> {
    let hyphenated = text
        .to_lowercase()
        .replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
    let name = hyphenated.trim_matches('-');
    (!name.is_empty()).then(|| name.to_owned())
}

fn names<'l>(own: &'l BTreeMap<String, Arc<SourceFile>>, shipped: &'l [Shipped]) -> Vec<&'l str> {
    let mut names: Vec<&str> = own
        .keys()
        .map(String::as_str)
        .chain(shipped.iter().map(|(name, _)| *name))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn source(
    name: &str,
    own: &BTreeMap<String, Arc<SourceFile>>,
    shipped: &[Shipped],
    folder: &str,
) -> Option<Arc<SourceFile>> {
    own.get(name).cloned().or_else(|| {
        let (_, text) = shipped.iter().find(|(known, _)| *known == name)?;
        Some(SourceFile::new(format!("{folder}/{name}.toml"), *text))
    })
}

/// The TOML files of a folder by name.
struct Folder {
    files: BTreeMap<String, Arc<SourceFile>>,
    /// All of them could be read; else it was said what could not.
    is_whole: bool,
}

impl Folder {
    fn read(folder: &Spanned<PathBuf>, diagnostics: &mut Diagnostics) -> Folder {
        let mut read = Folder {
            files: BTreeMap::new(),
            is_whole: true,
        };
        let cannot = |what: &str, path: &Path, error: &io::Error, help: &str| {
            let message = format!("cannot read the {what} {}: {}", path.display(), reason(error));
            Diagnostic::error(message).at_value(folder, "").help(help)
        };
        let entries = match std::fs::read_dir(&folder.value) {
            Ok(entries) => entries,
            Err(error) => {
                let help = "name a folder that exists and that logmill may read";
                diagnostics.push(cannot("folder of pipelines", folder, &error, help));
                read.is_whole = false;
                return read;
            }
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.extension().is_none_or(|extension| extension != "toml") {
                continue;
            }
            // What is hidden is an editor's.
            let Some(name) = path
                .file_stem()
                .and_then(|stem| stem.to_str())
                .filter(|name| !name.starts_with('.'))
            else {
                continue;
            };
            let source = match std::fs::read(&path) {
                Ok(bytes) => SourceFile::of_bytes(path.display().to_string(), bytes, diagnostics),
                Err(error) => {
                    let help = "let logmill's user read it, or move it away";
                    diagnostics.push(cannot("pipeline", &path, &error, help));
                    None
                }
            };
            match source {
                Some(source) => {
                    read.files.insert(name.to_owned(), source);
                }
                None => read.is_whole = false,
            }
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_may_have_metrics_only_but_not_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Spanned::new(dir.path().to_path_buf(), 0..0, SourceFile::new("test", ""));
        let messages = || {
            let mut diagnostics = Diagnostics::new();
            let library = Library::with_folder(&folder, &mut diagnostics);
            (diagnostics.render(false), library.own_sets.len())
        };
        let (text, _) = messages();
        assert!(text.contains("warning: no pipeline in"), "{text}");
        std::fs::create_dir(dir.path().join("metrics")).unwrap();
        std::fs::write(dir.path().join("metrics/http.toml"), "").unwrap();
        assert_eq!(messages(), (String::new(), 1));
    }
}
