use super::*;

fn page(format: Format) -> Vec<u8> {
    let mut out = Vec::new();
    format.metric("hits_total", "counter", "Hits \"so far\"", &mut out, |metric| {
        metric.number(b"path=\"/a\\\"b\"", Number::Whole(3));
        metric.number(b"", Number::Written("4"));
    });
    format.metric("wait_seconds", "histogram", "", &mut out, |metric| {
        let histogram = Histogram {
            bounds: &[0.5, 1.0],
            buckets: &[1, 0, 2],
            sum: Number::Fixed(Fixed::whole(7, 1_000_000_000)),
        };
        metric.histogram(b"a=\"b\"", &histogram);
        metric.histogram(b"", &histogram);
    });
    format.metric("odd", "counter", "", &mut out, |metric| {
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
