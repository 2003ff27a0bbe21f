use std::collections::HashSet;
use std::io;
use std::path::Path;

use bytes::Bytes;
use serde::Serialize;

use super::read::{RejectReader, Step, remove_in_steps};
use super::record::Reject;
use crate::ship::answer;
use crate::ship::batch::{Doc, bytes_of};
use crate::ship::body_limit::BodyLimit;
use crate::ship::progress::{Next, Over, Progress, Step as Sent};
use crate::ship::server::{Answer, Server};
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
    let mut replay = Replay {
        server,
        hosts,
        limit: BodyLimit::new(),
        replayed: Replayed::default(),
        stored: HashSet::new(),
    };
    let mut seen = HashSet::new();
    let mut reader = RejectReader::open(dir)?;
    loop {
        let mut load = Load::default();
        while load.body.len() < BODY_BYTES
            && let Some(line) = reader.advance()?
        {
            if let Ok(reject) = line
                && pick(&reject)
                && seen.insert(reject.key())
            {
                load.push(&reject);
            }
        }
        if load.keys.is_empty() {
            break;
        }
        replay.replayed.trouble = replay.send(load).await.err();
        if replay.replayed.trouble.is_some() {
            break;
        }
    }
    remove_in_steps(dir, |reject| replay.stored.contains(&reject.key()), after)?;
    Ok(replay.replayed)
}

/// Documents that travel together.
#[derive(Default)]
struct Load {
    body: Vec<u8>,
    /// Each document is a part of its own: so its verdict is known.
    docs: Vec<Doc>,
    /// Of each document.
    keys: Vec<u64>,
}

impl Load {
    fn push(&mut self, reject: &Reject) {
        write(reject, &mut self.body);
        self.docs.push(Doc {
            end: self.body.len() as u32,
            at: reject.offset,
            part: self.keys.len() as u32,
        });
        self.keys.push(reject.key());
    }
}

struct Replay<'a, S> {
    server: &'a S,
    hosts: usize,
    limit: BodyLimit,
    replayed: Replayed,
    /// Keys of what is to be removed.
    stored: HashSet<u64>,
}

impl<S: Server> Replay<'_, S> {
    /// Sends the documents: those that the server refuses as a whole request in halves, until it is clear which of them
    /// spoil it. An error is not of the documents' making; what has no verdict by then is left.
    async fn send(&mut self, load: Load) -> Result<(), Trouble> {
        let Load { body, docs, keys } = load;
        let body = Bytes::from(body);
        let mut progress = Progress::new(&docs, docs.iter().map(|_| 0));
        let mut verdicts = Vec::new();
        // Why the server refused a request as a whole, for when it refuses them all.
        let mut refusal = None;
        let mut open = keys.len() as u64;
        loop {
            for over in progress.take_over() {
                self.count(keys[over.part], &over);
                open -= 1;
            }
            match progress.next(&docs, |bytes| self.limit.is_too_large(bytes)) {
                Next::Send(run) => {
                    let request = body.slice(bytes_of(&docs, run.clone()));
                    let step = self.request(request, run.len(), &mut verdicts).await;
                    let step = step.inspect_err(|_| self.replayed.left += open)?;
                    if let Sent::Refused(whole) = &step {
                        refusal.get_or_insert_with(|| whole.reason.clone());
                    }
                    progress.step(&docs, step);
                }
                // They are in the store already.
                Next::Keep => {
                    if let Some((_, first)) = progress.refused().first() {
                        self.replayed.reason.get_or_insert_with(|| first.reason.clone());
                    }
                    progress.step(&docs, Sent::Kept);
                }
                Next::Again { .. } => {
                    self.replayed.reason = self.replayed.reason.take().or(refusal.take());
                    progress.step(&docs, Sent::GivenBack(&|_| true));
                }
                Next::Done => return Ok(()),
            }
        }
    }

    /// Notes what became of one document.
    fn count(&mut self, key: u64, over: &Over) {
        self.replayed.accepted += over.tally.accepted;
        self.replayed.already_there += over.tally.already_there;
        self.replayed.rejected += over.tally.rejected;
        self.replayed.left += u64::from(over.given_back);
        if over.tally.accepted + over.tally.already_there > 0 {
            self.stored.insert(key);
        }
    }

    /// Asks one host after the other until one says something about the documents.
    async fn request<'v>(
        &mut self,
        body: Bytes,
        docs: usize,
        verdicts: &'v mut Vec<Verdict>,
    ) -> Result<Sent<'v>, Trouble> {
        let mut trouble = Trouble::Unreachable("no host is configured".to_owned());
        for host in 0..self.hosts {
            trouble = match self.server.bulk(host, body.clone()).await {
                Answer::Text(text) => match answer::read(&text, docs, verdicts) {
                    Ok(_) => {
                        self.limit.accept(body.len());
                        return Ok(Sent::Answered(verdicts));
                    }
                    Err(broken) => Trouble::Broken(broken.to_string()),
                },
                Answer::TooLarge => {
                    let credible = self.limit.refuse(body.len());
                    return Ok(Sent::TooLarge { credible });
                }
                Answer::Refused(refusal) => return Ok(Sent::Refused(refusal)),
                Answer::Failed(Failure { trouble, .. }) => trouble,
            };
        }
        Err(trouble)
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
