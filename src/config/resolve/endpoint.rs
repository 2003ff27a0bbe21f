use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::config::agent_file::EndpointTable;
use crate::config::{Diagnostic, Diagnostics, EndpointSettings, Secret, Spanned};

/// What the endpoint asks for (RFC 7617, RFC 6750).
pub(super) fn settings(written: &EndpointTable, d: &mut Diagnostics) -> EndpointSettings {
    if let Some(token) = &written.bearer_token {
        check(token, "bearer_token", d);
        return EndpointSettings {
            authorization: Some(Secret::new(format!("Bearer {}", token.value))),
        };
    }
    let authorization = match (&written.username, &written.password) {
        (Some(username), Some(password)) => {
            if username.contains(':') {
                d.push(
                    Diagnostic::error("`username` has a colon")
                        .at_value(username, "")
                        .help("basic authentication ends the name at the first colon; choose a name without"),
                );
            }
            let pair = format!("{}:{}", username.value, password.value);
            Some(Secret::new(format!("Basic {}", BASE64_STANDARD.encode(pair))))
        }
        _ => None,
    };
    EndpointSettings { authorization }
}

fn check(secret: &Spanned<String>, key: &str, d: &mut Diagnostics) {
    if secret.bytes().any(|byte| !(0x21..=0x7e).contains(&byte)) {
        d.push(
            Diagnostic::error(format!(
                "`{key}` has a blank or a character that no header can carry"
            ))
            .at_value(secret, "")
            .help("check that it was copied whole and alone"),
        );
    }
}
