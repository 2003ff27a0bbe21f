//! The time between two lines.

use super::*;
use crate::derive::native::ZERO_THRESHOLD;

/// A line that begins has no label yet; where the one that ends has, the time between both is counted under it.
#[test]
fn the_time_between_two_lines() {
    let mut schema = Schema::default();
    let [at, message, order, result] =
        ["@timestamp", "message", "order", "result"].map(|name| schema.intern(name));
    let like = |text: &str| vec![Only::new(message, vec![OnlyValue::Text(text.to_owned())])];
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

/// What all lines of an input have as a label, those have that waited in vain; the two lines may be of different inputs.
#[test]
fn a_line_that_waited_in_vain_has_the_labels_of_its_input() {
    let mut schema = Schema::default();
    let [at, state, order] = ["@timestamp", "state", "order"].map(|name| schema.intern(name));
    let is = |text: &str| vec![Only::new(state, vec![OnlyValue::Text(text.to_owned())])];
    let registry = Registry::default();
    let rules = ["north", "south"].map(|hall| {
        let constant = |name: &str, text: &str| Label {
            name: name.to_owned(),
            source: LabelSource::Const(text.to_owned()),
        };
        let spec = MetricSpec {
            kind: Kind::Elapsed {
                start: is("begun"),
                finish: is("done"),
                key: order,
                at,
                timeout: Duration::from_secs(60),
                buckets: vec![1.0],
            },
            labels: vec![constant("hall", hall), constant("there", "taken")],
            ..MetricSpec::counter("order_seconds", "Orders")
        };
        registry.rules(&[spec], &[], "mes").unwrap()
    });
    let shard = registry.shard();
    for (hall, text, key) in [(0, "begun", 1), (0, "begun", 2), (1, "done", 1), (1, "done", 3)] {
        let mut fields = Fields::new(schema.len());
        fields.set(at, Value::Time(Timestamp::from_millis(1_000)));
        fields.set(state, Value::Text(text.as_bytes()));
        fields.set(order, Value::Int(key));
        rules[hall].count(&fields, &mut shard.lock());
    }
    let mut out = Vec::new();
    registry.write(Timestamp::from_millis(1_000_000), Format::Text, &mut out);
    let page = String::from_utf8(out).unwrap();
    let ours: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("order_unmatched_total{"))
        .collect();
    assert_eq!(
        ours,
        [
            r#"order_unmatched_total{service="mes",hall="north",there="end"} 0"#,
            r#"order_unmatched_total{service="mes",hall="north",there="start"} 1"#,
            r#"order_unmatched_total{service="mes",hall="south",there="end"} 1"#,
            r#"order_unmatched_total{service="mes",hall="south",there="start"} 0"#,
        ]
    );
}

/// The line that is read last gives the trace.
#[test]
fn the_time_between_two_lines_has_native_buckets_and_a_trace() {
    let mut schema = Schema::default();
    let [at, state, order, trace] =
        ["@timestamp", "state", "order", "trace.id"].map(|name| schema.intern(name));
    let is = |text: &str| vec![Only::new(state, vec![OnlyValue::Text(text.to_owned())])];
    let mut spec = MetricSpec {
        kind: Kind::Elapsed {
            start: is("begun"),
            finish: is("done"),
            key: order,
            at,
            timeout: Duration::from_secs(60),
            buckets: vec![1.0, 10.0],
        },
        trace: Trace::of(&schema),
        ..MetricSpec::counter("order_seconds", "Orders")
    };
    let page = |spec: &MetricSpec, format| {
        let registry = Registry::default();
        let rules = registry.rules(std::slice::from_ref(spec), &[], "mes").unwrap();
        let shard = registry.shard();
        for (secs, text, id) in [(100, "begun", "first"), (105, "done", "second")] {
            let mut fields = Fields::new(schema.len());
            let now = Timestamp::from_millis(secs * 1000);
            fields.set(at, Value::Time(now));
            fields.set(state, Value::Text(text.as_bytes()));
            fields.set(order, Value::Int(1));
            fields.set(trace, Value::Text(id.as_bytes()));
            let mut guard = shard.lock();
            guard.read_at(now);
            rules.count(&fields, &mut guard);
        }
        let mut out = Vec::new();
        registry.write(Timestamp::from_millis(0), format, &mut out);
        out
    };
    let text = String::from_utf8(page(&spec, Format::OpenMetrics)).unwrap();
    let line = "order_seconds_bucket{service=\"mes\",le=\"10.0\"} 1 # {trace_id=\"second\"} 5 105.000\n";
    assert!(text.contains(line), "{text}");
    // Field 6 of a histogram is a double, and only native ones have it.
    let zero = [&[6 << 3 | 1], ZERO_THRESHOLD.to_le_bytes().as_slice()].concat();
    let is_native = |page: Vec<u8>| page.windows(zero.len()).any(|bytes| bytes == zero);
    assert!(!is_native(page(&spec, Format::Protobuf)));
    spec.make_native();
    assert!(is_native(page(&spec, Format::Protobuf)));
}
