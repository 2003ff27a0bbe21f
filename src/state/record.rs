use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::event::FileKey;

/// What is remembered of one life of one file, in memory and in the checkpoint. Without a head it is a stub: the
/// file was emptied and its next life has no key yet, but its earlier lives are known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    #[serde(
        rename = "file",
        serialize_with = "key_to_hex",
        deserialize_with = "key_from_hex"
    )]
    pub key: FileKey,
    /// The input's name; one text for all files of the input.
    #[serde(serialize_with = "name_to_text", deserialize_with = "name_from_text")]
    pub input: Arc<str>,
    /// The name that the file was first seen under; documents carry it.
    #[serde(serialize_with = "path_to_text", deserialize_with = "path_from_text")]
    pub path: Arc<Path>,
    pub dev: u64,
    pub ino: u64,
    /// When the file was created, in nanoseconds since the epoch, where the file system says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub born: Option<i64>,
    /// When the file was last written to, as far as it was read; nanoseconds since the epoch.
    #[serde(default)]
    pub modified: i64,
    pub life: Life,
    pub head: Print,
    pub tail: Tail,
    /// Everything before it is settled. In bytes; never beyond what was read.
    pub offset: u64,
    /// Metrics have counted every event before it. In bytes; at least `offset`.
    #[serde(default)]
    pub counted: u64,
    /// Offsets from `offset` on at which an event was ended by time and not by its text, in rising order.
    /// Reading again ends it there again, so that its document stays the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ends: Vec<u64>,
    /// The end of the event before the last of `ends`, where rotation has put it into the next file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub borrowed: Option<Box<Borrowed>>,
    /// Rotated away and read to its last byte: when it vanishes, nothing is missed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub done: bool,
    /// When a name led to it for the last time, in seconds since the epoch; 0: a name leads to it now.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub gone_since: i64,
}

impl Default for FileRecord {
    fn default() -> Self {
        FileRecord {
            key: FileKey(0),
            input: Arc::default(),
            path: Path::new("").into(),
            dev: 0,
            ino: 0,
            born: None,
            modified: 0,
            life: Life::default(),
            head: Print::default(),
            tail: Tail::default(),
            offset: 0,
            counted: 0,
            ends: Vec::new(),
            borrowed: None,
            done: false,
            gone_since: 0,
        }
    }
}

/// The first lines of the next file, which belong to the last event of this one. They are here until that event is settled,
/// so that it can be read again without the next file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Borrowed {
    /// The size that the file had: the lines go on there.
    pub at: u64,
    /// At most [`crate::limits::BORROWED_BYTES_MAX`] bytes.
    #[serde(serialize_with = "bytes_to_text", deserialize_with = "bytes_from_text")]
    pub text: Vec<u8>,
}

/// How many lives the inode had before that began with the same first line: what tells apart two contents
/// of one file that begin alike. Counting per first line keeps the key the same when a checkpoint is lost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Life {
    /// Hash of the first line of this life.
    pub first_line: u64,
    /// How many earlier lives of the inode began with it.
    pub nth: u32,
    /// First lines of earlier lives and how often each was seen, oldest first; at most
    /// [`crate::limits::LIVES_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub past: Vec<(u64, u32)>,
}

/// A hash over some bytes of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Print {
    /// How many bytes were hashed; 0: nothing is known.
    pub len: u32,
    pub hash: u64,
}

/// The bytes just before an offset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tail {
    /// The offset after the last of them.
    pub at: u64,
    #[serde(flatten)]
    pub print: Print,
}

fn is_zero(n: &i64) -> bool {
    *n == 0
}

fn key_to_hex<S: Serializer>(key: &FileKey, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(key)
}

fn key_from_hex<'de, D: Deserializer<'de>>(from: D) -> Result<FileKey, D::Error> {
    let text = String::deserialize(from)?;
    u64::from_str_radix(&text, 16)
        .map(FileKey)
        .map_err(|_| D::Error::custom("a file key is 16 hexadecimal digits"))
}

/// Bytes are text where they can be.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Text {
    Text(String),
    Bytes(Vec<u8>),
}

fn bytes_to_text<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
    match std::str::from_utf8(bytes) {
        Ok(text) => to.serialize_str(text),
        Err(_) => Text::Bytes(bytes.to_vec()).serialize(to),
    }
}

fn bytes_from_text<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    Ok(match Text::deserialize(from)? {
        Text::Text(text) => text.into_bytes(),
        Text::Bytes(bytes) => bytes,
    })
}

fn name_to_text<S: Serializer>(name: &str, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(name)
}

fn name_from_text<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<str>, D::Error> {
    String::deserialize(from).map(Arc::from)
}

fn path_to_text<S: Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
    bytes_to_text(path.as_os_str().as_bytes(), to)
}

fn path_from_text<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<Path>, D::Error> {
    let path = PathBuf::from(OsString::from_vec(bytes_from_text(from)?));
    Ok(path.into())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn sample(key: u64) -> FileRecord {
        FileRecord {
            key: FileKey(key),
            input: "nginx".into(),
            path: Path::new("/var/log/nginx/access.log").into(),
            dev: 2049,
            ino: 77,
            born: Some(1_795_368_510_000_000_001),
            modified: 1_795_368_511_000_000_000,
            life: Life {
                first_line: u64::MAX,
                nth: 1,
                past: vec![(u64::MAX, 1)],
            },
            head: Print { len: 4096, hash: 3 },
            tail: Tail {
                at: 5000,
                print: Print { len: 64, hash: 4 },
            },
            offset: 5000,
            counted: 5100,
            ends: vec![5050],
            borrowed: None,
            done: false,
            gone_since: 0,
        }
    }

    #[test]
    fn a_record_reads_back() {
        let mut record = sample(0xfedc_ba98_7654_3210);
        for bytes in [&b"/var/log/a b.log"[..], b"/var/log/\xff\xfe.log"] {
            record.path = PathBuf::from(OsString::from_vec(bytes.to_vec())).into();
            record.borrowed = Some(Box::new(Borrowed {
                at: 5050,
                text: bytes.to_vec(),
            }));
            let text = serde_json::to_string(&record).unwrap();
            assert!(text.starts_with("{\"file\":\"fedcba9876543210\""), "{text}");
            assert_eq!(serde_json::from_str::<FileRecord>(&text).unwrap(), record);
        }
    }
}
