//! Rotation by rename, however it falls between two looks and two runs.

use super::*;

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

/// gzip reads what is there; the writer has the rotated file open still.
#[test]
fn a_file_that_grows_while_it_is_compressed_is_read_once() {
    for glob in ["app.log", "app.log*"] {
        for beat in [Duration::ZERO, SECOND] {
            let mut rig = Rig::started(&[glob]);
            rig.append("app.log", lines("a", 0..100));
            rig.pass(SECOND);
            rig.rename("app.log", "app.log.1");
            rig.append("app.log", lines("b", 0..10));
            let there = fs::read(rig.path("app.log.1")).unwrap();
            rig.append("app.log.1", lines("a", 100..120));
            rig.pass(SECOND);
            fs::write(rig.path("whole"), there).unwrap();
            rig.gzip("whole", "app.log.2.gz");
            rig.pass(beat);
            fs::remove_file(rig.path("app.log.1")).unwrap();
            rig.pass_long();
            assert_eq!(
                rig.texts(),
                expected(&[("a", 0..120), ("b", 0..10)]),
                "{glob} {beat:?}"
            );
        }
    }
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

/// Log4j and others count up: the highest number is the youngest file.
#[test]
fn rotation_that_counts_up_while_the_agent_is_stopped() {
    for packed in [false, true] {
        let mut rig = Rig::started(&["app.log"]);
        rig.append("app.log", lines("a", 0..10));
        rig.pass(3 * SECOND);
        rig.stop();
        for number in 1..4 {
            rig.append("app.log", lines("n", number * 10..number * 10 + 10));
            let name = format!("app.log.{number}");
            rig.rename("app.log", &name);
            let packed_name = format!("{name}.gz");
            if packed {
                rig.gzip(&name, &packed_name);
            }
            let file =
                fs::File::options()
                    .append(true)
                    .open(rig.path(if packed { &packed_name } else { &name }));
            let time = std::time::SystemTime::now() - (60 - number) * SECOND;
            file.unwrap().set_modified(time).unwrap();
        }
        rig.append("app.log", lines("b", 0..10));
        rig.start();
        rig.pass_long();
        let texts = expected(&[("a", 0..10), ("n", 10..40), ("b", 0..10)]);
        assert_eq!((rig.texts(), rig.again), (texts, 0), "packed {packed}");
    }
}

/// The time of the compressed file is when it was compressed: it is later than that of the file that came behind.
#[test]
fn a_compressed_file_that_looks_younger_than_the_next_one() {
    for packed in 1..4 {
        let mut rig = Rig::started(&["app.log"]);
        rig.append("app.log", lines("a", 0..10));
        rig.pass(3 * SECOND);
        rig.stop();
        rig.append("app.log", lines("a", 10..20));
        rig.rename("app.log", "app.log.3");
        rig.append("app.log.2", lines("b", 0..10));
        rig.append("app.log.1", lines("c", 0..10));
        rig.append("app.log", lines("d", 0..10));
        let age = |name: &str, seconds: u32| {
            let file = fs::File::options().append(true).open(rig.path(name)).unwrap();
            let time = std::time::SystemTime::now() + seconds * SECOND;
            file.set_modified(time).unwrap();
        };
        (1..4).for_each(|number| age(&format!("app.log.{number}"), 60 - 10 * number));
        // In the order of their names, by a program that does not keep their times.
        for number in (4 - packed)..4 {
            let name = format!("app.log.{number}");
            rig.gzip(&name, &format!("{name}.gz"));
            age(&format!("{name}.gz"), 100 + number);
        }
        rig.start();
        rig.pass_long();
        let all = [("a", 0..20), ("b", 0..10), ("c", 0..10), ("d", 0..10)];
        assert_eq!((rig.texts(), rig.again), (expected(&all), 0), "packed {packed}");
    }
}

/// Every file begins with the same line, which is all that was read of the one that was rotated away.
#[test]
fn files_that_begin_alike_are_told_apart_when_little_of_them_is_known() {
    for (glob, kill, step) in [
        ("app.log", true, SECOND),
        ("app.log", true, Duration::ZERO),
        ("app.log", false, SECOND),
        ("app.log", false, Duration::ZERO),
        ("app.log*", true, SECOND),
        ("app.log*", false, SECOND),
    ] {
        for packed in [&[2][..], &[1, 2], &[1, 2, 3], &[]] {
            let mut rig = Rig::started(&[glob]);
            let then = std::time::SystemTime::now();
            let write = |rig: &Rig, name: &str, text: String, number: u32| {
                rig.append(name, "head\n".to_owned() + &text);
                let file = fs::File::options().append(true).open(rig.path(name)).unwrap();
                file.set_modified(then + number * step).unwrap();
            };
            write(&rig, "app.log", lines("a", 0..10), 0);
            rig.pass(3 * SECOND);
            rig.rename("app.log", "app.log.1");
            write(&rig, "app.log", String::new(), 1);
            rig.pass(3 * SECOND);
            match kill {
                true => rig.kill(),
                false => rig.stop(),
            }
            rig.append("app.log", lines("b", 0..10));
            rig.rename("app.log.1", "app.log.4");
            rig.rename("app.log", "app.log.3");
            write(&rig, "app.log.2", lines("c", 0..10), 3);
            write(&rig, "app.log.1", lines("d", 0..10), 4);
            write(&rig, "app.log", lines("e", 0..10), 5);
            for number in packed {
                let name = format!("app.log.{number}");
                rig.gzip(&name, &format!("{name}.gz"));
                let file = fs::File::options()
                    .append(true)
                    .open(rig.path(&format!("{name}.gz")));
                file.unwrap().set_modified(then + (5 - number) * step).unwrap();
            }
            rig.start();
            rig.pass_long();
            let mut all = expected(&[
                ("a", 0..10),
                ("b", 0..10),
                ("c", 0..10),
                ("d", 0..10),
                ("e", 0..10),
            ]);
            all.extend(std::iter::repeat_n("head".to_owned(), 5));
            all.sort();
            assert_eq!(
                rig.texts(),
                all,
                "{glob} killed {kill} packed {packed:?} step {step:?}"
            );
        }
    }
}
