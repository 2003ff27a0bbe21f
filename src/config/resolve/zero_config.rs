use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::paths::Base;
use crate::config::agent_file::{
    AgentFile, AgentTable, ElasticsearchTable, EndpointTable, InputTable, MetricsTable, RejectsTable,
};
use crate::config::table::begins_at_home;
use crate::config::{Diagnostic, Diagnostics, Origin, Settings, SourceFile, Spanned, Surroundings};

/// What the command line says in place of a file:
/// `logmill run --pipeline nginx-access --service shop /var/log/nginx/access.log --elasticsearch URL`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ZeroConfig {
    pub pipeline: String,
    pub service: Option<String>,
    /// Files or globs; relative ones begin at the current directory.
    pub paths: Vec<String>,
    /// The URL of the server; standard output when absent.
    pub elasticsearch: Option<String>,
    pub listen: Option<String>,
    /// A relative one begins at the current directory.
    pub state_dir: Option<PathBuf>,
    pub format: Option<String>,
}

impl Settings {
    /// Like [`Settings::new`]; messages show the command line as if it were a file.
    pub fn zero_config(
        given: &ZeroConfig,
        surroundings: &dyn Surroundings,
        diagnostics: &mut Diagnostics,
    ) -> Option<Settings> {
        let mut written = CommandLine::of(given).agent_file(given, diagnostics);
        if let Some(dir) = written.agent.state_dir.take() {
            let here = Base::of(Path::new(written.file.name()), surroundings);
            let absolute = here.path(&dir).display().to_string();
            match begins_at_home(&dir) {
                Some(mistake) => diagnostics.push(mistake),
                None => written.agent.state_dir = Some(dir.map(|_| absolute)),
            }
        }
        let settings = Settings::new(&written, surroundings, diagnostics)?;
        Some(Settings {
            origin: Origin::CommandLine,
            ..settings
        })
    }
}

/// The arguments as one text, each with its place.
struct CommandLine {
    file: Arc<SourceFile>,
    /// Option name (empty for a path) and value, in order.
    arguments: Vec<(&'static str, Spanned<String>)>,
}

impl CommandLine {
    fn of(given: &ZeroConfig) -> CommandLine {
        let state_dir = given.state_dir.as_ref().map(|dir| dir.display().to_string());
        let options = [
            ("--pipeline", Some(&given.pipeline)),
            ("--service", given.service.as_ref()),
            ("--elasticsearch", given.elasticsearch.as_ref()),
            ("--listen", given.listen.as_ref()),
            ("--state-dir", state_dir.as_ref()),
            ("--format", given.format.as_ref()),
        ];
        let options = options
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        let paths = given.paths.iter().map(|path| ("", path));
        let mut text = "logmill run".to_owned();
        let mut places = Vec::new();
        for (name, value) in options.chain(paths) {
            text.push(' ');
            if !name.is_empty() {
                text.push_str(name);
                text.push(' ');
            }
            let start = text.len();
            text.push_str(value);
            places.push((name, value.clone(), start..text.len()));
        }
        let file = SourceFile::new("command line", text);
        let arguments = places
            .into_iter()
            .map(|(name, value, span)| (name, Spanned::new(value, span, Arc::clone(&file))))
            .collect();
        CommandLine { file, arguments }
    }

    fn get(&self, name: &str) -> Option<Spanned<String>> {
        let (_, value) = self.arguments.iter().find(|(known, _)| *known == name)?;
        Some(value.clone())
    }

    fn agent_file(&self, given: &ZeroConfig, diagnostics: &mut Diagnostics) -> AgentFile {
        let listen = self.get("--listen").and_then(|text| match text.parse() {
            Ok(address) => Some(text.map(|_| address)),
            Err(_) => {
                diagnostics.push(
                    Diagnostic::error("`--listen` is not an address")
                        .at_value(&text, "")
                        .help("write address and port, such as 127.0.0.1:9598"),
                );
                None
            }
        });
        let service = self.get("--service");
        if let Some(service) = service.as_ref().filter(|service| service.trim().is_empty()) {
            diagnostics.push(
                Diagnostic::error("`--service` is empty")
                    .at_value(service, "")
                    .help("write a name, or leave `--service` out"),
            );
        }
        let input = InputTable {
            paths: self
                .arguments
                .iter()
                .filter(|(name, _)| name.is_empty())
                .map(|(_, path)| path.clone())
                .collect(),
            pipeline: self.get("--pipeline"),
            service,
            format: self.get("--format"),
            ..InputTable::default()
        };
        if given.paths.is_empty() {
            diagnostics
                .push(Diagnostic::error("no file to read").help("name files or globs after the options"));
        }
        let elasticsearch = self.get("--elasticsearch").map(|url| {
            let place = url.clone();
            place.map(|_| ElasticsearchTable {
                hosts: vec![url],
                ..ElasticsearchTable::default()
            })
        });
        AgentFile {
            file: Arc::clone(&self.file),
            agent: AgentTable {
                state_dir: self.get("--state-dir"),
                listen,
                ..AgentTable::default()
            },
            stdout: match elasticsearch {
                Some(_) => None,
                None => Some(Spanned::new((), 0..0, Arc::clone(&self.file))),
            },
            elasticsearch,
            file_output: None,
            rejects: RejectsTable::default(),
            endpoint: EndpointTable::default(),
            metrics: MetricsTable::default(),
            inputs: vec![input],
            incomplete: false,
            has_output: true,
        }
    }
}
