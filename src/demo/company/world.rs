//! Everything that the parts of the company share: who is there, what is planned, and the dice.

use super::agenda::Agenda;
use super::files::LogFile;
use super::ledger::Ledger;
use super::moment::Moment;
use super::order::{Order, Step};
use super::people::People;
use super::random::Random;
use super::weather::Weather;

/// What can be on the agenda.
#[derive(Clone, Debug)]
pub enum Happening {
    /// A program writes these lines.
    Line(LogFile, String),
    /// Maybe a request, and the next of these.
    Visit,
    /// A scanner or crawler comes by, and the next of these.
    Uninvited,
    /// What programs write without being asked, and the next of these.
    Beat,
    /// Counted up to now and written from now on.
    Order(Box<Order>, Step),
}

#[derive(Clone, Debug)]
pub struct World {
    pub random: Random,
    pub weather: Weather,
    pub people: People,
    pub ledger: Ledger,
    pub agenda: Agenda<Happening>,
    /// The probability that an order gets lost.
    pub lost_share: f64,
    /// Number of the beat, for what comes every so many beats.
    pub beats: u64,
}

impl World {
    pub fn new(seed: u64, start: Moment, lost_share: f64) -> Self {
        let mut random = Random::new(seed);
        World {
            weather: Weather::new(random.next(), start),
            people: People::new(&mut random),
            random,
            ledger: Ledger::default(),
            agenda: Agenda::new(),
            lost_share,
            beats: 0,
        }
    }

    /// `at` must not be before the moment that is being played, or the file would not be in time order.
    pub fn write(&mut self, at: Moment, file: LogFile, text: String) {
        self.agenda.push(at, Happening::Line(file, text));
    }

    /// The name of one of Tomcat's request threads.
    pub fn web_thread(&mut self) -> String {
        format!("http-nio-8080-exec-{}", 1 + self.random.below(20))
    }
}
