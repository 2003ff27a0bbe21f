//! What one line costs in the pattern step, for a line of each common kind of log.

use std::hint::black_box;
use std::time::Duration;

use bumpalo::Bump;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::tz::TimeZone;
use logmill::event::{Fields, Schema, Timestamp};
use logmill::pattern::{Clock, Program, Scene};

/// Name, pattern, line.
const CASES: [(&str, &str, &str); 4] = [
    (
        "nginx",
        concat!(
            r#"{source.ip:ip} - {user.name?} [{@timestamp:clf}] "{http.request.line:http_request}" "#,
            r#"{http.response.status_code:int} {http.response.body.bytes:int} "{http.request.referrer?}" "#,
            r#""{user_agent.original?}" {event.duration:seconds}"#,
        ),
        // 276 bytes, 12 fields.
        concat!(
            r#"203.0.113.195 - alice [22/Nov/2026:17:28:30 +0000] "GET /api/v1/orders/48211/items?page=2&size=50 "#,
            r#"HTTP/1.1" 200 18342 "https://shop.example.com/cart?item=7" "Mozilla/5.0 (X11; Linux x86_64) "#,
            r#"AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36 shop-app" 10.252"#,
        ),
    ),
    (
        "spring-boot",
        concat!(
            "{@timestamp:rfc3339}  {log.level:level}  {process.pid:int} --- [{service.name}] ",
            "[{process.thread.name:trimmed}]  {log.logger}  : {message}",
        ),
        concat!(
            "2026-11-22T17:25:03.883Z  INFO 32279 --- [shop-api] [nio-8080-exec-7] ",
            "c.e.shop.order.OrderController           : Order 48211 placed by customer 1187 in 252 ms",
        ),
    ),
    (
        "postgresql",
        "{@timestamp:datetime} [{process.pid:int}] {user.name}@{postgresql.log.database} {log.level:level}:  {message}",
        concat!(
            "2026-11-22 17:25:04.110 UTC [46] shop@orders LOG:  duration: 152.307 ms  statement: ",
            "SELECT id, state FROM orders WHERE customer_id = 1187 ORDER BY id DESC LIMIT 50",
        ),
    ),
    (
        "syslog",
        "{@timestamp:syslog} {host.hostname} {process.name}[{process.pid:int}]: {message}",
        concat!(
            "Nov 22 17:28:30 web01 sshd[20481]: Accepted publickey for deploy from 203.0.113.195 port 51812 ",
            "ssh2: ED25519 SHA256:3e0a6276461e026d207d12c5f6aaf877",
        ),
    ),
];

fn pattern(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("pattern");
    for (name, text, line) in CASES {
        let mut schema = Schema::default();
        let program = Program::compile(text, &mut schema).expect("the patterns above compile");
        let arena = Bump::new();
        let mut fields = Fields::new(schema.len());
        let mut clock = Clock::new(TimeZone::UTC, Timestamp::from_millis(1_795_368_510_000));
        group.throughput(Throughput::Bytes(line.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut scene = Scene {
                    fields: &mut fields,
                    clock: &mut clock,
                    arena: &arena,
                };
                let result = program.run(black_box(line.as_bytes()), &mut scene);
                assert!(result.is_ok());
                black_box(&fields);
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3));
    targets = pattern
}
criterion_main!(benches);
