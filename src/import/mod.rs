//! From what other shippers are told to what logmill is told.
//!
//! ```text
//! filebeat.yml ──▶ yaml with lines ─────▶┐
//!                                        ├──▶ plan: inputs, pipelines, output ──▶ TOML
//! pipeline.conf ─▶ Logstash's grammar ──▶┘     └─ report: each setting, its line, what became of it
//! ```
//!
//! Grok and dissect become patterns where a line can be read once from left to right; what has no equivalent is in the
//! report with the reason, and nowhere else. No I/O here.

mod date;
mod dissect;
pub mod filebeat;
mod grok;
pub mod logstash;
mod pattern;
mod pipeline;
mod plan;
mod regex;
mod render;
mod report;
mod taken;
#[cfg(test)]
mod tests;

pub use report::{At, Fate, Report};

/// A file that cannot be read at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct Broken {
    /// From 1.
    pub line: usize,
    pub why: String,
}

/// What comes out of an import.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    plan: plan::Plan,
    pub report: Report,
    /// The files that it was made of, for a comment.
    from: String,
}

impl Imported {
    /// `logmill.toml`.
    pub fn config(&self) -> String {
        self.plan.config(&self.from)
    }

    /// The names of the pipelines, and `pipelines/NAME.toml` of each.
    pub fn pipelines(&self) -> impl Iterator<Item = (&str, String)> {
        let pipelines = self.plan.pipelines.iter();
        pipelines.map(|pipeline| (pipeline.name.as_str(), pipeline.text(&self.from)))
    }
}
