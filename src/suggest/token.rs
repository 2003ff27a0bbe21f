//! A line, cut into what its parts look like.

use crate::pattern::{Clock, Kind};

/// What a part looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Sign {
    /// White space of any length.
    Blank,
    /// A bracket or another mark that stands between values.
    Mark(u8),
    /// `name=`.
    Key,
    /// A value of this kind of the pattern language.
    Kind(&'static str),
    /// `-`: no value.
    Dash,
    /// Anything else without blanks and marks.
    Word,
    /// What is between brackets and none of the above.
    Text,
}

impl Sign {
    /// Whether it is a value that may change from line to line.
    pub fn is_value(self) -> bool {
        matches!(self, Sign::Kind(_) | Sign::Dash | Sign::Word | Sign::Text)
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'l> {
    pub sign: Sign,
    pub text: &'l str,
}

/// Times, the longest forms first.
const TIMES: [&str; 7] = [
    "datetime",
    "clf",
    "rfc2822",
    "ctime",
    "syslog",
    "day_first",
    "month_first",
];

const LEVELS: [&str; 27] = [
    "TRACE",
    "DEBUG",
    "INFO",
    "NOTICE",
    "WARN",
    "WARNING",
    "ERROR",
    "ERR",
    "CRITICAL",
    "CRIT",
    "FATAL",
    "SEVERE",
    "FINE",
    "FINER",
    "FINEST",
    "VERBOSE",
    "PANIC",
    "ALERT",
    "EMERG",
    "INFORMATION",
    "DBUG",
    "FAIL",
    "DBG",
    "INF",
    "WRN",
    "FTL",
    "VRB",
];

/// The longest text between brackets that is one value, in bytes.
const BRACKET_BYTES_MAX: usize = 80;

/// The parts of `line`, which together are all of it.
pub(super) fn tokens<'l>(line: &'l str, clock: &mut Clock) -> Vec<Token<'l>> {
    let mut found: Vec<Token<'_>> = Vec::new();
    let mut at = 0;
    while at < line.len() {
        let rest = &line[at..];
        let before = found.last().map(|token| token.sign);
        let (sign, length) = token(rest, before, found.is_empty(), clock);
        // Never nothing: a mark or a letter is there.
        let length = length.max(rest.chars().next().map_or(1, char::len_utf8));
        found.push(Token {
            sign,
            text: &line[at..at + length],
        });
        at += length;
    }
    found
}

fn token(rest: &str, before: Option<Sign>, first: bool, clock: &mut Clock) -> (Sign, usize) {
    let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    if blanks > 0 {
        return (Sign::Blank, blanks);
    }
    for name in TIMES {
        if let Some(length) = value(name, rest, clock) {
            return (Sign::Kind(name), length);
        }
    }
    if rest.starts_with('"')
        && let Some(length) = value("quoted", rest, clock)
    {
        return (Sign::Kind("quoted"), length);
    }
    if before == Some(Sign::Mark(b'['))
        && let Some(length) = rest
            .bytes()
            .take(BRACKET_BYTES_MAX + 1)
            .position(|byte| byte == b']')
            .filter(|length| *length > 0)
    {
        let inner = &rest[..length];
        let word = inner.trim_end();
        return match classify(word, clock) {
            Sign::Word if inner.contains([' ', '[', ',', '=']) => (Sign::Text, length),
            // With its padding, which not every line has.
            sign => (sign, length),
        };
    }
    let run = rest.find(is_mark).unwrap_or(rest.len());
    let (word, behind) = rest.split_at(run);
    // A colon at the end of a word belongs to what is behind it, as in `INFO: started`.
    let word = match word.strip_suffix(':') {
        Some(cut) if !cut.is_empty() && !behind.starts_with('=') => cut,
        _ => word,
    };
    let is_key = behind.starts_with('=')
        && !behind.starts_with("==")
        && word.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
    match rest.as_bytes() {
        _ if is_key => (Sign::Key, run + 1),
        [b'I' | b'W' | b'E' | b'F' | b'D', tail @ ..]
            if first
                && Kind::Time(crate::pattern::Form::Klog)
                    .taken(tail, clock)
                    .is_some() =>
        {
            (Sign::Word, 1)
        }
        [mark, ..] if word.is_empty() => (Sign::Mark(*mark), 1),
        _ if first && is_epoch(word, 10) => (Sign::Kind("epoch"), word.len()),
        _ if first && is_epoch(word, 13) => (Sign::Kind("epoch_ms"), word.len()),
        _ => (classify(word, clock), word.len()),
    }
}

/// What a word is, taken as a whole.
fn classify(word: &str, clock: &mut Clock) -> Sign {
    if word == "-" {
        return Sign::Dash;
    }
    if LEVELS.iter().any(|level| word.eq_ignore_ascii_case(level)) {
        return Sign::Kind("level");
    }
    let whole = |name: &'static str, clock: &mut Clock| value(name, word, clock) == Some(word.len());
    for name in ["datetime", "clf", "int", "float", "ip", "duration"] {
        if whole(name, clock) {
            return Sign::Kind(name);
        }
    }
    Sign::Word
}

/// How long the value of a kind is at the beginning of `text`, when it ends where a word could.
fn value(name: &str, text: &str, clock: &mut Clock) -> Option<usize> {
    let length = Kind::by_name(name)?.taken(text.as_bytes(), clock)?;
    let next = text.get(length..)?.chars().next();
    next.is_none_or(|letter| !letter.is_alphanumeric())
        .then_some(length)
}

/// Seconds or milliseconds since 1970, of this century.
fn is_epoch(word: &str, digits: usize) -> bool {
    let whole = word.split('.').next().unwrap_or_default();
    whole.len() == digits
        && whole.starts_with('1')
        && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

fn is_mark(letter: char) -> bool {
    matches!(
        letter,
        ' ' | '\t' | '[' | ']' | '(' | ')' | '{' | '}' | ',' | ';' | '|' | '"' | '\'' | '=' | '<' | '>'
    )
}
