//! Whether a host is asked at all. Shared by all requests, so that an outage is met by one probe at a time and
//! not by a storm.
//!
//! ```text
//!            failure                 pause over, one request
//!  Closed ────────────▶ Open{until} ─────────────────────────▶ Probing
//!    ▲                      ▲                                    │ │
//!    │                      └───────────── failure ──────────────┘ │
//!    └──────────────────────────────── success ────────────────────┘
//! ```
//!
//! What a request that began before the outage comes to changes nothing: only the probe decides.

use std::time::Duration;

use tokio::time::Instant;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breaker {
    /// The host works, as far as is known.
    Closed,
    /// The host failed: nothing is sent to it before `until`.
    Open { until: Instant },
    /// One request is on its way to see whether the host works again.
    Probing,
}

/// Which kind of request it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Usual,
    Probe,
}

/// What happened to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Began(Kind),
    Succeeded(Kind),
    /// The host is to be left alone for `pause`.
    Failed(Kind, Duration),
    /// Nobody waits for it any more; it says nothing about the host.
    Dropped(Kind),
}

/// Whether a request may go to the host now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    Go(Kind),
    /// Not before then.
    Wait(Instant),
    /// Not before the probe is back.
    AfterProbe,
}

impl Breaker {
    pub fn leave(self, now: Instant) -> Leave {
        match self {
            Breaker::Closed => Leave::Go(Kind::Usual),
            Breaker::Open { until } if until <= now => Leave::Go(Kind::Probe),
            Breaker::Open { until } => Leave::Wait(until),
            Breaker::Probing => Leave::AfterProbe,
        }
    }

    #[must_use]
    pub fn step(self, event: Event, now: Instant) -> Breaker {
        match (self, event) {
            (_, Event::Began(Kind::Probe)) => Breaker::Probing,
            (Breaker::Probing, Event::Succeeded(Kind::Probe)) => Breaker::Closed,
            (Breaker::Probing, Event::Failed(Kind::Probe, pause)) => Breaker::Open { until: now + pause },
            // The next request is the probe.
            (Breaker::Probing, Event::Dropped(Kind::Probe)) => Breaker::Open { until: now },
            (Breaker::Closed, Event::Failed(_, pause)) => Breaker::Open { until: now + pause },
            (same, _) => same,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(1);

    #[test]
    fn an_outage_is_met_by_one_probe_at_a_time() {
        let start = Instant::now();
        let mut breaker = Breaker::Closed;
        for _ in 0..3 {
            assert_eq!(breaker.leave(start), Leave::Go(Kind::Usual));
            breaker = breaker.step(Event::Began(Kind::Usual), start);
        }
        let open = Breaker::Open { until: start + PAUSE };
        // The three fail one after the other: one outage, one pause.
        for late in 0..3 {
            let now = start + Duration::from_millis(late);
            breaker = breaker.step(Event::Failed(Kind::Usual, PAUSE), now);
            assert_eq!(breaker, open);
        }
        assert_eq!(breaker.leave(start), Leave::Wait(start + PAUSE));

        let due = start + PAUSE;
        assert_eq!(breaker.leave(due), Leave::Go(Kind::Probe));
        breaker = breaker.step(Event::Began(Kind::Probe), due);
        assert_eq!(breaker.leave(due), Leave::AfterProbe);
        let failed = breaker.step(Event::Failed(Kind::Probe, PAUSE), due);
        assert_eq!(failed, Breaker::Open { until: due + PAUSE });
        let works = breaker.step(Event::Succeeded(Kind::Probe), due);
        assert_eq!(works, Breaker::Closed);
    }

    #[test]
    fn only_the_probe_decides() {
        let now = Instant::now();
        let open = Breaker::Open { until: now + PAUSE };
        assert_eq!(open.step(Event::Succeeded(Kind::Usual), now), open);
        for event in [
            Event::Succeeded(Kind::Usual),
            Event::Failed(Kind::Usual, PAUSE),
            Event::Dropped(Kind::Usual),
        ] {
            assert_eq!(Breaker::Probing.step(event, now), Breaker::Probing);
        }
    }

    #[test]
    fn a_probe_that_nobody_waits_for_makes_way_for_the_next() {
        let now = Instant::now();
        let breaker = Breaker::Probing.step(Event::Dropped(Kind::Probe), now);
        assert_eq!(breaker.leave(now), Leave::Go(Kind::Probe));
        assert_eq!(
            Breaker::Closed.step(Event::Dropped(Kind::Usual), now),
            Breaker::Closed
        );
    }
}
