use std::fs;
use std::time::Duration;

use crate::source::rig::{Rig, expected, lines};

const SECOND: Duration = Duration::from_secs(1);

/// Files in the state directory that hold bytes of logs.
fn kept(rig: &Rig) -> usize {
    let names = fs::read_dir(rig.dir.path().join("state/kept")).map(|entries| entries.flatten().count());
    names.unwrap_or(0) / 2
}

/// Ten lines are settled, ten are on their way, and more than the memory holds are not read yet.
fn behind(globs: &[&str]) -> (Rig, Vec<String>) {
    let mut rig = Rig::started(globs);
    rig.append("app.log", lines("a", 0..10));
    rig.pass(3 * SECOND);
    rig.settles = false;
    rig.append("app.log", lines("a", 10..20));
    rig.pass(SECOND);
    rig.hangs = true;
    rig.append("app.log", lines("a", 20..2_000));
    rig.pass(SECOND);
    (rig, expected(&[("a", 0..2_000)]))
}

fn recovers(rig: &mut Rig, texts: &[String]) {
    rig.settles = true;
    rig.hangs = false;
    rig.start();
    rig.pass_long();
    assert_eq!(rig.texts(), texts);
    assert_eq!(kept(rig), 0, "what is settled is removed");
}

#[test]
fn a_deleted_file_survives_a_stop_and_a_kill() {
    for kill in [false, true] {
        let (mut rig, mut texts) = behind(&["app.log"]);
        fs::remove_file(rig.path("app.log")).unwrap();
        rig.append("app.log", lines("b", 0..10));
        rig.pass(3 * SECOND);
        assert_eq!(kept(&rig), 1);
        if kill {
            rig.kill();
        } else {
            rig.stop();
        }
        texts.extend(expected(&[("b", 0..10)]));
        recovers(&mut rig, &texts);
        assert!(rig.again >= 10, "what was on its way comes again under its ids");
    }
}

#[test]
fn a_live_file_that_is_deleted_after_a_stop_is_read() {
    let (mut rig, mut texts) = behind(&["app.log"]);
    rig.stop();
    assert_eq!(kept(&rig), 1);
    fs::remove_file(rig.path("app.log")).unwrap();
    rig.append("app.log", lines("b", 0..10));
    texts.extend(expected(&[("b", 0..10)]));
    recovers(&mut rig, &texts);
}

#[test]
fn a_live_file_that_goes_on_after_a_stop_is_read_once() {
    for rotated in [false, true] {
        let (mut rig, mut texts) = behind(&["app.log"]);
        rig.stop();
        rig.append("app.log", lines("b", 0..10));
        if rotated {
            rig.copytruncate("app.log", "app.log.1");
            rig.append("app.log", lines("c", 0..10));
            texts.extend(expected(&[("b", 0..10), ("c", 0..10)]));
        } else {
            texts.extend(expected(&[("b", 0..10)]));
        }
        recovers(&mut rig, &texts);
    }
}

#[test]
fn what_is_written_to_a_deleted_file_is_added_to_its_copy() {
    let (mut rig, mut texts) = behind(&["app.log"]);
    let mut writer = fs::OpenOptions::new()
        .append(true)
        .open(rig.path("app.log"))
        .unwrap();
    fs::remove_file(rig.path("app.log")).unwrap();
    rig.pass(3 * SECOND);
    std::io::Write::write_all(&mut writer, lines("late", 0..5).as_bytes()).unwrap();
    rig.pass(3 * SECOND);
    rig.kill();
    texts.extend(expected(&[("late", 0..5)]));
    recovers(&mut rig, &texts);
}

#[test]
fn a_rotated_file_is_linked_before_it_is_deleted() {
    for glob in ["app.log", "app.log*"] {
        let (mut rig, mut texts) = behind(&[glob]);
        rig.rename("app.log", "app.log.1");
        rig.append("app.log", lines("b", 0..10));
        rig.pass(10 * SECOND);
        assert_eq!(kept(&rig), 1, "{glob}");
        rig.kill();
        // Nobody looks while it goes.
        fs::remove_file(rig.path("app.log.1")).unwrap();
        texts.extend(expected(&[("b", 0..10)]));
        recovers(&mut rig, &texts);
    }
}

#[test]
fn a_linked_file_that_stays_is_read_once() {
    let (mut rig, texts) = behind(&["app.log"]);
    rig.rename("app.log", "app.log.1");
    rig.pass(10 * SECOND);
    assert_eq!(kept(&rig), 1);
    rig.stop();
    recovers(&mut rig, &texts);
}

#[test]
fn a_linked_file_that_is_compressed_is_read_once() {
    for stopped in [false, true] {
        let (mut rig, mut texts) = behind(&["app.log"]);
        rig.rename("app.log", "app.log.1");
        rig.append("app.log", lines("b", 0..10));
        rig.pass(10 * SECOND);
        if stopped {
            rig.stop();
        }
        rig.gzip("app.log.1", "app.log.2.gz");
        if !stopped {
            rig.pass(10 * SECOND);
            rig.kill();
        }
        texts.extend(expected(&[("b", 0..10)]));
        recovers(&mut rig, &texts);
    }
}

#[test]
fn kept_files_outlive_the_checkpoint() {
    let (mut rig, texts) = behind(&["app.log"]);
    fs::remove_file(rig.path("app.log")).unwrap();
    rig.pass(3 * SECOND);
    for name in ["checkpoint", "checkpoint.1"] {
        let _ = fs::remove_file(rig.dir.path().join("state").join(name));
    }
    rig.kill();
    recovers(&mut rig, &texts);
}

#[test]
fn a_file_that_never_had_its_turn_is_kept() {
    let (mut rig, mut texts) = behind(&["*.log"]);
    for number in 0..30 {
        let name = format!("{number}.log");
        rig.append(&name, lines(&name, 0..100));
    }
    rig.pass(3 * SECOND);
    for number in 0..30 {
        fs::remove_file(rig.path(&format!("{number}.log"))).unwrap();
    }
    rig.pass(3 * SECOND);
    rig.kill();
    for number in 0..30 {
        texts.extend(expected(&[(&format!("{number}.log"), 0..100)]));
    }
    texts.sort();
    recovers(&mut rig, &texts);
}

#[test]
fn there_is_a_bound() {
    let (mut rig, _) = behind(&["app.log"]);
    rig.ledger.persist_now().unwrap();
    rig.kill();
    rig.kept_bytes_max = 1_000;
    rig.start();
    fs::remove_file(rig.path("app.log")).unwrap();
    rig.pass(20 * SECOND);
    assert_eq!(kept(&rig), 0);
    // While the agent runs, its descriptor keeps the file.
    rig.hangs = false;
    rig.settles = true;
    rig.pass_long();
    assert_eq!(rig.texts(), expected(&[("a", 0..2_000)]));
}

/// What each step of keeping a file and of removing it leaves when the agent is killed behind it.
#[test]
fn a_kill_after_any_step_of_keeping_loses_and_doubles_nothing() {
    #[derive(Clone, Copy, Debug)]
    enum Left {
        RecordPart,
        Record,
        CopyPart,
        FileWithoutRecord,
    }
    for left in [
        Left::RecordPart,
        Left::Record,
        Left::CopyPart,
        Left::FileWithoutRecord,
    ] {
        let (mut rig, mut texts) = behind(&["app.log"]);
        rig.rename("app.log", "app.log.1");
        rig.append("app.log", lines("b", 0..10));
        rig.pass(8 * SECOND);
        assert_eq!(kept(&rig), 1, "{left:?}");
        rig.kill();
        texts.extend(expected(&[("b", 0..10)]));
        let dir = rig.dir.path().join("state/kept");
        let file = fs::read_dir(&dir).unwrap().flatten().map(|entry| entry.path());
        let file = file.into_iter().find(|path| path.extension().is_none()).unwrap();
        let (record, part) = (file.with_extension("json"), file.with_extension("part"));
        match left {
            Left::RecordPart => {
                fs::rename(&record, file.with_extension("json.part")).unwrap();
                fs::remove_file(&file).unwrap();
            }
            Left::Record => fs::remove_file(&file).unwrap(),
            Left::CopyPart => {
                let bytes = fs::read(&file).unwrap();
                fs::remove_file(&file).unwrap();
                fs::write(&part, &bytes[..bytes.len() / 2]).unwrap();
            }
            Left::FileWithoutRecord => fs::remove_file(&record).unwrap(),
        }
        rig.settles = true;
        rig.hangs = false;
        rig.start();
        rig.pass_long();
        assert_eq!(rig.texts(), texts, "{left:?}");
        let rest: Vec<_> = fs::read_dir(&dir)
            .unwrap()
            .flatten()
            .map(|it| it.file_name())
            .collect();
        assert!(rest.is_empty(), "{left:?}: {rest:?}");
    }
}
