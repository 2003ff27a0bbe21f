use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::config::{Diagnostic, Diagnostics, MetricSetFile, PipelineFile, SourceFile, Spanned, suggestion};

use super::shipped::{METRIC_SETS, PIPELINES, Shipped};

/// The pipelines that can be named: the user's own, then the shipped ones. Files are read and compiled only when
/// one is asked for, so their number does not slow the start.
#[derive(Debug, Default)]
pub struct Library {
    own: BTreeMap<String, Arc<SourceFile>>,
    own_sets: BTreeMap<String, Arc<SourceFile>>,
}

impl Library {
    /// Only what is part of the program.
    pub fn shipped() -> Self {
        Library::default()
    }

    /// The files of `folder` (`NAME.toml`, and `metrics/NAME.toml` for metric sets) before the shipped ones.
    pub fn with_folder(folder: &Path, diagnostics: &mut Diagnostics) -> Self {
        let own = read_folder(folder, diagnostics);
        if own.is_empty() && !diagnostics.has_errors() {
            diagnostics.push(
                Diagnostic::warning(format!("no pipeline in {}", folder.display()))
                    .help("a pipeline is a file NAME.toml in this folder"),
            );
        }
        let sets = folder.join("metrics");
        Library {
            own,
            own_sets: if sets.is_dir() {
                read_folder(&sets, diagnostics)
            } else {
                BTreeMap::new()
            },
        }
    }

    /// The names of the user's own pipelines.
    pub fn own_names(&self) -> impl Iterator<Item = &str> {
        self.own.keys().map(String::as_str)
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

    /// What to say of a name that is none.
    pub fn unknown(&self, name: &Spanned<String>) -> Diagnostic {
        Diagnostic::error(format!("unknown pipeline `{}`", name.value))
            .at_value(name, "")
            .help(suggestion::remedy(name, &self.names(), "there are"))
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

fn read_folder(folder: &Path, diagnostics: &mut Diagnostics) -> BTreeMap<String, Arc<SourceFile>> {
    let mut files = BTreeMap::new();
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            diagnostics.push(
                Diagnostic::error(format!(
                    "cannot read the folder of pipelines {}: {error}",
                    folder.display()
                ))
                .help("name a folder that exists and that logmill may read"),
            );
            return files;
        }
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let Some(name) = path.file_stem().and_then(|stem| stem.to_str()) else {
            continue;
        };
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                let source = SourceFile::new(path.display().to_string(), text);
                files.insert(name.to_owned(), source);
            }
            Err(error) => diagnostics.push(Diagnostic::error(format!(
                "cannot read the pipeline {}: {error}",
                path.display()
            ))),
        }
    }
    files
}
