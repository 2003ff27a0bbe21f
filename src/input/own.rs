//! What the agent writes, which no input reads: each event would make another.

use std::path::{Path, PathBuf};

use crate::config::{Diagnostic, Diagnostics, InputSettings, OutputSettings, Settings};
use crate::source::Globs;

/// All of it: the state, the rejects, and the file that events go to, also rotated.
pub fn globs(settings: &Settings) -> Vec<String> {
    let mut own = Vec::new();
    let mut add = |path: &Path, behind: &str| {
        // The way that the disk has, where a link is on the way that was written.
        let real = path.canonicalize().ok();
        for path in [Some(path), real.as_deref()].into_iter().flatten() {
            let glob = Globs::escape(path) + behind;
            if !own.contains(&glob) {
                own.push(glob);
            }
        }
    };
    add(&settings.agent.state_dir, "/**");
    add(&settings.rejects.dir, "/**");
    if let OutputSettings::File(file) = &settings.output {
        add(&file.path, "");
        add(&file.path, ".*");
    }
    own
}

/// Says of each glob of an input that it is one of the agent's own files as well.
pub fn tell(input: &InputSettings, settings: &Settings, diagnostics: &mut Diagnostics) {
    let agent = [
        settings.agent.state_dir.join("checkpoint"),
        settings.agent.state_dir.join("checkpoint.tmp"),
        settings.rejects.dir.join("rejects"),
    ];
    let output = match &settings.output {
        OutputSettings::File(file) => Some(&file.path),
        _ => None,
    };
    for glob in &input.paths {
        let Ok(globs) = Globs::compile(std::slice::from_ref(&glob.value), &[]) else {
            continue;
        };
        let is_own = |path: &&PathBuf| globs.contains(path);
        if let Some(own) = output.iter().copied().chain(&agent).find(is_own) {
            let folder = own.parent().unwrap_or(own).display();
            diagnostics.push(
                Diagnostic::warning(format!("`{}` are also files that logmill itself writes", glob.value))
                    .at_value(glob, format!("such as {}", own.display()))
                    .help(format!(
                        "they are not read; write what logmill writes elsewhere than in {folder}, or name the logs more closely"
                    )),
            );
        }
    }
}
