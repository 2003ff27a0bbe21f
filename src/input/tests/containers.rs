//! Logs of the shipped pipelines, as a container runtime would write them.

use super::*;
use crate::config::Wrapper;
use crate::limits::LINE_BYTES_MAX;
use crate::source::frame::{End, Out, frame};

/// The texts of a log's events.
fn events(pipeline: &Arc<Pipeline>, wrapper: Option<Wrapper>, log: &[u8]) -> Vec<String> {
    let rule = frame_rule(pipeline, LINE_BYTES_MAX, wrapper.into());
    let (mut texts, mut rest) = (Vec::new(), log);
    while !rest.is_empty() {
        let (mut frames, mut unwrapped) = (Vec::new(), Vec::new());
        let mut out = Out {
            frames: &mut frames,
            unwrapped: &mut unwrapped,
            scratch: &mut Default::default(),
        };
        let first = rest.len() == log.len();
        let taken = frame(&rule, rest, first, End::Eof, &mut out);
        let from = if wrapper.is_some() { &unwrapped } else { rest };
        texts.extend(frames.iter().map(|frame| {
            let text = &from[frame.text.start as usize..frame.text.end as usize];
            String::from_utf8_lossy(text).into_owned()
        }));
        rest = &rest[taken..];
    }
    // An empty line that a container wrote is an event where every line is one.
    texts.retain(|text| !text.is_empty());
    texts
}

#[test]
fn a_log_in_a_container_has_the_events_of_the_bare_log() {
    let library = Library::shipped();
    let mut logs = 0;
    for name in library.names() {
        let mut diagnostics = Diagnostics::new();
        let file = library.pipeline(name, &mut diagnostics).unwrap();
        let host = HostWords::default();
        let Some(pipeline) = compile(&file, &library, &host, &mut diagnostics).map(Arc::new) else {
            continue;
        };
        let rule = &pipeline.frame.rule;
        if rule.wrapper.is_some() || rule.form == Form::Journal || pipeline.has_header() {
            continue;
        }
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "log") {
                continue;
            }
            let Ok(log) = std::fs::read_to_string(&path) else {
                continue;
            };
            // Within an event of a bare log, returns stay.
            let log = log.replace("\r\n", "\n");
            // Holes and byte order marks are what a file has.
            if log.contains(['\0', '\u{feff}']) {
                continue;
            }
            let bare = events(&pipeline, None, log.as_bytes());
            let cri: String = log
                .lines()
                .map(|line| format!("2026-11-22T10:00:00.1Z stdout F {line}\n"))
                .collect();
            let docker: String = log
                .lines()
                .map(|line| {
                    let text = serde_json::Value::from(format!("{line}\n"));
                    format!("{{\"log\":{text},\"stream\":\"stderr\",\"time\":\"2026-11-22T10:00:00.1Z\"}}\n")
                })
                .collect();
            for (wrapper, log) in [
                (Wrapper::Cri, &cri),
                (Wrapper::Docker, &docker),
                (Wrapper::Auto, &docker),
            ] {
                let wrapped = events(&pipeline, Some(wrapper), log.as_bytes());
                assert_eq!(wrapped, bare, "{} {wrapper:?}", path.display());
            }
            logs += 1;
        }
    }
    assert!(logs > 50, "{logs} logs were compared");
}
