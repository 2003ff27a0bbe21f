use std::path::Path;

use rustix::fs::{Access, access};

use crate::config::{Diagnostic, Diagnostics};

/// Says when the agent could not keep its state in `dir`. Nothing is created.
pub fn check(dir: &Path, diagnostics: &mut Diagnostics) {
    let Some(there) = dir.ancestors().find(|path| path.symlink_metadata().is_ok()) else {
        return;
    };
    let shown = dir.display();
    let reason = if !there.is_dir() {
        format!("{} is no directory", there.display())
    } else if let Err(error) = access(there, Access::WRITE_OK | Access::EXEC_OK) {
        let error = std::io::Error::from(error);
        let error = error.kind().to_string().to_lowercase();
        format!("this user may not write to {}: {error}", there.display())
    } else {
        return;
    };
    let what = match there == dir {
        true => format!("cannot use the state directory {shown}"),
        false => format!("cannot create the state directory {shown}"),
    };
    diagnostics.push(
        Diagnostic::error(format!("{what}: {reason}"))
            .help("set `state_dir` in [agent] to a directory of the user that the agent runs as"),
    );
}
