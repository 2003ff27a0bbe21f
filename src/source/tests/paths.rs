//! What globs lead to: links, directories, and what is no file that can be read.

use super::*;

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

#[test]
fn a_directory_is_walked_again_once_it_is_watched() {
    let mut rig = Rig::new(&["*.log"]);
    rig.notify = true;
    rig.begin();
    assert_eq!(
        rig.pause(),
        Duration::ZERO,
        "what came before the watch was not told"
    );
    assert!(rig.pause() > SECOND);
}

#[test]
fn what_a_link_waits_for_is_heard_of() {
    let mut rig = Rig::new(&["current.log"]);
    symlink("between", rig.path("current.log")).unwrap();
    symlink(rig.path("one.txt"), rig.path("between")).unwrap();
    rig.start();
    rig.append("one.txt", lines("one", 0..10));
    rig.hear_of("one.txt");
    assert_eq!(rig.texts(), expected(&[("one", 0..10)]));
}
