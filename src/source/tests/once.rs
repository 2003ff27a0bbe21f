//! A run that ends by itself.

use super::*;

fn once(globs: &[&str]) -> (Rig, Arc<Once>) {
    let mut rig = Rig::new(globs);
    let once = Arc::new(Once::default());
    rig.once = Some(Arc::clone(&once));
    (rig, once)
}

#[test]
fn it_ends_when_everything_that_is_there_was_read() {
    let (mut rig, once) = once(&["*.log", "*.gz"]);
    rig.append("a.log", lines("a", 0..1000));
    rig.append("empty.log", "");
    rig.append("packed", lines("b", 0..10));
    rig.gzip("packed", "packed.gz");
    rig.start();
    rig.pass(SECOND);
    assert!(once.has_ended() && !once.has_missed());
    assert_eq!(rig.texts(), expected(&[("a", 0..1000), ("b", 0..10)]));
    rig.stop();
    rig.once = None;
    rig.append("a.log", lines("a", 1000..1010));
    rig.start();
    rig.pass(3 * SECOND);
    assert_eq!(rig.texts(), expected(&[("a", 0..1010), ("b", 0..10)]));
    assert_eq!(rig.again, 0, "a run that goes on begins where it ended");
}

#[test]
fn compressed_files_that_a_glob_leads_to_are_read_and_those_that_were_read_before_are_not() {
    let (mut rig, once) = once(&["a.log*"]);
    rig.once = None;
    rig.append("a.log", lines("a", 0..100));
    rig.start();
    rig.pass(SECOND);
    rig.rename("a.log", "a.log.1");
    rig.append("a.log", lines("a", 100..200));
    rig.pass(SECOND);
    rig.stop();
    rig.gzip("a.log.1", "a.log.1.gz");
    rig.append("old", lines("old", 0..50));
    rig.gzip("old", "a.log.2.gz");
    rig.once = Some(Arc::clone(&once));
    rig.start();
    rig.pass(6 * SECOND);
    assert!(once.has_ended() && !once.has_missed());
    assert_eq!(rig.texts(), expected(&[("a", 0..200), ("old", 0..50)]));
    assert_eq!(rig.again, 0);
}

#[test]
fn the_last_line_of_a_file_that_rests_is_complete() {
    let (mut rig, once) = once(&["*.log"]);
    rig.append("a.log", "a 00000\na 00001");
    rig.append("b.log", "a 00002");
    rig.start();
    rig.pass(SECOND);
    assert!(!once.has_ended(), "somebody may write it yet");
    assert_eq!(rig.texts(), expected(&[("a", 0..1)]));
    rig.pass(6 * SECOND);
    assert!(once.has_ended() && !once.has_missed());
    assert_eq!(rig.texts(), expected(&[("a", 0..3)]));
    rig.kill();
    rig.start();
    rig.pass_long();
    assert_eq!(
        rig.texts(),
        expected(&[("a", 0..3)]),
        "read again, it ends there again"
    );
}

#[test]
fn a_file_that_rested_before_is_not_waited_for() {
    let (mut rig, once) = once(&["*.log"]);
    rig.rule.start = Some(Arc::new(|line: &[u8]| !line.starts_with(b" ")));
    rig.append("a.log", "one\n more\ntwo\n last");
    let written = std::time::SystemTime::now() - 60 * SECOND;
    let file = fs::File::options().append(true).open(rig.path("a.log")).unwrap();
    file.set_modified(written).unwrap();
    rig.start();
    rig.pass(SECOND);
    assert!(once.has_ended());
    assert_eq!(rig.texts(), ["one\n more", "two\n last"]);
}

#[test]
fn what_cannot_be_read_is_noted() {
    let (mut nothing, once) = once(&["*.log"]);
    nothing.start();
    nothing.pass(SECOND);
    assert!(once.has_ended() && once.has_missed(), "there was no file");
}
