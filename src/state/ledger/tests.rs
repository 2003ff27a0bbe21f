use std::time::{Duration, Instant};

use super::*;
use crate::state::record::tests::sample;

const FILE: FileKey = FileKey(5);

fn span(from: u64, to: u64) -> Span {
    Span { file: FILE, from, to }
}

fn mark(at: u64) -> Tail {
    Tail {
        at,
        print: Print { len: 64, hash: at },
    }
}

fn chunk(from: u64, to: u64, events: u64) -> Emitted {
    Emitted {
        span: span(from, to),
        tail: mark(to),
        head: Print { len: 1, hash: 1 },
        events,
        size: to,
        modified: 1,
    }
}

fn accepted(events: u64) -> Tally {
    Tally {
        accepted: events,
        ..Tally::default()
    }
}

fn ledger(dir: &Path) -> Ledger {
    let ledger = Ledger::open(dir).unwrap();
    if ledger.records().is_empty() {
        let mut record = sample(FILE.0);
        record.offset = 0;
        record.counted = 0;
        record.ends.clear();
        record.tail = Tail::default();
        ledger.track(record);
        ledger.set_started("nginx");
    }
    ledger
}

#[test]
fn the_checkpoint_never_passes_an_unsettled_byte() {
    let dir = tempfile::tempdir().unwrap();
    let before = ledger(dir.path());
    before.emitted(&chunk(0, 100, 10));
    before.emitted(&chunk(100, 250, 15));
    before.ended_by_time(FILE, 250);
    before.counted(FILE, 250);
    before.settle(span(100, 250), accepted(15));
    before.persist_now().unwrap();
    let after = ledger(dir.path());
    assert_eq!(after.recovery(), Recovery::Restored);
    assert_eq!(after.safe(FILE), Some(0));
    assert_eq!(after.counted_to(FILE), 250);
    assert_eq!(after.records()[0].ends, [250]);

    before.settle(span(0, 60), accepted(6));
    before.persist_now().unwrap();
    let after = ledger(dir.path());
    assert_eq!(after.safe(FILE), Some(60));
    assert_eq!(
        after.records()[0].tail,
        Tail::default(),
        "no chunk ended at or below 60"
    );

    before.settle(span(60, 100), accepted(4));
    before.persist_now().unwrap();
    let after = ledger(dir.path());
    assert_eq!(after.safe(FILE), Some(250));
    assert_eq!(after.records()[0].tail, mark(250));
    assert!(after.records()[0].ends.is_empty());
}

#[test]
fn the_books_balance_and_travel() {
    let dir = tempfile::tempdir().unwrap();
    let before = ledger(dir.path());
    before.emitted(&chunk(0, 100, 10));
    assert_eq!(before.books()[0].1.read(), 10);
    let tally = Tally {
        accepted: 1,
        already_there: 2,
        filtered: 1,
        rejected: 3,
    };
    before.settle(span(0, 50), tally);
    let books = before.books()[0].1;
    assert_eq!((books.pending, books.read(), books.bytes_read()), (3, 10, 100));
    before.persist_now().unwrap();
    let after = ledger(dir.path());
    let books = after.books()[0].1;
    assert_eq!((books.tally, books.pending, books.read()), (tally, 0, 7));
    assert_eq!(books.bytes_settled, 50);
}

#[test]
fn a_file_is_forgotten_when_it_is_settled_and_not_before() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = ledger(dir.path());
    ledger.emitted(&chunk(0, 100, 10));
    ledger.forget(FILE);
    ledger.settle(span(0, 99), accepted(9));
    assert_eq!(ledger.safe(FILE), Some(99));
    ledger.settle(span(99, 100), accepted(1));
    assert_eq!(ledger.safe(FILE), None);
    assert_eq!(ledger.books()[0].1.tally.accepted, 10);
}

#[test]
fn a_full_disk_is_noted_and_survived() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = ledger(dir.path());
    ledger.persist_now().unwrap();
    // A directory in the place of the temporary file: creating it fails for every user, root too.
    std::fs::create_dir(dir.path().join("checkpoint.tmp")).unwrap();
    assert!(ledger.persist_now().is_err());
    assert!(ledger.persist_now().is_err());
    let health = ledger.persist_health();
    assert_eq!((health.writes, health.failures), (1, 2));
    assert!(health.failing.is_some());
    std::fs::remove_dir(dir.path().join("checkpoint.tmp")).unwrap();
    ledger.persist_now().unwrap();
    assert_eq!(ledger.persist_health().failing, None);
}

#[test]
fn a_file_is_read_again_when_all_of_it_is_back() {
    let ledger = Ledger::in_memory();
    let start = Instant::now();
    let after = |seconds| start + Duration::from_secs(seconds);
    for key in [FILE.0, 6] {
        let mut record = sample(key);
        (record.offset, record.counted) = (0, 0);
        ledger.track(record);
    }
    for (from, to) in [(0, 100), (100, 200), (200, 300)] {
        ledger.emitted(&chunk(from, to, 10));
    }
    assert_eq!(ledger.leave(FILE, start), Leave::Go);
    ledger.settle(span(0, 100), accepted(10));
    ledger.give_back(span(100, 200), start);
    assert!(ledger.is_held("nginx"));
    assert_eq!(ledger.leave(FILE, after(5)), Leave::Wait, "200 is under way");
    ledger.settle(span(200, 300), accepted(10));
    assert_eq!(
        ledger.books()[0].1.tally.accepted,
        10,
        "the second chunk is missing"
    );
    assert_eq!(ledger.leave(FILE, start), Leave::Wait);
    assert_eq!(
        ledger.leave(FileKey(6), after(5)),
        Leave::Wait,
        "what came back goes first"
    );
    let Leave::Rewind(record) = ledger.leave(FILE, after(5)) else {
        panic!("it is to be read again");
    };
    assert_eq!(record.offset, 100);
    let books = ledger.books()[0].1;
    assert_eq!((books.pending, books.bytes_pending, books.read()), (0, 0, 10));

    ledger.emitted(&chunk(100, 200, 10));
    assert_eq!(ledger.leave(FILE, after(5)), Leave::Wait, "one chunk first");
    ledger.give_back(span(100, 200), after(5));
    assert_eq!(ledger.leave(FILE, after(6)), Leave::Wait, "the pause has doubled");
    assert!(matches!(ledger.leave(FILE, after(7)), Leave::Rewind(_)));
    ledger.emitted(&chunk(100, 200, 10));
    ledger.settle(span(100, 200), accepted(10));
    assert!(!ledger.is_held("nginx"));
    assert_eq!(ledger.leave(FILE, after(7)), Leave::Go);
    assert_eq!(ledger.leave(FileKey(6), after(7)), Leave::Go);
    assert_eq!(ledger.books()[0].1.read(), 20);
}

#[test]
fn a_file_that_is_gone_cannot_come_back_and_holds_no_other_up() {
    let ledger = Ledger::in_memory();
    let now = Instant::now();
    for key in [FILE.0, 6] {
        let mut record = sample(key);
        (record.offset, record.counted) = (0, 0);
        ledger.track(record);
    }
    ledger.emitted(&chunk(0, 100, 10));
    ledger.give_back(span(0, 100), now);
    assert!(ledger.can_read_again(FILE));
    ledger.forget(FILE);
    assert!(!ledger.can_read_again(FILE));
    assert_eq!(ledger.returned(), []);
    let later = now + Duration::from_secs(9);
    assert_eq!(ledger.leave(FileKey(6), later), Leave::Go, "it is the probe now");
}

/// A metric of one counter, and a page of it.
fn metrics() -> (Arc<Registry>, crate::derive::Rules) {
    let registry = Arc::new(Registry::default());
    let spec = crate::derive::MetricSpec::counter("lines_total", "");
    let rules = registry.rules(&[spec], &[], "shop").unwrap();
    (registry, rules)
}

fn page(registry: &Registry) -> String {
    let mut page = Vec::new();
    let now = crate::event::Timestamp::from_millis(0);
    registry.write(now, crate::derive::Format::Text, &mut page);
    String::from_utf8(page).unwrap()
}

#[test]
fn totals_go_on_with_the_positions_that_they_were_counted_to() {
    let dir = tempfile::tempdir().unwrap();
    let before = ledger(dir.path());
    let (registry, rules) = metrics();
    before.continue_metrics(&registry);
    before.emitted(&chunk(0, 100, 3));
    let shard = registry.shard();
    let mut guard = shard.lock();
    (0..3).for_each(|_| rules.count(&crate::event::Fields::default(), &mut guard));
    // The worker was killed before it told the ledger.
    guard.mark(FILE, 60);
    drop(guard);
    before.persist_now().unwrap();

    let after = ledger(dir.path());
    let (registry, _) = metrics();
    after.continue_metrics(&registry);
    assert!(
        page(&registry).contains("lines_total{service=\"shop\"} 3"),
        "{}",
        page(&registry)
    );
    assert_eq!((after.safe(FILE), after.counted_to(FILE)), (Some(0), 60));
    // Whoever does not want them any more begins at zero, and the next checkpoint is one that older programs read.
    let without = ledger(dir.path());
    without.persist_now().unwrap();
    let text = std::fs::read_to_string(dir.path().join("checkpoint")).unwrap();
    assert!(text.starts_with("{\"logmill_checkpoint\":1,"), "{text}");
    assert_eq!(ledger(dir.path()).counted_to(FILE), 60, "no event counts again");
}

#[test]
fn the_totals_of_version_2_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = include_bytes!("../../../fixtures/state/v2/checkpoint");
    std::fs::write(dir.path().join("checkpoint"), fixture).unwrap();
    let after = ledger(dir.path());
    let (registry, _) = metrics();
    after.continue_metrics(&registry);
    let page = page(&registry);
    assert!(page.contains("lines_total{service=\"shop\"} 3"), "{page}");
    assert_eq!((after.safe(FILE), after.counted_to(FILE)), (Some(0), 60));
}

#[test]
fn a_first_start_is_written_down_and_a_lost_checkpoint_stays_lost_until_its_files_are_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    let first = Ledger::open(dir.path()).unwrap();
    first.begin(1_795_368_510).unwrap();
    let second = Ledger::open(dir.path()).unwrap();
    assert_eq!(
        (second.recovery(), second.restored_at()),
        (Recovery::Restored, Some(1_795_368_510))
    );
    assert!(!second.started("nginx"));
    second.begin(1_795_368_999).unwrap();
    assert_eq!(
        Ledger::open(dir.path()).unwrap().restored_at(),
        Some(1_795_368_510)
    );

    for name in ["checkpoint", "checkpoint.1"] {
        std::fs::write(dir.path().join(name), b"damaged").unwrap();
    }
    for run in 0..3 {
        // Killed each time before it has looked.
        let lost = Ledger::open(dir.path()).unwrap();
        assert_eq!(lost.recovery(), Recovery::Lost, "run {run}");
        lost.begin(1_795_370_000 + run).unwrap();
    }
    let lost = Ledger::open(dir.path()).unwrap();
    lost.set_started("nginx");
    lost.persist_now().unwrap();
    assert_eq!(Ledger::open(dir.path()).unwrap().recovery(), Recovery::Restored);
}
