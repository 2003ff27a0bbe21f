//! Reads the configuration again: either all of it that can change while the agent runs is taken over, or nothing.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use metrics::{describe_gauge, gauge};

use super::Agent;
use super::plan::{draft, library_of};
use crate::config::{Diagnostic, Diagnostics};
use crate::http::Guard;
use crate::input;

/// What was taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reloaded {
    /// Keys that have changed, as `[table] key`, and whose change takes effect at the next start.
    pub waiting: Vec<&'static str>,
}

/// Says what the metrics mean, and that what the agent was started with could be used.
pub fn describe() {
    describe_gauge!(
        "logmill_config_last_reload_successful",
        "1 when the configuration could be used as it was read last, 0 while an earlier one is in use"
    );
    describe_gauge!(
        "logmill_config_last_reload_success_timestamp_seconds",
        "When a configuration was read last that could be used"
    );
    observe(true);
}

fn observe(successful: bool) {
    gauge!("logmill_config_last_reload_successful").set(f64::from(u8::from(successful)));
    if successful {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        gauge!("logmill_config_last_reload_success_timestamp_seconds").set(since.as_secs_f64());
    }
}

impl Agent {
    /// Reads the configuration again. What does not compile is reported, and the agent goes on as it is.
    ///
    /// # Errors
    ///
    /// Every mistake; nothing has changed then.
    pub fn reload(&mut self, config: &Path) -> Result<Reloaded, Diagnostics> {
        let mut diagnostics = Diagnostics::new();
        let reloaded = self.take_over(config, &mut diagnostics);
        observe(reloaded.is_some());
        reloaded.ok_or(diagnostics)
    }

    fn take_over(&mut self, config: &Path, diagnostics: &mut Diagnostics) -> Option<Reloaded> {
        let (file, written) = draft(config, diagnostics)?;
        let (settings, waiting) = written.while_running(&self.settings);
        let guard = match Guard::new(&settings.endpoint) {
            Ok(guard) => guard,
            Err(error) => {
                let error = Diagnostic::error(format!(
                    "cannot use `certificate` and `key` of [endpoint]: {error}"
                ));
                diagnostics.push(error);
                return None;
            }
        };
        let library = library_of(&file, &settings, diagnostics);
        let watches = input::build_all(&settings, &library, &self.registry, diagnostics)?;
        // Nothing can fail from here on.
        self.registry.set_idle_after(settings.metrics.idle_after);
        self.endpoint.change(&settings.inputs, &guard);
        self.bell.reload(watches);
        self.settings = settings;
        Some(Reloaded { waiting })
    }
}
