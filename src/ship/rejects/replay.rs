use std::collections::HashSet;
use std::io;
use std::path::Path;

use bytes::Bytes;
use serde::Serialize;

use super::read::{RejectReader, Step, remove_in_steps};
use super::record::Reject;
use crate::ship::answer;
use crate::ship::deliver::{Answer, Server};
use crate::ship::trouble::{Failure, Trouble};
use crate::ship::verdict::Verdict;

/// What a replay came to, in documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    pub accepted: u64,
    pub already_there: u64,
    /// Refused again, for instance with this reason; they stay in the store.
    pub rejected: u64,
    pub reason: Option<Box<str>>,
    /// Not stored now: the server was busy or away; they stay in the store.
    pub left: u64,
    /// What stopped the replay before its end.
    pub trouble: Option<Trouble>,
}

/// Size of a replayed body, in bytes: small enough for any server.
const BODY_BYTES: usize = 1 << 20;

#[derive(Serialize)]
struct Action<'a> {
    create: Target<'a>,
}

#[derive(Serialize)]
struct Target<'a> {
    #[serde(rename = "_index")]
    index: &'a str,
    #[serde(rename = "_id", skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
}

/// Sends the rejects that `pick` picks once more, to the first of `hosts` hosts that answers, and removes from
/// the store what was stored. It is tried once: whoever called it sees what is left and calls again.
pub async fn replay<S: Server>(
    dir: &Path,
    server: &S,
    hosts: usize,
    pick: impl Fn(&Reject) -> bool,
) -> io::Result<Replayed> {
    replay_in_steps(dir, server, hosts, pick, |_| Ok(())).await
}

/// As [`replay`]; `after` is told of each step of removing and may end it there, as a crash would.
pub(super) async fn replay_in_steps<S: Server>(
    dir: &Path,
    server: &S,
    hosts: usize,
    pick: impl Fn(&Reject) -> bool,
    after: impl FnMut(Step) -> io::Result<()>,
) -> io::Result<Replayed> {
    let mut replayed = Replayed::default();
    let mut stored = HashSet::new();
    let mut seen = HashSet::new();
    let mut reader = RejectReader::open(dir)?;
    loop {
        let mut body = Vec::new();
        let mut keys = Vec::new();
        while body.len() < BODY_BYTES
            && let Some(line) = reader.advance()?
        {
            if let Ok(reject) = line
                && pick(&reject)
                && seen.insert(reject.key())
            {
                write(&reject, &mut body);
                keys.push(reject.key());
            }
        }
        if keys.is_empty() {
            break;
        }
        match send(server, hosts, Bytes::from(body), keys.len()).await {
            Ok(verdicts) => replayed.count(&keys, verdicts, &mut stored),
            Err(trouble) => {
                replayed.left += keys.len() as u64;
                replayed.trouble = Some(trouble);
                break;
            }
        }
    }
    remove_in_steps(dir, |reject| stored.contains(&reject.key()), after)?;
    Ok(replayed)
}

impl Replayed {
    fn count(&mut self, keys: &[u64], verdicts: Vec<Verdict>, stored: &mut HashSet<u64>) {
        for (key, verdict) in keys.iter().zip(verdicts) {
            match verdict {
                Verdict::Accepted => self.accepted += 1,
                Verdict::AlreadyThere => self.already_there += 1,
                Verdict::Retry(_) => {
                    self.left += 1;
                    continue;
                }
                Verdict::Rejected(refusal) => {
                    self.rejected += 1;
                    self.reason.get_or_insert(refusal.reason);
                    continue;
                }
            }
            stored.insert(*key);
        }
    }
}

fn write(reject: &Reject, body: &mut Vec<u8>) {
    let action = Action {
        create: Target {
            index: &reject.index,
            id: reject.id.as_deref(),
        },
    };
    // Writing strings into memory cannot fail.
    let _ = serde_json::to_writer(&mut *body, &action);
    body.push(b'\n');
    body.extend_from_slice(reject.document.get().as_bytes());
    body.push(b'\n');
}

/// Asks one host after the other until one gives verdicts.
async fn send<S: Server>(
    server: &S,
    hosts: usize,
    body: Bytes,
    docs: usize,
) -> Result<Vec<Verdict>, Trouble> {
    let mut trouble = Trouble::Unreachable("no host is configured".to_owned());
    for host in 0..hosts {
        trouble = match server.bulk(host, body.clone()).await {
            Answer::Text(text) => {
                let mut verdicts = Vec::new();
                match answer::read(&text, docs, &mut verdicts) {
                    Ok(_) => return Ok(verdicts),
                    Err(broken) => Trouble::Broken(broken.to_string()),
                }
            }
            Answer::TooLarge => Trouble::Refused {
                status: 413,
                reason: format!("a body of {} bytes is too large for it", body.len()),
            },
            Answer::Refused(refusal) => Trouble::Refused {
                status: refusal.status,
                reason: refusal.reason.into(),
            },
            Answer::Failed(Failure { trouble, .. }) => trouble,
        };
    }
    Err(trouble)
}
