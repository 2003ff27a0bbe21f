//! Gauges: the newest value by the time of its event.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::config::Backlog;

struct Queues {
    fields: usize,
    at: FieldId,
    queue: FieldId,
    depth: FieldId,
    spec: MetricSpec,
}

impl Queues {
    fn new() -> Self {
        let mut schema = Schema::default();
        let [at, queue, depth] = ["@timestamp", "queue", "depth"].map(|name| schema.intern(name));
        let spec = MetricSpec {
            kind: Kind::Gauge {
                field: depth,
                unit: Unit::One,
                at,
            },
            labels: vec![Label {
                name: "queue".to_owned(),
                source: LabelSource::Field(queue),
            }],
            ..MetricSpec::counter("queue_messages", "Messages")
        };
        Queues {
            fields: schema.len(),
            at,
            queue,
            depth,
            spec,
        }
    }

    fn event<'a>(&self, millis: i64, queue: &'a str, depth: Value<'a>) -> Fields<'a> {
        let mut fields = Fields::new(self.fields);
        fields.set(self.at, Value::Time(Timestamp::from_millis(millis)));
        fields.set(self.queue, Value::Text(queue.as_bytes()));
        fields.set(self.depth, depth);
        fields
    }
}

fn shown(registry: &Registry, millis: i64) -> Vec<String> {
    let mut out = Vec::new();
    let now = Timestamp::from_millis(millis);
    registry.totals(now).write(Format::Text, &mut out);
    let text = String::from_utf8(out).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_line_that_is_read_late_does_not_set_a_gauge_back() {
    let queues = Queues::new();
    let registry = Registry::default();
    let rules = registry
        .rules(std::slice::from_ref(&queues.spec), &[], "mes")
        .unwrap();
    let workers = [registry.shard(), registry.shard()];
    let mut now = 10_000;
    let mut say = |worker: usize, millis, queue, depth| {
        let mut guard = workers[worker].lock();
        guard.read_at(Timestamp::from_millis(now));
        now += 1;
        rules.count(&queues.event(millis, queue, depth), &mut guard);
    };
    say(0, 3_000, "orders", Value::Int(7));
    say(1, 2_000, "orders", Value::Int(99));
    say(0, 2_500, "orders", Value::Int(98));
    say(1, 2_000, "mails", Value::Text(b"-1.5"));
    // A clock that is ahead says what is so when the line is read, and no more.
    say(0, 99_000, "ahead", Value::Int(1));
    say(1, 10_005, "ahead", Value::Json(b"2"));
    for no_number in [Value::Text(b"many"), Value::Float(f64::NAN), Value::Bool(true)] {
        say(0, 9_000, "orders", no_number);
    }
    say(0, 9_000, "orders", Value::Absent);
    assert_eq!(
        shown(&registry, 10_000),
        [
            "# HELP queue_messages Messages",
            "# TYPE queue_messages gauge",
            r#"queue_messages{service="mes",queue="ahead"} 2"#,
            r#"queue_messages{service="mes",queue="mails"} -1.5"#,
            r#"queue_messages{service="mes",queue="orders"} 7"#,
        ]
    );
    let page = page(&registry, Format::OpenMetrics);
    assert!(page.contains("# TYPE queue_messages gauge\n"), "{page}");
    let refused = r#"logmill_metric_values_refused_total{metric="queue_messages"}"#;
    assert_eq!(sample(&page, refused), Some(3.0));
    let mut protobuf = Vec::new();
    registry.write(Timestamp::from_millis(10_000), Format::Protobuf, &mut protobuf);
    // Field 2 of a metric is a gauge, whose field 1 is a double.
    let seven = [&[2 << 3 | 2, 9, 1 << 3 | 1], 7f64.to_le_bytes().as_slice()].concat();
    assert!(protobuf.windows(seven.len()).any(|bytes| bytes == seven));
}

#[test]
fn a_gauge_is_in_its_base_unit() {
    let queues = Queues::new();
    for (unit, said, value) in [
        (Unit::Nanoseconds, Value::Int(1_500_000), "0.0015"),
        (Unit::Milliseconds, Value::Float(-0.5), "-0.0005"),
        (Unit::Seconds, Value::Int(3), "3"),
        (Unit::Bytes, Value::Int(1 << 40), "1099511627776"),
    ] {
        let mut spec = queues.spec.clone();
        spec.kind = Kind::Gauge {
            field: queues.depth,
            unit,
            at: queues.at,
        };
        let registry = Registry::default();
        let rules = registry.rules(&[spec], &[], "mes").unwrap();
        rules.count(&queues.event(0, "q", said), &mut registry.shard().lock());
        let line = format!("queue_messages{{service=\"mes\",queue=\"q\"}} {value}");
        assert_eq!(shown(&registry, 0).pop(), Some(line));
    }
}

#[test]
fn what_exceeds_the_budget_is_counted_and_not_mixed() {
    let mut queues = Queues::new();
    queues.spec.series_max = 3;
    let registry = Registry::default();
    let rules = registry
        .rules(std::slice::from_ref(&queues.spec), &[], "mes")
        .unwrap();
    let shard = registry.shard();
    for (at, queue) in ["a", "b", "c", "d", "a", "c"].into_iter().enumerate() {
        let depth = Value::Int(at as i64);
        rules.count(&queues.event(at as i64, queue, depth), &mut shard.lock());
    }
    let lines = shown(&registry, 0);
    assert_eq!(
        lines[2..],
        [
            r#"queue_messages{service="mes",queue="a"} 4"#,
            r#"queue_messages{service="mes",queue="b"} 1"#,
        ]
    );
    let page = page(&registry, Format::Text);
    let folded = r#"logmill_series_folded_total{metric="queue_messages"}"#;
    assert_eq!(sample(&page, folded), Some(3.0));
}

#[test]
fn what_is_not_allowed_is_counted_and_not_shown() {
    let mut queues = Queues::new();
    queues.spec.allow.push(Allow {
        label: "queue".to_owned(),
        values: vec!["a".to_owned(), "other".to_owned()],
    });
    let registry = Registry::default();
    let rules = registry
        .rules(std::slice::from_ref(&queues.spec), &[], "mes")
        .unwrap();
    let shard = registry.shard();
    for (at, queue) in ["a", "other", "b", "b"].into_iter().enumerate() {
        let depth = Value::Int(at as i64);
        rules.count(&queues.event(at as i64, queue, depth), &mut shard.lock());
    }
    let lines = shown(&registry, 0);
    assert_eq!(
        lines[2..],
        [
            r#"queue_messages{service="mes",queue="a"} 0"#,
            r#"queue_messages{service="mes",queue="other"} 1"#,
        ]
    );
    let folded = r#"logmill_series_folded_total{metric="queue_messages"}"#;
    assert_eq!(sample(&page(&registry, Format::Text), folded), Some(2.0));
}

#[test]
fn what_nobody_says_any_more_leaves_and_comes_back_as_it_is() {
    let queues = Queues::new();
    let registry = Registry::default();
    registry.set_idle_after(Duration::from_secs(60));
    let rules = registry
        .rules(std::slice::from_ref(&queues.spec), &[], "mes")
        .unwrap();
    let shard = registry.shard();
    let say = |millis, depth| {
        rules.count(&queues.event(millis, "q", Value::Int(depth)), &mut shard.lock());
    };
    let value = |millis| {
        let last = shown(&registry, millis).pop()?;
        Some(last.rsplit_once(' ')?.1.to_owned())
    };
    say(0, 5);
    assert_eq!(value(0).as_deref(), Some("5"));
    // The same value, said again, is news.
    for seconds in [25, 50, 75, 100] {
        say(seconds * 1000, 5);
        assert_eq!(value(seconds * 1000).as_deref(), Some("5"));
    }
    assert_eq!(value(125_000).as_deref(), Some("5"));
    assert_eq!(value(150_000).as_deref(), Some("5"));
    assert_eq!(value(170_000), None);
    say(172_000, 8);
    assert_eq!(value(172_000).as_deref(), Some("8"));
}

#[test]
fn a_gauge_goes_on_after_a_restart_and_is_about_the_present() {
    let queues = Queues::new();
    let start = || {
        let registry = Registry::default();
        let rules = registry.rules(std::slice::from_ref(&queues.spec), &[], "mes");
        (registry, rules.unwrap())
    };
    let (before, rules) = start();
    rules.count(
        &queues.event(5_000, "q", Value::Float(0.1)),
        &mut before.shard().lock(),
    );
    let (totals, ()) = before.save(|_| ());
    let totals: Vec<MetricTotals> = serde_json::from_slice(&serde_json::to_vec(&totals).unwrap()).unwrap();
    let (after, rules) = start();
    after.restore(&totals);
    assert_eq!(shown(&after, 0), shown(&before, 0));
    let shard = after.shard();
    rules.count(&queues.event(4_000, "q", Value::Int(9)), &mut shard.lock());
    assert_eq!(shown(&after, 0), shown(&before, 0));
    rules.count(&queues.event(6_000, "q", Value::Int(9)), &mut shard.lock());
    assert!(shown(&after, 0).pop().unwrap().ends_with(" 9"));
    // Old events tell nothing of the present.
    let specs = [queues.spec.clone(), MetricSpec::counter("x_total", "")];
    let old: Vec<String> = backlog_specs(Backlog::Separate, &specs)
        .into_iter()
        .map(|spec| spec.name)
        .collect();
    assert_eq!(old, ["backlog_x_total"]);
}

#[test]
fn a_gauge_is_no_counter_and_has_one_unit() {
    let queues = Queues::new();
    let registry = Registry::default();
    let mut enrolment = registry.enrol();
    enrolment
        .add(vec![queues.spec.clone()], Vec::new(), "mes")
        .unwrap();
    let mut refusal = |change: &dyn Fn(&mut MetricSpec)| {
        let mut spec = queues.spec.clone();
        change(&mut spec);
        let errors = enrolment.add(vec![spec], Vec::new(), "crm").unwrap_err();
        errors[0].text.clone()
    };
    let text = refusal(&|spec| {
        spec.kind = Kind::Gauge {
            field: queues.depth,
            unit: Unit::Bytes,
            at: queues.at,
        }
    });
    assert!(
        text.starts_with("it is in bytes here and a number without a unit elsewhere"),
        "{text}"
    );
    let text = refusal(&|spec| {
        spec.kind = Kind::Histogram {
            field: queues.depth,
            unit: Unit::One,
            buckets: vec![1.0],
        }
    });
    assert!(
        text.starts_with("it is a histogram of a field here and a gauge elsewhere"),
        "{text}"
    );
    let text = refusal(&|spec| spec.series_max = 9);
    assert!(text.starts_with("its series_max is 9 here"), "{text}");
    let mut named = queues.spec.clone();
    named.name = "queue_total".to_owned();
    assert!(
        check(&named)[0]
            .text
            .starts_with("a gauge's name may not end in `_total`"),
        "{:?}",
        check(&named)
    );
}

proptest! {
    /// Whichever worker reads which line, in any order: the value of the newest is shown. Of two of one time, the one
    /// that was read last.
    #[test]
    fn the_newest_value_is_shown_whatever_the_order(
        events in prop::collection::vec((0usize..3, 0i64..20, 0usize..3, any::<i32>()), 0..60),
    ) {
        let queues = Queues::new();
        let registry = Registry::default();
        let rules = registry.rules(std::slice::from_ref(&queues.spec), &[], "mes").unwrap();
        let workers = [registry.shard(), registry.shard(), registry.shard()];
        let names = ["a", "b", "c"];
        let mut model = BTreeMap::new();
        for (read_at, &(worker, at, queue, depth)) in events.iter().enumerate() {
            let mut guard = workers[worker].lock();
            guard.read_at(Timestamp::from_millis(1_000 + read_at as i64));
            rules.count(&queues.event(at, names[queue], Value::Int(depth.into())), &mut guard);
            let newest = model.entry(names[queue]).or_insert((at, depth));
            if at >= newest.0 {
                *newest = (at, depth);
            }
        }
        let expected: Vec<String> = model
            .iter()
            .map(|(queue, (_, depth))| format!("queue_messages{{service=\"mes\",queue=\"{queue}\"}} {depth}"))
            .collect();
        let lines = shown(&registry, 0);
        prop_assert_eq!(&lines[2.min(lines.len())..], &expected[..]);
    }
}
