//! The one place where requests wait before they are sent: for a host that is well, and for a place below the
//! limit of requests in flight.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::backoff::Jitter;
use super::breaker::Kind;
use super::concurrency::{Limit, Sample};
use super::health::Health;
use super::hosts::{Choice, Hosts, News};
use super::telemetry;
use super::trouble::Failure;

/// What a request came to, as far as the next requests are concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// There were verdicts, or a plain word about the body.
    Answered,
    /// There were verdicts, and some said that the server has too much to do.
    Overloaded,
    Failed(Failure),
}

/// Lets requests through; shared by all deliveries of an output.
#[derive(Debug)]
pub struct Gate {
    state: Mutex<State>,
    changed: Notify,
    /// Names of the hosts, for messages.
    names: Vec<String>,
    health: Arc<Health>,
}

#[derive(Debug)]
struct State {
    hosts: Hosts,
    limit: Limit,
    in_flight: usize,
}

/// The right to send one request to [`Pass::host`]. Dropping it unfinished says nothing about the host.
#[derive(Debug)]
pub struct Pass<'g> {
    gate: &'g Gate,
    host: usize,
    kind: Kind,
    began: Instant,
    finished: bool,
}

impl Gate {
    /// For hosts of these names.
    pub fn new(names: Vec<String>, requests_max: usize, retry_max: Duration, jitter: Jitter) -> Self {
        Gate {
            state: Mutex::new(State {
                hosts: Hosts::new(names.len(), retry_max, jitter),
                limit: Limit::new(requests_max),
                in_flight: 0,
            }),
            changed: Notify::new(),
            names,
            health: Arc::default(),
        }
    }

    /// Tells whether some host answers.
    pub fn health(&self) -> Arc<Health> {
        Arc::clone(&self.health)
    }

    /// Waits until a request may be sent.
    pub async fn enter(&self) -> Pass<'_> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            let now = Instant::now();
            let choice = self.state().enter(now);
            match choice {
                Choice::Go { host, kind } => {
                    return Pass {
                        gate: self,
                        host,
                        kind,
                        began: now,
                        finished: false,
                    };
                }
                Choice::Wait(None) => changed.await,
                // Either way it is time to ask again.
                Choice::Wait(Some(until)) => drop(timeout_at(until, changed).await),
            }
        }
    }

    /// No code panics while it holds the lock, so a poisoned state is whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, host: usize, news: News, outcome: &Outcome) {
        let host = &self.names[host];
        match (news, outcome) {
            (News::Failing(pause), Outcome::Failed(failure)) => {
                tracing::warn!(
                    "{host} {}; next try in {:.1} s",
                    failure.trouble,
                    pause.as_secs_f64()
                );
            }
            (News::Recovered, _) => tracing::info!("{host} answers again"),
            _ => {}
        }
    }
}

impl State {
    fn enter(&mut self, now: Instant) -> Choice {
        if self.in_flight >= self.limit.get() {
            return Choice::Wait(None);
        }
        let choice = self.hosts.choose(now);
        if matches!(choice, Choice::Go { .. }) {
            self.in_flight += 1;
            telemetry::in_flight(self.in_flight, self.limit.get());
        }
        choice
    }

    fn finish(&mut self, pass: &Pass, outcome: &Outcome, now: Instant) -> News {
        let took = now - pass.began;
        let (name, sample, news) = match outcome {
            Outcome::Answered => (
                "answered",
                Some(Sample::Answered(took)),
                self.hosts.succeeded(pass.host, pass.kind, now),
            ),
            Outcome::Overloaded => (
                "answered",
                Some(Sample::Overload),
                self.hosts.succeeded(pass.host, pass.kind, now),
            ),
            Outcome::Failed(failure) => (
                failure.trouble.name(),
                failure.trouble.is_overload().then_some(Sample::Overload),
                self.hosts.failed(pass.host, pass.kind, failure, now),
            ),
        };
        telemetry::request(name, took);
        if let Some(sample) = sample {
            self.limit.learn(sample, pass.began, self.in_flight, now);
        }
        if self.hosts.healthy() == 0 {
            self.limit.restart();
        }
        news
    }

    fn leave(&mut self) {
        self.in_flight -= 1;
        telemetry::in_flight(self.in_flight, self.limit.get());
        telemetry::hosts(self.hosts.healthy(), self.hosts.count());
    }
}

impl Pass<'_> {
    /// Index of the host to send to.
    pub fn host(&self) -> usize {
        self.host
    }

    /// The request is over.
    pub fn finish(mut self, outcome: &Outcome) {
        self.finished = true;
        let mut state = self.gate.state();
        let news = state.finish(&self, outcome, Instant::now());
        // With the lock held: of two requests that end at once, the one that is over last says how things are.
        match outcome {
            _ if state.hosts.healthy() > 0 => self.gate.health.set(None),
            Outcome::Failed(failure) => {
                let host = &self.gate.names[self.host];
                self.gate.health.set(Some(format!("{host} {}", failure.trouble)));
            }
            Outcome::Answered | Outcome::Overloaded => {}
        }
        drop(state);
        self.gate.say(self.host, news, outcome);
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let mut state = self.gate.state();
        if !self.finished {
            state.hosts.dropped(self.host, self.kind, Instant::now());
        }
        state.leave();
        drop(state);
        self.gate.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ship::trouble::Trouble;

    fn gate(hosts: usize, requests_max: usize) -> Gate {
        let names = (0..hosts).map(|host| format!("http://{host}")).collect();
        Gate::new(names, requests_max, Duration::from_secs(30), Jitter::new(3))
    }

    fn down() -> Outcome {
        Outcome::Failed(Trouble::Unreachable("refused".to_owned()).into())
    }

    /// Whether somebody would be let through now.
    async fn is_open(gate: &Gate) -> bool {
        tokio::select! {
            biased;
            pass = gate.enter() => { drop(pass); true }
            () = std::future::ready(()) => false,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn requests_wait_for_a_place_below_the_limit() {
        let gate = gate(1, 2);
        let first = gate.enter().await;
        let second = gate.enter().await;
        assert!(!is_open(&gate).await);
        first.finish(&Outcome::Answered);
        assert!(is_open(&gate).await);
        second.finish(&Outcome::Answered);
    }

    #[tokio::test(start_paused = true)]
    async fn after_an_outage_one_probe_goes_first_and_then_one_request_at_a_time() {
        let gate = gate(1, 4);
        gate.enter().await.finish(&down());
        assert!(!is_open(&gate).await);
        assert!(
            gate.health()
                .trouble()
                .unwrap()
                .starts_with("http://0 cannot be reached")
        );
        let probe = gate.enter().await;
        assert_eq!(probe.kind, Kind::Probe);
        assert!(!is_open(&gate).await, "a second probe");
        probe.finish(&Outcome::Answered);
        assert_eq!(gate.health().trouble(), None);
        let next = gate.enter().await;
        assert_eq!(next.kind, Kind::Usual);
        next.finish(&Outcome::Answered);
        assert!(gate.state().limit.get() <= 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_host_does_not_hold_up_the_others() {
        let gate = gate(2, 4);
        let began = Instant::now();
        let first = gate.enter().await;
        let host = first.host();
        first.finish(&down());
        let next = gate.enter().await;
        assert_ne!(next.host(), host);
        assert_eq!(Instant::now(), began, "nobody had to wait");
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_is_dropped_lets_the_next_through() {
        let gate = gate(1, 4);
        gate.enter().await.finish(&down());
        drop(gate.enter().await);
        assert_eq!(gate.enter().await.kind, Kind::Probe);
        assert_eq!(gate.state().in_flight, 0);
    }
}
