//! What the clocks of the machine and of its files may do.

use super::*;

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
