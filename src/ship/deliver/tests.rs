use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::config::WhenFull;
use crate::ship::rejects::RejectReader;
use crate::ship::testing::{Settled, batch_of};

/// What the script has for one request; without one the server does what a server should.
#[derive(Clone, Debug)]
enum Turn {
    /// These statuses for the documents in turn, 201 for the rest.
    Statuses(Vec<u16>),
    /// Everything is stored, and the connection breaks before the answer.
    LostAnswer,
    /// Everything is stored, and the answer is cut in the middle.
    HalfAnswer,
    Html,
    /// Nothing is stored.
    Fails(Trouble),
}

/// A server in memory: it keeps what it stores, by `_id`, and what it was asked.
#[derive(Debug, Default)]
struct Script {
    turns: Mutex<VecDeque<Turn>>,
    /// Documents that spoil their request as a whole.
    poison: BTreeSet<u32>,
    /// A larger body is refused.
    bytes_max: Option<usize>,
    stored: Mutex<BTreeSet<u32>>,
    /// The documents of each request.
    requests: Mutex<Vec<Vec<u32>>>,
}

impl Script {
    fn new(turns: impl IntoIterator<Item = Turn>) -> Self {
        Script {
            turns: Mutex::new(turns.into_iter().collect()),
            ..Script::default()
        }
    }

    fn stores(&self, doc: u32, status: u16) -> u16 {
        let mut stored = self.stored.lock().unwrap();
        match status {
            _ if stored.contains(&doc) => 409,
            201 => {
                stored.insert(doc);
                201
            }
            other => other,
        }
    }

    fn answer(&self, docs: &[u32], statuses: &[u16]) -> Vec<u8> {
        let statuses = statuses.iter().copied().chain(std::iter::repeat(201));
        let items: Vec<String> = docs
            .iter()
            .zip(statuses)
            .map(|(doc, status)| match self.stores(*doc, status) {
                201 => "{\"create\":{\"status\":201}}".to_owned(),
                409 => "{\"create\":{\"status\":409,\"error\":{\"type\":\"version_conflict_engine_exception\"}}}".to_owned(),
                404 => "{\"create\":{\"status\":404,\"error\":{\"type\":\"index_not_found_exception\"}}}".to_owned(),
                status => format!("{{\"create\":{{\"status\":{status},\"error\":{{\"type\":\"t\",\"reason\":\"r{doc}\"}}}}}}"),
            })
            .collect();
        format!("{{\"errors\":true,\"items\":[{}]}}", items.join(",")).into_bytes()
    }
}

/// The `_id`s of a body, and a check that each action has its own source line.
fn docs_of(body: &[u8]) -> Vec<u32> {
    let lines: Vec<&str> = std::str::from_utf8(body).unwrap().lines().collect();
    lines
        .chunks(2)
        .map(|pair| {
            let action: serde_json::Value = serde_json::from_str(pair[0]).unwrap();
            let id: u32 = action["create"]["_id"].as_str().unwrap().parse().unwrap();
            let number = source(id);
            assert!(
                pair[1].starts_with(number.trim_end_matches('}')),
                "the source line of another document"
            );
            id
        })
        .collect()
}

fn source(id: u32) -> String {
    format!("{{\"n\":{id}}}")
}

impl Server for Script {
    async fn bulk(&self, _host: usize, body: Bytes) -> Answer {
        let docs = docs_of(&body);
        self.requests.lock().unwrap().push(docs.clone());
        if self.bytes_max.is_some_and(|bytes_max| body.len() > bytes_max) {
            return Answer::TooLarge;
        }
        if docs.iter().any(|doc| self.poison.contains(doc)) {
            return Answer::Refused(Refusal {
                status: 400,
                reason: "poison".into(),
            });
        }
        let turn = self.turns.lock().unwrap().pop_front();
        match turn {
            None => Answer::Text(self.answer(&docs, &[])),
            Some(Turn::Statuses(statuses)) => Answer::Text(self.answer(&docs, &statuses)),
            Some(Turn::LostAnswer) => {
                self.answer(&docs, &[]);
                Answer::Failed(Trouble::Reset("by peer".to_owned()).into())
            }
            Some(Turn::HalfAnswer) => {
                let mut text = self.answer(&docs, &[]);
                text.truncate(text.len() / 2);
                Answer::Text(text)
            }
            Some(Turn::Html) => Answer::Text(b"<html>log in</html>".to_vec()),
            Some(Turn::Fails(trouble)) => Answer::Failed(trouble.into()),
        }
    }
}

/// Nothing can be read again: the delivery has to wait until everything has its verdict.
fn gone() -> Settled {
    Settled {
        is_gone: true,
        ..Settled::default()
    }
}

/// Delivers batches of `count` documents at once; gives the server, what was settled, and the kept documents.
async fn deliver(script: Script, batches: usize, count: u32) -> (Script, Settled, BTreeMap<u32, String>) {
    let dir = tempfile::tempdir().unwrap();
    let delivery = delivery(script, dir.path(), 1 << 20);
    let settled = gone();
    let sources: Vec<String> = (0..count).map(source).collect();
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    for _ in 0..batches {
        delivery.deliver(batch_of(&sources), &settled).await;
    }
    let rejects = rejects(dir.path());
    (delivery.server, settled, rejects)
}

fn delivery(script: Script, dir: &Path, rejects_bytes_max: u64) -> Delivery<Script> {
    let retry_max = Duration::from_secs(30);
    let gate = Gate::new(vec!["http://es".to_owned()], 4, retry_max, Jitter::new(1));
    let store = RejectStore::new(dir, rejects_bytes_max, WhenFull::Stop);
    Delivery::new(script, gate, Arc::new(store), retry_max, Jitter::new(2))
}

/// Reason by document.
fn rejects(dir: &Path) -> BTreeMap<u32, String> {
    let mut rejects = BTreeMap::new();
    let mut reader = RejectReader::open(dir).unwrap();
    while let Some(reject) = reader.advance().unwrap() {
        let reject = reject.unwrap();
        let id: u32 = reject.id.as_ref().unwrap().parse().unwrap();
        assert_eq!(reject.document.get(), source(id));
        assert_eq!(reject.offset, u64::from(id) * 100);
        let before = rejects.insert(id, reject.reason.clone().into_owned());
        assert_eq!(before, None, "document {id} is kept twice");
    }
    rejects
}

fn requests(script: &Script) -> Vec<Vec<u32>> {
    script.requests.lock().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn a_good_answer_settles_every_part_at_once() {
    let (script, settled, rejects) = deliver(Script::default(), 1, 7).await;
    assert_eq!(requests(&script).len(), 1);
    let total = settled.total();
    assert_eq!((total.accepted, total.filtered, total.events()), (7, 3, 10));
    assert_eq!(settled.spans(), 3);
    assert!(rejects.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_retry_body_holds_just_the_retry_documents() {
    let statuses = vec![201, 429, 400, 201, 503, 403, 404];
    let (script, settled, rejects) = deliver(Script::new([Turn::Statuses(statuses)]), 1, 8).await;
    assert_eq!(
        requests(&script),
        [vec![0, 1, 2, 3, 4, 5, 6, 7], vec![1, 4, 5, 6]]
    );
    assert_eq!(rejects, BTreeMap::from([(2, "t: r2".to_owned())]));
    let total = settled.total();
    assert_eq!((total.accepted, total.rejected), (7, 1));
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_ends_as_already_there() {
    for turn in [Turn::LostAnswer, Turn::HalfAnswer] {
        let (script, settled, _) = deliver(Script::new([turn]), 1, 5).await;
        assert_eq!(requests(&script).len(), 2);
        assert_eq!((settled.total().accepted, settled.total().already_there), (0, 5));
    }
}

#[tokio::test(start_paused = true)]
async fn troubles_of_every_kind_only_delay() {
    let reason = || "r".to_owned();
    let turns = [
        Turn::Html,
        Turn::Fails(Trouble::Unreachable(reason())),
        Turn::Fails(Trouble::TimedOut(Duration::from_secs(30))),
        Turn::Fails(Trouble::Busy(429)),
        Turn::Fails(Trouble::Denied {
            status: 401,
            reason: reason(),
            setting: "`api_key`",
        }),
        Turn::Fails(Trouble::WrongAddress(404)),
        Turn::Fails(Trouble::Server {
            status: 502,
            reason: reason(),
        }),
        Turn::Fails(Trouble::Redirect {
            status: 302,
            location: reason(),
        }),
    ];
    let (script, settled, rejects) = deliver(Script::new(turns.clone()), 1, 5).await;
    assert_eq!(requests(&script), vec![vec![0, 1, 2, 3, 4]; turns.len() + 1]);
    assert_eq!(settled.total().accepted, 5);
    assert!(rejects.is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_poison_document_neither_blocks_nor_repeats_the_others() {
    let script = Script {
        poison: BTreeSet::from([37]),
        ..Script::default()
    };
    let (script, settled, rejects) = deliver(script, 1, 100).await;
    let total = settled.total();
    assert_eq!(
        (total.accepted, total.already_there, total.rejected),
        (99, 0, 1),
        "none was stored twice"
    );
    assert_eq!(rejects, BTreeMap::from([(37, "poison".to_owned())]));
    assert!(requests(&script).len() <= 15);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_too_large_is_split_and_the_next_ones_are_split_up_front() {
    let script = Script {
        bytes_max: Some(450 << 10),
        ..Script::default()
    };
    let dir = tempfile::tempdir().unwrap();
    let delivery = delivery(script, dir.path(), 1 << 20);
    let sources: Vec<String> = (0..8)
        .map(|id| format!("{{\"n\":{id},\"pad\":\"{}\"}}", "x".repeat(100 << 10)))
        .collect();
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    for _ in 0..2 {
        delivery.deliver(batch_of(&sources), &Settled::default()).await;
    }
    let counts: Vec<usize> = requests(&delivery.server).iter().map(Vec::len).collect();
    assert_eq!(counts, [8, 4, 4, 4, 4]);
}

#[tokio::test(start_paused = true)]
async fn small_bodies_refused_for_their_size_are_sent_one_by_one_and_none_is_lost() {
    let script = Script {
        bytes_max: Some(100),
        ..Script::default()
    };
    let (script, settled, rejects) = deliver(script, 1, 10).await;
    assert_eq!(settled.total().accepted, 10);
    assert!(rejects.is_empty());
    assert!(requests(&script).iter().any(|docs| docs.len() == 2));
}

#[tokio::test(start_paused = true)]
async fn a_full_reject_store_holds_the_batch_until_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let delivery = delivery(
        Script::new([Turn::Statuses(vec![400]), Turn::Statuses(vec![201, 400])]),
        dir.path(),
        10,
    );
    let settled = Settled::default();
    delivery.deliver(batch_of(&["{\"n\":0}"]), &settled).await;
    assert_eq!(settled.total().rejected, 1, "an empty store takes what comes");

    let second = batch_of(&["{\"n\":0}", "{\"n\":1}", "{\"n\":2}", "{\"n\":3}"]);
    let settled = gone();
    let waiting = delivery.deliver(second, &settled);
    tokio::pin!(waiting);
    let early = tokio::time::timeout(Duration::from_secs(3_600), &mut waiting).await;
    assert!(early.is_err(), "a document was dropped");
    assert_eq!(
        settled.spans(),
        1,
        "the part without a refused document is settled"
    );

    crate::ship::rejects::remove(dir.path(), |_| true).unwrap();
    waiting.await;
    assert_eq!((settled.total().accepted, settled.total().rejected), (3, 1));
    assert_eq!(rejects(dir.path()).into_keys().collect::<Vec<_>>(), [1]);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_into_the_reject_store_is_given_back_and_holds_nobody_up() {
    let dir = tempfile::tempdir().unwrap();
    let delivery = delivery(
        Script::new([Turn::Statuses(vec![400]), Turn::Statuses(vec![201, 400])]),
        dir.path(),
        10,
    );
    delivery
        .deliver(batch_of(&["{\"n\":0}"]), &Settled::default())
        .await;
    let settled = Settled::default();
    let batch = batch_of(&["{\"n\":0}", "{\"n\":1}", "{\"n\":2}", "{\"n\":3}"]);
    let first = batch.parts[0].span;
    delivery.deliver(batch, &settled).await;
    assert_eq!(*settled.given_back.lock().unwrap(), [(first, 1)]);
    assert_eq!((settled.spans(), settled.total().accepted), (1, 1));
    assert_eq!(rejects(dir.path()).into_keys().collect::<Vec<_>>(), [0]);
}

#[tokio::test(start_paused = true)]
async fn documents_that_are_refused_again_and_again_are_given_back_and_the_rest_is_stored() {
    for (status, requests_max) in [(403, 2), (500, 7)] {
        // The fourth document is alone in its part.
        let turns = std::iter::once(vec![201, 201, 201, status]).chain(std::iter::repeat_n(vec![status], 20));
        let script = Script::new(turns.map(Turn::Statuses));
        let dir = tempfile::tempdir().unwrap();
        let delivery = delivery(script, dir.path(), 1 << 20);
        let settled = Settled::default();
        let batch = batch_of(&["{\"n\":0}", "{\"n\":1}", "{\"n\":2}", "{\"n\":3}"]);
        let second = batch.parts[1].span;
        delivery.deliver(batch, &settled).await;
        assert_eq!(*settled.given_back.lock().unwrap(), [(second, 1)]);
        assert_eq!(settled.total().accepted, 3);
        assert_eq!(requests(&delivery.server).len(), requests_max);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_goes_back_to_its_pool_without_a_copy() {
    let dir = tempfile::tempdir().unwrap();
    let turns = [
        Turn::Statuses(vec![429]),
        Turn::LostAnswer,
        Turn::Statuses(vec![201, 503]),
    ];
    let delivery = delivery(Script::new(turns), dir.path(), 1 << 20);
    let pool = crate::ship::BatchPool::new(1, 10_000);
    let mut memory = None;
    for _ in 0..2 {
        let mut batch = pool.take().unwrap();
        let filled = batch_of(&["{\"n\":0}", "{\"n\":1}", "{\"n\":2}"]);
        batch.body.extend_from_slice(&filled.body);
        batch.docs.extend_from_slice(&filled.docs);
        batch.parts.extend_from_slice(&filled.parts);
        let here = (batch.body.as_ptr() as usize, batch.body.capacity());
        assert_eq!(*memory.get_or_insert(here), here);
        delivery.deliver(batch, &Settled::default()).await;
    }
}

fn turn() -> impl Strategy<Value = Turn> {
    let status = prop::sample::select(vec![201u16, 201, 201, 400, 401, 403, 404, 429, 500, 503]);
    prop_oneof![
        6 => prop::collection::vec(status, 0..30).prop_map(Turn::Statuses),
        1 => Just(Turn::LostAnswer),
        1 => Just(Turn::HalfAnswer),
        1 => Just(Turn::Html),
        1 => Just(Turn::Fails(Trouble::Busy(503))),
        1 => Just(Turn::Fails(Trouble::TimedOut(Duration::from_secs(30)))),
        1 => Just(Turn::Fails(Trouble::Unreachable("refused".to_owned()))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the server does, every document ends stored once or kept once, and every part settles once.
    #[test]
    fn every_document_ends_exactly_once_settled(
        count in 1u32..30,
        turns in prop::collection::vec(turn(), 0..12),
        poison in prop::collection::btree_set(0u32..30, 0..3),
        bytes_max in prop::option::of(150usize..1_000),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let script = Script { poison, bytes_max, ..Script::new(turns) };
        let (script, settled, rejects) = runtime.block_on(deliver(script, 1, count));
        let stored = script.stored.into_inner().unwrap();
        let kept: BTreeSet<u32> = rejects.into_keys().collect();
        prop_assert!(stored.is_disjoint(&kept));
        let all: BTreeSet<u32> = stored.union(&kept).copied().collect();
        prop_assert_eq!(all, (0..count).collect::<BTreeSet<u32>>());
        let total = settled.total();
        prop_assert_eq!(total.accepted + total.already_there, stored.len() as u64);
        prop_assert_eq!(total.rejected, kept.len() as u64);
        prop_assert_eq!(settled.spans(), count.div_ceil(3) as usize);
        prop_assert_eq!(total.filtered, u64::from(count.div_ceil(3)));
    }
}
