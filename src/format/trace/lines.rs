use memchr::memmem;

/// The lines of a text with their offsets; a line has neither its `\n` nor a `\r` before that.
pub(super) struct Lines<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    pub fn new(text: &'a [u8]) -> Self {
        Lines { text, at: 0 }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = (usize, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.at;
        let rest = self.text.get(at..).filter(|rest| !rest.is_empty())?;
        let len = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        self.at = at + len + 1;
        let line = &rest[..len];
        Some((at, line.strip_suffix(b"\r").unwrap_or(line)))
    }
}

/// What a line's shape says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// A call, or the line that announces the calls.
    Frame,
    /// Ends what the exception above it says: mostly names its cause.
    Cause,
    /// Python's first line, below which come frames and then the exception.
    Traceback,
}

/// `below_head`: a line above this one names an exception, so a shape that alone would say little counts too.
pub(super) fn mark(line: &[u8], below_head: bool) -> Option<Mark> {
    let body = line.trim_ascii_start();
    let indent = line.len() - body.len();
    let frame = match body.first()? {
        b'a' if indent > 0 && body.starts_with(b"at ") => is_call(&body[3..]),
        b'e' if indent > 0 && body.starts_with(b"eval at ") => is_call(&body[8..]),
        // "... 27 more", "... 27 common frames omitted"
        b'.' if indent > 0 => body.strip_prefix(b"... ").is_some_and(starts_with_digit),
        b'#' => is_numbered_call(&body[1..]),
        b'g' if indent == 0 => body.strip_prefix(b"goroutine ").is_some_and(starts_with_digit),
        b'S' => body == b"Stack trace:",
        b'[' => body == b"[stacktrace]",
        b's' => body == b"stack backtrace:",
        b'-' if body.starts_with(b"---> ") => return Some(Mark::Cause),
        b'C' if body.starts_with(b"Caused by: ") => return Some(Mark::Cause),
        // Rust without a backtrace
        b'n' if below_head && is_rust_note(body) => return Some(Mark::Cause),
        // .NET says which file it did not find between the message and the frames.
        b'F' if below_head && body.starts_with(b"File name: '") => return Some(Mark::Cause),
        _ => false,
    };
    if body.ends_with(b"Traceback (most recent call last):") {
        return Some(Mark::Traceback);
    }
    // Elasticsearch's JSON has the lines of a trace without their blanks.
    let is_bare = |body: &[u8]| indent == 0 && body.starts_with(b"at ");
    let frame = frame
        || is_ruby_call(line)
        || (below_head && (indent == 3 || is_bare(body)) && is_foreign_call(body));
    frame.then_some(Mark::Frame)
}

/// `` note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace ``
fn is_rust_note(body: &[u8]) -> bool {
    matches!(body.strip_prefix(b"note: "), Some([b'R' | b'r', rest @ ..]) if rest.starts_with(b"un with `RUST_BACKTRACE"))
}

fn starts_with_digit(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_digit)
}

/// What follows `at `: a call has its parentheses, or ends in the line (and column) of a file.
fn is_call(call: &[u8]) -> bool {
    memchr::memchr(b'(', call).is_some()
        || call.ends_with(b"<anonymous>")
        || call
            .iter()
            .rposition(|byte| !byte.is_ascii_digit())
            .is_some_and(|colon| call[colon] == b':' && colon + 1 < call.len())
}

/// What follows the `#` of PHP, Dart and C's sanitizers: `0 /app/test.php(9): func1()`, `1 {main}`,
/// `0 0x4f7e2d in main /a.c:5:10`.
fn is_numbered_call(text: &[u8]) -> bool {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0
        && text[digits..].strip_prefix(b" ").is_some_and(|call| {
            let call = call.trim_ascii_start();
            call == b"{main}" || call.starts_with(b"0x") || call.contains(&b'(')
        })
}

/// `app/models/order.rb:69:in `total'` (since Ruby 3.4: `:in 'Order#total'`).
fn is_ruby_call(line: &[u8]) -> bool {
    memmem::find(line, b":in ").is_some_and(|at| {
        at > 0 && line[at - 1].is_ascii_digit() && matches!(line.get(at + 4), Some(b'`' | b'\''))
    })
}

/// .NET translates the word `at`: `   bei Acme.Repo.Save(Int32 id) in C:\Repo.cs:Zeile 14.` What stays is one word,
/// one blank, and a dotted name that runs to its parentheses.
fn is_foreign_call(body: &[u8]) -> bool {
    let Some(blank) = memchr::memchr(b' ', body) else {
        return false;
    };
    let call = &body[blank + 1..];
    let Some(paren) = memchr::memchr(b'(', call) else {
        return false;
    };
    let name = &call[..paren];
    name.first().is_some_and(|byte| !byte.is_ascii_punctuation())
        && name.contains(&b'.')
        && !name.contains(&b' ')
        && call[paren..].contains(&b')')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_told_from_prose() {
        for line in [
            "\tat shop.App.svc(App.java:17)",
            "\tat java.base/jdk.internal.reflect.NativeMethodAccessorImpl.invoke0(Native Method)",
            "\t... 29 common frames omitted",
            "   at Acme.Crm.Api.Repo.Save(Int32 id)",
            "    at node:internal/main/run_main_module:28:49",
            "  at /app/app.js:52:3",
            "    at async Promise.all (index 0)",
            "  eval at Foo.a (eval at Bar.z (myscript.js:10:3))",
            "#0 /home/joe/test.php(9): func1()",
            "#1      main (file:///test/main.dart:24:5)",
            "#2 {main}",
            "    #0 0x4f7e2d in main /a.c:5:10",
            "#3 [internal function]: {closure}(1)",
            "goroutine 4 [running]:",
            "\tfrom app.rb:3:in `block in run'",
            "  rack (2.0.3) lib/rack/runtime.rb:22:in `call'",
            "app.rb:3:in 'Order#total'",
        ] {
            assert_eq!(mark(line.as_bytes(), false), Some(Mark::Frame), "{line}");
        }
        for line in [
            "",
            "   ",
            "at shop.App.svc(App.java:17)",
            "  at noon we meet",
            "  ... and more",
            "#hashtag one",
            "#1 apples",
            "#12",
            "# 1 heading",
            "goroutine leak",
            "   in foo.bar(x)",
            "checked in 'main'",
        ] {
            assert_eq!(mark(line.as_bytes(), false), None, "{line}");
        }
    }

    #[test]
    fn translated_frames_count_below_an_exception() {
        for line in [
            "   bei Acme.Crm.Api.Repo.Save(Int32 id) in C:\\a b\\Repo.cs:Zeile 14.",
            "   à Acme.Crm.Api.Repo.Save(Int32 id)",
            "   場所 Acme.Crm.Api.Program.Main(String[] args)",
            "at org.elasticsearch.env.NodeEnvironment.<init>(NodeEnvironment.java:1) ~[?:?]",
        ] {
            assert_eq!(mark(line.as_bytes(), false), None, "{line}");
            assert_eq!(mark(line.as_bytes(), true), Some(Mark::Frame), "{line}");
        }
        for line in [
            "   FROM orders o (x)",
            "at least 3 of shop.orders (x)",
            "at 17.5 (UTC)",
        ] {
            assert_eq!(mark(line.as_bytes(), true), None, "{line}");
        }
    }

    #[test]
    fn lines_know_their_place() {
        let lines: Vec<_> = Lines::new(b"a\r\n\nb\rc").collect();
        assert_eq!(lines, [(0, b"a".as_slice()), (3, b""), (4, b"b\rc")]);
        assert_eq!(Lines::new(b"").count(), 0);
    }
}
