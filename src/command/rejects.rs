//! `logmill rejects`: the documents that Elasticsearch refused for good.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::json;

use super::server::{client, elasticsearch, runtime, settings};
use super::{Failed, RejectsAction, RejectsArguments, Terminal, out};
use crate::config::count;
use crate::ship::rejects::{Reject, RejectReader, remove, replay};

pub fn run(arguments: &RejectsArguments, terminal: Terminal) -> anyhow::Result<()> {
    let dir = dir(arguments, terminal)?;
    match &arguments.action {
        RejectsAction::List { json } => list(&dir, *json),
        RejectsAction::Show { key } => show(&dir, key),
        RejectsAction::Replay { key } => {
            let settings = settings(&arguments.config.config, terminal)?;
            let client = client(elasticsearch(&settings)?)?;
            let hosts = client.names().len();
            let pick = |reject: &Reject| key.as_deref().is_none_or(|key| is_called(reject, key));
            let replayed = runtime()?
                .block_on(replay(&dir, &client, hosts, pick))
                .with_context(|| format!("cannot read {}", dir.display()))?;
            let stay = replayed.rejected + replayed.left;
            if replayed.accepted + replayed.already_there + stay == 0 {
                found_none(key.as_deref())?;
            }
            let mut out = out::stdout();
            writeln!(
                out,
                "{} stored, {} were there already, {} refused again, {} not taken now; {stay} stay in the store",
                replayed.accepted, replayed.already_there, replayed.rejected, replayed.left
            )?;
            if let Some(reason) = &replayed.reason {
                writeln!(out, "refused for instance with: {reason}")?;
            }
            match replayed.trouble {
                Some(trouble) => bail!("the replay stopped: {trouble}"),
                None if stay > 0 => Err(Failed.into()),
                None => Ok(()),
            }
        }
        RejectsAction::Drop { key, .. } => {
            let pick = |reject: &Reject| key.as_deref().is_none_or(|key| is_called(reject, key));
            let removed = remove(&dir, pick).with_context(|| format!("cannot change {}", dir.display()))?;
            if removed == 0 {
                found_none(key.as_deref())?;
            }
            writeln!(out::stdout(), "{removed} dropped")?;
            Ok(())
        }
    }
}

fn dir(arguments: &RejectsArguments, terminal: Terminal) -> anyhow::Result<PathBuf> {
    match &arguments.dir {
        Some(dir) if !dir.is_dir() => {
            bail!(
                "{} is no directory; name the one that has the rejects",
                dir.display()
            )
        }
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

fn list(dir: &Path, json: bool) -> anyhow::Result<()> {
    let mut damaged = 0;
    let mut out = out::stdout();
    let mut reader = open(dir)?;
    while let Some(line) = reader
        .advance()
        .with_context(|| format!("cannot read {}", dir.display()))?
    {
        match line {
            Ok(reject) if json => writeln!(
                out,
                "{}",
                json!({
                    "key": name(&reject),
                    "time": reject.time,
                    "file": reject.file,
                    "offset": reject.offset,
                    "status": reject.status,
                    "reason": reject.reason,
                })
            )?,
            Ok(reject) => writeln!(out, "{}", line_of(&reject))?,
            Err(_) => damaged += 1,
        }
        if out.is_closed() {
            return Ok(());
        }
    }
    if damaged > 0 {
        writeln!(
            out::stderr(),
            "cannot be read, because a crash or a full disk left it half written: {}",
            count(damaged, "line")
        )?;
    }
    Ok(())
}

/// The reject in one line: reasons that a server gives may have several, or what a terminal would obey.
fn line_of(reject: &Reject) -> String {
    let line = format!(
        "{}  {}  {}:{}  {} {}",
        name(reject),
        reject.time,
        reject.file,
        reject.offset,
        reject.status,
        reject.reason
    );
    line.replace(char::is_control, " ")
}

/// # Errors
///
/// When a key was asked for, which no reject has; that there are none at all is fine.
fn found_none(key: Option<&str>) -> anyhow::Result<()> {
    match key {
        Some(key) => {
            bail!("no reject has a key that begins with {key:?}; `logmill rejects list` shows the keys")
        }
        None => Ok(()),
    }
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
    found_none(Some(key))
}

fn open(dir: &Path) -> anyhow::Result<RejectReader> {
    RejectReader::open(dir).with_context(|| format!("cannot read the reject store {}", dir.display()))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::command::Arguments;

    fn is_taken(words: &str) -> bool {
        Arguments::try_parse_from(words.split(' ')).is_ok()
    }

    #[test]
    fn an_empty_key_is_not_all_keys() {
        for action in ["show", "replay", "drop"] {
            assert!(is_taken(&format!("logmill rejects {action} 00ff")), "{action}");
            // What is behind the last space is an empty word.
            assert!(!is_taken(&format!("logmill rejects {action} ")), "{action}");
        }
        assert!(!is_taken("logmill rejects drop"));
        assert!(is_taken("logmill rejects drop --all"));
        assert!(!is_taken("logmill rejects drop --all 00ff"));
    }

    #[test]
    fn options_are_taken_before_and_behind_the_action() {
        assert!(is_taken("logmill rejects -c a.toml list"));
        assert!(is_taken("logmill rejects list -c a.toml --dir b --json"));
    }
}
