//! Grok's own names, as far as they have a meaning in the pattern language.
//!
//! The names are those of logstash-patterns-core, `patterns/ecs-v1`: <https://github.com/logstash-plugins/logstash-patterns-core>.

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A value that knows its end.
    Kind(&'static str),
    /// Text up to what follows it; `None` is text with blanks.
    Open(Option<&'static str>),
    /// Text up to the last place where what follows it stands.
    Greedy,
    /// Any number of blanks.
    Blanks,
    /// In terms of other names.
    Grok(&'static str),
    /// A whole line in the pattern language.
    Pattern(&'static str),
    /// Known, and without an equivalent.
    Nothing(&'static str),
}

use Meaning::{Blanks, Greedy, Grok, Kind, Nothing, Open, Pattern};

const COMMON: &str = "{source.address:word} {apache.access.user.identity?} {user.name?} [{@timestamp:clf}] \"{http.request.raw:http_request}\" {http.response.status_code:int} {http.response.body.bytes:int?}";

const COMBINED: &str = "{source.address:word} {apache.access.user.identity?} {user.name?} [{@timestamp:clf}] \"{http.request.raw:http_request}\" {http.response.status_code:int} {http.response.body.bytes:int?} \"{http.request.referrer?}\" \"{user_agent.original?}\"";

const WORD: Meaning = Open(Some("word"));

/// Sorted by meaning.
const NAMES: [(&str, Meaning); 83] = [
    ("INT", Kind("int")),
    ("POSINT", Kind("int")),
    ("NONNEGINT", Kind("int")),
    ("YEAR", Kind("int")),
    ("MONTHNUM", Kind("int")),
    ("MONTHNUM2", Kind("int")),
    ("MONTHDAY", Kind("int")),
    ("HOUR", Kind("int")),
    ("MINUTE", Kind("int")),
    ("NUMBER", Kind("float")),
    ("BASE10NUM", Kind("float")),
    ("SECOND", Kind("float")),
    ("IP", Kind("ip")),
    ("IPV4", Kind("ip")),
    ("IPV6", Kind("ip")),
    ("LOGLEVEL", Kind("level")),
    ("QUOTEDSTRING", Kind("quoted")),
    ("QS", Kind("quoted")),
    ("TIMESTAMP_ISO8601", Kind("datetime")),
    ("ISO8601_TIMEZONE", WORD),
    ("HTTPDATE", Kind("clf")),
    ("SYSLOGTIMESTAMP", Kind("syslog")),
    ("CISCOTIMESTAMP", Kind("syslog")),
    ("DATESTAMP", Kind("when")),
    ("DATESTAMP_RFC822", Kind("rfc2822")),
    ("DATESTAMP_RFC2822", Kind("rfc2822")),
    ("DATESTAMP_OTHER", Kind("when")),
    ("HTTPDERROR_DATE", Kind("ctime")),
    ("CATALINA_DATESTAMP", Kind("when")),
    ("TOMCAT_DATESTAMP", Kind("datetime")),
    (
        "SYSLOG5424SD",
        Nothing("structured data; the pipelines `syslog-rfc5424` and `syslog-mixed` read it"),
    ),
    ("MONTH", WORD),
    ("DAY", WORD),
    ("TIME", WORD),
    ("TZ", WORD),
    ("DATE", WORD),
    ("DATE_US", WORD),
    ("DATE_EU", WORD),
    ("WORD", WORD),
    ("NOTSPACE", WORD),
    ("USERNAME", WORD),
    ("USER", WORD),
    ("EMAILLOCALPART", WORD),
    ("EMAILADDRESS", WORD),
    ("UUID", WORD),
    ("URN", WORD),
    ("MAC", WORD),
    ("COMMONMAC", WORD),
    ("CISCOMAC", WORD),
    ("WINDOWSMAC", WORD),
    ("HOSTNAME", WORD),
    ("HOST", WORD),
    ("IPORHOST", WORD),
    ("HOSTPORT", WORD),
    ("SYSLOGHOST", WORD),
    ("PATH", WORD),
    ("UNIXPATH", WORD),
    ("WINPATH", WORD),
    ("TTY", WORD),
    ("URIPROTO", WORD),
    ("URIHOST", WORD),
    ("URIPATH", WORD),
    ("URIQUERY", WORD),
    ("URIPARAM", WORD),
    ("URIPATHPARAM", WORD),
    ("URI", WORD),
    ("BASE16NUM", WORD),
    ("BASE16FLOAT", WORD),
    ("PROG", WORD),
    ("JAVACLASS", WORD),
    ("JAVAFILE", Open(None)),
    ("JAVAMETHOD", WORD),
    ("DATA", Open(None)),
    ("GREEDYDATA", Greedy),
    ("JAVALOGMESSAGE", Greedy),
    ("SPACE", Blanks),
    (
        "SYSLOGPROG",
        Grok(r"%{PROG:process.name}(?:\[%{POSINT:process.pid:int}\])?"),
    ),
    (
        "SYSLOGBASE",
        Grok("%{SYSLOGTIMESTAMP:timestamp} %{SYSLOGHOST:host.hostname} %{SYSLOGPROG}:"),
    ),
    ("SYSLOGLINE", Grok("%{SYSLOGBASE} %{GREEDYDATA:message}")),
    ("COMMONAPACHELOG", Pattern(COMMON)),
    ("HTTPD_COMMONLOG", Pattern(COMMON)),
    ("COMBINEDAPACHELOG", Pattern(COMBINED)),
    ("HTTPD_COMBINEDLOG", Pattern(COMBINED)),
];

/// What grok's own `name` stands for.
pub fn meaning(name: &str) -> Option<Meaning> {
    NAMES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, meaning)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Schema;
    use crate::pattern::{Kind, Program};

    #[test]
    fn every_meaning_is_one_of_the_pattern_language() {
        for (name, meaning) in NAMES {
            assert_eq!(
                NAMES.iter().filter(|(other, _)| *other == name).count(),
                1,
                "{name}"
            );
            match meaning {
                Meaning::Kind(kind) | Meaning::Open(Some(kind)) => {
                    assert!(Kind::by_name(kind).is_some(), "{name}: {kind}");
                }
                Meaning::Pattern(pattern) => {
                    Program::compile(pattern, &mut Schema::default()).unwrap();
                }
                _ => {}
            }
        }
    }
}
