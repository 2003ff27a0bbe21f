//! Events into bulk bodies, without parsing them: one document of an access line, and its parts.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use logmill::encode::{Ends, Page, Place, Template, json};
use logmill::event::{Fields, FileKey, Schema, Timestamp, TimestampWriter, Value};

const LINE: &[u8] = br#"203.0.113.7 - - [22/Nov/2026:17:28:30 +0100] "GET /api/orders/42 HTTP/1.1" 200 512 "https://shop.example.com/" "curl/8.5" rt=0.042 rl=345 sid="00deadbeef""#;

fn document(criterion: &mut Criterion) {
    let mut schema = Schema::default();
    let values = [
        (
            "@timestamp",
            Value::Time(Timestamp::from_millis(1_795_368_510_000)),
        ),
        ("source.ip", Value::Text(b"203.0.113.7")),
        ("http.request.method", Value::Text(b"GET")),
        ("url.original", Value::Text(b"/api/orders/42")),
        ("url.path", Value::Text(b"/api/orders/42")),
        ("url.query", Value::Absent),
        ("http.version", Value::Text(b"1.1")),
        ("http.response.status_code", Value::Int(200)),
        ("http.response.body.bytes", Value::Int(51_234)),
        (
            "http.request.referrer",
            Value::Text(b"https://shop.example.com/p/solid-oak-table-with-six-chairs-and-a-bench"),
        ),
        (
            "user_agent.original",
            Value::Text(b"Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"),
        ),
        ("event.duration", Value::Int(42_000_000)),
        ("http.request.bytes", Value::Int(345)),
        ("session.id", Value::Text(b"00deadbeef00c0ff")),
    ]
    .map(|(name, value)| (schema.intern(name), value));
    let mut fields = Fields::new(schema.len());
    for (field, value) in values {
        fields.set(field, value);
    }
    let constants = [
        ("event.dataset", "nginx.access"),
        ("host.name", "web-1.example.com"),
        ("service.name", "shop-frontend"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let template = Template::new(&schema, "logs-nginx.access-default", true, &constants, &[]);
    let (mut ends, mut page) = (Ends::default(), Page::default());
    template.ends(FileKey(7), b"/var/log/nginx/access.log", &mut ends);
    let mut times = TimestampWriter::default();
    let place = Place {
        offset: 123_456_789,
        first_line: LINE,
        stream: None,
        cut: false,
        unmatched: false,
        read_at: Timestamp::from_millis(0),
    };
    let mut group = criterion.benchmark_group("encode");
    group.throughput(Throughput::Elements(1));
    group.bench_function("document", |bencher| {
        bencher.iter(|| {
            page.write(|pen| template.write(black_box(&fields), black_box(&place), &ends, &mut times, pen));
            black_box(page.text().len())
        });
    });
    group.finish();
}

fn string(criterion: &mut Criterion) {
    let cases: [(&str, &[u8]); 4] = [
        ("short", b"GET"),
        (
            "long",
            b"Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
        ),
        (
            "escaped",
            br#"C:\orders\42 is "lost", says the \"worker\" of line 7"#,
        ),
        (
            "beyond_ascii",
            "Bestellung 42 über Köln nach Łódź: zurückgestellt, geprüft".as_bytes(),
        ),
    ];
    let mut group = criterion.benchmark_group("json_string");
    let mut page = Page::default();
    for (name, text) in cases {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                page.write(|pen| json::write_string(black_box(text), pen));
                black_box(page.text().len())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, document, string);
criterion_main!(benches);
