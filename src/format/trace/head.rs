use std::ops::Range;

use memchr::memmem;

/// A line that names an exception. Offsets are bytes from the start of the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The exception's name; empty for a kind of failure that has none (a Go panic).
    pub name: Range<usize>,
    pub message: Said,
    /// The shape alone says that this is an exception, frames or not.
    pub strong: bool,
}

impl Head {
    /// A qualified name that any text may begin with, such as `Order.Items: none`.
    pub fn is_vague(&self) -> bool {
        !self.strong && !self.name.is_empty()
    }
}

/// Where the exception's own message stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub start: usize,
    /// `None`: it goes on to the first frame.
    pub end: Option<usize>,
}

/// PHP's and the browsers' word for it.
const UNCAUGHT: &[u8] = b"Uncaught ";

/// What may stand before the exception's name.
const LEADS: [&[u8]; 6] = [
    b"Unhandled exception. ",
    b"Unhandled Exception: ",
    b"PHP Fatal error:  Uncaught ",
    b"Fatal error: Uncaught ",
    UNCAUGHT,
    b"Exception in thread ",
];

/// Lines that announce an exception which has no name there.
const NAMELESS: [&[u8]; 4] = [
    b"panic: ",
    b"fatal error: ",
    b"Unhandled exception:",
    b"http: panic serving ",
];

/// Rust: `thread 'main' panicked at src/main.rs:2:5:`, and the message below; before 1.73
/// `thread 'main' panicked at 'the message', src/main.rs:2:5`. Since 1.92 the thread has a number too.
const RUST_PANIC: &[u8] = b" panicked at ";

/// What Go writes behind a panic that something caught and raised again.
const RECOVERED: &[u8] = b" [recovered]";

/// The exception that the line names at its start.
pub(super) fn of(line: &[u8]) -> Option<Head> {
    if let Some(lead) = NAMELESS.iter().find(|lead| line.starts_with(lead)) {
        return Some(Head {
            name: 0..0,
            message: Said {
                start: lead.len(),
                end: lead
                    .ends_with(b": ")
                    .then_some(line.strip_suffix(RECOVERED).unwrap_or(line).len()),
            },
            // "panic: " may begin any line; its goroutines decide.
            strong: false,
        });
    }
    if line.starts_with(b"thread '") {
        let start = memmem::find(line, RUST_PANIC)? + RUST_PANIC.len();
        let message = match line[start..].first() {
            Some(b'\'') => Said {
                start: start + 1,
                end: memmem::rfind(line, b"', ").filter(|&end| end > start),
            },
            _ => Said {
                start: line.len(),
                end: None,
            },
        };
        return Some(Head {
            name: 0..0,
            message,
            strong: false,
        });
    }
    let mut at = 0;
    if let Some(lead) = LEADS.iter().find(|lead| line.starts_with(lead)) {
        at = lead.len();
        // Exception in thread "main" java.lang…
        if line[at..].starts_with(b"\"") {
            at += memmem::find(&line[at..], b"\" ")? + 2;
        }
    }
    if at == 0 && line.first() == Some(&b' ') {
        return rails(line);
    }
    // java.util.logging in Tomcat indents the whole trace.
    if let Some(body) = line.strip_prefix(b"\t") {
        return named(body, 0).filter(|head| head.strong).map(|head| Head {
            name: head.name.start + 1..head.name.end + 1,
            message: Said {
                start: head.message.start + 1,
                end: head.message.end.map(|end| end + 1),
            },
            ..head
        });
    }
    php(line, at).or_else(|| named(line, at))
}

/// The exception that the line names somewhere: `Failed to load Error: connect ECONNREFUSED`. Only a name that says
/// what it is counts. Also returns the name's offset, from which the head's own offsets count.
pub(super) fn within(line: &[u8]) -> Option<(usize, Head)> {
    let mut at = 0;
    while at < line.len() {
        let len = memchr::memchr(b' ', &line[at..]).unwrap_or(line.len() - at);
        let word = &line[at..at + len];
        if let Some(colon) = word.strip_suffix(b":")
            && is_failure(colon)
            && class_end(colon) == colon.len()
        {
            return Some((
                at,
                Head {
                    name: 0..colon.len(),
                    message: Said {
                        start: len,
                        end: None,
                    },
                    strong: true,
                },
            ));
        }
        at += len + 1;
    }
    None
}

/// Ruby's uncaught exception is its own first frame: `app.rb:3:in `foo': undefined method (NoMethodError)`.
pub(super) fn raised(text: &[u8]) -> Option<Head> {
    let line = super::Lines::new(text).next()?.1;
    let start = memmem::find(line, b"': ")? + 3;
    class_behind(line, start)
}

/// Ruby's Logger writes an exception as `undefined method (NoMethodError)` above its frames.
pub(super) fn logged(line: &[u8]) -> Option<Head> {
    let head = class_behind(line, 0)?;
    let name = &line[head.name.clone()];
    (is_failure(name) || memmem::find(name, b"::").is_some()).then_some(head)
}

/// What is said from `start` on, with the class in parentheses behind it.
fn class_behind(line: &[u8], start: usize) -> Option<Head> {
    let body = line[start..].strip_suffix(b")")?;
    let paren = start + memmem::rfind(body, b" (")?;
    let name = paren + 2..line.len() - 1;
    (!name.is_empty() && class_end(&line[name.clone()]) == name.len()).then_some(Head {
        name,
        message: Said {
            start,
            end: Some(paren),
        },
        strong: true,
    })
}

/// `Name: message`, `Name`, `Name (0x80131904): message`, `TypeError [ERR_CODE]: message`, `Name (message):`.
fn named(line: &[u8], at: usize) -> Option<Head> {
    let len = class_end(&line[at..]);
    let name = at..at + len;
    let failure = is_failure(&line[name.clone()]);
    if !failure && !is_dotted_class(&line[name.clone()]) {
        return None;
    }
    let rest = &line[name.end..];
    let skipped = match rest {
        [b' ', b'(', ..] => memmem::find(rest, b"): ").map(|end| end + 1),
        [b' ', b'[', ..] => memmem::find(rest, b"]: ").map(|end| end + 1),
        _ => Some(0),
    };
    let Some(skipped) = skipped else {
        return rails(line);
    };
    let start = match &rest[skipped..] {
        [] => line.len(),
        [b':'] => line.len(),
        [b':', b' ', ..] => name.end + skipped + 2,
        _ => return None,
    };
    let uncaught = line[..at].ends_with(UNCAUGHT);
    Some(Head {
        name,
        message: Said {
            start,
            end: php_place(line).filter(|&end| uncaught && end >= start),
        },
        strong: failure || at > 0,
    })
}

/// Where PHP says where it was: ` in /srv/cart.php:17` at the end of the line.
pub(super) fn php_place(line: &[u8]) -> Option<usize> {
    let colon = line.iter().rposition(|byte| !byte.is_ascii_digit())?;
    (line[colon] == b':' && colon + 1 < line.len())
        .then(|| memmem::rfind(&line[..colon], b" in "))
        .flatten()
}

/// Rails: ` ActionController::RoutingError (No route matches [GET] "/settings"):`.
fn rails(line: &[u8]) -> Option<Head> {
    let at = usize::from(line.first() == Some(&b' '));
    let len = class_end(line.get(at..)?);
    let name = at..at + len;
    let body = line[name.end..].strip_prefix(b" (")?.strip_suffix(b"):")?;
    let start = name.end + 2;
    is_failure(&line[name.clone()]).then_some(Head {
        name,
        message: Said {
            start,
            end: Some(start + body.len()),
        },
        strong: true,
    })
}

/// PHP 5: `exception 'Exception' with message 'Custom exception' in /app/test.php:5`.
fn php(line: &[u8], at: usize) -> Option<Head> {
    let body = line[at..].strip_prefix(b"exception '")?;
    let start = line.len() - body.len();
    let name = start..start + memchr::memchr(b'\'', body)?;
    let rest = &line[name.end..];
    let (start, end) = match rest.strip_prefix(b"' with message '") {
        Some(message) => (
            name.end + 16,
            memmem::rfind(message, b"' in ").map(|end| name.end + 16 + end),
        ),
        None => (line.len(), None),
    };
    Some(Head {
        name,
        message: Said { start, end },
        strong: true,
    })
}

/// How long the class name at the start is: `a.b.C$D`, `A.B+C`, `List`1[T]`, `A::B`, `App\Errors\E`.
fn class_end(text: &[u8]) -> usize {
    let mut at = 0;
    let starts = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_' || *byte >= 0x80;
    loop {
        if !text.get(at).is_some_and(starts) {
            // Nothing, or a separator that separates nothing.
            return text[..at]
                .iter()
                .rposition(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80 || *byte == b'_')
                .map_or(0, |last| last + 1);
        }
        at += text[at..]
            .iter()
            .take_while(|&byte| starts(byte) || byte.is_ascii_digit() || *byte == b'$')
            .count();
        if text.get(at) == Some(&b'`') {
            at += 1 + text[at + 1..]
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            if text.get(at) == Some(&b'[') {
                at += memchr::memchr(b']', &text[at..]).map_or(0, |end| end + 1);
            }
        }
        match text.get(at..) {
            Some([b'.' | b'+' | b'\\', ..]) => at += 1,
            Some([b':', b':', ..]) => at += 2,
            _ => return at,
        }
    }
}

/// What the names of most exceptions end with.
const FAILURES: [&[u8]; 3] = [b"Exception", b"Error", b"Throwable"];

/// The name, or that of a class around it (`HttpClientErrorException$NotFound`), says that this is an exception.
fn is_failure(name: &[u8]) -> bool {
    // A generic exception's parameters are not its name.
    let name = memchr::memchr(b'`', name).map_or(name, |generic| &name[..generic]);
    name.split(|&byte| byte == b'$')
        .any(|class| FAILURES.iter().any(|ending| class.ends_with(ending)))
}

/// A qualified name whose last part begins with a capital: a class, but perhaps no exception.
fn is_dotted_class(name: &[u8]) -> bool {
    name.iter()
        .rposition(|byte| matches!(byte, b'.' | b'\\'))
        .is_some_and(|dot| name.get(dot + 1).is_some_and(u8::is_ascii_uppercase))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(line: &str) -> Option<(&str, &str, bool)> {
        let head = of(line.as_bytes())?;
        let end = head.message.end.unwrap_or(line.len());
        Some((&line[head.name], &line[head.message.start..end], head.strong))
    }

    #[test]
    fn an_exception_is_named_in_many_ways() {
        for (line, name, message) in [
            (
                "java.lang.IllegalStateException: x: y",
                "java.lang.IllegalStateException",
                "x: y",
            ),
            (
                "com.acme.Outer$InnerException",
                "com.acme.Outer$InnerException",
                "",
            ),
            (
                "org.acme.HttpException$NotFound: 404 : \"x\"",
                "org.acme.HttpException$NotFound",
                "404 : \"x\"",
            ),
            (
                "Exception in thread \"main\" java.lang.Error: x",
                "java.lang.Error",
                "x",
            ),
            ("Acme.Repo+SaveException: x", "Acme.Repo+SaveException", "x"),
            (
                "Acme.FaultException`1[Acme.Detail]: x",
                "Acme.FaultException`1[Acme.Detail]",
                "x",
            ),
            (
                "Microsoft.Data.SqlException (0x80131904): x",
                "Microsoft.Data.SqlException",
                "x",
            ),
            (
                "Unhandled exception. System.Exception: x",
                "System.Exception",
                "x",
            ),
            (
                "TypeError: x is not a function",
                "TypeError",
                "x is not a function",
            ),
            ("TypeError [ERR_INVALID_ARG]: x", "TypeError", "x"),
            ("Error", "Error", ""),
            (
                " Action::RoutingError (No route [GET] (x)):",
                "Action::RoutingError",
                "No route [GET] (x)",
            ),
            (
                "NoMethodError (undefined method `x'):",
                "NoMethodError",
                "undefined method `x'",
            ),
            (
                "exception 'Exception' with message 'it's' in /t.php:5",
                "Exception",
                "it's",
            ),
            (
                "PHP Fatal error:  Uncaught App\\E\\FooException: x in /t.php:5",
                "App\\E\\FooException",
                "x",
            ),
            ("Uncaught TypeError: x in y", "TypeError", "x in y"),
        ] {
            assert_eq!(parts(line), Some((name, message, true)), "{line}");
        }
        assert_eq!(
            parts("com.acme.Problem: x"),
            Some(("com.acme.Problem", "x", false))
        );
        assert_eq!(parts("panic: my panic"), Some(("", "my panic", false)));
    }

    #[test]
    fn other_lines_name_none() {
        for line in [
            "",
            "Error parsing HTTP request header",
            "Detail: second line of message",
            "Caused by the user",
            " Note: further occurrences",
            "IOException while reading",
            "SELECT o.Id, o.Name",
            "thread 'main' waits",
            "...",
            "日本",
            "a.b.",
        ] {
            assert_eq!(parts(line), None, "{line}");
        }
    }

    #[test]
    fn a_class_behind_what_was_said_is_found() {
        let line = b"undefined method `total' (x) (NoMethodError)";
        let head = logged(line).unwrap();
        assert_eq!(&line[head.name], b"NoMethodError");
        assert_eq!(head.message.end, Some(28));
        assert!(logged(b"no order (ActiveRecord::RecordNotFound)").is_some());
        for other in [
            "order placed (4711)",
            "order placed (Shop)",
            "(Error)",
            "x (Error) y",
        ] {
            assert_eq!(logged(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn a_name_within_a_line_is_found() {
        let (at, head) = within(b"Failed to load Error: connect").unwrap();
        assert_eq!((at, head.name, head.message.start), (15, 0..5, 6));
        assert_eq!(within(b"Failed: Error loading (Error: x)"), None);
    }
}
