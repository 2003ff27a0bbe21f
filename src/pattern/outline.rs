use super::separator::Ahead;

/// What a pattern fixes of the events that it matches: enough to tell most other events at a glance.
#[derive(Clone, Debug)]
pub struct Outline {
    /// What they begin with; perhaps nothing.
    pub opening: Box<[u8]>,
    /// What they end with; `None` where that may be anything.
    pub last: Option<u8>,
    /// Whatever begins with the opening matches.
    pub opening_is_all: bool,
    /// What their first byte is, as far as the pattern's first piece says.
    pub(super) first: Option<Ahead>,
}

impl Outline {
    /// Whether `input` begins as one that matches: false only where it does not.
    #[inline]
    pub fn admits_first(&self, input: &[u8]) -> bool {
        self.first.is_none_or(|first| first.admits(input, 0))
    }
}
