mod change;
mod read;
mod read_change;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

pub use change::{
    ChangeRules, DropRule, LevelNumbers, LevelRule, LookupRule, RedactRule, SampleRule, Selection, Sensitive,
};

use super::{MetricRules, SourceFile, Spanned};
use crate::limits;

/// How one kind of log is read, as its author wrote it. Patterns are text here; the pipeline compiles them.
#[derive(Clone, Debug, PartialEq)]
pub struct PipelineFile {
    /// The file's name without `.toml`.
    pub name: String,
    pub file: Arc<SourceFile>,
    pub description: Option<Spanned<String>>,
    /// As written; [`PipelineFile::dataset_name`] has the default.
    pub dataset: Option<Spanned<String>>,
    /// Metric sets by name.
    pub metrics: Vec<Spanned<String>>,
    pub frame: FrameRule,
    pub parse: ParseRule,
    pub extracts: Vec<ExtractRule>,
    pub maps: Vec<MapRule>,
    /// Constants: field name and value, in the order of the file.
    pub set: Vec<(Spanned<String>, Spanned<Constant>)>,
    /// Likewise, of fields that a matched event does not have.
    pub default: Vec<(Spanned<String>, Spanned<Constant>)>,
    pub changes: ChangeRules,
    /// The metrics of its own.
    pub rules: MetricRules,
    pub tests: Vec<PipelineTest>,
}

impl PipelineFile {
    /// What `{dataset}` stands for: as written, or the pipeline's name with dots in place of hyphens.
    pub fn dataset_name(&self) -> String {
        match &self.dataset {
            Some(dataset) => dataset.value.clone(),
            None => self.name.replace('-', "."),
        }
    }
}

/// `[frame]`: how bytes become events.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameRule {
    /// `None`: lines are as their service wrote them.
    pub wrapper: Option<Wrapper>,
    pub form: Form,
    /// A line that matches one of these begins an event. None: every line is an event.
    pub start: Vec<Spanned<String>>,
    /// Likewise, and the line behind it belongs to it whatever it is.
    pub lead: Vec<Spanned<String>>,
    /// A line that matches one of these belongs to no event.
    pub skip: Vec<Spanned<String>>,
    /// How long the last lines of a multi-line event wait for one more line.
    pub flush: Duration,
    pub lines_max: u32,
    pub bytes_max: usize,
    pub ansi: Ansi,
    /// So many leading blanks of each line after the first are taken off, as far as they are there.
    pub dedent: usize,
}

impl Default for FrameRule {
    fn default() -> Self {
        FrameRule {
            wrapper: None,
            form: Form::Lines,
            start: Vec::new(),
            lead: Vec::new(),
            skip: Vec::new(),
            flush: limits::EVENT_FLUSH,
            lines_max: limits::EVENT_LINES_MAX,
            bytes_max: limits::EVENT_BYTES_MAX,
            ansi: Ansi::Strip,
            dedent: 0,
        }
    }
}

/// What a container runtime puts around each line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrapper {
    /// Docker's `json-file` driver: `{"log":"...\n","stream":"stdout","time":"..."}`.
    Docker,
    /// The Kubernetes container runtime interface: `TIME STREAM F|P TEXT`.
    Cri,
    /// Either, by how each line begins.
    Auto,
}

impl Wrapper {
    /// What users call each, and its absence.
    pub(super) const WORDS: [(&'static str, Option<Wrapper>); 4] = [
        ("none", None),
        ("docker", Some(Wrapper::Docker)),
        ("cri", Some(Wrapper::Cri)),
        ("auto", Some(Wrapper::Auto)),
    ];
}

/// What is said of a log about what is around its lines; it goes before what the pipeline says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wrapping {
    #[default]
    AsPipelineSays,
    /// Nothing.
    Bare,
    In(Wrapper),
}

impl Wrapping {
    /// What is around the lines, where the pipeline says `pipeline`.
    pub fn or(self, pipeline: Option<Wrapper>) -> Option<Wrapper> {
        match self {
            Wrapping::AsPipelineSays => pipeline,
            Wrapping::Bare => None,
            Wrapping::In(wrapper) => Some(wrapper),
        }
    }
}

/// Of what is written: `none`, or a wrapper.
impl From<Option<Wrapper>> for Wrapping {
    fn from(written: Option<Wrapper>) -> Wrapping {
        written.map_or(Wrapping::Bare, Wrapping::In)
    }
}

/// What becomes of terminal colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ansi {
    #[default]
    Strip,
    Keep,
}

/// `[parse]`: how an event becomes fields. With `builtin` the patterns are for what is not of that format. Without any of `patterns`, `builtin` and `host_format` the event is
/// its `message`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParseRule {
    /// Tried in order; beside a `builtin`, for the events that are not of its format.
    pub patterns: Vec<Spanned<String>>,
    pub builtin: Option<Spanned<Builtin>>,
    /// What kind of format string an input's `format` is: the first that can read it. Empty: it takes none.
    pub host_formats: Vec<Spanned<HostFormat>>,
    /// The format string of hosts that give none.
    pub format: Option<Spanned<String>>,
    /// For times that do not say.
    pub timezone: Option<Spanned<TimeZone>>,
    /// Whether stack traces are split off the message.
    pub trace: bool,
    /// Whether the message keeps them all the same.
    pub whole_message: bool,
    /// Whether the event's text goes to `event.original`.
    pub original: bool,
    /// Where the keys go that `keys` does not name.
    pub rest: Rest,
    /// For `csv`: the fields of its columns, `_` for one that is not kept.
    pub columns: Vec<KeySource>,
    /// For a builtin: which keys of the line a field is taken from, in the order of the file.
    pub keys: Vec<KeyRule>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Builtin {
    Json,
    /// Serilog's compact JSON.
    Clef,
    Logfmt,
    Syslog,
    /// The W3C's extended log file format.
    W3c,
    Csv,
    /// journald's export format.
    Journal,
    MysqlSlow,
}

/// What an event is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    #[default]
    Lines,
    /// Lines; the event that a start begins does not end within double quotes.
    Quoted,
    /// Entries of journald's export format.
    Journal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostFormat {
    /// Apache httpd's `LogFormat`.
    Apache,
    /// HAProxy's `log-format`.
    Haproxy,
    /// morgan's format.
    Morgan,
    /// nginx's `log_format`.
    Nginx,
    /// PostgreSQL's `log_line_prefix`.
    Postgresql,
    /// Serilog's output template.
    Serilog,
    /// The pattern of Tomcat's AccessLogValve.
    Tomcat,
    /// The pattern layout of a Java logger.
    Layout,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Rest {
    /// `labels.KEY`.
    #[default]
    Labels,
    /// Under their own names.
    Root,
    /// Behind this prefix, which ends with a dot.
    Under(String),
    Drop,
}

/// `field = ["key:kind", …]` of `[parse.keys]`.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyRule {
    pub field: Spanned<String>,
    /// The first that the line has is taken; at least one.
    pub sources: Vec<KeySource>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct KeySource {
    pub key: Spanned<String>,
    /// What follows the last colon: a kind of the pattern language.
    pub kind: Option<Spanned<String>>,
    /// The kind ends with `?`: nothing and `-` give no field.
    pub optional: bool,
}

/// `[[extract]]`: a second look at a field that an earlier step found, by patterns or by a format.
#[derive(Clone, Debug, PartialEq)]
pub struct ExtractRule {
    pub field: Spanned<String>,
    /// Tried in order; empty when `builtin` is there.
    pub patterns: Vec<Spanned<String>>,
    pub builtin: Option<Spanned<ExtractBuiltin>>,
    /// For a builtin: what becomes of the keys that `keys` does not name. They are kept behind this prefix, or
    /// dropped when there is none.
    pub prefix: Option<Spanned<String>>,
    /// For a builtin: which keys a field is taken from, in the order of the file.
    pub keys: Vec<KeyRule>,
    /// For `pairs`: what stands between two pairs. Default: a space.
    pub between: u8,
    /// For `pairs`: what stands between a key and its value. Default: `=`.
    pub equals: u8,
}

/// The formats that a field can be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtractBuiltin {
    Json,
    Logfmt,
    /// Keys and values with separators of the author's choice.
    Pairs,
    /// The query of a URL: `a=1&b=x%20y`.
    Query,
    /// Name and class of a browser, bot or tool.
    UserAgent,
}

/// `[[map]]`: what the values of a field stand for.
#[derive(Clone, Debug, PartialEq)]
pub struct MapRule {
    pub field: Spanned<String>,
    /// Where what they stand for goes; `field` itself when it is not said.
    pub to: Option<Spanned<String>>,
    /// A value as text and what it becomes, in the order of the file; at least one.
    pub values: Vec<(Spanned<String>, Spanned<Constant>)>,
}

/// A value of `[set]`.
#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    Text(String),
    Int(i64),
    /// Finite.
    Float(f64),
    Bool(bool),
}

/// `[[test]]`: what the pipeline makes of a line.
#[derive(Clone, Debug, PartialEq)]
pub struct PipelineTest {
    /// The header, for messages about the whole test.
    pub place: Spanned<()>,
    /// One event's text; lines are separated by `\n`, the last has none.
    pub input: Spanned<String>,
    /// Fields that the event must have, with these values; others may be there.
    pub fields: Vec<(Spanned<String>, Spanned<serde_json::Value>)>,
    /// Fields that it must not have.
    pub absent: Vec<Spanned<String>>,
    /// Whether no pattern may match. Default: false.
    pub unmatched: bool,
    /// Whether the event must be dropped. Default: false.
    pub dropped: bool,
}
