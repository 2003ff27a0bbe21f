//! Elasticsearch, the real server, from the distribution that Elastic publishes for integration tests.
//!
//! That build leaves modules out: there is no `GET /`, no data stream API, no ILM, no ingest pipelines, no
//! Painless. Bulk, search, aggregations, index templates, TLS and security are those of the full server.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use reqwest::header::HeaderValue;
use tokio::sync::OnceCell;

use super::client::Client;
use super::fetch::{self, Result, at};
use super::process::{Home, Process, may_read};
use super::{certificates, jdk, until};

/// Maven coordinates of the distribution, less version and type.
const ARTIFACT: &str = "org.elasticsearch.distribution.integ-test-zip:elasticsearch";
const HEAP: &str = "512m";
/// A first start on two busy cores took 45 s; this is far beyond, and a server that ends is noticed at once.
const START_MAX: Duration = Duration::from_secs(240);
/// The password of both users where security is on: the built-in `elastic`, who may do everything, and `reader`,
/// who may read everything and write to `reader-*` alone, so that other documents of a bulk request get a 403 each.
pub const PASSWORD: &str = "logmill-test-password";
/// A bearer token of the service account `elastic/fleet-server`, which may write to `logs-*` and `metrics-*`.
pub const BEARER_TOKEN: &str = "AAEAAWVsYXN0aWMvZmxlZXQtc2VydmVyL2xvZ21pbGw6RG9WQ042ajZTTUtTTnNpZFBBcUVVdw";
/// The file realm's hash (bcrypt) of [`PASSWORD`], and the service token file's (PBKDF2) of [`BEARER_TOKEN`].
const PASSWORD_HASH: &str = "$2a$10$logmilltestssaltzzzzzOcpJ4mAOS7uWFmQjsPDYgp2DkMcP7yla";
const TOKEN_HASH: &str = "{PBKDF2_STRETCH}10000$/SpTTTS8nY21zuzrDs1iPRAhcPwWnza3wtM3SiGEpYU=\
                          $nRaBZbv41wys6vPAb21ltMJgY89gd6XlJqbAGH+NQ0M=";

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Version {
    V7_17,
    V8_19,
}

impl Version {
    pub fn number(self) -> &'static str {
        match self {
            Version::V7_17 => "7.17.29",
            Version::V8_19 => "8.19.21",
        }
    }
}

/// How to reach a server that asks who you are. All files are PEM.
pub struct Security {
    /// The authority that signed the server's certificate; no system trusts it.
    pub ca: PathBuf,
    /// A client's certificate from the same authority, with its key in [`client_key`](Security::client_key).
    /// The server asks for one and goes on without.
    pub client_certificate: PathBuf,
    pub client_key: PathBuf,
}

/// A running single node, reachable from this machine only. Dropping it stops it.
pub struct Elasticsearch {
    url: String,
    security: Option<Security>,
    process: Process,
}

impl Elasticsearch {
    /// The server that all tests of this binary share: 8.19, no TLS, no authentication. Each test uses index
    /// names of its own. Panics when it cannot be started, in each test that wants it.
    pub async fn shared() -> &'static Elasticsearch {
        static SHARED: OnceCell<Result<Elasticsearch>> = OnceCell::const_new();
        started(SHARED.get_or_init(|| Elasticsearch::start(Version::V8_19)).await)
    }

    /// The same with TLS and authentication: user `elastic`, password [`PASSWORD`].
    pub async fn shared_secured() -> &'static Elasticsearch {
        static SHARED: OnceCell<Result<Elasticsearch>> = OnceCell::const_new();
        started(
            SHARED
                .get_or_init(|| Elasticsearch::start_secured(Version::V8_19))
                .await,
        )
    }

    /// A server of the caller's own, without TLS and authentication.
    pub async fn start(version: Version) -> Result<Elasticsearch> {
        Elasticsearch::launch(version, false).await
    }

    /// A server of the caller's own, with TLS and authentication: user `elastic`, password [`PASSWORD`].
    pub async fn start_secured(version: Version) -> Result<Elasticsearch> {
        Elasticsearch::launch(version, true).await
    }

    /// Where it listens, such as `http://127.0.0.1:45123`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Certificates and such, if this server was started with security on.
    pub fn security(&self) -> Option<&Security> {
        self.security.as_ref()
    }

    /// Its configuration, data and logs; gone when the server is.
    pub fn home(&self) -> &Path {
        self.process.home()
    }

    /// The process id of its first process.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// A client for one test, with the credentials of the superuser where the server asks for them.
    pub fn client(&self) -> Client {
        self.client_as(basic("elastic", PASSWORD))
    }

    /// A client with other credentials, if the server asks for any.
    pub fn client_as(&self, authorization: HeaderValue) -> Client {
        let Some(security) = &self.security else {
            return Client::new(&self.url);
        };
        let pem = fs::read(&security.ca).unwrap_or_else(|e| panic!("{}", at(&security.ca, e)));
        let http = reqwest::Client::builder()
            .no_proxy()
            .add_root_certificate(reqwest::Certificate::from_pem(&pem).unwrap())
            .build()
            .unwrap();
        Client::with(http, &self.url, Some(authorization))
    }

    async fn launch(version: Version, secured: bool) -> Result<Elasticsearch> {
        // Minutes of Maven on a fresh machine, and a JVM for the keystore: not on the test's runtime.
        let prepared = tokio::task::spawn_blocking(move || prepare(version, secured)).await;
        let (mut process, security) = prepared.map_err(|e| e.to_string())??;
        let ports = process.home().join("logs/http.ports");
        let scheme = if secured { "https" } else { "http" };
        let url = until(START_MAX, &mut process, async || {
            let address = fs::read_to_string(&ports).ok()?;
            Some(format!("{scheme}://{}", address.lines().next()?))
        })
        .await?;
        let server = Elasticsearch {
            url,
            security,
            process,
        };
        let client = server.client();
        let mut server = server;
        until(START_MAX, &mut server.process, async || {
            let answer = client
                .send(
                    reqwest::Method::GET,
                    "/_cluster/health?wait_for_status=yellow",
                    "",
                )
                .await
                .ok()?;
            (answer.status == 200).then_some(())
        })
        .await?;
        Ok(server)
    }
}

fn started(server: &'static Result<Elasticsearch>) -> &'static Elasticsearch {
    server
        .as_ref()
        .unwrap_or_else(|reason| panic!("elasticsearch did not start: {reason}"))
}

/// The value of the header `Authorization` for a user and password.
pub fn basic(user: &str, password: &str) -> HeaderValue {
    use base64::Engine;
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    HeaderValue::from_str(&format!("Basic {pair}")).unwrap()
}

fn prepare(version: Version, secured: bool) -> Result<(Process, Option<Security>)> {
    // Both need 17 or later; 7.17 relies on the security manager, which JDK 24 removed.
    let java = jdk::home(17..=23)?;
    let mut distribution = distribution(version, &java)?;
    let home = Home::new("elasticsearch")?;
    if !may_read(&distribution.join("lib")) {
        // A clone below somebody's private directory: the server's user gets a copy that it can reach.
        let copy = home.path().join("distribution");
        fetch::run(Command::new("cp").arg("-r").arg(&distribution).arg(&copy))?;
        distribution = copy;
    }
    for dir in ["logs", "tmp"] {
        fs::create_dir(home.path().join(dir)).map_err(|e| at(home.path(), e))?;
    }
    let config = home.path().join("config");
    fetch::run(
        Command::new("cp")
            .arg("-r")
            .arg(distribution.join("config"))
            .arg(&config),
    )?;
    let security = secured.then(|| secure(&home, &distribution, &java)).transpose()?;
    home.write(
        "config/elasticsearch.yml",
        &settings(home.path(), security.is_some()),
    )?;
    // 7.17 writes the JVM's own logs beside the distribution, where the server's user may not write.
    let options = config.join("jvm.options");
    let text = fs::read_to_string(&options).map_err(|e| at(&options, e))?;
    let text = text.replace("logs/", &format!("{}/logs/", home.path().display()));
    home.write(
        "config/jvm.options",
        &text.replace("HeapDumpPath=data", "HeapDumpPath=logs"),
    )?;
    let mut command = elasticsearch_tool("elasticsearch", &distribution, home.path(), &java);
    let mut options = format!("-Xms{HEAP} -Xmx{HEAP}");
    if secured || version == Version::V7_17 {
        // Few documents go there: the quick compiler alone starts them sooner.
        options.push_str(" -XX:TieredStopAtLevel=1");
    }
    command
        .env("ES_TMPDIR", home.path().join("tmp"))
        .env("ES_JAVA_OPTS", options);
    Ok((home.spawn(&command)?, security))
}

/// Ports are the kernel's choice (0); the server writes them into `logs/http.ports`.
fn settings(home: &Path, secured: bool) -> String {
    let mut text = format!(
        "cluster.name: logmill-test\n\
         discovery.type: single-node\n\
         network.host: 127.0.0.1\n\
         http.port: 0\n\
         transport.port: 0\n\
         node.portsfile: true\n\
         path.data: {home}/data\n\
         path.logs: {home}/logs\n\
         cluster.routing.allocation.disk.threshold_enabled: false\n\
         xpack.security.enabled: {secured}\n",
        home = home.display()
    );
    if secured {
        text.push_str(
            "xpack.security.http.ssl.enabled: true\n\
             xpack.security.http.ssl.key: server.key\n\
             xpack.security.http.ssl.certificate: server.crt\n\
             xpack.security.http.ssl.certificate_authorities: ca.crt\n\
             xpack.security.http.ssl.client_authentication: optional\n\
             xpack.security.authc.api_key.enabled: true\n",
        );
    }
    text
}

/// Makes certificates, users and tokens. All by files: this build cannot make the index that holds API keys and
/// users, because it lacks the analyzers that the index asks for.
fn secure(home: &Home, distribution: &Path, java: &Path) -> Result<Security> {
    let config = home.path().join("config");
    certificates::make(&config)?;
    home.write("config/users", &format!("reader:{PASSWORD_HASH}\n"))?;
    home.write("config/users_roles", "reader:reader\n")?;
    home.write(
        "config/roles.yml",
        "reader:\n  cluster: [monitor]\n  indices:\n\
         \x20   - {names: ['*'], privileges: [read, maintenance]}\n\
         \x20   - {names: ['reader-*'], privileges: [create_doc, create_index, auto_configure]}\n",
    )?;
    home.write(
        "config/service_tokens",
        &format!("elastic/fleet-server/logmill:{TOKEN_HASH}\n"),
    )?;
    let password = home.write("password", PASSWORD)?;
    let mut keystore = elasticsearch_tool("elasticsearch-keystore", distribution, home.path(), java);
    // `--force` creates the keystore without asking.
    keystore.args(["add", "--force", "--stdin", "bootstrap.password"]);
    fetch::run_reading(
        fs::File::open(&password).map_err(|e| at(&password, e))?,
        &mut keystore,
    )?;
    Ok(Security {
        ca: config.join("ca.crt"),
        client_certificate: config.join("client.crt"),
        client_key: config.join("client.key"),
    })
}

/// One of the distribution's shell scripts, with the configuration and the JDK that it is to use.
fn elasticsearch_tool(name: &str, distribution: &Path, home: &Path, java: &Path) -> Command {
    let mut command = Command::new(distribution.join("bin").join(name));
    // For the JVMs that these scripts start on the way, so that none leaves anything in the machine's own /tmp.
    let options = format!("-Djava.io.tmpdir={}/tmp -XX:-UsePerfData", home.display());
    command
        .env("JDK_JAVA_OPTIONS", options)
        .env("ES_PATH_CONF", home.join("config"))
        .env("ES_JAVA_HOME", java)
        .env_remove("JAVA_OPTS")
        .env_remove("CLASSPATH");
    command
}

/// `target/servers/elasticsearch-VERSION`, fetched if need be.
fn distribution(version: Version, java: &Path) -> Result<PathBuf> {
    let name = format!("elasticsearch-{}", version.number());
    let unpacked = fetch::once(&name, |dir| {
        fetch::maven_copy(&format!("{ARTIFACT}:{}:zip", version.number()), dir)?;
        let zip = dir.join(format!("{name}.zip"));
        // A JDK is there anyway, `unzip` may not be; but `jar` knows nothing of modes.
        fetch::run(
            Command::new(java.join("bin/jar"))
                .arg("xf")
                .arg(&zip)
                .current_dir(dir),
        )?;
        let bin = dir.join(&name).join("bin");
        for script in fs::read_dir(&bin).map_err(|e| at(&bin, e))? {
            let script = script.map_err(|e| at(&bin, e))?.path();
            fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).map_err(|e| at(&script, e))?;
        }
        fs::remove_file(&zip).map_err(|e| at(&zip, e))
    })?;
    Ok(unpacked.join(&name))
}
