//! What counting costs: the HTTP set on one event, its session and the heaviest of the sessions, the route of a path,
//! and a page of 10,000 series.
//!
//! Budgets: 60 ns for three labels and one histogram, 100 ns for sessions and top lists together, 60 ns for the route,
//! 20 ms for the page.

use std::hint::black_box;
use std::io::Write;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use flate2::Compression;
use flate2::write::GzEncoder;
use logmill::derive::{
    Format, GatherKind, GatherSpec, Hashed, Kind, Label, LabelSource, MetricSpec, Only, OnlyValue, Registry,
    Rules, SECONDS_BUCKETS, TopSum, Unit, route,
};
use logmill::event::{FieldId, Fields, Schema, Timestamp, Value};

/// The slots of an access line.
struct Slots {
    method: FieldId,
    path: FieldId,
    status: FieldId,
    duration: FieldId,
    request_bytes: FieldId,
    response_bytes: FieldId,
    session: FieldId,
    user: FieldId,
    at: FieldId,
    len: usize,
}

impl Slots {
    fn new() -> Self {
        let mut schema = Schema::default();
        Slots {
            method: schema.intern("http.request.method"),
            path: schema.intern("url.path"),
            status: schema.intern("http.response.status_code"),
            duration: schema.intern("event.duration"),
            request_bytes: schema.intern("http.request.bytes"),
            response_bytes: schema.intern("http.response.body.bytes"),
            session: schema.intern("session.id"),
            user: schema.intern("user.name"),
            at: schema.intern("@timestamp"),
            len: schema.len(),
        }
    }

    /// The HTTP set of `pipelines/metrics/http.toml`, with the path as it is or as a route.
    fn http_set(&self, path: fn(FieldId) -> LabelSource) -> Vec<MetricSpec> {
        let label = |name: &str, source| Label {
            name: name.to_owned(),
            source,
        };
        let method = || label("method", LabelSource::Field(self.method));
        let route = || label("route", path(self.path));
        let status = || label("status", LabelSource::Field(self.status));
        let metric = |name: &str, labels| MetricSpec {
            labels,
            series_max: 20_000,
            ..MetricSpec::counter(name, "")
        };
        let sum = |field| Kind::Counter {
            add: Some(field),
            unit: Unit::Bytes,
        };
        vec![
            metric("http_requests_total", vec![method(), route(), status()]),
            MetricSpec {
                kind: Kind::Histogram {
                    field: self.duration,
                    unit: Unit::Nanoseconds,
                    buckets: SECONDS_BUCKETS.to_vec(),
                },
                ..metric("http_request_duration_seconds", vec![method(), route()])
            },
            MetricSpec {
                kind: sum(self.request_bytes),
                ..metric("http_request_bytes_total", vec![route()])
            },
            MetricSpec {
                kind: sum(self.response_bytes),
                ..metric("http_response_bytes_total", vec![route()])
            },
            MetricSpec {
                only: vec![Only {
                    field: self.status,
                    values: [408, 499, 504].map(OnlyValue::Int).to_vec(),
                }],
                ..metric("http_timeouts_total", vec![route()])
            },
        ]
    }

    /// The sessions and the two top lists of `pipelines/metrics/http.toml`, with routes as they are.
    fn gathered(&self) -> Vec<GatherSpec> {
        let window = Duration::from_secs(300);
        let spec = |name: &str, labels, kind| GatherSpec {
            name: name.to_owned(),
            help: String::new(),
            kind,
            labels,
            hashed: Hashed::default(),
            only: Vec::new(),
            at: self.at,
            written: None,
        };
        let label = |name: &str, field| Label {
            name: name.to_owned(),
            source: LabelSource::Field(field),
        };
        let top = |of: &str, field| {
            let sum = |what, field| TopSum {
                name: format!("http_{of}_{what}_bytes"),
                help: String::new(),
                field: Some(field),
            };
            let kind = GatherKind::Top {
                sums: vec![
                    sum("request", self.request_bytes),
                    sum("response", self.response_bytes),
                ],
                window,
                keep: 50,
                series_max: 1_000,
            };
            let labels = vec![label("route", self.path), label(of, field)];
            spec(&format!("http_{of}_requests"), labels, kind)
        };
        let sessions = GatherKind::Sessions {
            session: self.session,
            window,
            exact_max: 16_384,
        };
        vec![
            spec("http_active_sessions", Vec::new(), sessions),
            top("session", self.session),
            // No line of an access log says it where nobody logs in: that costs something, too.
            top("user", self.user),
        ]
    }

    fn event<'a>(&self, path: &'a str, status: i64, nanos: i64) -> Fields<'a> {
        let mut fields = Fields::new(self.len);
        fields.set(self.method, Value::Text(b"GET"));
        fields.set(self.path, Value::Text(path.as_bytes()));
        fields.set(self.status, Value::Int(status));
        fields.set(self.duration, Value::Int(nanos));
        fields.set(self.request_bytes, Value::Int(512));
        fields.set(self.response_bytes, Value::Int(5_316));
        fields
    }
}

fn compile(registry: &Registry, specs: &[MetricSpec], gathered: &[GatherSpec]) -> Rules {
    let rules = registry.rules(specs, gathered, "shop-frontend");
    rules.unwrap_or_else(|errors| panic!("the set is right: {errors:?}"))
}

/// Paths of a shop, as they are in a log.
const PATHS: [&str; 8] = [
    "/api/v1/orders/104217/items",
    "/api/v1/orders",
    "/api/v1/customers/3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    "/catalog/gears/spur",
    "/static/js/app.3f2a1b9c.js",
    "/",
    "/api/v1/models/88213/preview.png",
    "/login",
];

fn count(c: &mut Criterion) {
    let slots = Slots::new();
    let mut group = c.benchmark_group("derive/count");
    group.throughput(Throughput::Elements(1));
    for (name, specs) in [
        ("http set", slots.http_set(LabelSource::Field)),
        ("http set with route", slots.http_set(LabelSource::Route)),
        // What the prototype measured: one counter and one histogram.
        (
            "three labels and one histogram",
            slots.http_set(LabelSource::Field)[..2].to_vec(),
        ),
    ] {
        let registry = Registry::default();
        let rules = compile(&registry, &specs, &[]);
        let shard = registry.shard();
        let mut guard = shard.lock();
        let events: Vec<Fields<'_>> = (0..1024usize)
            .map(|n| {
                let status = [200, 200, 200, 304, 404, 499][n % 6];
                slots.event(
                    PATHS[n % PATHS.len()],
                    status,
                    (n as i64 * 7_919_003) % 2_000_000_000,
                )
            })
            .collect();
        let mut next = 0;
        group.bench_function(name, |b| {
            b.iter(|| {
                next = (next + 1) % events.len();
                rules.count(black_box(&events[next]), &mut guard);
            });
        });
    }
    group.finish();
}

/// Routes of a shop.
const ROUTES: [&str; 8] = [
    "/",
    "/api/basket",
    "/api/orders/{id}",
    "/api/orders/{id}/items",
    "/api/products/{id}",
    "/api/search/tables",
    "/api/v2/customers/{id}/models",
    "/assets/{file}.js",
];

fn gathered(c: &mut Criterion) {
    let slots = Slots::new();
    let ids: Vec<String> = (0..1_000u64)
        .map(|n| format!("{:016x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
        .collect();
    let mut group = c.benchmark_group("derive/gather");
    group.throughput(Throughput::Elements(1));
    let all = slots.gathered();
    for (name, specs, routes) in [
        ("sessions", &all[..1], 1),
        ("sessions and top lists", &all[..], 1),
        // More keys than a list remembers.
        ("sessions and top lists of 8000 keys", &all[..], ROUTES.len()),
    ] {
        let registry = Registry::default();
        let rules = compile(&registry, &[], specs);
        let shard = registry.shard();
        let mut guard = shard.lock();
        guard.read_at(Timestamp::from_millis(1_795_368_600_000));
        let events: Vec<Fields<'_>> = (0..ids.len() * routes)
            .map(|n| {
                let mut fields = slots.event(ROUTES[n / ids.len()], 200, 20_000_000);
                fields.set(slots.session, Value::Text(ids[n % ids.len()].as_bytes()));
                let at = Timestamp::from_millis(1_795_368_510_000 + n as i64);
                fields.set(slots.at, Value::Time(at));
                fields
            })
            .collect();
        let mut next = 0;
        group.bench_function(name, |b| {
            b.iter(|| {
                // Not in the order of the ids; a prime, so that each has its turn.
                next = (next + 7_919) % events.len();
                rules.count(black_box(&events[next]), &mut guard);
            });
        });
    }
    group.finish();
}

fn routes(c: &mut Criterion) {
    let mut group = c.benchmark_group("derive/route");
    group.throughput(Throughput::Elements(1));
    let mut out = Vec::with_capacity(route::BYTES_MAX);
    for path in [PATHS[0], PATHS[1], PATHS[2], PATHS[4]] {
        group.bench_function(path.trim_start_matches('/').replace('/', "."), |b| {
            b.iter(|| {
                out.clear();
                route::write(black_box(path.as_bytes()), &mut out);
                black_box(out.len())
            });
        });
    }
    group.finish();
}

fn page(c: &mut Criterion) {
    let slots = Slots::new();
    let mut group = c.benchmark_group("derive/page");
    group.measurement_time(Duration::from_secs(3)).sample_size(20);
    let set = slots.http_set(LabelSource::Field);
    // 10,000 lines of counters; and 10,000 lines of histograms, which have 18 lines each.
    for (name, specs, routes) in [
        ("10000 counters", &set[..1], 10_000),
        (
            "10000 lines of histograms",
            &set[1..2],
            10_000 / (SECONDS_BUCKETS.len() + 3),
        ),
        ("10000 histograms", &set[1..2], 10_000),
    ] {
        let registry = Registry::default();
        let rules = compile(&registry, specs, &[]);
        // As two workers would have it.
        for _ in 0..2 {
            let shard = registry.shard();
            for n in 0..routes {
                let path = format!("/api/v1/orders/some-route-{n}");
                rules.count(&slots.event(&path, 200, 20_000_000), &mut shard.lock());
            }
        }
        for (kind, format) in [
            ("text", Format::Text),
            ("OpenMetrics", Format::OpenMetrics),
            ("protobuf", Format::Protobuf),
        ] {
            group.bench_function(format!("{name}, {kind}"), |b| {
                b.iter_batched_ref(
                    Vec::new,
                    |out| registry.write(Timestamp::from_millis(0), format, out),
                    BatchSize::PerIteration,
                );
            });
        }
        let mut text = Vec::new();
        registry.write(Timestamp::from_millis(0), Format::Text, &mut text);
        group.bench_function(format!("{name}, gzip of the text"), |b| {
            b.iter_batched_ref(
                || GzEncoder::new(Vec::new(), Compression::fast()),
                |encoder| encoder.write_all(&text),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, count, gathered, routes, page);
criterion_main!(benches);
