//! How a request is answered: status, time, sizes.

use super::random::Random;
use super::routes::{Kind, Route};

/// nginx gives up on the back end after this long, in seconds.
const TIMEOUT_SECS: f64 = 10.0;

/// People give up after about this long, in seconds.
const PATIENCE_SECS: f64 = 4.0;

/// Of the back end's answers: server errors on a good day, and what the worst incident adds.
const ERRORS_CALM: f64 = 0.0015;
const ERRORS_TROUBLE: f64 = 0.24;

/// Of all answers: what clients do wrong.
const CLIENT_ERRORS: f64 = 0.012;

/// Of the requests for a file: what the browser has already.
const NOT_MODIFIED: f64 = 0.35;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub secs: f64,
    pub sent_bytes: u64,
    pub received_bytes: u64,
}

impl Answer {
    /// `trouble` is 0 (well) to 1 (as ill as it gets); files and pages come from nginx itself and are never ill.
    pub fn draw(route: &Route, trouble: f64, random: &mut Random) -> Self {
        let from_back_end = !matches!(route.kind, Kind::Asset | Kind::Page);
        let trouble = if from_back_end { trouble } else { 0.0 };
        let slowed = route.median_ms * (1.0 + 7.0 * trouble);
        let mut secs = random.log_normal(slowed / 1000.0, route.sigma);
        let mut sent = random.log_normal(route.sent_bytes, 0.4) as u64;
        let header_bytes = 380 + random.below(420);
        let body_bytes = random.log_normal(route.received_bytes, 0.5) as u64;

        let broken = ERRORS_CALM + ERRORS_TROUBLE * trouble;
        let status = if secs > TIMEOUT_SECS {
            secs = TIMEOUT_SECS + random.between(0.0, 0.009);
            sent = 167;
            504
        } else if secs > PATIENCE_SECS && random.chance(0.3) {
            499
        } else if from_back_end && random.chance(broken) {
            let status = random.pick(&[500, 500, 500, 503, 502]);
            sent = if status == 500 { 118 } else { 157 };
            status
        } else if random.chance(CLIENT_ERRORS) && route.kind != Kind::Asset {
            sent = 153;
            match route.method {
                "GET" if route.path.contains('{') => 404,
                "GET" => 401,
                _ => 422,
            }
        } else if route.kind == Kind::Asset {
            // A file has one size.
            sent = route.sent_bytes as u64;
            if random.chance(NOT_MODIFIED) { 304 } else { 200 }
        } else {
            match (route.method, route.kind) {
                (_, Kind::Telemetry) | ("PUT", _) => 204,
                ("POST", _) => 201,
                _ => 200,
            }
        };
        if matches!(status, 204 | 304 | 499) {
            sent = 0;
        }
        Answer {
            status,
            secs,
            sent_bytes: sent,
            received_bytes: header_bytes + body_bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::company::system::System;

    fn answers(path: &str, trouble: f64) -> Vec<Answer> {
        let route = System::Shop
            .routes()
            .iter()
            .find(|route| route.path == path)
            .unwrap();
        let mut random = Random::new(11);
        (0..5_000)
            .map(|_| Answer::draw(route, trouble, &mut random))
            .collect()
    }

    fn errors(answers: &[Answer]) -> usize {
        answers.iter().filter(|answer| answer.status >= 500).count()
    }

    #[test]
    fn trouble_makes_errors_and_slowness() {
        let (calm, ill) = (answers("/api/cart", 0.0), answers("/api/cart", 1.0));
        assert!((1..30).contains(&errors(&calm)), "{}", errors(&calm));
        assert!((1_000..1_400).contains(&errors(&ill)), "{}", errors(&ill));
        let slow = |answers: &[Answer]| answers.iter().filter(|answer| answer.secs > 0.05).count();
        assert!(slow(&ill) > 5 * slow(&calm).max(1));
    }

    #[test]
    fn files_are_never_ill_and_often_known() {
        let ill = answers("/assets/logo.svg", 1.0);
        assert_eq!(errors(&ill), 0);
        let known = ill.iter().filter(|answer| answer.status == 304).count();
        assert!((1_600..1_900).contains(&known));
        assert!(
            ill.iter()
                .all(|answer| (answer.status == 304) == (answer.sent_bytes == 0))
        );
    }

    #[test]
    fn nobody_waits_longer_than_the_time_out() {
        let ill = answers("/api/models", 1.0);
        assert!(ill.iter().any(|answer| answer.status == 504));
        assert!(ill.iter().any(|answer| answer.status == 499));
        assert!(ill.iter().all(|answer| answer.secs < TIMEOUT_SECS + 0.01));
        assert!(ill.iter().all(|answer| answer.received_bytes >= 380));
    }
}
