//! `logmill rejects`: the documents that Elasticsearch refused for good.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::server::{client, elasticsearch, runtime, settings};
use super::{Failed, RejectsAction, RejectsArguments, Terminal, out};
use crate::ship::rejects::{Reject, RejectReader, remove, replay};

pub fn run(arguments: &RejectsArguments, terminal: Terminal) -> anyhow::Result<()> {
    let dir = dir(arguments, terminal)?;
    match &arguments.action {
        RejectsAction::List => list(&dir),
        RejectsAction::Show { key } => show(&dir, key),
        RejectsAction::Replay { key } => {
            let settings = settings(&arguments.config.config, terminal)?;
            let client = client(elasticsearch(&settings)?)?;
            let hosts = client.names().len();
            let pick = |reject: &Reject| key.as_deref().is_none_or(|key| is_called(reject, key));
            let replayed = runtime()?
                .block_on(replay(&dir, &client, hosts, pick))
                .with_context(|| format!("cannot read {}", dir.display()))?;
            let mut out = out::stdout();
            writeln!(
                out,
                "{} stored, {} were there already, {} refused again, {} left",
                replayed.accepted, replayed.already_there, replayed.rejected, replayed.left
            )?;
            if let Some(reason) = &replayed.reason {
                writeln!(out, "refused for instance with: {reason}")?;
            }
            match replayed.trouble {
                Some(trouble) => bail!("the replay stopped: {trouble}"),
                None if replayed.rejected + replayed.left > 0 => Err(Failed.into()),
                None => Ok(()),
            }
        }
        RejectsAction::Drop { key, .. } => {
            let pick = |reject: &Reject| key.as_deref().is_none_or(|key| is_called(reject, key));
            let removed = remove(&dir, pick).with_context(|| format!("cannot change {}", dir.display()))?;
            writeln!(out::stdout(), "{removed} dropped")?;
            Ok(())
        }
    }
}

fn dir(arguments: &RejectsArguments, terminal: Terminal) -> anyhow::Result<PathBuf> {
    match &arguments.dir {
        Some(dir) => Ok(dir.clone()),
        None => Ok(settings(&arguments.config.config, terminal)?.rejects.dir),
    }
}

/// Whether the key of `reject`, as it is shown, begins with `key`.
fn is_called(reject: &Reject, key: &str) -> bool {
    name(reject).starts_with(key)
}

fn name(reject: &Reject) -> String {
    format!("{:016x}", reject.key())
}

fn list(dir: &Path) -> anyhow::Result<()> {
    let mut damaged = 0;
    let mut out = out::stdout();
    let mut reader = open(dir)?;
    while let Some(line) = reader
        .advance()
        .with_context(|| format!("cannot read {}", dir.display()))?
    {
        match line {
            Ok(reject) => writeln!(
                out,
                "{}  {}  {}:{}  {} {}",
                name(&reject),
                reject.time,
                reject.file,
                reject.offset,
                reject.status,
                reject.reason
            )?,
            Err(_) => damaged += 1,
        }
        if out.is_closed() {
            return Ok(());
        }
    }
    if damaged > 0 {
        writeln!(
            out::stderr(),
            "{damaged} lines were left half written by a crash or a full disk and cannot be read"
        )?;
    }
    Ok(())
}

fn show(dir: &Path, key: &str) -> anyhow::Result<()> {
    let mut reader = open(dir)?;
    while let Some(line) = reader
        .advance()
        .with_context(|| format!("cannot read {}", dir.display()))?
    {
        if let Ok(reject) = line
            && is_called(&reject, key)
        {
            writeln!(out::stdout(), "{}", serde_json::to_string_pretty(&reject)?)?;
            return Ok(());
        }
    }
    bail!("no reject has a key that begins with {key:?}; `logmill rejects list` shows the keys")
}

fn open(dir: &Path) -> anyhow::Result<RejectReader> {
    RejectReader::open(dir).with_context(|| format!("cannot read the reject store {}", dir.display()))
}
