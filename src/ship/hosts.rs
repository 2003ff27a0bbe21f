//! Which host the next request goes to: the healthy ones in turn, a failed one when its rest is over.

use std::time::Duration;

use tokio::time::Instant;

use super::announce::Announce;
use super::backoff::{Backoff, Jitter};
use super::breaker::{Breaker, Event, Kind, Leave};
use super::trouble::Failure;

/// The hosts and their health. Pure: the caller brings the time.
#[derive(Debug)]
pub struct Hosts {
    hosts: Vec<Host>,
    /// Where the next search begins.
    next: usize,
    jitter: Jitter,
}

#[derive(Debug)]
struct Host {
    breaker: Breaker,
    backoff: Backoff,
    announce: Announce,
}

/// Where a request may go now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    Go {
        host: usize,
        kind: Kind,
    },
    /// Nowhere before that time; `None`: not before some request is back.
    Wait(Option<Instant>),
}

/// What a log should say after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    Nothing,
    /// The failure is of a new kind; the host rests this long.
    Failing(Duration),
    /// The host answers again.
    Recovered,
}

impl Hosts {
    /// `count` hosts, all thought healthy; pauses up to `retry_max`.
    pub fn new(count: usize, retry_max: Duration, jitter: Jitter) -> Self {
        let host = || Host {
            breaker: Breaker::Closed,
            backoff: Backoff::new(retry_max),
            announce: Announce::default(),
        };
        Hosts {
            hosts: (0..count).map(|_| host()).collect(),
            next: 0,
            jitter,
        }
    }

    /// Chooses a host and counts the request as begun there.
    pub fn choose(&mut self, now: Instant) -> Choice {
        let count = self.hosts.len();
        let mut earliest: Option<Instant> = None;
        for step in 0..count {
            let host = (self.next + step) % count;
            match self.hosts[host].breaker.leave(now) {
                Leave::Go(kind) => {
                    self.next = (host + 1) % count;
                    self.step(host, Event::Began(kind), now);
                    return Choice::Go { host, kind };
                }
                Leave::Wait(until) => earliest = Some(earliest.map_or(until, |earliest| earliest.min(until))),
                Leave::AfterProbe => {}
            }
        }
        Choice::Wait(earliest)
    }

    /// The host answered, with whatever verdicts.
    pub fn succeeded(&mut self, host: usize, kind: Kind, now: Instant) -> News {
        self.step(host, Event::Succeeded(kind), now);
        if self.hosts[host].breaker != Breaker::Closed {
            return News::Nothing;
        }
        self.hosts[host].backoff.reset();
        if self.hosts[host].announce.is_over() {
            News::Recovered
        } else {
            News::Nothing
        }
    }

    pub fn failed(&mut self, host: usize, kind: Kind, failure: &Failure, now: Instant) -> News {
        let Host {
            breaker,
            backoff,
            announce,
        } = &mut self.hosts[host];
        // Requests that were under way when the outage began do not lengthen the rest.
        let counts = matches!(
            (*breaker, kind),
            (Breaker::Closed, _) | (Breaker::Probing, Kind::Probe)
        );
        if !counts {
            return News::Nothing;
        }
        let pause = backoff.pause(failure.trouble.is_slow(), failure.retry_after, &mut self.jitter);
        *breaker = breaker.step(Event::Failed(kind, pause), now);
        if announce.is_news(failure.trouble.name(), now) {
            News::Failing(pause)
        } else {
            News::Nothing
        }
    }

    /// Nobody waits for the answer any more.
    pub fn dropped(&mut self, host: usize, kind: Kind, now: Instant) {
        self.step(host, Event::Dropped(kind), now);
    }

    pub fn count(&self) -> usize {
        self.hosts.len()
    }

    /// Hosts that requests go to without a probe.
    pub fn healthy(&self) -> usize {
        self.hosts
            .iter()
            .filter(|host| host.breaker == Breaker::Closed)
            .count()
    }

    fn step(&mut self, host: usize, event: Event, now: Instant) {
        let breaker = &mut self.hosts[host].breaker;
        *breaker = breaker.step(event, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ship::trouble::Trouble;

    const RETRY_MAX: Duration = Duration::from_secs(30);

    fn hosts(count: usize) -> Hosts {
        Hosts::new(count, RETRY_MAX, Jitter::new(7))
    }

    fn go(host: usize, kind: Kind) -> Choice {
        Choice::Go { host, kind }
    }

    fn down() -> Failure {
        Trouble::Unreachable("refused".to_owned()).into()
    }

    #[test]
    fn healthy_hosts_take_turns() {
        let now = Instant::now();
        let mut hosts = hosts(3);
        let chosen: Vec<_> = (0..4).map(|_| hosts.choose(now)).collect();
        assert_eq!(chosen, [0, 1, 2, 0].map(|host| go(host, Kind::Usual)));
    }

    #[test]
    fn a_failed_host_rests_and_is_probed_once_while_the_other_works_on() {
        let now = Instant::now();
        let mut hosts = hosts(2);
        assert_eq!(hosts.choose(now), go(0, Kind::Usual));
        assert!(matches!(
            hosts.failed(0, Kind::Usual, &down(), now),
            News::Failing(_)
        ));
        for _ in 0..3 {
            assert_eq!(hosts.choose(now), go(1, Kind::Usual));
        }
        let later = now + RETRY_MAX;
        assert_eq!(hosts.choose(later), go(0, Kind::Probe));
        for _ in 0..3 {
            assert_eq!(hosts.choose(later), go(1, Kind::Usual));
        }
        assert_eq!(
            hosts.failed(0, Kind::Probe, &down(), later),
            News::Nothing,
            "no second log line"
        );
        let again = later + RETRY_MAX;
        assert_eq!(hosts.choose(again), go(0, Kind::Probe));
        assert_eq!(hosts.succeeded(0, Kind::Probe, again), News::Recovered);
        assert_eq!(hosts.healthy(), 2);
    }

    #[test]
    fn with_every_host_down_all_wait_for_the_first_rest_to_end() {
        let now = Instant::now();
        let mut hosts = hosts(2);
        for host in 0..2 {
            hosts.choose(now);
            hosts.failed(host, Kind::Usual, &down(), now);
        }
        let Choice::Wait(Some(until)) = hosts.choose(now) else {
            panic!("somebody was let through");
        };
        assert!(until > now && until <= now + RETRY_MAX);
        assert!(matches!(
            hosts.choose(until),
            Choice::Go {
                kind: Kind::Probe,
                ..
            }
        ));
    }

    #[test]
    fn a_late_failure_of_the_same_outage_does_not_lengthen_the_rest() {
        let now = Instant::now();
        let mut hosts = hosts(1);
        hosts.failed(0, Kind::Usual, &down(), now);
        let first = hosts.choose(now);
        hosts.failed(0, Kind::Usual, &down(), now);
        assert_eq!(hosts.choose(now), first);
    }

    #[test]
    fn retry_after_is_kept() {
        let now = Instant::now();
        let mut hosts = hosts(1);
        let asked = Duration::from_secs(40);
        let failure = Failure {
            trouble: Trouble::Busy(429),
            retry_after: Some(asked),
        };
        hosts.failed(0, Kind::Usual, &failure, now);
        let before = now + asked - Duration::from_millis(1);
        assert!(matches!(hosts.choose(before), Choice::Wait(Some(_))));
    }
}
