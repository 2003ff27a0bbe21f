//! Syslog lines, as they are on the wire and as rsyslog writes them to files.
//!
//! ```text
//! <60>1 2026-07-09T17:14:12.123456Z web01 nginx 48491 ID47 [origin ip="10.0.0.1"] message       RFC 5424
//! <60>Jul  9 17:14:12 web01 nginx[48491]: message                                               RFC 3164
//! 2026-07-09T17:14:12.123456+00:00 web01 nginx[48491]: message                                  rsyslog's file
//! ```
//!
//! What was taken from a stream over TCP may have the number of its octets before it.
//! RFC 3164 describes what was found in the wild and demands little: priority, host and tag may be missing.

mod data;

use memchr::memchr;

use super::Mismatch;
use crate::event::{FieldId, Schema, Value};
use crate::pattern::{Capture, Form, Kind, Scene};

/// Facility 23, severity 7.
const PRIORITY_MAX: u8 = 191;

/// Severities by their code (RFC 5424, table 2), as words that other logs call them by.
const LEVELS: [&str; 8] = [
    "emergency",
    "alert",
    "critical",
    "error",
    "warning",
    "notice",
    "info",
    "debug",
];

/// The fields of syslog lines.
#[derive(Clone, Debug)]
pub struct Syslog {
    rfc3339: Capture,
    month_day: Capture,
    /// With the year, as Cisco's devices write it.
    month_year: Capture,
    priority: FieldId,
    severity: FieldId,
    facility: FieldId,
    level: FieldId,
    host: FieldId,
    app: FieldId,
    process: FieldId,
    message_id: FieldId,
    data: FieldId,
    message: FieldId,
}

impl Syslog {
    pub fn new(schema: &mut Schema) -> Self {
        Syslog {
            rfc3339: Capture::new(Kind::Time(Form::Rfc3339), "@timestamp", schema),
            month_day: Capture::new(Kind::Time(Form::Syslog), "@timestamp", schema),
            month_year: Capture::new(Kind::Time(Form::MonthFirst), "@timestamp", schema),
            priority: schema.intern("log.syslog.priority"),
            severity: schema.intern("log.syslog.severity.code"),
            facility: schema.intern("log.syslog.facility.code"),
            level: schema.intern("log.level"),
            host: schema.intern("host.hostname"),
            app: schema.intern("log.syslog.appname"),
            process: schema.intern("log.syslog.procid"),
            message_id: schema.intern("log.syslog.msgid"),
            data: schema.intern("log.syslog.structured_data"),
            message: schema.intern("message"),
        }
    }

    /// Reads a line of either RFC. What has no priority must have a time; a time that does not exist is a mismatch.
    pub fn parse<'a>(&self, text: &'a [u8], scene: &mut Scene<'a, '_>) -> Result<(), Mismatch> {
        let (priority, rest) = match split_priority(text).or_else(|| split_priority(counted(text)?)) {
            Some((priority, rest)) => (Some(priority), rest),
            None => (None, text),
        };
        let versioned = rest
            .strip_prefix(b"1 ")
            .filter(|rest| priority.is_some() && matches!(rest, [b'-' | b'0'..=b'9', ..]));
        let result = match versioned {
            Some(rest) => self.modern(rest, scene),
            None => self.traditional(rest, priority.is_some(), scene),
        };
        // Both set fields only once nothing can fail any more.
        result.map_err(|Refused { rest, expected }| Mismatch {
            at: text.len() - rest,
            expected,
        })?;
        if let Some(priority) = priority {
            let severity = priority & 7;
            scene.fields.set(self.priority, Value::Int(priority.into()));
            scene.fields.set(self.severity, Value::Int(severity.into()));
            scene
                .fields
                .set(self.facility, Value::Int((priority >> 3).into()));
            scene
                .fields
                .set(self.level, Value::Text(LEVELS[usize::from(severity)].as_bytes()));
        }
        Ok(())
    }

    /// RFC 5424 behind the version.
    fn modern<'a>(&self, rest: &'a [u8], scene: &mut Scene<'a, '_>) -> Result<(), Refused> {
        let mut rest = rest;
        let refused = Refused {
            rest: rest.len(),
            expected: "a time of RFC 3339, or `-`",
        };
        let mut next = || {
            let end = memchr(b' ', rest).ok_or(Refused {
                rest: rest.len(),
                expected: "time, host, app, process and message id of RFC 5424, each with a blank behind",
            })?;
            let word = &rest[..end];
            rest = &rest[end + 1..];
            Ok(word)
        };
        let (time, host, app, process, message_id) = (next()?, next()?, next()?, next()?, next()?);
        // One blank, even where the message is empty; but nothing may follow the data at all.
        let (data, message) = match data::read(rest, scene.arena) {
            Some((data, [])) => (data, &[][..]),
            Some((data, [b' ', message @ ..])) => (data, message),
            // Some devices leave the data out, and a relay may have cut it: the header is as good as any.
            _ => (None, rest),
        };
        if time != b"-" && !self.rfc3339.convert(time, scene) {
            return Err(refused);
        }
        for (field, word) in [
            (self.host, host),
            (self.app, app),
            (self.process, process),
            (self.message_id, message_id),
        ] {
            self.set(field, word, scene);
        }
        if let Some(data) = data {
            scene.fields.set(self.data, Value::Json(data));
        }
        let message = message.strip_prefix("\u{feff}".as_bytes()).unwrap_or(message);
        self.set_message(message, scene);
        Ok(())
    }

    /// RFC 3164 behind the priority.
    fn traditional<'a>(
        &self,
        text: &'a [u8],
        has_priority: bool,
        scene: &mut Scene<'a, '_>,
    ) -> Result<(), Refused> {
        let Some(rest) = self.time(text, scene) else {
            if !has_priority {
                return Err(Refused {
                    rest: text.len(),
                    expected: "`<priority>`, or a time such as `Nov 22 17:28:30` or `2026-11-22T17:28:30Z`",
                });
            }
            // RFC 3164, section 4.3.3: then all of it is the message. Most programs write their tag all the same.
            self.tagged(text, scene);
            return Ok(());
        };
        // A host has no colon at its end, and a tag has one.
        match memchr(b' ', rest) {
            Some(end) if split_tag(rest).is_none() => {
                // RFC 3164 knows no nil value: "-" is what the line says.
                scene.fields.set(self.host, Value::Text(&rest[..end]));
                self.tagged(&rest[end + 1..], scene);
            }
            _ => self.tagged(rest, scene),
        }
        Ok(())
    }

    /// Sets the time at the beginning; what stands behind it and a blank.
    fn time<'a>(&self, text: &'a [u8], scene: &mut Scene<'a, '_>) -> Option<&'a [u8]> {
        // "Nov 22 17:28:30" and perhaps a fraction, perhaps with the year: the time of day ends at the next blank.
        let (capture, from) = match text.first()? {
            first if first.is_ascii_alphabetic() => match text.get(5..12)? {
                [_, _, year @ .., b' '] if year.iter().all(u8::is_ascii_digit) => (&self.month_year, 12),
                // "Feb 7 …"
                [b' ', ..] => (&self.month_day, 6),
                _ => (&self.month_day, 7),
            },
            _ => (&self.rfc3339, 0),
        };
        let end = from + memchr(b' ', text.get(from..)?)?;
        capture.convert(&text[..end], scene).then(|| &text[end + 1..])
    }

    /// `tag[pid]: message`, or a message alone.
    fn tagged<'a>(&self, text: &'a [u8], scene: &mut Scene<'a, '_>) {
        let message = match split_tag(text) {
            Some(Tag {
                app,
                process,
                message,
            }) => {
                self.set(self.app, app, scene);
                self.set(self.process, process, scene);
                message
            }
            None => text,
        };
        self.set_message(message, scene);
    }

    /// Sets a field but for the nil value.
    fn set<'a>(&self, field: FieldId, word: &'a [u8], scene: &mut Scene<'a, '_>) {
        if !matches!(word, [] | [b'-']) {
            scene.fields.set(field, Value::Text(word));
        }
    }

    fn set_message<'a>(&self, message: &'a [u8], scene: &mut Scene<'a, '_>) {
        if !message.is_empty() {
            scene.fields.set(self.message, Value::Text(message));
        }
    }
}

/// The line is of neither form; `rest` bytes of it were not understood.
#[derive(Clone, Copy, Debug)]
struct Refused {
    rest: usize,
    expected: &'static str,
}

/// What follows the number of octets that a sender over TCP may put before each message: `83 <34>1 …` (RFC 6587, 3.4.1).
fn counted(text: &[u8]) -> Option<&[u8]> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    text[digits..].strip_prefix(b" ").filter(|_| digits > 0)
}

/// `<60>` and what follows it.
fn split_priority(text: &[u8]) -> Option<(u8, &[u8])> {
    let body = text.strip_prefix(b"<")?;
    let digits = body.iter().take(4).position(|&byte| byte == b'>')?;
    let priority = match body[..digits] {
        [a] => digit(a)?,
        [a, b] => digit(a)? * 10 + digit(b)?,
        [a, b, c] => digit(a)? * 100 + digit(b)? * 10 + digit(c)?,
        _ => return None,
    };
    let priority = u8::try_from(priority)
        .ok()
        .filter(|&priority| priority <= PRIORITY_MAX)?;
    Some((priority, &body[digits + 1..]))
}

fn digit(byte: u8) -> Option<u16> {
    byte.is_ascii_digit().then(|| u16::from(byte - b'0'))
}

struct Tag<'a> {
    app: &'a [u8],
    /// Empty where there is none.
    process: &'a [u8],
    message: &'a [u8],
}

/// The tag is one word, `app[pid]:` or `app:`; some programs forget the colon behind the bracket, some have their
/// version in it (`syslogd 1.4.1:`). One blank behind it belongs to neither. `None` where the text begins otherwise.
fn split_tag(text: &[u8]) -> Option<Tag<'_>> {
    let mut word = &text[..memchr(b' ', text).unwrap_or(text.len())];
    if let Some([b'0'..=b'9', ..]) = text.get(word.len() + 1..)
        && !word.contains(&b':')
        && let Some(colon) = version_end(&text[word.len() + 1..])
    {
        word = &text[..word.len() + 1 + colon];
    }
    let (app, process, end) = match bracket(word) {
        Some((open, close)) => {
            let colon = usize::from(word.get(close + 1) == Some(&b':'));
            (&word[..open], &word[open + 1..close], close + 1 + colon)
        }
        None => {
            let colon = word.strip_suffix(b":")?.len();
            (&word[..colon], &[][..], word.len())
        }
    };
    let message = &text[end..];
    (!app.is_empty()).then_some(Tag {
        app,
        process,
        message: message.strip_prefix(b" ").unwrap_or(message),
    })
}

/// Where the `1.4.1:` at the beginning ends.
fn version_end(text: &[u8]) -> Option<usize> {
    let len = text
        .iter()
        .take_while(|byte| byte.is_ascii_digit() || **byte == b'.')
        .count();
    (text[..len].contains(&b'.') && matches!(text.get(len..), Some([b':', b' ', ..] | [b':'])))
        .then_some(len + 1)
}

/// The `[` and `]` around the process in `app[48491]` at the end of a word, or before a colon.
fn bracket(word: &[u8]) -> Option<(usize, usize)> {
    let open = memchr(b'[', word)?;
    let close = open + memchr(b']', &word[open..])?;
    let ends = matches!(word.get(close + 1), None | Some(b':'));
    (ends && close > open + 1).then_some((open, close))
}

#[cfg(test)]
mod tests;
