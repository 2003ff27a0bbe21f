//! Totals against a naive model.

use std::collections::BTreeMap;
use std::thread;

use proptest::prelude::*;

use super::*;

/// One event of the model: what each of the fields holds.
#[derive(Clone, Debug)]
struct Event {
    method: Option<&'static str>,
    path: Option<u8>,
    status: Option<i64>,
    nanos: Option<i64>,
    bytes: Option<i64>,
    worker: usize,
}

fn event() -> impl Strategy<Value = Event> {
    (
        prop::option::weighted(0.9, prop::sample::select(vec!["GET", "POST", "\n"])),
        prop::option::weighted(0.9, 0u8..5),
        prop::option::weighted(0.9, prop::sample::select(vec![200, 404, 408, 499, 504])),
        prop::option::weighted(0.9, prop_oneof![0i64..100_000_000, -5i64..5, any::<i64>()]),
        prop::option::weighted(0.9, prop_oneof![0i64..1 << 20, Just(-1)]),
        0usize..3,
    )
        .prop_map(|(method, path, status, nanos, bytes, worker)| Event {
            method,
            path,
            status,
            nanos,
            bytes,
            worker,
        })
}

const PATHS: [&str; 5] = ["/a", "/b/17", "/b/18", "/c", "/d"];
const ROUTES: [&str; 5] = ["/a", "/b/{id}", "/b/{id}", "/c", "/d"];

/// The samples that these events give, counted in the simplest way.
fn model(events: &[Event]) -> BTreeMap<String, String> {
    let mut sums: BTreeMap<String, u128> = BTreeMap::new();
    let mut add = |series: String, amount: u128| *sums.entry(series).or_default() += amount;
    for event in events {
        let route = event.path.map(|path| ROUTES[usize::from(path)]);
        let method = event.method.map(|method| method.replace('\n', "\u{fffd}"));
        if let Some(status) = event.status {
            let route = route.unwrap_or("{garbage}");
            if [408, 499, 504].contains(&status) {
                let by_route = format!(r#"service="shop",route="{route}""#);
                add(format!("http_timeouts_total{{{by_route}}}"), 1);
            }
            let method = method.as_deref().unwrap_or("other");
            let labels = format!(r#"service="shop",method="{method}",route="{route}",status="{status}""#);
            add(format!("http_requests_total{{{labels}}}"), 1);
        }
        let Some(route) = route else {
            continue;
        };
        let by_route = format!(r#"service="shop",route="{route}""#);
        if let Some(bytes) = event.bytes.filter(|&bytes| bytes >= 0) {
            add(format!("http_response_bytes_total{{{by_route}}}"), bytes as u128);
        }
        if let (Some(method), Some(nanos)) = (&method, event.nanos.filter(|&nanos| nanos >= 0)) {
            let labels = format!(r#"service="shop",method="{method}",route="{route}""#);
            let name = "http_request_duration_seconds";
            for bound in SECONDS_BUCKETS {
                let within = nanos as u128 <= (bound * 1e9).round() as u128;
                add(
                    format!("{name}_bucket{{{labels},le=\"{bound}\"}}"),
                    u128::from(within),
                );
            }
            add(format!("{name}_bucket{{{labels},le=\"+Inf\"}}"), 1);
            add(format!("{name}_count{{{labels}}}"), 1);
            add(format!("{name}_sum{{{labels}}}"), nanos as u128);
        }
    }
    sums.into_iter()
        .map(|(series, sum)| {
            if !series.contains("_sum{") {
                return (series, sum.to_string());
            }
            let decimal = format!("{}.{:09}", sum / 1_000_000_000, sum % 1_000_000_000);
            let short = decimal.trim_end_matches('0').trim_end_matches('.');
            (series, short.to_owned())
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_total_is_that_of_the_naive_model(events in prop::collection::vec(event(), 0..200)) {
        let access = Access::new();
        let registry = Registry::default();
        let rules = registry.rules(&access.specs, &[], "shop").unwrap();
        thread::scope(|scope| {
            for worker in 0..3 {
                let (shard, rules, access, events) = (registry.shard(), &rules, &access, &events);
                scope.spawn(move || {
                    let mut guard = shard.lock();
                    for event in events.iter().filter(|event| event.worker == worker) {
                        let mut fields = Fields::new(access.schema.len());
                        let mut set = |name: &str, value: Option<Value<'static>>| {
                            let id: FieldId = access.schema.get(name).unwrap();
                            fields.set(id, value.unwrap_or_default());
                        };
                        set("http.request.method", event.method.map(|m| Value::Text(m.as_bytes())));
                        set("url.path", event.path.map(|p| Value::Text(PATHS[usize::from(p)].as_bytes())));
                        set("http.response.status_code", event.status.map(Value::Int));
                        set("event.duration", event.nanos.map(Value::Int));
                        set("http.response.body.bytes", event.bytes.map(Value::Int));
                        rules.count(&fields, &mut guard);
                    }
                });
            }
        });
        let mut out = Vec::new();
        registry.totals(Timestamp::from_millis(0)).write(Format::Text, &mut out);
        let text = String::from_utf8(out).unwrap();
        let samples: BTreeMap<String, String> = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.rsplit_once(' ').unwrap())
            .map(|(series, value)| (series.to_owned(), value.to_owned()))
            .collect();
        prop_assert_eq!(samples, model(&events));
    }
}
