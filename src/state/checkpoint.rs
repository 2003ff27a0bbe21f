//! The checkpoint's text: one JSON value a line, so that a person can read it.
//!
//! ```text
//! {"logmill_checkpoint":1,"written":1795368510}
//! {"input":"nginx","accepted":10,...}
//! {"file":"fedcba9876543210","input":"nginx","path":"/var/log/nginx/access.log",...}
//! {"metric":"http_requests_total","labels":["service","status"],...}            version 2
//! {"file":"fedcba9876543210",...,"borrowed":{"at":5050,"text":"\tat ..."}}          version 3
//! {"end":3,"xxh3":"0123456789abcdef"}
//! ```
//!
//! The last line counts the lines before it and holds the XXH3 (64 bit) of their bytes. Every version keeps
//! the first and the last line as they are here, so that an old program knows a newer file from a damaged one.

use std::io::{self, Write};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::{Books, FileRecord};
use crate::derive::MetricTotals;

/// The newest version that this program reads. It writes version 1 as long as there is nothing of a newer one in it.
pub const VERSION: u32 = 3;

/// What a checkpoint holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// When it was written, in seconds since the epoch.
    pub written: i64,
    /// An earlier checkpoint was lost, and the files were not looked at since: they are all read from their beginning.
    pub lost: bool,
    /// The books by input. An input that is named here has been started before.
    pub inputs: Vec<(String, Books)>,
    pub files: Vec<Arc<FileRecord>>,
    /// What metrics came to when the files were counted as far as they say; empty unless they persist.
    pub totals: Vec<MetricTotals>,
}

/// Why a text is no checkpoint for this program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("it is empty")]
    Empty,
    #[error("it is damaged: {0}")]
    Damaged(String),
    #[error("it has version {version}, and this program reads up to version {VERSION}")]
    Newer { version: u32 },
}

#[derive(Serialize, Deserialize)]
struct First {
    logmill_checkpoint: u32,
    #[serde(default)]
    written: i64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    lost: bool,
}

#[derive(Serialize, Deserialize)]
struct Input {
    input: String,
    #[serde(flatten)]
    books: Books,
}

#[derive(Serialize, Deserialize)]
struct Last {
    end: u64,
    xxh3: String,
}

impl Checkpoint {
    /// Writes the text line by line: with very many files it would be long.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written to.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let mut lines = Lines {
            out,
            hash: Xxh3::new(),
            count: 0,
            line: Vec::new(),
        };
        lines.push(&First {
            logmill_checkpoint: self.version(),
            written: self.written,
            lost: self.lost,
        })?;
        for (input, books) in &self.inputs {
            lines.push(&Input {
                input: input.clone(),
                books: *books,
            })?;
        }
        for file in &self.files {
            lines.push(&**file)?;
        }
        for totals in &self.totals {
            lines.push(totals)?;
        }
        let last = Last {
            end: lines.count,
            xxh3: format!("{:016x}", lines.hash.digest()),
        };
        lines.push(&last)
    }

    /// The oldest version that has everything that is in it: a program that would lose something refuses it.
    fn version(&self) -> u32 {
        if self.files.iter().any(|file| file.borrowed.is_some()) {
            3
        } else if self.totals.is_empty() {
            1
        } else {
            2
        }
    }

    /// # Errors
    ///
    /// When the text is not a whole checkpoint of a version that this program knows.
    pub fn decode(text: &[u8]) -> Result<Checkpoint, DecodeError> {
        if text.is_empty() {
            return Err(DecodeError::Empty);
        }
        let body = verified(text)?;
        let mut lines = body
            .strip_suffix(b"\n")
            .unwrap_or(body)
            .split(|byte| *byte == b'\n');
        let first: First = parse(lines.next().unwrap_or_default(), 1)?;
        match first.logmill_checkpoint {
            1..=VERSION => {}
            0 => return Err(DecodeError::Damaged("there is no version 0".to_owned())),
            version => return Err(DecodeError::Newer { version }),
        }
        let mut checkpoint = Checkpoint {
            written: first.written,
            lost: first.lost,
            ..Checkpoint::default()
        };
        for (index, text) in lines.enumerate() {
            let number = index + 2;
            if text.starts_with(b"{\"input\":") {
                let input: Input = parse(text, number)?;
                checkpoint.inputs.push((input.input, input.books));
            } else if text.starts_with(b"{\"metric\":") {
                checkpoint.totals.push(parse(text, number)?);
            } else {
                checkpoint.files.push(Arc::new(parse(text, number)?));
            }
        }
        Ok(checkpoint)
    }
}

/// Where lines go, and what the last one says of those before it.
struct Lines<'a, W> {
    out: &'a mut W,
    hash: Xxh3,
    count: u64,
    /// The one at hand; kept for its memory.
    line: Vec<u8>,
}

impl<W: Write> Lines<'_, W> {
    fn push<T: Serialize>(&mut self, value: &T) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, value)?;
        self.line.push(b'\n');
        self.hash.update(&self.line);
        self.count += 1;
        self.out.write_all(&self.line)
    }
}

fn parse<'a, T: Deserialize<'a>>(text: &'a [u8], number: usize) -> Result<T, DecodeError> {
    serde_json::from_slice(text).map_err(|error| DecodeError::Damaged(format!("line {number}: {error}")))
}

/// The lines before the last one, when the last one vouches for them.
fn verified(text: &[u8]) -> Result<&[u8], DecodeError> {
    let damaged = |what: &str| DecodeError::Damaged(what.to_owned());
    let Some(trimmed) = text.strip_suffix(b"\n") else {
        return Err(damaged("the end is missing"));
    };
    let start = memchr::memrchr(b'\n', trimmed).map_or(0, |at| at + 1);
    let last: Last = serde_json::from_slice(&trimmed[start..]).map_err(|_| damaged("the end is missing"))?;
    let body = &text[..start];
    let lines = memchr::memchr_iter(b'\n', body).count() as u64;
    if last.end != lines {
        return Err(DecodeError::Damaged(format!(
            "{} of {} lines are there",
            lines, last.end
        )));
    }
    if last.xxh3 != format!("{:016x}", xxh3_64(body)) {
        return Err(damaged("the checksum differs"));
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Borrowed;
    use crate::state::record::tests::sample;

    fn text() -> (Checkpoint, Vec<u8>) {
        let mut books = Books::default();
        books.tally.accepted = 7;
        books.bytes_settled = 99;
        let checkpoint = Checkpoint {
            written: 1_795_368_510,
            inputs: vec![("nginx".to_owned(), books)],
            files: vec![Arc::new(sample(1)), Arc::new(sample(2))],
            ..Checkpoint::default()
        };
        let mut out = Vec::new();
        checkpoint.write(&mut out).unwrap();
        (checkpoint, out)
    }

    #[test]
    fn it_reads_back() {
        let (checkpoint, text) = text();
        assert_eq!(Checkpoint::decode(&text), Ok(checkpoint));
    }

    /// A program of an older version would ship the event without its end.
    #[test]
    fn its_version_is_the_oldest_that_has_everything() {
        let (mut checkpoint, text) = text();
        assert!(text.starts_with(b"{\"logmill_checkpoint\":1,"));
        Arc::make_mut(&mut checkpoint.files[1]).borrowed = Some(Box::new(Borrowed {
            at: 5050,
            text: b"\tat \xff\n".to_vec(),
        }));
        let mut borrowed = Vec::new();
        checkpoint.write(&mut borrowed).unwrap();
        assert!(borrowed.starts_with(b"{\"logmill_checkpoint\":3,"));
        assert_eq!(Checkpoint::decode(&borrowed), Ok(checkpoint));
    }

    #[test]
    fn every_cut_and_every_flipped_byte_is_noticed() {
        let (_, text) = text();
        for cut in 0..text.len() {
            assert!(Checkpoint::decode(&text[..cut]).is_err(), "cut at {cut}");
        }
        for at in 0..text.len() {
            let mut damaged = text.clone();
            damaged[at] ^= 0x20;
            assert!(Checkpoint::decode(&damaged).is_err(), "flipped at {at}");
        }
        assert_eq!(Checkpoint::decode(b""), Err(DecodeError::Empty));
        assert!(Checkpoint::decode(&[0; 512]).is_err());
    }

    #[test]
    fn a_newer_version_is_told_from_damage() {
        let mut newer = b"{\"logmill_checkpoint\":4,\"written\":1}\n{\"anything\":[1]}\n".to_vec();
        let last = Last {
            end: 2,
            xxh3: format!("{:016x}", xxh3_64(&newer)),
        };
        newer.extend_from_slice(&serde_json::to_vec(&last).unwrap());
        newer.push(b'\n');
        assert_eq!(Checkpoint::decode(&newer), Err(DecodeError::Newer { version: 4 }));
        newer[30] ^= 1;
        assert!(matches!(Checkpoint::decode(&newer), Err(DecodeError::Damaged(_))));
    }
}
