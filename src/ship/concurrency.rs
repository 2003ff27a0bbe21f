//! How many requests may be in flight: grows by one per round of good answers, shrinks by a third when the
//! server says that it is too much (429, time-out) and by a tenth when its answers become slow.

use std::time::Duration;

use tokio::time::Instant;

/// Share of the limit that stays after a 429 or a time-out.
const AFTER_OVERLOAD: f64 = 0.66;

/// Share of the limit that stays after a slow answer.
const AFTER_SLOW: f64 = 0.9;

/// Weight of the newest latency in the moving mean.
const NEWEST: f64 = 0.2;

/// An answer is slow when it takes longer than the mean by this many mean deviations...
const SLOW_DEVIATIONS: f64 = 3.0;

/// ...and at least this many times the mean: a steady server has a tiny deviation.
const SLOW_TIMES: f64 = 2.0;

/// What one request tells about the server's load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    /// Answered after this long.
    Answered(Duration),
    /// 429, whole or for some documents; or no answer in time.
    Overload,
}

/// The limit of requests in flight: 1 to `requests_max`.
#[derive(Clone, Debug)]
pub struct Limit {
    limit: f64,
    max: usize,
    /// Moving mean and mean deviation of the latency, in seconds; zero before the first answer.
    mean: f64,
    deviation: f64,
    /// Requests that began before this time say nothing new: they met the load that was cut back then.
    cut_at: Option<Instant>,
}

impl Limit {
    pub fn new(requests_max: usize) -> Self {
        let max = requests_max.max(1);
        Limit {
            limit: max.min(2) as f64,
            max,
            mean: 0.0,
            deviation: 0.0,
            cut_at: None,
        }
    }

    /// Requests that may be in flight now.
    pub fn get(&self) -> usize {
        self.limit as usize
    }

    /// The server was away: begin again with one request, so that it is not met by a storm.
    pub fn restart(&mut self) {
        self.limit = 1.0;
        self.mean = 0.0;
        self.deviation = 0.0;
        self.cut_at = None;
    }

    /// Learns from a request that began at `began` while `in_flight` requests were on their way, itself included.
    pub fn learn(&mut self, sample: Sample, began: Instant, in_flight: usize, now: Instant) {
        match sample {
            Sample::Overload => self.cut(AFTER_OVERLOAD, began, now),
            Sample::Answered(latency) => {
                let latency = latency.as_secs_f64();
                let slow = self.mean > 0.0
                    && latency > self.mean + SLOW_DEVIATIONS * self.deviation
                    && latency > self.mean * SLOW_TIMES;
                self.remember(latency);
                if slow {
                    self.cut(AFTER_SLOW, began, now);
                } else if in_flight >= self.get() {
                    // A limit that is not reached says nothing about a higher one.
                    self.limit = (self.limit + 1.0 / self.limit).min(self.max as f64);
                }
            }
        }
    }

    fn remember(&mut self, latency: f64) {
        if self.mean == 0.0 {
            self.mean = latency;
            self.deviation = latency / 2.0;
        } else {
            self.deviation += NEWEST * ((latency - self.mean).abs() - self.deviation);
            self.mean += NEWEST * (latency - self.mean);
        }
    }

    fn cut(&mut self, share: f64, began: Instant, now: Instant) {
        if self.cut_at.is_none_or(|cut_at| began >= cut_at) {
            self.limit = (self.limit * share).max(1.0);
            self.cut_at = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const QUICK: Sample = Sample::Answered(Duration::from_millis(20));

    /// A limit that has grown to its most.
    fn grown(max: usize, now: Instant) -> Limit {
        let mut limit = Limit::new(max);
        for _ in 0..200 {
            limit.learn(QUICK, now, max, now);
        }
        assert_eq!(limit.get(), max);
        limit
    }

    #[test]
    fn good_answers_raise_the_limit_to_its_most_one_round_each() {
        let now = Instant::now();
        let mut limit = Limit::new(4);
        let mut rounds = 0;
        while limit.get() < 4 {
            for _ in 0..limit.get() {
                limit.learn(QUICK, now, limit.get(), now);
            }
            rounds += 1;
        }
        assert!((2..=4).contains(&rounds), "{rounds}");
        assert_eq!(grown(4, now).get(), 4);
    }

    #[test]
    fn a_limit_that_is_not_reached_stays() {
        let now = Instant::now();
        let mut limit = Limit::new(8);
        for _ in 0..100 {
            limit.learn(QUICK, now, 1, now);
        }
        assert_eq!(limit.get(), 2);
    }

    #[test]
    fn overload_cuts_once_per_round_and_never_below_one() {
        let start = Instant::now();
        let mut limit = grown(8, start);
        let later = start + Duration::from_secs(1);
        // All eight were sent before the first of them came back.
        for _ in 0..8 {
            limit.learn(Sample::Overload, start, 8, later);
        }
        assert_eq!(limit.get(), 5);
        for round in 2..20 {
            let now = start + Duration::from_secs(round);
            limit.learn(Sample::Overload, now, 1, now);
        }
        assert_eq!(limit.get(), 1);
    }

    #[test]
    fn answers_that_become_slow_cut_a_little() {
        let start = Instant::now();
        let mut limit = grown(8, start);
        limit.learn(Sample::Answered(Duration::from_millis(200)), start, 8, start);
        assert_eq!(limit.get(), 7);
    }

    #[test]
    fn after_an_outage_one_request_goes_first() {
        let now = Instant::now();
        let mut limit = grown(8, now);
        limit.restart();
        assert_eq!(limit.get(), 1);
    }

    proptest! {
        #[test]
        fn the_limit_stays_in_its_range(
            max in 0usize..10,
            samples in prop::collection::vec((prop::option::of(0u64..100_000), 0usize..12, 0u64..50), 0..200),
        ) {
            let start = Instant::now();
            let mut limit = Limit::new(max);
            for (millis, in_flight, at) in samples {
                let now = start + Duration::from_millis(at);
                let sample = millis.map_or(Sample::Overload, |millis| Sample::Answered(Duration::from_millis(millis)));
                limit.learn(sample, now, in_flight, now);
                prop_assert!((1..=max.max(1)).contains(&limit.get()));
            }
        }
    }
}
