//! A server that is away, busy, broken or lying: everything arrives afterwards, once.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::json;

use super::{Host, access_line};
use crate::proxy::{Fault, Items, Proxy};
use crate::servers::process::Home;
use crate::servers::{Elasticsearch, certificates, until};

#[tokio::test]
async fn every_fault_is_survived() {
    const LINES: u64 = 20_000;
    let server = Elasticsearch::shared().await;
    let client = server.client();
    let body = json!({"mappings": {"dynamic": false, "properties": {"url.path": {"type": "keyword"}}}});
    client.create_index("faults", body).await;
    let proxy = Proxy::start(server.url()).await;
    let busy = |stored| {
        Fault::Items(Items {
            refused: |place, _| place % 3 == 1,
            status: 429,
            stored,
        })
    };
    proxy.script([
        Fault::html(502),
        Fault::status(401),
        Fault::retry_after(1),
        Fault::StoreThenReset,
        busy(false),
        Fault::StoreThenCut,
        Fault::status(413),
        busy(true),
        Fault::Reset,
        Fault::status(503),
    ]);
    // Small bodies, so that every fault meets some.
    let output = format!(
        "[elasticsearch]\nhosts = [{:?}]\nindex = \"faults\"\nretry_max = \"200ms\"\nbulk_bytes_max = \"256KiB\"\n",
        proxy.url()
    );
    let host = Host::new(output).input("access.log", "nginx-access", "");
    host.append("access.log", (0..LINES).map(access_line));
    let agent = host.start();
    client.wait_for_count("faults", LINES).await;
    // What was stored without an answer is sent again; it settles before the agent ends.
    agent.stop();
    assert_eq!(proxy.script_left(), 0);
    client
        .tally("faults", "url.path", (0..LINES).map(|n| format!("/orders/{n}")))
        .await
        .assert_exact();
    client.delete_index("faults").await;
}

#[tokio::test]
async fn a_server_that_is_away_is_waited_for_in_bounded_memory() {
    const LINES: u64 = 200_000;
    let server = Elasticsearch::shared().await;
    let client = server.client();
    let body = json!({"mappings": {"dynamic": false, "properties": {"url.path": {"type": "keyword"}}}});
    client.create_index("away", body).await;
    let proxy = Proxy::start(server.url()).await;
    proxy.down().await;
    let host = Host::shipping_to(&proxy.url(), "away").input("access.log", "nginx-access", "");
    host.append("access.log", (0..LINES).map(access_line));
    let mut agent = host.start();
    // It has read what it may, and waits.
    let (status, _) = agent.get("/healthz").await;
    assert_eq!(status, 200);
    agent.wait_for_log("cannot be reached").await;
    let (status, reason) = agent.get("/readyz").await;
    assert_eq!(status, 503);
    assert!(
        reason.contains("the output does not answer: http://127.0.0.1"),
        "{reason}"
    );
    let peak = agent.peak_memory();
    assert!(peak < 64 << 20, "{peak} bytes with the server away");
    proxy.up();
    client.wait_for_count("away", LINES).await;
    let (status, _) = agent.get("/readyz").await;
    assert_eq!(status, 200);
    agent.stop();
    client
        .tally("away", "url.path", (0..LINES).map(|n| format!("/orders/{n}")))
        .await
        .assert_exact();
    client.delete_index("away").await;
}

#[tokio::test]
async fn an_input_that_is_not_taken_holds_no_other_up() {
    const LINES: u64 = 50_000;
    let server = Elasticsearch::shared().await;
    let client = server.client();
    let body = |blocked: bool| {
        json!({"settings": {"index.blocks.write": blocked},
               "mappings": {"dynamic": false, "properties": {"url.path": {"type": "keyword"}}}})
    };
    client.create_index("held-blocked", body(true)).await;
    client.create_index("held-free", body(false)).await;
    let host = Host::shipping_to(server.url(), "held-{service}")
        .input("blocked.log", "nginx-access", "service = \"blocked\"\n")
        .input("free.log", "nginx-access", "service = \"free\"\n");
    // More than all memory takes.
    host.append("blocked.log", (0..4 * LINES).map(access_line));
    host.append("free.log", (0..LINES).map(access_line));
    let mut agent = host.start();
    client.wait_for_count("held-free", LINES).await;
    let (_, metrics) = agent.get("/metrics").await;
    assert!(
        metrics.contains("logmill_input_held{input=\"blocked/nginx-access\"} 1"),
        "{metrics}"
    );
    assert!(metrics.contains("logmill_input_held{input=\"free/nginx-access\"} 0"));
    let settings = json!({"index.blocks.write": false});
    client
        .ask(reqwest::Method::PUT, "/held-blocked/_settings", settings)
        .await;
    client.wait_for_count("held-blocked", 4 * LINES).await;
    agent.stop();
    for (index, lines) in [("held-blocked", 4 * LINES), ("held-free", LINES)] {
        let expected = (0..lines).map(|n| format!("/orders/{n}"));
        client.tally(index, "url.path", expected).await.assert_exact();
        client.delete_index(index).await;
    }
}

#[tokio::test]
async fn check_says_whether_the_output_would_take_events() {
    let server = Elasticsearch::shared().await;
    let secured = Elasticsearch::shared_secured().await;
    let ca = &secured.security().expect("the server asks who you are").ca;
    let page = Proxy::start("http://127.0.0.1:1").await;
    page.others(Fault::html(200));
    page.bulks(Fault::html(200));
    let wrong = format!("username = \"elastic\"\npassword = \"wrong\"\nca_file = {ca:?}\n");
    let cases = [
        (server.url(), "", true, "takes events"),
        ("http://127.0.0.1:1", "", false, "cannot be reached"),
        (&*page.url(), "", false, "not Elasticsearch"),
        (secured.url(), &*wrong, false, "refuses the credentials"),
        (secured.url(), "", false, "ca_file"),
    ];
    for (url, more, good, words) in cases {
        let output = format!("[elasticsearch]\nhosts = [{url:?}]\nindex = \"checked\"\n{more}");
        let (success, said) = check_outputs(&output).await;
        assert_eq!(success, good, "{url}: {said}");
        assert!(said.contains(words), "{url}: {said}");
    }
}

/// Whether the probe of this output succeeds, and what `check` says.
async fn check_outputs(output: &str) -> (bool, String) {
    let host = Host::new(output).input("app.log", "plain", "");
    let mut check = std::process::Command::new(env!("CARGO_BIN_EXE_logmill"));
    check.args(["check", "--outputs", "--config"]).arg(host.config());
    // A proxy may answer on this thread, so nothing may wait on it.
    let run = tokio::task::spawn_blocking(move || check.output())
        .await
        .expect("no panic");
    let run = run.expect("the program starts");
    let said = String::from_utf8_lossy(&run.stdout) + String::from_utf8_lossy(&run.stderr);
    (run.status.success(), said.into_owned())
}

/// The server lets nobody in without a certificate of its authority. Behind its door is a page, not Elasticsearch, whose
/// own check of certificates costs a licence: that the page is seen says that the door was opened.
#[tokio::test]
async fn a_server_that_asks_for_a_certificate_gets_the_clients() {
    let home = Home::new("openssl").unwrap();
    certificates::make(home.path()).unwrap();
    let mut command = std::process::Command::new("openssl");
    command
        .args(["s_server", "-accept", "127.0.0.1:0", "-www"])
        .args(["-cert", "server.crt", "-key", "server.key", "-CAfile", "ca.crt"])
        .args(["-Verify", "1", "-verify_return_error"]);
    let mut server = home.spawn(&command).unwrap();
    let log = server.home().join("server.log");
    let address = until(Duration::from_secs(30), &mut server, async || {
        let log = std::fs::read_to_string(&log).ok()?;
        let line = log.lines().find_map(|line| line.strip_prefix("ACCEPT "))?;
        Some(line.to_owned())
    });
    let address = address.await.unwrap();
    let file = |name: &str| server.home().join(name);
    let ca_only = format!(
        "[elasticsearch]\nhosts = [\"https://{address}\"]\nindex = \"checked\"\nca_file = {:?}\n",
        file("ca.crt")
    );
    let with_own = format!(
        "{ca_only}client_certificate = {:?}\nclient_key = {:?}\n",
        file("client.crt"),
        file("client.key")
    );
    let (success, said) = check_outputs(&ca_only).await;
    assert!(!success && !said.contains("not Elasticsearch"), "{said}");
    assert!(said.contains("client_certificate"), "{said}");
    let (success, said) = check_outputs(&with_own).await;
    assert!(!success && said.contains("not Elasticsearch"), "{said}");
}

/// Whatever waits and however the server fails, the agent stays below `memory_max`.
#[tokio::test]
async fn memory_is_bounded_by_one_number() {
    // Hexadecimal noise: gzip makes it half as long. A line becomes one document.
    let mut state = 1u64;
    let mut noise = String::with_capacity(1 << 20);
    while noise.len() < (1 << 20) - 64 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let _ = write!(noise, "{state:016x}");
    }
    for (long, fault, gzip) in [
        (false, Fault::Hang, 1),
        (true, Fault::Hang, 1),
        (true, Fault::Reset, 0),
    ] {
        let proxy = Proxy::start("http://127.0.0.1:1").await;
        proxy.bulks(fault);
        let output = format!(
            "[elasticsearch]\nhosts = [{:?}]\nindex = \"memory\"\nrequest_timeout = \"1s\"\nretry_max = \"200ms\"\n\
             gzip_level = {gzip}\n",
            proxy.url()
        );
        let pipeline = if long { "plain" } else { "nginx-access" };
        let host = Host::new(output).input("logs*.log", pipeline, "");
        if long {
            host.append("logs.log", std::iter::repeat_n(noise.clone(), 80));
        } else {
            for file in 0..200 {
                host.append(&format!("logs-{file}.log"), (0..1_000).map(access_line));
            }
        }
        let agent = host.start();
        proxy.wait_for_bulks(4).await;
        // Nothing is read any more when the peak stands still.
        let mut peak = 0;
        loop {
            tokio::time::sleep(std::time::Duration::from_secs(2)).await;
            match agent.peak_memory() {
                now if now == peak => break,
                now => peak = now,
            }
        }
        assert!(peak < 64 << 20, "{peak} bytes; long lines: {long}, gzip: {gzip}");
        agent.kill();
    }
}

/// Likewise with a small `memory_max` and a scanner that makes up a url and a session with each of its requests: what finds
/// no memory is counted in `other`, and pages are made all the while.
#[tokio::test]
async fn series_are_part_of_the_number() {
    const MEMORY_MAX: u64 = 40 << 20;
    const LINES: u64 = 100_000;
    const SERVICES: u64 = 4;
    let proxy = Proxy::start("http://127.0.0.1:1").await;
    proxy.bulks(Fault::Hang);
    let output = format!(
        "memory_max = {MEMORY_MAX}\n[elasticsearch]\nhosts = [{:?}]\nindex = \"series\"\nrequest_timeout = \"1s\"\n\
         retry_max = \"200ms\"\n",
        proxy.url()
    );
    let mut host = Host::new(output);
    for service in 0..SERVICES {
        let name = format!("logs-{service}.log");
        host = host.input(&name, "nginx-access", &format!("service = \"s{service}\"\n"));
        host.append(
            &name,
            (0..LINES / SERVICES).map(|n| scanned(n * SERVICES + service)),
        );
    }
    let mut agent = host.start();
    proxy.wait_for_bulks(4).await;
    let mut peak = 0;
    let page = loop {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let (_, page) = agent.get("/metrics").await;
        match agent.peak_memory() {
            now if now == peak => break page,
            now => peak = now,
        }
    };
    assert!(peak < MEMORY_MAX, "{peak} bytes");
    let value = |series: &str| -> f64 {
        let line = page.lines().find_map(|line| line.strip_prefix(series));
        let value = line.and_then(|value| value.trim().parse().ok());
        value.unwrap_or_else(|| panic!("no {series} in {page}"))
    };
    assert!(value("logmill_series_folded_total{metric=\"http_requests_total\"}") > 0.0);
    let taken = value("logmill_memory_taken_bytes{share=\"series\"}");
    let limit = value("logmill_memory_limit_bytes{share=\"series\"}");
    assert!(taken > limit / 2.0 && taken <= limit, "{taken} of {limit}");
    agent.kill();
}

/// A request that is like no other, of a time that is not over: no part of a backlog.
fn scanned(n: u64) -> String {
    let letters: String = n
        .to_string()
        .bytes()
        .map(|digit| char::from(digit - b'0' + b'g'))
        .collect();
    format!(
        "203.0.113.{} - - [22/Nov/2096:17:{:02}:{:02} +0000] \"GET /{letters}/x{letters} HTTP/1.1\" {} {} \"-\" \"probe\" \
         rt=0.{:03} rl={} sid=\"s{n}\"",
        n % 250,
        n / 60 % 60,
        n % 60,
        if n.is_multiple_of(5) { 404 } else { 200 },
        n % 5000,
        n % 1000,
        300 + n % 100,
    )
}
