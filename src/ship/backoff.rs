//! How long to wait before the next try: exponential, with jitter, so that a fleet of agents does not come
//! back in step.

use std::time::Duration;

/// The shortest pause: a server that refuses at once is asked at most ten times a second.
pub const PAUSE_MIN: Duration = Duration::from_millis(100);

/// Upper end of the first pause where a later try may well succeed by itself.
const FIRST: Duration = Duration::from_millis(200);

/// Upper end of the first pause where somebody has to put something right first.
const FIRST_SLOW: Duration = Duration::from_secs(2);

/// Longest `Retry-After` that is honoured: a server with a wrong clock must not silence the agent.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(300);

/// Counts tries and gives the pause after each.
///
/// The n-th pause is drawn evenly from [`PAUSE_MIN`] to `first * 2^n`, at most `retry_max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    tries: u32,
    retry_max: Duration,
}

impl Backoff {
    pub fn new(retry_max: Duration) -> Self {
        Backoff {
            tries: 0,
            retry_max: retry_max.max(PAUSE_MIN),
        }
    }

    /// The pause after one more try in vain. `slow`: the cause does not pass by itself. `retry_after`: what the
    /// server asked for, a lower bound.
    pub fn pause(&mut self, slow: bool, retry_after: Option<Duration>, jitter: &mut Jitter) -> Duration {
        let first = if slow { FIRST_SLOW } else { FIRST };
        let ceiling = first.saturating_mul(1 << self.tries.min(20)).min(self.retry_max);
        self.tries = self.tries.saturating_add(1);
        let pause = PAUSE_MIN + ceiling.saturating_sub(PAUSE_MIN).mul_f64(jitter.fraction());
        // Asked to wait, agents would come back in step if they all waited just that long.
        let asked =
            retry_after.map(|after| after.min(RETRY_AFTER_MAX) + PAUSE_MIN.mul_f64(jitter.fraction()));
        asked.map_or(pause, |asked| asked.max(pause))
    }

    /// A try succeeded: the next pause is short again.
    pub fn reset(&mut self) {
        self.tries = 0;
    }
}

/// A small generator of even numbers: Marsaglia's xorshift64 (Journal of Statistical Software 8(14), 2003)
/// with the shifts 13, 7, 17. Good enough to spread pauses, and of no use for secrets.
#[derive(Clone, Debug)]
pub struct Jitter(u64);

impl Jitter {
    /// Any seed will do; zero, which xorshift could not leave, is replaced.
    pub fn new(seed: u64) -> Self {
        Jitter(if seed == 0 { 0x9e37_79b9_7f4a_7c15 } else { seed })
    }

    /// Seeded from the clock and the process, so that two agents differ.
    pub fn from_clock() -> Self {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| since.as_nanos() as u64);
        let mut jitter = Jitter::new(now ^ u64::from(std::process::id()).rotate_left(32));
        // The first numbers of close seeds are close.
        for _ in 0..8 {
            jitter.fraction();
        }
        jitter
    }

    /// 0 to 1, 1 not included.
    pub fn fraction(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        // 53 bits are what an f64 holds exactly.
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pauses_stay_between_the_floor_and_the_ceiling(
            seed in any::<u64>(),
            retry_max_ms in 0u64..100_000,
            slow in any::<bool>(),
            tries in 1usize..60,
        ) {
            let retry_max = Duration::from_millis(retry_max_ms);
            let mut backoff = Backoff::new(retry_max);
            let mut jitter = Jitter::new(seed);
            let mut ceiling = if slow { FIRST_SLOW } else { FIRST };
            for _ in 0..tries {
                let pause = backoff.pause(slow, None, &mut jitter);
                prop_assert!(pause >= PAUSE_MIN, "{pause:?}");
                prop_assert!(pause <= ceiling.min(retry_max.max(PAUSE_MIN)), "{pause:?}");
                ceiling *= 2;
                ceiling = ceiling.min(Duration::from_secs(1_000));
            }
        }

        #[test]
        fn what_the_server_asks_for_is_a_lower_bound(seed in any::<u64>(), asked_ms in 0u64..1_000_000) {
            let asked = Duration::from_millis(asked_ms);
            let pause = Backoff::new(Duration::from_secs(30)).pause(false, Some(asked), &mut Jitter::new(seed));
            prop_assert!(pause >= asked.min(RETRY_AFTER_MAX));
            prop_assert!(pause <= RETRY_AFTER_MAX + PAUSE_MIN);
        }
    }

    #[test]
    fn pauses_differ_grow_and_start_small_again_after_a_success() {
        let mut jitter = Jitter::new(1);
        let mut backoff = Backoff::new(Duration::from_secs(30));
        let pauses: Vec<Duration> = (0..64).map(|_| backoff.pause(false, None, &mut jitter)).collect();
        assert!(
            pauses.iter().any(|pause| *pause > Duration::from_secs(20)),
            "{pauses:?}"
        );
        assert!(
            pauses[32..].iter().any(|pause| *pause < Duration::from_secs(10)),
            "{pauses:?}"
        );
        backoff.reset();
        assert!(backoff.pause(false, None, &mut jitter) <= FIRST);
    }

    #[test]
    fn fractions_are_even() {
        let mut jitter = Jitter::new(0);
        let mut tenths = [0u32; 10];
        for _ in 0..10_000 {
            tenths[(jitter.fraction() * 10.0) as usize] += 1;
        }
        assert!(
            tenths.iter().all(|count| (900..1100).contains(count)),
            "{tenths:?}"
        );
    }
}
