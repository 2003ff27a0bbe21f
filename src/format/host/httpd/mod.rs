//! The format strings of Apache httpd's `LogFormat`
//! (<https://httpd.apache.org/docs/2.4/mod/mod_log_config.html#formats>) and of Tomcat's AccessLogValve
//! (<https://tomcat.apache.org/tomcat-10.1-doc/config/valve.html#Access_Log_Valve>), which took them over and changed some.

mod directive;
mod target;

use std::collections::HashSet;

use super::{FormatError, HostFormat, push_capture, push_literal};
use directive::Piece;
use target::{Capture, Target};

/// Whose format it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    Apache,
    Tomcat,
}

impl Product {
    /// What fields begin with that ECS has no name for.
    fn namespace(self) -> &'static str {
        match self {
            Product::Apache => "apache.access",
            Product::Tomcat => "tomcat.access",
        }
    }
}

/// Formats that the products, or Debian's configuration, know by a name.
const NAMED: [(&str, &str); 6] = [
    ("common", r#"%h %l %u %t "%r" %>s %b"#),
    (
        "combined",
        r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i""#,
    ),
    (
        "combinedio",
        r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %I %O"#,
    ),
    (
        "vhost_combined",
        r#"%v:%p %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i""#,
    ),
    ("vhost_common", r#"%v %h %l %u %t "%r" %>s %b"#),
    ("agent", "%{User-agent}i"),
];

/// Reads a format: its text, the quoted text, the whole directive, or the name of a usual one.
pub fn read(format: &str, product: Product) -> Result<HostFormat, FormatError> {
    if let Some((_, text)) = NAMED.iter().find(|(name, _)| *name == format.trim()) {
        return read(text, product);
    }
    let pieces = directive::split(format)?;
    if !pieces
        .iter()
        .any(|piece| matches!(piece, Piece::Directive { .. }))
    {
        return Err(FormatError::new(
            0..format.len(),
            format!("the log format {:?} has no directive", format.trim()),
            "give the text of the format, such as '%h %l %u %t \"%r\" %>s %b', or \"combined\"",
        ));
    }
    let targets = assign(&pieces, product);
    let strict = pattern(&pieces, &targets, |target| &target.strict);
    let loose = pattern(&pieces, &targets, |target| {
        target.loose.as_ref().unwrap_or(&target.strict)
    });
    let mut patterns = vec![strict, loose];
    patterns.dedup();
    Ok(HostFormat::Patterns(patterns))
}

/// Where each directive's value goes, in the order of the pieces. No field is given twice: what comes later keeps its own
/// name, or nothing.
fn assign(pieces: &[Piece], product: Product) -> Vec<Option<Target>> {
    let mut taken: HashSet<String> = HashSet::new();
    let mut free = |target: Target| {
        let fields: Vec<String> = target.fields().collect();
        let free = !fields.iter().any(|field| taken.contains(field));
        if free {
            taken.extend(fields);
        }
        free.then_some(target)
    };
    let mut find = |piece: &Piece| {
        let Piece::Directive { name, argument } = piece else {
            return None;
        };
        let argument = argument.as_deref();
        free(target::target(product, name, argument)).or_else(|| free(target::own(product, name, argument)))
    };
    pieces.iter().map(&mut find).collect()
}

fn pattern(pieces: &[Piece], targets: &[Option<Target>], side: impl Fn(&Target) -> &Capture) -> String {
    let mut out = String::new();
    // A quote that the capture before has taken.
    let mut taken = 0;
    for (at, (piece, target)) in pieces.iter().zip(targets).enumerate() {
        match (piece, target) {
            (Piece::Text(text), _) => push_literal(&mut out, &text[std::mem::take(&mut taken)..]),
            (Piece::Directive { .. }, None) => out.push_str("{_}"),
            (Piece::Directive { .. }, Some(target)) => {
                let capture = side(target);
                let quoted = out.ends_with('"')
                    && !out.ends_with("}\"")
                    && matches!(pieces.get(at + 1), Some(Piece::Text(text)) if text.starts_with('"'));
                if quoted && capture.kind.is_none() {
                    out.pop();
                    taken = 1;
                    push_capture(&mut out, &capture.field, Some("quoted_raw"), true);
                } else {
                    out.push_str(target.before);
                    let behind = match pieces.get(at + 1) {
                        Some(Piece::Text(text)) => text,
                        _ => "",
                    };
                    push_capture(&mut out, &capture.field, kind(piece, capture, behind), true);
                    out.push_str(target.behind);
                }
            }
        }
    }
    out
}

/// The kind of a directive's value, which what stands `behind` it may tell: the unit of a duration, which was
/// milliseconds before Tomcat 10, or a blank where a list of proxies has blanks of its own.
fn kind(piece: &Piece, capture: &Capture, behind: &str) -> Option<&'static str> {
    let Piece::Directive { name, argument } = piece else {
        return capture.kind;
    };
    let forwarded = |header: &str| header.eq_ignore_ascii_case("X-Forwarded-For");
    match name.as_str() {
        "D" if ["ms", "millis"]
            .iter()
            .any(|unit| behind.trim_start().starts_with(unit)) =>
        {
            Some("millis")
        }
        "i" if capture.kind.is_none()
            && behind.starts_with(' ')
            && argument.as_deref().is_some_and(forwarded) =>
        {
            Some("list_text")
        }
        _ => capture.kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(format: &str, product: Product) -> Vec<String> {
        read(format, product).unwrap().patterns()
    }

    fn first(format: &str) -> String {
        patterns(format, Product::Apache).remove(0)
    }

    const COMBINED: &str = concat!(
        r#"{source.ip:ip?} {apache.access.identity?} {user.name?} [{@timestamp:clf?}] "{http.request.line:http_request?}" "#,
        r#"{http.response.status_code:int?} {http.response.body.bytes:int?} {http.request.referrer:quoted_raw?} "#,
        r#"{user_agent.original:quoted_raw?}"#
    );

    #[test]
    fn a_name_a_text_and_a_directive_are_the_same() {
        let directive =
            r#"LogFormat "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"" combined"#;
        let text = r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i""#;
        for format in ["combined", directive, text] {
            assert_eq!(first(format), COMBINED, "{format}");
        }
        assert_eq!(first("LogFormat\t\"%h\"\town"), first("%h"));
        let loose = COMBINED.replace("{source.ip:ip?}", "{source.domain?}");
        assert_eq!(patterns("combined", Product::Apache)[1], loose);
    }

    #[test]
    fn units_and_arguments_count() {
        for (format, expected) in [
            ("%D", "{event.duration:micros?}"),
            ("(%D ms)", "({event.duration:millis?} ms)"),
            ("%T", "{event.duration:seconds?}"),
            ("%{ms}T", "{event.duration:millis?}"),
            ("%v:%p", "{url.domain?}:{server.port:int?}"),
            ("%{remote}p", "{source.port:int?}"),
            (
                "%m %U%q %H",
                "{http.request.method?} {url.original:request_target?} {http.version:http_version?}",
            ),
            ("%{msec}t", "{@timestamp:epoch_ms?}"),
            ("%{%Y-%m-%dT%H:%M:%S%z}t x", "{@timestamp:when?} x"),
            ("[%{%Y-%m-%d %T}t.%{msec_frac}t %{%z}t]", "[{@timestamp:when?}]"),
            ("%{JSESSIONID}C", "{session.id?}"),
            ("%{lang}C", "{apache.access.cookie.lang?}"),
            ("%!200,304{X-Request-ID}i", "{http.request.id?}"),
            ("100%% %h", "100% {source.ip:ip?}"),
            ("%s %>s", "{http.response.status_code:int?} {apache.access.s?}"),
        ] {
            assert_eq!(first(format), expected, "{format}");
        }
        assert_eq!(
            patterns("%{X-Forwarded-For}i %l", Product::Apache),
            [
                "{network.forwarded_ip:ip?} {apache.access.identity?}",
                "{apache.access.x_forwarded_for:list_text?} {apache.access.identity?}"
            ]
        );
        assert_eq!(
            patterns("%I %S %F", Product::Tomcat),
            ["{process.thread.name?} {session.id?} {tomcat.access.commit_time:millis?}"]
        );
    }

    #[test]
    fn a_format_may_be_that_of_an_attribute() {
        assert_eq!(
            patterns("%h &quot;%r&quot; &amp;%s &x", Product::Tomcat),
            patterns("%h \"%r\" &%s &x", Product::Tomcat)
        );
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let mistake = |format| read(format, Product::Apache).unwrap_err();
        assert_eq!(mistake("%h %{Referer").at, 3..12);
        assert_eq!(mistake("%h %").at, 3..4);
        assert_eq!(mistake("no directive").at, 0..12);
        assert_eq!(mistake("%h %{x}").at, 3..7);
        // What is not of the text counts too.
        assert_eq!(mistake("LogFormat \"%h %{x}\" own ").at, 14..18);
        assert_eq!(mistake("\"%h %{x}\"").at, 4..8);
        assert_eq!(mistake("%h %{x}  ").at, 3..7);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(format: String, pieces in proptest::collection::vec(proptest::sample::select(
            vec!["%", "{", "}", "t", "h", ">", "!2", "\"", "\\", "é", " ", "U", "q", "^ti"]), 0..12)) {
            for (format, product) in [(format, Product::Apache), (pieces.concat(), Product::Tomcat)] {
                if let Err(error) = read(&format, product) {
                    proptest::prop_assert!(format.get(error.at.clone()).is_some(), "{:?}", error);
                }
            }
        }
    }
}
