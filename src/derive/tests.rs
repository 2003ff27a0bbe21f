//! The metrics as a whole: shipped sets and golden pages, and what the tests of each subject share.

use std::time::Duration;

use super::*;
use crate::event::{FieldId, Fields, Schema, Timestamp, Value};

mod budget;
mod details;
mod elapsed;
mod gauge;
mod memory;
mod model;
mod sessions;

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
            let (any_case, fields) = Only::parse(field);
            let mut fields = fields.map(|field| schema.intern(field));
            spec.only.push(Only {
                field: fields.next().unwrap(),
                or: fields.collect(),
                any_case,
                values: values
                    .map(|value| match value {
                        toml::Value::Integer(n) => OnlyValue::Int(*n),
                        value => OnlyValue::Text(value.as_str().unwrap().to_owned()),
                    })
                    .collect(),
            });
        }
    }
    if let Some(defaults) = metric.get("defaults") {
        let defaults = defaults.as_table().unwrap().iter();
        spec.defaults.texts = defaults
            .map(|(label, text)| (label.clone(), text.as_str().unwrap().to_owned()))
            .collect();
    }
    let unit = match text("unit") {
        None => Unit::One,
        Some("ns") => Unit::Nanoseconds,
        Some("ms") => Unit::Milliseconds,
        Some("s") => Unit::Seconds,
        Some("bytes") => Unit::Bytes,
        Some(unit) => panic!("{unit}"),
    };
    let float = |value: &toml::Value| value.as_float().or(value.as_integer().map(|n| n as f64));
    match kind {
        "counter" => {
            let add = match metric.get("add") {
                None => Vec::new(),
                Some(toml::Value::Array(fields)) => {
                    fields.iter().map(|field| field.as_str().unwrap()).collect()
                }
                Some(field) => vec![field.as_str().unwrap()],
            };
            let add = add.into_iter().map(|field| schema.intern(field)).collect();
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
fn a_label_with_a_default_counts_without_its_field() {
    let mut schema = Schema::default();
    let [method, status, message] = ["method", "status", "message"].map(|name| schema.intern(name));
    let label = |name: &str, field| Label {
        name: name.to_owned(),
        source: LabelSource::Field(field),
    };
    let strict = MetricSpec {
        labels: vec![label("method", method)],
        ..MetricSpec::counter("strict_total", "")
    };
    let lenient = MetricSpec {
        labels: vec![label("method", method), label("status", status)],
        defaults: Defaults {
            texts: vec![("method".to_owned(), "none\"".to_owned())],
            unless: Some(message),
        },
        ..MetricSpec::counter("lenient_total", "")
    };
    let registry = Registry::default();
    let rules = registry.rules(&[strict, lenient], &[], "shop").unwrap();
    let shard = registry.shard();
    let count = |values: &[(FieldId, Value<'_>)]| {
        let mut fields = Fields::new(3);
        for &(field, value) in values {
            fields.set(field, value);
        }
        rules.count(&fields, &mut shard.lock());
    };
    let answer = (status, Value::Int(408));
    count(&[(method, Value::Text(b"GET")), answer]);
    count(&[answer]);
    count(&[answer]);
    count(&[answer, (message, Value::Text(b"x"))]);
    count(&[(method, Value::Text(b"GET"))]);
    count(&[]);
    let page = page(&registry, Format::Text);
    let ours = |line: &&str| line.starts_with("lenient") || line.starts_with("strict");
    let rows: Vec<_> = page.lines().filter(ours).collect();
    assert_eq!(
        rows,
        [
            r#"lenient_total{service="shop",method="GET",status="408"} 1"#,
            r#"lenient_total{service="shop",method="none\"",status="408"} 2"#,
            r#"strict_total{service="shop",method="GET"} 2"#,
        ]
    );
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
    assert!(errors[1].contains("may not end in `_total`"), "{}", errors[1]);
    assert_eq!(
        errors[0],
        "metric \"http_requests_total\": its labels are service, method, route here and service, method, route, \
         status elsewhere, which is the running agent; its series go on from reload to reload, so its form stays: \
         restart the agent, or choose another name"
    );
    assert!(
        errors[2].contains("a histogram of a field here and a counter elsewhere"),
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
fn a_metric_has_one_budget_in_a_configuration() {
    let spec = |series_max| {
        let mut spec = MetricSpec::counter("orders_total", "Orders");
        spec.series_max = series_max;
        vec![spec]
    };
    let registry = Registry::default();
    let mut enrolment = registry.enrol();
    enrolment.add(spec(10), Vec::new(), "shop").unwrap();
    enrolment.add(spec(10), Vec::new(), "crm").unwrap();
    let errors = enrolment.add(spec(20), Vec::new(), "mes").unwrap_err();
    assert_eq!(
        errors[0].to_string(),
        "metric \"orders_total\": its series_max is 20 here and 10 elsewhere; make them agree or choose another name"
    );
    registry.register(enrolment);
    // The next configuration may have another.
    registry.rules(&spec(20), &[], "shop").unwrap();
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
    let request = r#"http_requests_total{service="shop",method="other",route="/a",status="499"}"#;
    assert_eq!(sample(&page, request), Some(1.0));
    assert!(!page.contains("http_request_duration_seconds_count{"));
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
            hashed: Hashed::default(),
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
                        fields: vec![bytes],
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
