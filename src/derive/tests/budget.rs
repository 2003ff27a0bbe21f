//! Series budgets, however many workers and services there are.

use std::thread;

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
        assert_eq!(values.len(), SERIES_MAX);
        assert_eq!(values.iter().sum::<f64>(), events);
        let folded = sample(
            &page,
            &format!("logmill_series_folded_total{{metric=\"{metric}\"}}"),
        )
        .unwrap();
        assert_eq!(folded, events - (WORKERS * (SERIES_MAX - 1)) as f64);
        let series = sample(&page, &format!("logmill_metric_series{{metric=\"{metric}\"}}")).unwrap();
        assert_eq!(series, SERIES_MAX as f64);
    }
    // All three that have the path as a label and take these events.
    let over = registry.over_budget();
    assert_eq!(over.len(), 3);
    assert!(
        over.iter()
            .all(|metric| (metric.series, metric.series_max) == (SERIES_MAX, SERIES_MAX))
    );
    assert_eq!(
        over[0].folded,
        (WORKERS * PATHS - WORKERS * (SERIES_MAX - 1)) as u64
    );
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
            r#"log_events_total{service="crm",level="other"} 3"#,
            r#"log_events_total{service="shop",level="a"} 1"#,
            r#"log_events_total{service="shop",level="b"} 1"#,
            r#"log_events_total{service="shop",level="other"} 1"#,
        ]
    );
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
