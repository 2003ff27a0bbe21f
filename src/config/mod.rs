//! What the user wrote, with the place of each word in its file; and the diagnostics that point there.
//!
//! ```text
//! logmill.toml ──▶ document ──▶ agent file ──▶ settings       what the program runs on
//!                  TOML with    optional       defaults and
//! NAME.toml ─────▶ places       values with    cross-checks
//!                     │         places
//!                     │            └─────────▶ pipeline file  compiled by `crate::pipeline`
//!                     ▼
//!                 diagnostics: all mistakes of all files, each with line, caret and remedy
//! ```
//!
//! Nothing here stops at the first mistake. `${NAME}` and `${file:PATH}` are put in between document and agent
//! file; environment and files come in through [`Surroundings`].

mod agent_file;
mod case_file;
mod count;
mod diagnostic;
mod document;
mod env;
mod identity;
mod index_name;
mod lifetime;
mod literal;
mod lookup_table;
mod metric_rules;
mod nested;
mod node;
mod pipeline_file;
mod place;
mod presence;
mod quantity;
mod read;
mod render;
mod resolve;
mod schema;
mod secret;
mod settings;
mod shape;
mod source_file;
mod spanned;
pub mod suggestion;
mod table;
mod zone;

#[cfg(test)]
mod tests;

pub use agent_file::AgentFile;
pub use case_file::CaseFile;
pub(crate) use count::count;
pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub(crate) use env::reason;
pub use env::{Surroundings, System};
pub use identity::{IdentityError, TlsIdentity};
pub use index_name::{IndexName, IndexPart};
pub use literal::literal;
pub use lookup_table::LookupTable;
pub use metric_rules::{
    CounterRule, ElapsedRule, FieldUnit, GaugeRule, HashRule, HistogramRule, MetricRules, MetricSetFile,
    SeriesRule, SessionsRule, TopRule,
};
pub use pipeline_file::{
    Ansi, Builtin, ChangeRules, Constant, DropRule, ExtractBuiltin, ExtractRule, Form, FrameRule, HostFormat,
    KeyRule, KeySource, LevelNumbers, LevelRule, LookupRule, MapRule, ParseRule, PipelineFile, PipelineTest,
    RedactRule, Rest, SampleRule, Selection, Sensitive, Wrapper, Wrapping,
};
pub use place::Place;
pub use resolve::ZeroConfig;
pub use schema::{agent_schema, pipeline_schema};
pub use secret::Secret;
pub use settings::{
    AgentSettings, Backlog, Credentials, ElasticsearchSettings, EndpointSettings, FileSettings,
    InputSettings, MetricsSettings, Origin, OutputSettings, RejectSettings, Settings, StartAt, TlsSettings,
    Verify, WhenFull,
};
pub use source_file::SourceFile;
pub use spanned::Spanned;
pub(crate) use zone::zone;
