//! What the labels of a series become when there is no room for it: one after the other says `other`, the one with the
//! most values first. A scanner makes up urls; method and status of its requests stay what they are.

use std::collections::HashSet;

use super::label::OTHER;
use super::label_pairs::pairs;

/// The places of the labels that may say `other`, those with the most values among `texts` first. `other` is the text in
/// which all of them do.
pub(super) fn widest_first<'a>(texts: impl Iterator<Item = &'a [u8]>, other: &[u8]) -> Vec<usize> {
    let mut values: Vec<HashSet<&[u8]>> = Vec::new();
    for text in texts {
        for (at, (_, value)) in pairs(text).enumerate() {
            if values.len() <= at {
                values.resize_with(at + 1, HashSet::new);
            }
            values[at].insert(value);
        }
    }
    let mut places: Vec<usize> = foldable(other).collect();
    places.sort_by_key(|&at| std::cmp::Reverse(values.get(at).map_or(0, HashSet::len)));
    places
}

/// The places of the labels that may say `other`.
pub(super) fn foldable(other: &[u8]) -> impl Iterator<Item = usize> {
    let says_other = |(at, (_, value)): (usize, (&[u8], &[u8]))| (value == OTHER).then_some(at);
    pairs(other).enumerate().filter_map(says_other)
}

/// The text with `other` for the labels at these places.
pub(super) fn folded(text: &[u8], places: &[usize]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + OTHER.len());
    for (at, (name, value)) in pairs(text).enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(name);
        out.extend_from_slice(b"=\"");
        out.extend_from_slice(if places.contains(&at) { OTHER } else { value });
        out.push(b'"');
    }
    out
}

/// Whether `text` is `other` when each of its labels that may say `other` does.
pub(super) fn becomes(text: &[u8], other: &[u8]) -> bool {
    let places: Vec<usize> = foldable(other).collect();
    folded(text, &places) == other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_told_apart_whatever_their_values() {
        let text = br#"service="a,b=\"c\"",path="\\",last="""#;
        let found: Vec<_> = pairs(text).collect();
        let expected: [(&[u8], &[u8]); 3] =
            [(b"service", br#"a,b=\"c\""#), (b"path", br"\\"), (b"last", b"")];
        assert_eq!(found, expected);
        assert_eq!(pairs(b"").count(), 0);
        assert_eq!(folded(text, &[]), text);
        assert_eq!(
            folded(text, &[0, 2]),
            br#"service="other",path="\\",last="other""#
        );
    }

    #[test]
    fn the_label_with_the_most_values_goes_first_and_constants_stay() {
        let other = br#"service="shop",method="other",route="other",team="web",status="other""#;
        let texts: Vec<String> = (0..9)
            .map(|n| {
                let (method, status) = (["GET", "PUT"][n % 2], 200 + n % 3);
                format!(r#"service="shop",method="{method}",route="/{n}",team="web",status="{status}""#)
            })
            .collect();
        let order = widest_first(texts.iter().map(|text| text.as_bytes()), other);
        assert_eq!(order, [2, 4, 1]);
        assert_eq!(folded(texts[0].as_bytes(), &order), other);
        assert_eq!(
            folded(texts[0].as_bytes(), &order[..1]),
            br#"service="shop",method="GET",route="other",team="web",status="200""#
        );
        assert!(becomes(texts[0].as_bytes(), other));
        assert!(!becomes(
            br#"service="crm",method="GET",route="/",team="web",status="200""#,
            other
        ));
    }
}
