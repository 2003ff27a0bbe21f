//! What counting costs: the shipped HTTP set on one event, its session and the heaviest of the sessions and users, the
//! route of a path, and a page of 10,000 series.
//!
//! Budgets: 60 ns for the set with its three labels and its histogram, 100 ns more for sessions and top lists together,
//! 60 ns for the route, 20 ms for a scrape with all its parts.

use std::hint::black_box;
use std::io::Write;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use flate2::Compression;
use flate2::write::GzEncoder;
use logmill::config::Diagnostics;
use logmill::derive::{
    Ages, Format, GatherKind, GatherSpec, Label, LabelSource, MetricSpec, Registry, Rules, SECONDS_BUCKETS,
    route,
};
use logmill::event::{FieldId, Fields, Timestamp, Value};
use logmill::pipeline::{HostWords, Library, Pipeline, compile};

/// A shipped pipeline whose lines are requests, with the metrics that it comes with.
struct Access {
    pipeline: Pipeline,
    method: FieldId,
    path: FieldId,
    status: FieldId,
    duration: FieldId,
    request_bytes: FieldId,
    response_bytes: FieldId,
    session: FieldId,
    user: FieldId,
    at: FieldId,
}

/// What differs from request to request.
#[derive(Clone, Copy)]
struct Request<'a> {
    path: &'a str,
    status: i64,
    nanos: i64,
}

/// How a pipeline's metrics label a path.
#[derive(Clone, Copy, PartialEq)]
enum Paths {
    /// By its route, as the shipped set has it.
    Routes,
    /// As it is, so that counting is measured without the route, which has a budget of its own.
    AsTheyAre,
}

impl Access {
    fn new() -> Self {
        let (mut diagnostics, library) = (Diagnostics::new(), Library::shipped());
        let file = library.pipeline("nginx-access", &mut diagnostics);
        let pipeline =
            file.and_then(|file| compile(&file, &library, &HostWords::default(), &mut diagnostics));
        let pipeline = pipeline.unwrap_or_else(|| panic!("{}", diagnostics.render(false)));
        let field = |name: &str| {
            let field = pipeline.schema.get(name);
            field.unwrap_or_else(|| panic!("an access line has {name}"))
        };
        Access {
            method: field("http.request.method"),
            path: field("url.path"),
            status: field("http.response.status_code"),
            duration: field("event.duration"),
            request_bytes: field("http.request.bytes"),
            response_bytes: field("http.response.body.bytes"),
            session: field("session.id"),
            user: field("user.name"),
            at: field("@timestamp"),
            pipeline,
        }
    }

    /// Its counters and its histogram.
    fn counted(&self, paths: Paths) -> Vec<MetricSpec> {
        let mut specs = self.pipeline.metrics.clone();
        for spec in &mut specs {
            spec.series_max = 20_000;
            label(&mut spec.labels, paths);
        }
        specs
    }

    /// Its sessions and its top lists, of sessions and of users.
    fn gathered(&self, paths: Paths) -> Vec<GatherSpec> {
        let mut specs = self.pipeline.gathered.clone();
        specs.iter_mut().for_each(|spec| label(&mut spec.labels, paths));
        specs
    }

    fn event<'a>(&self, request: Request<'a>) -> Fields<'a> {
        let mut fields = Fields::new(self.pipeline.schema.len());
        fields.set(self.method, Value::Text(b"GET"));
        fields.set(self.request_bytes, Value::Int(512));
        fields.set(self.response_bytes, Value::Int(5_316));
        self.turn(&mut fields, request);
        fields
    }

    /// Makes it another request's event, in the same slots, as in a worker.
    fn turn<'a>(&self, fields: &mut Fields<'a>, request: Request<'a>) {
        fields.set(self.path, Value::Text(request.path.as_bytes()));
        fields.set(self.status, Value::Int(request.status));
        fields.set(self.duration, Value::Int(request.nanos));
    }
}

fn label(labels: &mut [Label], paths: Paths) {
    for label in labels.iter_mut().filter(|_| paths == Paths::AsTheyAre) {
        if let LabelSource::Route(field) = label.source {
            label.source = LabelSource::Field(field);
        }
    }
}

fn rules(registry: &Registry, specs: &[MetricSpec], gathered: &[GatherSpec]) -> Rules {
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
    let access = Access::new();
    let mut group = c.benchmark_group("derive/count");
    group.throughput(Throughput::Elements(1));
    // What the prototype measured: one counter and one histogram.
    let two = |spec: &MetricSpec| {
        matches!(
            spec.name.as_str(),
            "http_requests_total" | "http_request_duration_seconds"
        )
    };
    let as_they_are = access.counted(Paths::AsTheyAre);
    for (name, specs) in [
        ("http set", as_they_are.clone()),
        ("http set with route", access.counted(Paths::Routes)),
        (
            "three labels and one histogram",
            as_they_are.into_iter().filter(two).collect(),
        ),
    ] {
        let registry = Registry::default();
        let rules = rules(&registry, &specs, &[]);
        let shard = registry.shard();
        let mut guard = shard.lock();
        let requests: Vec<Request<'_>> = (0..1024usize)
            .map(|n| Request {
                path: PATHS[n % PATHS.len()],
                status: [200, 200, 200, 304, 404, 499][n % 6],
                nanos: (n as i64 * 7_919_003) % 2_000_000_000,
            })
            .collect();
        let mut fields = access.event(requests[0]);
        let mut next = 0;
        group.bench_function(name, |b| {
            b.iter(|| {
                next = (next + 1) % requests.len();
                access.turn(&mut fields, requests[next]);
                rules.count(black_box(&fields), &mut guard);
            });
        });
    }
    group.finish();
}

/// Whether an event is of a backlog, and the histogram of its age.
fn age(c: &mut Criterion) {
    let mut group = c.benchmark_group("derive/age");
    group.throughput(Throughput::Elements(1));
    let now = 1_795_368_600_000;
    let mut ages = Ages::new(Timestamp::from_millis(now), Some(Duration::from_secs(600)));
    let mut next = 0;
    group.bench_function("a thousand events a second", |b| {
        b.iter(|| {
            next = (next + 1) % 60_000;
            black_box(ages.see(Timestamp::from_millis(now - 60_000 + next)))
        });
    });
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

/// What sessions and top lists cost alone, and with the rest of the set: this minus `derive/count/http set` is what
/// they add.
fn gathered(c: &mut Criterion) {
    let access = Access::new();
    let ids: Vec<String> = (0..1_000u64)
        .map(|n| format!("{:016x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
        .collect();
    let mut group = c.benchmark_group("derive/gather");
    group.throughput(Throughput::Elements(1));
    let counted = access.counted(Paths::AsTheyAre);
    let all = access.gathered(Paths::AsTheyAre);
    let sessions: Vec<GatherSpec> = all
        .iter()
        .filter(|spec| matches!(spec.kind, GatherKind::Sessions { .. }))
        .cloned()
        .collect();
    for (name, counted, gathered, routes, with_users) in [
        ("sessions", &[][..], &sessions[..], 1, false),
        // No line says a user where nobody logs in: that costs something, too.
        ("sessions and top lists", &[], &all, 1, false),
        // More keys than a list remembers.
        (
            "sessions and top lists of 8000 keys",
            &[],
            &all,
            ROUTES.len(),
            false,
        ),
        ("sessions and top lists with users", &[], &all, 1, true),
        ("http set with sessions and top lists", &counted, &all, 1, false),
        (
            "http set with sessions and top lists with users",
            &counted,
            &all,
            1,
            true,
        ),
    ] {
        let registry = Registry::default();
        let rules = rules(&registry, counted, gathered);
        let shard = registry.shard();
        let mut guard = shard.lock();
        guard.read_at(Timestamp::from_millis(1_795_368_600_000));
        let request = |n: usize| Request {
            path: ROUTES[n / ids.len()],
            status: 200,
            nanos: 20_000_000,
        };
        let mut fields = access.event(request(0));
        let mut next = 0;
        group.bench_function(name, |b| {
            b.iter(|| {
                // Not in the order of the ids; a prime, so that each has its turn.
                next = (next + 7_919) % (ids.len() * routes);
                let id = Value::Text(ids[next % ids.len()].as_bytes());
                access.turn(&mut fields, request(next));
                fields.set(access.session, id);
                if with_users {
                    fields.set(access.user, id);
                }
                let at = Timestamp::from_millis(1_795_368_510_000 + next as i64);
                fields.set(access.at, Value::Time(at));
                rules.count(black_box(&fields), &mut guard);
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
    let access = Access::new();
    let mut group = c.benchmark_group("derive/page");
    group.measurement_time(Duration::from_secs(3)).sample_size(20);
    let set = access.counted(Paths::AsTheyAre);
    let named = |name: &str| {
        set.iter()
            .filter(|spec| spec.name == name)
            .cloned()
            .collect::<Vec<_>>()
    };
    let (counters, histograms) = (
        named("http_requests_total"),
        named("http_request_duration_seconds"),
    );
    // 10,000 lines of counters; and 10,000 lines of histograms, which have 18 lines each.
    for (name, specs, routes) in [
        ("10000 counters", &counters, 10_000),
        (
            "10000 lines of histograms",
            &histograms,
            10_000 / (SECONDS_BUCKETS.len() + 3),
        ),
        ("10000 histograms", &histograms, 10_000),
    ] {
        let registry = Registry::default();
        let rules = rules(&registry, specs, &[]);
        // As two workers would have it.
        for _ in 0..2 {
            let shard = registry.shard();
            for n in 0..routes {
                let path = format!("/api/v1/orders/some-route-{n}");
                let event = access.event(Request {
                    path: &path,
                    status: 200,
                    nanos: 20_000_000,
                });
                rules.count(&event, &mut shard.lock());
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
        // All that a scrape by Prometheus costs, which asks for gzip.
        group.bench_function(format!("{name}, OpenMetrics and gzip"), |b| {
            b.iter_batched_ref(
                || (Vec::new(), GzEncoder::new(Vec::new(), Compression::fast())),
                |(page, encoder)| {
                    registry.write(Timestamp::from_millis(0), Format::OpenMetrics, page);
                    encoder.write_all(page)
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, count, age, gathered, routes, page);
criterion_main!(benches);
