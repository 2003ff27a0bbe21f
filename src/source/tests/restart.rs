//! What a run knows of the one before it.

use super::*;

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
fn files_that_were_renamed_are_read_after_the_whole_state_was_lost_and_copies_are_not() {
    for copied in [false, true] {
        let mut rig = Rig::started(&["app.log"]);
        rig.append("app.log", lines("a", 0..100));
        rig.pass(3 * SECOND);
        rig.stop();
        let mut texts = vec![("a", 0..100), ("b", 0..10)];
        if copied {
            rig.copytruncate("app.log", "app.log.1");
        } else {
            rig.append("app.log", lines("late", 0..10));
            texts.push(("late", 0..10));
            rig.rename("app.log", "app.log.1");
        }
        rig.append("app.log", lines("b", 0..10));
        for name in ["checkpoint", "checkpoint.1", "births"] {
            fs::write(rig.dir.path().join("state").join(name), "damage").unwrap();
        }
        rig.kill();
        rig.start();
        rig.pass_long();
        assert_eq!(rig.texts(), expected(&texts), "copied: {copied}");
        assert_eq!(rig.again, if copied { 0 } else { 100 });
    }
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
