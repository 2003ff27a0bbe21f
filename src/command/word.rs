//! Words of the command line: what is wrong with one is said before anything is tried, with exit code 2.

use std::net::SocketAddr;
use std::time::Duration;

use jiff::tz::TimeZone;
use reqwest::Url;

use crate::config;

pub fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "expected an address such as 127.0.0.1:9598".to_owned())
}

/// The address of an Elasticsearch; credentials in it would show in the list of processes.
pub fn server(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none()
    });
    url.ok_or_else(|| {
        "expected an address such as http://127.0.0.1:9200; credentials go to a configuration".to_owned()
    })
}

pub fn zone(name: &str) -> Result<TimeZone, String> {
    config::zone(name).ok_or_else(|| {
        "expected a time zone such as Europe/Berlin, an offset such as +02:00, UTC or local".to_owned()
    })
}

pub fn moment(text: &str) -> Result<jiff::Timestamp, String> {
    text.parse()
        .map_err(|_| "expected a moment such as 2026-11-22T17:50:00Z".to_owned())
}

/// How busy the made-up company is.
pub fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate| *rate > 0.0 && *rate <= 100.0);
    rate.ok_or_else(|| "expected a number over 0, of at most 100".to_owned())
}

/// The beginning of a reject's key. With none it would be every key's, said by mistake, such as an empty variable's.
pub fn key(text: &str) -> Result<String, String> {
    match text.is_empty() {
        true => Err("an empty key is every document's; `logmill rejects list` shows the keys".to_owned()),
        false => Ok(text.to_owned()),
    }
}

pub fn duration(text: &str) -> Result<Duration, String> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let scale = match unit {
        "ms" => 0.001,
        "s" | "" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err("expected a duration such as 30s, 500ms or 5m".to_owned()),
    };
    let number: f64 = number
        .parse()
        .map_err(|_| "expected a duration such as 30s".to_owned())?;
    Duration::try_from_secs_f64(number * scale).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::command::Arguments;

    #[test]
    fn what_cannot_be_meant_is_refused_before_anything_is_tried() {
        let right = [
            "bench --sink bulk",
            "parse --pipeline plain --timezone Europe/Berlin --now 2026-11-22T17:50:00Z",
            "parse --pipeline plain --timezone +02:00",
            "status --listen 127.0.0.1:9598",
            "health --listen [::1]:9598",
            "setup --elasticsearch http://127.0.0.1:9200",
            "demo --rate 0.5 --for 500ms",
        ];
        for words in right {
            let parsed = Arguments::try_parse_from(format!("logmill {words}").split(' '));
            assert!(parsed.is_ok(), "{words}: {parsed:?}");
        }
        let wrong = [
            "bench --sink foo",
            "bench --sink http://",
            "bench --sink http://user:password@127.0.0.1:9",
            "parse --pipeline plain --timezone Mars",
            "parse --pipeline plain --now x",
            "status --listen foo",
            "health --listen 9598",
            "setup --elasticsearch 127.0.0.1:9",
            "setup --elasticsearch http://user:password@127.0.0.1:9",
            "setup --elasticsearch ftp://127.0.0.1",
            "check --pipelines a --config b",
            "check --pipelines a --outputs",
            "bench --lines 0",
            "demo --listen foo",
            "demo --elasticsearch es:9200",
            "demo --rate 0",
            "demo --rate NaN",
            "demo --for 3x",
        ];
        for words in wrong {
            let refused = Arguments::try_parse_from(format!("logmill {words}").split(' ')).unwrap_err();
            assert_eq!(refused.exit_code(), 2, "{words}");
        }
    }
}
