use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;

use super::input::check_index_part;
use super::paths::Base;
use super::pem;
use super::{check_header, check_username, count, share_of_memory, value};
use crate::config::agent_file::ElasticsearchTable;
use crate::config::{
    AgentSettings, Credentials, Diagnostic, Diagnostics, ElasticsearchSettings, IndexName, Secret, Spanned,
    Surroundings, TlsSettings, Verify,
};
use crate::limits;

/// The cheapest that zlib has: access lines shrink to a sixth already.
const GZIP_LEVEL: u32 = 1;

pub(super) fn settings(
    written: &Spanned<ElasticsearchTable>,
    agent: &AgentSettings,
    base: &Base,
    surroundings: &dyn Surroundings,
    d: &mut Diagnostics,
) -> ElasticsearchSettings {
    let hosts: Vec<Url> = written
        .hosts
        .iter()
        .filter_map(|host| host_url(host, d))
        .collect();
    let credentials = credentials(written, d);
    if credentials != Credentials::None {
        warn_of_plain_http(&written.hosts, d);
    }
    check_index_part(written.namespace.as_ref(), d);
    ElasticsearchSettings {
        hosts,
        credentials,
        tls: tls(written, base, surroundings, d),
        proxy: written.proxy.as_ref().and_then(|proxy| proxy_url(proxy, d)),
        index: index(written.index.as_ref(), d),
        namespace: value(&written.namespace, "default".to_owned()),
        ingest_pipeline: written.ingest_pipeline.as_ref().map(|name| name.value.clone()),
        gzip_level: value(&written.gzip_level, GZIP_LEVEL),
        bulk_bytes_max: share_of_memory(
            "bulk_bytes_max",
            written.bulk_bytes_max.as_ref(),
            limits::BULK_BYTES_MAX,
            agent.memory_max,
            d,
        ),
        request_timeout: value(&written.request_timeout, limits::REQUEST_TIMEOUT),
        retry_max: value(&written.retry_max, limits::RETRY_MAX),
        requests_max: value(&written.requests_max, count(limits::REQUESTS_MAX)),
        document_ids: value(&written.document_ids, true),
    }
}

/// Messages do not repeat a URL: a variable may have put a password into it.
fn host_url(written: &Spanned<String>, d: &mut Diagnostics) -> Option<Url> {
    match parse_host(written) {
        Ok(url) => Some(url),
        Err((message, help)) => {
            d.push(Diagnostic::error(message).at_value(written, "").help(help));
            None
        }
    }
}

/// Else message and help.
fn parse_host(text: &str) -> Result<Url, (String, &'static str)> {
    const EXAMPLE: &str = "write scheme, host and port, such as \"https://es-1:9200\"";
    if !text.contains("://") {
        return Err(("a host without `http://` or `https://`".to_owned(), EXAMPLE));
    }
    let mut url =
        Url::parse(text).map_err(|error| (format!("a host that is not a URL: {error}"), EXAMPLE))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err((
            "a host that is neither `http://` nor `https://`".to_owned(),
            EXAMPLE,
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err((
            "user and password do not belong into a host".to_owned(),
            "write them as `username` and `password` in [elasticsearch] of a configuration, best as \"${NAME}\"",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(("a host with `?` or `#`".to_owned(), EXAMPLE));
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

fn proxy_url(written: &Spanned<String>, d: &mut Diagnostics) -> Option<Secret> {
    match Url::parse(&written.value) {
        Ok(url) if matches!(url.scheme(), "http" | "https" | "socks5" | "socks5h") && url.has_host() => {
            Some(Secret::new(written.value.clone()))
        }
        _ => {
            d.push(
                Diagnostic::error("`proxy` is not the URL of a proxy")
                    .at_value(written, "")
                    .help("write scheme, host and port, such as \"http://proxy:3128\" or \"socks5://proxy:1080\""),
            );
            None
        }
    }
}

fn credentials(written: &ElasticsearchTable, d: &mut Diagnostics) -> Credentials {
    if let Some(key) = &written.api_key {
        check_header("api_key", key, d);
        check_api_key(key, d);
        // `id:key` as Elasticsearch's answer names them; a header carries their base64.
        return Credentials::ApiKey(Secret::new(match key.contains(':') {
            true => STANDARD.encode(key.as_bytes()),
            false => key.value.clone(),
        }));
    }
    if let Some(token) = &written.bearer_token {
        check_header("bearer_token", token, d);
        return Credentials::Bearer(Secret::new(token.value.clone()));
    }
    match (&written.username, &written.password) {
        (Some(username), Some(password)) => {
            check_username(username, d);
            Credentials::Basic {
                username: username.value.clone(),
                password: Secret::new(password.value.clone()),
            }
        }
        _ => Credentials::None,
    }
}

/// Whoever copies the key alone, without its id, meets 401 at every request.
fn check_api_key(key: &Spanned<String>, d: &mut Diagnostics) {
    let has_both = |text: &[u8]| {
        let colon = text.iter().position(|byte| *byte == b':');
        colon.is_some_and(|at| at > 0 && at + 1 < text.len())
    };
    let is_right = match key.contains(':') {
        true => has_both(key.as_bytes()),
        false => STANDARD.decode(key.as_bytes()).is_ok_and(|text| has_both(&text)),
    };
    // What no header can carry was said.
    if !is_right && key.bytes().all(|byte| byte.is_ascii_graphic()) {
        d.push(
            Diagnostic::warning("`api_key` is neither `id:key` nor the two in base64")
                .at_value(key, "")
                .help("take `encoded` of the answer that made the key, or write its `id` and its `api_key` with a colon between"),
        );
    }
}

fn warn_of_plain_http(hosts: &[Spanned<String>], d: &mut Diagnostics) {
    for host in hosts {
        let Ok(url) = Url::parse(host) else { continue };
        let is_local = match url.host_str() {
            Some(name) => name == "localhost" || name == "[::1]" || name.starts_with("127."),
            None => true,
        };
        if url.scheme() == "http" && !is_local {
            d.push(
                Diagnostic::warning("credentials cross the network unencrypted")
                    .at_value(host, "plain http")
                    .help("use `https://`"),
            );
        }
    }
}

fn tls(
    written: &ElasticsearchTable,
    base: &Base,
    surroundings: &dyn Surroundings,
    d: &mut Diagnostics,
) -> TlsSettings {
    if let Some(verify) = &written.verify
        && verify.value == Verify::None
    {
        d.push(
            Diagnostic::warning("certificates are not verified")
                .at_value(verify, "anybody in between can read and change everything")
                .help("name the certificate authority with `ca_file` instead"),
        );
    }
    let identity = pem::identity(
        ["client_certificate", "client_key"],
        written.client_certificate.as_ref(),
        written.client_key.as_ref(),
        base,
        surroundings,
        d,
    );
    TlsSettings {
        ca_pem: written
            .ca_file
            .as_ref()
            .and_then(|file| pem::authorities(file, base, surroundings, d)),
        identity_pem: identity.map(|identity| {
            Secret::new(format!(
                "{}\n{}",
                identity.certificate_pem,
                identity.key_pem.expose()
            ))
        }),
        verify: value(&written.verify, Verify::default()),
    }
}

fn index(written: Option<&Spanned<String>>, d: &mut Diagnostics) -> IndexName {
    let Some(text) = written else {
        return IndexName::default();
    };
    IndexName::parse(text).unwrap_or_else(|mistake| {
        d.push(
            Diagnostic::error(mistake.message)
                .at(text.place_within(mistake.span, ""))
                .help(mistake.help),
        );
        IndexName::default()
    })
}
