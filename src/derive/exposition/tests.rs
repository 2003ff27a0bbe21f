use super::*;
use crate::derive::exemplar::Trace;
use crate::derive::native::{Native, ZERO_THRESHOLD};
use crate::event::{Fields, Schema, Timestamp, Value};

fn page(format: Format) -> Vec<u8> {
    let mut out = Vec::new();
    format.metric(
        "hits_total",
        MetricKind::Counter,
        "Hits \"so far\"",
        &mut out,
        |metric| {
            metric.number(b"path=\"/a\\\"b\"", Number::Whole(3));
            metric.number(b"", Number::Written("4"));
        },
    );
    format.metric("wait_seconds", MetricKind::Histogram, "", &mut out, |metric| {
        let sum = Number::Fixed(Fixed::whole(7, 1_000_000_000));
        let histogram = Histogram::new(&[0.5, 1.0], &[1, 0, 2], sum);
        metric.histogram(b"a=\"b\"", &histogram);
        metric.histogram(b"", &histogram);
    });
    format.metric("odd", MetricKind::Counter, "", &mut out, |metric| {
        metric.number(b"", Number::Float(0.5));
    });
    format.finish(&mut out);
    out
}

#[test]
fn text_has_a_line_for_each_figure() {
    let text = String::from_utf8(page(Format::Text)).unwrap();
    assert_eq!(
        text,
        "# HELP hits_total Hits \"so far\"\n# TYPE hits_total counter\n\
         hits_total{path=\"/a\\\"b\"} 3\nhits_total 4\n\
         # TYPE wait_seconds histogram\n\
         wait_seconds_bucket{a=\"b\",le=\"0.5\"} 1\nwait_seconds_bucket{a=\"b\",le=\"1\"} 1\n\
         wait_seconds_bucket{a=\"b\",le=\"+Inf\"} 3\nwait_seconds_sum{a=\"b\"} 7\nwait_seconds_count{a=\"b\"} 3\n\
         wait_seconds_bucket{le=\"0.5\"} 1\nwait_seconds_bucket{le=\"1\"} 1\nwait_seconds_bucket{le=\"+Inf\"} 3\n\
         wait_seconds_sum 7\nwait_seconds_count 3\n\
         # TYPE odd counter\nodd 0.5\n"
    );
}

#[test]
fn open_metrics_names_units_and_ends() {
    let text = String::from_utf8(page(Format::OpenMetrics)).unwrap();
    assert!(text.starts_with("# HELP hits Hits \\\"so far\\\"\n# TYPE hits counter\nhits_total{"));
    assert!(text.contains("# TYPE wait_seconds histogram\n# UNIT wait_seconds seconds\n"));
    assert!(text.contains("wait_seconds_bucket{a=\"b\",le=\"1.0\"} 1\n"));
    assert!(text.ends_with("# TYPE odd unknown\nodd 0.5\n# EOF\n"));
}

/// A histogram with native buckets, and with an event that stands for its second bucket.
fn detailed(format: Format) -> Vec<u8> {
    let mut schema = Schema::default();
    for name in ["trace.id", "span.id", "@timestamp"] {
        schema.intern(name);
    }
    let trace = Trace::of(&schema).unwrap();
    let mut fields = Fields::new(3);
    fields.set(trace.id, Value::Text(b"4bf92f"));
    fields.set(
        trace.at.unwrap(),
        Value::Time(Timestamp::from_millis(1_520_879_607_089)),
    );
    let mut details = Details::default();
    let mut native = Native::default();
    for value in [0.0, 0.5, 0.75, 0.76, 8.0] {
        native.add(value);
    }
    details.native = Some(native);
    let amount = Fixed::whole(750, 1_000_000);
    details.exemplars.note(trace, &fields, 1, amount, i64::MAX);
    let mut out = Vec::new();
    format.metric("wait_seconds", MetricKind::Histogram, "", &mut out, |metric| {
        let sum = Number::Fixed(Fixed::whole(10_010, 1_000_000));
        let mut histogram = Histogram::new(&[0.5, 1.0], &[2, 2, 1], sum);
        histogram.details = Some(&details);
        metric.histogram(b"a=\"b\"", &histogram);
    });
    out
}

#[test]
fn an_event_stands_for_its_bucket() {
    let text = String::from_utf8(detailed(Format::Text)).unwrap();
    assert!(!text.contains("# {"), "{text}");
    let text = String::from_utf8(detailed(Format::OpenMetrics)).unwrap();
    let line = "wait_seconds_bucket{a=\"b\",le=\"1.0\"} 4 # {trace_id=\"4bf92f\"} 0.75 1520879607.089\n";
    assert!(text.contains(line), "{text}");
    assert_eq!(text.matches("# {").count(), 1, "{text}");
    let family = detailed(Format::Protobuf);
    let histogram = &all(&all(&family[2..], 4)[0], 7)[0];
    let bucket = &all(histogram, 3)[1];
    let exemplar = &all(bucket, 3)[0];
    assert_eq!(
        fields(&all(exemplar, 1)[0]),
        [(1, b"trace_id".to_vec()), (2, b"4bf92f".to_vec())]
    );
    assert_eq!(float(&all(exemplar, 2)[0]), 0.75);
    let at: Vec<u64> = fields(&all(exemplar, 3)[0])
        .iter()
        .map(|(_, n)| whole(n))
        .collect();
    assert_eq!(at, [1_520_879_607, 89_000_000]);
}

#[test]
fn native_buckets_are_spans_and_differences() {
    let family = detailed(Format::Protobuf);
    let histogram = &all(&all(&family[2..], 4)[0], 7)[0];
    let zigzag = |n: u64| (n >> 1) as i64 ^ -((n & 1) as i64);
    assert_eq!(zigzag(whole(&all(histogram, 5)[0])), 3);
    assert_eq!(float(&all(histogram, 6)[0]), ZERO_THRESHOLD);
    assert_eq!(whole(&all(histogram, 7)[0]), 1);
    // 0.5 is bucket -8, 0.75 and 0.76 are -3, 8 is 24.
    let spans: Vec<(i64, u64)> = all(histogram, 12)
        .iter()
        .map(|span| (zigzag(whole(&all(span, 1)[0])), whole(&all(span, 2)[0])))
        .collect();
    assert_eq!(spans, [(-8, 1), (4, 1), (26, 1)]);
    // 1, then 2, then 1: +1, +1, -1.
    assert_eq!(all(histogram, 13), [vec![2, 2, 1]]);
}

/// The fields of a message: number and content; of numbers, the eight bytes or the varint as it stands.
fn fields(mut message: &[u8]) -> Vec<(u64, Vec<u8>)> {
    fn varint(message: &mut &[u8]) -> u64 {
        let len = message.iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
        let (head, rest) = message.split_at(len);
        *message = rest;
        head.iter()
            .rev()
            .fold(0, |number, byte| number << 7 | u64::from(byte & 0x7f))
    }
    let mut fields = Vec::new();
    while !message.is_empty() {
        let tag = varint(&mut message);
        let content = match tag & 7 {
            0 => varint(&mut message).to_le_bytes().to_vec(),
            1 => message.split_off(..8).unwrap().to_vec(),
            2 => {
                let len = varint(&mut message) as usize;
                message.split_off(..len).unwrap().to_vec()
            }
            kind => panic!("wire type {kind}"),
        };
        fields.push((tag >> 3, content));
    }
    fields
}

/// The contents of one field.
fn all(message: &[u8], number: u64) -> Vec<Vec<u8>> {
    let of_number = fields(message).into_iter().filter(|(field, _)| *field == number);
    of_number.map(|(_, content)| content).collect()
}

fn whole(content: &[u8]) -> u64 {
    u64::from_le_bytes(content.try_into().unwrap())
}

fn float(content: &[u8]) -> f64 {
    f64::from_le_bytes(content.try_into().unwrap())
}

#[test]
fn protobuf_has_a_message_for_each_metric() {
    // Length and message after one another read like fields without a tag; give each one.
    let mut page = page(Format::Protobuf);
    let mut families = Vec::new();
    while !page.is_empty() {
        let mut tagged = vec![0x0a];
        tagged.append(&mut page);
        // Read as a message with one field 1, and what follows it as another page.
        let len_bytes = tagged[1..].iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
        let len = tagged[1..=len_bytes]
            .iter()
            .rev()
            .fold(0, |len, byte| len << 7 | usize::from(byte & 0x7f));
        page = tagged.split_off(1 + len_bytes + len);
        families.push(all(&tagged, 1).remove(0));
    }
    let names: Vec<_> = families.iter().map(|family| all(family, 1).remove(0)).collect();
    assert_eq!(
        names,
        [b"hits_total".to_vec(), b"wait_seconds".to_vec(), b"odd".to_vec()]
    );
    let kinds: Vec<u64> = families.iter().map(|family| whole(&all(family, 3)[0])).collect();
    assert_eq!(kinds, [0, 4, 0]);

    let hits = all(&families[0], 4);
    assert_eq!(hits.len(), 2);
    let label = &all(&hits[0], 1)[0];
    assert_eq!(fields(label), [(1, b"path".to_vec()), (2, b"/a\"b".to_vec())]);
    assert_eq!(float(&all(&all(&hits[0], 3)[0], 1)[0]), 3.0);
    assert_eq!(all(&hits[1], 1).len(), 0);

    let histogram = &all(&all(&families[1], 4)[0], 7)[0];
    assert_eq!(whole(&all(histogram, 1)[0]), 3);
    assert_eq!(float(&all(histogram, 2)[0]), 7.0);
    let buckets: Vec<(u64, f64)> = all(histogram, 3)
        .iter()
        .map(|bucket| (whole(&all(bucket, 1)[0]), float(&all(bucket, 2)[0])))
        .collect();
    assert_eq!(buckets, [(1, 0.5), (1, 1.0), (3, f64::INFINITY)]);
}
