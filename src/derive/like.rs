use memchr::{memchr2_iter, memmem::Finder};

/// Texts with a star at one end or both, of which one has to fit: `*timed out*`, `GET *`. A star stands for anything.
#[derive(Debug)]
pub(super) struct Likes {
    each: Box<[Like]>,
    stems: Box<[Stem]>,
}

impl Likes {
    /// Of those of `texts` that have a star at an end. With `any_case`, letters of ASCII are the same in both cases.
    pub fn new<'t>(texts: impl Iterator<Item = &'t str>, any_case: bool) -> Self {
        let (mut each, mut anywhere) = (Vec::new(), Vec::new());
        for text in texts {
            let (begins, ends) = (text.strip_suffix('*'), text.strip_prefix('*'));
            match (begins, ends.map(|rest| rest.strip_suffix('*').unwrap_or(rest))) {
                (None, None) => {}
                (Some(begin), None) => each.push(Like::Begins(Word::new(begin, any_case))),
                (None, Some(end)) => each.push(Like::Ends(Word::new(end, any_case))),
                (Some(_), Some(middle)) if any_case => anywhere.push(middle.to_ascii_lowercase()),
                (Some(_), Some(middle)) => each.push(Like::Has(Box::new(Finder::new(middle).into_owned()))),
            }
        }
        Likes {
            each: each.into(),
            stems: Stem::of(anywhere),
        }
    }

    pub fn fit(&self, text: &[u8]) -> bool {
        self.each.iter().any(|like| like.fits(text)) || self.stems.iter().any(|stem| stem.is_in(text))
    }
}

#[derive(Debug)]
enum Like {
    Begins(Word),
    Ends(Word),
    Has(Box<Finder<'static>>),
}

impl Like {
    fn fits(&self, text: &[u8]) -> bool {
        match self {
            Like::Begins(word) => text.get(..word.text.len()).is_some_and(|head| word.is(head)),
            Like::Ends(word) => {
                let at = text.len().checked_sub(word.text.len());
                at.is_some_and(|at| word.is(&text[at..]))
            }
            Like::Has(finder) => finder.find(text).is_some(),
        }
    }
}

#[derive(Debug)]
struct Word {
    text: Box<[u8]>,
    any_case: bool,
}

impl Word {
    fn new(text: &str, any_case: bool) -> Self {
        Word {
            text: text.as_bytes().into(),
            any_case,
        }
    }

    fn is(&self, text: &[u8]) -> bool {
        match self.any_case {
            false => *self.text == *text,
            true => self.text.eq_ignore_ascii_case(text),
        }
    }
}

/// Texts that begin alike, of which one has to be somewhere, in any case of ASCII's letters. Searched once for all of them.
#[derive(Debug)]
struct Stem {
    /// What all of them begin with, in lower case.
    stem: Box<[u8]>,
    /// Which letter of it is looked for: the one that is rarest in texts.
    rare: usize,
    /// What may stand behind the stem.
    endings: Box<[Box<[u8]>]>,
}

/// Texts are searched together when so many bytes of theirs are the same.
const ALIKE_BYTES: usize = 4;

/// Letters, the most frequent in English text first.
const FREQUENT: &[u8] = b" etaoinsrhdlucmfywgpbvkxqjz";

impl Stem {
    fn of(mut texts: Vec<String>) -> Box<[Stem]> {
        texts.sort_unstable();
        let alike = |a: &String, b: &String| common(a, b) >= ALIKE_BYTES;
        texts.chunk_by(alike).map(Stem::new).collect()
    }

    /// Of texts in their order.
    fn new(texts: &[String]) -> Stem {
        let stem = match texts {
            [first, .., last] => &first.as_bytes()[..common(first, last)],
            [one] => one.as_bytes(),
            [] => &[],
        };
        let rarity = |letter: u8| {
            FREQUENT
                .iter()
                .position(|&it| it == letter)
                .unwrap_or(FREQUENT.len())
        };
        let rarest = (0..stem.len()).max_by_key(|&at| rarity(stem[at]));
        let endings = texts.iter().map(|text| text.as_bytes()[stem.len()..].into());
        Stem {
            rare: rarest.unwrap_or(0),
            endings: endings.collect(),
            stem: stem.into(),
        }
    }

    /// Takes time in proportion to the text: what is looked at where the letter is does not depend on its length.
    fn is_in(&self, text: &[u8]) -> bool {
        let Some(&letter) = self.stem.get(self.rare) else {
            return true;
        };
        memchr2_iter(letter, letter.to_ascii_uppercase(), text).any(|at| {
            let from = at.checked_sub(self.rare).map(|from| &text[from..]);
            let behind = from.and_then(|from| {
                let (head, behind) = from.split_at_checked(self.stem.len())?;
                head.eq_ignore_ascii_case(&self.stem).then_some(behind)
            });
            behind.is_some_and(|behind| self.endings.iter().any(|ending| begins(behind, ending)))
        })
    }
}

/// How many bytes two texts begin with that are the same.
fn common(a: &str, b: &str) -> usize {
    a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count()
}

/// In any case.
fn begins(text: &[u8], with: &[u8]) -> bool {
    let head = text.get(..with.len());
    head.is_some_and(|head| head.eq_ignore_ascii_case(with))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fits(like: &str, text: &str) -> bool {
        Likes::new([like].into_iter(), false).fit(text.as_bytes())
    }

    #[test]
    fn a_star_stands_for_anything() {
        assert!(fits("*imed out*", "the request timed out after 30 s"));
        assert!(fits("*imed out*", "imed out"));
        assert!(!fits("*imed out*", "timed"));
        assert!(!fits("*imed out*", "TIMED OUT"));
        assert!(fits("GET *", "GET /orders") && !fits("GET *", "a GET /orders"));
        assert!(fits("*.png", "/a.png") && !fits("*.png", "/a.png?") && !fits("*.png", "png"));
        assert!(fits("*", "") && fits("**", "anything") && fits("*", "anything"));
        assert!(!fits("timed*out", "timed*out"));
    }

    #[test]
    fn what_begins_alike_is_searched_once() {
        let texts = [
            "*Timeout*",
            "*deadline exceeded*",
            "*timed out*",
            "*time-out*",
            "*deadline_exceeded*",
            "*x*",
        ];
        let likes = Likes::new(texts.into_iter(), true);
        let stems: Vec<_> = likes.stems.iter().map(|stem| (&*stem.stem, stem.rare)).collect();
        assert_eq!(stems, [(&b"deadline"[..], 4), (b"time", 2), (b"x", 0)]);
        for (text, expected) in [
            ("a TIMED out read", true),
            ("time is up, but there is a Time-Out", true),
            ("Deadline Exceeded", true),
            ("the deadline is near", false),
            ("ime-out", false),
            ("tim", false),
            ("X", true),
        ] {
            assert_eq!(likes.fit(text.as_bytes()), expected, "{text}");
        }
    }

    proptest! {
        /// Any case is what lower case of both sides would be, for each of the texts by itself.
        #[test]
        fn any_case_is_lower_case_of_both(
            text in "[tTiImM ä]{0,12}",
            likes in prop::collection::vec("\\*?[tTiImM ä]{0,6}\\*?", 0..5),
        ) {
            let any_case = Likes::new(likes.iter().map(String::as_str), true);
            let lower = text.to_ascii_lowercase();
            let expected = likes.iter().any(|like| fits(&like.to_ascii_lowercase(), &lower));
            prop_assert_eq!(any_case.fit(text.as_bytes()), expected);
        }
    }
}
