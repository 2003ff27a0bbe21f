//! Series budgets, however many workers and services there are.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use proptest::prelude::*;

use super::*;
use crate::limits::{LABEL_BYTES_MAX, SERIES_MAX};

/// Many workers meet many new series at once: the budget is met exactly, and nothing is uncounted.
#[test]
fn the_budget_is_exact_however_many_workers_there_are() {
    let access = Access::new();
    let registry = Registry::default();
    let rules = registry.rules(&access.specs, &[], "shop").unwrap();
    const WORKERS: usize = 4;
    const PATHS: usize = 6_000;
    // 64 are kept for methods and statuses, of which there is one, and the place of `other` is free.
    const SHOWN: usize = SERIES_MAX - 64;
    thread::scope(|scope| {
        for worker in 0..WORKERS {
            let (shard, rules, access) = (registry.shard(), &rules, &access);
            scope.spawn(move || {
                for n in 0..PATHS {
                    // Each worker has its own order.
                    let n = (n * 7 + worker * 1_000) % PATHS;
                    let path: String = format!("/{n}")
                        .bytes()
                        .map(|b| if b == b'/' { '/' } else { (b - b'0' + b'g') as char })
                        .collect();
                    rules.count(&request(access, &path, 200, 1), &mut shard.lock());
                }
            });
        }
    });
    let page = page(&registry, Format::Text);
    let events = (WORKERS * PATHS) as f64;
    for (metric, head) in [
        ("http_requests_total", "http_requests_total{"),
        (
            "http_request_duration_seconds",
            "http_request_duration_seconds_count{",
        ),
    ] {
        let values: Vec<f64> = page
            .lines()
            .filter(|line| line.starts_with(head))
            .map(|line| line.rsplit_once(' ').unwrap().1.parse().unwrap())
            .collect();
        assert_eq!(values.len(), SHOWN);
        assert_eq!(values.iter().sum::<f64>(), events);
        let folded = sample(
            &page,
            &format!("logmill_series_folded_total{{metric=\"{metric}\"}}"),
        )
        .unwrap();
        assert_eq!(folded, events - (WORKERS * (SHOWN - 1)) as f64);
        let series = sample(&page, &format!("logmill_metric_series{{metric=\"{metric}\"}}")).unwrap();
        assert_eq!(series, SHOWN as f64);
    }
    // Method and status of all are true.
    let folded = r#"http_requests_total{service="shop",method="GET",route="other",status="200"}"#;
    assert_eq!(
        sample(&page, folded),
        Some(events - (WORKERS * (SHOWN - 1)) as f64)
    );
    // All three that have the path as a label and take these events.
    let over = registry.over_budget();
    assert_eq!(over.len(), 3);
    let shown = |name: &str| over.iter().find(|metric| metric.name == name).unwrap().series;
    assert_eq!(shown("http_requests_total"), SHOWN);
    // With the route alone nothing is kept for what is folded.
    assert_eq!(shown("http_response_bytes_total"), SERIES_MAX);
    assert_eq!(over[0].folded, (WORKERS * PATHS - WORKERS * (SHOWN - 1)) as u64);
}

#[test]
fn each_service_has_its_own_other_within_the_budget() {
    let access = Access::new();
    let registry = Registry::default();
    let mut specs = access.specs[5..6].to_vec();
    specs[0].series_max = 4;
    let shard = registry.shard();
    let both = ["shop", "crm"].map(|service| registry.rules(&specs, &[], service).unwrap());
    for rules in &both {
        for level in ["a", "b", "c"] {
            let fields = access.fields(&[("log.level", Value::Text(level.as_bytes()))]);
            rules.count(&fields, &mut shard.lock());
        }
    }
    let page = page(&registry, Format::Text);
    let lines: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("log_events_total{"))
        .collect();
    assert_eq!(
        lines,
        [
            r#"log_events_total{service="crm",level="a"} 1"#,
            r#"log_events_total{service="crm",level="other"} 2"#,
            r#"log_events_total{service="shop",level="a"} 1"#,
            r#"log_events_total{service="shop",level="other"} 2"#,
        ]
    );
}

/// A scanner makes up urls of one service, then methods and statuses, too. Its requests are true by method and status
/// as long as these are few, and another service has what was promised to it.
#[test]
fn a_scanner_of_one_service_leaves_room_to_itself_and_to_others() {
    let access = Access::new();
    let registry = Registry::default();
    let both = ["shop", "crm"].map(|service| registry.rules(&access.specs[..1], &[], service).unwrap());
    let shard = registry.shard();
    let count = |at: usize, method: &str, path: &str, status: i64| {
        let fields = access.fields(&[
            ("http.request.method", Value::Text(method.as_bytes())),
            ("url.path", Value::Text(path.as_bytes())),
            ("http.response.status_code", Value::Int(status)),
        ]);
        both[at].count(&fields, &mut shard.lock());
    };
    let word = |n: usize| -> String { n.to_string().bytes().map(|b| (b - b'0' + b'g') as char).collect() };
    for n in 0..20_000 {
        let (method, status) = (["GET", "POST", "HEAD"][n % 3], [200, 404, 500, 503][n % 4]);
        count(0, method, &format!("/{}", word(n)), status);
    }
    for n in 0..400 {
        count(1, "GET", &format!("/{}", word(n)), 200);
    }
    let page_now = page(&registry, Format::Text);
    let series = |page: &str, start: &str| -> (usize, f64) {
        let values = page.lines().filter(|line| line.starts_with(start));
        let values: Vec<f64> = values
            .map(|line| line.rsplit_once(' ').unwrap().1.parse().unwrap())
            .collect();
        (values.len(), values.iter().sum())
    };
    let crm = r#"http_requests_total{service="crm","#;
    assert_eq!(series(&page_now, crm), (400, 400.0));
    let shop = r#"http_requests_total{service="shop","#;
    assert_eq!(series(&page_now, shop).1, 20_000.0);
    for (status, method) in [(200, "GET"), (404, "POST"), (503, "HEAD")] {
        let start = format!(r#"{shop}method="{method}","#);
        let end = format!(r#"status="{status}"}} "#);
        let all: f64 = page_now
            .lines()
            .filter(|line| line.starts_with(&start) && line.contains(&end))
            .map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap())
            .sum();
        let expected = (0..20_000)
            .filter(|n| ["GET", "POST", "HEAD"][n % 3] == method && [200, 404, 500, 503][n % 4] == status)
            .count();
        assert_eq!(all, expected as f64, "{method} {status}");
    }
    for n in 0..5_000 {
        count(
            0,
            &format!("M{n}"),
            &format!("/{}", word(n)),
            200 + (n % 300) as i64,
        );
    }
    let page_now = page(&registry, Format::Text);
    assert!(series(&page_now, "http_requests_total{").0 <= SERIES_MAX);
    assert_eq!(series(&page_now, shop).1, 25_000.0);
    // Statuses with a method of their own no more; some still find a place without one.
    let no_method = format!(r#"{shop}method="other",route="other",status="2"#);
    assert!(
        series(&page_now, &no_method).0 > 4,
        "{}",
        series(&page_now, &no_method).0
    );
    // And the other service still has room: a quarter of the budget, less what is kept for folding.
    for n in 400..430 {
        count(1, "GET", &format!("/{}", word(n)), 200);
    }
    assert_eq!(series(&page(&registry, Format::Text), crm), (430, 430.0));
}

/// What a log says never breaks a page, whichever kind of metric shows it.
#[test]
fn label_values_are_cleaned_and_cut_wherever_they_are_shown() {
    let (access, visits) = (Access::new(), Visits::new(Duration::from_secs(300)));
    let registry = Registry::default();
    let rules = registry.rules(&access.specs, &[], "shop").unwrap();
    let followers = registry.rules(&[], &visits.gathered, "shop").unwrap();
    let shard = registry.shard();
    let long = "x".repeat(LABEL_BYTES_MAX + 1);
    for level in [b"a\nb\"\xff\\".as_slice(), long.as_bytes()] {
        let fields = access.fields(&[("log.level", Value::Text(level))]);
        rules.count(&fields, &mut shard.lock());
        let mut fields = visits.fields("", "/cart", 1, 0);
        fields.set(visits.schema.get("session.id").unwrap(), Value::Text(level));
        followers.count(&fields, &mut shard.lock());
    }
    let page = page(&registry, Format::Text);
    let (clean, cut) = ("a\u{fffd}b\\\"\u{fffd}\\\\", &long[1..]);
    for value in [clean, cut] {
        for series in [
            format!("log_events_total{{service=\"shop\",level=\"{value}\"}}"),
            format!("http_session_requests{{service=\"shop\",route=\"/cart\",session=\"{value}\"}}"),
        ] {
            assert_eq!(sample(&page, &series), Some(1.0), "{series}\n{page}");
        }
    }
}

/// One request: of which service, and which of some methods, paths and statuses.
type Request = (usize, usize, usize, usize);

/// The labels of the series of a metric on a page, by name, and their values.
fn series_of(page: &str, metric: &str) -> Vec<(BTreeMap<String, String>, u64)> {
    let start = format!("{metric}{{");
    let series = page
        .lines()
        .filter_map(|line| line.strip_prefix(&start)?.split_once("} "));
    series
        .map(|(labels, value)| {
            let labels = labels.split(',').map(|label| {
                let (name, value) = label.split_once('=').unwrap();
                (name.to_owned(), value.trim_matches('"').to_owned())
            });
            (labels.collect(), value.parse().unwrap())
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever services send, and however small the budget: there are never more series than it has, the totals of each
    /// service and of each value of a label are exact but for what says `other`, and a service with few label sets has
    /// all of them.
    #[test]
    fn budgets_hold_totals_are_exact_and_no_service_starves(
        services in 1usize..4,
        series_max in 3usize..60,
        requests in prop::collection::vec((prop_oneof![30 => Just(0usize), 1 => 0usize..4], 0usize..4, 0usize..30, 0usize..3), 0..300),
        pages in prop::collection::vec(0usize..300, 0..3),
    ) {
        let names = ["shop", "crm", "mes", "lab"];
        let (methods, statuses) = (["GET", "PUT", "POST", "HEAD"], [200, 404, 500]);
        let access = Access::new();
        let registry = Registry::default();
        let mut specs = access.specs[..1].to_vec();
        specs[0].series_max = series_max;
        let rules: Vec<Rules> = names[..services]
            .iter()
            .map(|service| registry.rules(&specs, &[], service).unwrap())
            .collect();
        let shards = [registry.shard(), registry.shard()];
        let requests: Vec<Request> = requests
            .into_iter()
            .map(|(service, method, path, status)| (service % services, method, path, status))
            .collect();
        let read = |millis| {
            let mut out = Vec::new();
            registry.totals(Timestamp::from_millis(millis)).write(Format::Text, &mut out);
            series_of(&String::from_utf8(out).unwrap(), "http_requests_total")
        };
        for (at, &(service, method, path, status)) in requests.iter().enumerate() {
            let path = format!("/{}", char::from(b'g' + (path % 13) as u8).to_string().repeat(1 + path / 13));
            let fields = access.fields(&[
                ("http.request.method", Value::Text(methods[method].as_bytes())),
                ("url.path", Value::Text(path.as_bytes())),
                ("http.response.status_code", Value::Int(statuses[status])),
            ]);
            rules[service].count(&fields, &mut shards[at % 2].lock());
            if pages.contains(&at) {
                prop_assert!(read(0).len() <= series_max);
            }
        }
        let shown = read(0);
        prop_assert!(shown.len() <= series_max, "{} series", shown.len());
        let promise = series_max / (2 * services);
        for (service, name) in names[..services].iter().enumerate() {
            let own: Vec<_> = shown.iter().filter(|(labels, _)| labels["service"] == *name).collect();
            let sent: Vec<&Request> = requests.iter().filter(|request| request.0 == service).collect();
            let total: u64 = own.iter().map(|(_, value)| value).sum();
            prop_assert_eq!(total, sent.len() as u64);
            for (at, method) in methods.iter().enumerate() {
                let of = |value: &str| -> u64 {
                    own.iter().filter(|(labels, _)| labels["method"] == value).map(|(_, value)| value).sum()
                };
                let true_one = sent.iter().filter(|request| request.1 == at).count() as u64;
                prop_assert!(of(method) <= true_one && true_one <= of(method) + of("other"));
            }
            let distinct: BTreeSet<_> = sent.iter().collect();
            if distinct.len() <= promise - 64.min(promise / 2) {
                prop_assert!(own.iter().all(|(labels, _)| labels.values().all(|value| value != "other")));
            }
        }
        // Everything was silent for long, and comes again.
        for hours in 1..4 {
            prop_assert!(read(hours * 3_600_000).len() <= series_max);
        }
        for &(service, method, path, status) in requests.iter().rev() {
            let path = format!("/{}", char::from(b'g' + (path % 13) as u8));
            let fields = access.fields(&[
                ("http.request.method", Value::Text(methods[method].as_bytes())),
                ("url.path", Value::Text(path.as_bytes())),
                ("http.response.status_code", Value::Int(statuses[status])),
            ]);
            rules[service].count(&fields, &mut shards[0].lock());
        }
        prop_assert!(read(4 * 3_600_000).len() <= series_max);
    }
}
