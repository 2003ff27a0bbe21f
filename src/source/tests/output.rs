//! An output that is slow, or gives back what it does not take.

use super::*;

#[test]
fn a_slow_output_holds_the_reader_back_and_loses_nothing() {
    let mut rig = Rig::new(&["*.log"]);
    rig.append("a.log", lines("a", 0..90_000));
    rig.append("b.log", lines("b", 0..90_000));
    rig.start();
    assert_eq!(rig.docs.len(), 180_000);
    let books = rig.ledger.books();
    assert_eq!(books[0].1.read(), 180_000);
    assert_eq!(books[0].1.pending, 0);
}

#[test]
fn what_comes_back_is_read_again_one_chunk_first() {
    let mut rig = Rig::new(&["*.log"]);
    rig.settles = false;
    // Some chunks each.
    rig.append("a.log", lines("a", 0..60_000));
    rig.append("b.log", lines("b", 0..10));
    rig.start();
    let chunks = rig.unsettled.len();
    assert!(chunks >= 3, "{chunks}");
    rig.give_back_all();
    rig.docs.clear();
    assert!(rig.ledger.is_held("input"));
    rig.pump();
    assert_eq!(rig.unsettled.len(), 0, "not before the pause is over");
    rig.pass(Duration::from_millis(1_500));
    assert_eq!(rig.unsettled.len(), 1, "one chunk, to see whether it is taken");
    rig.give_back_all();
    rig.pass(Duration::from_millis(1_500));
    assert_eq!(rig.unsettled.len(), 0, "the second pause is longer");
    rig.pass(Duration::from_millis(1_000));
    assert_eq!(rig.unsettled.len(), 1);
    rig.settle_all();
    assert!(!rig.ledger.is_held("input"));
    rig.settles = true;
    rig.pass(Duration::from_millis(500));
    assert_eq!(rig.texts(), expected(&[("a", 0..60_000), ("b", 0..10)]));
    let books = rig.ledger.books()[0].1;
    assert_eq!((books.read(), books.pending, books.bytes_pending), (60_010, 0, 0));
}

#[test]
fn what_comes_back_of_a_file_that_was_rotated_and_deleted_is_read_again() {
    for copied in [false, true] {
        let mut rig = Rig::new(&["*.log"]);
        rig.settles = false;
        rig.append("a.log", lines("a", 0..1_000));
        rig.start();
        if copied {
            rig.copytruncate("a.log", "a.log.1");
            rig.append("a.log", lines("new", 0..5));
        } else {
            std::fs::remove_file(rig.path("a.log")).unwrap();
        }
        // Long enough for a file without unsettled bytes to be let go.
        if !copied {
            rig.pass_long();
        }
        rig.give_back_all();
        rig.docs.clear();
        rig.settles = true;
        rig.pass_long();
        let mut parts = vec![("a", 0..1_000)];
        if copied {
            parts.push(("new", 0..5));
        }
        assert_eq!(rig.texts(), expected(&parts), "copied: {copied}");
        let books = rig.ledger.books()[0].1;
        assert_eq!(books.pending, 0);
    }
}
