//! The output that the settings name.

use anyhow::{Context, bail};

use crate::config::{OutputSettings, RejectSettings};
use crate::ship::{self, Elasticsearch, FileOutput, Output, StdoutOutput};

pub fn build(output: &OutputSettings, rejects: &RejectSettings) -> anyhow::Result<Output> {
    Ok(match output {
        OutputSettings::Elasticsearch(settings) => {
            let built = Elasticsearch::new(settings, rejects);
            Output::Elasticsearch(built.context("cannot use [elasticsearch]")?)
        }
        OutputSettings::File(settings) => {
            if let Err(mistake) = FileOutput::check(&settings.path) {
                bail!("{mistake}; {}", mistake.remedy());
            }
            Output::File(FileOutput::new(ship::FileSettings {
                path: settings.path.clone(),
                bytes_max: settings.rotate_bytes,
                keep: settings.rotate_keep,
                sync: ship::FileSync::default(),
            }))
        }
        OutputSettings::Stdout => Output::Stdout(StdoutOutput::default()),
    })
}
