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
}

/// The fields by which events of several sources are told apart.
fn is_of_source(field: &str) -> bool {
    matches!(
        field,
        "type" | "tags" | "log_type" | "logtype" | "event.dataset" | "event.module" | "fileset.name"
    ) || field.starts_with("fields.")
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
            _ => return None,
        };
        Some(holds != negated)
    }
}

/// The sources that a filter tells apart, where its input does not: each value that it compares with.
pub fn cases(body: &[Branch]) -> Vec<Facts> {
    let mut cases = Vec::new();
    gather(body, &mut cases);
    cases
}

fn gather(body: &[Branch], cases: &mut Vec<Facts>) {
    for branch in body {
        let Branch::If { arms, .. } = branch else { continue };
        for (condition, body) in arms {
            if let Some(condition) = condition {
                case(condition, cases);
            }
            gather(body, cases);
        }
    }
}

fn case(condition: &Condition, cases: &mut Vec<Facts>) {
    let mut found = Facts {
        complete: true,
        tags: Some(Vec::new()),
        ..Facts::default()
    };
    match condition {
        Condition::And(left, right) | Condition::Or(left, right) => {
            case(left, cases);
            case(right, cases);
            return;
        }
        Condition::Compare {
            left: Term::Field(field),
            sign: Sign::Equal,
            right: Term::Constant(value),
        } if is_of_source(field) => found.fields.push((field.clone(), value.clone())),
        Condition::Compare {
            left: Term::Constant(Json::String(tag)),
            sign: Sign::In,
            right: Term::Field(field),
        } if field == "tags" && !tag.starts_with('_') => found.tags = Some(vec![tag.clone()]),
        Condition::Compare {
            left: Term::Field(field),
            sign: Sign::In,
            right: Term::List(values),
        } if is_of_source(field) => {
            for value in values {
                let mut one = found.clone();
                one.fields.push((field.clone(), value.clone()));
                if !cases.contains(&one) {
                    cases.push(one);
                }
            }
            return;
        }
        _ => return,
    }
    if !cases.contains(&found) {
        cases.push(found);
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
        Condition::Not(_) => {
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
