//! PostgreSQL's `log_line_prefix`
//! (<https://www.postgresql.org/docs/current/runtime-config-logging.html#GUC-LOG-LINE-PREFIX>).

use std::collections::HashSet;
use std::ops::Range;

use super::{FormatError, HostFormat, push_capture, push_literal};

/// What PostgreSQL writes behind the prefix.
const MESSAGE: &str = "{log.level:word}:  {message}";

/// The same where only the beginning of an event is looked for.
const MESSAGE_START: &str = "{_:word}:  {_}";

/// Reads a prefix: its text, or the whole setting as it stands in `postgresql.conf`.
///
/// With `%q` there are two patterns: what follows it is not written by processes without a session. The shorter comes
/// first where the longer has a blank: the level is one word, so the shorter takes no line of a session.
///
/// The pipeline knows that an event begins with a time and a blank or colon; of any other prefix the event begins where
/// the whole of it stands.
pub fn read(prefix: &str) -> Result<HostFormat, FormatError> {
    let range = setting(prefix);
    let pieces = split(prefix, range)?;
    let mut heads = vec![head(&pieces)?];
    if let Some(quit) = pieces.iter().position(|piece| matches!(piece, Piece::Quit)) {
        let blank = |piece: &Piece| matches!(piece, Piece::Text(text) if text.contains(' '));
        let at = usize::from(!pieces[quit..].iter().any(blank));
        heads.insert(at, head(&pieces[..quit])?);
        heads.dedup();
    }
    let patterns = heads.iter().map(|head| format!("{head}{MESSAGE}")).collect();
    let starts_with_time = match pieces.as_slice() {
        [
            Piece::Escape {
                letter: 'm' | 't', ..
            },
            Piece::Text(text),
            ..,
        ] => text.starts_with([' ', ':']),
        _ => false,
    };
    Ok(if starts_with_time {
        HostFormat::Patterns(patterns)
    } else {
        let starts = heads
            .iter()
            .map(|head| format!("{head}{MESSAGE_START}"))
            .collect();
        HostFormat::Events { patterns, starts }
    })
}

#[derive(Debug)]
enum Piece {
    Text(String),
    /// The character behind `%`, whether it is padded to a width, and where it stands.
    Escape {
        letter: char,
        padded: bool,
        at: Range<usize>,
    },
    /// `%q`: processes without a session stop here.
    Quit,
}

/// The prefix in `log_line_prefix = '%m [%p] '`, or all of the text.
fn setting(text: &str) -> Range<usize> {
    let all = 0..text.len();
    let Some(value) = text
        .trim_start()
        .strip_prefix("log_line_prefix")
        .map(|rest| rest.trim_start())
        .map(|rest| rest.strip_prefix('=').unwrap_or(rest).trim_start())
    else {
        return all;
    };
    let from = text.len() - value.len();
    match value.strip_prefix('\'').and_then(|inner| inner.find('\'')) {
        Some(len) => from + 1..from + 1 + len,
        None => all,
    }
}

fn split(prefix: &str, range: Range<usize>) -> Result<Vec<Piece>, FormatError> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut at = range.start;
    while let Some(c) = prefix[at..range.end].chars().next() {
        let from = at;
        at += c.len_utf8();
        let text = if c == '%' {
            let rest = &prefix[at..range.end];
            let letter_at = rest
                .find(|c: char| !c.is_ascii_digit() && c != '-')
                .unwrap_or(rest.len());
            let Some(letter) = rest[letter_at..].chars().next() else {
                return Err(FormatError::new(
                    from..range.end,
                    "a % that begins nothing",
                    "write %% for a percent sign",
                ));
            };
            at += letter_at + letter.len_utf8();
            match letter {
                '%' => '%',
                'q' => {
                    pieces.push(Piece::Quit);
                    continue;
                }
                _ => {
                    pieces.push(Piece::Escape {
                        letter,
                        padded: letter_at > 0,
                        at: from..at,
                    });
                    continue;
                }
            }
        } else {
            c
        };
        match pieces.last_mut() {
            Some(Piece::Text(last)) => last.push(text),
            _ => pieces.push(Piece::Text(text.to_string())),
        }
    }
    Ok(pieces)
}

/// The pattern of a prefix, without what stands behind it.
fn head(pieces: &[Piece]) -> Result<String, FormatError> {
    let time = pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Escape { letter, .. } => Some(*letter),
            _ => None,
        })
        .filter(|letter| matches!(letter, 'm' | 't' | 'n'))
        // The others say no more than %m; %n has its milliseconds, %t has none.
        .min_by_key(|letter| match letter {
            'm' => 0,
            'n' => 1,
            _ => 2,
        });
    let mut out = String::new();
    let mut seen = HashSet::new();
    // The escape that the line is in, if no text has ended it.
    let mut open: Option<Range<usize>> = None;
    for piece in pieces {
        match piece {
            Piece::Text(text) => {
                push_literal(&mut out, text);
                open = None;
            }
            Piece::Quit => {}
            Piece::Escape { letter, padded, at } => {
                if let Some(before) = open.replace(at.clone()) {
                    return Err(touching(before.start..at.end));
                }
                let Some((field, kind)) = target(*letter) else {
                    return Err(FormatError::new(
                        at.clone(),
                        format!("unknown escape %{letter}"),
                        "write it as PostgreSQL's documentation of log_line_prefix has it",
                    ));
                };
                let field = match letter {
                    'm' | 't' | 'n' if Some(*letter) != time => "_",
                    _ if !seen.insert(field) => "_",
                    _ => field,
                };
                let kind = if *padded { Some("trimmed") } else { kind };
                // Every line has its time and its process.
                let optional = !matches!(letter, 'm' | 't' | 'n' | 'p' | 'l');
                push_capture(&mut out, field, kind, optional);
            }
        }
    }
    if let Some(at) = open {
        return Err(touching(at));
    }
    Ok(out)
}

fn touching(at: Range<usize>) -> FormatError {
    FormatError::new(
        at,
        "nothing tells where this value ends in a line",
        "set a blank or another character behind it in log_line_prefix",
    )
}

/// The field of an escape and its kind. Names that ECS lacks are those of Elastic's PostgreSQL integration.
fn target(letter: char) -> Option<(&'static str, Option<&'static str>)> {
    Some(match letter {
        'm' | 't' => ("@timestamp", Some("datetime")),
        'n' => ("@timestamp", Some("epoch")),
        's' => ("postgresql.log.session_start_time", Some("datetime")),
        'p' => ("process.pid", Some("int")),
        'P' => ("postgresql.log.leader_pid", Some("int")),
        'u' => ("user.name", None),
        'd' => ("postgresql.log.database", None),
        'a' => ("postgresql.log.application_name", None),
        'b' => ("postgresql.log.backend_type", None),
        // An address, a name, or "[local]"; %r has the port in parentheses behind it.
        'h' | 'r' => ("source", Some("endpoint")),
        'L' => ("server.address", None),
        'i' => ("postgresql.log.command_tag", None),
        'e' => ("postgresql.log.sql_state_code", None),
        'c' => ("postgresql.log.session_id", None),
        'l' => ("postgresql.log.session_line_number", Some("int")),
        'v' => ("postgresql.log.virtual_transaction_id", None),
        'x' => ("postgresql.log.transaction_id", Some("int")),
        'Q' => ("postgresql.log.query_id", Some("int")),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Schema;
    use crate::pattern::Program;
    use proptest::prelude::*;

    fn patterns(prefix: &str) -> Vec<String> {
        match read(prefix).unwrap() {
            HostFormat::Events { patterns, .. } => patterns,
            other => other.patterns(),
        }
    }

    fn starts(prefix: &str) -> Option<Vec<String>> {
        match read(prefix).unwrap() {
            HostFormat::Events { starts, .. } => Some(starts),
            _ => None,
        }
    }

    #[test]
    fn an_event_begins_where_the_prefix_stands() {
        assert_eq!(starts("%m [%p] "), None);
        assert_eq!(starts("%t:%r:%u@%d:[%p]:"), None);
        assert_eq!(starts(""), Some(vec!["{_:word}:  {_}".to_owned()]));
        assert_eq!(
            starts("[%m] [%p] %q%u@%d "),
            Some(vec![
                "[{@timestamp:datetime}] [{process.pid:int}] {_:word}:  {_}".to_owned(),
                "[{@timestamp:datetime}] [{process.pid:int}] {user.name?}@{postgresql.log.database?} {_:word}:  {_}"
                    .to_owned(),
            ])
        );
    }

    #[test]
    fn without_a_blank_behind_q_a_session_is_looked_for_first() {
        let expected = [
            "{@timestamp:datetime}:[{process.pid:int}]:{postgresql.log.application_name?}:{log.level:word}:  {message}",
            "{@timestamp:datetime}:[{process.pid:int}]:{log.level:word}:  {message}",
        ];
        assert_eq!(patterns("%m:[%p]:%q%a:"), expected);
    }

    #[test]
    fn common_prefixes() {
        assert_eq!(
            patterns("%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h "),
            [
                "{@timestamp:datetime} [{process.pid:int}]: [{postgresql.log.session_line_number:int}-1] \
              user={user.name?},db={postgresql.log.database?},app={postgresql.log.application_name?},\
              client={source:endpoint?} {log.level:word}:  {message}"
            ]
        );
        assert_eq!(patterns(""), [MESSAGE]);
    }

    #[test]
    fn a_process_without_a_session_stops_at_q() {
        let expected = [
            "{@timestamp:datetime} [{process.pid:int}] {log.level:word}:  {message}",
            "{@timestamp:datetime} [{process.pid:int}] {user.name?}@{postgresql.log.database?} {log.level:word}:  {message}",
        ];
        assert_eq!(patterns("%m [%p] %q%u@%d "), expected);
        assert_eq!(
            patterns("log_line_prefix = '%m [%p] %q%u@%d '\t# special values"),
            expected
        );
    }

    #[test]
    fn the_best_time_is_the_events() {
        assert_eq!(
            patterns("%t %m %n%% {%-5p} "),
            [
                "{_:datetime} {@timestamp:datetime} {_:epoch}% {{{process.pid:trimmed}}} {log.level:word}:  {message}"
            ]
        );
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for (prefix, at, message) in [
            ("%u%d ", 0..4, "where this value ends"),
            ("%m [%p] %u", 8..10, "where this value ends"),
            ("%m %z ", 3..5, "%z"),
            ("%m 100%", 6..7, "begins nothing"),
        ] {
            let error = read(prefix).unwrap_err();
            assert_eq!(error.at, at, "{prefix}");
            assert!(error.message.contains(message), "{prefix}: {error}");
        }
    }

    proptest! {
        #[test]
        fn every_pattern_compiles(
            pieces in prop::collection::vec((prop::char::range('a', 'z'), prop::sample::select(vec![" ", "-1] ", ",", "%% ", "{"])), 0..10),
            upper in prop::sample::select(vec!["%L", "%P", "%Q"]),
        ) {
            let mut prefix = format!("{upper} ");
            for (letter, text) in pieces {
                if target(letter).is_some() {
                    prefix.push_str(&format!("%{letter}{text}"));
                }
            }
            for pattern in patterns(&prefix) {
                let compiled = Program::compile(&pattern, &mut Schema::default());
                prop_assert!(compiled.is_ok(), "{} {:?}", pattern, compiled);
            }
        }

        #[test]
        fn any_text_is_taken(text: String, parts in prop::collection::vec(prop::sample::select(vec![
            "%", "%m", "%-10u", "%q", " ", "{", "é", "%%", "log_line_prefix", "=", "'", "%é",
        ]), 0..8)) {
            for prefix in [text, parts.concat()] {
                if let Err(error) = read(&prefix) {
                    prop_assert!(prefix.get(error.at.clone()).is_some(), "{:?}", error);
                }
            }
        }
    }
}
