//! The endpoint over TLS, asked by the client that everybody uses.

use std::fs;
use std::path::Path;
use std::process::Command;

use reqwest::{Certificate, Client};
use rustix::process::Signal;

use super::{Agent, Host, access_line, program};
use crate::servers::{Prometheus, certificates};

const ENDPOINT: &str =
    "[endpoint]\nbearer_token = \"geheim\"\ncertificate = \"server.crt\"\nkey = \"server.key\"\n[stdout]\n";

/// A client that trusts one authority and nobody else.
fn trusting(ca: &Path) -> Client {
    let pem = fs::read(ca).expect("the authority's certificate");
    Client::builder()
        .no_proxy()
        .tls_built_in_root_certs(false)
        .add_root_certificate(Certificate::from_pem(&pem).expect("a certificate"))
        .build()
        .expect("a client")
}

async fn status(client: &Client, agent: &Agent, token: &str) -> Result<u16, reqwest::Error> {
    let url = agent.url("/metrics").replace("http://", "https://");
    let answer = client.get(url).bearer_auth(token).send().await?;
    Ok(answer.status().as_u16())
}

#[tokio::test]
async fn the_endpoint_shows_its_certificate_and_a_renewed_one_after_sighup() {
    let host = Host::new(ENDPOINT).input(
        "access.log",
        "nginx-access",
        "service = \"shop\"\nbacklog = \"count\"",
    );
    host.append("access.log", (0..100).map(access_line));
    certificates::make(host.dir()).unwrap();
    let old = trusting(&host.path("ca.crt"));
    let mut agent = host.start();
    agent.wait_for_log("started; metrics are at https://").await;
    assert_eq!(status(&old, &agent, "geheim").await.unwrap(), 200);
    assert_eq!(status(&old, &agent, "wrong").await.unwrap(), 401);
    // Neither without TLS nor with somebody else's authority.
    assert!(reqwest::get(agent.url("/healthz")).await.is_err());
    assert!(status(&Client::new(), &agent, "geheim").await.is_err());

    // As another user, it cannot read the authority's file: that certificates are verified was seen above.
    let job = format!(
        "  - job_name: logmill\n    scheme: https\n    authorization: {{credentials: geheim}}\n    tls_config: \
         {{insecure_skip_verify: true}}\n    static_configs: [{{targets: ['{}']}}]\n",
        agent.address()
    );
    let server = Prometheus::start_with(&job, &[]).await.unwrap();
    assert_eq!(server.wait_for("sum(http_requests_total) == 100").await, 100.0);

    // The next certificate is another authority's.
    let before = trusting(&host.path("ca.crt"));
    certificates::make(host.dir()).unwrap();
    let new = trusting(&host.path("ca.crt"));
    assert!(status(&new, &agent, "geheim").await.is_err());
    agent.signal(Signal::HUP);
    agent.wait_for_log("again").await;
    assert!(!agent.log().contains("next start"), "{}", agent.log());
    assert_eq!(status(&new, &agent, "geheim").await.unwrap(), 200);
    // What the old client has open goes on; it gets no new connection.
    drop(old);
    assert!(status(&before, &agent, "geheim").await.is_err());

    // Credentials change likewise, also in the file that holds them, and TLS can go.
    let config = fs::read_to_string(host.path("logmill.toml")).unwrap();
    let token = format!("${{file:{}}}", host.path("token").display());
    fs::write(host.path("token"), "neu\n").unwrap();
    agent
        .reload_with(&host, &config.replace("\"geheim\"", &format!("{token:?}")))
        .await;
    assert_eq!(status(&new, &agent, "geheim").await.unwrap(), 401);
    assert_eq!(status(&new, &agent, "neu").await.unwrap(), 200);
    fs::write(host.path("token"), "neuer\n").unwrap();
    let config = fs::read_to_string(host.path("logmill.toml")).unwrap();
    agent.reload_with(&host, &config).await;
    assert_eq!(status(&new, &agent, "neu").await.unwrap(), 401);
    assert_eq!(status(&new, &agent, "neuer").await.unwrap(), 200);
    let plain = config.replace("certificate = ", "username = \"u\"\npassword = \"p\"\n#");
    let plain = plain
        .replace("bearer_token", "#bearer_token")
        .replace("\nkey = ", "\n#key = ");
    agent.reload_with(&host, &plain).await;
    let asked = Client::new()
        .get(agent.url("/metrics"))
        .basic_auth("u", Some("p"));
    assert_eq!(asked.send().await.unwrap().status(), 200);
    assert!(!agent.log().contains("next start"), "{}", agent.log());
    agent.stop();
}

#[tokio::test]
async fn the_commands_ask_as_the_configuration_says_or_say_what_to_give() {
    let host = Host::new(ENDPOINT).input("access.log", "nginx-access", "");
    host.append("access.log", (0..3).map(access_line));
    certificates::make(host.dir()).unwrap();
    let mut agent = host.start();
    agent.wait_for_log("started; metrics are at https://").await;
    let config = host.path("logmill.toml").display().to_string();
    let address = agent.address().to_owned();
    let ask = |words: &[&str]| {
        let output = Command::new(program())
            .args(words)
            .output()
            .expect("the program starts");
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&said).into_owned())
    };
    assert_eq!(
        ask(&["health", "--config", &config]),
        (Some(0), "ok\n".to_owned())
    );
    assert_eq!(
        ask(&["health", "--tls", "--listen", &address]),
        (Some(0), "ok\n".to_owned())
    );
    for command in ["health", "status"] {
        let (code, said) = ask(&[command, "--listen", &address]);
        assert_eq!(code, Some(1), "{said}");
        assert!(
            said.contains("speaks TLS") && said.contains("`--config`"),
            "{said}"
        );
    }
    let (code, said) = ask(&["status", "--listen", &address, "--config", &config]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("from the agent at"), "{said}");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(host.path("other.toml"), text.replace("geheim", "wrong")).unwrap();
    let other = host.path("other.toml").display().to_string();
    let (code, said) = ask(&["status", "--config", &other]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("the state directory") && said.contains("asks for credentials"),
        "{said}"
    );
    agent.stop();
}
