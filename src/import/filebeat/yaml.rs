//! YAML with the line of each value, and Beats' dotted keys as the tables that they stand for.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use serde_json::Value;

use crate::import::Broken;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// From 1.
    pub line: usize,
    pub value: Yaml,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Yaml {
    Scalar {
        text: String,
        /// In quotes, so that it is text whatever it looks like.
        quoted: bool,
    },
    List(Vec<Node>),
    /// In the order of the file. No key has a dot.
    Map(Vec<(String, Node)>),
}

/// Tables within tables at most.
const DEPTH_MAX: usize = 32;

/// Values of one file at most, those that aliases repeat included.
const NODES_MAX: usize = 100_000;

/// What is open while the events go by.
enum Open {
    List {
        line: usize,
        anchor: usize,
        items: Vec<Node>,
    },
    Map {
        line: usize,
        anchor: usize,
        entries: Vec<(String, Node)>,
        key: Option<(String, usize)>,
    },
}

/// Reads the first document of a file.
///
/// # Errors
///
/// What is no YAML, and in which line.
pub fn read(text: &str) -> Result<Node, Broken> {
    let mut reading = Reading::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| Broken {
            line: error.marker().line(),
            why: error.info().to_owned(),
        })?;
        if reading.take(event, span)? {
            break;
        }
    }
    reading.root.ok_or(Broken {
        line: 1,
        why: "the file is empty".to_owned(),
    })
}

#[derive(Default)]
struct Reading {
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    root: Option<Node>,
}

impl Reading {
    /// Whether the document has ended.
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<bool, Broken> {
        let line = span.start.line();
        let broken = |why: &str| Broken {
            line,
            why: why.to_owned(),
        };
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(broken("the file has too many values"));
        }
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let value = Yaml::Scalar {
                    text: text.into_owned(),
                    quoted: style != ScalarStyle::Plain,
                };
                self.put(Node { line, value }, anchor);
            }
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor).cloned();
                let node = node.ok_or_else(|| broken("an alias within what it stands for"))?;
                self.nodes += node.size();
                self.put(node, 0);
            }
            Event::SequenceStart(anchor, _) => self.open.push(Open::List {
                line,
                anchor,
                items: Vec::new(),
            }),
            Event::MappingStart(anchor, _) => self.open.push(Open::Map {
                line,
                anchor,
                entries: Vec::new(),
                key: None,
            }),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List { line, anchor, items }) => {
                    let value = Yaml::List(items);
                    self.put(Node { line, value }, anchor);
                }
                Some(Open::Map {
                    line,
                    anchor,
                    entries,
                    ..
                }) => {
                    let value = Yaml::Map(entries);
                    self.put(Node { line, value }, anchor);
                }
                None => {}
            },
            Event::DocumentEnd => return Ok(self.root.is_some()),
            Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::Nothing => {}
        }
        if self.open.len() > DEPTH_MAX {
            return Err(broken("tables within tables within tables"));
        }
        Ok(false)
    }

    fn put(&mut self, node: Node, anchor: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { entries, key, .. }) => match key.take() {
                None => *key = Some((node.text().unwrap_or_default().to_owned(), node.line)),
                Some((name, line)) => {
                    let path: Vec<&str> = name.split('.').take(DEPTH_MAX).collect();
                    insert(entries, &path, line, node);
                }
            },
        }
    }
}

/// Puts a value under its path; tables of the same name become one.
fn insert(entries: &mut Vec<(String, Node)>, path: &[&str], line: usize, node: Node) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    let node = match rest.is_empty() {
        // A value is told by the line of its key.
        true => Node { line, ..node },
        false => {
            let mut inner = Vec::new();
            insert(&mut inner, rest, line, node);
            let value = Yaml::Map(inner);
            Node { line, value }
        }
    };
    let own = entries.iter_mut().find(|(name, _)| name == first);
    match (own, node) {
        (
            Some((
                _,
                Node {
                    value: Yaml::Map(own),
                    ..
                },
            )),
            Node {
                value: Yaml::Map(others),
                ..
            },
        ) => {
            for (name, node) in others {
                insert(own, &[name.as_str()], node.line, node);
            }
        }
        (Some((_, own)), node) => *own = node,
        (None, node) => entries.push(((*first).to_owned(), node)),
    }
}

impl Node {
    fn size(&self) -> usize {
        match &self.value {
            Yaml::Scalar { .. } => 1,
            Yaml::List(items) => 1 + items.iter().map(Node::size).sum::<usize>(),
            Yaml::Map(entries) => 1 + entries.iter().map(|(_, node)| node.size()).sum::<usize>(),
        }
    }

    /// Of a scalar that is not null.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Yaml::Scalar { text, quoted: false } if matches!(text.as_str(), "" | "~" | "null") => None,
            Yaml::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// A scalar, or a list of them.
    pub fn texts(&self) -> Vec<&str> {
        match &self.value {
            Yaml::List(items) => items.iter().filter_map(Node::text).collect(),
            _ => self.text().into_iter().collect(),
        }
    }

    pub fn is_true(&self) -> bool {
        matches!(self.text(), Some("true" | "yes" | "on"))
    }

    /// As YAML types it.
    pub fn scalar(&self) -> Option<Value> {
        let Yaml::Scalar { text, quoted } = &self.value else {
            return None;
        };
        if *quoted {
            return Some(Value::from(text.as_str()));
        }
        Some(match text.as_str() {
            "true" => Value::from(true),
            "false" => Value::from(false),
            text => match (text.parse::<i64>(), text.parse::<f64>()) {
                (Ok(number), _) => Value::from(number),
                (_, Ok(number)) if number.is_finite() => Value::from(number),
                _ => Value::from(text),
            },
        })
    }

    pub fn items(&self) -> &[Node] {
        match &self.value {
            Yaml::List(items) => items,
            // One in place of a list of one.
            _ => std::slice::from_ref(self),
        }
    }

    pub fn entries(&self) -> &[(String, Node)] {
        match &self.value {
            Yaml::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The value under a dotted path.
    pub fn get(&self, path: &str) -> Option<&Node> {
        path.split('.').try_fold(self, |node, key| {
            node.entries()
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, node)| node)
        })
    }

    /// Takes the value under a dotted path out, so that what is left is what nobody asked for.
    pub fn take(&mut self, path: &str) -> Option<Node> {
        let Yaml::Map(entries) = &mut self.value else {
            return None;
        };
        let (first, rest) = match path.split_once('.') {
            Some((first, rest)) => (first, Some(rest)),
            None => (path, None),
        };
        let at = entries.iter().position(|(name, _)| name == first)?;
        let Some(rest) = rest else {
            return Some(entries.remove(at).1);
        };
        let found = entries[at].1.take(rest);
        if found.is_some() && entries[at].1.entries().is_empty() {
            entries.remove(at);
        }
        found
    }

    /// The scalars and lists of a table under dotted names.
    pub fn leaves(&self) -> Vec<(String, &Node)> {
        let mut leaves = Vec::new();
        for (name, node) in self.entries() {
            match &node.value {
                Yaml::Map(_) => {
                    let inner = node.leaves().into_iter();
                    leaves.extend(inner.map(|(rest, node)| (format!("{name}.{rest}"), node)));
                }
                _ => leaves.push((name.clone(), node)),
            }
        }
        leaves
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_keys_are_tables_and_lines_are_known() {
        let mut node = read("a.b: 1\na:\n  c: 'x'\n  d.e: [1, two]\nf: &x {g: 1.5}\nh: *x\n").unwrap();
        let leaves: Vec<(String, usize)> = node
            .leaves()
            .iter()
            .map(|(name, node)| (name.clone(), node.line))
            .collect();
        let expected = [("a.b", 1), ("a.c", 3), ("a.d.e", 4), ("f.g", 5), ("h.g", 5)];
        assert_eq!(leaves, expected.map(|(name, line)| (name.to_owned(), line)));
        assert_eq!(node.get("a.d.e").unwrap().texts(), ["1", "two"]);
        assert_eq!(node.get("f.g").unwrap().scalar(), Some(Value::from(1.5)));
        assert_eq!(node.get("a.c").unwrap().scalar(), Some(Value::from("x")));
        assert_eq!(node.take("a.b").unwrap().text(), Some("1"));
        assert_eq!(node.take("a.b"), None);
    }

    #[test]
    fn what_is_no_yaml_says_where() {
        assert!(read("a: 1\nb: [1\n").unwrap_err().line >= 2);
        assert_eq!(read("").unwrap_err().why, "the file is empty");
        assert!(read(&"[".repeat(1_000)).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in r"([a-c.:\[\]{}&*'\n -]|: |\n  ){0,40}") {
            let _ = read(&text);
        }
    }
}
