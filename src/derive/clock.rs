/// What time it is in a log, in milliseconds since the epoch: its newest event, and what has passed since that
/// one was read.
///
/// Windows and time-outs go by this clock and not by the wall's, so that a log that is read an hour late, or
/// whose times are of another zone, gives what it would have given at its time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LogClock {
    newest: Option<i64>,
    /// When the newest was read.
    read_at: i64,
}

impl LogClock {
    /// An event of `at` was read at `read_at`, which is not before `at`.
    #[inline]
    pub fn see(&mut self, at: i64, read_at: i64) {
        if self.newest.is_none_or(|newest| newest < at) {
            self.newest = Some(at);
            self.read_at = read_at;
        }
    }

    /// The time in the log when the wall's clock shows `wall`; `None` before the first event.
    pub fn at(&self, wall: i64) -> Option<i64> {
        let passed = wall.saturating_sub(self.read_at).max(0);
        Some(self.newest?.saturating_add(passed))
    }

    /// The time of the newest event.
    pub fn newest(&self) -> i64 {
        self.newest.unwrap_or(i64::MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_is_read_late_keeps_its_own_time() {
        let mut clock = LogClock::default();
        assert_eq!(clock.at(1_000_000), None);
        clock.see(1_000, 900_000);
        clock.see(500, 900_100);
        assert_eq!(clock.newest(), 1_000);
        assert_eq!(clock.at(900_000), Some(1_000));
        assert_eq!(clock.at(900_250), Some(1_250));
        // The wall's clock was set back.
        assert_eq!(clock.at(0), Some(1_000));
    }
}
