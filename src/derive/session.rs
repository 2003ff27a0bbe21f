//! The sessions of one service: how many at a time, how long, how many requests each.
//!
//! A session is the events with one id that lie no further apart than the window. Each is an entry of a table, so
//! everything is exact, until there are more than the table may hold. From then on the table is a sample: only
//! ids whose hash begins with a zero bit are kept, with two zero bits when that is too many again, and so on; an
//! entry then counts for two, for four. Which ids are kept does not depend on what the sessions do, so every
//! figure stays unbiased (adaptive sampling, P. Flajolet, "On adaptive sampling", Computing 43, 1990). With
//! `n` sessions in the sample the count of active sessions is off by less than `1/√n` in two thirds of all cases;
//! [`Sessions::error_ratio`] says it for the moment. Unlike with HyperLogLog sessions can end, and be timed.

use std::collections::HashMap;
use std::sync::Arc;

use super::clock::LogClock;
use super::fixed::Fixed;
use super::hash::AlreadyHashed;
use super::room::{Room, Share, hash_table_bytes};
use super::tally::Tally;

/// How long sessions last, in seconds: a quarter of a minute to four hours.
pub(super) const DURATION_BOUNDS: [f64; 12] = [
    1.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0, 14400.0,
];

/// How many requests sessions have.
pub(super) const REQUESTS_BOUNDS: [f64; 12] = [
    1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0,
];

/// How often a window the table is searched for sessions that have ended.
const SWEEPS_PER_WINDOW: i64 = 4;

/// Halvings of the sample at most; with 2^24 sessions in one entry nothing is known any more.
const LEVEL_MAX: u32 = 24;

const ENTRY_BYTES: usize = size_of::<(u64, Session)>();

#[derive(Debug)]
pub(super) struct Sessions {
    /// How long a session may be silent, in milliseconds.
    window: i64,
    /// Entries at most.
    exact_max: usize,
    /// Likewise, as long as there is no memory for more.
    entries_max: usize,
    share: Share,
    entries: HashMap<u64, Session, AlreadyHashed>,
    /// Ids are kept whose hash has so many zero bits: see [`kept`].
    level: u32,
    /// The level for which the table is complete; above `level` for the time of one window after that was lowered.
    complete: u32,
    lowered_at: i64,
    /// An earlier run has seen sessions that may go on, and this one has seen no event yet.
    resumed: bool,
    /// What begins up to this time may have begun in an earlier run.
    whole_after: i64,
    clock: LogClock,
    swept_at: i64,
    figures: Figures,
}

/// What has been counted since the start.
#[derive(Clone, Debug)]
pub(super) struct Figures {
    pub started: u64,
    /// Of sessions that have ended.
    pub durations: Tally,
    pub requests: Tally,
    /// Events more than a window older than what is known of their session.
    pub late: u64,
}

#[derive(Clone, Copy, Debug)]
struct Session {
    first: i64,
    last: i64,
    requests: u32,
    /// It was seen from its beginning.
    whole: bool,
}

impl Sessions {
    pub fn new(window: i64, exact_max: usize, room: &Arc<Room>) -> Self {
        Sessions {
            window: window.max(1),
            exact_max: exact_max.max(1),
            entries_max: exact_max.max(1),
            share: Share::of(room),
            entries: HashMap::default(),
            level: 0,
            complete: 0,
            lowered_at: i64::MIN,
            resumed: false,
            whole_after: i64::MIN,
            clock: LogClock::default(),
            swept_at: i64::MIN,
            figures: Figures {
                started: 0,
                durations: Tally::new(&DURATION_BOUNDS),
                requests: Tally::new(&REQUESTS_BOUNDS),
                late: 0,
            },
        }
    }

    /// Sessions may go on that an earlier run has counted as started: for the time of a window nobody knows which.
    pub fn resume(&mut self) {
        self.resumed = true;
    }

    /// Whether there was an event.
    pub fn any(&self) -> bool {
        self.clock != LogClock::default()
    }

    /// An event of the session whose id has this hash, at a time in milliseconds.
    #[inline]
    pub fn note(&mut self, hash: u64, at: i64, read_at: i64) {
        self.clock.see(at, read_at);
        if at.saturating_sub(self.swept_at) > self.window / SWEEPS_PER_WINDOW {
            self.sweep(at);
        }
        if !kept(hash, self.level) {
            return;
        }
        let Some(session) = self.entries.get_mut(&hash) else {
            return self.start(hash, at);
        };
        if at.saturating_sub(session.last) > self.window {
            let ended = std::mem::replace(session, Session::new(at, true));
            self.end(ended);
            self.figures.started += self.weight();
        } else if session.first.saturating_sub(at) > self.window {
            self.figures.late += 1;
        } else {
            session.first = session.first.min(at);
            session.last = session.last.max(at);
            session.requests = session.requests.saturating_add(1);
        }
    }

    #[cold]
    fn start(&mut self, hash: u64, at: i64) {
        if self.is_full() {
            self.sweep(self.clock.newest());
            if self.is_full() {
                self.halve();
            }
            if !kept(hash, self.level) {
                return;
            }
        }
        if std::mem::take(&mut self.resumed) {
            self.whole_after = at.saturating_add(self.window);
        }
        // In a part of the sample that was just taken up, nobody knows whether this is the session's beginning.
        let whole = kept(hash, self.complete) && at > self.whole_after;
        if whole {
            self.figures.started += self.weight();
        }
        self.entries.insert(hash, Session::new(at, whole));
    }

    /// Whether there may be no more entries, or the table would grow and there is no memory for that.
    fn is_full(&mut self) -> bool {
        let entries = self.entries.len();
        let grows = entries == self.entries.capacity();
        self.entries_max = match grows && !self.share.reaches(hash_table_bytes(entries + 1, ENTRY_BYTES)) {
            true => entries.max(1),
            false => self.exact_max,
        };
        entries >= self.entries_max
    }

    /// How many sessions one entry stands for.
    fn weight(&self) -> u64 {
        1 << self.level
    }

    fn end(&mut self, session: Session) {
        if session.whole {
            let weight = self.weight();
            let duration = session.last.saturating_sub(session.first).max(0) as u64;
            let figures = &mut self.figures;
            figures.durations.add(Fixed::whole(duration, 1_000_000), weight);
            figures
                .requests
                .add(Fixed::count(u64::from(session.requests)), weight);
        }
    }

    /// Half the sample.
    fn halve(&mut self) {
        while self.entries.len() >= self.entries_max && self.level < LEVEL_MAX {
            self.level += 1;
            let level = self.level;
            self.entries.retain(|&hash, _| kept(hash, level));
        }
        self.complete = self.complete.max(self.level);
    }

    /// Ends the sessions that are silent for longer than the window when it is `now` in the log.
    fn sweep(&mut self, now: i64) {
        self.swept_at = now;
        let mut entries = std::mem::take(&mut self.entries);
        entries.retain(|_, session| {
            let ended = now.saturating_sub(session.last) > self.window;
            if ended {
                self.end(*session);
            }
            !ended
        });
        self.entries = entries;
        if self.complete > self.level && now.saturating_sub(self.lowered_at) > self.window {
            self.complete = self.level;
        } else if self.complete == self.level && self.level > 0 && self.entries.len() < self.entries_max / 4 {
            self.level -= 1;
            self.lowered_at = now;
        }
    }

    /// What it comes to when the wall's clock shows `wall`. Ends what has ended.
    pub fn read(&mut self, wall: i64) -> Reading {
        if let Some(now) = self.clock.at(wall) {
            self.sweep(now);
        }
        let in_sample = self
            .entries
            .keys()
            .filter(|&&hash| kept(hash, self.complete))
            .count();
        Reading {
            active: (in_sample as u64) << self.complete,
            error_ratio: error_ratio(in_sample, self.complete),
            figures: self.figures.clone(),
        }
    }
}

impl Session {
    fn new(at: i64, whole: bool) -> Self {
        Session {
            first: at,
            last: at,
            requests: 1,
            whole,
        }
    }
}

/// Sessions at one moment.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub active: u64,
    /// The standard deviation of `active`, as a part of it; 0 where it is exact.
    pub error_ratio: f64,
    pub figures: Figures,
}

/// Whether an id is in the sample of a level. Bits from the middle: the table uses those at both ends.
fn kept(hash: u64, level: u32) -> bool {
    ((hash >> 16) as u32).leading_zeros() >= level
}

/// Of a count of `n` drawn with the probability `p = 2^-level`: √((1-p)/n).
fn error_ratio(n: usize, level: u32) -> f64 {
    let p = 0.5f64.powi(level as i32);
    ((1.0 - p) / n.max(1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derive::hash::Seed;
    use proptest::prelude::*;

    const MINUTE: i64 = 60_000;

    fn text(amount: Fixed) -> String {
        let mut out = Vec::new();
        amount.write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_session_ends_when_it_was_silent_for_the_window() {
        let mut sessions = Sessions::new(5 * MINUTE, 100, &Arc::default());
        for (hash, at) in [(1, 0), (2, MINUTE), (1, 4 * MINUTE), (1, 8 * MINUTE)] {
            sessions.note(hash, at, at);
        }
        let reading = sessions.read(8 * MINUTE);
        assert_eq!((reading.active, reading.figures.started), (1, 2));
        assert_eq!(reading.figures.durations.count(), 1);
        // The wall's clock goes on, the log is silent.
        let reading = sessions.read(13 * MINUTE);
        assert_eq!(reading.active, 1);
        let reading = sessions.read(13 * MINUTE + 1);
        assert_eq!((reading.active, reading.error_ratio), (0, 0.0));
        assert_eq!(text(reading.figures.durations.sum()), "480");
        assert_eq!(text(reading.figures.requests.sum()), "4");
        // The same id again is another session.
        sessions.note(1, 20 * MINUTE, 20 * MINUTE);
        assert_eq!(sessions.read(20 * MINUTE).figures.started, 3);
    }

    #[test]
    fn a_session_that_goes_on_after_a_restart_has_not_started_again() {
        let mut sessions = Sessions::new(5 * MINUTE, 100, &Arc::default());
        sessions.resume();
        assert!(!sessions.any());
        for (hash, at) in [(1, 60), (2, 64), (1, 64), (3, 66), (1, 66)] {
            sessions.note(hash, at * MINUTE, at * MINUTE);
        }
        assert!(sessions.any());
        // The third began more than a window after the first event; of the others nobody knows.
        let reading = sessions.read(66 * MINUTE);
        assert_eq!((reading.active, reading.figures.started), (3, 1));
        // All have ended; the lengths of those that had begun before are not known.
        let reading = sessions.read(80 * MINUTE);
        assert_eq!((reading.active, reading.figures.durations.count()), (0, 1));
        // The same ids again are sessions like all others.
        sessions.note(1, 90 * MINUTE, 90 * MINUTE);
        assert_eq!(sessions.read(90 * MINUTE).figures.started, 2);
    }

    #[test]
    fn order_within_the_window_does_not_matter_and_what_is_older_is_told() {
        let mut sessions = Sessions::new(MINUTE, 100, &Arc::default());
        for at in [10 * MINUTE, 10 * MINUTE - 30_000, 10 * MINUTE + 5_000] {
            sessions.note(7, at, at);
        }
        sessions.note(7, 0, 0);
        let reading = sessions.read(12 * MINUTE);
        assert_eq!((reading.figures.started, reading.figures.late), (1, 1));
        assert_eq!(text(reading.figures.durations.sum()), "35");
    }

    /// 100,000 ids made by a scanner: the table stays small and the figures stay near.
    #[test]
    fn beyond_the_limit_it_is_an_estimate_whose_error_is_known() {
        const IDS: u64 = 100_000;
        let mut sessions = Sessions::new(5 * MINUTE, 4096, &Arc::default());
        let seed = Seed::fixed();
        for id in 0..IDS {
            let at = id as i64 / 1000;
            sessions.note(seed.hash(&id.to_le_bytes()), at, at);
            assert!(sessions.entries.len() <= 4096);
        }
        let reading = sessions.read(200);
        // 1/√2048 is 2.2 %.
        assert!(
            reading.error_ratio > 0.0 && reading.error_ratio < 0.0222,
            "{}",
            reading.error_ratio
        );
        let off = (reading.active as f64 - IDS as f64).abs() / IDS as f64;
        assert!(off < 5.0 * reading.error_ratio, "{} active", reading.active);
        let off = (reading.figures.started as f64 - IDS as f64).abs() / IDS as f64;
        assert!(off < 0.15, "{} started", reading.figures.started);
        // It goes away, and after some windows of a few sessions everything is exact again.
        for round in 1..100 {
            let at = round * 2 * MINUTE;
            for id in 0..10u64 {
                sessions.note(seed.hash(&id.to_le_bytes()), at, at);
            }
        }
        let reading = sessions.read(198 * MINUTE);
        assert_eq!((reading.active, reading.error_ratio), (10, 0.0));
    }

    /// The sessions of one id, counted in the simplest way.
    fn model(mut times: Vec<i64>, window: i64) -> (u64, i64) {
        times.sort_unstable();
        let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
        let joined: i64 = gaps.clone().filter(|&gap| gap <= window).sum();
        let started = gaps.filter(|&gap| gap > window).count() as u64 + u64::from(!times.is_empty());
        (started, joined)
    }

    proptest! {
        #[test]
        fn below_the_limit_every_figure_is_that_of_the_naive_model(
            mut events in prop::collection::vec((0u64..5, 0i64..200), 0..100),
        ) {
            events.sort_by_key(|&(_, at)| at);
            let mut sessions = Sessions::new(10, 1000, &Arc::default());
            for &(id, at) in &events {
                sessions.note(id, at, at);
            }
            let of = |id| events.iter().filter(|event| event.0 == id).map(|event| event.1).collect::<Vec<_>>();
            let models: Vec<(u64, i64)> = (0..5).map(|id| model(of(id), 10)).collect();
            let newest = events.last().map_or(0, |event| event.1);
            let active = (0..5).filter(|&id| of(id).last().is_some_and(|&last| newest - last <= 10)).count();
            prop_assert_eq!(sessions.read(newest).active, active as u64);
            let figures = sessions.read(newest + 11).figures;
            let started: u64 = models.iter().map(|model| model.0).sum();
            prop_assert_eq!(figures.started, started);
            prop_assert_eq!(figures.durations.count(), started);
            let lasted: i64 = models.iter().map(|model| model.1).sum();
            prop_assert_eq!(figures.durations.sum(), Fixed::whole(lasted as u64, 1_000_000));
            prop_assert_eq!(figures.requests.sum(), Fixed::count(events.len() as u64));
        }
    }
}
