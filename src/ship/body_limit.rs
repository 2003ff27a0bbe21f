//! How large a body the server takes, learned from its 413s: later bodies are split before they are sent.

/// No server or proxy in use takes less than this; a 413 to a smaller body is not about its size.
pub const CREDIBLE_BYTES_MIN: usize = 64 << 10;

/// So many bodies accepted in a row, and a body of twice the size is tried: the limit may have been raised.
const ACCEPTED_BEFORE_GROWTH: u32 = 256;

/// The size from which on bodies are split up front, in bytes before compression.
#[derive(Clone, Debug)]
pub struct BodyLimit {
    /// Smallest size known to be refused.
    refused: Option<usize>,
    /// Largest size known to be accepted.
    accepted: usize,
    /// Bodies accepted since the last 413.
    streak: u32,
}

impl BodyLimit {
    pub fn new() -> Self {
        BodyLimit {
            refused: None,
            accepted: 0,
            streak: 0,
        }
    }

    /// Whether a body of several documents is to be split before it is sent.
    pub fn is_too_large(&self, bytes: usize) -> bool {
        self.refused
            .is_some_and(|refused| bytes >= refused.max(CREDIBLE_BYTES_MIN))
    }

    /// A body was accepted, whatever became of its documents.
    pub fn accept(&mut self, bytes: usize) {
        self.accepted = self.accepted.max(bytes);
        self.streak = self.streak.saturating_add(1);
        let Some(refused) = self.refused else { return };
        if bytes >= refused {
            self.refused = None;
        } else if self.streak >= ACCEPTED_BEFORE_GROWTH {
            self.streak = 0;
            self.refused = refused.checked_mul(2);
        }
    }

    /// A body was refused for its size. `false`: it cannot be for its size, because larger ones were accepted or
    /// nobody sets a limit that low; the server is not itself.
    pub fn refuse(&mut self, bytes: usize) -> bool {
        self.streak = 0;
        self.refused = Some(self.refused.map_or(bytes, |refused| refused.min(bytes)));
        let credible = bytes >= CREDIBLE_BYTES_MIN && bytes > self.accepted;
        // A limit that was lowered refuses what it once accepted: the next refusal of this size is believed.
        self.accepted = self.accepted.min(bytes.saturating_sub(1));
        credible
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: usize = 1 << 10;

    #[test]
    fn bodies_of_a_refused_size_are_split_and_smaller_ones_are_not() {
        let mut limit = BodyLimit::new();
        assert!(!limit.is_too_large(usize::MAX));
        assert!(limit.refuse(1_000 * KIB));
        assert!(limit.refuse(500 * KIB));
        limit.accept(250 * KIB);
        assert!(limit.is_too_large(500 * KIB));
        assert!(!limit.is_too_large(499 * KIB));
    }

    #[test]
    fn a_refusal_of_a_tiny_body_is_not_believed_and_does_not_split_the_rest_to_dust() {
        let mut limit = BodyLimit::new();
        assert!(!limit.refuse(600));
        assert!(!limit.is_too_large(CREDIBLE_BYTES_MIN - 1));
        assert!(limit.is_too_large(CREDIBLE_BYTES_MIN));
    }

    #[test]
    fn a_refusal_of_a_size_that_was_accepted_is_believed_the_second_time() {
        let mut limit = BodyLimit::new();
        limit.accept(900 * KIB);
        assert!(!limit.refuse(800 * KIB));
        assert!(limit.refuse(800 * KIB));
    }

    #[test]
    fn a_raised_limit_is_found_again() {
        let mut limit = BodyLimit::new();
        limit.refuse(100 * KIB);
        for _ in 0..ACCEPTED_BEFORE_GROWTH {
            assert!(limit.is_too_large(100 * KIB));
            limit.accept(99 * KIB);
        }
        assert!(!limit.is_too_large(199 * KIB));
        assert!(limit.is_too_large(200 * KIB));
        limit.accept(250 * KIB);
        assert!(!limit.is_too_large(usize::MAX));
    }
}
