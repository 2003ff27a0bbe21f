//! How the company's day goes: waves of load, bursts on top, and incidents that befall one system at a time.

use std::f64::consts::{PI, TAU};

use super::moment::Moment;
use super::random::Random;
use super::system::System;

/// One wave of load, in seconds: a day that passes while somebody watches.
const WAVE_SECS: f64 = 40.0;
/// How far the wave goes above and below the mean.
const WAVE_HEIGHT: f64 = 0.45;
/// The most that a burst multiplies the load by.
const BURST_MAX: f64 = 2.2;

/// Load never exceeds this multiple of its mean.
pub const LOAD_MAX: f64 = (1.0 + WAVE_HEIGHT) * BURST_MAX;

/// Asked in time order; the same seed gives the same weather.
#[derive(Clone, Debug)]
pub struct Weather {
    random: Random,
    start: Moment,
    burst: Burst,
    incident: Incident,
}

#[derive(Clone, Copy, Debug)]
struct Burst {
    from: Moment,
    to: Moment,
    factor: f64,
}

#[derive(Clone, Copy, Debug)]
struct Incident {
    from: Moment,
    to: Moment,
    system: System,
}

impl Weather {
    /// The first incident comes 12 to 18 s after the start: nobody should have to wait for it.
    pub fn new(seed: u64, start: Moment) -> Self {
        let mut random = Random::new(seed);
        let burst = Burst::next(&mut random, start);
        let from = start.after(random.between(12.0, 18.0));
        let incident = Incident::starting(&mut random, from);
        Weather {
            random,
            start,
            burst,
            incident,
        }
    }

    /// Requests as a multiple of the mean, 0 to [`LOAD_MAX`].
    pub fn load(&mut self, at: Moment) -> f64 {
        while self.burst.to <= at {
            self.burst = Burst::next(&mut self.random, self.burst.to);
        }
        let wave = 1.0 + WAVE_HEIGHT * (TAU * at.since(self.start) / WAVE_SECS).sin();
        if self.burst.from <= at {
            wave * self.burst.factor
        } else {
            wave
        }
    }

    /// How ill `system` is: 0 well, 1 as ill as it gets. An incident rises and goes away.
    pub fn trouble(&mut self, system: System, at: Moment) -> f64 {
        while self.incident.to <= at {
            let from = self.incident.to.after(self.random.between(15.0, 40.0));
            self.incident = Incident::starting(&mut self.random, from);
        }
        let Incident {
            from,
            to,
            system: ill,
        } = self.incident;
        if ill == system && from <= at {
            (PI * at.since(from) / to.since(from)).sin().max(0.0)
        } else {
            0.0
        }
    }
}

impl Burst {
    fn next(random: &mut Random, after: Moment) -> Self {
        let from = after.after(random.between(12.0, 35.0));
        Burst {
            from,
            to: from.after(random.between(3.0, 6.0)),
            factor: random.between(1.5, BURST_MAX),
        }
    }
}

impl Incident {
    fn starting(random: &mut Random, from: Moment) -> Self {
        Incident {
            from,
            to: from.after(random.between(9.0, 16.0)),
            system: random.pick(&System::ALL),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_stays_within_its_limit_and_averages_a_little_over_one() {
        let start = Moment(0);
        let mut weather = Weather::new(3, start);
        let loads: Vec<f64> = (0..60_000)
            .map(|tick| weather.load(start.after(f64::from(tick) * 0.1)))
            .collect();
        assert!(loads.iter().all(|load| (0.0..=LOAD_MAX).contains(load)));
        let mean = loads.iter().sum::<f64>() / loads.len() as f64;
        assert!((1.0..1.3).contains(&mean), "{mean}");
    }

    #[test]
    fn incidents_come_soon_befall_one_system_and_pass() {
        let start = Moment(0);
        let mut weather = Weather::new(5, start);
        let mut ill_secs = [0, 0, 0];
        for second in 0..3600 {
            let at = start.after(f64::from(second));
            let trouble = System::ALL.map(|system| weather.trouble(system, at));
            assert!(trouble.iter().filter(|&&trouble| trouble > 0.0).count() <= 1);
            for (secs, trouble) in ill_secs.iter_mut().zip(trouble) {
                assert!((0.0..=1.0).contains(&trouble));
                *secs += u32::from(trouble > 0.0);
            }
            if second < 12 {
                assert_eq!(ill_secs, [0, 0, 0]);
            } else if second == 20 {
                assert_ne!(ill_secs, [0, 0, 0]);
            }
        }
        assert!(ill_secs.iter().all(|&secs| secs > 60), "{ill_secs:?}");
        assert!(ill_secs.iter().sum::<u32>() < 1800, "{ill_secs:?}");
    }
}
