//! Serilog's output templates (<https://github.com/serilog/serilog/wiki/Formatting-Output>): text with properties such as
//! `{Timestamp:HH:mm:ss}`, `{Level:u3}`, `{Message:lj}`, `{NewLine}`, `{Exception}`.

use std::collections::HashSet;
use std::ops::Range;

use super::{FormatError, HostFormat, push_capture, push_literal, with_tail};

/// Reads a template. The message may be any text over any number of lines, and so may the exception. What else follows
/// the message on its line is told apart where a text or a brace says where it begins.
pub fn read(template: &str) -> Result<HostFormat, FormatError> {
    let pieces = split(template)?;
    let Some(message) = pieces.iter().position(|piece| is(piece, "Message")) else {
        return Err(FormatError::new(
            0..template.len(),
            "the output template has no {Message}",
            "give the text of outputTemplate, such as '[{Timestamp:HH:mm:ss} {Level:u3}] {Message:lj}{NewLine}{Exception}'",
        ));
    };
    let header = &pieces[..message];
    let mut pattern = String::new();
    let mut taken = HashSet::from(["message".to_owned()]);
    for at in 0..header.len() {
        push(&mut pattern, header, at, Some(&mut taken));
    }
    // The first line alone says that an event begins.
    let mut start = String::new();
    let first_line = header.iter().take_while(|piece| !is(piece, "NewLine")).count();
    (0..first_line).for_each(|at| push(&mut start, header, at, None));
    if !header.iter().any(|piece| is(piece, "NewLine")) {
        start.push_str("{_}");
    }
    let mut patterns = Vec::new();
    let tail = tail(&pieces[message + 1..]);
    if !tail.is_empty() {
        let mut behind = String::new();
        for at in 0..tail.len() {
            push(&mut behind, tail, at, Some(&mut taken));
        }
        patterns.extend(with_tail(&pattern, &behind));
    }
    pattern.push_str("{message:lines}");
    // A blank before the message is not there where the message is empty and blanks were taken off the line's end.
    let bare = pattern.strip_suffix(" {message:lines}").map(str::to_owned);
    let bare_start = start.strip_suffix(" {_}").map(str::to_owned);
    patterns.extend([Some(pattern), bare].into_iter().flatten());
    Ok(HostFormat::Events {
        patterns,
        starts: [Some(start), bare_start].into_iter().flatten().collect(),
    })
}

/// What follows the message on its line, where its beginning is no mere blank: a message has blanks of its own.
fn tail(behind: &[Piece]) -> &[Piece] {
    let line = behind
        .iter()
        .take_while(|piece| !is(piece, "NewLine") && !is(piece, "Exception"))
        .count();
    match &behind[..line] {
        [Piece::Text(text), Piece::Property { .. }, ..] if !text.trim().is_empty() => &behind[..line],
        [Piece::Text(_), properties, ..] if is(properties, "Properties") => &behind[..line],
        _ => &[],
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Property {
        name: String,
        /// What stands behind the colon.
        form: Option<String>,
        align: Align,
    },
}

/// Where a property is filled up with blanks to a width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Align {
    None,
    Before,
    Behind,
}

fn is(piece: &Piece, wanted: &str) -> bool {
    matches!(piece, Piece::Property { name, .. } if name == wanted)
}

fn split(template: &str) -> Result<Vec<Piece>, FormatError> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut at = 0;
    while let Some(c) = template[at..].chars().next() {
        let rest = &template[at..];
        if c == '{' && !rest.starts_with("{{") {
            let end = rest
                .find('}')
                .ok_or_else(|| mistake(at..template.len(), "a { that is not closed"))?;
            pieces.push(
                property(&rest[1..end])
                    .ok_or_else(|| mistake(at..at + end + 1, "a property without a name"))?,
            );
            at += end + 1;
            continue;
        }
        match pieces.last_mut() {
            Some(Piece::Text(text)) => text.push(c),
            _ => pieces.push(Piece::Text(c.into())),
        }
        let doubled = rest.starts_with("{{") || rest.starts_with("}}");
        at += c.len_utf8() + usize::from(doubled);
    }
    Ok(pieces)
}

fn mistake(at: Range<usize>, message: &str) -> FormatError {
    FormatError::new(at, message, "write {{ for a brace")
}

/// `Name`, `Name:format`, `Name,-5`, `@Name`.
fn property(text: &str) -> Option<Piece> {
    let text = text.trim_start_matches(['@', '$']);
    let end = text.find([':', ',']).unwrap_or(text.len());
    let name = text[..end].trim();
    (!name.is_empty()).then(|| Piece::Property {
        name: name.to_owned(),
        form: text[end..].split_once(':').map(|(_, form)| form.to_owned()),
        align: match text[end..].strip_prefix(',').map(str::trim_start) {
            None => Align::None,
            Some(width) if width.starts_with('-') => Align::Behind,
            Some(_) => Align::Before,
        },
    })
}

/// Appends the piece at `at` as it stands in a pattern; `taken`: the fields that were given, or nothing where none is kept.
fn push(pattern: &mut String, pieces: &[Piece], at: usize, taken: Option<&mut HashSet<String>>) {
    let (name, form, align) = match &pieces[at] {
        Piece::Text(text) => {
            let filled = at.checked_sub(1).map(|before| &pieces[before]);
            if text.starts_with(' ')
                && matches!(
                    filled,
                    Some(Piece::Property {
                        align: Align::Behind,
                        ..
                    })
                )
            {
                pattern.push(' ');
            }
            return push_literal(pattern, text);
        }
        Piece::Property { name, .. } if name == "NewLine" => return pattern.push('\n'),
        // Not there before the message; whoever does that has it in the message.
        Piece::Property { name, .. } if name == "Exception" => return,
        // An object whose text has braces around it.
        Piece::Property { name, .. } if name == "Properties" => {
            push_literal(pattern, "{");
            push_capture(
                pattern,
                if taken.is_some() {
                    "serilog.properties"
                } else {
                    "_"
                },
                None,
                true,
            );
            return push_literal(pattern, "}");
        }
        Piece::Property { name, form, align } => (name.as_str(), form.as_deref(), *align),
    };
    let (field, kind) = match name {
        "Timestamp" | "UtcTimestamp" => ("@timestamp".to_owned(), Some(time_kind(form))),
        "Level" => ("log.level".to_owned(), Some("level")),
        "SourceContext" => ("log.logger".to_owned(), None),
        "ThreadId" => ("process.thread.id".to_owned(), Some("int")),
        "ThreadName" => ("process.thread.name".to_owned(), None),
        "ProcessId" => ("process.pid".to_owned(), Some("int")),
        "ProcessName" => ("process.name".to_owned(), None),
        "MachineName" => ("host.hostname".to_owned(), None),
        "EnvironmentName" => ("service.environment".to_owned(), None),
        "Application" | "ApplicationName" => ("service.name".to_owned(), None),
        "TraceId" => ("trace.id".to_owned(), None),
        "SpanId" => ("span.id".to_owned(), None),
        "RequestId" => ("http.request.id".to_owned(), None),
        other => {
            let tame: String = other
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
                .collect();
            (format!("labels.{tame}"), None)
        }
    };
    // A property that an event does not have is written as nothing.
    let optional = !matches!(name, "Timestamp" | "UtcTimestamp" | "Level");
    let blank_behind = matches!(pieces.get(at + 1), Some(Piece::Text(text)) if text.starts_with(' '));
    match align {
        // Two blanks: one or more in the line.
        Align::Before if pattern.ends_with(' ') && !pattern.ends_with("  ") => pattern.push(' '),
        _ => {}
    }
    let kind = match (align, kind) {
        (Align::None, kind) => kind,
        (_, None) => Some("trimmed"),
        (Align::Behind, Some("level")) if !blank_behind => Some("trimmed"),
        (_, kind) => kind,
    };
    let free = taken.is_some_and(|taken| taken.insert(field.clone()));
    push_capture(pattern, if free { &field } else { "_" }, kind, optional);
}

/// The kind that reads a time of a form of .NET's. Without one, and in the forms of one letter, it is written as the
/// invariant culture has it: month, day, year.
fn time_kind(form: Option<&str>) -> &'static str {
    let Some(form) = form.map(|form| form.replace(['\'', '\\'], "")) else {
        return "month_first";
    };
    match form.as_str() {
        "" | "G" | "g" => "month_first",
        form if form.starts_with("MM/dd") || form.starts_with("M/d") || form.starts_with("MM-dd") => {
            "month_first"
        }
        form if form.starts_with("dd") || form.starts_with("d/") || form.starts_with("d.") => "day_first",
        form if form.starts_with("yy") && !form.starts_with("yyy") => "yymmdd",
        _ => "when",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(template: &str) -> (String, String) {
        match read(template).unwrap() {
            HostFormat::Events {
                mut patterns,
                mut starts,
            } => (patterns.remove(0), starts.remove(0)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_default_templates() {
        let (pattern, start) = events("[{Timestamp:HH:mm:ss} {Level:u3}] {Message:lj}{NewLine}{Exception}");
        assert_eq!(pattern, "[{@timestamp:when} {log.level:level}] {message:lines}");
        assert_eq!(start, "[{_:when} {_:level}] {_}");
        let (pattern, _) =
            events("{Timestamp:yyyy-MM-dd HH:mm:ss.fff zzz} [{Level:u3}] {Message:lj}{NewLine}{Exception}");
        assert_eq!(pattern, "{@timestamp:when} [{log.level:level}] {message:lines}");
    }

    #[test]
    fn properties_of_all_sorts() {
        let (pattern, start) = events(
            "{Timestamp:o}|{Level,-11}|{SourceContext}|{{{Tenant Id}}} #{ThreadId}{NewLine}  {Message:lj}",
        );
        assert_eq!(
            pattern,
            "{@timestamp:when}|{log.level:trimmed}|{log.logger?}|{{{labels.Tenant_Id?}}} #{process.thread.id:int?}\n  {message:lines}"
        );
        assert_eq!(start, "{_:when}|{_:trimmed}|{_?}|{{{_?}}} #{_:int?}");
    }

    #[test]
    fn blanks_fill_up_what_is_aligned() {
        let (pattern, _) = events("{Timestamp} {Level,-11} {ThreadId,4} {Message}");
        assert_eq!(
            pattern,
            "{@timestamp:month_first} {log.level:level}  {process.thread.id:int?} {message:lines}"
        );
    }

    #[test]
    fn forms_of_times() {
        for (template, kind) in [
            ("{Timestamp:o} {Message}", "when"),
            ("{Timestamp:HH:mm:ss} {Message}", "when"),
            ("{Timestamp:G} {Message}", "month_first"),
            ("{Timestamp:MM/dd/yyyy hh:mm:ss tt} {Message}", "month_first"),
            ("{Timestamp:dd-MM-yyyy HH:mm:ss} {Message}", "day_first"),
            ("{Timestamp:yy-MM-dd HH:mm:ss} {Message}", "yymmdd"),
        ] {
            let expected = format!("{{@timestamp:{kind}}} {{message:lines}}");
            assert_eq!(events(template).0, expected, "{template}");
        }
    }

    #[test]
    fn what_follows_the_message() {
        let patterns = |template| match read(template).unwrap() {
            HostFormat::Events { patterns, .. } => patterns,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            patterns("[{Level:u3}] {Message:lj} {Properties:j}{NewLine}{Exception}"),
            [
                "[{log.level:level}] {message:longest} {{{serilog.properties?}}}",
                "[{log.level:level}] {message:lines} {{{serilog.properties?}}}\n{error.stack_trace:lines}",
                "[{log.level:level}] {message:lines}",
                "[{log.level:level}]",
            ]
        );
        assert_eq!(
            patterns("{Message:lj} <s:{SourceContext}>{NewLine}")[0],
            "{message:longest} <s:{log.logger?}>"
        );
        // Where would the message end?
        assert_eq!(patterns("{Message} {SourceContext}"), ["{message:lines}"]);
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        assert_eq!(read("{Timestamp} {Level").unwrap_err().at, 12..18);
        assert_eq!(read("{Timestamp} {:x} {Message}").unwrap_err().at, 12..16);
        assert_eq!(read("{Timestamp}").unwrap_err().at, 0..11);
    }
}
