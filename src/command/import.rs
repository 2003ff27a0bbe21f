//! `logmill import`: a configuration of Filebeat or Logstash as one of ours.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;

use super::{ImportArguments, Misused, Program, Refused, out};
use crate::import::{self, Imported};

pub fn run(arguments: &ImportArguments) -> anyhow::Result<()> {
    let shown = arguments.file.display();
    let program = match (
        arguments.from,
        arguments.file.extension().and_then(|end| end.to_str()),
    ) {
        (Some(program), _) => program,
        (None, Some("yml" | "yaml")) => Program::Filebeat,
        (None, Some("conf" | "config")) => Program::Logstash,
        (None, _) => {
            let question = format!("whose file is {shown}? say `--from filebeat` or `--from logstash`");
            return Err(Misused(question).into());
        }
    };
    let text = fs::read_to_string(&arguments.file).with_context(|| format!("cannot read {shown}"))?;
    let name = arguments.file.to_string_lossy();
    let imported = match program {
        Program::Filebeat => import::filebeat::import(&name, &text),
        Program::Logstash => import::logstash::import(&name, &text),
    };
    let imported = match imported {
        Ok(imported) => imported,
        Err(broken) => {
            writeln!(out::stderr(), "error: {shown}:{}: {}", broken.line, broken.why)?;
            return Err(Refused.into());
        }
    };
    if let Some(folder) = &arguments.output {
        write(&imported, folder, arguments.force)?;
    }
    print(&imported, arguments.output.as_deref())?;
    Ok(())
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
