//! From a configuration to everything compiled, with nothing started.

use std::path::Path;
use std::sync::Arc;

use crate::config::{AgentFile, AgentSettings, Diagnostics, Settings, System};
use crate::derive::Registry;
use crate::input;
use crate::pipeline::Library;
use crate::source::{Once, Watch};

/// What an agent starts with.
#[derive(Debug)]
pub struct Plan {
    pub settings: Settings,
    pub(super) watches: Vec<Watch>,
    pub(super) registry: Arc<Registry>,
    pub(super) once: Option<Arc<Once>>,
}

impl Plan {
    /// Compiles every input. `None` when the diagnostics have an error.
    pub fn new(settings: Settings, diagnostics: &mut Diagnostics) -> Option<Plan> {
        let library = library(&settings.agent, diagnostics);
        Plan::with(settings, &library, diagnostics)
    }

    /// As a configuration file says; the mistakes of the file and of what it names are all said at once.
    pub fn read(config: &Path, diagnostics: &mut Diagnostics) -> Option<Plan> {
        let (file, settings) = draft(config, diagnostics)?;
        let library = library_of(&file, &settings, diagnostics);
        Plan::with(settings, &library, diagnostics)
    }

    fn with(settings: Settings, library: &Library, diagnostics: &mut Diagnostics) -> Option<Plan> {
        let registry = Arc::new(Registry::default());
        registry.set_idle_after(settings.metrics.idle_after);
        let watches = input::build_all(&settings, library, &registry, diagnostics)?;
        Some(Plan {
            settings,
            watches,
            registry,
            once: None,
        })
    }

    /// The agent ends by itself when everything that is there has been read and has its verdict, or when the output
    /// takes nothing for the grace period.
    #[must_use]
    pub fn once(self) -> Plan {
        Plan {
            once: Some(Arc::default()),
            ..self
        }
    }
}

/// As far as a configuration file can be used; its mistakes are in the diagnostics.
pub fn draft(config: &Path, diagnostics: &mut Diagnostics) -> Option<(AgentFile, Settings)> {
    let file = AgentFile::read(config, &System, diagnostics)?;
    let settings = Settings::draft(&file, &System, diagnostics);
    Some((file, settings))
}

/// The settings that a configuration file says, checked but not compiled.
pub fn settings(config: &Path, diagnostics: &mut Diagnostics) -> Option<Settings> {
    let file = AgentFile::read(config, &System, diagnostics)?;
    Settings::new(&file, &System, diagnostics)
}

/// The pipelines of a draft: without the own ones where it does not say any more which those are.
pub fn library_of(file: &AgentFile, settings: &Settings, diagnostics: &mut Diagnostics) -> Library {
    match file.has_lost_folder() {
        true => Library::without_own(),
        false => library(&settings.agent, diagnostics),
    }
}

fn library(agent: &AgentSettings, diagnostics: &mut Diagnostics) -> Library {
    match &agent.pipelines {
        Some(folder) => Library::with_folder(folder, diagnostics),
        None => Library::shipped(),
    }
}
