use super::*;
use crate::ship::verdict::Cause;

/// `count` documents of `bytes` bytes each, two per part, and a part with filtered events only; each part has three of those.
fn batch(count: u32, bytes: u32) -> (Vec<Doc>, Vec<u32>) {
    let docs = (0..count)
        .map(|doc| Doc {
            end: (doc + 1) * bytes,
            at: u64::from(doc),
            part: doc / 2,
        })
        .collect();
    (docs, vec![3; count.div_ceil(2) as usize + 1])
}

fn never(_: usize) -> bool {
    false
}

fn refusal() -> Refusal {
    Refusal {
        status: 400,
        reason: "bad".into(),
    }
}

fn settled(progress: &mut Progress) -> Vec<(usize, Tally)> {
    let over = progress.take_over();
    over.map(|over| {
        assert_eq!(over.given_back, 0);
        (over.part, over.tally)
    })
    .collect()
}

#[test]
fn a_part_settles_once_its_last_document_has_its_verdict() {
    let (docs, filtered) = batch(4, 10);
    let mut progress = Progress::new(&docs, filtered);
    let filtered = Tally {
        filtered: 3,
        ..Tally::default()
    };
    assert_eq!(settled(&mut progress), [(2, filtered)]);
    assert_eq!(progress.next(&docs, never), Next::Send(0..4));
    let mut verdicts = vec![
        Verdict::Accepted,
        Verdict::AlreadyThere,
        Verdict::Rejected(refusal()),
        Verdict::Retry(Cause::Busy),
    ];
    progress.step(&docs, Step::Answered(&mut verdicts));
    let both = Tally {
        accepted: 1,
        already_there: 1,
        ..filtered
    };
    assert_eq!(settled(&mut progress), [(0, both)]);

    assert_eq!(progress.next(&docs, never), Next::Keep);
    assert_eq!(progress.refused(), [(2, refusal())]);
    progress.step(&docs, Step::Kept);
    assert_eq!(settled(&mut progress), []);

    let again = Next::Again {
        slow: false,
        progressed: true,
    };
    assert_eq!(progress.next(&docs, never), again);
    assert_eq!(progress.again(), [3]);
    progress.step(&docs, Step::Compacted);
    let docs = vec![docs[3]];
    assert_eq!(progress.next(&docs, never), Next::Send(0..1));
    progress.step(&docs, Step::Answered(&mut vec![Verdict::Accepted]));
    let last = Tally {
        accepted: 1,
        rejected: 1,
        ..filtered
    };
    assert_eq!(settled(&mut progress), [(1, last)]);
    assert_eq!(progress.next(&docs, never), Next::Done);
}

#[test]
fn bodies_above_the_learned_size_are_split_before_they_are_sent() {
    let (docs, filtered) = batch(8, 10);
    let mut progress = Progress::new(&docs, filtered);
    assert_eq!(progress.next(&docs, |bytes| bytes >= 40), Next::Send(0..2));
    // One document alone is sent however large it is.
    assert_eq!(progress.next(&docs, |_| true), Next::Send(0..1));
}

#[test]
fn a_single_document_that_is_too_large_is_refused_for_good_and_a_small_one_is_not() {
    let (docs, filtered) = batch(2, 1 << 20);
    let mut progress = Progress::new(&docs, filtered);
    progress.next(&docs, never);
    progress.step(&docs, Step::TooLarge { credible: true });
    assert_eq!(progress.next(&docs, never), Next::Send(0..1));
    progress.step(&docs, Step::TooLarge { credible: true });
    assert_eq!(progress.next(&docs, never), Next::Send(1..2));
    progress.step(&docs, Step::TooLarge { credible: false });
    assert_eq!(progress.next(&docs, never), Next::Keep);
    assert_eq!(
        (progress.refused()[0].0, progress.refused()[0].1.status),
        (0, 413)
    );
    progress.step(&docs, Step::Kept);
    assert!(matches!(
        progress.next(&docs, never),
        Next::Again { slow: true, .. }
    ));
    assert_eq!(progress.again(), [1]);
}

/// Plays a server that refuses any request with a document of `poison` in it; gives the refused documents
/// and how many requests it took.
fn bisect(count: u32, poison: &[u32]) -> (Vec<u32>, usize, Progress) {
    let (docs, filtered) = batch(count, 10);
    let mut progress = Progress::new(&docs, filtered);
    let mut requests = 0;
    while let Next::Send(run) = progress.next(&docs, never) {
        requests += 1;
        if poison.iter().any(|doc| run.contains(&(*doc as usize))) {
            progress.step(&docs, Step::Refused(refusal()));
        } else {
            progress.step(&docs, Step::Answered(&mut vec![Verdict::Accepted; run.len()]));
        }
    }
    (
        progress.refused().iter().map(|(doc, _)| *doc).collect(),
        requests,
        progress,
    )
}

#[test]
fn a_refused_body_is_halved_down_to_the_poison() {
    let (refused, requests, _) = bisect(1_000, &[0, 617]);
    assert_eq!(refused, [0, 617]);
    assert!(requests <= 2 * 2 * 10, "{requests}");
    assert_eq!(bisect(1, &[0]).0, [0], "one document, and it is refused");
}

#[test]
fn a_server_that_refuses_everything_makes_no_rejects() {
    let everything: Vec<u32> = (0..1_000).collect();
    let (refused, requests, mut progress) = bisect(1_000, &everything);
    assert!(refused.is_empty());
    assert_eq!(requests, REFUSALS_IN_ROW_MAX as usize + 1);
    let (docs, _) = batch(1_000, 10);
    assert!(matches!(
        progress.next(&docs, never),
        Next::Again {
            slow: true,
            progressed: false
        }
    ));
    assert_eq!(progress.again(), everything);
}

#[test]
fn a_server_that_finds_every_body_too_large_is_not_asked_for_each_document() {
    let (docs, filtered) = batch(1_000, 10);
    let mut progress = Progress::new(&docs, filtered);
    let mut requests = 0;
    while let Next::Send(_) = progress.next(&docs, never) {
        requests += 1;
        progress.step(&docs, Step::TooLarge { credible: false });
    }
    assert_eq!(requests, REFUSALS_IN_ROW_MAX as usize + 1);
    assert_eq!(progress.again().len(), 1_000);
    assert!(progress.refused().is_empty());
}

#[test]
fn a_large_body_without_a_clear_answer_is_sent_in_halves_after_some_tries() {
    let (docs, filtered) = batch(2, 1 << 20);
    let mut progress = Progress::new(&docs, filtered);
    for _ in 0..10 {
        assert_eq!(progress.next(&docs, never), Next::Send(0..2));
        progress.step(&docs, Step::Unclear { sent: false });
    }
    for _ in 0..UNCLEAR_BEFORE_SPLIT {
        assert_eq!(progress.next(&docs, never), Next::Send(0..2));
        progress.step(&docs, Step::Unclear { sent: true });
    }
    assert_eq!(progress.next(&docs, never), Next::Send(0..1));
}

#[test]
fn what_is_given_back_closes_its_part_without_a_verdict() {
    let (docs, filtered) = batch(4, 10);
    let mut progress = Progress::new(&docs, filtered);
    settled(&mut progress);
    progress.next(&docs, never);
    let mut verdicts = vec![
        Verdict::Accepted,
        Verdict::Retry(Cause::Denied),
        Verdict::Retry(Cause::Denied),
        Verdict::Rejected(refusal()),
    ];
    progress.step(&docs, Step::Answered(&mut verdicts));
    assert_eq!(progress.next(&docs, never), Next::Keep);
    progress.step(&docs, Step::NotKept(&|_| true));
    assert_eq!(progress.refused(), []);
    // The first part cannot be read again.
    progress.step(&docs, Step::GivenBack(&|part| part == 1));
    assert_eq!(progress.again(), [1]);
    let over: Vec<Over> = progress.take_over().collect();
    assert_eq!(over.len(), 1);
    assert_eq!((over[0].part, over[0].given_back), (1, 2));
    assert_eq!(over[0].tally.accepted, 0);
    assert!(matches!(
        progress.next(&docs, never),
        Next::Again { slow: true, .. }
    ));
}
