//! Truncation, and rotation by copying.

use super::*;

#[test]
fn a_copy_that_is_written_over_again_and_again_is_a_copy_each_time() {
    for glob in ["app.log", "app.log*"] {
        let mut rig = Rig::started(&[glob]);
        let mut parts = Vec::new();
        for prefix in ["a", "b", "c", "d"] {
            rig.append("app.log", lines(prefix, 0..10));
            rig.pass(SECOND);
            rig.append("app.log", lines(prefix, 10..20));
            rig.copytruncate("app.log", "app.log.1");
            parts.push((prefix, 0..20));
            rig.pass(SECOND);
        }
        rig.pass_long();
        assert_eq!(rig.texts(), expected(&parts), "{glob}");
    }
}

#[test]
fn a_truncated_file_begins_a_new_life() {
    let mut rig = Rig::started(&["app.log"]);
    rig.append("app.log", lines("a", 0..10));
    rig.pass(3 * SECOND);
    fs::write(rig.path("app.log"), lines("b", 0..3)).unwrap();
    rig.pass(3 * SECOND);
    // Refilled beyond the old size, with the same first line.
    fs::write(rig.path("app.log"), lines("b", 0..1) + &lines("c", 0..50)).unwrap();
    rig.pass(3 * SECOND);
    let mut texts = expected(&[("a", 0..10), ("b", 0..3), ("c", 0..50), ("b", 0..1)]);
    texts.sort();
    assert_eq!(rig.texts(), texts);
}

#[test]
fn copytruncate_loses_nothing_that_is_in_the_copy() {
    for glob in ["app.log", "app.log*"] {
        for looked in [false, true] {
            let mut rig = Rig::started(&[glob]);
            rig.append("app.log", lines("a", 0..10));
            rig.pass(3 * SECOND);
            rig.append("app.log", lines("a", 10..20));
            if looked {
                rig.pass(3 * SECOND);
                fs::copy(rig.path("app.log"), rig.path("app.log.1")).unwrap();
                rig.pass(3 * SECOND);
                rig.append("app.log", lines("a", 20..21));
                rig.pass(3 * SECOND);
            }
            rig.copytruncate("app.log", "app.log.1");
            rig.append("app.log", lines("b", 0..5));
            rig.pass_long();
            let last = if looked { 21 } else { 20 };
            let texts = expected(&[("a", 0..last), ("b", 0..5)]);
            assert_eq!(rig.texts(), texts, "{glob} {looked}");
            rig.stop();
            rig.start();
            rig.pass_long();
            assert_eq!(rig.texts(), texts, "{glob} {looked}");
        }
    }
}

#[test]
fn copytruncate_while_the_agent_is_stopped() {
    for glob in ["app.log", "app.log*"] {
        for packed in [false, true] {
            let mut rig = Rig::started(&[glob]);
            rig.append("app.log", lines("a", 0..10));
            rig.pass(3 * SECOND);
            rig.stop();
            rig.append("app.log", lines("a", 10..20));
            rig.copytruncate("app.log", "app.log.1");
            rig.append("app.log", lines("b", 0..50));
            if packed {
                rig.gzip("app.log.1", "app.log.1.gz");
            }
            rig.start();
            rig.pass_long();
            assert_eq!(
                rig.texts(),
                expected(&[("a", 0..20), ("b", 0..50)]),
                "{glob} {packed}"
            );
            assert_eq!(rig.again, 0);
        }
    }
}

/// A mover that copies and removes before anybody looked.
#[test]
fn a_copy_whose_original_was_removed_goes_on_where_that_was() {
    let mut rig = Rig::started(&["app.log"]);
    rig.append("app.log", lines("a", 0..100));
    rig.pass(SECOND);
    // What nobody has looked at yet.
    rig.append("app.log", lines("a", 100..120));
    fs::copy(rig.path("app.log"), rig.path("app.log.1")).unwrap();
    fs::remove_file(rig.path("app.log")).unwrap();
    rig.pass(SECOND);
    rig.append("app.log.1", lines("a", 120..130));
    rig.append("app.log", lines("b", 0..10));
    rig.pass_long();
    assert_eq!(rig.texts(), expected(&[("a", 0..130), ("b", 0..10)]));
}

#[test]
fn a_copy_that_is_no_rotation_is_a_file_of_its_own() {
    let mut rig = Rig::started(&["app.log*"]);
    rig.append("app.log", lines("a", 0..10));
    rig.pass(3 * SECOND);
    fs::copy(rig.path("app.log"), rig.path("app.log.1")).unwrap();
    rig.pass(3 * SECOND);
    assert_eq!(rig.docs.len(), 10, "held");
    rig.pass_long();
    assert_eq!(rig.docs.len(), 20);
}

#[test]
fn the_last_line_of_a_copy_is_complete_when_its_time_has_come() {
    for glob in ["a.log", "a.log*"] {
        let mut rig = Rig::started(&[glob]);
        rig.append("a.log", lines("a", 0..10) + "no end");
        rig.pass(3 * SECOND);
        rig.copytruncate("a.log", "a.log.1");
        rig.append("a.log", lines("b", 0..4));
        rig.pass_long();
        assert_eq!(rig.docs.len(), 15, "{glob}");
        assert!(rig.texts().contains(&"no end".to_owned()), "{glob}");
    }
}

/// Emptied and filled again beyond the offset between two looks, under a head of which every byte stays, with lines
/// that end alike: they differ in their first bytes only.
#[test]
fn lines_that_end_alike_behind_equal_heads_are_told_apart() {
    let head = "# the same head in every file\n".repeat(200);
    let padded = |prefix: &str, numbers: std::ops::Range<u32>| {
        lines(prefix, numbers).replace('\n', &format!(" {}\n", "x".repeat(200)))
    };
    let mut rig = Rig::started(&["app.log"]);
    rig.append("app.log", format!("{head}{}", padded("a", 0..20)));
    rig.pass(3 * SECOND);
    assert_eq!(rig.docs.len(), 220);
    fs::write(rig.path("app.log"), format!("{head}{}", padded("b", 0..40))).unwrap();
    rig.pass(3 * SECOND);
    let texts = rig.texts();
    let of = |prefix: &str| texts.iter().filter(|text| text.starts_with(prefix)).count();
    assert_eq!((of("a "), of("b ")), (20, 40));
    assert_eq!(of("#"), 400, "the second life has a key of its own");
}
