//! Native buckets, exemplars, and what all of it costs when a scanner comes.

use proptest::prelude::*;

use super::*;
use crate::allocations;
use crate::limits::SERIES_MAX;

/// The HTTP set whose histogram has native buckets, and a trace in each event.
struct Traced {
    access: Access,
    trace: FieldId,
}

impl Traced {
    fn new() -> Self {
        let mut access = Access::new();
        let trace = access.schema.intern("trace.id");
        for spec in &mut access.specs {
            if matches!(spec.kind, Kind::Histogram { .. }) {
                spec.native = true;
                spec.trace = Trace::of(&access.schema);
            }
        }
        Traced { access, trace }
    }

    fn fields<'a>(&self, path: &'a str, nanos: i64, trace: &'a str) -> Fields<'a> {
        let mut fields = request(&self.access, path, 200, nanos);
        fields.set(self.trace, Value::Text(trace.as_bytes()));
        fields
    }
}

fn protobuf(registry: &Registry) -> Vec<u8> {
    let mut out = Vec::new();
    registry.write(Timestamp::from_millis(0), Format::Protobuf, &mut out);
    out
}

#[test]
fn an_exemplar_is_shown_with_the_bucket_that_it_is_in() {
    let traced = Traced::new();
    let registry = Registry::default();
    let rules = registry.rules(&traced.access.specs, &[], "shop").unwrap();
    let shards = [registry.shard(), registry.shard()];
    for (worker, read_at, trace) in [(0, 1_000, "old"), (1, 2_000, "new"), (1, 2_500, "soon")] {
        let mut guard = shards[worker].lock();
        guard.read_at(Timestamp::from_millis(read_at));
        rules.count(&traced.fields("/cart", 30_000_000, trace), &mut guard);
    }
    let text = page(&registry, Format::OpenMetrics);
    let labels = "service=\"shop\",method=\"GET\",route=\"/cart\"";
    let line = format!(
        "http_request_duration_seconds_bucket{{{labels},le=\"0.05\"}} 3 # {{trace_id=\"new\"}} 0.03\n"
    );
    assert!(text.contains(&line), "{text}");
    assert_eq!(text.matches(" # {").count(), 1, "{text}");
    assert!(!page(&registry, Format::Text).contains(" # {"));
}

#[test]
fn pipelines_agree_about_native_buckets() {
    let traced = Traced::new();
    let registry = Registry::default();
    registry.rules(&traced.access.specs, &[], "shop").unwrap();
    let mut other = traced.access.specs.clone();
    for spec in &mut other {
        spec.native = false;
        // Which is nobody else's affair.
        spec.trace = None;
    }
    let errors = registry.rules(&other, &[], "shop").unwrap_err();
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert!(
        texts[0].contains("no native buckets here and some elsewhere"),
        "{texts:?}"
    );
}

#[test]
fn open_metrics_can_tell_names_apart() {
    let traced = Traced::new();
    let registry = Registry::default();
    registry.rules(&traced.access.specs, &[], "shop").unwrap();
    let twin = MetricSpec::counter("http_request_duration_seconds_total", "");
    let errors = registry.rules(&[twin], &[], "shop").unwrap_err();
    let text = errors[0].to_string();
    assert!(
        text.contains("cannot tell it from `http_request_duration_seconds`"),
        "{text}"
    );
}

#[test]
fn details_take_no_memory_once_they_are_there() {
    let traced = Traced::new();
    let registry = Registry::default();
    let rules = registry.rules(&traced.access.specs, &[], "shop").unwrap();
    let shard = registry.shard();
    let mut before = 0;
    for round in 0..4 {
        if round == 2 {
            before = allocations::of_this_thread();
        }
        let mut guard = shard.lock();
        // A second later, so that each exemplar is due.
        guard.read_at(Timestamp::from_millis(round * 1_000));
        for n in 0..100 {
            rules.count(&traced.fields("/cart", n * 10_000_000, "abc"), &mut guard);
        }
    }
    // The fields of the events themselves.
    assert_eq!(allocations::of_this_thread() - before, 200);
}

/// A text of letters only, which no route takes for an id.
fn word(mut n: u32) -> String {
    let mut word = String::new();
    for _ in 0..6 {
        word.push(char::from(b'a' + (n % 26) as u8));
        n /= 26;
    }
    word
}

/// 100,000 sessions and urls, each with a trace: within every budget, and within 20 MiB with all that there is.
#[test]
fn a_scanner_costs_the_whole_set_little() {
    let (traced, visits) = (Traced::new(), Visits::new(Duration::from_secs(300)));
    let registry = Registry::default();
    let rules = registry.rules(&traced.access.specs, &[], "shop").unwrap();
    let followers = registry.rules(&[], &visits.gathered, "shop").unwrap();
    let bytes = allocations::bytes_of_this_thread();
    let shards = [registry.shard(), registry.shard()];
    for n in 0..100_000u32 {
        let mut guard = shards[(n % 2) as usize].lock();
        guard.read_at(Timestamp::from_millis(i64::from(n)));
        let (session, path) = (format!("scan-{n}"), format!("/{}/{}", word(n), word(n ^ 0x5555)));
        rules.count(
            &traced.fields(&path, i64::from(n) * 500_000, &session),
            &mut guard,
        );
        followers.count(&visits.fields(&session, &path, 1, i64::from(n)), &mut guard);
    }
    let text = page(&registry, Format::OpenMetrics);
    let grown = allocations::bytes_of_this_thread() - bytes - text.capacity() as i64;
    assert!(grown < 20 << 20, "{grown} bytes");
    // 64 places are kept for methods and statuses, of which there is one; that of `other` is free.
    let shown = SERIES_MAX - 64;
    let full = format!("logmill_metric_series{{metric=\"http_requests_total\"}} {shown}\n");
    assert!(text.contains(&full));
    let folded = sample(
        &text,
        "logmill_series_folded_total{metric=\"http_requests_total\"}",
    );
    assert_eq!(folded, Some(100_000.0 - (shown - 1) as f64));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whichever worker counts, the page is the same, native buckets included.
    #[test]
    fn native_buckets_are_those_of_one_worker(
        events in prop::collection::vec((0usize..3, prop_oneof![0i64..1_000_000_000, 0i64..i64::MAX]), 1..60),
    ) {
        let mut traced = Traced::new();
        for spec in &mut traced.access.specs {
            spec.trace = None;
        }
        let pages: Vec<Vec<u8>> = [1, 3]
            .map(|workers| {
                let registry = Registry::default();
                let rules = registry.rules(&traced.access.specs, &[], "shop").unwrap();
                let shards: Vec<Shard> = (0..workers).map(|_| registry.shard()).collect();
                for &(worker, nanos) in &events {
                    rules.count(&traced.fields("/cart", nanos, ""), &mut shards[worker % workers].lock());
                }
                protobuf(&registry)
            })
            .into();
        prop_assert!(pages[0] == pages[1]);
    }
}
