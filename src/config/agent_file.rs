use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::document::Table;
use super::metric_rules::{HashRule, retain_label_names, take_hash};
use super::nested::Pair;
use super::{
    Backlog, Diagnostic, Diagnostics, SourceFile, Spanned, StartAt, Surroundings, Verify, WhenFull, Wrapper,
};

/// What the user wrote in `logmill.toml`, with types and places but without defaults. A value with a mistake is
/// reported and left out. Becomes [`super::Settings`].
#[derive(Clone, Debug)]
pub struct AgentFile {
    /// Relative paths begin at the directory of this file.
    pub(super) file: Arc<SourceFile>,
    pub(super) agent: AgentTable,
    pub(super) elasticsearch: Option<Spanned<ElasticsearchTable>>,
    pub(super) file_output: Option<Spanned<FileTable>>,
    pub(super) stdout: Option<Spanned<()>>,
    pub(super) rejects: RejectsTable,
    pub(super) endpoint: EndpointTable,
    pub(super) metrics: MetricsTable,
    pub(super) inputs: Vec<InputTable>,
    /// Part of the file could not be read, so that nothing can be said to be missing.
    pub(super) incomplete: bool,
    /// Something is written that says, or is meant to say, where events go; it may be wrong.
    pub(super) has_output: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct AgentTable {
    pub state_dir: Option<Spanned<String>>,
    pub memory_max: Option<Spanned<u64>>,
    pub listen: Option<Spanned<SocketAddr>>,
    pub host_name: Option<Spanned<String>>,
    pub line_bytes_max: Option<Spanned<u64>>,
    pub flush: Option<Spanned<Duration>>,
    pub scan: Option<Spanned<Duration>>,
    pub notify: Option<Spanned<bool>>,
    pub grace: Option<Spanned<Duration>>,
    pub kept_bytes_max: Option<Spanned<u64>>,
    pub workers: Option<Spanned<NonZeroUsize>>,
    pub pipelines: Option<Spanned<String>>,
    /// `pipelines` is there, perhaps with a mistake.
    pub has_folder: bool,
    pub log_level: Option<Spanned<tracing::Level>>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct ElasticsearchTable {
    pub hosts: Vec<Spanned<String>>,
    pub api_key: Option<Spanned<String>>,
    pub username: Option<Spanned<String>>,
    pub password: Option<Spanned<String>>,
    pub bearer_token: Option<Spanned<String>>,
    pub ca_file: Option<Spanned<String>>,
    pub client_certificate: Option<Spanned<String>>,
    pub client_key: Option<Spanned<String>>,
    pub verify: Option<Spanned<Verify>>,
    pub proxy: Option<Spanned<String>>,
    pub index: Option<Spanned<String>>,
    pub namespace: Option<Spanned<String>>,
    pub ingest_pipeline: Option<Spanned<String>>,
    pub gzip_level: Option<Spanned<u32>>,
    pub bulk_bytes_max: Option<Spanned<u64>>,
    pub request_timeout: Option<Spanned<Duration>>,
    pub retry_max: Option<Spanned<Duration>>,
    pub requests_max: Option<Spanned<NonZeroUsize>>,
    pub document_ids: Option<Spanned<bool>>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct FileTable {
    pub path: Option<Spanned<String>>,
    pub rotate_bytes: Option<Spanned<u64>>,
    pub rotate_keep: Option<Spanned<u32>>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct EndpointTable {
    pub username: Option<Spanned<String>>,
    pub password: Option<Spanned<String>>,
    pub bearer_token: Option<Spanned<String>>,
    pub certificate: Option<Spanned<String>>,
    pub key: Option<Spanned<String>>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct MetricsTable {
    pub backlog: BacklogTable,
    pub idle_after: Option<Spanned<Duration>>,
    pub hash: Option<HashRule>,
    pub native_histograms: Option<Spanned<bool>>,
    pub persist: Option<Spanned<bool>>,
}

/// What [metrics] says for all inputs, and an input for itself.
#[derive(Clone, Debug, Default)]
pub(super) struct BacklogTable {
    pub backlog: Option<Spanned<Backlog>>,
    pub after: Option<Spanned<Duration>>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct RejectsTable {
    pub dir: Option<Spanned<String>>,
    pub bytes_max: Option<Spanned<u64>>,
    pub when_full: Option<Spanned<WhenFull>>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct InputTable {
    pub name: Option<Spanned<String>>,
    pub paths: Vec<Spanned<String>>,
    pub exclude: Vec<Spanned<String>>,
    pub pipeline: Option<Spanned<String>>,
    pub service: Option<Spanned<String>>,
    pub labels: Vec<Pair<String>>,
    pub start_at: Option<Spanned<StartAt>>,
    pub format: Option<Spanned<String>>,
    pub timezone: Option<Spanned<String>>,
    pub dataset: Option<Spanned<String>>,
    pub namespace: Option<Spanned<String>>,
    pub wrapper: Option<Spanned<Option<Wrapper>>>,
    pub backlog: BacklogTable,
    pub metric_labels: Vec<Pair<String>>,
}

/// The tables that say where events go.
const OUTPUTS: [&str; 3] = ["elasticsearch", "file", "stdout"];

/// Keys whose value may be full of `$` that is not ours.
const LITERAL_KEYS: [&str; 1] = ["format"];

/// From what a writer's buffer may hold back to where `skip` means nothing any more.
const BACKLOG_AFTER: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(365 * 86_400);

/// Prometheus shows a sample for five minutes: what leaves sooner would flicker. A year is never.
const IDLE_AFTER: RangeInclusive<Duration> = Duration::from_secs(300)..=Duration::from_secs(365 * 86_400);

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const TIB: u64 = 1 << 40;

impl AgentFile {
    /// Reads `logmill.toml`; see [`AgentFile::parse`].
    pub fn read(
        path: &Path,
        surroundings: &dyn Surroundings,
        diagnostics: &mut Diagnostics,
    ) -> Option<AgentFile> {
        let file = SourceFile::read(path, surroundings, diagnostics)?;
        Some(AgentFile::parse(&file, surroundings, diagnostics))
    }

    /// What can be read; mistakes are in `diagnostics`. The file's name is its path.
    pub fn parse(
        file: &Arc<SourceFile>,
        surroundings: &dyn Surroundings,
        diagnostics: &mut Diagnostics,
    ) -> AgentFile {
        let mut root = Table::parse(file, diagnostics);
        root.expand(surroundings, &LITERAL_KEYS, diagnostics);
        AgentFile::from_table(file, root, diagnostics)
    }

    /// Asks the file's own table for every key.
    pub(super) fn from_table(file: &Arc<SourceFile>, mut root: Table, d: &mut Diagnostics) -> AgentFile {
        let incomplete = root.incomplete;
        let has_output = OUTPUTS.iter().any(|key| root.has(key));
        root.require("input", "[[input]]");
        let mut agent_file = AgentFile {
            file: Arc::clone(file),
            agent: root
                .take_table("agent", d)
                .map(|table| AgentTable::read(table, d))
                .unwrap_or_default(),
            elasticsearch: root.take_table("elasticsearch", d).map(|table| {
                let header = table.spanned((), table.span.clone());
                let read = ElasticsearchTable::read(table, d);
                header.map(|()| read)
            }),
            file_output: root.take_table("file", d).map(|table| {
                let header = table.spanned((), table.span.clone());
                let read = FileTable::read(table, d);
                header.map(|()| read)
            }),
            stdout: root.take_table("stdout", d).map(|table| {
                let header = table.spanned((), table.span.clone());
                table.finish(d);
                header
            }),
            rejects: root
                .take_table("rejects", d)
                .map(|table| RejectsTable::read(table, d))
                .unwrap_or_default(),
            endpoint: root
                .take_table("endpoint", d)
                .map(|table| EndpointTable::read(table, d))
                .unwrap_or_default(),
            metrics: root
                .take_table("metrics", d)
                .map(|table| MetricsTable::read(table, d))
                .unwrap_or_default(),
            inputs: root
                .take_tables("input", d)
                .into_iter()
                .map(|table| InputTable::read(table, d))
                .collect(),
            incomplete,
            has_output,
        };
        agent_file.has_output |= root.is_meant(&OUTPUTS);
        root.finish(d);
        agent_file
    }

    /// The pipelines that inputs name, in the order of the file.
    pub fn pipelines(&self) -> impl Iterator<Item = &Spanned<String>> {
        self.inputs.iter().filter_map(|input| input.pipeline.as_ref())
    }

    /// Where the state directory is written, if it is.
    pub fn state_dir(&self) -> Option<&Spanned<String>> {
        self.agent.state_dir.as_ref()
    }

    /// Where the directory of rejects is written, if it is.
    pub fn rejects_dir(&self) -> Option<&Spanned<String>> {
        self.rejects.dir.as_ref()
    }

    /// Where the path of the file output is written.
    pub fn output_path(&self) -> Option<&Spanned<String>> {
        self.file_output.as_ref()?.path.as_ref()
    }

    /// Whether it may name a folder of pipelines that could not be read from it.
    pub fn has_lost_folder(&self) -> bool {
        self.agent.pipelines.is_none() && (self.incomplete || self.agent.has_folder)
    }
}

impl AgentTable {
    fn read(mut table: Table, d: &mut Diagnostics) -> AgentTable {
        let seconds = Duration::from_secs;
        let read = AgentTable {
            has_folder: table.has("pipelines"),
            state_dir: table.take_path("state_dir", d),
            memory_max: table.take_bytes("memory_max", 8 * MIB..=TIB, d),
            listen: table.take_parsed(
                "listen",
                "an address",
                "write address and port, such as \"127.0.0.1:9598\" or \"[::1]:9598\"",
                d,
            ),
            host_name: table.take_name("host_name", d),
            line_bytes_max: table.take_bytes("line_bytes_max", KIB..=64 * MIB, d),
            flush: table.take_duration("flush", Duration::from_millis(1)..=seconds(60), d),
            scan: table.take_duration("scan", Duration::from_millis(100)..=seconds(3600), d),
            notify: table.take_bool("notify", d),
            grace: table.take_duration("grace", Duration::ZERO..=seconds(3600), d),
            kept_bytes_max: table.take_bytes("kept_bytes_max", 0..=TIB, d),
            workers: table.take_count("workers", 256, d),
            pipelines: table.take_path("pipelines", d),
            log_level: table.take_choice(
                "log_level",
                &[
                    ("error", tracing::Level::ERROR),
                    ("warn", tracing::Level::WARN),
                    ("info", tracing::Level::INFO),
                    ("debug", tracing::Level::DEBUG),
                    ("trace", tracing::Level::TRACE),
                ],
                d,
            ),
        };
        table.finish(d);
        read
    }
}

impl EndpointTable {
    fn read(mut table: Table, d: &mut Diagnostics) -> EndpointTable {
        table.require_together(["username", "password"]);
        table.require_at_most_one(&["username", "bearer_token"], d);
        table.require_together(["certificate", "key"]);
        let read = EndpointTable {
            username: table.take_name("username", d),
            password: table.take_name("password", d),
            bearer_token: table.take_name("bearer_token", d),
            certificate: table.take_path("certificate", d),
            key: table.take_path("key", d),
        };
        table.finish(d);
        read
    }
}

impl MetricsTable {
    fn read(mut table: Table, d: &mut Diagnostics) -> MetricsTable {
        let read = MetricsTable {
            backlog: BacklogTable::take(&mut table, d),
            idle_after: table.take_duration("idle_after", IDLE_AFTER, d),
            hash: take_hash(&mut table, d),
            native_histograms: table.take_bool("native_histograms", d),
            persist: table.take_bool("persist", d),
        };
        table.finish(d);
        read
    }
}

impl BacklogTable {
    fn take(table: &mut Table, d: &mut Diagnostics) -> BacklogTable {
        BacklogTable {
            backlog: table.take_choice("backlog", &Backlog::WORDS, d),
            after: table.take_duration("backlog_after", BACKLOG_AFTER, d),
        }
    }
}

impl ElasticsearchTable {
    fn read(mut table: Table, d: &mut Diagnostics) -> ElasticsearchTable {
        table.require("hosts", "hosts = [\"https://localhost:9200\"]");
        table.require_together(["username", "password"]);
        table.require_together(["client_certificate", "client_key"]);
        table.require_at_most_one(&["api_key", "username", "bearer_token"], d);
        let read = ElasticsearchTable {
            hosts: table.take_list("hosts", d),
            api_key: table.take_name("api_key", d),
            username: table.take_name("username", d),
            password: table.take_name("password", d),
            bearer_token: table.take_name("bearer_token", d),
            ca_file: table.take_path("ca_file", d),
            client_certificate: table.take_path("client_certificate", d),
            client_key: table.take_path("client_key", d),
            verify: table.take_choice("verify", &[("full", Verify::Full), ("none", Verify::None)], d),
            proxy: table.take_name("proxy", d),
            index: table.take_string("index", d),
            namespace: table.take_string("namespace", d),
            ingest_pipeline: table.take_name("ingest_pipeline", d),
            gzip_level: table.take_integer("gzip_level", 0..=9, d),
            // Elasticsearch's own `http.max_content_length` is 100 MiB unless somebody raised it.
            bulk_bytes_max: table.take_bytes("bulk_bytes_max", 64 * KIB..=100 * MIB, d),
            request_timeout: table.take_duration(
                "request_timeout",
                Duration::from_millis(100)..=Duration::from_secs(3600),
                d,
            ),
            retry_max: table.take_duration(
                "retry_max",
                Duration::from_millis(100)..=Duration::from_secs(3600),
                d,
            ),
            requests_max: table.take_count("requests_max", 64, d),
            document_ids: table.take_bool("document_ids", d),
        };
        table.finish(d);
        read
    }
}

impl FileTable {
    fn read(mut table: Table, d: &mut Diagnostics) -> FileTable {
        table.require("path", "path = \"/var/log/logmill/events.ndjson\"");
        let read = FileTable {
            path: table.take_path("path", d),
            rotate_bytes: table.take_bytes("rotate_bytes", 4 * KIB..=TIB, d),
            rotate_keep: table.take_integer("rotate_keep", 0..=1_000, d),
        };
        table.finish(d);
        read
    }
}

impl RejectsTable {
    fn read(mut table: Table, d: &mut Diagnostics) -> RejectsTable {
        let read = RejectsTable {
            dir: table.take_path("dir", d),
            bytes_max: table.take_bytes("bytes_max", 4 * KIB..=TIB, d),
            when_full: table.take_choice(
                "when_full",
                &[("stop", WhenFull::Stop), ("drop_oldest", WhenFull::DropOldest)],
                d,
            ),
        };
        table.finish(d);
        read
    }
}

impl InputTable {
    fn read(mut table: Table, d: &mut Diagnostics) -> InputTable {
        table.require("paths", "paths = [\"/var/log/nginx/access*.log\"]");
        table.require("pipeline", "pipeline = \"plain\"");
        let mut read = InputTable {
            name: table.take_name("name", d),
            paths: table.take_list("paths", d),
            exclude: table.take_strings("exclude", d),
            pipeline: table.take_name("pipeline", d),
            service: table.take_name("service", d),
            labels: table.take_map("labels", d),
            metric_labels: table.take_map("metric_labels", d),
            start_at: table.take_choice(
                "start_at",
                &[("beginning", StartAt::Beginning), ("end", StartAt::End)],
                d,
            ),
            format: table.take_name("format", d),
            timezone: table.take_string("timezone", d),
            dataset: table.take_string("dataset", d),
            namespace: table.take_string("namespace", d),
            wrapper: table.take_choice("wrapper", &Wrapper::WORDS, d),
            backlog: BacklogTable::take(&mut table, d),
        };
        // Nothing is to be said of them once more, when the metrics are put together.
        retain_label_names(
            &mut read.metric_labels,
            &["le", "quantile", "service", "metric"],
            d,
        );
        retain_field_names(&mut read.labels, d);
        table.finish(d);
        read
    }
}

/// Reports names of `labels` that make no field, and leaves those labels out: Elasticsearch refuses every document
/// with a field one of whose parts is empty or blank.
fn retain_field_names(labels: &mut Vec<Pair<String>>, d: &mut Diagnostics) {
    labels.retain(|(name, _)| {
        let is_part =
            |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control());
        if name.split('.').all(is_part) {
            return true;
        }
        d.push(
            Diagnostic::error(format!("`{}` cannot be the name of a label", name.value))
                .at_value(name, format!("would be the field `labels.{}`", name.value))
                .help("use words without blanks, such as \"team\" or \"room.floor\""),
        );
        false
    });
    for (inner, _) in labels.iter() {
        let is_within = |outer: &str| {
            inner
                .strip_prefix(outer)
                .is_some_and(|rest| rest.starts_with('.'))
        };
        if let Some((outer, _)) = labels.iter().find(|(outer, _)| is_within(outer)) {
            d.push(
                Diagnostic::error(format!(
                    "the label `{}` is within the label `{}`",
                    inner.value, outer.value
                ))
                .at_value(inner, "a document cannot have both")
                .help(format!("call it `{}`", inner.replace('.', "_"))),
            );
        }
    }
}
