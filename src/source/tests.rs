//! One test per fact of the file system.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::time::Duration;

use super::rig::{Rig, expected, lines};
use super::{Bell, Births, CHUNK_CHARGE, Descriptors, FrameRule, Globs, Kept, Pool, Setup, Watch};
use crate::config::StartAt;
use crate::state::Ledger;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn files_that_are_there_that_come_and_that_grow() {
    let mut rig = Rig::new(&["*.log"]);
    rig.append("a.log", lines("a", 0..10));
    rig.start();
    assert_eq!(rig.texts(), expected(&[("a", 0..10)]));
    rig.append("a.log", lines("a", 10..20));
    rig.append("b.log", lines("b", 0..3));
    rig.append("b.txt", lines("c", 0..3));
    rig.pass(3 * SECOND);
    assert_eq!(rig.texts(), expected(&[("a", 0..20), ("b", 0..3)]));
    assert_eq!(rig.again, 0);
}

#[test]
fn a_line_waits_for_its_end() {
    let mut rig = Rig::started(&["*.log"]);
    rig.append("a.log", "a 00000\na 0");
    rig.pass_long();
    assert_eq!(rig.texts(), expected(&[("a", 0..1)]));
    rig.append("a.log", "0001\n");
    rig.pass(3 * SECOND);
    assert_eq!(rig.texts(), expected(&[("a", 0..2)]));
    rig.append("b.log", "no end");
    rig.pass_long();
    assert_eq!(rig.docs.len(), 2);
    fs::remove_file(rig.path("b.log")).unwrap();
    rig.pass_long();
    assert!(
        rig.texts().contains(&"no end".to_owned()),
        "a finished file's last line is complete"
    );
    assert_eq!(
        rig.ledger.records().len(),
        1,
        "what is deleted and settled is forgotten"
    );
}

#[test]
fn a_renamed_file_is_not_read_again() {
    for glob in ["app.log", "app.log*"] {
        let mut rig = Rig::started(&[glob]);
        rig.append("app.log", lines("a", 0..10));
        rig.pass(3 * SECOND);
        rig.append("app.log", lines("a", 10..12));
        rig.rename("app.log", "app.log.1");
        rig.append("app.log.1", lines("a", 12..14));
        rig.append("app.log", lines("b", 0..5));
        rig.pass(3 * SECOND);
        rig.append("app.log.1", lines("a", 14..16));
        rig.pass_long();
        assert_eq!(rig.texts(), expected(&[("a", 0..16), ("b", 0..5)]), "{glob}");
        rig.stop();
        rig.append("app.log", lines("b", 5..6));
        rig.start();
        assert_eq!(rig.texts(), expected(&[("a", 0..16), ("b", 0..6)]), "{glob}");
        assert_eq!(rig.again, 0, "{glob}");
    }
}

#[test]
fn a_writer_that_keeps_a_rotated_file_open_is_heard_for_long() {
    let mut rig = Rig::started(&["app.log"]);
    rig.append("app.log", lines("a", 0..10));
    rig.pass(3 * SECOND);
    rig.rename("app.log", "app.log.1");
    rig.append("app.log", lines("b", 0..1));
    rig.pass_long();
    rig.append("app.log.1", lines("a", 10..20));
    rig.pass_long();
    rig.rename("app.log.1", "app.log.2");
    rig.append("app.log.2", lines("a", 20..30));
    rig.pass_long();
    assert_eq!(rig.texts(), expected(&[("a", 0..30), ("b", 0..1)]));
}

#[test]
fn files_that_were_rotated_between_two_looks_are_found() {
    let mut rig = Rig::new(&["app.log"]);
    rig.append("app.log.1", lines("old", 0..3));
    let hour_ago = std::time::SystemTime::now() - 3600 * SECOND;
    let old = fs::File::options().append(true).open(rig.path("app.log.1"));
    old.unwrap().set_modified(hour_ago).unwrap();
    rig.append("app.log", lines("a", 0..10));
    rig.start();
    for (prefix, number) in [("b", 1), ("c", 2), ("d", 3)] {
        for from in (1..=number).rev() {
            rig.rename(&format!("app.log.{from}"), &format!("app.log.{}", from + 1));
        }
        rig.rename("app.log", "app.log.1");
        rig.append("app.log", lines(prefix, 0..4));
    }
    rig.pass_long();
    assert_eq!(
        rig.texts(),
        expected(&[("a", 0..10), ("b", 0..4), ("c", 0..4), ("d", 0..4)])
    );
}

#[test]
fn a_file_that_was_compressed_between_two_looks_is_read_once() {
    let mut rig = Rig::started(&["app.log"]);
    rig.append("app.log", lines("a", 0..10));
    rig.pass(3 * SECOND);
    rig.rename("app.log", "app.log.2");
    rig.append("app.log.1", lines("b", 0..10));
    rig.gzip("app.log.1", "app.log.1.gz");
    rig.append("app.log", lines("c", 0..10));
    rig.pass(3 * SECOND);
    rig.gzip("app.log.2", "app.log.2.gz");
    rig.pass_long();
    let texts = expected(&[("a", 0..10), ("b", 0..10), ("c", 0..10)]);
    assert_eq!(rig.texts(), texts);
    rig.stop();
    rig.start();
    rig.pass_long();
    assert_eq!((rig.texts(), rig.again), (texts, 0));
}

#[test]
fn a_file_that_no_checkpoint_knows_is_known_after_a_kill() {
    let mut rig = Rig::started(&["app.log"]);
    rig.append("app.log", lines("a", 0..10));
    rig.pass(3 * SECOND);
    rig.kill();
    rig.append("app.log", lines("a", 10..20));
    rig.gzip("app.log", "app.log.2.gz");
    rig.append("app.log.1", lines("b", 0..10));
    rig.append("app.log", lines("c", 0..10));
    rig.start();
    rig.pass_long();
    assert_eq!(rig.texts(), expected(&[("a", 0..20), ("b", 0..10), ("c", 0..10)]));
    assert_eq!(rig.again, 10);
}

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
fn rotation_where_a_link_leads_to() {
    let mut rig = Rig::started(&["x.log"]);
    fs::create_dir(rig.path("real")).unwrap();
    symlink("real/j.log", rig.path("x.log")).unwrap();
    let mut parts = Vec::new();
    for prefix in ["a", "b", "c", "d", "e"] {
        rig.append("real/j.log", lines(prefix, 0..10));
        if prefix != "c" {
            rig.pass(3 * SECOND);
        }
        for number in [3, 2, 1] {
            let _ = fs::rename(
                rig.path(&format!("real/j.log.{number}")),
                rig.path(&format!("real/j.log.{}", number + 1)),
            );
        }
        rig.rename("real/j.log", "real/j.log.1");
        rig.append("real/j.log.1", lines(prefix, 10..12));
        parts.push((prefix, 0..12));
    }
    rig.pass_long();
    assert_eq!(rig.texts(), expected(&parts));
    assert_eq!(rig.again, 0);
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

/// A mover that copies and removes, at once or before anybody looked.
#[test]
fn a_copy_whose_original_was_removed_goes_on_where_that_was() {
    for glob in ["app.log", "app.log*"] {
        for beat in [Duration::ZERO, SECOND] {
            let mut rig = Rig::started(&[glob]);
            rig.append("app.log", lines("a", 0..100));
            rig.pass(SECOND);
            // What nobody has looked at yet.
            rig.append("app.log", lines("a", 100..120));
            fs::copy(rig.path("app.log"), rig.path("app.log.1")).unwrap();
            rig.pass(beat);
            fs::remove_file(rig.path("app.log")).unwrap();
            rig.pass(SECOND);
            rig.append("app.log.1", lines("a", 120..130));
            rig.append("app.log", lines("b", 0..10));
            rig.pass_long();
            assert_eq!(
                rig.texts(),
                expected(&[("a", 0..130), ("b", 0..10)]),
                "{glob} {beat:?}"
            );
            assert_eq!(rig.docs.len(), 140, "{glob} {beat:?}");
        }
    }
}

/// gzip reads what is there; the writer has the rotated file open still.
#[test]
fn a_file_that_grows_while_it_is_compressed_is_read_once() {
    let mut rig = Rig::started(&["app.log"]);
    rig.append("app.log", lines("a", 0..100));
    rig.pass(SECOND);
    rig.rename("app.log", "app.log.1");
    rig.append("app.log", lines("b", 0..10));
    let there = fs::read(rig.path("app.log.1")).unwrap();
    rig.append("app.log.1", lines("a", 100..120));
    rig.pass(SECOND);
    fs::write(rig.path("whole"), there).unwrap();
    rig.gzip("whole", "app.log.2.gz");
    fs::remove_file(rig.path("app.log.1")).unwrap();
    rig.pass_long();
    assert_eq!(rig.texts(), expected(&[("a", 0..120), ("b", 0..10)]));
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
fn rotation_while_the_agent_is_stopped() {
    for glob in ["app.log", "app.log*"] {
        let mut rig = Rig::started(&[glob]);
        rig.append("app.log", lines("z", 0..5));
        rig.pass(3 * SECOND);
        rig.rename("app.log", "app.log.1");
        rig.append("app.log", lines("a", 0..10));
        rig.pass_long();
        rig.stop();
        rig.append("app.log", lines("a", 10..20));
        rig.gzip("app.log.1", "app.log.2.gz");
        rig.rename("app.log", "app.log.1");
        rig.append("app.log", lines("b", 0..5));
        // Again, and everything but the last one is compressed.
        rig.rename("app.log.2.gz", "app.log.4.gz");
        rig.gzip("app.log.1", "app.log.3.gz");
        rig.gzip("app.log", "app.log.2.gz");
        rig.append("app.log.1", lines("c", 0..5));
        rig.append("app.log", lines("d", 0..5));
        rig.start();
        rig.pass_long();
        let texts = expected(&[("z", 0..5), ("a", 0..20), ("b", 0..5), ("c", 0..5), ("d", 0..5)]);
        assert_eq!(rig.texts(), texts, "{glob}");
        assert_eq!(rig.again, 0, "{glob}");
        rig.stop();
        rig.start();
        rig.pass_long();
        assert_eq!((rig.texts(), rig.again), (texts, 0), "{glob}");
    }
}

#[test]
fn a_lost_checkpoint_reads_again_under_the_same_ids() {
    let mut rig = Rig::started(&["*.log"]);
    rig.append("a.log", lines("a", 0..100));
    rig.append("b.log", lines("a", 0..100));
    rig.pass(3 * SECOND);
    fs::write(rig.path("a.log"), lines("c", 0..10)).unwrap();
    rig.pass(3 * SECOND);
    let texts = rig.texts();
    assert_eq!(texts.len(), 210, "equal files are two files");
    rig.stop();
    for name in ["checkpoint", "checkpoint.1"] {
        fs::write(rig.dir.path().join("state").join(name), "damage").unwrap();
    }
    rig.start_at = StartAt::End;
    rig.kill();
    rig.start();
    rig.pass_long();
    assert_eq!(rig.texts(), texts);
    assert_eq!(rig.again, 110);
}

#[test]
fn a_kill_before_the_checkpoint_repeats_ids_and_nothing_else() {
    let mut rig = Rig::started(&["*.log"]);
    rig.append("a.log", lines("a", 0..10));
    rig.pass(3 * SECOND);
    rig.settles = false;
    rig.append("a.log", lines("a", 10..20));
    rig.pass(3 * SECOND);
    rig.ledger.persist_now().unwrap();
    rig.kill();
    rig.settles = true;
    rig.start();
    rig.pass(3 * SECOND);
    assert_eq!(rig.texts(), expected(&[("a", 0..20)]));
    assert_eq!(rig.again, 10);
}

#[test]
fn the_end_is_where_a_first_start_begins_if_it_is_told_so() {
    let mut rig = Rig::new(&["*.log"]);
    rig.start_at = StartAt::End;
    rig.append("a.log", lines("old", 0..10) + "half a ");
    rig.start();
    rig.append("a.log", "line\na 00000\n");
    rig.append("b.log", lines("b", 0..2));
    rig.pass(3 * SECOND);
    let mut texts = expected(&[("a", 0..1), ("b", 0..2)]);
    texts.push("half a line".to_owned());
    assert_eq!(rig.texts(), texts);
    rig.kill();
    rig.append("c.log", lines("c", 0..2));
    rig.append("a.log", lines("a", 1..2));
    rig.start();
    assert!(
        rig.texts().contains(&"c 00001".to_owned()),
        "not the first start any more"
    );
    assert!(rig.texts().contains(&"a 00001".to_owned()));
}

#[test]
fn links_are_followed_and_may_be_swapped() {
    let mut rig = Rig::started(&["current.log"]);
    rig.append("one.txt", lines("one", 0..10));
    rig.append("two.txt", lines("two", 0..10));
    let swap = |rig: &Rig, to: &str| {
        let _ = fs::remove_file(rig.path("new"));
        symlink(rig.path(to), rig.path("new")).unwrap();
        rig.rename("new", "current.log");
    };
    swap(&rig, "one.txt");
    rig.pass(3 * SECOND);
    rig.append("one.txt", lines("one", 10..11));
    swap(&rig, "two.txt");
    rig.pass_long();
    rig.append("two.txt", lines("two", 10..20));
    swap(&rig, "one.txt");
    rig.append("one.txt", lines("one", 11..20));
    rig.pass_long();
    rig.stop();
    swap(&rig, "two.txt");
    rig.append("two.txt", lines("two", 20..21));
    rig.start();
    rig.pass_long();
    assert_eq!(rig.texts(), expected(&[("one", 0..20), ("two", 0..21)]));
    assert_eq!(rig.again, 0);
}

#[test]
fn a_deleted_file_is_read_to_its_end() {
    let mut rig = Rig::started(&["*.log"]);
    rig.append("a.log", lines("a", 0..10));
    rig.pass(3 * SECOND);
    let mut writer = fs::OpenOptions::new()
        .append(true)
        .open(rig.path("a.log"))
        .unwrap();
    std::io::Write::write_all(&mut writer, lines("a", 10..20).as_bytes()).unwrap();
    fs::remove_file(rig.path("a.log")).unwrap();
    rig.append("a.log", lines("b", 0..5));
    rig.pass(3 * SECOND);
    std::io::Write::write_all(&mut writer, lines("a", 20..30).as_bytes()).unwrap();
    rig.pass_long();
    assert_eq!(rig.texts(), expected(&[("a", 0..30), ("b", 0..5)]));
    assert_eq!(rig.ledger.records().len(), 1);
}

#[test]
fn a_very_long_line_is_cut_and_the_next_one_is_whole() {
    let mut rig = Rig::new(&["*.log"]);
    rig.rule.line_bytes_max = 1000;
    rig.append("a.log", lines("a", 0..1));
    rig.append("a.log", vec![b'x'; 20 << 20]);
    rig.start();
    assert_eq!(rig.docs.len(), 1);
    rig.append("a.log", vec![b'y'; 3 << 20]);
    rig.pass(3 * SECOND);
    rig.append("a.log", "\n".to_owned() + &lines("a", 1..2));
    rig.pass(3 * SECOND);
    let texts = rig.texts();
    assert_eq!(texts.len(), 3);
    assert_eq!(texts[2], "x".repeat(1000));
}

#[test]
fn holes_are_passed_over() {
    let mut rig = Rig::started(&["*.log"]);
    rig.append("a.log", lines("a", 0..10));
    rig.pass(3 * SECOND);
    // A writer that does not append goes on at its offset after copytruncate.
    let file = fs::OpenOptions::new()
        .write(true)
        .truncate(true)
        .open(rig.path("a.log"))
        .unwrap();
    std::os::unix::fs::FileExt::write_at(&file, lines("b", 0..10).as_bytes(), 5 << 20).unwrap();
    rig.pass(5 * SECOND);
    assert_eq!(rig.texts(), expected(&[("a", 0..10), ("b", 0..10)]));
}

#[test]
fn the_last_event_of_several_lines_leaves_after_a_while_and_ends_there_for_good() {
    let mut rig = Rig::new(&["*.log"]);
    rig.rule = FrameRule {
        start: Some(Arc::new(|line: &[u8]| !line.starts_with(b" "))),
        ..FrameRule::default()
    };
    rig.append("a.log", "one\n 1\ntwo\n 2\n");
    rig.start();
    assert_eq!(rig.texts(), ["one\n 1"]);
    rig.append("a.log", " 3\n");
    rig.settles = false;
    rig.pass(5 * SECOND);
    assert_eq!(rig.texts(), ["one\n 1", "two\n 2\n 3"]);
    // Killed before the event is settled; more lines come that would belong to it.
    rig.kill();
    rig.append("a.log", " 4\nthree\n");
    rig.settles = true;
    rig.start();
    rig.pass(5 * SECOND);
    assert_eq!(rig.texts(), [" 4", "one\n 1", "three", "two\n 2\n 3"]);
}

#[test]
fn what_is_no_file_is_left_alone_and_does_not_hang() {
    let mut rig = Rig::new(&["*.log"]);
    fs::create_dir(rig.path("dir.log")).unwrap();
    let fifo = rig.path("fifo.log");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    rig.append("empty.log", "");
    symlink("nowhere", rig.path("broken.log")).unwrap();
    rig.append("a.log", lines("a", 0..1));
    rig.start();
    rig.pass_long();
    assert_eq!(rig.texts(), expected(&[("a", 0..1)]));
    fs::remove_dir(rig.path("dir.log")).unwrap();
    rig.append("dir.log", lines("b", 0..1));
    rig.pass_long();
    assert_eq!(rig.texts(), expected(&[("a", 0..1), ("b", 0..1)]));
}

#[test]
fn directories_may_come_later() {
    let mut rig = Rig::started(&["**/deep/*.log"]);
    fs::create_dir_all(rig.path("x/deep")).unwrap();
    rig.append("x/deep/a.log", lines("a", 0..3));
    rig.pass(5 * SECOND);
    assert_eq!(rig.texts(), expected(&[("a", 0..3)]));
    fs::remove_dir_all(rig.path("x")).unwrap();
    rig.pass_long();
    fs::create_dir_all(rig.path("x/deep")).unwrap();
    rig.append("x/deep/a.log", lines("b", 0..3));
    rig.pass(5 * SECOND);
    assert_eq!(rig.texts(), expected(&[("a", 0..3), ("b", 0..3)]));
}

#[test]
fn compressed_files_are_read_where_a_glob_asks_for_them() {
    let mut rig = Rig::new(&["*.gz", "app.log*"]);
    rig.append("x", lines("x", 0..30_000));
    rig.gzip("x", "x.gz");
    rig.append("app.log", lines("a", 0..3));
    rig.start();
    rig.pass_long();
    assert_eq!(rig.texts(), expected(&[("x", 0..30_000), ("a", 0..3)]));
    rig.stop();
    rig.start();
    assert_eq!(rig.again, 0);
}

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
fn a_rotated_file_without_a_successor_is_found_at_start() {
    let mut rig = Rig::started(&["a.log"]);
    rig.append("a.log", lines("a", 0..10));
    rig.pass(3 * SECOND);
    rig.stop();
    rig.append("a.log", lines("a", 10..20));
    rig.rename("a.log", "a.log.2");
    rig.append("a.log.1", lines("b", 0..4));
    rig.start();
    rig.pass_long();
    assert_eq!(rig.texts(), expected(&[("a", 0..20), ("b", 0..4)]));
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

#[test]
fn a_rotated_file_that_is_one_unended_line_is_read() {
    for glob in ["a.log", "a.log*"] {
        for look in [false, true] {
            for stopped in [false, true] {
                let mut rig = Rig::started(&[glob]);
                rig.append("a.log", lines("z", 0..3));
                rig.pass(3 * SECOND);
                fs::write(rig.path("a.log"), "").unwrap();
                rig.pass(3 * SECOND);
                rig.append("a.log", "no end");
                if look {
                    rig.pass(3 * SECOND);
                }
                if stopped {
                    rig.stop();
                }
                rig.rename("a.log", "a.log.1");
                rig.append("a.log", lines("b", 0..4));
                if stopped {
                    rig.start();
                }
                rig.pass_long();
                assert_eq!(rig.docs.len(), 8, "{glob} looked {look} stopped {stopped}");
            }
        }
    }
}

#[test]
fn a_reload_goes_on_where_the_files_are() {
    let mut rig = Rig::started(&["*.log"]);
    rig.append("a.log", lines("a", 0..10));
    rig.append("b.log", lines("b", 0..10));
    rig.pass(3 * SECOND);
    rig.globs.push(format!("{}/*.txt", rig.path("").display()));
    rig.append("c.txt", lines("c", 0..10));
    rig.reload("input");
    rig.append("a.log", lines("a", 10..20));
    rig.pass_long();
    assert_eq!(rig.texts(), expected(&[("a", 0..20), ("b", 0..10), ("c", 0..10)]));
    // Another input takes the files over.
    rig.reload("other");
    rig.append("a.log", lines("a", 20..30));
    rig.pass_long();
    assert_eq!(rig.texts(), expected(&[("a", 0..30), ("b", 0..10), ("c", 0..10)]));
    // A path is taken away and given back.
    let all = rig.globs.clone();
    rig.globs.truncate(0);
    rig.globs.push(all[1].clone());
    rig.reload("other");
    rig.append("b.log", lines("b", 10..20));
    rig.pass_long();
    rig.globs = all;
    rig.reload("other");
    rig.pass_long();
    assert_eq!(rig.texts(), expected(&[("a", 0..30), ("b", 0..20), ("c", 0..10)]));
    assert_eq!(rig.again, 0);
}

/// A slow start: the writer has rotated twice before the agent looks, and perhaps it is killed before that.
#[test]
fn what_is_rotated_away_before_the_first_look_is_read() {
    for killed in [false, true] {
        let mut rig = Rig::new(&["app.log"]);
        rig.append("app.log.3", lines("old", 0..3));
        let hour_ago = std::time::SystemTime::now() - 3600 * SECOND;
        let old = fs::File::options().append(true).open(rig.path("app.log.3"));
        old.unwrap().set_modified(hour_ago).unwrap();
        let seconds = hour_ago + 3000 * SECOND;
        let seconds = seconds.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let seconds = i64::try_from(seconds).unwrap();
        rig.began = Some(seconds * 1_000_000_000);
        if killed {
            rig.ledger.begin(seconds).unwrap();
        }
        rig.append("app.log", lines("a", 0..10));
        rig.rename("app.log", "app.log.2");
        rig.append("app.log", lines("b", 0..10));
        rig.rename("app.log", "app.log.1");
        if killed {
            rig.kill();
            // The next run begins after all of it.
            rig.began = Some((seconds + 7200) * 1_000_000_000);
        }
        rig.append("app.log", lines("c", 0..10));
        rig.start();
        rig.pass_long();
        let texts = expected(&[("a", 0..10), ("b", 0..10), ("c", 0..10)]);
        assert_eq!(rig.texts(), texts, "killed: {killed}");
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

/// This thread alone has no rights of root until it is dropped: root may read everything.
struct Nobody;

impl Nobody {
    const UID: u32 = 65534;

    fn become_one() -> Nobody {
        if rustix::process::geteuid().is_root() {
            rustix::thread::set_thread_res_uid(None, rustix::process::Uid::from_raw(Self::UID), None)
                .unwrap();
        }
        Nobody
    }
}

impl Drop for Nobody {
    fn drop(&mut self) {
        let _ = rustix::thread::set_thread_res_uid(None, rustix::process::getuid(), None);
    }
}

/// Permission is taken from a file and from its directory, and given back.
#[test]
fn what_may_not_be_read_is_read_when_it_may() {
    use std::os::unix::fs::PermissionsExt;
    let _nobody = Nobody::become_one();
    let mut rig = Rig::new(&["*/app.log"]);
    let (dir, log) = (rig.path("sub"), rig.path("sub/app.log"));
    fs::create_dir(&dir).unwrap();
    let mode = |path: &std::path::Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    rig.append("sub/app.log", lines("a", 0..10));
    mode(&log, 0o000);
    assert!(fs::read(&log).is_err(), "who runs this test may read everything");
    rig.start();
    rig.pass(10 * SECOND);
    assert!(rig.docs.is_empty());
    mode(&log, 0o644);
    rig.pass(10 * SECOND);
    assert_eq!(
        rig.texts(),
        expected(&[("a", 0..10)]),
        "a file that may be read again"
    );
    mode(&dir, 0o000);
    rig.pass(10 * SECOND);
    rig.stop();
    rig.start();
    rig.pass(10 * SECOND);
    mode(&dir, 0o755);
    rig.append("sub/app.log", lines("a", 10..20));
    rig.pass(10 * SECOND);
    assert_eq!(
        rig.texts(),
        expected(&[("a", 0..20)]),
        "a directory that may be read again"
    );
    assert_eq!(rig.again, 0);
}

/// Directories that come, go and come again under a glob that leads through them.
#[test]
fn nested_directories_appear_and_vanish() {
    let mut rig = Rig::started(&["**/app.log"]);
    let mut parts = Vec::new();
    let names: Vec<String> = (0..6).map(|number| format!("p{number}")).collect();
    for round in 0..3u32 {
        for name in &names {
            fs::create_dir_all(rig.path(&format!("{name}/deep/er"))).unwrap();
            rig.append(
                &format!("{name}/deep/er/app.log"),
                lines(name, round * 10..round * 10 + 10),
            );
            parts.push((name.as_str(), round * 10..round * 10 + 10));
        }
        rig.pass(6 * SECOND);
        for name in names.iter().step_by(2) {
            fs::remove_dir_all(rig.path(name)).unwrap();
        }
        rig.pass(3 * SECOND);
    }
    rig.pass_long();
    assert_eq!((rig.texts(), rig.again), (expected(&parts), 0));
}

/// The wall's clock goes back a day and forward again while files are rotated: files are known by what they are, and
/// what time brings about goes by a clock that does not jump.
#[test]
fn a_clock_that_jumps_changes_nothing() {
    let mut rig = Rig::started(&["app.log"]);
    rig.append("app.log", lines("a", 0..10));
    rig.pass(3 * SECOND);
    let day = 86_400 * SECOND;
    let now = std::time::SystemTime::now();
    for (number, time) in [(1, now - day), (2, now + day), (3, now - day)] {
        for from in (1..number).rev() {
            rig.rename(&format!("app.log.{from}"), &format!("app.log.{}", from + 1));
        }
        rig.append("app.log", lines("r", number * 10..number * 10 + 5));
        rig.rename("app.log", "app.log.1");
        rig.append("app.log", lines("n", number * 10..number * 10 + 5));
        for name in ["app.log", "app.log.1"] {
            let file = fs::File::options().append(true).open(rig.path(name)).unwrap();
            file.set_modified(time).unwrap();
        }
        rig.pass(3 * SECOND);
        rig.stop();
        rig.start();
    }
    rig.pass_long();
    let spans = [10..15, 20..25, 30..35];
    let parts = spans
        .iter()
        .flat_map(|span| [("r", span.clone()), ("n", span.clone())]);
    let parts: Vec<_> = parts.chain([("a", 0..10)]).collect();
    assert_eq!((rig.texts(), rig.again), (expected(&parts), 0));
}

fn sorted(texts: &[String]) -> Vec<String> {
    let mut texts = texts.to_vec();
    texts.sort();
    texts
}

/// The wall's clock jumps by hours and years while the agent runs, and across a kill.
#[test]
fn a_clock_that_jumps_while_the_agent_runs_loses_nothing_and_stalls_nothing() {
    const HOUR: i64 = 3_600;
    let mut rig = Rig::new(&["*.log"]);
    rig.rule = FrameRule {
        start: Some(Arc::new(|line: &[u8]| !line.starts_with(b" "))),
        ..FrameRule::default()
    };
    rig.append("away.log", "before\n");
    rig.start();
    rig.pass(5 * SECOND);
    rig.stop();
    rig.rename("away.log", "moved.txt");
    rig.start();
    let mut wanted = vec!["before".to_owned()];
    for (turn, shift) in [
        -HOUR,
        5 * HOUR,
        -12 * HOUR,
        0,
        48 * HOUR,
        -20 * 8_766 * HOUR,
        HOUR,
    ]
    .into_iter()
    .enumerate()
    {
        rig.jump(shift);
        let name = format!("{turn}.log");
        rig.append(&name, format!("{turn} one\n more\n{turn} two\n more\n"));
        rig.pass(SECOND);
        // The last event of a file waits for its time, which is two seconds of any clock.
        rig.jump(-shift);
        rig.pass(4 * SECOND);
        wanted.extend(["one", "two"].map(|event| format!("{turn} {event}\n more")));
        assert_eq!(rig.texts(), sorted(&wanted), "{shift}");
        let pause = rig.pause();
        assert!(
            pause >= SECOND / 10 && pause <= crate::limits::SCAN_EVERY,
            "{pause:?}"
        );
        fs::remove_file(rig.path(&name)).unwrap();
        if turn % 3 == 2 {
            rig.kill();
            rig.start();
        }
    }
    // It was away for minutes, whatever the clock said.
    rig.rename("moved.txt", "away.log");
    rig.append("away.log", "after\n");
    rig.pass(5 * SECOND);
    wanted.push("after".to_owned());
    assert_eq!(rig.texts(), sorted(&wanted));
    assert_eq!(rig.again, 0);
}

/// The thread, the file system's notifications and the channels, while files are rotated quickly.
#[test]
fn the_thread_hears_of_every_file() {
    let dir = tempfile::tempdir().unwrap();
    let logs = dir.path().join("logs");
    fs::create_dir(&logs).unwrap();
    let bell = Bell::default();
    let (sender, mut receiver) = tokio::sync::mpsc::channel(8);
    let setup = Setup {
        host: "host".to_owned(),
        watches: vec![Watch {
            index: 0,
            name: "input".to_owned(),
            globs: Globs::compile(&[format!("{}/app.log", logs.display())], &[]).unwrap(),
            frame: Arc::new(FrameRule::default()),
            start_at: StartAt::Beginning,
        }],
        ledger: Arc::new(Ledger::in_memory()),
        pool: Pool::new(8 * CHUNK_CHARGE, bell.clone()),
        bell: bell.clone(),
        workers: vec![sender],
        began: 0,
        scan: crate::limits::SCAN_EVERY,
        births: Births::open(dir.path()),
        kept: Kept::open(dir.path(), 1 << 20),
        descriptors: Descriptors::of(1024),
        wall: std::time::SystemTime::now,
        notify: true,
    };
    let thread = super::start(setup).unwrap();
    let writer = std::thread::spawn(move || {
        for number in 0..200 {
            fs::write(logs.join("app.log"), format!("line {number}\n")).unwrap();
            fs::rename(logs.join("app.log"), logs.join(format!("app.log.{number}"))).unwrap();
        }
    });
    let mut seen = std::collections::BTreeSet::new();
    let deadline = std::time::Instant::now() + 60 * SECOND;
    while seen.len() < 200 {
        let Ok(delivery) = receiver.try_recv() else {
            assert!(std::time::Instant::now() < deadline, "only {} of 200", seen.len());
            std::thread::sleep(Duration::from_millis(1));
            continue;
        };
        for frame in &delivery.chunk.frames {
            let text = &delivery.chunk.text()[frame.text.start as usize..frame.text.end as usize];
            assert!(seen.insert(text.to_vec()), "twice");
        }
    }
    writer.join().unwrap();
    bell.shutdown();
    thread.join().unwrap();
    assert!(receiver.blocking_recv().is_none(), "the senders are dropped");
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
