//! Other inputs while the agent runs, and at its next start.

use super::*;

/// The verdicts in an input's books, and what has none: events and bytes.
fn books(rig: &Rig, input: &str) -> (u64, u64, u64) {
    let books = rig.ledger.books();
    let found = books.into_iter().find(|(name, _)| name == input);
    let books = found.map(|(_, books)| books).unwrap_or_default();
    (books.tally.events(), books.pending, books.bytes_pending)
}

#[test]
fn a_reload_goes_on_where_the_files_are() {
    let mut rig = Rig::started(&["*.log"]);
    rig.append("a.log", lines("a", 0..10));
    rig.append("b.log", lines("b", 0..10));
    rig.pass(3 * SECOND);
    rig.append("c.txt", lines("c", 0..10));
    rig.reload(vec![input("input", &["*.log", "*.txt"])]);
    rig.append("a.log", lines("a", 10..20));
    rig.pass_long();
    assert_eq!(rig.texts(), expected(&[("a", 0..20), ("b", 0..10), ("c", 0..10)]));
    // Another input takes the files over.
    rig.reload(vec![input("other", &["*.log", "*.txt"])]);
    rig.append("a.log", lines("a", 20..30));
    rig.pass_long();
    assert_eq!(rig.texts(), expected(&[("a", 0..30), ("b", 0..10), ("c", 0..10)]));
    // A path is taken away and given back.
    rig.reload(vec![input("other", &["*.txt"])]);
    rig.append("b.log", lines("b", 10..20));
    rig.pass_long();
    assert_eq!(rig.texts().len(), 50);
    rig.reload(vec![input("other", &["*.log", "*.txt"])]);
    rig.pass_long();
    assert_eq!(rig.texts(), expected(&[("a", 0..30), ("b", 0..20), ("c", 0..10)]));
    assert_eq!(rig.again, 0);
    assert_eq!(books(&rig, "other"), (60, 0, 0));
}

#[test]
fn a_file_belongs_to_the_input_whose_globs_lead_to_it_whatever_stands_above() {
    let mut rig = Rig::new(&[]);
    rig.inputs = vec![input("json", &["a.log"]), input("json:b", &["b.log"])];
    rig.append("a.log", lines("a", 0..10));
    rig.append("b.log", lines("b", 0..10));
    rig.start();
    rig.rename("a.log", "a.log.1");
    rig.append("a.log", lines("new", 0..1));
    rig.pass(3 * SECOND);
    // The names move on, as they did when they had numbers.
    rig.reload(vec![
        input("json", &["c.log"]),
        input("json:b", &["a.log"]),
        input("json:c", &["b.log"]),
    ]);
    rig.append("a.log.1", lines("a", 10..20));
    rig.append("a.log", lines("new", 1..2));
    rig.append("b.log", lines("b", 10..20));
    rig.append("c.log", lines("c", 0..5));
    rig.pass_long();
    let mut of_a = expected(&[("a", 10..20), ("new", 1..2)]);
    of_a.extend(expected(&[("b", 0..10)]));
    of_a.sort();
    assert_eq!(rig.texts_of("json:b"), of_a);
    assert_eq!(rig.texts_of("json:c"), expected(&[("b", 10..20)]));
    assert_eq!(
        rig.texts_of("json"),
        expected(&[("a", 0..10), ("c", 0..5), ("new", 0..1)])
    );
    // The first of two is removed: its files are read no more.
    rig.reload(vec![input("json", &["b.log"])]);
    rig.append("a.log", lines("a", 20..30));
    rig.append("b.log", lines("b", 20..30));
    rig.pass_long();
    assert_eq!(rig.texts().len(), 20 + 2 + 30 + 5);
    assert!(rig.texts_of("json").contains(&"b 00029".to_owned()));
    assert_eq!(rig.again, 0);
}

#[test]
fn an_input_under_another_name_is_no_new_one() {
    for restarts in [false, true] {
        let mut rig = Rig::new(&[]);
        rig.start_at = StartAt::End;
        rig.inputs = vec![input("json", &["a*.log"]), input("json#2", &["b*.log"])];
        rig.start();
        rig.append("a.log", lines("a", 0..10));
        rig.append("b.log", lines("b", 0..20));
        rig.pass(3 * SECOND);
        if restarts {
            rig.stop();
        }
        rig.append("b-new.log", lines("new", 0..5));
        rig.inputs = vec![
            input("json:c", &["c*.log"]),
            input("shop", &["b*.log"]),
            input("json:a", &["a*.log"]),
        ];
        rig.append("c.log", lines("c", 0..10));
        if restarts {
            rig.start();
        } else {
            rig.reload(rig.inputs.clone());
        }
        rig.pass_long();
        assert_eq!(
            rig.texts(),
            expected(&[("a", 0..10), ("b", 0..20), ("new", 0..5)]),
            "restarts: {restarts}"
        );
        assert_eq!(rig.again, 0);
        assert_eq!(books(&rig, "json:a"), (10, 0, 0));
        assert_eq!(books(&rig, "shop"), (25, 0, 0));
        assert_eq!(books(&rig, "json:c"), (0, 0, 0));
        assert_eq!(rig.ledger.books().len(), 3);
    }
}

#[test]
fn what_is_under_way_gets_its_verdicts_once_under_another_name() {
    let mut rig = Rig::new(&["*.log"]);
    rig.settles = false;
    rig.append("a.log", lines("a", 0..60_000));
    rig.start();
    rig.reload(vec![input("other", &["*.log"])]);
    rig.append("a.log", lines("a", 60_000..60_010));
    rig.pass_long();
    assert_eq!(rig.again, 0, "what is under way is not read again");
    rig.settle_all();
    assert_eq!(books(&rig, "other"), (60_010, 0, 0));
}

#[test]
fn what_is_under_way_gets_its_verdicts_once_when_its_input_goes_and_comes() {
    for comes_back in [false, true] {
        let mut rig = Rig::new(&["*.log"]);
        rig.settles = false;
        rig.append("a.log", lines("a", 0..60_000));
        rig.start();
        let first = rig.unsettled.len();
        assert!(first >= 3, "{first}");
        rig.reload(vec![input("other", &["*.txt"])]);
        rig.pass_long();
        rig.reload(vec![input("input", &["*.log"])]);
        rig.append("a.log", lines("a", 60_000..60_010));
        rig.pass_long();
        assert_eq!(rig.again, 0, "what is under way is not read again");
        if comes_back {
            rig.give_back_all();
            rig.docs.clear();
        }
        rig.settles = true;
        rig.settle_all();
        rig.pass_long();
        assert_eq!(rig.texts(), expected(&[("a", 0..60_010)]));
        assert_eq!(books(&rig, "input"), (60_010, 0, 0));
        assert!(!rig.ledger.is_holding());
    }
}

#[test]
fn what_comes_back_after_its_input_is_gone_is_read_when_that_is_there_again() {
    let mut rig = Rig::new(&["*.log"]);
    rig.settles = false;
    rig.append("a.log", lines("a", 0..60_000));
    rig.start();
    rig.reload(vec![input("other", &["*.txt"])]);
    rig.give_back_all();
    assert_eq!(books(&rig, "input"), (0, 0, 0));
    assert!(!rig.ledger.is_holding(), "nobody waits for an input that is gone");
    rig.docs.clear();
    rig.settles = true;
    rig.reload(vec![input("input", &["*.log"])]);
    rig.pass_long();
    assert_eq!(rig.texts(), expected(&[("a", 0..60_000)]));
    assert_eq!(books(&rig, "input"), (60_000, 0, 0));
}

#[test]
fn a_held_input_is_freed_under_its_new_name() {
    let mut rig = Rig::new(&["*.log"]);
    rig.settles = false;
    rig.append("a.log", lines("a", 0..60_000));
    rig.start();
    rig.give_back_all();
    rig.docs.clear();
    rig.pass(Duration::from_millis(1_500));
    assert_eq!(rig.unsettled.len(), 1, "the probe is under way");
    rig.reload(vec![input("other", &["a.log"]), input("input", &["b.log"])]);
    rig.append("b.log", lines("b", 0..10));
    rig.settles = true;
    rig.settle_all();
    rig.pass_long();
    assert_eq!(rig.texts(), expected(&[("a", 0..60_000), ("b", 0..10)]));
    assert_eq!(books(&rig, "other"), (60_000, 0, 0));
    assert_eq!(books(&rig, "input"), (10, 0, 0));
    assert!(!rig.ledger.is_holding());
}

#[test]
fn an_old_lane_is_gone_with_its_last_chunk() {
    let mut rig = Rig::new(&["*.log"]);
    rig.append("a.log", lines("a", 0..10));
    rig.start();
    let alive = |lanes: Vec<std::sync::Weak<crate::lane::Lane>>| {
        let alive = lanes.iter().filter(|lane| lane.strong_count() > 0);
        alive.count()
    };
    assert_eq!(alive(rig.forget_lanes()), 10);
    rig.append("a.log", lines("a", 10..20));
    rig.pass(3 * SECOND);
    rig.reload(vec![input("input", &["*.log"])]);
    assert_eq!(alive(rig.forget_lanes()), 0);
}

#[test]
fn an_event_that_spans_a_rotation_right_before_a_reload_stays_whole() {
    let mut rig = Rig::new(&["app.log"]);
    rig.rule.start = Some(Arc::new(|line: &[u8]| !line.starts_with(b" ")));
    rig.append("app.log", "one\ntwo\n");
    rig.start();
    rig.append("app.log", "three\n 1\n");
    rig.rename("app.log", "app.log.1");
    rig.append("app.log", " 2\nfour\n");
    rig.reload(vec![input("other", &["app.log"])]);
    rig.pass_long();
    assert_eq!(rig.texts(), ["four", "one", "three\n 1\n 2", "two"]);
}
