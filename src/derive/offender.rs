//! Which label makes a metric exceed its budget.

use std::collections::{BTreeMap, BTreeSet};

use super::label::OTHER;
use super::label_pairs::pairs;
use super::series::SeriesIndex;

/// Values that are shown of a label, to tell what they are.
const EXAMPLES: usize = 3;

/// A metric with more label sets than it may have series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverBudget {
    pub name: String,
    pub series: usize,
    pub series_max: usize,
    /// Events that were counted in `other`.
    pub folded: u64,
    /// The label with the most values among the series that are shown; empty where no event gives a label.
    pub label: String,
    /// How many these are.
    pub values: usize,
    /// Some of them, as they stand on the page.
    pub examples: Vec<String>,
}

/// Name, number of values and some values of the label that has the most.
pub(super) fn widest_label(series: &SeriesIndex) -> (String, usize, Vec<String>) {
    let mut values = BTreeMap::<&[u8], BTreeSet<&[u8]>>::new();
    for (_, text) in series.sorted() {
        for (name, value) in pairs(text).filter(|(_, value)| *value != OTHER) {
            values.entry(name).or_default().insert(value);
        }
    }
    let widest = values.into_iter().max_by_key(|(_, values)| values.len());
    let Some((name, values)) = widest else {
        return (String::new(), 0, Vec::new());
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let examples = values.iter().take(EXAMPLES).map(|value| text(value)).collect();
    (text(name), values.len(), examples)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derive::series::tests::new_index;

    #[test]
    fn the_label_with_the_most_values_is_named() {
        let mut index = new_index();
        let owner = index.owner(br#"service="shop",method="other",route="other""#);
        for text in [
            r#"service="shop",method="GET",route="/a""#,
            r#"service="shop",method="GET",route="/b""#,
            r#"service="shop",method="PUT",route="/c""#,
            r#"service="shop",method="PUT",route="/d""#,
            r#"service="shop",method="other",route="other""#,
        ] {
            index.find_or_add(text.as_bytes(), owner, 100);
        }
        let examples = ["/a", "/b", "/c"].map(str::to_owned).to_vec();
        assert_eq!(widest_label(&index), ("route".to_owned(), 4, examples));
        assert_eq!(widest_label(&new_index()).1, 0);
    }
}
