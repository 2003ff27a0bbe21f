use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::format::tests::parsed;

fn run(text: &[u8]) -> Option<Json> {
    let mut schema = Schema::default();
    let syslog = Syslog::new(&mut schema);
    parsed(&schema, |text, scene| syslog.parse(text, scene), text)
}

#[test]
fn rfc_5424() {
    assert_eq!(
        run("<60>1 2026-07-09T17:14:12.123456Z web01 app/with/slash 48491 ID47 [o ip=\"::1\"] \u{feff}{\"n\":1} ".as_bytes()),
        Some(json!({
            "@timestamp": "2026-07-09T17:14:12.123456Z", "host.hostname": "web01", "log.syslog.appname": "app/with/slash",
            "log.syslog.procid": "48491", "log.syslog.msgid": "ID47", "log.syslog.structured_data": {"o": {"ip": "::1"}},
            "log.syslog.priority": 60, "log.syslog.severity.code": 4, "log.syslog.facility.code": 7, "log.level": "warning",
            "message": "{\"n\":1} ",
        }))
    );
    // The octets were counted.
    assert_eq!(
        run(b"29 <60>1 - web01 - - - - text"),
        run(b"<60>1 - web01 - - - - text")
    );
    assert!(run(b"29 <60>1 - web01 - - - - text").is_some());
    // Nothing but nil values, and no message.
    let nil = json!({
        "log.syslog.priority": 0, "log.syslog.severity.code": 0, "log.syslog.facility.code": 0, "log.level": "emergency",
    });
    assert_eq!(run(b"<0>1 - - - - - -"), Some(nil.clone()));
    assert_eq!(run(b"<0>1 - - - - - - "), Some(nil));
}

#[test]
fn rfc_3164() {
    let base = json!({
        "@timestamp": "2026-11-22T17:28:30Z", "host.hostname": "fd00::1", "log.syslog.appname": "sshd(pam_unix)",
        "log.syslog.procid": "12", "message": "  a: b[3]: c",
    });
    let with = |changes: Json| {
        let mut expected = base.clone();
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Json::Null => expected.as_object_mut().unwrap().remove(name),
                _ => expected
                    .as_object_mut()
                    .unwrap()
                    .insert(name.clone(), value.clone()),
            };
        }
        Some(expected)
    };
    for line in [
        "Nov 22 17:28:30 fd00::1 sshd(pam_unix)[12]:   a: b[3]: c",
        "2026-11-22T18:28:30+01:00 fd00::1 sshd(pam_unix)[12]:   a: b[3]: c",
        // The colon is forgotten.
        "Nov 22 17:28:30 fd00::1 sshd(pam_unix)[12]   a: b[3]: c",
    ] {
        assert_eq!(run(line.as_bytes()), with(json!({})), "{line}");
    }
    assert_eq!(
        run(b"<13>Nov 22 17:28:30.5 fd00::1 kernel: [1.5] usb"),
        with(json!({
            "@timestamp": "2026-11-22T17:28:30.5Z", "log.syslog.appname": "kernel", "log.syslog.procid": null,
            "message": "[1.5] usb", "log.syslog.priority": 13, "log.syslog.severity.code": 5, "log.syslog.facility.code": 1,
            "log.level": "notice",
        }))
    );
    assert_eq!(
        run(b"Nov 22 17:28:30 - syslogd 1.4.1: restart"),
        with(json!({
            "host.hostname": "-", "log.syslog.appname": "syslogd 1.4.1", "log.syslog.procid": null, "message": "restart",
        }))
    );
    // No host.
    assert_eq!(
        run(b"Nov 22 17:28:30 sshd(pam_unix)[12]:   a: b[3]: c"),
        with(json!({"host.hostname": null}))
    );
    // No tag.
    assert_eq!(
        run(b"Nov 22 17:28:30 fd00::1 last message repeated 2 times"),
        with(
            json!({"log.syslog.appname": null, "log.syslog.procid": null, "message": "last message repeated 2 times"})
        )
    );
    assert_eq!(
        run(b"Nov 22 17:28:30 fd00::1 CRON[12]: "),
        with(json!({"log.syslog.appname": "CRON", "message": null}))
    );
}

#[test]
fn a_priority_needs_no_time() {
    let expected = |message: &str| {
        json!({
            "log.syslog.priority": 191, "log.syslog.severity.code": 7, "log.syslog.facility.code": 23, "log.level": "debug",
            "message": message,
        })
    };
    assert_eq!(run(b"<191>some words"), Some(expected("some words")));
    let mut tagged = expected("words");
    tagged["log.syslog.appname"] = "app".into();
    assert_eq!(run(b"<191>app: words"), Some(tagged));
}

#[test]
fn data_that_is_none_is_the_message() {
    for message in ["[broken text", "-text", "text without data", "[a b=\"1\"]text"] {
        let line = format!("<60>1 2026-07-09T17:14:12Z h a - - {message}");
        let fields = run(line.as_bytes()).unwrap();
        assert_eq!(fields["message"], message);
        assert_eq!(fields["log.syslog.appname"], "a");
        assert_eq!(fields.get("log.syslog.structured_data"), None, "{line}");
    }
}

#[test]
fn a_day_of_one_digit_needs_no_padding() {
    let fields = run(b"<60>Feb 7 16:01:07 web01 app[12]: ready").unwrap();
    assert_eq!(fields["host.hostname"], "web01");
    assert_eq!(fields["message"], "ready");
}

#[test]
fn other_lines_are_mismatches() {
    for line in [
        "",
        "text",
        "some text: here",
        "29 60>1 - web01 - - - - text",
        "<192>Feb 30 10:00:00 h a: b",
        "Feb 30 10:00:00 h a: b",
        "<60>1 2026-13-09T17:14:12Z h a - - - text",
        "<60>1 2026-07-09T17:14:12Z h a",
        "2026-07-09T17:14:12Z",
    ] {
        assert_eq!(run(line.as_bytes()), None, "{line}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_taken(parts in prop::collection::vec(prop_oneof![
        prop::sample::select(vec![
            "<13>", "1 ", "2026-07-09T17:14:12Z ", "Nov 22 17:28:30 ", "host ", "app[12]: ", "- ", "[a k=\"v\"] ", "\u{feff}",
            "[", "]", ":", " ",
        ]).prop_map(|part| part.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..3),
    ], 0..12)) {
        run(&parts.concat());
    }
}
