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

/// Both files are there for a second, and the original is written to and read meanwhile: the copy has less than what
/// was read, and nothing that was not.
#[test]
fn a_copy_that_has_less_than_its_original_is_not_read_again() {
    let _ = tracing_subscriber::fmt()
        .with_test_writer()
        .with_max_level(tracing::Level::DEBUG)
        .with_ansi(false)
        .without_time()
        .try_init();
    for glob in ["app.log", "app.log*"] {
        for emptied in [false, true] {
            for beats in [1, 3, 8] {
                let mut rig = Rig::started(&[glob]);
                rig.append("app.log", lines("a", 0..100));
                rig.pass(3 * SECOND);
                fs::copy(rig.path("app.log"), rig.path("app.log.1")).unwrap();
                for beat in 0..beats {
                    rig.append("app.log", lines("a", 100 + beat..101 + beat));
                    rig.pass(Duration::from_millis(250));
                }
                rig.pass(Duration::from_millis(500));
                if emptied {
                    fs::write(rig.path("app.log"), "").unwrap();
                } else {
                    fs::remove_file(rig.path("app.log")).unwrap();
                }
                rig.append("app.log", lines("b", 0..10));
                rig.pass_long();
                let texts = expected(&[("a", 0..100 + beats), ("b", 0..10)]);
                assert_eq!(rig.texts(), texts, "{glob}, emptied {emptied}, {beats} beats");
                rig.stop();
                rig.append("app.log", lines("b", 10..20));
                rig.start();
                rig.pass_long();
                let texts = expected(&[("a", 0..100 + beats), ("b", 0..20)]);
                assert_eq!(
                    rig.texts(),
                    texts,
                    "{glob}, emptied {emptied}, {beats} beats, started again"
                );
            }
        }
    }
}

/// As above, where nothing keeps the original open: it has been closed when it is deleted.
#[test]
fn a_copy_of_a_file_that_was_closed_and_removed_is_not_read_again() {
    for glob in ["*.log", "*.log*"] {
        let mut rig = Rig::new(&[glob]);
        rig.descriptors = Descriptors::of(64);
        for number in 0..200 {
            rig.append(&format!("{number}.log"), lines("a", 0..100));
        }
        rig.start();
        rig.pass(3 * SECOND);
        for number in 0..200 {
            let name = format!("{number}.log");
            fs::copy(rig.path(&name), rig.path(&format!("{name}.1"))).unwrap();
        }
        rig.pass(3 * SECOND);
        for number in 0..200 {
            fs::remove_file(rig.path(&format!("{number}.log"))).unwrap();
        }
        rig.pass_long();
        assert_eq!(rig.docs.len(), 20_000, "{glob}");
    }
}

/// Somebody copies a log for later under a name that rotation might give, and the input does not ask for the copy.
#[test]
fn a_backup_is_not_read() {
    for name in ["app.log.bak", "app.log.1"] {
        let mut rig = Rig::started(&["app.log"]);
        rig.append("app.log", lines("a", 0..100));
        rig.pass(3 * SECOND);
        fs::copy(rig.path("app.log"), rig.path(name)).unwrap();
        rig.hear_of(name);
        rig.append("app.log", lines("a", 100..110));
        rig.pass_long();
        rig.stop();
        rig.start();
        rig.append("app.log", lines("a", 110..120));
        rig.pass_long();
        assert_eq!(
            (rig.texts(), rig.again),
            (expected(&[("a", 0..120)]), 0),
            "{name}"
        );
    }
}

/// The mover did not tell the writer, which goes on in the file that it removed.
#[test]
fn an_original_that_was_removed_is_heard_on() {
    for glob in ["app.log", "app.log*"] {
        let mut rig = Rig::started(&[glob]);
        rig.append("app.log", lines("a", 0..100));
        rig.pass(3 * SECOND);
        let writer = fs::OpenOptions::new().append(true).open(rig.path("app.log"));
        fs::copy(rig.path("app.log"), rig.path("app.log.1")).unwrap();
        rig.hear_of("app.log.1");
        fs::remove_file(rig.path("app.log")).unwrap();
        for beat in 0..8 {
            let more = lines("a", 100 + beat..101 + beat);
            std::io::Write::write_all(&mut writer.as_ref().unwrap(), more.as_bytes()).unwrap();
            rig.pass(SECOND);
        }
        rig.append("app.log", lines("b", 0..10));
        rig.pass_long();
        assert_eq!(rig.texts(), expected(&[("a", 0..108), ("b", 0..10)]), "{glob}");
    }
}

/// Nothing is taken while a log is copied and removed or emptied, and the agent is killed or its documents come back.
#[test]
fn a_copy_stands_for_what_is_not_settled() {
    for (emptied, killed, beat) in [
        (false, true, 1),
        (false, true, 3),
        (true, true, 1),
        (true, true, 3),
        (false, false, 3),
        (true, false, 0),
        (true, false, 3),
    ] {
        let case = format!("emptied {emptied}, killed {killed}, after {beat} s");
        let mut rig = Rig::started(&["app.log*"]);
        rig.append("app.log", lines("a", 0..50));
        rig.pass(3 * SECOND);
        rig.settles = false;
        rig.append("app.log", lines("a", 50..100));
        rig.pass(3 * SECOND);
        rig.ledger.persist_now().unwrap();
        fs::copy(rig.path("app.log"), rig.path("app.log.1")).unwrap();
        // What the copy does not have.
        rig.append("app.log", lines("a", 100..101));
        rig.pass(Duration::from_millis(750));
        if emptied {
            fs::write(rig.path("app.log"), "").unwrap();
        } else {
            fs::remove_file(rig.path("app.log")).unwrap();
        }
        rig.append("app.log", lines("b", 0..10));
        rig.pass(beat * SECOND);
        if killed {
            rig.ledger.persist_now().unwrap();
            rig.kill();
            rig.settles = true;
            rig.start();
        } else {
            rig.give_back_all();
            rig.settles = true;
        }
        rig.pass_long();
        assert_eq!(rig.texts(), expected(&[("a", 0..101), ("b", 0..10)]), "{case}");
    }
}

/// The agent is killed before it has written down what a copy is that has less than was read.
#[test]
fn a_copy_that_has_less_is_known_after_a_kill() {
    for glob in ["app.log", "app.log*"] {
        for (emptied, down) in [(false, false), (true, false), (false, true), (true, true)] {
            let mut rig = Rig::started(&[glob]);
            rig.append("app.log", lines("a", 0..100));
            rig.pass(3 * SECOND);
            fs::copy(rig.path("app.log"), rig.path("app.log.1")).unwrap();
            rig.append("app.log", lines("a", 100..110));
            rig.pass(Duration::from_millis(750));
            rig.ledger.persist_now().unwrap();
            if down {
                rig.kill();
            }
            if emptied {
                fs::write(rig.path("app.log"), "").unwrap();
            } else {
                fs::remove_file(rig.path("app.log")).unwrap();
            }
            rig.append("app.log", lines("b", 0..10));
            if !down {
                rig.pump();
                rig.kill();
            }
            rig.start();
            rig.pass_long();
            let texts = expected(&[("a", 0..110), ("b", 0..10)]);
            assert_eq!(
                (rig.texts(), rig.again),
                (texts, 0),
                "{glob}, emptied {emptied}, down {down}"
            );
        }
    }
}

#[test]
fn a_copy_that_was_written_over_is_what_it_is_now() {
    let mut rig = Rig::started(&["app.log"]);
    rig.append("app.log", lines("a", 0..10));
    rig.pass(SECOND);
    rig.copytruncate("app.log", "app.log.1");
    rig.pass(SECOND);
    rig.ledger.persist_now().unwrap();
    rig.append("app.log", lines("b", 0..10));
    rig.pass(SECOND);
    // The copy is known as the first life, and the second one was read and not written down.
    rig.kill();
    rig.copytruncate("app.log", "app.log.1");
    rig.append("app.log", lines("c", 0..10));
    rig.start();
    rig.pass_long();
    assert_eq!(rig.texts(), expected(&[("a", 0..10), ("b", 0..10), ("c", 0..10)]));
}
