//! A log that is named on the command line, for the commands that read one and end.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::Path;

use anyhow::{Context, bail};
use flate2::bufread::MultiGzDecoder;

/// What compressed files begin with, which program it is that reads them, and what it is called with: gzip (RFC 1952)
/// is read here; bzip2, xz and Zstandard (RFC 8878) are not.
const FOREIGN: [(&[u8], &str); 3] = [
    (b"BZh", "bzip2 -dc"),
    (b"\xfd7zXZ\0", "xz -dc"),
    (b"\x28\xb5\x2f\xfd", "zstd -dc"),
];

const GZIP: &[u8] = b"\x1f\x8b";

/// The beginning of a file is enough to tell.
const MARK_BYTES: u64 = 6;

/// Whether the file is read as it is, from its beginning.
///
/// # Errors
///
/// When it cannot be read, or does not go back to its beginning.
pub fn is_plain(file: &mut File) -> io::Result<bool> {
    let mut begin = Vec::new();
    file.by_ref().take(MARK_BYTES).read_to_end(&mut begin)?;
    file.rewind()?;
    let marks = FOREIGN.iter().map(|(mark, _)| *mark).chain([GZIP]);
    Ok(!marks.into_iter().any(|mark| begin.starts_with(mark)))
}

/// Whether the path stands for standard input.
pub fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// Opens the log; standard input without a path or for `-`. What gzip has compressed is decompressed.
pub fn open(path: Option<&Path>) -> anyhow::Result<Box<dyn Read>> {
    let Some(path) = path.filter(|path| !is_stdin(path)) else {
        return decompressed(io::stdin().lock(), "standard input", "FILE");
    };
    let shown = path.display();
    let file = File::open(path).with_context(|| format!("cannot open {shown}"))?;
    let facts = file
        .metadata()
        .with_context(|| format!("cannot look at {shown}"))?;
    if facts.is_dir() {
        bail!("{shown} is a directory; name a file in it");
    }
    decompressed(file, &shown.to_string(), &shown.to_string())
}

/// `shown` is what the log is called, `file` what a command can be given.
fn decompressed(log: impl Read + 'static, shown: &str, file: &str) -> anyhow::Result<Box<dyn Read>> {
    let mut log = BufReader::new(log);
    let begin = log.fill_buf().with_context(|| format!("cannot read {shown}"))?;
    if let Some((_, program)) = FOREIGN.iter().find(|(mark, _)| begin.starts_with(mark)) {
        bail!(
            "{shown} is compressed in a way that is not read here; pipe it in: `{program} {file} | logmill … -`"
        );
    }
    Ok(match begin.starts_with(GZIP) {
        true => Box::new(MultiGzDecoder::new(log)),
        false => Box::new(log),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;

    fn text(path: &Path) -> anyhow::Result<String> {
        let mut text = String::new();
        open(Some(path))?.read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn a_log_is_read_whatever_it_is_called() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.log");
        for content in ["one\ntwo\n", "x", ""] {
            fs::write(&path, content).unwrap();
            assert_eq!(text(&path).unwrap(), content);
        }
        let mut packed = Vec::new();
        // Two members, as of a file that was appended to.
        for line in ["one\n", "two\n"] {
            let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gz.write_all(line.as_bytes()).unwrap();
            packed.extend(gz.finish().unwrap());
        }
        fs::write(&path, packed).unwrap();
        assert_eq!(text(&path).unwrap(), "one\ntwo\n");
    }

    #[test]
    fn what_cannot_be_read_is_said_with_the_remedy() {
        let dir = tempfile::tempdir().unwrap();
        let said = |path: &Path| format!("{:#}", text(path).unwrap_err());
        assert!(said(dir.path()).ends_with("is a directory; name a file in it"));
        let path = dir.path().join("a.log.zst");
        fs::write(&path, b"\x28\xb5\x2f\xfd\0\0").unwrap();
        let remedy = format!("`zstd -dc {} | logmill … -`", path.display());
        assert!(said(&path).ends_with(&remedy), "{}", said(&path));
        assert!(said(&dir.path().join("none")).starts_with("cannot open"));
    }
}
