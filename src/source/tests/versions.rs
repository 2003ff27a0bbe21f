//! Checkpoints of earlier versions, as programs of their time wrote them, are gone on with.

use std::os::unix::fs::MetadataExt;
use std::time::UNIX_EPOCH;

use xxhash_rust::xxh3::xxh3_64;

use super::*;
use crate::event::FileKey;

/// The lines of a checkpoint with the last line that vouches for them.
fn sealed(lines: &str) -> String {
    let count = lines.lines().count();
    let sum = xxh3_64(lines.as_bytes());
    format!("{lines}{{\"end\":{count},\"xxh3\":\"{sum:016x}\"}}\n")
}

/// What stands before the last line, which has to be true.
fn body(fixture: &str) -> &str {
    let end = fixture.rfind("{\"end\":").unwrap();
    assert_eq!(sealed(&fixture[..end]), fixture);
    &fixture[..end]
}

/// It stopped with an event that spans a rotation not settled yet; then the second file was deleted.
#[test]
fn version_3_has_the_end_of_an_event_that_is_in_no_file_any_more() {
    let fixture = include_str!("../../../fixtures/state/v3/checkpoint");
    let mut rig = Rig::new(&["app.log"]);
    rig.rule.start = Some(Arc::new(|line: &[u8]| !line.starts_with(b" ")));
    rig.append("app.log.1", "one\ntwo\n 1\n 2\n");
    let file = fs::metadata(rig.path("app.log.1")).unwrap();
    let nanos = |time: std::io::Result<std::time::SystemTime>| {
        time.unwrap()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_nanos()
            .to_string()
    };
    // What each machine has of its own.
    let lines = body(fixture)
        .replace("/var/log/app.log", rig.path("app.log").to_str().unwrap())
        .replace(
            "\"dev\":2049,\"ino\":78,",
            &format!("\"dev\":{},\"ino\":{},", file.dev(), file.ino()),
        )
        .replace("1795368509000000001", &nanos(file.created()))
        .replace("1795368509000000002", &nanos(file.modified()));
    fs::write(rig.dir.path().join("state/checkpoint"), sealed(&lines)).unwrap();
    rig.kill();
    rig.start();
    rig.pass_long();
    let id = (FileKey(0xe37a_f4f0_3b93_ce0a), 4, xxh3_64(b"two"));
    let docs: Vec<_> = rig.docs.iter().collect();
    assert_eq!(docs, [(&id, &"two\n 1\n 2\n 3\n 4".to_owned())]);
}
