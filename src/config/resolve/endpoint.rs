use std::net::SocketAddr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::paths::Base;
use super::pem;
use super::{check_header, check_username};
use crate::config::agent_file::EndpointTable;
use crate::config::{Diagnostic, Diagnostics, EndpointSettings, Secret, Spanned, Surroundings};

/// What the endpoint shows and asks for. `listen` is where the file says that it listens.
pub(super) fn settings(
    written: &EndpointTable,
    listen: Option<&Spanned<SocketAddr>>,
    base: &Base,
    surroundings: &dyn Surroundings,
    d: &mut Diagnostics,
) -> EndpointSettings {
    let settings = EndpointSettings {
        authorization: authorization(written, d),
        identity: pem::identity(
            ["certificate", "key"],
            written.certificate.as_ref(),
            written.key.as_ref(),
            base,
            surroundings,
            d,
        ),
    };
    if let Some(listen) = listen.filter(|listen| !listen.ip().is_loopback()) {
        warn_of_strangers(written, listen, d);
    }
    settings
}

/// The header that is asked for (RFC 7617, RFC 6750).
fn authorization(written: &EndpointTable, d: &mut Diagnostics) -> Option<Secret> {
    if let Some(token) = &written.bearer_token {
        check_header("bearer_token", token, d);
        return Some(Secret::new(format!("Bearer {}", token.value)));
    }
    let (username, password) = (written.username.as_ref()?, written.password.as_ref()?);
    check_username(username, d);
    let pair = format!("{}:{}", username.value, password.value);
    Some(Secret::new(format!("Basic {}", BASE64_STANDARD.encode(pair))))
}

/// Who can reach the endpoint from elsewhere must neither read the pages nor the credentials on their way.
fn warn_of_strangers(written: &EndpointTable, listen: &Spanned<SocketAddr>, d: &mut Diagnostics) {
    let closed = written.bearer_token.is_some() || written.username.is_some();
    let encrypted = written.certificate.is_some();
    let (message, help) = match (closed, encrypted) {
        (true, true) => return,
        (false, true) => (
            "whoever reaches the endpoint may read the metrics",
            "give it `username` and `password` or a `bearer_token` in [endpoint], or listen on 127.0.0.1",
        ),
        (true, false) => (
            "the credentials of [endpoint] travel unencrypted",
            "give it `certificate` and `key` in [endpoint], or listen on 127.0.0.1",
        ),
        (false, false) => (
            "the endpoint can be reached from other machines",
            "give it `certificate` and `key`, and `username` and `password` or a `bearer_token`, in [endpoint], or listen \
             on 127.0.0.1",
        ),
    };
    d.push(
        Diagnostic::warning(message)
            .at_value(listen, "not a loopback address")
            .help(help),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::env::Staged;
    use crate::config::{AgentFile, Settings, SourceFile};

    const FILES: [(&str, &str); 4] = [
        (
            "/etc/logmill/one.crt",
            include_str!("../identity/testdata/one.crt"),
        ),
        (
            "/etc/logmill/one.key",
            include_str!("../identity/testdata/one.key"),
        ),
        (
            "/etc/logmill/two.key",
            include_str!("../identity/testdata/two.key"),
        ),
        (
            "/etc/logmill/locked.key",
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
        ),
    ];

    const CLOSED: &str = "bearer_token = 'abc'\n";
    const ENCRYPTED: &str = "certificate = 'one.crt'\nkey = 'one.key'\n";

    /// What is said about an endpoint with these keys, and its settings.
    fn resolved(listen: &str, keys: &str) -> (Option<EndpointSettings>, String) {
        let staged = Staged {
            variables: vec![("HOSTNAME", "shop-1")],
            files: FILES.to_vec(),
        };
        let text = format!(
            "[agent]\nlisten = '{listen}'\n[endpoint]\n{keys}[stdout]\n[[input]]\npaths = 'a.log'\npipeline = 'plain'\n"
        );
        let file = SourceFile::new("/etc/logmill/logmill.toml", &*text);
        let mut diagnostics = Diagnostics::new();
        let written = AgentFile::parse(&file, &staged, &mut diagnostics);
        let settings = Settings::new(&written, &staged, &mut diagnostics);
        (
            settings.map(|settings| settings.endpoint),
            diagnostics.render(false),
        )
    }

    #[test]
    fn whoever_comes_from_elsewhere_needs_credentials_and_tls() {
        let said = |listen: &str, keys: &str| resolved(listen, keys).1;
        for keys in ["", CLOSED, ENCRYPTED] {
            assert_eq!(said("127.0.0.1:9598", keys), "");
            assert_eq!(said("[::1]:9598", keys), "");
        }
        let both = format!("{CLOSED}{ENCRYPTED}");
        for listen in ["0.0.0.0:9598", "[::]:9598", "10.0.0.7:9598"] {
            assert_eq!(said(listen, &both), "");
            let open = said(listen, "");
            assert!(open.starts_with("warning: the endpoint can be reached"), "{open}");
            assert!(open.contains("`certificate` and `key`"), "{open}");
            let plain = said(listen, CLOSED);
            assert!(plain.starts_with("warning: the credentials"), "{plain}");
            let readable = said(listen, ENCRYPTED);
            assert!(readable.contains("may read the metrics"), "{readable}");
        }
    }

    #[test]
    fn certificate_and_key_arrive() {
        let (settings, _) = resolved("127.0.0.1:9598", ENCRYPTED);
        let identity = settings.unwrap().identity.unwrap();
        assert_eq!(identity.certificate_pem, FILES[0].1);
        assert_eq!(identity.certified().unwrap().cert.len(), 1);
    }

    #[test]
    fn wrong_files_give_one_message_each() {
        for (certificate, key, message) in [
            (
                "one.crt",
                "two.key",
                "error: `key` does not belong to `certificate`",
            ),
            (
                "none.crt",
                "one.key",
                "error: cannot read `/etc/logmill/none.crt`",
            ),
            (
                "one.key",
                "one.key",
                "error: `/etc/logmill/one.key` holds no certificate in PEM",
            ),
            (
                "one.crt",
                "one.crt",
                "error: `/etc/logmill/one.crt` holds no private key in PEM",
            ),
            (
                "one.crt",
                "locked.key",
                "error: `locked.key` holds no key that can be used",
            ),
        ] {
            let keys = format!("certificate = '{certificate}'\nkey = '{key}'\n");
            let (settings, said) = resolved("127.0.0.1:9598", &keys);
            assert_eq!(settings, None);
            assert!(said.starts_with(message), "{said}");
            assert_eq!(said.matches("error: ").count(), 1, "{said}");
        }
        let (_, said) = resolved("127.0.0.1:9598", "certificate = 'one.crt'\n");
        assert!(said.contains("`key`"), "{said}");
    }
}
