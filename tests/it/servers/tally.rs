//! Which of the written lines arrived: the question that every delivery test ends with.

use std::collections::HashMap;
use std::fmt;

/// What arrived, held against what was written.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Documents that arrived.
    pub arrived: usize,
    /// Written, but not there.
    pub missing: Vec<String>,
    /// Written once, but there more than once.
    pub repeated: Vec<String>,
    /// There, but never written.
    pub unknown: Vec<String>,
}

impl Tally {
    /// Holds the values that arrived against the expected ones, each of which must arrive exactly once.
    pub fn of<T: ToString>(arrived: Vec<String>, expected: impl IntoIterator<Item = T>) -> Tally {
        let mut tally = Tally {
            arrived: arrived.len(),
            ..Tally::default()
        };
        let mut counts: HashMap<String, usize> = HashMap::with_capacity(arrived.len());
        for value in arrived {
            *counts.entry(value).or_default() += 1;
        }
        for value in expected {
            let value = value.to_string();
            match counts.remove(&value) {
                None => tally.missing.push(value),
                Some(1) => {}
                Some(_) => tally.repeated.push(value),
            }
        }
        tally.unknown = counts.into_keys().collect();
        tally.unknown.sort();
        tally
    }

    pub fn is_exact(&self) -> bool {
        self.missing.is_empty() && self.repeated.is_empty() && self.unknown.is_empty()
    }

    /// Panics with the counts and the first few values of each kind unless everything arrived exactly once.
    #[track_caller]
    pub fn assert_exact(&self) {
        assert!(self.is_exact(), "{self}");
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} documents arrived", self.arrived)?;
        for (kind, values) in [
            ("missing", &self.missing),
            ("more than once", &self.repeated),
            ("never written", &self.unknown),
        ] {
            if let Some(first) = values.first() {
                write!(
                    f,
                    "; {} {kind}, the first is {first:?}, then {:?}",
                    values.len(),
                    &values[1..values.len().min(6)]
                )?;
            }
        }
        Ok(())
    }
}

#[test]
fn tells_missing_repeated_and_unknown_apart() {
    let arrived = ["1", "2", "2", "4", "9"].map(String::from).to_vec();
    let tally = Tally::of(arrived, 1..=4);
    assert_eq!(tally.missing, ["3"]);
    assert_eq!(tally.repeated, ["2"]);
    assert_eq!(tally.unknown, ["9"]);
    assert!(!tally.is_exact());
    assert!(Tally::of(vec!["1".into(), "2".into()], 1..=2).is_exact());
}
