//! The expressions of docs/metrics.md, asked of a real Prometheus that scrapes the agent.

use std::fs;
use std::time::Duration;

use jiff::Timestamp;

use super::Host;
use crate::proxy::{Fault, Proxy};
use crate::servers::{Elasticsearch, Prometheus, prometheus};

const METRICS: &str = include_str!("../../../docs/metrics.md");

/// The expressions of the blocks of PromQL, which stand on one line each, and those within sentences that ask for a
/// range of time.
fn expressions() -> Vec<&'static str> {
    let mut expressions = Vec::new();
    let mut block = None;
    for line in METRICS.lines() {
        match (line.strip_prefix("```"), block) {
            (Some(_), Some(_)) => block = None,
            (Some(language), None) => block = Some(language),
            (None, Some("promql")) if !line.is_empty() && !line.starts_with('#') => expressions.push(line),
            (None, Some(_)) => {}
            (None, None) => {
                let quoted = line.split('`').skip(1).step_by(2);
                expressions.extend(quoted.filter(|text| text.contains('(') && text.contains("d])")));
            }
        }
    }
    expressions
}

/// What an expression looks at; one for an alert compares that with a number, which is hardly ever reached.
fn looked_at(expression: &str) -> &str {
    let compared = |sign| {
        let (left, right): (&str, &str) = expression.rsplit_once(sign)?;
        right.parse::<f64>().is_ok().then_some(left)
    };
    compared(" > ").or_else(|| compared(" == ")).unwrap_or(expression)
}

/// Orders with the two lines of each, how long they took, and their traces.
const ORDERS: &str = "description = \"Orders\"\n\
    [parse]\npatterns = [\n\
    '{@timestamp:rfc3339} {trace.id} {labels.order} {labels.state} took={event.duration:millis}',\n\
    '{@timestamp:rfc3339} {trace.id} {labels.order} {labels.state}',\n]\n\
    [[histogram]]\nname = \"order_duration_seconds\"\nhelp = \"How long\"\nfield = \"event.duration\"\nunit = \"ns\"\nnative = true\n\
    [[elapsed]]\nname = \"order_processing_seconds\"\nhelp = \"Between\"\nkey = \"labels.order\"\ntimeout = \"3s\"\n\
    start = { \"labels.state\" = \"received\" }\nend = { \"labels.state\" = \"done\" }\n";

/// Lines of one batch.
const BATCH: u64 = 200;

/// Line `n` of a front end, which happened `ago` seconds ago: two routes, ten sessions, four users. Of each route one in
/// ten takes 2 s and the others 100 ms; one in twenty fails, and as many time out.
fn access_line(n: u64, ago: i64) -> String {
    let at = Timestamp::now() - Duration::from_secs(ago.unsigned_abs());
    let of_route = n / 2;
    format!(
        "203.0.113.7 - u{} [{}] \"GET {} HTTP/1.1\" {} 1000 \"-\" \"curl/8.5\" rt={} rl=300 sid=\"s{}\"",
        n % 4,
        at.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        if n.is_multiple_of(2) {
            "/cart".to_owned()
        } else {
            format!("/orders/{n}")
        },
        match of_route % 20 {
            3 => 500,
            7 => 504,
            _ => 200,
        },
        if of_route.is_multiple_of(10) {
            "2.000"
        } else {
            "0.100"
        },
        n % 10
    )
}

/// Each order takes half a second, and one is lost.
fn write_orders(host: &Host, batch: u64) {
    let now = Timestamp::now();
    let received = now - Duration::from_millis(500);
    for n in 0..10 {
        let order = format!("{:032x} order-{batch}-{n}", n + 1);
        let begun = format!("{received:.3} {order} received");
        let done = format!("{now:.3} {order} done took=500");
        host.append(
            "orders.log",
            [begun, done].into_iter().take(if n == 9 { 1 } else { 2 }),
        );
    }
}

fn write(host: &Host, batch: u64) {
    write_orders(host, batch);
    // A session that is over: a window ago, and not yet a backlog.
    let elsewhere = |line: String| line.replace("/cart", "/offers");
    let over = access_line(0, 420).replace("sid=\"s0\"", &format!("sid=\"over-{batch}\""));
    host.append("crm.log", [elsewhere(over), elsewhere(access_line(10, 0))]);
    host.append("access.log", ["of no form that the pipeline knows".to_owned()]);
    host.append("access.log", (0..BATCH).map(|n| access_line(n, 0)));
    host.append("access.log", (0..10).map(|n| access_line(n, 3600)));
    let day = Timestamp::now().strftime("%d %b %Y %H:%M:%S%.3f");
    let clients = "12 clients connected (0 replicas), 4096 bytes in use";
    host.append("redis.log", [format!("71:M {day} . {clients}")]);
    let day = Timestamp::now().strftime("%Y-%m-%d %H:%M:%S%.3f UTC");
    let stats = "1 xacts/s, 2 queries/s, in 3 B/s, out 4 B/s, xact 5 us, query 6 us, wait 250000 us";
    host.append("pgbouncer.log", [format!("{day} [1] LOG stats: {stats}")]);
    let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
    host.append(
        "shop.log",
        (0..10).map(|n| format!("{now} ERROR 1 --- [main] shop.Orders : order {n}: read timed out")),
    );
    host.append(
        "mes.log",
        (0..10).map(|n| {
            format!(
                "{now} info: Microsoft.AspNetCore.Hosting.Diagnostics[2]\n      Request finished HTTP/1.1 GET \
                 http://mes/api/jobs/{n} - 200 null application/json 20.5ms"
            )
        }),
    );
}

#[tokio::test]
async fn every_expression_of_the_documentation_has_its_answer() {
    // A server that is there, after one request in vain.
    let elasticsearch = Elasticsearch::shared().await;
    let proxy = Proxy::start_with(elasticsearch.client().http().clone(), elasticsearch.url()).await;
    proxy.script([Fault::status(503)]);
    let host = Host::new(format!(
        "pipelines = \"pipelines\"\n[elasticsearch]\nhosts = [\"{}\"]\nindex = \"queries\"\nretry_max = \"1s\"\n",
        proxy.url()
    ));
    fs::create_dir(host.path("pipelines")).unwrap();
    fs::write(host.path("pipelines/orders.toml"), ORDERS).unwrap();
    let host = host
        .input("access.log", "nginx-access", "service = \"shop-frontend\"")
        .input("crm.log", "nginx-access", "service = \"crm-frontend\"")
        .input("orders.log", "orders", "service = \"shop-orders\"")
        .input("shop.log", "spring-boot", "service = \"shop-api\"")
        .input("mes.log", "aspnetcore-console", "service = \"mes-api\"")
        .input("redis.log", "redis", "service = \"shop-cache\"")
        .input("pgbouncer.log", "pgbouncer", "service = \"shop-pool\"");
    write(&host, 1);
    let mut agent = host.start();
    let job = format!(
        "  - job_name: logmill\n    honor_labels: true\n    static_configs: [{{targets: ['{}']}}]\n",
        agent.address()
    );
    // Native buckets go by protobuf; what has none is scraped as ever.
    let features = ["--enable-feature=native-histograms,exemplar-storage"];
    let server = Prometheus::start_with(&job, &features).await.unwrap();
    let counted = async |batches: u64| {
        for (metric, service, lines) in [
            ("http_requests_total", "shop-frontend", BATCH),
            ("backlog_http_requests_total", "shop-frontend", 10),
            ("log_timeouts_total", "shop-api", 10),
            ("http_requests_total", "mes-api", 10),
            ("http_session_duration_seconds_count", "crm-frontend", 1),
            ("order_processing_seconds_count", "shop-orders", 9),
        ] {
            let lines = lines * batches;
            server
                .wait_for(&format!("sum({metric}{{service=\"{service}\"}}) == {lines}"))
                .await;
        }
    };
    counted(1).await;
    // What a rate is made of: the same again, after a sample of the first.
    write(&host, 2);
    counted(2).await;
    let lost = "increase(order_processing_unmatched_total{there=\"start\"}[1h])";
    server.wait_for(&format!("{lost} > 0")).await;

    let expressions = expressions();
    assert!(
        expressions.len() > 30 && expressions.contains(&lost),
        "{expressions:#?}"
    );
    for expression in &expressions {
        server.query(expression).await;
        let answer = server.query(looked_at(expression)).await;
        assert!(!answer.is_empty(), "{expression} has no answer");
        assert!(
            answer.iter().any(|sample| sample.value.is_finite()),
            "{expression}: {answer:?}"
        );
    }
    // The value of the one series that has these labels.
    let ask = async |expression: &str, labels: &[(&str, &str)]| {
        assert!(
            expressions.contains(&expression),
            "the documentation does not have {expression}"
        );
        let found = server.query(expression).await;
        let fits = |sample: &&crate::servers::prometheus::Sample| {
            labels
                .iter()
                .all(|(name, value)| sample.labels.get(*name).is_some_and(|own| own == value))
        };
        let fitting: Vec<_> = found.iter().filter(fits).collect();
        assert_eq!(fitting.len(), 1, "{expression} {labels:?}: {found:?}");
        fitting[0].value
    };
    let front = ("service", "shop-frontend");
    let (cart, orders) = (("route", "/cart"), ("route", "/orders/{id}"));
    let requests = "sum by (service) (rate(http_requests_total[5m]))";
    for (expression, labels, expected) in [
        (
            &*format!("sum by (service) (rate(http_requests_total{{status=~\"5..\"}}[5m])) / {requests}"),
            &[front][..],
            0.1,
        ),
        (
            "histogram_quantile(0.95, sum by (le, service, route) (rate(http_request_duration_seconds_bucket[5m])))",
            &[front, orders],
            1.75,
        ),
        (
            &format!("sum by (service) (rate(http_timeouts_total[5m])) / {requests}"),
            &[front],
            0.05,
        ),
        ("http_active_sessions", &[front], 10.0),
        // All within the bucket from 0.25 to 0.5 seconds.
        (
            "histogram_quantile(0.95, sum by (le, service) (rate(order_processing_seconds_bucket[15m])))",
            &[("service", "shop-orders")],
            0.25 + 0.95 * 0.25,
        ),
        ("redis_memory_used_bytes", &[("service", "shop-cache")], 4096.0),
        (
            "pgbouncer_wait_average_seconds > 0.1",
            &[("service", "shop-pool")],
            0.25,
        ),
    ] {
        let found = ask(expression, labels).await;
        assert!(
            (found - expected).abs() < 1e-9,
            "{expression} {labels:?}: {found}, not {expected}"
        );
    }
    // The figures of a top list, by the time that they are of, at the same moment.
    for (of, metric, labels, expected) in [
        ("", "http_user_requests", &[orders, ("user", "u1")][..], 100.0),
        ("", "http_session_requests", &[cart, ("session", "s2")], 40.0),
        (
            "service, route, user",
            "http_user_request_bytes",
            &[cart, ("user", "u0")],
            30.0,
        ),
        (
            "service, route, session",
            "http_session_request_bytes",
            &[cart, ("session", "s0")],
            12.0,
        ),
        (
            "service, user",
            "http_user_response_bytes",
            &[("user", "u3")],
            100.0,
        ),
        (
            "service, session",
            "http_session_response_bytes",
            &[("session", "s9")],
            40.0,
        ),
    ] {
        let list = if metric.contains("user") {
            "user"
        } else {
            "session"
        };
        let window = format!("logmill_top_window_seconds{{metric=\"http_{list}_requests\"}}");
        let rate = format!("{metric} / on (instance, service) group_left () {window}");
        let rate = match of {
            "" => rate,
            of => format!("sum by ({of}) ({rate}) / 1000"),
        };
        ask(&rate, labels).await;
        let amount = server
            .query(&format!("({rate}) * on (service) group_left () {window}"))
            .await;
        let fits = |sample: &&crate::servers::prometheus::Sample| {
            labels
                .iter()
                .all(|(name, value)| sample.labels.get(*name).is_some_and(|own| own == value))
        };
        let found: Vec<f64> = amount.iter().filter(fits).map(|sample| sample.value).collect();
        assert!(
            found.len() == 1 && (found[0] - expected).abs() < 1e-6,
            "{rate} {labels:?}: {found:?}, not {expected}"
        );
    }
    // A rate is of the second batch, and of what Prometheus adds at the ends of the few seconds that it saw.
    for (expression, labels, of_batch) in [
        (
            "sum by (service, route) (rate(http_requests_total[5m]))",
            &[front, orders][..],
            100.0,
        ),
        (
            "sum by (service, route) (rate(http_requests_total[5m]))",
            &[("service", "mes-api")],
            10.0,
        ),
        (
            "sum by (service) (rate(log_timeouts_total[5m])) * 60",
            &[("service", "shop-api")],
            600.0,
        ),
        (
            "sum by (service, route) (rate(http_request_bytes_total[5m])) / 1000",
            &[front, cart],
            30.0,
        ),
        (
            "sum by (service, route) (rate(http_response_bytes_total[5m])) / 1000",
            &[front, cart],
            100.0,
        ),
    ] {
        let found = ask(expression, labels).await * 300.0;
        assert!(
            (of_batch..=3.0 * of_batch).contains(&found),
            "{expression} {labels:?}: {found} in five minutes, not {of_batch}"
        );
    }
    // By native buckets, which are less than a tenth wide.
    let native = "histogram_quantile(0.95, sum by (service) (rate(order_duration_seconds[5m])))";
    let found = ask(native, &[("service", "shop-orders")]).await;
    assert!((0.45..=0.55).contains(&found), "{found}");
    // The trace of an order that was done, at the bucket of the time between its two lines.
    let traces = server.exemplars("order_processing_seconds_bucket").await;
    assert!(
        traces
            .iter()
            .any(|(trace, seconds)| trace.len() == 32 && *seconds == 0.5),
        "{traces:?}"
    );
    let (_, text) = agent.get("/metrics").await;
    prometheus::check_metrics(&text).unwrap();
    // The sum with the backlog, and the lag, which is over a minute for the old lines alone.
    let both = server
        .query("sum(http_requests_total{service=\"shop-frontend\"}) + sum(backlog_http_requests_total)");
    assert_eq!(both.await[0].value, 420.0);
    let late = "sum(logmill_event_lag_seconds_count) - sum(logmill_event_lag_seconds_bucket{le=\"60.0\"} or \
                logmill_event_lag_seconds_bucket{le=\"60\"})";
    assert_eq!(server.query(late).await[0].value, 22.0);
    agent.stop();
}
