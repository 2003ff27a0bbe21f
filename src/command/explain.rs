//! Why an event is unmatched, in the form in which compilers say such things: the event with a caret where the best
//! pattern stopped, and that pattern with a mark under the piece that was expected there.

use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

use crate::pattern::Explanation;
use crate::pipeline::{Because, Unmatched};

/// Characters of a line shown before and behind the place.
const AROUND: usize = 90;

/// Other patterns that are named with what stopped them; the rest is counted.
const OTHERS_MAX: usize = 4;

/// The explanation of the event with this number, from 1. It does not end in a line end.
pub fn render(unmatched: &Unmatched, pipeline: &str, event: usize, color: bool) -> String {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let path = format!("event {event}");
    let patterns = match &unmatched.because {
        Because::Patterns(patterns) => patterns,
        Because::Format { noun, at, message } => {
            let title = format!("this event is not {noun}, so `{pipeline}` cannot read it");
            let place = line_at(&unmatched.text, *at);
            let event = stopped(&place, &path, message);
            let group = Group::with_title(Level::ERROR.primary_title(title)).element(event);
            return renderer.render(&[group]);
        }
    };
    let mut order: Vec<(usize, &Explanation)> = patterns.iter().enumerate().collect();
    // Of those that get equally far the first, as when they are tried.
    order.sort_by_key(|(_, explanation)| std::cmp::Reverse(explanation.at));
    let Some((number, best)) = order.first() else {
        return format!("`{pipeline}` has no pattern that says more of this event");
    };

    let title = match patterns.len() {
        1 => format!("the pattern of `{pipeline}` does not match this event"),
        _ => format!("no pattern of `{pipeline}` matches this event"),
    };
    let place = line_at(&unmatched.text, best.at);
    let event = stopped(&place, &path, &best.message);
    let pattern_path = format!("pattern {}", number + 1);
    let (before, piece, behind) = pieces(best);
    let (_, written) = line_at(format!("{before}{piece}{behind}").as_bytes(), before.len());
    let expected = written.marked(piece.len());
    let pattern = Snippet::source(&written.text)
        .path(&pattern_path)
        .annotation(AnnotationKind::Context.span(expected).label("expected here"));
    let mut group = Group::with_title(Level::ERROR.primary_title(title))
        .element(event)
        .element(pattern);
    let others = others(&order[1..], &unmatched.text);
    for other in &others {
        group = group.element(Level::NOTE.message(other.as_str()));
    }
    renderer.render(&[group])
}

/// The event's line with a caret where it stopped.
fn stopped<'p>(
    (line, shown): &'p (usize, Shown),
    path: &'p str,
    message: &'p str,
) -> Snippet<'p, Annotation<'p>> {
    let caret = AnnotationKind::Primary.span(shown.token.clone()).label(message);
    Snippet::source(&shown.text)
        .path(path)
        .line_start(*line)
        .annotation(caret)
}

/// The pattern before the piece that was expected, that piece (nothing: the end), and the pattern behind it. On one
/// line: its line ends are shown as they are written in a file.
fn pieces(explanation: &Explanation) -> (String, String, String) {
    let text = &explanation.text;
    let Range { start, end } = explanation.pattern;
    let shown = |range: Range<usize>| text.get(range).unwrap_or_default().replace('\n', "\\n");
    (shown(0..start), shown(start..end), shown(end..text.len()))
}

/// What stopped the other patterns, the furthest first; those that stopped alike in one sentence.
fn others(order: &[(usize, &Explanation)], text: &[u8]) -> Vec<String> {
    let mut groups: Vec<(Vec<usize>, &Explanation)> = Vec::new();
    for &(number, explanation) in order {
        let same = groups
            .iter_mut()
            .find(|(_, first)| first.at == explanation.at && first.message == explanation.message);
        match same {
            Some((numbers, _)) => numbers.push(number + 1),
            None => groups.push((vec![number + 1], explanation)),
        }
    }
    let more: usize = groups
        .iter()
        .skip(OTHERS_MAX)
        .map(|(numbers, _)| numbers.len())
        .sum();
    let mut said: Vec<String> = groups
        .iter()
        .take(OTHERS_MAX)
        .map(|(numbers, explanation)| {
            let (noun, verb) = match numbers.len() {
                1 => ("pattern", "stops"),
                _ => ("patterns", "stop"),
            };
            let numbers: Vec<String> = numbers.iter().map(usize::to_string).collect();
            let place = place(text, explanation.at);
            let numbers = numbers.join(", ");
            format!("{noun} {numbers} {verb} {place}: {}", explanation.message)
        })
        .collect();
    match more {
        0 => {}
        1 => said.push("1 more pattern stops before that".to_owned()),
        _ => said.push(format!("{more} more patterns stop before that")),
    }
    said
}

/// `at column 7`, or with its line where that is not the first.
fn place(text: &[u8], at: usize) -> String {
    let before = &text[..at.min(text.len())];
    let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
    let from = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
    let column = String::from_utf8_lossy(&before[from..]).chars().count() + 1;
    match line {
        1 => format!("at column {column}"),
        _ => format!("in line {line} at column {column}"),
    }
}

/// A line as a terminal can show it.
struct Shown {
    text: String,
    /// Bytes of `text`: from the place to the next blank.
    token: Range<usize>,
}

impl Shown {
    /// So many bytes from the place on, as far as they are shown.
    fn marked(&self, length: usize) -> Range<usize> {
        let mut end = (self.token.start + length).min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        self.token.start..end
    }
}

/// The line that holds byte `at`, with its number from 1. A long line is cut to what is around that byte; what a
/// terminal cannot show is replaced.
fn line_at(text: &[u8], at: usize) -> (usize, Shown) {
    let at = at.min(text.len());
    let number = text[..at].iter().filter(|&&byte| byte == b'\n').count() + 1;
    let from = memchr::memrchr(b'\n', &text[..at]).map_or(0, |end| end + 1);
    let to = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |end| at + end);
    let before = clean(&text[from..at]);
    let behind = clean(&text[at..to]);

    let skipped = before.chars().count().saturating_sub(AROUND);
    let mut shown: String = before.chars().skip(skipped).collect();
    if skipped > 0 {
        shown.insert(0, '…');
    }
    let start = shown.len();
    let token = match behind.find(char::is_whitespace) {
        // Where a blank was not expected, or nothing is left, one column is marked.
        Some(0) => 1,
        Some(blank) => blank,
        None => behind.len(),
    };
    let cut = behind
        .char_indices()
        .nth(AROUND)
        .map_or(behind.len(), |(cut, _)| cut);
    shown.push_str(&behind[..cut]);
    let end = start + token.min(cut);
    if cut < behind.len() {
        shown.push('…');
    }
    let token = start..end;
    (number, Shown { text: shown, token })
}

/// Text that moves no cursor.
fn clean(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .chars()
        .map(|c| match c {
            '\t' => ' ',
            c if c.is_control() => '\u{FFFD}',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Diagnostics, PipelineFile, SourceFile};
    use crate::event::Timestamp;
    use crate::pipeline::{HostWords, Library, compile};
    use proptest::prelude::*;

    fn explained(patterns: &str, text: &[u8]) -> String {
        let mut diagnostics = Diagnostics::new();
        let file = SourceFile::new("orders.toml", format!("[parse]\npatterns = {patterns}\n"));
        let file = PipelineFile::read("orders", file, &mut diagnostics).unwrap();
        let library = Library::shipped();
        let pipeline = compile(&file, &library, &HostWords::default(), &mut diagnostics).unwrap();
        let mut clock = pipeline.clock(Timestamp::from_millis(0));
        render(&pipeline.explain(text, &mut clock), "orders", 3, false)
    }

    #[test]
    fn the_pattern_that_gets_furthest_comes_first() {
        let patterns = "['{a:int} {b:int}', '{a:int} {b:level} took={c:millis}', '{a:ip}', '{a:clf}']";
        let expected = "\
error: no pattern of `orders` matches this event
 --> event 3:1:15
  |
1 | 17 ready took=n/a x
  |               ^^^ expected a number of milliseconds for c
  |
 ::: pattern 2:1:24
  |
1 | {a:int} {b:level} took={c:millis}
  |                        ---------- expected here
  |
  = note: pattern 1 stops at column 4: expected a whole number for b
  = note: pattern 3 stops at column 1: expected an ip address for a
  = note: pattern 4 stops at column 1: expected a time such as `22/Nov/2026:17:28:30 +0100` for a";
        assert_eq!(explained(patterns, b"17 ready took=n/a x"), expected);
    }

    #[test]
    fn the_line_is_the_one_where_it_stops_and_the_end_is_a_place() {
        let text = explained("[\"{a:int}\\n{c:int} x\"]", b"1\ny");
        assert!(
            text.contains("\n2 | y\n  | ^ expected a whole number for c"),
            "{text}"
        );
        assert!(
            text.contains("\n1 | {a:int}\\n{c:int} x\n  |          ------- expected here"),
            "{text}"
        );
        let text = explained("[\"{a:int}\\n{c:int}\"]", b"1 y");
        assert!(text.contains("expected `\\n` after a"), "{text}");
        let text = explained("['{a:int} end']", b"17");
        assert!(text.contains("1 | 17\n  |   ^ expected ` end` after a"), "{text}");
    }

    fn explained_by(pipeline: &str, text: &str) -> String {
        let mut diagnostics = Diagnostics::new();
        let library = Library::shipped();
        let file = library.pipeline(pipeline, &mut diagnostics).unwrap();
        let compiled = compile(&file, &library, &HostWords::default(), &mut diagnostics).unwrap();
        let mut clock = compiled.clock(Timestamp::from_millis(0));
        render(&compiled.explain(text.as_bytes(), &mut clock), pipeline, 1, false)
    }

    #[test]
    fn what_a_format_expected_is_said_where_it_was_missing() {
        let expected = "\
error: this event is not a JSON object, so `json-lines` cannot read it
 --> event 1:1:25
  |
1 | {\"message\":\"x\",\"a\":[1,2,}
  |                         ^ expected a value";
        assert_eq!(
            explained_by("json-lines", "{\"message\":\"x\",\"a\":[1,2,}"),
            expected
        );
        for (pipeline, text, place, expected) in [
            ("json-lines", "level=info", "1:1", "expected `{`"),
            ("json-lines", "{\"a\":1", "1:7", "the event ends within an object"),
            ("json-lines", "{\"a\" 1}", "1:6", "expected `:`"),
            ("json-lines", "{\"a\":1} x", "1:9", "expected the end"),
            ("json-lines", "{\n\"a\": 1,\n\"b\" 2}", "3:5", "expected `:`"),
            (
                "logfmt",
                "level=info msg=\"abc",
                "1:11",
                "expected a value whose quote is closed",
            ),
            ("logfmt", "not pairs", "1:1", "expected `key=value`"),
            (
                "syslog-rfc5424",
                "<34>1 2026-13-01 web app - - - x",
                "1:7",
                "expected a time of RFC 3339, or `-`",
            ),
            (
                "syslog-rfc5424",
                "some text",
                "1:1",
                "expected `<priority>`, or a time",
            ),
            (
                "iis-w3c",
                "2026-11-22 17:28:30",
                "1:1",
                "expected a `#Fields` header before this line",
            ),
        ] {
            let said = explained_by(pipeline, text);
            let there = said.contains(&format!("event 1:{place}\n")) && said.contains(expected);
            assert!(there, "{pipeline}: {said}");
        }
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let line = format!("{}: {}", "x".repeat(1000), "y".repeat(1000));
        let text = explained("['{a}: {b:int}']", line.as_bytes());
        assert!(text.lines().all(|line| line.chars().count() < 260), "{text}");
        assert!(text.contains('…'), "{text}");
    }

    #[test]
    fn many_patterns_are_counted() {
        let patterns: Vec<String> = (0..9).map(|n| format!("'{}{{a}}'", "=".repeat(n + 1))).collect();
        let text = explained(&format!("[{}]", patterns.join(", ")), b"x");
        assert_eq!(text.matches("note:").count(), OTHERS_MAX + 1, "{text}");
        assert!(text.ends_with("4 more patterns stop before that"), "{text}");
    }

    proptest! {
        #[test]
        fn any_event_is_explained(text in prop::collection::vec(any::<u8>(), 0..300)) {
            explained("['{a:int} {b:int}', '{a}=é{b}', '{a}end']", &text);
        }
    }
}
