//! The metrics as a whole: shipped sets, golden pages, and totals against a naive model.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::allocations;
use crate::event::{FieldId, Fields, Schema, Timestamp, Value};
use crate::limits::SERIES_MAX;

mod details;

/// The shipped sets, read without the config module's diagnostics.
fn shipped(set: &str, schema: &mut Schema) -> Vec<MetricSpec> {
    let toml: toml::Table = toml::from_str(set).unwrap();
    let mut specs = Vec::new();
    for (kind, metrics) in toml
        .iter()
        .filter(|(kind, _)| ["counter", "histogram"].contains(&kind.as_str()))
    {
        for metric in metrics.as_array().unwrap() {
            specs.push(metric_of(kind, metric.as_table().unwrap(), schema));
        }
    }
    specs
}

fn metric_of(kind: &str, metric: &toml::Table, schema: &mut Schema) -> MetricSpec {
    let text = |key: &str| metric.get(key).map(|value| value.as_str().unwrap());
    let mut spec = MetricSpec::counter(text("name").unwrap(), text("help").unwrap());
    for (name, source) in metric["labels"].as_table().unwrap() {
        let field = |name: &str| Ok::<_, ()>(schema.intern(name));
        spec.labels.push(Label {
            name: name.clone(),
            source: LabelSource::parse(source.as_str().unwrap(), field).unwrap(),
        });
    }
    if let Some(values) = metric.get("values") {
        for (field, values) in values.as_table().unwrap() {
            let values = values.as_array().unwrap().iter();
            spec.only.push(Only {
                field: schema.intern(field),
                values: values
                    .map(|value| match value {
                        toml::Value::Integer(n) => OnlyValue::Int(*n),
                        value => OnlyValue::Text(value.as_str().unwrap().to_owned()),
                    })
                    .collect(),
            });
        }
    }
    let unit = text("unit").map_or(Unit::One, |unit| Unit::parse(unit).unwrap());
    let float = |value: &toml::Value| value.as_float().or(value.as_integer().map(|n| n as f64));
    match kind {
        "counter" => {
            let add = text("add").map(|field| schema.intern(field));
            spec.kind = Kind::Counter { add, unit };
        }
        "histogram" => {
            spec.kind = Kind::Histogram {
                field: schema.intern(text("field").unwrap()),
                unit,
                buckets: metric["buckets"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|b| float(b).unwrap())
                    .collect(),
            };
        }
        other => panic!("no kind of metric: {other}"),
    }
    spec
}

const HTTP: &str = include_str!("../../pipelines/metrics/http.toml");
const LOG_LEVELS: &str = include_str!("../../pipelines/metrics/log_levels.toml");

/// Slots of an access line.
struct Access {
    schema: Schema,
    specs: Vec<MetricSpec>,
}

impl Access {
    fn new() -> Self {
        let mut schema = Schema::default();
        let mut specs = shipped(HTTP, &mut schema);
        specs.extend(shipped(LOG_LEVELS, &mut schema));
        Access { schema, specs }
    }

    fn fields<'a>(&self, values: &[(&str, Value<'a>)]) -> Fields<'a> {
        let mut fields = Fields::new(self.schema.len());
        for &(name, value) in values {
            fields.set(self.schema.get(name).unwrap(), value);
        }
        fields
    }
}

fn request<'a>(access: &Access, path: &'a str, status: i64, nanos: i64) -> Fields<'a> {
    access.fields(&[
        ("http.request.method", Value::Text(b"GET")),
        ("url.path", Value::Text(path.as_bytes())),
        ("http.response.status_code", Value::Int(status)),
        ("event.duration", Value::Int(nanos)),
        ("http.response.body.bytes", Value::Int(1_000)),
    ])
}

fn page(registry: &Registry, format: Format) -> String {
    let mut out = Vec::new();
    registry.write(Timestamp::from_millis(0), format, &mut out);
    format.finish(&mut out);
    String::from_utf8(out).unwrap()
}

/// The value of one sample.
fn sample(page: &str, series: &str) -> Option<f64> {
    let line = page
        .lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))?;
    Some(line.parse().unwrap())
}

#[test]
fn the_shipped_sets_have_the_names_of_the_design() {
    let access = Access::new();
    let errors: Vec<SpecError> = access.specs.iter().flat_map(check).collect();
    assert_eq!(errors, []);
    let names: Vec<&str> = access.specs.iter().map(|spec| spec.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "http_requests_total",
            "http_request_bytes_total",
            "http_response_bytes_total",
            "http_timeouts_total",
            "http_request_duration_seconds",
            "log_events_total",
            "log_timeouts_total",
        ]
    );
    let Kind::Histogram { buckets, .. } = &access.specs[4].kind else {
        panic!("the duration is a histogram");
    };
    assert_eq!(buckets[..], SECONDS_BUCKETS);
}

#[test]
fn a_page_in_both_formats() {
    let access = Access::new();
    let registry = Registry::default();
    let mut specs = access.specs[..6].to_vec();
    for spec in &mut specs {
        if let Kind::Histogram { buckets, .. } = &mut spec.kind {
            *buckets = vec![0.1, 1.0];
        }
        if spec.name == "http_requests_total" {
            spec.help = "Requests \\ with \"quotes\"\nand lines".to_owned();
            spec.series_max = 3;
        }
    }
    let rules = registry.rules(&specs, &[], "shop\"1").unwrap();
    let shard = registry.shard();
    let mut guard = shard.lock();
    rules.count(&request(&access, "/orders/42?x=1", 200, 100_000_000), &mut guard);
    rules.count(&request(&access, "/orders/43", 200, 100_000_001), &mut guard);
    rules.count(&request(&access, "/orders/43", 504, 60_000_000_000), &mut guard);
    // Past the budget, and a duration that is none.
    rules.count(&request(&access, "/cart", 200, -1), &mut guard);
    for level in ["ERROR", "error", "Info"] {
        let fields = access.fields(&[("log.level", Value::Text(level.as_bytes()))]);
        rules.count(&fields, &mut guard);
    }
    drop(guard);
    assert_eq!(page(&registry, Format::Text), include_str!("testdata/page.txt"));
    assert_eq!(
        page(&registry, Format::OpenMetrics),
        include_str!("testdata/page.openmetrics.txt")
    );
}

#[test]
fn metrics_of_the_same_name_must_agree() {
    let access = Access::new();
    let registry = Registry::default();
    registry.rules(&access.specs, &[], "shop").unwrap();
    // Another service, the labels in another order: the same metric.
    let mut specs = access.specs.clone();
    specs[0].labels.reverse();
    registry.rules(&specs, &[], "crm").unwrap();

    let mut wrong = access.specs.clone();
    wrong[0].labels.pop();
    wrong[1].kind = wrong[4].kind.clone();
    wrong[1].name = "http_bytes".to_owned();
    wrong[3].kind = wrong[4].kind.clone();
    let Kind::Histogram { buckets, .. } = &mut wrong[4].kind else {
        panic!("the duration is a histogram");
    };
    buckets.pop();
    let errors: Vec<String> = registry
        .rules(&wrong, &[], "shop")
        .unwrap_err()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(errors.len(), 4, "{errors:#?}");
    assert!(errors[0].contains("may not end in `_total`"), "{}", errors[0]);
    assert_eq!(
        errors[1],
        "metric \"http_requests_total\": its labels are service, method, route here and service, method, route, \
         status elsewhere; make them agree or choose another name (a change by reload needs a restart)"
    );
    assert!(
        errors[2].contains("a histogram here and a counter elsewhere"),
        "{}",
        errors[2]
    );
    assert!(errors[3].contains("its buckets are"), "{}", errors[3]);
    // Nothing of the failed attempt is left: the name that it would have brought is free.
    registry
        .rules(&[MetricSpec::counter("http_bytes_total", "")], &[], "shop")
        .unwrap();
}

#[test]
fn a_label_may_be_missing_for_one_metric_and_there_for_another() {
    let access = Access::new();
    let registry = Registry::default();
    let rules = registry.rules(&access.specs, &[], "shop").unwrap();
    let shard = registry.shard();
    let fields = access.fields(&[
        ("url.path", Value::Text(b"/a")),
        ("http.response.status_code", Value::Text(b"499")),
    ]);
    rules.count(&fields, &mut shard.lock());
    let page = page(&registry, Format::Text);
    assert_eq!(
        sample(&page, r#"http_timeouts_total{service="shop",route="/a"}"#),
        Some(1.0)
    );
    assert!(!page.contains("http_requests_total{"));
}

#[test]
fn another_workers_shard_is_not_lost() {
    let access = Access::new();
    let registry = Registry::default();
    let rules = registry.rules(&access.specs, &[], "shop").unwrap();
    let fields = access.fields(&[("log.level", Value::Text(b"warn"))]);
    for _ in 0..3 {
        rules.count(&fields, &mut registry.shard().lock());
    }
    let kept = registry.shard();
    rules.count(&fields, &mut kept.lock());
    rules.count(&fields, &mut registry.shard().lock());
    let page = page(&registry, Format::Text);
    assert_eq!(
        sample(&page, r#"log_events_total{service="shop",level="warn"}"#),
        Some(5.0)
    );
}

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

/// Slots, rules and a registry for sessions and a top list of a service.
struct Visits {
    schema: Schema,
    gathered: Vec<GatherSpec>,
}

impl Visits {
    fn new(window: Duration) -> Self {
        let mut schema = Schema::default();
        let mut id = |name: &str| schema.intern(name);
        let (at, session, path, bytes) = (
            id("@timestamp"),
            id("session.id"),
            id("url.path"),
            id("http.response.body.bytes"),
        );
        let spec = |name: &str, kind, labels| GatherSpec {
            name: name.to_owned(),
            help: String::new(),
            kind,
            labels,
            only: Vec::new(),
            at,
            written: None,
        };
        let label = |name: &str, source| Label {
            name: name.to_owned(),
            source,
        };
        let gathered = vec![
            spec(
                "http_active_sessions",
                GatherKind::Sessions {
                    session,
                    window,
                    exact_max: 4096,
                },
                Vec::new(),
            ),
            spec(
                "http_session_requests",
                GatherKind::Top {
                    sums: vec![TopSum {
                        name: "http_session_response_bytes".to_owned(),
                        help: String::new(),
                        field: Some(bytes),
                    }],
                    window,
                    keep: 20,
                    series_max: 100,
                },
                vec![
                    label("route", LabelSource::Route(path)),
                    label("session", LabelSource::Field(session)),
                ],
            ),
        ];
        Visits { schema, gathered }
    }

    fn fields<'a>(&self, session: &'a str, path: &'a str, bytes: i64, millis: i64) -> Fields<'a> {
        let mut fields = Fields::new(self.schema.len());
        for (name, value) in [
            ("@timestamp", Value::Time(Timestamp::from_millis(millis))),
            ("session.id", Value::Text(session.as_bytes())),
            ("url.path", Value::Text(path.as_bytes())),
            ("http.response.body.bytes", Value::Int(bytes)),
        ] {
            fields.set(self.schema.get(name).unwrap(), value);
        }
        fields
    }
}

/// A scanner makes up an id and a path for each of its requests, ten people work as ever: they are in the list with
/// what they did, the number of sessions is within its error, and nothing grows.
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
    assert!(errors[0].to_string().contains("make them agree"), "{}", errors[0]);
    let taken = MetricSpec::counter("http_sessions_started_total", "");
    assert_eq!(registry.rules(&[taken], &[], "mes").unwrap_err().len(), 1);
}

/// A line that begins has no label yet; where the one that ends has, the time between both is counted under it.
#[test]
fn the_time_between_two_lines() {
    let mut schema = Schema::default();
    let [at, message, order, result] =
        ["@timestamp", "message", "order", "result"].map(|name| schema.intern(name));
    let like = |text: &str| {
        vec![Only {
            field: message,
            values: vec![OnlyValue::Text(text.to_owned())],
        }]
    };
    let spec = MetricSpec {
        kind: Kind::Elapsed {
            start: like("received*"),
            finish: like("*done"),
            key: order,
            at,
            timeout: Duration::from_secs(60),
            buckets: vec![1.0, 10.0],
        },
        labels: vec![Label {
            name: "result".to_owned(),
            source: LabelSource::Field(result),
        }],
        ..MetricSpec::counter("order_seconds", "Orders")
    };
    let registry = Registry::default();
    let rules = registry.rules(std::slice::from_ref(&spec), &[], "mes").unwrap();
    // The two files of the service are read by two workers.
    let shards = [registry.shard(), registry.shard()];
    let count = |worker: usize, secs: i64, text: &'static str, key: i64, outcome: Option<&'static str>| {
        let mut fields = Fields::new(schema.len());
        fields.set(at, Value::Time(Timestamp::from_millis(secs * 1000 + 500)));
        fields.set(message, Value::Text(text.as_bytes()));
        fields.set(order, Value::Int(key));
        if let Some(outcome) = outcome {
            fields.set(result, Value::Text(outcome.as_bytes()));
        }
        rules.count(&fields, &mut shards[worker].lock());
    };
    count(0, 100, "received by mail", 1, None);
    count(0, 100, "received", 2, None);
    count(1, 105, "all done", 1, Some("ok"));
    count(1, 105, "on its way", 2, Some("ok"));
    count(1, 130, "is done", 2, Some("failed"));
    count(1, 131, "is done", 3, Some("ok"));
    // No label on the line that ends.
    count(0, 132, "received", 4, None);
    count(0, 133, "is done", 4, None);
    let text = |millis| {
        let mut out = Vec::new();
        registry.write(Timestamp::from_millis(millis), Format::Text, &mut out);
        String::from_utf8(out).unwrap()
    };
    let now = text(0);
    for (series, value) in [
        (r#"order_seconds_bucket{service="mes",result="ok",le="10"}"#, 1.0),
        (r#"order_seconds_sum{service="mes",result="ok"}"#, 5.0),
        (r#"order_seconds_sum{service="mes",result="failed"}"#, 30.0),
        (r#"order_unmatched_total{service="mes",there="end"}"#, 0.0),
        (
            r#"logmill_metric_values_refused_total{metric="order_seconds"}"#,
            1.0,
        ),
    ] {
        assert_eq!(sample(&now, series), Some(value), "{series}\n{now}");
    }
    let later = text(1_000_000);
    assert_eq!(
        sample(&later, r#"order_unmatched_total{service="mes",there="end"}"#),
        Some(1.0)
    );
    // The name is taken, and another time-out is another metric.
    let taken = MetricSpec::counter("order_unmatched_total", "");
    assert!(registry.rules(&[taken], &[], "mes").is_err());
    let mut other = spec;
    if let Kind::Elapsed { timeout, .. } = &mut other.kind {
        *timeout = Duration::from_secs(61);
    }
    assert!(registry.rules(&[other], &[], "mes").is_err());
}

/// One event of the model: what each of the fields holds.
#[derive(Clone, Debug)]
struct Event {
    method: Option<&'static str>,
    path: Option<u8>,
    status: Option<i64>,
    nanos: Option<i64>,
    bytes: Option<i64>,
    worker: usize,
}

fn event() -> impl Strategy<Value = Event> {
    (
        prop::option::weighted(0.9, prop::sample::select(vec!["GET", "POST", "\n"])),
        prop::option::weighted(0.9, 0u8..5),
        prop::option::weighted(0.9, prop::sample::select(vec![200, 404, 408, 499, 504])),
        prop::option::weighted(0.9, prop_oneof![0i64..100_000_000, -5i64..5, any::<i64>()]),
        prop::option::weighted(0.9, prop_oneof![0i64..1 << 20, Just(-1)]),
        0usize..3,
    )
        .prop_map(|(method, path, status, nanos, bytes, worker)| Event {
            method,
            path,
            status,
            nanos,
            bytes,
            worker,
        })
}

const PATHS: [&str; 5] = ["/a", "/b/17", "/b/18", "/c", "/d"];
const ROUTES: [&str; 5] = ["/a", "/b/{id}", "/b/{id}", "/c", "/d"];

/// The samples that these events give, counted in the simplest way.
fn model(events: &[Event]) -> BTreeMap<String, String> {
    let mut sums: BTreeMap<String, u128> = BTreeMap::new();
    let mut add = |series: String, amount: u128| *sums.entry(series).or_default() += amount;
    for event in events {
        let Some(route) = event.path.map(|path| ROUTES[usize::from(path)]) else {
            continue;
        };
        let method = event.method.map(|method| method.replace('\n', "\u{fffd}"));
        let by_route = format!(r#"service="shop",route="{route}""#);
        if let Some(status) = event.status {
            if [408, 499, 504].contains(&status) {
                add(format!("http_timeouts_total{{{by_route}}}"), 1);
            }
            if let Some(method) = &method {
                let labels = format!(r#"service="shop",method="{method}",route="{route}",status="{status}""#);
                add(format!("http_requests_total{{{labels}}}"), 1);
            }
        }
        if let Some(bytes) = event.bytes.filter(|&bytes| bytes >= 0) {
            add(format!("http_response_bytes_total{{{by_route}}}"), bytes as u128);
        }
        if let (Some(method), Some(nanos)) = (&method, event.nanos.filter(|&nanos| nanos >= 0)) {
            let labels = format!(r#"service="shop",method="{method}",route="{route}""#);
            let name = "http_request_duration_seconds";
            for bound in SECONDS_BUCKETS {
                let within = nanos as u128 <= (bound * 1e9).round() as u128;
                add(
                    format!("{name}_bucket{{{labels},le=\"{bound}\"}}"),
                    u128::from(within),
                );
            }
            add(format!("{name}_bucket{{{labels},le=\"+Inf\"}}"), 1);
            add(format!("{name}_count{{{labels}}}"), 1);
            add(format!("{name}_sum{{{labels}}}"), nanos as u128);
        }
    }
    sums.into_iter()
        .map(|(series, sum)| {
            if !series.contains("_sum{") {
                return (series, sum.to_string());
            }
            let decimal = format!("{}.{:09}", sum / 1_000_000_000, sum % 1_000_000_000);
            let short = decimal.trim_end_matches('0').trim_end_matches('.');
            (series, short.to_owned())
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_total_is_that_of_the_naive_model(events in prop::collection::vec(event(), 0..200)) {
        let access = Access::new();
        let registry = Registry::default();
        let rules = registry.rules(&access.specs, &[], "shop").unwrap();
        thread::scope(|scope| {
            for worker in 0..3 {
                let (shard, rules, access, events) = (registry.shard(), &rules, &access, &events);
                scope.spawn(move || {
                    let mut guard = shard.lock();
                    for event in events.iter().filter(|event| event.worker == worker) {
                        let mut fields = Fields::new(access.schema.len());
                        let mut set = |name: &str, value: Option<Value<'static>>| {
                            let id: FieldId = access.schema.get(name).unwrap();
                            fields.set(id, value.unwrap_or_default());
                        };
                        set("http.request.method", event.method.map(|m| Value::Text(m.as_bytes())));
                        set("url.path", event.path.map(|p| Value::Text(PATHS[usize::from(p)].as_bytes())));
                        set("http.response.status_code", event.status.map(Value::Int));
                        set("event.duration", event.nanos.map(Value::Int));
                        set("http.response.body.bytes", event.bytes.map(Value::Int));
                        rules.count(&fields, &mut guard);
                    }
                });
            }
        });
        let mut out = Vec::new();
        registry.totals(Timestamp::from_millis(0)).write(Format::Text, &mut out);
        let text = String::from_utf8(out).unwrap();
        let samples: BTreeMap<String, String> = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.rsplit_once(' ').unwrap())
            .map(|(series, value)| (series.to_owned(), value.to_owned()))
            .collect();
        prop_assert_eq!(samples, model(&events));
    }
}
