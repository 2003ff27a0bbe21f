use memchr::{memchr2_iter, memmem::Finder};

/// A text with a star at one end or both: `*timed out*`, `GET *`. A star stands for anything.
#[derive(Debug)]
pub(super) struct Like {
    middle: Middle,
    open_start: bool,
    open_end: bool,
}

/// What has to be there.
#[derive(Debug)]
enum Middle {
    AsIs(Box<Finder<'static>>),
    /// In any case of ASCII's letters.
    AnyCase(Box<[u8]>),
}

impl Like {
    /// `None` for a text without a star at an end. With `any_case`, letters of ASCII are the same in both cases.
    pub fn new(text: &str, any_case: bool) -> Option<Self> {
        let (open_start, rest) = match text.strip_prefix('*') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (open_end, middle) = match rest.strip_suffix('*') {
            Some(middle) => (true, middle),
            None => (false, rest),
        };
        (open_start || open_end).then(|| Like {
            middle: match any_case {
                false => Middle::AsIs(Box::new(Finder::new(middle).into_owned())),
                true => Middle::AnyCase(middle.as_bytes().into()),
            },
            open_start,
            open_end,
        })
    }

    pub fn fits(&self, text: &[u8]) -> bool {
        match (self.open_start, self.open_end) {
            (true, true) => self.middle.is_in(text),
            (true, false) => text
                .len()
                .checked_sub(self.middle.bytes().len())
                .is_some_and(|at| self.middle.begins(&text[at..])),
            (false, _) => self.middle.begins(text),
        }
    }
}

impl Middle {
    fn bytes(&self) -> &[u8] {
        match self {
            Middle::AsIs(finder) => finder.needle(),
            Middle::AnyCase(bytes) => bytes,
        }
    }

    fn begins(&self, text: &[u8]) -> bool {
        match self {
            Middle::AsIs(finder) => text.starts_with(finder.needle()),
            Middle::AnyCase(bytes) => text
                .get(..bytes.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(bytes)),
        }
    }

    /// Takes time in proportion to the text: in any case, a place is looked at only where the first letter is.
    fn is_in(&self, text: &[u8]) -> bool {
        match self {
            Middle::AsIs(finder) => finder.find(text).is_some(),
            Middle::AnyCase(bytes) => match bytes.first() {
                None => true,
                Some(first) => memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), text)
                    .any(|at| self.begins(&text[at..])),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_star_stands_for_anything() {
        let fits =
            |like: &str, text: &str| Like::new(like, false).is_some_and(|like| like.fits(text.as_bytes()));
        assert!(fits("*imed out*", "the request timed out after 30 s"));
        assert!(fits("*imed out*", "imed out"));
        assert!(!fits("*imed out*", "timed"));
        assert!(!fits("*imed out*", "TIMED OUT"));
        assert!(fits("GET *", "GET /orders") && !fits("GET *", "a GET /orders"));
        assert!(fits("*.png", "/a.png") && !fits("*.png", "/a.png?") && !fits("*.png", "png"));
        assert!(fits("*", "") && fits("**", "anything"));
        assert!(Like::new("timed*out", false).is_none());
    }

    proptest! {
        /// Any case is what lower case of both sides would be.
        #[test]
        fn any_case_is_lower_case_of_both(
            text in "[tTiImM ä]{0,12}",
            middle in "[tTiImM ä]{0,3}",
            stars in prop::sample::select(vec![("*", "*"), ("*", ""), ("", "*")]),
        ) {
            let like = format!("{}{middle}{}", stars.0, stars.1);
            let lower = Like::new(&like.to_ascii_lowercase(), false).unwrap();
            let any_case = Like::new(&like, true).unwrap();
            prop_assert_eq!(any_case.fits(text.as_bytes()), lower.fits(text.to_ascii_lowercase().as_bytes()));
        }
    }
}
