//! The formats of dates, and the kinds that read them.

/// The kind for a Joda format of Logstash's `date`.
pub fn of_joda(format: &str) -> Option<&'static str> {
    match format {
        "ISO8601" => return Some("datetime"),
        "UNIX" => return Some("epoch"),
        "UNIX_MS" => return Some("epoch_ms"),
        _ => {}
    }
    // `YYYY-MM-dd` and `yyyy-M-d` are the same here: each letter once.
    let mut letters = format.replace('Y', "y").replace('k', "H");
    for letter in ["y", "M", "d", "H", "m", "s", "E"] {
        while letters.contains(&letter.repeat(2)) {
            letters = letters.replace(&letter.repeat(2), letter);
        }
    }
    by_beginning(
        &letters,
        &[
            ("d/M/y:H:m:s", "clf"),
            ("y-M-d", "datetime"),
            ("y/M/d", "datetime"),
            ("E, d M", "rfc2822"),
            ("E M", "ctime"),
            ("M d", "syslog"),
            ("M  d", "syslog"),
            ("d M", "day_first"),
            ("d/M/y", "day_first"),
            ("d.M.y", "day_first"),
            ("M/d/y", "month_first"),
            ("yMd'T'", "compact"),
            ("yMd H", "yymmdd"),
            ("H:m:s", "clock"),
        ],
    )
}

/// The kind for a Go layout of Filebeat's `timestamp`.
pub fn of_go(layout: &str) -> Option<&'static str> {
    match layout {
        "UNIX" => return Some("epoch"),
        "UNIX_MS" => return Some("epoch_ms"),
        _ => {}
    }
    by_beginning(
        layout,
        &[
            ("02/Jan/2006:15:04:05", "clf"),
            ("2006-01-02", "datetime"),
            ("2006/01/02", "datetime"),
            ("20060102T", "compact"),
            ("Mon, 02 Jan", "rfc2822"),
            ("Mon, 2 Jan", "rfc2822"),
            ("Mon Jan", "ctime"),
            ("Jan", "syslog"),
            ("02 Jan", "day_first"),
            ("02/01/2006", "day_first"),
            ("01/02/2006", "month_first"),
            ("060102 15", "yymmdd"),
            ("15:04:05", "clock"),
        ],
    )
}

fn by_beginning(format: &str, kinds: &[(&str, &'static str)]) -> Option<&'static str> {
    kinds
        .iter()
        .find(|(beginning, _)| format.starts_with(beginning))
        .map(|(_, kind)| *kind)
}

/// The one kind that reads what any of `kinds` reads.
pub fn common(kinds: &[&'static str]) -> Option<&'static str> {
    let (first, others) = kinds.split_first()?;
    Some(if others.iter().all(|kind| kind == first) {
        first
    } else {
        "when"
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::Kind;

    #[test]
    fn formats() {
        assert_eq!(of_joda("dd/MMM/yyyy:HH:mm:ss Z"), Some("clf"));
        assert_eq!(of_joda("yyyy-MM-dd HH:mm:ss,SSS"), Some("datetime"));
        assert_eq!(of_joda("MMM  d HH:mm:ss"), Some("syslog"));
        assert_eq!(of_joda("dd/MMM/YYYY:H:m:s Z"), Some("clf"));
        assert_eq!(of_joda("YYYY/MM/dd H:m:s"), Some("datetime"));
        assert_eq!(of_joda("wwwww"), None);
        assert_eq!(of_go("2006-01-02T15:04:05.000Z"), Some("datetime"));
        assert_eq!(of_go("Jan _2 15:04:05"), Some("syslog"));
        assert_eq!(common(&["clf", "clf"]), Some("clf"));
        assert_eq!(common(&["clf", "epoch"]), Some("when"));
        assert!(Kind::by_name("when").is_some());
    }
}
