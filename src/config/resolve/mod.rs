//! From the agent's file to the settings: defaults and cross-checks.

mod elasticsearch;
mod endpoint;
mod input;
mod input_name;
mod paths;
mod pem;
#[cfg(test)]
mod tests;
mod zero_config;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

pub use zero_config::ZeroConfig;

use self::paths::Base;
use super::agent_file::{AgentFile, AgentTable, FileTable, RejectsTable};
use super::{
    AgentSettings, Diagnostic, Diagnostics, FileSettings, MetricsSettings, Origin, OutputSettings, Place,
    RejectSettings, Settings, Spanned, Surroundings,
};
use crate::limits;

/// Where state is kept when the file does not say (Filesystem Hierarchy Standard).
const STATE_DIR: &str = "/var/lib/logmill";

/// `listen` when the file does not say: this machine only.
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9598);

impl Settings {
    /// The settings that a file asks for; `None` when the diagnostics have an error, of this file or of another.
    pub fn new(
        written: &AgentFile,
        surroundings: &dyn Surroundings,
        diagnostics: &mut Diagnostics,
    ) -> Option<Settings> {
        let draft = Settings::draft(written, surroundings, diagnostics);
        (!diagnostics.has_errors()).then_some(draft)
    }

    /// Likewise as far as that goes, so that what lies behind a mistake can be looked at in the same run: a value with
    /// a mistake has its default, an input that names no pipeline is left out, and an output that cannot be is standard
    /// output. Nothing is to run on it.
    pub fn draft(
        written: &AgentFile,
        surroundings: &dyn Surroundings,
        diagnostics: &mut Diagnostics,
    ) -> Settings {
        let base = Base::of(Path::new(written.file.name()), surroundings);
        let agent = AgentSettings {
            persist: value(&written.metrics.persist, false),
            ..agent(&written.agent, &base, surroundings, diagnostics)
        };
        let listen = written.agent.listen.as_ref();
        let endpoint = endpoint::settings(&written.endpoint, listen, &base, surroundings, diagnostics);
        let rejects = rejects(&written.rejects, &agent, &base);
        let output = output(written, &agent, &base, surroundings, diagnostics);
        let inputs = input::inputs(&written.inputs, &written.metrics.backlog, &base, diagnostics);
        Settings {
            origin: Origin::File,
            agent,
            output: output.unwrap_or(OutputSettings::Stdout),
            rejects,
            endpoint,
            metrics: MetricsSettings {
                idle_after: value(&written.metrics.idle_after, limits::IDLE_AFTER),
                hash: written.metrics.hash.clone(),
                native_histograms: value(&written.metrics.native_histograms, false),
            },
            inputs,
        }
    }
}

fn agent(
    written: &AgentTable,
    base: &Base,
    surroundings: &dyn Surroundings,
    d: &mut Diagnostics,
) -> AgentSettings {
    let memory_max = written
        .memory_max
        .as_ref()
        .map_or(limits::MEMORY_MAX, |max| size(max.value));
    AgentSettings {
        state_dir: state_dir(written.state_dir.as_ref(), d),
        memory_max,
        listen: value(&written.listen, LISTEN),
        host_name: host_name(written.host_name.as_ref(), surroundings, d),
        line_bytes_max: share_of_memory(
            "line_bytes_max",
            written.line_bytes_max.as_ref(),
            limits::LINE_BYTES_MAX,
            memory_max,
            d,
        ),
        flush: value(&written.flush, limits::BULK_FLUSH),
        scan: value(&written.scan, limits::SCAN_EVERY),
        notify: value(&written.notify, true),
        grace: value(&written.grace, limits::SHUTDOWN_GRACE),
        kept_bytes_max: value(&written.kept_bytes_max, limits::KEPT_BYTES_MAX),
        workers: value(&written.workers, surroundings.cores()),
        pipelines: written
            .pipelines
            .as_ref()
            .map(|dir| dir.clone().map(|_| base.path(dir))),
        log_level: value(&written.log_level, tracing::Level::INFO),
        persist: false,
    }
}

fn state_dir(written: Option<&Spanned<String>>, d: &mut Diagnostics) -> PathBuf {
    let Some(dir) = written else {
        return PathBuf::from(STATE_DIR);
    };
    if !Path::new(&dir.value).is_absolute() {
        d.push(
            Diagnostic::error("`state_dir` is not absolute")
                .at_value(dir, "")
                .help("write the whole path: a relative one would name another place after each change of directory"),
        );
    }
    PathBuf::from(&dir.value)
}

/// As written, else what the kernel says.
fn host_name(
    written: Option<&Spanned<String>>,
    surroundings: &dyn Surroundings,
    d: &mut Diagnostics,
) -> String {
    if let Some(name) = written {
        return name.value.clone();
    }
    let kernel = surroundings.read(Path::new("/proc/sys/kernel/hostname")).ok();
    let name = kernel
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .map(|text| text.trim().to_owned())
        .filter(|name| !name.is_empty())
        .or_else(|| surroundings.variable("HOSTNAME"));
    name.unwrap_or_else(|| {
        d.push(
            Diagnostic::error("this machine has no host name")
                .help("write `host_name = \"…\"` in [agent], or set the environment variable `HOSTNAME`"),
        );
        String::new()
    })
}

fn rejects(written: &RejectsTable, agent: &AgentSettings, base: &Base) -> RejectSettings {
    RejectSettings {
        dir: match &written.dir {
            Some(dir) => base.path(dir),
            None => agent.state_dir.join("rejects"),
        },
        bytes_max: value(&written.bytes_max, limits::REJECTS_BYTES_MAX),
        when_full: value(&written.when_full, Default::default()),
    }
}

fn output(
    written: &AgentFile,
    agent: &AgentSettings,
    base: &Base,
    surroundings: &dyn Surroundings,
    d: &mut Diagnostics,
) -> Option<OutputSettings> {
    let headers: Vec<(&str, Place)> = [
        written
            .elasticsearch
            .as_ref()
            .map(|table| ("[elasticsearch]", table.place(""))),
        written
            .file_output
            .as_ref()
            .map(|table| ("[file]", table.place(""))),
        written.stdout.as_ref().map(|table| ("[stdout]", table.place(""))),
    ]
    .into_iter()
    .flatten()
    .collect();
    if headers.is_empty() && !written.has_output && !written.incomplete {
        let place = Place {
            file: written.file.clone(),
            span: 0..0,
            label: String::new(),
        };
        d.push(
            Diagnostic::error("no output: nothing says where events go")
                .at(place)
                .help("add one of [elasticsearch] with `hosts`, [file] with `path`, or [stdout]"),
        );
    }
    for (name, place) in headers.iter().skip(1) {
        d.push(
            Diagnostic::error(format!("two outputs: {} and {name}", headers[0].0))
                .at(place.clone())
                .help("keep one of them"),
        );
    }
    // Every output that is there is checked, whichever stays.
    let file = written
        .file_output
        .as_ref()
        .and_then(|table| file_output(table, base));
    let elasticsearch = written
        .elasticsearch
        .as_ref()
        .map(|table| elasticsearch::settings(table, agent, base, surroundings, d));
    if let Some(settings) = elasticsearch {
        return Some(OutputSettings::Elasticsearch(Box::new(settings)));
    }
    file.map(OutputSettings::File)
        .or_else(|| written.stdout.as_ref().map(|_| OutputSettings::Stdout))
}

fn file_output(written: &FileTable, base: &Base) -> Option<FileSettings> {
    Some(FileSettings {
        path: base.path(written.path.as_ref()?),
        rotate_bytes: value(&written.rotate_bytes, limits::ROTATE_BYTES),
        rotate_keep: value(&written.rotate_keep, limits::ROTATE_KEEP),
    })
}

/// A secret that a header has to carry as it is.
fn check_header(key: &str, secret: &Spanned<String>, d: &mut Diagnostics) {
    if secret.bytes().any(|byte| !byte.is_ascii_graphic()) {
        d.push(
            Diagnostic::error(format!(
                "`{key}` has a blank or a character that no header can carry"
            ))
            .at_value(secret, "")
            .help("check that it was copied whole and alone"),
        );
    }
}

/// Basic authentication (RFC 7617) has no way to send a colon in the name.
fn check_username(username: &Spanned<String>, d: &mut Diagnostics) {
    if username.contains(':') {
        d.push(
            Diagnostic::error("`username` has a colon")
                .at_value(username, "")
                .help("basic authentication ends the name at the first colon; choose a name without"),
        );
    }
}

/// A size of which several must fit into `memory_max`: at most a quarter of it. The default gives way.
fn share_of_memory(
    key: &str,
    written: Option<&Spanned<u64>>,
    default: usize,
    memory_max: usize,
    d: &mut Diagnostics,
) -> usize {
    let most = memory_max / 4;
    let Some(bytes) = written else {
        return default.min(most);
    };
    if size(bytes.value) > most {
        d.push(
            Diagnostic::error(format!("`{key}` is more than a quarter of `memory_max`"))
                .at_value(
                    bytes,
                    format!("at most {}", super::quantity::write_bytes(most as u64)),
                )
                .help(format!("raise `memory_max` in [agent], or lower `{key}`")),
        );
    }
    size(bytes.value)
}

/// Sizes in files end at 1 TiB, which every machine that runs this can count to.
fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

fn value<T: Clone>(written: &Option<Spanned<T>>, default: T) -> T {
    match written {
        Some(written) => written.value.clone(),
        None => default,
    }
}

/// A count from `limits`; those are not zero.
const fn count(number: usize) -> NonZeroUsize {
    match NonZeroUsize::new(number) {
        Some(count) => count,
        None => NonZeroUsize::MIN,
    }
}
