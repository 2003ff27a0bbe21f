//! The sequences of an expression with choices: one for each way through it.

use std::cell::Cell;

use super::library::{self, Meaning};
use super::{ALTERNATIVES_MAX, Definitions};
use crate::import::pattern::Capture;
use crate::import::regex::{self, Class, Node, Refused};
use crate::pattern::Kind;

/// A part of a sequence: what a pattern could have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Atom {
    Letter(char),
    /// Blanks, so many at least.
    Blanks(u32),
    Capture(Capture),
    /// Ends where what follows it stands for the last time.
    Greedy(Capture),
    /// A pattern of the library.
    Pattern(&'static str),
    Start,
    End,
}

pub(super) type Sequence = Vec<Atom>;

/// Definitions within definitions at most.
const DEPTH_MAX: usize = 8;

/// Parts of one expression at most, those of its definitions included: definitions that use others several times grow
/// with each step.
const NODES_MAX: usize = 10_000;

/// Letters of a set that become alternatives of their own.
const LETTERS_MAX: usize = 4;

/// A repeated letter is written out so often.
const REPEAT_MAX: u32 = 8;

pub(super) fn unfold(
    alternatives: &[Vec<Node>],
    definitions: &Definitions,
) -> Result<Vec<Sequence>, Refused> {
    Unfolding {
        definitions,
        depth: 0,
        nodes: &Cell::new(0),
    }
    .alternatives(alternatives)
}

#[derive(Clone, Copy)]
struct Unfolding<'d> {
    definitions: &'d Definitions,
    depth: usize,
    /// So many were looked at.
    nodes: &'d Cell<usize>,
}

fn refuse<T>(why: impl Into<String>) -> Result<T, Refused> {
    Err(Refused(why.into()))
}

impl Unfolding<'_> {
    fn alternatives(self, alternatives: &[Vec<Node>]) -> Result<Vec<Sequence>, Refused> {
        let mut all = Vec::new();
        for nodes in alternatives {
            all.append(&mut self.sequence(nodes)?);
            if all.len() > ALTERNATIVES_MAX {
                return too_many();
            }
        }
        Ok(all)
    }

    fn sequence(self, nodes: &[Node]) -> Result<Vec<Sequence>, Refused> {
        let mut ways: Vec<Sequence> = vec![Vec::new()];
        for node in nodes {
            let choices = self.node(node)?;
            if ways.len() * choices.len() > ALTERNATIVES_MAX {
                return too_many();
            }
            if let [only] = choices.as_slice() {
                ways.iter_mut().for_each(|way| way.extend_from_slice(only));
                continue;
            }
            ways = ways
                .iter()
                .flat_map(|way| {
                    choices
                        .iter()
                        .map(move |choice| [way.as_slice(), choice].concat())
                })
                .collect();
        }
        Ok(ways)
    }

    fn node(self, node: &Node) -> Result<Vec<Sequence>, Refused> {
        self.nodes.set(self.nodes.get() + 1);
        if self.nodes.get() > NODES_MAX {
            return refuse(format!("has more than {NODES_MAX} parts, with its definitions"));
        }
        match node {
            Node::Letter(letter) => one(Atom::Letter(*letter)),
            Node::Any => refuse("`.` stands for any one letter; patterns name the letter"),
            Node::Start => one(Atom::Start),
            Node::End => one(Atom::End),
            Node::Class(class) => single(class),
            Node::Group {
                name: None,
                alternatives,
            } => self.group(alternatives),
            Node::Group {
                name: Some(name),
                alternatives,
            } => self.named(name, alternatives),
            Node::Grok {
                syntax,
                semantic,
                kind,
            } => self.grok(syntax, semantic.as_deref(), kind.as_deref()),
            Node::Repeat { node, min, max, lazy } => self.repeat(node, *min, *max, *lazy),
        }
    }

    /// A choice, one of which may be the dash that stands for no value.
    fn group(self, alternatives: &[Vec<Node>]) -> Result<Vec<Sequence>, Refused> {
        let all = self.alternatives(alternatives)?;
        if let [first, second] = all.as_slice() {
            for (value, dash) in [(first, second), (second, first)] {
                if let ([Atom::Capture(capture)], [Atom::Letter('-')]) = (value.as_slice(), dash.as_slice()) {
                    return one(Atom::Capture(optional(capture)));
                }
            }
        }
        Ok(all)
    }

    /// What a group with a name takes is one value.
    fn named(self, name: &str, alternatives: &[Vec<Node>]) -> Result<Vec<Sequence>, Refused> {
        let all = self.alternatives(alternatives)?;
        if let [sequence] = all.as_slice()
            && let [Atom::Capture(inner) | Atom::Greedy(inner)] = sequence.as_slice()
        {
            let capture = Capture {
                name: Capture::new(Some(name), None).name,
                ..inner.clone()
            };
            return one(match sequence[0] {
                Atom::Greedy(_) => Atom::Greedy(capture),
                _ => Atom::Capture(capture),
            });
        }
        // Several parts, or one of several words: without blanks they are a word up to what follows.
        let wordy = all.iter().flatten().all(|atom| match atom {
            Atom::Letter(letter) => !letter.is_whitespace(),
            Atom::Capture(capture) => {
                matches!(
                    capture.kind,
                    Some("word" | "int" | "float" | "hex" | "ip" | "level")
                ) && capture.name.is_none()
            }
            _ => false,
        });
        match wordy {
            true => one(Atom::Capture(Capture::new(Some(name), Some("word")))),
            false => refuse(format!("the group `{name}` takes several parts as one value")),
        }
    }

    fn grok(
        self,
        syntax: &str,
        semantic: Option<&str>,
        kind: Option<&str>,
    ) -> Result<Vec<Sequence>, Refused> {
        let to_kind = match kind {
            // Text is what it is without a type.
            None | Some("string") => None,
            Some("int" | "long" | "integer") => Some("int"),
            Some("float" | "double") => Some("float"),
            Some(kind) => {
                return refuse(format!(
                    "`%{{{syntax}}}` asks for the type `{kind}`, which is none of int and float"
                ));
            }
        };
        let capture = |kind: Option<&'static str>| Capture::new(semantic, to_kind.or(kind));
        if let Some(definition) = self.definitions.get(syntax) {
            if self.depth >= DEPTH_MAX {
                return refuse(format!("`%{{{syntax}}}` is defined by itself"));
            }
            let inner = Unfolding {
                depth: self.depth + 1,
                ..self
            };
            let alternatives =
                regex::parse(definition).map_err(|refused| Refused(format!("`%{{{syntax}}}` {refused}")))?;
            return match semantic {
                Some(name) => inner.named(name, &alternatives).map(|mut all| {
                    for atom in all.iter_mut().flatten() {
                        if let (Atom::Capture(capture) | Atom::Greedy(capture), Some(kind)) = (atom, to_kind)
                        {
                            capture.kind = Some(kind);
                        }
                    }
                    all
                }),
                None => inner.alternatives(&alternatives),
            };
        }
        match library::meaning(syntax) {
            Some(Meaning::Kind(kind)) => one(Atom::Capture(capture(Some(kind)))),
            Some(Meaning::Open(kind)) => one(Atom::Capture(capture(kind))),
            Some(Meaning::Greedy) => one(Atom::Greedy(capture(None))),
            Some(Meaning::Blanks) => one(Atom::Blanks(0)),
            Some(Meaning::Pattern(pattern)) => one(Atom::Pattern(pattern)),
            Some(Meaning::Grok(text)) => {
                let inner = Unfolding {
                    depth: self.depth + 1,
                    ..self
                };
                inner.alternatives(&regex::parse(text)?)
            }
            Some(Meaning::Nothing(why)) => refuse(format!("`%{{{syntax}}}` is {why}")),
            None => refuse(format!(
                "`%{{{syntax}}}` is not known here; define it with `pattern_definitions`"
            )),
        }
    }

    fn repeat(self, node: &Node, min: u32, max: Option<u32>, lazy: bool) -> Result<Vec<Sequence>, Refused> {
        match node {
            Node::Any => match (max, lazy) {
                (None, true) => one(Atom::Capture(Capture::new(None, None))),
                (None, false) => one(Atom::Greedy(Capture::new(None, None))),
                _ => refuse("`.` so many times; patterns count no letters"),
            },
            Node::Class(class) if max != Some(1) => run(class, min, max),
            Node::Letter(' ') if max != Some(1) => one(Atom::Blanks(min)),
            Node::Letter(letter) if max == Some(min) && min <= REPEAT_MAX => {
                Ok(vec![vec![Atom::Letter(*letter); min as usize]])
            }
            node if (min, max) == (0, Some(1)) => self.optional(node),
            node if (min, max) == (1, Some(1)) => self.node(node),
            Node::Letter(letter) => refuse(format!("`{letter}` any number of times")),
            _ => refuse("a group any number of times: patterns do not loop"),
        }
    }

    /// There or not: a value that may be absent, or two ways.
    fn optional(self, node: &Node) -> Result<Vec<Sequence>, Refused> {
        let mut all = self.node(node)?;
        if let [sequence] = all.as_slice()
            && let [Atom::Capture(capture)] = sequence.as_slice()
        {
            return one(Atom::Capture(optional(capture)));
        }
        if all.len() >= ALTERNATIVES_MAX {
            return too_many();
        }
        all.push(Vec::new());
        Ok(all)
    }
}

fn one(atom: Atom) -> Result<Vec<Sequence>, Refused> {
    Ok(vec![vec![atom]])
}

fn optional(capture: &Capture) -> Capture {
    Capture {
        optional: true,
        ..capture.clone()
    }
}

fn too_many<T>() -> Result<T, Refused> {
    refuse(format!(
        "its choices make more than {ALTERNATIVES_MAX} patterns; write those that occur"
    ))
}

/// One letter of a set.
fn single(class: &Class) -> Result<Vec<Sequence>, Refused> {
    if !class.negated && class.has(' ') && class.has('\t') {
        return one(Atom::Blanks(1));
    }
    let letters: Vec<char> = class
        .ranges
        .iter()
        .flat_map(|(from, to)| (*from..=*to).take(LETTERS_MAX + 1))
        .collect();
    if class.negated || letters.len() > LETTERS_MAX {
        return refuse("one letter of a set; patterns name the letter");
    }
    Ok(letters
        .into_iter()
        .map(|letter| vec![Atom::Letter(letter)])
        .collect())
}

/// Any number of letters of a set: blanks, digits, or a text that ends where what follows it stands.
fn run(class: &Class, min: u32, max: Option<u32>) -> Result<Vec<Sequence>, Refused> {
    let digits = !class.negated && class.ranges == [('0', '9')];
    let blanks = !class.negated && class.has(' ') && !class.has('a') && !class.has('0') && !class.has('-');
    if blanks {
        return one(Atom::Blanks(min));
    }
    let kind = match (digits, class.has(' ')) {
        (true, _) => Some("int"),
        (false, true) => None,
        (false, false) => Some("word"),
    };
    if max.is_some() && !digits && class.negated {
        return refuse("so many letters of a set; patterns count no letters");
    }
    let mut capture = Capture::new(None, kind);
    capture.optional = min == 0 && digits;
    debug_assert!(kind.is_none_or(|kind| Kind::by_name(kind).is_some()));
    one(Atom::Capture(capture))
}
