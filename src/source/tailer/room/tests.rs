use std::sync::Arc;
use std::time::Duration;

use crate::source::rig::{Rig, lines};
use crate::source::{Descriptors, FrameRule};

const SECOND: Duration = Duration::from_secs(1);

const FEW: Descriptors = Descriptors {
    quiet: 6,
    urgent: 8,
    noted: 4,
    closing: 4,
};

/// Far more than may be open.
const FILES: u32 = 60;

fn few(globs: &[&str]) -> Rig {
    let mut rig = Rig::new(globs);
    rig.descriptors = FEW;
    rig.counts_open = true;
    rig
}

/// Two lines more in each file.
fn grow(rig: &Rig, from: u32) {
    for file in 0..FILES {
        rig.append(&format!("{file}.log"), lines(&format!("{file}:"), from..from + 2));
    }
}

/// As many lines of each file as `grow` has written up to here.
fn assert_all(rig: &Rig, to: u32) {
    let texts = rig.texts();
    let lines = usize::try_from(FILES * to).unwrap();
    assert_eq!(texts.len(), lines, "open at most: {}", rig.open_most);
    for file in 0..FILES {
        let line = format!("{file}: {:05}", to - 1);
        assert!(texts.binary_search(&line).is_ok(), "{line}");
    }
}

#[test]
fn more_files_than_descriptors_are_read_from_the_first_look_on() {
    let mut rig = few(&["*.log"]);
    grow(&rig, 0);
    for number in 0..20 {
        // They wait for their first line, or for its end.
        rig.append(&format!("empty{number}.log"), "");
        rig.append(&format!("begun{number}.log"), "begun");
    }
    rig.start();
    assert_all(&rig, 2);
    grow(&rig, 2);
    rig.pass(3 * SECOND);
    assert_all(&rig, 4);
    rig.stop();
    grow(&rig, 4);
    rig.start();
    assert_all(&rig, 6);
    rig.kill();
    grow(&rig, 6);
    rig.start();
    assert_all(&rig, 8);
    assert!(rig.open_most <= FEW.quiet, "{}", rig.open_most);
}

#[test]
fn files_whose_output_hangs_or_is_held_give_way() {
    let mut rig = few(&["*.log"]);
    rig.hangs = true;
    rig.settles = false;
    grow(&rig, 0);
    rig.start();
    rig.pass(2 * SECOND);
    rig.hangs = false;
    rig.pass(2 * SECOND);
    assert_all(&rig, 2);
    rig.give_back_all();
    rig.docs.clear();
    grow(&rig, 2);
    rig.pass(SECOND / 2);
    assert!(rig.ledger.is_held("input"));
    rig.settles = true;
    rig.pass_long();
    assert_all(&rig, 4);
    assert!(rig.open_most <= FEW.quiet, "{}", rig.open_most);
}

#[test]
fn an_event_that_waits_for_its_time_leaves_although_its_file_was_closed() {
    let mut rig = few(&["*.log"]);
    rig.rule = FrameRule {
        start: Some(Arc::new(|line: &[u8]| !line.starts_with(b" "))),
        ..FrameRule::default()
    };
    for file in 0..FILES {
        rig.append(&format!("{file}.log"), format!("{file}\n more\n"));
    }
    rig.start();
    assert_eq!(rig.docs.len(), 0);
    rig.pass(5 * SECOND);
    assert_eq!(rig.docs.len(), FILES as usize);
    assert!(rig.open_most <= FEW.quiet, "{}", rig.open_most);
}

#[test]
fn many_that_come_at_once_and_many_that_are_rotated_away_are_read() {
    let mut rig = few(&["*.log"]);
    rig.start();
    grow(&rig, 0);
    rig.pass(3 * SECOND);
    assert_all(&rig, 2);
    rig.stop();
    for file in 0..FILES {
        // What was read and goes on, and what nobody has seen.
        rig.append(&format!("{file}.log"), lines(&format!("{file}:"), 2..3));
        rig.rename(&format!("{file}.log"), &format!("{file}.log.2"));
        rig.append(&format!("{file}.log.1"), lines(&format!("{file}:"), 3..4));
        rig.append(&format!("{file}.log"), lines(&format!("{file}:"), 4..5));
    }
    rig.start();
    rig.pass_long();
    assert_all(&rig, 5);
    assert!(rig.open_most <= FEW.urgent, "{}", rig.open_most);
    assert_eq!(rig.again, 0);
}

#[test]
fn compressed_files_are_read_one_after_the_other() {
    let mut rig = few(&["*.gz"]);
    rig.descriptors = Descriptors {
        quiet: 2,
        urgent: 3,
        ..FEW
    };
    // Their last chunks wait for the tick, and the rig has memory for eight.
    for file in 0..6 {
        // Some chunks each.
        rig.append("plain", lines(&format!("{file}: {}", "x".repeat(100)), 0..6_000));
        rig.gzip("plain", &format!("{file}.gz"));
    }
    rig.start();
    rig.pass(3 * SECOND);
    assert_eq!((rig.docs.len(), rig.again), (36_000, 0));
    assert!(rig.open_most <= 3, "{}", rig.open_most);
}

/// Logs and state are on two file systems: a live file that is closed to make room has its name, and no copy of it is
/// made.
#[test]
fn live_files_that_cannot_be_linked_are_read_on() {
    let mut rig = few(&["*.log"]);
    rig.refuses_links = true;
    rig.settles = false;
    grow(&rig, 0);
    rig.start();
    let kept = |rig: &Rig| rig.dir.path().join("state/kept").exists();
    for round in 1..6 {
        // With quick rotation room is made again and again.
        for number in 0..20 {
            rig.append(&format!("new{round}.{number}.log"), "");
        }
        rig.pass(3 * SECOND);
        grow(&rig, 2 * round);
        rig.pass(3 * SECOND);
        assert_all(&rig, 2 * (round + 1));
        assert!(!kept(&rig), "copies of live files");
    }
    rig.settle_all();
    rig.settles = true;
    grow(&rig, 12);
    rig.pass_long();
    assert_all(&rig, 14);
    assert_eq!(rig.again, 0);
}
