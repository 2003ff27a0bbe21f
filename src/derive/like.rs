use memchr::memmem::Finder;

/// A text with a star at one end or both: `*timed out*`, `GET *`. A star stands for anything.
#[derive(Debug)]
pub(super) struct Like {
    finder: Finder<'static>,
    open_start: bool,
    open_end: bool,
}

impl Like {
    /// `None` for a text without a star at an end.
    pub fn new(text: &str) -> Option<Self> {
        let (open_start, rest) = match text.strip_prefix('*') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (open_end, middle) = match rest.strip_suffix('*') {
            Some(middle) => (true, middle),
            None => (false, rest),
        };
        (open_start || open_end).then(|| Like {
            finder: Finder::new(middle).into_owned(),
            open_start,
            open_end,
        })
    }

    pub fn fits(&self, text: &[u8]) -> bool {
        let middle = self.finder.needle();
        match (self.open_start, self.open_end) {
            (true, true) => self.finder.find(text).is_some(),
            (true, false) => text.ends_with(middle),
            (false, _) => text.starts_with(middle),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        let fits = |like: &str, text: &str| Like::new(like).is_some_and(|like| like.fits(text.as_bytes()));
        assert!(fits("*imed out*", "the request timed out after 30 s"));
        assert!(fits("*imed out*", "imed out"));
        assert!(!fits("*imed out*", "timed"));
        assert!(fits("GET *", "GET /orders") && !fits("GET *", "a GET /orders"));
        assert!(fits("*.png", "/a.png") && !fits("*.png", "/a.png?"));
        assert!(fits("*", "") && fits("**", "anything"));
        assert!(Like::new("timed*out").is_none());
    }
}
