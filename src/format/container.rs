//! What a container runtime wraps around each line that it keeps: its time, its stream, and whether the line goes on.

use std::ops::Range;

use super::json::{Broken, Scan, Shape, unescape};
use crate::event::Stream;

/// The parts of a line as the Container Runtime Interface has it: `2026-11-22T18:24:45.957551421Z stdout F text`
/// (<https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md>).
///
/// The ranges count bytes from the start of the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CriLine {
    /// RFC 3339.
    pub time: Range<usize>,
    pub stream: Stream,
    /// The application's line goes on in the next line of this stream (tag `P`).
    pub partial: bool,
    /// The application's bytes, to the end of the line.
    pub text: Range<usize>,
}

/// Takes one line (without its `\n`) apart; `None` when a CRI runtime did not write it.
pub fn cri(line: &[u8]) -> Option<CriLine> {
    let blank = |from: usize| memchr::memchr(b' ', &line[from..]).map(|found| from + found);
    let time = 0..blank(0)?;
    if !looks_like_rfc3339(&line[time.clone()]) {
        return None;
    }
    let rest = &line[time.end + 1..];
    let stream = match rest.get(..7)? {
        b"stdout " => Stream::Stdout,
        b"stderr " => Stream::Stderr,
        _ => return None,
    };
    let tags = time.end + 8;
    // A line that an editor or a copy has stripped may end right behind the tags.
    let tags = tags..blank(tags).unwrap_or(line.len());
    // Tags are separated by colons; the first says whether the line is whole.
    let partial = match line[tags.clone()].split(|&byte| byte == b':').next()? {
        b"F" => false,
        b"P" => true,
        _ => return None,
    };
    Some(CriLine {
        time,
        stream,
        partial,
        text: (tags.end + 1).min(line.len())..line.len(),
    })
}

/// `2026-11-22T18:24:45` and something behind it. Only the places of the separators are looked at: the time is read
/// where the event is parsed.
fn looks_like_rfc3339(time: &[u8]) -> bool {
    time.len() >= 20
        && [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')]
            .iter()
            .all(|&(at, byte)| time[at] == byte)
        && time[..4].iter().all(u8::is_ascii_digit)
}

/// What one line of Docker's `json-file` driver says besides its text:
/// `{"log":"text\n","stream":"stdout","time":"2026-11-22T18:24:45.860717509Z"}`
/// (<https://docs.docker.com/engine/logging/drivers/json-file/>).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DockerLine {
    /// RFC 3339, in the raw line, without the quotes; empty where the line has no time.
    pub time: Range<usize>,
    /// `None` where the line does not say, which the driver allows.
    pub stream: Option<Stream>,
    /// The text ended in `\n` (which is not in `out`): the application's line ends here. Docker cuts a line over
    /// 16 KiB, and only the last piece ends so.
    pub ended: bool,
}

/// Takes one line apart and appends the application's bytes to `out`, unescaped and without their `\n`.
///
/// An escape that says nothing becomes U+FFFD. `None` when Docker did not write this line; `out` is then as it was.
pub fn docker(line: &[u8], out: &mut Vec<u8>) -> Option<DockerLine> {
    let before = out.len();
    match read_docker(line, out) {
        Ok(parts) => {
            let ended = out.len() > before && out.last() == Some(&b'\n');
            if ended {
                out.pop();
            }
            Some(DockerLine { ended, ..parts })
        }
        Err(Broken) => {
            out.truncate(before);
            None
        }
    }
}

fn read_docker(line: &[u8], out: &mut Vec<u8>) -> Result<DockerLine, Broken> {
    let before = out.len();
    let mut has_log = false;
    let mut parts = DockerLine {
        time: 0..0,
        stream: None,
        ended: false,
    };
    let mut scan = Scan::new(line, 0);
    scan.expect(b'{')?;
    loop {
        let (key, _) = scan.key()?;
        match key {
            b"log" => {
                scan.expect(b'"')?;
                // Of a repeated key the last one counts.
                out.truncate(before);
                let end = unescape(line, scan.at(), |piece| out.extend_from_slice(piece)).ok_or(Broken)?;
                scan.jump(end + 1);
                has_log = true;
            }
            b"stream" => {
                parts.stream = match scan.value(1)?.0 {
                    br#""stdout""# => Some(Stream::Stdout),
                    br#""stderr""# => Some(Stream::Stderr),
                    _ => None,
                }
            }
            b"time" => {
                let (value, shape) = scan.value(1)?;
                let Shape::String { escaped: false } = shape else {
                    return Err(Broken);
                };
                parts.time = scan.at() - value.len() + 1..scan.at() - 1;
            }
            _ => {
                scan.value(1)?;
            }
        }
        if scan.take(b'}') {
            break;
        }
        scan.expect(b',')?;
    }
    scan.blanks();
    if has_log && scan.peek().is_none() {
        Ok(parts)
    } else {
        Err(Broken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cri_line_has_its_parts() {
        let line = b"2026-11-22T18:24:45.957551421Z stderr P  two blanks\r";
        let parts = cri(line).unwrap();
        assert_eq!(&line[parts.time], b"2026-11-22T18:24:45.957551421Z");
        assert_eq!(parts.stream, Stream::Stderr);
        assert!(parts.partial);
        assert_eq!(&line[parts.text], b" two blanks\r");
    }

    #[test]
    fn a_cri_line_may_hold_no_text_and_more_tags() {
        for line in [
            "2026-11-22T18:24:45Z stdout F",
            "2026-11-22T18:24:45Z stdout F:new-tag ",
        ] {
            let parts = cri(line.as_bytes()).unwrap();
            assert!(!parts.partial && parts.text.is_empty(), "{line}");
        }
    }

    #[test]
    fn other_lines_are_no_cri_lines() {
        for line in [
            "",
            "2026-11-22T18:24:45Z",
            "2026-11-22T18:24:45Z stdout",
            "2026-11-22T18:24:45Z stdout X text",
            "2026-11-22T18:24:45Z stdin F text",
            "2026-11-22 18:24:45 stdout F text",
            "yyyy-mm-ddThh:mm:ssZ stdout F text",
        ] {
            assert_eq!(cri(line.as_bytes()), None, "{line}");
        }
    }

    fn docker_text(line: &str) -> Option<(DockerLine, Vec<u8>)> {
        let mut out = b"before ".to_vec();
        let parts = docker(line.as_bytes(), &mut out);
        assert!(out.starts_with(b"before "));
        let text = out.split_off(7);
        assert!(
            parts.is_some() || text.is_empty(),
            "a refused line leaves nothing"
        );
        Some((parts?, text))
    }

    #[test]
    fn a_docker_line_has_its_parts() {
        let line =
            r#"{"log":"say \"\u003chi\u003e\"\n","stream":"stdout","time":"2026-11-22T18:24:45.860773413Z"}"#;
        let (parts, text) = docker_text(line).unwrap();
        assert_eq!(text, br#"say "<hi>""#);
        assert_eq!(&line[parts.time], "2026-11-22T18:24:45.860773413Z");
        assert_eq!(parts.stream, Some(Stream::Stdout));
        assert!(parts.ended);
    }

    #[test]
    fn the_keys_come_in_any_order_and_others_are_skipped() {
        let line = r#" {"time":"t","attrs":{"tag":"}\"","n":[1,{}]},"stream":"stderr", "log" : "first","log":"half"} "#;
        let (parts, text) = docker_text(line).unwrap();
        assert_eq!((text.as_slice(), &line[parts.time]), (b"half".as_slice(), "t"));
        assert_eq!(parts.stream, Some(Stream::Stderr));
        assert!(!parts.ended);
    }

    #[test]
    fn only_the_last_line_end_is_taken() {
        assert_eq!(docker_text(r#"{"log":"a\n\n"}"#).unwrap().1, b"a\n");
        let (parts, text) = docker_text(r#"{"log":""}"#).unwrap();
        assert!(text.is_empty() && !parts.ended);
        let (parts, text) = docker_text(r#"{"log":"\n"}"#).unwrap();
        assert!(text.is_empty() && parts.ended);
    }

    #[test]
    fn broken_escapes_are_kept() {
        assert_eq!(
            docker_text(r#"{"log":"\ud800 \x41"}"#).unwrap().1,
            "\u{fffd} \u{fffd}x41".as_bytes()
        );
    }

    #[test]
    fn other_lines_are_no_docker_lines() {
        for line in [
            "",
            "text",
            "{}",
            "[]",
            r#"{"stream":"stdout"}"#,
            r#"{"log":1}"#,
            r#"{"log":"cut"#,
            r#"{"log":"a"} tail"#,
            r#"{"log":"a","time":3}"#,
            r#"{"log":"a",}"#,
            r#"{"log":"a" "stream":"stdout"}"#,
        ] {
            assert_eq!(docker_text(line), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            cri(&bytes);
            docker(&bytes, &mut Vec::new());
        }

        #[test]
        fn what_was_written_is_read_back(text: String, ended: bool) {
            let log = if ended { format!("{text}\n") } else { text.clone() };
            let line = serde_json::json!({"time": "2026-11-22T18:24:45Z", "log": log, "stream": "stdout"}).to_string();
            let (parts, read) = docker_text(&line).unwrap();
            prop_assert_eq!(parts.ended, log.ends_with('\n'));
            prop_assert_eq!(&read, log.strip_suffix('\n').unwrap_or(&log).as_bytes());

            let line = format!("2026-11-22T18:24:45Z stdout F {text}");
            let parts = cri(line.as_bytes()).unwrap();
            prop_assert_eq!(&line[parts.text], text);
        }
    }
}
