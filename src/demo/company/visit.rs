//! One request, and what it leaves in the logs.

use super::answer::Answer;
use super::files::LogFile;
use super::lines::nginx::{self, Access};
use super::moment::Moment;
use super::order::{Order, Step};
use super::people::{self, PRINTERS, Session};
use super::random::Random;
use super::routes::Kind;
use super::system::System;
use super::world::{Happening, World};

impl World {
    /// A request comes in at `at`; its lines follow when it has been answered.
    pub fn visit(&mut self, at: Moment) {
        let system = weighted(&System::ALL, System::weight, &mut self.random);
        let route = weighted(system.routes(), |route| route.weight, &mut self.random);
        let trouble = self.weather.trouble(system, at);
        let answer = Answer::draw(&route, trouble, &mut self.random);
        let done = at.after(answer.secs);

        let session = self.people.someone(system, route.kind, &mut self.random);
        let visitor = session.clone();
        let recent = self.ledger.recent(self.random.below(60));
        let target = target(route.path, &visitor, recent, &mut self.random);
        if route.kind == Kind::Page {
            session.referer = format!("https://{}{target}", system.host());
        }
        let request = format!("{} {target} HTTP/1.1", route.method);
        let line = access_line(done, &request, &answer, &visitor);
        self.write(done, system.access_log(), line);

        if !matches!(route.kind, Kind::Asset | Kind::Page) {
            self.back_end(at, system, &route, &target, &answer);
        }
        if route.kind == Kind::Order && answer.status == 201 {
            let number = self.ledger.number();
            let order = Order::new(number, &visitor, self.lost_share, &mut self.random);
            self.agenda
                .push(done, Happening::Order(Box::new(order), Step::Placed));
        }
    }

    /// Somebody tries the Shop's doors.
    pub fn uninvited(&mut self, at: Moment) {
        let (request, status, agent) = people::uninvited(&mut self.random);
        let client = format!("198.51.100.{}", 1 + self.random.below(254));
        let access = Access {
            client: &client,
            user: "-",
            request,
            status,
            sent_bytes: if status == 200 { 4_180 } else { 153 },
            referer: "-",
            agent,
            secs: 0.0,
            received_bytes: request.len() as u64 + self.random.below(180),
            session: "-",
        };
        self.write(at, LogFile::ShopAccess, nginx::line(at, &access));
    }
}

fn access_line(at: Moment, request: &str, answer: &Answer, visitor: &Session) -> String {
    let access = Access {
        client: &visitor.client,
        user: visitor.user,
        request,
        status: answer.status,
        sent_bytes: answer.sent_bytes,
        referer: &visitor.referer,
        agent: visitor.agent,
        secs: answer.secs,
        received_bytes: answer.received_bytes,
        session: &visitor.cookie,
    };
    nginx::line(at, &access)
}

/// `path` with ids in place of its braces.
fn target(path: &str, visitor: &Session, order: u64, random: &mut Random) -> String {
    const SKUS: [&str; 6] = [
        "bracket-m4",
        "gear-m1-20",
        "housing-a",
        "knob-d6",
        "lithophane",
        "vase-spiral",
    ];
    let mut out = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        match name {
            "order" => out.push_str(&order.to_string()),
            "model" => out.push_str(&visitor.model),
            "customer" => out.push_str(&(2_000 + random.below(900)).to_string()),
            "printer" if visitor.number <= PRINTERS => out.push_str(&visitor.number.to_string()),
            "printer" => out.push_str(&(1 + random.below(PRINTERS)).to_string()),
            "sku" => out.push_str(random.pick(&SKUS)),
            _ => out.push_str(&(1 + random.below(9)).to_string()),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// One of `choices`, each as likely as its weight; the last where all weights are 0.
fn weighted<T: Copy>(choices: &[T], weight: impl Fn(T) -> u32, random: &mut Random) -> T {
    let total: u64 = choices.iter().map(|&choice| u64::from(weight(choice))).sum();
    let mut left = random.below(total);
    let mut chosen = choices[0];
    for &choice in choices {
        chosen = choice;
        let weight = u64::from(weight(choice));
        if left < weight {
            break;
        }
        left -= weight;
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_becomes_a_target_without_braces() {
        let mut random = Random::new(4);
        let mut people = people::People::new(&mut random);
        for system in System::ALL {
            for route in system.routes() {
                let visitor = people.someone(system, route.kind, &mut random).clone();
                let target = target(route.path, &visitor, 10_407, &mut random);
                assert!(!target.contains(['{', '}', ' ']), "{target}");
                assert_eq!(target.contains("10407"), route.path.contains("{order}"));
                assert_eq!(target.contains(&visitor.model), route.path.contains("{model}"));
            }
        }
    }

    #[test]
    fn weights_are_kept() {
        let mut random = Random::new(4);
        let mut counts = [0, 0, 0];
        for _ in 0..10_000 {
            counts[weighted(&[0, 1, 2], |choice| [1, 0, 3][choice], &mut random)] += 1;
        }
        assert!((2_300..2_700).contains(&counts[0]), "{counts:?}");
        assert_eq!(counts[1], 0);
    }
}
