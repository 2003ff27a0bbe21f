//! One test per fact of the file system.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::time::Duration;

use super::rig::{Rig, expected, input, lines};
use super::{Bell, Births, CHUNK_CHARGE, Descriptors, FrameRule, Globs, Kept, Once, Pool, Setup, Watch};
use crate::config::StartAt;
use crate::lane::Lane;
use crate::state::Ledger;

mod clock;
mod copies;
mod joint;
mod once;
mod output;
mod paths;
mod reload;
mod restart;
mod rotation;
mod versions;

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
            lane: Lane::plain("input"),
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
        once: None,
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
