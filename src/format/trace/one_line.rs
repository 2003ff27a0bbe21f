use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;
use memchr::memmem;

use super::head;
use super::lines::{Mark, mark};

/// Bytes at the start of an exception's line that its name and what follows it directly stand in.
const HEAD_BYTES_MAX: usize = 512;

/// Blanks before a call, and before `--- End of inner exception stack trace ---`.
const CALL_INDENT: usize = 3;

/// Blanks before ` ---> `, which leads to the inner exception.
const CAUSE_INDENT: usize = 1;

/// What .NET begins a further line of an exception's message with, as far as it does so always.
const LABELS: [&[u8]; 6] = [
    b"File name: '",
    b"Parameter name: ",
    b"Actual value was ",
    b"DETAIL: ",
    b"Details: ",
    b"Detail: ",
];

/// Puts the line ends back into a .NET event that was written on one line, where each has become a blank
/// (`SingleLine` of ASP.NET's console): before the exception, before each call, before each inner exception. `None`
/// for a text of several lines, and for one that holds no trace.
///
/// What is indented tells its own line end. A line of the exception's message is told only by its `LABELS`.
pub fn unfold<'a>(text: &[u8], arena: &'a Bump) -> Option<&'a [u8]> {
    if memchr::memchr(b'\n', text).is_some() {
        return None;
    }
    let (indented, _) = Gaps::new(text).find(|(_, gap)| gap.indent == CALL_INDENT && gap.call)?;
    let at = exception(&text[..indented])?;
    let mut out = ArenaVec::with_capacity_in(text.len(), arena);
    if at > 0 {
        out.extend_from_slice(text[..at].trim_ascii_end());
        out.push(b'\n');
    }
    let trace = &text[at..];
    let mut done = 0;
    for (from, gap) in Gaps::new(trace) {
        unfold_labels(&trace[done..from], &mut out);
        out.extend(std::iter::repeat_n(b'\n', gap.blanks - gap.indent));
        out.extend(std::iter::repeat_n(b' ', gap.indent));
        done = from + gap.blanks;
    }
    unfold_labels(&trace[done..], &mut out);
    Some(out.into_bump_slice())
}

/// Blanks that hold a line end.
struct Gap {
    blanks: usize,
    /// How many of them are the next line's own.
    indent: usize,
    /// The next line is a call.
    call: bool,
}

/// The gaps of a text, with where they begin.
struct Gaps<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Gaps<'t> {
    fn new(text: &'t [u8]) -> Self {
        Gaps { text, at: 0 }
    }
}

impl Iterator for Gaps<'_> {
    type Item = (usize, Gap);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let from = self.at + memmem::find(&self.text[self.at..], b"  ")?;
            let blanks = blanks(&self.text[from..]);
            self.at = from + blanks;
            let rest = &self.text[self.at..];
            let line = &rest[..memmem::find(rest, b"  ").unwrap_or(rest.len())];
            let call = || {
                let indented = &self.text[self.at.saturating_sub(CALL_INDENT)..self.at + line.len()];
                blanks > CALL_INDENT && mark(indented, true) == Some(Mark::Frame)
            };
            let (indent, call) = if line.starts_with(b"---> ") {
                (CAUSE_INDENT, false)
            } else if line.starts_with(b"--- ") {
                (CALL_INDENT, false)
            } else if call() {
                (CALL_INDENT, true)
            } else {
                continue;
            };
            if blanks > indent {
                return Some((from, Gap { blanks, indent, call }));
            }
        }
    }
}

fn blanks(text: &[u8]) -> usize {
    text.iter().take_while(|&&byte| byte == b' ').count()
}

/// Where the exception begins: the first word that is its full name, else the first that is a name of one.
fn exception(text: &[u8]) -> Option<usize> {
    let mut plain = None;
    let mut at = 0;
    while at < text.len() {
        let window = &text[at..text.len().min(at + HEAD_BYTES_MAX)];
        if let Some(head) = head::of(window).filter(|head| head.strong) {
            if window[head.name].contains(&b'.') {
                return Some(at);
            }
            plain = plain.or(Some(at));
        }
        at += memchr::memchr(b' ', &text[at..]).map_or(text.len(), |blank| blank + 1);
    }
    plain
}

fn unfold_labels(text: &[u8], out: &mut ArenaVec<'_, u8>) {
    let mut done = 0;
    for at in memchr::memchr_iter(b' ', text) {
        if LABELS.iter().any(|label| text[at + 1..].starts_with(label)) {
            out.extend_from_slice(&text[done..at]);
            out.push(b'\n');
            done = at + 1;
        }
    }
    out.extend_from_slice(&text[done..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unfolded(text: &str) -> Option<String> {
        let arena = Bump::new();
        unfold(text.as_bytes(), &arena).map(|text| String::from_utf8_lossy(text).into_owned())
    }

    #[test]
    fn the_lines_of_a_trace_come_back() {
        for text in [
            "Host terminated\nSystem.AggregateException: One or more (x\nDetails: see \"inner\")\n ---> \
             A.BException: y\n ---> System.IO.FileNotFoundException: z\nFile name: '/z'\n   at A.B.C(Int32 id)\n   \
             --- End of inner exception stack trace ---\n   at A.B.D()\n ---> (Inner Exception #1) A.BException: \
             w\n   at A.B.C()<---\n\n ---> (Inner Exception #2) A.BException: v\n   at A.B.C()<---",
            "Retry Error: 5\nMicrosoft.Data.SqlClient.SqlException (0x80131904): Invalid  object\n   at A.B.C() in /src/a b.cs:line 7",
            "Fehler\nSystem.InvalidOperationException: x\n   bei A.B.C(Int32 id)\n   \
             --- Ende der internen Ausnahmestapelüberwachung ---\n   bei A.B.D()",
            "System.Exception: x\n   at A.B.C()",
        ] {
            assert_eq!(unfolded(&text.replace('\n', " ")).as_deref(), Some(text));
        }
    }

    #[test]
    fn other_texts_stay_as_they_are() {
        for text in [
            "",
            "Saved",
            "meet    at noon",
            "System.Exception: x",
            "nobody threw    at A.B.C()",
            "System.Exception: x\n   at A.B.C()",
            "System.Exception: x   at A.B.C()",
        ] {
            assert_eq!(unfolded(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn only_blanks_become_line_ends(
            text in "(AException: |a\\.BError: | {1,5}|at |--- |---> |A\\.B\\(\\)|Details: |bei |é){0,30}",
        ) {
            if let Some(found) = unfolded(&text) {
                let squeeze = |text: &str| text.replace(['\n', ' '], "");
                prop_assert_eq!(squeeze(&found), squeeze(&text));
                prop_assert!(found.len() <= text.len());
            }
        }
    }
}
