//! One file per subcommand, and the arguments of all of them.
//!
//! Exit codes: 0 it is done; 1 it was tried and failed (a test differs, a server refuses); 2 what the user wrote
//! cannot be run (arguments, configuration, a pipeline).

mod ask;
pub mod bench;
mod check;
mod demo;
mod explain;
mod health;
mod import;
mod library;
mod log_file;
mod out;
mod parse;
mod reading;
mod rejects;
mod replay;
mod run;
mod schema;
mod server;
mod setup;
mod status;
mod suggest;
mod test;
mod word;

use std::ffi::OsStr;
use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::tz::TimeZone;
use reqwest::Url;

use crate::config::{Diagnostics, Wrapper, Wrapping, reason};

/// Tails service logs, parses them with pipelines, ships the events to Elasticsearch and serves the metrics that
/// it derives from them to Prometheus.
#[derive(Debug, Parser)]
#[command(name = "logmill", version, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Colour the output: auto, always or never.
    #[arg(long, global = true, default_value = "auto", value_name = "WHEN")]
    color: Colour,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Colour {
    Auto,
    Always,
    Never,
}

impl Colour {
    /// `no_color` is the variable `NO_COLOR`, which says nothing where it is empty (<https://no-color.org>).
    fn is_taken(self, is_terminal: bool, no_color: Option<&OsStr>) -> bool {
        match self {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => is_terminal && no_color.is_none_or(OsStr::is_empty),
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(RunArguments),
    Demo(DemoArguments),
    Parse(ParseArguments),
    Suggest(SuggestArguments),
    Import(ImportArguments),
    Schema(SchemaArguments),
    Test(TestArguments),
    Check(CheckArguments),
    Bench(BenchArguments),
    Setup(SetupArguments),
    Status(StatusArguments),
    Health(HealthArguments),
    Rejects(RejectsArguments),
}

/// Where the agent's own file is when nobody says (Filesystem Hierarchy Standard).
const CONFIG: &str = "/etc/logmill/logmill.toml";

/// Where the agent's own file is.
#[derive(Debug, Clone, Args)]
pub struct ConfigArgument {
    /// The agent's configuration.
    #[arg(
        short,
        long,
        global = true,
        default_value = CONFIG,
        value_name = "FILE"
    )]
    config: PathBuf,
}

/// Put the index template with the ECS mappings in place.
#[derive(Debug, Clone, Args)]
struct SetupArguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// The server, without a configuration.
    #[arg(long, value_name = "URL", value_parser = word::server, conflicts_with = "config")]
    elasticsearch: Option<reqwest::Url>,
    /// Plain indexes and no data streams.
    #[arg(long)]
    plain_indexes: bool,
    /// The indexes that the template is for; those of `index` in the configuration when absent, or `logs-*-*`.
    #[arg(long, value_name = "PATTERN", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    indexes: Vec<String>,
}

/// Tail, parse, derive and ship until stopped.
#[derive(Debug, Clone, Args)]
#[command(after_help = run::AFTER_HELP)]
struct RunArguments {
    /// The agent's configuration [default: /etc/logmill/logmill.toml]; SIGHUP reads it again.
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["pipeline", "paths"])]
    config: Option<PathBuf>,
    /// End when everything that is there has been read and delivered.
    #[arg(long)]
    once: bool,
    /// Without a configuration: the pipeline that reads the files.
    #[arg(long, value_name = "NAME", requires = "paths")]
    pipeline: Option<String>,
    /// Without a configuration: `service.name` of the events and the label of the metrics.
    #[arg(long, value_name = "NAME", requires = "pipeline", conflicts_with = "config")]
    service: Option<String>,
    /// Without a configuration: where events go; standard output when absent.
    #[arg(long, value_name = "URL", requires = "pipeline", conflicts_with = "config")]
    elasticsearch: Option<String>,
    /// Without a configuration: address of /metrics, /healthz and status.
    #[arg(
        long,
        value_name = "ADDRESS",
        requires = "pipeline",
        conflicts_with = "config"
    )]
    listen: Option<String>,
    /// Without a configuration: where offsets are kept.
    #[arg(long, value_name = "DIR", requires = "pipeline", conflicts_with = "config")]
    state_dir: Option<PathBuf>,
    /// Without a configuration: the host's own format string, where the pipeline takes one.
    #[arg(long, value_name = "STRING", requires = "pipeline", conflicts_with = "config")]
    format: Option<String>,
    /// Files or globs.
    #[arg(value_name = "PATH", requires = "pipeline")]
    paths: Vec<String>,
}

/// Watch a small company at work: real log files, the real agent, numbers in the terminal.
#[derive(Debug, Clone, Args)]
struct DemoArguments {
    /// Stop after this long, such as 30s; until Ctrl-C when absent.
    #[arg(long = "for", value_name = "DURATION", value_parser = word::duration)]
    duration: Option<Duration>,
    /// Ship there and not to a file.
    #[arg(long, value_name = "URL", value_parser = word::server)]
    elasticsearch: Option<Url>,
    /// The same seed gives the same logs.
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,
    /// How busy the company is; 1 is a few hundred lines a second.
    #[arg(long, default_value_t = 1.0, value_name = "FACTOR", value_parser = word::rate)]
    rate: f64,
    /// Address of /metrics.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS", value_parser = word::address)]
    listen: SocketAddr,
}

/// Print what a pipeline makes of lines: one JSON object per event.
#[derive(Debug, Clone, Args)]
struct ParseArguments {
    /// A shipped pipeline or one of `--pipelines`.
    #[arg(long, value_name = "NAME")]
    pipeline: String,
    /// The host's own format string, such as nginx's log_format.
    #[arg(long, value_name = "STRING")]
    format: Option<String>,
    #[command(flatten)]
    reading: Reading,
    /// What a container runtime put around each line.
    #[arg(long, value_enum, default_value_t = WrapperArgument::Pipeline, value_name = "WRAPPER")]
    wrapper: WrapperArgument,
    /// For a line that does not match: where each pattern stopped, and what it expected there.
    #[arg(long)]
    explain: bool,
    /// Aligned columns for people instead of JSON lines.
    #[arg(long)]
    pretty: bool,
    /// A folder of own pipelines; they come before the shipped ones.
    #[arg(long, value_name = "DIR")]
    pipelines: Option<PathBuf>,
    /// The log, compressed with gzip or not; standard input when absent or `-`.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Look at a log of unknown form: which pipelines fit it, and a draft for what none fits.
#[derive(Debug, Clone, Args)]
struct SuggestArguments {
    /// The log, compressed with gzip or not; standard input for `-`.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Write the draft there; to standard output when absent.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write over a file that is there.
    #[arg(long, requires = "output")]
    force: bool,
    /// A folder of own pipelines; they come before the shipped ones.
    #[arg(long, value_name = "DIR")]
    pipelines: Option<PathBuf>,
}

/// Carry the configuration of Filebeat or Logstash over: logmill.toml, pipelines, and a report of what was not.
#[derive(Debug, Clone, Args)]
struct ImportArguments {
    /// `filebeat.yml`, or the files of a pipeline of Logstash in their order.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Whose file it is; told by its ending when absent: `.yml` is Filebeat's, `.conf` Logstash's.
    #[arg(long, value_enum, value_name = "PROGRAM")]
    from: Option<Program>,
    /// The folder that `logmill.toml` and `pipelines` are written to; nothing is written when absent.
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Write over files that are there.
    #[arg(long, requires = "output")]
    force: bool,
}

/// Print the JSON Schema of a file, for editors.
#[derive(Debug, Clone, Args)]
struct SchemaArguments {
    /// Of `logmill.toml`, or of a pipeline.
    #[arg(value_enum, value_name = "FILE")]
    file: SchemaFile,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SchemaFile {
    Config,
    Pipeline,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Program {
    Filebeat,
    Logstash,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum WrapperArgument {
    /// As the pipeline says.
    Pipeline,
    None,
    Docker,
    Cri,
    /// Docker or CRI, by how each line begins.
    Auto,
}

impl From<WrapperArgument> for Wrapping {
    fn from(argument: WrapperArgument) -> Self {
        match argument {
            WrapperArgument::Pipeline => Wrapping::AsPipelineSays,
            WrapperArgument::None => Wrapping::Bare,
            WrapperArgument::Docker => Wrapping::In(Wrapper::Docker),
            WrapperArgument::Cri => Wrapping::In(Wrapper::Cri),
            WrapperArgument::Auto => Wrapping::In(Wrapper::Auto),
        }
    }
}

/// What stands in for what a line does not say.
#[derive(Debug, Clone, Args)]
struct Reading {
    /// Time zone of times that name none, such as Europe/Berlin or +02:00.
    #[arg(long, value_name = "ZONE", value_parser = word::zone)]
    timezone: Option<TimeZone>,
    /// The moment of reading (RFC 3339), for times without year or date.
    #[arg(long, value_name = "TIME", value_parser = word::moment)]
    now: Option<jiff::Timestamp>,
}

/// Hold all pipelines against their inline tests and their golden files.
#[derive(Debug, Clone, Args)]
#[command(after_help = test::AFTER_HELP)]
struct TestArguments {
    /// Only pipelines and cases whose name contains this.
    #[arg(value_name = "FILTER")]
    filter: Option<String>,
    /// Folder of pipelines; the shipped ones when absent.
    #[arg(long, value_name = "DIR")]
    pipelines: Option<PathBuf>,
    /// Folder of golden files: NAME/CASE.log, CASE.events.ndjson, CASE.metrics.txt [default: fixtures, if it is there].
    #[arg(long, value_name = "DIR")]
    fixtures: Option<PathBuf>,
    /// Write what comes out as what is expected.
    #[arg(long)]
    update: bool,
    /// Also write the result as JUnit XML.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// Compile configuration and pipelines, run the pipelines' own tests, and say everything that is wrong.
#[derive(Debug, Clone, Args)]
#[command(after_help = check::AFTER_HELP)]
struct CheckArguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// Also ask the outputs whether they would take events.
    #[arg(long)]
    outputs: bool,
    /// Only the pipelines of this folder, without a configuration.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["config", "outputs"])]
    pipelines: Option<PathBuf>,
}

/// Measure a pipeline: lines per second, CPU and allocations per line, share of each stage.
#[derive(Debug, Clone, Args)]
struct BenchArguments {
    /// A shipped pipeline or one of `--pipelines`.
    #[arg(long, default_value = "nginx-access", value_name = "NAME")]
    pipeline: String,
    /// The host's own format string, such as nginx's log_format.
    #[arg(long, value_name = "STRING")]
    format: Option<String>,
    /// A folder of own pipelines; they come before the shipped ones.
    #[arg(long, value_name = "DIR")]
    pipelines: Option<PathBuf>,
    /// How many events to push through.
    #[arg(long, default_value_t = 2_000_000, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    lines: u64,
    /// Where the bulk bodies go: `null`, `bulk` (a server inside this process), or a URL.
    #[arg(long, default_value = "null", value_name = "SINK")]
    sink: bench::Sink,
    /// Compression of the bodies, 0 (off) to 9.
    #[arg(long, default_value_t = 0, value_name = "LEVEL", value_parser = clap::value_parser!(u32).range(0..=9))]
    gzip: u32,
    /// How often each stage is measured by itself; 0: only the whole way.
    #[arg(long, default_value_t = 50, value_name = "NUMBER")]
    rounds: u32,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// The log, compressed with gzip or not, standard input for `-`; lines of the pipeline's inline tests when absent.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Show the books, the files and what is wrong, from the running agent or from its state directory.
#[derive(Debug, Clone, Args)]
struct StatusArguments {
    /// The agent's configuration [default: /etc/logmill/logmill.toml, without --listen].
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Ask the agent at this address, with the credentials and over the TLS of `--config` where that is given.
    #[arg(long, value_name = "ADDRESS", value_parser = word::address)]
    listen: Option<SocketAddr>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Ask the running agent whether it works; for health checks of containers.
#[derive(Debug, Clone, Args)]
struct HealthArguments {
    /// The agent's configuration: it says the address, and the certificate that the agent shows.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Address of the agent; that of `--config`, or 127.0.0.1:9598.
    #[arg(long, value_name = "ADDRESS", value_parser = word::address)]
    listen: Option<SocketAddr>,
    /// Ask over TLS, whatever certificate the agent shows.
    #[arg(long, conflicts_with = "config")]
    tls: bool,
}

/// Documents that Elasticsearch refused for good.
#[derive(Debug, Clone, Args)]
struct RejectsArguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// The store, without a configuration.
    #[arg(long, global = true, value_name = "DIR")]
    dir: Option<PathBuf>,
    #[command(subcommand)]
    action: RejectsAction,
}

#[derive(Debug, Clone, Subcommand)]
enum RejectsAction {
    /// One line per document: key, time, source, reason.
    List {
        /// Print one JSON object per line.
        #[arg(long)]
        json: bool,
    },
    /// One document whole.
    Show {
        /// Its key, or the beginning of it.
        #[arg(value_parser = word::key)]
        key: String,
    },
    /// Send them again, and forget those that are stored; exit code 1 where some stay, or none has the key.
    Replay {
        /// Only those whose key begins like this; all when absent.
        #[arg(value_parser = word::key)]
        key: Option<String>,
    },
    /// Forget them; exit code 1 where none has the key.
    Drop {
        /// Only those whose key begins like this.
        #[arg(required_unless_present = "all", conflicts_with = "all", value_parser = word::key)]
        key: Option<String>,
        /// All of them.
        #[arg(long)]
        all: bool,
    },
}

/// Whom the command talks to.
#[derive(Debug, Clone, Copy)]
pub struct Terminal {
    /// Standard output takes colours.
    color: bool,
    /// Standard error takes colours.
    error_color: bool,
}

impl Terminal {
    fn new(colour: Colour) -> Self {
        let no_color = std::env::var_os("NO_COLOR");
        let takes = |is_terminal| colour.is_taken(is_terminal, no_color.as_deref());
        Terminal {
            color: takes(std::io::stdout().is_terminal()),
            error_color: takes(std::io::stderr().is_terminal()),
        }
    }

    /// Shows what is wrong with what the user wrote.
    ///
    /// # Errors
    ///
    /// [`Refused`] when it cannot be run like that.
    fn report(self, diagnostics: &Diagnostics) -> Result<(), Refused> {
        if !diagnostics.is_empty() {
            // Where nobody hears it, the exit code says it.
            let _ = writeln!(
                out::stderr(),
                "{}",
                diagnostics.render(self.error_color).trim_end()
            );
        }
        if diagnostics.has_errors() {
            Err(Refused)
        } else {
            Ok(())
        }
    }
}

/// What the user wrote cannot be run; the diagnostics have said why.
#[derive(Debug, thiserror::Error)]
#[error("nothing was started")]
struct Refused;

/// Words of the command line that do not go together; clap says of each by itself what is wrong with it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Misused(String);

/// Something was tried and is not as it should be; it has been said what.
#[derive(Debug, thiserror::Error)]
#[error("it is not as it should be")]
struct Failed;

/// An error and what it comes from.
fn sentence(error: &anyhow::Error) -> String {
    let parts = error.chain().map(|part| match part.downcast_ref() {
        Some(error) => reason(error),
        None => part.to_string(),
    });
    parts.collect::<Vec<_>>().join(": ")
}

/// Runs the command and says how it ended.
pub fn main(arguments: Arguments) -> ExitCode {
    let terminal = Terminal::new(arguments.color);
    let result = match &arguments.command {
        Command::Bench(arguments) => bench::run(arguments, terminal),
        Command::Check(arguments) => check::run(arguments, terminal),
        Command::Suggest(arguments) => suggest::run(arguments, terminal),
        Command::Import(arguments) => import::run(arguments),
        Command::Schema(arguments) => schema::run(arguments),
        Command::Parse(arguments) => parse::run(arguments, terminal),
        Command::Test(arguments) => test::run(arguments, terminal),
        Command::Run(arguments) => run::run(arguments, terminal),
        Command::Setup(arguments) => setup::run(arguments, terminal),
        Command::Status(arguments) => status::run(arguments, terminal),
        Command::Demo(arguments) => demo::run(arguments, terminal),
        Command::Health(arguments) => health::run(arguments, terminal),
        Command::Rejects(arguments) => rejects::run(arguments, terminal),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<Refused>() => ExitCode::from(2),
        Err(error) if error.is::<Failed>() => ExitCode::FAILURE,
        Err(error) if error.is::<Misused>() => {
            let _ = writeln!(out::stderr(), "error: {error}");
            ExitCode::from(2)
        }
        Err(error) => {
            let _ = writeln!(out::stderr(), "error: {}", sentence(&error));
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_turns_no_colours_off() {
        let auto = |is_terminal, no_color: Option<&str>| {
            Colour::Auto.is_taken(is_terminal, no_color.map(OsStr::new))
        };
        assert!(auto(true, None) && auto(true, Some("")));
        assert!(!auto(true, Some("1")) && !auto(false, None));
        assert!(Colour::Always.is_taken(false, Some(OsStr::new("1"))));
        assert!(!Colour::Never.is_taken(true, None));
    }
}
