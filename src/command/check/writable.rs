//! Where the agent writes: looked at, and nothing is created.

use std::path::Path;

use rustix::fs::{Access, access};

use crate::config::{AgentFile, Diagnostic, Diagnostics, OutputSettings, Settings, Spanned, reason};
use crate::ship::FileOutput;

/// Says where the agent could not write what it has to keep. Of a `draft`, a place that its file does not name is a
/// guess and is left out.
pub fn check(settings: &Settings, file: &AgentFile, is_draft: bool, diagnostics: &mut Diagnostics) {
    let mut tell = |written: Option<&Spanned<String>>, message: String, help: &str| {
        let error = Diagnostic::error(message).help(help);
        diagnostics.push(match written {
            Some(written) => error.at_value(written, ""),
            None => error,
        });
    };
    let state_dir = &settings.agent.state_dir;
    let written = file.state_dir();
    let is_known = written.is_some() || !is_draft;
    if is_known
        && state_dir.is_absolute()
        && let Some(mistake) = of_directory(state_dir, "the state directory")
    {
        let help = "set `state_dir` in [agent] to a directory of the user that the agent runs as";
        tell(written, mistake, help);
    }
    if let Some(written) = file.rejects_dir()
        && let Some(mistake) = of_directory(&settings.rejects.dir, "the directory of rejects")
    {
        let help = "set `dir` in [rejects] to a directory of the user that the agent runs as";
        tell(Some(written), mistake, help);
    }
    if let OutputSettings::File(output) = &settings.output
        && let Some((mistake, help)) = of_output(&output.path)
    {
        tell(file.output_path(), mistake, help);
    }
}

/// Why nothing can be kept in the directory.
fn of_directory(dir: &Path, what: &str) -> Option<String> {
    let there = dir.ancestors().find(|path| path.symlink_metadata().is_ok())?;
    let reason = if !there.is_dir() {
        format!("{} is no directory", there.display())
    } else {
        not_writable(there, Access::WRITE_OK | Access::EXEC_OK)?
    };
    let verb = match there == dir {
        true => "use",
        false => "create",
    };
    Some(format!("cannot {verb} {what} {}: {reason}", dir.display()))
}

/// Why events cannot be written to the file, and the remedy.
fn of_output(path: &Path) -> Option<(String, &'static str)> {
    if let Err(mistake) = FileOutput::check(path) {
        return Some((mistake.to_string(), mistake.remedy()));
    }
    let help = "set `path` in [file] to a file that the user whom the agent runs as may write";
    let mistake = match path.exists() {
        true => not_writable(path, Access::WRITE_OK),
        false => of_directory(path.parent()?, "the directory of the events' file"),
    };
    Some((mistake?, help))
}

fn not_writable(path: &Path, wanted: Access) -> Option<String> {
    let error = std::io::Error::from(access(path, wanted).err()?);
    Some(format!(
        "this user may not write to {}: {}",
        path.display(),
        reason(&error)
    ))
}
