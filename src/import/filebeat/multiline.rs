//! Which line begins an event.

use super::yaml::Node;
use super::{Import, seconds};
use crate::import::grok;
use crate::import::pattern::{Capture, Part, Pattern};
use crate::import::pipeline::Frame;

impl Import {
    pub(super) fn multiline(&mut self, mut node: Node, frame: &mut Frame) {
        let kind = node.take("type");
        let result = match kind.as_ref().and_then(Node::text) {
            None | Some("pattern") => start(&mut node),
            Some(other) => Err(format!(
                "multi-line events of type `{other}`: say which line begins an event, with `start` in [frame]"
            )),
        };
        match result {
            Ok(start) => {
                frame.start = start;
                self.note(&node, "`multiline`", Ok("[frame] start"));
            }
            Err(why) => self.note(&node, "`multiline`", Err(why)),
        }
        if let Some(timeout) = node.take("timeout") {
            frame.flush = timeout.text().map(seconds);
            self.note(&timeout, "`multiline.timeout`", Ok("[frame] flush"));
        }
        if let Some(lines) = node.take("max_lines") {
            frame.lines_max = lines.scalar().and_then(|value| value.as_i64());
            self.note(&lines, "`multiline.max_lines`", Ok("[frame] lines_max"));
        }
        for (name, left) in node.leaves() {
            let why = "which line begins an event is all that [frame] asks".to_owned();
            self.note(left, &format!("`multiline.{name}`"), Err(why));
        }
    }
}

/// The patterns of the lines that begin an event.
fn start(node: &mut Node) -> Result<Vec<Pattern>, String> {
    let pattern = node.take("pattern");
    let negate = node.take("negate").is_some_and(|node| node.is_true());
    let place = node.take("match");
    let text = pattern.as_ref().and_then(Node::text).unwrap_or_default();
    of(
        text,
        negate,
        place.as_ref().and_then(Node::text) != Some("before"),
    )
}

/// Likewise: lines that match `text`, or with `negate` those that do not, follow the line before them, or without
/// `after` the line behind them.
pub fn of(text: &str, negate: bool, after: bool) -> Result<Vec<Pattern>, String> {
    match (negate, after) {
        (true, true) => grok::search(text, false).map_err(|refused| format!("its expression {refused}")),
        (false, true) if follows_by_blanks(text) => Ok(unindented()),
        (false, true) => {
            Err("it says which lines follow; `start` in [frame] says which line begins an event".to_owned())
        }
        (_, false) => {
            Err("it says which line ends an event; `start` in [frame] says which line begins one".to_owned())
        }
    }
}

/// Whether an expression stands for lines that begin with a blank.
fn follows_by_blanks(text: &str) -> bool {
    let forms = [r"\s", "[[:space:]]", r"[ \t]", r"[\s]", " ", r"[\t ]"];
    text.strip_prefix('^').is_some_and(|rest| {
        let rest = rest.trim_end_matches(['+', '*']);
        forms.contains(&rest)
    })
}

/// A word at the beginning: the whole line, or the line with more behind it.
fn unindented() -> Vec<Pattern> {
    let word = || Part::Capture(Capture::new(None, Some("word")));
    let rest = Part::Capture(Capture::new(None, None));
    vec![
        Pattern {
            parts: vec![word(), Part::Blanks, rest],
        },
        Pattern { parts: vec![word()] },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts() {
        let written = |text: &str, negate, after| -> Result<Vec<String>, String> {
            let patterns = of(text, negate, after)?;
            Ok(patterns.iter().map(Pattern::written).collect())
        };
        assert_eq!(
            written(r"^\d{4}-", true, true),
            Ok(vec!["{_:int}-{_}".to_owned()])
        );
        assert_eq!(
            written(r"^[[:space:]]+", false, true),
            Ok(vec!["{_:word}  {_}".to_owned(), "{_:word}".to_owned()])
        );
        assert!(
            written("^at", false, true)
                .unwrap_err()
                .contains("which lines follow")
        );
        assert!(
            written(r"\\$", false, false)
                .unwrap_err()
                .contains("ends an event")
        );
        assert!(written("(?=a)", true, true).unwrap_err().contains("looks ahead"));
    }
}
