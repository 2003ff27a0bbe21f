//! Conditions of processors, as what a `[[drop]]` can say.

use super::yaml::{Node, Yaml};
use crate::import::grok;
use crate::import::pattern::{Capture, Pattern, field_name};
use crate::import::pipeline::{Selection, Why};

/// The selections of which an event must hold one.
pub fn read(when: &Node, lines_follow: bool) -> Result<Vec<Selection>, Why> {
    let [(name, node)] = when.entries() else {
        return Err("it has more than one condition; write `and`".to_owned());
    };
    match name.as_str() {
        "or" => {
            let mut any = Vec::new();
            for item in node.items() {
                any.extend(read(item, lines_follow)?);
            }
            Ok(any)
        }
        "and" => {
            let mut all = Selection::default();
            for item in node.items() {
                let [one] = <[Selection; 1]>::try_from(read(item, lines_follow)?)
                    .map_err(|_| "it has an `or` within an `and`".to_owned())?;
                all = all
                    .and(one)
                    .ok_or_else(|| "it asks twice about the same field".to_owned())?;
            }
            Ok(vec![all])
        }
        "equals" => of_leaves(node, |node| {
            let value = node
                .scalar()
                .ok_or_else(|| "it compares with a list".to_owned())?;
            Ok(Test::Values(vec![value]))
        }),
        "contains" => of_leaves(node, |node| {
            let mut patterns = Vec::new();
            for text in node.texts() {
                patterns.push(containing(text, lines_follow));
            }
            Ok(Test::Matches(patterns))
        }),
        "regexp" => of_leaves(node, |node| {
            let text = node.text().ok_or_else(|| "it is no text".to_owned())?;
            let patterns =
                grok::search(text, lines_follow).map_err(|refused| format!("its expression {refused}"))?;
            Ok(Test::Matches(patterns))
        }),
        "not" => Err("it says what an event does not hold; `[[drop]]` says what it holds".to_owned()),
        "range" => Err("it compares numbers; `[[drop]]` compares values and patterns".to_owned()),
        "has_fields" => {
            let fields = node.texts().into_iter().map(field_name);
            let matches = fields.map(|field| (field, vec![anything()])).collect();
            Ok(vec![Selection {
                matches,
                ..Selection::default()
            }])
        }
        other => Err(format!("its condition `{other}` is not known here")),
    }
}

enum Test {
    Values(Vec<serde_json::Value>),
    Matches(Vec<Pattern>),
}

fn of_leaves(node: &Node, test: impl Fn(&Node) -> Result<Test, Why>) -> Result<Vec<Selection>, Why> {
    if !matches!(node.value, Yaml::Map(_)) {
        return Err("it names no field".to_owned());
    }
    let mut selection = Selection::default();
    for (field, node) in node.leaves() {
        let field = field_name(&field);
        match test(node)? {
            Test::Values(values) => selection.values.push((field, values)),
            Test::Matches(patterns) => selection.matches.push((field, patterns)),
        }
    }
    Ok(vec![selection])
}

/// Any text: the field is there.
pub fn anything() -> Pattern {
    let mut pattern = Pattern::default();
    pattern.push(Capture::new(None, Some("lines")));
    pattern
}

/// A text that has `text` somewhere.
pub fn containing(text: &str, lines_follow: bool) -> Pattern {
    let mut pattern = Pattern::default();
    pattern.push(Capture::new(None, lines_follow.then_some("lines")));
    pattern.text(text);
    pattern.push(Capture::new(None, lines_follow.then_some("lines")));
    pattern
}
