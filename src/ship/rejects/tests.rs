use std::fs;
use std::path::Path;
use std::sync::Mutex;

use bytes::Bytes;

use super::read::Step;
use super::replay::replay_in_steps;
use super::*;
use crate::config::WhenFull;
use crate::ship::server::{Answer, Server};
use crate::ship::testing::batch_of;
use crate::ship::trouble::Trouble;
use crate::ship::verdict::Refusal;

/// The documents `from..to` of one batch as lines for the store.
fn lines(from: usize, to: usize) -> RejectLines {
    let sources: Vec<String> = (0..to).map(|n| format!("{{\"n\":{n}}}")).collect();
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    let batch = batch_of(&sources);
    let refusal = Refusal {
        status: 400,
        reason: "bad".into(),
    };
    let mut lines = RejectLines::default();
    for doc in from..to {
        lines.push(&batch, &batch.body, doc, &refusal);
    }
    lines
}

fn store(dir: &Path, bytes_max: u64, when_full: WhenFull) -> RejectStore {
    RejectStore::new(dir.join("rejects"), bytes_max, when_full)
}

/// The `_id`s in the store in order, and how many lines were damaged.
fn content(dir: &Path) -> (Vec<u32>, usize) {
    let mut reader = RejectReader::open(&dir.join("rejects")).unwrap();
    let (mut ids, mut damaged) = (Vec::new(), 0);
    while let Some(line) = reader.advance().unwrap() {
        match line {
            Ok(reject) => ids.push(reject.id.unwrap().parse().unwrap()),
            Err(Damaged) => damaged += 1,
        }
    }
    (ids, damaged)
}

fn segments(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut segments: Vec<_> = fs::read_dir(dir.join("rejects"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "ndjson"))
        .collect();
    segments.sort();
    segments
}

#[test]
fn what_is_kept_is_read_in_order_also_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(content(dir.path()), (vec![], 0), "no store yet");
    for round in 0..3 {
        let store = store(dir.path(), 1 << 20, WhenFull::Stop);
        store.keep(&lines(round, round + 1)).unwrap();
    }
    assert_eq!(content(dir.path()), (vec![0, 1, 2], 0));
}

#[test]
fn a_document_that_is_refused_again_after_a_crash_is_kept_once() {
    let dir = tempfile::tempdir().unwrap();
    store(dir.path(), 1 << 20, WhenFull::Stop)
        .keep(&lines(0, 3))
        .unwrap();
    let restarted = store(dir.path(), 1 << 20, WhenFull::Stop);
    restarted.keep(&lines(1, 5)).unwrap();
    restarted.keep(&lines(4, 6)).unwrap();
    assert_eq!(content(dir.path()).0, [0, 1, 2, 3, 4, 5]);
}

#[test]
fn a_segment_whose_name_is_not_durable_holds_no_line() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path(), 1 << 20, WhenFull::Stop);
    let failing = |_: &Path| Err(std::io::Error::other("the disk is gone"));
    assert!(store.keep_with(&lines(0, 2), failing).is_err());
    assert_eq!(content(dir.path()), (vec![], 0));
    assert!(
        store.keep_with(&lines(0, 2), failing).is_err(),
        "it is synced again"
    );
    store.keep(&lines(0, 2)).unwrap();
    assert_eq!(content(dir.path()), (vec![0, 1], 0));
    store
        .keep_with(&lines(2, 3), |_| unreachable!("the name is durable"))
        .unwrap();
}

#[test]
fn a_line_torn_by_a_crash_costs_nothing_but_itself() {
    let dir = tempfile::tempdir().unwrap();
    store(dir.path(), 1 << 20, WhenFull::Stop)
        .keep(&lines(0, 2))
        .unwrap();
    let path = &segments(dir.path())[0];
    let whole = fs::read(path).unwrap();
    for cut in 0..whole.len() {
        fs::write(path, &whole[..cut]).unwrap();
        store(dir.path(), 1 << 20, WhenFull::Stop)
            .keep(&lines(2, 3))
            .unwrap();
        let (ids, damaged) = content(dir.path());
        let first_end = memchr::memchr(b'\n', &whole).unwrap();
        // A line that misses its newline only is whole.
        let left = usize::from(cut >= first_end) + usize::from(cut >= whole.len() - 1);
        assert_eq!(ids.len(), left + 1, "cut at {cut}");
        assert_eq!(ids.last(), Some(&2));
        let torn = cut > 0 && cut < first_end || cut > first_end + 1 && cut < whole.len() - 1;
        assert_eq!(damaged, usize::from(torn), "cut at {cut}");
        // After the crash the same documents are refused again: what is there stays once.
        store(dir.path(), 1 << 20, WhenFull::Stop)
            .keep(&lines(0, 2))
            .unwrap();
        let mut ids = content(dir.path()).0;
        ids.sort_unstable();
        assert_eq!(ids, [0, 1, 2], "cut at {cut}");
    }
}

#[test]
fn a_full_store_refuses_or_drops_the_oldest_segment() {
    let line_bytes = {
        let dir = tempfile::tempdir().unwrap();
        store(dir.path(), 1 << 20, WhenFull::Stop)
            .keep(&lines(0, 1))
            .unwrap();
        fs::metadata(&segments(dir.path())[0]).unwrap().len()
    };
    let bytes_max = line_bytes * 10;

    let dir = tempfile::tempdir().unwrap();
    let stopping = store(dir.path(), bytes_max, WhenFull::Stop);
    let kept = (0..).find(|n| stopping.keep(&lines(*n, n + 1)).is_err()).unwrap();
    assert!((9..=10).contains(&kept), "{kept}");
    assert!(matches!(
        stopping.keep(&lines(50, 51)),
        Err(KeepError::Full { .. })
    ));
    assert_eq!(content(dir.path()).0.len(), kept, "nothing is dropped");
    remove(&dir.path().join("rejects"), |reject| {
        reject.id.as_deref() == Some("3")
    })
    .unwrap();
    stopping.keep(&lines(50, 51)).unwrap();

    let dir = tempfile::tempdir().unwrap();
    let dropping = store(dir.path(), bytes_max, WhenFull::DropOldest);
    for n in 0..30 {
        dropping.keep(&lines(n, n + 1)).unwrap();
    }
    let (ids, _) = content(dir.path());
    assert_eq!(*ids.last().unwrap(), 29);
    assert!((8..=10).contains(&ids.len()), "{ids:?}");
    assert!(ids.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{ids:?}");
}

#[test]
fn one_document_larger_than_the_store_does_not_stop_it_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    store(dir.path(), 1, WhenFull::Stop).keep(&lines(0, 1)).unwrap();
    assert_eq!(content(dir.path()).0, [0]);
}

#[test]
fn removing_leaves_the_rest_and_empty_segments_go() {
    let dir = tempfile::tempdir().unwrap();
    let rejects = dir.path().join("rejects");
    assert_eq!(remove(&rejects, |_| true).unwrap(), 0, "no store yet");
    let store = store(dir.path(), 1 << 20, WhenFull::Stop);
    store.keep(&lines(0, 4)).unwrap();
    assert_eq!(remove(&rejects, |reject| reject.offset == 100).unwrap(), 1);
    assert_eq!(content(dir.path()).0, [0, 2, 3]);
    // The running agent goes on in the rewritten segment.
    store.keep(&lines(4, 5)).unwrap();
    assert_eq!(content(dir.path()).0, [0, 2, 3, 4]);
    assert_eq!(remove(&rejects, |_| true).unwrap(), 4);
    assert!(segments(dir.path()).is_empty());
}

#[test]
fn only_the_owner_may_read_the_store() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    store(dir.path(), 1 << 20, WhenFull::Stop)
        .keep(&lines(0, 2))
        .unwrap();
    remove(&dir.path().join("rejects"), |reject| reject.offset == 0).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir.path().join("rejects")), 0o700);
    assert_eq!(mode(&segments(dir.path())[0]), 0o600);
}

/// Answers with one status per document in turn, host 0 never.
struct Statuses(Vec<u16>, Mutex<Vec<u8>>);

impl Server for Statuses {
    async fn bulk(&self, host: usize, body: Bytes) -> Answer {
        if host == 0 {
            return Answer::Failed(Trouble::Unreachable("refused".to_owned()).into());
        }
        self.1.lock().unwrap().extend_from_slice(&body);
        let item = |status: &u16| format!("{{\"create\":{{\"status\":{status}}}}}");
        let items: Vec<String> = self.0.iter().map(item).collect();
        Answer::Text(format!("{{\"items\":[{}]}}", items.join(",")).into_bytes())
    }
}

#[tokio::test]
async fn a_replay_removes_what_was_stored() {
    let dir = tempfile::tempdir().unwrap();
    store(dir.path(), 1 << 20, WhenFull::Stop)
        .keep(&lines(0, 5))
        .unwrap();
    let server = Statuses(vec![201, 409, 400, 429], Mutex::default());
    let replayed = replay(&dir.path().join("rejects"), &server, 2, |reject| {
        reject.id.as_deref() != Some("1")
    })
    .await
    .unwrap();
    let expected = Replayed {
        accepted: 1,
        already_there: 1,
        rejected: 1,
        reason: Some("".into()),
        left: 1,
        trouble: None,
    };
    assert_eq!(replayed, expected);
    assert_eq!(content(dir.path()).0, [1, 3, 4]);
    let body = String::from_utf8(server.1.into_inner().unwrap()).unwrap();
    assert!(
        body.starts_with("{\"create\":{\"_index\":\"logs\",\"_id\":\"0\"}}\n{\"n\":0}\n"),
        "{body}"
    );
}

#[tokio::test]
async fn a_replay_without_a_server_leaves_everything() {
    let dir = tempfile::tempdir().unwrap();
    store(dir.path(), 1 << 20, WhenFull::Stop)
        .keep(&lines(0, 3))
        .unwrap();
    let server = Statuses(Vec::new(), Mutex::default());
    let replayed = replay(&dir.path().join("rejects"), &server, 1, |_| true)
        .await
        .unwrap();
    assert_eq!((replayed.left, replayed.accepted), (3, 0));
    assert!(matches!(replayed.trouble, Some(Trouble::Unreachable(_))));
    assert_eq!(content(dir.path()).0, [0, 1, 2]);
}

/// A server of a size limit that finds a request with `poison` in it wrong as a whole.
#[derive(Default)]
struct Choosy {
    bytes_max: usize,
    requests: Mutex<u32>,
}

impl Server for Choosy {
    async fn bulk(&self, _: usize, body: Bytes) -> Answer {
        *self.requests.lock().unwrap() += 1;
        if body.len() > self.bytes_max {
            return Answer::TooLarge;
        }
        if memchr::memmem::find(&body, b"poison").is_some() {
            let reason = "malformed".into();
            return Answer::Refused(Refusal { status: 400, reason });
        }
        let docs = body.iter().filter(|byte| **byte == b'\n').count() / 2;
        let items = vec!["{\"create\":{\"status\":201}}"; docs];
        Answer::Text(format!("{{\"items\":[{}]}}", items.join(",")).into_bytes())
    }
}

/// A store of these documents.
fn store_of(dir: &Path, sources: &[&str]) {
    let batch = batch_of(sources);
    let refusal = Refusal {
        status: 400,
        reason: "bad".into(),
    };
    let mut lines = RejectLines::default();
    for doc in 0..sources.len() {
        lines.push(&batch, &batch.body, doc, &refusal);
    }
    store(dir, 1 << 30, WhenFull::Stop).keep(&lines).unwrap();
}

#[tokio::test]
async fn what_spoils_a_request_stays_and_the_others_are_replayed() {
    let dir = tempfile::tempdir().unwrap();
    let large = format!("{{\"n\":\"{}\"}}", "x".repeat(200 << 10));
    store_of(
        dir.path(),
        &["{\"n\":0}", "{\"poison\":1}", &large, "{\"n\":3}", "{\"n\":4}"],
    );
    let server = Choosy {
        bytes_max: 100 << 10,
        ..Choosy::default()
    };
    let replayed = replay(&dir.path().join("rejects"), &server, 1, |_| true)
        .await
        .unwrap();
    let counted = (
        replayed.accepted,
        replayed.rejected,
        replayed.left,
        &replayed.trouble,
    );
    assert_eq!(counted, (3, 2, 0, &None));
    assert!(replayed.reason.is_some());
    assert_eq!(content(dir.path()).0, [1, 2]);
}

#[tokio::test]
async fn a_server_that_refuses_all_requests_is_asked_no_more_than_a_while() {
    let dir = tempfile::tempdir().unwrap();
    let sources = vec!["{\"poison\":1}"; 500];
    store_of(dir.path(), &sources);
    let server = Choosy {
        bytes_max: 1 << 20,
        ..Choosy::default()
    };
    let replayed = replay(&dir.path().join("rejects"), &server, 1, |_| true)
        .await
        .unwrap();
    assert_eq!((replayed.accepted, replayed.left), (0, 500));
    assert_eq!(replayed.reason.as_deref(), Some("malformed"));
    assert!(*server.requests.lock().unwrap() < 100);
    assert_eq!(content(dir.path()).0.len(), 500);
}

/// A file of this name was rotated: the next one begins with the same offset, and has the same line there.
#[tokio::test]
async fn without_ids_files_of_one_name_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path(), 1 << 20, WhenFull::Stop);
    for day in 1..=3 {
        let mut batch = batch_of(&["{\"n\":1}"]);
        batch.parts[0].span.file = crate::event::FileKey(day);
        batch.body = b"{\"create\":{\"_index\":\"logs\"}}\n{\"n\":1}\n".to_vec();
        batch.docs[0].end = batch.body.len() as u32;
        let refusal = Refusal {
            status: 400,
            reason: "bad".into(),
        };
        let mut lines = RejectLines::default();
        lines.push(&batch, &batch.body, 0, &refusal);
        store.keep(&lines).unwrap();
        // Refused again after a crash.
        store.keep(&lines).unwrap();
    }
    let server = Choosy {
        bytes_max: 1 << 20,
        ..Choosy::default()
    };
    let replayed = replay(&dir.path().join("rejects"), &server, 1, |_| true)
        .await
        .unwrap();
    assert_eq!(replayed.accepted, 3, "each day's line once");
    assert!(segments(dir.path()).is_empty());
}

/// Three segments: one goes as a whole, of one a part goes, one stays. Stopped after every step that there is.
#[test]
fn a_stop_while_rejects_are_dropped_loses_none_of_the_others() {
    let picked = |reject: &Reject| {
        reject
            .id
            .as_deref()
            .is_some_and(|id| ["0", "1", "3"].contains(&id))
    };
    let mut seen = Vec::new();
    for stop in 0.. {
        let dir = tempfile::tempdir().unwrap();
        let rejects = dir.path().join("rejects");
        // A sixteenth of it is less than a line, so that each call begins a segment.
        let store = store(dir.path(), 4096, WhenFull::Stop);
        for (from, to) in [(0, 2), (2, 5), (5, 7)] {
            store.keep(&lines(from, to)).unwrap();
        }
        assert_eq!(segments(dir.path()).len(), 3);
        let mut left = stop;
        let removed = read::remove_in_steps(&rejects, picked, |step| {
            seen.push(step);
            match left {
                0 => Err(std::io::Error::other("killed")),
                _ => {
                    left -= 1;
                    Ok(())
                }
            }
        });
        let ids = content(dir.path());
        let stay: Vec<u32> = ids
            .0
            .iter()
            .copied()
            .filter(|id| ![0, 1, 3].contains(id))
            .collect();
        assert_eq!((stay, ids.1), (vec![2, 4, 5, 6], 0), "stopped after {stop} steps");
        // Whoever is killed is started again.
        remove(&rejects, picked).unwrap();
        assert_eq!(content(dir.path()).0, [2, 4, 5, 6], "stopped after {stop} steps");
        assert!(
            fs::read_dir(&rejects)
                .unwrap()
                .flatten()
                .all(|it| !it.file_name().to_string_lossy().ends_with("tmp"))
        );
        if removed.is_ok() {
            break;
        }
    }
    for step in [
        Step::CreateRest,
        Step::WriteRest,
        Step::SyncRest,
        Step::Replace,
        Step::RemoveRest,
        Step::RemoveSegment,
        Step::SyncDir,
    ] {
        assert!(seen.contains(&step), "{step:?}");
    }
}

/// A server that knows a document by its id.
#[derive(Default)]
struct Index(Mutex<std::collections::BTreeSet<String>>);

impl Server for Index {
    async fn bulk(&self, _: usize, body: Bytes) -> Answer {
        let mut known = self.0.lock().unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        let actions = text.lines().step_by(2).map(|line| known.insert(line.to_owned()));
        let items: Vec<&str> = actions
            .map(|new| match new {
                true => "{\"create\":{\"status\":201}}",
                false => "{\"create\":{\"status\":409}}",
            })
            .collect();
        Answer::Text(format!("{{\"items\":[{}]}}", items.join(",")).into_bytes())
    }
}

/// Killed after the server has stored the documents and at every step of taking them from the store: replayed again,
/// each is stored once and the store is empty.
#[tokio::test]
async fn a_stop_while_rejects_are_replayed_doubles_none() {
    for stop in 0.. {
        let dir = tempfile::tempdir().unwrap();
        let rejects = dir.path().join("rejects");
        let store = store(dir.path(), 4096, WhenFull::Stop);
        for (from, to) in [(0, 2), (2, 5)] {
            store.keep(&lines(from, to)).unwrap();
        }
        let server = Index::default();
        let mut left = stop;
        let first = replay_in_steps(
            &rejects,
            &server,
            1,
            |_| true,
            |_| match left {
                0 => Err(std::io::Error::other("killed")),
                _ => {
                    left -= 1;
                    Ok(())
                }
            },
        )
        .await;
        assert_eq!(server.0.lock().unwrap().len(), 5);
        let there = content(dir.path()).0.len() as u64;
        let again = replay(&rejects, &server, 1, |_| true).await.unwrap();
        assert_eq!(
            (again.accepted, again.already_there),
            (0, there),
            "stopped after {stop} steps"
        );
        assert_eq!(content(dir.path()).0, [] as [u32; 0]);
        assert_eq!(server.0.lock().unwrap().len(), 5, "none is stored twice");
        if first.is_ok() {
            break;
        }
    }
}
