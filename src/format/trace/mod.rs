//! Where the stack trace begins in an event of several lines, and what it says: Java, .NET, Node, Python, Go, PHP,
//! Ruby, Dart, Rust.
//!
//! ```text
//! Failed to persist order 0                            message
//! java.lang.RuntimeException: could not save order 0   head: error.type, error.message …
//! Detail: second line of message                       … which may go on
//!     at shop.App.svc(App.java:17)                     first frame
//! Caused by: java.lang.IllegalStateException: …        all of it is error.stack_trace, from the head to the end
//! ```
//!
//! The first frame is what tells a trace; the head is the first line above it that names an exception. Where no
//! line does, the line above the frame is the head. A trace goes to the end of the event: the frame rule has
//! already decided what belongs together.

mod head;
mod lines;
mod one_line;

use head::Head;
use lines::{Lines, Mark, mark};
use memchr::memmem;

pub use one_line::unfold;

/// An event's text taken apart. All slices of the text; none of them ends in blanks or line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace<'a> {
    /// What stands before the trace; where the trace begins the text, or begins within a line, all up to its first
    /// frame. Empty where the header's line says nothing more.
    pub message: &'a [u8],
    /// The exception's name; empty where the trace does not say.
    pub error_type: &'a [u8],
    /// What the exception says of itself; may be several lines, may be empty.
    pub error_message: &'a [u8],
    /// From the line that names the exception to the end.
    pub stack_trace: &'a [u8],
}

/// The exception that a trace names. Both may be empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exception<'a> {
    pub error_type: &'a [u8],
    pub error_message: &'a [u8],
}

/// Takes apart the text behind an event's header; `None` when it holds no trace. One that was written on a single
/// line is to be [unfolded](unfold) first.
pub fn split(text: &[u8]) -> Option<Trace<'_>> {
    memchr::memchr(b'\n', text)?;
    let found = Survey::of(text);
    if let Some(at) = found.python {
        return Some(python(text, at));
    }
    let frame = found.frame.or(found.cause);
    let (at, head) = match found.head {
        Some((at, head)) if frame.is_some() || head.strong => (at, Some(head)),
        _ => {
            let frame = frame?;
            if let Some(head) = head::raised(&text[frame..]) {
                (frame, Some(head))
            } else if let Some((at, head)) = head::within(Lines::new(text).next()?.1) {
                (at, Some(head))
            } else if let Some(head) = head::logged(Lines::new(&text[found.above.unwrap_or(0)..]).next()?.1) {
                (found.above.unwrap_or(0), Some(head))
            } else {
                (found.above.unwrap_or(frame), None)
            }
        }
    };
    // Between the head and the first frame (or cause) stands what the exception says.
    let said = [found.frame, found.cause]
        .into_iter()
        .flatten()
        .filter(|&end| end > at)
        .min()
        .unwrap_or(text.len());
    Some(assemble(
        text,
        at,
        head.map(|head| without_place(text, at, head, said)),
        said,
    ))
}

/// PHP's exceptions as a text: above `Stack trace:` the message ends with the place, ` in /srv/cart.php:17`.
fn without_place(text: &[u8], at: usize, head: Head, said: usize) -> Head {
    if head.message.end.is_some() || !text[said..].starts_with(b"Stack trace:") {
        return head;
    }
    let end = head::php_place(text[at..said].trim_ascii_end()).filter(|&end| end >= head.message.start);
    Head {
        message: head::Said { end, ..head.message },
        ..head
    }
}

/// What an exception's text says, where it is known to be one: `None` where its first line names no exception.
pub fn exception(text: &[u8]) -> Option<Exception<'_>> {
    if let Some(found) = split(text).filter(|found| !found.error_type.is_empty()) {
        return Some(Exception {
            error_type: found.error_type,
            error_message: found.error_message,
        });
    }
    let (_, line) = Lines::new(text).next()?;
    let head = head::of(line)?;
    let found = Survey::of(text);
    let frames = [found.frame, found.cause].into_iter().flatten().min();
    let said = text.get(head.message.start..head.message.end.or(frames).unwrap_or(text.len()));
    Some(Exception {
        error_type: &text[head.name],
        error_message: trim(said.unwrap_or_default()),
    })
}

/// The event's text cut at `at`, where the trace begins, with what its head (offsets from `at`) says up to `said`.
fn assemble<'a>(text: &'a [u8], at: usize, head: Option<Head>, said: usize) -> Trace<'a> {
    let (error_type, error_message) = match head {
        Some(head) => {
            let from = at + head.message.start;
            let to = head.message.end.map_or(said, |end| at + end);
            (
                &text[at + head.name.start..at + head.name.end],
                trim(text.get(from..to).unwrap_or_default()),
            )
        }
        None => (Default::default(), Default::default()),
    };
    // A trace that begins the text, or begins within a line, shares its words with the message.
    let shared = at == 0 || text[at - 1] != b'\n';
    let message = if shared { &text[..said] } else { &text[..at] };
    Trace {
        message: message.trim_ascii_end(),
        error_type,
        error_message,
        stack_trace: text[at..].trim_ascii_end(),
    }
}

fn trim(text: &[u8]) -> &[u8] {
    text.trim_ascii()
}

/// What one pass over the lines has found, up to the first frame.
#[derive(Default)]
struct Survey {
    frame: Option<usize>,
    /// The first line that ends what the exception says without being a frame (` ---> `, `Caused by: `).
    cause: Option<usize>,
    /// The first line (not the event's first, unless no other is there) that names an exception. One that says so by
    /// its name goes before a line that only begins like one.
    head: Option<(usize, Head)>,
    /// The last line before the frame that is neither blank nor the event's first.
    above: Option<usize>,
    /// The last `Traceback (most recent call last):`, when there is one.
    python: Option<Python>,
}

/// Where Python's traces begin and where the last of several begins: that one names the exception that counts.
#[derive(Clone, Copy)]
struct Python {
    first: usize,
    last: usize,
}

impl Survey {
    fn of(text: &[u8]) -> Survey {
        let mut found = Survey::default();
        let mut first_line = None;
        for (at, line) in Lines::new(text) {
            if let Some(python) = &mut found.python {
                if mark(line, true) == Some(Mark::Traceback) {
                    python.last = at;
                }
                continue;
            }
            let strong = |head: &Head| head.strong;
            let below_head = found.head.is_some() || first_line.as_ref().is_some_and(strong);
            match mark(line, below_head) {
                Some(Mark::Traceback) => found.python = Some(Python { first: at, last: at }),
                Some(Mark::Frame) => {
                    found.frame = Some(at);
                    break;
                }
                Some(Mark::Cause) if at > 0 => found.cause = found.cause.or(Some(at)),
                _ if at == 0 => first_line = head::of(line),
                _ => {
                    if found.head.as_ref().is_none_or(|(_, head)| head.is_vague())
                        && let Some(head) = head::of(line)
                        && (found.head.is_none() || head.strong && found.cause.is_none())
                    {
                        found.head = Some((at, head));
                    }
                    if !line.trim_ascii().is_empty() {
                        found.above = Some(at);
                    }
                }
            }
        }
        // An event that begins with the exception is a trace only where a frame follows: any log line may say
        // "IOException: …" or "panic: …".
        if found.frame.is_some() || found.cause.is_some() {
            found.head = found.head.or(first_line.map(|head| (0, head)));
        }
        found
    }
}

/// What stands before each line of an exception group of Python's.
const GROUP: &[u8] = b"  | ";

/// A Python trace names its exception below its frames, in the first line that is not indented.
fn python(text: &[u8], at: Python) -> Trace<'_> {
    let head = Lines::new(&text[at.last..])
        .skip(1)
        .find_map(|(below, line)| match line {
            [] | [b' ' | b'\t', ..] => {
                let body = line.strip_prefix(GROUP)?;
                let end = below + line.len();
                (!body.starts_with(b" ")).then_some((below + GROUP.len(), body, Some(end)))
            }
            _ => Some((below, line, None)),
        })
        .map(|(below, line, end)| {
            let shift = at.last - at.first + below;
            let name_end = memchr::memchr2(b':', b' ', line).unwrap_or(line.len());
            let said = memmem::find(line, b": ").map_or(line.len(), |colon| colon + 2);
            Head {
                name: shift..shift + name_end,
                message: head::Said {
                    start: shift + said,
                    end: end.map(|end| at.last - at.first + end),
                },
                strong: true,
            }
        });
    assemble(text, at.first, head, text.len())
}

#[cfg(test)]
mod tests;
