//! `logmill import`: a configuration of Filebeat or Logstash as one of ours.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::{ImportArguments, Misused, Program, Refused, out};
use crate::import::logstash::Source;
use crate::import::{self, Imported};

pub fn run(arguments: &ImportArguments) -> anyhow::Result<()> {
    let first = arguments
        .files
        .first()
        .map(PathBuf::as_path)
        .unwrap_or(Path::new(""));
    let program = match (arguments.from, first.extension().and_then(|end| end.to_str())) {
        (Some(program), _) => program,
        (None, Some("yml" | "yaml")) => Program::Filebeat,
        (None, Some("conf" | "config")) => Program::Logstash,
        (None, _) => {
            let shown = first.display();
            let question = format!("whose file is {shown}? say `--from filebeat` or `--from logstash`");
            return Err(Misused(question).into());
        }
    };
    let mut sources = Vec::new();
    for file in &arguments.files {
        let shown = file.display().to_string();
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {shown}"))?;
        sources.push(Source { name: shown, text });
    }
    let imported = match program {
        Program::Filebeat => {
            let [source] = sources.as_slice() else {
                let why = "several files of Filebeat: each is an agent of its own; import them one by one";
                return Err(Misused(why.to_owned()).into());
            };
            import::filebeat::import(&source.name, &source.text)
                .map_err(|broken| (source.name.clone(), broken.line, broken.why))
        }
        Program::Logstash => import::logstash::import(&sources, &|folder| patterns(first, folder))
            .map_err(|(at, broken)| (at.file.to_string(), at.line, broken.why)),
    };
    let imported = match imported {
        Ok(imported) => imported,
        Err((file, line, why)) => {
            writeln!(out::stderr(), "error: {file}:{line}: {why}")?;
            return Err(Refused.into());
        }
    };
    if let Some(folder) = &arguments.output {
        write(&imported, folder, arguments.force)?;
    }
    print(&imported, arguments.output.as_deref())?;
    Ok(())
}

/// The files of a folder of Grok's patterns, in the order of their names; a relative one may be beside the configuration.
fn patterns(configuration: &Path, folder: &str) -> Option<Vec<String>> {
    let beside = configuration.parent().map(|parent| parent.join(folder));
    let folder = std::iter::once(PathBuf::from(folder))
        .chain(beside)
        .find(|folder| folder.exists())?;
    if folder.is_file() {
        return Some(vec![fs::read_to_string(folder).ok()?]);
    }
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files.iter().map(|file| fs::read_to_string(file).ok()).collect()
}

fn print(imported: &Imported, folder: Option<&Path>) -> io::Result<()> {
    let mut out = out::stdout();
    write!(out, "{}", imported.report)?;
    match folder {
        Some(folder) => writeln!(
            out,
            "\nwritten to {0}; now: logmill check -c {0}/logmill.toml",
            folder.display()
        ),
        None => {
            writeln!(out, "\n# logmill.toml\n{}", imported.config())?;
            for (name, text) in imported.pipelines() {
                writeln!(out, "# pipelines/{name}.toml\n{text}")?;
            }
            Ok(())
        }
    }
}

fn write(imported: &Imported, folder: &Path, force: bool) -> anyhow::Result<()> {
    let pipelines = imported.pipelines();
    let pipelines =
        pipelines.map(|(name, text)| (folder.join("pipelines").join(format!("{name}.toml")), text));
    let config = (folder.join("logmill.toml"), imported.config());
    let files: Vec<_> = std::iter::once(config).chain(pipelines).collect();
    if let Some((path, _)) = files.iter().find(|(path, _)| path.exists() && !force) {
        anyhow::bail!(
            "{} is there already; add `--force`, or choose another folder",
            path.display()
        );
    }
    fs::create_dir_all(folder.join("pipelines"))
        .with_context(|| format!("cannot make {}", folder.join("pipelines").display()))?;
    for (path, text) in files {
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
