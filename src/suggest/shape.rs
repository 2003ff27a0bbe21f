//! One pattern for lines that look alike: their parts side by side, as far as nearly all of them agree.

use std::collections::BTreeMap;

use super::name;
use super::token::{Sign, Token};

/// The share of the lines that must look alike at a place for the pattern to go on there.
const AGREE: f64 = 0.9;

/// Where fewer agree, a mark or a time that so many share divides them into two groups.
const DIVIDE: f64 = 0.4;

/// With fewer lines nothing is said to be constant but marks.
const CONSTANT_LINES_MIN: usize = 3;

#[derive(Clone, Debug, PartialEq)]
enum Step {
    /// As it stands in the line.
    Literal(String),
    /// One space, or any number where the lines differ.
    Blank { several: bool },
    Capture {
        kind: Option<&'static str>,
        optional: bool,
        name: String,
    },
}

/// A pattern in the making.
#[derive(Clone, Debug, Default)]
pub(super) struct Shape {
    steps: Vec<Step>,
    /// How often each name was given.
    names: BTreeMap<String, usize>,
    /// Captures in a row that are words of a text.
    words: usize,
    open: bool,
    /// The message begins with `key=`.
    pub pairs: bool,
}

impl Shape {
    /// The pattern that most of `lines` share. `None` where they share nothing.
    pub fn of(lines: &[Vec<Token<'_>>], lines_follow: bool) -> Option<Shape> {
        let mut shape = Shape::default();
        let mut group: Vec<&[Token<'_>]> = lines.iter().map(Vec::as_slice).collect();
        let mut key: Option<String> = None;
        let mut bracket = false;
        for at in 0.. {
            let ends = group.iter().filter(|line| line.len() <= at).count();
            if ends as f64 >= AGREE * group.len() as f64 {
                break;
            }
            let Some(sign) = agreed(&group, at) else {
                shape.open = true;
                break;
            };
            group.retain(|line| line.get(at).is_some_and(|token| fits(sign, token.sign)));
            let texts: Vec<&str> = group.iter().map(|line| line[at].text).collect();
            let same = texts.iter().filter(|text| **text == texts[0]).count() == texts.len();
            match sign {
                Sign::Blank => shape.steps.push(Step::Blank {
                    several: texts.iter().any(|text| *text != " "),
                }),
                Sign::Mark(mark) => {
                    bracket = mark == b'[';
                    shape.literal(char::from(mark).to_string());
                    shape.words = 0;
                }
                // A dash in every line stands between values; beside another one it is a value that is never there.
                Sign::Dash if key.is_none() && !beside_dash(group[0], at) => {
                    shape.literal("-".to_owned());
                    shape.words = 0;
                }
                Sign::Key if same => {
                    key = Some(texts[0].trim_end_matches('=').to_owned());
                    shape.literal(texts[0].to_owned());
                    shape.words = 0;
                }
                Sign::Key => {
                    shape.open = true;
                    break;
                }
                Sign::Word | Sign::Text
                    if same
                        && key.is_none()
                        && group.len() >= CONSTANT_LINES_MIN
                        // A number that has not changed yet may be a date.
                        && !texts[0].bytes().any(|byte| byte.is_ascii_digit()) =>
                {
                    shape.literal(texts[0].to_owned());
                }
                value => {
                    let dashes = group.iter().any(|line| line[at].sign == Sign::Dash);
                    shape.capture(value, dashes, key.take(), bracket, &texts);
                    bracket = false;
                    // Two words that change, side by side, are a sentence.
                    if shape.words >= 2 {
                        shape.open = true;
                        break;
                    }
                }
            }
        }
        shape.close(lines_follow);
        shape.is_of_use().then_some(shape)
    }

    fn literal(&mut self, text: String) {
        self.steps.push(Step::Literal(text));
    }

    fn capture(&mut self, sign: Sign, optional: bool, key: Option<String>, bracket: bool, texts: &[&str]) {
        let is_request = |text: &&str| text.trim_matches('"').rsplit_once(" HTTP/").is_some();
        let kind = match sign {
            Sign::Kind("quoted") if texts.iter().all(is_request) => Some("http_request"),
            Sign::Kind(kind) => Some(kind),
            _ => None,
        };
        self.words = match (kind, &key) {
            (None, None) if !bracket => self.words + 1,
            _ => 0,
        };
        let known = match &key {
            Some(key) => Some(name::of_key(key, kind)),
            None => {
                let bare: Vec<&str> = texts.iter().map(|text| text.trim_end()).collect();
                name::of_value(kind, bracket, &bare).map(str::to_owned)
            }
        };
        // Padded between brackets: the text without its blanks.
        let padded = bracket && kind != Some("quoted") && texts.iter().any(|text| text.ends_with(' '));
        let (kind, known) = match (padded, kind) {
            (false, kind) => (kind, known),
            (true, None | Some("level")) => (Some("trimmed"), known),
            (true, Some(_)) => (Some("trimmed"), None),
        };
        let name = self.unique(known.unwrap_or_else(|| "labels.value".to_owned()));
        if kind == Some("http_request") {
            self.literal("\"".to_owned());
        }
        self.steps.push(Step::Capture { kind, optional, name });
        if kind == Some("http_request") {
            self.literal("\"".to_owned());
        }
    }

    fn unique(&mut self, name: String) -> String {
        let times = self.names.entry(name.clone()).or_default();
        *times += 1;
        match (*times, name.strip_prefix("labels.")) {
            (1, Some("value")) => "labels.value_1".to_owned(),
            (1, _) => name,
            (times, Some(_)) => format!("{name}_{times}"),
            (times, None) => format!(
                "labels.{}_{times}",
                name.replace(['.', '@'], "_").trim_start_matches('_')
            ),
        }
    }

    /// Ends the pattern: what the lines do not agree about is their message.
    fn close(&mut self, lines_follow: bool) {
        if lines_follow && !self.open {
            // The lines that follow need a text that takes them: the last value, and what is behind it.
            let last = self
                .steps
                .iter()
                .rposition(|step| matches!(step, Step::Capture { .. }));
            self.steps.truncate(last.unwrap_or(0));
            self.open = true;
        }
        if self.open {
            // A message begins behind a mark or a blank, and takes the words before it that were its beginning.
            while self.words > 0 || matches!(self.steps.last(), Some(Step::Capture { .. })) {
                match self.steps.pop() {
                    Some(Step::Capture { .. }) => {
                        self.words = self.words.saturating_sub(1);
                        // A key goes with its value.
                        let is_key = |step: &mut Step| matches!(step, Step::Literal(text) if text.ends_with('=') && text.len() > 1);
                        self.pairs |= self.steps.pop_if(is_key).is_some();
                    }
                    Some(_) => {}
                    None => break,
                }
            }
            let kind = lines_follow.then_some("lines");
            let name = "message".to_owned();
            self.steps.push(Step::Capture {
                kind,
                optional: false,
                name,
            });
        }
    }

    /// Whether it says more than that there is a text.
    fn is_of_use(&self) -> bool {
        self.steps.len() > 1 && self.steps.iter().any(|step| matches!(step, Step::Capture { .. }))
    }

    /// As the pattern language has it.
    pub fn pattern(&self) -> String {
        let mut text = String::new();
        for (at, step) in self.steps.iter().enumerate() {
            match step {
                Step::Literal(literal) => {
                    text.push_str(&literal.replace('{', "{{").replace('}', "}}"));
                }
                Step::Blank { several } => text.push_str(if *several { "  " } else { " " }),
                Step::Capture { kind, optional, name } => {
                    // A word at the end would take all the rest.
                    let last = at + 1 == self.steps.len() && name != "message";
                    let kind = kind.or(last.then_some("word"));
                    text.push('{');
                    text.push_str(name);
                    if let Some(kind) = kind {
                        text.push(':');
                        text.push_str(kind);
                    }
                    text.push_str(if *optional { "?}" } else { "}" });
                }
            }
        }
        text
    }

    /// The beginning up to its time, as a start pattern; `None` where there is none near the beginning.
    pub fn start(&self) -> Option<String> {
        let time = self
            .steps
            .iter()
            .position(|step| matches!(step, Step::Capture { kind: Some(kind), .. } if name::is_time(kind)))?;
        let behind = self.steps.get(time + 1)?;
        if time > 6 || matches!(behind, Step::Capture { .. }) {
            return None;
        }
        let mut head = Shape {
            steps: self.steps[..=time + 1].to_vec(),
            ..Shape::default()
        };
        for step in &mut head.steps {
            if let Step::Capture { name, .. } = step {
                "_".clone_into(name);
            }
        }
        Some(head.pattern() + "{_}")
    }
}

/// Whether the value before or behind a place is a dash.
fn beside_dash(line: &[Token<'_>], at: usize) -> bool {
    let is_dash = |at: Option<usize>| {
        at.and_then(|at| line.get(at))
            .is_some_and(|token| token.sign == Sign::Dash)
    };
    is_dash(at.checked_sub(2)) || is_dash(Some(at + 2))
}

/// What the group has at a place; `None` where it does not agree.
fn agreed(group: &[&[Token<'_>]], at: usize) -> Option<Sign> {
    let mut counts: BTreeMap<Sign, usize> = BTreeMap::new();
    for line in group {
        if let Some(token) = line.get(at) {
            *counts.entry(token.sign).or_default() += 1;
        }
    }
    let enough = |count: usize, share: f64| count as f64 >= share * group.len() as f64;
    let values: usize = counts
        .iter()
        .filter(|(sign, _)| sign.is_value())
        .map(|(_, count)| count)
        .sum();
    let dashes = counts.get(&Sign::Dash).copied().unwrap_or(0);
    if enough(dashes, AGREE) {
        return Some(Sign::Dash);
    }
    let (&top, &count) = counts
        .iter()
        .filter(|(sign, _)| **sign != Sign::Dash)
        .max_by_key(|(_, count)| **count)?;
    let numbers = |sign: &Sign| matches!(sign, Sign::Kind("int" | "float"));
    if enough(count, AGREE) || (top.is_value() && enough(count + dashes, AGREE) && dashes > 0) {
        Some(top)
    } else if enough(values, AGREE) {
        let all_numbers = counts.keys().all(|sign| numbers(sign) || *sign == Sign::Dash);
        Some(if all_numbers {
            Sign::Kind("float")
        } else {
            Sign::Word
        })
    } else if enough(count, DIVIDE) && (at < 2 || !top.is_value() && top != Sign::Blank) {
        Some(top)
    } else {
        None
    }
}

fn fits(agreed: Sign, sign: Sign) -> bool {
    match agreed {
        Sign::Word => sign.is_value(),
        Sign::Kind("float") => matches!(sign, Sign::Kind("int" | "float") | Sign::Dash),
        agreed => agreed == sign || (agreed.is_value() && sign == Sign::Dash),
    }
}
