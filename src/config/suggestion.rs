/// The candidate that the user probably meant, if one is close enough to be no guess.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // One slip in a short word, one in three letters of a long one; measured on the words of this program it
    // offers nothing for words that merely share a beginning.
    let slips_max = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let slips = strsim::damerau_levenshtein(word, candidate);
            let part = word.len() >= 4 && candidate.contains(word);
            // Another letter is another word.
            let slip = slips <= slips_max && slips < word.chars().count();
            (slip || part).then_some((slips, candidate))
        })
        .min_by_key(|&(slips, _)| slips)
        .map(|(_, candidate)| candidate)
}

/// What to say about a word that is none of `candidates`.
pub fn remedy(word: &str, candidates: &[&str], what: &str) -> String {
    match closest(word, candidates.iter().copied()) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None => format!("{what}: {}", listed(candidates)),
    }
}

/// `` `a`, `b` `` in the order given.
pub fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let keys = ["listen", "hosts", "request_timeout", "state_dir", "scan", "b"];
        let cases = [
            ("listne", Some("listen")),
            ("host", Some("hosts")),
            ("timeout", Some("request_timeout")),
            ("statedir", Some("state_dir")),
            ("lines", None),
            ("span", Some("scan")),
            ("proxy", None),
            ("", None),
            ("a", None),
        ];
        for (word, meant) in cases {
            assert_eq!(closest(word, keys), meant, "{word}");
        }
    }

    #[test]
    fn without_a_close_word_all_are_listed() {
        assert_eq!(
            remedy("x", &["full", "none"], "known values"),
            "known values: `full`, `none`"
        );
        assert_eq!(
            remedy("ful", &["full", "none"], "known values"),
            "did you mean `full`?"
        );
    }
}
