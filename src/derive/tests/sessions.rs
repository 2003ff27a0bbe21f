//! Sessions and top lists.

use std::collections::BTreeMap;

use super::*;
use crate::allocations;

/// A scanner makes up an id and a path for each of its requests, ten people work as ever: they are in the list with
/// what they did, the number of sessions is within its error, and nothing grows.
#[test]
fn a_restart_starts_no_session() {
    let visits = Visits::new(Duration::from_secs(300));
    let registry = Registry::default();
    let rules = registry.rules(&[], &visits.gathered, "shop").unwrap();
    registry.resume();
    let shard = registry.shard();
    rules.count(&visits.fields("s", "/cart", 1, 0), &mut shard.lock());
    let page = page(&registry, Format::Text);
    for (name, value) in [
        ("http_active_sessions", 1.0),
        ("http_sessions_started_total", 0.0),
    ] {
        let series = format!("{name}{{service=\"shop\"}}");
        assert_eq!(sample(&page, &series), Some(value), "{page}");
    }
}

#[test]
fn what_is_gathered_says_in_what_it_does_not_agree() {
    let visits = Visits::new(Duration::from_secs(300));
    let registry = Registry::default();
    let mut enrolment = registry.enrol();
    enrolment
        .add(Vec::new(), visits.gathered.clone(), "shop")
        .unwrap();
    let mut refusal = |at: usize, change: &dyn Fn(&mut GatherSpec)| {
        let mut spec = visits.gathered[at].clone();
        change(&mut spec);
        let errors = enrolment.add(Vec::new(), vec![spec], "crm").unwrap_err();
        errors.last().unwrap().text.clone()
    };
    type Case<'a> = (usize, &'a dyn Fn(&mut GatherSpec), &'a str);
    let cases: [Case<'_>; 6] = [
        (
            0,
            &|spec| spec.help = "Other".to_owned(),
            "its help is \"Other\" here and \"\" elsewhere",
        ),
        (
            0,
            &|spec| {
                if let GatherKind::Sessions { window, .. } = &mut spec.kind {
                    *window = Duration::from_secs(60);
                }
            },
            "its window is 60s here and 300s elsewhere",
        ),
        (
            1,
            &|spec| {
                if let GatherKind::Top { keep, .. } = &mut spec.kind {
                    *keep = 7;
                }
            },
            "its keep is 7 here and 20 elsewhere",
        ),
        (
            1,
            &|spec| {
                if let GatherKind::Top { sums, .. } = &mut spec.kind {
                    sums.clear();
                }
            },
            "its sums are none here and http_session_response_bytes elsewhere",
        ),
        (
            1,
            &|spec| {
                spec.labels.pop();
            },
            "its labels are route here and route, session elsewhere",
        ),
        (
            1,
            &|spec| spec.kind = visits.gathered[0].kind.clone(),
            "it counts sessions here and is a top list elsewhere",
        ),
    ];
    for (at, change, text) in cases {
        let said = refusal(at, change);
        assert!(said.contains(text), "{said}\n{text}");
    }
}

#[test]
fn a_scanner_hides_nobody_and_costs_little() {
    const REQUESTS: i64 = 100_000;
    let visits = Visits::new(Duration::from_secs(300));
    let registry = Registry::default();
    let rules = registry.rules(&[], &visits.gathered, "shop").unwrap();
    let bytes = allocations::bytes_of_this_thread();
    let shards = [registry.shard(), registry.shard()];
    let mut naive: BTreeMap<String, u64> = BTreeMap::new();
    for n in 0..REQUESTS {
        let mut guard = shards[usize::from(n % 3 == 0)].lock();
        let made_up = (format!("scan-{n}"), format!("/wp-{n:x}/login{n}.php"));
        rules.count(&visits.fields(&made_up.0, &made_up.1, 0, n), &mut guard);
        if n % 10 == 0 {
            let person = format!("person-{}", n / 10 % 10);
            rules.count(&visits.fields(&person, "/orders/17", 100, n), &mut guard);
            *naive.entry(person).or_default() += 1;
        }
    }
    let grown = allocations::bytes_of_this_thread() - bytes;
    assert!(grown < 4 << 20, "{grown} bytes");
    let mut out = Vec::new();
    registry.write(Timestamp::from_millis(REQUESTS), Format::Text, &mut out);
    let page = String::from_utf8(out).unwrap();
    let get = |series: &str| sample(&page, series).unwrap_or_else(|| panic!("no {series}"));
    let labels = r#"metric="http_active_sessions",service="shop""#;
    let error = get(&format!("logmill_sessions_error_ratio{{{labels}}}"));
    let active = get(r#"http_active_sessions{service="shop"}"#);
    let truth = (REQUESTS + 10) as f64;
    assert!(
        error < 0.0222 && (active / truth - 1.0).abs() < 5.0 * error,
        "{active} active, {error}"
    );
    let missing = get(r#"logmill_top_missing_max{metric="http_session_requests",service="shop"}"#);
    assert!(missing > 0.0 && missing < 2.0 * 1.2 * truth / 2048.0, "{missing}");
    for (person, requests) in naive {
        let series = format!(r#"{{service="shop",route="/orders/{{id}}",session="{person}"}}"#);
        let shown = get(&format!("http_session_requests{series}"));
        assert!(shown <= requests as f64 && shown >= requests as f64 - missing);
        let shown = get(&format!("http_session_response_bytes{series}"));
        assert!(shown <= 100.0 * requests as f64);
    }
    let listed = page
        .lines()
        .filter(|line| line.starts_with("http_session_requests{"));
    assert_eq!(listed.count(), 20);
}

#[test]
fn sessions_are_noted_without_memory_once_they_are_known() {
    let visits = Visits::new(Duration::from_secs(300));
    let registry = Registry::default();
    let rules = registry.rules(&[], &visits.gathered, "shop").unwrap();
    let shard = registry.shard();
    let ids: Vec<String> = (0..100).map(|n| format!("s{n}")).collect();
    let mut before = 0;
    for round in 0..4 {
        if round == 2 {
            before = allocations::of_this_thread();
        }
        let mut guard = shard.lock();
        for id in &ids {
            rules.count(&visits.fields(id, "/cart", 1, 1000), &mut guard);
        }
    }
    // The fields of the events themselves.
    assert_eq!(allocations::of_this_thread() - before, 200);
}

#[test]
fn sessions_of_the_same_name_must_agree() {
    let visits = Visits::new(Duration::from_secs(300));
    let registry = Registry::default();
    registry.rules(&[], &visits.gathered, "shop").unwrap();
    registry.rules(&[], &visits.gathered, "crm").unwrap();
    let other = Visits::new(Duration::from_secs(60));
    let errors = registry.rules(&[], &other.gathered, "mes").unwrap_err();
    assert_eq!(errors.len(), 2);
    assert!(
        errors[0].to_string().contains("restart the agent"),
        "{}",
        errors[0]
    );
    let taken = MetricSpec::counter("http_sessions_started_total", "");
    assert_eq!(registry.rules(&[taken], &[], "mes").unwrap_err().len(), 1);
}

#[test]
fn names_and_labels_of_a_top_list_are_nobody_elses() {
    let visits = Visits::new(Duration::from_secs(300));
    let refused = |specs: &[MetricSpec], label: Option<&str>, name: &str| {
        let mut top = visits.gathered[1].clone();
        name.clone_into(&mut top.name);
        top.labels.extend(label.map(|label| Label {
            name: label.to_owned(),
            source: LabelSource::Const("x".to_owned()),
        }));
        let errors = Registry::default().rules(specs, &[top], "shop").err();
        let texts = errors
            .unwrap_or_default()
            .into_iter()
            .map(|error| error.to_string());
        texts.collect::<Vec<_>>().join("\n")
    };
    let counter = [MetricSpec::counter("visits_total", "")];
    let mut histogram = MetricSpec::counter("a_seconds", "");
    histogram.kind = Kind::Histogram {
        field: visits.gathered[1].at,
        unit: Unit::Seconds,
        buckets: vec![1.0],
    };
    let histogram = [histogram];
    assert_eq!(refused(&[], Some("team"), "visits"), "");
    assert_eq!(refused(&counter, None, "visitors"), "");
    for (specs, label, name, expected) in [
        (
            &[][..],
            Some("service"),
            "visits",
            "the label `service` is given by logmill",
        ),
        (
            &[],
            Some("metric"),
            "visits",
            "the label `metric` is given by logmill",
        ),
        (
            &counter,
            None,
            "visits",
            "is another metric already, or looks like one",
        ),
        (&histogram, None, "a_seconds_count", "is another metric already"),
    ] {
        let said = refused(specs, label, name);
        assert!(said.contains(expected), "{name}: {said}");
    }
}

#[test]
fn values_that_look_alike_are_one_series() {
    let visits = Visits::new(Duration::from_secs(300));
    let registry = Registry::default();
    let rules = registry.rules(&[], &visits.gathered, "shop").unwrap();
    let shard = registry.shard();
    let mut guard = shard.lock();
    let session = visits.schema.get("session.id").unwrap();
    for value in [
        Value::Int(5),
        Value::Text(b"5"),
        Value::Text(b"a\xff"),
        Value::Text(b"a\xfe"),
    ] {
        let mut fields = visits.fields("", "/cart", 10, 1000);
        fields.set(session, value);
        rules.count(&fields, &mut guard);
    }
    drop(guard);
    let page = page(&registry, Format::Text);
    let of = |session: &str| {
        let label = format!("session=\"{session}\"");
        let lines = page.lines().filter(|line| line.contains(&label));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    for session in ["5", "a\u{fffd}"] {
        assert_eq!(
            of(session),
            ["http_session_requests", "http_session_response_bytes"]
                .iter()
                .zip([2, 20])
                .map(|(name, n)| format!(
                    "{name}{{service=\"shop\",route=\"/cart\",session=\"{session}\"}} {n}"
                ))
                .collect::<Vec<_>>()
        );
    }
}
