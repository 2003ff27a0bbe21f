//! A certificate authority of a test's own, with a certificate for the server and one for a client.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::fetch::{Result, at, run};

/// Writes `ca.crt`, `server.{crt,key}` and `client.{crt,key}` into `dir`, all PEM. The server's is valid for
/// 127.0.0.1 and localhost.
pub fn make(dir: &Path) -> Result<()> {
    let extensions = dir.join("extensions.cnf");
    let text = "[ca]\nbasicConstraints = critical, CA:TRUE\nkeyUsage = keyCertSign, cRLSign\n\
                subjectKeyIdentifier = hash\n\
                [server]\nsubjectAltName = IP:127.0.0.1, DNS:localhost\nextendedKeyUsage = serverAuth\n\
                [client]\nsubjectAltName = DNS:logmill-client\nextendedKeyUsage = clientAuth\n";
    fs::write(&extensions, text).map_err(|e| at(&extensions, e))?;
    request(dir, "ca")?;
    sign(dir, "ca", &["-signkey", "ca.key"])?;
    for name in ["server", "client"] {
        request(dir, name)?;
        sign(
            dir,
            name,
            &["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial"],
        )?;
    }
    Ok(())
}

/// A key and a signing request. `req -newkey` writes PKCS #8 keys, the form that Java and rustls both read.
fn request(dir: &Path, name: &str) -> Result<()> {
    run(Command::new("openssl")
        .current_dir(dir)
        .args([
            "req",
            "-new",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
        ])
        .args(["-subj", &format!("/CN=logmill test {name}")])
        .args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.csr")]))
}

fn sign(dir: &Path, name: &str, by: &[&str]) -> Result<()> {
    run(Command::new("openssl")
        .current_dir(dir)
        .args([
            "x509",
            "-req",
            "-days",
            "2",
            "-in",
            &format!("{name}.csr"),
            "-out",
            &format!("{name}.crt"),
        ])
        .args(["-extfile", "extensions.cnf", "-extensions", name])
        .args(by))
}
