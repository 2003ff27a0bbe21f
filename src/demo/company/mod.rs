//! A small company that makes to order, and the logs that it writes: Shop, CRM and MES behind nginx, a database,
//! a message broker.
//!
//! Nothing here touches a file or a clock. The company is told how late it is and answers with the lines that
//! were written up to then, in time order per file; the same seed and start give the same bytes, however often it
//! is asked.
//!
//! ```text
//! agenda ─▶ visit ─────▶ access line, back-end line, database line, an order
//!           order ─────▶ the lines of its next step
//!           beat ──────▶ what programs write without being asked
//!           uninvited ─▶ a scanner's line
//! ```
//!
//! Every lap puts its own next one on the agenda, so the agenda never empties and never grows beyond what is
//! under way.

mod agenda;
mod answer;
mod back_end;
mod background;
mod files;
mod ledger;
mod lines;
mod moment;
mod order;
mod people;
mod random;
mod routes;
mod system;
mod traces;
mod visit;
mod weather;
mod world;

#[cfg(test)]
mod tests;

pub use files::LogFile;
pub use ledger::{Gap, Ledger, LostOrder};
pub use lines::nginx::LOG_FORMAT;

use crate::event::Timestamp;
use background::BEAT_SECS;
use moment::Moment;
use weather::LOAD_MAX;
use world::{Happening, World};

/// Mean requests per second at a rate of 1, which makes about 400 lines per second.
const REQUESTS_PER_SEC: f64 = 215.0;

/// Mean seconds between two uninvited requests.
const UNINVITED_SECS: f64 = 1.8;

/// The share of orders that get lost, unless told otherwise.
const LOST_SHARE: f64 = 0.04;

/// After a longer gap than this (the machine slept) the company goes on where it was, instead of writing all that
/// would have been.
const GAP_MAX_MICROS: i64 = 30_000_000;

/// The company, at one moment of its time.
#[derive(Clone, Debug)]
pub struct Company {
    world: World,
    now: Moment,
    rate: f64,
}

impl Company {
    /// A company that opens at `start`. The same seed gives the same company.
    pub fn new(seed: u64, start: Timestamp) -> Self {
        let now = Moment(start.unix_nanos().div_euclid(1_000));
        let mut world = World::new(seed, now, LOST_SHARE);
        world.start_up(now);
        world.agenda.push(now, Happening::Visit);
        world.agenda.push(now.after(UNINVITED_SECS), Happening::Uninvited);
        world.agenda.push(now.after(BEAT_SECS), Happening::Beat);
        Company {
            world,
            now,
            rate: 1.0,
        }
    }

    /// How busy it is: 1 makes about 400 lines per second, 0.5 to 2.5 is what the demo is meant for. Held to 0.01
    /// to 1,000.
    pub fn rate(mut self, rate: f64) -> Self {
        self.rate = if rate.is_nan() {
            1.0
        } else {
            rate.clamp(0.01, 1_000.0)
        };
        self
    }

    /// The probability that an order gets lost between two systems, 0 to 1; 0.04 unless told otherwise.
    pub fn lost_share(mut self, share: f64) -> Self {
        self.world.lost_share = share;
        self
    }

    /// Gives `sink` whole lines, each with its newline, that were written up to `to`; in time order per file. A
    /// `to` before the last one gives nothing. When nobody asked for 30 s, it slept for that long.
    pub fn advance(&mut self, to: Timestamp, sink: &mut dyn FnMut(LogFile, &[u8])) {
        let to = Moment(to.unix_nanos().div_euclid(1_000));
        let gap = to.0.saturating_sub(self.now.0);
        if gap > GAP_MAX_MICROS {
            self.world.agenda.postpone(gap);
        }
        self.now = self.now.max(to);
        while let Some((at, happening)) = self.world.agenda.pop(to) {
            match happening {
                Happening::Line(file, text) => sink(file, text.as_bytes()),
                Happening::Visit => self.visit(at),
                Happening::Uninvited => {
                    self.world.uninvited(at);
                    let next = at.after(self.world.random.exponential(UNINVITED_SECS));
                    self.world.agenda.push(next, Happening::Uninvited);
                }
                Happening::Beat => {
                    self.world.beat(at);
                    self.world.agenda.push(at.after(BEAT_SECS), Happening::Beat);
                }
                Happening::Order(order, step) => self.world.order(at, order, step),
            }
        }
    }

    /// What became of the orders so far.
    pub fn ledger(&self) -> &Ledger {
        &self.world.ledger
    }

    /// Visits come independently of each other at a rate that changes: drawn at the highest rate, and then taken
    /// only as often as the load of the moment wants (Lewis and Shedler, 1979: "thinning").
    fn visit(&mut self, at: Moment) {
        let load = self.world.weather.load(at);
        if self.world.random.chance(load / LOAD_MAX) {
            self.world.visit(at);
        }
        let pause = 1.0 / (REQUESTS_PER_SEC * self.rate * LOAD_MAX);
        let next = at.after(self.world.random.exponential(pause));
        self.world.agenda.push(next, Happening::Visit);
    }
}
