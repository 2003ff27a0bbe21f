//! Conditions, where it is known what an input's events hold, and where a `[[drop]]` can say them.

use serde_json::Value as Json;

use super::grammar::{Branch, Condition, Sign, Term};
use crate::import::filebeat::{anything, containing};
use crate::import::grok;
use crate::import::pattern::field_name;
use crate::import::pipeline::{Selection, Why};

/// What every event of one source holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Field and value; a field of which the value is unknown is not here.
    pub fields: Vec<(String, Json)>,
    /// `None`: it is not known which there are.
    pub tags: Option<Vec<String>>,
    /// Whether fields of the shipper that are not here are not there.
    pub complete: bool,
    /// Where the files are, if that is known.
    pub paths: Vec<String>,
}

/// The fields by which events of several sources are told apart.
fn is_of_source(field: &str) -> bool {
    matches!(
        field,
        "type" | "tags" | "log_type" | "logtype" | "event.dataset" | "event.module"
    ) || field.starts_with("fileset.")
        || field.starts_with("fields.")
        || field.starts_with("@metadata.")
        || field.starts_with("labels.")
}

impl Facts {
    /// Whether a condition holds; `None` where it depends on the event.
    pub fn holds(&self, condition: &Condition) -> Option<bool> {
        match condition {
            Condition::And(left, right) => match (self.holds(left), self.holds(right)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Condition::Or(left, right) => match (self.holds(left), self.holds(right)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            Condition::Either(left, right) => Some(self.holds(left)? != self.holds(right)?),
            Condition::Not(inner) => self.holds(inner).map(|holds| !holds),
            Condition::Field(field) => match self.value(field) {
                Some(_) => Some(true),
                None => (is_of_source(field) && self.complete).then_some(false),
            },
            Condition::Compare { left, sign, right } => self.compares(left, *sign, right),
        }
    }

    fn value(&self, field: &str) -> Option<&Json> {
        self.fields
            .iter()
            .find(|(name, _)| name == field)
            .map(|(_, value)| value)
    }

    fn compares(&self, left: &Term, sign: Sign, right: &Term) -> Option<bool> {
        let negated = matches!(sign, Sign::Unequal | Sign::NotIn | Sign::MatchesNot);
        let holds = match (left, sign, right) {
            (Term::Constant(tag), Sign::In | Sign::NotIn, Term::Field(field)) if field == "tags" => {
                let tag = tag.as_str()?;
                // What fails is told by the tag of its own kind, and left alone.
                if tag.starts_with('_') && tag.ends_with("failure") {
                    return Some(negated);
                }
                match &self.tags {
                    Some(tags) => tags.iter().any(|own| own == tag),
                    None => return None,
                }
            }
            (Term::Field(field), Sign::Equal | Sign::Unequal, Term::Constant(constant)) => {
                match self.value(field) {
                    Some(value) => value == constant,
                    None if is_of_source(field) && self.complete => false,
                    None => return None,
                }
            }
            (Term::Field(field), Sign::In | Sign::NotIn, Term::List(list)) => match self.value(field) {
                Some(value) => list.contains(value),
                None if is_of_source(field) && self.complete => false,
                None => return None,
            },
            (Term::Field(field), _, Term::Regex(part) | Term::Constant(Json::String(part)))
            | (Term::Constant(Json::String(part)), Sign::In | Sign::NotIn, Term::Field(field))
                if matches!(field.as_str(), "path" | "source" | "log.file.path") =>
            {
                self.in_paths(part)?
            }
            _ => return None,
        };
        Some(holds != negated)
    }

    /// Whether every path has a part, or none; `None` where only the file's own name can tell.
    fn in_paths(&self, part: &str) -> Option<bool> {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '/');
        if self.paths.is_empty() || !part.chars().all(plain) {
            return None;
        }
        let has = |path: &String| path.contains(part);
        let is_glob = |path: &String| path.contains(['*', '?', '[', '{']);
        match (
            self.paths.iter().all(has),
            self.paths.iter().any(|path| has(path) || is_glob(path)),
        ) {
            (true, _) => Some(true),
            (false, false) => Some(false),
            (false, true) => None,
        }
    }
}

/// The most sources that are told apart: each becomes an input and a pipeline of its own, which somebody has to read.
pub const CASES_MAX: usize = 100;

/// The most blocks that are looked at, each as often as there are ways to it. Blocks within blocks multiply them, and many may say the same.
const WAYS_MAX: usize = 100_000;

/// The sources that a filter tells apart, where its input does not: one for each way to a filter through the values
/// that conditions compare with. Not all of them where there are too many.
#[derive(Debug, Default)]
pub struct Cases {
    pub known: Vec<Facts>,
    pub more: bool,
    ways: usize,
}

impl Cases {
    pub fn of(body: &[Branch]) -> Cases {
        let mut cases = Cases::default();
        let any = Facts {
            complete: true,
            tags: Some(Vec::new()),
            ..Facts::default()
        };
        cases.gather(body, &any);
        cases
    }

    fn gather(&mut self, body: &[Branch], so_far: &Facts) {
        for branch in body {
            let Branch::If { arms, .. } = branch else { continue };
            for (condition, body) in arms {
                let found = condition.as_ref().map(told_by).unwrap_or_default();
                if found.is_empty() {
                    self.gather(body, so_far);
                }
                for one in found {
                    // Also what is passed on the way.
                    self.ways += 1 + body.len();
                    if self.ways > WAYS_MAX || self.known.len() == CASES_MAX {
                        self.more = true;
                        return;
                    }
                    let mut facts = so_far.clone();
                    let is_other = |(name, value): &(String, Json)| {
                        facts.value(name).is_some_and(|known| known != value)
                    };
                    // No event has two values of a field.
                    if one.fields.iter().any(is_other) {
                        continue;
                    }
                    for field in one.fields {
                        if !facts.fields.contains(&field) {
                            facts.fields.push(field);
                        }
                    }
                    facts
                        .tags
                        .get_or_insert_default()
                        .extend(one.tags.unwrap_or_default());
                    // A block of blocks alone is no source of its own.
                    let has_filter = body.iter().any(|branch| matches!(branch, Branch::Plugin(_)));
                    let before = self.known.len();
                    self.gather(body, &facts);
                    if (has_filter || self.known.len() == before) && !self.known.contains(&facts) {
                        self.known.push(facts);
                    }
                }
            }
        }
    }
}

/// What a condition says of a source; several where any of them will do.
fn told_by(condition: &Condition) -> Vec<Facts> {
    let field = |name: &str, value: &Json| Facts {
        fields: vec![(name.to_owned(), value.clone())],
        ..Facts::default()
    };
    match condition {
        Condition::Or(left, right) => [told_by(left), told_by(right)].concat(),
        Condition::And(left, right) => {
            let (left, right) = (told_by(left), told_by(right));
            match (left.is_empty(), right.is_empty()) {
                (_, true) => left,
                (true, false) => right,
                (false, false) => {
                    let mut both = left[0].clone();
                    both.fields.extend(right[0].fields.clone());
                    vec![both]
                }
            }
        }
        Condition::Compare {
            left: Term::Field(name),
            sign: Sign::Equal,
            right: Term::Constant(value),
        } if is_of_source(name) => vec![field(name, value)],
        Condition::Compare {
            left: Term::Field(name),
            sign: Sign::In,
            right: Term::List(values),
        } if is_of_source(name) => values.iter().map(|value| field(name, value)).collect(),
        Condition::Compare {
            left: Term::Constant(Json::String(tag)),
            sign: Sign::In,
            right: Term::Field(name),
        } if name == "tags" && !tag.starts_with('_') => vec![Facts {
            tags: Some(vec![tag.clone()]),
            ..Facts::default()
        }],
        _ => Vec::new(),
    }
}

/// The selections of which an event must hold one for a condition to hold.
pub fn selections(condition: &Condition, lines_follow: bool) -> Result<Vec<Selection>, Why> {
    match condition {
        Condition::Or(left, right) => {
            let mut all = selections(left, lines_follow)?;
            all.extend(selections(right, lines_follow)?);
            Ok(all)
        }
        Condition::And(left, right) => {
            let (left, right) = (selections(left, lines_follow)?, selections(right, lines_follow)?);
            let (Ok([left]), Ok([right])) = (
                <[Selection; 1]>::try_from(left),
                <[Selection; 1]>::try_from(right),
            ) else {
                return Err("it has an `or` within an `and`".to_owned());
            };
            let both = left.and(right);
            Ok(vec![both.ok_or_else(|| {
                "it asks twice about the same field".to_owned()
            })?])
        }
        Condition::Either(..) | Condition::Not(_) => {
            Err("it says what an event does not hold; `[[drop]]` says what it holds".to_owned())
        }
        Condition::Field(field) => Ok(vec![Selection {
            matches: vec![(field_name(field), vec![anything()])],
            ..Selection::default()
        }]),
        Condition::Compare { left, sign, right } => compared(left, *sign, right, lines_follow),
    }
}

fn compared(left: &Term, sign: Sign, right: &Term, lines_follow: bool) -> Result<Vec<Selection>, Why> {
    let mut selection = Selection::default();
    match (left, sign, right) {
        (Term::Field(field), Sign::Equal, Term::Constant(value)) => {
            selection.values.push((field_name(field), vec![value.clone()]));
        }
        (Term::Field(field), Sign::In, Term::List(values)) => {
            selection.values.push((field_name(field), values.clone()));
        }
        (Term::Constant(Json::String(text)), Sign::In, Term::Field(field)) if field != "tags" => {
            let pattern = containing(text, lines_follow);
            selection.matches.push((field_name(field), vec![pattern]));
        }
        (
            Term::Field(field),
            Sign::Matches,
            Term::Regex(expression) | Term::Constant(Json::String(expression)),
        ) => {
            let patterns = grok::search(expression, lines_follow)
                .map_err(|refused| format!("its expression {refused}"))?;
            selection.matches.push((field_name(field), patterns));
        }
        (_, Sign::Unequal | Sign::NotIn | Sign::MatchesNot, _) => {
            return Err("it says what an event does not hold; `[[drop]]` says what it holds".to_owned());
        }
        (_, Sign::Order, _) => {
            return Err("it compares numbers; `[[drop]]` compares values and patterns".to_owned());
        }
        _ => return Err("it depends on more than the value of a field".to_owned()),
    }
    Ok(vec![selection])
}

#[cfg(test)]
mod tests {
    use super::super::grammar;
    use super::*;

    fn cases(text: &str) -> Cases {
        let sections = grammar::read(text).unwrap();
        Cases::of(&sections[0].body)
    }

    #[test]
    fn each_way_to_a_filter_is_a_source() {
        let told = cases(
            r#"filter { if [type] == "a" or [type] == "b" { if "x" in [tags] { drop {} } } else if [type] == "c" { drop {} } }"#,
        );
        assert!(!told.more);
        let types: Vec<_> = told
            .known
            .iter()
            .map(|facts| facts.fields[0].1.as_str())
            .collect();
        assert_eq!(types, [Some("a"), Some("b"), Some("c")]);
    }

    #[test]
    fn no_source_has_two_values_of_a_field() {
        let told = cases(r#"filter { if [type] == "a" { if [type] == "b" { drop {} } json {} } }"#);
        let fields: Vec<_> = told.known.iter().map(|facts| facts.fields.as_slice()).collect();
        assert_eq!(fields, [[("type".to_owned(), Json::from("a"))]]);
    }

    #[test]
    fn blocks_within_blocks_do_not_multiply_without_end() {
        for condition in [
            r#""a" in [tags] or "b" in [tags]"#,
            r#"[type] == "a" or [type] == "a""#,
        ] {
            let deep = format!(
                "filter {{ {} drop {{}} {} }}",
                format!("if {condition} {{").repeat(20),
                "}".repeat(20)
            );
            let told = cases(&deep);
            assert!(told.more, "{condition}");
            assert!(
                told.known.len() <= CASES_MAX && told.ways < 2 * WAYS_MAX,
                "{condition}"
            );
        }
    }
}
