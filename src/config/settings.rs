use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::{HashRule, IndexName, Secret, Spanned, TlsIdentity, Wrapping};
use crate::limits;

/// What the program runs on: every default filled in, every cross-check made.
///
/// Equal settings run alike, so a reload compares them; printing them shows no secret.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub origin: Origin,
    pub agent: AgentSettings,
    pub output: OutputSettings,
    pub rejects: RejectSettings,
    pub endpoint: EndpointSettings,
    pub metrics: MetricsSettings,
    /// At least one.
    pub inputs: Vec<InputSettings>,
}

/// Where the settings were written: remedies name what can be changed there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    File,
    CommandLine,
}

impl Origin {
    /// What says where the endpoint listens.
    pub fn listen(self) -> &'static str {
        match self {
            Origin::File => "`listen` in [agent]",
            Origin::CommandLine => "`--listen`",
        }
    }

    /// What says where offsets are kept.
    pub fn state_dir(self) -> &'static str {
        match self {
            Origin::File => "`state_dir` in [agent]",
            Origin::CommandLine => "`--state-dir`",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct AgentSettings {
    /// Where the checkpoint and the reject store are; absolute.
    pub state_dir: PathBuf,
    /// Bytes that chunks, batches, answers and series may take together.
    pub memory_max: usize,
    /// Address of /metrics, /healthz and the status page.
    pub listen: SocketAddr,
    /// `host.name` in every document.
    pub host_name: String,
    /// A longer line is cut there.
    pub line_bytes_max: usize,
    /// How long a document waits for others when the bulk body is not full.
    pub flush: Duration,
    /// How often every glob is walked again.
    pub scan: Duration,
    /// Whether the file system is asked for notifications; without them every file is looked at.
    pub notify: bool,
    /// How long shutdown waits for the output.
    pub grace: Duration,
    /// What unsettled bytes of rotated and deleted files may take in the state directory; 0: they are not kept.
    pub kept_bytes_max: u64,
    /// Threads that parse.
    pub workers: NonZeroUsize,
    /// The user's own pipelines, `NAME.toml` each; they go before the built-in ones. Absolute.
    pub pipelines: Option<Spanned<PathBuf>>,
    pub log_level: tracing::Level,
    /// Counters and histograms go on after a restart.
    pub persist: bool,
}

/// Who may read the pages about the agent, and over what.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndpointSettings {
    /// The whole value of the header `Authorization` that /metrics and /status ask for; `None`: they ask for nothing.
    pub authorization: Option<Secret>,
    /// For TLS; `None`: plain connections. Certificate and key belong together.
    pub identity: Option<TlsIdentity>,
}

/// What holds for the metrics of all inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricsSettings {
    /// A series in which nothing was counted for so long leaves the page.
    pub idle_after: Duration,
    /// Every histogram of fields has native buckets too, whatever its pipeline says.
    pub native_histograms: bool,
    /// Labels that show hashes, in whatever metric they are.
    pub hash: Option<HashRule>,
}

/// Where events go: exactly one place.
#[derive(Clone, Debug, PartialEq)]
pub enum OutputSettings {
    Elasticsearch(Box<ElasticsearchSettings>),
    File(FileSettings),
    Stdout,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ElasticsearchSettings {
    /// At least one; `http` or `https`, with a host, without user, query or fragment. The path ends in `/`, so
    /// that `join("_bulk")` keeps a prefix.
    pub hosts: Vec<reqwest::Url>,
    pub credentials: Credentials,
    pub tls: TlsSettings,
    /// A proxy's URL with user and password, if any: `http`, `https` or `socks5`.
    pub proxy: Option<Secret>,
    pub index: IndexName,
    /// `{namespace}` of inputs that name none; a valid part of a data stream's name.
    pub namespace: String,
    pub ingest_pipeline: Option<String>,
    /// 0 (off) to 9.
    pub gzip_level: u32,
    /// Bytes of a bulk body before compression.
    pub bulk_bytes_max: usize,
    pub request_timeout: Duration,
    /// The longest pause between two tries.
    pub retry_max: Duration,
    /// The most requests in flight.
    pub requests_max: NonZeroUsize,
    /// Whether documents carry an `_id` from file identity and offset, so that nothing arrives twice.
    pub document_ids: bool,
}

impl ElasticsearchSettings {
    /// The server at one address, without credentials, with every default.
    pub fn at(mut host: reqwest::Url) -> Self {
        if !host.path().ends_with('/') {
            host.set_path(&format!("{}/", host.path()));
        }
        ElasticsearchSettings {
            hosts: vec![host],
            credentials: Credentials::None,
            tls: TlsSettings::default(),
            proxy: None,
            index: IndexName::default(),
            namespace: "default".to_owned(),
            ingest_pipeline: None,
            gzip_level: 1,
            bulk_bytes_max: limits::BULK_BYTES_MAX,
            request_timeout: limits::REQUEST_TIMEOUT,
            retry_max: limits::RETRY_MAX,
            requests_max: NonZeroUsize::new(limits::REQUESTS_MAX).unwrap_or(NonZeroUsize::MIN),
            document_ids: true,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    None,
    /// Base64 of `id:key`, as the header `Authorization: ApiKey …` carries it.
    ApiKey(Secret),
    Basic {
        username: String,
        password: Secret,
    },
    Bearer(Secret),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsSettings {
    /// Certificates to trust besides the system's, in PEM: what `ca_file` held when the settings were made, so
    /// that a reload sees a renewed file.
    pub ca_pem: Option<String>,
    /// The client's certificate and key, one after the other in PEM.
    pub identity_pem: Option<Secret>,
    pub verify: Verify,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verify {
    #[default]
    Full,
    /// Any certificate of any host is taken.
    None,
}

/// NDJSON in the form of a bulk body, rotated by size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSettings {
    /// Absolute.
    pub path: PathBuf,
    /// Before it would grow beyond these bytes the file becomes `path.1`; a body is never cut.
    pub rotate_bytes: u64,
    /// How many rotated files stay.
    pub rotate_keep: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectSettings {
    /// Absolute.
    pub dir: PathBuf,
    pub bytes_max: u64,
    pub when_full: WhenFull,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenFull {
    /// Delivery of the input stops until there is room.
    #[default]
    Stop,
    /// The oldest rejects are deleted and counted.
    DropOldest,
}

#[derive(Clone, Debug, PartialEq)]
pub struct InputSettings {
    /// No other input has it; books and positions are kept under it.
    pub name: String,
    /// At least one; absolute globs that `globset` takes, where `*` stays within a directory and `**` does not.
    pub paths: Vec<Spanned<String>>,
    /// Files not to read: absolute globs.
    pub exclude: Vec<Spanned<String>>,
    /// A name; whether it exists is for the pipelines to say.
    pub pipeline: Spanned<String>,
    /// `service.name`.
    pub service: Option<String>,
    /// `labels.NAME`, by name.
    pub labels: BTreeMap<String, String>,
    /// Labels of all its metrics, by name.
    pub metric_labels: BTreeMap<String, String>,
    /// For files seen for the first time.
    pub start_at: StartAt,
    /// The host's own format string, for pipelines that take one (`host_format`).
    pub format: Option<Spanned<String>>,
    /// For times that do not say; goes before the pipeline's.
    pub timezone: Option<TimeZone>,
    /// Go before the pipeline's and the output's.
    pub dataset: Option<String>,
    pub namespace: Option<String>,
    /// Goes before the pipeline's.
    pub wrapper: Wrapping,
    pub backlog: Backlog,
    /// Events that are older when they are read are of the backlog.
    pub backlog_after: Duration,
}

/// What metrics make of events that are old when they are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backlog {
    /// They count like all others.
    Count,
    /// They count into metrics of their own.
    #[default]
    Separate,
    /// They do not count.
    Skip,
}

impl Backlog {
    pub(super) const WORDS: [(&str, Backlog); 3] = [
        ("separate", Backlog::Separate),
        ("count", Backlog::Count),
        ("skip", Backlog::Skip),
    ];
}

/// Where to begin in a file that is there when its input is started for the first time. A file that appears
/// later is always read from its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartAt {
    #[default]
    Beginning,
    End,
}
