//! A bar on the terminal while it takes long.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// Nothing is shown where nobody looks.
#[derive(Debug)]
pub struct Progress {
    events: u64,
    began: Instant,
    shown: Option<Instant>,
    looks: bool,
}

/// Long enough between two pictures that drawing costs nothing.
const EVERY: Duration = Duration::from_millis(100);

/// Characters of a full bar.
const WIDTH: u64 = 40;

impl Progress {
    /// How many events to push through between two looks at the clock.
    pub const EVENTS: u64 = 20_000;

    pub fn new(events: u64) -> Self {
        Progress {
            events,
            began: Instant::now(),
            shown: None,
            looks: io::stderr().is_terminal(),
        }
    }

    /// So many events are through.
    pub fn show(&mut self, done: u64) {
        let now = Instant::now();
        let last = self.shown.unwrap_or(self.began);
        if !self.looks || now.duration_since(last) < EVERY {
            return;
        }
        self.shown = Some(now);
        let rate = done as f64 / now.duration_since(self.began).as_secs_f64();
        let bar = bar(done, self.events);
        let percent = 100 * done.min(self.events) / self.events.max(1);
        // A terminal that is gone is no reason to stop.
        let _ = write!(
            io::stderr(),
            "\r{bar} {percent:3} %  {:.2} M events/s\x1b[K",
            rate / 1e6
        );
    }

    /// Takes the bar away.
    pub fn clear(&mut self) {
        if self.shown.take().is_some() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

/// A bar that is full when all is done.
pub fn bar(done: u64, all: u64) -> String {
    let full = (WIDTH * done.min(all)).checked_div(all).unwrap_or(0);
    (0..WIDTH)
        .map(|place| if place < full { '█' } else { '░' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_fills_as_work_is_done() {
        let full = |done, all| bar(done, all).chars().filter(|&c| c == '█').count();
        assert_eq!(full(0, 0), 0);
        assert_eq!(full(0, 100), 0);
        assert_eq!(full(50, 100), 20);
        assert_eq!(full(100, 100), 40);
        assert_eq!(full(140, 100), 40);
    }
}
