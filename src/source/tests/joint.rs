//! Events whose last lines are in the file that came after theirs.

use super::*;
use crate::config::Wrapper;
use crate::limits::{BORROWED_BYTES_MAX, EVENT_FLUSH};

const GLOBS: [&str; 2] = ["app.log", "app.log*"];

/// Where lines that begin with a blank belong to the event before them.
fn indented() -> FrameRule {
    FrameRule {
        start: Some(Arc::new(|line: &[u8]| !line.starts_with(b" "))),
        ..FrameRule::default()
    }
}

fn started(glob: &str) -> Rig {
    let mut rig = Rig::new(&[glob]);
    rig.rule = indented();
    rig.append("app.log", "one\n");
    rig.start();
    rig
}

/// Rotated between two lines of an event, of which one was read.
fn rotated_amid_an_event(glob: &str) -> Rig {
    let mut rig = started(glob);
    rig.append("app.log", "two\n 1\n");
    rig.pass(SECOND);
    assert_eq!(rig.texts(), ["one"]);
    rig.append("app.log", " 2\n");
    rig.rename("app.log", "app.log.1");
    rig
}

const WHOLE: [&str; 3] = ["one", "three", "two\n 1\n 2\n 3\n 4"];

#[test]
fn an_event_goes_on_in_the_next_file() {
    for glob in GLOBS {
        let mut rig = rotated_amid_an_event(glob);
        rig.append("app.log", " 3\n 4\nthree\nfour\n");
        rig.pass(SECOND);
        assert_eq!(rig.texts(), WHOLE, "{glob}");
        // Later ones are events of the files that they are in.
        rig.append("app.log.1", " late\n");
        rig.append("app.log", " 5\n");
        rig.pass_long();
        let texts = [" late", "four\n 5", "one", "three", "two\n 1\n 2\n 3\n 4"];
        assert_eq!(rig.texts(), texts, "{glob}");
        rig.stop();
        rig.start();
        rig.pass_long();
        assert_eq!((rig.texts().len(), rig.again), (5, 0), "{glob}");
    }
}

#[test]
fn the_document_is_the_old_files() {
    let mut rig = rotated_amid_an_event("app.log");
    rig.append("app.log", " 3\nthree\n");
    rig.pass(SECOND);
    let at = |text: &str| *rig.docs.iter().find(|(_, it)| *it == text).unwrap().0;
    let (one, two) = (at("one"), at("two\n 1\n 2\n 3"));
    assert_eq!((one.0, one.1, two.0, two.1), (two.0, 0, one.0, 4));
    rig.pass(5 * SECOND);
    let three = rig.docs.iter().find(|(_, it)| *it == "three").unwrap().0;
    assert_eq!(three.1, 3);
    let records = rig.ledger.records();
    let offsets: Vec<u64> = records.iter().map(|record| record.offset).collect();
    assert!(offsets.contains(&14) && offsets.contains(&9), "{offsets:?}");
    assert!(
        records.iter().all(|it| it.borrowed.is_none()),
        "settled, it is no longer needed"
    );
}

#[test]
fn a_file_that_begins_with_an_event_does_not_wait() {
    for glob in GLOBS {
        let mut rig = rotated_amid_an_event(glob);
        rig.append("app.log", "three\nfour\n");
        // No more than it takes to see it.
        rig.pass(Duration::from_millis(500));
        assert_eq!(rig.texts(), ["one", "three"], "{glob}");
        rig.pass_long();
        assert_eq!(rig.texts(), ["four", "one", "three", "two\n 1\n 2"], "{glob}");
    }
}

#[test]
fn lines_that_come_slowly_belong_to_it_until_none_comes_for_a_while() {
    let mut rig = rotated_amid_an_event("app.log");
    for number in 3..6 {
        rig.append("app.log", format!(" {number}\n"));
        rig.pass(EVENT_FLUSH - Duration::from_millis(600));
        assert_eq!(rig.texts(), ["one"]);
    }
    rig.pass(2 * EVENT_FLUSH);
    assert_eq!(rig.texts(), ["one", "two\n 1\n 2\n 3\n 4\n 5"]);
    rig.append("app.log", " 6\nthree\n");
    rig.pass_long();
    assert_eq!(rig.texts(), [" 6", "one", "three", "two\n 1\n 2\n 3\n 4\n 5"]);
}

#[test]
fn what_time_has_ended_does_not_go_on() {
    let mut rig = rotated_amid_an_event("app.log");
    rig.pass(2 * EVENT_FLUSH);
    rig.append("app.log", " 3\nthree\n");
    rig.pass_long();
    assert_eq!(rig.texts(), [" 3", "one", "three", "two\n 1\n 2"]);
}

#[test]
fn lines_through_the_old_descriptor_come_before_those_of_the_next_file() {
    let mut rig = rotated_amid_an_event("app.log");
    rig.append("app.log", " 3\n");
    rig.pass(SECOND);
    rig.append("app.log.1", " 2b\n");
    rig.append("app.log", "three\n");
    rig.pass_long();
    assert_eq!(rig.texts(), ["one", "three", "two\n 1\n 2\n 2b\n 3"]);
}

/// Killed before the decision, between the decision and the checkpoint, before and after the settlement.
#[test]
fn a_kill_at_any_moment_gives_the_same_documents() {
    for glob in GLOBS {
        for (settles, beats) in [
            (false, 0),
            (false, 1),
            (false, 2),
            (false, 8),
            (true, 1),
            (true, 8),
        ] {
            for persisted in [false, true] {
                let mut rig = rotated_amid_an_event(glob);
                rig.ledger.persist_now().unwrap();
                rig.settles = settles;
                rig.append("app.log", " 3\n");
                rig.pass(beats * Duration::from_millis(250));
                rig.append("app.log", " 4\nthree\nfour\n");
                rig.pass(beats * Duration::from_millis(250));
                if persisted {
                    rig.ledger.persist_now().unwrap();
                }
                rig.kill();
                rig.append("app.log.1", " late\n");
                rig.settles = true;
                rig.start();
                rig.pass_long();
                let mut texts: Vec<String> = WHOLE.map(str::to_owned).into();
                texts.extend([" late".to_owned(), "four".to_owned()]);
                if beats == 0 || !texts.iter().all(|text| rig.texts().contains(text)) {
                    // It was there before anything was decided.
                    texts = ["four", "one", "three", "two\n 1\n 2\n late\n 3\n 4"]
                        .map(str::to_owned)
                        .into();
                }
                texts.sort();
                assert_eq!(rig.texts(), texts, "{glob} {settles} {beats} {persisted}");
            }
        }
    }
}

#[test]
fn what_is_given_back_is_joined_again() {
    let mut rig = rotated_amid_an_event("app.log");
    rig.settles = false;
    rig.append("app.log", " 3\n 4\nthree\nfour\n");
    rig.pass(SECOND);
    assert_eq!(rig.texts(), WHOLE);
    rig.give_back_all();
    rig.pass(SECOND);
    rig.append("app.log.1", " late\n");
    rig.settles = true;
    rig.pass_long();
    rig.settle_all();
    rig.pass_long();
    let texts = [" late", "four", "one", "three", "two\n 1\n 2\n 3\n 4"];
    assert_eq!(rig.texts(), texts);
    assert!(rig.again >= 2);
    let settled = rig.ledger.files().iter().all(|file| file.settled == file.size);
    assert!(settled, "{:?}", rig.ledger.files());
}

#[test]
fn rotated_while_the_agent_is_stopped() {
    for glob in GLOBS {
        for (known, packed) in [(false, false), (true, false), (false, true)] {
            let mut rig = started(glob);
            rig.append("app.log", "two\n 1\n");
            rig.pass(SECOND);
            rig.stop();
            rig.append("app.log", " 2\n");
            if known {
                rig.rename("app.log", "app.log.1");
                rig.append("app.log", " 3\n");
                rig.start();
                rig.kill();
            } else if packed {
                rig.gzip("app.log", "app.log.1.gz");
            } else {
                rig.rename("app.log", "app.log.1");
            }
            rig.append("app.log", if known { " 4\n" } else { " 3\n 4\n" });
            rig.append("app.log", "three\n");
            rig.start();
            rig.pass_long();
            assert_eq!(rig.texts(), WHOLE, "{glob} known {known} packed {packed}");
        }
    }
}

/// Only the file right behind it goes on with the event.
#[test]
fn rotated_twice() {
    for glob in GLOBS {
        for stopped in [false, true] {
            let mut rig = started(glob);
            rig.append("app.log", "two\n 1\n");
            rig.pass(SECOND);
            if stopped {
                rig.stop();
            }
            let hours_ago = |hours: u32| std::time::SystemTime::now() - hours * 3600 * SECOND;
            let touch = |name: &str, hours: u32| {
                let file = fs::File::options().append(true).open(rig.path(name)).unwrap();
                file.set_modified(hours_ago(hours)).unwrap();
            };
            rig.append("app.log", " 2\n");
            touch("app.log", 2);
            rig.rename("app.log", "app.log.2");
            rig.append("app.log.1", " 3\nthree\n 1\n");
            touch("app.log.1", 1);
            rig.append("app.log", " 2\nfour\n");
            if stopped {
                rig.start();
            }
            rig.pass_long();
            let texts = ["four", "one", "three\n 1\n 2", "two\n 1\n 2\n 3"];
            assert_eq!(rig.texts(), texts, "{glob} stopped {stopped}");
        }
    }
}

/// What lies between the two cannot be read: the lines are not the end of that event.
#[test]
fn a_file_between_the_two_is_not_left_out() {
    let mut rig = started("app.log");
    rig.append("app.log", "two\n 1\n");
    rig.pass(SECOND);
    rig.stop();
    let old = fs::File::options()
        .append(true)
        .open(rig.path("app.log"))
        .unwrap();
    old.set_modified(std::time::SystemTime::now() - 3600 * SECOND)
        .unwrap();
    rig.rename("app.log", "app.log.2");
    rig.append("app.log.1.xz", "unreadable");
    rig.append("app.log", " 2\nthree\n");
    rig.start();
    rig.pass_long();
    assert_eq!(rig.texts(), [" 2", "one", "three", "two\n 1"]);
}

#[test]
fn more_than_may_be_borrowed_is_an_event_of_its_own() {
    let mut rig = started("app.log");
    rig.rule.event_lines_max = u32::MAX;
    rig.reload(rig.inputs.clone());
    rig.append("app.log", "two\n 1\n");
    rig.pass(SECOND);
    rig.rename("app.log", "app.log.1");
    let line = format!(" {}\n", "x".repeat(1000));
    let lines = line.repeat(BORROWED_BYTES_MAX / line.len() + 1);
    rig.append("app.log", &lines);
    rig.append("app.log", "three\n");
    rig.pass_long();
    assert_eq!(rig.texts(), [lines.trim_end(), "one", "three", "two\n 1"]);
}

#[test]
fn half_a_line_does_not_go_on_in_the_next_file() {
    let mut rig = started("app.log");
    rig.append("app.log", "two\n 1");
    rig.pass(SECOND);
    rig.rename("app.log", "app.log.1");
    rig.append("app.log", " 2\nthree\n");
    rig.pass(SECOND);
    rig.append("app.log.1", "b\n");
    rig.pass_long();
    assert_eq!(rig.texts(), [" 2", "one", "three", "two\n 1b"]);
}

#[test]
fn an_event_that_goes_on_behind_copytruncate() {
    for glob in GLOBS {
        for stopped in [false, true] {
            let mut rig = started(glob);
            rig.append("app.log", "two\n 1\n");
            rig.pass(SECOND);
            if stopped {
                rig.stop();
            }
            rig.append("app.log", " 2\n");
            rig.copytruncate("app.log", "app.log.1");
            rig.append("app.log", " 3\n 4\nthree\n");
            if stopped {
                rig.start();
            }
            rig.pass_long();
            assert_eq!(rig.texts(), WHOLE, "{glob} stopped {stopped}");
            assert_eq!(rig.again, 0);
        }
    }
}

#[test]
fn lines_of_a_container_that_are_in_two_files() {
    let docker = |text: &str| {
        format!("{{\"log\":\"{text}\",\"stream\":\"stdout\",\"time\":\"2026-11-22T10:00:00Z\"}}\n")
    };
    let cri = |flag: &str, text: &str| format!("2026-11-22T10:00:00.5Z stdout {flag} {text}\n");
    let docker_parts = [
        docker("one\\n"),
        docker("two "),
        docker("goes on\\n"),
        docker("three\\n"),
    ];
    let cri_parts = [
        cri("F", "one"),
        cri("P", "two "),
        cri("F", "goes on"),
        cri("F", "three"),
    ];
    for parts in [docker_parts, cri_parts] {
        for killed in [false, true] {
            let mut rig = Rig::new(&["0.log"]);
            rig.rule.wrapper = Some(Wrapper::Auto);
            rig.append("0.log", &parts[0]);
            rig.start();
            rig.append("0.log", &parts[1]);
            rig.pass(SECOND);
            rig.settles = !killed;
            rig.rename("0.log", "0.log.20261122-100000");
            rig.append("0.log", parts[2].clone() + &parts[3]);
            rig.pass(SECOND);
            assert_eq!(rig.texts(), ["one", "three", "two goes on"]);
            if killed {
                rig.kill();
                rig.settles = true;
                rig.start();
            }
            rig.pass_long();
            assert_eq!(rig.texts(), ["one", "three", "two goes on"]);
        }
    }
}

#[test]
fn a_trace_of_a_container_that_is_in_two_files() {
    let line = |stream: &str, text: &str| format!("2026-11-22T10:00:00.5Z {stream} F {text}\n");
    let mut rig = Rig::new(&["0.log"]);
    rig.rule = FrameRule {
        wrapper: Some(Wrapper::Cri),
        ..indented()
    };
    rig.append("0.log", line("stdout", "one"));
    rig.start();
    rig.append("0.log", line("stdout", "two") + &line("stdout", " 1"));
    rig.pass(SECOND);
    rig.rename("0.log", "0.log.20261122-100000");
    rig.append(
        "0.log",
        line("stderr", "other") + &line("stdout", " 2") + &line("stderr", "another"),
    );
    rig.append("0.log", line("stdout", "three"));
    rig.pass_long();
    assert_eq!(rig.texts(), ["another", "one", "other", "three", "two\n 1\n 2"]);
}
