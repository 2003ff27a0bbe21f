use super::byteset::ByteSet;
use super::time::Form;
use super::unit::Unit;

/// What a capture takes, and what it makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Any text of one line; at the end of a pattern, all the rest.
    Text,
    /// Likewise, without the blanks around it.
    Trimmed,
    /// Text without white space.
    Word,
    /// Text of any number of lines.
    Lines,
    /// Likewise, up to the last place where the text that follows stands.
    Longest,
    /// A name such as `a.b.Class`, up to the last place within it where the text that follows begins.
    Dotted,
    /// A whole number of 64 bits.
    Int,
    /// A number, finite.
    Float,
    /// Hexadecimal digits, kept as text.
    Hex,
    /// An IPv4 or IPv6 address, kept as text.
    Ip,
    /// Text in double quotes, its backslash escapes resolved.
    Quoted,
    /// Likewise, its escapes kept as they are.
    QuotedRaw,
    /// A word of letters, such as `WARN`, kept as it is.
    Level,
    /// Likewise, in capital letters.
    Capitals,
    /// A word of letters, or a number of Bunyan's and pino's, as its name.
    LevelTens,
    /// An instant.
    Time(Form),
    /// A number of such units, as nanoseconds.
    Elapsed(Unit),
    /// A number with its unit, or several, as nanoseconds.
    Duration,
    /// A number with its unit or none, as bytes.
    Size,
    /// An HTTP request line: method, target, path, query, version. What is none is kept as it is.
    HttpRequest,
    /// `HTTP/1.1`, as `1.1`.
    HttpVersion,
    /// What a request asks for: the whole, and path and query.
    RequestTarget,
    /// A URL: the whole, and path, query, scheme, domain and port.
    Url,
    /// A host with a port or none: `NAME.ip` or `NAME.domain`, and `NAME.port`.
    Endpoint,
    /// Words with `, ` or ` : ` between them, as a JSON array.
    List,
    /// Likewise as one text, where a comma needs no blank behind it.
    ListText,
    /// Text, or its bytes as a JSON array of numbers, which is how journald writes what is no UTF-8.
    Octets,
    /// Text, or the text whose bytes hexadecimal digits stand for, which is how the audit log writes what has blanks.
    HexText,
    /// The scopes that .NET's console logger writes before a message on one line.
    Scopes,
}

/// Every kind by the name that patterns call it.
const NAMES: [(&str, Kind); 49] = [
    ("text", Kind::Text),
    ("trimmed", Kind::Trimmed),
    ("word", Kind::Word),
    ("lines", Kind::Lines),
    ("longest", Kind::Longest),
    ("dotted", Kind::Dotted),
    ("int", Kind::Int),
    ("float", Kind::Float),
    ("hex", Kind::Hex),
    ("ip", Kind::Ip),
    ("quoted", Kind::Quoted),
    ("quoted_raw", Kind::QuotedRaw),
    ("level", Kind::Level),
    ("capitals", Kind::Capitals),
    ("level_tens", Kind::LevelTens),
    ("rfc3339", Kind::Time(Form::Rfc3339)),
    ("datetime", Kind::Time(Form::Datetime)),
    ("clf", Kind::Time(Form::Clf)),
    ("syslog", Kind::Time(Form::Syslog)),
    ("ctime", Kind::Time(Form::Ctime)),
    ("rfc2822", Kind::Time(Form::Rfc2822)),
    ("epoch", Kind::Time(Form::Epoch)),
    ("epoch_ms", Kind::Time(Form::EpochMs)),
    ("epoch_us", Kind::Time(Form::EpochUs)),
    ("epoch_ns", Kind::Time(Form::EpochNs)),
    ("instant", Kind::Time(Form::Instant)),
    ("klog", Kind::Time(Form::Klog)),
    ("clock", Kind::Time(Form::Clock)),
    ("compact", Kind::Time(Form::Compact)),
    ("yymmdd", Kind::Time(Form::DigitsOnly)),
    ("day_first", Kind::Time(Form::DayFirst)),
    ("month_first", Kind::Time(Form::MonthFirst)),
    ("when", Kind::Time(Form::When)),
    ("seconds", Kind::Elapsed(Unit::Seconds)),
    ("millis", Kind::Elapsed(Unit::Millis)),
    ("micros", Kind::Elapsed(Unit::Micros)),
    ("nanos", Kind::Elapsed(Unit::Nanos)),
    ("duration", Kind::Duration),
    ("size", Kind::Size),
    ("http_request", Kind::HttpRequest),
    ("http_version", Kind::HttpVersion),
    ("request_target", Kind::RequestTarget),
    ("url", Kind::Url),
    ("endpoint", Kind::Endpoint),
    ("list", Kind::List),
    ("list_text", Kind::ListText),
    ("octets", Kind::Octets),
    ("hex_text", Kind::HexText),
    ("scopes", Kind::Scopes),
];

/// White space as `word` understands it.
const WHITE: [u8; 6] = *b" \t\n\r\x0b\x0c";

impl Kind {
    pub fn by_name(name: &str) -> Option<Kind> {
        NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, kind)| *kind)
    }

    /// The names of all kinds, in the order of the documentation.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }

    /// Whether the text that follows says where a value ends, and not the value itself.
    pub(super) const fn is_open(self) -> bool {
        matches!(
            self,
            Kind::Text
                | Kind::Trimmed
                | Kind::Word
                | Kind::Lines
                | Kind::Longest
                | Kind::Dotted
                | Kind::Octets
                | Kind::HexText
                | Kind::HttpRequest
                | Kind::RequestTarget
                | Kind::Url
                | Kind::Endpoint
        )
    }

    /// Whether a value names something: a place, a host.
    pub(crate) const fn is_name(self) -> bool {
        matches!(
            self,
            Kind::Word | Kind::Dotted | Kind::Url | Kind::RequestTarget | Kind::Endpoint | Kind::HttpRequest
        )
    }

    /// The bytes that a value can begin with. All, for the kinds that can be empty.
    pub(super) const fn starts(self) -> ByteSet {
        match self {
            Kind::Text
            | Kind::Trimmed
            | Kind::Lines
            | Kind::Longest
            | Kind::Octets
            | Kind::HexText
            | Kind::HttpRequest
            | Kind::RequestTarget => ByteSet::ALL,
            Kind::Word
            | Kind::Dotted
            | Kind::Url
            | Kind::Endpoint
            | Kind::List
            | Kind::ListText
            | Kind::Scopes => {
                let mut set = ByteSet::ALL;
                let mut at = 0;
                while at < WHITE.len() {
                    set = set.without(WHITE[at]);
                    at += 1;
                }
                set
            }
            Kind::Int | Kind::Float | Kind::Elapsed(_) | Kind::Duration | Kind::Size => {
                ByteSet::DIGITS.and(b'-')
            }
            Kind::Hex => ByteSet::DIGITS.and_range(b'a', b'f').and_range(b'A', b'F'),
            Kind::Ip => ByteSet::DIGITS
                .and_range(b'a', b'f')
                .and_range(b'A', b'F')
                .and(b':'),
            Kind::Quoted | Kind::QuotedRaw => ByteSet::EMPTY.and(b'"'),
            Kind::Level => ByteSet::LETTERS,
            Kind::Capitals => ByteSet::EMPTY.and_range(b'A', b'Z'),
            Kind::LevelTens => ByteSet::LETTERS.or(ByteSet::DIGITS),
            Kind::HttpVersion => ByteSet::EMPTY.and(b'H'),
            Kind::Time(form) => form.starts(),
        }
    }

    /// What a person calls such a value, with its article.
    pub(super) fn describe(self) -> String {
        let noun = match self {
            Kind::Text | Kind::Trimmed | Kind::Lines | Kind::Longest | Kind::Octets | Kind::HexText => "text",
            Kind::Dotted => "a dotted name",
            Kind::Word => "a word without white space",
            Kind::Int => "a whole number",
            Kind::Float => "a number",
            Kind::Hex => "hexadecimal digits",
            Kind::Ip => "an ip address",
            Kind::Quoted | Kind::QuotedRaw => "a text in double quotes",
            Kind::Level => "a word of letters",
            Kind::Capitals => "a word of capital letters",
            Kind::LevelTens => "a level such as `30` or `info`",
            Kind::HttpVersion => "a version such as `HTTP/1.1`",
            Kind::List | Kind::ListText => "a list such as `a, b`",
            Kind::Time(form) => return format!("a time such as `{}`", form.example()),
            Kind::Elapsed(Unit::Seconds) => "a number of seconds",
            Kind::Elapsed(Unit::Millis) => "a number of milliseconds",
            Kind::Elapsed(Unit::Micros) => "a number of microseconds",
            Kind::Elapsed(Unit::Nanos) => "a number of nanoseconds",
            Kind::Duration => "a duration such as `1.5s`",
            Kind::Size => "a size such as `12kB`",
            Kind::HttpRequest => "an http request line",
            Kind::RequestTarget => "a path such as `/a?b=c`",
            Kind::Url => "a url",
            Kind::Endpoint => "a host such as `10.0.0.1:80`",
            Kind::Scopes => "scopes such as `TraceId:1 => RequestPath:/a RequestId:2`",
        };
        noun.to_owned()
    }
}

/// Whether a `word` could hold this byte.
#[inline]
pub(super) fn is_white(byte: u8) -> bool {
    WHITE.contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_its_own_kind() {
        for (at, (name, kind)) in NAMES.iter().enumerate() {
            assert_eq!(Kind::by_name(name), Some(*kind));
            assert!(
                !NAMES[..at]
                    .iter()
                    .any(|(other, same)| other == name || same == kind),
                "{name}"
            );
        }
        assert_eq!(Kind::by_name("ipp"), None);
        assert_eq!(Kind::names().count(), NAMES.len());
    }
}
