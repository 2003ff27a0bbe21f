use std::time::Duration;

use tokio::time::Instant;

/// How long the same trouble is not mentioned again.
const SILENCE: Duration = Duration::from_secs(60);

/// Decides whether a trouble is worth a log line: when it is new, and once a minute while it comes back.
#[derive(Debug, Default)]
pub struct Announce {
    said: Option<(&'static str, Instant)>,
    /// The trouble last said still holds.
    holds: bool,
}

impl Announce {
    /// A trouble of this kind was met.
    pub fn is_news(&mut self, kind: &'static str, now: Instant) -> bool {
        let same_outage = self.holds;
        self.holds = true;
        match self.said {
            Some((said, at)) if said == kind && (same_outage || now < at + SILENCE) => false,
            _ => {
                self.said = Some((kind, now));
                true
            }
        }
    }

    /// All is well: whether there was a trouble that is over now.
    pub fn is_over(&mut self) -> bool {
        std::mem::take(&mut self.holds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trouble_is_said_once_until_it_changes() {
        let start = Instant::now();
        let mut announce = Announce::default();
        assert!(!announce.is_over());
        assert!(announce.is_news("denied", start));
        assert!(!announce.is_news("denied", start + SILENCE * 3));
        assert!(announce.is_news("unreachable", start));
        assert!(announce.is_over());
        assert!(!announce.is_over());
    }

    #[test]
    fn a_trouble_that_comes_and_goes_is_said_once_a_minute() {
        let start = Instant::now();
        let mut announce = Announce::default();
        assert!(announce.is_news("busy", start));
        announce.is_over();
        assert!(!announce.is_news("busy", start + SILENCE / 2));
        announce.is_over();
        assert!(announce.is_news("busy", start + SILENCE));
    }
}
